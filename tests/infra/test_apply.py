"""The examples, applied: what is deployed is what was planned, works with its own permissions, and goes away whole."""

from __future__ import annotations

import collections
import concurrent.futures
import json
import re
from pathlib import Path

import pytest

import installed
from support import records
from support.places import ACCOUNT
from support.policies import Policies
from support.slack import CHANNEL
from support.terraform_cli import changes, differing
from support.worlds import BUCKET, KEY, ORGANISATION, World

pytestmark = pytest.mark.applies

GROUP = "aws_security_group.web"
LOG_GROUP = "aws_cloudwatch_log_group.checkout"

#: What a plan right after the apply would change, and why that is moto's doing: (type, attribute) and what moto does there.
#: AWS keeps what was applied, and so does moto by now.
MOTO: dict[tuple[str, str], str] = {}


def test_a_second_plan_changes_nothing_but_what_a_served_aws_forgets(single_account: World, with_slack: World, provider_reader: World, github_only: World):
    for world in (single_account, with_slack, provider_reader, github_only):
        assert len([change for change in world.plan["resource_changes"] if change["change"]["actions"] == ["no-op"]]) > 40
        planned = changes(world.plan)
        differing = {(_type(address), attribute) for address, (_, attributes) in planned.items() for attribute in attributes}
        assert differing == set(MOTO), f"{differing ^ set(MOTO)}: a change that AWS would see too, or one that moto has learnt to keep"
        assert {tuple(actions) for actions, _ in planned.values()} <= {("update",)}


def _type(address: str) -> str:
    """The type in `module.driftwire.aws_sqs_queue.work["events"]`."""
    return re.sub(r"\[[^]]*]", "", address).split(".")[-2]


def test_a_bucket_that_does_not_tell_eventbridge_is_warned_of_with_the_lines_to_add(single_account: World):
    said = " ".join(single_account.said.split())
    assert "Warning: Check block assertion failed" in single_account.said
    assert f"s3://{BUCKET} does not tell EventBridge of its objects" in said
    assert f'resource "aws_s3_bucket_notification" "{BUCKET}" {{ bucket = "{BUCKET}" eventbridge = true }}' in said


def test_a_bucket_that_tells_eventbridge_is_not_warned_of(single_account: World):
    assert "Warning" not in single_account.plan_said


def test_a_queue_takes_what_this_deployments_rules_deliver_and_nobody_elses(single_account: World):
    events = single_account.cloud.client("events")
    rules = events.list_rules()["Rules"]
    assert {rule["Name"] for rule in rules} == {"driftwire-changes", "driftwire-states"}
    for rule in rules:
        [target] = events.list_targets_by_rule(Rule=rule["Name"])["Targets"]
        for queue in (target["Arn"], target["DeadLetterConfig"]["Arn"]):
            takes_only_from(single_account, queue, "events.amazonaws.com", rule["Arn"])


def test_the_queue_of_slack_takes_what_this_deployments_topics_deliver_and_nobody_elses(with_slack: World):
    subscriptions = [held for held in with_slack.cloud.client("sns").list_subscriptions()["Subscriptions"] if held["Protocol"] == "sqs"]
    assert {held["TopicArn"].rpartition(":")[2] for held in subscriptions} == {"driftwire", "driftwire-alarms"}
    for held in subscriptions:
        takes_only_from(with_slack, held["Endpoint"], "sns.amazonaws.com", held["TopicArn"])


def test_what_waits_for_somebody_elses_service_is_given_up_later_than_what_fails_here(with_slack: World, github_only: World):
    def given_up_after(world: World, name: str) -> int:
        sqs = world.cloud.client("sqs")
        url = sqs.get_queue_url(QueueName=f"driftwire-{name}")["QueueUrl"]
        redrive = json.loads(sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["RedrivePolicy"])["Attributes"]["RedrivePolicy"])
        assert redrive["deadLetterTargetArn"].endswith(":driftwire-dead-letters")
        return redrive["maxReceiveCount"]

    assert [given_up_after(with_slack, name) for name in ("events", "states", "slack")] == [5, 5, 20]
    assert [given_up_after(github_only, name) for name in ("events", "states", "github")] == [5, 5, 10]


