"""Child processes that never outlive this one."""

from __future__ import annotations

import atexit
import ctypes
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Callable, Mapping, Sequence, TypeVar

T = TypeVar("T")

_running: list[Child] = []


class Child:
    """A program in a process group of its own, with its output in a file.

    It is stopped, with everything that it started, when `stop` is called, when this process ends in any way that
    Python hears of, and, on Linux, when this process is killed.
    """

    def __init__(self, name: str, command: Sequence[str], log: Path, env: Mapping[str, str] | None = None, cwd: Path | None = None):
        self.name = name
        self.log = log
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=None if env is None else dict(env),
                cwd=cwd,
                start_new_session=True,
                preexec_fn=_die_with_parent if sys.platform == "linux" else None,
            )
        _running.append(self)

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    def output(self) -> str:
        """Everything it wrote so far, on both streams."""
        return self.log.read_text(errors="replace")

    def kill(self) -> None:
        """Ends it at once, in the middle of whatever it does."""
        os.killpg(self.pid, signal.SIGKILL)
        self._process.wait(5.0)
        if self in _running:
            _running.remove(self)

    def stop(self) -> None:
        """Asks it to end, and does not ask twice."""
        for sent, patience in ((signal.SIGTERM, 2.0), (signal.SIGKILL, 5.0)):
            try:
                os.killpg(self.pid, sent)
            except (ProcessLookupError, PermissionError):
                pass
            try:
                self._process.wait(patience)
            except subprocess.TimeoutExpired:
                continue
            break
        if self in _running:
            _running.remove(self)


def stop_all() -> None:
    """Stops every child, the youngest first."""
    for child in reversed(list(_running)):
        child.stop()


def running() -> list[int]:
    """The process ids of the children that live."""
    return [child.pid for child in _running if child.alive]


def free_port() -> int:
    """A loopback port that nobody listens on now."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def listens(port: int) -> bool:
    """Whether something accepts connections there."""
    with socket.socket() as connection:
        connection.settimeout(0.5)
        return connection.connect_ex(("127.0.0.1", port)) == 0


def wait_until(what: str, condition: Callable[[], T], seconds: float = 30.0, pause: float = 0.05) -> T:
    """What `condition` returns as soon as that is true; `TimeoutError` naming `what` after the deadline."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise TimeoutError(f"waited {seconds:.0f} s for {what}")
        time.sleep(pause)


def _die_with_parent() -> None:
    set_parent_death_signal = 1  # PR_SET_PDEATHSIG, <linux/prctl.h>
    ctypes.CDLL(None).prctl(set_parent_death_signal, signal.SIGKILL)


def _exit_on_signal(number: int, _frame: object) -> None:
    # Raises SystemExit, so that `finally` and `atexit` do their work.
    sys.exit(128 + number)


atexit.register(stop_all)
for _signal in (signal.SIGTERM, signal.SIGHUP):
    if signal.getsignal(_signal) is signal.SIG_DFL:
        signal.signal(_signal, _exit_on_signal)
