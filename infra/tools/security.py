#!/usr/bin/env python3
"""Runs checkov over the module and its examples, without asking anything of a network.

usage: security.py CHECKOV [FOLDER]

An exception stands beside the code, as `#checkov:skip=ID:reason`; one without a reason is a finding.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

MODULE = Path(__file__).resolve().parent.parent
#: A reason is a sentence, however short.
SKIP = re.compile(r"checkov:skip=(?P<id>[\w-]+)\s*(?::\s*(?P<reason>.*))?")
SHORTEST = 15


def main(checkov: str, folder: Path) -> None:
    findings = unreasoned(folder)
    for finding in findings:
        print(finding, file=sys.stderr)
    options = ["--directory", str(folder), "--framework", "terraform", "--skip-download", "--quiet", "--compact"]
    options += ["--download-external-modules", "false", "--skip-path", r"\.terraform"]
    # checkov asks its maker's service for more where it has a key; it has none here, and no file of the user's is read.
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("BC_", "CKV_", "PRISMA_", "CHECKOV_"))}
    done = subprocess.run([checkov, *options], env=environment | {"LOG_LEVEL": "ERROR"}, cwd=folder, check=False)
    if findings or done.returncode:
        sys.exit("checkov has findings: mend them, or say beside the code why not: #checkov:skip=ID:reason")
    print("checkov: no findings")


def unreasoned(folder: Path) -> list[str]:
    """The exceptions that say nothing of why."""
    found = []
    for file in sorted(folder.rglob("*.tf")):
        for number, line in enumerate(file.read_text().splitlines(), 1):
            skip = SKIP.search(line)
            if skip and len((skip["reason"] or "").strip()) < SHORTEST:
                found.append(f"{file}:{number}: {skip['id']} is skipped without a reason")
    return found


if __name__ == "__main__":
    main(str(Path(sys.argv[1]).absolute()), Path(sys.argv[2]).resolve() if len(sys.argv) > 2 else MODULE)
