"""An organisation of any size, made by a seed: ordinary, with everything in it that trips up a client now and then."""

from __future__ import annotations

import random

from .things import BranchProtection, DeployKey, Environment, Hook, Invitation, Label, Organisation, Repository, Ruleset, Secret, Team, Variable

_WORDS = "amber billing cargo delta edge forge grid harbor index jobs kiosk ledger media north orbit portal quartz relay search tidal".split()
_LANGUAGES = ("Go", "HCL", "Python", "Rust", "TypeScript", None)


def populate(organisation: Organisation, *, repositories: int, teams: int, members: int, seed: int) -> None:
    """Fills an organisation that has nothing but an owner; the same for the same numbers and seed."""
    chance, world = random.Random(seed), organisation.world
    with world.at("2023-05-04T10:20:30Z"):
        _people(organisation, chance, members)
        _teams(organisation, chance, teams)
    for number in range(repositories):
        with world.at(f"2024-{number % 12 + 1:02}-{number % 28 + 1:02}T08:00:00Z"):
            _repository(organisation, chance, number)
    with world.at("2024-12-24T18:00:00Z"):
        _settings(organisation, chance)


def _people(organisation: Organisation, chance: random.Random, members: int) -> None:
    world = organisation.world
    for number in range(members):
        login = f"{chance.choice(_WORDS)}-{number:04}"
        # Every fifth writes itself with capitals; a state may hold it in another case.
        user = world.user(login.title() if number % 5 == 0 else login)
        organisation.members[user.login] = "admin" if number % 100 == 1 else "member"
    for number in range(members // 50):
        world.invite(f"invited-{number:03}", "admin" if number % 5 == 0 else "direct_member", organisation=organisation.login)


def _teams(organisation: Organisation, chance: random.Random, teams: int) -> None:
    world, people = organisation.world, list(organisation.members)
    made: list[Team] = []
    for number in range(teams):
        # Every fourth is below another one; GitHub lets only visible teams be nested.
        parent = chance.choice(made) if made and number % 4 == 3 else None
        privacy = "secret" if number % 10 == 9 and not parent else "closed"
        team = world.create_team(
            f"{chance.choice(_WORDS)} {number:03}", organisation=organisation.login, parent=parent, privacy=privacy,
            description=f"Team {number}" if number % 3 else None, review_delegation=number % 8 == 0,
        )
        if privacy == "closed":
            made.append(team)
        for login in chance.sample(people, min(len(people), chance.randint(2, 12))):
            team.members[login] = "maintainer" if chance.random() < 0.2 else "member"
        if number % 20 == 0:
            login = world.user(f"invited-{number:03}").login
            team.pending[login] = "member"
            for invitation in organisation.invitations.values():
                if invitation.login == login:
                    invitation.teams.append(team.id)


def _repository(organisation: Organisation, chance: random.Random, number: int) -> None:
    world = organisation.world
    name = f"{chance.choice(_WORDS)}-{number:04}"
    visibility = ("private", "private", "public", "internal")[number % 4]
    made = world.create_repository(
        name, owner=organisation.login, visibility=visibility, description=f"Repository {number}", language=chance.choice(_LANGUAGES),
        topics=sorted(chance.sample(_WORDS, chance.randint(0, 4))), has_wiki=number % 3 == 0, delete_branch_on_merge=number % 2 == 0,
        allow_merge_commit=number % 5 != 0, allow_auto_merge=number % 7 == 0, vulnerability_alerts=number % 2 == 0,
        security_updates=number % 4 == 0, homepage=f"https://{name}.example.com" if number % 6 == 0 else None,
    )
    if visibility != "public":
        made.security["advanced_security"] = "enabled" if number % 9 == 0 else "disabled"
    _guards(made, chance, number)
    _access(made, chance, number)
    _deliveries(made, number)
    if number % 50 == 49:
        world.rename_repository(name, f"{name}-renamed", owner=organisation.login)
    if number % 25 == 24:
        world.archive_repository(made.name, owner=organisation.login)


def _guards(made: Repository, chance: random.Random, number: int) -> None:
    world, owner = made.world, made.owner
    if number % 2 == 0:
        # A rule for exactly one branch, which both types of Terraform's provider can manage.
        actors = [("Team", team.id) for team in chance.sample(list(owner.teams.values()), min(2, len(owner.teams)))]
        rule = BranchProtection(
            world=world, pattern=made.default_branch, enforce_admins=number % 4 == 0, required_approving_review_count=1 + number % 3,
            dismiss_stale_reviews=True, required_checks=[("build", None), ("test", None)], strict_checks=number % 4 == 0,
            push_actors=actors if number % 6 == 0 else None, required_linear_history=number % 3 == 0,
        )
        made.protections[rule.id] = rule
    if number % 5 == 0:
        rule = BranchProtection(world=world, pattern="release/*", allows_force_pushes=False, require_signed_commits=True)
        made.protections[rule.id] = rule
    if number % 3 == 0:
        ruleset = Ruleset(
            world=world, name="guard", conditions={"ref_name": {"include": ["~DEFAULT_BRANCH"], "exclude": []}},
            rules=[{"type": "deletion"}, {"type": "non_fast_forward"}],
            bypass_actors=[{"actor_id": None, "actor_type": "OrganizationAdmin", "bypass_mode": "always"}],
        )
        made.rulesets[ruleset.id] = ruleset


def _access(made: Repository, chance: random.Random, number: int) -> None:
    owner = made.owner
    for team in chance.sample(list(owner.teams.values()), min(len(owner.teams), number % 4)):
        made.team_roles[team.id] = chance.choice(("read", "write", "admin", "maintain", "triage"))
    people = list(owner.members)
    for login in chance.sample(people, min(len(people), number % 3)):
        made.collaborators[login] = chance.choice(("read", "write", "admin"))
    if number % 10 == 0:
        made.collaborators[made.world.user(f"outside-{number % 7}").login] = "write"
    if number % 20 == 0:
        login = made.world.user(f"guest-{number % 9}").login
        invitation = Invitation(world=made.world, login=login, role="read", inviter=made.world.user(people[0]))
        made.invitations[invitation.id] = invitation


def _deliveries(made: Repository, number: int) -> None:
    world = made.world
    if number % 2 == 0:
        _hang(made.labels, Label(world=world, name="drift", color="ff0000", description="Changed by hand"))
    if number % 3 == 0:
        _hang(made.keys, DeployKey(world=world, title="deploy", key=f"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI{made.id:043}"))
    if number % 4 == 0:
        _hang(made.hooks, Hook(world=world, url=f"https://hooks.example.com/{made.id}", events=["push"], secret=number % 8 == 0))
    if number % 5 == 0:
        _hang(made.environments, Environment(world=world, name="production", wait_timer=10, branch_policy={"protected_branches": True, "custom_branch_policies": False}))
    for index in range(number % 3):
        made.variables[f"VARIABLE_{index}"] = Variable(world=world, name=f"VARIABLE_{index}", value=f"value {number}")
        made.secrets[f"SECRET_{index}"] = Secret(world=world, name=f"SECRET_{index}")
    if number % 6 == 0:
        made.dependabot_secrets["REGISTRY"] = Secret(world=world, name="REGISTRY")
    if number % 8 == 0:
        made.actions |= {"allowed_actions": "selected"}


def _settings(organisation: Organisation, chance: random.Random) -> None:
    world, login = organisation.world, organisation.login
    chosen = sorted(chance.sample(list(organisation.repositories), min(3, len(organisation.repositories))))
    world.add("hooks", owner=login, url=f"https://hooks.example.com/{login}", events=["repository"], secret=True)
    world.add("variables", owner=login, name="REGION", value="eu-central-1", visibility="all")
    world.add("variables", owner=login, name="STAGE", value="production", visibility="selected", repositories=chosen)
    world.add("secrets", owner=login, name="NPM_TOKEN", visibility="private")
    world.add("secrets", owner=login, name="SIGNING", visibility="selected", repositories=chosen)
    world.add(
        "rulesets", owner=login, name="everywhere", rules=[{"type": "required_signatures"}],
        conditions={"ref_name": {"include": ["~ALL"], "exclude": []}, "repository_name": {"include": ["~ALL"], "exclude": ["sandbox-*"], "protected": True}},
    )
    organisation.actions |= {"enabled_repositories": "selected" if chosen else "all", "allowed_actions": "selected"}
    organisation.actions_repositories = chosen


def _hang(collection: dict[int, object], thing: DeployKey | Environment | Hook | Label) -> None:
    collection[thing.id] = thing
