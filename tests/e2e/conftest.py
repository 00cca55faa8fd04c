"""A deployed Driftwire for each test, and things that Terraform manages."""

from __future__ import annotations

import pytest

from support import terraform
from support.cloud import Cloud
from support.deployment import Deployment
from support.emulator import Emulator
from support.firewall import Firewall, make_firewall
from support.plugin_world import CommandLine
from support.proxy import Proxy

KEY = "prod/network.tfstate"
#: Longer than an alert may be owed before the sweep takes it, in seconds.
OWED = 151


@pytest.fixture(scope="session")
def emulator(tmp_path_factory):
    emulator = Emulator(tmp_path_factory.mktemp("lambda"))
    yield emulator
    emulator.stop()


@pytest.fixture
def deploy(cloud: Cloud, emulator: Emulator):
    """Deploys Driftwire, with settings of one's own."""

    def deployed(**settings: str) -> Deployment:
        return Deployment(cloud, emulator, settings=settings)

    return deployed


@pytest.fixture
def driftwire(deploy) -> Deployment:
    return deploy()


@pytest.fixture
def proxy(cloud: Cloud):
    with Proxy(cloud.endpoint) as proxy:
        yield proxy


@pytest.fixture
def watched(cloud: Cloud, emulator: Emulator, proxy: Proxy) -> Deployment:
    """A Driftwire whose every call to AWS goes through `proxy`."""
    return Deployment(cloud, emulator, endpoint=proxy.endpoint)


@pytest.fixture
def firewall(cloud: Cloud) -> Firewall:
    return make_firewall(cloud)


@pytest.fixture
def command(cloud: Cloud, tmp_path):
    """`driftwire` with no plugin but those that a test puts there."""
    with CommandLine(tmp_path, cloud.endpoint) as command:
        yield command


def indexed(driftwire: Deployment, state: terraform.State, key: str = KEY) -> None:
    """Writes a state and lets Driftwire index it, without a word to anybody."""
    driftwire.write_state(key, state.text())
    driftwire.settle()
    assert driftwire.alerts() == []
