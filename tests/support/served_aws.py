"""moto's server, with a mailbox: what SNS would mail to an e-mail subscriber is appended to a file, a JSON line a mail.

AWS's conditional writes are atomic, and a message is handed to one receiver; moto's threads would interleave in both.
What those promises rest on is therefore served one call at a time.

What a deployment asks for and moto has not: Cloud Control API's `GetResource` of a bucket. What moto does by itself and
tests do instead: invoking functions (it would need Docker). What it does, and AWS otherwise: the shape of S3's events on
EventBridge; a queue whose one attribute is set loses its policy, never says who may redrive to it, and puts spaces into JSON.

usage: served_aws.py MAILBOX [moto_server's own arguments]
"""

from __future__ import annotations

import functools
import json
import logging
import sys
import threading
import time
import uuid
from pathlib import Path
from typing import Any

from moto.core import DEFAULT_ACCOUNT_ID
from moto.core.utils import unix_time
from moto.dynamodb.responses import DynamoHandler
from moto.events.models import events_backends
from moto.events.responses import EventsHandler
from moto.moto_server.werkzeug_app import DomainDispatcherApplication
from moto.s3 import notifications
from moto.s3.models import s3_backends
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


def _tell_event_bridge(account: str, bucket: Any, event_name: str, key: Any) -> None:
    """An object's event as S3 shapes it: https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html"""
    created = "ObjectCreated" in event_name
    if not created and "ObjectRemoved" not in event_name:
        # To moto, every object that is written has its ACL changed as well.
        return
    held: dict[str, Any] = {"key": key.name, "sequencer": "0062E99A88DC407460"}
    if created:
        held |= {"size": key.size, "etag": key.etag.strip('"')}
    detail = {
        "version": "0",
        "bucket": {"name": bucket.name},
        "object": held,
        "request-id": "N4N7GDK58NMKJ12R",
        "requester": account,
        "source-ip-address": "198.51.100.7",
        "reason": "PutObject" if created else "DeleteObject",
    } | ({} if created else {"deletion-type": "Permanently Deleted"})
    event = {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": "Object Created" if created else "Object Deleted",
        "source": "aws.s3",
        "account": account,
        "time": unix_time(),
        "region": bucket.region_name,
        "resources": [bucket.arn],
        "detail": detail,
    }
    with _lock:
        # A service's own events come to the default bus alone.
        for rule in events_backends[account][bucket.region_name].event_buses["default"].rules.values():
            rule.send_to_targets(dict(event), transform_input=False)


_set_attributes = sqs.Queue._set_attributes


def _set_no_more_than_was_asked_for(self: Any, attributes: dict[str, Any], now: float | None = None) -> None:
    policy = getattr(self, "policy", None)
    _set_attributes(self, attributes, now)
    if "Policy" not in attributes:
        self.policy = policy


_attributes = sqs.Queue.attributes.fget


def _attributes_as_sqs_has_them(self: Any) -> dict[str, Any]:
    held = _attributes(self)
    if held.get("RedrivePolicy"):
        held["RedrivePolicy"] = json.dumps(self.redrive_policy, separators=(",", ":"))
    if not held.get("RedriveAllowPolicy"):
        held.pop("RedriveAllowPolicy", None)
    return held


def _with_cloud_control(application: Any) -> Any:
    """Answers `GetResource` of a bucket: what S3 tells EventBridge of it."""

    def call(self: Any, environ: dict[str, Any], start_response: Any) -> Any:
        if environ.get("HTTP_X_AMZ_TARGET") != "CloudApiService.GetResource":
            return application(self, environ, start_response)
        asked = json.loads(environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"])))
        name = asked["Identifier"]
        bucket = s3_backends[DEFAULT_ACCOUNT_ID]["aws"].buckets.get(name) if asked["TypeName"] == "AWS::S3::Bucket" else None
        if bucket is None:
            status, answer = "400 Bad Request", {"__type": "ResourceNotFoundException", "Message": f"Resource of type '{asked['TypeName']}' with identifier '{name}' was not found."}
        else:
            properties: dict[str, Any] = {"BucketName": name, "Arn": bucket.arn}
            configuration = bucket.notification_configuration
            if configuration is not None and configuration.event_bridge is not None:
                properties["NotificationConfiguration"] = {"EventBridgeConfiguration": {"EventBridgeEnabled": True}}
            status, answer = "200 OK", {"TypeName": asked["TypeName"], "ResourceDescription": {"Identifier": name, "Properties": json.dumps(properties)}}
        body = json.dumps(answer).encode()
        start_response(status, [("Content-Type", "application/x-amz-json-1.0"), ("Content-Length", str(len(body)))])
        return [body]

    return call


if __name__ == "__main__":
    # SNS delivers to SQS within its own call, and EventBridge does.
    _lock = threading.RLock()
    for _responses in (DynamoHandler, EventsHandler, SNSResponse, SQSResponse):
        _one_at_a_time(_responses)
    notifications._send_event_bridge_message = _tell_event_bridge
    # No queue knows of an event source mapping: the tests are what reads it.
    sqs.Queue.lambda_event_source_mappings = property(lambda _: {}, lambda *_: None)
    sqs.Queue._set_attributes = _set_no_more_than_was_asked_for
    sqs.Queue.attributes = property(_attributes_as_sqs_has_them)
    sqs.Queue.redrive_allow_policy = None
    sqs.Queue.BASE_ATTRIBUTES.append("RedriveAllowPolicy")
    DomainDispatcherApplication.__call__ = _with_cloud_control(DomainDispatcherApplication.__call__)
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
