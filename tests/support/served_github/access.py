"""Who may do what on a repository: by being an owner, a member, in a team or the parent of one, or by name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Iterable

from .things import ROLES

if TYPE_CHECKING:
    from .things import Organisation, Repository, Team

#: What gives a role, and which: an organisation, a team or a repository itself.
Source = tuple["Organisation | Team | Repository", str]


def base_role(organisation: Organisation, role: str) -> str:
    """The role that a custom role stands on; any other role itself."""
    return organisation.custom_roles.get(role, role)


def at_least(role: str, wanted: str) -> bool:
    return ROLES.index(role) >= ROLES.index(wanted)


def team_role(repository: Repository, team: Team) -> str | None:
    """A team's role: its own or the one that it has from a team above it, whichever is more."""
    roles = [repository.team_roles[each.id] for each in (team, *team.ancestors) if each.id in repository.team_roles]
    return max(roles, key=lambda role: ROLES.index(base_role(repository.owner, role)), default=None)


def sources(repository: Repository, only: str | None = None) -> dict[str, list[Source]]:
    """Everything that gives somebody a role on a repository, by login; of one login if that is all that is asked."""
    owner = repository.owner
    found: dict[str, list[Source]] = {}
    default = owner.settings.get("default_repository_permission", "none")
    if default == "none" and repository.visibility == "internal":
        default = "read"
    members = owner.members if only is None else {only: owner.members[only]} if only in owner.members else {}
    for login, membership in members.items():
        if membership == "admin" or default != "none":
            found[login] = [(owner, "admin" if membership == "admin" else default)]
    for team in owner.teams.values():
        if (only is None or only in team.members) and (role := team_role(repository, team)):
            for login in team.members if only is None else (only,):
                found.setdefault(login, []).append((team, role))
    for login, role in repository.collaborators.items() if only is None else ((only, repository.collaborators.get(only)),):
        if role:
            found.setdefault(login, []).append((repository, role))
    return found


def highest(owner: Organisation, roles: Iterable[Source]) -> str:
    """The most among them, by the role's own name."""
    return max((role for _, role in roles), key=lambda role: ROLES.index(base_role(owner, role)), default="none")


def effective_role(repository: Repository, login: str) -> str:
    """The most that somebody may do there, without custom names."""
    owner = repository.owner
    if owner.members.get(login) == "admin":
        return "admin"
    role = base_role(owner, highest(owner, sources(repository, login).get(login, ())))
    return "read" if role == "none" and repository.visibility == "public" else role


def collaborators(repository: Repository, affiliation: str = "all") -> dict[str, list[Source]]:
    """By login, in the order of the users' ids: whoever has any role (`all`), was added by name (`direct`), and is no member (`outside`)."""
    found = sources(repository)
    if affiliation != "all":
        outside = affiliation == "outside"
        found = {login: found[login] for login in repository.collaborators if not (outside and login in repository.owner.members)}
    return dict(sorted(found.items(), key=lambda item: repository.world.user(item[0]).id))


def members_of(team: Team, membership: str = "ALL") -> dict[str, str]:
    """Login -> role, of a team's own members (IMMEDIATE), of those of the teams below it (CHILD_TEAM), or of both.

    An owner of the organisation is a maintainer of every team that they are in.
    """
    found = {} if membership == "CHILD_TEAM" else dict(team.members)
    if membership != "IMMEDIATE":
        for child in team.children:
            for login in members_of(child):
                if login not in found and (membership == "ALL" or login not in team.members):
                    found[login] = "member"
    owners = team.organisation.members
    return {login: "maintainer" if owners.get(login) == "admin" else role for login, role in sorted(found.items(), key=lambda item: team.world.user(item[0]).id)}
