"""`driftwire scan --to github`: nothing is said of what is as recorded, exactly what was changed by hand is, and what nobody manages is listed."""

import json
import re

import pytest

from support.github_states import TYPES, VARIANTS, address, addresses, keep
from support.github_states.acme import acme, served_github, small  # noqa: F401
from support.served_github.access import members_of
from support.served_github.sample import EVERYTHING, OWNER

#: What an App without a user's token cannot ask.
OF_USERS = {"github_app_installation_repository"}


# In sync


@pytest.mark.parametrize("variant", VARIANTS)
def test_an_organisation_that_is_as_recorded_differs_in_nothing(acme, variant):
    state = acme.state(variant=variant)
    report = acme.scan(state, code=None)
    assert report.unlike() == {}
    assert set(report.instances) == set(addresses(state))
    assert {instance["type"] for instance in report.instances.values()} == set(TYPES)
    assert report.code == 0


@pytest.mark.parametrize("variant", VARIANTS)
def test_one_of_everything_that_is_as_recorded_differs_in_nothing(small, variant):
    report = small.scan(small.state(variant=variant), code=None)
    assert report.unlike() == {}
    assert report.code == 0


def test_an_app_reads_the_same_and_says_what_it_cannot(acme):
    app = acme.served.world.install_app(EVERYTHING)
    report = acme.scan(acme.state(), by=app, code=None)
    assert report.of("drifted") == report.of("missing") == []
    assert {report.instances[address]["type"] for address in report.of("unknown")} <= OF_USERS


def test_several_states_are_looked_at_together(acme):
    states = [acme.state(*TYPES[:16]), acme.state(*TYPES[16:], variant="opentofu")]
    report = acme.scan(*states)
    assert len(report.instances) == sum(len(addresses(state)) for state in states)
    assert report.unmanaged() == {}


def test_a_state_that_holds_other_providers_too_is_read_for_github_alone(acme):
    state = acme.state("github_team")
    queue = {"schema_version": 0, "attributes": {"id": "https://sqs.us-east-1.amazonaws.com/1/a"}, "sensitive_attributes": [], "private": "bnVsbA=="}
    state["resources"].append({"mode": "managed", "type": "aws_sqs_queue", "name": "a", "provider": 'provider["registry.terraform.io/hashicorp/aws"]', "instances": [queue]})
    report = acme.scan(state)
    assert report.unlike() == {}
    assert set(report.instances) == set(addresses(acme.state("github_team")))


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
    state = acme.state(type_name)
    gone = address(type_name, GONE[type_name](acme))
    report = acme.scan(state, code=None)
    assert report.of("missing") == [gone]
    assert report.of("unknown") == []
    assert report.of("drifted") == []
    assert report.code == 2


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


# What nobody manages


def live_things(world):
    """Type -> the ids by which everything of the seven kinds is imported."""
    owner = world.owner("acme")
    each = list(owner.repositories.values())
    return {
        "github_repository": {one.name for one in each},
        "github_team": {str(team.id) for team in owner.teams.values()},
        "github_membership": {f"acme:{login}" for login in owner.members},
        "github_repository_collaborator": {f"{one.name}:{login}" for one in each for login in one.collaborators if login not in owner.members},
        "github_repository_webhook": {f"{one.name}/{hook}" for one in each for hook in one.hooks},
        "github_organization_webhook": {str(hook) for hook in owner.hooks},
        "github_repository_deploy_key": {f"{one.name}:{key}" for one in each for key in one.keys},
        "github_repository_ruleset": {f"{one.name}:{ruleset}" for one in each for ruleset in one.rulesets},
        "github_organization_ruleset": {str(ruleset) for ruleset in owner.rulesets},
    }


def test_everything_of_the_seven_kinds_is_listed_where_no_state_manages_it(acme):
    report = acme.scan(acme.state("github_organization_settings"))
    found = {type_name: set(ids) for type_name, ids in report.unmanaged().items()}
    assert found == live_things(acme.world)
    assert len(report.printed["unmanaged"]) == sum(map(len, found.values())), "each once"


