"""What Lambda's event source mapping does between an SQS queue and a function."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from .emulator import Emulator, FunctionError
from .places import REGION


@dataclass
class Batch:
    """One invocation: what was handed over, and which messages the function wants again."""

    message_ids: list[str]
    failures: list[str]
    #: What the function answered where it answered with an error; then the whole batch comes back.
    error: str | None = None


@dataclass
class EventSource:
    """Hands a queue's messages to a function, at most `batch_size` at once, and deletes those that it is done with."""

    sqs: Any
    queue_url: str
    queue_arn: str
    emulator: Emulator
    function: str
    batch_size: int = 10
    #: How long an invocation may take.
    seconds: float = 60.0
    batches: list[Batch] = field(default_factory=list)

    def poll(self) -> Batch | None:
        """One receive and, where it brings anything, one invocation."""
        messages: list[dict[str, Any]] = []
        # SQS gives at most 10 at once; a mapping with a larger batch asks several times.
        while len(messages) < self.batch_size:
            received = self.sqs.receive_message(
                QueueUrl=self.queue_url,
                MaxNumberOfMessages=min(10, self.batch_size - len(messages)),
                AttributeNames=["All"],
                MessageAttributeNames=["All"],
                WaitTimeSeconds=0,
            ).get("Messages", [])
            messages += received
            if not received:
                break
        if not messages:
            return None
        batch = self._invoke(messages)
        self.batches.append(batch)
        failed = set(batch.failures)
        done = [message for message in messages if message["MessageId"] not in failed]
        for start in range(0, len(done), 10):
            entries = [{"Id": str(at), "ReceiptHandle": message["ReceiptHandle"]} for at, message in enumerate(done[start : start + 10])]
            self.sqs.delete_message_batch(QueueUrl=self.queue_url, Entries=entries)
        return batch

    def _invoke(self, messages: list[dict[str, Any]]) -> Batch:
        ids = [message["MessageId"] for message in messages]
        try:
            answer = self.emulator.invoke(self.function, {"Records": [self.record_of(message) for message in messages]}, self.seconds)
        except FunctionError as error:
            return Batch(ids, failures=ids, error=str(error))
        # The answer's shape is Lambda's: https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
        failures = [failure.get("itemIdentifier") for failure in (answer or {}).get("batchItemFailures") or []]
        known = set(ids)
        # As Lambda does: an identifier that is empty or not of this batch fails the whole of it.
        return Batch(ids, failures=ids if any(failure not in known for failure in failures) else failures)

    def record_of(self, message: dict[str, Any]) -> dict[str, Any]:
        """A message as the function is handed it."""
        return {
            "messageId": message["MessageId"],
            "receiptHandle": message["ReceiptHandle"],
            "body": message["Body"],
            "attributes": message.get("Attributes", {}),
            "messageAttributes": {
                name: {
                    "stringValue": value.get("StringValue"),
                    "dataType": value["DataType"],
                    "stringListValues": [],
                    "binaryListValues": [],
                }
                for name, value in message.get("MessageAttributes", {}).items()
            },
            "md5OfBody": message["MD5OfBody"],
            "eventSource": "aws:sqs",
            "eventSourceARN": self.queue_arn,
            "awsRegion": REGION,
        }

    def waiting(self) -> int:
        """How many messages the queue holds: visible, in flight and delayed."""
        # A message whose delay ends while they are counted, one kind after the other, may be in none of the counts.
        return max(self._counted(), self._counted())

    def _counted(self) -> int:
        counts = ("ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible", "ApproximateNumberOfMessagesDelayed")
        attributes = self.sqs.get_queue_attributes(QueueUrl=self.queue_url, AttributeNames=list(counts))["Attributes"]
        return sum(int(attributes[count]) for count in counts)
