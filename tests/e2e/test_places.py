"""Equal names in other accounts and regions are other things; another account's credentials prove nothing."""

import pytest

from support import records, terraform
from support.deployment import Deployment
from support.places import ACCOUNT

OTHER_ACCOUNT = "210987654321"
READER = {"DRIFTWIRE_ASSUME_ROLE": "arn:{partition}:iam::{account}:role/driftwire-reader"}


def make_jobs(cloud, state: terraform.State, name: str, **where: str):
    """A queue of the name `jobs` somewhere."""
    sqs = cloud.client("sqs", **where)
    url = sqs.create_queue(QueueName="jobs")["QueueUrl"]
    address = state.add("aws_sqs_queue", name, terraform.queue(sqs, url))
    return sqs, url, address


def delay_changed(sqs, url: str, **where: str):
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"DelaySeconds": "60"})
    request = {"queueUrl": url, "attributes": {"DelaySeconds": "60"}}
    return records.record("sqs", "SetQueueAttributes", request, None, caller=records.somebody(), **where)


@pytest.mark.parametrize("where", [{"account": OTHER_ACCOUNT}, {"region": "eu-west-1"}], ids=["accounts", "regions"])
def test_equal_names_are_told_apart(deploy, cloud, where):
    driftwire: Deployment = deploy(**READER)
    here, there = terraform.State(), terraform.State()
    make_jobs(cloud, here, "here")
    sqs, url, address = make_jobs(cloud, there, "there", **where)
    driftwire.write_state("here.tfstate", here.text())
    driftwire.write_state("there.tfstate", there.text())
    driftwire.settle()

    driftwire.record(delay_changed(sqs, url, **where))
    driftwire.settle()

    [drift] = driftwire.drifts()
    assert drift.address == address
    [difference] = drift.differences
    assert (difference["path"], difference["recorded"], difference["live"]) == ("delay_seconds", 0, 60)
    assert (drift.place["account"], drift.place["region"]) == (where.get("account", ACCOUNT), where.get("region", "us-east-1"))


def test_equal_roles_of_two_accounts_are_told_apart(deploy, cloud):
    driftwire: Deployment = deploy(**READER)
    trust = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}]}'
    for account in (ACCOUNT, OTHER_ACCOUNT):
        iam, state = cloud.client("iam", account=account), terraform.State()
        iam.create_role(RoleName="admin", AssumeRolePolicyDocument=trust, MaxSessionDuration=3600)
        state.add("aws_iam_role", "admin", terraform.role(iam, "admin"))
        driftwire.write_state(f"{account}.tfstate", state.text())
    driftwire.settle()

    cloud.client("iam", account=OTHER_ACCOUNT).update_role(RoleName="admin", MaxSessionDuration=43200)
    request = {"roleName": "admin", "maxSessionDuration": 43200}
    driftwire.record(records.record("iam", "UpdateRole", request, None, caller=records.somebody(), account=OTHER_ACCOUNT))
    driftwire.settle()

    [drift] = driftwire.drifts()
    assert drift.state.endswith(f"/{OTHER_ACCOUNT}.tfstate")


def test_credentials_of_another_account_prove_nothing(driftwire, cloud):
    """No role to assume: what is at hand finds nothing in the other account, and that is no news."""
    state = terraform.State()
    sqs, url, address = make_jobs(cloud, state, "there", account=OTHER_ACCOUNT)
    driftwire.write_state("there.tfstate", state.text())
    driftwire.settle()

    driftwire.record(delay_changed(sqs, url, account=OTHER_ACCOUNT))
    driftwire.settle()

    [drift] = driftwire.drifts()
    assert (drift.address, drift.status) == (address, "unreadable")
    assert drift.unreadable["kind"] == "wrong_account"
    assert len(driftwire.alerts()) == 1


def test_a_role_that_turns_out_to_be_of_another_account_proves_nothing(deploy, cloud):
    """A role's template that names a fixed account: the assumed credentials are real, and of the wrong account."""
    driftwire: Deployment = deploy(DRIFTWIRE_ASSUME_ROLE="arn:aws:iam::333333333333:role/driftwire-reader")
    state = terraform.State()
    sqs, url, _ = make_jobs(cloud, state, "there", account=OTHER_ACCOUNT)
    driftwire.write_state("there.tfstate", state.text())
    driftwire.settle()
    driftwire.record(delay_changed(sqs, url, account=OTHER_ACCOUNT))
    driftwire.settle()
    [drift] = driftwire.drifts()
    assert (drift.status, drift.unreadable["kind"]) == ("unreadable", "wrong_account")
