"""moto's server, with a mailbox: what SNS would mail to an e-mail subscriber is appended to a file, a JSON line a mail.

AWS's conditional writes are atomic, and a message is handed to one receiver; moto's threads would interleave in both.
What those promises rest on is therefore served one call at a time.

usage: served_aws.py MAILBOX [moto_server's own arguments]
"""

from __future__ import annotations

import functools
import json
import logging
import sys
import threading
import time
from pathlib import Path
from typing import Any

from moto.dynamodb.responses import DynamoHandler
from moto.moto_server.werkzeug_app import DomainDispatcherApplication
from moto.s3.responses import S3Response
from moto.server import main
from moto.sns.models import Subscription
from moto.sns.responses import SNSResponse
from moto.sqs import models as sqs
from moto.sqs.responses import SQSResponse

_publish = Subscription.publish


def _publish_mails_too(self: Any, message: str, message_id: str, *rest: Any, **named: Any) -> None:
    if self.protocol == "email":
        text = json.loads(message)["email"] if named.get("message_structure") == "json" else message
        with _mailbox.open("a") as mailbox:
            mailbox.write(json.dumps({"id": message_id, "to": self.endpoint, "text": text}) + "\n")
    _publish(self, message, message_id, *rest, **named)


_get_bucket_notification = S3Response.get_bucket_notification


def _get_bucket_notification_with_eventbridge(self: Any) -> Any:
    """moto keeps whether a bucket tells EventBridge of its objects, and does not say it again."""
    held = self.backend.get_bucket_notification_configuration(self.bucket_name)
    serialized = self.serialized

    def more(answer: Any) -> Any:
        if held and held.event_bridge is not None:
            answer.result["EventBridgeConfiguration"] = {}
        return serialized(answer)

    self.serialized = more
    # Without any configuration, the answer is of another shape than AWS's, which no SDK but Python's reads.
    self.data["Action"] = "GetBucketNotificationConfiguration"
    return _get_bucket_notification(self)


def _one_at_a_time(responses: Any) -> None:
    call_action = responses.call_action

    def locked(self: Any) -> Any:
        with _lock:
            return call_action(self)

    responses.call_action = locked


if __name__ == "__main__":
    # SNS delivers to SQS within its own call.
    _lock = threading.RLock()
    for _responses in (DynamoHandler, SNSResponse, SQSResponse):
        _one_at_a_time(_responses)
    # For each message that it hands out, moto would count the whole queue three times; nothing here grows old enough.
    sqs.SQSBackend.is_message_valid_based_on_retention_period = lambda *_: True
    # Which backend answers for a host never changes, and moto would look through its own folder for each call.
    DomainDispatcherApplication.get_backend_for_host = functools.lru_cache(4096)(DomainDispatcherApplication.get_backend_for_host)
    # The age of each message of a queue is asked for at each look at the queue.
    sqs.unix_time_millis = lambda: time.time() * 1000
    # A line for each call is half of what a call costs.
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    S3Response.get_bucket_notification = _get_bucket_notification_with_eventbridge
    _mailbox = Path(sys.argv[1])
    Subscription.publish = _publish_mails_too
    main(sys.argv[2:])
