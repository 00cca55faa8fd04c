"""What a deployment has for GitHub, read from plans: that it may do what it has to and no more, and is not there where nobody asked."""

from __future__ import annotations

import functools
import json
from typing import Any

import pytest

import planning
from planning import EXAMPLES, GITHUB_SECRET, needs_terraform
from support.places import ACCOUNT, REGION, WORKSPACE
from support.policies import Policies, listed
from support.terraform_cli import planned

pytestmark = needs_terraform

READ_ACTIONS = json.loads((WORKSPACE / "infra/read-actions.json").read_text())
STATE = "arn:aws:s3:::acme-tfstate/github/organisation.tfstate"
PARAMETER = f"arn:aws:ssm:{REGION}:{ACCOUNT}:parameter/driftwire/github"
KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/1a0f6f5c-0000-4000-8000-000000000000"
EACH_MORNING = "cron(0 6 * * ? *)"
WITH_GITHUB = f'{{ owner = "acme", secret_arn = "{GITHUB_SECRET}" }}'


def queue(name: str) -> str:
    return f"arn:aws:sqs:{REGION}:{ACCOUNT}:driftwire-{name}"


def table(name: str) -> str:
    return f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/driftwire-{name}"


class Plan:
    """What an example's own deployment will be."""

    def __init__(self, plan: dict[str, Any]):
        self.resources = {held["address"].removeprefix("module.driftwire."): held.get("values", {}) for held in planned(plan)}

    def __getitem__(self, address: str) -> dict[str, Any]:
        return self.resources[address]

    def function(self, name: str) -> Policies:
        """What the role of a function is allowed, but for Driftwire's key, which is known when it is made."""
        return Policies([json.loads(self[f'aws_iam_role_policy.function["{name}"]']["policy"])])

    def of_type(self, wanted: str) -> dict[str, dict[str, Any]]:
        return {address: values for address, values in self.resources.items() if address.split(".")[0] == wanted}


@pytest.fixture(scope="session")
def github_only(plans) -> Plan:
    return Plan(plans["github-only"])


@pytest.fixture(scope="module")
def planned_with(terraform, _moto, tmp_path_factory):
    """Plans of an example with other inputs."""
    folder = tmp_path_factory.mktemp("with-github")
    dist = planning.stand_ins(folder / "stand-ins")
    examples = {name: planning.example(terraform, folder / name, name, _moto.endpoint, dist) for name in ("single-account", "github-only")}

    def plan(name: str, **inputs: str) -> Plan:
        examples[name].override(**{**planning.inputs(name), **inputs})
        return Plan(examples[name].plan())

    return plan


@pytest.fixture(scope="module")
def scanning(planned_with):
    """Plans of the example with other members of its input; each is made once."""

    @functools.cache
    def plan(**members: str) -> Plan:
        given = {"owner": "acme", "secret_arn": GITHUB_SECRET, **members}
        return planned_with("github-only", github=f"{{ {', '.join(f'{name} = {json.dumps(value)}' for name, value in given.items())} }}")

    return plan


@pytest.mark.parametrize("name", [name for name in EXAMPLES if name != "github-only"])
def test_nothing_of_github_is_deployed_where_nobody_asked_for_it(plans, name):
    plan = Plan(plans[name])
    assert len(plan.resources) > 40
    assert [address for address, values in plan.resources.items() if "github" in f"{address} {json.dumps(values)}".lower()] == []


def test_beside_aws_the_scan_adds_what_it_needs_and_takes_nothing_away(plans, planned_with):
    before, after = Plan(plans["single-account"]), planned_with("single-account", github=WITH_GITHUB)
    assert before.resources.keys() < after.resources.keys()
    added = after.resources.keys() - before.resources.keys()
    assert {address for address in added if "github" not in address} == {"aws_cloudwatch_metric_alarm.no_scan[0]"}
    changed = {address for address in before.resources if before[address] != after[address]}
    # Whoever hands over to it, wakes it and shows it.
    assert changed == {'aws_iam_role_policy.function["event-detector"]', "aws_iam_role_policy.scheduler", "aws_cloudwatch_dashboard.this"}
    assert after.function("event-detector").allow("sqs:SendMessage", queue("github"))
    assert not before.function("event-detector").allow("sqs:SendMessage", queue("github"))
    assert after.function("event-detector").allow("ec2:DescribeSecurityGroups", "*")
    assert not after.function("github-scanner").allow("ec2:DescribeSecurityGroups", "*")
    assert not after.function("state-indexer").allow("sqs:SendMessage", queue("github"))