def takes_only_from(world: World, queue: str, service: str, source: str) -> None:
    """By its policy a queue takes messages of a service on behalf of this, and not if anything of that were another's."""
    sqs = world.cloud.client("sqs")
    url = sqs.get_queue_url(QueueName=queue.rpartition(":")[2])["QueueUrl"]
    policy = Policies([json.loads(sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["Policy"])["Attributes"]["Policy"])])

    def takes(service: str = service, source: str = source, account: str = ACCOUNT, tls: str = "true") -> bool:
        context = {"aws:SourceArn": [source], "aws:SourceAccount": [account], "aws:SecureTransport": [tls]}
        return policy.allow("sqs:SendMessage", queue, context, service)

    assert takes()
    assert not takes(source=source.replace("driftwire", "somebody"))
    assert not takes(account="210987654321")
    assert not takes(tls="false")
    assert not takes(service="s3.amazonaws.com")


def test_what_existed_before_is_indexed_and_a_port_opened_by_hand_is_told_and_its_repair_too(single_account: World, at_work):
    watched = at_work(single_account)
    applied, group = watched.applied, single_account.watched[GROUP]["id"]
    applied.begin()
    applied.settle()
    assert json.loads(single_account.driftwire("drift", "list", "--json"))["drifts"] == []
    assert single_account.mails() == []

    ec2 = single_account.cloud.client("ec2")
    permission = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
    ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[permission])
    applied.record(records.ingress_authorized(group, port=22, cidr="0.0.0.0/0", caller=records.somebody("mallory@example.com")))
    applied.settle()
    [drift] = json.loads(single_account.driftwire("drift", "list", "--json"))["drifts"]
    assert (drift["instance"]["key"]["address"], drift["instance"]["state"], drift["status"]) == (GROUP, f"s3://{BUCKET}/{KEY}", "drifted")
    [mail] = single_account.mails()
    for said in ("mallory@example.com", GROUP, "0.0.0.0/0", KEY):
        assert said in mail

    ec2.revoke_security_group_ingress(GroupId=group, IpPermissions=[permission])
    applied.record(records.ingress_revoked(group, port=22, cidr="0.0.0.0/0", caller=records.somebody("mallory@example.com")))
    applied.settle()
    assert json.loads(single_account.driftwire("drift", "list", "--json"))["drifts"] == []
    assert len(single_account.mails()) == 2 and "as recorded again" in single_account.mails()[1]

    # The bucket tells EventBridge that the state was written anew, and the rule tells state-indexer.
    indexed = len(applied.sources["state-indexer"].batches)
    s3 = single_account.cloud.client("s3")
    s3.put_object(Bucket=BUCKET, Key=KEY, Body=s3.get_object(Bucket=BUCKET, Key=KEY)["Body"].read() + b"\n")
    s3.put_object(Bucket=BUCKET, Key="elsewhere/network.tfstate", Body=b"{")
    applied.settle()
    assert len(applied.sources["state-indexer"].batches) > indexed
    s3.delete_object(Bucket=BUCKET, Key="elsewhere/network.tfstate")
    applied.settle()

    assert watched.enforcement.refused == [], "the policies do not suffice"
    assert (applied.failures(), applied.buried()) == ({}, [])
    used = watched.enforcement.used
    assert {("event-detector", "ec2:DescribeSecurityGroups"), ("event-detector", "sns:Publish"), ("state-indexer", "s3:ListBucket")} <= used


