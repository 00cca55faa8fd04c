"""Where things are: the workspace, its binaries, the test tools."""

from __future__ import annotations

import os
import sys
from pathlib import Path

WORKSPACE = Path(__file__).resolve().parents[2]

#: The account that moto gives to credentials that it did not issue.
ACCOUNT = "123456789012"
REGION = "us-east-1"


def binary(name: str) -> Path:
    """A binary of this workspace: in `DRIFTWIRE_BIN_DIR`, else where Cargo's dev profile puts it."""
    target = Path(os.environ.get("CARGO_TARGET_DIR") or WORKSPACE / "target")
    directory = Path(os.environ.get("DRIFTWIRE_BIN_DIR") or target / "debug")
    path = directory / name
    if not path.exists():
        raise FileNotFoundError(f"{path} is not there: run `make binaries`, or set DRIFTWIRE_BIN_DIR to where the binaries are")
    return path


def tool(name: str) -> Path:
    """A program of the test tools, beside the interpreter that runs this."""
    path = Path(sys.executable).parent / name
    if not path.exists():
        raise FileNotFoundError(f"{path} is not there: run `make venv`, and use its Python")
    return path


def clean_environment() -> dict[str, str]:
    """This process's environment without anything that AWS's SDKs, Lambda or Driftwire would read."""
    return {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "DRIFTWIRE_", "MOTO_", "_LAMBDA"))}


def aws_environment(endpoint: str, *, key: str = "test", secret: str = "test", token: str | None = None) -> dict[str, str]:
    """What an SDK needs to talk to a served AWS, and nothing of the machine's own set-up."""
    environment = {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ACCESS_KEY_ID": key,
        "AWS_SECRET_ACCESS_KEY": secret,
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    }
    if token:
        environment["AWS_SESSION_TOKEN"] = token
    return clean_environment() | environment
