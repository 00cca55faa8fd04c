"""A security group that Terraform manages, and what people do to it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from . import records, terraform
from .cloud import Cloud
from .records import Caller, Record


@dataclass
class Firewall:
    """A security group that Terraform manages, and what people do to it."""

    ec2: Any
    group: str
    address: str
    state: terraform.State

    def open(self, port: int, cidr: str = "0.0.0.0/0", *, caller: Caller | None = None, **given: Any) -> Record:
        """Opens a port; the record of it."""
        self.ec2.authorize_security_group_ingress(GroupId=self.group, IpPermissions=[_permission(port, cidr)])
        return records.ingress_authorized(self.group, port=port, cidr=cidr, caller=caller or records.somebody(), **given)

    def close(self, port: int, cidr: str = "0.0.0.0/0", *, caller: Caller | None = None, **given: Any) -> Record:
        """Closes it again; the record of it."""
        self.ec2.revoke_security_group_ingress(GroupId=self.group, IpPermissions=[_permission(port, cidr)])
        return records.ingress_revoked(self.group, port=port, cidr=cidr, caller=caller or records.somebody(), **given)

    def recorded(self) -> str:
        """The state after an apply that accepts the group as it is now."""
        self.state.add("aws_security_group", self.address.partition(".")[2], terraform.security_group(self.ec2, self.group), schema_version=1)
        return self.state.text()


def _permission(port: int, cidr: str) -> dict[str, Any]:
    return {"IpProtocol": "tcp", "FromPort": port, "ToPort": port, "IpRanges": [{"CidrIp": cidr}]}


def make_firewall(cloud: Cloud, *, name: str = "web", description: str = "Web servers", state: terraform.State | None = None) -> Firewall:
    """A group that lets in HTTPS from everywhere and SSH from the office."""
    ec2 = cloud.client("ec2")
    vpc = ec2.describe_vpcs()["Vpcs"][0]["VpcId"]
    group = ec2.create_security_group(GroupName=name, Description=description, VpcId=vpc)["GroupId"]
    ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[_permission(443, "0.0.0.0/0"), _permission(22, "198.51.100.0/24")])
    made = Firewall(ec2, group, f"aws_security_group.{name}", state or terraform.State())
    made.state.add("aws_security_group", name, terraform.security_group(ec2, group), schema_version=1)
    return made
