"""GitHub's limits, enforced and told in headers.

Sources, on docs.github.com: "Rate limits for the REST API", "Rate limits and query limits for the GraphQL API" (points an hour by kind
of account, 900 and 2,000 points a minute, 100 requests at once, 90 s of computing in 60 s of which GraphQL 60 s; 500,000 nodes), "Best
practices for using the REST API" (an answer 304 costs nothing of the hour). That 304 costs a point of the minute is not said there:
the pages except nothing from it, so it does here.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .clock import Clock
    from .credentials import Credential

SECONDARY_MESSAGE = "You have exceeded a secondary rate limit. Please wait a few minutes before you try again."


@dataclass
class Window:
    """One account's hour of one resource. It begins with the first request after the last one ended."""

    limit: int
    reset: float
    used: int = 0

    @property
    def remaining(self) -> int:
        return max(0, self.limit - self.used)

    def headers(self, resource: str) -> dict[str, str]:
        numbers = {"limit": self.limit, "remaining": self.remaining, "reset": math.ceil(self.reset), "used": self.used}
        return {f"X-RateLimit-{name.title()}": str(number) for name, number in numbers.items()} | {"X-RateLimit-Resource": resource}


@dataclass
class _Minute:
    """What an account did in the last minute: (when, points, seconds of computing, whether GraphQL)."""

    entries: deque[tuple[float, int, float, bool]] = field(default_factory=deque)

    def since(self, start: float) -> deque[tuple[float, int, float, bool]]:
        while self.entries and self.entries[0][0] <= start:
            self.entries.popleft()
        return self.entries


@dataclass
class Limits:
    """Every number may be set by a test, before or while it is served; None for a resource: as GitHub has it for the account."""

    clock: Clock
    core: int | None = None
    graphql: int | None = None
    #: How long a window lasts: an hour, or less for a test that does not want to move the clock.
    window: float = 3600.0
    #: How long the secondary limits look back: a minute, or less likewise.
    minute: float = 60.0
    rest_points_a_minute: int = 900
    graphql_points_a_minute: int = 2000
    computing_a_minute: float = 90.0
    graphql_computing_a_minute: float = 60.0
    concurrent: int = 100
    #: What the answers to an exceeded primary and secondary limit are; GitHub uses either for both.
    primary_status: int = 403
    secondary_status: int = 403
    #: Whether an exceeded secondary limit comes with `Retry-After`; it does not always.
    says_when: bool = True
    #: Off, as GitHub Enterprise Server is by default.
    enforced: bool = True
    #: Requests that are being answered now, by account.
    under_way: dict[str, int] = field(default_factory=dict)
    most_at_once: int = 0
    _windows: dict[tuple[str, str], Window] = field(default_factory=dict)
    _minutes: dict[str, _Minute] = field(default_factory=dict)

    def window_of(self, credential: Credential, resource: str) -> Window:
        key, now = (credential.account, resource), self.clock.now()
        window = self._windows.get(key)
        if window is None or window.reset <= now:
            window = self._windows[key] = Window(0, now + self.window)
        window.limit = self._limit(credential, resource)
        return window

    def secondary(self, credential: Credential, resource: str, points: int) -> int | None:
        """Seconds to wait if the account may not ask now."""
        if not self.enforced:
            return None
        now, account = self.clock.now(), credential.account
        if self.under_way.get(account, 0) > self.concurrent:
            return math.ceil(self.minute)
        minute = self._minutes.setdefault(account, _Minute())
        recent = minute.since(now - self.minute)
        graphql = resource == "graphql"
        asked = sum(cost for _, cost, _, of_graphql in recent if of_graphql == graphql)
        busy = sum(seconds for _, _, seconds, _ in recent)
        busy_graphql = sum(seconds for _, _, seconds, of_graphql in recent if of_graphql)
        over = asked + points > (self.graphql_points_a_minute if graphql else self.rest_points_a_minute)
        over |= busy > self.computing_a_minute or (graphql and busy_graphql > self.graphql_computing_a_minute)
        # By then all of it is forgotten. GitHub says about a minute, too.
        return max(1, math.ceil(recent[-1][0] + self.minute - now)) if over else None

    def spend(self, credential: Credential, resource: str, points: int, computing: float) -> None:
        """Counts towards the minute; what was refused for it has no points."""
        minute = self._minutes.setdefault(credential.account, _Minute())
        minute.entries.append((self.clock.now(), points, computing, resource == "graphql"))

    def enter(self, credential: Credential) -> None:
        self.under_way[credential.account] = self.under_way.get(credential.account, 0) + 1
        self.most_at_once = max(self.most_at_once, self.under_way[credential.account])

    def leave(self, credential: Credential) -> None:
        self.under_way[credential.account] -= 1

    def exhaust(self, credential: Credential, resource: str, remaining: int = 0) -> None:
        """Leaves an account so much of its hour."""
        window = self.window_of(credential, resource)
        window.used = window.limit - remaining

    def _limit(self, credential: Credential, resource: str) -> int:
        set_by_test = self.graphql if resource == "graphql" else self.core
        if set_by_test is not None:
            return set_by_test
        if credential.kind == "none":
            return 60 if resource == "core" else 0
        if not credential.is_app or credential.installation is None:
            return 5000
        organisation = credential.installation.organisation
        if organisation.plan == "enterprise":
            return 10_000 if resource == "graphql" else 15_000
        chosen = credential.installation.repositories
        repositories = len(organisation.repositories if chosen is None else chosen)
        people = len(organisation.members)
        # "More than 20" earns 50 for each: for each beyond 20 is how it is read here.
        return min(12_500, 5000 + 50 * max(0, repositories - 20) + 50 * max(0, people - 20))
