"""The organisation itself, its members, teams and invitations, and who may do what on a repository."""

from __future__ import annotations

from typing import Any

from ..access import base_role, collaborators, highest, members_of, team_role
from ..node_ids import node_id
from ..request import Found, Listing, Nothing, Refusal, Request, not_found
from ..things import Invitation, Organisation, Repository, Team
from . import bodies
from .repositories import by_number, hook_body, ruleset_body, ruleset_entry
from .routing import route

Json = dict[str, Any]
_MEMBERS = {"permission": "members=read", "scope": "read:org repo", "role": "member"}
_OWNERS = {"permission": "members=read", "scope": "admin:org", "role": "owner"}
_TEAM = "/orgs/{org}/teams/{team_slug}"
_TEAM_BY_ID = "/organizations/{org_id}/team/{team_id}"


@route("/orgs/{org}", role="anybody")
def organisation(request: Request, organisation: Organisation) -> Found:
    """Anybody reads some of it, owners all."""
    credential = request.credential
    owner = credential.is_owner_of(organisation) and credential.is_member_of(organisation)
    held = credential.permits("organization_administration") if credential.by_permissions else credential.has_scope("admin:org")
    write = bodies.organisation_full if owner and held else bodies.organisation_public
    return Found(write(request, organisation), organisation.updated_at)


@route("/orgs/{org}/repos", role="anybody")
def repositories(request: Request, organisation: Organisation) -> Listing:
    """By when they were made, the newest first, unless `sort` and `direction` say otherwise; only what the token may see."""
    wanted = request.query.get("type", "all")
    keeps = {
        "all": lambda each: True, "public": lambda each: each.visibility == "public", "private": lambda each: each.visibility != "public",
        "forks": lambda each: each.parent is not None, "sources": lambda each: each.parent is None, "member": lambda each: True,
    }
    if wanted not in keeps:
        raise Refusal(422, "Validation Failed")
    sort = request.query.get("sort", "created")
    keys = {"created": lambda each: each.created_at, "updated": lambda each: each.updated_at, "pushed": lambda each: each.pushed_at, "full_name": lambda each: each.name.lower()}
    if sort not in keys:
        raise Refusal(422, "Validation Failed")
    seen = [each for each in organisation.repositories.values() if request.credential.sees(each) and keeps[wanted](each)]
    backwards = request.query.get("direction", "asc" if sort == "full_name" else "desc") == "desc"
    seen.sort(key=lambda each: (keys[sort](each), each.id), reverse=backwards)
    return Listing(seen, lambda found: bodies.repository_minimal(request, found))


@route("/orgs/{org}/rulesets", permission="organization_administration=write", scope="admin:org", role="owner")
def rulesets(request: Request, organisation: Organisation) -> Listing:
    return Listing(list(organisation.rulesets.values()), lambda found: ruleset_entry(request, organisation, found))


@route("/orgs/{org}/rulesets/{ruleset_id}", permission="organization_administration=write", scope="admin:org", role="owner")
def ruleset(request: Request, organisation: Organisation, ruleset_id: str) -> Found:
    if (found := by_number(organisation.rulesets, ruleset_id)) is None:
        raise not_found()
    return Found(ruleset_body(request, organisation, found, writes=True), found.updated_at)


@route("/orgs/{org}/hooks", permission="organization_hooks=read", scope="admin:org_hook", role="owner")
def hooks(request: Request, organisation: Organisation) -> Listing:
    return Listing(list(organisation.hooks.values()), lambda found: _hook(request, organisation, found))


@route("/orgs/{org}/hooks/{hook_id}", permission="organization_hooks=read", scope="admin:org_hook", role="owner")
def hook(request: Request, organisation: Organisation, hook_id: str) -> Found:
    if (found := by_number(organisation.hooks, hook_id)) is None:
        raise not_found()
    return Found(_hook(request, organisation, found), found.updated_at)


def _hook(request: Request, organisation: Organisation, found: Any) -> Json:
    return hook_body(found, f"{request.api}/orgs/{organisation.login}/hooks/{found.id}") | {"type": "Organization"}


@route("/orgs/{org}/members", **_MEMBERS)
def members(request: Request, organisation: Organisation) -> Listing:
    role = request.query.get("role", "all")
    logins = [login for login, held in organisation.members.items() if role in ("all", held)]
    return Listing(_by_id(request, logins), lambda login: bodies.named(request, login))