def test_a_change_to_what_only_a_plugin_reads_is_told_with_the_permissions_of_provider_judge(provider_reader: World, at_work):
    watched = at_work(provider_reader)
    applied = watched.applied
    applied.begin()
    applied.settle()

    provider_reader.cloud.client("logs").put_retention_policy(logGroupName="/acme/checkout", retentionInDays=1)
    changed = {"logGroupName": "/acme/checkout", "retentionInDays": 1}
    applied.record(records.record("logs", "PutRetentionPolicy", changed, None, caller=records.somebody("mallory@example.com")))
    # The first judgement fetches the plugin.
    applied.settle(240)
    [mail] = provider_reader.mails()
    for said in ("mallory@example.com", LOG_GROUP, "retention_in_days", "30"):
        assert said in mail

    assert watched.enforcement.refused == [], "the policies do not suffice"
    assert (applied.failures(), applied.buried()) == ({}, [])
    used = watched.enforcement.used
    assert {("provider-judge", "s3:GetObject"), ("provider-judge", "logs:DescribeLogGroups"), ("event-detector", "sqs:SendMessage")} <= used


def test_an_alert_reaches_slack_with_the_permissions_of_slack_notifier(with_slack: World, slack, at_work):
    watched = at_work(with_slack)
    applied, group = watched.applied, with_slack.watched[GROUP]["id"]
    applied.begin()
    applied.settle()
    assert slack.messages == []

    open_to_all = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
    with_slack.cloud.client("ec2").authorize_security_group_ingress(GroupId=group, IpPermissions=[open_to_all])
    applied.record(records.ingress_authorized(group, port=22, cidr="0.0.0.0/0", caller=records.somebody("mallory@example.com")))
    applied.settle()
    [message] = slack.messages
    assert message.channel == CHANNEL and GROUP in message.text and "mallory@example.com" in message.text
    assert len(with_slack.mails()) == 1, "what is critical is mailed as well"

    assert watched.enforcement.refused == [], "the policies do not suffice"
    assert (applied.failures(), applied.buried()) == ({}, [])
    assert {("slack-notifier", "secretsmanager:GetSecretValue"), ("slack-notifier", "dynamodb:PutItem")} <= watched.enforcement.used


def test_what_was_changed_in_github_by_hand_is_told_by_a_scan_and_closed_by_an_apply_without_one(github_only: World, github, at_work):
    watched = at_work(github_only)
    applied, repository = watched.applied, 'github_repository.this["shop"]'
    # Whichever comes first, the index or the first scan.
    applied.begin()
    applied.settle(120)
    applied.fire("scan_github")
    applied.settle(120)
    assert json.loads(github_only.driftwire("drift", "list", "--json"))["drifts"] == []
    assert github_only.mails() == []

    github.served.world.repository("shop").visibility = "public"
    for _ in ("a scan", "the same again"):
        applied.fire("scan_github")
        applied.settle(120)
        [drift] = json.loads(github_only.driftwire("drift", "list", "--json"))["drifts"]
        assert (drift["instance"]["key"]["address"], drift["instance"]["state"], drift["status"]) == (repository, f"s3://{BUCKET}/{ORGANISATION}", "drifted")
        [mail] = github_only.mails()
    for said in (repository, "visibility", "private", "public", ORGANISATION):
        assert said in mail

    # It is public on purpose by now: somebody changed the configuration, and applied it.
    github.world.repository("shop").visibility = "public"
    github_only.cloud.client("s3").put_object(Bucket=BUCKET, Key=ORGANISATION, Body=github.state().encode())
    applied.settle(120)
    assert json.loads(github_only.driftwire("drift", "list", "--json"))["drifts"] == []
    assert len(github_only.mails()) == 2 and "as recorded again" in github_only.mails()[1]

    assert watched.enforcement.refused == [], "the policies do not suffice"
    assert (applied.failures(), applied.buried()) == ({}, [])
    used = watched.enforcement.used
    assert {("github-scanner", "secretsmanager:GetSecretValue"), ("github-scanner", "sns:Publish"), ("event-detector", "sqs:SendMessage")} <= used
    # Neither the App's key nor a token of it is in what the functions wrote.
    assert not [word for word in ("ghs_", "PRIVATE KEY") if word in applied.logs()]


