"""Worlds for the test plugin of `drift-provider`, and a command line for somebody on whose disk it is found.

What a world may hold is described in `shared/drift-provider/examples/plugin/main.rs`.
"""

from __future__ import annotations

import contextlib
import hashlib
import http.server
import json
import os
import shutil
import subprocess
import tempfile
import threading
import zipfile
from pathlib import Path
from typing import Any, Iterator, Mapping

from . import plugins, terraform
from .places import aws_environment, binary

TEST = "registry.terraform.io/driftwire/test"
AWS = plugins.PROVIDER

#: `test_thing`: what can be configured, what is computed, what is secret.
_THING = {
    "attributes": {
        "id": {"type": "string", "computed": True},
        "size": {"type": "number", "optional": True},
        "etag": {"type": "string", "computed": True},
        "password": {"type": "string", "optional": True, "sensitive": True},
    }
}


def things(live: Mapping[str, Mapping[str, Any]], **rest: Any) -> dict[str, Any]:
    """The types of a world in which these instances of `test_thing` are live; what is left out is as recorded."""
    return {"test_thing": {**_THING, "live": live, **rest}}


def add_thing(state: terraform.State, name: str, *, schema_version: int = 0, **attributes: Any) -> str:
    """Records a `test_thing` whose id is its name; gives its address."""
    recorded = {"id": name, "size": 1, "etag": "e-1", "password": None} | attributes
    address = state.add("test_thing", name, recorded, schema_version=schema_version)
    state.resources[-1]["provider"] = f'provider["{TEST}"]'
    return address


class World:
    """What one plugin knows: its types, and under the names of `world.rs` how it misbehaves."""

    def __init__(self, path: Path, types: Mapping[str, Any], **rest: Any):
        self._journal = path.with_suffix(".journal")
        path.write_text(json.dumps({"journal": str(self._journal), "types": types, **rest}))

    def calls(self, method: str) -> list[dict[str, Any]]:
        """The calls of that name so far; `start` is the start of a process."""
        lines = self._journal.read_text().splitlines() if self._journal.exists() else []
        return [call for call in map(json.loads, lines) if call["method"] == method]


def lay_out(mirror: Path, provider: str = TEST, version: str = "1.0.0", *, script: str | None = None) -> Path:
    """Puts the test plugin into a mirror, or a shell script in its place; gives the executable."""
    executable = mirror / provider / version / plugins.platform_name() / f"terraform-provider-{provider.rpartition('/')[2]}_v{version}"
    executable.parent.mkdir(parents=True)
    if script is None:
        _link(_test_plugin(), executable)
    else:
        executable.write_text(f"#!/bin/sh\n{script}\n")
        executable.chmod(0o755)
    return executable


def _link(plugin: Path, to: Path) -> None:
    try:
        os.link(plugin, to)
    except OSError:
        # On another disk.
        shutil.copy2(plugin, to)


def small_package(to: Path, version: str = "1.0.0") -> Path:
    """A provider's zip that holds the test plugin without its size: a script that becomes it. It knows the one world."""
    executable = zipfile.ZipInfo(f"terraform-provider-test_v{version}")
    executable.external_attr = 0o100755 << 16
    with zipfile.ZipFile(to, "w") as archive:
        archive.writestr(executable, f"#!/bin/sh\nexec '{_test_plugin()}' \"$@\"\n")
    return to


def _test_plugin() -> Path:
    try:
        return binary("examples/plugin")
    except FileNotFoundError as error:
        raise FileNotFoundError(f"{error}; the test plugin is built by `make test-plugin`") from None


class CommandLine:
    """`driftwire` in the hands of somebody whose home, working directory and caches are empty, but for what a test puts there.

    Leaving it asserts that no temporary folder is left.
    """

    def __init__(self, folder: Path, endpoint: str):
        self.folder = folder
        self.home, self.work, self.mirror = folder / "home", folder / "work", folder / "mirror"
        self.state_file = folder / "terraform.tfstate"
        for made in (self.home, self.work, self.mirror):
            made.mkdir()
        # The path of a socket may have a hundred letters.
        self.temporary = Path(tempfile.mkdtemp(prefix="dw-", dir="/tmp"))
        own = {
            "HOME": str(self.home),
            "TMPDIR": str(self.temporary),
            # Where the machine's own mirrors would be.
            "XDG_DATA_DIRS": str(folder / "share"),
            "DRIFTWIRE_PROVIDER_CACHE": str(folder / "cache"),
            "DRIFTWIRE_TEST_WORLD": str(folder / "world.json"),
        }
        inherited = aws_environment(endpoint)
        self.environment = {name: value for name, value in inherited.items() if not name.startswith(("TF_", "TERRAFORM_", "XDG_"))} | own

    def __enter__(self) -> CommandLine:
        return self

    def __exit__(self, *_: object) -> None:
        left = list(self.temporary.iterdir())
        shutil.rmtree(self.temporary)
        assert left == [], "something temporary is left"

    def world(self, types: Mapping[str, Any], **rest: Any) -> World:
        """The world of every plugin that is started."""
        return World(self.folder / "world.json", types, **rest)

    def configure_terraform(self, text: str) -> None:
        """Writes Terraform's CLI configuration."""
        (self.home / ".terraformrc").write_text(text)

    def run(self, *arguments: str, code: int | None = 0) -> subprocess.CompletedProcess[str]:
        """Runs it to its end, which is to be with that exit code, or with any."""
        command = [str(binary("driftwire")), *arguments]
        done = subprocess.run(command, env=self.environment, cwd=self.work, capture_output=True, text=True, timeout=60, check=False)
        assert code in (None, done.returncode), f"{arguments} ended with {done.returncode}:\n{done.stdout}\n{done.stderr}"
        return done

    @contextlib.contextmanager
    def started(self, *arguments: str, **streams: Any) -> Iterator[subprocess.Popen[str]]:
        """Starts it; afterwards it is gone in any case."""
        process = subprocess.Popen([str(binary("driftwire")), *arguments], env=self.environment, cwd=self.work, text=True, **streams)
        try:
            yield process
        finally:
            process.kill()
            process.communicate()

    def checking(self, state: terraform.State, *options: str) -> list[str]:
        """The arguments of a check of that state, with the plugins of the mirror."""
        self.state_file.write_text(state.text())
        return ["check", "--state", str(self.state_file), "--provider-dir", str(self.mirror), *options]

    def check(self, state: terraform.State, *options: str, code: int | None = 0) -> Report:
        """`check --json` of that state, with the plugins of the mirror."""
        return Report(self.run(*self.checking(state, "--json", *options), code=code))

    def check_elsewhere(self, state: terraform.State, *options: str, code: int | None = 0) -> Report:
        """`check --json` of that state, with the plugins that are found without being told of."""
        self.state_file.write_text(state.text())
        return Report(self.run("check", "--state", str(self.state_file), "--json", *options, code=code))

    def check_in_words(self, state: terraform.State, *options: str, code: int = 0) -> str:
        """What `check` prints for people."""
        return self.run(*self.checking(state, *options), code=code).stdout