def test_github_scanner_may_do_what_it_has_to(github_only):
    allowed = github_only.function("github-scanner").allow
    for action, resource in (
        ("sqs:ReceiveMessage", queue("github")),
        ("sqs:DeleteMessage", queue("github")),
        ("sqs:ChangeMessageVisibility", queue("github")),
        ("sqs:SendMessage", queue("github")),
        ("sqs:SendMessage", queue("states")),
        ("sqs:SendMessage", queue("dead-letters")),
        ("s3:GetObject", STATE),
        ("s3:ListBucket", "arn:aws:s3:::acme-tfstate"),
        ("dynamodb:Query", table("index")),
        ("dynamodb:BatchGetItem", table("index")),
        ("dynamodb:UpdateItem", table("ledger")),
        ("dynamodb:Query", f"{table('ledger')}/index/owed"),
        ("sns:Publish", f"arn:aws:sns:{REGION}:{ACCOUNT}:driftwire"),
        ("secretsmanager:GetSecretValue", GITHUB_SECRET),
    ):
        assert allowed(action, resource), f"{action} of {resource}"


def test_github_scanner_may_do_nothing_else(github_only):
    policies = github_only.function("github-scanner")
    for action, resource in (
        ("sqs:SendMessage", queue("events")),
        ("sqs:ReceiveMessage", queue("events")),
        ("sqs:PurgeQueue", queue("github")),
        ("s3:PutObject", STATE),
        ("s3:GetObject", "arn:aws:s3:::acme-tfstate/prod/network.tfstate"),
        ("dynamodb:PutItem", table("index")),
        ("dynamodb:DeleteTable", table("ledger")),
        ("sns:Publish", f"arn:aws:sns:{REGION}:{ACCOUNT}:driftwire-alarms"),
        ("secretsmanager:GetSecretValue", GITHUB_SECRET.replace("github", "slack")),
        ("secretsmanager:PutSecretValue", GITHUB_SECRET),
        ("ssm:GetParameter", PARAMETER),
        ("kms:Decrypt", KEY),
        ("sts:AssumeRole", "arn:aws:iam::210987654321:role/driftwire-read"),
    ):
        assert not policies.allow(action, resource), f"{action} of {resource}"
    assert "*" not in [resource for statement in policies.statements for resource in listed(statement["Resource"])]


def test_a_parameter_with_a_key_of_ones_own_is_read_instead_and_the_key_used_through_ssm_alone(scanning):
    policies = scanning(secret_arn=PARAMETER, secret_kms_key_arn=KEY).function("github-scanner")
    assert policies.allow("ssm:GetParameter", PARAMETER)
    assert not policies.allow("ssm:GetParameter", f"{PARAMETER}-of-others")
    assert not policies.allow("secretsmanager:GetSecretValue", GITHUB_SECRET)
    assert policies.allow("kms:Decrypt", KEY, {"kms:ViaService": [f"ssm.{REGION}.amazonaws.com"]})
    assert not policies.allow("kms:Decrypt", KEY, {"kms:ViaService": [f"s3.{REGION}.amazonaws.com"]})
    assert not policies.allow("kms:Decrypt", KEY)


def test_other_accounts_roles_are_for_who_reads_aws(planned_with):
    members = '{ external_id = "of-the-tests", accounts = ["210987654321"] }'
    plan = planned_with("single-account", github=WITH_GITHUB, assume_role=members)
    role = "arn:aws:iam::210987654321:role/driftwire-read"
    assert plan.function("event-detector").allow("sts:AssumeRole", role)
    assert not plan.function("github-scanner").allow("sts:AssumeRole", role)


def test_a_deployment_for_github_alone_has_neither_trail_nor_rules_for_records_and_reads_nothing_of_the_account(github_only):
    assert github_only.of_type("aws_cloudtrail") == {}
    # What is left tells of states.
    assert [values["name"] for values in github_only.of_type("aws_cloudwatch_event_rule").values()] == ["driftwire-states"]
    assert [values["target_id"] for values in github_only.of_type("aws_cloudwatch_event_target").values()] == ["states"]
    alarms = {values["alarm_name"]: values for values in github_only.of_type("aws_cloudwatch_metric_alarm").values()}
    assert "driftwire-no-events" not in alarms
    assert alarms["driftwire-undelivered"]["dimensions"] == {"RuleName": "driftwire-states"}
    detector = github_only.function("event-detector")
    assert [action for action in READ_ACTIONS if detector.allow(action, "*")] == []
    assert not detector.allow("dynamodb:PutItem", table("index"), {"dynamodb:LeadingKeys": ["heartbeat"]})
    # Nobody delivers to it: the functions send, and their schedule.
    [events] = [json.loads(values["policy"]) for address, values in github_only.of_type("aws_sqs_queue_policy").items() if '"events"' in address]
    assert {statement["Effect"] for statement in listed(events["Statement"])} == {"Deny"}


