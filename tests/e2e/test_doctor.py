"""`driftwire doctor` calls a healthy deployment healthy, and names each fault."""

import json

import pytest
from conftest import KEY, indexed
from support.proxy import refuse

DAY = 86_400


@pytest.fixture
def clock(tmp_path):
    """The file that moves the clock of the functions and of the command line."""
    file = tmp_path / "clock"
    file.write_text("0")
    return file


@pytest.fixture
def healthy(deploy, firewall, cloud, clock):
    """A deployment with a trail, an indexed state, a record that was handled, and somebody who is told."""
    driftwire = deploy(DRIFTWIRE_CLOCK_FILE=str(clock))
    trail(cloud)
    notify(cloud, driftwire.bucket)
    indexed(driftwire, firewall.state)
    driftwire.record(firewall.open(443, "198.51.100.0/24"), firewall.close(443, "198.51.100.0/24"))
    driftwire.settle()
    return driftwire


def notify(cloud, bucket: str, **configuration):
    """Says where a bucket sends its events: to EventBridge, unless somewhere else."""
    cloud.client("s3").put_bucket_notification_configuration(
        Bucket=bucket, NotificationConfiguration=configuration or {"EventBridgeConfiguration": {}}, SkipDestinationValidation=True
    )


def trail(cloud, *, on: bool = True):
    cloud.client("s3").create_bucket(Bucket="trail-logs")
    cloudtrail = cloud.client("cloudtrail")
    cloudtrail.create_trail(Name="management", S3BucketName="trail-logs", IsMultiRegionTrail=True)
    if on:
        cloudtrail.start_logging(Name="management")


def examined(driftwire, *arguments: str, code: int = 1) -> dict:
    return json.loads(driftwire.driftwire("doctor", "--json", *arguments, codes=(code,)))


def faults(driftwire, *arguments: str) -> dict[str, str]:
    """What is wrong, by the name of the check."""
    found = examined(driftwire, *arguments)
    assert all(finding["advice"] for finding in found["findings"])
    return {finding["check"]: finding["what"] for finding in found["findings"] if finding["severity"] == "problem"}


def untold(driftwire, *arguments: str) -> dict[str, str]:
    found = examined(driftwire, *arguments)
    return {finding["check"]: finding["what"] for finding in found["findings"] if finding["severity"] == "could_not_tell"}


def test_a_healthy_deployment_is_called_healthy(healthy):
    found = examined(healthy, code=0)
    assert found["findings"] == []
    assert {check["check"]: check["result"] for check in found["checks"]} == dict.fromkeys(
        ["records", "trail", "notifications", "states", "owed_alerts", "topic", "queues", "dead_letters", "reads"], "healthy"
    )
    assert healthy.driftwire("doctor").endswith("healthy\n")


def test_silence_of_a_day_is_named(healthy, clock):
    clock.write_text(str(DAY + 60))
    assert "no record of CloudTrail was handled since" in faults(healthy)["records"]


def test_a_deployment_that_never_saw_a_record_is_named(driftwire):
    assert "ever handled" in faults(driftwire)["records"]


def test_the_heartbeat_is_written_once_a_minute_and_holds_a_time_alone(watched, firewall, proxy, cloud):
    driftwire = watched
    indexed(driftwire, firewall.state)
    for port in range(3):
        driftwire.record(firewall.open(9000 + port))
        driftwire.events.poll()
    beats = [call for call in proxy.calls if call.is_("dynamodb", "PutItem") and b'"heartbeat"' in call.body]
    assert len(beats) == 1
    key = {"pk": {"S": "heartbeat"}, "sk": {"S": "event-detector"}}
    item = cloud.client("dynamodb").get_item(TableName=driftwire.environment["DRIFTWIRE_INDEX_TABLE"], Key=key)["Item"]
    assert set(item) == {"pk", "sk", "at"}


def test_a_trail_that_is_missing_or_off_or_logs_only_reads_is_named(driftwire, cloud):
    assert "there is none" in faults(driftwire)["trail"]
    trail(cloud, on=False)
    assert "is switched off" in faults(driftwire)["trail"]
    cloudtrail = cloud.client("cloudtrail")
    cloudtrail.start_logging(Name="management")
    assert "trail" not in faults(driftwire)
    selector = {"ReadWriteType": "ReadOnly", "IncludeManagementEvents": True}
    cloudtrail.put_event_selectors(TrailName="management", EventSelectors=[selector])
    assert "logs none of them" in faults(driftwire)["trail"]
    fields = [{"Field": "eventCategory", "Equals": ["Management"]}, {"Field": "readOnly", "Equals": ["false"]}]
    cloudtrail.put_event_selectors(TrailName="management", AdvancedEventSelectors=[{"Name": "writes", "FieldSelectors": fields}])
    assert "trail" not in faults(driftwire)


