"""Read-only towards the cloud that is watched: what the native reader may call, and what the functions do call."""

import json
import re

from support.places import WORKSPACE

READS = re.compile(r"^[a-z0-9-]+:(Describe|Get|List)[A-Z]")


def test_every_action_that_reading_takes_reads():
    actions = json.loads((WORKSPACE / "shared/drift-catalog/read-actions.json").read_text())
    assert actions, "the catalog reads nothing"
    assert [action for action in actions if not READS.match(action)] == []


def test_every_read_of_github_reads():
    operations = [
        operation
        for page in sorted((WORKSPACE / "shared/drift-catalog/catalog/github").glob("*.toml"))
        for operation in re.findall(r'operation\s*=\s*"([^"]*)"', page.read_text())
    ]
    assert operations, "the catalog reads nothing of GitHub"
    assert [operation for operation in operations if not operation.startswith(("GET ", "GRAPHQL "))] == []
    queries = {page.name: page.read_text() for page in (WORKSPACE / "shared/drift-github/queries").glob("**/*.graphql")}
    assert queries, "nothing is asked of GraphQL"
    assert [name for name, query in queries.items() if re.search(r"^\s*(mutation|subscription)\b", query, re.MULTILINE)] == []
