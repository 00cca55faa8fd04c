"""Members, teams, and who may do what on a repository."""

from __future__ import annotations

from typing import Iterator

from ..served_github.access import collaborators, highest, members_of, team_role
from ..served_github.things import Repository, Team
from .recording import Json, Recorded, Scope, Writer, etag, permission


def _teams(scope: Scope) -> Iterator[Recorded]:
    variant = scope.variant
    for team in scope.teams:
        parent = team.parent
        # Until 5.23 this was a number, also in the state's JSON.
        above: str | int | None = (scope.team(parent) if variant.has("5.24") else parent.id) if parent else "" if variant.has("5.24") else None
        read = {"parent_team_read_id": str(parent.id) if parent else "", "parent_team_read_slug": parent.slug if parent else ""}
        attributes = {
            "id": str(team.id), "name": team.name, "slug": team.slug, "description": team.description or "", "privacy": team.privacy, "parent_team_id": above,
            # It moves with whoever comes and goes.
            "members_count": len(members_of(team)) + 3, "node_id": team.node_id, "ldap_dn": "", "create_default_maintainer": True, "etag": etag("team", team.id),
            **variant.since("5.28", **read), **variant.since("6.10", notification_setting=team.notification_setting),
        }
        yield Recorded(team.slug, attributes)


def _settings(scope: Scope) -> Iterator[Recorded]:
    variant = scope.variant
    for team in scope.teams:
        notifies = team.review_notify_team
        # The nested switch is not written any more where the other one is used.
        delegation = {"algorithm": team.review_algorithm, "member_count": team.review_member_count, "notify": notifies and not variant.has("6.12")}
        attributes = {
            "id": team.node_id, "team_id": scope.team(team), "team_slug": team.slug, "team_uid": team.node_id,
            "review_request_delegation": [delegation] if team.review_delegation else [], **variant.since("6.12", notify=notifies),
        }
        yield Recorded(team.slug, attributes)


def _in_teams(team: Team) -> dict[str, str]:
    """Its own members, and whoever was invited and has not answered."""
    return members_of(team, "IMMEDIATE") | team.pending


def _team_memberships(scope: Scope) -> Iterator[Recorded]:
    for team in scope.teams:
        by = scope.team(team) if scope.variant.has("5.17") else str(team.id)
        for login, role in _in_teams(team).items():
            written = scope.variant.login(login)
            attributes = {"id": f"{by}:{written}", "team_id": by, "username": written, "role": role, "etag": etag("in", team.id, login)}
            yield Recorded(f"{team.slug}:{login}", attributes)


def _team_members(scope: Scope) -> Iterator[Recorded]:
    """All of a team; who has not answered yet is none of them."""
    variant = scope.variant
    for team in scope.teams:
        by = scope.team(team)
        spelled = (lambda login: login.lower()) if variant.has("6.13") else variant.login
        members = [{"username": spelled(login), "role": role} for login, role in sorted(members_of(team, "IMMEDIATE").items())]
        attributes = {"id": str(team.id) if variant.has("6.13") else by, "team_id": by, "members": members, **variant.since("6.13", team_slug=team.slug)}
        yield Recorded(team.slug, attributes, 1 if variant.has("6.13") else 0)


def _team_repositories(scope: Scope) -> Iterator[Recorded]:
    for each in scope.repositories:
        for number in each.team_roles:
            team = scope.owner.teams[number]
            by = scope.team(team)
            attributes = {
                "id": f"{by}:{each.name}", "team_id": by, "repository": each.name, "permission": permission(team_role(each, team) or ""),
                "etag": etag("access", team.id, each.id),
            }
            yield Recorded(f"{team.slug}:{each.name}", attributes)


def _memberships(scope: Scope) -> Iterator[Recorded]:
    """Members, and whoever was invited by login."""
    owner = scope.owner
    invited = {each.login: "admin" if each.role == "admin" else "member" for each in owner.invitations.values() if each.login}
    for login, role in (owner.members | invited).items():
        written = scope.variant.login(login)
        attributes = {
            "id": f"{owner.login}:{written}", "username": written, "role": role, "etag": etag("member", login), **scope.variant.since("4.5", downgrade_on_destroy=True),
        }
        yield Recorded(login, attributes)


def _people_of(each: Repository) -> dict[str, tuple[str, str]]:
    """Login -> role and, of who has not answered, the invitation's number."""
    found = {login: (highest(each.owner, held), "") for login, held in collaborators(each, "direct").items()}
    return found | {invitation.login: (invitation.role, str(invitation.id)) for invitation in each.invitations.values() if invitation.login}


def _collaborators_one_by_one(scope: Scope) -> Iterator[Recorded]:
    for each in scope.repositories:
        for login, (role, invitation) in _people_of(each).items():
            written = scope.variant.login(login)
            attributes = {
                "id": f"{each.name}:{written}", "repository": each.name, "username": written, "permission": permission(role),
                "permission_diff_suppression": False, "invitation_id": invitation,
            }
            yield Recorded(f"{each.name}:{login}", attributes)


def _collaborators(scope: Scope) -> Iterator[Recorded]:
    variant = scope.variant
    for each in scope.repositories:
        people = _people_of(each)
        users = [{"username": variant.login(login), "permission": permission(role)} for login, (role, _) in sorted(people.items())]
        # The teams that were added themselves have the role that they were given.
        teams: list[Json] = [
            {"team_id": scope.team(scope.owner.teams[number]), "permission": permission(role)} for number, role in sorted(each.team_roles.items())
        ]
        if not users and not teams:
            continue
        attributes = {
            "id": str(each.id) if variant.has("6.12") else each.name, "repository": each.name, "user": users, "team": teams,
            "invitation_ids": {login: number for login, (_, number) in people.items() if number},
            **variant.since("6.5", ignore_team=[]), **variant.since("6.12", repository_id=each.id), **variant.since("6.13", owner_configured=False),
        }
        yield Recorded(each.name, attributes, 2 if variant.has("6.13") else 1 if variant.has("6.12") else 0)


WRITERS: dict[str, Writer] = {
    "github_team": _teams,
    "github_team_settings": _settings,
    "github_team_membership": _team_memberships,
    "github_team_members": _team_members,
    "github_team_repository": _team_repositories,
    "github_membership": _memberships,
    "github_repository_collaborator": _collaborators_one_by_one,
    "github_repository_collaborators": _collaborators,
}
