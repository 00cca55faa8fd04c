"""Terraform states of a served GitHub: what integrations/github would have recorded of the organisation as it is now.

    world = World()
    world.organisation("acme", repositories=60, teams=12, members=40, seed=7)
    state = state_of(world, "acme")                                   # every type, as provider 6.12 refreshes it
    state = state_of(world, types=["github_repository"], variant=VARIANTS["opentofu"])
    path.write_text(text(state))

Of each type there is one resource, `this`, with an instance for each thing: `github_issue_label.this["shop:bug"]`; `address` says it. A state that
is written before anything is changed is in sync. Everything is derived from the world, not from its answers, by the rules of the provider's Read;
the world's rules of who may do what are shared with the server.
"""

from __future__ import annotations

from typing import Any, Collection

from ..served_github.world import World
from . import deliveries, guards, organisation, people, repositories
from .document import address, addresses, attributes, keep, merged, recorded, remove, text, written
from .recording import Scope
from .variants import VARIANTS, Variant

__all__ = ["TYPES", "VARIANTS", "Variant", "address", "addresses", "attributes", "keep", "merged", "recorded", "remove", "state_of", "text"]

_WRITERS = repositories.WRITERS | guards.WRITERS | people.WRITERS | deliveries.WRITERS | organisation.WRITERS
#: Every type that a state may hold here.
TYPES = tuple(sorted(_WRITERS))


def state_of(world: World, owner: str | None = None, types: Collection[str] = TYPES, variant: Variant = VARIANTS["current"]) -> dict[str, Any]:
    """A state, version 4, of everything of these types in the organisation (the first one without `owner`)."""
    if unknown := set(types) - set(TYPES):
        raise KeyError(f"no state is written of {', '.join(sorted(unknown))}")
    scope = Scope(world.owner(owner), variant)
    return written(variant, {name: list(_WRITERS[name](scope)) for name in sorted(types)})
