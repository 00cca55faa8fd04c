"""What is one thing written in two ways is no drift: the traps of GitHub and of its provider, each shown at one thing; and what they must not hide."""

import json
import pickle

import pytest

from support.github_states import VARIANTS, Variant, address, addresses, attributes, keep, merged, recorded, remove
from support.github_states.acme import Acme, acme, organisation, served_github, small  # noqa: F401
from support.served_github.node_ids import legacy_node_id, node_id
from support.served_github.sample import OWNER


# Repositories


def test_a_repository_that_was_renamed_is_one_finding_and_what_hangs_on_it_is_read_by_its_new_name(acme):
    each = acme.repository(lambda each: each.hooks and each.protections and each.labels and each.environments)
    state = acme.state()
    acme.served.world.rename_repository(each.name, "renamed-by-hand")
    unlike = acme.scan(state, code=2).unlike()
    assert set(unlike) == {address("github_repository", each.name)}
    assert "name" in unlike[address("github_repository", each.name)]
    assert unlike[address("github_repository", each.name)] <= {"name", "full_name", "html_url", "ssh_clone_url", "svn_url", "git_clone_url", "http_clone_url"}


def test_another_repository_under_the_old_name_is_not_taken_for_the_one_that_was_renamed(acme):
    each = acme.repository(lambda each: each.hooks)
    state = acme.state("github_repository")
    acme.served.world.rename_repository(each.name, "renamed-by-hand")
    acme.served.world.create_repository(each.name, visibility=each.visibility, description=each.description)
    report = acme.scan(state, code=2)
    [found] = report.unlike()
    assert found == address("github_repository", each.name)
    assert report.instances[found]["verdict"] in ("drifted", "missing")


def test_of_a_repository_that_was_archived_that_alone_is_told(acme):
    each = acme.repository(lambda each: each.vulnerability_alerts and each.security_updates)
    state = acme.state()
    acme.served.world.archive_repository(each.name)
    live = acme.live(each)
    # Nobody can change these any more, and the provider does not look at them.
    live.allow_merge_commit, live.delete_branch_on_merge, live.squash_merge_commit_title = not each.allow_merge_commit, not each.delete_branch_on_merge, "PR_TITLE"
    unlike = acme.scan(state, code=2).unlike()
    assert unlike.pop(address("github_repository", each.name)) == {"archived"}
    # GitHub switches them off with it; this type manages nothing else.
    assert unlike in ({}, {address("github_repository_dependabot_security_updates", each.name): {"enabled"}})


def test_an_archived_repository_keeps_settings_in_its_state_that_it_has_not(acme):
    archived = next(each for each in acme.repositories if each.archived)
    state = acme.state("github_repository")
    found = attributes(state, address("github_repository", archived.name))
    assert found["delete_branch_on_merge"] != archived.delete_branch_on_merge
    assert acme.scan(state).unlike() == {}


def test_what_is_only_used_to_make_a_repository_is_not_compared(acme):
    each = acme.repository()
    state = acme.state("github_repository")
    attributes(state, address("github_repository", each.name)).update(
        auto_init=False, license_template="apache-2.0", gitignore_template="Go", archive_on_destroy=False, ignore_vulnerability_alerts_during_read=True
    )
    assert acme.scan(state).unlike() == {}


def test_a_repository_made_from_a_template_is_compared_by_the_template_alone(small):
    state = small.state("github_repository")
    template = attributes(state, address("github_repository", "shop"))["template"][0]
    template["include_all_branches"] = True
    assert small.scan(state).unlike() == {}


def test_tags_of_answers_are_never_compared(acme):
    state = acme.state()
    for resource in state["resources"]:
        for instance in resource["instances"]:
            if "etag" in instance["attributes"]:
                instance["attributes"]["etag"] = 'W/"of another day"'
    assert acme.scan(state).unlike() == {}


