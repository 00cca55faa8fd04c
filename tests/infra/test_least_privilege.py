"""Least privilege, read from the plans of all examples, and from what was applied: what is watched is read and nothing else."""

from __future__ import annotations

import json
import re

import pytest

from planning import EXAMPLES, needs_terraform
from support.places import ACCOUNT, WORKSPACE
from support.policies import listed
from support.terraform_cli import planned
from support.worlds import World

READ_ACTIONS = json.loads((WORKSPACE / "infra/read-actions.json").read_text())
READS = re.compile(r"[a-z0-9-]+:(Get|List|Describe|BatchGet|Lookup)[A-Za-z]*")
#: What is no reading of configuration, and of what it may be: Driftwire's own, and what it was told to read.
OWN = {
    r"sqs:(SendMessage|ReceiveMessage|DeleteMessage|ChangeMessageVisibility)": r"arn:aws:sqs:[a-z0-9-]+:\d{12}:driftwire-[a-z-]+",
    r"dynamodb:(BatchGetItem|BatchWriteItem|ConditionCheckItem|DeleteItem|GetItem|PutItem|Query|UpdateItem)": (
        r"arn:aws:dynamodb:[a-z0-9-]+:\d{12}:table/driftwire-(index|ledger|told)(/index/\*)?"
    ),
    r"s3:GetObject": r"arn:aws:s3:::(acme-tfstate(-eu)?/.+|driftwire-plugins-[^*]+)",
    r"s3:ListBucket": r"arn:aws:s3:::acme-tfstate(-eu)?",
    r"sns:Publish": r"arn:aws:sns:[a-z0-9-]+:\d{12}:driftwire",
    r"logs:(CreateLogStream|PutLogEvents)": r"arn:aws:logs:[a-z0-9-]+:\d{12}:log-group:/aws/lambda/driftwire-[a-z-]+:\*",
    # What DynamoDB and SNS do with the key on the functions' behalf; the condition holds them to that.
    r"kms:(Decrypt|DescribeKey|Encrypt|GenerateDataKey\*|ReEncrypt\*)": r"arn:aws:kms:[a-z0-9-]+:\d{12}:key/[0-9a-f-]+",
    r"sts:AssumeRole": r"arn:aws:iam::\d{12}:role/driftwire-read",
    r"secretsmanager:GetSecretValue": r"arn:aws:secretsmanager:[a-z0-9-]+:\d{12}:secret:driftwire/(slack|github).*",
    r"events:PutEvents": r"arn:aws:events:[a-z0-9-]+:\d{12}:event-bus/driftwire",
}
#: Actions that are called reads and read data: never of everything.
DATA = re.compile(r"(s3:GetObject|dynamodb:(Batch)?GetItem|secretsmanager:.*GetSecretValue|ssm:GetParameter|kinesis:Get|logs:Get).*")
SERVICES = {"lambda.amazonaws.com", "scheduler.amazonaws.com", "events.amazonaws.com", "sns.amazonaws.com", "cloudwatch.amazonaws.com", "cloudtrail.amazonaws.com"}


def objections(document: dict) -> list[str]:
    """What a role's policy allows beyond what it may."""
    found = []
    for statement in listed(document["Statement"]):
        if statement["Effect"] == "Allow":
            found += [f"{statement.get('Sid')}: {objection}" for objection in _against(statement)]
    return found


def _against(statement: dict) -> list[str]:
    if {"NotAction", "NotResource"} & statement.keys():
        return ["it allows what it does not name"]
    actions, resources = listed(statement["Action"]), listed(statement["Resource"])
    if resources == ["*"]:
        beyond = [action for action in actions if action not in READ_ACTIONS or not READS.fullmatch(action) or DATA.fullmatch(action)]
        return [f"{action} of everything" for action in beyond]
    found = []
    if any(action.startswith("kms:") for action in actions) and not re.search(r"kms:ViaService", str(statement.get("Condition"))):
        found.append("a key, and not through a service alone")
    for action in actions:
        allowed = [resource for own, resource in OWN.items() if re.fullmatch(own, action)]
        if not allowed and not READS.fullmatch(action):
            found.append(f"{action} is no reading, and nothing of Driftwire's own")
        found += [f"{action} of {resource}" for resource in resources if allowed and not re.fullmatch(allowed[0], resource)]
        found += [f"{action} of {resource}" for resource in resources if not allowed and "driftwire" not in resource]
    return found


