"""`driftwire check` reads through Terraform's plugins what the catalog does not read."""

import json
import os
import pty
import shutil
import signal
import subprocess
import termios
import urllib.parse

import pytest

from support import terraform
from support.places import ACCOUNT, REGION
from support.plugin_world import AWS, World, add_thing, lay_out, things
from support.processes import wait_until
from test_places import OTHER_ACCOUNT, make_jobs
from test_provider_judge import GROUP, LogGroup, plugin  # noqa: F401 - a fixture
from test_secrets import traces

#: What the plugin says of a queue that the native reader reads as well.
QUEUE = {
    "attributes": {
        "id": {"type": "string", "computed": True},
        "delay_seconds": {"type": "number", "optional": True},
        "visibility_timeout_seconds": {"type": "number", "optional": True},
    }
}


@pytest.fixture
def with_plugin(command):
    """A command line that finds the test plugin in a mirror."""
    lay_out(command.mirror)
    return command


@pytest.fixture
def state() -> terraform.State:
    return terraform.State()


# Each type by its reader


def test_each_instance_is_judged_by_the_reader_that_knows_its_type(with_plugin, cloud, state):
    with_plugin.world(things({"a": {}}))
    _, _, queue = make_jobs(cloud, state, "jobs")
    thing = add_thing(state, "a")
    report = with_plugin.check(state)
    assert report.verdicts() == {queue: ("in_sync", "native"), thing: ("in_sync", "provider")}
    assert "missing_plugins" not in report.summary
    text = with_plugin.check_in_words(state, "--all")
    assert f"= {thing} a" in text and f"= {queue} " in text and "2 instances: 0 gone, 0 drifted, 2 in sync, 0 unknown" in text


def test_what_drifted_and_what_is_gone_is_told_of_both_readers(with_plugin, cloud, state):
    with_plugin.world(things({"a": {"size": 2}, "b": {}}))
    sqs, url, queue = make_jobs(cloud, state, "jobs")
    drifted, in_sync, gone = (add_thing(state, name) for name in "abc")
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"DelaySeconds": "60"})

    report = with_plugin.check(state, code=2)
    assert report.verdicts() == {
        queue: ("drifted", "native"),
        drifted: ("drifted", "provider"),
        in_sync: ("in_sync", "provider"),
        gone: ("missing", "provider"),
    }
    expected = {"attribute": "size", "path": "size", "recorded": 1, "live": 2, "sensitive": False}
    assert report.instances[drifted]["differences"] == [expected]
    assert [report.instances[one].get("severity") for one in (gone, drifted, in_sync)] == ["high", "medium", None]
    text = with_plugin.check_in_words(state, code=2)
    assert f"- {gone} c (high): is gone" in text and f"~ {drifted} a (medium)\n      ~ size: 1 -> 2\n" in text and in_sync not in text
    assert "4 instances: 1 gone, 2 drifted, 1 in sync, 0 unknown" in text


def test_what_the_provider_computes_is_marked_and_is_no_drift_by_itself(with_plugin, state):
    with_plugin.world(things({"a": {"etag": "e-2"}, "b": {"etag": "e-2", "size": 2}}))
    alone, beside = add_thing(state, "a"), add_thing(state, "b")
    report = with_plugin.check(state, code=2)
    marked = {alone: [("etag", True)], beside: [("size", False), ("etag", True)]}
    for address, paths in marked.items():
        assert [(one["path"], one.get("computed", False)) for one in report.instances[address]["differences"]] == paths
    assert report.verdicts()[alone] == ("in_sync", "provider")
    text = with_plugin.check_in_words(state, "--all", code=2)
    assert text.count("also differs, computed by the provider: etag") == 2

    state.remove(beside)
    with_plugin.check(state, code=0)


def test_the_native_reader_alone_looks_for_no_plugin(with_plugin, state):
    world = with_plugin.world(things({"a": {}}))
    # Whoever looks for plugins says that this is broken.
    with_plugin.configure_terraform("provider_installation {")
    thing = add_thing(state, "a")
    report = with_plugin.check(state, "--reader", "native")
    assert report.reason(thing) == ("unsupported", "no reader at hand reads test_thing")
    assert (report.errors, report.summary.get("missing_plugins")) == ("", None)
    assert world.calls("start") == []
    assert "warning:" in with_plugin.check(state).errors


