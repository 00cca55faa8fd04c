"""A request to the served GitHub, and the ways to answer it."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Callable, Iterable, Mapping, Sequence

if TYPE_CHECKING:
    from .credentials import Credential
    from .limits import Limits
    from .world import World

DOCUMENTATION = "https://docs.github.com/rest"


class Query(dict[str, str]):
    """The parameters of a request, which remember whether anybody looked at them."""

    def __init__(self, pairs: Iterable[tuple[str, str]] = ()):
        super().__init__(pairs)
        self.unheeded = set(self)

    def get(self, name: str, otherwise: Any = None) -> Any:
        self.unheeded.discard(name)
        return super().get(name, otherwise)


@dataclass
class Request:
    method: str
    #: Without the prefix (`/api/v3`) and the query.
    path: str
    query: Query
    #: Names in lower case.
    headers: Mapping[str, str]
    body: bytes = field(repr=False)
    credential: Credential
    world: World
    limits: Limits
    #: What comes before `path`: where the caller reaches the API.
    root: str

    @property
    def api(self) -> str:
        """What the URLs inside answers begin with."""
        return self.world.api_url or self.root


@dataclass
class Answer:
    status: int
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    #: Of the hour's limit.
    cost: int = 1
    #: What the log calls it.
    operation: str = ""
    #: Of the minute's limit; None: by its method.
    points: int | None = None


class Refusal(Exception):
    """An error of GitHub's, as REST answers it."""

    def __init__(self, status: int, message: str, headers: Mapping[str, str] | None = None):
        super().__init__(message)
        self.status, self.message, self.headers = status, message, dict(headers or {})

    def answer(self) -> Answer:
        return json_answer(self.status, {"message": self.message, "documentation_url": DOCUMENTATION, "status": str(self.status)}, self.headers)


def not_found() -> Refusal:
    return Refusal(404, "Not Found")


def json_answer(status: int, value: Any, headers: Mapping[str, str] | None = None) -> Answer:
    body = json.dumps(value, separators=(",", ":")).encode()
    return Answer(status, body, {"Content-Type": "application/json; charset=utf-8", **(headers or {})})


@dataclass
class Found:
    """One thing, and when it was last changed if GitHub says that of it."""

    value: Any
    modified: str | None = None


@dataclass
class Listing:
    """Many things, of which a page is written; in a list, or under a name beside `total_count` and what else there is."""

    items: Sequence[Any]
    write: Callable[[Any], Any]
    under: str | None = None
    beside: dict[str, Any] = field(default_factory=dict)
    most: int = 100
    usual: int = 30


class Nothing:
    """204, without a body."""
