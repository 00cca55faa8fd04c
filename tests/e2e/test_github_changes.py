"""Of each type: what was changed by hand is found at its address and in its attribute, what was removed is missing, and nothing else is told."""

import re

import pytest

from support.github_states import TYPES, address, addresses
from support.github_states.acme import acme, served_github  # noqa: F401


# What was changed by hand. Each gives the key of the one instance that differs, and in which attributes

CHANGES = {}


def changes(type_name):
    return lambda made: CHANGES.setdefault(type_name, made)


@changes("github_repository")
def _(acme):
    each = acme.repository()
    acme.live(each).description = "Described by hand"
    return each.name, {"description"}


@changes("github_branch_default")
def _(acme):
    each = acme.repository()
    acme.served.world.create_branch(each.name, "develop")
    acme.live(each).default_branch = "develop"
    return each.name, {"branch"}


@changes("github_branch_protection")
def _(acme):
    each = acme.repository(lambda each: each.protections)
    rule = next(iter(each.protections.values()))
    acme.live(each, "protections", rule.id).required_approving_review_count = 5
    return f"{each.name}:{rule.pattern}", {"required_pull_request_reviews"}


@changes("github_branch_protection_v3")
def _(acme):
    each = acme.repository(lambda each: each.protections)
    rule = next(iter(each.protections.values()))
    acme.live(each, "protections", rule.id).enforce_admins = not rule.enforce_admins
    return f"{each.name}:{rule.pattern}", {"enforce_admins"}


@changes("github_repository_ruleset")
def _(acme):
    each = acme.repository(lambda each: each.rulesets)
    [ruleset] = each.rulesets.values()
    acme.live(each, "rulesets", ruleset.id).enforcement = "disabled"
    return f"{each.name}:{ruleset.name}", {"enforcement"}


@changes("github_organization_ruleset")
def _(acme):
    [ruleset] = acme.world.owner("acme").rulesets.values()
    acme.organisation.rulesets.get(ruleset.id).rules = [{"type": "required_signatures"}, {"type": "deletion"}]
    return ruleset.name, {"rules"}


@changes("github_team")
def _(acme):
    team = acme.team()
    acme.live(team).description = "Described by hand"
    return team.slug, {"description"}


@changes("github_team_settings")
def _(acme):
    team = acme.team(lambda team: team.review_delegation)
    acme.live(team).review_member_count = 3
    return team.slug, {"review_request_delegation"}


def member_of(acme):
    """A team and one of its members that is no owner and in no team below it."""
    owners = {login for login, role in acme.world.owner("acme").members.items() if role == "admin"}
    return next((team, login) for team in acme.world.owner("acme").teams.values() if not team.children for login in team.members if login not in owners)


@changes("github_team_membership")
def _(acme):
    team, login = member_of(acme)
    acme.served.world.set_team_member(team.slug, login, "maintainer" if team.members[login] == "member" else "member")
    return f"{team.slug}:{login}", {"role"}


@changes("github_team_members")
def _(acme):
    team, _ = member_of(acme)
    newcomer = next(login for login in acme.world.owner("acme").members if login not in team.members)
    acme.served.world.set_team_member(team.slug, newcomer, "member")
    return team.slug, {"members"}


@changes("github_team_repository")
def _(acme):
    each = acme.repository(lambda each: any(role != "admin" and not acme.world.team_by_id(number).children for number, role in each.team_roles.items()))
    team = next(acme.world.team_by_id(number) for number, role in each.team_roles.items() if role != "admin" and not acme.world.team_by_id(number).children)
    acme.served.world.grant(each.name, "admin", team=team.slug)
    return f"{team.slug}:{each.name}", {"permission"}


@changes("github_membership")
def _(acme):
    login = next(login for login, role in acme.world.owner("acme").members.items() if role == "member")
    acme.served.world.set_member(login, "admin")
    return login, {"role"}


def outsider(acme):
    """A repository and somebody who was added to it and is no member."""
    each = acme.repository(lambda each: any(login.startswith("outside") for login in each.collaborators))
    return each, next(login for login in each.collaborators if login.startswith("outside"))


@changes("github_repository_collaborator")
def _(acme):
    each, login = outsider(acme)
    acme.served.world.grant(each.name, "admin", login=login)
    return f"{each.name}:{login}", {"permission"}


