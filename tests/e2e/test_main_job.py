"""A change outside of Terraform becomes a recorded drift and an alert, and Terraform's own does not."""

from datetime import datetime, timedelta, timezone

from conftest import KEY, indexed
from support import records, terraform
from support.places import ACCOUNT, REGION


def test_a_port_opened_in_the_console_becomes_a_drift_and_an_alert(driftwire, firewall):
    indexed(driftwire, firewall.state)
    opened = firewall.open(22, caller=records.somebody("mallory@example.com"))
    driftwire.record(opened)
    driftwire.settle()

    drift = driftwire.drift(firewall.address)
    assert (drift.status, drift.severity, drift.state) == ("drifted", "critical", f"s3://{driftwire.bucket}/{KEY}")
    [difference] = drift.differences
    assert difference["attribute"] == "ingress"
    assert "0.0.0.0/0" in str(difference["live"]) and len(difference["live"]) == len(difference["recorded"]) + 1
    [cause] = drift.causes
    assert (cause["record"], cause["time"], cause["source_address"]) == (opened["eventID"], opened["eventTime"], "203.0.113.42")
    assert "mallory@example.com" in cause["actor"]["name"] and cause["actor"]["kind"] == "sso_user" and cause["actor"]["console"]

    [alert] = driftwire.alerts()
    assert alert.kind == "opened"
    assert alert.subject.isascii() and "\n" not in alert.subject and len(alert.subject) < 100
    for said in ("mallory@example.com", "203.0.113.42", firewall.address, KEY, "0.0.0.0/0", "AuthorizeSecurityGroupIngress"):
        assert said in alert.text, f"the mail does not say {said}:\n{alert.text}"
    assert alert.attributes["severity"] == "critical"
    assert alert.attributes["type"] == "aws_security_group"


def test_versioning_suspended_is_found_on_the_bucket_and_its_versioning(deploy, cloud):
    # A state that holds buckets alone tells no account.
    driftwire = deploy(DRIFTWIRE_DEFAULT_PLACE=f"aws/{ACCOUNT}/{REGION}")
    s3, state = cloud.client("s3"), terraform.State()
    s3.create_bucket(Bucket="acme-invoices")
    s3.put_bucket_versioning(Bucket="acme-invoices", VersioningConfiguration={"Status": "Enabled"})
    bucket = state.add("aws_s3_bucket", "invoices", terraform.bucket(s3, "acme-invoices"))
    versioning = state.add("aws_s3_bucket_versioning", "invoices", terraform.bucket_versioning(s3, "acme-invoices"))
    indexed(driftwire, state)

    s3.put_bucket_versioning(Bucket="acme-invoices", VersioningConfiguration={"Status": "Suspended"})
    driftwire.record(records.versioning_put("acme-invoices", "Suspended", caller=records.somebody()))
    driftwire.settle()

    [difference] = driftwire.drift(versioning).differences
    assert (difference["path"], difference["recorded"], difference["live"]) == ("versioning_configuration[0].status", "Enabled", "Suspended")
    assert {alert.address for alert in driftwire.alerts()} == {bucket, versioning}


def test_a_repair_closes_the_finding_and_is_told_once(driftwire, firewall):
    indexed(driftwire, firewall.state)
    driftwire.record(firewall.open(22))
    driftwire.settle()
    driftwire.alerts()

    driftwire.record(firewall.close(22))
    driftwire.settle()

    assert driftwire.drifts() == []
    closed = driftwire.drift(firewall.address, closed=True)
    assert closed.status == "resolved"
    assert [transition["kind"] for transition in closed.history] == ["opened", "resolved"]
    assert [alert.kind for alert in driftwire.alerts()] == ["resolved"]


def test_an_apply_that_accepts_the_change_closes_the_finding(driftwire, firewall):
    indexed(driftwire, firewall.state)
    driftwire.record(firewall.open(22))
    driftwire.settle()
    driftwire.alerts()

    driftwire.write_state(KEY, firewall.recorded())
    driftwire.settle()

    assert driftwire.drifts() == []
    assert [alert.kind for alert in driftwire.alerts()] == ["resolved"]


