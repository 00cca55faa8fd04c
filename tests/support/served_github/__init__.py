"""A served GitHub on loopback: an organisation of any size behind GitHub's own REST and GraphQL APIs, with its limits and its bad days.

    world = World()
    world.organisation("acme", repositories=1000, teams=100, members=500, seed=7)
    served = ServedGitHub(directory, world)
    token = served.world.personal_token("acme-owner", ["repo", "admin:org"])
    app = served.world.install_app({"metadata": "read", "administration": "read"})
    served.plan.add("error", status=502, every=7)
    served.world.repository("shop").visibility = "public"
    ...
    assert served.counters()["status"]["502"] == 3

GraphQL is executed against GitHub's published schema; REST answers are held against its published description where `described` is set.
What the world does not hold is refused by name, never made up. `make github-schema` fetches both files.
"""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

from ..places import clean_environment, tool
from ..processes import Child, free_port, listens, wait_until
from .control import Remote, send
from .world import World

__all__ = ["DESCRIPTION", "SCHEMA", "ServedGitHub", "World"]

_TESTS = Path(__file__).parents[2]
_FETCHED = _TESTS.parent / ".cache" / "github"
SCHEMA = _FETCHED / "schema.graphql"
DESCRIPTION = _FETCHED / "openapi.json"


class ServedGitHub:
    """The server in a process of its own. It takes the world as it is; later changes are made through `world` here."""

    def __init__(self, directory: Path, world: World | None = None, *, described: bool = False, **size: Any):
        """With `size` instead of a world: one organisation, `acme`, of so many `repositories`, `teams`, `members`, from a `seed`."""
        for file in (SCHEMA, DESCRIPTION):
            if not file.exists():
                raise FileNotFoundError(f"{file} is missing: run make github-schema")
        if world is None:
            world = World()
            world.organisation(**size)
        directory.mkdir(parents=True, exist_ok=True)
        (directory / "world.pickle").write_bytes(pickle.dumps(world))
        self.port = free_port()
        #: REST on github.com. GitHub Enterprise Server has it at `/api/v3`, and GraphQL at `/api/graphql`.
        self.endpoint = f"http://127.0.0.1:{self.port}"
        command = [str(tool("python")), "-m", f"{__name__.removeprefix('tests.')}", str(self.port), str(directory / "world.pickle"), str(SCHEMA)]
        command += ["--described", str(DESCRIPTION)] if described else []
        self._child = Child("github", command, directory / "github.log", env=clean_environment(), cwd=_TESTS)
        wait_until("the served GitHub to listen", self._is_up)
        self._reach()

    def _reach(self) -> None:
        self.world = Remote(self.endpoint, "world")
        self.plan = Remote(self.endpoint, "plan")
        self.limits = Remote(self.endpoint, "limits")
        self.clock = Remote(self.endpoint, "clock")
        self.log = Remote(self.endpoint, "log")

    def __enter__(self) -> ServedGitHub:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def serve(self, world: World) -> None:
        """Another world from now on, with limits that nobody has used and nothing planned."""
        send(self.endpoint, "world", pickle.dumps(world))
        self._reach()

    def requests(self) -> list[dict[str, Any]]:
        """What was asked, in the order of the answers: see `log.Entry`."""
        return send(self.endpoint, "requests")

    def counters(self) -> dict[str, Any]:
        return send(self.endpoint, "counters")

    def stop(self) -> None:
        self._child.stop()

    def _is_up(self) -> bool:
        if not self._child.alive:
            raise RuntimeError(f"the served GitHub ended at once: {self._child.output()}")
        return listens(self.port)