@pytest.mark.parametrize(
    ("statement", "objected"),
    [
        ({"Action": READ_ACTIONS, "Resource": "*"}, False),
        ({"Action": "ec2:RevokeSecurityGroupIngress", "Resource": "*"}, True),
        ({"Action": "ec2:Describe*", "Resource": "*"}, True),
        ({"Action": "*", "Resource": "*"}, True),
        ({"Action": "s3:GetObject", "Resource": "*"}, True),
        ({"Action": "s3:GetObject", "Resource": "arn:aws:s3:::other/*"}, True),
        ({"Action": "s3:PutObject", "Resource": "arn:aws:s3:::acme-tfstate/*"}, True),
        ({"Action": "dynamodb:PutItem", "Resource": "arn:aws:dynamodb:us-east-1:123456789012:table/driftwire-ledger"}, False),
        ({"Action": "dynamodb:PutItem", "Resource": "arn:aws:dynamodb:us-east-1:123456789012:table/orders"}, True),
        ({"Action": "dynamodb:DeleteTable", "Resource": "arn:aws:dynamodb:us-east-1:123456789012:table/driftwire-ledger"}, True),
        ({"Action": "kms:Decrypt", "Resource": "arn:aws:kms:us-east-1:123456789012:key/1a0f"}, True),
        ({"NotAction": "iam:*", "Resource": "*"}, True),
        ({"Action": "iam:PassRole", "Resource": "arn:aws:iam::123456789012:role/driftwire-scheduler"}, True),
    ],
)
def test_what_goes_beyond_is_objected_to(statement, objected):
    assert bool(objections({"Statement": [{"Effect": "Allow", "Sid": "It"} | statement]})) is objected


@needs_terraform
@pytest.mark.parametrize("name", EXAMPLES)
def test_no_policy_of_an_example_allows_more_than_reading_and_driftwires_own(plans, name):
    policies = [held for held in planned(plans[name]) if held["type"] == "aws_iam_role_policy"]
    known = {held["address"]: json.loads(held["values"]["policy"]) for held in policies if held["values"].get("policy")}
    # The key's id, or a bus's, is known when it is made: what was applied is looked at as well.
    assert all(re.search(r"\.(key|forward)\[", held["address"]) for held in policies if held["address"] not in known)
    assert any("event-detector" in address for address in known)
    assert {address: objections(document) for address, document in known.items() if objections(document)} == {}


@needs_terraform
@pytest.mark.parametrize("name", EXAMPLES)
def test_every_role_of_an_example_is_one_services_or_asks_for_more_than_an_account(plans, name):
    roles = [held for held in planned(plans[name]) if held["type"] == "aws_iam_role"]
    assert len(roles) >= 3
    for role in roles:
        trust = role["values"].get("assume_role_policy")
        if trust is None:
            # Whom it trusts is a role that is made in the same apply.
            assert role["address"].endswith(".aws_iam_role.read[0]")
            continue
        for statement in json.loads(trust)["Statement"]:
            assert statement["Principal"].keys() == {"Service"} and statement["Principal"]["Service"] in SERVICES, role["address"]
            assert statement["Condition"]["StringEquals"].keys() & {"aws:SourceAccount"}, role["address"]


@needs_terraform
@pytest.mark.parametrize("name", EXAMPLES)
def test_whoever_may_send_to_a_queue_or_a_topic_is_a_service_on_behalf_of_this_deployment(plans, name):
    policies = [held for held in planned(plans[name]) if held["type"] in ("aws_sqs_queue_policy", "aws_sns_topic_policy")]
    assert len(policies) >= 4
    for held in policies:
        for statement in json.loads(held["values"]["policy"])["Statement"]:
            if statement["Effect"] == "Deny":
                continue
            assert statement["Principal"].keys() == {"Service"} and set(listed(statement["Principal"]["Service"])) <= SERVICES
            condition = statement["Condition"]
            assert condition["StringEquals"]["aws:SourceAccount"] == ACCOUNT
            [sources] = [pairs["aws:SourceArn"] for operator, pairs in condition.items() if operator in ("ArnEquals", "ArnLike")]
            assert all(":driftwire" in source or "/driftwire" in source for source in listed(sources)), sources


@needs_terraform
def test_only_who_reads_through_plugins_has_a_policy_of_awss(plans):
    for name in EXAMPLES:
        attached = [held for held in planned(plans[name]) if held["type"] == "aws_iam_role_policy_attachment"]
        expected = ["SecurityAudit"] if name == "provider-reader" else []
        assert [held["values"]["policy_arn"].rpartition("/")[2] for held in attached] == expected


@pytest.mark.applies
def test_no_policy_that_was_applied_allows_more_than_reading_and_driftwires_own(single_account: World, with_slack: World, provider_reader: World, github_only: World):
    for world in (single_account, with_slack, provider_reader, github_only):
        iam = world.cloud.client("iam")
        documents = {
            f"{role['RoleName']}/{policy}": iam.get_role_policy(RoleName=role["RoleName"], PolicyName=policy)["PolicyDocument"]
            for role in iam.list_roles()["Roles"]
            for policy in iam.list_role_policies(RoleName=role["RoleName"])["PolicyNames"]
        }
        assert {"driftwire-event-detector/function", "driftwire-event-detector/key", "driftwire-scheduler/queues"} <= documents.keys()
        assert {name: objections(document) for name, document in documents.items() if objections(document)} == {}
