"""The examples, each applied by Terraform to a served AWS of its own, with the packages that deploy."""

from __future__ import annotations

import collections
import concurrent.futures
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

import installed
import planning
from support import github_states
from support.applied import Applied, Packages
from support.cloud import Cloud
from support.policies import Enforcement
from support.proxy import Proxy
from support.served_github import ServedGitHub
from support.served_github.sample import hand_made
from support.slack import CHANNEL, TOKEN, Slack
from support.worlds import ARCHITECTURE, ORGANISATION, PACKAGES, Watched, World, deployed, staged


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    # What takes a deployment away comes after whatever looks at it.
    items.sort(key=lambda item: item.get_closest_marker("undoes") is not None)
    missing = installed.why_not() or _no_packages()
    for item in items:
        if missing and item.get_closest_marker("applies"):
            item.add_marker(pytest.mark.skip(reason=f"nothing can be applied: {missing}"))


def _no_packages() -> str | None:
    packages = [PACKAGES / ARCHITECTURE / function / "bootstrap.zip" for function in planning.FUNCTIONS]
    missing = [str(package) for package in packages if not package.exists()]
    return f"{missing[0]} is not there: run make build ARCH={ARCHITECTURE}" if missing else None


@pytest.fixture(scope="session")
def terraform():
    if missing := installed.why_not():
        pytest.skip(f"nothing can be planned: {missing}")
    with installed.terraform() as found:
        yield found


@pytest.fixture(scope="session")
def plans(terraform, tmp_path_factory):
    """The plans of all examples. Their packages are stand-ins: nothing runs."""
    cloud = Cloud(tmp_path_factory.mktemp("planned"))
    folder = tmp_path_factory.mktemp("plans")
    dist = planning.stand_ins(folder / "stand-ins")

    def made(name: str) -> dict:
        return planning.example(terraform, folder / name, name, cloud.endpoint, dist).plan()

    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        found = dict(zip(planning.EXAMPLES, pool.map(made, planning.EXAMPLES)))
    yield found
    cloud.stop()


@pytest.fixture(scope="session")
def slack():
    """A served Slack."""
    with Slack() as slack:
        yield slack


@dataclass
class Organisation:
    """A served GitHub. What `world` is told, a state records; what `served.world` is told, somebody did by hand."""

    served: ServedGitHub
    world: Any
    app: Mapping[str, Any]

    def state(self) -> str:
        types = ["github_membership", "github_repository", "github_team"]
        return github_states.text(github_states.state_of(self.world, types=types))

    @property
    def secret(self) -> str:
        """As docs/github-app.md says."""
        return json.dumps({member: self.app[member] for member in ("app_id", "installation_id", "private_key")})


@pytest.fixture(scope="session")
def github(tmp_path_factory):
    world, app = hand_made()
    with ServedGitHub(tmp_path_factory.mktemp("github"), world) as served:
        yield Organisation(served, world, app)


@pytest.fixture(scope="session")
def worlds(terraform, slack, github, tmp_path_factory):
    """The examples are applied at once: most of an apply is waiting for what AWS would still be doing."""
    made: list[Cloud | Proxy] = []
    beside = tmp_path_factory.mktemp("worlds")

    def begin(name: str, prepare: Callable[[Path], None] = lambda _: None, *, states: Mapping[str, str] | None = None, **inputs: str) -> World:
        folder = beside / name
        cloud = Cloud(folder / "aws", managed_policies=True)
        proxy = Proxy(cloud.endpoint)
        # Nobody asks what Terraform asked, and a plugin's zip is part of it.
        proxy.calls = collections.deque(maxlen=0)
        made.extend([proxy, cloud])
        dist = folder / "dist-of-this-test"
        dist.mkdir()
        (dist / ARCHITECTURE).symlink_to(PACKAGES / ARCHITECTURE)
        prepare(dist)
        return deployed(terraform, folder, name, cloud, proxy, dist, states or {}, **inputs)

    told = f'{{ secret_arn = aws_secretsmanager_secret.slack.arn, channel = "{CHANNEL}", api_url = "{slack.api}" }}'

    asked = f'{{ owner = "acme", secret_arn = aws_secretsmanager_secret.github.arn, base_url = "{github.served.endpoint}/" }}'

    with concurrent.futures.ThreadPoolExecutor() as pool:
        yield {
            "single-account": pool.submit(begin, "single-account"),
            "slack": pool.submit(begin, "slack", slack=told),
            "github-only": pool.submit(begin, "github-only", states={ORGANISATION: github.state()}, github=asked),
            "provider-reader": pool.submit(begin, "provider-reader", lambda dist: staged(terraform, dist)),
        }
    for each in made:
        each.stop()


@pytest.fixture(scope="session")
def single_account(worlds) -> World:
    return worlds["single-account"].result()


@pytest.fixture(scope="session")
def with_slack(worlds) -> World:
    world = worlds["slack"].result()
    # The value is put in by hand, as the example says.
    world.cloud.client("secretsmanager").put_secret_value(SecretId="driftwire/slack", SecretString=TOKEN)
    return world


@pytest.fixture(scope="session")
def github_only(worlds, github) -> World:
    world = worlds["github-only"].result()
    # The value is put in by hand, as the example says.
    world.cloud.client("secretsmanager").put_secret_value(SecretId="driftwire/github", SecretString=github.secret)
    return world


@pytest.fixture(scope="session")
def provider_reader(worlds) -> World:
    if "5.100.0" not in installed.plugins(installed.mirror()):
        pytest.skip("hashicorp/aws 5.100.0, which the example stages, is not in the mirror")
    return worlds["provider-reader"].result()


@pytest.fixture(scope="session")
def packages(tmp_path_factory):
    emulator = Packages(tmp_path_factory.mktemp("lambda"))
    yield emulator
    emulator.stop()


@pytest.fixture
def at_work(packages):
    """Starts a deployment's functions behind IAM."""
    started: list[Watched] = []

    def start(world: World) -> Watched:
        proxy = Proxy(world.cloud.endpoint)
        applied = Applied(world.cloud, packages, PACKAGES, endpoint=proxy.endpoint)
        enforcement = Enforcement(applied.policies())
        proxy.otherwise = enforcement
        started.append(Watched(world, applied, enforcement, proxy))
        return started[-1]

    yield start
    for watched in started:
        watched.applied.stop()
        watched.proxy.stop()
