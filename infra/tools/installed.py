"""Terraform and the plugin of hashicorp/aws, where they are on this machine. Nothing is fetched.

As a program it ends with 0 where both are here, and says why not where they are not.
"""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

PROVIDER = Path("registry.terraform.io/hashicorp/aws")
#: A folder with plugins, laid out as a mirror of Terraform's; it comes before where Terraform itself would look.
VARIABLE = "DRIFTWIRE_TEST_PROVIDER_DIR"


@dataclass(frozen=True)
class Terraform:
    """Terraform with a mirror that has the plugin, and nothing of the machine's own set-up."""

    program: Path
    mirror: Path
    environment: Mapping[str, str] = field(repr=False)

    def run(self, folder: Path, *arguments: str, environment: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
        """One command in a folder, with both of its outputs in `stdout`, in the order in which they were written."""
        command = [str(self.program), f"-chdir={folder}", *arguments]
        given = {**self.environment, **(environment or {})}
        return subprocess.run(command, env=given, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)


def why_not() -> str | None:
    """What is missing on this machine for Terraform to run without a network."""
    if shutil.which("terraform") is None:
        return "there is no terraform on PATH"
    if mirror() is None:
        return f"no plugin of hashicorp/aws for {platform_name()} is where Terraform looks for mirrors; {VARIABLE} names a folder with one"
    return None


@contextmanager
def terraform() -> Iterator[Terraform]:
    """Terraform, where `why_not` has no reason against it."""
    program, plugins = shutil.which("terraform"), mirror()
    assert program and plugins, why_not()
    with tempfile.TemporaryDirectory(prefix="driftwire-terraform-") as folder:
        configuration = Path(folder, "terraformrc")
        # No `direct`: what is not in the mirror is not asked for anywhere.
        configuration.write_text(f'provider_installation {{\n  filesystem_mirror {{\n    path = "{plugins}"\n  }}\n}}\n')
        own = {"TF_CLI_CONFIG_FILE": str(configuration), "TF_IN_AUTOMATION": "1", "TF_INPUT": "0", "CHECKPOINT_DISABLE": "1"}
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "TF_", "DRIFTWIRE_"))}
        yield Terraform(Path(program), plugins, inherited | own)


def mirror() -> Path | None:
    """The first mirror that has the plugin for this machine: the one that `VARIABLE` names, else one of Terraform's implied ones."""
    named = os.environ.get(VARIABLE)
    folders = [Path(named)] if named else _implied()
    return next((folder for folder in folders if _plugins_in(folder)), None)


def plugins(folder: Path) -> dict[str, Path]:
    """The executables of hashicorp/aws in a mirror, by version."""
    return {path.parent.parent.name: path for path in _plugins_in(folder)}


def platform_name() -> str:
    """As providers write it: `linux_arm64`."""
    machine = {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())
    return f"{platform.system().lower()}_{machine}"


def _plugins_in(folder: Path) -> list[Path]:
    return sorted((folder / PROVIDER).glob(f"*/{platform_name()}/terraform-provider-aws*"))


def _implied() -> list[Path]:
    """https://developer.hashicorp.com/terraform/cli/config/config-file#implied-local-mirror-directories"""
    home = Path.home()
    if sys.platform == "darwin":
        system = [home / "Library/Application Support/io.terraform/plugins", Path("/Library/Application Support/io.terraform/plugins")]
    else:
        shared = os.environ.get("XDG_DATA_DIRS") or "/usr/local/share:/usr/share"
        data = [os.environ.get("XDG_DATA_HOME") or str(home / ".local/share"), *shared.split(":")]
        system = [Path(folder, "terraform/plugins") for folder in data]
    return [home / ".terraform.d/plugins", *system]


if __name__ == "__main__":
    if missing := why_not():
        print(f"SKIPPED: what takes Terraform: {missing}", file=sys.stderr)
        sys.exit(1)
