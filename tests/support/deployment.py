"""A whole Driftwire on a served AWS: bucket, tables, queues, topic, and the functions."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Iterable, Mapping

from .at_work import AtWork
from .cloud import Cloud
from .emulator import Emulator
from .event_source import EventSource
from .places import ACCOUNT, REGION, aws_environment, binary
from .records import Record, envelope, object_event
from .tables import create_tables

#: What the functions wait for, shortened so that nobody waits for them.
QUICK = {
    "DRIFTWIRE_GRACE_SECONDS": "120",
    "DRIFTWIRE_DEFER_SECONDS": "1",
    "DRIFTWIRE_DEFER_LIMIT_SECONDS": "21600",
    "DRIFTWIRE_RECHECK_WITHIN_SECONDS": "15",
    "DRIFTWIRE_RECHECK_AFTER_SECONDS": "1",
    "DRIFTWIRE_INDEX_AFTER_SECONDS": "1",
    "DRIFTWIRE_MOVING_SECONDS": "1",
    "DRIFTWIRE_BUSY_AFTER_SECONDS": "1",
}


@dataclass(frozen=True)
class Message:
    """An alert as a subscriber's queue received it."""

    subject: str
    #: What an e-mail would hold.
    text: str
    #: What machines read.
    body: dict[str, Any]
    attributes: dict[str, str]

    @property
    def kind(self) -> str:
        """`opened`, `changed`, `resolved`, ..."""
        return self.body["kind"]

    @property
    def address(self) -> str:
        return self.body["address"]


class Drift:
    """A drift as `driftwire drift list --json` prints it."""

    def __init__(self, printed: Mapping[str, Any]):
        self.printed = printed

    def __getattr__(self, name: str) -> Any:
        try:
            return self.printed[name]
        except KeyError:
            raise AttributeError(f"a drift has no {name}, but {sorted(self.printed)}") from None

    def __repr__(self) -> str:
        return f"<{self.status} {self.address} in {self.state}>"

    @property
    def address(self) -> str:
        return self.printed["instance"]["key"]["address"]

    @property
    def state(self) -> str:
        return self.printed["instance"]["state"]


