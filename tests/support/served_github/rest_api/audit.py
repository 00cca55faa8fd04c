"""The audit log of an organisation, which only GitHub Enterprise Cloud gives by its API.

Sources, on docs.github.com: "REST API endpoints for organizations" of Enterprise Cloud, "Using the audit log API for your enterprise" (the last
three months unless `created` says otherwise, Git's events only if asked for, cursors in `Link`, the scope `read:audit_log`). The description that
npm carries is that of github.com without Enterprise, so that these answers are held against nothing. GitHub's own limit of 1,750 an hour for this
endpoint is not kept here: it counts as any other.
"""

from __future__ import annotations

import base64
import re
from datetime import datetime, timedelta, timezone
from typing import Any, Callable
from urllib.parse import urlencode

from ..request import Answer, Refusal, Request, json_answer, not_found
from ..things import Organisation
from .routing import page_size, route

Json = dict[str, Any]
_USUALLY = timedelta(days=90)


@route("/orgs/{org}/audit-log", permission="organization_administration=read", scope="read:audit_log", role="owner", described=False)
def audit_log(request: Request, organisation: Organisation) -> Answer:
    if organisation.plan != "enterprise":
        raise not_found()
    query = request.query
    include, order = query.get("include", "web"), query.get("order", "desc")
    if include not in ("web", "git", "all") or order not in ("asc", "desc"):
        raise Refusal(422, "Validation Failed")
    fits = _phrase(query.get("phrase", ""), request.world.clock.now())
    kinds = {"web": (False,), "git": (True,), "all": (False, True)}[include]
    found = [each for each in organisation.audit if fits(each) and each["action"].startswith("git.") in kinds]
    found.sort(key=_place, reverse=order == "desc")
    at = _start(found, query.get("after"), query.get("before"), size := page_size(query, 30, 100), backwards=order == "desc")
    page = found[at : at + size]
    return json_answer(200, page, {"Link": ", ".join(links)} if (links := _links(request, found, at, size)) else {})


def _place(entry: Json) -> tuple[int, str]:
    return entry["@timestamp"], entry["_document_id"]


def _start(found: list[Json], after: str | None, before: str | None, size: int, *, backwards: bool) -> int:
    """Where the page begins. A cursor names a place, so that what is written meanwhile moves nothing."""
    if not (after or before):
        return 0
    place = _place_of(after or before or "")
    passed = sum(_place(entry) > place if backwards else _place(entry) < place for entry in found)
    if after:
        return passed + any(_place(entry) == place for entry in found)
    return max(0, passed - size)


def _cursor(entry: Json) -> str:
    return base64.b64encode(f"{entry['@timestamp']}|{entry['_document_id']}".encode()).decode()


def _place_of(cursor: str) -> tuple[int, str]:
    try:
        when, _, document = base64.b64decode(cursor, validate=True).decode().partition("|")
        return int(when), document
    except ValueError:
        raise Refusal(422, "Invalid cursor") from None


def _links(request: Request, found: list[Json], at: int, size: int) -> list[str]:
    given = {name: value for name, value in request.query.items() if name not in ("after", "before")}
    to = {}
    if found[at + size :]:
        to["next"] = {"after": _cursor(found[at + size - 1]), "before": ""}
    if at:
        to |= {"first": {"after": "", "before": ""}, "prev": {"after": "", "before": _cursor(found[at])}}
    return [f'<{request.root}{request.path}?{urlencode(given | cursor)}>; rel="{name}"' for name, cursor in to.items()]


def _phrase(phrase: str, now: float) -> Callable[[Json], bool]:
    """Qualifiers joined by spaces: `created`, `action` (whole, or its category), `actor`, `repo`."""
    since: float | None = now - _USUALLY.total_seconds()
    tests: list[Callable[[Json], bool]] = []
    for word in phrase.split():
        name, _, value = word.partition(":")
        if name == "created":
            begin, end = _range(value)
            since = None
            tests.append(lambda entry, begin=begin, end=end: begin <= entry["@timestamp"] / 1000 < end)
        elif name == "action":
            tests.append(lambda entry, value=value: entry["action"] == value or entry["action"].startswith(f"{value}."))
        elif name in ("actor", "repo"):
            tests.append(lambda entry, name=name, value=value: str(entry.get(name)).lower() == value.lower())
        else:
            # An answer that looks as if it were filtered, and is not, would be a lie.
            raise ValueError(f"the served GitHub does not search its audit log by {word}")
    if since is not None:
        tests.append(lambda entry: entry["@timestamp"] / 1000 >= since)
    return lambda entry: all(test(entry) for test in tests)


def _range(value: str) -> tuple[float, float]:
    """From when, and until when (not included)."""
    endless = float("inf")
    if ".." in value:
        begin, end = value.split("..")
        return _moment(begin)[0] if begin != "*" else 0.0, _moment(end)[1] if end != "*" else endless
    match = re.fullmatch(r"(>=|<=|>|<|)(.+)", value)
    if match is None:
        raise Refusal(422, "Validation Failed")
    begin, end = _moment(match[2])
    return {">=": (begin, endless), ">": (end, endless), "<=": (0.0, end), "<": (0.0, begin), "": (begin, end)}[match[1]]


def _moment(text: str) -> tuple[float, float]:
    """A day, or a second, from its begin to the begin of the next."""
    try:
        begin = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        raise Refusal(422, "Validation Failed") from None
    begin = begin if begin.tzinfo else begin.replace(tzinfo=timezone.utc)
    return begin.timestamp(), (begin + (timedelta(seconds=1) if "T" in text else timedelta(days=1))).timestamp()
