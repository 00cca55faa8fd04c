"""Pages of a connection. A cursor says after which thing, by what the list is sorted by: what is removed meanwhile moves nothing."""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Callable, Sequence

from .problems import Problem, broken, exhausted

if TYPE_CHECKING:
    from ..request import Request


@dataclass
class Context:
    """One query, while it is executed."""

    request: Request
    #: Names of the objects that fail.
    broken: frozenset[str] = frozenset()
    #: How many more nodes it may read; None for all.
    budget: int | None = None
    #: For `rateLimit`.
    points: int = 0
    nodes: int = 0

    def spend(self, nodes: int) -> None:
        if self.budget is not None:
            self.budget -= nodes
            if self.budget < 0:
                raise exhausted()

    def guard(self, thing: Any) -> Any:
        """The thing, or the error that stands in its place."""
        return broken() if self.broken and str(getattr(thing, "name", getattr(thing, "login", ""))) in self.broken else thing


@dataclass
class Edge:
    cursor: str
    node: Any
    #: What the edge says of the node: a role, a permission.
    more: Any = None


class Connection:
    """A page of things. `more` gives what an edge says of its node."""

    def __init__(self, context: Context, things: Sequence[Any], given: dict[str, Any], key: Callable[[Any], Any], backwards: bool, more: Callable[[Any], Any] | None):
        self._context, self._key, self._more = context, key, more
        self.total_count = len(things)
        start, end = 0, len(things)
        if (after := given.get("after")) is not None:
            start = _beyond(things, key, _read(after), backwards)
        if (before := given.get("before")) is not None:
            end = _beyond(things, key, _read(before), backwards, including=True)
        if (first := given.get("first")) is not None:
            end = min(end, start + first)
        elif (last := given.get("last")) is not None:
            start = max(start, end - last)
        self._page = things[start : max(start, end)]
        self.has_next_page, self.has_previous_page = end < len(things), start > 0
        context.spend(len(self._page))

    @property
    def nodes(self) -> list[Any]:
        return [self._context.guard(thing) for thing in self._page]

    @property
    def edges(self) -> list[Any]:
        return [Edge(_write(self._key(thing)), self._context.guard(thing), self._more(thing) if self._more else None) for thing in self._page]

    @property
    def start_cursor(self) -> str | None:
        return _write(self._key(self._page[0])) if self._page else None

    @property
    def end_cursor(self) -> str | None:
        return _write(self._key(self._page[-1])) if self._page else None


def page(
    context: Context, things: Sequence[Any], given: dict[str, Any], *, key: Callable[[Any], Any] = lambda thing: thing.id,
    backwards: bool = False, more: Callable[[Any], Any] | None = None,
) -> Connection:
    """A page of `things`, which `key` sorts; `given` are the arguments of the field."""
    return Connection(context, sorted(things, key=key, reverse=backwards), given, key, backwards, more)


def _beyond(things: Sequence[Any], key: Callable[[Any], Any], cursor: Any, backwards: bool, including: bool = False) -> int:
    """How many come before the cursor, and the one that it names unless `including`."""

    def passed(thing: Any) -> bool:
        mine = list(key(thing)) if isinstance(key(thing), tuple) else key(thing)
        return (mine == cursor and not including) or (mine > cursor if backwards else mine < cursor)

    try:
        return sum(map(passed, things))
    except TypeError:
        raise _no_cursor() from None


def _write(key: Any) -> str:
    return base64.b64encode(b"cursor:v2:" + json.dumps(key, separators=(",", ":")).encode()).decode()


def _read(cursor: str) -> Any:
    try:
        return json.loads(base64.b64decode(cursor, validate=True).decode().removeprefix("cursor:v2:"))
    except (binascii.Error, ValueError):
        raise _no_cursor(cursor) from None


def _no_cursor(cursor: str = "") -> Problem:
    return Problem("INVALID_CURSOR_ARGUMENTS", f"`{cursor}` does not appear to be a valid cursor.")
