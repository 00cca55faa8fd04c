"""Organisations, teams and users in GraphQL, and where a query begins."""

from __future__ import annotations

from typing import Any

from ..access import at_least, base_role, members_of, team_role
from ..clock import iso
from ..node_ids import node_id
from ..things import BranchProtection, Organisation, Repository, Team, User
from .connections import Connection, Context, page
from .fields import Inside, answers, needs, needs_scope
from .problems import Problem, forbidden, not_found
from .repository import repositories_page

_PRIVACY = {"secret": "SECRET", "closed": "VISIBLE"}


def _organisation(_query: Any, context: Context, login: str) -> Organisation:
    found = context.request.world.account(login)
    if not isinstance(found, Organisation):
        raise not_found("an Organization", f"login of '{login}'")
    return found


def _repository(_query: Any, context: Context, owner: str, name: str, followRenames: bool = True) -> Repository:
    found = context.request.world.account(owner)
    repository = _named(found, context, name, followRenames) if isinstance(found, Organisation) else None
    if repository is None:
        raise not_found("a Repository", f"name '{owner}/{name}'")
    return context.guard(repository)


def _named(organisation: Organisation, context: Context, name: str, followRenames: bool = True) -> Repository | None:
    """By its name or, unless it is not asked for, by one that it had."""
    found = organisation.world.repository_named(organisation, name)
    if found is None and followRenames:
        found = organisation.world.repository_by_id(organisation.redirects.get(name.lower(), 0))
    return found if found and context.request.credential.sees(found) else None


def _node(_query: Any, context: Context, id: str) -> Any:
    found = context.request.world.node(id)
    found = Inside(*found) if isinstance(found, tuple) else found
    if isinstance(found, Team):
        _admit_members(found.organisation, context, "node")
    if isinstance(found, Inside) and isinstance(found.thing, BranchProtection):
        # As for the list of them (assumed: not documented).
        needs(context, "administration")
    if found is None or not _visible(context, found):
        raise not_found("a node", f"global id of '{id}'")
    return context.guard(found)


def _nodes(_query: Any, context: Context, ids: list[str]) -> list[Any]:
    found = []
    for each in ids:
        try:
            found.append(_node(_query, context, each))
        except Problem as problem:  # Stands in the place of what it is about.
            found.append(problem)
    return found


def _visible(context: Context, found: Any) -> bool:
    credential, thing = context.request.credential, found.holder if isinstance(found, Inside) else found
    if isinstance(thing, Repository):
        hidden = isinstance(found, Inside) and isinstance(found.thing, BranchProtection) and not at_least(credential.role_on(thing), "admin")
        return credential.sees(thing) and not hidden
    return credential.sees_team(thing) if isinstance(thing, Team) else True


def _viewer(_query: Any, context: Context) -> User:
    credential = context.request.credential
    if credential.user:
        return credential.user
    if credential.installation is None:
        raise forbidden("integration")
    return context.request.world.user(f"{credential.installation.app.slug}[bot]")


answers("Query", {
    "organization": _organisation, "repository": _repository, "node": _node, "nodes": _nodes, "viewer": _viewer,
    # Of what is left, the query that asks is already taken away.
    "rateLimit": lambda _query, context, dryRun=False: context,
    "user": lambda _query, context, login: _user(context, login),
})


def _user(context: Context, login: str) -> User:
    found = context.request.world.account(login)
    if not isinstance(found, User):
        raise not_found("a User", f"login of '{login}'")
    return found


def _window(context: Context) -> Any:
    return context.request.limits.window_of(context.request.credential, "graphql")


answers("RateLimit", {
    "cost": "points", "nodeCount": "nodes", "limit": lambda it, context: _window(it).limit, "remaining": lambda it, context: _window(it).remaining,
    "used": lambda it, context: _window(it).used, "resetAt": lambda it, context: iso(_window(it).reset),
})


def _repositories(
    organisation: Organisation, context: Context, given: dict[str, Any], orderBy: Any = None, isArchived: bool | None = None,
    isFork: bool | None = None, privacy: str | None = None, visibility: str | None = None,
) -> Connection:
    found = list(organisation.repositories.values())
    if isArchived is not None:
        found = [each for each in found if each.archived == isArchived]
    if isFork is not None:
        found = [each for each in found if (each.parent is not None) == isFork]
    if privacy is not None:
        found = [each for each in found if (each.visibility == "public") == (privacy == "PUBLIC")]
    if visibility is not None:
        found = [each for each in found if each.visibility.upper() == visibility]
    return repositories_page(context, found, given, orderBy)


def _admit_members(organisation: Organisation, context: Context, field: str) -> None:
    needs(context, "members")
    needs_scope(context, "read:org", field)


def _teams(organisation: Organisation, context: Context, given: dict[str, Any], orderBy: Any = None, privacy: str | None = None, rootTeamsOnly: bool = False) -> Connection:
    _admit_members(organisation, context, "teams")
    return _teams_page(context, list(organisation.teams.values()), given, orderBy, privacy, rootTeamsOnly)


def _teams_page(context: Context, teams: list[Team], given: dict[str, Any], orderBy: Any, privacy: str | None = None, roots: bool = False) -> Connection:
    seen = [each for each in teams if context.request.credential.sees_team(each) and privacy in (None, _PRIVACY[each.privacy]) and not (roots and each.parent)]
    backwards = orderBy is not None and orderBy["direction"] == "DESC"
    return page(context, seen, given, key=(lambda each: (each.name.lower(), each.id)) if orderBy else lambda each: each.id, backwards=backwards)


