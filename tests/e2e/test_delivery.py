"""SQS and EventBridge deliver at least once, in any order, in batches: none of it changes the outcome."""

import json

import pytest
from conftest import OWED, indexed
from support import records
from support.firewall import make_firewall
from support.proxy import refuse


def test_the_same_record_twice_is_told_once(driftwire, firewall):
    indexed(driftwire, firewall.state)
    opened = firewall.open(22)
    driftwire.record(opened, opened)
    driftwire.settle()
    driftwire.record(opened)
    driftwire.settle()
    assert [alert.kind for alert in driftwire.alerts()] == ["opened"]
    assert [cause["record"] for cause in driftwire.drift(firewall.address).causes] == [opened["eventID"]]


def test_records_out_of_order_end_with_what_is_true(driftwire, firewall):
    indexed(driftwire, firewall.state)
    opened, closed = firewall.open(22), firewall.close(22)
    driftwire.record(closed)
    driftwire.settle()
    driftwire.record(opened)
    driftwire.settle()
    assert driftwire.drifts() == [] and driftwire.alerts() == []


def test_a_hundred_records_for_one_instance_are_one_judgement_and_one_alert_with_all_causes(watched, firewall, proxy):
    driftwire = watched
    indexed(driftwire, firewall.state)
    # A group takes 60 rules: half of the records take away again what the others opened, all but one.
    opened = [firewall.open(port) for port in range(9000, 9050)]
    opened += [firewall.close(port) for port in range(9000, 9049)]
    opened.append(firewall.open(9050))
    driftwire.events.batch_size = 100
    driftwire.record(*opened)
    reads = proxy.count("ec2", "DescribeSecurityGroups")

    driftwire.events.poll()

    assert len(driftwire.events.batches[-1].message_ids) == 100
    assert proxy.count("ec2", "DescribeSecurityGroups") == reads + 1
    [alert] = driftwire.alerts()
    assert {cause["record"] for cause in driftwire.drift(firewall.address).causes} == {record["eventID"] for record in opened}
    driftwire.settle()
    assert driftwire.alerts() == [], "the second look said something new"
    assert alert.kind == "opened"


def test_a_malformed_message_costs_only_itself(driftwire, firewall):
    indexed(driftwire, firewall.state)
    good = json.dumps(records.envelope(firewall.open(22)))
    malformed = ["", "{", "[]", "null", '{"detail-type": "AWS API Call via CloudTrail", "detail": 7}', '{"driftwire": "nonsense"}']
    driftwire.events.batch_size = 100
    driftwire.send_events(message or " " for message in malformed[:3])
    driftwire.send_events([good])
    driftwire.send_events(malformed[3:])
    driftwire.events.poll()
    assert driftwire.events.batches[-1].failures == [], "what can never succeed must not come back"
    driftwire.settle()

    assert [alert.kind for alert in driftwire.alerts()] == ["opened"]
    buried = driftwire.buried()
    assert len(buried) == len(malformed)
    for message in buried:
        attributes = {name: value["StringValue"] for name, value in message["MessageAttributes"].items()}
        assert attributes["function"] == "event-detector" and attributes["reason"]


def test_many_instances_in_one_batch_are_each_judged_once(driftwire, cloud):
    walls = [make_firewall(cloud, name=f"wall-{at}") for at in range(8)]
    state = walls[0].state
    for wall in walls[1:]:
        state.resources += wall.state.resources
    indexed(driftwire, state)
    driftwire.record(*[wall.open(22) for wall in walls])
    driftwire.settle()
    assert sorted(alert.address for alert in driftwire.alerts()) == sorted(wall.address for wall in walls)


@pytest.mark.parametrize(("status", "code"), [(500, "InternalError"), (403, "AuthorizationError")])
def test_an_alert_that_could_not_be_published_is_owed_and_told_once(watched, firewall, proxy, status, code):
    driftwire = watched
    indexed(driftwire, firewall.state)
    proxy.on("sns", "Publish", refuse(status, code, "not today"))
    driftwire.record(firewall.open(22))
    for _ in range(3):
        driftwire.events.poll()
    assert driftwire.alerts() == []
    assert driftwire.drift(firewall.address).status == "drifted", "the drift is recorded, whatever became of the alert"

    # Neither the sweep nor another record of the same instance is given up for it.
    driftwire.move_clock(OWED)
    driftwire.sweep()
    driftwire.record(firewall.open(3389))
    for _ in range(3):
        driftwire.events.poll()
    assert driftwire.dig_up() == [] and driftwire.alerts() == []

    proxy.be_kind()
    driftwire.move_clock(2 * OWED)
    driftwire.sweep()
    driftwire.settle()
    assert [alert.kind for alert in driftwire.alerts()] == ["opened", "changed"]
