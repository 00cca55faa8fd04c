"""The rule lets successful writes through, and neither reads nor failed calls: over real records, by an EventBridge."""

from __future__ import annotations

import json

import pytest

from support.places import WORKSPACE

PATTERN = WORKSPACE / "infra/event-pattern.json"
CORPUS = WORKSPACE.parent / "shared/corpus/cloudtrail"
#: EventBridge's `detail-type` of a record, by its `eventType`.
DETAIL_TYPES = {
    "AwsApiCall": "AWS API Call via CloudTrail",
    "AwsServiceEvent": "AWS Service Event via CloudTrail",
    # Who signs in changes nothing.
    "AwsConsoleSignIn": "AWS Console Sign In via CloudTrail",
}

needs_corpus = pytest.mark.skipif(not CORPUS.is_dir(), reason="../shared/corpus is absent")


class Bus:
    """A served EventBridge with one rule, and a queue behind it."""

    def __init__(self, cloud, pattern: str):
        self._events, self._sqs = cloud.client("events"), cloud.client("sqs")
        self._queue = self._sqs.create_queue(QueueName="passed")["QueueUrl"]
        arn = self._sqs.get_queue_attributes(QueueUrl=self._queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        self._events.put_rule(Name="changes", EventPattern=pattern)
        self._events.put_targets(Rule="changes", Targets=[{"Id": "passed", "Arn": arn}])

    def passed(self, records: list[dict]) -> list[dict]:
        """Those that the rule lets through."""
        for start in range(0, len(records), 10):
            batch = enumerate(records[start : start + 10], start)
            self._events.put_events(Entries=[_entry(record, number) for number, record in batch])
        numbers = set()
        while messages := self._sqs.receive_message(QueueUrl=self._queue, MaxNumberOfMessages=10).get("Messages"):
            numbers |= {int(json.loads(message["Body"])["resources"][0]) for message in messages}
            entries = [{"Id": str(at), "ReceiptHandle": message["ReceiptHandle"]} for at, message in enumerate(messages)]
            self._sqs.delete_message_batch(QueueUrl=self._queue, Entries=entries)
        return [records[number] for number in sorted(numbers)]


def _entry(record: dict, number: int) -> dict:
    source = "aws." + record["eventSource"].partition(".")[0]
    # By its number, as one record may be there twice.
    return {"Source": source, "DetailType": DETAIL_TYPES[record.get("eventType", "AwsApiCall")], "Detail": json.dumps(record), "Resources": [str(number)]}


@pytest.fixture
def bus(cloud) -> Bus:
    return Bus(cloud, PATTERN.read_text())


def recorded(folder) -> list[dict]:
    return [json.loads(line) for file in sorted(folder.glob("*.jsonl")) for line in file.read_text().splitlines()]


def failed(record: dict) -> bool:
    return bool(record.get("errorCode"))


def named(records: list[dict]) -> list[str]:
    return [f"{record['eventSource']} {record['eventName']} {record.get('errorCode')} {record.get('readOnly')}" for record in records]


@needs_corpus
def test_every_successful_write_passes_and_no_failed_one(bus):
    records = recorded(CORPUS)
    passed = bus.passed(records)
    writes = [record for record in records if not failed(record) and record["eventType"] != "AwsConsoleSignIn"]
    assert len(writes) > 600 and sum(map(failed, records)) > 100
    assert named(passed) == named(writes)


@needs_corpus
def test_no_read_passes_that_says_so(bus):
    records = recorded(CORPUS / "read")
    passed = bus.passed(records)
    # Records of old trails do not say whether they read; event-detector tells by what they are called.
    silent = [record for record in records if "readOnly" not in record and not failed(record) and record["eventType"] == "AwsApiCall"]
    assert len(records) > 350 and len(silent) < 5
    assert named(passed) == named(silent)


def record(**others) -> dict:
    return {"eventSource": "ec2.amazonaws.com", "eventName": "RunInstances", "eventType": "AwsApiCall", "readOnly": False} | others


@pytest.mark.parametrize(
    ("made", "passes"),
    [
        (record(), True),
        (record(eventType="AwsServiceEvent"), True),
        (record(errorCode=None), True),
        (record(errorCode=""), True),
        (record(errorCode="AccessDenied"), False),
        (record(readOnly=True), False),
        (record(eventType="AwsConsoleSignIn"), False),
    ],
    ids=["a write", "a service's doing", "no error, in as many words", "an empty error", "a denied call", "a read", "a sign-in"],
)
def test_what_passes_is_what_changed_something(bus, made, passes):
    assert bool(bus.passed([made])) is passes


@pytest.mark.applies
def test_the_rule_that_was_applied_has_this_pattern_and_what_it_lets_through_arrives_in_the_queue(single_account):
    events, sqs = single_account.cloud.client("events"), single_account.cloud.client("sqs")
    assert json.loads(events.describe_rule(Name="driftwire-changes")["EventPattern"]) == json.loads(PATTERN.read_text())
    queue = sqs.get_queue_url(QueueName="driftwire-events")["QueueUrl"]
    sent = [record(eventID="a write"), record(eventID="a read", readOnly=True), record(eventID="a denied call", errorCode="AccessDenied")]
    events.put_events(Entries=[_entry(each, number) for number, each in enumerate(sent)])
    received = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10)["Messages"]
    for message in received:
        sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
    assert [json.loads(message["Body"])["detail"]["eventID"] for message in received] == ["a write"]
