"""CloudTrail records as the console, the command line and Terraform cause them, and the envelopes around them.

The shapes follow AWS's reference (https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html)
and what real records look like: EC2 wraps lists in `{"items": [...]}`, S3 answers with null, a console's session says so
in `sessionCredentialFromConsole`.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

from .places import ACCOUNT, REGION

Record = dict[str, Any]

BROWSER = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36"
TERRAFORM = (
    "APN/1.0 HashiCorp/1.0 Terraform/1.13.4 (+https://www.terraform.io) terraform-provider-aws/5.100.0 "
    "(+https://registry.terraform.io/providers/hashicorp/aws) aws-sdk-go-v2/1.36.3 ua/2.1 os/linux lang/go#1.23.10 md/GOOS#linux md/GOARCH#amd64"
)


@dataclass(frozen=True)
class Caller:
    """Who makes a call, from where, with what."""

    role: str
    session: str
    address: str
    user_agent: str
    console: bool = False
    #: A reserved role of IAM Identity Center stands for a person.
    sso: bool = False

    def identity(self, account: str) -> dict[str, Any]:
        path = "aws-reserved/sso.amazonaws.com/" if self.sso else ""
        principal = "AROA4EXAMPLE4PRINCIPAL"
        return {
            "type": "AssumedRole",
            "principalId": f"{principal}:{self.session}",
            "arn": f"arn:aws:sts::{account}:assumed-role/{self.role}/{self.session}",
            "accountId": account,
            "accessKeyId": "ASIA" + "EXAMPLE" * 2 + "01",
            "sessionContext": {
                "sessionIssuer": {
                    "type": "Role",
                    "principalId": principal,
                    "arn": f"arn:aws:iam::{account}:role/{path}{self.role}",
                    "accountId": account,
                    "userName": self.role,
                },
                "attributes": {"creationDate": moment(), "mfaAuthenticated": "true" if self.sso else "false"},
            },
        }


def somebody(name: str = "mallory@example.com", permission_set: str = "AdministratorAccess") -> Caller:
    """A person who signed in by IAM Identity Center and clicks in the console."""
    return Caller(f"AWSReservedSSO_{permission_set}_0a1b2c3d4e5f6071", name, "203.0.113.42", BROWSER, console=True, sso=True)


def terraform(role: str = "deploy", session: str = "ci-1337") -> Caller:
    """A pipeline that runs `terraform apply`."""
    return Caller(role, session, "198.51.100.7", TERRAFORM)


def moment(when: datetime | None = None) -> str:
    """A time as CloudTrail writes it: UTC, whole seconds."""
    return (when or datetime.now(timezone.utc)).strftime("%Y-%m-%dT%H:%M:%SZ")


def record(
    service: str,
    name: str,
    request: dict[str, Any] | None,
    response: dict[str, Any] | None = None,
    *,
    caller: Caller,
    account: str = ACCOUNT,
    region: str = REGION,
    when: datetime | None = None,
    **others: Any,
) -> Record:
    """The record of a management call. `others` are further members, or replace these: `errorCode`, `readOnly`, ..."""
    made: Record = {
        "eventVersion": "1.11",
        "userIdentity": caller.identity(account),
        "eventTime": moment(when),
        "eventSource": f"{service}.amazonaws.com",
        "eventName": name,
        "awsRegion": region,
        "sourceIPAddress": caller.address,
        "userAgent": caller.user_agent,
        "requestParameters": request,
        "responseElements": response,
        "requestID": str(uuid.uuid4()),
        "eventID": str(uuid.uuid4()),
        "readOnly": False,
        "eventType": "AwsApiCall",
        "managementEvent": True,
        "recipientAccountId": account,
        "eventCategory": "Management",
    }
    if caller.console:
        made["sessionCredentialFromConsole"] = "true"
    return made | others


def ingress_authorized(group: str, *, port: int, cidr: str, rule: str = "sgr-0123456789abcdef0", **given: Any) -> Record:
    """Somebody opened a port of a security group."""
    permission = {"ipProtocol": "tcp", "fromPort": port, "toPort": port}
    answered = {**permission, "groupId": group, "securityGroupRuleId": rule, "isEgress": False, "cidrIpv4": cidr}
    return record(
        "ec2",
        "AuthorizeSecurityGroupIngress",
        {"groupId": group, "ipPermissions": {"items": [{**permission, "groups": {}, "ipRanges": {"items": [{"cidrIp": cidr}]}, "ipv6Ranges": {}, "prefixListIds": {}}]}},
        {"requestId": str(uuid.uuid4()), "_return": True, "securityGroupRuleSet": {"items": [answered]}},
        **given,
    )


def ingress_revoked(group: str, *, port: int, cidr: str, **given: Any) -> Record:
    """Somebody closed a port of a security group."""
    permission = {"ipProtocol": "tcp", "fromPort": port, "toPort": port, "ipRanges": {"items": [{"cidrIp": cidr}]}}
    return record(
        "ec2",
        "RevokeSecurityGroupIngress",
        {"groupId": group, "ipPermissions": {"items": [permission]}},
        {"requestId": str(uuid.uuid4()), "_return": True},
        **given,
    )


def tags_created(resource: str, tags: dict[str, str], **given: Any) -> Record:
    """Somebody tagged something of EC2."""
    items = [{"key": key, "value": value} for key, value in tags.items()]
    request = {"resourcesSet": {"items": [{"resourceId": resource}]}, "tagSet": {"items": items}}
    return record("ec2", "CreateTags", request, {"requestId": str(uuid.uuid4()), "_return": True}, **given)


def versioning_put(bucket: str, status: str, **given: Any) -> Record:
    """Somebody turned a bucket's versioning on or off. S3's user agents stand in brackets."""
    caller: Caller = given["caller"]
    request = {
        "bucketName": bucket,
        "Host": f"{bucket}.s3.{given.get('region', REGION)}.amazonaws.com",
        "versioning": "",
        "VersioningConfiguration": {"Status": status, "xmlns": "http://s3.amazonaws.com/doc/2006-03-01/"},
    }
    resources = [{"accountId": given.get("account", ACCOUNT), "type": "AWS::S3::Bucket", "ARN": f"arn:aws:s3:::{bucket}"}]
    return record("s3", "PutBucketVersioning", request, None, **given, userAgent=f"[{caller.user_agent}]", resources=resources)


def envelope(made: Record) -> dict[str, Any]:
    """The EventBridge event that carries a record."""
    return event(
        "AWS API Call via CloudTrail",
        "aws." + made["eventSource"].partition(".")[0],
        made,
        account=made["recipientAccountId"],
        region=made["awsRegion"],
    )


def object_event(detail_type: str, bucket: str, key: str, *, etag: str = "", size: int = 0) -> dict[str, Any]:
    """The EventBridge event of an object that was written (`Object Created`) or removed (`Object Deleted`).

    Its shape: https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html
    """
    created = detail_type == "Object Created"
    detail = {
        "version": "0",
        "bucket": {"name": bucket},
        "object": {"key": key, "sequencer": "0062E99A88DC407460"} | ({"size": size, "etag": etag.strip('"')} if created else {}),
        "request-id": "N4N7GDK58NMKJ12R",
        "requester": ACCOUNT,
        "source-ip-address": "198.51.100.7",
        "reason": "PutObject" if created else "DeleteObject",
    } | ({} if created else {"deletion-type": "Permanently Deleted"})
    return event(detail_type, "aws.s3", detail) | {"resources": [f"arn:aws:s3:::{bucket}"]}


def event(detail_type: str, source: str, detail: dict[str, Any], *, account: str = ACCOUNT, region: str = REGION) -> dict[str, Any]:
    """An EventBridge event."""
    return {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": detail_type,
        "source": source,
        "account": account,
        "time": moment(),
        "region": region,
        "resources": [],
        "detail": detail,
    }
