"""Lambda on loopback: cargo-lambda's Runtime API, and the very binaries that deploy behind it."""

from __future__ import annotations

import http.client
import json
import select
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Mapping

from .places import WORKSPACE, binary, tool
from .processes import Child, free_port, listens, wait_until


class FunctionError(Exception):
    """An invocation that the function itself answered with an error."""


class FunctionDied(FunctionError):
    """An invocation whose function was killed."""


@dataclass
class Function:
    """A function's running binary."""

    name: str
    child: Child
    environment: Mapping[str, str] = field(repr=False)
    #: Whether it was killed on purpose.
    killed: bool = False

    def log(self) -> str:
        return self.child.output()


class Emulator:
    """cargo-lambda's emulator of Lambda's Runtime API, without its builder: the binaries are there already.

    It knows a function by its binary, so each runs once; for several at once, there are several emulators.
    """

    def __init__(self, directory: Path):
        directory.mkdir(parents=True, exist_ok=True)
        self.directory = directory
        self.port = free_port()
        self.functions: dict[str, Function] = {}
        address = ["--invoke-address", "127.0.0.1", "--invoke-port", str(self.port)]
        self._child = Child(
            "emulator",
            [str(tool("cargo-lambda")), "lambda", "watch", "--only-lambda-apis", "--ignore-changes", *address],
            directory / "emulator.log",
            cwd=WORKSPACE,
        )
        wait_until("Lambda's emulator to listen", self._is_up)

    def _is_up(self) -> bool:
        if not self._child.alive:
            raise RuntimeError(f"the emulator ended at once: {self._child.output()}")
        return listens(self.port)

    def folder_for_temporary_files(self) -> Path:
        """What is Lambda's `/tmp`: kept for as long as the execution environment."""
        folder = self.directory / "tmp"
        folder.mkdir(exist_ok=True)
        return folder

    def program(self, name: str) -> Path:
        """What runs as the function of that name."""
        return binary(name)

    def start(self, name: str, environment: Mapping[str, str]) -> Function:
        """Starts the binary `name` as the function of that name; a running one is replaced."""
        self.stop_function(name)
        lambdas_own = {
            "AWS_LAMBDA_RUNTIME_API": f"http://127.0.0.1:{self.port}/.rt/{name}",
            "AWS_LAMBDA_FUNCTION_NAME": name,
            "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "256",
            "AWS_LAMBDA_LOG_GROUP_NAME": f"/aws/lambda/{name}",
            "AWS_LAMBDA_LOG_STREAM_NAME": "local",
            "AWS_LAMBDA_LOG_FORMAT": "JSON",
        }
        child = Child(name, [str(self.program(name))], self.directory / f"{name}.log", env=dict(environment) | lambdas_own)
        self.functions[name] = Function(name, child, environment)
        return self.functions[name]

    def kill(self, name: str) -> None:
        """Ends a function where it stands (SIGKILL). As on Lambda, another takes its place once the invocation was given up."""
        function = self.functions[name]
        function.killed = True
        function.child.kill()

    def invoke(self, name: str, event: Any, seconds: float = 60.0) -> Any:
        """What the function answers to an event; `FunctionError` where it answers with an error, or is killed meanwhile."""
        function = self.functions[name]
        if not function.child.alive and not function.killed:
            raise RuntimeError(f"{name} is not running; the end of its log:\n{function.log()[-4000:]}")
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=seconds)
        try:
            connection.request("POST", f"/2015-03-31/functions/{name}/invocations", json.dumps(event), {"content-type": "application/json"})
            self._await(function, connection, time.monotonic() + seconds)
            response = connection.getresponse()
            body = response.read()
        finally:
            connection.close()
        if response.status != 200:
            raise FunctionError(f"{name} answered {response.status}: {body.decode(errors='replace')}")
        return json.loads(body) if body else None

    def _await(self, function: Function, connection: http.client.HTTPConnection, deadline: float) -> None:
        """Waits for an answer to begin."""
        while not select.select([connection.sock], [], [], 0.1)[0]:
            if not function.child.alive:
                if not function.killed:
                    raise RuntimeError(f"{function.name} ended by itself; the end of its log:\n{function.log()[-4000:]}")
                self.start(function.name, function.environment)
                raise FunctionDied(f"{function.name} was killed")
            if time.monotonic() > deadline:
                raise TimeoutError(f"{function.name} did not answer in time; the end of its log:\n{function.log()[-4000:]}")

    def stop_function(self, name: str) -> None:
        function = self.functions.pop(name, None)
        if function:
            function.child.stop()

    def stop(self) -> None:
        for name in list(self.functions):
            self.stop_function(name)
        self._child.stop()
