"""The proxy: what passes is untouched, what is refused is refused as AWS does."""

import http.client
import urllib.error
import urllib.request

import pytest
from botocore.exceptions import ClientError

from support.cloud import Cloud
from support.proxy import Proxy, cut, drop, first, hang, refuse, throttle


@pytest.fixture
def proxy(cloud: Cloud):
    with Proxy(cloud.endpoint) as proxy:
        yield proxy


@pytest.fixture
def through(cloud: Cloud, proxy: Proxy, monkeypatch):
    """Clients whose calls go through the proxy."""
    monkeypatch.setattr(cloud, "endpoint", proxy.endpoint)
    return cloud.client


def test_calls_pass_untouched_and_are_seen(through, proxy):
    s3, sqs = through("s3"), through("sqs")
    s3.create_bucket(Bucket="states")
    s3.put_object(Bucket="states", Key="a/b", Body=b"0123456789")
    assert s3.get_object(Bucket="states", Key="a/b", Range="bytes=2-4")["Body"].read() == b"234"
    assert s3.head_object(Bucket="states", Key="a/b")["ContentLength"] == 10
    sqs.create_queue(QueueName="q")
    assert proxy.count("s3", "GET /states/a/b*") == 1
    assert proxy.count("sqs", "CreateQueue") == 1


@pytest.mark.parametrize(
    ("service", "call", "code"),
    [
        ("ec2", lambda client: client.describe_vpcs(), "UnauthorizedOperation"),
        ("s3", lambda client: client.list_buckets(), "AccessDenied"),
        ("sqs", lambda client: client.list_queues(), "AccessDenied"),
        ("iam", lambda client: client.list_roles(), "AccessDenied"),
    ],
)
def test_a_refusal_reads_as_awss_own_in_every_protocol(through, proxy, service, call, code):
    proxy.deny(service, "*")
    with pytest.raises(ClientError) as refused:
        call(through(service))
    assert refused.value.response["Error"]["Code"] == code


def test_a_refusal_is_json_for_a_client_that_writes_its_headers_small(proxy):
    proxy.on("*", "ListTables", throttle, times=1)
    request = urllib.request.Request(proxy.endpoint, b"{}", method="POST")
    # urllib would write the names large.
    request.headers["x-amz-target"] = "DynamoDB_20120810.ListTables"
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(request, timeout=10)
    assert refused.value.headers["x-amzn-ErrorType"] == "ThrottlingException"


def test_a_rule_ends_after_so_many_times(through, proxy):
    proxy.on("iam", "ListRoles", refuse(500, "InternalFailure", "try again"), times=1)
    assert through("iam").list_roles()["Roles"] == []
    assert proxy.count("iam", "ListRoles") == 2


def test_throttling_is_what_a_client_retries(through, proxy):
    proxy.on("dynamodb", "ListTables", throttle, times=1)
    assert through("dynamodb").list_tables()["TableNames"] == []


def test_something_can_happen_just_before_a_call(cloud, through, proxy):
    sqs = through("sqs")
    proxy.on("sqs", "ListQueues", first(lambda: sqs.create_queue(QueueName="in-between")), times=1)
    assert "in-between" in sqs.list_queues()["QueueUrls"][0]


def test_what_is_not_acknowledged_was_done_all_the_same(cloud, through, proxy):
    sqs = cloud.client("sqs")
    url = sqs.create_queue(QueueName="q")["QueueUrl"]
    proxy.on("sqs", "SendMessage", drop, times=1)
    through("sqs").send_message(QueueUrl=url, MessageBody="x")
    held = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["ApproximateNumberOfMessages"])["Attributes"]
    assert held["ApproximateNumberOfMessages"] == "2", "once unheard, and once more by the client's retry"


def test_an_answer_that_is_cut_short_is_shorter_than_it_says(proxy):
    proxy.on("unsigned", "GET /moto-api/data.json", cut, times=1)
    with pytest.raises(http.client.IncompleteRead), urllib.request.urlopen(f"{proxy.endpoint}/moto-api/data.json", timeout=10) as answer:
        answer.read()


def test_what_hangs_was_not_done(cloud, through, proxy):
    proxy.on("sqs", "CreateQueue", hang(0.1), times=1)
    through("sqs").create_queue(QueueName="q")
    assert proxy.count("sqs", "CreateQueue") == 2 and len(cloud.client("sqs").list_queues()["QueueUrls"]) == 1


def test_a_rule_can_let_some_calls_pass_and_look_into_them(through, proxy):
    client = through("sqs")
    proxy.on("sqs", "CreateQueue", refuse(400, "Refused", "as asked"), times=1, after=1, where=lambda call: b"second" in call.body)
    for name in ("first", "second", "third"):
        client.create_queue(QueueName=name)
    with pytest.raises(ClientError, match="as asked"):
        client.create_queue(QueueName="second")
