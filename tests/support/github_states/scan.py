"""`driftwire scan --to github` in the hands of somebody with a token or an App's key, and nothing else of their own."""

from __future__ import annotations

import json
import os
import re
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Mapping, Sequence

from ..places import binary, clean_environment
from ..served_github import ServedGitHub
from .deliveries import VALUE
from .document import addresses, text

Json = dict[str, Any]
#: Whosever it is, of a served GitHub.
_TOKEN = re.compile(r"(?:gh[a-z]|github_pat)_[0-9a-f]{20}")


@dataclass
class Report:
    """What a scan printed with `--json`, and what it ended with."""

    code: int
    printed: Json
    errors: str
    instances: dict[str, Json] = field(init=False)

    def __post_init__(self) -> None:
        self.instances = {instance["address"]: instance for instance in self.printed["instances"]}

    def of(self, verdict: str) -> list[str]:
        """The addresses of that verdict."""
        return [address for address, instance in self.instances.items() if instance["verdict"] == verdict]

    def unlike(self) -> dict[str, Any]:
        """By address, whatever is not in sync: the attributes that differ, or the verdict with its reason."""
        return {address: self._told(instance) for address, instance in self.instances.items() if instance["verdict"] != "in_sync"}

    def _told(self, instance: Json) -> Any:
        if instance["verdict"] == "drifted":
            return {each["attribute"] for each in instance["differences"] if not each.get("computed")}
        return instance["verdict"] if instance["verdict"] == "missing" else (instance["verdict"], instance["reason"]["kind"], instance["reason"]["message"])

    def differences(self, address: str) -> dict[str, tuple[Any, Any]]:
        """Path -> what the state says and what GitHub says."""
        return {each["path"]: (each["recorded"], each["live"]) for each in self.instances[address]["differences"]}

    def reason(self, address: str) -> Json:
        """Why it is unknown: `kind` and `message`."""
        assert self.instances[address]["verdict"] == "unknown", self.instances[address]
        return self.instances[address]["reason"]

    def unmanaged(self) -> dict[str, list[str]]:
        """Type -> the ids that an import block takes."""
        found: dict[str, list[str]] = {}
        for each in self.printed["unmanaged"]:
            found.setdefault(each["type"], []).append(each["id"])
        return found

    def gaps(self) -> str:
        """All that is said about what the scan may not see."""
        return json.dumps(self.printed["gaps"])

    @property
    def requests(self) -> Json:
        return self.printed["requests"]


class Scanner:
    """Runs scans of one served GitHub. No secret may ever be in what one prints; that is looked at after each."""

    def __init__(self, folder: Path, served: ServedGitHub, owner: str = "acme"):
        self.folder, self.served, self.owner = folder, served, owner
        folder.mkdir(parents=True, exist_ok=True)
        self.home = folder / "home"
        self.home.mkdir(exist_ok=True)

    def environment(self, credential: Mapping[str, Any] | str | None) -> dict[str, str]:
        """A token, or what `install_app` gave; None for nobody."""
        inherited = {name: value for name, value in clean_environment().items() if not name.startswith(("GITHUB_", "GH_", "XDG_"))}
        # No `gh` of the machine's own, and nobody's configuration of it.
        made = inherited | {"HOME": str(self.home), "PATH": str(self.folder / "bin"), "GITHUB_BASE_URL": self.served.endpoint, "GITHUB_OWNER": self.owner}
        if isinstance(credential, str):
            return made | {"GITHUB_TOKEN": credential}
        if credential is None:
            return made
        app = {"GITHUB_APP_ID": str(credential["app_id"]), "GITHUB_APP_INSTALLATION_ID": str(credential["installation_id"])}
        return made | app | {"GITHUB_APP_PEM_FILE": credential["private_key"]}

    def run(
        self, states: Sequence[Json], credential: Mapping[str, Any] | str | None, *options: str, seconds: float = 120, **variables: str
    ) -> subprocess.CompletedProcess[str]:
        """Scans these states to its end."""
        words = []
        for number, state in enumerate(states):
            path = self.folder / f"state-{number}.tfstate"
            path.write_text(text(state))
            words += ["--state", str(path)]
        command = [str(binary("driftwire")), "scan", "--to", "github", *words, *options]
        environment = self.environment(credential) | variables
        done = subprocess.run(command, env=environment, cwd=self.folder, capture_output=True, text=True, timeout=seconds, check=False)
        self.assert_no_secret(done.stdout + done.stderr, credential)
        return done

    def scan(self, *states: Json, by: Mapping[str, Any] | str, options: Sequence[str] = (), code: int | None = 0, seconds: float = 120, **variables: str) -> Report:
        """What `--json` prints, which is to end with that code, or with any."""
        done = self.run(states, by, "--json", *options, seconds=seconds, **variables)
        try:
            report = Report(done.returncode, json.loads(done.stdout), done.stderr)
        except ValueError:
            raise AssertionError(f"no report, and exit {done.returncode}:\n{done.stdout[-2000:]}\n{done.stderr[-4000:]}") from None
        # Of nothing that was looked at, nothing would be said either.
        unseen = {found for state in states for found in addresses(state) if "aws_" not in found} - set(report.instances)
        assert not unseen, f"{len(unseen)} instances are not in the report: {sorted(unseen)[:5]}\n{done.stderr[-4000:]}"
        assert code in (None, done.returncode), f"exit {done.returncode}: {_short(report.unlike())}\ngaps {report.gaps()[:2000]}\n{done.stderr[-4000:]}"
        return report

    def assert_no_secret(self, said: str, credential: Mapping[str, Any] | str | None = None) -> None:
        secrets = [VALUE, "PRIVATE KEY", *([credential] if isinstance(credential, str) else [])]
        assert not any(secret in said for secret in secrets) and not _TOKEN.search(said), "a secret is in what was printed"


def _short(unlike: dict[str, Any]) -> str:
    shown = list(unlike.items())[:12]
    return os.linesep.join([f"{len(unlike)} not in sync:", *(f"  {address}: {told}" for address, told in shown)])