def test_the_provider_reader_alone_reads_what_the_native_one_could(with_plugin, cloud, state):
    _, _, queue = make_jobs(cloud, state, "jobs")
    lay_out(with_plugin.mirror, AWS, "5.100.0")
    with_plugin.world({"aws_sqs_queue": {**QUEUE, "live": {state.attributes(queue)["id"]: {}}}})
    assert with_plugin.check(state, "--reader", "provider").verdicts() == {queue: ("in_sync", "provider")}


def test_a_missing_plugin_is_told_with_where_was_looked_and_what_to_type(command, state):
    thing = add_thing(state, "a")
    for options in ((), ("--reader", "provider")):
        report = command.check(state, *options)
        kind, message = report.reason(thing)
        assert kind == "unsupported" and "no plugin of registry.terraform.io/driftwire/test" in message
        assert report.summary["unsupported_types"] == {"test_thing": 1}
        [missing] = report.summary["missing_plugins"]
        text = command.check_in_words(state, *options)
        for said in ("terraform init", "--working-dir", "--provider-dir", "--download", str(command.mirror), str(command.home / ".terraform.d/plugins")):
            assert said in missing and said in text, said
        command.check(state, *options, "--strict", code=1)


def test_a_state_that_a_newer_version_wrote_is_unknown_and_says_what_helps(with_plugin, state):
    with_plugin.world(things({"a": {}}, version=2))
    thing = add_thing(state, "a", schema_version=3)
    kind, message = with_plugin.check(state, code=1).reason(thing)
    assert kind == "recorded"
    assert "written by a newer version of the provider" in message
    assert "use the version that the state was written with, or a newer one" in message


def test_explain_looks_through_the_plugin_as_well(command, cloud, tmp_path):
    lay_out(command.mirror, AWS, "5.100.0")
    attributes = {"id": {"type": "string", "computed": True}, "retention_in_days": {"type": "number", "optional": True}}
    command.world({"aws_cloudwatch_log_group": {"attributes": attributes, "live": {GROUP: {"retention_in_days": 7}}}})
    group = LogGroup(cloud)
    some_record = tmp_path / "record.json"
    some_record.write_text(json.dumps(group.record(7)))
    _, *options = command.checking(group.state, "--json")
    [record] = json.loads(command.run("explain", str(some_record), "--judge", *options, code=2).stdout)["records"]
    [instance] = record["instances"]
    assert (instance["address"], instance["cause"], instance["verdict"], instance["reader"]) == (group.address, True, "drifted", "provider")
    assert [(one["path"], one["recorded"], one["live"]) for one in instance["differences"]] == [("retention_in_days", 30, 7)]


def test_explain_says_what_to_do_about_a_missing_plugin(command, cloud, tmp_path):
    group = LogGroup(cloud)
    some_record = tmp_path / "record.json"
    some_record.write_text(json.dumps(group.record(7)))
    _, *options = command.checking(group.state)
    assert "--download" in command.run("explain", str(some_record), "--judge", *options, code=None).stdout


# A second opinion


@pytest.fixture
def confirming(command, cloud, state):
    """A queue whose delay and timeout somebody changed, and a plugin of hashicorp/aws to ask about it."""
    return Confirming(command, cloud, state)


class Confirming:
    def __init__(self, command, cloud, state):
        self.command, self.state = command, state
        self.sqs, self.url, self.queue = make_jobs(cloud, state, "jobs")
        lay_out(command.mirror, AWS, "5.100.0")
        self.sqs.set_queue_attributes(QueueUrl=self.url, Attributes={"DelaySeconds": "60", "VisibilityTimeout": "45"})

    def says(self, live: dict | None, **rest) -> None:
        """What the plugin reads; nothing if it does not find the queue."""
        of_queue = {} if live is None else {state_id(self.state, self.queue): live}
        self.command.world({"aws_sqs_queue": {**QUEUE, "live": of_queue, **rest}})

    def check(self, code: int) -> dict:
        return self.command.check(self.state, "--confirm", code=code).instances[self.queue]

    def text(self, code: int) -> str:
        return self.command.check_in_words(self.state, "--confirm", code=code)


def state_id(state: terraform.State, address: str) -> str:
    return state.attributes(address)["id"]


def test_a_drift_that_the_plugin_confirms_counts(confirming):
    confirming.says({"delay_seconds": 60, "visibility_timeout_seconds": 45})
    instance = confirming.check(code=2)
    assert (instance["verdict"], instance["reader"], "unconfirmed" in instance) == ("drifted", "native", False)
    assert {one["path"] for one in instance["differences"]} == {"delay_seconds", "visibility_timeout_seconds"}


