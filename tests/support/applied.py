"""What Terraform deployed, at work: each part is read from AWS as it was applied, and does what AWS would have it do."""

from __future__ import annotations

import base64
import hashlib
import json
import subprocess
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from .at_work import AtWork
from .cloud import Cloud
from .emulator import Emulator
from .event_source import EventSource
from .places import aws_environment
from .policies import Policies, of_role
from .records import Record, envelope


class Packages(Emulator):
    """Lambda's emulator, with functions from the zips that were deployed."""

    def __init__(self, directory: Path):
        super().__init__(directory)
        self._programs: dict[str, Path] = {}

    def unpack(self, name: str, package: Path) -> None:
        folder = self.directory / "packages" / name
        folder.mkdir(parents=True, exist_ok=True)
        with zipfile.ZipFile(package) as archive:
            archive.extractall(folder)
            for entry in archive.infolist():
                # What Lambda unpacks keeps its mode.
                (folder / entry.filename).chmod(entry.external_attr >> 16 & 0o777)
        self._programs[name] = folder / "bootstrap"

    def program(self, name: str) -> Path:
        return self._programs[name]


class Applied(AtWork):
    """A deployment of that name. Nothing happens by itself: messages move when `step` or `settle` is called, schedules when `fire` is.

    `endpoint` is where the functions find AWS, such as a proxy before it. A function's access key is its name.
    """

    def __init__(self, cloud: Cloud, emulator: Packages, packages: Path, *, name: str = "driftwire", endpoint: str | None = None):
        self.cloud, self.name = cloud, name
        self.emulator = emulator
        self._clock = emulator.directory / f"{name}.clock"
        self._clock.unlink(missing_ok=True)
        self._sqs, self._events, self._scheduler = cloud.client("sqs"), cloud.client("events"), cloud.client("scheduler")
        functions = cloud.client("lambda").list_functions()["Functions"]
        #: The functions' configurations by what they are.
        self.functions = {held["FunctionName"].removeprefix(f"{name}-"): held for held in functions if held["FunctionName"].startswith(f"{name}-")}
        for function, held in self.functions.items():
            package = packages / held["Architectures"][0] / function / "bootstrap.zip"
            assert held["CodeSha256"] == base64.b64encode(hashlib.sha256(package.read_bytes()).digest()).decode(), f"another zip of {function} is deployed"
            assert (held["Handler"], held["Runtime"]) == ("bootstrap", "provided.al2023")
            emulator.unpack(function, package)
            own = {"DRIFTWIRE_CLOCK_FILE": str(self._clock), "TMPDIR": str(emulator.folder_for_temporary_files())}
            emulator.start(function, aws_environment(endpoint or cloud.endpoint, key=function) | held["Environment"]["Variables"] | own)
        self.sources = {function: self._source(function) for function in self.functions}

    def _source(self, function: str) -> EventSource:
        held = self.functions[function]
        [mapping] = self.cloud.client("lambda").list_event_source_mappings(FunctionName=held["FunctionArn"])["EventSourceMappings"]
        assert (mapping["State"], mapping["FunctionResponseTypes"]) == ("Enabled", ["ReportBatchItemFailures"])
        arn = mapping["EventSourceArn"]
        url = self._sqs.get_queue_url(QueueName=arn.rpartition(":")[2])["QueueUrl"]
        return EventSource(self._sqs, url, arn, self.emulator, function, mapping["BatchSize"], float(held["Timeout"]))

    def policies(self) -> dict[str, Policies]:
        """What each function's role allows."""
        iam = self.cloud.client("iam")
        return {function: of_role(iam, held["Role"].rpartition("/")[2]) for function, held in self.functions.items()}

    # What the world does

    def record(self, record: Record) -> None:
        """CloudTrail tells EventBridge of a call."""
        event = envelope(record)
        entry = {"Source": event["source"], "DetailType": event["detail-type"], "Detail": json.dumps(event["detail"])}
        answer = self._events.put_events(Entries=[entry])
        assert answer["FailedEntryCount"] == 0, answer

    def schedules(self) -> dict[str, dict[str, Any]]:
        """The schedules, by what they send."""
        listed = self._scheduler.list_schedules(GroupName=self.name)["Schedules"]
        found = [self._scheduler.get_schedule(GroupName=self.name, Name=held["Name"]) for held in listed]
        return {json.loads(held["Target"]["Input"])["driftwire"]: held for held in found}

    def fire(self, what: str) -> None:
        """EventBridge Scheduler sends what a schedule says, where its role may."""
        schedule = self.schedules()[what]
        target = schedule["Target"]
        assert schedule["State"] == "ENABLED"
        role = of_role(self.cloud.client("iam"), target["RoleArn"].rpartition("/")[2])
        assert role.allow("sqs:SendMessage", target["Arn"]), f"the schedule's role may not send to {target['Arn']}"
        url = self._sqs.get_queue_url(QueueName=target["Arn"].rpartition(":")[2])["QueueUrl"]
        self._sqs.send_message(QueueUrl=url, MessageBody=target["Input"])

    def begin(self) -> None:
        """A schedule by rate fires when it is made, where it has no start: https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html"""
        for what, schedule in self.schedules().items():
            if schedule["ScheduleExpression"].startswith("rate(") and not schedule.get("StartDate"):
                self.fire(what)

    def move_clock(self, seconds: int) -> None:
        self._clock.write_text(str(seconds))

    # What Driftwire does

    def _sources(self) -> Iterable[EventSource]:
        return self.sources.values()

    def failures(self) -> dict[str, list[str]]:
        """What did not succeed at once: by function, its errors."""
        found = {
            name: [batch.error or f"{len(batch.failures)} messages come back" for batch in source.batches if batch.error or batch.failures]
            for name, source in self.sources.items()
        }
        return {name: errors for name, errors in found.items() if errors}

    def buried(self) -> list[dict[str, Any]]:
        """What the dead-letter queue holds; it stays there."""
        url = self._sqs.get_queue_url(QueueName=f"{self.name}-dead-letters")["QueueUrl"]
        return self._sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=0, MessageAttributeNames=["All"]).get("Messages", [])

    def stop(self) -> None:
        for function in self.functions:
            self.emulator.stop_function(function)


def environment(endpoint: str, outputs: Mapping[str, Any]) -> dict[str, str]:
    """The environment of the command line, as a shell has it that evaluates what the deployment says."""
    exports = outputs.get("cli_environment", "")
    done = subprocess.run(["bash", "-euc", 'eval "$0"; env -0', exports], env=aws_environment(endpoint), capture_output=True, text=True, check=True)
    return dict(variable.partition("=")[::2] for variable in done.stdout.split("\0") if variable)
