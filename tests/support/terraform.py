"""Terraform states of live resources: what an apply of hashicorp/aws would have recorded of them.

Each function reads one resource as it is now, and gives the instance that a settled state holds; so a state that is
written right after the resources were made is in sync.
"""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from .places import ACCOUNT, REGION

PROVIDER = 'provider["registry.terraform.io/hashicorp/aws"]'


@dataclass
class State:
    """A state file, version 4."""

    lineage: str = field(default_factory=lambda: str(uuid.uuid4()))
    serial: int = 0
    resources: list[dict[str, Any]] = field(default_factory=list)

    def add(self, type_name: str, name: str, attributes: dict[str, Any], *, schema_version: int = 0, sensitive: tuple[str, ...] = ()) -> str:
        """Puts an instance in, in place of one of that address; gives the address."""
        instance = {
            "schema_version": schema_version,
            "attributes": attributes,
            "sensitive_attributes": [[{"type": "get_attr", "value": attribute}] for attribute in sensitive],
            "private": "bnVsbA==",
        }
        self.remove(f"{type_name}.{name}")
        self.resources.append({"mode": "managed", "type": type_name, "name": name, "provider": PROVIDER, "instances": [instance]})
        return f"{type_name}.{name}"

    def remove(self, address: str) -> None:
        self.resources = [resource for resource in self.resources if f"{resource['type']}.{resource['name']}" != address]

    def attributes(self, address: str) -> dict[str, Any]:
        """The attributes of an instance, to change them."""
        [found] = [resource for resource in self.resources if f"{resource['type']}.{resource['name']}" == address]
        return found["instances"][0]["attributes"]

    def text(self) -> str:
        """The file's next version."""
        self.serial += 1
        whole = {
            "version": 4,
            "terraform_version": "1.13.4",
            "serial": self.serial,
            "lineage": self.lineage,
            "outputs": {},
            "resources": sorted(self.resources, key=lambda resource: (resource["type"], resource["name"])),
            "check_results": None,
        }
        return json.dumps(whole, indent=2) + "\n"


def security_group(ec2: Any, group_id: str, *, account: str = ACCOUNT, region: str = REGION) -> dict[str, Any]:
    """`aws_security_group`, schema version 1, with its rules inline."""
    [group] = ec2.describe_security_groups(GroupIds=[group_id])["SecurityGroups"]
    tags = _tags(group.get("Tags"))
    return {
        "arn": f"arn:aws:ec2:{region}:{account}:security-group/{group_id}",
        "description": group["Description"],
        "egress": _rules(group_id, group["IpPermissionsEgress"]),
        "id": group_id,
        "ingress": _rules(group_id, group["IpPermissions"]),
        "name": group["GroupName"],
        "name_prefix": "",
        "owner_id": account,
        "revoke_rules_on_delete": False,
        "tags": tags or None,
        "tags_all": tags,
        "timeouts": None,
        "vpc_id": group["VpcId"],
    }