def _team(organisation: Organisation, context: Context, slug: str) -> Team | None:
    _admit_members(organisation, context, "team")
    return next((each for each in organisation.teams.values() if each.slug == slug.lower() and context.request.credential.sees_team(each)), None)


def _members(organisation: Organisation, context: Context, given: dict[str, Any]) -> Connection:
    _admit_members(organisation, context, "membersWithRole")
    users = organisation.world.user
    return page(context, [users(login) for login in organisation.members], given, more=lambda user: organisation.members[user.login])


def _pending(organisation: Organisation, context: Context, given: dict[str, Any]) -> Connection:
    """Whoever was invited by login and has not answered; only owners see them."""
    _admit_members(organisation, context, "pendingMembers")
    if not context.request.credential.is_owner_of(organisation):
        raise forbidden("integration")
    return page(context, [organisation.world.user(each.login) for each in organisation.invitations.values() if each.login], given)


def _rulesets(organisation: Organisation, context: Context, given: dict[str, Any], includeParents: bool = True) -> Connection:
    needs(context, "organization_administration", "write")
    if not context.request.credential.is_owner_of(organisation):
        raise forbidden("integration")
    return page(context, [Inside(organisation, each) for each in organisation.rulesets.values()], given)


answers("Organization", {
    "id": "node_id", "databaseId": "id", "login": "login", "name": "name", "description": "description", "createdAt": "created_at", "updatedAt": "updated_at",
    "url": lambda it, context: f"{it.world.html_url}/{it.login}",
    "resourcePath": lambda it, context: f"/{it.login}",
    "viewerCanAdminister": lambda it, context: context.request.credential.is_owner_of(it),
    "viewerIsAMember": lambda it, context: context.request.credential.is_member_of(it),
    "repositories": _repositories,
    "repository": lambda it, context, name, followRenames=True: context.guard(_named(it, context, name, followRenames)),
    "teams": _teams, "team": _team, "membersWithRole": _members, "pendingMembers": _pending, "rulesets": _rulesets,
    "ruleset": lambda it, context, databaseId: Inside(it, it.rulesets[databaseId]) if databaseId in it.rulesets else None,
})
answers("OrganizationMemberEdge", {"role": lambda it, context: it.more.upper()})


def _team_members(team: Team, context: Context, given: dict[str, Any], membership: str = "ALL", role: str | None = None) -> Connection:
    found, users = members_of(team, membership), team.world.user
    logins = [login for login, held in found.items() if role in (None, held.upper())]
    return page(context, [users(login) for login in logins], given, more=lambda user: found[user.login])


def _team_repositories(team: Team, context: Context, given: dict[str, Any], orderBy: Any = None) -> Connection:
    found = [each for each in team.organisation.repositories.values() if team_role(each, team)]
    return repositories_page(context, found, given, orderBy, more=lambda each: (each, team_role(each, team)))


def _team_invitations(team: Team, context: Context, given: dict[str, Any]) -> Connection:
    found = [each for each in team.organisation.invitations.values() if team.id in each.teams]
    return page(context, [Inside(team.organisation, each) for each in found], given)


answers("Team", {
    "id": "node_id", "databaseId": "id", "name": "name", "slug": "slug", "description": "description", "organization": "organisation", "parentTeam": "parent",
    "createdAt": "created_at", "updatedAt": "updated_at",
    "combinedSlug": lambda it, context: f"{it.organisation.login}/{it.slug}",
    "privacy": lambda it, context: _PRIVACY[it.privacy],
    "notificationSetting": lambda it, context: it.notification_setting.upper(),
    "reviewRequestDelegationEnabled": "review_delegation", "reviewRequestDelegationAlgorithm": "review_algorithm",
    "reviewRequestDelegationMemberCount": "review_member_count", "reviewRequestDelegationNotifyTeam": "review_notify_team",
    "url": lambda it, context: f"{it.world.html_url}/orgs/{it.organisation.login}/teams/{it.slug}",
    "viewerCanAdminister": lambda it, context: context.request.credential.is_owner_of(it.organisation),
    "ancestors": lambda it, context, given: page(context, it.ancestors, given),
    "childTeams": lambda it, context, given, orderBy=None: _teams_page(context, it.children, given, orderBy),
    "members": _team_members, "repositories": _team_repositories, "invitations": _team_invitations,
})
answers("TeamMemberEdge", {"role": lambda it, context: it.more.upper()})
answers("TeamRepositoryEdge", {"permission": lambda it, context: base_role(it.more[0].owner, it.more[1]).upper()})
answers("OrganizationInvitation", {
    "id": lambda it, context: node_id("OrganizationInvitation", it.holder.id, it.id), "email": "thing.email", "createdAt": "thing.created_at",
    "invitee": lambda it, context: it.thing.world.user(it.thing.login) if it.thing.login else None, "inviter": "thing.inviter", "organization": "holder",
    "role": lambda it, context: it.thing.role.upper(),
    "invitationType": lambda it, context: "USER" if it.thing.login else "EMAIL",
})
answers("User", {
    "id": "node_id", "databaseId": "id", "login": "login", "name": "name", "createdAt": "created_at", "updatedAt": "updated_at",
    "url": lambda it, context: f"{it.world.html_url}/{it.login}",
    "isViewer": lambda it, context: it is context.request.credential.user,
})
answers("App", {
    "id": "node_id", "databaseId": "id", "name": "name", "slug": "slug", "clientId": "client_id", "createdAt": "created_at", "updatedAt": "updated_at",
})
