"""What a function is told by its environment is as docs/configuration.md says; what is wrong with it is one line of its log."""

from __future__ import annotations

import json
import re
import subprocess
from dataclasses import dataclass

import pytest
from support import plugins
from support.places import WORKSPACE, aws_environment, binary

#: Whatever is deployed.
FUNCTIONS = sorted(folder.name for folder in (WORKSPACE / "functions").iterdir() if (folder / "Cargo.toml").exists())
NO_SHAPE = ":: no shape ::"
#: Any path is of this shape.
PATHS = {"DRIFTWIRE_PLUGIN_DIR", "DRIFTWIRE_CLOCK_FILE"}


@dataclass(frozen=True)
class Variable:
    """A row of the documentation."""

    name: str
    shape: str
    example: str
    needed_by: frozenset[str]
    taken_by: frozenset[str]
    set_by: str


def documented() -> list[Variable]:
    page = (WORKSPACE / "docs" / "configuration.md").read_text()
    rows = [line.strip("| ").split(" | ") for line in page.splitlines() if line.startswith("| `DRIFTWIRE_")]
    return [_variable(*(cell.strip() for cell in row)) for row in rows]


def _variable(name: str, shape: str, example: str, functions: str, _without: str, set_by: str) -> Variable:
    def those(verb: str) -> frozenset[str]:
        listed = re.search(rf"{verb} ([^;]*)", functions)
        return frozenset(re.findall(r"`([a-z-]+)`", listed[1])) if listed else frozenset()

    return Variable(name.strip("`"), shape, example.strip("`"), those("needed by"), those("taken by"), set_by)


VARIABLES = documented()
CASES = [(function, variable) for function in FUNCTIONS for variable in VARIABLES]
IDS = [f"{function}-{variable.name}" for function, variable in CASES]


def complete(function: str) -> dict[str, str]:
    """The least with which that function starts."""
    told = {variable.name: variable.example for variable in VARIABLES if function in variable.needed_by}
    if function == "provider-judge":
        [told["DRIFTWIRE_PLUGINS"]] = [variable.example for variable in VARIABLES if variable.name == "DRIFTWIRE_PLUGINS"]
    return told


