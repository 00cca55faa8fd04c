"""Read-only towards the cloud that is watched: what the native reader may call, and what the functions do call."""

import json
import re

from support.places import WORKSPACE

READS = re.compile(r"^[a-z0-9-]+:(Describe|Get|List)[A-Z]")


def test_every_action_that_reading_takes_reads():
    actions = json.loads((WORKSPACE / "shared/drift-catalog/read-actions.json").read_text())
    assert actions, "the catalog reads nothing"
    assert [action for action in actions if not READS.match(action)] == []
