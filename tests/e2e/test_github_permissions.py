"""What a scan may not see it does not judge: it says which permission is missing, and never that something is gone or differs."""

import pytest

from support.github_states import address, addresses
from support.github_states.acme import acme, served_github, small  # noqa: F401
from support.served_github.sample import EVERYTHING, OWNER

TEAMS = {"github_team", "github_team_settings", "github_team_membership", "github_team_members", "github_team_repository"}
#: Only a user's token may ask for these.
OF_USERS = {"github_app_installation_repository"}

#: Permission -> the types of which an App without it can tell nothing, and those of which it may be unable to tell all.
HIDDEN = {
    "administration": (
        {
            "github_branch_protection", "github_branch_protection_v3", "github_repository_deploy_key", "github_repository_dependabot_security_updates",
            "github_actions_repository_permissions", "github_repository_collaborators",
        },
        {"github_repository", "github_repository_collaborator", "github_repository_ruleset"},
    ),
    "members": (TEAMS | {"github_membership"}, {"github_repository_collaborators", "github_branch_protection"}),
    "repository_hooks": ({"github_repository_webhook"}, set()),
    "organization_hooks": ({"github_organization_webhook"}, set()),
    "secrets": ({"github_actions_secret"}, set()),
    "dependabot_secrets": ({"github_dependabot_secret"}, set()),
    "organization_secrets": ({"github_actions_organization_secret"}, set()),
    "actions_variables": ({"github_actions_variable"}, set()),
    "organization_actions_variables": ({"github_actions_organization_variable"}, set()),
    "organization_administration": (
        {"github_organization_ruleset", "github_actions_organization_permissions", "github_organization_settings"}, set(),
    ),
}
#: What everybody reads of a public repository, so that an App without the permission can tell of those.
HIDDEN_OF_PRIVATE = {"actions": {"github_repository_environment"}, "contents": {"github_branch"}}


def without(*permissions):
    return {name: level for name, level in EVERYTHING.items() if name not in permissions}


def types_of(report, found):
    return {report.instances[each]["type"] for each in found}


@pytest.mark.parametrize("permission", HIDDEN)
def test_what_an_apps_permission_hides_is_unknown_by_its_name(acme, permission):
    hidden, partly = HIDDEN[permission]
    report = acme.scan(acme.state(), by=acme.served.world.install_app(without(permission)), code=None)
    assert report.of("drifted") == report.of("missing") == []
    unknown = report.of("unknown")
    assert hidden <= types_of(report, unknown) <= hidden | partly | OF_USERS
    # Of an archived repository there is nothing to be told where GitHub has switched it off.
    archived = {each.name for each in acme.repositories if each.archived}
    assert not [found for found in report.of("in_sync") if report.instances[found]["type"] in hidden and found.split('"')[1] not in archived]
    for found in unknown:
        if report.instances[found]["type"] in hidden:
            assert permission in report.reason(found)["message"], report.reason(found)
            assert report.reason(found)["kind"] == "access_denied"
    assert permission in report.gaps()
    assert report.code == 1


def test_what_a_permission_refuses_of_one_repository_is_not_asked_of_the_others(acme):
    report = acme.scan(acme.state("github_team"), by=acme.served.world.install_app(without("repository_hooks", "administration")))
    asked = acme.served.counters()["operations"]
    lists = ["GET /repos/{owner}/{repo}/hooks", "GET /repos/{owner}/{repo}/keys"]
    assert [asked[each] for each in lists] == [1, 1] and len(acme.repositories) > 50
    assert "repository_hooks" in report.gaps() and "administration" in report.gaps()


@pytest.mark.parametrize("permission", ["administration", "actions", "contents", "issues", "members"])
def test_repositories_are_listed_although_a_permission_hides_what_hangs_on_them(acme, permission):
    held = without(permission, "pull_requests") if permission == "issues" else without(permission)
    # What the state holds of other repositories makes a scan look at all that a permission may hide.
    state = acme.state("github_team", "github_repository_environment", "github_branch_protection", "github_issue_label", "github_branch")
    report = acme.scan(state, by=acme.served.world.install_app(held), code=None)
    assert report.of("drifted") == report.of("missing") == []
    found = report.unmanaged()
    assert set(found["github_repository"]) == {each.name for each in acme.repositories}
    assert set(found["github_repository_webhook"]) == {f"{each.name}/{hook}" for each in acme.repositories for hook in each.hooks}


