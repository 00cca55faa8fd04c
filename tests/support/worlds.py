"""A served AWS in which somebody managed something, and then Driftwire was deployed by Terraform."""

from __future__ import annotations

import json
import platform
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import installed

from .applied import Applied, environment
from .cloud import Cloud
from .places import WORKSPACE, aws_environment, binary
from .policies import Enforcement
from .proxy import Proxy
from .terraform_cli import Example

#: The state bucket of the examples.
BUCKET = "acme-tfstate"
KEY = "prod/network.tfstate"
#: What a GitHub organisation is recorded in, where the example for it looks.
ORGANISATION = "github/organisation.tfstate"
ARCHITECTURE = {"aarch64": "arm64", "arm64": "arm64"}.get(platform.machine(), "x86_64")
PACKAGES = WORKSPACE / "dist"
#: What it waits for, shortened so that nobody waits for it.
QUICK = "{ grace = 120, defer = [1], recheck_within = 15, recheck_after = 1 }"


@dataclass
class World:
    """A served AWS in which a state existed, and then Driftwire was deployed."""

    cloud: Cloud
    #: Where Terraform found AWS; the queues' URLs have it in them.
    endpoint: str
    example: Example
    #: What the state that existed before records, by address.
    watched: dict[str, dict[str, Any]]
    #: What Terraform printed when it applied the example.
    said: str
    #: Terraform's plans right after: as it was applied, and when the bucket told EventBridge of its objects.
    plan: dict[str, Any]
    plan_said: str
    #: The states that existed before, and are nobody's but their owner's.
    keys: set[str]

    def driftwire(self, *arguments: str, codes: tuple[int, ...] = (0,)) -> str:
        """What the command line prints, in the environment that the deployment says."""
        own = environment(self.endpoint, self.example.outputs())
        done = subprocess.run([str(binary("driftwire")), *arguments], env=own, capture_output=True, text=True, timeout=300, check=False)
        assert done.returncode in codes, f"driftwire {' '.join(arguments)} ended with {done.returncode}:\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def mails(self) -> list[str]:
        return list(self.cloud.mails().values())


@dataclass
class Watched:
    """A deployment at work, whose functions may do what their roles allow and nothing else."""

    world: World
    applied: Applied
    enforcement: Enforcement
    proxy: Proxy


def deployed(terraform: installed.Terraform, folder: Path, name: str, cloud: Cloud, proxy: Proxy, dist: Path, states: Mapping[str, str], **inputs: str) -> World:
    """Applies an example where a state existed before, and more of them by their keys. `proxy` is before `cloud`.

    moto's server drops a connection now and then when Terraform opens many; Terraform then asks again for what was made already,
    and fails. The proxy keeps its connections.
    """
    s3 = cloud.client("s3")
    s3.create_bucket(Bucket=BUCKET)
    watched = _manage(terraform, folder / "watched", proxy.endpoint)
    held = {KEY: (folder / "watched/terraform.tfstate").read_text(), **states}
    for key, state in held.items():
        s3.put_object(Bucket=BUCKET, Key=key, Body=state.encode())
    example = Example(terraform, folder, name, proxy.endpoint, dist=dist, architecture=f'"{ARCHITECTURE}"', timing=QUICK, **inputs)
    said = example.apply()
    # What the warning asks for is done.
    s3.put_bucket_notification_configuration(Bucket=BUCKET, NotificationConfiguration={"EventBridgeConfiguration": {}})
    plan_said = example("plan", "-out=it.tfplan", "-parallelism=20")
    return World(cloud, proxy.endpoint, example, watched, said, json.loads(example("show", "-json", "it.tfplan")), plan_said, set(held))


def _manage(terraform: installed.Terraform, folder: Path, endpoint: str) -> dict[str, dict[str, Any]]:
    """Somebody applies a configuration of their own; the instances of its state, by address."""
    shutil.copytree(WORKSPACE / "tests/infra/watched", folder)
    own = {name: value for name, value in aws_environment(endpoint).items() if name.startswith("AWS_")}
    for arguments in (["init", "-no-color"], ["apply", "-auto-approve", "-no-color"]):
        done = terraform.run(folder, *arguments, environment=own)
        assert done.returncode == 0, done.stdout
    state = json.loads((folder / "terraform.tfstate").read_text())
    return {f"{held['type']}.{held['name']}": held["instances"][0]["attributes"] for held in state["resources"] if held["mode"] == "managed"}


def staged(terraform: installed.Terraform, dist: Path) -> None:
    """The plugin that the example asks for, staged as the documentation says."""
    command = [str(binary("driftwire")), "providers", "stage", "hashicorp/aws", "--version", "5.100.0", "--provider-dir", str(terraform.mirror)]
    done = subprocess.run([*command, "--to", f"{dist}/plugins/"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
