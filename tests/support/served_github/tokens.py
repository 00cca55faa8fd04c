"""Apps, their installations, and the tokens that a world hands out."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from .credentials import Credential, new_key_pair
from .things import App, Installation

if TYPE_CHECKING:
    from .clock import Clock
    from .things import Organisation, Repository, User


class Tokens:
    """Part of `World`, which holds what is made here."""

    if TYPE_CHECKING:
        clock: Clock
        apps: dict[int, App]
        installations: dict[int, Installation]
        credentials: dict[str, Credential]

        def next_id(self) -> int: ...
        def owner(self, login: str | None) -> Organisation: ...
        def repository(self, name: str, *, owner: str | None = None) -> Repository: ...
        def user(self, login: str) -> User: ...

    def install_app(self, permissions: dict[str, str], *, repositories: list[str] | None = None, slug: str = "driftwire") -> dict[str, Any]:
        """An App in the organisation: its `app_id`, `client_id`, `installation_id` and `private_key`. Repositories by name; None: all."""
        owner = self.owner(None)
        private, public = new_key_pair()
        app = App(world=self, slug=slug, name=slug.title(), owner=owner, public_key=public, permissions=dict(permissions))
        self.apps[app.id] = app
        chosen = None if repositories is None else [self.repository(name).id for name in repositories]
        installation = Installation(world=self, app=app, organisation=owner, permissions=dict(permissions), repositories=chosen)
        self.installations[installation.id] = installation
        return {"app_id": app.id, "client_id": app.client_id, "installation_id": installation.id, "private_key": private}

    def personal_token(self, login: str, scopes: list[str]) -> str:
        """A classic token of a user."""
        return self._issue("ghp", Credential(kind="classic", user=self.user(login), scopes=list(scopes)))

    def fine_grained_token(self, login: str, permissions: dict[str, str], *, repositories: list[str] | None = None) -> str:
        """A fine-grained token of a user, for all repositories of the organisation or some."""
        chosen = None if repositories is None else [self.repository(name).id for name in repositories]
        return self._issue("github_pat", Credential(kind="fine_grained", user=self.user(login), permissions=dict(permissions), repositories=chosen))

    def user_token(self, login: str, installation_id: int) -> str:
        """A token with which an App acts for a user."""
        found = self.installations[installation_id]
        made = Credential(kind="user_to_server", user=self.user(login), permissions=dict(found.permissions), installation=found)
        return self._issue("ghu", made)

    def installation_token(self, installation_id: int, *, seconds: float = 3600) -> str:
        """A token of an installation, as an App fetches it for itself; it ends with the hour."""
        found = self.installations[installation_id]
        return self.issue_installation_token(found, dict(found.permissions), found.repositories, seconds).secret

    def issue_installation_token(self, found: Installation, permissions: dict[str, str], repositories: list[int] | None, seconds: float = 3600) -> Credential:
        ends = self.clock.now() + seconds
        made = Credential(kind="installation", installation=found, permissions=permissions, repositories=repositories, expires_at=ends)
        self._issue("ghs", made)
        return made

    def _issue(self, prefix: str, made: Credential) -> Credential | str:
        made.id = self.next_id()
        made.secret = f"{prefix}_{hashlib.sha256(f'{prefix}{made.id}'.encode()).hexdigest()[:36]}"
        self.credentials[made.secret] = made
        return made.secret
