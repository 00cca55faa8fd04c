"""A served AWS on loopback: moto, which speaks AWS's own wire protocols."""

from __future__ import annotations

import json
import os
import urllib.request
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from .places import ACCOUNT, REGION, clean_environment, tool
from .processes import Child, free_port, listens, wait_until


class Cloud:
    """A moto server of its own, on a free port."""

    def __init__(self, directory: Path, *, managed_policies: bool = False):
        """`managed_policies`: AWS's own policies of IAM are there, which takes a while."""
        directory.mkdir(parents=True, exist_ok=True)
        self._mailbox = directory / "mails.jsonl"
        self.port = free_port()
        self.endpoint = f"http://127.0.0.1:{self.port}"
        self._sessions: dict[str, boto3.Session] = {}
        self._child = Child(
            "moto",
            [str(tool("python")), str(Path(__file__).with_name("served_aws.py")), str(self._mailbox), "-H", "127.0.0.1", "-p", str(self.port)],
            directory / "moto.log",
            env=clean_environment()
            | {"MOTO_RECORDER_FILEPATH": str(directory / "moto.recording"), "MOTO_IAM_LOAD_MANAGED_POLICIES": str(managed_policies).lower()},
        )
        wait_until("moto to listen", self._is_up)

    def _is_up(self) -> bool:
        if not self._child.alive:
            raise RuntimeError(f"moto ended at once: {self._child.output()}")
        return listens(self.port)

    def client(self, service: str, *, account: str = ACCOUNT, region: str = REGION) -> Any:
        """A client of boto3, in an account and region; other accounts by a role in them, as on AWS."""
        if account not in self._sessions:
            self._sessions[account] = self._session(account)
        return self._sessions[account].client(
            service,
            region_name=region,
            endpoint_url=self.endpoint,
            config=Config(s3={"addressing_style": "path"}, retries={"total_max_attempts": 3}, user_agent_extra="driftwire-tests"),
        )

    def _session(self, account: str) -> boto3.Session:
        if account == ACCOUNT:
            return boto3.Session(aws_access_key_id="test", aws_secret_access_key="test")
        given = self.client("sts").assume_role(RoleArn=f"arn:aws:iam::{account}:role/driftwire-tests", RoleSessionName="tests")["Credentials"]
        return boto3.Session(
            aws_access_key_id=given["AccessKeyId"],
            aws_secret_access_key=given["SecretAccessKey"],
            aws_session_token=given["SessionToken"],
        )

    def mails(self) -> dict[str, str]:
        """What e-mail subscribers were sent, by SNS's message id."""
        lines = self._mailbox.read_text().splitlines() if self._mailbox.exists() else []
        return {mail["id"]: mail["text"] for mail in map(json.loads, lines)}

    def reset(self) -> None:
        """Empties every account."""
        self._sessions.clear()
        request = urllib.request.Request(f"{self.endpoint}/moto-api/reset", method="POST")
        with urllib.request.urlopen(request, timeout=10):
            pass

    def stop(self) -> None:
        self._child.stop()


# boto3 would ask the machine's own configuration for a profile.
for _name in ("AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_CA_BUNDLE", "AWS_ENDPOINT_URL"):
    os.environ.pop(_name, None)
