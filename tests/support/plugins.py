"""Provider plugins for `provider-judge`: the real one of hashicorp/aws where it is, and made-up ones."""

from __future__ import annotations

import hashlib
import json
import os
import platform
import subprocess
import zipfile
from pathlib import Path

from .places import binary

PROVIDER = "registry.terraform.io/hashicorp/aws"
#: A folder with plugins, laid out as a mirror of Terraform's.
VARIABLE = "DRIFTWIRE_TEST_PROVIDER_DIR"


def platform_name() -> str:
    """As providers write it: `linux_arm64`."""
    machine = {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())
    return f"{platform.system().lower()}_{machine}"


def real() -> tuple[Path, str] | None:
    """The executable of the newest hashicorp/aws where users have it, or in the folder that `VARIABLE` names; and its version."""
    folder = os.environ.get(VARIABLE)
    command = [str(binary("driftwire")), "providers", "--json", *(["--provider-dir", folder] if folder else [])]
    listed = json.loads(subprocess.run(command, capture_output=True, text=True, timeout=120).stdout)["providers"]
    found = [one for one in listed if one["provider"] == PROVIDER and "why_not" not in one]
    return (Path(found[-1]["executable"]), found[-1]["version"]) if found else None


def packed(executable: Path, to: Path) -> Path:
    """The zip that the registry has of it."""
    # As quick as it gets: how small it becomes is none of the tests' business.
    with zipfile.ZipFile(to, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        archive.write(executable, executable.name)
    return to


def uploaded(s3, package: Path, version: str, *, bucket: str = "acme-artifacts", sha256: str | None = None) -> str:
    """Puts a zip into a bucket; the entry of DRIFTWIRE_PLUGINS that names it."""
    s3.create_bucket(Bucket=bucket)
    with package.open("rb") as content:
        s3.put_object(Bucket=bucket, Key=package.name, Body=content)
    with package.open("rb") as content:
        digest = sha256 or hashlib.file_digest(content, "sha256").hexdigest()
    return f"hashicorp/aws {version} s3://{bucket}/{package.name} sha256:{digest}"


def made_up(folder: Path, script: str, version: str = "5.100.0") -> Path:
    """A mirror with a plugin that is this shell script."""
    executable = folder / PROVIDER / version / platform_name() / f"terraform-provider-aws_v{version}_x5"
    executable.parent.mkdir(parents=True)
    executable.write_text(f"#!/bin/sh\n{script}\n")
    executable.chmod(0o755)
    return folder
