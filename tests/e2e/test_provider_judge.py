"""What the catalog does not read is judged by `provider-judge`, through Terraform's own plugin."""

import json
from collections import Counter

import pytest

from bench.lambda_runtime import Runtime
from conftest import KEY, indexed
from support import plugins, records, terraform
from support.deployment import Deployment
from support.places import ACCOUNT, REGION, binary
from support.proxy import deny
from support.runtime_api import invoke_once

GROUP = "/acme/checkout"


@pytest.fixture(scope="session")
def plugin():
    """The executable of hashicorp/aws and its version."""
    found = plugins.real()
    if not found:
        pytest.skip(f"there is no plugin of hashicorp/aws for {plugins.platform_name()}: set {plugins.VARIABLE} to a mirror that holds one")
    return found


@pytest.fixture(scope="session")
def package(plugin, tmp_path_factory):
    return plugins.packed(plugin[0], tmp_path_factory.mktemp("packages") / "aws.zip")


@pytest.fixture
def with_plugin(deploy, plugin) -> Deployment:
    """A deployment whose `provider-judge` has the plugin in its image."""
    return deploy(DRIFTWIRE_PLUGIN_DIR=str(plugin[0].parents[5]))


class LogGroup:
    """A log group that Terraform manages: no reader of the catalog's reads it."""

    address = "aws_cloudwatch_log_group.checkout"

    def __init__(self, cloud):
        self.logs = cloud.client("logs")
        self.logs.create_log_group(logGroupName=GROUP)
        self.logs.put_retention_policy(logGroupName=GROUP, retentionInDays=30)
        self.state = terraform.State()
        self.recorded(30)

    def recorded(self, days: int) -> str:
        """The state after an apply with that retention."""
        attributes = {
            "arn": f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{GROUP}",
            "id": GROUP,
            "kms_key_id": "",
            # AWS says STANDARD, moto nothing.
            "log_group_class": "",
            "name": GROUP,
            "name_prefix": "",
            "retention_in_days": days,
            "skip_destroy": False,
            "tags": None,
            "tags_all": {},
        }
        self.state.add("aws_cloudwatch_log_group", "checkout", attributes)
        return self.state.text()

    def keep_for(self, days: int) -> records.Record:
        """Somebody changes the retention; the record of it."""
        self.logs.put_retention_policy(logGroupName=GROUP, retentionInDays=days)
        return self.record(days)

    def record(self, days: int) -> records.Record:
        return records.record("logs", "PutRetentionPolicy", {"logGroupName": GROUP, "retentionInDays": days}, None, caller=records.somebody())


@pytest.fixture
def log_group(cloud) -> LogGroup:
    return LogGroup(cloud)


def test_a_change_to_what_the_catalog_does_not_read_becomes_a_drift_and_an_alert_and_closes_when_put_back(deploy, cloud, plugin, package, log_group):
    driftwire = deploy(DRIFTWIRE_PLUGINS=plugins.uploaded(cloud.client("s3"), package, plugin[1]))
    fetched = driftwire.logs().count("a plugin was fetched")
    indexed(driftwire, log_group.state)
    changed = log_group.keep_for(1)
    driftwire.record(changed)
    driftwire.settle(600)

    drift = driftwire.drift(log_group.address)
    [difference] = drift.differences
    assert (drift.status, difference["path"], difference["recorded"], difference["live"]) == ("drifted", "retention_in_days", 30, 1)
    assert [cause["record"] for cause in drift.causes] == [changed["eventID"]]
    [alert] = driftwire.alerts()
    assert alert.kind == "opened" and "mallory@example.com" in alert.text and "retention_in_days" in alert.text

    driftwire.record(log_group.keep_for(30))
    driftwire.settle()
    assert driftwire.drifts() == []
    assert [alert.kind for alert in driftwire.alerts()] == ["resolved"]
    assert driftwire.logs().count("a plugin was fetched") == fetched + 1, "it is kept between invocations"


