"""GitHub's global ids: the format of today (`R_kgDO…`) and the one that old states still hold (base64 of `010:Repository7`).

An id of today is a prefix for the type and, in URL-safe base64, a MessagePack array of numbers: 0, the ids of what contains the
thing, and its own. That is observed, not documented; clients must take it as opaque.
"""

from __future__ import annotations

import base64
import binascii
import re

PREFIXES = {
    "App": "A",
    "BranchProtectionRule": "BPR",
    "BypassForcePushAllowance": "BFPA",
    "BypassPullRequestAllowance": "BPRA",
    "DeployKey": "DK",
    "Environment": "EN",
    "Hook": "H",
    "Label": "LA",
    "Language": "LAN",
    "Organization": "O",
    "OrganizationInvitation": "OI",
    "PushAllowance": "PA",
    "Ref": "REF",
    "Repository": "R",
    "RepositoryInvitation": "RI",
    "RepositoryRuleset": "RRS",
    "RepositoryTopic": "RT",
    "ReviewDismissalAllowance": "RDA",
    "Team": "T",
    "Topic": "TO",
    "User": "U",
}
_TYPES = {prefix: name for name, prefix in PREFIXES.items()}


def node_id(type_name: str, *numbers: int) -> str:
    """The id of a thing of a GraphQL type; `numbers` end with its own database id."""
    packed = bytes([0x91 + len(numbers), 0])
    for number in numbers:
        packed += b"\xce" + number.to_bytes(4, "big") if number < 2**32 else b"\xcf" + number.to_bytes(8, "big")
    return f"{PREFIXES[type_name]}_{base64.urlsafe_b64encode(packed).decode().rstrip('=')}"


def legacy_node_id(type_name: str, number: int) -> str:
    """The same thing's id as GitHub wrote it until 2021."""
    return base64.b64encode(f"{len(type_name):03}:{type_name}{number}".encode()).decode()


def parse_node_id(text: str) -> tuple[str, list[int]] | None:
    """The type and the numbers (a legacy id has only the last one), or nothing if it is no such id."""
    prefix, underscore, rest = text.partition("_")
    try:
        if underscore and prefix in _TYPES:
            return _TYPES[prefix], _numbers(base64.urlsafe_b64decode(rest + "=" * (-len(rest) % 4)))
        legacy = re.fullmatch(r"\d{3}:([A-Za-z]+)(\d+)", base64.b64decode(text, validate=True).decode())
    except (binascii.Error, ValueError, IndexError):
        return None
    return (legacy[1], [int(legacy[2])]) if legacy and legacy[1] in PREFIXES else None


def _numbers(packed: bytes) -> list[int]:
    found, at = [], 2
    while at < len(packed):
        width = {0xCE: 4, 0xCF: 8}[packed[at]] if packed[at] in (0xCE, 0xCF) else 0
        if not width or at + 1 + width > len(packed):
            raise ValueError("not an id")
        found.append(int.from_bytes(packed[at + 1 : at + 1 + width], "big"))
        at += 1 + width
    return found