def test_a_drift_that_the_plugin_does_not_find_is_told_and_is_none(confirming):
    confirming.says({})
    instance = confirming.check(code=0)
    assert (instance["verdict"], instance["reader"], instance["differences"]) == ("in_sync", "provider", [])
    assert instance["unconfirmed"]["verdict"] == "drifted"
    assert {one["path"] for one in instance["unconfirmed"]["differences"]} == {"delay_seconds", "visibility_timeout_seconds"}
    text = confirming.text(code=0)
    assert "not confirmed by the provider: delay_seconds, visibility_timeout_seconds" in text
    assert "1 instance differs for the native reader and not for the provider" in text


def test_of_a_drift_that_the_plugin_confirms_in_part_that_part_counts(confirming):
    confirming.says({"delay_seconds": 60})
    instance = confirming.check(code=2)
    assert [one["path"] for one in instance["differences"]] == ["delay_seconds"]
    assert [one["path"] for one in instance["unconfirmed"]["differences"]] == ["visibility_timeout_seconds"]


def test_a_drift_that_the_plugin_cannot_judge_is_unknown(confirming):
    refused = {"diagnostics": [{"severity": "error", "summary": "reading SQS Queue", "detail": "AccessDenied"}]}
    confirming.says({}, read={"*": refused})
    instance = confirming.check(code=1)
    assert (instance["verdict"], instance["reason"]["kind"]) == ("unknown", "access_denied")
    assert "a drift was found and could not be confirmed: " in instance["reason"]["message"]


def test_a_drift_that_no_plugin_is_there_to_confirm_is_unknown(confirming):
    shutil.rmtree(confirming.command.mirror / AWS)
    report = confirming.command.check(confirming.state, "--confirm", code=1)
    kind, message = report.reason(confirming.queue)
    assert kind == "error" and "could not be confirmed" in message
    [missing] = report.summary["missing_plugins"]
    assert "--download" in missing
    text = confirming.text(code=1)
    assert "could not be confirmed" in text and "--download" in text


def test_what_is_gone_for_the_native_reader_and_there_for_the_plugin_is_not_gone(confirming):
    confirming.sqs.delete_queue(QueueUrl=confirming.url)
    confirming.says({})
    instance = confirming.check(code=0)
    assert (instance["verdict"], instance["reader"], instance["unconfirmed"]["verdict"]) == ("in_sync", "provider", "missing")
    assert "not confirmed by the provider: that it is gone" in confirming.text(code=0)

    confirming.says(None)
    instance = confirming.check(code=2)
    assert (instance["verdict"], "unconfirmed" in instance) == ("missing", False)


# Whose credentials, and whose secrets


def test_another_accounts_credentials_prove_nothing_and_start_no_plugin(command, cloud, state):
    arn = f"arn:aws:logs:{REGION}:{OTHER_ACCOUNT}:log-group:{GROUP}"
    address = state.add("aws_cloudwatch_log_group", "checkout", {"arn": arn, "id": GROUP, "name": GROUP})
    lay_out(command.mirror, AWS, "5.100.0")
    world = command.world({"aws_cloudwatch_log_group": {"attributes": {"id": {"type": "string", "computed": True}}}})
    report = command.check(state, code=1)
    kind, message = report.reason(address)
    assert kind == "wrong_account" and OTHER_ACCOUNT in message and ACCOUNT in message
    assert world.calls("start") == []


