"""The evaluator that stands in for IAM decides as IAM does, and knows what a call asks for."""

import json

import pytest

from support.calls import requests
from support.policies import Enforcement, Policies
from support.proxy import Call, deny

TABLE = "arn:aws:dynamodb:us-east-1:123456789012:table/driftwire-index"


def policy(**statement) -> dict:
    return {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Resource": "*"} | statement]}


def call(service: str, operation: str, body: object = None, *, method: str = "POST", path: str = "/", key: str = "event-detector") -> Call:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Call(service, operation, method, path, key, {}, content)


@pytest.mark.parametrize(
    ("statements", "action", "resource", "allowed"),
    [
        ([policy(Action="dynamodb:GetItem", Resource=TABLE)], "dynamodb:GetItem", TABLE, True),
        ([policy(Action="dynamodb:GetItem", Resource=TABLE)], "dynamodb:PutItem", TABLE, False),
        ([policy(Action="dynamodb:GetItem", Resource=TABLE)], "dynamodb:GetItem", TABLE + "-2", False),
        ([policy(Action=["s3:Get*"], Resource=["arn:aws:s3:::states/prod/*"])], "s3:GetObject", "arn:aws:s3:::states/prod/a", True),
        ([policy(Action=["s3:Get*"], Resource=["arn:aws:s3:::states/prod/*"])], "s3:GetObject", "arn:aws:s3:::states/dev/a", False),
        ([policy(Action="S3:GETOBJECT")], "s3:GetObject", "arn:aws:s3:::states/a", True),
        ([policy(Action="s3:*"), policy(Effect="Deny", Action="s3:GetObject")], "s3:GetObject", "arn:aws:s3:::states/a", False),
        ([policy(Action="s3:*"), {"Statement": {"Effect": "Deny", "Action": "s3:GetObject", "NotResource": "arn:aws:s3:::states/*"}}], "s3:GetObject", "arn:aws:s3:::states/a", True),
        ([policy(Action="s3:*"), {"Statement": {"Effect": "Deny", "Action": "s3:GetObject", "NotResource": "arn:aws:s3:::states/*"}}], "s3:GetObject", "arn:aws:s3:::data/a", False),
        ([policy(NotAction="iam:*")], "s3:GetObject", "*", True),
        ([policy(NotAction="iam:*")], "iam:GetRole", "*", False),
        ([], "s3:GetObject", "*", False),
    ],
)
def test_what_is_allowed_is_what_a_statement_allows_and_none_denies(statements, action, resource, allowed):
    assert Policies(statements).allow(action, resource) is allowed


@pytest.mark.parametrize(
    ("condition", "context", "allowed"),
    [
        ({"StringEquals": {"aws:SourceAccount": "1"}}, {"aws:SourceAccount": ["1"]}, True),
        ({"StringEquals": {"aws:SourceAccount": ["2", "1"]}}, {"aws:SourceAccount": ["1"]}, True),
        ({"StringEquals": {"aws:SourceAccount": "1"}}, {"aws:SourceAccount": ["2"]}, False),
        ({"StringEquals": {"aws:SourceAccount": "1"}}, {}, False),
        ({"ArnLike": {"aws:SourceArn": "arn:aws:events:*:1:rule/driftwire-*"}}, {"aws:SourceArn": ["arn:aws:events:eu-west-1:1:rule/driftwire-changes"]}, True),
        ({"ForAllValues:StringEquals": {"dynamodb:LeadingKeys": ["heartbeat"]}}, {"dynamodb:LeadingKeys": ["heartbeat", "other"]}, False),
        ({"ForAllValues:StringEquals": {"dynamodb:LeadingKeys": ["heartbeat"]}}, {}, True),
        ({"ForAllValues:StringEquals": {"k": ["a"]}, "Null": {"k": "false"}}, {}, False),
        ({"Bool": {"aws:SecureTransport": "false"}}, {"aws:SecureTransport": ["true"]}, False),
    ],
)
def test_a_condition_holds_as_iam_has_it(condition, context, allowed):
    assert Policies([policy(Action="sqs:SendMessage", Condition=condition)]).allow("sqs:SendMessage", "*", context) is allowed


def test_a_condition_that_is_not_known_is_no_silent_yes():
    with pytest.raises(KeyError):
        Policies([policy(Action="sqs:SendMessage", Condition={"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}})]).allow("sqs:SendMessage", "*")


@pytest.mark.parametrize(
    ("made", "asked"),
    [
        (call("dynamodb", "Query", {"TableName": "driftwire-ledger", "IndexName": "owed"}), [("dynamodb:Query", "arn:aws:dynamodb:us-east-1:123456789012:table/driftwire-ledger/index/owed")]),
        (
            call("dynamodb", "TransactWriteItems", {"TransactItems": [{"Put": {"TableName": "driftwire-index", "Item": {"pk": {"S": "a"}}}}, {"ConditionCheck": {"TableName": "driftwire-index", "Key": {"pk": {"S": "a"}}}}]}),
            [("dynamodb:PutItem", TABLE), ("dynamodb:ConditionCheckItem", TABLE)],
        ),
        (call("dynamodb", "BatchGetItem", {"RequestItems": {"driftwire-index": {"Keys": [{"pk": {"S": "a"}}]}}}), [("dynamodb:BatchGetItem", TABLE)]),
        (call("sqs", "SendMessageBatch", {"QueueUrl": "http://127.0.0.1:1/123456789012/driftwire-events"}), [("sqs:SendMessage", "arn:aws:sqs:us-east-1:123456789012:driftwire-events")]),
        (call("sns", "Publish", b"Action=Publish&TopicArn=arn%3Aaws%3Asns%3Aus-east-1%3A1%3Adriftwire"), [("sns:Publish", "arn:aws:sns:us-east-1:1:driftwire")]),
        (call("s3", "GET /states/prod/a", method="GET", path="/states/prod/a?x-id=GetObject"), [("s3:GetObject", "arn:aws:s3:::states/prod/a")]),
        (call("s3", "GET /states", method="GET", path="/states?list-type=2&prefix=a"), [("s3:ListBucket", "arn:aws:s3:::states")]),
        (call("s3", "HEAD /states/", method="HEAD", path="/states/"), [("s3:ListBucket", "arn:aws:s3:::states")]),
        (call("s3", "GET /states/", method="GET", path="/states/?accelerate"), [("s3:GetAccelerateConfiguration", "arn:aws:s3:::states")]),
        (call("s3", "PUT /states/a", method="PUT", path="/states/a"), [("s3:PutObject", "arn:aws:s3:::states/a")]),
        (call("lambda", "GET /2015-03-31/functions/a", method="GET", path="/2015-03-31/functions/a"), [("lambda:GetFunction", "*")]),
        (call("ec2", "DescribeSecurityGroups", b"Action=DescribeSecurityGroups"), [("ec2:DescribeSecurityGroups", "*")]),
    ],
)
def test_a_call_asks_for_the_action_that_iam_has_for_it(made, asked):
    assert [(request.action, request.resource) for request in requests(made)] == asked


def test_a_caller_without_the_permission_is_refused_and_it_is_noted():
    enforcement = Enforcement({"event-detector": Policies([policy(Action="ec2:DescribeSecurityGroups")])})
    assert enforcement(call("ec2", "DescribeSecurityGroups", b"")) is None
    assert enforcement(call("ec2", "AuthorizeSecurityGroupIngress", b"")) is deny
    assert enforcement(call("ec2", "AuthorizeSecurityGroupIngress", b"", key="somebody")) is None, "others are not Driftwire's"
    assert enforcement(call("sts", "GetCallerIdentity", b"")) is None
    assert enforcement.refused == [("event-detector", "ec2:AuthorizeSecurityGroupIngress of *")]
    assert enforcement.used == {("event-detector", "ec2:DescribeSecurityGroups")}
