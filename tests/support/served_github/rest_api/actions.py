"""GitHub Actions and Dependabot: variables, secrets, and what may run."""

from __future__ import annotations

from typing import Any

from ..request import Found, Listing, Refusal, Request, not_found
from ..things import Organisation, Repository, Secret, Variable
from . import bodies
from .routing import route

Json = dict[str, Any]
_VARIABLES = {"permission": "actions_variables=read", "scope": "repo", "role": "write"}
_SECRETS = {"permission": "secrets=read", "scope": "repo", "role": "write"}
_DEPENDABOT = {"permission": "dependabot_secrets=read", "scope": "repo", "role": "write"}
_OWN_VARIABLES = {"permission": "organization_actions_variables=read", "scope": "admin:org", "role": "owner"}
_OWN_SECRETS = {"permission": "organization_secrets=read", "scope": "admin:org", "role": "owner"}
_REPOSITORY = {"permission": "administration=read", "scope": "repo", "role": "admin", "denied": (403, "Must have admin rights to Repository.")}
_ORGANISATION = {"permission": "organization_administration=read", "scope": "admin:org", "role": "owner"}


@route("/repos/{owner}/{repo}/actions/variables", **_VARIABLES)
def variables(request: Request, repository: Repository) -> Listing:
    return Listing(_sorted(repository.variables), _variable, under="variables", most=30, usual=10)


@route("/repos/{owner}/{repo}/actions/variables/{name}", **_VARIABLES)
def variable(request: Request, repository: Repository, name: str) -> Found:
    return _one(repository.variables, name, _variable)


@route("/repos/{owner}/{repo}/actions/secrets", **_SECRETS)
def secrets(request: Request, repository: Repository) -> Listing:
    return Listing(_sorted(repository.secrets), _secret, under="secrets")


@route("/repos/{owner}/{repo}/actions/secrets/{secret_name}", **_SECRETS)
def secret(request: Request, repository: Repository, secret_name: str) -> Found:
    return _one(repository.secrets, secret_name, _secret)


@route("/repos/{owner}/{repo}/dependabot/secrets", **_DEPENDABOT)
def dependabot_secrets(request: Request, repository: Repository) -> Listing:
    return Listing(_sorted(repository.dependabot_secrets), _secret, under="secrets")


@route("/repos/{owner}/{repo}/dependabot/secrets/{secret_name}", **_DEPENDABOT)
def dependabot_secret(request: Request, repository: Repository, secret_name: str) -> Found:
    return _one(repository.dependabot_secrets, secret_name, _secret)


@route("/orgs/{org}/actions/variables", **_OWN_VARIABLES)
def own_variables(request: Request, organisation: Organisation) -> Listing:
    return Listing(_sorted(organisation.variables), lambda found: _shared(request, organisation, "variables", found), under="variables", most=30, usual=10)


@route("/orgs/{org}/actions/variables/{name}", **_OWN_VARIABLES)
def own_variable(request: Request, organisation: Organisation, name: str) -> Found:
    return _one(organisation.variables, name, lambda found: _shared(request, organisation, "variables", found))


@route("/orgs/{org}/actions/variables/{name}/repositories", **_OWN_VARIABLES)
def variable_repositories(request: Request, organisation: Organisation, name: str) -> Listing:
    return _selected(request, organisation, _held(organisation.variables, name))


@route("/orgs/{org}/actions/secrets", **_OWN_SECRETS)
def own_secrets(request: Request, organisation: Organisation) -> Listing:
    return Listing(_sorted(organisation.secrets), lambda found: _shared(request, organisation, "secrets", found), under="secrets")


@route("/orgs/{org}/actions/secrets/{secret_name}", **_OWN_SECRETS)
def own_secret(request: Request, organisation: Organisation, secret_name: str) -> Found:
    return _one(organisation.secrets, secret_name, lambda found: _shared(request, organisation, "secrets", found))


@route("/orgs/{org}/actions/secrets/{secret_name}/repositories", **_OWN_SECRETS)
def secret_repositories(request: Request, organisation: Organisation, secret_name: str) -> Listing:
    return _selected(request, organisation, _held(organisation.secrets, secret_name))


@route("/repos/{owner}/{repo}/actions/permissions", **_REPOSITORY)
def repository_permissions(request: Request, repository: Repository) -> Json:
    """What may run is not said where nothing may."""
    if not repository.actions["enabled"]:
        return {"enabled": False}
    return _with_selection(repository.actions, f"{request.api}/repos/{repository.full_name}/actions/permissions")


@route("/repos/{owner}/{repo}/actions/permissions/selected-actions", **_REPOSITORY)
def repository_selected_actions(request: Request, repository: Repository) -> Json:
    if repository.actions["allowed_actions"] != "selected" or not repository.actions["enabled"]:
        raise Refusal(409, "Conflict")
    return repository.selected_actions


@route("/orgs/{org}/actions/permissions", **_ORGANISATION)
def organisation_permissions(request: Request, organisation: Organisation) -> Json:
    url = f"{request.api}/organizations/{organisation.id}/actions/permissions"
    body = _with_selection(organisation.actions, url)
    if organisation.actions["enabled_repositories"] == "selected":
        body["selected_repositories_url"] = f"{url}/repositories"
    return body


@route("/orgs/{org}/actions/permissions/selected-actions", **_ORGANISATION)
def organisation_selected_actions(request: Request, organisation: Organisation) -> Json:
    if organisation.actions["allowed_actions"] != "selected":
        raise Refusal(409, "Conflict")
    return organisation.selected_actions


@route("/orgs/{org}/actions/permissions/repositories", **_ORGANISATION)
def enabled_repositories(request: Request, organisation: Organisation) -> Listing:
    if organisation.actions["enabled_repositories"] != "selected":
        raise Refusal(409, "Conflict")
    chosen = [organisation.repositories[number] for number in organisation.actions_repositories if number in organisation.repositories]
    return Listing(chosen, lambda found: bodies.repository_related(request, found), under="repositories")


def _with_selection(actions: Json, url: str) -> Json:
    return dict(actions) | ({"selected_actions_url": f"{url}/selected-actions"} if actions["allowed_actions"] == "selected" else {})



def _sorted(collection: dict[str, Any]) -> list[Any]:
    return [collection[name] for name in sorted(collection)]


def _held(collection: dict[str, Any], name: str) -> Any:
    """Found in any case."""
    found = collection.get(name.upper())
    if found is None:
        raise not_found()
    return found


def _one(collection: dict[str, Any], name: str, write: Any) -> Found:
    found = _held(collection, name)
    return Found(write(found), found.updated_at)


def _secret(found: Secret) -> Json:
    return {"name": found.name, "created_at": found.created_at, "updated_at": found.updated_at}


def _variable(found: Variable) -> Json:
    return {"name": found.name, "value": found.value, "created_at": found.created_at, "updated_at": found.updated_at}


def _shared(request: Request, organisation: Organisation, kind: str, found: Any) -> Json:
    body = (_variable if kind == "variables" else _secret)(found) | {"visibility": found.visibility}
    if found.visibility == "selected":
        body["selected_repositories_url"] = f"{request.api}/orgs/{organisation.login}/actions/{kind}/{found.name}/repositories"
    return body


def _selected(request: Request, organisation: Organisation, found: Any) -> Listing:
    if found.visibility != "selected":
        raise Refusal(409, "Conflict")
    chosen = [organisation.repositories[number] for number in found.repositories if number in organisation.repositories]
    return Listing(chosen, lambda each: bodies.repository_minimal(request, each), under="repositories")