def test_what_github_gives_to_new_repositories_is_not_compared_with_a_state_that_knows_nothing_of_it(acme):
    """GitHub's defaults move; a state of before a setting was known does not hold it."""
    each = acme.repository(lambda each: each.visibility == "private")
    state = acme.state("github_repository")
    found = attributes(state, address("github_repository", each.name))
    newer = ("allow_forking", "web_commit_signoff_required", "allow_update_branch", "squash_merge_commit_title", "has_discussions", "security_and_analysis")
    for name in newer:
        del found[name]
    live = acme.live(each)
    live.allow_forking, live.web_commit_signoff_required, live.allow_update_branch, live.has_discussions = True, True, True, True
    live.squash_merge_commit_title = "PR_TITLE"
    live.security = {"secret_scanning": "enabled", "secret_scanning_push_protection": "enabled"}
    assert acme.scan(state).unlike() == {}


def test_null_and_what_is_off_or_empty_are_one(acme):
    state = acme.state("github_repository", "github_team", "github_branch_protection", "github_repository_environment", "github_issue_label")
    for resource in state["resources"]:
        for instance in resource["instances"]:
            for name, value in instance["attributes"].items():
                if value in (False, "", []) and name not in ("id", "name"):
                    instance["attributes"][name] = None
    assert acme.scan(state).unlike() == {}


def test_a_setting_that_was_null_and_is_now_on_by_hand_is_told(acme):
    each = acme.repository(lambda each: not each.is_template)
    state = acme.state("github_repository")
    attributes(state, address("github_repository", each.name))["is_template"] = None
    acme.live(each).is_template = True
    assert acme.scan(state, code=2).unlike() == {address("github_repository", each.name): {"is_template"}}


def test_an_internal_repository_is_private_and_internal(acme):
    each = acme.repository(lambda each: each.visibility == "internal")
    state = acme.state("github_repository")
    found = attributes(state, address("github_repository", each.name))
    assert (found["visibility"], found["private"]) == ("internal", True)
    assert acme.scan(state).unlike() == {}


def test_a_private_repository_that_became_internal_differs_in_its_visibility_alone(acme):
    each = acme.repository(lambda each: each.visibility == "private")
    acme.live(each).visibility = "internal"
    assert acme.scan(acme.state("github_repository"), code=2).unlike() == {address("github_repository", each.name): {"visibility"}}


def test_the_order_of_topics_means_nothing(acme):
    each = acme.repository(lambda each: len(each.topics) > 1)
    acme.live(each).topics = list(reversed(each.topics))
    assert acme.scan(acme.state("github_repository", "github_repository_topics")).unlike() == {}


def test_a_push_is_no_drift(acme):
    each = acme.repository()
    acme.live(each, "branches", "main").sha = "f" * 40
    acme.live(each).pushed_at = "2026-01-01T00:00:00Z"
    assert acme.scan(acme.state("github_branch", "github_repository", "github_branch_default")).unlike() == {}


def test_pages_that_are_being_built_are_no_drift_and_pages_that_are_gone_are(small):
    state = small.state("github_repository")
    shop = small.live(small.world.repository("shop"))
    shop.pages = {"cname": None, "status": "building"}
    assert small.scan(state).unlike() == {}
    shop.pages = None
    assert small.scan(state, code=2).unlike() == {address("github_repository", "shop"): {"pages"}}


# Labels


def test_the_labels_that_github_gives_to_a_new_repository_are_nobodys(acme):
    state = acme.state()
    acme.served.world.create_repository("fresh")
    report = acme.scan(state)
    assert report.unlike() == {}
    assert set(report.unmanaged()) == {"github_repository"}


def test_a_label_is_found_in_another_case(acme):
    each = acme.repository(lambda each: len(each.labels) > 9)
    state = acme.state("github_issue_label")
    found = recorded(state, address("github_issue_label", f"{each.name}:drift"))["attributes"]
    found["name"], found["id"] = "Drift", f"{each.name}:Drift"
    assert acme.scan(state).unlike() == {}


