"""What docs/github-app.md asks for is what the catalog's types need, and no more."""

from __future__ import annotations

import re
import tomllib
import urllib.parse

from support.places import WORKSPACE

PAGE = (WORKSPACE / "docs/github-app.md").read_text()


def said() -> dict[str, set[str]]:
    """The levels of each permission, by the page's tables."""
    found: dict[str, set[str]] = {}
    for permission, level in re.findall(r"^\| `(\w+)` \| (read|write) \|", PAGE, re.MULTILINE):
        assert level not in found.setdefault(permission, set()), f"{permission} stands there twice"
        found[permission].add(level)
    return found


def needed() -> dict[str, set[str]]:
    """The levels that the types need."""
    found: dict[str, set[str]] = {}
    files = sorted((WORKSPACE / "shared/drift-catalog/catalog/github").glob("*.toml"))
    types = [resource for file in files for resource in tomllib.loads(file.read_text())["resource"]]
    assert len(types) > 30
    for resource in types:
        for permission in resource.get("permissions", []):
            name, _, level = permission.partition(": ")
            found.setdefault(name, set()).add(level)
    return found


def test_every_permission_that_a_type_needs_is_asked_for_and_no_other():
    assert said().keys() == needed().keys()
    # Whoever may write may read: what is written nowhere is asked for nowhere.
    assert {name for name, levels in said().items() if "write" in levels} == {name for name, levels in needed().items() if "write" in levels}


def test_the_app_that_the_link_makes_reads_everything_and_writes_nothing():
    [link] = re.findall(r"https://github\.com/organizations/acme/settings/apps/new\?\S+", PAGE)
    query = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(link).query, strict_parsing=True))
    about_itself = {name: query.pop(name) for name in ("name", "url", "public", "webhook_active")}
    assert (about_itself["public"], about_itself["webhook_active"]) == ("false", "false")
    assert query == {name: "read" for name, levels in said().items() if "read" in levels}
    assert query.keys() == needed().keys(), "what GitHub shows to writers alone is asked for at the level that reads"


def test_the_secret_is_described_as_the_function_takes_it():
    [row] = [line for line in (WORKSPACE / "docs/configuration.md").read_text().splitlines() if line.startswith("| `DRIFTWIRE_GITHUB_SECRET`")]
    members = set(re.findall(r"`(app_id|installation_id|private_key)`", row))
    assert members == {"app_id", "installation_id", "private_key"}
    [shown] = re.findall(r"^\{.*\}$", PAGE, re.MULTILINE)
    assert set(re.findall(r'"(\w+)":', shown)) == members
