"""A scan on GitHub's bad days: what differs is found, nothing else is said, and what cannot be told is unknown."""

import pickle
import re

import pytest

from support.github_states import address
from support.github_states.acme import Acme, organisation, served_github  # noqa: F401
from support.served_github.sample import EVERYTHING

#: In seconds, instead of an hour and a minute.
WINDOW = 3.0


@pytest.fixture
def acme(served_github, tmp_path):  # noqa: F811
    """150 repositories, 20 teams, 60 members, and three changes by hand."""
    return Acme(served_github, tmp_path, pickle.loads(organisation(150, 20, 60)))


@pytest.fixture
def truth(acme):
    """What was changed by hand: address -> attributes, or `missing`."""
    shown = acme.repository(lambda each: each.visibility == "private" and not each.protections)
    acme.live(shown).visibility = "public"
    guarded = acme.repository(lambda each: any(rule.pattern == "main" and rule.required_approving_review_count for rule in each.protections.values()))
    rule = next(rule for rule in guarded.protections.values() if rule.pattern == "main")
    acme.live(guarded, "protections", rule.id).required_approving_review_count = 6
    hooked = acme.repository(lambda each: each.hooks)
    [hook] = hooked.hooks
    acme.served.world.remove("hooks", hook, hooked.name)
    return {
        address("github_repository", shown.name): {"visibility"},
        address("github_branch_protection", f"{guarded.name}:main"): {"required_pull_request_reviews"},
        address("github_repository_webhook", f"{hooked.name}:{hook}"): "missing",
    }


TYPES = (
    "github_repository", "github_branch_protection", "github_repository_webhook", "github_repository_collaborators", "github_repository_topics", "github_team",
    "github_team_members", "github_membership", "github_repository_ruleset", "github_repository_deploy_key", "github_issue_label", "github_actions_variable",
    "github_repository_environment", "github_organization_settings",
)


def assert_true(report, truth, *, unknown_at_most=0):
    """Nothing is said that is not so, and of what is so only what is unknown is left out."""
    said = {found: told for found, told in report.unlike().items() if report.instances[found]["verdict"] != "unknown"}
    unknown = report.of("unknown")
    assert said == {found: told for found, told in truth.items() if found not in unknown}
    assert len(unknown) <= unknown_at_most, {found: report.reason(found) for found in unknown[:5]}


def test_the_changes_are_found_on_a_good_day(acme, truth):
    assert_true(acme.scan(acme.state(*TYPES), code=2), truth)


@pytest.mark.parametrize(("resource", "status"), [("core", 403), ("core", 429), ("graphql", 403)])
def test_an_hours_limit_that_is_reached_in_the_middle_is_waited_for(acme, truth, resource, status):
    acme.served.limits.window, acme.served.limits.primary_status = WINDOW, status
    setattr(acme.served.limits, resource, 150 if resource == "core" else 12)
    report = acme.scan(acme.state(*TYPES), code=2)
    assert_true(report, truth)
    assert report.requests["seconds"] > 0 or acme.served.counters()["status"].get(str(status), 0) == 0


def test_whoever_looks_on_is_told_what_is_waited_for_and_until_when(acme):
    acme.served.limits.window, acme.served.limits.core = 8.0, 100
    report = acme.scan(acme.state("github_team"))
    told = re.findall(r"^note: GitHub's limit of requests an hour is reached until \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ, and is waited for$", report.errors, re.M)
    assert told and len(told) <= 1 + report.requests["seconds"] / 8.0, report.errors


@pytest.mark.parametrize("status", [403, 429])
def test_a_secondary_limit_is_waited_for_and_is_no_missing_permission(acme, truth, status):
    acme.served.limits.secondary_status = status
    acme.served.plan.add("secondary", every=60, retry_after=1)
    report = acme.scan(acme.state(*TYPES), code=2)
    assert_true(report, truth)
    assert report.gaps() == "[]"


@pytest.mark.parametrize(("status", "html"), [(500, False), (502, True), (503, False)])
def test_errors_of_the_server_now_and_then_change_nothing(acme, truth, status, html):
    acme.served.plan.add("error", status=status, every=29, html=html)
    report = acme.scan(acme.state(*TYPES), code=2)
    assert_true(report, truth, unknown_at_most=4)
    assert acme.served.counters()["status"][str(status)] > 3


@pytest.mark.parametrize("kind", ["cut", "hang_up"])
def test_answers_that_break_off_now_and_then_change_nothing(acme, truth, kind):
    acme.served.plan.add(kind, every=31)
    report = acme.scan(acme.state(*TYPES), code=2)
    assert_true(report, truth, unknown_at_most=4)
    assert acme.served.counters()["faults"][kind] > 3


@pytest.mark.parametrize("status", [502, 504])
def test_a_query_that_takes_too_long_is_asked_in_smaller_pages(acme, truth, status):
    # A quarter of what the first page could hold.
    acme.served.plan.add("timeout", nodes=60_000, status=status)
    report = acme.scan(acme.state(*TYPES), code=2)
    assert_true(report, truth)


def test_where_a_query_never_answers_nothing_is_said_of_what_it_would_tell(acme, truth):
    acme.served.plan.add("error", path="POST /graphql", operation="*epositor*", status=502)
    report = acme.scan(acme.state("github_repository", "github_repository_webhook"), code=None)
    of_these = {found: told for found, told in truth.items() if not found.startswith("github_branch_protection")}
    assert_true(report, of_these, unknown_at_most=len(report.instances))
    assert report.code == (2 if report.of("drifted") or report.of("missing") else 1)
    assert all("502" in report.reason(found)["message"] for found in report.of("unknown"))