@pytest.mark.parametrize("name", EXAMPLES)
def test_a_dashboard_shows_alarms_rules_and_queues_that_are_there(plans, name):
    plan = Plan(plans[name])
    widgets = json.loads(plan["aws_cloudwatch_dashboard.this"]["dashboard_body"])["widgets"]
    [shown] = [widget["properties"]["alarms"] for widget in widgets if widget["type"] == "alarm"]
    assert {alarm.rpartition(":")[2] for alarm in shown} == {values["alarm_name"] for values in plan.of_type("aws_cloudwatch_metric_alarm").values()}
    metrics = [metric for widget in widgets for metric in widget["properties"].get("metrics", [])]
    assert all(widget["properties"]["metrics"] for widget in widgets if widget["type"] == "metric")
    there = {values.get("name") or values.get("function_name") for kind in ("aws_sqs_queue", "aws_cloudwatch_event_rule", "aws_lambda_function") for values in plan.of_type(kind).values()}
    for metric in metrics:
        named = {member: metric[at + 1] for at, member in enumerate(metric[:-1]) if member in ("QueueName", "RuleName", "FunctionName", "Function")}
        for member, held in named.items():
            assert (f"driftwire-{held}" if member == "Function" else held) in there, metric


def test_the_scan_begins_with_the_apply_and_goes_on_by_its_schedule(github_only, scanning):
    schedule = github_only['aws_scheduler_schedule.this["scan_github"]']
    assert json.loads(schedule["target"][0]["input"]) == {"driftwire": "scan_github"}
    # A rate without a start begins at once.
    assert (schedule["schedule_expression"], schedule["start_date"]) == ("rate(1 hour)", None)
    sends = Policies([json.loads(github_only["aws_iam_role_policy.scheduler"]["policy"])])
    assert sends.allow("sqs:SendMessage", queue("github")) and not sends.allow("sqs:SendMessage", queue("dead-letters"))

    def with_github(**members: str) -> dict[str, Any]:
        return scanning(**members)['aws_scheduler_schedule.this["scan_github"]']

    assert with_github(schedule=EACH_MORNING)["schedule_expression"] == EACH_MORNING
    assert with_github(schedule="rate(13 hours)")["name"] == schedule["name"]
    assert with_github(owner="globex")["name"] != schedule["name"], "another organisation is looked at at once, too"
    assert with_github(base_url="https://github.acme.example/")["name"] != schedule["name"]


def test_github_scanner_has_time_little_concurrency_and_a_queue_that_waits_for_it(github_only):
    function = github_only['aws_lambda_function.this["github-scanner"]']
    mapping = github_only['aws_lambda_event_source_mapping.this["github-scanner"]']
    held = github_only['aws_sqs_queue.work["github"]']
    assert (function["function_name"], function["timeout"], function["memory_size"]) == ("driftwire-github-scanner", 900, 256)
    # Less is refused by Lambda, and more would wait for the same limits of GitHub's.
    assert mapping["scaling_config"] == [{"maximum_concurrency": 2}]
    assert mapping["function_response_types"] == ["ReportBatchItemFailures"]
    assert held["visibility_timeout_seconds"] == 6 * function["timeout"]
    assert github_only['aws_cloudwatch_log_group.function["github-scanner"]']["retention_in_days"] == 30


def test_github_scanner_that_fails_waits_or_gives_up_is_an_alarm(github_only):
    alarms = {values["alarm_name"]: values["dimensions"] for values in github_only.of_type("aws_cloudwatch_metric_alarm").values()}
    assert alarms["driftwire-github-scanner-errors"] == {"FunctionName": "driftwire-github-scanner"}
    assert alarms["driftwire-github-scanner-throttles"] == {"FunctionName": "driftwire-github-scanner"}
    assert alarms["driftwire-github-age"] == {"QueueName": "driftwire-github"}
    assert alarms["driftwire-dead-letters"] == {"QueueName": "driftwire-dead-letters"}


def test_a_day_without_a_scan_is_an_alarm_where_there_are_to_be_several(github_only, scanning):
    alarm = github_only["aws_cloudwatch_metric_alarm.no_scan[0]"]
    assert (alarm["metric_name"], alarm["dimensions"], alarm["period"], alarm["treat_missing_data"]) == ("scans", {"Function": "github-scanner"}, 86400, "breaching")
    for schedule, watched in (("rate(12 hours)", True), ("rate(13 hours)", False), (EACH_MORNING, False)):
        assert ("aws_cloudwatch_metric_alarm.no_scan[0]" in scanning(schedule=schedule).resources) is watched, schedule
