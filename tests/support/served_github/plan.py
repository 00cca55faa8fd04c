"""What goes wrong, by plan: which requests are slow, fail, break off, and what changes in the middle of them all.

    plan.add("error", status=502, every=7)
    plan.add("latency", seconds=0.05, path="POST /graphql")
    plan.add("partial", name="shop")
    plan.after(10, "revoke", token)
"""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .world import World

#: latency: waits. error: a status with JSON, or with a page of HTML. hang_up: closes without a word. cut: breaks off in the middle of the
#: answer. secondary: the secondary limit. partial: the object of that name fails inside a GraphQL answer, the rest comes. resource_limits:
#: a GraphQL query ends after so many nodes with what it has. timeout: a query that could ask for more than so many nodes ends with 502 or
#: 504 and a page of HTML, and costs additional points.
KINDS = ("latency", "error", "hang_up", "cut", "secondary", "partial", "resource_limits", "timeout")


@dataclass
class Rule:
    kind: str
    #: The request that it is about, `GET /repos/*/hooks` or `POST /graphql`, without the server's prefix; of a GraphQL operation also its name.
    path: str = "*"
    operation: str = "*"
    #: It passes so many, then takes every nth, `times` times.
    passing: int = 0
    every: int = 1
    times: float = float("inf")
    seconds: float = 0.0
    status: int = 502
    html: bool = False
    retry_after: int = 60
    name: str = ""
    nodes: int = 0
    seen: int = 0

    def takes(self, request: str, operation: str) -> bool:
        """Whether it is this rule's turn; counts the requests that fit."""
        if not fnmatchcase(request, self.path) or not fnmatchcase(operation, self.operation):
            return False
        self.seen += 1
        if self.times <= 0 or self.seen <= self.passing or (self.seen - self.passing) % self.every:
            return False
        self.times -= 1
        return True


class Plan:
    def __init__(self, world: World):
        self._world = world
        self._rules: list[Rule] = []
        self._later: list[tuple[int, str, tuple[Any, ...]]] = []
        self.requests = 0

    def add(self, kind: str, **how: Any) -> None:
        if kind not in KINDS:
            raise ValueError(f"no misbehaviour {kind}: there are {', '.join(KINDS)}")
        self._rules.append(Rule(kind, **how))

    def after(self, requests: int, change: str, *arguments: Any) -> None:
        """Does a change of the world's, by its name (`revoke`, `delete_repository`, …), when so many more requests were answered."""
        if not callable(getattr(self._world, change, None)):
            raise ValueError(f"a world cannot {change}")
        self._later.append((self.requests + requests, change, arguments))

    def be_kind(self) -> None:
        """Takes every rule away, and what was still to come."""
        self._rules.clear()
        self._later.clear()

    def due(self, request: str, operation: str) -> dict[str, Rule]:
        """What befalls a request, by kind; does what is due before it."""
        for when, change, arguments in [later for later in self._later if later[0] <= self.requests]:
            self._later.remove((when, change, arguments))
            getattr(self._world, change)(*arguments)
        self.requests += 1
        taken = {rule.kind: rule for rule in self._rules if rule.kind != "partial" and rule.takes(request, operation)}
        return taken

    def broken(self, request: str, operation: str) -> list[Rule]:
        """By which objects this GraphQL answer fails."""
        return [rule for rule in self._rules if rule.kind == "partial" and rule.takes(request, operation)]