def test_a_plugin_goes_to_the_disk_and_through_no_more_memory_than_a_small_part_of_it(deploy, cloud, plugin, package, log_group, tmp_path):
    driftwire = deploy(DRIFTWIRE_PLUGINS=plugins.uploaded(cloud.client("s3"), package, plugin[1]))
    indexed(driftwire, log_group.state)
    driftwire.record(log_group.keep_for(1))
    driftwire.events.poll()
    log = tmp_path / "log"
    environment = driftwire.environment | {"TMPDIR": str(tmp_path), "DRIFTWIRE_LOG": "info", "BENCH_LOG": str(log)}
    with Runtime(binary("provider-judge"), environment) as function:
        answer = function.invoke({"Records": [one_message(driftwire)]})
        memory = function.peak_memory()
    assert answer == {"batchItemFailures": []} and driftwire.drift(log_group.address).status == "drifted"
    [fetched] = [line for line in map(json.loads, log.read_text().splitlines()) if line.get("message") == "a plugin was fetched"]
    print(f"{package.stat().st_size / 1e6:.0f} MB fetched, checked and unpacked in {fetched['seconds']:.1f} s; peak memory {memory / 1e6:.0f} MB")
    assert memory < package.stat().st_size / 2


def test_an_apply_closes_what_the_plugin_found(with_plugin, log_group):
    driftwire = with_plugin
    indexed(driftwire, log_group.state)
    driftwire.record(log_group.keep_for(7))
    driftwire.settle(120)
    assert [alert.kind for alert in driftwire.alerts()] == ["opened"]

    driftwire.write_state(KEY, log_group.recorded(7))
    driftwire.settle()
    assert driftwire.drifts() == []
    assert [alert.kind for alert in driftwire.alerts()] == ["resolved"]


def test_what_is_gone_is_missing_and_what_is_in_sync_is_silent(with_plugin, log_group):
    driftwire = with_plugin
    indexed(driftwire, log_group.state)
    driftwire.record(log_group.record(30))
    driftwire.settle(120)
    assert driftwire.drifts() == [] and driftwire.alerts() == []

    log_group.logs.delete_log_group(logGroupName=GROUP)
    driftwire.record(records.record("logs", "DeleteLogGroup", {"logGroupName": GROUP}, None, caller=records.somebody()))
    driftwire.settle()
    assert driftwire.drift(log_group.address).status == "missing"


def test_a_record_is_counted_once_whoever_judges_what_it_names(with_plugin, log_group):
    driftwire = with_plugin
    before = counted(driftwire)
    indexed(driftwire, log_group.state)
    driftwire.record(log_group.keep_for(1))
    driftwire.settle(120)
    assert counted(driftwire) - before == Counter({"deferred": 1})


def one_message(driftwire) -> dict:
    """The one message for `provider-judge`, as the function is handed it."""
    queue = {"QueueUrl": driftwire.provider.queue_url, "AttributeNames": ["All"], "MessageAttributeNames": ["All"]}
    [message] = driftwire.cloud.client("sqs").receive_message(**queue)["Messages"]
    return driftwire.provider.record_of(message)


def counted(driftwire) -> Counter[str]:
    """How many records ended in which outcome, over all that ever ran here."""
    lines = [json.loads(line) for line in driftwire.logs().splitlines() if '"a record"' in line]
    return Counter(line["outcome"] for line in lines)


# What needs no real plugin


@pytest.fixture
def without_plugin(deploy, tmp_path) -> Deployment:
    """A deployment whose only plugin ends at once."""
    return deploy(DRIFTWIRE_PLUGIN_DIR=str(plugins.made_up(tmp_path, "exit 3")), DRIFTWIRE_GIVE_UP_SECONDS="1")


def test_a_provider_of_which_there_is_no_plugin_is_touched_and_not_verified(without_plugin):
    driftwire = without_plugin
    state = terraform.State()
    address = state.add("aws_glue_job", "nightly", {"arn": f"arn:aws:glue:{REGION}:{ACCOUNT}:job/nightly", "id": "nightly", "name": "nightly"})
    state.resources[0]["provider"] = 'provider["registry.opentofu.org/hashicorp/aws"]'
    indexed(driftwire, state)
    driftwire.record(records.record("glue", "UpdateJob", {"jobName": "nightly"}, None, caller=records.somebody()))
    driftwire.settle()
    drift = driftwire.drift(address)
    assert (drift.status, drift.severity) == ("touched", "low")
    assert len(driftwire.alerts()) == 1

    driftwire.write_state(KEY, state.text())
    driftwire.settle()
    assert driftwire.drifts() == []


