"""What the tests of the served GitHub share: one server, and what it serves."""

from __future__ import annotations

import pickle

import pytest

from support.served_github import ServedGitHub, World
from support.served_github.client import Client
from support.served_github.sample import OWNER, hand_made


@pytest.fixture(scope="session")
def _server(tmp_path_factory):
    with ServedGitHub(tmp_path_factory.mktemp("github"), World(), described=True) as served:
        yield served


@pytest.fixture(scope="session")
def _hand_made() -> bytes:
    return pickle.dumps(hand_made())


@pytest.fixture
def known(_hand_made) -> tuple[World, dict]:
    """The organisation that has one of everything, and its App, as they are before anything is changed."""
    return pickle.loads(_hand_made)


@pytest.fixture
def served(_server, known) -> ServedGitHub:
    _server.serve(known[0])
    return _server


@pytest.fixture
def owner(served) -> Client:
    return Client(served, served.world.personal_token("acme-owner", OWNER))


@pytest.fixture
def big(_server) -> ServedGitHub:
    """More repositories than a page of anything holds."""
    world = World()
    world.organisation("acme", repositories=230, teams=25, members=120)
    _server.serve(world)
    return _server