@pytest.mark.parametrize("permission", HIDDEN_OF_PRIVATE)
def test_what_is_hidden_of_private_repositories_alone_is_told_of_public_ones(acme, permission):
    types = HIDDEN_OF_PRIVATE[permission]
    report = acme.scan(acme.state(*types), by=acme.served.world.install_app(without(permission)), code=1)
    public = {each.name for each in acme.repositories if each.visibility == "public"}
    told = {found for found in report.instances if found.partition('"')[2].partition(":")[0] in public}
    assert set(report.of("in_sync")) == told
    assert all(permission in report.reason(found)["message"] for found in report.of("unknown"))
    assert report.of("drifted") == report.of("missing") == []


def test_labels_take_the_permission_of_issues_or_of_pull_requests(acme):
    state = acme.state("github_issue_label", "github_issue_labels")
    assert acme.scan(state, by=acme.served.world.install_app(without("issues"))).unlike() == {}
    report = acme.scan(state, by=acme.served.world.install_app(without("issues", "pull_requests")), code=1)
    assert report.of("drifted") == report.of("missing") == []
    assert all("issues" in report.reason(found)["message"] for found in report.of("unknown"))


def test_an_app_that_may_do_nothing_finds_nothing(acme):
    acme.live(acme.repository()).description = "by hand"
    report = acme.scan(acme.state(*(set(HIDDEN["administration"][0]) | TEAMS)), by=acme.served.world.install_app({"metadata": "read"}), code=1)
    assert report.of("drifted") == report.of("missing") == []


def test_an_app_without_contents_does_not_take_merge_settings_that_are_left_out_for_switched_off(acme):
    report = acme.scan(acme.state("github_repository"), by=acme.served.world.install_app(without("contents")), code=None)
    assert report.of("drifted") == report.of("missing") == []


def test_an_app_that_may_not_write_rulesets_does_not_take_bypass_actors_that_are_left_out_for_removed(acme):
    report = acme.scan(acme.state("github_repository_ruleset"), by=acme.served.world.install_app(EVERYTHING), code=None)
    assert report.of("drifted") == report.of("missing") == []


def test_a_rule_that_names_an_app_is_not_said_to_be_loosened_where_apps_may_not_read_it(small):
    report = small.scan(small.state("github_branch_protection"), by=small.served.world.install_app(EVERYTHING), code=None)
    assert report.of("drifted") == report.of("missing") == []


# Classic tokens

#: Scope -> what nobody sees without it.
SCOPES = {
    "admin:org_hook": {"github_organization_webhook"},
    "admin:org": {
        "github_organization_ruleset", "github_actions_organization_permissions", "github_organization_settings", "github_actions_organization_variable",
        "github_actions_organization_secret", "github_team_settings",
    },
}


@pytest.mark.parametrize("scope", SCOPES)
def test_what_a_scope_hides_is_unknown_by_its_name(acme, scope):
    token = acme.served.world.personal_token("acme-owner", [held for held in OWNER if held != scope])
    report = acme.scan(acme.state(*SCOPES[scope]), by=token, code=1)
    assert set(report.of("unknown")) == set(report.instances)
    named = {"admin:org", "read:org"} if scope == "admin:org" else {scope}
    assert all(any(name in report.reason(found)["message"] for name in named) for found in report.of("unknown"))


def test_private_repositories_are_not_gone_for_a_token_that_does_not_see_them(acme):
    token = acme.served.world.personal_token("acme-owner", [held for held in OWNER if held != "repo"])
    report = acme.scan(acme.state(), by=token, code=1)
    assert report.of("drifted") == report.of("missing") == []
    private = [each.name for each in acme.repositories if each.visibility != "public"]
    assert {address("github_repository", name) for name in private} <= set(report.of("unknown"))
    assert all("repo" in report.reason(address("github_repository", name))["message"] for name in private)


