"""IAM's decisions over the policies that were deployed, for every call that a proxy sees.

What it cannot show: what AWS does on behalf of a caller (KMS for an encrypted table or topic), service control policies,
permission boundaries, and conditions that no policy of Driftwire's has; an operator that it does not know is an error.
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from .calls import Request, requests
from .proxy import Call, Deed, deny

Document = Mapping[str, Any]
Context = Mapping[str, list[str]]


class Policies:
    """The policies of one principal, or of one resource, together."""

    def __init__(self, documents: Iterable[Document]):
        self.statements = [statement for document in documents for statement in listed(document["Statement"])]

    def allow(self, action: str, resource: str, context: Context | None = None, principal: str | None = None) -> bool:
        """Whether something allows it and nothing denies it. A policy of a resource asks who calls: `principal`."""
        effects = [statement["Effect"] for statement in self.statements if _applies(statement, action, resource, context or {}, principal)]
        return "Allow" in effects and "Deny" not in effects


@dataclass
class Enforcement:
    """Refuses what the policies of a caller, known by its access key, do not allow; others may do everything."""

    policies: Mapping[str, Policies]
    #: What was refused: who, and what of what.
    refused: list[tuple[str, str]] = field(default_factory=list)
    #: What was allowed.
    used: set[tuple[str, str]] = field(default_factory=set)

    def __call__(self, call: Call) -> Deed | None:
        policies = self.policies.get(call.access_key)
        if policies is None:
            return None
        for request in requests(call):
            if request.action == "sts:GetCallerIdentity":
                # No policy is asked: https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html
                continue
            if not policies.allow(request.action, request.resource, request.context):
                self.refused.append((call.access_key, f"{request.action} of {request.resource}"))
                return deny
            self.used.add((call.access_key, request.action))
        return None


def of_role(iam: Any, name: str) -> Policies:
    """What a role is allowed: its inline and its attached policies, as IAM has them."""
    documents = [iam.get_role_policy(RoleName=name, PolicyName=policy)["PolicyDocument"] for policy in iam.list_role_policies(RoleName=name)["PolicyNames"]]
    for attached in iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]:
        version = iam.get_policy(PolicyArn=attached["PolicyArn"])["Policy"]["DefaultVersionId"]
        documents.append(iam.get_policy_version(PolicyArn=attached["PolicyArn"], VersionId=version)["PolicyVersion"]["Document"])
    return Policies(documents)


def listed(value: Any) -> list[Any]:
    """IAM's members that are one or several."""
    return value if isinstance(value, list) else [value]


def _applies(statement: Document, action: str, resource: str, context: Context, principal: str | None) -> bool:
    actions = _fits(statement, "Action", action, re.IGNORECASE)
    resources = _fits(statement, "Resource", resource) if {"Resource", "NotResource"} & statement.keys() else True
    return actions and resources and _principal(statement, principal) and _conditions(statement.get("Condition", {}), context)


def _fits(statement: Document, member: str, value: str, flags: int = 0) -> bool:
    if f"Not{member}" in statement:
        return not any(_like(pattern, value, flags) for pattern in listed(statement[f"Not{member}"]))
    return any(_like(pattern, value, flags) for pattern in listed(statement[member]))


def _like(pattern: str, value: str, flags: int = 0) -> bool:
    expression = re.escape(pattern).replace(r"\*", ".*").replace(r"\?", ".")
    return re.fullmatch(expression, value, flags | re.DOTALL) is not None


def _principal(statement: Document, principal: str | None) -> bool:
    if "Principal" not in statement:
        return True
    named = statement["Principal"]
    return named == "*" or any(_like(pattern, principal or "") for patterns in named.values() for pattern in listed(patterns))


def _conditions(conditions: Mapping[str, Mapping[str, Any]], context: Context) -> bool:
    return all(_condition(operator, context.get(key), listed(values)) for operator, pairs in conditions.items() for key, values in pairs.items())


def _condition(operator: str, given: list[str] | None, wanted: list[str]) -> bool:
    quantifier, _, name = operator.rpartition(":")
    if name == "Null":
        return (str(wanted[0]).lower() == "true") == (given is None)
    matches = {
        "StringEquals": lambda value, want: value == want,
        "StringLike": _is_like,
        "ArnEquals": _is_like,
        "ArnLike": _is_like,
        "Bool": lambda value, want: value.lower() == str(want).lower(),
    }[name]
    fits = [any(matches(value, want) for want in wanted) for value in given or []]
    # Of nothing, everything is true for all; but a key that is absent fits no plain operator.
    return all(fits) if quantifier == "ForAllValues" else any(fits)


def _is_like(value: str, want: str) -> bool:
    return _like(want, value)


__all__ = ["Enforcement", "Policies", "Request", "listed", "of_role"]
