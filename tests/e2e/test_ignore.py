"""What somebody decided not to be told of is not told, and is counted."""

import json

import pytest

from conftest import indexed
from support import records, terraform
from support.deployment import Deployment

RULES = """
[[ignore]]
type = "aws_sqs_queue"
attribute = "delay_seconds"
reason = "the autoscaler of the workers sets it"
"""


@pytest.fixture
def jobs(cloud):
    """A queue that Terraform manages, its client and its URL."""
    sqs, state = cloud.client("sqs"), terraform.State()
    url = sqs.create_queue(QueueName="jobs")["QueueUrl"]
    address = state.add("aws_sqs_queue", "jobs", terraform.queue(sqs, url))
    return sqs, url, state, address


def changed(sqs, url: str, **attributes: str):
    sqs.set_queue_attributes(QueueUrl=url, Attributes=attributes)
    return records.record("sqs", "SetQueueAttributes", {"queueUrl": url, "attributes": attributes}, None, caller=records.somebody())


@pytest.mark.parametrize("where", ["in the environment", "in S3"])
def test_an_ignored_attribute_is_silent_and_what_was_hidden_is_counted(cloud, deploy, jobs, where):
    sqs, url, state, address = jobs
    if where == "in S3":
        cloud.client("s3").create_bucket(Bucket="acme-settings")
        cloud.client("s3").put_object(Bucket="acme-settings", Key="ignore.toml", Body=RULES.encode())
    driftwire: Deployment = deploy(DRIFTWIRE_IGNORE=RULES if where == "in the environment" else "s3://acme-settings/ignore.toml")
    indexed(driftwire, state)

    driftwire.record(changed(sqs, url, DelaySeconds="60"))
    driftwire.settle()
    assert driftwire.drifts() == [] and driftwire.alerts() == []
    metrics = [json.loads(line) for line in driftwire.logs().splitlines() if line.startswith('{"Function"') or '"_aws"' in line]
    assert sum(line.get("hidden", 0) for line in metrics) >= 1, "what was hidden is a metric"

    driftwire.record(changed(sqs, url, VisibilityTimeout="45"))
    driftwire.settle()
    [difference] = driftwire.drift(address).differences
    assert difference["path"] == "visibility_timeout_seconds", "the rest is told as ever"


def test_the_command_line_says_how_much_it_hid(cloud, driftwire, jobs, tmp_path):
    sqs, url, state, _ = jobs
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"DelaySeconds": "60"})
    written, rules = tmp_path / "a.tfstate", tmp_path / "ignore.toml"
    written.write_text(state.text())
    rules.write_text(RULES)
    found = json.loads(driftwire.driftwire("check", "--state", str(written), "--json", codes=(2,)))
    assert found["summary"]["drifted"] == 1
    found = json.loads(driftwire.driftwire("check", "--state", str(written), "--ignore", str(rules), "--json"))
    assert (found["summary"]["in_sync"], found["summary"]["ignored"]) == (1, 1)
