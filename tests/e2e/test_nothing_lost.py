"""Functions die, reads are stale, events never come: what has to be told is told all the same, and once."""

import json

import pytest
from boto3.dynamodb.types import TypeDeserializer
from conftest import KEY, OWED, indexed
from support import terraform
from support.firewall import make_firewall
from support.proxy import Answer, then

#: Longer than an indexer has a state for itself.
LEASE = 121


@pytest.fixture
def killed(watched, proxy, emulator):
    """Kills a function when the cloud has answered a call, before the function hears of it."""

    def killed_by(function: str, service: str, operation: str, *, after: int = 0) -> None:
        proxy.on(service, operation, then(lambda: emulator.kill(function)), times=1, after=after)

    return killed_by


def ledger_rows(driftwire, cloud):
    """The ledger's items, as the table holds them."""
    return [plain(item) for item in cloud.client("dynamodb").scan(TableName=driftwire.environment["DRIFTWIRE_LEDGER_TABLE"])["Items"]]


def plain(item):
    return {name: TypeDeserializer().deserialize(value) for name, value in item.items()}


def died(source):
    """How many invocations ended with the function."""
    return sum("was killed" in (batch.error or "") for batch in source.batches)


def test_what_a_dead_function_owed_is_told_by_the_sweep_once(watched, firewall, cloud, killed):
    driftwire = watched
    indexed(driftwire, firewall.state)
    killed("event-detector", "dynamodb", "PutItem")
    driftwire.record(firewall.open(22))
    driftwire.events.poll()
    assert died(driftwire.events) == 1
    [row] = ledger_rows(driftwire, cloud)
    assert row["status"] == "drifted" and row["owed_in"] == "owed" and driftwire.alerts() == []

    # Whatever happened to the message that caused it.
    driftwire.forget_events()
    driftwire.sweep()
    driftwire.settle()
    assert driftwire.alerts() == [], "the function that owes it may still be at it"
    driftwire.move_clock(OWED)
    driftwire.sweep()
    driftwire.settle()
    [alert] = driftwire.alerts()
    assert (alert.kind, alert.body["id"]) == ("opened", row["owed_id"])
    driftwire.sweep()
    driftwire.settle()
    assert driftwire.alerts() == []
    [row] = ledger_rows(driftwire, cloud)
    assert "owed" not in row and "owed_in" not in row


def test_a_function_killed_after_it_recorded_a_drift_leaves_one_drift_that_is_told_once(watched, firewall, cloud, killed):
    driftwire = watched
    indexed(driftwire, firewall.state)
    killed("event-detector", "dynamodb", "PutItem")
    driftwire.record(firewall.open(22))
    driftwire.events.poll()
    driftwire.move_clock(OWED)
    driftwire.settle()
    assert died(driftwire.events) == 1
    assert [alert.kind for alert in driftwire.alerts()] == ["opened"]
    [row] = ledger_rows(driftwire, cloud)
    assert row["status"] == "drifted" and "owed" not in row
    assert len(json.loads(row["drift"])["history"]) == 1


def test_a_function_killed_after_it_published_may_tell_again_under_the_same_id(watched, firewall, cloud, killed):
    driftwire = watched
    indexed(driftwire, firewall.state)
    killed("event-detector", "sns", "Publish")
    driftwire.record(firewall.open(22))
    driftwire.events.poll()
    driftwire.move_clock(OWED)
    driftwire.sweep()
    driftwire.settle()
    assert died(driftwire.events) == 1
    told = driftwire.alerts()
    assert [alert.kind for alert in told] == ["opened", "opened"]
    assert len({alert.body["id"] for alert in told}) == 1, "machines drop the repetition by its id"
    [row] = ledger_rows(driftwire, cloud)
    assert "owed" not in row and len(json.loads(row["drift"])["history"]) == 1


def test_a_function_killed_after_it_looked_is_replaced_by_one_that_looks_again(watched, firewall, cloud, killed):
    driftwire = watched
    indexed(driftwire, firewall.state)
    killed("event-detector", "ec2", "DescribeSecurityGroups")
    driftwire.record(firewall.open(22))
    driftwire.events.poll()
    assert died(driftwire.events) == 1 and ledger_rows(driftwire, cloud) == []
    driftwire.settle()
    assert [alert.kind for alert in driftwire.alerts()] == ["opened"]
    assert driftwire.drift(firewall.address).status == "drifted"