def test_a_label_with_a_colon_and_a_slash_in_its_name_is_found(acme):
    each = acme.repository()
    # Also what means something in a path: a query, a fragment, a percent sign, a space.
    for name in ("kind: bug/feature", "what? #1", "100%", "über uns"):
        acme.served.world.add("labels", each.name, name=name, color="cccccc")
        acme.world.add("labels", each.name, name=name, color="cccccc")
    assert acme.scan(acme.state("github_issue_label")).unlike() == {}


# Protection


def test_one_rule_that_two_types_manage_is_in_sync_for_both_and_its_change_is_told_for_both(acme):
    each = acme.repository(lambda each: any(rule.pattern == "main" for rule in each.protections.values()))
    rule = next(rule for rule in each.protections.values() if rule.pattern == "main")
    state = acme.state("github_branch_protection", "github_branch_protection_v3")
    assert acme.scan(state).unlike() == {}
    acme.live(each, "protections", rule.id).strict_checks = not rule.strict_checks
    key = f"{each.name}:main"
    assert acme.scan(state, code=2).unlike() == {
        address("github_branch_protection", key): {"required_status_checks"}, address("github_branch_protection_v3", key): {"required_status_checks"},
    }


@pytest.mark.parametrize("name", ["node-ids", "legacy-ids", "slugs", "hashicorp-4"])
def test_a_rule_is_the_same_by_its_old_id_and_its_new_one_and_so_are_those_it_names(small, name):
    types = ("github_branch_protection", "github_branch_protection_v3")
    assert small.scan(small.state(*types, variant=VARIANTS[name])).unlike() == {}


def test_ids_of_two_ages_and_names_may_stand_in_one_set(small):
    world, state = small.world, small.state("github_branch_protection")
    rule = next(iter(world.repository("shop").protections.values()))
    octocat, platform = world.user("octocat"), world.team("platform")
    found = attributes(state, address("github_branch_protection", f"shop:{rule.pattern}"))
    found["force_push_bypassers"] = [legacy_node_id("User", octocat.id), node_id("Team", platform.organisation.id, platform.id)]
    found["restrict_pushes"][0]["push_allowances"] = ["/OCTOCAT", "Acme/Platform", next(each for each in found["restrict_pushes"][0]["push_allowances"] if each.startswith("A_"))]
    assert small.scan(state).unlike() == {}


def test_somebody_who_may_push_by_hand_is_told_whichever_way_the_others_are_written(small):
    state = small.state("github_branch_protection", variant="legacy-ids")
    shop = small.world.repository("shop")
    rule = next(iter(shop.protections.values()))
    # Those who pushed before, and one more.
    small.live(shop, "protections", rule.id).push_actors = [*rule.push_actors, ("User", small.world.user("ana").id)]
    report = small.scan(state, code=2)
    assert set(report.unlike()) == {address("github_branch_protection", f"shop:{rule.pattern}")}
    assert report.unlike()[address("github_branch_protection", f"shop:{rule.pattern}")] <= {"push_restrictions", "restrict_pushes"}


# Rulesets and environments


@pytest.mark.parametrize("number", [0, 1, None])
def test_the_organisations_owners_have_no_number_whatever_the_state_says(acme, number):
    each = acme.repository(lambda each: each.rulesets)
    state = acme.state("github_repository_ruleset")
    attributes(state, address("github_repository_ruleset", f"{each.name}:guard"))["bypass_actors"][0]["actor_id"] = number
    assert acme.scan(state).unlike() == {}


def test_who_may_bypass_a_ruleset_is_compared_in_any_order(small):
    state = small.state("github_repository_ruleset")
    found = attributes(state, address("github_repository_ruleset", "shop:guard"))
    found["bypass_actors"].reverse()
    assert small.scan(state).unlike() == {}
    found["bypass_actors"][0]["bypass_mode"] = "always"
    assert small.scan(state, code=2).unlike() == {address("github_repository_ruleset", "shop:guard"): {"bypass_actors"}}


def test_rules_that_the_provider_does_not_know_are_not_told(acme):
    each = acme.repository(lambda each: each.rulesets)
    [ruleset] = each.rulesets.values()
    acme.live(each, "rulesets", ruleset.id).rules = [*ruleset.rules, {"type": "code_quality", "parameters": {"severity": "all"}}]
    assert acme.scan(acme.state("github_repository_ruleset")).unlike() == {}


