"""A secret stays where it is: whatever Driftwire stores, sends, logs or prints, neither it nor a hash of it is there."""

import base64
import hashlib
import io
import json
import zipfile

import pytest

from conftest import KEY, indexed
from support import records, terraform
from support.deployment import Deployment
from support.proxy import refuse

#: What may stand nowhere but in the state, in the cloud and in CloudTrail's own record. None looks like a credential.
CANARIES = {
    "recorded, marked in the state": "canary-marked-in-state-0f3a",
    "recorded, under a name of a secret": "canary-by-its-name-77b1",
    "recorded, deep in a block": "canary-deep-in-block-c2d9",
    "recorded, as hidden by the catalog": "canary-of-the-catalog-5e60",
    "live": "canary-live-value-91aa",
    "in a request": "canary-in-request-3bd4",
    "in a response": "canary-in-response-e8f7",
    "in the environment": "canary-external-id-6c15",
}
#: What an error of AWS quotes besides.
CREDENTIALS = ["AKIAIOSFODNN7CANARY1", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYCANARYKEY1", "postgres://app:canary-password@db/x"]


def traces(secret: str) -> set[str]:
    """A secret, and the shapes in which it would still be one: encoded, hashed, cut."""
    raw = secret.encode()
    found = {secret, secret[: len(secret) - 3], base64.b64encode(raw).decode().rstrip("=")}
    for algorithm in ("md5", "sha1", "sha256"):
        digest = hashlib.new(algorithm, raw).digest()
        found |= {digest.hex(), digest.hex()[:16], base64.b64encode(digest).decode().rstrip("="), repr(digest)[2:-1]}
    return found


@pytest.fixture
def watched_closely(cloud, emulator, proxy):
    """A Driftwire behind a proxy that logs all that it can."""
    settings = {"DRIFTWIRE_LOG": "trace", "DRIFTWIRE_EXTERNAL_ID": CANARIES["in the environment"]}
    driftwire = Deployment(cloud, emulator, endpoint=proxy.endpoint, settings=settings)
    # The command line takes it only beside a role.
    del driftwire.environment["DRIFTWIRE_EXTERNAL_ID"]
    return driftwire


def make_function(cloud, name: str, variables: dict[str, str]):
    """A function with an environment, and the attributes that a state holds of it."""
    iam, functions = cloud.client("iam"), cloud.client("lambda")
    trust = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}]})
    role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as archive:
        archive.writestr("index.py", "def handler(event, context): pass")
    made = functions.create_function(
        FunctionName=name, Runtime="python3.13", Role=role, Handler="index.handler", Code={"ZipFile": code.getvalue()}, Environment={"Variables": variables}
    )
    attributes = {
        "arn": made["FunctionArn"],
        "description": "",
        "environment": [{"variables": variables}],
        "function_name": name,
        "handler": "index.handler",
        "id": name,
        "memory_size": 128,
        "role": role,
        "runtime": "python3.13",
        "timeout": 3,
    }
    return functions, attributes


def changed(functions, name: str):
    """Somebody changes a function's environment; the record of it, in which CloudTrail hid nothing."""
    variables = {"DATABASE_LOGIN": CANARIES["live"], "SESSION_KEY": CANARIES["in a request"]}
    functions.update_function_configuration(FunctionName=name, Environment={"Variables": variables}, Timeout=9)
    request = {"functionName": name, "environment": {"variables": variables}, "timeout": 9}
    response = {"functionName": name, "environment": {"variables": {"DB_SECRET": CANARIES["in a response"]}}}
    return records.record("lambda", "UpdateFunctionConfiguration20150331v2", request, response, caller=records.somebody())


