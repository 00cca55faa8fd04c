"""What the served AWS does for a deployment is what AWS does."""

import json

import pytest
from botocore.exceptions import ClientError

from support import records
from support.places import ACCOUNT, REGION

TRUST = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "lambda.amazonaws.com"}}]})


@pytest.fixture
def bucket(cloud):
    cloud.client("s3").create_bucket(Bucket="states")
    return "states"


def tell_event_bridge(cloud, bucket):
    cloud.client("s3").put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration={"EventBridgeConfiguration": {}})


def queue(cloud, name: str, **attributes: str) -> tuple[str, str]:
    url = cloud.client("sqs").create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]
    return url, f"arn:aws:sqs:{REGION}:{ACCOUNT}:{name}"


def test_cloud_control_tells_whether_a_bucket_tells_eventbridge(cloud, bucket):
    control = cloud.client("cloudcontrol")

    def properties() -> dict:
        return json.loads(control.get_resource(TypeName="AWS::S3::Bucket", Identifier=bucket)["ResourceDescription"]["Properties"])

    assert "NotificationConfiguration" not in properties()
    tell_event_bridge(cloud, bucket)
    assert properties()["NotificationConfiguration"] == {"EventBridgeConfiguration": {"EventBridgeEnabled": True}}
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        control.get_resource(TypeName="AWS::S3::Bucket", Identifier="nowhere")


def test_an_object_is_told_to_eventbridge_in_s3s_own_shape_where_the_bucket_says_so(cloud, bucket):
    sqs, events, s3 = cloud.client("sqs"), cloud.client("events"), cloud.client("s3")
    url, arn = queue(cloud, "told")
    events.put_rule(Name="objects", EventPattern=json.dumps({"source": ["aws.s3"]}))
    events.put_targets(Rule="objects", Targets=[{"Id": "told", "Arn": arn}])
    s3.put_object(Bucket=bucket, Key="before", Body=b"{}")
    tell_event_bridge(cloud, bucket)
    etag = s3.put_object(Bucket=bucket, Key="prod/a", Body=b"{}")["ETag"]
    s3.delete_object(Bucket=bucket, Key="prod/a")

    told = [json.loads(message["Body"]) for message in sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10)["Messages"]]
    # The shape that the other tests send, by hand.
    expected = [records.object_event("Object Created", bucket, "prod/a", etag=etag, size=2), records.object_event("Object Deleted", bucket, "prod/a")]
    for event in told + expected:
        event["id"] = event["time"] = "-"
    assert told == expected


def test_a_message_waits_for_the_tests_where_lambda_would_take_it(cloud):
    sqs, functions = cloud.client("sqs"), cloud.client("lambda")
    role = cloud.client("iam").create_role(RoleName="it", AssumeRolePolicyDocument=TRUST)["Role"]["Arn"]
    functions.create_function(FunctionName="it", Runtime="provided.al2023", Handler="bootstrap", Role=role, Code={"ZipFile": b"none"})
    url, arn = queue(cloud, "work")
    functions.create_event_source_mapping(FunctionName="it", EventSourceArn=arn, FunctionResponseTypes=["ReportBatchItemFailures"])
    sqs.send_message(QueueUrl=url, MessageBody="{}")
    assert [message["Body"] for message in sqs.receive_message(QueueUrl=url)["Messages"]] == ["{}"]


def test_a_queue_keeps_its_policy_when_something_else_of_it_is_set(cloud):
    sqs = cloud.client("sqs")
    _, dead = queue(cloud, "dead")
    redrive = json.dumps({"deadLetterTargetArn": dead, "maxReceiveCount": 5}, separators=(",", ":"))
    policy = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Principal": "*", "Action": "sqs:*", "Resource": "*"}]})
    url, _ = queue(cloud, "work", Policy=policy, RedrivePolicy=redrive)
    allowed = json.dumps({"redrivePermission": "byQueue", "sourceQueueArns": [dead]})
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"RedriveAllowPolicy": allowed})

    held = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    assert (held["Policy"], held["RedrivePolicy"], held["RedriveAllowPolicy"]) == (policy, redrive, allowed)
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"RedriveAllowPolicy": ""})
    assert "RedriveAllowPolicy" not in sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
