"""States in another region than the functions' are asked for where they are; where nobody said so, the error says what to set."""

from __future__ import annotations

import json
import re

import pytest
from conftest import KEY, indexed
from support import terraform
from support.deployment import Deployment
from support.places import ACCOUNT, REGION
from support.proxy import Answer, Call

ELSEWHERE = "eu-west-1"
BUCKET = "driftwire-states"


def region(call: Call) -> str:
    """The region that a request was signed for."""
    return re.search(r"Credential=[^/]+/\d+/([^/]+)/", call.headers.get("Authorization") or call.headers["authorization"])[1]


def regions(proxy, service: str, path: str = "/") -> set[str]:
    return {region(call) for call in proxy.calls if call.service == service and call.path.startswith(path)}


def is_elsewhere(proxy, bucket: str, *, where: str | None = ELSEWHERE, status: int = 301, code: str = "PermanentRedirect") -> None:
    """S3 as it answers for a bucket of another region: a served AWS has all of them everywhere."""

    def redirect(call: Call, _forward) -> Answer:
        text = f"<Error><Code>{code}</Code><Message>The bucket you are attempting to access must be addressed using the specified endpoint.</Message></Error>"
        headers = [("Content-Type", "application/xml"), *([("x-amz-bucket-region", where)] if where else [])]
        return Answer(status, headers, b"" if call.method == "HEAD" else text.encode())

    is_misled = lambda call: call.path.startswith(f"/{bucket}") and region(call) != ELSEWHERE  # noqa: E731
    proxy.on("s3", "*", redirect, where=is_misled)


@pytest.fixture
def elsewhere(cloud, emulator, proxy) -> Deployment:
    """A Driftwire whose states are in another region, and who knows."""
    deployed = Deployment(cloud, emulator, endpoint=proxy.endpoint, settings={"DRIFTWIRE_STATE_REGIONS": f"{BUCKET}={ELSEWHERE}"})
    assert deployed.bucket == BUCKET
    is_elsewhere(proxy, BUCKET)
    return deployed


def test_a_drift_is_found_and_closed_with_states_in_another_region(elsewhere, firewall, proxy):
    driftwire = elsewhere
    indexed(driftwire, firewall.state)
    driftwire.record(firewall.open(22))
    driftwire.settle()
    assert [alert.kind for alert in driftwire.alerts()] == ["opened"]
    driftwire.write_state(KEY, firewall.recorded())
    driftwire.settle()
    assert [alert.kind for alert in driftwire.alerts()] == ["resolved"]
    assert driftwire.drifts() == []

    asked = {call.access_key for call in proxy.calls if call.service == "s3"}
    assert asked == {"event-detector", "state-indexer"}
    assert regions(proxy, "s3") == {ELSEWHERE}, "each request for a state is signed for its bucket's region"
    assert regions(proxy, "dynamodb") == regions(proxy, "sqs") == {REGION}, "and nothing else is"


def test_a_reconcile_lists_each_bucket_where_it_is(cloud, emulator, proxy, firewall):
    cloud.client("s3").create_bucket(Bucket="acme-tf-home")
    settings = {"DRIFTWIRE_STATES": f"{BUCKET},acme-tf-home", "DRIFTWIRE_STATE_REGIONS": f"{BUCKET}={ELSEWHERE}"}
    driftwire = Deployment(cloud, emulator, endpoint=proxy.endpoint, settings=settings)
    is_elsewhere(proxy, BUCKET)
    driftwire.put_state(KEY, firewall.state.text())
    cloud.client("s3").put_object(Bucket="acme-tf-home", Key="a.tfstate", Body=terraform.State().text().encode())
    driftwire.reconcile()
    driftwire.settle()
    assert regions(proxy, "s3", f"/{BUCKET}") == {ELSEWHERE} and regions(proxy, "s3", "/acme-tf-home") == {REGION}
    driftwire.record(firewall.open(22))
    driftwire.settle()
    assert driftwire.drift(firewall.address).status == "drifted"