@changes("github_repository_collaborators")
def _(acme):
    each, _ = outsider(acme)
    acme.served.world.grant(each.name, "read", login="somebody-else")
    return each.name, {"user"}


@changes("github_repository_webhook")
def _(acme):
    each = acme.repository(lambda each: each.hooks)
    [hook] = each.hooks.values()
    acme.live(each, "hooks", hook.id).active = False
    return f"{each.name}:{hook.id}", {"active"}


@changes("github_organization_webhook")
def _(acme):
    [hook] = acme.world.owner("acme").hooks.values()
    acme.organisation.hooks.get(hook.id).events = ["repository", "push"]
    return hook.id, {"events"}


@changes("github_repository_deploy_key")
def _(acme):
    each = acme.repository(lambda each: each.keys)
    [key] = each.keys.values()
    acme.live(each, "keys", key.id).read_only = False
    return f"{each.name}:{key.title}", {"read_only"}


@changes("github_repository_environment")
def _(acme):
    each = acme.repository(lambda each: each.environments)
    [found] = each.environments.values()
    acme.live(each, "environments", found.id).wait_timer = 30
    return f"{each.name}:{found.name}", {"wait_timer"}


@changes("github_repository_topics")
def _(acme):
    each = acme.repository(lambda each: each.topics)
    acme.live(each).topics = [*each.topics, "by-hand"]
    return each.name, {"topics"}


@changes("github_issue_label")
def _(acme):
    each = acme.repository(lambda each: len(each.labels) > 9)
    label = next(label for label in each.labels.values() if not label.default)
    acme.live(each, "labels", label.id).color = "00ff00"
    return f"{each.name}:{label.name}", {"color"}


@changes("github_issue_labels")
def _(acme):
    each = acme.repository()
    acme.served.world.add("labels", each.name, name="by hand", color="00ff00")
    return each.name, {"label"}


@changes("github_actions_variable")
def _(acme):
    each = acme.repository(lambda each: each.variables)
    name = next(iter(each.variables))
    acme.live(each, "variables", name).value = "by hand"
    return f"{each.name}:{name}", {"value"}


@changes("github_actions_secret")
def _(acme):
    each = acme.repository(lambda each: each.secrets)
    name = next(iter(each.secrets))
    acme.live(each, "secrets", name).rewrite()
    return f"{each.name}:{name}", {"updated_at"}


@changes("github_dependabot_secret")
def _(acme):
    each = acme.repository(lambda each: each.dependabot_secrets)
    name = next(iter(each.dependabot_secrets))
    acme.live(each, "dependabot_secrets", name).rewrite()
    return f"{each.name}:{name}", {"updated_at"}


@changes("github_actions_organization_variable")
def _(acme):
    acme.organisation.variables.get("REGION").value = "by hand"
    return "REGION", {"value"}


@changes("github_actions_organization_secret")
def _(acme):
    acme.organisation.secrets.get("NPM_TOKEN").rewrite()
    return "NPM_TOKEN", {"updated_at"}


@changes("github_actions_repository_permissions")
def _(acme):
    each = acme.repository()
    acme.live(each).actions = each.actions | {"sha_pinning_required": True}
    return each.name, {"sha_pinning_required"}


@changes("github_actions_organization_permissions")
def _(acme):
    owner = acme.world.owner("acme")
    acme.organisation.actions = owner.actions | {"sha_pinning_required": True}
    return "acme", {"sha_pinning_required"}


@changes("github_organization_settings")
def _(acme):
    acme.organisation.settings = acme.world.owner("acme").settings | {"members_can_create_repositories": False}
    return "acme", {"members_can_create_repositories"}


@changes("github_repository_dependabot_security_updates")
def _(acme):
    each = acme.repository()
    acme.live(each).security_updates = not each.security_updates
    return each.name, {"enabled"}


#: Of these nothing can differ: they are there or not. (Of a branch, the commit moves with every push.)
WHOLE = {"github_branch", "github_app_installation_repository"}


def test_every_type_has_a_change_by_hand_or_none_that_is_possible():
    assert set(CHANGES) | WHOLE == set(TYPES)
    assert not set(CHANGES) & WHOLE


