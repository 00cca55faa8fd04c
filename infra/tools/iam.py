#!/usr/bin/env python3
"""Writes read-actions.json: what the functions have to be allowed on what they watch. The catalog tells.

usage: iam.py [--check]

With --check nothing is written; exit status 1 says that the file is stale. Needs Python alone.
"""

import json
import sys
from pathlib import Path

MODULE = Path(__file__).resolve().parent.parent
#: Generated from the catalog's reads by shared/drift-catalog/generate/supported_types.py.
CATALOGS = MODULE.parent / "shared" / "drift-catalog" / "read-actions.json"
#: The module stands alone as a folder, so it has a copy.
OURS = MODULE / "read-actions.json"


def main() -> None:
    actions = sorted(set(json.loads(CATALOGS.read_text())))
    text = json.dumps(actions, indent=2) + "\n"
    if OURS.exists() and OURS.read_text() == text:
        return
    if "--check" in sys.argv[1:]:
        sys.exit("stale: infra/read-actions.json: run make iam")
    OURS.write_text(text)
    print(f"infra/read-actions.json: {len(actions)} actions")


if __name__ == "__main__":
    main()
