"""Names, tags and values come from strangers: they blame nobody, break nothing, and secrets stay where they are."""

import io
import json
import zipfile

import pytest

from conftest import indexed
from support import records, terraform
from support.firewall import make_firewall

SECRET = "correct-horse-battery-staple-41"
NEW_SECRET = "tr0ub4dor-and-a-few-more-words-7"


def test_an_arn_in_a_tag_is_a_look_and_blames_nobody(driftwire, cloud, firewall):
    """Somebody opened the port unseen; then Mallory tags something else with the group's ARN."""
    bystander = make_firewall(cloud, name="bystander")
    firewall.state.resources += bystander.state.resources
    indexed(driftwire, firewall.state)
    firewall.open(22)
    arn = firewall.state.attributes(firewall.address)["arn"]
    bystander.ec2.create_tags(Resources=[bystander.group], Tags=[{"Key": "copied-from", "Value": arn}])
    driftwire.record(records.tags_created(bystander.group, {"copied-from": arn}, caller=records.somebody("eve@example.com")))
    driftwire.settle()

    drift = driftwire.drift(firewall.address)
    assert drift.status == "drifted", "the look shows what is true"
    assert drift.causes == []
    assert [seen["actor"]["name"] for seen in drift.also_seen if "eve@example.com" in seen["actor"]["name"]]
    [alert] = [alert for alert in driftwire.alerts() if alert.address == firewall.address]
    assert "not known" in alert.text
    assert [cause["actor"]["name"] for cause in driftwire.drift(bystander.address).causes if "eve@example.com" in cause["actor"]["name"]]


def test_an_arn_in_a_tag_of_something_in_sync_is_silent(driftwire, firewall):
    indexed(driftwire, firewall.state)
    arn = firewall.state.attributes(firewall.address)["arn"]
    driftwire.record(records.tags_created("i-0123456789abcdef0", {"copied-from": arn}, caller=records.somebody()))
    driftwire.settle()
    assert driftwire.drifts() == [] and driftwire.alerts() == []


@pytest.fixture
def function_with_a_secret(cloud):
    """A function whose environment holds a password, which its state marks as sensitive."""
    iam, functions = cloud.client("iam"), cloud.client("lambda")
    trust = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}]}'
    role = iam.create_role(RoleName="worker", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as archive:
        archive.writestr("index.py", "def handler(event, context): pass")
    made = functions.create_function(
        FunctionName="worker",
        Runtime="python3.13",
        Role=role,
        Handler="index.handler",
        Code={"ZipFile": code.getvalue()},
        Environment={"Variables": {"DATABASE_LOGIN": SECRET, "STAGE": "prod"}},
    )
    state = terraform.State()
    attributes = {
        "architectures": ["x86_64"],
        "arn": made["FunctionArn"],
        "description": "",
        "environment": [{"variables": {"DATABASE_LOGIN": SECRET, "STAGE": "prod"}}],
        "function_name": "worker",
        "handler": "index.handler",
        "id": "worker",
        "memory_size": 128,
        "package_type": "Zip",
        "role": role,
        "runtime": "python3.13",
        "timeout": 3,
    }
    address = state.add("aws_lambda_function", "worker", attributes, sensitive=("environment",))
    return functions, state, address


def test_a_sensitive_value_that_changed_is_said_and_never_shown(driftwire, cloud, function_with_a_secret):
    functions, state, address = function_with_a_secret
    indexed(driftwire, state)
    functions.update_function_configuration(FunctionName="worker", Environment={"Variables": {"DATABASE_LOGIN": NEW_SECRET, "STAGE": "prod"}})
    request = {"functionName": "worker", "environment": {"variables": {"DATABASE_LOGIN": NEW_SECRET, "STAGE": "prod"}}}
    driftwire.record(records.record("lambda", "UpdateFunctionConfiguration20150331v2", request, {"functionName": "worker"}, caller=records.somebody()))
    driftwire.settle()

    drift = driftwire.drift(address)
    assert [difference["sensitive"] for difference in drift.differences if difference["attribute"] == "environment"] == [True]
    [alert] = driftwire.alerts()
    assert "environment" in alert.text

    dynamodb = cloud.client("dynamodb")
    tables = [dynamodb.scan(TableName=driftwire.environment[name])["Items"] for name in ("DRIFTWIRE_LEDGER_TABLE", "DRIFTWIRE_INDEX_TABLE")]
    everything = {
        "the ledger and the index": repr(tables),
        "the alert": repr(alert),
        "the logs": driftwire.logs(),
        "the dead letters": repr(driftwire.buried()),
        "drift list": driftwire.driftwire("drift", "list"),
        "drift list --json": driftwire.driftwire("drift", "list", "--json"),
        "drift show": driftwire.driftwire("drift", "show", address),
        "drift show --json": driftwire.driftwire("drift", "show", address, "--json"),
        "check": driftwire.driftwire("check", "--state", f"s3://{driftwire.bucket}/prod/network.tfstate", codes=(2,)),
    }
    for where, text in everything.items():
        assert SECRET not in text and NEW_SECRET not in text, f"{where} shows the secret"


def test_markup_and_control_characters_in_names_stay_text(driftwire, firewall):
    bad = "<!channel> <script>alert(1)</script> \x1b[31mred\x1b[0m\r\nX-Injected: yes \u202egnp.exe"
    caller = records.somebody(bad)
    attributes = firewall.state.attributes(firewall.address)
    attributes["tags"] = attributes["tags_all"] = {"Name": bad}
    indexed(driftwire, firewall.state)
    opened = firewall.open(22, caller=caller)
    driftwire.record(opened | {"sourceIPAddress": bad, "userAgent": bad})
    driftwire.settle()

    [alert] = driftwire.alerts()
    assert alert.subject.isascii() and alert.subject.isprintable() and len(alert.subject) < 100
    for text in (alert.text, driftwire.driftwire("drift", "list"), driftwire.driftwire("drift", "show", firewall.address)):
        assert "\x1b" not in text and "\r" not in text and "\u202e" not in text
        assert "\nX-Injected" not in text
    # Machines get the name as it is, quoted by JSON.
    assert json.loads(json.dumps(alert.body)) == alert.body
