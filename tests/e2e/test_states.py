"""States come, change while they are looked at, move things around and go."""

import json

from conftest import KEY, indexed
from support import records, terraform
from support.firewall import make_firewall
from support.proxy import first


def test_a_state_written_while_its_instance_is_judged_is_judged_as_it_is_then(watched, firewall, proxy):
    driftwire = watched
    indexed(driftwire, firewall.state)
    opened = firewall.open(22)
    applied = firewall.recorded()
    # The state is another version between the index's answer and the read of its bytes; S3's event has yet to come.
    proxy.on("s3", f"GET /{driftwire.bucket}/{KEY}*", first(lambda: driftwire.put_state(KEY, applied)), times=1)
    driftwire.record(opened)
    driftwire.settle()
    assert driftwire.drifts() == [] and driftwire.alerts() == []


def test_a_state_written_while_its_instance_is_judged_hides_no_drift(watched, firewall, proxy):
    driftwire = watched
    indexed(driftwire, firewall.state)
    unrelated = firewall.state.text()
    opened = firewall.open(22)
    proxy.on("s3", f"GET /{driftwire.bucket}/{KEY}*", first(lambda: driftwire.put_state(KEY, unrelated)), times=1)
    driftwire.record(opened)
    driftwire.settle()
    assert [alert.kind for alert in driftwire.alerts()] == ["opened"]


def test_a_removed_state_ends_its_drifts_and_is_not_looked_at_again(driftwire, firewall):
    indexed(driftwire, firewall.state)
    driftwire.record(firewall.open(22))
    driftwire.settle()
    driftwire.alerts()

    driftwire.remove_state(KEY)
    driftwire.settle()
    assert driftwire.drifts() == []
    assert driftwire.drift(firewall.address, closed=True).status == "no_longer_managed"

    driftwire.alerts()
    driftwire.record(firewall.open(23))
    driftwire.settle()
    assert driftwire.drifts() == [] and driftwire.alerts() == []


def test_an_instance_that_leaves_its_state_ends_its_drift(driftwire, firewall, cloud):
    other = make_firewall(cloud, name="other", state=firewall.state)
    indexed(driftwire, firewall.state)
    driftwire.record(firewall.open(22))
    driftwire.settle()
    driftwire.alerts()

    firewall.state.remove(firewall.address)
    driftwire.write_state(KEY, firewall.state.text())
    driftwire.settle(90)

    assert driftwire.drifts() == []
    assert driftwire.drift(firewall.address, closed=True).status == "no_longer_managed"
    assert other.address in firewall.state.text() or other.address.partition(".")[2] in firewall.state.text()


def test_a_drift_moves_with_its_instance_and_nobody_is_told_again(driftwire, firewall):
    indexed(driftwire, firewall.state)
    driftwire.record(firewall.open(22))
    driftwire.settle()
    driftwire.alerts()

    # `terraform state mv`
    attributes = firewall.state.attributes(firewall.address)
    firewall.state.remove(firewall.address)
    moved = firewall.state.add("aws_security_group", "renamed", attributes, schema_version=1)
    driftwire.write_state(KEY, firewall.state.text())
    driftwire.settle(90)

    [drift] = driftwire.drifts()
    assert drift.address == moved and drift.status == "drifted"
    assert driftwire.alerts() == []


def test_two_states_that_hold_the_same_resource_each_have_their_drift(driftwire, firewall):
    indexed(driftwire, firewall.state, "prod/network.tfstate")
    second = terraform.State()
    second.add("aws_security_group", "imported", firewall.state.attributes(firewall.address), schema_version=1)
    indexed(driftwire, second, "prod/imported.tfstate")

    driftwire.record(firewall.open(22))
    driftwire.settle()
    assert sorted((drift.state.rpartition("/")[2], drift.address) for drift in driftwire.drifts()) == [
        ("imported.tfstate", "aws_security_group.imported"),
        ("network.tfstate", "aws_security_group.web"),
    ]

    # Removing one leaves the other as it is.
    driftwire.remove_state("prod/imported.tfstate")
    driftwire.settle()
    assert [drift.address for drift in driftwire.drifts()] == [firewall.address]


def test_an_event_of_an_older_version_leaves_the_index_of_the_newest(driftwire, firewall):
    old = firewall.state.text()
    driftwire.put_state(KEY, old)
    firewall.open(22)
    newest = firewall.recorded()
    etag = driftwire.put_state(KEY, newest)
    # Both events, the newer one first; then one about a version that is long gone.
    for told in (etag, '"00000000000000000000000000000000"'):
        driftwire.send_state_event(records.object_event("Object Created", driftwire.bucket, KEY, etag=told))
        driftwire.settle()
    driftwire.record(firewall.open(23))
    driftwire.settle()
    [difference] = driftwire.drift(firewall.address).differences
    assert "tcp 22 0.0.0.0/0" in difference["recorded"], "judged against an old version"


def test_a_state_whose_event_was_lost_is_found_by_reconciling(driftwire, firewall):
    driftwire.put_state(KEY, firewall.state.text())
    driftwire.record(firewall.open(22))
    driftwire.settle()
    assert driftwire.drifts() == []

    driftwire.send_state_event({"driftwire": "reconcile"})
    driftwire.settle()
    driftwire.record(firewall.open(23))
    driftwire.settle()
    assert driftwire.drift(firewall.address).status == "drifted"


def test_a_broken_state_costs_no_other_state(driftwire, firewall):
    driftwire.write_state("prod/broken.tfstate", "{")
    driftwire.write_state("prod/old.tfstate", '{"version": 3, "modules": []}')
    driftwire.write_state(KEY, firewall.state.text())
    driftwire.settle()
    driftwire.record(firewall.open(22))
    driftwire.settle()
    assert [alert.kind for alert in driftwire.alerts()] == ["opened"]