def test_a_plugin_that_does_not_run_costs_no_message_and_is_told_as_unreadable(without_plugin, log_group, firewall):
    driftwire = without_plugin
    log_group.state.resources += firewall.state.resources
    indexed(driftwire, log_group.state)
    driftwire.record(log_group.keep_for(1), firewall.open(22))
    driftwire.settle(120)
    assert driftwire.drift(firewall.address).status == "drifted", "what the native reader reads is none the worse"
    drift = driftwire.drift(log_group.address)
    assert (drift.status, drift.unreadable["kind"]) == ("unreadable", "error")
    assert driftwire.buried() == []


def test_a_plugin_that_s3_denies_names_the_object_and_the_action(cloud, emulator, proxy, log_group, tmp_path):
    script = plugins.made_up(tmp_path, "exit 3")
    package = plugins.packed(next(script.rglob("terraform-provider-*")), tmp_path / "aws.zip")
    settings = {"DRIFTWIRE_PLUGINS": plugins.uploaded(cloud.client("s3"), package, "5.100.0"), "DRIFTWIRE_GIVE_UP_SECONDS": "1"}
    driftwire = Deployment(cloud, emulator, endpoint=proxy.endpoint, settings=settings)
    indexed(driftwire, log_group.state)
    proxy.on("s3", "*", do=deny, where=lambda call: "aws.zip" in call.path)
    driftwire.record(log_group.keep_for(1))
    driftwire.settle(120)
    said = driftwire.drift(log_group.address).unreadable["message"]
    assert "s3://acme-artifacts/aws.zip" in said and "allow s3:GetObject" in said


def test_another_zip_than_was_meant_is_never_run(deploy, cloud, log_group, tmp_path):
    ran = tmp_path / "ran"
    script = plugins.made_up(tmp_path / "mirror", f"touch {ran}")
    package = plugins.packed(next(script.rglob("terraform-provider-*")), tmp_path / "aws.zip")
    entry = plugins.uploaded(cloud.client("s3"), package, "5.100.0", sha256="0" * 64)
    driftwire = deploy(DRIFTWIRE_PLUGINS=entry, DRIFTWIRE_GIVE_UP_SECONDS="1")
    indexed(driftwire, log_group.state)
    driftwire.record(log_group.keep_for(1))
    driftwire.settle(120)
    assert "s3://acme-artifacts/aws.zip has the SHA-256" in driftwire.drift(log_group.address).unreadable["message"]
    assert not ran.exists()


def test_what_came_to_the_wrong_queue_is_buried_and_goes_back_to_provider_judge_when_retried(without_plugin, cloud):
    driftwire = without_plugin
    cloud.client("sqs").send_message(QueueUrl=driftwire.provider.queue_url, MessageBody='{"driftwire": "sweep"}')
    driftwire.settle()
    [letter] = json.loads(driftwire.driftwire("dead-letters", "list", "--json"))["dead_letters"]
    assert letter["function"] == "provider-judge" and "for `event-detector`, and came to `provider-judge`" in letter["reason"]
    driftwire.driftwire("dead-letters", "retry", letter["id"])
    assert (driftwire.provider.waiting(), driftwire.events.waiting()) == (1, 0)


def test_a_message_that_would_outlast_its_invocation_is_answered_as_failed_before_lambda_ends_it(deploy, log_group, tmp_path):
    driftwire = deploy(DRIFTWIRE_PLUGIN_DIR=str(plugins.made_up(tmp_path, "sleep 600")))
    indexed(driftwire, log_group.state)
    driftwire.record(log_group.keep_for(1))
    driftwire.events.poll()
    message = one_message(driftwire)
    event = {"Records": [message, {**message, "messageId": "bad", "body": "{"}]}
    answer, after = invoke_once("provider-judge", driftwire.environment, event, seconds=8, log=tmp_path / "log")
    assert answer == {"batchItemFailures": [{"itemIdentifier": message["messageId"]}]}, "the other is buried, and done"
    assert 2 < after < 8