def _rules(group_id: str, permissions: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The provider's inline blocks: one for each protocol, ports and description, with all its sources together."""
    blocks: dict[tuple[Any, ...], dict[str, Any]] = {}
    for permission in permissions:
        sources = [("cidr_blocks", source["CidrIp"], source) for source in permission.get("IpRanges", [])]
        sources += [("ipv6_cidr_blocks", source["CidrIpv6"], source) for source in permission.get("Ipv6Ranges", [])]
        sources += [("prefix_list_ids", source["PrefixListId"], source) for source in permission.get("PrefixListIds", [])]
        sources += [("security_groups", source["GroupId"], source) for source in permission.get("UserIdGroupPairs", [])]
        for kind, value, source in sources:
            ports = (permission.get("FromPort", 0), permission.get("ToPort", 0))
            description = source.get("Description", "")
            block = blocks.setdefault(
                (permission["IpProtocol"], *ports, description),
                {
                    "cidr_blocks": [],
                    "description": description,
                    "from_port": ports[0],
                    "ipv6_cidr_blocks": [],
                    "prefix_list_ids": [],
                    "protocol": permission["IpProtocol"],
                    "security_groups": [],
                    "self": False,
                    "to_port": ports[1],
                },
            )
            if (kind, value) == ("security_groups", group_id):
                block["self"] = True
            else:
                block[kind].append(value)
    return list(blocks.values())


def bucket(s3: Any, name: str, *, region: str = REGION) -> dict[str, Any]:
    """`aws_s3_bucket`: a private one, encrypted as S3 does by default."""
    owner = s3.get_bucket_acl(Bucket=name)["Owner"]["ID"]
    versioned = s3.get_bucket_versioning(Bucket=name).get("Status") == "Enabled"
    default_encryption = {"apply_server_side_encryption_by_default": [{"kms_master_key_id": "", "sse_algorithm": "AES256"}], "bucket_key_enabled": False}
    return {
        "acceleration_status": "",
        "acl": None,
        "arn": f"arn:aws:s3:::{name}",
        "bucket": name,
        "bucket_domain_name": f"{name}.s3.amazonaws.com",
        "bucket_prefix": "",
        "bucket_regional_domain_name": f"{name}.s3.{region}.amazonaws.com",
        "cors_rule": [],
        "force_destroy": False,
        "grant": [{"id": owner, "permissions": ["FULL_CONTROL"], "type": "CanonicalUser", "uri": ""}],
        "hosted_zone_id": "Z3AQBSTGFYJSTF",
        "id": name,
        "lifecycle_rule": [],
        "logging": [],
        "object_lock_configuration": [],
        "object_lock_enabled": False,
        "policy": "",
        "region": region,
        "replication_configuration": [],
        "request_payer": "BucketOwner",
        "server_side_encryption_configuration": [{"rule": [default_encryption]}],
        "tags": None,
        "tags_all": {},
        "timeouts": None,
        "versioning": [{"enabled": versioned, "mfa_delete": False}],
        "website": [],
        "website_domain": None,
        "website_endpoint": None,
    }


def bucket_versioning(s3: Any, name: str) -> dict[str, Any]:
    """`aws_s3_bucket_versioning`."""
    status = s3.get_bucket_versioning(Bucket=name).get("Status", "Disabled")
    return {
        "bucket": name,
        "expected_bucket_owner": "",
        "id": name,
        "mfa": None,
        "versioning_configuration": [{"mfa_delete": "", "status": status}],
    }


def queue(sqs: Any, url: str) -> dict[str, Any]:
    """`aws_sqs_queue`."""
    held = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    tags = sqs.list_queue_tags(QueueUrl=url).get("Tags") or {}
    account, name = held["QueueArn"].split(":")[4:]
    return {
        "arn": held["QueueArn"],
        "content_based_deduplication": False,
        "deduplication_scope": "",
        "delay_seconds": int(held["DelaySeconds"]),
        "fifo_queue": False,
        "fifo_throughput_limit": "",
        "id": url,
        "kms_data_key_reuse_period_seconds": 300,
        "kms_master_key_id": "",
        "max_message_size": int(held["MaximumMessageSize"]),
        "message_retention_seconds": int(held["MessageRetentionPeriod"]),
        "name": name,
        "name_prefix": "",
        "policy": held.get("Policy", ""),
        "receive_wait_time_seconds": int(held["ReceiveMessageWaitTimeSeconds"]),
        "redrive_allow_policy": "",
        "redrive_policy": "",
        "sqs_managed_sse_enabled": held.get("SqsManagedSseEnabled", "true") == "true",
        "tags": tags or None,
        "tags_all": tags,
        "timeouts": None,
        "url": url,
        "visibility_timeout_seconds": int(held["VisibilityTimeout"]),
    }


def role(iam: Any, name: str) -> dict[str, Any]:
    """`aws_iam_role` without policies of its own."""
    held = iam.get_role(RoleName=name)["Role"]
    tags = _tags(held.get("Tags"))
    return {
        "arn": held["Arn"],
        "assume_role_policy": json.dumps(held["AssumeRolePolicyDocument"], separators=(",", ":")),
        "create_date": held["CreateDate"].strftime("%Y-%m-%dT%H:%M:%SZ"),
        "description": held.get("Description", ""),
        "force_detach_policies": False,
        "id": name,
        "inline_policy": [],
        "managed_policy_arns": [],
        "max_session_duration": held.get("MaxSessionDuration", 3600),
        "name": name,
        "name_prefix": "",
        "path": held["Path"],
        "permissions_boundary": "",
        "tags": tags or None,
        "tags_all": tags,
        "unique_id": held["RoleId"],
    }


def lock(state: str, who: str, created: datetime | None = None) -> str:
    """What Terraform's S3 backend holds on a state (`bucket/key`) during an apply: a `.tflock`, or the `Info` of a lock table's item."""
    from .records import moment

    held = {
        "ID": str(uuid.uuid4()),
        "Operation": "OperationTypeApply",
        "Info": "",
        "Who": who,
        "Version": "1.13.4",
        "Created": moment(created),
        "Path": state,
    }
    return json.dumps(held)


def _tags(pairs: list[dict[str, str]] | None) -> dict[str, str]:
    return {pair["Key"]: pair["Value"] for pair in pairs or []}
