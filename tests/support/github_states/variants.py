"""The ways in which states of one and the same organisation differ: by the provider's version and address, and by how its users write things."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Variant:
    #: The provider's, as far as it decides what is written.
    version: str = "6.12"
    provider: str = "registry.terraform.io/integrations/github"
    #: How a configuration names a team: `number` or `slug`.
    teams: str = "number"
    #: How it names the repository of a protection rule: `name` or `node_id`.
    repositories: str = "name"
    #: How it names who may push, dismiss and bypass: `name`, `node_id`, or `legacy_id` as GitHub wrote ids until 2021.
    actors: str = "name"
    #: Whether protection rules have ids of before 2021.
    legacy_rules: bool = False
    #: Whether people's logins are written in another case than GitHub's.
    shouting: bool = False
    #: Whether the provider was upgraded and nothing was refreshed since: what it knows anew is null.
    unrefreshed: bool = False

    def has(self, version: str) -> bool:
        """Whether the provider is of that version or later."""
        return _numbers(self.version) >= _numbers(version)

    def since(self, version: str, **attributes: Any) -> dict[str, Any]:
        """Attributes that exist since a version. Where nobody refreshed, what is false or empty is not yet written."""
        if self.has(version):
            return {name: None if self.unrefreshed and not value else value for name, value in attributes.items()}
        return {}

    def until(self, version: str, **attributes: Any) -> dict[str, Any]:
        """Attributes that existed before a version."""
        return {} if self.has(version) else attributes

    def login(self, login: str) -> str:
        return login.swapcase() if self.shouting else login


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(map(int, version.split(".")))


VARIANTS = {
    "current": Variant(),
    "newest": Variant(version="6.13"),
    "opentofu": Variant(provider="registry.opentofu.org/integrations/github"),
    "hashicorp-5": Variant(version="5.45", provider="registry.terraform.io/hashicorp/github"),
    "hashicorp-4": Variant(version="4.31", provider="registry.terraform.io/hashicorp/github", legacy_rules=True),
    "6.5": Variant(version="6.5"),
    "slugs": Variant(teams="slug"),
    "node-ids": Variant(repositories="node_id", actors="node_id"),
    "legacy-ids": Variant(version="5.20", repositories="node_id", actors="legacy_id", legacy_rules=True),
    "logins-in-another-case": Variant(shouting=True),
    "upgraded": Variant(unrefreshed=True),
}