def test_somebody_who_is_no_owner_takes_nothing_that_is_not_shown_for_gone(acme):
    member = next(login for login, role in acme.world.owner("acme").members.items() if role == "member")
    report = acme.scan(acme.state(), by=acme.served.world.personal_token(member, OWNER), code=1)
    assert report.of("drifted") == report.of("missing") == []
    secret = [team.slug for team in acme.world.owner("acme").teams.values() if team.privacy == "secret"]
    assert secret
    assert {address("github_team", slug) for slug in secret} <= set(report.of("unknown"))


# A choice of repositories


def chosen_and_others(acme):
    chosen = [each.name for each in acme.repositories[:10]]
    return chosen, [each.name for each in acme.repositories[10:]]


def kinds_of_selection(acme, chosen):
    yield acme.served.world.install_app(EVERYTHING, repositories=chosen)
    yield acme.served.world.fine_grained_token("acme-owner", EVERYTHING, repositories=chosen)


@pytest.mark.parametrize("number", [0, 1], ids=["app", "fine-grained token"])
def test_a_repository_outside_a_selection_is_not_gone(acme, number):
    chosen, others = chosen_and_others(acme)
    credential = list(kinds_of_selection(acme, chosen))[number]
    acme.live(acme.world.repository(chosen[0])).description = "by hand"
    unseen = next(name for name in others if acme.world.repository(name).visibility != "public")
    acme.live(acme.world.repository(unseen)).description = "by hand, unseen"
    report = acme.scan(acme.state("github_repository", "github_repository_webhook", "github_branch_protection"), by=credential, code=2)
    assert report.unlike()[address("github_repository", chosen[0])] == {"description"}
    assert report.of("drifted") == [address("github_repository", chosen[0])]
    assert report.of("missing") == []
    # What is public shows itself to a user's token, chosen or not.
    hidden = {name for name in others if number == 0 or acme.world.repository(name).visibility != "public"}
    assert {address("github_repository", name) for name in hidden} <= set(report.of("unknown"))
    assert {address("github_repository", name) for name in chosen[1:]} <= set(report.of("in_sync"))


def test_a_repository_that_was_deleted_is_missing_only_for_who_would_see_it(acme):
    state, chosen = acme.state("github_repository"), [each.name for each in acme.repositories[:10]]
    credentials = {
        "unknown": acme.served.world.install_app(EVERYTHING, repositories=chosen[1:]),
        "missing": acme.served.world.install_app(EVERYTHING, slug="sees-all"),
    }
    acme.served.world.delete_repository(chosen[0])
    for verdict, credential in credentials.items():
        report = acme.scan(state, by=credential, code=None)
        assert report.instances[address("github_repository", chosen[0])]["verdict"] == verdict
        assert len(report.of("missing")) == (verdict == "missing")


def test_repositories_that_were_not_chosen_are_not_listed_as_unmanaged_and_the_report_says_so(acme):
    chosen, _ = chosen_and_others(acme)
    report = acme.scan(acme.state("github_organization_settings"), by=acme.served.world.install_app(EVERYTHING, repositories=chosen))
    assert set(report.unmanaged()["github_repository"]) == set(chosen)
    assert "selected" in report.gaps() or "repositories" in report.gaps()


# Credentials that end


def test_an_installation_that_is_suspended_is_an_error_that_says_so(acme):
    app = acme.served.world.install_app(EVERYTHING)
    acme.served.world.suspend_installation(app["installation_id"])
    done = acme.scanner.run([acme.state("github_team")], app, "--json")
    assert done.returncode == 1
    assert "suspended" in done.stdout + done.stderr


def test_a_key_that_is_not_the_apps_is_an_error_that_names_no_key(acme):
    app, other = (acme.served.world.install_app(EVERYTHING, slug=slug) for slug in ("one", "other"))
    done = acme.scanner.run([acme.state("github_team")], app | {"private_key": other["private_key"]}, "--json")
    assert done.returncode == 1
    assert "401" in done.stdout + done.stderr or "JSON web token" in done.stdout + done.stderr


def test_a_key_on_one_line_is_taken_as_the_provider_takes_it(acme):
    app = acme.served.world.install_app(EVERYTHING)
    report = acme.scan(acme.state("github_team"), by=app | {"private_key": app["private_key"].replace("\n", "\\n")})
    assert len(report.of("in_sync")) == len(addresses(acme.state("github_team")))
