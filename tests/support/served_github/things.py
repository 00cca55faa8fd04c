"""What a GitHub organisation is made of, as plain data. No request is answered here, and nobody's permission is looked at.

Whatever is set on a thing moves its `updated_at`, as a change by hand does on GitHub.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from .node_ids import node_id

if TYPE_CHECKING:
    from .world import World

#: From least to most; a custom role stands on one of them.
ROLES = ("none", "read", "triage", "write", "maintain", "admin")


@dataclass(eq=False, kw_only=True)
class Thing:
    world: World = field(repr=False)
    id: int = 0

    def __post_init__(self) -> None:
        self.id = self.id or self.world.next_id()
        now = self.world.stamp()
        for name in ("created_at", "updated_at"):
            if getattr(self, name, None) == "":
                object.__setattr__(self, name, now)

    def __setattr__(self, name: str, value: Any) -> None:
        object.__setattr__(self, name, value)
        # Not yet there while it is being made.
        if name != "updated_at" and getattr(self, "updated_at", ""):
            object.__setattr__(self, "updated_at", self.world.stamp())


@dataclass(eq=False, kw_only=True)
class User(Thing):
    login: str
    name: str | None = None
    email: str | None = None
    created_at: str = ""
    updated_at: str = ""

    @property
    def node_id(self) -> str:
        return node_id("User", self.id)


@dataclass(eq=False, kw_only=True)
class App(Thing):
    """A GitHub App; `public_key` (PEM) verifies what it signs."""

    slug: str
    name: str
    owner: Organisation
    public_key: str = field(default="", repr=False)
    permissions: dict[str, str] = field(default_factory=dict)
    created_at: str = ""
    updated_at: str = ""

    @property
    def node_id(self) -> str:
        return node_id("App", self.id)

    @property
    def client_id(self) -> str:
        return f"Iv23li{self.id:014x}"


@dataclass(eq=False, kw_only=True)
class Installation(Thing):
    """An App in an organisation; `repositories` are ids, None for all."""

    app: App
    organisation: Organisation
    permissions: dict[str, str]
    repositories: list[int] | None = None
    suspended_at: str | None = None
    created_at: str = ""
    updated_at: str = ""


@dataclass(eq=False, kw_only=True)
class Label(Thing):
    name: str
    color: str
    description: str | None = None
    default: bool = False


@dataclass(eq=False, kw_only=True)
class DeployKey(Thing):
    title: str
    key: str
    read_only: bool = True
    created_at: str = ""


@dataclass(eq=False, kw_only=True)
class Hook(Thing):
    """`secret` is whether there is one: GitHub never says which."""

    url: str
    events: list[str]
    content_type: str = "json"
    insecure_ssl: bool = False
    secret: bool = False
    active: bool = True
    created_at: str = ""
    updated_at: str = ""


@dataclass(eq=False, kw_only=True)
class Variable(Thing):
    """Of a repository (no visibility) or an organisation; `repositories` are the ids of the selected ones."""

    name: str
    value: str
    visibility: str | None = None
    repositories: list[int] = field(default_factory=list)
    created_at: str = ""
    updated_at: str = ""


@dataclass(eq=False, kw_only=True)
class Secret(Thing):
    """Nobody can read its value, so none is held: `rewrite` is what setting another one looks like from outside."""

    name: str
    visibility: str | None = None
    repositories: list[int] = field(default_factory=list)
    created_at: str = ""
    updated_at: str = ""

    def rewrite(self) -> None:
        self.updated_at = self.world.stamp()


@dataclass(eq=False, kw_only=True)
class Environment(Thing):
    """`reviewers` are ("User" | "Team", id); None for no such rule. `wait_timer` is in minutes; None for no such rule."""

    name: str
    wait_timer: int | None = None
    reviewers: list[tuple[str, int]] | None = None
    prevent_self_review: bool = False
    can_admins_bypass: bool = True
    #: protected_branches and custom_branch_policies; None for any branch.
    branch_policy: dict[str, bool] | None = None
    created_at: str = ""
    updated_at: str = ""


@dataclass(eq=False, kw_only=True)
class Branch(Thing):
    name: str
    sha: str


@dataclass(eq=False, kw_only=True)
class BranchProtection(Thing):
    """One rule, that REST shows for the branches that fit its pattern and GraphQL for the repository.

    Actors are ("User" | "Team" | "App", id). None for a list of actors: everybody, that is, no such restriction.
    """

    pattern: str
    creator: User | None = None
    enforce_admins: bool = False
    allows_deletions: bool = False
    allows_force_pushes: bool = False
    blocks_creations: bool = False
    lock_branch: bool = False
    lock_allows_fetch_and_merge: bool = False
    require_signed_commits: bool = False
    required_linear_history: bool = False
    require_conversation_resolution: bool = False
    #: None: no reviews asked for.
    required_approving_review_count: int | None = None
    dismiss_stale_reviews: bool = False
    require_code_owner_reviews: bool = False
    require_last_push_approval: bool = False
    dismissal_actors: list[tuple[str, int]] | None = None
    pull_request_bypassers: list[tuple[str, int]] = field(default_factory=list)
    #: (context, App's id or None); None: no checks asked for.
    required_checks: list[tuple[str, int | None]] | None = None
    strict_checks: bool = False
    push_actors: list[tuple[str, int]] | None = None
    force_push_bypassers: list[tuple[str, int]] = field(default_factory=list)
    updated_at: str = ""


@dataclass(eq=False, kw_only=True)
class Ruleset(Thing):
    """`bypass_actors`, `conditions` and `rules` as REST writes them."""

    name: str
    target: str = "branch"
    enforcement: str = "active"
    bypass_actors: list[dict[str, Any]] = field(default_factory=list)
    conditions: dict[str, Any] | None = None
    rules: list[dict[str, Any]] = field(default_factory=list)
    created_at: str = ""
    updated_at: str = ""


@dataclass(eq=False, kw_only=True)
class Invitation(Thing):
    """Into an organisation (role direct_member, admin, …; with teams) or to a repository (role read, write, …)."""

    login: str | None
    role: str
    inviter: User
    email: str | None = None
    teams: list[int] = field(default_factory=list)
    created_at: str = ""


@dataclass(eq=False, kw_only=True)
class Team(Thing):
    """`members` are login -> member | maintainer; `pending` likewise, of whoever has not accepted yet."""

    organisation: Organisation
    name: str
    slug: str
    description: str | None = None
    #: secret or closed
    privacy: str = "closed"
    notification_setting: str = "notifications_enabled"
    parent: Team | None = None
    members: dict[str, str] = field(default_factory=dict)
    pending: dict[str, str] = field(default_factory=dict)
    review_delegation: bool = False
    review_algorithm: str = "ROUND_ROBIN"
    review_member_count: int = 1
    review_notify_team: bool = True
    created_at: str = ""
    updated_at: str = ""

    @property
    def node_id(self) -> str:
        return node_id("Team", self.organisation.id, self.id)

    @property
    def children(self) -> list[Team]:
        return [team for team in self.organisation.teams.values() if team.parent is self]

    @property
    def ancestors(self) -> list[Team]:
        return [self.parent, *self.parent.ancestors] if self.parent else []


@dataclass(eq=False, kw_only=True)
class Repository(Thing):
    """The defaults are a new repository's. Everything that hangs on it is by id or by name, in the order of making."""

    owner: Organisation
    name: str
    description: str | None = None
    homepage: str | None = None
    visibility: str = "private"
    archived: bool = False
    is_template: bool = False
    language: str | None = None
    default_branch: str = "main"
    topics: list[str] = field(default_factory=list)
    has_issues: bool = True
    has_projects: bool = True
    has_wiki: bool = True
    has_discussions: bool = False
    allow_merge_commit: bool = True
    allow_squash_merge: bool = True
    allow_rebase_merge: bool = True
    allow_auto_merge: bool = False
    allow_update_branch: bool = False
    allow_forking: bool = False
    delete_branch_on_merge: bool = False
    web_commit_signoff_required: bool = False
    merge_commit_title: str = "MERGE_MESSAGE"
    merge_commit_message: str = "PR_TITLE"
    squash_merge_commit_title: str = "COMMIT_OR_PR_TITLE"
    squash_merge_commit_message: str = "COMMIT_MESSAGES"
    #: Of code_security, secret_scanning and their like: enabled or disabled.
    security: dict[str, str] = field(default_factory=lambda: {"secret_scanning": "disabled", "secret_scanning_push_protection": "disabled"})
    vulnerability_alerts: bool = False
    security_updates: bool = False
    parent: Repository | None = None
    template: Repository | None = None
    #: As REST's `page` has it, without its URLs; None without GitHub Pages.
    pages: dict[str, Any] | None = None
    branches: dict[str, Branch] = field(default_factory=dict)
    labels: dict[int, Label] = field(default_factory=dict)
    keys: dict[int, DeployKey] = field(default_factory=dict)
    hooks: dict[int, Hook] = field(default_factory=dict)
    environments: dict[int, Environment] = field(default_factory=dict)
    protections: dict[int, BranchProtection] = field(default_factory=dict)
    rulesets: dict[int, Ruleset] = field(default_factory=dict)
    variables: dict[str, Variable] = field(default_factory=dict)
    secrets: dict[str, Secret] = field(default_factory=dict)
    dependabot_secrets: dict[str, Secret] = field(default_factory=dict)
    #: login -> role, of whoever was added by name.
    collaborators: dict[str, str] = field(default_factory=dict)
    #: team's id -> role, of the teams that were added themselves.
    team_roles: dict[int, str] = field(default_factory=dict)
    invitations: dict[int, Invitation] = field(default_factory=dict)
    actions: dict[str, Any] = field(default_factory=lambda: {"enabled": True, "allowed_actions": "all", "sha_pinning_required": False})
    selected_actions: dict[str, Any] = field(default_factory=lambda: {"github_owned_allowed": True, "verified_allowed": False, "patterns_allowed": []})
    created_at: str = ""
    updated_at: str = ""
    pushed_at: str = "2024-01-01T00:00:00Z"

    @property
    def full_name(self) -> str:
        return f"{self.owner.login}/{self.name}"

    @property
    def node_id(self) -> str:
        return node_id("Repository", self.id)