RECORDED, LIVE = "canary-recorded-password-41c7", "canary-live-password-9d02"
#: The credentials that the command line is given, shaped as AWS shapes them.
SECRET_KEY = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYCANARYKEY1"
TOKEN = "IQoJb3JpZ2luX2VjEJr0123456789" + "canaryTokenOfASession/0123456789+" * 10
SIGNING = f"cannot sign as AKIAIOSFODNN7CANARY1 with {SECRET_KEY} and {TOKEN}"
QUOTING = f"cannot send '{RECORDED}': {SIGNING}"
PANIC = {"exit": {"status": 2, "stderr": f"panic: {QUOTING} {LIVE}\n\ngoroutine 1 [running]:\nmain.main()"}}
COMPLAINT = {"diagnostics": [{"severity": "error", "summary": "reading Thing", "detail": QUOTING}]}
REFUSAL = {"diagnostics": [{"severity": "error", "summary": "no valid credentials", "detail": SIGNING}]}
LOGS = [f"[DEBUG] {QUOTING} {LIVE}"]


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        pytest.param({"stderr": LOGS, "stdio": LOGS, "read": {"stderr": LOGS}}, "drifted", id="in its output"),
        pytest.param({"handshake": {"junk": LOGS}}, "drifted", id="before its handshake"),
        pytest.param({"handshake": PANIC}, "unknown", id="when it panics at its start"),
        pytest.param({"configure": REFUSAL}, "unknown", id="when it is configured"),
        pytest.param({"upgrade": COMPLAINT}, "unknown", id="when it takes what is recorded"),
        pytest.param({"read": COMPLAINT}, "unknown", id="when it reads"),
        pytest.param({"read": {"status": {"code": 13, "message": QUOTING}}}, "unknown", id="in a status of gRPC"),
        pytest.param({"read": PANIC}, "unknown", id="when it panics while it reads"),
        pytest.param({"read": {"value": {"misfit": {"id": "a", "password": [LIVE]}}}}, "unknown", id="in a value that does not fit"),
    ],
)
def test_no_secret_that_a_plugin_tells_is_printed(command, cloud, state, tmp_path, said, expected):
    """A sensitive value by the plugin's own schema, and the credentials that it reads with."""
    lay_out(command.mirror, AWS, "5.100.0")
    world = command.world({"aws_canary": things({"a": {"password": LIVE}})["test_thing"]}, **said)
    recorded = {"arn": f"arn:aws:canary:{REGION}:{ACCOUNT}:a", "id": "a", "size": 1, "etag": "e-1", "password": RECORDED}
    address = state.add("aws_canary", "a", recorded)
    log = tmp_path / "terraform.log"
    command.environment |= {"AWS_SECRET_ACCESS_KEY": SECRET_KEY, "AWS_SESSION_TOKEN": TOKEN, "TF_LOG": "trace", "TF_LOG_PATH": str(log)}
    code = {"drifted": 2, "unknown": 1}[expected]

    printed = [command.run(*command.checking(state, *format), code=code) for format in (("--json",), ("--all",))]
    [instance] = json.loads(printed[0].stdout)["instances"]
    assert (instance["address"], instance["verdict"]) == (address, expected)
    if expected == "drifted":
        hidden = {"attribute": "password", "path": "password", "recorded": "(sensitive value)", "live": "(sensitive value)", "sensitive": True}
        assert instance["differences"] == [hidden]
    given = [start["environment"] for start in world.calls("start")]
    assert given and all("AWS_SECRET_ACCESS_KEY" in environment and "TF_LOG" not in environment for environment in given)
    assert not log.exists()
    everything = "".join(done.stdout + done.stderr for done in printed)
    found = [trace for secret in (RECORDED, LIVE, SECRET_KEY, TOKEN, "AKIAIOSFODNN7CANARY1") for trace in traces(secret) if trace in everything]
    assert found == [] and "goroutine" not in everything, everything


ESCAPED = urllib.parse.quote(TOKEN, safe="")


@pytest.mark.parametrize("call", ["configure", "read"])
@pytest.mark.parametrize(
    "quoted",
    [
        pytest.param(f'Get "https://sts.amazonaws.com/?X-Amz-Security-Token={ESCAPED}&X-Amz-Signature=0": EOF', id="escaped in a URL"),
        pytest.param(f'Get "https://sts.amazonaws.com/?X-Amz-Security-Token={TOKEN}&X-Amz-Signature=0": EOF', id="in a URL"),
        pytest.param(f"[{TOKEN}]", id="in brackets"),
        pytest.param(f"secret={SECRET_KEY}&x=1", id="in a form"),
    ],
)
def test_no_credential_is_printed_whatever_stands_around_it(command, state, quoted, call):
    lay_out(command.mirror, AWS, "5.100.0")
    world = {call: {"diagnostics": [{"severity": "error", "summary": "reading", "detail": quoted}]}}
    command.world({"aws_canary": things({"a": {}})["test_thing"]}, **world)
    state.add("aws_canary", "a", {"arn": f"arn:aws:canary:{REGION}:{ACCOUNT}:a", "id": "a", "size": 1, "etag": "e-1", "password": None})
    command.environment |= {"AWS_SECRET_ACCESS_KEY": SECRET_KEY, "AWS_SESSION_TOKEN": TOKEN}
    text = command.check_in_words(state, code=1)
    left = [piece for secret in (SECRET_KEY, TOKEN, ESCAPED) for start in range(0, len(secret) - 24, 8) if (piece := secret[start : start + 24]) in text]
    assert left == [], text


# What goes wrong in the middle


