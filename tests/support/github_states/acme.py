"""An organisation, served, with its states: what the tests of a scan share. Import the fixtures by name."""

from __future__ import annotations

import pickle
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Callable, Collection, Iterator

import pytest

from ..served_github import ServedGitHub, World
from ..served_github.sample import OWNER, hand_made
from ..served_github.things import Repository, Team
from . import TYPES, VARIANTS, Variant, state_of
from .recording import API
from .scan import Report, Scanner

Json = dict[str, Any]


@cache
def organisation(repositories: int = 60, teams: int = 12, members: int = 50, seed: int = 7) -> bytes:
    """An organisation made by a seed, with an App that is installed for three of its repositories; pickled."""
    world = World()
    owner = world.organisation("acme", repositories=repositories, teams=teams, members=members, seed=seed)
    world.install_app({"metadata": "read"}, repositories=[each.name for each in list(owner.repositories.values())[:3]], slug="deployer")
    return _as_on_the_web(world)


@cache
def one_of_everything() -> bytes:
    """The organisation that is made by hand, with all that the seeded one has not: forks, templates, pages, custom roles, Apps as actors."""
    return _as_on_the_web(hand_made()[0])


def _as_on_the_web(world: World) -> bytes:
    # The URLs in a state are those of github.com, wherever the tests reach it.
    world.api_url = API
    return pickle.dumps(world)


@dataclass
class Acme:
    """`world` is the organisation as it was; what is changed by hand is changed in `served.world`, and `live` leads there."""

    served: ServedGitHub
    folder: Path
    world: World
    #: A classic token of the owner's, with which everything can be read.
    token: str = ""
    scanner: Scanner = field(init=False)

    def __post_init__(self) -> None:
        self.served.serve(self.world)
        self.scanner = Scanner(self.folder, self.served)
        self.token = self.served.world.personal_token("acme-owner", OWNER)

    def state(self, *types: str, variant: str | Variant = "current") -> Json:
        """Of the organisation as it was; of these types, or of all."""
        chosen: Collection[str] = types or TYPES
        return state_of(self.world, "acme", chosen, VARIANTS[variant] if isinstance(variant, str) else variant)

    def scan(self, *states: Json, by: Any = None, code: int | None = 0, options: Collection[str] = (), **variables: str) -> Report:
        return self.scanner.scan(*states, by=by or self.token, code=code, options=list(options), **variables)

    @property
    def repositories(self) -> list[Repository]:
        return list(self.world.owner("acme").repositories.values())

    def repository(self, fits: Callable[[Repository], Any] = lambda each: True) -> Repository:
        """The first one that fits and is not archived."""
        return next(each for each in self.repositories if not each.archived and fits(each))

    def team(self, fits: Callable[[Team], Any] = lambda each: True) -> Team:
        return next(each for each in self.world.owner("acme").teams.values() if fits(each))

    def live(self, thing: Repository | Team, kind: str | None = None, key: Any = None) -> Any:
        """A repository or a team as it is now, or what hangs on one: `live(repository, "hooks", 7)`."""
        found = self.served.world.repository_by_id(thing.id) if isinstance(thing, Repository) else self.served.world.team_by_id(thing.id)
        return found if kind is None else getattr(found, kind).get(key)

    @property
    def organisation(self) -> Any:
        """The organisation as it is now."""
        return self.served.world.owner("acme")


@pytest.fixture(scope="module")
def served_github(tmp_path_factory) -> Iterator[ServedGitHub]:
    with ServedGitHub(tmp_path_factory.mktemp("github"), World()) as served:
        yield served


@pytest.fixture
def acme(served_github: ServedGitHub, tmp_path: Path) -> Acme:
    """60 repositories, 12 teams, 50 members, and one who was invited."""
    return Acme(served_github, tmp_path, pickle.loads(organisation()))


@pytest.fixture
def small(served_github: ServedGitHub, tmp_path: Path) -> Acme:
    """Four repositories, and one of everything."""
    return Acme(served_github, tmp_path, pickle.loads(one_of_everything()))
