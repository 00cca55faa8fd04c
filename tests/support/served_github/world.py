"""A GitHub that tests make, serve and change: users, organisations, Apps, and the credentials that see them.

    world = World()
    organisation = world.organisation("acme", repositories=1000, teams=100, members=500, seed=7)
    world.repository("shop").visibility = "public"      # by hand
"""

from __future__ import annotations

import hashlib
from contextlib import contextmanager
from typing import Any, Iterator

from .changes import Changes
from .clock import Clock
from .credentials import Credential
from .node_ids import parse_node_id
from .things import (
    App,
    Branch,
    BranchProtection,
    Hook,
    Installation,
    Invitation,
    Label,
    Organisation,
    Repository,
    Ruleset,
    Secret,
    Team,
    Thing,
    User,
    Variable,
)
from .tokens import Tokens

#: The labels that GitHub gives to every new repository.
STOCK_LABELS = (
    ("bug", "d73a4a", "Something isn't working"),
    ("documentation", "0075ca", "Improvements or additions to documentation"),
    ("duplicate", "cfd3d7", "This issue or pull request already exists"),
    ("enhancement", "a2eeef", "New feature or request"),
    ("good first issue", "7057ff", "Good for newcomers"),
    ("help wanted", "008672", "Extra attention is needed"),
    ("invalid", "e4e669", "This doesn't seem right"),
    ("question", "d876e3", "Further information is requested"),
    ("wontfix", "ffffff", "This will not be worked on"),
)

#: When organisations were made.
_FOUNDED = "2023-05-04T10:20:30Z"

#: What an owner reads of an organisation, as a new one has it.
SETTINGS = {
    "company": None,
    "blog": "",
    "location": None,
    "email": None,
    "twitter_username": None,
    "billing_email": "billing@example.com",
    "default_repository_permission": "read",
    "has_organization_projects": True,
    "has_repository_projects": True,
    "members_can_create_repositories": True,
    "members_can_create_public_repositories": True,
    "members_can_create_private_repositories": True,
    "members_can_create_internal_repositories": False,
    "members_can_create_pages": True,
    "members_can_create_public_pages": True,
    "members_can_create_private_pages": True,
    "members_can_fork_private_repositories": False,
    "web_commit_signoff_required": False,
    "two_factor_requirement_enabled": False,
    "advanced_security_enabled_for_new_repositories": False,
    "dependabot_alerts_enabled_for_new_repositories": False,
    "dependabot_security_updates_enabled_for_new_repositories": False,
    "dependency_graph_enabled_for_new_repositories": False,
    "secret_scanning_enabled_for_new_repositories": False,
    "secret_scanning_push_protection_enabled_for_new_repositories": False,
}