def test_a_state_bucket_that_tells_eventbridge_nothing_is_named_with_what_to_write(healthy, cloud):
    queue = {"QueueArn": "arn:aws:sqs:us-east-1:123456789012:driftwire-states", "Events": ["s3:ObjectCreated:*"]}
    notify(cloud, healthy.bucket, QueueConfigurations=[queue])
    [finding] = examined(healthy)["findings"]
    assert (finding["check"], finding["severity"]) == ("notifications", "problem")
    assert f"the bucket {healthy.bucket} sends no events to EventBridge" in finding["what"]
    for part in (f'`bucket = "{healthy.bucket}"` and `eventbridge = true`', "`manage_bucket_notifications`", "replaces all other notifications"):
        assert part in finding["advice"]


def test_each_bucket_with_states_is_asked_once_where_it_sends_its_events(watched, cloud, proxy):
    cloud.client("s3").create_bucket(Bucket="acme-legacy")
    notify(cloud, "acme-legacy")
    states = f"{watched.bucket}/live/*,{watched.bucket}/test/*,acme-legacy"
    assert watched.bucket in faults(watched, "--states", states)["notifications"]
    assert proxy.count("s3", "GET /*notification*") == 2


def test_where_buckets_may_not_be_asked_the_action_is_named(watched, proxy):
    proxy.deny("s3", "GET /*notification*")
    said = untold(watched)["notifications"]
    assert f"allow s3:GetBucketNotification on arn:aws:s3:::{watched.bucket}" in said


def test_a_state_that_nobody_indexed_is_named_once_it_should_have_been(healthy, firewall, clock):
    healthy.put_state("prod/other.tfstate", firewall.state.text())
    assert examined(healthy, code=0)["findings"] == [], "its event may still be on its way"
    clock.write_text("600")
    assert f"s3://{healthy.bucket}/prod/other.tfstate" in faults(healthy)["states"]


def test_a_state_that_cannot_be_read_and_one_that_is_gone_are_named(healthy, cloud):
    healthy.write_state("prod/old.tfstate", '{"version": 3}')
    healthy.settle()
    assert "prod/old.tfstate" in faults(healthy)["states"]
    cloud.client("s3").delete_object(Bucket=healthy.bucket, Key="prod/old.tfstate")
    cloud.client("s3").delete_object(Bucket=healthy.bucket, Key=KEY)
    assert KEY in " ".join(finding["what"] for finding in examined(healthy)["findings"])


def test_alerts_that_stay_owed_are_named(watched, firewall, proxy, clock):
    driftwire = watched
    indexed(driftwire, firewall.state)
    proxy.on("sns", "Publish", refuse(403, "AuthorizationError", "not today"))
    driftwire.record(firewall.open(22))
    driftwire.events.poll()
    assert "owed_alerts" not in faults(driftwire), "the next sweep may publish it"
    clock.write_text("600")
    assert "1 alert owed" in faults(driftwire, "--clock-file", str(clock))["owed_alerts"]


def test_dead_letters_are_named(healthy):
    healthy.send_events(["{"])
    healthy.settle()
    assert healthy.dead_letters_url in faults(healthy)["dead_letters"]


def test_a_topic_without_subscribers_is_named(healthy, cloud):
    sns = cloud.client("sns")
    for subscription in sns.list_subscriptions()["Subscriptions"]:
        sns.unsubscribe(SubscriptionArn=subscription["SubscriptionArn"])
    assert healthy.environment["DRIFTWIRE_TOPIC_ARN"] in faults(healthy)["topic"]


def test_denied_reads_are_named_with_the_instance(watched, firewall, proxy):
    driftwire = watched
    indexed(driftwire, firewall.state)
    proxy.deny("ec2", "Describe*")
    driftwire.record(firewall.open(22))
    driftwire.settle()
    said = faults(driftwire)["reads"]
    assert firewall.address in said and "access_denied" in said


@pytest.mark.parametrize(
    ("option", "checks"),
    [
        ("--index-table", {"records", "states"}),
        ("--ledger-table", {"owed_alerts", "reads"}),
        ("--states", {"notifications", "states"}),
        ("--dead-letter-queue", {"dead_letters"}),
        ("--events-queue", {"queues"}),
        ("--states-queue", {"queues"}),
        ("--provider-queue", {"queues"}),
        ("--slack-queue", {"queues"}),
        ("--topic", {"topic"}),
    ],
)
def test_what_is_not_there_is_a_finding_and_no_crash(healthy, option, checks):
    name = "arn:aws:sns:us-east-1:123456789012:nobody" if option == "--topic" else "nobody"
    name = healthy.dead_letters_url + "-nobody" if option.endswith("-queue") else name
    found = untold(healthy, option, name)
    assert set(found) == checks
    assert all("nobody" in what for what in found.values())


def test_a_check_that_is_denied_or_was_not_asked_for_is_never_healthy(watched, firewall, proxy):
    driftwire = watched
    indexed(driftwire, firewall.state)
    for service in ("cloudtrail", "dynamodb", "sqs", "sns", "s3"):
        proxy.deny(service, "*")
    found = examined(driftwire)
    assert {check["result"] for check in found["checks"]} == {"could_not_tell"}
    driftwire.environment.pop("DRIFTWIRE_TOPIC_ARN")
    assert "--topic" in untold(driftwire)["topic"]