def test_rules_that_the_states_provider_did_not_know_are_not_told(acme):
    each = acme.repository(lambda each: each.rulesets)
    [ruleset] = each.rulesets.values()
    state = acme.state("github_repository_ruleset", variant=Variant(version="6.5"))
    assert "copilot_code_review" not in attributes(state, address("github_repository_ruleset", f"{each.name}:guard"))["rules"][0]
    rule = {"type": "copilot_code_review", "parameters": {"review_on_push": True, "review_draft_pull_requests": False}}
    acme.live(each, "rulesets", ruleset.id).rules = [*ruleset.rules, rule]
    assert acme.scan(state).unlike() == {}


def test_an_environment_with_a_colon_in_its_name_is_found(acme):
    each = acme.repository()
    for world in (acme.world, acme.served.world):
        world.add("environments", each.name, name="eu: production/1", wait_timer=5)
    assert acme.scan(acme.state("github_repository_environment")).unlike() == {}


def test_reviewers_that_were_removed_by_hand_are_told_although_terraform_is_blind_to_it(small):
    shop = small.world.repository("shop")
    production = next(each for each in shop.environments.values() if each.reviewers)
    small.live(shop, "environments", production.id).reviewers = None
    unlike = small.scan(small.state("github_repository_environment"), code=2).unlike()
    assert set(unlike) == {address("github_repository_environment", "shop:production")}
    assert "reviewers" in unlike[address("github_repository_environment", "shop:production")]


@pytest.mark.parametrize("written", [None, 0])
def test_no_wait_is_no_wait_however_it_is_written(small, written):
    state = small.state("github_repository_environment")
    attributes(state, address("github_repository_environment", "shop:staging"))["wait_timer"] = written
    assert small.scan(state).unlike() == {}


# Keys, webhooks, variables, secrets


def test_a_deploy_key_is_the_same_with_its_comment_and_without(acme):
    each = acme.repository(lambda each: each.keys)
    state = acme.state("github_repository_deploy_key")
    found = attributes(state, address("github_repository_deploy_key", f"{each.name}:deploy"))
    found["key"] += " deploy@ci.example.com\n"
    assert acme.scan(state).unlike() == {}


def test_whether_a_webhook_has_a_secret_is_compared_and_never_which(acme):
    each = acme.repository(lambda each: any(hook.secret for hook in each.hooks.values()))
    [hook] = each.hooks.values()
    state = acme.state("github_repository_webhook")
    acme.live(each, "hooks", hook.id).secret = False
    report = acme.scan(state, code=2)
    assert report.unlike() == {address("github_repository_webhook", f"{each.name}:{hook.id}"): {"configuration"}}


def test_the_address_of_a_webhook_is_compared_and_never_told(acme):
    each = acme.repository(lambda each: each.hooks)
    [hook] = each.hooks.values()
    acme.live(each, "hooks", hook.id).url = "https://hooks.evil.example/T000/token-in-the-url"
    report = acme.scan(acme.state("github_repository_webhook"), code=2)
    assert report.unlike() == {address("github_repository_webhook", f"{each.name}:{hook.id}"): {"configuration"}}
    assert "token-in-the-url" not in str(report.printed) + report.errors
    assert hook.url not in str(report.printed) + report.errors


def test_a_variable_is_found_by_a_name_in_another_case(acme):
    each = acme.repository(lambda each: each.variables)
    state = acme.state("github_actions_variable")
    found = attributes(state, address("github_actions_variable", f"{each.name}:VARIABLE_0"))
    found["variable_name"], found["id"] = "Variable_0", f"{each.name}:Variable_0"
    assert acme.scan(state).unlike() == {}


def test_a_variable_that_was_written_again_with_its_value_is_no_drift(acme):
    each = acme.repository(lambda each: each.variables)
    acme.live(each, "variables", "VARIABLE_0").value = each.variables["VARIABLE_0"].value
    assert acme.scan(acme.state("github_actions_variable")).unlike() == {}


