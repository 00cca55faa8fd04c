"""Whoever writes names, tags and records cannot make Driftwire work without end, blame a bystander, or speak for him."""

import json

from conftest import indexed
from support import records, terraform
from support.firewall import make_firewall

#: `drift_engine::naming::MOST_INSTANCES`.
MOST_INSTANCES = 20


def queues(cloud, number: int, tags: dict[str, str] | None = None):
    """So many queues in one state; their client, URLs and the state."""
    sqs, state = cloud.client("sqs"), terraform.State()
    urls = [sqs.create_queue(QueueName=f"jobs-{at:03}", tags=tags or {})["QueueUrl"] for at in range(number)]
    for at, url in enumerate(urls):
        state.add("aws_sqs_queue", f"jobs_{at:03}", terraform.queue(sqs, url))
    return sqs, urls, state


def what_was_left_out(driftwire, record: records.Record) -> list[dict]:
    """What the log says of it."""
    lines = [json.loads(line) for line in driftwire.logs().splitlines() if line.startswith("{")]
    return [line for line in lines if line.get("message") == "a record names more than is looked at" and line["record"] == record["eventID"]]


def test_a_record_of_5000_identifiers_leads_to_20_looks_and_the_rest_is_said(watched, cloud, proxy):
    driftwire = watched
    sqs, urls, state = queues(cloud, 40)
    indexed(driftwire, state)
    sqs.set_queue_attributes(QueueUrl=urls[0], Attributes={"DelaySeconds": "60"})
    others = [f"arn:aws:sqs:us-east-1:123456789012:other-{number}" for number in range(4_960)]
    proxy.calls.clear()
    made = records.record("sqs", "SetQueueAttributes", {"queueUrl": urls[0], "queues": [*urls[1:], *others]}, None, caller=records.somebody())
    driftwire.record(made)
    driftwire.events.poll()

    looked_at = {json.loads(call.body)["QueueUrl"] for call in proxy.calls if call.is_("sqs", "GetQueueAttributes") and json.loads(call.body)["QueueUrl"] in urls}
    assert urls[0] in looked_at and len(looked_at) == MOST_INSTANCES
    assert proxy.count("sqs", "GetQueueAttributes") <= 2 * MOST_INSTANCES, "one look each, and what a look asks of the other queues"
    assert proxy.count("dynamodb", "BatchGetItem") <= 130, "a bounded number of names, a hundred keys a request"
    [said] = what_was_left_out(driftwire, made)
    assert (said["left_out"], said["names_left_out"]) == (20, 4_000)
    assert [drift.address for drift in driftwire.drifts()] == ["aws_sqs_queue.jobs_000"]


def test_an_identifier_that_10000_instances_share_leads_to_few_looks_and_the_rest_is_said(watched, firewall, proxy):
    """A state in which every listener refers to one group, and names itself alike."""
    driftwire = watched
    state = firewall.state
    shared = [{"schema_version": 0, "index_key": at, "attributes": {"id": "shared", "name": "shared", "vpc_id": "x", "security_groups": [firewall.group]}} for at in range(10_000)]
    state.resources.append({"mode": "managed", "type": "aws_lb", "name": "many", "provider": terraform.PROVIDER, "instances": shared})
    indexed(driftwire, state)
    proxy.calls.clear()
    opened = firewall.open(22)
    driftwire.record(opened)
    driftwire.events.poll()
    assert [drift.address for drift in driftwire.drifts()] == [firewall.address], "the group itself is found all the same"
    [said] = what_was_left_out(driftwire, opened)
    assert said["overflow"]
    assert sum(call.service in {"ec2", "elasticloadbalancing"} for call in proxy.calls) <= 2 * MOST_INSTANCES

    proxy.calls.clear()
    driftwire.record(records.record("elasticloadbalancing", "ModifyLoadBalancerAttributes", {"loadBalancerName": "shared"}, None, caller=records.somebody()))
    driftwire.events.poll()
    assert sum(call.method == "GET" and call.service == "s3" and ".tfstate" in call.path and "Range" in call.headers for call in proxy.calls) <= MOST_INSTANCES


def test_names_of_others_in_tags_descriptions_and_names_blame_nobody(driftwire, cloud):
    """Everything that drifted unseen is named in the words that Mallory writes on a group of her own."""
    victim = make_firewall(cloud, name="victim")
    bait = make_firewall(cloud, name="bait", state=victim.state)
    indexed(driftwire, victim.state)
    victim.open(22)
    arn = victim.state.attributes(victim.address)["arn"]
    mallory = records.somebody("mallory@example.com")
    tags = {"Name": victim.group, arn: arn, "note": f"see {arn}", "copied-from": arn}
    described = records.record("ec2", "UpdateSecurityGroupRuleDescriptionsIngress", {"groupId": bait.group, "description": arn, "comment": victim.group}, None, caller=mallory)
    driftwire.record(records.tags_created(bait.group, tags, caller=mallory), described)
    driftwire.settle()
    drift = driftwire.drift(victim.address)
    assert drift.causes == [] and {seen["actor"]["name"] for seen in drift.also_seen} == {"mallory@example.com (AdministratorAccess)"}
    [alert] = [alert for alert in driftwire.alerts() if alert.address == victim.address]
    assert "Who: not known." in alert.text


def test_words_cannot_speak_for_driftwire_in_mails_terminals_slack_or_html(driftwire, cloud):
    forged = "<!channel> <http://evil.example|sign in> <img src=x onerror=alert(1)> &amp; \x1b]8;;http://evil.example\x07click\x1b]8;;\x07\r\nSeverity low\u2028Who: bob \u202e"
    sqs, urls, state = queues(cloud, 1, tags={"team": "a"})
    indexed(driftwire, state)
    sqs.tag_queue(QueueUrl=urls[0], Tags={"team": forged})
    made = records.record("sqs", "TagQueue", {"queueUrl": urls[0], "tags": {"team": forged}}, None, caller=records.somebody(forged))
    driftwire.record(made | {"userAgent": forged, "sourceIPAddress": forged})
    driftwire.settle()

    [alert] = driftwire.alerts()
    assert alert.subject.isascii() and alert.subject.isprintable() and len(alert.subject) < 100 and "evil" not in alert.subject
    printed = [driftwire.driftwire("drift", *arguments) for arguments in (("list",), ("show", "aws_sqs_queue.jobs_000"))]
    for text in [alert.text, *printed]:
        assert not any(letter in text for letter in "\x1b\x07\r\u2028\u202e"), text
        assert not any(line.strip().startswith(("Severity low", "Who: bob")) for line in text.splitlines()), text
    # Machines get the words as they are, within JSON, and Slack's notifier escapes what is markup there.
    assert alert.body["causes"][0]["user_agent"].startswith("<!channel>")
