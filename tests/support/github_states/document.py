"""A state file of version 4 with a resource for each type, and what tests do with one."""

from __future__ import annotations

import copy
import json
from typing import Any, Collection, Iterator

from .recording import Recorded
from .variants import Variant

#: The resources' one name.
_NAME = "this"


def address(type_name: str, key: Any) -> str:
    """What Terraform prints for an instance."""
    return f"{type_name}.{_NAME}[{json.dumps(str(key), ensure_ascii=False)}]"


def written(variant: Variant, instances: dict[str, list[Recorded]]) -> dict[str, Any]:
    """A state of these instances, by type."""
    resources = [
        {
            "mode": "managed", "type": type_name, "name": _NAME, "provider": f'provider["{variant.provider}"]',
            "instances": [instance.as_json() for instance in sorted(held, key=lambda each: each.key)],
        }
        for type_name, held in sorted(instances.items())
        if held
    ]
    return {
        "version": 4, "terraform_version": "1.11.4", "serial": 1, "lineage": "9f0e2c1a-4b7d-4a55-8c3e-0d1f2a3b4c5d", "outputs": {},
        "resources": resources, "check_results": None,
    }


def text(state: dict[str, Any]) -> str:
    return json.dumps(state, indent=2) + "\n"


def _instances(state: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any], dict[str, Any]]]:
    for resource in state["resources"]:
        for instance in resource["instances"]:
            module = f"{resource['module']}." if "module" in resource else ""
            key = f"[{json.dumps(instance['index_key'], ensure_ascii=False)}]" if "index_key" in instance else ""
            yield f"{module}{resource['type']}.{resource['name']}{key}", resource, instance


def addresses(state: dict[str, Any]) -> list[str]:
    return [found for found, _, _ in _instances(state)]


def recorded(state: dict[str, Any], wanted: str) -> dict[str, Any]:
    """The instance of an address, with its `attributes`; to be changed in place."""
    found = [instance for each, _, instance in _instances(state) if each == wanted]
    if len(found) != 1:
        raise KeyError(f"the state holds {len(found)} of {wanted}")
    return found[0]


def attributes(state: dict[str, Any], wanted: str) -> dict[str, Any]:
    """The attributes of an instance, to be changed in place."""
    return recorded(state, wanted)["attributes"]


def remove(state: dict[str, Any], *unwanted: str) -> None:
    """Takes instances out, as if nobody managed them."""
    for wanted in unwanted:
        gone = recorded(state, wanted)
        for resource in state["resources"]:
            resource["instances"] = [each for each in resource["instances"] if each is not gone]
    state["resources"] = [resource for resource in state["resources"] if resource["instances"]]


def keep(state: dict[str, Any], wanted: Collection[str]) -> dict[str, Any]:
    """A copy with these addresses alone."""
    kept = copy.deepcopy(state)
    remove(kept, *(each for each in addresses(kept) if each not in wanted))
    return kept


def merged(*states: dict[str, Any]) -> dict[str, Any]:
    """One state with the resources of several: each after the first is a module of its own."""
    whole = copy.deepcopy(states[0])
    for number, state in enumerate(states[1:], 1):
        whole["resources"] += [{"module": f"module.part{number}", **resource} for resource in copy.deepcopy(state["resources"])]
    return whole
