#!/usr/bin/env python3
"""Checks the module, what is beside it, and its examples.

usage: check.py [--without-terraform] [FOLDER]

Every file is parsed, and everything that it names has to be there. Where Terraform and the plugin of hashicorp/aws are on this
machine, `terraform fmt`, `init` and `validate` are run too, on a copy; where they are not, that is said.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from pathlib import Path

import installed
import references

MODULE = Path(__file__).resolve().parent.parent


def main() -> None:
    parser = argparse.ArgumentParser(description="Checks the Terraform module and its examples.")
    parser.add_argument("--without-terraform", action="store_true", help="only what takes no Terraform")
    parser.add_argument("folder", nargs="?", type=Path, default=MODULE)
    given = parser.parse_args()
    root = given.folder.resolve()
    found = folders(root)
    problems = [problem.replace(f"{root}/", "") for folder in found for problem in references.problems(folder)]
    print(f"parsed {len(found)} folders: {', '.join(name(root, folder) for folder in found)}")
    why_not = "it was asked for" if given.without_terraform else installed.why_not()
    if why_not:
        print(f"SKIPPED: terraform fmt, init and validate: {why_not}", file=sys.stderr)
    else:
        problems += validated(root)
    for problem in problems:
        print(problem, file=sys.stderr)
    if problems:
        sys.exit(f"{len(problems)} problems")


def folders(root: Path) -> list[Path]:
    """Every folder with Terraform's language in it, the module first."""
    return sorted({file.parent for file in root.rglob("*.tf") if ".terraform" not in file.parts})


def name(root: Path, folder: Path) -> str:
    return f"{root.name}/{folder.relative_to(root)}" if folder != root else root.name


def validated(root: Path) -> list[str]:
    """What Terraform says against it."""
    with tempfile.TemporaryDirectory(prefix="driftwire-infra-check-") as beside, installed.terraform() as terraform:
        copy = Path(beside, root.name)
        shutil.copytree(root, copy, ignore=shutil.ignore_patterns(".terraform", ".terraform.lock.hcl", "terraform.tfstate*"))
        formatted = terraform.run(copy, "fmt", "-check", "-diff", "-recursive")
        found = [f"terraform fmt:\n{formatted.stdout}"] if formatted.returncode else []
        for folder in folders(copy):
            for arguments in (["init", "-backend=false", "-no-color"], ["validate", "-no-color"]):
                done = terraform.run(folder, *arguments)
                if done.returncode:
                    found.append(f"terraform {arguments[0]} in {name(copy, folder)}:\n{done.stdout}")
                    break
            else:
                print(f"valid: {name(copy, folder)}")
    return found


if __name__ == "__main__":
    main()