def test_what_a_state_manages_is_not_listed_whichever_type_manages_it(acme):
    managed = acme.state(
        "github_repository", "github_team", "github_team_members", "github_membership", "github_repository_collaborators", "github_repository_webhook",
        "github_organization_webhook", "github_repository_deploy_key", "github_repository_ruleset", "github_organization_ruleset",
    )
    assert acme.scan(managed).unmanaged() == {}


def test_one_that_is_made_by_hand_is_listed_with_its_import_block(acme):
    state = acme.state()
    acme.served.world.create_repository("made-by-hand")
    hook = acme.served.world.add("hooks", "made-by-hand", url="https://hooks.example.com/x", events=["push"])
    report = acme.scan(state)
    assert report.unlike() == {}
    found = {each["type"]: each for each in report.printed["unmanaged"]}
    assert set(found) == {"github_repository", "github_repository_webhook"}
    repository = found["github_repository"]
    assert (repository["id"], repository["name"]) == ("made-by-hand", "made-by-hand")
    assert repository["url"].endswith("/acme/made-by-hand")
    assert repository["import"] == 'import {\n  to = github_repository.made_by_hand\n  id = "made-by-hand"\n}\n'
    assert repository["to"] == "github_repository.made_by_hand"
    assert found["github_repository_webhook"]["id"] == f"made-by-hand/{hook.id}"


def test_import_blocks_are_written_to_a_file_each_once_with_an_address_of_its_own(acme):
    state = acme.state("github_organization_settings")
    target = acme.folder / "imports.tf"
    report = acme.scan(state, options=["--import", str(target)])
    blocks = re.findall(r'import \{\n  to = (\S+)\n  id = "([^"\n]+)"\n\}', target.read_text())
    assert sorted(blocks) == sorted((each["to"], each["id"]) for each in report.printed["unmanaged"])
    assert len({to for to, _ in blocks}) == len(blocks) > 100


def test_names_that_could_end_an_import_block_do_not(acme):
    acme.served.world.add("keys", acme.repository().name, title='"\n}\nprovider "evil" {}\n#${x}', key="ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIevil")
    target = acme.folder / "imports.tf"
    acme.scan(acme.state(), options=["--import", str(target)])
    assert re.fullmatch(r'(?:#[^\n]*\n|\n|import \{\n  to = [a-z0-9_.]+\n  id = "[^"\n$%]+"\n\}\n)+', target.read_text())


def test_coverage_counts_what_is_managed_by_type(acme):
    state = acme.state("github_repository", "github_team")
    halves = [found for number, found in enumerate(addresses(state)) if number % 2]
    managed = keep(state, halves)
    each = acme.world.repository(json.loads(halves[0].partition("[")[2][:-1]))
    acme.live(each).description = "by hand"
    gone = acme.world.repository(json.loads(halves[1].partition("[")[2][:-1]))
    acme.served.world.delete_repository(gone.name)
    report = acme.scan(managed, code=2)
    coverage, counted = report.printed["coverage"], live_things(acme.world)
    assert coverage["types"]["github_repository"] == {"managed": 30, "unmanaged": 30, "missing": 1, "drifted": 1, "unknown": 0}
    assert coverage["types"]["github_team"] == {"managed": 6, "unmanaged": 6, "missing": 0, "drifted": 0, "unknown": 0}
    assert coverage["types"]["github_membership"]["unmanaged"] == len(counted["github_membership"])
    assert coverage["managed"] == 36
    assert coverage["unmanaged"] == len(report.printed["unmanaged"])
    assert coverage["percent"] == pytest.approx(100 * 35 / (35 + coverage["unmanaged"]), abs=0.1)


def test_everything_managed_is_a_hundred_percent(acme):
    assert acme.scan(acme.state()).printed["coverage"]["percent"] == 100.0


# Exit codes and words


def test_what_is_unmanaged_is_an_error_only_if_it_was_asked_for(acme):
    state = acme.state("github_team")
    assert acme.scan(state, code=0).unmanaged()
    assert acme.scan(state, code=2, options=["--fail-on-unmanaged"]).of("drifted") == []
    assert acme.scan(acme.state(), code=0, options=["--fail-on-unmanaged"]).unmanaged() == {}


def test_what_could_not_be_told_is_an_error_unless_it_is_tolerated(acme):
    app = acme.served.world.install_app({name: level for name, level in EVERYTHING.items() if name != "repository_hooks"})
    state = acme.state("github_repository_webhook")
    assert len(acme.scan(state, by=app, code=1).of("unknown")) == 15
    assert len(acme.scan(state, by=app, code=0, options=["--tolerate-unknown"]).of("unknown")) == 15