@route("/orgs/{org}/outside_collaborators", **_MEMBERS)
def outside_collaborators(request: Request, organisation: Organisation) -> Listing:
    logins = {login for each in organisation.repositories.values() for login in each.collaborators if login not in organisation.members}
    return Listing(_by_id(request, logins), lambda login: bodies.named(request, login))


@route("/orgs/{org}/memberships/{username}", **_MEMBERS)
def membership(request: Request, organisation: Organisation, username: str) -> Json:
    """An invitation that is not answered yet is a pending membership."""
    who = request.world.account(username)
    login = who.login if who else ""
    invitation = next((each for each in organisation.invitations.values() if each.login == login), None)
    if login not in organisation.members and invitation is None:
        raise not_found()
    role = organisation.members.get(login) or ("admin" if invitation and invitation.role == "admin" else "member")
    url = f"{request.api}/orgs/{organisation.login}"
    return {
        "url": f"{url}/memberships/{login}", "state": "active" if login in organisation.members else "pending", "role": role, "organization_url": url,
        "user": bodies.named(request, login), "organization": bodies.organisation_simple(request, organisation),
    }


@route("/orgs/{org}/invitations", **_OWNERS)
def invitations(request: Request, organisation: Organisation) -> Listing:
    return Listing(list(organisation.invitations.values()), lambda found: _invitation(request, organisation, found))


def _invitation(request: Request, organisation: Organisation, found: Invitation) -> Json:
    return {
        "id": found.id, "node_id": node_id("OrganizationInvitation", organisation.id, found.id), "login": found.login, "email": found.email,
        "role": found.role, "created_at": found.created_at, "inviter": bodies.account(request, found.inviter), "team_count": len(found.teams),
        "invitation_teams_url": f"{request.api}/organizations/{organisation.id}/invitations/{found.id}/teams", "invitation_source": "member",
    }


@route("/orgs/{org}/teams", **_MEMBERS)
def teams(request: Request, organisation: Organisation) -> Listing:
    seen = [found for found in organisation.teams.values() if request.credential.sees_team(found)]
    return Listing(sorted(seen, key=lambda found: found.name.lower()), lambda found: bodies.team(request, found))


@route(_TEAM, **_MEMBERS, also=(_TEAM_BY_ID,))
def team(request: Request, organisation: Organisation, team: Team) -> Found:
    owner = bodies.organisation_public(request, organisation)
    repositories = sum(team_role(each, team) is not None for each in organisation.repositories.values())
    body = bodies.team(request, team) | {"members_count": len(members_of(team)), "repos_count": repositories}
    return Found(body | {"created_at": team.created_at, "updated_at": team.updated_at, "organization": owner}, team.updated_at)


@route(f"{_TEAM}/teams", **_MEMBERS, also=(f"{_TEAM_BY_ID}/teams",))
def child_teams(request: Request, organisation: Organisation, team: Team) -> Listing:
    return Listing(team.children, lambda found: bodies.team(request, found))


@route(f"{_TEAM}/members", **_MEMBERS, also=(f"{_TEAM_BY_ID}/members",))
def team_members(request: Request, organisation: Organisation, team: Team) -> Listing:
    """With those of the teams below it."""
    role = request.query.get("role", "all")
    logins = [login for login, held in members_of(team).items() if role in ("all", held)]
    return Listing(logins, lambda login: bodies.named(request, login))


@route(f"{_TEAM}/memberships/{{username}}", **_MEMBERS, also=(f"{_TEAM_BY_ID}/memberships/{{username}}",))
def team_membership(request: Request, organisation: Organisation, team: Team, username: str) -> Json:
    """Members of the teams below it, and whoever was invited, have one too."""
    who = request.world.account(username)
    login, active = who.login if who else "", members_of(team)
    if login not in active and login not in team.pending:
        raise not_found()
    url = f"{request.api}/organizations/{organisation.id}/team/{team.id}/memberships/{login}"
    state = "active" if login in active else "pending"
    return {"url": url, "role": active.get(login) or team.pending[login], "state": state}


@route(f"{_TEAM}/invitations", **_OWNERS, also=(f"{_TEAM_BY_ID}/invitations",))
def team_invitations(request: Request, organisation: Organisation, team: Team) -> Listing:
    found = [each for each in organisation.invitations.values() if team.id in each.teams]
    return Listing(found, lambda each: _invitation(request, organisation, each))