@pytest.mark.parametrize("form", ["2024-01-01 08:00:00 +0000 UTC", "2024-01-01T08:00:00Z"])
def test_a_time_is_the_same_as_go_writes_it_and_as_github_does(acme, form):
    each = acme.repository(lambda each: each.secrets)
    state = keep(acme.state("github_actions_secret"), [address("github_actions_secret", f"{each.name}:SECRET_0")])
    found = attributes(state, address("github_actions_secret", f"{each.name}:SECRET_0"))
    moment = found["updated_at"]
    found["updated_at"] = moment if " " in form else moment.replace(" +0000 UTC", "Z").replace(" ", "T")
    assert acme.scan(state).unlike() == {}


def test_a_secret_that_was_set_by_hand_is_told_as_that_and_not_as_gone(acme):
    each = acme.repository(lambda each: each.secrets)
    acme.live(each, "secrets", "SECRET_0").rewrite()
    report = acme.scan(acme.state("github_actions_secret"), code=2)
    assert report.of("missing") == []
    assert report.unlike() == {address("github_actions_secret", f"{each.name}:SECRET_0"): {"updated_at"}}


def test_a_secret_of_which_the_state_does_not_know_when_it_was_set_is_not_compared(acme):
    each = acme.repository(lambda each: each.secrets)
    state = acme.state("github_actions_secret")
    attributes(state, address("github_actions_secret", f"{each.name}:SECRET_0"))["updated_at"] = ""
    acme.live(each, "secrets", "SECRET_0").rewrite()
    assert acme.scan(state).unlike() == {}


# The organisation


def test_settings_that_somebody_who_is_no_owner_is_not_shown_are_not_switched_off(acme):
    member = next(login for login, role in acme.world.owner("acme").members.items() if role == "member")
    report = acme.scan(acme.state("github_organization_settings"), by=acme.served.world.personal_token(member, OWNER), code=1)
    [found] = report.of("unknown")
    assert report.reason(found)["kind"] == "access_denied"


def test_actions_that_are_switched_off_say_nothing_of_what_may_run(acme):
    each = acme.repository()
    acme.world.repository(each.name).actions["enabled"] = False
    state = acme.state("github_actions_repository_permissions")
    acme.live(each).actions = each.actions | {"enabled": False}
    assert acme.scan(state).unlike() == {}


def test_actions_that_may_run_by_hand_are_told(acme):
    acme.organisation.actions = acme.world.owner("acme").actions | {"allowed_actions": "all"}
    unlike = acme.scan(acme.state("github_actions_organization_permissions"), code=2).unlike()
    assert "allowed_actions" in unlike[address("github_actions_organization_permissions", "acme")]


# States


def test_both_addresses_of_the_provider_may_stand_in_one_state(acme):
    state = merged(acme.state("github_repository", "github_team"), acme.state("github_team", "github_membership", variant="hashicorp-5"))
    report = acme.scan(state)
    assert report.unlike() == {}
    assert "module.part1." + address("github_team", acme.team().slug) in report.instances


def test_what_was_taken_out_of_the_state_is_unmanaged_and_no_drift(acme):
    state = acme.state()
    each = acme.repository(lambda each: each.keys)
    [key] = each.keys
    remove(state, address("github_repository_deploy_key", f"{each.name}:deploy"))
    report = acme.scan(state)
    assert report.unlike() == {}
    assert report.unmanaged() == {"github_repository_deploy_key": [f"{each.name}:{key}"]}


# Whose it is


def test_what_belongs_to_another_organisation_is_not_looked_for_in_this_one(acme):
    state = acme.state("github_repository", "github_repository_topics")
    for resource in state["resources"]:
        for instance in resource["instances"]:
            if "full_name" in instance["attributes"]:
                instance["attributes"]["full_name"] = instance["attributes"]["full_name"].replace("acme/", "another/")
    done = acme.scanner.run([state], acme.token, "--json")
    assert (done.returncode, json.loads(done.stdout)["instances"]) == (0, [])
    assert f"{len(addresses(state))} instances of the states belong to another" in done.stderr


