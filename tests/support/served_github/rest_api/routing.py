"""Which request goes where, what it asks of the token, and how its answer is paged and compared with what the caller holds."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any, Callable
from urllib.parse import unquote, urlencode

from ..access import at_least
from ..clock import http_date, seconds_of
from ..request import Answer, Found, Listing, Nothing, Query, Refusal, Request, json_answer, not_found
from ..things import Organisation, Repository, Team

Handler = Callable[..., Any]


@dataclass(frozen=True)
class Route:
    method: str
    #: As the API's description writes it.
    template: str
    pattern: re.Pattern[str]
    handler: Handler
    #: What a token by permissions must hold, `administration=read`; alternatives are separated by `;`, as in the header.
    permission: str
    #: What a classic token must hold: alternatives separated by spaces, each of one scope or of several joined by `+`.
    scope: str
    #: What its user must be: read to admin of the repository, member or owner of the organisation.
    role: str
    #: Whether a public repository shows it to everybody.
    public: bool
    #: What is said to a user who is not.
    denied: tuple[int, str]


ROUTES: list[Route] = []
#: What the description that npm carries does not have: nothing can be held against it.
UNDESCRIBED: list[Route] = []
_SHAPES = {"ref": ".+", "branch": ".+?"}


def route(
    template: str, *, permission: str = "metadata=read", scope: str = "", role: str = "read", public: bool = False,
    denied: tuple[int, str] = (404, "Not Found"), method: str = "GET", also: tuple[str, ...] = (),
    described: bool = True,
) -> Callable[[Handler], Handler]:
    """Registers what answers a path of the description; `also` are paths that the description does not write out."""

    def register(handler: Handler) -> Handler:
        for path in (template, *also):
            pattern = re.sub(r"\\{(\w+)\\}", lambda match: f"(?P<{match[1]}>{_SHAPES.get(match[1], '[^/]+')})", re.escape(path))
            (ROUTES if described else UNDESCRIBED).append(Route(method, template, re.compile(pattern), handler, permission, scope, role, public, denied))
        return handler

    return register


def answer(request: Request) -> tuple[Answer, Route | None]:
    """Never raises for what a caller may send."""
    found: Route | None = None
    try:
        path = _by_number(request)
        found, words = _find(request.method, path)
        value = found.handler(request, **_things(request, found, words))
        made = _written(request, value)
    except Refusal as refusal:
        made = refusal.answer()
    made.operation = found.template if found else request.path
    made.headers |= _told(request, found)
    return made, found


def _by_number(request: Request) -> str:
    """`/repositories/{id}/…` is the same as `/repos/{owner}/{repo}/…`; where a redirect leads."""
    match = re.fullmatch(r"/repositories/(\d+)(/.*)?", request.path)
    if not match:
        return request.path
    found = request.world.repository_by_id(int(match[1]))
    if found is None:
        raise not_found()
    return f"/repos/{found.full_name}{match[2] or ''}"


def _find(method: str, path: str) -> tuple[Route, dict[str, str]]:
    for each in (*ROUTES, *UNDESCRIBED):
        if each.method == method and (match := each.pattern.fullmatch(path)):
            return each, {name: unquote(value) for name, value in match.groupdict().items()}
    raise not_found()


def _things(request: Request, found: Route, words: dict[str, str]) -> dict[str, Any]:
    """What the path names, if the token may see it; else it is refused as GitHub refuses it."""
    things: dict[str, Any] = {}
    if "org" in words or "org_id" in words:
        things["organisation"] = _organisation(request, words.pop("org", None), words.pop("org_id", None))
    if "team_slug" in words or "team_id" in words:
        things["team"] = _team(request, things["organisation"], words.pop("team_slug", None), words.pop("team_id", None))
    if "repo" in words:
        things["repository"] = _repository(request, words.pop("owner"), words.pop("repo"))
    _admit(request, found, things.get("repository"), things.get("organisation"))
    return things | words


def _organisation(request: Request, login: str | None, number: str | None) -> Organisation:
    world = request.world
    found = world.account(login) if login is not None else world.organisations.get(int(number) if (number or "").isdigit() else 0)
    if not isinstance(found, Organisation):
        raise not_found()
    return found


def _team(request: Request, organisation: Organisation, slug: str | None, number: str | None) -> Team:
    for found in organisation.teams.values():
        if (found.slug == (slug or "").lower() or str(found.id) == number) and request.credential.sees_team(found):
            return found
    raise not_found()


def _repository(request: Request, owner: str, name: str) -> Repository:
    organisation = request.world.account(owner)
    if not isinstance(organisation, Organisation):
        raise not_found()
    found = request.world.repository_named(organisation, name)
    if found is None:
        moved = request.world.repository_by_id(organisation.redirects.get(name.lower(), 0))
        if moved is None or not request.credential.sees(moved):
            raise not_found()
        rest = request.path.split("/", 4)[4:]
        query = f"?{urlencode(request.query)}" if request.query else ""
        location = "/".join([f"{request.root}/repositories/{moved.id}", *rest]) + query
        raise _Moved(location)
    if not request.credential.sees(found):
        raise not_found()
    return found


class _Moved(Refusal):
    def __init__(self, location: str):
        super().__init__(301, "Moved Permanently", {"Location": location})
        self.location = location

    def answer(self) -> Answer:
        return json_answer(301, {"message": self.message, "url": self.location, "documentation_url": "https://docs.github.com/rest/guides/best-practices-for-using-the-rest-api#follow-redirects"}, self.headers)


def _admit(request: Request, found: Route, repository: Repository | None, organisation: Organisation | None) -> None:
    credential = request.credential
    if found.role == "anybody" or (found.public and repository is not None and repository.visibility == "public"):
        return
    if credential.kind == "none":
        raise Refusal(401, "Requires authentication")
    if credential.kind == "app":
        raise not_found()
    if credential.by_permissions and not any(_holds(request, each) for each in found.permission.split(";")):
        raise inaccessible(request)
    if credential.kind == "classic" and found.scope and not any(all(map(credential.has_scope, each.split("+"))) for each in found.scope.split()):
        raise Refusal(*found.denied)
    if repository is not None and found.role not in ("member", "owner") and not at_least(credential.role_on(repository), found.role):
        raise Refusal(*found.denied)
    if organisation is not None and not (credential.is_owner_of(organisation) if found.role == "owner" else credential.is_member_of(organisation)):
        raise Refusal(*found.denied)


def inaccessible(request: Request) -> Refusal:
    """What a token by permissions hears that lacks one; which, stands in a header that every answer has."""
    by = "integration" if request.credential.kind != "fine_grained" else "personal access token"
    return Refusal(403, f"Resource not accessible by {by}")


def _holds(request: Request, permissions: str) -> bool:
    return all(request.credential.permits(*each.strip().split("=")) for each in permissions.split(","))


def _told(request: Request, found: Route | None) -> dict[str, str]:
    told = {"X-GitHub-Media-Type": "github.v3; format=json", "X-GitHub-Api-Version-Selected": "2022-11-28"}
    if found and request.credential.by_permissions:
        told["X-Accepted-GitHub-Permissions"] = found.permission
    if request.credential.kind == "classic":
        told |= {"X-OAuth-Scopes": ", ".join(request.credential.scopes), "X-Accepted-OAuth-Scopes": ", ".join(found.scope.replace("+", " ").split()) if found else ""}
    return told


def _written(request: Request, value: Any) -> Answer:
    if isinstance(value, Answer):
        return value
    if isinstance(value, Nothing):
        return Answer(204)
    headers: dict[str, str] = {}
    modified = None
    if isinstance(value, Listing):
        value, headers = _page(request, value)
    elif isinstance(value, Found):
        value, modified = value.value, value.modified
    return _unless_known(request, json_answer(200, value, headers), modified)


def _unless_known(request: Request, made: Answer, modified: str | None) -> Answer:
    """304 for what the caller already holds. The tag covers the token, so another token's tag never fits."""
    given = [request.headers[name] for name in ("accept", "authorization") if name in request.headers]
    tag = f'W/"{hashlib.sha256(":".join(given).encode() + b":" + made.body).hexdigest()}"'
    made.headers |= {"ETag": tag, "Cache-Control": "private, max-age=60, s-maxage=60", "Vary": "Accept, Authorization, Cookie, X-GitHub-OTP"}
    if modified:
        made.headers["Last-Modified"] = http_date(modified)
    if held := request.headers.get("if-none-match"):
        known = any(each.strip().removeprefix("W/") == tag.removeprefix("W/") for each in held.split(","))
    else:
        known = bool(modified) and _not_since(request.headers.get("if-modified-since", ""), modified or "")
    if not known:
        return made
    kept = {name: made.headers[name] for name in ("ETag", "Last-Modified", "Cache-Control", "Vary") if name in made.headers}
    return Answer(304, b"", kept, cost=0)