@pytest.mark.parametrize("type_name", sorted(CHANGES))
def test_a_change_by_hand_is_found_at_its_address_and_in_its_attribute_alone(acme, type_name):
    state = acme.state(type_name)
    key, attributes = CHANGES[type_name](acme)
    report = acme.scan(state, code=None)
    assert report.unlike() == {address(type_name, key): attributes}
    assert report.code == 2


def test_a_change_is_told_with_both_values_its_page_and_its_state(acme):
    each = acme.repository(lambda each: each.visibility == "private")
    acme.live(each).visibility = "public"
    report = acme.scan(acme.state("github_repository"), code=2)
    [found] = report.of("drifted")
    differences = report.differences(found)
    assert differences["visibility"] == ("private", "public")
    assert set(differences) <= {"visibility", "private"}
    instance = report.instances[found]
    assert instance["url"].endswith(f"/acme/{each.name}")
    assert (instance["type"], instance["id"], instance["state"]) == ("github_repository", each.name, str(acme.folder / "state-0.tfstate"))
    assert report.printed["owner"] == "acme"
    assert report.printed["summary"] | {"drifted": 1, "missing": 0, "unknown": 0, "instances": 60, "in_sync": 59} == report.printed["summary"]


def test_several_changes_are_found_together(acme):
    state = acme.state()
    made = [(type_name, *CHANGES[type_name](acme)) for type_name in ("github_team_settings", "github_repository_webhook", "github_actions_organization_variable")]
    report = acme.scan(state, code=2)
    assert report.unlike() == {address(type_name, key): attributes for type_name, key, attributes in made}


# What is gone. Each gives the key of one instance that is

GONE = {}


def goes(type_name):
    return lambda made: GONE.setdefault(type_name, made)


def with_its_repository(acme, fits=lambda each: True):
    each = acme.repository(fits)
    acme.served.world.delete_repository(each.name)
    return each


#: What goes only with its repository, and what with its team.
WITH_A_REPOSITORY = (
    "github_branch_default", "github_repository_dependabot_security_updates", "github_actions_repository_permissions", "github_issue_labels",
    "github_repository_topics", "github_repository_collaborators",
)
WITH_A_TEAM = ("github_team_settings", "github_team_members")

for _type_name in ("github_repository", *WITH_A_REPOSITORY):
    goes(_type_name)(lambda acme: with_its_repository(acme, lambda each: each.topics and each.collaborators and each in acme.repositories[::4]).name)


@goes("github_branch")
def _(acme):
    each = acme.repository()
    acme.live(each).branches = {}
    return f"{each.name}:main"


def hanging(kind, name):
    """Something that hangs on a repository, and its key in the state."""

    def gone(acme):
        each = acme.repository(lambda each: getattr(each, kind))
        key, found = next(iter(getattr(each, kind).items()))
        acme.served.world.remove(kind, key, each.name)
        return f"{each.name}:{getattr(found, name)}"

    return gone


for _type_name, _kind, _name in (
    ("github_branch_protection", "protections", "pattern"), ("github_branch_protection_v3", "protections", "pattern"),
    ("github_repository_ruleset", "rulesets", "name"), ("github_repository_webhook", "hooks", "id"), ("github_repository_deploy_key", "keys", "title"),
    ("github_repository_environment", "environments", "name"), ("github_actions_variable", "variables", "name"), ("github_actions_secret", "secrets", "name"),
    ("github_dependabot_secret", "dependabot_secrets", "name"),
):
    goes(_type_name)(hanging(_kind, _name))


@goes("github_issue_label")
def _(acme):
    each = acme.repository(lambda each: len(each.labels) > 9)
    label = next(label for label in each.labels.values() if not label.default)
    acme.served.world.remove("labels", label.id, each.name)
    return f"{each.name}:{label.name}"


def own(kind, name):
    """Something that hangs on the organisation."""

    def gone(acme):
        key, found = next(iter(getattr(acme.world.owner("acme"), kind).items()))
        acme.served.world.remove(kind, key)
        return getattr(found, name)

    return gone


for _type_name, _kind, _name in (
    ("github_organization_ruleset", "rulesets", "name"), ("github_organization_webhook", "hooks", "id"),
    ("github_actions_organization_variable", "variables", "name"), ("github_actions_organization_secret", "secrets", "name"),
):
    goes(_type_name)(own(_kind, _name))


def without_its_team(acme):
    team = acme.team(lambda team: not team.children)
    acme.served.world.delete_team(team.slug)
    return team.slug