def test_the_ignore_file_and_a_lock_table_are_asked_where_they_are(cloud, emulator, proxy, firewall):
    cloud.client("s3").create_bucket(Bucket="acme-settings")
    cloud.client("s3").put_object(Bucket="acme-settings", Key="ignore.toml", Body=b"")
    locks = cloud.client("dynamodb", region=ELSEWHERE)
    key = {"AttributeName": "LockID"}
    locks.create_table(
        TableName="acme-locks", BillingMode="PAY_PER_REQUEST", KeySchema=[key | {"KeyType": "HASH"}], AttributeDefinitions=[key | {"AttributeType": "S"}]
    )
    item = {"LockID": {"S": f"{BUCKET}/{KEY}"}, "Info": {"S": json.dumps({"ID": "9f0", "Who": "alice@laptop", "Operation": "OperationTypeApply"})}}
    locks.put_item(TableName="acme-locks", Item=item)
    settings = {
        "DRIFTWIRE_STATE_REGIONS": f"{BUCKET}={ELSEWHERE},acme-settings=ap-south-1",
        "DRIFTWIRE_IGNORE": "s3://acme-settings/ignore.toml",
        "DRIFTWIRE_LOCK_TABLES": f"arn:aws:dynamodb:{ELSEWHERE}:{ACCOUNT}:table/acme-locks",
    }
    driftwire = Deployment(cloud, emulator, endpoint=proxy.endpoint, settings=settings)
    indexed(driftwire, firewall.state)
    assert regions(proxy, "s3", "/acme-settings") == {"ap-south-1"}

    driftwire.record(firewall.open(22))
    driftwire.run_until("the lock to be looked at", lambda: b"acme-locks" in b"".join(call.body for call in proxy.calls))
    assert driftwire.drifts() == [], "the state is locked"
    assert {region(call) for call in proxy.calls if b"acme-locks" in call.body} == {ELSEWHERE}
    locks.delete_item(TableName="acme-locks", Key={"LockID": item["LockID"]})
    driftwire.run_until("the drift to be told", driftwire.drifts)


@pytest.mark.parametrize(("status", "code"), [(301, "PermanentRedirect"), (307, "TemporaryRedirect"), (400, "AuthorizationHeaderMalformed")])
def test_a_bucket_of_another_region_is_said_with_the_setting_to_add(watched, firewall, proxy, status, code):
    driftwire = watched
    driftwire.put_state(KEY, firewall.state.text())
    is_elsewhere(proxy, BUCKET, status=status, code=code)
    advice = f"the bucket {BUCKET} is in {ELSEWHERE} and was asked for in {REGION}: add {BUCKET}={ELSEWHERE} to DRIFTWIRE_STATE_REGIONS"

    driftwire.reconcile()
    driftwire.settle()
    [buried] = driftwire.buried()
    reason = buried["MessageAttributes"]["reason"]["StringValue"]
    assert advice in reason and "`state_bucket_regions`" in reason

    said = json.loads(driftwire.driftwire("doctor", "--json", codes=(1,)))["findings"]
    told = {finding["check"] for finding in said if advice in finding["what"]}
    assert told == {"states", "notifications"}, said


def test_where_s3_does_not_say_in_which_region_a_bucket_is_somebody_has_to(watched, proxy):
    is_elsewhere(proxy, BUCKET, where=None)
    watched.reconcile()
    watched.settle()
    [buried] = watched.buried()
    assert f"add {BUCKET}=REGION to DRIFTWIRE_STATE_REGIONS" in buried["MessageAttributes"]["reason"]["StringValue"]


def test_another_refusal_is_what_it_is(watched, proxy):
    proxy.deny("s3", "*")
    watched.reconcile()
    watched.settle()
    [buried] = watched.buried()
    reason = buried["MessageAttributes"]["reason"]["StringValue"]
    assert "allow s3:ListBucket" in reason and "REGIONS" not in reason


def test_the_command_line_takes_regions_by_option_and_by_variable(watched, firewall, proxy):
    driftwire = watched
    driftwire.put_state(KEY, firewall.state.text())
    is_elsewhere(proxy, BUCKET)
    state = f"s3://{BUCKET}/{KEY}"
    there = ["--state-region", f"{BUCKET}={ELSEWHERE}"]

    with pytest.raises(RuntimeError, match=f"add {BUCKET}={ELSEWHERE} to DRIFTWIRE_STATE_REGIONS .*--state-region"):
        driftwire.driftwire("check", "--state", state)
    found = json.loads(driftwire.driftwire("check", "--state", state, *there, "--state-region", "other=ap-south-1", "--json"))
    assert found["summary"]["in_sync"] == 1
    rebuilt = json.loads(driftwire.driftwire("index", "rebuild", "--json", *there))
    assert [one["state"] for one in rebuilt["states"]] == [state]
    findings = json.loads(driftwire.driftwire("doctor", "--json", *there, codes=(1,)))["findings"]
    assert not [finding for finding in findings if finding["check"] == "states"]

    driftwire.environment["DRIFTWIRE_STATE_REGIONS"] = f"other=ap-south-1,{BUCKET}={ELSEWHERE}"
    driftwire.driftwire("check", "--state", state)
    driftwire.environment["DRIFTWIRE_STATE_REGIONS"] = ""
    with pytest.raises(RuntimeError, match="was asked for in"):
        driftwire.driftwire("check", "--state", state)
    with pytest.raises(RuntimeError, match="cannot be both in"):
        driftwire.driftwire("check", "--state", state, *there, "--state-region", f"{BUCKET}=eu-west-2")
    with pytest.raises(RuntimeError, match="write `bucket=region`"):
        driftwire.driftwire("check", "--state", state, "--state-region", "Ireland")