def test_a_query_that_ends_with_what_it_has_says_nothing_of_the_rest(acme, truth):
    acme.served.plan.add("resource_limits", nodes=120)
    # Whatever of these GraphQL does not tell is asked for one by one.
    report = acme.scan(acme.state("github_repository", "github_branch_protection", "github_repository_webhook"), code=2)
    assert_true(report, truth)
    assert acme.served.counters()["faults"]["resource_limits"] > 0


def test_an_object_that_fails_inside_an_answer_is_not_gone(acme, truth):
    broken = acme.repository(lambda each: each.labels and each.protections and each.topics)
    acme.served.plan.add("partial", name=broken.name)
    report = acme.scan(acme.state(*TYPES), code=2)
    assert_true(report, truth, unknown_at_most=40)
    assert all(f'"{broken.name}' in found for found in report.of("unknown"))


def test_a_repository_that_fails_inside_an_answer_is_listed_or_said_to_be_missing(acme):
    broken = acme.repository()
    acme.served.plan.add("partial", name=broken.name)
    report = acme.scan(acme.state("github_team"))
    listed = report.unmanaged()["github_repository"]
    assert set(listed) | {broken.name} == {each.name for each in acme.repositories}
    assert broken.name in listed or report.printed["gaps"], "nothing is left out without a word"


def test_an_endpoint_that_only_fails_hides_what_it_would_tell(acme, truth):
    acme.served.plan.add("error", path="GET /repos/*-001?/hooks*", status=500)
    report = acme.scan(acme.state(*TYPES), code=2)
    hooks = [found for found in report.instances if re.match(r'github_repository_webhook\.this\["[a-z]+-001\d:', found)]
    assert hooks
    assert set(report.of("unknown")) == set(hooks)
    assert_true(report, truth, unknown_at_most=len(hooks))


def test_a_token_that_is_revoked_in_the_middle_leaves_the_rest_unknown(acme, truth):
    acme.served.plan.after(60, "revoke", acme.token)
    report = acme.scan(acme.state(*TYPES), code=None)
    assert report.code in (1, 2)
    assert report.of("unknown")
    assert set(report.of("drifted")) | set(report.of("missing")) <= set(truth)
    assert_true(report, truth, unknown_at_most=len(report.instances))


def test_a_token_of_an_installation_that_ends_in_the_middle_is_renewed(acme, truth):
    app = acme.served.world.install_app(EVERYTHING)
    acme.served.plan.after(60, "revoke_installation", app["installation_id"])
    assert_true(acme.scan(acme.state(*TYPES), by=app, code=2), truth)


def test_an_installation_that_is_suspended_in_the_middle_leaves_the_rest_unknown(acme, truth):
    app = acme.served.world.install_app(EVERYTHING)
    acme.served.plan.after(60, "suspend_installation", app["installation_id"])
    report = acme.scan(acme.state(*TYPES), by=app, code=None)
    assert report.of("unknown")
    assert_true(report, truth, unknown_at_most=len(report.instances))


@pytest.mark.parametrize("after", [3, 30, 120])
def test_a_repository_that_is_deleted_in_the_middle_concerns_nothing_else(acme, truth, after):
    doomed = next(each for each in reversed(acme.repositories) if each.hooks and each.protections and f'"{each.name}' not in "".join(truth))
    acme.served.plan.after(after, "delete_repository", doomed.name)
    report = acme.scan(acme.state(*TYPES), code=2)
    of_it = {found for found in report.instances if f'"{doomed.name}:' in found or f'"{doomed.name}"' in found}
    elsewhere = {found: told for found, told in report.unlike().items() if found not in of_it}
    assert elsewhere == truth
    assert {report.instances[found]["verdict"] for found in of_it} <= {"in_sync", "missing", "unknown"}


def test_a_repository_that_is_renamed_in_the_middle_is_not_gone(acme, truth):
    renamed = next(each for each in reversed(acme.repositories) if each.hooks and f'"{each.name}' not in "".join(truth))
    acme.served.plan.after(30, "rename_repository", renamed.name, "another-name")
    report = acme.scan(acme.state(*TYPES), code=2)
    assert all(f'"{renamed.name}' not in found for found in report.of("missing"))
    assert set(report.of("missing")) == {found for found, told in truth.items() if told == "missing"}


def test_everything_at_once_still_says_nothing_that_is_not_so(acme, truth):
    plan, limits = acme.served.plan, acme.served.limits
    limits.window, limits.core, limits.minute, limits.rest_points_a_minute = WINDOW, 400, 2.0, 300
    for kind, how in (
        ("error", {"status": 502, "every": 37}), ("error", {"status": 503, "every": 41, "html": True}), ("cut", {"every": 43}), ("hang_up", {"every": 47}),
        ("latency", {"seconds": 0.02, "every": 3}), ("timeout", {"nodes": 60_000, "status": 504}), ("partial", {"name": acme.repositories[7].name}),
        ("secondary", {"every": 101, "retry_after": 1}),
    ):
        plan.add(kind, **how)
    report = acme.scan(acme.state(*TYPES), code=None)
    assert_true(report, truth, unknown_at_most=80)


def test_no_more_requests_are_made_at_once_than_github_likes(acme):
    acme.scan(acme.state(*TYPES))
    assert acme.served.counters()["most_at_once"] <= 20
