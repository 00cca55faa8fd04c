"""The plans of the examples, as far as no AWS has to do what they say."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

import installed
from support.terraform_cli import Example
from support.worlds import ARCHITECTURE

FUNCTIONS = ["event-detector", "state-indexer", "provider-judge", "slack-notifier", "github-scanner"]
EXAMPLES = ["single-account", "multi-region", "organisation", "slack", "provider-reader", "github-only"]
_VARIABLES = {"organisation": {"organization_id": "o-a1b2c3d4e5", "shop_account": "210987654321", "external_id": "of-the-tests"}}
#: The ARN of a secret is known in a plan only where it is given.
_SECRET = "arn:aws:secretsmanager:us-east-1:123456789012:secret:driftwire"
GITHUB_SECRET = f"{_SECRET}/github-a1b2c3"
_INPUTS = {
    "slack": {"slack": f'{{ secret_arn = "{_SECRET}/slack-a1b2c3" }}'},
    "github-only": {"github": f'{{ owner = "acme", secret_arn = "{GITHUB_SECRET}" }}'},
}

needs_terraform = pytest.mark.skipif(installed.why_not() is not None, reason=f"nothing can be planned: {installed.why_not()}")


def stand_ins(dist: Path) -> Path:
    """A folder as `make build` fills it, in which nothing runs."""
    for function in FUNCTIONS:
        (dist / ARCHITECTURE / function).mkdir(parents=True)
        with zipfile.ZipFile(dist / ARCHITECTURE / function / "bootstrap.zip", "w") as package:
            # Always the same bytes.
            package.writestr(zipfile.ZipInfo("bootstrap"), "")
    (dist / "plugins").mkdir()
    (dist / "plugins" / f"terraform-provider-aws_5.100.0_linux_{'arm64' if ARCHITECTURE == 'arm64' else 'amd64'}.zip").write_bytes(b"")
    return dist


def example(terraform: installed.Terraform, folder: Path, name: str, endpoint: str, dist: Path) -> Example:
    """One example, ready to be planned. Other inputs than its own are known in the plan."""
    folder.mkdir()
    return Example(terraform, folder, name, endpoint, dist=dist, variables=_VARIABLES.get(name), **inputs(name))


def inputs(name: str) -> dict[str, str]:
    return {"architecture": f'"{ARCHITECTURE}"', **_INPUTS.get(name, {})}