def test_what_is_not_found_is_not_gone_where_no_state_tells_whose_it_is(acme):
    each = acme.repository(lambda each: each.keys)
    [key] = each.keys
    state = acme.state("github_repository_deploy_key")
    acme.served.world.remove("keys", key, each.name)
    report = acme.scan(state, code=None)
    assert report.of("unknown") == [address("github_repository_deploy_key", f"{each.name}:deploy")]
    assert report.of("missing") == report.of("drifted") == []


# What a page does not hold


@pytest.fixture
def crowded(served_github, tmp_path):
    """One repository and one team with more of everything than any page holds."""
    world = pickle.loads(organisation(8, 3, 130))
    owner, each = world.owner("acme"), next(iter(world.owner("acme").repositories.values()))
    team = next(iter(owner.teams.values()))
    team.members = {login: "member" for login, role in list(owner.members.items())[:120] if role == "member"}
    each.topics = sorted(f"topic-{number:02}" for number in range(30))
    for number in range(130):
        world.add("labels", each.name, name=f"label {number:03}", color="cccccc")
        world.grant(each.name, "write", login=f"outside-{number:03}")
    for number in range(40):
        world.add("protections", each.name, pattern=f"branch-{number}/*", required_approving_review_count=1)
        world.add("variables", each.name, name=f"CROWD_{number}", value="x")
        world.add("keys", each.name, title=f"key {number}", key=f"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIcrowd{number:036}")
        world.add("rulesets", each.name, name=f"ruleset {number}", rules=[{"type": "deletion"}])
        world.add("hooks", each.name, url=f"https://hooks.example.com/crowd/{number}", events=["push"])
        world.add("environments", each.name, name=f"environment {number}")
    guarding = next(rule for rule in each.protections.values() if rule.pattern == "branch-7/*")
    guarding.force_push_bypassers = [("User", world.user(f"outside-{number:03}").id) for number in range(90)]
    return Acme(served_github, tmp_path, world)


def test_more_than_a_page_of_anything_is_as_recorded_and_managed(crowded):
    report = crowded.scan(crowded.state())
    assert report.unlike() == {} == report.unmanaged()


def test_a_change_beyond_the_first_page_of_anything_is_found(crowded):
    each, team = crowded.repositories[0], next(iter(crowded.world.owner("acme").teams.values()))
    state, world = crowded.state(), crowded.served.world
    last = {kind: list(getattr(each, kind))[-1] for kind in ("labels", "protections", "keys", "rulesets", "hooks")}
    crowded.live(each, "labels", last["labels"]).color = "00ff00"
    crowded.live(each, "protections", last["protections"]).allows_deletions = True
    crowded.live(each, "rulesets", last["rulesets"]).enforcement = "disabled"
    crowded.live(each, "hooks", last["hooks"]).active = False
    world.remove("keys", last["keys"], each.name)
    crowded.live(each).topics = [*each.topics, "zz-by-hand"]
    world.grant(each.name, "admin", login="outside-129")
    leaver = list(team.members)[-1]
    world.set_team_member(team.slug, leaver, None)
    unlike = crowded.scan(state, code=2).unlike()
    name = each.name
    assert unlike == {
        address("github_issue_label", f"{name}:label 129"): {"color"}, address("github_issue_labels", name): {"label"},
        address("github_branch_protection", f"{name}:branch-39/*"): {"allows_deletions"}, address("github_repository_ruleset", f"{name}:ruleset 39"): {"enforcement"},
        address("github_repository_webhook", f"{name}:{last['hooks']}"): {"active"}, address("github_repository_deploy_key", f"{name}:key 39"): "missing",
        address("github_repository", name): {"topics"}, address("github_repository_topics", name): {"topics"},
        address("github_repository_collaborator", f"{name}:outside-129"): {"permission"}, address("github_repository_collaborators", name): {"user"},
        address("github_team_membership", f"{team.slug}:{leaver}"): "missing", address("github_team_members", team.slug): {"members"},
    }
