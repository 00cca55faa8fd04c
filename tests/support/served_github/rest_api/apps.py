"""GitHub Apps: signed tokens, installations, the tokens that they are given, and what each may see. And the limits, as anybody may read them."""

from __future__ import annotations

import base64
import json
import math
from typing import Any

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import RSAKey

from ..clock import iso
from ..credentials import Credential
from ..request import Answer, Listing, Refusal, Request, json_answer, not_found
from ..things import Installation, Organisation
from ..world import World
from . import bodies
from .repositories import by_number
from .routing import parsed, route

Json = dict[str, Any]
#: GitHub takes no signed token that is good for longer (docs.github.com, "Generating a JSON Web Token (JWT) for a GitHub App").
_LONGEST = 600


def signed_credential(world: World, token: str) -> Credential:
    """Whose App a signed token is, if it is one's: RS256, by the App's key, of now."""
    app = None
    try:
        # Whose key verifies it stands inside; nothing of it is believed before that.
        issuer = str(_unverified(token).get("iss"))
        app = next((each for each in world.apps.values() if issuer in (str(each.id), each.client_id)), None)
        if app is None:
            raise Refusal(401, "'Issuer' claim ('iss') must be an Integer")
        claims = jwt.decode(token, RSAKey.import_key(app.public_key), algorithms=["RS256"]).claims
    except (JoseError, ValueError):
        raise Refusal(401, "A JSON web token could not be decoded") from None
    now = world.clock.now()
    ends, begins = claims.get("exp"), claims.get("iat")
    if not isinstance(ends, (int, float)) or ends <= now:
        raise Refusal(401, "'Expiration time' claim ('exp') must be a numeric value representing the future time at which the assertion expires")
    if ends > now + _LONGEST:
        raise Refusal(401, "'Expiration time' claim ('exp') is too far in the future")
    # A client's clock may be a little ahead.
    if not isinstance(begins, (int, float)) or begins > now + 60:
        raise Refusal(401, "'Issued at' claim ('iat') must be an Integer representing the time that the assertion was issued")
    return Credential(kind="app", app_id=app.id)


def _unverified(token: str) -> Json:
    part = token.split(".")[1]
    claims = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return claims if isinstance(claims, dict) else {}


@route("/app", role="anybody")
def myself(request: Request) -> Json:
    _signed(request)
    found = request.world.apps[request.credential.app_id]
    return bodies.app(request, found) | {"installations_count": sum(each.app is found for each in request.world.installations.values())}


@route("/app/installations", role="anybody")
def installations(request: Request) -> Listing:
    _signed(request)
    mine = [each for each in request.world.installations.values() if each.app.id == request.credential.app_id]
    return Listing(mine, lambda found: _installation(request, found))


@route("/app/installations/{installation_id}", role="anybody")
def installation(request: Request, installation_id: str) -> Json:
    return _installation(request, _mine(request, installation_id))


@route("/orgs/{org}/installation", role="anybody")
def organisation_installation(request: Request, organisation: Organisation) -> Json:
    _signed(request)
    found = next((each for each in request.world.installations.values() if each.organisation is organisation and each.app.id == request.credential.app_id), None)
    if found is None:
        raise not_found()
    return _installation(request, found)


@route("/app/installations/{installation_id}/access_tokens", method="POST", role="anybody")
def access_token(request: Request, installation_id: str) -> Answer:
    """A token for an hour, with all that the installation may do or, asked so, less."""
    found, asked, world = _mine(request, installation_id), parsed(request), request.world
    if found.suspended_at:
        raise Refusal(403, "This installation has been suspended")
    permissions = asked.get("permissions") or found.permissions
    order = ("read", "write", "admin")
    if any(name not in found.permissions or order.index(level) > order.index(found.permissions[name]) for name, level in permissions.items() if name != "metadata"):
        raise Refusal(422, "The permissions requested are not granted to this installation.")
    chosen = found.repositories
    if named := asked.get("repositories") or asked.get("repository_ids"):
        known = {each.name.lower(): each.id for each in found.organisation.repositories.values()} | {each: each for each in found.organisation.repositories}
        chosen = [known.get(each.lower() if isinstance(each, str) else each, 0) for each in named]
        if 0 in chosen or (found.repositories is not None and not set(chosen) <= set(found.repositories)):
            raise Refusal(422, "There is at least one repository that does not exist or is not accessible to the parent installation.")
    made = world.issue_installation_token(found, {"metadata": "read", **permissions}, chosen)
    body: Json = {"token": made.secret, "expires_at": iso(made.expires_at or 0), "permissions": made.permissions, "repository_selection": "all" if chosen is None else "selected"}
    if named:
        body["repositories"] = [bodies.repository_related(request, found.organisation.repositories[number]) for number in chosen or []]
    return json_answer(201, body)


