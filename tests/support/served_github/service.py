"""One request from its arrival to its answer: who asks, whether they may now, what goes wrong by plan, and what is written down of it."""

from __future__ import annotations

import re
import threading
import time
from pathlib import Path
from typing import Mapping
from urllib.parse import parse_qsl, urlsplit

from .credentials import ANONYMOUS, Credential
from .graphql_api.execution import Asked, GraphQL, rate_limited
from .limits import SECONDARY_MESSAGE, Limits
from .log import Entry, Log
from .openapi import Description
from .plan import Plan, Rule
from .request import Answer, Query, Refusal, Request, json_answer
from .rest_api import apps, routing
from .world import World

#: Where REST and GraphQL are: on github.com, and on GitHub Enterprise Server.
_PREFIX = "/api/v3"
_GRAPHQL = ("/graphql", "/api/graphql", "/api/v3/graphql")
_HTML = b"<!DOCTYPE html>\n<html><head><title>Unicorn! &middot; GitHub</title></head><body>This page is taking too long to load.</body></html>\n"


class HangUp(Exception):
    """The connection ends here, without an answer."""


class Service:
    def __init__(self, world: World, schema_file: Path, description: Description | None = None):
        self._graphql = GraphQL(schema_file)
        #: Given: every answer of REST is held against it, and one that does not fit is a fault of this server.
        self._description = description
        # The world is read and changed by one request at a time.
        self.lock = threading.RLock()
        self.serve(world)

    def serve(self, world: World) -> None:
        """Another world instead, with limits that nobody has used and nothing planned."""
        self.world, self.clock = world, world.clock
        self.plan, self.limits, self.log = Plan(world), Limits(world.clock), Log()

    def answer(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> tuple[Answer, int | None]:
        """The answer, and after how many bytes of it the connection breaks, if it does. Raises `HangUp`."""
        begun, computing = time.monotonic(), time.thread_time()
        request = self._request(method, target, headers, body)
        graphql = request.path in _GRAPHQL
        request_name = f"{method} {'/graphql' if graphql else request.path}"
        with self.lock:
            query = self._graphql.read(request) if graphql and method == "POST" else None
            operation = query.name if isinstance(query, Asked) else ""
            faults = self.plan.due(request_name, operation)
            self.limits.enter(request.credential)
        made = Answer(0, cost=0)
        try:
            if "latency" in faults:
                time.sleep(faults["latency"].seconds)
            if "hang_up" in faults:
                raise HangUp
            with self.lock:
                made = self._made(request, query, faults, request_name, operation)
        finally:
            with self.lock:
                self.limits.leave(request.credential)
                slept = faults["latency"].seconds if "latency" in faults else 0.0
                resource = "graphql" if graphql else "core"
                points = made.points if made.points is not None else _points(method, graphql)
                self.limits.spend(request.credential, resource, points, time.thread_time() - computing + slept)
                name = operation if graphql else made.operation
                conditional = "if-none-match" in headers or "if-modified-since" in headers
                elapsed = time.monotonic() - begun
                self.log.add(
                    Entry(self.clock.now(), method, target, name, made.status, made.cost, resource, conditional, request.credential.name, elapsed, sorted(faults))
                )
        return made, len(made.body) // 2 if "cut" in faults else None

    def _request(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> Request:
        parts = urlsplit(target)
        prefix = _PREFIX if parts.path.startswith(f"{_PREFIX}/") and parts.path not in _GRAPHQL else ""
        root = f"http://{headers.get('host', 'localhost')}{prefix}"
        query = Query(parse_qsl(parts.query, keep_blank_values=True))
        # Who asks is found out later: it may be refused.
        made = Request(method, parts.path.removeprefix(prefix), query, headers, body, ANONYMOUS, self.world, self.limits, root)
        with self.lock:
            made.credential = self._credential(headers.get("authorization", ""))
        return made

    def _credential(self, authorization: str) -> Credential:
        match = re.fullmatch(r"(?i)(?:bearer|token) +(\S+)", authorization)
        if not match:
            return ANONYMOUS
        if match[1].count(".") == 2:
            try:
                return apps.signed_credential(self.world, match[1])
            except Refusal as refusal:
                return Credential(kind="refused", secret=refusal.message)
        return self.world.credentials.get(match[1]) or Credential(kind="refused", secret="Bad credentials")

    def _turned_away(self, request: Request) -> Answer | None:
        """Whoever is nobody, and whatever is no client of GitHub's; that costs nothing."""
        credential = request.credential
        ended = credential.revoked or (credential.expires_at is not None and credential.expires_at <= self.clock.now())
        if credential.kind == "refused" or ended:
            return _free(Refusal(401, "Bad credentials" if ended else credential.secret).answer())
        if credential.installation is not None and credential.installation.suspended_at:
            return _free(Refusal(403, "This installation has been suspended").answer())
        if "user-agent" not in request.headers:
            return _free(Refusal(403, "Request forbidden by administrative rules. Please make sure your request has a User-Agent header.").answer())
        if request.headers.get("x-github-api-version", "2022-11-28") != "2022-11-28":
            return _free(Refusal(400, "Bad Request: the X-GitHub-Api-Version is not a supported version.").answer())
        return None

    def _made(self, request: Request, query: Asked | Answer | None, faults: dict[str, Rule], name: str, operation: str) -> Answer:
        credential = request.credential
        if turned_away := self._turned_away(request):
            return turned_away
        if "error" in faults:
            return _failing(faults["error"])
        resource = "graphql" if query is not None else "core"
        points = _points(request.method, query is not None)
        wait = faults["secondary"].retry_after if "secondary" in faults else self.limits.secondary(credential, resource, points)
        if wait is not None:
            return self._secondary(request, resource, wait)
        if query is None and request.path in _GRAPHQL:
            return _free(Refusal(404, "Not Found").answer())
        return self._graphql_answer(request, query, faults, name, operation) if query is not None else self._rest_answer(request)

    def _rest_answer(self, request: Request) -> Answer:
        window = self.limits.window_of(request.credential, "core")
        free = request.path == "/rate_limit" or request.credential.kind == "app"
        if window.remaining == 0 and not free and self.limits.enforced:
            refused = Refusal(self.limits.primary_status, f"API rate limit exceeded for {request.credential.account}.").answer()
            return self._told(_free(refused), request, "core")
        made, route = routing.answer(request)
        # An answer that looks as if it were filtered, and is not, would be a lie; GitHub itself takes a page of what has none.
        if 200 <= made.status < 300 and (unheeded := request.query.unheeded - {"page", "per_page"}):
            raise ValueError(f"the served GitHub does not heed {', '.join(sorted(unheeded))} of {made.operation}")
        if self._description and route and route not in routing.UNDESCRIBED and 200 <= made.status < 300:
            complaints = self._description.complaints(route.method, route.template, made.status, made.body)
            assert not complaints, f"{route.method} {route.template} is not as described: {complaints[:5]}"
        if free:
            made.cost = 0
        window.used += made.cost
        return self._told(made, request, "core")

    def _graphql_answer(self, request: Request, query: Asked | Answer, faults: dict[str, Rule], name: str, operation: str) -> Answer:
        if request.credential.kind in ("none", "app"):
            return _free(Refusal(401, "This endpoint requires you to be authenticated.").answer())
        window = self.limits.window_of(request.credential, "graphql")
        if isinstance(query, Answer):
            return self._told(query, request, "graphql")
        if window.remaining == 0 and self.limits.enforced:
            return self._told(rate_limited(request.credential.account), request, "graphql")
        if "timeout" in faults and query.cost.nodes > faults["timeout"].nodes:
            # What took too long costs more than it would have.
            window.used += (cost := query.cost.points * 2)
            return self._told(Answer(faults["timeout"].status, _HTML, {"Content-Type": "text/html; charset=utf-8"}, cost), request, "graphql")
        window.used += query.cost.points
        budget = faults["resource_limits"].nodes if "resource_limits" in faults else None
        broken = self.plan.broken(name, operation)
        faults |= {rule.kind: rule for rule in broken}
        made = self._graphql.run(request, query, {rule.name for rule in broken}, budget)
        made.cost = query.cost.points
        return self._told(made, request, "graphql")

    def _secondary(self, request: Request, resource: str, wait: int) -> Answer:
        refused = Refusal(self.limits.secondary_status, SECONDARY_MESSAGE).answer()
        if self.limits.says_when:
            refused.headers["Retry-After"] = str(wait)
        refused.points = 0
        return self._told(_free(refused), request, resource)

    def _told(self, made: Answer, request: Request, resource: str) -> Answer:
        if request.credential.kind == "classic":
            made.headers.setdefault("X-OAuth-Scopes", ", ".join(request.credential.scopes))
        if self.limits.enforced:
            made.headers |= self.limits.window_of(request.credential, resource).headers(resource)
        return made


def _points(method: str, graphql: bool) -> int:
    return 1 if graphql or method in ("GET", "HEAD", "OPTIONS") else 5


def _free(made: Answer) -> Answer:
    made.cost = 0
    return made


def _failing(rule: Rule) -> Answer:
    if rule.html:
        return Answer(rule.status, _HTML, {"Content-Type": "text/html; charset=utf-8"}, cost=0)
    return _free(json_answer(rule.status, {"message": "Server Error"}))