@dataclass(eq=False, kw_only=True)
class Organisation(Thing):
    """`members` are login -> member | admin; `settings` are what only owners read of it, as REST names them."""

    login: str
    name: str | None = None
    description: str | None = None
    #: free, team or enterprise: the limits grow with it.
    plan: str = "team"
    settings: dict[str, Any] = field(default_factory=dict)
    members: dict[str, str] = field(default_factory=dict)
    invitations: dict[int, Invitation] = field(default_factory=dict)
    teams: dict[int, Team] = field(default_factory=dict)
    repositories: dict[int, Repository] = field(default_factory=dict)
    #: Old name, lower-cased -> id of the repository that left it.
    redirects: dict[str, int] = field(default_factory=dict)
    hooks: dict[int, Hook] = field(default_factory=dict)
    rulesets: dict[int, Ruleset] = field(default_factory=dict)
    variables: dict[str, Variable] = field(default_factory=dict)
    secrets: dict[str, Secret] = field(default_factory=dict)
    #: Custom role -> the role that it stands on.
    custom_roles: dict[str, str] = field(default_factory=dict)
    actions: dict[str, Any] = field(default_factory=lambda: {"enabled_repositories": "all", "allowed_actions": "all", "sha_pinning_required": False})
    selected_actions: dict[str, Any] = field(default_factory=lambda: {"github_owned_allowed": True, "verified_allowed": False, "patterns_allowed": []})
    actions_repositories: list[int] = field(default_factory=list)
    #: As REST writes its entries.
    audit: list[dict[str, Any]] = field(default_factory=list)
    created_at: str = ""
    updated_at: str = ""

    @property
    def node_id(self) -> str:
        return node_id("Organization", self.id)