def test_a_resolution_that_died_between_recording_and_telling_is_told_once(watched, firewall, killed):
    driftwire = watched
    indexed(driftwire, firewall.state)
    driftwire.record(firewall.open(22))
    driftwire.settle()
    assert [alert.kind for alert in driftwire.alerts()] == ["opened"]
    killed("event-detector", "dynamodb", "PutItem")
    driftwire.record(firewall.close(22))
    driftwire.events.poll()
    driftwire.move_clock(OWED)
    driftwire.settle()
    assert died(driftwire.events) == 1
    driftwire.sweep()
    driftwire.settle()
    assert [alert.kind for alert in driftwire.alerts()] == ["resolved"]


@pytest.mark.parametrize(
    ("operation", "after"),
    [
        pytest.param("PutItem", 0, id="it took the lease"),
        pytest.param("UpdateItem", 0, id="it wrote the first entry"),
        pytest.param("TransactWriteItems", 0, id="it took entries away"),
        pytest.param("PutItem", 7, id="it wrote some ranges"),
        pytest.param("Query", 0, id="it wrote all and did not yet look for drifts"),
    ],
)
def test_an_indexer_killed_midway_is_made_good_by_the_next(watched, cloud, killed, operation, after):
    driftwire = watched
    walls = [make_firewall(cloud, name=f"wall-{at}") for at in range(5)]
    state = terraform.State()
    for wall in walls:
        state.resources += wall.state.resources
    indexed(driftwire, state)
    # The next version loses one, gains two and moves all the others' bytes.
    state.remove(walls[0].address)
    fresh = [make_firewall(cloud, name=f"fresh-{at}", state=state) for at in range(2)]
    killed("state-indexer", "dynamodb", operation, after=after)
    driftwire.write_state(KEY, state.text())
    driftwire.states.poll()
    assert died(driftwire.states) == 1, "the update has fewer such calls"

    driftwire.move_clock(LEASE)
    driftwire.settle()
    assert index_of(driftwire, cloud) == rebuilt(driftwire, cloud)
    driftwire.record(*[wall.open(22) for wall in [*walls, *fresh]])
    driftwire.settle()
    assert sorted(alert.address for alert in driftwire.alerts()) == sorted(wall.address for wall in [*walls[1:], *fresh])
    assert driftwire.buried() == []


def index_of(driftwire, cloud):
    """What the index says, without what its writers note for each other."""
    items = cloud.client("dynamodb").get_paginator("scan").paginate(TableName=driftwire.environment["DRIFTWIRE_INDEX_TABLE"]).search("Items")
    kept = [{name: value for name, value in plain(item).items() if name not in {"gen", "settled", "expires"}} for item in items]
    # An empty page and none at all say the same.
    return {(item["pk"], item["sk"]): item for item in kept if not item["pk"].startswith("p#") or item["body"].value}


def rebuilt(driftwire, cloud):
    """The same, written anew from the states alone into an empty table."""
    client, table = cloud.client("dynamodb"), driftwire.environment["DRIFTWIRE_INDEX_TABLE"]
    for item in client.get_paginator("scan").paginate(TableName=table).search("Items"):
        client.delete_item(TableName=table, Key={"pk": item["pk"], "sk": item["sk"]})
    driftwire.driftwire("index", "rebuild")
    return index_of(driftwire, cloud)


def test_states_from_before_the_installation_are_watched_after_the_first_reconcile(driftwire, cloud):
    walls = {f"team-{at}/network.tfstate": make_firewall(cloud, name=f"wall-{at}") for at in range(3)}
    for key, wall in walls.items():
        driftwire.put_state(key, wall.state.text())
    driftwire.reconcile()
    driftwire.settle()
    driftwire.record(*[wall.open(22) for wall in walls.values()])
    driftwire.settle()
    assert sorted(drift.state.rpartition(f"{driftwire.bucket}/")[2] for drift in driftwire.drifts()) == sorted(walls)


