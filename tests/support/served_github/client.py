"""A client of the served GitHub that neither repeats nor follows anything."""

from __future__ import annotations

import http.client
import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from . import ServedGitHub


@dataclass
class Reply:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def links(self) -> dict[str, str]:
        return {name: url for url, name in re.findall(r'<([^>]+)>; rel="(\w+)"', self.headers.get("link", ""))}


class Client:
    """Somebody with a token, who neither repeats nor follows anything."""

    def __init__(self, served: ServedGitHub, token: str | None, prefix: str = ""):
        self.served, self.token, self.prefix = served, token, prefix

    def ask(self, method: str, path: str, body: bytes | None = None, **headers: str) -> Reply:
        connection = http.client.HTTPConnection("127.0.0.1", self.served.port, timeout=30)
        sent = {"User-Agent": "driftwire-tests", "Accept": "application/vnd.github+json"} | {name.replace("_", "-"): value for name, value in headers.items()}
        if self.token:
            sent["Authorization"] = f"Bearer {self.token}"
        try:
            connection.request(method, self.prefix + path, body, {name: value for name, value in sent.items() if value})
            response = connection.getresponse()
            return Reply(response.status, {name.lower(): value for name, value in response.getheaders()}, response.read())
        finally:
            connection.close()

    def get(self, path: str, **headers: str) -> Reply:
        return self.ask("GET", path, **headers)

    def pages(self, path: str) -> list[Any]:
        """Every item, by following `Link`."""
        found, reply = [], self.get(path)
        while True:
            assert reply.status == 200, reply.body
            body = reply.json
            found += body if isinstance(body, list) else next(value for value in body.values() if isinstance(value, list))
            if "next" not in reply.links:
                return found
            reply = self.get(reply.links["next"].removeprefix(self.served.endpoint).removeprefix(self.prefix))

    def query(self, text: str, **variables: Any) -> Reply:
        body = json.dumps({"query": text, "variables": variables}).encode()
        return self.ask("POST", "/graphql" if not self.prefix else "", body)

    def data(self, text: str, **variables: Any) -> Any:
        reply = self.query(text, **variables).json
        assert "errors" not in reply, reply["errors"]
        return reply["data"]
