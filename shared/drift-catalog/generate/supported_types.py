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

What AWS's types are read with are IAM's actions. GitHub's are read with the operations of its API; beside them stand the
permissions that a GitHub App needs, which a fine-grained token calls by the same names, and the scopes that a classic token
needs. Whether a team or a member is gone is told to who may list invitations: `members: read`, or an owner's `admin:org`.
"""
GITHUB = "github"


def services():
    for path in sorted((CRATE / "catalog").glob("*/*.toml")):
        with path.open("rb") as file:
            yield tomllib.load(file)


def action(service, read):
    return read.get("action") or f"{read.get('service', service)}:{read['operation']}"


def names(items):
    return ", ".join(f"`{item}`" for item in sorted(items))


def described(service, resource):
    lines = [f"## {resource['type']}", ""]
    lines += [f"Compared: {names(resource['attributes'])}.", ""]
    rules = [(name, rule) for name, rule in resource["attributes"].items() if isinstance(rule, dict)]
    secrets = [name for name, rule in rules if rule.get("sensitive")]
    secrets += [f"{name}.{secret}" for name, rule in rules for secret in rule.get("secrets", [])]
    if secrets:
        lines += [f"Never shown: {names(secrets)}.", ""]
    lines += [read_with(service, resource), ""]
    lines += ["| not compared | why |", "| --- | --- |"]
    lines += [f"| `{name}` | {reason} |" for name, reason in sorted(resource["not_compared"].items())]
    return "\n".join(lines) + "\n"


def read_with(service, resource):
    if service != GITHUB:
        return f"Read with {names({action(service, read) for read in resource['read']})}."
    witnesses = [one for read in resource["read"] for one in listed(read.get("witness", []))]
    operations = {read["operation"] for read in resource["read"]} | {one if isinstance(one, str) else one["operation"] for one in witnesses}
    permissions = resource.get("permissions")
    of_apps = f"Permissions: {names(permissions)}." if permissions else "No App can read it: it takes a person's token."
    return f"Read with {names(operations)}. {of_apps} Scopes: {names(resource['scopes'])}."


def listed(value):
    return value if isinstance(value, list) else [value]


def page(types):
    read = sorted(((service["service"], resource) for service, resource in types if "read" in resource), key=lambda item: item[1]["type"])
    known = [resource["type"] for _, resource in types if "read" not in resource]
    parts = [HEAD, *(described(service, resource) for service, resource in read)]
    parts.append("## Known by their events and references alone\n\nWhat happens to these is noticed; reading them takes another reader.\n\n"
                 + "".join(f"- `{name}`\n" for name in sorted(known)))
    return "\n".join(parts)


def main():
    types = [(service, resource) for service in services() for resource in service.get("resource", [])]
    actions = sorted({action(service["service"], read) for service, resource in types if service["service"] != GITHUB
                      for read in resource.get("read", [])})
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