def test_drift_outweighs_what_could_not_be_told(acme):
    app = acme.served.world.install_app({name: level for name, level in EVERYTHING.items() if name != "repository_hooks"})
    acme.live(acme.team()).description = "by hand"
    report = acme.scan(acme.state("github_repository_webhook", "github_team"), by=app, code=2)
    assert (len(report.of("drifted")), len(report.of("unknown"))) == (1, 15)


def test_somebody_without_a_token_is_told_what_to_set(acme):
    done = acme.scanner.run([acme.state("github_team")], None)
    assert done.returncode == 1
    assert "GITHUB_TOKEN" in done.stderr


def test_a_token_that_is_none_any_more_is_said_to_be_so(acme):
    acme.served.world.revoke(acme.token)
    done = acme.scanner.run([acme.state("github_team")], acme.token)
    assert done.returncode == 1
    assert re.search("401|revoked|expired|Bad credentials", done.stdout + done.stderr)


def test_an_organisation_that_is_not_there_is_an_error(acme):
    done = acme.scanner.run([acme.state("github_team")], acme.token, GITHUB_OWNER="nobody")
    assert done.returncode == 1
    assert "nobody" in done.stderr + done.stdout


def test_the_organisation_can_be_named_on_the_command_line(acme):
    report = acme.scan(acme.state("github_team"), options=["--owner", "acme"], GITHUB_OWNER="")
    assert (report.printed["owner"], report.unlike()) == ("acme", {})


def test_the_token_of_githubs_own_command_line_is_used_where_no_other_is(acme):
    (acme.folder / "bin").mkdir()
    gh = acme.folder / "bin/gh"
    gh.write_text(f"#!/bin/sh\n[ \"$1 $2\" = 'auth token' ] && echo {acme.token}\n")
    gh.chmod(0o755)
    done = acme.scanner.run([acme.state("github_team")], None, "--json")
    acme.scanner.assert_no_secret(done.stdout + done.stderr, acme.token)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["summary"]["in_sync"] == 12


def test_a_scan_in_words_names_what_differs_and_what_nobody_manages(acme):
    each = acme.repository()
    acme.live(each).description = "Described by hand"
    acme.served.world.create_repository("made-by-hand")
    done = acme.scanner.run([acme.state()], acme.token)
    assert done.returncode == 2, done.stderr
    for words in (address("github_repository", each.name), "description", "Described by hand", "made-by-hand", "1 drifted"):
        assert words in done.stdout
    assert address("github_team", acme.team().slug) not in done.stdout
    everything = acme.scanner.run([acme.state()], acme.token, "--all")
    assert address("github_team", acme.team().slug) in everything.stdout


def test_an_ignore_file_hides_what_it_names(acme):
    each = acme.repository()
    acme.live(each).description = "Described by hand"
    ignored = acme.folder / "ignore.toml"
    ignored.write_text('[[ignore]]\ntype = "github_repository"\nattributes = ["description"]\nreason = "people may describe"\n')
    report = acme.scan(acme.state("github_repository"), options=["--ignore", str(ignored)])
    assert report.unlike() == {}
    assert report.printed["summary"]["ignored"] == 1


# Who it was


def test_who_changed_it_is_told_where_github_gives_its_audit_log(acme):
    acme.organisation.plan = "enterprise"
    each = acme.repository(lambda each: each.visibility == "private")
    acme.live(each).visibility = "public"
    acme.served.world.audit("repo.access", "mallory", repo=each.name, visibility="public")
    token = acme.served.world.personal_token("acme-owner", [*OWNER, "read:audit_log"])
    [found] = [instance for instance in acme.scan(acme.state("github_repository"), by=token, code=2).instances.values() if instance["verdict"] == "drifted"]
    assert "mallory" in json.dumps(found["who"])


def test_who_it_was_is_not_known_without_an_audit_log(acme):
    acme.live(acme.repository()).description = "by hand"
    report = acme.scan(acme.state("github_repository"), code=2)
    assert not report.instances[report.of("drifted")[0]]["who"]


# What one scan keeps for the next


