"""What a call to AWS asks for, in IAM's words: the action, the resource, and the keys that conditions look at.

Actions mostly have the operation's name. Where they have not, the catalog says so of its reads, and AWS's reference of the others:
https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
"""

from __future__ import annotations

import functools
import json
import re
import tomllib
import urllib.parse
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import botocore.session

from .places import ACCOUNT, REGION, WORKSPACE
from .proxy import Call

#: The names that signatures have for services, and IAM's.
_PREFIXES = {"monitoring": "cloudwatch"}
_OTHER_NAMES = {
    "s3:HeadObject": "s3:GetObject",
    "s3:HeadBucket": "s3:ListBucket",
    "s3:ListObjects": "s3:ListBucket",
    "s3:ListObjectsV2": "s3:ListBucket",
    "s3:ListObjectVersions": "s3:ListBucketVersions",
    "s3:GetBucketNotificationConfiguration": "s3:GetBucketNotification",
    "sqs:SendMessageBatch": "sqs:SendMessage",
    "sqs:DeleteMessageBatch": "sqs:DeleteMessage",
    "sqs:ChangeMessageVisibilityBatch": "sqs:ChangeMessageVisibility",
    "sns:PublishBatch": "sns:Publish",
}
#: Of a resource that is not told apart: only a policy of `*` allows it.
ANY = "*"


@dataclass(frozen=True)
class Request:
    """One thing that has to be allowed."""

    action: str
    resource: str
    context: dict[str, list[str]] = field(default_factory=dict, hash=False, compare=False)


def requests(call: Call) -> list[Request]:
    """All that has to be allowed for a call to succeed."""
    service = _PREFIXES.get(call.service, call.service)
    if service == "s3":
        return [_of_s3(call)]
    operation = call.operation if re.fullmatch(r"\w+", call.operation) else _rest_operation(call)
    action = _named(service, operation)
    if service == "dynamodb":
        return list(_of_dynamodb(operation, json.loads(call.body)))
    if service == "sqs":
        path = urllib.parse.urlparse(json.loads(call.body).get("QueueUrl", "")).path
        return [Request(action, f"arn:aws:sqs:{REGION}:{path.strip('/').replace('/', ':')}" if path else ANY)]
    if service in ("sns", "sts"):
        given = dict(urllib.parse.parse_qsl(call.body.decode()))
        return [Request(action, given.get("TopicArn") or given.get("RoleArn") or ANY)]
    if service in ("secretsmanager", "ssm"):
        given = json.loads(call.body)
        return [Request(action, given.get("SecretId") or given.get("Name") or ANY)]
    return [Request(action, ANY)]


def _named(service: str, operation: str) -> str:
    name = f"{service}:{operation}"
    return _OTHER_NAMES.get(name) or _catalogs_names().get(name) or name


@functools.cache
def _catalogs_names() -> dict[str, str]:
    """The actions that the catalog says of operations whose name is another."""
    found = {}
    for file in (WORKSPACE / "shared/drift-catalog/catalog/aws").glob("*.toml"):
        service = tomllib.loads(file.read_text())
        for resource in service.get("resource", []):
            for read in resource.get("read", []):
                if "action" in read:
                    found[f"{read.get('service', service['service'])}:{read['operation']}"] = read["action"]
    return found


def _of_dynamodb(operation: str, asked: dict[str, Any]) -> Iterator[Request]:
    def table(name: str, index: str | None = None) -> str:
        arn = name if name.startswith("arn:") else f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{name}"
        return f"{arn}/index/{index}" if index else arn

    if operation in ("BatchGetItem", "BatchWriteItem"):
        for name, held in asked["RequestItems"].items():
            keys = held.get("Keys", []) if isinstance(held, dict) else [next(iter(write.values())) for write in held]
            yield Request(f"dynamodb:{operation}", table(name), _leading([key.get("Key") or key.get("Item") or key for key in keys]))
    elif operation in ("TransactWriteItems", "TransactGetItems"):
        for item in asked["TransactItems"]:
            [(kind, held)] = item.items()
            yield Request(f"dynamodb:{kind}Item", table(held["TableName"]), _leading([held.get("Key") or held.get("Item")]))
    else:
        keys = [asked[member] for member in ("Key", "Item") if member in asked]
        yield Request(f"dynamodb:{operation}", table(asked["TableName"], asked.get("IndexName")) if "TableName" in asked else ANY, _leading(keys))


def _leading(keys: list[dict[str, Any]]) -> dict[str, list[str]]:
    """Driftwire's tables all have `pk` as their hash key."""
    values = [value for key in keys if "pk" in key for value in key["pk"].values()]
    return {"dynamodb:LeadingKeys": values} if values else {}


def _of_s3(call: Call) -> Request:
    """Path style alone, as a served AWS is asked."""
    path, _, query = call.path.partition("?")
    bucket, _, key = urllib.parse.unquote(path).lstrip("/").partition("/")
    asked = {name.partition("=")[0] for name in query.split("&") if name}
    level = "object" if key else "bucket" if bucket else "service"
    for subresource in asked:
        operation = _s3_operations().get((call.method, level, subresource))
        if operation:
            break
    else:
        operation = _s3_operations().get((call.method, level, ""))
    if operation is None:
        raise LookupError(f"which operation of S3 is {call.method} {call.path}?")
    return Request(_named("s3", operation), f"arn:aws:s3:::{bucket}{'/' if key else ''}{key}" if bucket else ANY)


@functools.cache
def _s3_operations() -> dict[tuple[str, str, str], str]:
    model = botocore.session.get_session().get_service_model("s3")
    found: dict[tuple[str, str, str], str] = {}
    for name in model.operation_names:
        http = model.operation_model(name).http
        path, _, query = http["requestUri"].partition("?")
        bucket = "Bucket" in (model.operation_model(name).input_shape.members if model.operation_model(name).input_shape else {})
        level = "object" if "{Key" in path else "bucket" if bucket else "service"
        subresource = query.partition("&")[0].partition("=")[0]
        if subresource != "x-id":
            found.setdefault((http["method"], level, subresource), name)
        else:
            found.setdefault((http["method"], level, ""), name)
    # Told apart by a parameter alone.
    found[("GET", "bucket", "list-type")] = "ListObjectsV2"
    found[("GET", "bucket", "")] = "ListObjects"
    found[("PUT", "object", "")] = "PutObject"
    return found


def _rest_operation(call: Call) -> str:
    """The operation of a REST protocol, by method and path."""
    path = urllib.parse.unquote(call.path.partition("?")[0])
    for method, pattern, name in _rest_operations(call.service):
        if method == call.method and pattern.fullmatch(path):
            return name
    raise LookupError(f"which operation of {call.service} is {call.method} {call.path}?")


@functools.cache
def _rest_operations(signing_name: str) -> list[tuple[str, re.Pattern[str], str]]:
    session = botocore.session.get_session()
    found = []
    for service in session.get_available_services():
        if service != signing_name and not service.startswith(signing_name):
            continue
        model = session.get_service_model(service)
        if model.signing_name != signing_name:
            continue
        for name in model.operation_names:
            http = model.operation_model(name).http
            expression = re.sub(r"\\\{[^}]*\\\}", "[^/]+", re.escape(http["requestUri"].partition("?")[0].replace("+}", "}")))
            found.append((http["method"], re.compile(expression + "/?"), name))
    # The more a path says itself, the better it fits.
    return sorted(found, key=lambda entry: -len(entry[1].pattern.replace("[^/]+", "")))