def test_an_apply_whose_event_never_came_closes_its_finding_at_the_next_reconcile(driftwire, firewall):
    indexed(driftwire, firewall.state)
    driftwire.record(firewall.open(22))
    driftwire.settle()
    assert [alert.kind for alert in driftwire.alerts()] == ["opened"]

    driftwire.put_state(KEY, firewall.recorded())
    driftwire.settle()
    assert [drift.status for drift in driftwire.drifts()] == ["drifted"], "nobody told Driftwire"
    driftwire.reconcile()
    driftwire.settle()
    assert driftwire.drifts() == [] and [alert.kind for alert in driftwire.alerts()] == ["resolved"]


def test_a_removal_whose_event_never_came_is_made_good_by_the_next_reconcile(driftwire, firewall, cloud):
    indexed(driftwire, firewall.state)
    driftwire.record(firewall.open(22))
    driftwire.settle()
    driftwire.alerts()

    cloud.client("s3").delete_object(Bucket=driftwire.bucket, Key=KEY)
    driftwire.reconcile()
    driftwire.settle()
    assert driftwire.drifts() == []
    assert driftwire.drift(firewall.address, closed=True).status == "no_longer_managed"
    assert not [key for key in index_of(driftwire, cloud) if key[0].startswith(("i#", "p#"))], "something of it is left"


def test_a_reconcile_that_finds_nothing_writes_nothing(watched, firewall, proxy):
    driftwire = watched
    indexed(driftwire, firewall.state)
    written = proxy.count("dynamodb", "PutItem"), proxy.count("dynamodb", "UpdateItem"), proxy.count("sqs", "SendMessage")
    driftwire.reconcile()
    driftwire.settle()
    assert (proxy.count("dynamodb", "PutItem"), proxy.count("dynamodb", "UpdateItem"), proxy.count("sqs", "SendMessage")) == written


def test_the_second_look_finds_what_a_stale_read_hid(watched, firewall, proxy):
    driftwire = watched
    indexed(driftwire, firewall.state)
    old: list[Answer] = []
    # The answer of before the change is kept, and given once more after it.
    proxy.on("ec2", "DescribeSecurityGroups", lambda _call, forward: old.append(forward()) or old[-1], times=1)
    driftwire.record(firewall.open(9000), firewall.close(9000))
    driftwire.settle()
    assert old and driftwire.alerts() == []

    proxy.on("ec2", "DescribeSecurityGroups", lambda _call, _forward: old[0], times=1)
    driftwire.record(firewall.open(22))
    driftwire.events.poll()
    assert driftwire.drifts() == [], "the read was to be stale"
    driftwire.settle()
    assert [alert.kind for alert in driftwire.alerts()] == ["opened"]
    assert driftwire.drift(firewall.address).status == "drifted"


@pytest.mark.parametrize("created", ["told", "not told"])
def test_what_is_put_off_waits_longer_each_time_and_counts_after_six_hours(cloud, emulator, proxy, firewall, created):
    from support.deployment import Deployment

    driftwire = Deployment(cloud, emulator, endpoint=proxy.endpoint, settings={"DRIFTWIRE_DEFER_SECONDS": "1,2,3"})
    indexed(driftwire, firewall.state)
    lock = json.loads(terraform.lock(f"{driftwire.bucket}/{KEY}", "runner@ci"))
    if created == "not told":
        del lock["Created"]
    driftwire.lock_state(KEY, json.dumps(lock))
    driftwire.record(firewall.open(22))
    driftwire.run_until("four delays", lambda: len(put_off(proxy)) == 4)
    assert put_off(proxy) == [1, 2, 3, 3]
    assert driftwire.drifts() == [] and driftwire.alerts() == []

    driftwire.move_clock(6 * 3600)
    driftwire.settle()
    [alert] = driftwire.alerts()
    assert (alert.kind, alert.body["during_a_run"]) == ("opened", True)
    [opened] = driftwire.drift(firewall.address).history
    assert opened["during_a_run"] is True
    driftwire.unlock_state(KEY)
    driftwire.record(firewall.open(23))
    driftwire.settle()
    assert [alert.body["during_a_run"] for alert in driftwire.alerts()] == [False]


def put_off(proxy):
    """The delays of what was put off, in their order."""
    sent = [json.loads(call.body) for call in proxy.calls if call.is_("sqs", "SendMessage")]
    return [message["DelaySeconds"] for message in sent if json.loads(message["MessageBody"]).get("why") == "deferred"]