class Deployment(AtWork):
    """Driftwire, deployed under a name of its own. Nothing happens by itself: messages move when `step` or `settle` is called.

    Where `settings` say where plugins are, `provider-judge` is deployed as well; where they name an organisation, `github-scanner`.
    """

    def __init__(
        self,
        cloud: Cloud,
        emulator: Emulator,
        *,
        name: str = "driftwire",
        endpoint: str | None = None,
        settings: Mapping[str, str] | None = None,
        hidden_for: int = 2,
        received_at_most: int = 5,
    ):
        self.cloud = cloud
        self.emulator = emulator
        self.bucket = f"{name}-states"
        self._clock = emulator.directory / f"{name}.clock"
        self._clock.unlink(missing_ok=True)
        self._sqs = cloud.client("sqs")
        self._s3 = cloud.client("s3")
        self._s3.create_bucket(Bucket=self.bucket)
        create_tables(cloud.client("dynamodb"), index=f"{name}-index", ledger=f"{name}-ledger")
        self.dead_letters_url, dead_letters_arn = self._queue(f"{name}-dead-letters")
        again = json.dumps({"deadLetterTargetArn": dead_letters_arn, "maxReceiveCount": str(received_at_most)})
        # A failed message is back at once, rather than after six times the function's timeout.
        worked = {"VisibilityTimeout": str(hidden_for), "RedrivePolicy": again}
        events_url, events_arn = self._queue(f"{name}-events", worked)
        states_url, states_arn = self._queue(f"{name}-states", worked)
        self._subscriber_url, subscriber_arn = self._queue(f"{name}-subscriber", {"VisibilityTimeout": "0"})
        sns = cloud.client("sns")
        topic = sns.create_topic(Name=name)["TopicArn"]
        sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=subscriber_arn)
        sns.subscribe(TopicArn=topic, Protocol="email", Endpoint="platform@acme.example")
        self.environment = aws_environment(endpoint or cloud.endpoint) | {
            "DRIFTWIRE_INDEX_TABLE": f"{name}-index",
            "DRIFTWIRE_LEDGER_TABLE": f"{name}-ledger",
            "DRIFTWIRE_TOPIC_ARN": topic,
            "DRIFTWIRE_EVENTS_QUEUE_URL": events_url,
            "DRIFTWIRE_STATES_QUEUE_URL": states_url,
            "DRIFTWIRE_DEAD_LETTER_QUEUE_URL": self.dead_letters_url,
            "DRIFTWIRE_STATES": self.bucket,
            "DRIFTWIRE_CLOCK_FILE": str(self._clock),
            "DRIFTWIRE_LOG": "debug",
            **QUICK,
            **(settings or {}),
        }
        #: `provider-judge` and its queue, where it is deployed.
        self.provider: EventSource | None = None
        functions = ["event-detector", "state-indexer"]
        if self.environment.keys() & {"DRIFTWIRE_PLUGINS", "DRIFTWIRE_PLUGIN_DIR"}:
            url, arn = self._queue(f"{name}-provider", worked)
            self.environment["DRIFTWIRE_PROVIDER_QUEUE_URL"] = url
            # The first invocation fetches a plugin.
            self.provider = EventSource(self._sqs, url, arn, emulator, "provider-judge", seconds=600.0)
            functions.append("provider-judge")
        #: `github-scanner` and its queue, where it is deployed.
        self.github: EventSource | None = None
        if "DRIFTWIRE_GITHUB_OWNER" in self.environment:
            url, arn = self._queue(f"{name}-github", worked)
            self.environment["DRIFTWIRE_GITHUB_QUEUE_URL"] = url
            # One part of a scan is an invocation.
            self.github = EventSource(self._sqs, url, arn, emulator, "github-scanner", batch_size=1, seconds=300.0)
            functions.append("github-scanner")
        for function in functions:
            emulator.start(function, self.environment | {"AWS_ACCESS_KEY_ID": function, "TMPDIR": str(emulator.folder_for_temporary_files())})
        self.events = EventSource(self._sqs, events_url, events_arn, emulator, "event-detector")
        self.states = EventSource(self._sqs, states_url, states_arn, emulator, "state-indexer")

    def another_detector(self, emulator: Emulator, access_key: str) -> EventSource:
        """One more execution of `event-detector` on the same queue, in an emulator of its own."""
        emulator.start("event-detector", self.environment | {"AWS_ACCESS_KEY_ID": access_key})
        return EventSource(self._sqs, self.events.queue_url, self.events.queue_arn, emulator, "event-detector")

    def _queue(self, name: str, attributes: Mapping[str, str] | None = None) -> tuple[str, str]:
        url = self._sqs.create_queue(QueueName=name, Attributes=dict(attributes or {}))["QueueUrl"]
        return url, f"arn:aws:sqs:{REGION}:{ACCOUNT}:{name}"

    # What the world does

    def write_state(self, key: str, text: str) -> str:
        """Writes a state as Terraform's S3 backend does, and lets S3 tell of it; gives the ETag."""
        etag = self.put_state(key, text)
        self.send_state_event(object_event("Object Created", self.bucket, key, etag=etag, size=len(text)))
        return etag

    def put_state(self, key: str, text: str) -> str:
        """Writes a state of which S3's event has yet to come."""
        return self._s3.put_object(Bucket=self.bucket, Key=key, Body=text.encode(), ContentType="application/json")["ETag"]

    def remove_state(self, key: str) -> None:
        self._s3.delete_object(Bucket=self.bucket, Key=key)
        self.send_state_event(object_event("Object Deleted", self.bucket, key))

    def move_clock(self, seconds: int) -> None:
        """The functions' clock is so far ahead from now on. Delays of messages pass as they do: they are the queue's."""
        self._clock.write_text(str(seconds))

    def lock_state(self, key: str, held: str) -> None:
        self._s3.put_object(Bucket=self.bucket, Key=f"{key}.tflock", Body=held.encode())

    def unlock_state(self, key: str) -> None:
        self._s3.delete_object(Bucket=self.bucket, Key=f"{key}.tflock")

    def record(self, *records: Record) -> None:
        """CloudTrail delivers records, each by EventBridge to the events queue."""
        self.send_events(json.dumps(envelope(record)) for record in records)

    def send_events(self, bodies: Iterable[str]) -> None:
        bodies = list(bodies)
        for start in range(0, len(bodies), 10):
            entries = [{"Id": str(at), "MessageBody": body} for at, body in enumerate(bodies[start : start + 10])]
            self._sqs.send_message_batch(QueueUrl=self.events.queue_url, Entries=entries)

    def forget_events(self) -> None:
        """Empties the events queue: whatever was to come back does not."""
        self._sqs.purge_queue(QueueUrl=self.events.queue_url)

    def send_state_event(self, event: Mapping[str, Any]) -> None:
        self._sqs.send_message(QueueUrl=self.states.queue_url, MessageBody=json.dumps(event))

    # What Driftwire does

    def _sources(self) -> list[EventSource]:
        return [source for source in (self.states, self.events, self.provider, self.github) if source]

    def sweep(self) -> None:
        """What the schedule sends every minute."""
        self.send_events(['{"driftwire": "sweep"}'])

    def reconcile(self) -> None:
        """What the schedule sends every hour."""
        self.send_state_event({"driftwire": "reconcile"})

    def scan_github(self) -> None:
        """What the schedule sends to `github-scanner`."""
        assert self.github, "github-scanner is not deployed"
        self._sqs.send_message(QueueUrl=self.github.queue_url, MessageBody='{"driftwire": "scan_github"}')

    # What a user sees

    def drifts(self, *, closed: bool = False) -> list[Drift]:
        """The ledger, by `driftwire drift list --json`."""
        listed = self.driftwire("drift", "list", "--json", *(["--closed"] if closed else []))
        return [Drift(printed) for printed in json.loads(listed)["drifts"]]

    def drift(self, address: str, *, closed: bool = False) -> Drift:
        """The one drift of an address."""
        found = [drift for drift in self.drifts(closed=closed) if drift.address == address]
        assert len(found) == 1, f"{len(found)} drifts of {address}"
        return found[0]

    def driftwire(self, *arguments: str, codes: tuple[int, ...] = (0,)) -> str:
        """What the command line prints on standard output."""
        done = subprocess.run([str(binary("driftwire")), *arguments], env=self.environment, capture_output=True, text=True, timeout=60, check=False)
        if done.returncode not in codes:
            raise RuntimeError(f"driftwire {' '.join(arguments)} ended with {done.returncode}:\n{done.stdout}\n{done.stderr}")
        return done.stdout

    def alerts(self) -> list[Message]:
        """The alerts that the subscriber received since last asked, in the order in which they were sent."""
        received: list[dict[str, Any]] = []
        while batch := self._sqs.receive_message(QueueUrl=self._subscriber_url, MaxNumberOfMessages=10, AttributeNames=["All"]).get("Messages"):
            for message in batch:
                self._sqs.delete_message(QueueUrl=self._subscriber_url, ReceiptHandle=message["ReceiptHandle"])
            received += batch
        received.sort(key=lambda message: int(message["Attributes"]["SentTimestamp"]))
        mails = self.cloud.mails()
        return [_message(json.loads(message["Body"]), mails) for message in received]

    def peek_alerts(self) -> int:
        """How many alerts the subscriber has not read yet."""
        held = self._sqs.get_queue_attributes(QueueUrl=self._subscriber_url, AttributeNames=["ApproximateNumberOfMessages"])
        return int(held["Attributes"]["ApproximateNumberOfMessages"])

    def buried(self) -> list[dict[str, Any]]:
        """What the dead-letter queue holds, with its attributes; it stays there."""
        found = self._sqs.receive_message(
            QueueUrl=self.dead_letters_url, MaxNumberOfMessages=10, VisibilityTimeout=0, MessageAttributeNames=["All"], AttributeNames=["All"]
        )
        return found.get("Messages", [])

    def dig_up(self) -> list[tuple[str, str]]:
        """Every message of the dead-letter queue with the reason for which it is there; the queue is empty then."""
        found: list[tuple[str, str]] = []
        while batch := self._sqs.receive_message(QueueUrl=self.dead_letters_url, MaxNumberOfMessages=10, MessageAttributeNames=["All"]).get("Messages"):
            for message in batch:
                reason = message.get("MessageAttributes", {}).get("reason", {}).get("StringValue", "received too often")
                found.append((message["Body"], reason))
                self._sqs.delete_message(QueueUrl=self.dead_letters_url, ReceiptHandle=message["ReceiptHandle"])
        return found


def _message(notification: Mapping[str, Any], mails: Mapping[str, str]) -> Message:
    body = json.loads(notification["Message"])
    attributes = {name: value["Value"] for name, value in notification.get("MessageAttributes", {}).items()}
    return Message(notification["Subject"], mails[notification["MessageId"]], body, attributes)