for _type_name in ("github_team", *WITH_A_TEAM):
    goes(_type_name)(without_its_team)


@goes("github_team_membership")
def _(acme):
    team, login = member_of(acme)
    acme.served.world.set_team_member(team.slug, login, None)
    return f"{team.slug}:{login}"


@goes("github_team_repository")
def _(acme):
    of = lambda each: [team for number in each.team_roles if not (team := acme.world.team_by_id(number)).parent]  # noqa: E731
    each = acme.repository(of)
    acme.served.world.grant(each.name, None, team=of(each)[0].slug)
    return f"{of(each)[0].slug}:{each.name}"


@goes("github_membership")
def _(acme):
    login = next(login for login, role in acme.world.owner("acme").members.items() if role == "member")
    acme.served.world.set_member(login, None)
    return login


@goes("github_repository_collaborator")
def _(acme):
    each, login = outsider(acme)
    acme.served.world.grant(each.name, None, login=login)
    return f"{each.name}:{login}"


@goes("github_app_installation_repository")
def _(acme):
    installation = next(each for each in acme.world.installations.values() if each.repositories)
    acme.served.world.installations.get(installation.id).repositories = installation.repositories[1:]
    return f"{installation.id}:{acme.world.repository_by_id(installation.repositories[0]).name}"


#: An organisation always has these.
ALWAYS = {"github_organization_settings", "github_actions_organization_permissions"}


def test_every_type_can_go_or_is_always_there():
    assert set(GONE) | ALWAYS == set(TYPES)
    assert not set(GONE) & ALWAYS


@pytest.mark.parametrize("type_name", sorted(GONE))
def test_what_was_removed_by_hand_is_missing_and_nothing_else(acme, type_name):
    # Repositories tell whose everything else is.
    state = acme.state(type_name, "github_repository")
    key = GONE[type_name](acme)
    expected = {address(type_name, key), *([address("github_repository", key)] if type_name in WITH_A_REPOSITORY else [])}
    assert acme.scan(state, code=2).unlike() == dict.fromkeys(expected, "missing")


def test_a_repository_that_is_gone_takes_along_what_hung_on_it_and_no_more(acme):
    state = acme.state()
    each = with_its_repository(acme, lambda each: each.hooks and each.labels and each.keys)
    report = acme.scan(state, code=2)
    of_it = {found for found in addresses(state) if re.search(rf'"(?:[^"]*:)?{each.name}(?::[^"]*)?"', found)}
    assert set(report.of("missing")) == of_it
    # What it was chosen for differs by it.
    assert {report.instances[found]["type"] for found in report.of("drifted")} <= {
        "github_actions_organization_variable", "github_actions_organization_secret", "github_actions_organization_permissions",
    }
    assert report.of("unknown") == []


# Between two scans


def scanned_later(acme, state, *options):
    """A scan when the limits of the minute are forgotten."""
    acme.served.clock.advance(61)
    return acme.scan(state, options=options, code=2)


def test_what_changes_between_two_scans_is_found_by_the_second(acme):
    state, kept = acme.state(), ["--cache", str(acme.folder / "cache")]
    assert acme.scan(state, options=kept).unlike() == {}
    made = {address(type_name, key): attributes for type_name in CHANGES for key, attributes in [CHANGES[type_name](acme)]}
    second = scanned_later(acme, state, *kept).unlike()
    # Of what two types manage, the other one's instance differs as well.
    assert {found: second.get(found, set()) & attributes for found, attributes in made.items()} == made
    assert second == scanned_later(acme, state).unlike()


def test_what_goes_between_two_scans_is_missing_in_the_second(acme):
    state, kept = acme.state(), ["--cache", str(acme.folder / "cache")]
    assert acme.scan(state, options=kept).unlike() == {}
    # A repository and a team last: what hangs on them goes with them. One rule is of both types of protection.
    last = ("github_repository", "github_team")
    first = sorted(set(GONE) - {*last, *WITH_A_REPOSITORY, *WITH_A_TEAM, "github_branch_protection_v3"})
    gone = {address(type_name, GONE[type_name](acme)) for type_name in (*first, *last)}
    second = scanned_later(acme, state, *kept)
    assert gone <= set(second.of("missing"))
    assert second.unlike() == scanned_later(acme, state).unlike()
