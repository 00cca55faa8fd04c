#!/usr/bin/env python3
"""Applies a configuration that calls the module, with what it deploys built first; or removes it.

usage: deploy.py apply FOLDER [--architecture ARCHITECTURE] [--provider-version VERSION ...]
       deploy.py destroy FOLDER

The architecture is the one that the configuration says. Each version of hashicorp/aws is staged into dist/plugins, from this disk
or else from Terraform's registry. Terraform asks before it changes anything.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
from pathlib import Path

import build
import references
from configuration import Module, Unreadable, read

WORKSPACE = Path(__file__).resolve().parents[2]
MODULE = WORKSPACE / "infra"
#: As Terraform's registry names what Lambda's architectures run.
PLATFORMS = {"arm64": "linux_arm64", "x86_64": "linux_amd64"}


class NotKnown(Exception):
    """Something that the configuration does not say in so many words."""


def main() -> None:
    examples = ", ".join(sorted(folder.name for folder in (MODULE / "examples").iterdir()))
    parser = argparse.ArgumentParser(description="Applies a configuration that calls the module.")
    parser.add_argument("what", choices=["apply", "destroy"])
    parser.add_argument("folder", nargs="?", type=Path)
    parser.add_argument("--architecture", choices=sorted(PLATFORMS))
    parser.add_argument("--provider-version", action="append", default=[])
    given = parser.parse_args()
    command = {"apply": "deploy"}.get(given.what, given.what)
    if given.folder is None:
        sys.exit(f"which configuration? make {command} DIR=folder, or make {command} EXAMPLE=name: {examples}")
    if not any(given.folder.glob("*.tf")):
        sys.exit(f"{given.folder} has no *.tf. The examples are {examples}")
    try:
        if given.what == "apply":
            prepare(given.folder, given.architecture, given.provider_version)
        terraform(given.folder, "init")
        terraform(given.folder, given.what)
    except subprocess.CalledProcessError as error:
        sys.exit(error.returncode)
    except FileNotFoundError as error:
        sys.exit(f"{error.filename} is not on PATH: install it (https://developer.hashicorp.com/terraform/install)")


def prepare(folder: Path, asked: str | None, versions: list[str]) -> None:
    """Builds the functions and stages the plugins, for what the configuration runs on."""
    try:
        architecture = asked or architecture_of(folder)
    except (NotKnown, Unreadable) as error:
        sys.exit(f"{error}. Say which: make deploy ARCH=arm64")
    print(f"building for {architecture}")
    subprocess.run([sys.executable, str(Path(build.__file__)), architecture], check=True)
    for version in versions:
        stage(version, PLATFORMS[architecture])


def stage(version: str, platform: str) -> None:
    if re.fullmatch(r"\d+\.\d+\.\d+", version) is None:
        sys.exit(f"{version}: a version such as 5.100.0 is expected")
    folder = WORKSPACE / "dist/plugins"
    if (folder / f"terraform-provider-aws_{version}_{platform}.zip").exists():
        print(f"hashicorp/aws {version} for {platform} is staged already")
        return
    command = ["cargo", "run", "--quiet", "--locked", "--package", "driftwire", "--", "providers", "stage", "hashicorp/aws"]
    subprocess.run([*command, "--version", version, "--download", "--platform", platform, "--to", f"{folder}/"], cwd=WORKSPACE, check=True)


def terraform(folder: Path, command: str) -> None:
    subprocess.run(["terraform", f"-chdir={folder}", command], check=True)


def architecture_of(folder: Path) -> str:
    """The architecture of the call of the module in this folder, as far as it is written there."""
    module = read(folder.resolve())
    calls = [call for call in module.declared("module").values() if _calls_ours(module, call)]
    if len(calls) != 1:
        raise NotKnown(f"{folder} calls the module in infra/ {len(calls)} times, and not once")
    given = calls[0].attributes.get("architecture")
    if given is None:
        return str(read(MODULE).declared("variable")["architecture"].attributes["default"].literal())
    value = given.literal() or _of_variable(module, given.text)
    if value not in PLATFORMS:
        raise NotKnown(f"{given.where}: architecture = {given.text}: what that is, only Terraform knows")
    return str(value)


def _calls_ours(module: Module, call) -> bool:
    target = references.called(module, call)
    return target is not None and target.folder == MODULE


def _of_variable(module: Module, text: str) -> str | bool | None:
    """A variable's value: from the environment, a file of values, or its default, in Terraform's order."""
    named = re.fullmatch(r"var\.(\w+)", text)
    variable = module.declared("variable").get(named[1]) if named else None
    if variable is None:
        return None
    name = variable.labels[0]
    files = [*sorted(module.folder.glob("*.auto.tfvars"), reverse=True), module.folder / "terraform.tfvars"]
    for file in files:
        said = re.search(rf'^\s*{name}\s*=\s*"([^"]*)"', file.read_text(), re.MULTILINE) if file.exists() else None
        if said:
            return said[1]
    default = variable.attributes.get("default")
    return os.environ.get(f"TF_VAR_{name}") or (default.literal() if default else None)


if __name__ == "__main__":
    main()
