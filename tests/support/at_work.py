"""Functions at work: each takes what its queue holds, when a test says so."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import Any

from .emulator import Emulator
from .event_source import EventSource


class AtWork:
    """What every deployment does. Nothing happens by itself: messages move when `step`, `settle` or `run_until` is called."""

    emulator: Emulator

    def _sources(self) -> Iterable[EventSource]:
        """The queues, each with its function."""
        raise NotImplementedError

    def step(self) -> bool:
        """Hands each function what its queue holds now; whether anything was there."""
        return any([source.poll() is not None for source in self._sources()])

    def settle(self, seconds: float = 60.0) -> None:
        """Lets the functions work until their queues are empty, delayed and returned messages included."""
        self.run_until("the queues to be empty", lambda: not any(source.waiting() for source in self._sources()), seconds)

    def run_until(self, what: str, condition: Callable[[], Any], seconds: float = 60.0) -> Any:
        """Lets the functions work until `condition` is true; gives what it returned."""
        deadline = time.monotonic() + seconds
        while True:
            worked = self.step()
            if not worked and (value := condition()):
                return value
            if time.monotonic() > deadline:
                raise TimeoutError(f"waited {seconds:.0f} s for {what}; {self._what_happened()}")
            if not worked:
                time.sleep(0.05)

    def _what_happened(self) -> str:
        logs = "\n".join(f"--- {name}\n{function.log()[-3000:]}" for name, function in self.emulator.functions.items())
        waiting = ", ".join(f"{source.function} has {source.waiting()} messages" for source in self._sources())
        return f"{waiting}\n{logs}"

    def logs(self) -> str:
        """Everything that the functions wrote so far."""
        return "\n".join(function.log() for function in self.emulator.functions.values())
