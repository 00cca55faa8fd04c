"""What the writers of all types share: an instance as it is recorded, and how the provider writes ids, times, roles and people."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Callable, Iterator

from ..served_github.node_ids import legacy_node_id, node_id
from ..served_github.things import Organisation, Repository, Team
from .variants import Variant

Json = dict[str, Any]
#: An attribute's path: names and indices.
Path = tuple[str | int, ...]
#: What every URL of the API begins with that a state of github.com holds.
API = "https://api.github.com"


@dataclass
class Recorded:
    """One instance: its key in `for_each`, and what Read would have written."""

    key: str
    attributes: Json
    schema_version: int = 0
    sensitive: tuple[Path, ...] = field(default=())

    def as_json(self) -> Json:
        sensitive = [[_step(step) for step in path] for path in self.sensitive]
        return {
            "index_key": self.key, "schema_version": self.schema_version, "attributes": self.attributes, "sensitive_attributes": sensitive, "private": "bnVsbA==",
        }


def _step(step: str | int) -> Json:
    if isinstance(step, str):
        return {"type": "get_attr", "value": step}
    return {"type": "index", "value": {"value": step, "type": "number"}}


@dataclass
class Scope:
    """Of which organisation, and how, a state is written."""

    owner: Organisation
    variant: Variant

    @property
    def repositories(self) -> list[Repository]:
        return list(self.owner.repositories.values())

    @property
    def teams(self) -> list[Team]:
        return list(self.owner.teams.values())

    def team(self, team: Team) -> str:
        """A team as a configuration names it."""
        return team.slug if self.variant.teams == "slug" else str(team.id)

    def repository(self, repository: Repository) -> str:
        """A repository as the configuration of a protection rule names it."""
        return repository.node_id if self.variant.repositories == "node_id" else repository.name

    def actor(self, kind: str, number: int) -> str:
        """Who may push, dismiss or bypass, as a rule's sets hold them."""
        world, how = self.owner.world, self.variant.actors
        if how == "legacy_id":
            return legacy_node_id(kind, number)
        if how == "node_id" or kind == "App":
            return node_id("Team", self.owner.id, number) if kind == "Team" else node_id(kind, number)
        if kind == "Team":
            team = world.team_by_id(number)
            return f"{self.owner.login}/{team.slug if team else number}"
        return f"/{self.variant.login(world.users[number].login)}"


Writer = Callable[[Scope], Iterator[Recorded]]


def etag(*parts: Any) -> str:
    """A tag that no answer has any more: it is of another token, or another day."""
    return f'W/"{hashlib.sha256(":".join(map(str, parts)).encode()).hexdigest()}"'


def go_time(stamp: str) -> str:
    """`2023-01-12T12:44:16Z` as Go's `Time.String` has it."""
    return datetime.strptime(stamp, "%Y-%m-%dT%H:%M:%SZ").strftime("%Y-%m-%d %H:%M:%S +0000 UTC")


def permission(role: str) -> str:
    """REST's newer words for two roles, as the provider writes them."""
    return {"read": "pull", "write": "push"}.get(role, role)
