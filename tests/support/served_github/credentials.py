"""Who asks: the kinds of token that GitHub has, and what each may see. A token's secret is never logged, only its name."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from .access import at_least, effective_role

if TYPE_CHECKING:
    from .things import Installation, Organisation, Repository, Team, User

#: A classic scope brings these with it (docs.github.com, "Scopes for OAuth apps").
_IMPLIED = {
    "repo": ("public_repo", "repo:status", "repo_deployment", "repo:invite", "security_events"),
    "admin:org": ("write:org", "read:org"),
    "write:org": ("read:org",),
    "admin:repo_hook": ("write:repo_hook", "read:repo_hook"),
    "write:repo_hook": ("read:repo_hook",),
}


@dataclass(eq=False, kw_only=True)
class Credential:
    """`kind` is classic, fine_grained, installation, user_to_server, app (a signed token) or none."""

    kind: str
    secret: str = field(default="", repr=False)
    id: int = 0
    user: User | None = None
    installation: Installation | None = None
    app_id: int = 0
    scopes: list[str] = field(default_factory=list)
    permissions: dict[str, str] = field(default_factory=dict)
    #: Ids of the repositories that it is for; None for all.
    repositories: list[int] | None = None
    expires_at: float | None = None
    revoked: bool = False

    @property
    def name(self) -> str:
        """Says which it is without its secret."""
        return f"{self.kind} {self.id}" if self.id else self.kind

    @property
    def account(self) -> str:
        """Whose limits it uses up: all tokens of a user, or of an installation, share them."""
        if self.installation and self.kind == "installation":
            return f"installation ID {self.installation.id}"
        return f"user ID {self.user.id}" if self.user else f"{self.kind} {self.app_id}"

    @property
    def is_app(self) -> bool:
        return self.kind == "installation"

    @property
    def by_permissions(self) -> bool:
        """Whether permissions count, instead of scopes."""
        return self.kind in ("installation", "fine_grained", "user_to_server")

    def has_scope(self, scope: str) -> bool:
        return any(scope == held or scope in _all_of(held) for held in self.scopes)

    def permits(self, permission: str, level: str = "read") -> bool:
        """Whether its permissions hold one, at `level` or more. Everybody has metadata."""
        order = ("read", "write", "admin")
        held = "read" if permission == "metadata" else self.permissions.get(permission)
        return held is not None and order.index(held) >= order.index(level)

    def is_owner_of(self, organisation: Organisation) -> bool:
        """Whether it acts for an owner (an installation has the rights that its permissions name, whoever it acts for)."""
        return self.is_app or (self.user is not None and organisation.members.get(self.user.login) == "admin")

    def is_member_of(self, organisation: Organisation) -> bool:
        if self.is_app:
            return self.installation is not None and self.installation.organisation is organisation
        return self.user is not None and self.user.login in organisation.members

    def role_on(self, repository: Repository) -> str:
        if self.is_app:
            return "admin"
        return effective_role(repository, self.user.login) if self.user else ("read" if repository.visibility == "public" else "none")

    def sees(self, repository: Repository) -> bool:
        """Whether the repository exists for it at all; where not, GitHub answers 404 and leaves it out of every list."""
        if self.is_app:
            inside = self.installation is not None and self.installation.organisation is repository.owner
            chosen = self.repositories if self.repositories is not None else self.installation.repositories if self.installation else []
            return inside and (chosen is None or repository.id in chosen)
        if repository.visibility == "public":
            return True
        if self.kind == "classic" and not self.has_scope("repo"):
            return False
        # A token of an App for a user sees what both see.
        chosen = self.installation.repositories if self.installation else self.repositories
        if chosen is not None and repository.id not in chosen:
            return False
        return at_least(self.role_on(repository), "read")

    def sees_team(self, team: Team) -> bool:
        """Secret teams show themselves to their members and to owners."""
        if self.is_app:
            return self.is_member_of(team.organisation)
        if not self.is_member_of(team.organisation):
            return False
        return team.privacy != "secret" or self.is_owner_of(team.organisation) or bool(self.user and self.user.login in team.members)


ANONYMOUS = Credential(kind="none")


def new_key_pair() -> tuple[str, str]:
    """A private and a public RSA key, as PEM."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption())
    public = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    return private.decode(), public.decode()


def _all_of(scope: str) -> tuple[str, ...]:
    return _IMPLIED.get(scope, ())