@route("/installation/repositories", role="anybody")
def installation_repositories(request: Request) -> Listing:
    """What the token that asks may see."""
    credential = request.credential
    if credential.installation is None or not credential.is_app:
        raise Refusal(403, "You must authenticate with an installation access token in order to list repositories for an installation.")
    seen = [each for each in credential.installation.organisation.repositories.values() if credential.sees(each)]
    selection = "all" if credential.repositories is None and credential.installation.repositories is None else "selected"
    return Listing(seen, lambda found: bodies.repository_related(request, found), under="repositories", beside={"repository_selection": selection})


@route("/user/installations", role="anybody")
def user_installations(request: Request) -> Listing:
    _users(request)
    mine = [each for each in request.world.installations.values() if request.credential.is_member_of(each.organisation)]
    return Listing(mine, lambda found: _installation(request, found), under="installations")


@route("/user/installations/{installation_id}/repositories", role="anybody")
def user_installation_repositories(request: Request, installation_id: str) -> Listing:
    """Of what an installation may see, what its user may see too. No installation may ask this of itself."""
    _users(request)
    found = by_number(request.world.installations, installation_id)
    if found is None or not request.credential.is_member_of(found.organisation):
        raise not_found()
    chosen = found.organisation.repositories if found.repositories is None else found.repositories
    seen = [each for number in chosen if (each := found.organisation.repositories.get(number)) and request.credential.sees(each)]
    selection = "all" if found.repositories is None else "selected"
    return Listing(seen, lambda each: bodies.repository_related(request, each), under="repositories", beside={"repository_selection": selection})


@route("/rate_limit", role="anybody")
def rate_limit(request: Request) -> Answer:
    """Costs nothing of the hour."""
    windows = {name: request.limits.window_of(request.credential, name) for name in ("core", "graphql")}
    told = {name: {"limit": each.limit, "used": each.used, "remaining": each.remaining, "reset": math.ceil(each.reset)} for name, each in windows.items()}
    made = json_answer(200, {"resources": told | {"search": told["core"] | {"limit": 30, "used": 0, "remaining": 30}}, "rate": told["core"]})
    made.cost = 0
    return made


def _installation(request: Request, found: Installation) -> Json:
    url, owner = f"{request.api}/app/installations/{found.id}", found.organisation
    return {
        "id": found.id, "account": bodies.account(request, owner), "repository_selection": "all" if found.repositories is None else "selected",
        "access_tokens_url": f"{url}/access_tokens", "repositories_url": f"{request.api}/installation/repositories",
        "html_url": f"{request.world.html_url}/organizations/{owner.login}/settings/installations/{found.id}", "app_id": found.app.id,
        "app_slug": found.app.slug, "target_id": owner.id, "target_type": "Organization", "permissions": found.permissions, "events": [],
        "created_at": found.created_at, "updated_at": found.updated_at, "single_file_name": None, "has_multiple_single_files": False,
        "single_file_paths": [], "suspended_by": None, "suspended_at": found.suspended_at,
    }


def _signed(request: Request) -> None:
    if request.credential.kind != "app":
        raise Refusal(401, "A JSON web token could not be decoded")


def _users(request: Request) -> None:
    if request.credential.kind not in ("user_to_server", "classic"):
        raise Refusal(403, "Resource not accessible by integration")


def _mine(request: Request, number: str) -> Installation:
    _signed(request)
    found = by_number(request.world.installations, number)
    if found is None or found.app.id != request.credential.app_id:
        raise not_found()
    return found