def test_a_plugin_that_ends_in_the_middle_costs_what_it_was_asked_for_at_that_moment(with_plugin, state):
    names = [f"thing-{number}" for number in range(100)]
    panic = {"exit": {"status": 2, "stderr": "panic: runtime error"}}
    world = with_plugin.world(things({name: {} for name in names}, read={"thing-50": panic}))
    ended = [add_thing(state, name) for name in names][50]
    report = with_plugin.check(state, "--parallel", "4", code=1)
    unknown = {address for address, (verdict, _) in report.verdicts().items() if verdict == "unknown"}
    assert ended in unknown and len(unknown) <= 4
    assert report.summary["in_sync"] == 100 - len(unknown)
    kind, message = report.reason(ended)
    assert kind == "error" and "driftwire/test 1.0.0: it ended with exit status: 2 while it was asked" in message
    assert len(world.calls("start")) > 1


@pytest.fixture
def hanging(with_plugin, state):
    """A check that waits for a plugin that never answers; the world of the plugin."""
    world = with_plugin.world(things({"a": {}}, read={"a": {"hang": True}}))
    add_thing(state, "a")
    return world, with_plugin.checking(state)


def waits_for_a_read(world: World) -> int:
    """Once the plugin was asked to read: its process."""
    [read] = wait_until("a read", lambda: world.calls("ReadResource"))
    assert runs(read["pid"])
    return read["pid"]


def runs(pid: int) -> bool:
    """Whether it lives. What ended and was not waited for does not."""
    shown = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False).stdout.strip()
    return shown != "" and not shown.startswith("Z")


@pytest.mark.parametrize(("sent", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)], ids=["Ctrl-C", "SIGTERM"])
def test_whoever_has_had_enough_leaves_no_plugin_and_no_folder_behind(with_plugin, hanging, sent, code):
    world, checking = hanging
    with with_plugin.started(*checking, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        plugin = waits_for_a_read(world)
        assert [folder.name.startswith("driftwire-") for folder in with_plugin.temporary.iterdir()] == [True]
        process.send_signal(sent)
        printed, complaint = process.communicate(timeout=20)
        assert (process.returncode, printed) == (code, "")
        assert "interrupted before every instance was looked at" in complaint
        assert not runs(plugin)
        assert list(with_plugin.temporary.iterdir()) == []


def test_a_plugin_does_not_outlive_a_killed_command(with_plugin, hanging):
    world, checking = hanging
    with with_plugin.started(*checking, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        plugin = waits_for_a_read(world)
        process.kill()
        process.wait(5)
        wait_until("the plugin to end", lambda: not runs(plugin), seconds=1.0, pause=0.02)
    # Nobody was left to do it.
    for folder in with_plugin.temporary.iterdir():
        shutil.rmtree(folder)


def test_what_takes_long_says_how_far_it_is_on_a_terminal_and_nowhere_else(with_plugin, state):
    with_plugin.world(things({"a": {}}, read={"a": {"delay_ms": 3000}}))
    add_thing(state, "a")
    checking = with_plugin.checking(state, "--json")
    with_plugin.environment["TERM"] = "xterm"
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (24, 100))
    with (
        with_plugin.started(*checking, stdout=subprocess.PIPE, stderr=theirs) as watched,
        with_plugin.started(*checking, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as unwatched,
    ):
        os.close(theirs)
        drawn = written_to(ours)
        printed, _ = watched.communicate(timeout=20)
        assert json.loads(printed)["summary"]["in_sync"] == 1 and watched.returncode == 0
        assert "looking at instances 0 of 1" in drawn
        printed, silent = unwatched.communicate(timeout=20)
        assert json.loads(printed)["summary"]["in_sync"] == 1 and silent == ""


def written_to(terminal: int) -> str:
    """What is written to a terminal until nobody has it open any more."""
    drawn = b""
    with open(terminal, "rb", buffering=0) as read:
        try:
            while piece := read.read(4096):
                drawn += piece
        except OSError:
            # Linux's way to say that the other side is closed.
            pass
    return drawn.decode(errors="replace")


# The real plugin


def test_the_real_plugin_of_hashicorp_aws_judges_what_the_catalog_does_not_read(command, cloud, plugin):
    command.mirror = plugin[0].parents[5]
    group = LogGroup(cloud)
    address = group.address
    assert command.check(group.state).verdicts() == {address: ("in_sync", "provider")}

    group.keep_for(7)
    report = command.check(group.state, code=2)
    assert report.verdicts() == {address: ("drifted", "provider")}
    assert [(one["path"], one["recorded"], one["live"]) for one in report.instances[address]["differences"]] == [("retention_in_days", 30, 7)]

    group.logs.delete_log_group(logGroupName=GROUP)
    assert command.check(group.state, code=2).verdicts() == {address: ("missing", "provider")}