def test_a_function_that_does_what_its_role_does_not_allow_is_refused(single_account: World, at_work):
    watched = at_work(single_account)
    client = watched.world.cloud.client
    policies = watched.enforcement.policies
    group = "arn:aws:ec2:us-east-1:123456789012:security-group/sg-1"
    for function in policies:
        for action, resource in (
            ("ec2:RevokeSecurityGroupIngress", group),
            ("s3:PutObject", f"arn:aws:s3:::{BUCKET}/{KEY}"),
            ("s3:GetObject", "arn:aws:s3:::acme-invoices/2026.csv"),
            ("s3:GetObject", f"arn:aws:s3:::{BUCKET}/secret/other.tfstate"),
            ("dynamodb:DeleteTable", f"arn:aws:dynamodb:us-east-1:{ACCOUNT}:table/driftwire-ledger"),
            ("sqs:PurgeQueue", f"arn:aws:sqs:us-east-1:{ACCOUNT}:driftwire-events"),
            ("iam:PutRolePolicy", f"arn:aws:iam::{ACCOUNT}:role/driftwire-{function}"),
        ):
            assert not policies[function].allow(action, resource), f"{function} may {action} of {resource}"
    assert client("iam").get_role(RoleName="driftwire-event-detector")["Role"]["Arn"].endswith(":role/driftwire-event-detector")


@pytest.mark.parametrize("name", ["single-account", "slack", "provider-reader", "github-only"])
def test_right_after_the_first_apply_driftwire_finds_what_terraforms_own_refresh_finds(worlds, name):
    # What one resource sets on another (a queue's policy, a role's inline policies) is not yet in the other's record.
    world: World = worlds[name].result()
    refreshed = {
        (one["address"], attribute)
        for one in world.plan["resource_drift"]
        for attribute in differing(one["change"])
        # No tags are no tags, whether the provider says null or an empty map.
        if attribute != "tags" or (one["change"]["before"][attribute] or {}) != one["change"]["after"][attribute]
    }
    found = {(one["address"], difference["attribute"]) for one in judged(world, world.example.state, "provider") for difference in one["differences"]}
    assert found == refreshed
    natively = {(one["address"], difference["attribute"]) for one in judged(world, world.example.state, "native") for difference in one["differences"]}
    assert natively <= refreshed


@pytest.mark.parametrize("reader", ["native", "auto", "provider"])
@pytest.mark.parametrize("name", ["single-account", "slack", "provider-reader", "github-only"])
def test_driftwire_finds_its_own_deployment_in_sync_but_for_what_a_served_aws_forgets(worlds, tmp_path, name, reader):
    world: World = worlds[name].result()
    # As every later run of Terraform records it.
    world.example("apply", "-refresh-only", "-auto-approve", f"-state-out={tmp_path / 'terraform.tfstate'}")
    instances = judged(world, tmp_path / "terraform.tfstate", reader)
    verdicts = collections.Counter(one["verdict"] for one in instances)
    drifted = {(_type(one["address"]), difference["attribute"]) for one in instances if one["verdict"] == "drifted" for difference in one["differences"]}
    missing = [one["address"] for one in instances if one["verdict"] == "missing"]
    unread = {one["address"]: one["reason"] for one in instances if one["verdict"] == "unknown"}
    unknown = {address: reason for address, reason in unread.items() if (reader, reason["kind"]) != ("native", "unsupported")}
    assert (drifted - set(MOTO), missing, unknown) == (set(), [], {})
    assert verdicts["in_sync"] >= (10 if reader == "native" else 40)