def stopped(function: str, told: dict[str, str], endpoint: str = "http://127.0.0.1:1") -> str:
    """What a function says that does not start: one line, and nothing else."""
    environment = aws_environment(endpoint) | {"AWS_MAX_ATTEMPTS": "1"} | told
    done = subprocess.run([str(binary(function))], env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1, f"it ended with {done.returncode}: {done.stdout}{done.stderr}"
    assert done.stdout == ""
    [line] = done.stderr.splitlines()
    said = json.loads(line)
    assert (said["level"], said["function"]) == ("ERROR", function)
    assert said["message"].startswith("the function stops: ")
    assert not re.search(r"panick|Error\(|Error \{|Some\(|\\\"", said["message"]), said["message"]
    return said["message"]


def sentence(variable: Variable) -> str:
    return f"it has to be {variable.shape}, such as `{variable.example}`; {variable.set_by} sets it."


@pytest.mark.parametrize("function", FUNCTIONS)
def test_without_an_environment_all_that_is_needed_is_said_at_once(function):
    done = subprocess.run([str(binary(function))], env={}, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1 and done.stdout == ""
    [line] = done.stderr.splitlines()
    message = json.loads(line)["message"]
    assert "panic" not in message
    needed = [variable for variable in VARIABLES if function in variable.needed_by]
    assert needed, f"docs/configuration.md does not know {function}"
    for variable in needed:
        assert f"{variable.name} is not set: {sentence(variable)}" in message
    unneeded = {variable.name for variable in VARIABLES if function not in variable.needed_by} - {"DRIFTWIRE_PLUGINS", "DRIFTWIRE_PLUGIN_DIR"}
    assert not {name for name in unneeded if f"{name} is not set" in message}


@pytest.mark.parametrize(("function", "variable"), CASES, ids=IDS)
def test_a_wrong_value_is_said_with_its_shape_and_the_input_that_sets_it(function, variable):
    concerned = function in variable.needed_by | variable.taken_by
    if variable.name in PATHS or not concerned:
        # One of its own is wrong, so that the function ends; this one must not be what it complains of.
        told = complete(function) | {"DRIFTWIRE_LOG": NO_SHAPE} | ({} if variable.name == "DRIFTWIRE_LOG" else {variable.name: NO_SHAPE})
        assert stopped(function, told).count("it has to be") == 1
        return
    message = stopped(function, complete(function) | {variable.name: NO_SHAPE})
    assert message.startswith(f"the function stops: {variable.name} ")
    assert message.endswith(sentence(variable)) and message.count("it has to be") == 1


@pytest.mark.parametrize("function", FUNCTIONS)
def test_it_is_said_whatever_the_levels_of_the_log_are(function):
    told = complete(function)
    missing = next(iter(told))
    del told[missing]
    assert missing in stopped(function, told | {"DRIFTWIRE_LOG": "off"})


@pytest.mark.parametrize("function", FUNCTIONS)
def test_no_secret_is_repeated_wherever_it_was_put(function):
    secrets = {
        "https://hooks.slack.com/services/T000/B000/canarycanary": "canarycanary",
        "xoxb-1111-2222-canary canary": "xoxb-1111",
        "canary external id": "canary",
        "AKIAIOSFODNN7CANARY1 x": "AKIAIOSFODNN7CANARY1",
        "ghp_canary0123456789ABCDEFGHIJabcdefghij x": "ghp_canary",
    }
    hidden = {"DRIFTWIRE_EXTERNAL_ID", "DRIFTWIRE_SLACK_SECRET", "DRIFTWIRE_SLACK_CHANNEL", "DRIFTWIRE_SLACK_API_URL"}
    hidden |= {"DRIFTWIRE_GITHUB_SECRET"}
    for variable in VARIABLES:
        if function not in variable.needed_by | variable.taken_by or variable.name in PATHS | {"DRIFTWIRE_IGNORE"}:
            continue
        for value, canary in secrets.items():
            if value == "canary external id" and variable.name not in hidden:
                continue
            told = complete(function) | {"DRIFTWIRE_LOG": NO_SHAPE, variable.name: value}
            assert canary not in stopped(function, told), variable.name


@pytest.mark.parametrize("function", ["event-detector", "provider-judge", "github-scanner"])
def test_an_ignore_file_that_cannot_be_had_stops_with_a_sentence(function, cloud, proxy):
    s3 = cloud.client("s3")
    s3.create_bucket(Bucket="acme-settings")
    s3.put_object(Bucket="acme-settings", Key="broken.toml", Body=b"[[ignore]]\ntype = ")
    s3.put_object(Bucket="acme-settings", Key="binary.toml", Body=b"\xff\xfe")

    def said(value: str) -> str:
        return stopped(function, complete(function) | {"DRIFTWIRE_IGNORE": value}, endpoint=proxy.endpoint)

    ending = next(sentence(variable) for variable in VARIABLES if variable.name == "DRIFTWIRE_IGNORE")
    for value, what in {
        "s3://acme-settings/nowhere.toml": "names s3://acme-settings/nowhere.toml, which is not there",
        "s3://acme-settings/broken.toml": "names what is no ignore file: s3://acme-settings/broken.toml:2: ",
        "s3://acme-settings/binary.toml": "names s3://acme-settings/binary.toml, which is no UTF-8",
        "[[ignore]]\ntype = 'aws_sqs_queue'": "is no ignore file: its text:1: this rule has no `reason`",
    }.items():
        message = said(value)
        assert f"DRIFTWIRE_IGNORE {what}" in message and message.endswith(ending)
    proxy.deny("s3", "*")
    assert "names what cannot be read: reading s3://acme-settings/a.toml: AccessDenied" in said("s3://acme-settings/a.toml")


def test_a_folder_without_plugins_stops_with_a_sentence(tmp_path):
    told = {name: value for name, value in complete("provider-judge").items() if name != "DRIFTWIRE_PLUGINS"}
    message = stopped("provider-judge", told | {"DRIFTWIRE_PLUGIN_DIR": str(tmp_path)})
    assert f"DRIFTWIRE_PLUGIN_DIR has to hold HOST/NAMESPACE/TYPE/VERSION/{plugins.platform_name()}/ with a plugin in it" in message
    assert message.endswith("a container image sets it.")
    assert "DRIFTWIRE_PLUGINS is not set, and neither is DRIFTWIRE_PLUGIN_DIR" in stopped("provider-judge", told)


def test_every_function_and_every_variable_is_documented():
    assert {function for variable in VARIABLES for function in variable.needed_by | variable.taken_by} >= set(FUNCTIONS)
    assert len({variable.name for variable in VARIABLES}) == len(VARIABLES) > 30
