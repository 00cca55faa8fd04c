"""Terraform itself, which applies a copy of an example to a served AWS."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import configuration
import installed

from .places import REGION, WORKSPACE, aws_environment

MODULE = WORKSPACE / "infra"
_SERVED = "  skip_credentials_validation = true\n  skip_metadata_api_check = true\n  s3_use_path_style = true\n"


class TerraformFailed(Exception):
    """Terraform ended with an error; what it said."""


class Example:
    """A copy of the module with its examples, of which one is applied.

    An override beside it says where AWS is; the example's own words stay as they are. `inputs` replace arguments of its call of the
    module; they are written in Terraform's language. `variables` are those of the example.
    """

    def __init__(
        self,
        terraform: installed.Terraform,
        folder: Path,
        name: str,
        endpoint: str,
        *,
        dist: Path | None = None,
        variables: Mapping[str, str] | None = None,
        **inputs: str,
    ):
        self._terraform = terraform
        self.root = folder / "infra"
        leave = shutil.ignore_patterns(".terraform", ".terraform.lock.hcl", "terraform.tfstate*")
        shutil.copytree(MODULE, self.root, ignore=leave)
        if dist:
            # Where the module looks for packages by itself.
            (folder / "dist").symlink_to(dist)
        self.folder = self.root / "examples" / name
        aws = {name: value for name, value in aws_environment(endpoint).items() if name.startswith("AWS_")}
        self._environment = aws | {f"TF_VAR_{name}": value for name, value in (variables or {}).items()}
        self._providers = configuration.read(self.folder).of("provider")
        self.override(**inputs)
        self("init")

    def override(self, **inputs: str) -> None:
        """Replaces arguments of the example's call of the module, in place of all that were replaced before."""
        arguments = "".join(f"  {name} = {value}\n" for name, value in inputs.items())
        providers = ""
        for provider in self._providers:
            alias = provider.attributes.get("alias")
            # Driftwire itself is where the tests' own clients are.
            place = f"  alias = {alias.text}" if alias else f'  region = "{REGION}"'
            providers += f'provider "aws" {{\n{place}\n{_SERVED}}}\n'
        (self.folder / "served_override.tf").write_text(f'{providers}module "driftwire" {{\n{arguments}}}\n')

    def __call__(self, *arguments: str, codes: tuple[int, ...] = (0,)) -> str:
        """What Terraform prints."""
        done = self.run(*arguments)
        if done.returncode not in codes:
            # Without the plan before it, which may be thousands of lines.
            said = done.stdout[max(done.stdout.find("\nError: "), 0) :]
            raise TerraformFailed(f"terraform {' '.join(arguments)} ended with {done.returncode}:\n{said[-5000:]}")
        return done.stdout

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        quiet = ["-no-color"] if arguments[0] in ("init", "plan", "apply", "destroy", "output", "show") else []
        return self._terraform.run(self.folder, arguments[0], *quiet, *arguments[1:], environment=self._environment)

    def apply(self) -> str:
        return self("apply", "-auto-approve", "-parallelism=20")

    def destroy(self) -> str:
        return self("destroy", "-auto-approve", "-parallelism=20")

    def plan(self) -> dict[str, Any]:
        """A plan as JSON: https://developer.hashicorp.com/terraform/internals/json-format"""
        self("plan", "-out=it.tfplan", "-parallelism=20")
        return json.loads(self("show", "-json", "it.tfplan"))

    def outputs(self) -> dict[str, Any]:
        return {name: output["value"] for name, output in json.loads(self("output", "-json")).items()}

    @property
    def state(self) -> Path:
        return self.folder / "terraform.tfstate"


def planned(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Every resource as it will be, with what is known of its values."""

    def within(module: dict[str, Any]) -> Iterator[dict[str, Any]]:
        yield from module.get("resources", [])
        for inner in module.get("child_modules", []):
            yield from within(inner)

    return (held for held in within(plan["planned_values"]["root_module"]) if held["mode"] == "managed")


def changes(plan: dict[str, Any]) -> dict[str, tuple[list[str], set[str]]]:
    """What a plan would change: by address, the actions, and the attributes that differ."""
    found = {}
    for change in plan.get("resource_changes", []):
        actions = change["change"]["actions"]
        if actions not in (["no-op"], ["read"]):
            found[change["address"]] = (actions, differing(change["change"]))
    return found


def differing(change: dict[str, Any]) -> set[str]:
    """The attributes that are others after a change."""
    before, after, unknown = change["before"] or {}, change["after"] or {}, change.get("after_unknown") or {}
    return {name for name in before.keys() | after.keys() | unknown.keys() if unknown.get(name) or before.get(name) != after.get(name)}