def test_no_secret_and_no_hash_of_one_is_stored_sent_logged_or_printed(watched_closely, cloud, proxy, tmp_path):
    driftwire, state = watched_closely, terraform.State()
    marked = {"DATABASE_LOGIN": CANARIES["recorded, marked in the state"], "db_password": CANARIES["recorded, under a name of a secret"]}
    functions, attributes = make_function(cloud, "worker", marked)
    worker = state.add("aws_lambda_function", "worker", attributes, sensitive=("environment",))
    # In lower case, and named as what refers to a resource.
    functions, attributes = make_function(cloud, "other", {"session_key": CANARIES["recorded, as hidden by the catalog"]})
    other = state.add("aws_lambda_function", "other", attributes)
    # Of a type that nothing reads.
    deep = {"id": "nightly", "name": "nightly", "arn": "arn:aws:glue:us-east-1:123456789012:job/nightly", "connections": [{"inner": [{"auth_token": CANARIES["recorded, deep in a block"]}]}]}
    glue = state.add("aws_glue_job", "nightly", deep)
    indexed(driftwire, state)

    driftwire.record(changed(functions, "worker"), changed(functions, "other"))
    driftwire.record(records.record("glue", "UpdateJob", {"jobName": "nightly", "token": CANARIES["in a request"]}, {"jobName": "nightly"}, caller=records.somebody()))
    driftwire.settle()
    assert {drift.address: drift.status for drift in driftwire.drifts()} == {worker: "drifted", other: "drifted", glue: "touched"}

    # From now on AWS quotes what a function holds, and more than that.
    held = {"worker": marked.values(), "other": [CANARIES["recorded, as hidden by the catalog"]]}

    def quote(call, forward):
        values = [*next(values for name, values in held.items() if f"/{name}" in call.path), *CREDENTIALS]
        return refuse(400, "ValidationException", "; ".join(f"value '{value}' is not valid" for value in values))(call, forward)

    proxy.on("lambda", "*", quote)
    driftwire.write_state(KEY, state.text())
    driftwire.record(changed(functions, "worker"), changed(functions, "other"))
    # What is no record and what no function understands ends in the dead letters, each with its reason.
    driftwire.send_events([json.dumps(CANARIES["in a response"]), json.dumps({"detail": CANARIES["in a request"]})])
    driftwire.run_until("the dead letters", lambda: len(driftwire.buried()) == 2)
    # What fails is tried again for an hour.
    driftwire.move_clock(3700)
    driftwire.settle()
    unreadable = [drift.printed["unreadable"]["message"] for drift in driftwire.drifts() if drift.printed["unreadable"]]
    assert len(unreadable) == 2 and all("ValidationException" in message and "(sensitive value)" in message for message in unreadable), unreadable

    proxy.be_kind()
    at = ("--state", f"s3://{driftwire.bucket}/{KEY}")
    some_record = tmp_path / "record.json"
    some_record.write_text(json.dumps(records.envelope(changed(functions, "worker"))))
    dynamodb = cloud.client("dynamodb")
    reasons = [{name: value["StringValue"] for name, value in message["MessageAttributes"].items()} for message in driftwire.buried()]
    assert len(reasons) == 2, reasons
    # A dead letter is the message as it came, to be sent again; what Driftwire adds to it is its reason.
    left = [json.loads(call.body)["MessageBody"] for call in proxy.calls if call.is_("sqs", "SendMessage")]
    left = [message for message in left if message.startswith('{"driftwire":')]
    shown = {
        "the ledger": repr(dynamodb.scan(TableName=driftwire.environment["DRIFTWIRE_LEDGER_TABLE"])["Items"]),
        "the index": repr(dynamodb.scan(TableName=driftwire.environment["DRIFTWIRE_INDEX_TABLE"])["Items"]),
        "the alerts, by queue and by mail": repr(driftwire.alerts()) + repr(cloud.mails()),
        "the reasons of the dead letters": repr(reasons),
        "what the functions left for later": "".join(left),
        "the logs": driftwire.logs(),
        "drift list": driftwire.driftwire("drift", "list", "--closed"),
        "drift list --json": driftwire.driftwire("drift", "list", "--closed", "--json"),
    }
    for format in ((), ("--json",)):
        name = " ".join(format)
        for address in (worker, other, glue):
            shown[f"drift show {address} {name}"] = driftwire.driftwire("drift", "show", address, *format)
        shown[f"check {name}"] = driftwire.driftwire("check", *at, *format, codes=(1, 2, 3, 4))
        shown[f"explain --judge {name}"] = driftwire.driftwire("explain", str(some_record), *at, "--judge", *format, codes=(0, 1, 2, 3, 4))
    assert all(shown.values()), [where for where, text in shown.items() if not text]
    found = [
        f"{what} stands in {where}, as {trace!r}: ...{text.partition(trace)[0][-80:]}"
        for where, text in shown.items()
        for what, secret in [*CANARIES.items(), *((f"credential {number}", credential) for number, credential in enumerate(CREDENTIALS))]
        for trace in traces(secret)
        if trace in text
    ]
    assert not found, "\n".join(found)


def test_the_sdks_own_lines_stay_out_of_the_log_at_trace(watched_closely, firewall):
    driftwire = watched_closely
    indexed(driftwire, firewall.state)
    driftwire.record(firewall.open(22))
    driftwire.settle()
    lines = [json.loads(line) for line in driftwire.logs().splitlines() if line.startswith("{")]
    own = ("drift_", "event_detector", "state_indexer", "provider_judge", "github_scanner", "slack_notifier")
    assert [line["target"] for line in lines if not line.get("target", "drift_").startswith(own)] == []
    assert "Credential=" not in driftwire.logs() and "x-amz-security-token" not in driftwire.logs().lower()


def test_a_value_that_reads_like_a_hidden_one_is_a_value(driftwire, cloud):
    """Somebody writes the mark of hidden values into a tag: it is told once, and looking again changes nothing."""
    sqs, state = cloud.client("sqs"), terraform.State()
    url = sqs.create_queue(QueueName="jobs", tags={"team": "a"})["QueueUrl"]
    address = state.add("aws_sqs_queue", "jobs", terraform.queue(sqs, url))
    indexed(driftwire, state)
    sqs.tag_queue(QueueUrl=url, Tags={"team": "(sensitive value)"})
    for _ in range(2):
        driftwire.record(records.record("sqs", "TagQueue", {"queueUrl": url, "tags": {"team": "(sensitive value)"}}, None, caller=records.somebody()))
        driftwire.settle()
    assert [alert.kind for alert in driftwire.alerts()] == ["opened"]
    [difference] = [difference for difference in driftwire.drift(address).differences if difference["path"] == "tags.team"]
    assert (difference["live"], difference["sensitive"]) == ("(sensitive value)", False)
