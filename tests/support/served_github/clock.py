"""The served GitHub's own time: it goes with the machine's, and tests move it on."""

from __future__ import annotations

import time
from datetime import datetime, timezone
from email.utils import formatdate


class Clock:
    """Seconds since 1970, as GitHub would tell them: limits, tokens and timestamps all read this clock."""

    def __init__(self) -> None:
        self._ahead = 0.0

    def now(self) -> float:
        return time.time() + self._ahead

    def advance(self, seconds: float) -> None:
        """Lets time pass at once, for example until a limit resets."""
        self._ahead += seconds

    def stamp(self) -> str:
        return iso(self.now())


def iso(seconds: float) -> str:
    """As GitHub writes a time: UTC, whole seconds."""
    return datetime.fromtimestamp(int(seconds), timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def seconds_of(stamp: str) -> int:
    return int(datetime.strptime(stamp, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=timezone.utc).timestamp())


def http_date(stamp: str) -> str:
    """A timestamp as `Last-Modified` has it."""
    return formatdate(seconds_of(stamp), usegmt=True)