def judged(world: World, state: Path, reader: str) -> list[dict]:
    """The instances of a state as `driftwire check` judges them."""
    mirror = [] if reader == "native" else ["--provider-dir", str(installed.mirror())]
    options = ["--state", str(state), "--json", "--tolerate-unknown", "--reader", reader, *mirror]
    return json.loads(world.driftwire("check", *options, codes=(0, 2)))["instances"]


@pytest.mark.undoes
def test_destroying_leaves_nothing_behind_and_takes_nothing_that_is_somebody_elses(
    single_account: World, with_slack: World, provider_reader: World, github_only: World
):
    worlds = [single_account, with_slack, provider_reader, github_only]
    for world in worlds:
        assert len(belongings(world)) > 30
    with concurrent.futures.ThreadPoolExecutor() as pool:
        list(pool.map(lambda world: world.example.destroy(), worlds))
    for world in worlds:
        assert belongings(world) == set()
        assert json.loads(world.example.state.read_text())["resources"] == []
        s3 = world.cloud.client("s3")
        assert {held["Key"] for held in s3.list_objects_v2(Bucket=BUCKET)["Contents"]} == world.keys
        assert "EventBridgeConfiguration" in s3.get_bucket_notification_configuration(Bucket=BUCKET)


#: Stands for AWS's own key, once something is encrypted with that.
MOTOS_KEY = "Default key"


def belongings(world: World) -> set[str]:
    """Everything in the account that is of Driftwire, by what it is called, whatever it was made by."""
    client = world.cloud.client
    rules = client("events").list_rules()["Rules"]
    groups = client("scheduler").list_schedule_groups()["ScheduleGroups"]
    alarms = client("cloudwatch").describe_alarms()["MetricAlarms"]
    keys = [client("kms").describe_key(KeyId=key["KeyId"])["KeyMetadata"] for key in client("kms").list_keys()["Keys"]]
    found = {
        "function": [held["FunctionName"] for held in client("lambda").list_functions()["Functions"]],
        "mapping": [held["EventSourceArn"] for held in client("lambda").list_event_source_mappings()["EventSourceMappings"]],
        "queue": client("sqs").list_queues().get("QueueUrls", []),
        "table": client("dynamodb").list_tables()["TableNames"],
        "topic": [held["TopicArn"] for held in client("sns").list_topics()["Topics"]],
        "subscription": [held["TopicArn"] + held["Endpoint"] for held in client("sns").list_subscriptions()["Subscriptions"]],
        "rule": [held["Name"] for held in rules],
        "bus": [held["Name"] for held in client("events").list_event_buses()["EventBuses"] if held["Name"] != "default"],
        "schedule group": [held["Name"] for held in groups if held["Name"] != "default"],
        "schedule": [held["Name"] for held in client("scheduler").list_schedules()["Schedules"]],
        "alarm": [held["AlarmName"] for held in alarms],
        "dashboard": [held["DashboardName"] for held in client("cloudwatch").list_dashboards()["DashboardEntries"]],
        "log group": [held["logGroupName"] for held in client("logs").describe_log_groups()["logGroups"] if held["logGroupName"] != "/acme/checkout"],
        "role": [held["RoleName"] for held in client("iam").list_roles()["Roles"]],
        "policy": [held["PolicyName"] for held in client("iam").list_policies(Scope="Local")["Policies"]],
        # A key is not gone before its seven days are over.
        "key": [held["Description"] for held in keys if held["Description"] != MOTOS_KEY and held["KeyState"] != "PendingDeletion"],
        "alias": [held["AliasName"] for held in client("kms").list_aliases()["Aliases"] if not held["AliasName"].startswith("alias/aws/")],
        "secret": [held["Name"] for held in client("secretsmanager").list_secrets()["SecretList"]],
        "bucket": [held["Name"] for held in client("s3").list_buckets()["Buckets"] if held["Name"] != BUCKET],
    }
    return {f"{kind} {name}" for kind, names in found.items() for name in names}
