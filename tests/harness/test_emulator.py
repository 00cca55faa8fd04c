"""The harness itself: what it claims to do for the functions, shown with a function that does nothing but obey."""

import os
import signal
import subprocess
import sys
import textwrap
import threading

import pytest

from support import processes
from support.cloud import Cloud
from support.emulator import Emulator, FunctionError
from support.event_source import EventSource
from support.processes import Child, wait_until

#: Fails the messages whose body is `no`, and as a whole on `burst`.
OBEDIENT = """\
#!{python}
import json, os, urllib.error, urllib.request
api = os.environ["AWS_LAMBDA_RUNTIME_API"] + "/2018-06-01/runtime/invocation"
while True:
    with urllib.request.urlopen(api + "/next") as response:
        request, event = response.headers["lambda-runtime-aws-request-id"], json.load(response)
    bodies = {{record["messageId"]: record["body"] for record in event["Records"]}}
    print(os.environ["AWS_LAMBDA_FUNCTION_NAME"], sorted(bodies.values()), flush=True)
    path, answer = "response", {{"batchItemFailures": [{{"itemIdentifier": id}} for id, body in bodies.items() if body == "no"]}}
    if "burst" in bodies.values():
        path, answer = "error", {{"errorType": "Burst", "errorMessage": "as asked"}}
    try:
        urllib.request.urlopen(urllib.request.Request(api + "/" + request + "/" + path, json.dumps(answer).encode(), method="POST")).close()
    except urllib.error.HTTPError:
        # Whoever asked gave up, because the function was killed that had the event first.
        print("nobody waits for the answer", flush=True)
"""


@pytest.fixture
def obedient(tmp_path, monkeypatch):
    function = tmp_path / "event-detector"
    function.write_text(OBEDIENT.format(python=sys.executable))
    function.chmod(0o755)
    monkeypatch.setenv("DRIFTWIRE_BIN_DIR", str(tmp_path))
    emulator = Emulator(tmp_path / "lambda")
    emulator.start("event-detector", os.environ)
    yield emulator
    emulator.stop()


@pytest.fixture
def source(cloud: Cloud, obedient: Emulator):
    sqs = cloud.client("sqs")
    url = sqs.create_queue(QueueName="work", Attributes={"VisibilityTimeout": "1"})["QueueUrl"]
    return EventSource(sqs, url, "arn:aws:sqs:us-east-1:123456789012:work", obedient, "event-detector")


def send(source: EventSource, *bodies: str, delay: int = 0) -> None:
    for body in bodies:
        source.sqs.send_message(QueueUrl=source.queue_url, MessageBody=body, DelaySeconds=delay)


def test_what_the_function_is_done_with_is_deleted_and_the_rest_comes_back(source):
    send(source, "yes", "no", "yes")
    batch = source.poll()
    assert (len(batch.message_ids), len(batch.failures), batch.error) == (3, 1, None)
    again = wait_until("the message to come back", source.poll)
    assert again.message_ids == batch.failures


def test_an_error_of_the_function_brings_the_whole_batch_back(source):
    send(source, "yes", "burst")
    batch = source.poll()
    assert sorted(batch.failures) == sorted(batch.message_ids) and "as asked" in batch.error
    assert source.waiting() == 2


def test_a_delayed_message_comes_late(source):
    send(source, "yes", delay=1)
    assert source.poll() is None and source.waiting() == 1
    assert wait_until("the delay to pass", source.poll).failures == []
    assert source.waiting() == 0


def test_an_error_is_told_with_its_message(obedient):
    with pytest.raises(FunctionError, match="as asked"):
        obedient.invoke("event-detector", {"Records": [{"messageId": "1", "body": "burst"}]})


def test_a_function_that_is_killed_is_replaced_and_its_batch_comes_back(source, obedient):
    send(source, "yes")
    function = obedient.functions["event-detector"]
    os.kill(function.child.pid, signal.SIGSTOP)
    threading.Timer(0.3, lambda: obedient.kill("event-detector")).start()
    batch = source.poll()
    assert batch.failures == batch.message_ids and "was killed" in batch.error
    assert obedient.functions["event-detector"] is not function
    again = wait_until("the message to come back", source.poll)
    assert again.failures == [] and source.waiting() == 0


def test_a_function_that_ends_by_itself_is_no_redelivery_but_an_error(obedient):
    child = obedient.functions["event-detector"].child
    os.kill(child.pid, signal.SIGSTOP)
    threading.Timer(0.3, child.kill).start()
    with pytest.raises(RuntimeError, match="ended by itself"):
        obedient.invoke("event-detector", {"Records": []})


def test_a_function_writes_to_a_log_of_its_own(obedient):
    obedient.invoke("event-detector", {"Records": [{"messageId": "1", "body": "yes"}]})
    assert "event-detector ['yes']" in obedient.functions["event-detector"].log()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a process of its parent's death")
@pytest.mark.parametrize("sent", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_nothing_outlives_a_harness_that_ends_badly(tmp_path, sent):
    """A parent that starts a child, which starts a grandchild, and then is killed."""
    program = textwrap.dedent(
        """
        import pathlib, signal, sys, time
        from support.processes import Child
        # What a shell starts in the background ignores interrupts, and so would its children.
        signal.signal(signal.SIGINT, signal.default_int_handler)
        child = Child("child", ["sleep", "600"], pathlib.Path(sys.argv[1]))
        print(child.pid, flush=True)
        time.sleep(600)
        """
    )
    command = [sys.executable, "-c", program, str(tmp_path / "log")]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=environment) as parent:
        child = int(parent.stdout.readline())
        assert is_running(child)
        parent.send_signal(sent)
    wait_until("the child to end with its parent", lambda: not is_running(child), seconds=10)


def test_what_is_stopped_takes_with_it_what_it_started(tmp_path):
    child = Child("parent", ["sh", "-c", "sleep 600 & echo $!; wait"], tmp_path / "log")
    grandchild = int(wait_until("the grandchild to start", child.output))
    child.stop()
    wait_until("the grandchild to end", lambda: not is_running(grandchild), seconds=5)
    assert child.pid not in processes.running()


def is_running(pid: int) -> bool:
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8") as stat:
            return stat.read().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
