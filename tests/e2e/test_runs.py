"""Terraform at work: its own writes pass in silence, and nobody else's do."""

import json
from datetime import datetime, timedelta, timezone

import pytest
from conftest import KEY, indexed
from support import records, terraform
from support.firewall import make_firewall

LOCK_TABLE = "terraform-locks"


class ObjectLock:
    """The lock that Terraform from 1.10 on writes beside the state (`use_lockfile`)."""

    settings: dict[str, str] = {}

    def __init__(self, driftwire, _cloud):
        self._driftwire = driftwire

    def take(self, held: str) -> None:
        self._driftwire.lock_state(KEY, held)

    def give_back(self) -> None:
        self._driftwire.unlock_state(KEY)


class TableLock:
    """The lock in an item of a DynamoDB table (`dynamodb_table`), beside the digest that is no lock."""

    settings = {"DRIFTWIRE_LOCK_TABLES": LOCK_TABLE}

    def __init__(self, driftwire, cloud):
        self._dynamodb = cloud.client("dynamodb")
        self._id = f"{driftwire.bucket}/{KEY}"
        self._dynamodb.create_table(
            TableName=LOCK_TABLE,
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": "LockID", "AttributeType": "S"}],
            KeySchema=[{"AttributeName": "LockID", "KeyType": "HASH"}],
        )
        self._dynamodb.put_item(TableName=LOCK_TABLE, Item={"LockID": {"S": f"{self._id}-md5"}, "Digest": {"S": "d41d8cd98f00b204e9800998ecf8427e"}})

    def take(self, held: str) -> None:
        self._dynamodb.put_item(TableName=LOCK_TABLE, Item={"LockID": {"S": self._id}, "Info": {"S": held}})

    def give_back(self) -> None:
        self._dynamodb.delete_item(TableName=LOCK_TABLE, Key={"LockID": {"S": self._id}})


@pytest.fixture(params=[ObjectLock, TableLock], ids=["lock object", "lock table"])
def locked(request, deploy, cloud):
    """A Driftwire, and the lock of its one state; a change by Terraform is not believed for three seconds."""
    driftwire = deploy(DRIFTWIRE_GRACE_SECONDS="3", **request.param.settings)
    return driftwire, request.param(driftwire, cloud)


def held_by(driftwire, who="runner@ci", created=None):
    return terraform.lock(f"{driftwire.bucket}/{KEY}", who, created)


def until_put_off(driftwire):
    """Until something was looked at and waits."""
    before = len(driftwire.events.batches)
    driftwire.run_until("it to be put off", lambda: len(driftwire.events.batches) > before and driftwire.events.waiting())


def test_an_apply_from_lock_to_unlock_is_silent_whenever_its_records_come(locked, cloud, firewall):
    driftwire, lock = locked
    other = make_firewall(cloud, name="other", state=firewall.state)
    indexed(driftwire, firewall.state)
    ci = records.terraform()

    lock.take(held_by(driftwire))
    early = firewall.open(8443, caller=ci)
    driftwire.record(early)
    until_put_off(driftwire)
    # Terraform writes the state while it is at work: this one knows the first change alone.
    driftwire.write_state(KEY, firewall.recorded())
    during, late = other.open(8443, caller=ci), other.open(8444, caller=ci)
    driftwire.record(during)
    until_put_off(driftwire)
    other.recorded()
    driftwire.write_state(KEY, firewall.state.text())
    lock.give_back()
    driftwire.settle()
    driftwire.move_clock(600)
    driftwire.record(late, early, during)
    driftwire.settle()

    assert driftwire.drifts(closed=True) == [] and driftwire.alerts() == []
    assert driftwire.buried() == []


def test_a_persons_change_during_an_apply_is_told_once_after_it(locked, firewall):
    driftwire, lock = locked
    indexed(driftwire, firewall.state)
    lock.take(held_by(driftwire))
    driftwire.record(firewall.open(8443, caller=records.terraform()))
    until_put_off(driftwire)
    # What Terraform made stands in the state; what the person made after it does not.
    applied = firewall.recorded()
    theirs = firewall.open(22, caller=records.somebody("mallory@example.com"))
    driftwire.record(theirs)
    until_put_off(driftwire)
    assert driftwire.drifts() == [] and driftwire.alerts() == [], "told in the middle of a run"

    driftwire.write_state(KEY, applied)
    lock.give_back()
    driftwire.settle()
    driftwire.record(theirs)
    driftwire.settle()

    [alert] = driftwire.alerts()
    assert (alert.kind, alert.body["during_a_run"]) == ("opened", False)
    drift = driftwire.drift(firewall.address)
    assert "mallory@example.com" in str(drift.causes) and "mallory@example.com" in alert.text
    [difference] = drift.differences
    assert "tcp 8443 0.0.0.0/0" in difference["recorded"] and "tcp 22 0.0.0.0/0" not in difference["recorded"]


def test_a_run_that_failed_and_wrote_no_state_is_told_after_it(locked, firewall):
    driftwire, lock = locked
    indexed(driftwire, firewall.state)
    lock.take(held_by(driftwire))
    driftwire.record(firewall.open(8443, caller=records.terraform()))
    until_put_off(driftwire)
    lock.give_back()
    driftwire.settle()
    assert [alert.kind for alert in driftwire.alerts()] == ["opened"]


def test_a_forged_user_agent_is_told_while_another_state_is_applied(locked, firewall):
    driftwire, _ = locked
    indexed(driftwire, firewall.state)
    driftwire.lock_state("prod/another.tfstate", terraform.lock(f"{driftwire.bucket}/prod/another.tfstate", "runner@ci"))
    driftwire.record(firewall.open(22, caller=records.terraform(role="intern", session="not-a-pipeline")))
    until_put_off(driftwire)
    assert driftwire.alerts() == []
    driftwire.settle()
    [alert] = driftwire.alerts()
    assert (alert.kind, alert.body["during_a_run"]) == ("opened", False)
    assert "not-a-pipeline" in str(driftwire.drift(firewall.address).causes)


def test_a_lock_left_behind_for_a_day_hides_nothing_and_is_told_once(locked, firewall):
    driftwire, lock = locked
    indexed(driftwire, firewall.state)
    lock.take(held_by(driftwire, "alice@laptop", datetime.now(timezone.utc) - timedelta(days=1)))
    opened = firewall.open(22)
    driftwire.record(opened)
    driftwire.settle()
    [alert] = driftwire.alerts()
    assert (alert.kind, alert.body["during_a_run"]) == ("opened", True)
    driftwire.record(opened)
    driftwire.settle()
    assert driftwire.alerts() == []
    assert [transition["during_a_run"] for transition in driftwire.drift(firewall.address).history] == [True]


def test_a_lock_that_nobody_understands_is_held_all_the_same(locked, firewall):
    driftwire, lock = locked
    indexed(driftwire, firewall.state)
    lock.take(json.dumps({"Created": "yesterday"}))
    driftwire.record(firewall.open(22))
    until_put_off(driftwire)
    assert driftwire.alerts() == []
    lock.give_back()
    driftwire.settle()
    assert [alert.kind for alert in driftwire.alerts()] == ["opened"]