class World(Changes, Tokens):
    def __init__(self) -> None:
        self.clock = Clock()
        #: What URLs inside answers begin with; None: where the caller reached the server. Links and redirects always lead to the server.
        self.api_url: str | None = None
        self.html_url = "https://github.com"
        self.users: dict[int, User] = {}
        self.organisations: dict[int, Organisation] = {}
        self.apps: dict[int, App] = {}
        self.installations: dict[int, Installation] = {}
        self.credentials: dict[str, Credential] = {}
        self._logins: dict[str, User | Organisation] = {}
        #: (organisation's id, name lower-cased) -> repository
        self._names: dict[tuple[int, str], Repository] = {}
        self._last_id = 100_000
        self._written_at: str | None = None

    def stamp(self) -> str:
        """When what is changed now was changed."""
        return self._written_at or self.clock.stamp()

    @contextmanager
    def at(self, stamp: str) -> Iterator[None]:
        """Changes that were made at another time."""
        self._written_at, before = stamp, self._written_at
        try:
            yield
        finally:
            self._written_at = before

    def next_id(self) -> int:
        self._last_id += 1
        return self._last_id

    # Making

    def organisation(self, login: str = "acme", *, repositories: int = 0, teams: int = 0, members: int = 0, seed: int = 7) -> Organisation:
        """An organisation with an owner, `<login>-owner`; of any size, and the same for the same arguments. If it is there, that one."""
        if isinstance(found := self._logins.get(login.lower()), Organisation):
            return found
        with self.at(_FOUNDED):
            made = Organisation(world=self, login=login, name=login.title(), settings=dict(SETTINGS))
            self.organisations[made.id] = self._logins[login.lower()] = made
            made.members[self.user(f"{login}-owner").login] = "admin"
        if repositories or teams or members:
            from .organisation import populate  # It needs this module.

            populate(made, repositories=repositories, teams=teams, members=members, seed=seed)
        return made

    def user(self, login: str) -> User:
        """The user with that login in any case; a new one if there is none."""
        found = self._logins.get(login.lower())
        if isinstance(found, User):
            return found
        made = User(world=self, login=login, name=login.title())
        self.users[made.id] = self._logins[login.lower()] = made
        return made

    def create_repository(self, name: str, *, owner: str | None = None, **settings: Any) -> Repository:
        """A new repository as GitHub makes it: a default branch, nine labels; it takes over a name that another one left."""
        organisation = self.owner(owner)
        made = Repository(world=self, owner=organisation, name=name, **settings)
        organisation.repositories[made.id] = self._names[organisation.id, name.lower()] = made
        organisation.redirects.pop(name.lower(), None)
        self.create_branch(made.name, made.default_branch, owner=organisation.login)
        for label, color, description in STOCK_LABELS:
            self._add(made.labels, Label(world=self, name=label, color=color, description=description, default=True))
        made.updated_at = made.created_at
        return made

    def create_branch(self, repository: str, name: str, *, owner: str | None = None) -> Branch:
        found = self.repository(repository, owner=owner)
        sha = hashlib.sha1(f"{found.id}/{name}".encode()).hexdigest()
        found.branches[name] = Branch(world=self, name=name, sha=sha)
        return found.branches[name]

    def create_team(self, name: str, *, organisation: str | None = None, parent: Team | None = None, **settings: Any) -> Team:
        owner = self.owner(organisation)
        made = Team(world=self, organisation=owner, name=name, slug=name.lower().replace(" ", "-"), parent=parent, **settings)
        owner.teams[made.id] = made
        return made

    def add(self, kind: str, repository: str | None = None, *, owner: str | None = None, **fields: Any) -> Thing:
        """Something that hangs on a repository (`labels`, `keys`, `hooks`, `environments`, `protections`, `rulesets`, `variables`,
        `secrets`, `dependabot_secrets`) or, without one, on the organisation, with GitHub's defaults."""
        from . import things

        classes = {
            "labels": Label, "keys": things.DeployKey, "hooks": Hook, "environments": things.Environment,
            "protections": things.BranchProtection, "rulesets": Ruleset, "variables": Variable, "secrets": Secret, "dependabot_secrets": Secret,
        }
        holder = self.owner(owner) if repository is None else self.repository(repository, owner=owner)
        made = classes[kind](world=self, **fields)
        if isinstance(made, (Variable, Secret)):
            # GitHub stores these names in upper case.
            made.name = made.name.upper()
            getattr(holder, kind)[made.name] = made
            return made
        return self._add(getattr(holder, kind), made)

    def invite(self, login: str | None, role: str = "direct_member", *, email: str | None = None, organisation: str | None = None) -> Invitation:
        """Somebody into the organisation, who has not answered yet."""
        owner = self.owner(organisation)
        name = self.user(login).login if login else None
        return self._add(owner.invitations, Invitation(world=self, login=name, email=email, role=role, inviter=self._an_owner(owner)))

    def invite_to_repository(self, repository: str, login: str, role: str = "write") -> Invitation:
        """Somebody to a repository, who has not answered yet."""
        found = self.repository(repository)
        made = Invitation(world=self, login=self.user(login).login, role=role, inviter=self._an_owner(found.owner))
        return self._add(found.invitations, made)

    # Finding

    def owner(self, login: str | None) -> Organisation:
        """An organisation by its login; the first one without."""
        if login is None:
            return next(iter(self.organisations.values()))
        found = self._logins.get(login.lower())
        if not isinstance(found, Organisation):
            raise KeyError(f"no organisation {login}")
        return found

    def account(self, login: str) -> User | Organisation | None:
        return self._logins.get(login.lower())

    def repository(self, name: str, *, owner: str | None = None) -> Repository:
        """A repository by the name that it has now."""
        return self._names[self.owner(owner).id, name.lower()]

    def repository_named(self, organisation: Organisation, name: str) -> Repository | None:
        return self._names.get((organisation.id, name.lower()))

    def repository_by_id(self, number: int) -> Repository | None:
        return next((owner.repositories[number] for owner in self.organisations.values() if number in owner.repositories), None)

    def protection(self, repository: str, pattern: str, *, owner: str | None = None) -> BranchProtection:
        """A repository's rule of that pattern."""
        return next(rule for rule in self.repository(repository, owner=owner).protections.values() if rule.pattern == pattern)

    def team(self, slug: str, *, organisation: str | None = None) -> Team:
        return next(team for team in self.owner(organisation).teams.values() if team.slug == slug.lower())

    def team_by_id(self, number: int) -> Team | None:
        return next((owner.teams[number] for owner in self.organisations.values() if number in owner.teams), None)

    def node(self, text: str) -> Any:
        """What a global id, of today or of before 2021, names; None for nothing."""
        kind, numbers = parse_node_id(text) or ("", [0])
        own = numbers[-1]
        if kind in ("User", "Organization", "App"):
            return {"User": self.users, "Organization": self.organisations, "App": self.apps}[kind].get(own)
        if kind == "Repository":
            return self.repository_by_id(own)
        if kind == "Team":
            return self.team_by_id(own)
        held = {"BranchProtectionRule": "protections", "Label": "labels", "Environment": "environments", "DeployKey": "keys", "RepositoryRuleset": "rulesets"}
        if kind not in held:
            return None
        holders = [holder for owner in self.organisations.values() for holder in (owner, *owner.repositories.values())]
        return next(((holder, found) for holder in holders if (found := getattr(holder, held[kind], {}).get(own))), None)

    def _add(self, collection: dict[int, Any], thing: Any) -> Any:
        collection[thing.id] = thing
        return thing

    def _an_owner(self, organisation: Organisation) -> User:
        return self.user(next(login for login, role in organisation.members.items() if role == "admin"))