class Report:
    """What `check --json` printed."""

    def __init__(self, done: subprocess.CompletedProcess[str]):
        printed = json.loads(done.stdout)
        self.summary: dict[str, Any] = printed["summary"]
        self.instances: dict[str, dict[str, Any]] = {instance["address"]: instance for instance in printed["instances"]}
        self.errors = done.stderr

    def verdicts(self) -> dict[str, tuple[str, str | None]]:
        """By address: the verdict and the reader."""
        return {address: (instance["verdict"], instance["reader"]) for address, instance in self.instances.items()}

    def reason(self, address: str) -> tuple[str, str]:
        """Why that instance is unknown: the kind and the message."""
        instance = self.instances[address]
        assert instance["verdict"] == "unknown", instance
        return instance["reason"]["kind"], instance["reason"]["message"]


class Registry:
    """A provider registry on loopback that has one package of `driftwire/test`."""

    def __init__(self, package: Path, *, version: str = "1.0.0", platform: str = plugins.platform_name()):
        self.asked: list[str] = []
        content = package.read_bytes()
        self.sha256 = hashlib.sha256(content).hexdigest()
        system, machine = platform.split("_")
        at, self._sums, self._zip = "/v1/providers/driftwire/test", "/files/SHA256SUMS", f"/files/{package.name}"
        offered = {"version": version, "protocols": ["6.0"], "platforms": [{"os": system, "arch": machine}]}
        described = {"os": system, "arch": machine, "protocols": ["6.0"], "filename": package.name, "shasum": self.sha256}
        described |= {"download_url": self._zip, "shasums_url": self._sums}
        self._pages = {
            f"{at}/versions": json.dumps({"versions": [offered]}).encode(),
            f"{at}/{version}/download/{system}/{machine}": json.dumps(described).encode(),
            self._sums: f"{self.sha256}  {package.name}\n".encode(),
            self._zip: content,
        }
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Pages,), {"registry": self}))
        threading.Thread(target=self._server.serve_forever, name="registry", daemon=True).start()

    def __enter__(self) -> Registry:
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    @property
    def configuration(self) -> str:
        """The CLI configuration that makes this the registry of `registry.terraform.io`."""
        url = f"http://127.0.0.1:{self._server.server_port}/v1/providers"
        return f'host "registry.terraform.io" {{\n  services = {{\n    "providers.v1" = "{url}"\n  }}\n}}\n'

    def damage(self) -> None:
        """Sends another zip than the one that its checksums are of."""
        self._pages[self._zip] += b"damaged"

    def page(self, path: str) -> bytes | None:
        self.asked.append(path)
        return self._pages.get(path)

    def downloads(self) -> int:
        return self.asked.count(self._zip)


class _Pages(http.server.BaseHTTPRequestHandler):
    registry: Registry

    def do_GET(self) -> None:
        page = self.registry.page(self.path)
        self.send_response(404 if page is None else 200)
        self.send_header("Content-Length", str(len(page or b"")))
        self.end_headers()
        self.wfile.write(page or b"")

    def log_message(self, *_: object) -> None:
        pass


def lock_file(folder: Path, version: str, *hashes: str) -> None:
    """What `terraform init` leaves in a working directory."""
    listed = "".join(f'    "{each}",\n' for each in hashes)
    text = f'provider "{TEST}" {{\n  version = "{version}"\n  hashes = [\n{listed}  ]\n}}\n'
    (folder / ".terraform.lock.hcl").write_text(text)


def executables(package: Path) -> list[str]:
    """The names of what can be executed in a zip."""
    with zipfile.ZipFile(package) as archive:
        return [entry.filename for entry in archive.infolist() if entry.external_attr >> 16 & 0o111]