def test_an_unchanged_second_scan_asks_much_less(acme):
    state, kept = acme.state(), ["--cache", str(acme.folder / "cache")]
    first = acme.scan(state, options=kept)
    second = acme.scan(state, options=kept)
    assert second.unlike() == {} == second.unmanaged()
    asked = lambda report: report.requests["rest"] - report.requests["not_modified"] + report.requests["graphql"]  # noqa: E731
    assert asked(second) <= 0.4 * asked(first), (first.requests, second.requests)


def test_what_changes_between_two_scans_is_found_by_the_second(acme):
    state, kept = acme.state(), ["--cache", str(acme.folder / "cache")]
    assert acme.scan(state, options=kept).unlike() == {}
    made = {address(type_name, key): attributes for type_name in CHANGES for key, attributes in [CHANGES[type_name](acme)]}
    second = acme.scan(state, options=kept, code=2).unlike()
    # Of what two types manage, the other one's instance differs as well.
    assert {found: second.get(found, set()) & attributes for found, attributes in made.items()} == made
    assert second == acme.scan(state, code=2).unlike()


def test_what_goes_between_two_scans_is_missing_in_the_second(acme):
    state, kept = acme.state(), ["--cache", str(acme.folder / "cache")]
    assert acme.scan(state, options=kept).unlike() == {}
    # A repository and a team last: what hangs on them goes with them. One rule is of both types of protection.
    last = ("github_repository", "github_team")
    first = sorted(set(GONE) - {*last, *WITH_A_REPOSITORY, *WITH_A_TEAM, "github_branch_protection_v3"})
    gone = {address(type_name, GONE[type_name](acme)) for type_name in (*first, *last)}
    second = acme.scan(state, options=kept, code=2)
    assert gone <= set(second.of("missing"))
    assert second.unlike() == acme.scan(state, code=2).unlike()


def test_what_one_token_saw_is_not_believed_for_another(acme):
    state, kept = acme.state(), ["--cache", str(acme.folder / "cache")]
    acme.scan(state, options=kept)
    each = acme.repository()
    acme.live(each).description = "by hand"
    other = acme.served.world.personal_token("acme-owner", OWNER)
    report = acme.scan(state, by=other, options=kept, code=2)
    assert report.unlike() == {address("github_repository", each.name): {"description"}}


def test_what_is_kept_holds_no_secret(acme):
    cache = acme.folder / "cache"
    acme.scan(acme.state(), options=["--cache", str(cache)])
    acme.scanner.assert_no_secret(cache.read_bytes().decode("latin-1"), acme.token)


def test_a_damaged_cache_costs_requests_and_nothing_else(acme):
    state, cache = acme.state("github_repository", "github_team"), acme.folder / "cache"
    acme.scan(state, options=["--cache", str(cache)])
    cache.write_bytes(cache.read_bytes()[: cache.stat().st_size // 2])
    assert acme.scan(state, options=["--cache", str(cache)]).unlike() == {}


def test_requests_are_counted_as_github_counts_them(acme):
    acme.served.log.clear()
    report = acme.scan(acme.state())
    counted = acme.served.counters()
    asked = report.requests
    assert asked["graphql"] == sum(number for operation, number in counted["operations"].items() if operation.startswith("POST "))
    assert asked["rest"] + asked["graphql"] == counted["requests"]
    assert asked["points"] == counted["cost"].get("graphql", 0)


def test_only_what_a_state_manages_or_is_listed_is_read(acme):
    acme.served.log.clear()
    acme.scan(acme.state("github_team"))
    operations = acme.served.counters()["operations"]
    for part in ("secrets", "variables", "environments", "/pages", "labels", "actions/permissions", "branches/{branch}/protection"):
        assert [operation for operation in operations if part in operation] == []


def test_few_requests_are_made_for_many_settings(acme):
    """One for each setting, as the provider makes them, are some thousand."""
    state = acme.state()
    acme.served.log.clear()
    acme.scan(state)
    assert acme.served.counters()["requests"] < len(addresses(state)) * 0.75


def test_the_members_of_a_team_are_its_own(acme):
    """Guards the tests: the organisation has teams whose members below them are no members of theirs."""
    assert any(set(members_of(team)) - set(team.members) for team in acme.world.owner("acme").teams.values())
