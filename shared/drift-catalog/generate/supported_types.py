#!/usr/bin/env python3
"""Writes what follows from the catalog: docs/supported-types.md and the IAM actions that its reads take.

usage: supported_types.py [--check]

With --check nothing is written; exit status 1 says that a file is stale. Needs Python 3.11 alone.
"""
import json
import pathlib
import sys
import tomllib

CRATE = pathlib.Path(__file__).resolve().parent.parent
WORKSPACE = CRATE.parent.parent
PAGE = WORKSPACE / "docs" / "supported-types.md"
ACTIONS = CRATE / "read-actions.json"

HEAD = """# Supported types

Generated from `shared/drift-catalog/catalog`; `python shared/drift-catalog/generate/supported_types.py` writes it anew.

An attribute is compared where the state records it. One within a block is written `block.attribute`.
"""


def services():
    for path in sorted((CRATE / "catalog" / "aws").glob("*.toml")):
        with path.open("rb") as file:
            yield tomllib.load(file)


def action(service, read):
    return read.get("action") or f"{read.get('service', service)}:{read['operation']}"


def names(items):
    return ", ".join(f"`{item}`" for item in sorted(items))


def described(service, resource):
    lines = [f"## {resource['type']}", ""]
    lines += [f"Compared: {names(resource['attributes'])}.", ""]
    secrets = [name for name, rule in resource["attributes"].items() if isinstance(rule, dict) and rule.get("sensitive")]
    if secrets:
        lines += [f"Never shown: {names(secrets)}.", ""]
    lines += [f"Read with {names({action(service, read) for read in resource['read']})}.", ""]
    lines += ["| not compared | why |", "| --- | --- |"]
    lines += [f"| `{name}` | {reason} |" for name, reason in sorted(resource["not_compared"].items())]
    return "\n".join(lines) + "\n"


def page(types):
    read = sorted(((service["service"], resource) for service, resource in types if "read" in resource), key=lambda item: item[1]["type"])
    known = [resource["type"] for _, resource in types if "read" not in resource]
    parts = [HEAD, *(described(service, resource) for service, resource in read)]
    parts.append("## Known by their events and references alone\n\nWhat happens to these is noticed; reading them takes another reader.\n\n"
                 + "".join(f"- `{name}`\n" for name in sorted(known)))
    return "\n".join(parts)


def main():
    types = [(service, resource) for service in services() for resource in service.get("resource", [])]
    actions = sorted({action(service["service"], read) for service, resource in types for read in resource.get("read", [])})
    stale = []
    for path, text in ((PAGE, page(types)), (ACTIONS, json.dumps(actions, indent=2) + "\n")):
        if path.exists() and path.read_text() == text:
            continue
        stale.append(path)
        if "--check" not in sys.argv[1:]:
            path.write_text(text)
    if "--check" in sys.argv[1:] and stale:
        sys.exit("stale: " + ", ".join(str(path.relative_to(WORKSPACE)) for path in stale) + ": run "
                 + str(pathlib.Path(__file__).resolve().relative_to(WORKSPACE)))


if __name__ == "__main__":
    main()
