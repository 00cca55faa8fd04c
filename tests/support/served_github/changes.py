"""What people do by hand to a world, and what happens to tokens in the middle of something."""

from __future__ import annotations

import base64
import hashlib
from typing import TYPE_CHECKING, Any

from .clock import seconds_of

if TYPE_CHECKING:
    from .credentials import Credential
    from .things import Installation, Organisation, Repository, Team, User


class Changes:
    """Part of `World`, which holds and finds what is changed here."""

    if TYPE_CHECKING:
        credentials: dict[str, Credential]
        installations: dict[int, Installation]
        _names: dict[tuple[int, str], Repository]

        def owner(self, login: str | None) -> Organisation: ...
        def repository(self, name: str, *, owner: str | None = None) -> Repository: ...
        def team(self, slug: str, *, organisation: str | None = None) -> Team: ...
        def user(self, login: str) -> User: ...
        def stamp(self) -> str: ...

    def revoke(self, secret: str) -> None:
        self.credentials[secret].revoked = True

    def revoke_installation(self, installation_id: int) -> None:
        """All tokens that an installation was given so far; it may fetch others."""
        for credential in self.credentials.values():
            if credential.installation and credential.installation.id == installation_id:
                credential.revoked = True

    def suspend_installation(self, installation_id: int) -> None:
        """It keeps its tokens, and neither they nor new ones are of any use."""
        found = self.installations[installation_id]
        found.suspended_at = self.stamp()

    def rename_repository(self, name: str, to: str, *, owner: str | None = None) -> None:
        """The old name leads to it until another repository takes that name."""
        found = self.repository(name, owner=owner)
        del self._names[found.owner.id, found.name.lower()]
        found.owner.redirects[found.name.lower()] = found.id
        found.owner.redirects.pop(to.lower(), None)
        found.name = to
        self._names[found.owner.id, to.lower()] = found

    def archive_repository(self, name: str, *, owner: str | None = None) -> None:
        """GitHub switches its vulnerability alerts and security updates off with it."""
        found = self.repository(name, owner=owner)
        found.archived, found.vulnerability_alerts, found.security_updates = True, False, False

    def delete_repository(self, name: str, *, owner: str | None = None) -> None:
        found = self.repository(name, owner=owner)
        del self._names[found.owner.id, found.name.lower()], found.owner.repositories[found.id]
        found.owner.redirects = {old: id_ for old, id_ in found.owner.redirects.items() if id_ != found.id}
        for variable in (*found.owner.variables.values(), *found.owner.secrets.values()):
            # Nobody wrote these, so that their time stays.
            variable.repositories[:] = [id_ for id_ in variable.repositories if id_ != found.id]

    def transfer_repository(self, name: str, to: str, *, owner: str | None = None) -> None:
        """To another organisation. What it was called here leads to it, and its teams stay behind."""
        found, receiver = self.repository(name, owner=owner), self.owner(to)
        del self._names[found.owner.id, found.name.lower()], found.owner.repositories[found.id]
        found.owner.redirects[found.name.lower()] = found.id
        found.owner, found.team_roles = receiver, {}
        receiver.repositories[found.id] = self._names[receiver.id, found.name.lower()] = found
        receiver.redirects.pop(found.name.lower(), None)

    def rename_team(self, slug: str, to: str) -> None:
        """Nothing leads from the old slug to the new one."""
        found = self.team(slug)
        found.name, found.slug = to, to.lower().replace(" ", "-")

    def delete_team(self, slug: str) -> None:
        """With the teams below it, as GitHub does."""
        found = self.team(slug)
        for child in found.children:
            self.delete_team(child.slug)
        del found.organisation.teams[found.id]
        for repository in found.organisation.repositories.values():
            repository.team_roles.pop(found.id, None)

    def set_member(self, login: str, role: str | None, *, organisation: str | None = None) -> None:
        """Makes somebody a member or an owner (`admin`) of the organisation, by which an invitation is answered; None: nobody's any more."""
        owner, name = self.owner(organisation), self.user(login).login
        owner.invitations = {number: each for number, each in owner.invitations.items() if each.login != name}
        _put(owner.members, name, role)
        for team in owner.teams.values():
            if role is None:
                team.members.pop(name, None)
            elif invited := team.pending.pop(name, None):
                team.members[name] = invited

    def set_team_member(self, slug: str, login: str, role: str | None) -> None:
        """`member`, `maintainer`, or None for nobody's any more."""
        _put(self.team(slug).members, self.user(login).login, role)

    def grant(self, repository: str, role: str | None, *, login: str | None = None, team: str | None = None) -> None:
        """A role on a repository, to somebody or to a team; None takes it away."""
        found = self.repository(repository)
        if login is not None:
            _put(found.collaborators, self.user(login).login, role)
        if team is not None:
            _put(found.team_roles, self.team(team).id, role)

    def remove(self, kind: str, key: int | str, repository: str | None = None, *, owner: str | None = None) -> None:
        """What `add` made, by its id or, for variables and secrets, its name."""
        holder = self.owner(owner) if repository is None else self.repository(repository, owner=owner)
        del getattr(holder, kind)[key]

    def audit(self, action: str, actor: str, *, repo: str | None = None, team: str | None = None, at: str | None = None, owner: str | None = None, **more: Any) -> str:
        """Writes down who did what (`repo.access`, `team.add_member`, `protected_branch.update`, …), to be read on Enterprise Cloud; gives the
        document's id. Nothing is written by itself. `at` is a timestamp; `repo` and `team` are names within the organisation."""
        found = self.owner(owner)
        when = seconds_of(at or self.stamp()) * 1000
        document = base64.urlsafe_b64encode(hashlib.sha256(f"{found.id}/{len(found.audit)}".encode()).digest()[:16]).decode().rstrip("=")
        named = {name: f"{found.login}/{value}" for name, value in (("repo", repo), ("team", team)) if value is not None}
        entry = {"@timestamp": when, "_document_id": document, "action": action, "actor": actor, "created_at": when, "org": found.login, "org_id": found.id}
        # Writing it down changes nothing.
        found.audit.append(entry | named | more)
        return document


def _put(held: dict[Any, str], key: Any, role: str | None) -> None:
    if role is None:
        held.pop(key, None)
    else:
        held[key] = role