def _not_since(held: str, modified: str) -> bool:
    try:
        return seconds_of(modified) <= parsedate_to_datetime(held).timestamp()
    except (ValueError, TypeError):
        return False


def _page(request: Request, listing: Listing) -> tuple[Any, dict[str, str]]:
    """By number: what is removed meanwhile moves what follows onto the page before, as on GitHub."""
    size = page_size(request.query, listing.usual, listing.most)
    page = _number(request.query.get("page"), 1)
    pages = max(1, -(-len(listing.items) // size))
    items = [listing.write(item) for item in listing.items[(page - 1) * size : page * size]]
    to = {"prev": page - 1 if page > 1 else None, "next": page + 1 if page < pages else None, "last": pages if page < pages else None, "first": 1 if page > 1 else None}
    links = [f'<{request.root}{request.path}?{urlencode({**request.query, "page": str(number)})}>; rel="{name}"' for name, number in to.items() if number]
    body = {"total_count": len(listing.items), **listing.beside, listing.under: items} if listing.under else items
    return body, {"Link": ", ".join(links)} if links else {}


def page_size(query: Query, usual: int, most: int) -> int:
    return min(_number(query.get("per_page"), usual), most)


def _number(text: str | None, otherwise: int) -> int:
    """GitHub takes what is no positive number as if it were not there."""
    return int(text) if text and re.fullmatch(r"[1-9]\d{0,8}", text) else otherwise


def parsed(request: Request) -> dict[str, Any]:
    """The body, which must be a JSON object."""
    try:
        value = json.loads(request.body or b"{}")
    except ValueError:
        raise Refusal(400, "Problems parsing JSON") from None
    if not isinstance(value, dict):
        raise Refusal(400, "Body should be a JSON object")
    return value
