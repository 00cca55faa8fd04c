"""The examples, applied: what is deployed is what was planned, works with its own permissions, and goes away whole."""

from __future__ import annotations

import json

import pytest

from support import records
from support.places import ACCOUNT
from support.terraform_cli import changes
from support.worlds import BUCKET, KEY, World

pytestmark = pytest.mark.applies

GROUP = "aws_security_group.web"
LOG_GROUP = "aws_cloudwatch_log_group.checkout"

#: What a plan right after the apply would change, and why that is moto's doing. AWS keeps what was applied.
MOTO = {
    ("aws_lambda_function", "logging_config"): "moto takes a function's logging_config and forgets it",
}


def test_a_second_plan_changes_nothing_but_what_a_served_aws_forgets(single_account: World, provider_reader: World):
    for world in (single_account, provider_reader):
        planned = changes(world.plan)
        differing = {(address.split("[")[0].split(".")[-2], attribute) for address, (_, attributes) in planned.items() for attribute in attributes}
        assert differing == set(MOTO), f"{differing ^ set(MOTO)}: a change that AWS would see too, or one that moto has learnt to keep"
        assert {tuple(actions) for actions, _ in planned.values()} == {("update",)}


def test_a_bucket_that_does_not_tell_eventbridge_is_warned_of_with_the_lines_to_add(single_account: World):
    said = " ".join(single_account.said.split())
    assert "Warning: Check block assertion failed" in single_account.said
    assert f"s3://{BUCKET} does not tell EventBridge of its objects" in said
    assert f'resource "aws_s3_bucket_notification" "{BUCKET}" {{ bucket = "{BUCKET}" eventbridge = true }}' in said


def test_a_bucket_that_tells_eventbridge_is_not_warned_of(single_account: World):
    assert "Warning" not in single_account.plan_said


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
    assert len(single_account.mails()) == 2 and "resolved" in single_account.mails()[1].lower()

    assert watched.enforcement.refused == [], "the policies do not suffice"
    assert (applied.failures(), applied.buried()) == ({}, [])
    used = watched.enforcement.used
    assert {("event-detector", "ec2:DescribeSecurityGroups"), ("event-detector", "sns:Publish"), ("state-indexer", "s3:ListBucket")} <= used