def test_terraforms_own_change_during_an_apply_is_silent(driftwire, firewall):
    indexed(driftwire, firewall.state)
    driftwire.lock_state(KEY, terraform.lock(f"{driftwire.bucket}/{KEY}", "runner@ci"))
    driftwire.record(firewall.open(8443, caller=records.terraform()))
    driftwire.run_until("the change to be put off", lambda: driftwire.events.batches and driftwire.events.waiting())
    assert driftwire.drifts() == []

    driftwire.write_state(KEY, firewall.recorded())
    driftwire.unlock_state(KEY)
    driftwire.settle()

    assert driftwire.drifts() == [] and driftwire.alerts() == []


def test_a_change_under_a_lock_is_told_once_the_lock_is_gone_and_the_state_does_not_agree(driftwire, firewall):
    indexed(driftwire, firewall.state)
    driftwire.lock_state(KEY, terraform.lock(f"{driftwire.bucket}/{KEY}", "runner@ci"))
    driftwire.record(firewall.open(22, caller=records.somebody()))
    driftwire.run_until("the change to be put off", lambda: driftwire.events.batches and driftwire.events.waiting())
    assert driftwire.alerts() == []

    driftwire.unlock_state(KEY)
    driftwire.settle()

    assert [alert.kind for alert in driftwire.alerts()] == ["opened"]
    assert "mallory@example.com" in driftwire.drift(firewall.address).causes[0]["actor"]["name"]


def test_a_forged_user_agent_buys_a_delay_and_no_silence(deploy, firewall):
    driftwire = deploy(DRIFTWIRE_GRACE_SECONDS="2")
    indexed(driftwire, firewall.state)
    driftwire.record(firewall.open(22, caller=records.terraform()))
    driftwire.run_until("the change to be put off", lambda: driftwire.events.batches and driftwire.events.waiting())
    assert driftwire.alerts() == []

    driftwire.settle()

    assert [alert.kind for alert in driftwire.alerts()] == ["opened"]


def test_what_terraform_changed_and_undid_without_a_word_stays_silent(driftwire, firewall):
    indexed(driftwire, firewall.state)
    ci = records.terraform()
    driftwire.record(firewall.open(22, caller=ci), firewall.close(22, caller=ci))
    driftwire.settle()
    assert driftwire.drifts(closed=True) == [] and driftwire.alerts() == []


def test_read_only_and_failed_records_lead_to_nothing(driftwire, firewall, emulator):
    indexed(driftwire, firewall.state)
    caller = records.somebody()
    firewall.open(22, caller=caller)
    read = records.record("ec2", "DescribeSecurityGroups", {"groupId": firewall.group}, caller=caller, readOnly=True)
    failed = records.ingress_authorized(firewall.group, port=22, cidr="0.0.0.0/0", caller=caller) | {
        "errorCode": "Client.UnauthorizedOperation",
        "errorMessage": "You are not authorized to perform this operation.",
    }
    driftwire.record(read, failed)
    driftwire.settle()
    # The port is open, and nothing that was told says so.
    assert driftwire.drifts() == [] and driftwire.alerts() == []


def test_eventbridge_may_invoke_the_function_itself(driftwire, firewall, emulator):
    indexed(driftwire, firewall.state)
    emulator.invoke("event-detector", records.envelope(firewall.open(22)))
    driftwire.settle()
    assert [alert.kind for alert in driftwire.alerts()] == ["opened"]


def test_a_record_that_comes_late_is_judged_by_what_is_true_now(driftwire, firewall):
    indexed(driftwire, firewall.state)
    hours_ago = datetime.now(timezone.utc) - timedelta(hours=3)
    driftwire.record(firewall.open(22, when=hours_ago))
    driftwire.settle()
    assert driftwire.drift(firewall.address).causes[0]["time"] == records.moment(hours_ago)


def test_nothing_that_is_watched_is_ever_written(watched, firewall, proxy):
    """Every call of the functions either reads, or goes to what is Driftwire's own."""
    driftwire = watched
    indexed(driftwire, firewall.state)
    driftwire.record(firewall.open(22))
    driftwire.settle()
    driftwire.record(firewall.close(22))
    driftwire.settle()
    reads = ("Describe", "Get", "List", "BatchGet", "Query", "HEAD ", "GET ")
    written = {(call.service, call.operation) for call in proxy.calls if not call.operation.startswith(reads)}
    assert {service for service, _ in written} <= {"dynamodb", "sns", "sqs"}, written
    named = [call.body.decode() for call in proxy.calls if (call.service, call.operation) in written]
    assert named and all(driftwire.bucket.removesuffix("-states") in body for body in named), "a write names nothing of Driftwire's own"
