"""What could not be told is said, and is never "in sync" and never "missing"."""

from conftest import indexed
from support import records
from support.proxy import throttle


def test_a_denied_read_is_told_once_and_is_no_drift(watched, firewall, proxy):
    driftwire = watched
    indexed(driftwire, firewall.state)
    proxy.deny("ec2", "Describe*")
    driftwire.record(firewall.open(22))
    driftwire.settle()
    driftwire.record(firewall.open(23))
    driftwire.settle()

    drift = driftwire.drift(firewall.address)
    assert (drift.status, drift.unreadable["kind"], drift.differences) == ("unreadable", "access_denied", [])
    assert len(driftwire.alerts()) == 1


def test_a_denied_read_resolves_nothing(watched, firewall, proxy):
    driftwire = watched
    indexed(driftwire, firewall.state)
    driftwire.record(firewall.open(22))
    driftwire.settle()
    assert [alert.kind for alert in driftwire.alerts()] == ["opened"]

    proxy.deny("ec2", "Describe*")
    driftwire.record(firewall.close(22))
    driftwire.settle()
    assert driftwire.drift(firewall.address).status == "drifted"
    assert "resolved" not in [alert.kind for alert in driftwire.alerts()]


def test_one_unreadable_instance_costs_the_others_nothing(watched, firewall, proxy, cloud):
    from support import terraform

    driftwire = watched
    sqs = cloud.client("sqs")
    url = sqs.create_queue(QueueName="jobs")["QueueUrl"]
    queue = firewall.state.add("aws_sqs_queue", "jobs", terraform.queue(sqs, url))
    indexed(driftwire, firewall.state)
    proxy.deny("ec2", "Describe*")
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"DelaySeconds": "60"})
    changed = records.record("sqs", "SetQueueAttributes", {"queueUrl": url, "attributes": {"DelaySeconds": "60"}}, None, caller=records.somebody())
    driftwire.record(firewall.open(22), changed)
    driftwire.settle()
    assert driftwire.drift(queue).status == "drifted"
    assert driftwire.drift(firewall.address).status == "unreadable"


def test_a_throttled_read_is_tried_again_and_nobody_hears_of_it(watched, firewall, proxy):
    driftwire = watched
    indexed(driftwire, firewall.state)
    proxy.on("ec2", "DescribeSecurityGroups", throttle, times=4)
    driftwire.record(firewall.open(22))
    driftwire.settle(120)
    assert [alert.kind for alert in driftwire.alerts()] == ["opened"]
    assert driftwire.drift(firewall.address).status == "drifted"


def test_a_type_that_nothing_can_read_is_touched_and_not_verified(driftwire, cloud):
    from support import terraform

    state = terraform.State()
    arn = "arn:aws:glue:us-east-1:123456789012:job/nightly"
    address = state.add("aws_glue_job", "nightly", {"arn": arn, "id": "nightly", "name": "nightly", "max_retries": 0})
    indexed(driftwire, state)
    changed = records.record("glue", "UpdateJob", {"jobName": "nightly", "jobUpdate": {"maxRetries": 3}}, {"jobName": "nightly"}, caller=records.somebody())
    driftwire.record(changed, changed)
    driftwire.settle()
    drift = driftwire.drift(address)
    assert (drift.status, drift.severity) == ("touched", "low")
    assert len(driftwire.alerts()) == 1


def test_something_that_is_gone_is_missing(driftwire, firewall):
    indexed(driftwire, firewall.state)
    firewall.ec2.delete_security_group(GroupId=firewall.group)
    driftwire.record(records.record("ec2", "DeleteSecurityGroup", {"groupId": firewall.group}, {"_return": True, "groupId": firewall.group}, caller=records.somebody()))
    driftwire.settle()
    assert driftwire.drift(firewall.address).status == "missing"
    assert [alert.kind for alert in driftwire.alerts()] == ["opened"]