@route(f"{_TEAM}/repos", **_MEMBERS, also=(f"{_TEAM_BY_ID}/repos",))
def team_repositories(request: Request, organisation: Organisation, team: Team) -> Listing:
    """With those that it has from the teams above it."""
    found = [(each, role) for each in organisation.repositories.values() if request.credential.sees(each) and (role := team_role(each, team))]
    return Listing(found, lambda pair: bodies.repository_minimal(request, pair[0]) | bodies.role_words(organisation, pair[1]))


@route(f"{_TEAM}/repos/{{owner}}/{{repo}}", **_MEMBERS | {"scope": "repo admin:org"}, also=(f"{_TEAM_BY_ID}/repos/{{owner}}/{{repo}}",))
def team_repository(request: Request, organisation: Organisation, team: Team, repository: Repository) -> Json | Nothing:
    """Whether, or with which role if that is asked for by the media type."""
    role = team_role(repository, team)
    if role is None:
        raise not_found()
    if ".repository+json" not in request.headers.get("accept", ""):
        return Nothing()
    body = bodies.repository_related(request, repository)
    del body["has_discussions"]
    return body | bodies.role_words(organisation, role)


@route("/repos/{owner}/{repo}/teams", permission="administration=read", scope="repo", role="admin")
def repository_teams(request: Request, repository: Repository) -> Listing:
    """The teams that were added themselves; teams below them have the same role without standing here (not documented)."""
    found = [(team, role) for number, role in repository.team_roles.items() if (team := repository.owner.teams.get(number))]
    return Listing(found, lambda pair: _with_role(request, repository, *pair))


def _with_role(request: Request, repository: Repository, team: Team, role: str) -> Json:
    switches = bodies.permissions(base_role(repository.owner, role))
    words = {"permission": bodies.PERMISSION.get(role, role), "permissions": switches, "access_source": "direct"}
    return bodies.team(request, team) | words


@route(
    "/repos/{owner}/{repo}/collaborators", scope="read:org+repo", role="write",
    denied=(403, "Must have push access to view repository collaborators."),
)
def repository_collaborators(request: Request, repository: Repository) -> Listing:
    affiliation = request.query.get("affiliation", "all")
    if affiliation not in ("all", "direct", "outside"):
        raise Refusal(422, "Validation Failed")
    found, owner = collaborators(repository, affiliation), repository.owner
    return Listing(list(found), lambda login: bodies.named(request, login) | bodies.role_words(owner, highest(owner, found[login])))  # type: ignore[operator]


@route("/repos/{owner}/{repo}/invitations", permission="administration=read", scope="repo", role="admin")
def repository_invitations(request: Request, repository: Repository) -> Listing:
    return Listing(list(repository.invitations.values()), lambda found: _repository_invitation(request, repository, found))


def _repository_invitation(request: Request, repository: Repository, found: Invitation) -> Json:
    related = bodies.repository_related(request, repository)
    return {
        "id": found.id, "node_id": node_id("RepositoryInvitation", found.id), "repository": related, "invitee": bodies.named(request, found.login),
        "inviter": bodies.account(request, found.inviter), "permissions": found.role, "created_at": found.created_at, "expired": False,
        "url": f"{request.api}/user/repository_invitations/{found.id}", "html_url": f"{request.world.html_url}/{repository.full_name}/invitations",
    }


@route("/user", role="anybody")
def myself(request: Request) -> Json:
    if request.credential.user is None:
        raise Refusal(403, "Resource not accessible by integration")
    return _public_user(request, request.credential.user)


@route("/users/{username}", role="anybody")
def user(request: Request, username: str) -> Json:
    """Organisations too, which is how a client learns which of the two a login is."""
    found = request.world.account(username)
    if found is None:
        raise not_found()
    return _public_user(request, found)


def _public_user(request: Request, found: Any) -> Json:
    counts = dict.fromkeys(("public_repos", "public_gists", "followers", "following"), 0)
    told = {name: None for name in ("company", "blog", "location", "email", "hireable", "bio")}
    return (bodies.account(request, found) or {}) | told | counts | {"name": found.name, "created_at": found.created_at, "updated_at": found.updated_at}


def _by_id(request: Request, logins: Any) -> list[str]:
    return sorted(logins, key=lambda login: request.world.user(login).id)
