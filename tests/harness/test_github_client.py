"""The client of GitHub's API against the served GitHub: as whom it asks, how it pages, and what it does on GitHub's bad days."""

from __future__ import annotations

import http.client
import json
import re
import socket
import ssl
import subprocess
import threading
import time
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from support.places import binary, clean_environment
from support.served_github import ServedGitHub
from support.served_github.node_ids import node_id
from support.served_github.sample import EVERYTHING, OWNER

#: Of a failure, no test waits longer than it must.
QUICK = {"backoff": 0.02, "minute": 0.5}


class Asker:
    """The example `ask`, as somebody."""

    def __init__(self, served: ServedGitHub, token: str | None = None, app: dict | None = None, **settings: Any):
        self.settings = QUICK | settings
        inherited = {name: value for name, value in clean_environment().items() if not name.startswith("GITHUB_")}
        self.environment = inherited | {"GITHUB_OWNER": "acme", "GITHUB_BASE_URL": served.endpoint}
        self.secrets = [token] if token else [app["private_key"]]
        if app:
            # As it stands in a variable: on one line.
            key = app["private_key"].replace("\n", "\\n")
            self.environment |= {"GITHUB_APP_ID": str(app["app_id"]), "GITHUB_APP_INSTALLATION_ID": str(app["installation_id"]), "GITHUB_APP_PEM_FILE": key}
        else:
            self.environment |= {"GITHUB_TOKEN": token}

    def start(self, *steps: dict[str, Any]) -> subprocess.Popen:
        script = json.dumps({"settings": self.settings, "steps": steps})
        started = subprocess.Popen([binary("examples/ask")], env=self.environment, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        started.stdin.write(script)
        started.stdin.close()
        started.stdin = None
        return started

    def finish(self, started: subprocess.Popen) -> list[Any]:
        out, err = started.communicate(timeout=60)
        for secret in self.secrets:
            assert secret not in out + err and secret[:60] not in out + err
        assert not re.search("gh[psou]_|BEGIN|Bearer", out + err), "a secret is shown"
        assert started.returncode == 0, err
        return [json.loads(line) for line in out.splitlines()]

    def do(self, *steps: dict[str, Any]) -> list[Any]:
        return self.finish(self.start(*steps))

    def call(self, operation: str, **given: Any) -> Any:
        """The answer through the catalog's port."""
        found = self.do({"call": operation, "input": given})[0]
        assert "answer" in found, found
        return found["answer"]

    def error(self, operation: str, **given: Any) -> dict[str, Any]:
        return self.do({"call": operation, "input": given})[0]["error"]


@pytest.fixture
def by_owner(served) -> Asker:
    return Asker(served, served.world.personal_token("acme-owner", OWNER))


@pytest.fixture
def by_app(served, known) -> Asker:
    return Asker(served, app=known[1])


def calls(operation: str, times: int = 1, **given: Any) -> dict[str, Any]:
    return {"call": operation, "input": given, "at_once": times}


def answered(found: list[Any]) -> int:
    return sum("answer" in each for each in found)


SHOP = {"call": "GET /repos/{owner}/{repo}", "input": {"repo": "shop"}}
USED = {"used": True}


# What is asked, and how it comes back


@pytest.mark.parametrize("who", ["by_owner", "by_app"])
def test_each_operation_of_the_description_is_asked_by_its_name_and_its_input(request, served, known, who):
    asker, world = request.getfixturevalue(who), known[0]
    shop, platform = world.repository("shop"), world.team("platform")
    assert asker.call("GET /repos/{owner}/{repo}", repo="shop")["id"] == shop.id
    assert asker.call("GET /orgs/{org}")["login"] == "acme"
    hook = next(iter(shop.hooks))
    assert asker.call("GET /repos/{owner}/{repo}/hooks/{hook_id}", repo="shop", hook_id=hook)["id"] == hook
    assert [each["id"] for each in asker.call("GET /repos/{owner}/{repo}/hooks", repo="shop")] == [hook]
    assert asker.call("GET /repos/{owner}/{repo}/vulnerability-alerts", repo="shop") == {"status": 204}
    assert asker.call("GET /repos/{owner}/{repo}/git/ref/{ref}", repo="shop", ref="heads/main")["ref"] == "refs/heads/main"
    assert asker.call("GET /repos/{owner}/{repo}/labels/{name}", repo="shop", name="good first issue")["name"] == "good first issue"
    variables = asker.call("GET /orgs/{org}/actions/variables")
    assert (variables["total_count"], [each["name"] for each in variables["variables"]]) == (1, ["STAGE"])
    # A team by its slug, by its number as a text, and as a number; and its repository as a repository.
    for team in ("platform", str(platform.id), platform.id):
        assert asker.call("GET /orgs/{org}/teams/{team_slug}", team_slug=team)["id"] == platform.id
        assert asker.call("GET /orgs/{org}/teams/{team_slug}/memberships/{username}", team_slug=team, username="octocat")["role"] == "maintainer"
        assert asker.call("GET /orgs/{org}/teams/{team_slug}/repos/{owner}/{repo}", team_slug=team, repo="shop")["role_name"] == "write"
    assert {each["path"].partition("/api/v3")[2].partition("/")[0] for each in served.requests()} == {""}, "everything goes to the API of the base URL"


def test_what_a_branch_or_an_environment_is_called_reaches_github_whole(served, by_owner):
    served.world.add("environments", "shop", name="a/b:c #1?")
    assert by_owner.call("GET /repos/{owner}/{repo}/environments/{environment_name}", repo="shop", environment_name="a/b:c #1?")["name"] == "a/b:c #1?"
    assert by_owner.error("GET /repos/{owner}/{repo}/branches/{branch}/protection", repo="shop", branch="feature/x#1")["code"] == "404"
    assert served.requests()[-1]["path"] == "/api/v3/repos/acme/shop/branches/feature%2Fx%231/protection?per_page=100"


def test_what_is_not_there_is_404_and_what_is_another_owners_is_not_asked(by_owner):
    assert by_owner.error("GET /repos/{owner}/{repo}", repo="nowhere") == {
        "kind": "Service", "code": "404", "status": 404, "message": "github:GET /repos/{owner}/{repo}: not found",
    }
    assert by_owner.error("GET /repos/{owner}/{repo}", repo="")["kind"] == "Input"
    assert by_owner.error("GET /repos/{owner}/{repo}", repo="../../user")["kind"] == "Input"
    assert by_owner.error("GRAPHQL Nothing")["kind"] == "Input"


def test_one_call_can_be_made_from_a_shell(served, by_owner):
    done = subprocess.run([binary("examples/ask"), "GET /repos/{owner}/{repo}", '{"repo": "shop"}'], env=by_owner.environment, text=True, capture_output=True, check=True)
    assert json.loads(done.stdout)["answer"]["name"] == "shop"


# Pages


def test_a_list_comes_whole_however_many_pages_it_has(big):
    world = big.world
    for number in range(65):
        world.add("variables", None, name=f"v{number}", value="x", visibility="all")
    asker = Asker(big, world.personal_token("acme-owner", OWNER))
    repositories = asker.call("GET /orgs/{org}/repos", type="all")
    assert len({each["id"] for each in repositories}) == len(repositories) == 230
    variables = asker.call("GET /orgs/{org}/actions/variables")
    assert len({each["name"] for each in variables["variables"]}) == variables["total_count"] >= 65
    asked = [each["path"] for each in big.requests()]
    assert [path.partition("?")[2] for path in asked if "/orgs/acme/repos" in path] == ["type=all&per_page=100", "type=all&per_page=100&page=2", "type=all&per_page=100&page=3"]
    assert all("per_page=30" in path for path in asked if "variables" in path)


def test_a_list_from_which_something_was_taken_while_it_was_listed_is_listed_again(big):
    """What is taken from a page moves the next thing onto it, where nobody looks any more."""
    world = big.world
    for number in range(70):
        world.add("variables", None, name=f"v{number:02}", value="x", visibility="all")
    asker = Asker(big, world.personal_token("acme-owner", OWNER))
    big.plan.after(1, "remove", "variables", "V00")
    found = asker.call("GET /orgs/{org}/actions/variables")
    assert {each["name"] for each in found["variables"]} >= {f"V{number:02}" for number in range(1, 70)}


TEAMS = """
query Teams($owner: String!, $page: Int!, $cursor: String) {
  organization(login: $owner) { teams(first: $page, after: $cursor) { totalCount nodes { slug } pageInfo { hasNextPage endCursor } } }
  rateLimit { cost remaining }
}
"""


def test_a_connection_is_paged_to_its_end_and_its_points_are_counted(big):
    asker = Asker(big, big.world.personal_token("acme-owner", OWNER))
    found, used = asker.do({"graphql": TEAMS, "variables": {"owner": "acme", "page": 10}, "pages": True}, USED)
    teams = found["data"]["organization"]["teams"]
    assert len({each["slug"] for each in teams["nodes"]}) == teams["totalCount"] == 25
    assert (used["graphql"], used["points"], found["cost"], used["operations"]) == (3, 3, 3, {"GRAPHQL Teams": 3})
    assert found["remaining"] == 5000 - 3


def test_a_connection_that_is_cut_short_is_no_answer(big):
    asker = Asker(big, big.world.personal_token("acme-owner", OWNER))
    fixed = TEAMS.replace(", $cursor: String", "").replace(", after: $cursor", "")
    found = asker.do({"graphql": fixed, "variables": {"owner": "acme", "page": 10}, "pages": True})[0]
    assert found["error"]["kind"] == "Undecodable"


# As whom


def test_an_owners_token_says_who_it_is_and_sees_all(served, by_owner, known):
    assert by_owner.do({"identity": True})[0] == {
        "kind": "Classic", "login": "acme-owner", "scopes": sorted(OWNER), "permissions": None, "selection": None,
        "organization_id": known[0].owner("acme").id, "is_owner": True, "sees_all": True,
    }


@pytest.mark.parametrize(("login", "scopes"), [("ben", OWNER), ("acme-owner", ["admin:org"]), ("acme-owner", [])])
def test_whoever_is_no_owner_or_has_no_right_to_repositories_does_not_see_all(served, login, scopes):
    assert Asker(served, served.world.personal_token(login, scopes)).do({"identity": True})[0]["sees_all"] is False


def test_an_app_sees_all_if_it_was_installed_for_all(served, known, by_app):
    found = by_app.do({"identity": True})[0]
    assert (found["kind"], found["selection"], found["sees_all"], found["login"]) == ("Installation", "All", True, None)
    assert found["permissions"] == {"metadata": "read"} | EVERYTHING
    some = served.world.install_app(EVERYTHING, repositories=["shop"], slug="some")
    found = Asker(served, app=some).do({"identity": True})[0]
    assert (found["selection"], found["sees_all"]) == ("Selected", False)
    # What a run of GitHub Actions gets, for example.
    token = served.world.installation_token(known[1]["installation_id"])
    found = Asker(served, token).do({"identity": True})[0]
    assert (found["kind"], found["sees_all"], found["permissions"]) == ("Installation", True, None)


def test_a_fine_grained_token_never_sees_all(served):
    token = served.world.fine_grained_token("acme-owner", EVERYTHING)
    assert Asker(served, token).do({"identity": True})[0]["sees_all"] is False


def test_an_app_fetches_one_token_for_many_who_ask_at_once(served, by_app):
    found, used = by_app.do(SHOP | {"at_once": 30}, USED)
    assert answered(found) == 30
    renewals = used["operations"]["POST /app/installations/{installation_id}/access_tokens"]
    assert (renewals, used["rest"]) == (1, 31)


def test_an_apps_token_is_renewed_before_it_ends_and_when_it_is_refused(served, by_app, known):
    started = by_app.start(SHOP, SHOP | {"at_once": 5}, USED)
    first, others, used = by_app.finish(started)
    assert answered([first, *others]) == 6
    served.log.clear()
    asker = Asker(served, app=known[1])
    # So little is left of the token's hour afterwards that it is not used any more.
    token_time = 3600 - 200
    steps = [SHOP, {"call": "GET /orgs/{org}", "input": {}}, SHOP, USED]
    served.plan.add("latency", seconds=0.6, path="GET /orgs/acme")
    started = asker.start(*steps)
    wait_for(lambda: any(each["operation"] == "/repos/{owner}/{repo}" for each in served.requests()))
    served.clock.advance(token_time)
    *answers, used = asker.finish(started)
    assert answered(answers) == 3
    assert used["operations"]["POST /app/installations/{installation_id}/access_tokens"] == 2
    assert 401 not in {each["status"] for each in served.requests()}


def wait_for(is_so) -> None:
    ends = time.monotonic() + 20
    while not is_so():
        assert time.monotonic() < ends
        time.sleep(0.02)


def test_an_app_whose_token_is_refused_fetches_another_one_once(served, known, by_app):
    steps = [SHOP, {"call": "GET /orgs/{org}", "input": {}}, SHOP | {"at_once": 10}, USED]
    served.plan.after(2, "revoke_installation", known[1]["installation_id"])
    first, again, many, used = by_app.do(*steps)
    assert answered([first, again, *many]) == 12
    assert used["operations"]["POST /app/installations/{installation_id}/access_tokens"] == 2


def test_a_clock_that_is_wrong_is_put_right_by_githubs(served, by_app):
    served.clock.advance(7200)
    assert by_app.call("GET /orgs/{org}")["login"] == "acme"
    served.clock.advance(-14400)
    assert by_app.call("GET /orgs/{org}")["login"] == "acme"


def test_who_is_nobody_is_told_so(served, known, by_owner):
    token = served.world.personal_token("ben", OWNER)
    served.world.revoke(token)
    error = Asker(served, token).error("GET /orgs/{org}")
    assert (error["kind"], error["code"]) == ("AccessDenied", "401")
    assert error["message"] == "github:GET /orgs/{org}: GitHub does not take the credential: Bad credentials: it was revoked, has expired, or is mistyped"
    other = served.world.install_app({}, slug="other")
    error = Asker(served, app=known[1] | {"private_key": other["private_key"]}).error("GET /orgs/{org}")
    assert error["code"] == "401" and "is the key one of this App's" in error["message"]
    error = Asker(served, app=known[1] | {"installation_id": 999_999}).error("GET /orgs/{org}")
    assert error["code"] == "401" and "no such installation" in error["message"]


def test_a_token_that_is_revoked_in_the_middle_ends_what_is_left_with_the_reason(served):
    token = served.world.personal_token("acme-owner", OWNER)
    served.plan.after(10, "revoke", token)
    found, = Asker(served, token, parallel=2).do(SHOP | {"at_once": 30})
    errors = [each["error"] for each in found if "error" in each]
    assert answered(found) >= 8 and len(errors) >= 18
    assert {(error["kind"], error["code"]) for error in errors} == {("AccessDenied", "401")}


# What is denied says what to grant


@pytest.mark.parametrize(("permissions", "operation", "given", "grant"), [
    ({"metadata": "read"}, "GET /repos/{owner}/{repo}/hooks", {"repo": "shop"}, "repository_hooks: read"),
    ({"metadata": "read"}, "GET /repos/{owner}/{repo}/branches/{branch}/protection", {"repo": "shop", "branch": "main"}, "administration: read"),
    ({"organization_administration": "read"}, "GET /orgs/{org}/rulesets", {}, "organization_administration: write"),
    ({"metadata": "read"}, "GET /orgs/{org}/teams", {}, "members: read"),
])
def test_an_app_that_lacks_a_permission_hears_which(served, permissions, operation, given, grant):
    error = Asker(served, app=served.world.install_app(permissions, slug="few")).error(operation, **given)
    assert (error["kind"], error["code"]) == ("AccessDenied", "403")
    assert error["message"] == f"github:{operation}: Resource not accessible by integration: it needs the permission {grant}"


@pytest.mark.parametrize(("scopes", "operation", "given", "grant"), [
    (["repo"], "GET /orgs/{org}/hooks", {}, "admin:org_hook"),
    (["repo"], "GET /orgs/{org}/rulesets", {}, "admin:org"),
    (["read:org"], "GET /repos/{owner}/{repo}/hooks", {"repo": "shop"}, "repo"),
    ([], "GET /repos/{owner}/{repo}/actions/secrets", {"repo": "shop"}, "repo"),
])
def test_a_token_that_lacks_a_scope_hears_which_and_nothing_is_called_gone(served, scopes, operation, given, grant):
    served.world.repository("shop").visibility = "public"
    error = Asker(served, served.world.personal_token("acme-owner", scopes)).error(operation, **given)
    assert (error["kind"], error["code"]) == ("AccessDenied", "403")
    assert re.search(rf"it needs a token with the scope .*\b{grant}\b", error["message"]), error


# Limits


def test_the_hours_limit_in_the_middle_is_waited_for_and_never_run_into(served, by_owner):
    served.limits.core = 30
    served.limits.window = 2
    found, used = by_owner.do(SHOP | {"at_once": 50}, USED)
    assert answered(found) == 50
    assert "403" not in served.counters()["status"]
    assert used["rest"] == 50 and used["waited"] > 1


def test_the_hours_limit_is_told_with_its_end_where_it_is_further_away_than_patience(served):
    asker = Asker(served, served.world.personal_token("acme-owner", OWNER), patience=1)
    served.limits.core = 5
    found, plain = asker.do(SHOP | {"at_once": 9}, {"get": "/repos/acme/shop"})
    assert answered(found) == 5
    assert {(each["error"]["kind"], each["error"]["code"]) for each in found if "error" in each} == {("Throttled", "429")}
    until = datetime.fromisoformat(plain["error"]["until"])
    assert plain["error"]["secondary"] is False
    assert 3500 < (until - datetime.now(timezone.utc)).total_seconds() < 3610
    assert served.counters()["status"].get("403", 0) <= 4, "those that were under way when it was reached"


@pytest.mark.parametrize("status", [403, 429])
def test_a_limit_that_others_used_up_is_waited_for(served, by_owner, status):
    """All tokens of a user share theirs."""
    served.limits.core, served.limits.window, served.limits.primary_status = 1, 2, status
    other = Asker(served, served.world.personal_token("acme-owner", OWNER))
    assert other.call("GET /orgs/{org}")["login"] == "acme"
    assert by_owner.call("GET /orgs/{org}")["login"] == "acme"
    assert str(status) in served.counters()["status"]


def test_graphqls_limit_is_told_with_200_and_waited_for(served, by_owner):
    served.limits.graphql, served.limits.window = 3, 2
    step = {"graphql": "query Viewer { viewer { login } }"}
    *found, used = by_owner.do(*[step] * 5, USED)
    assert [each["data"]["viewer"]["login"] for each in found] == ["acme-owner"] * 5
    assert used["waited"] > 0.5
    asker = Asker(served, served.world.personal_token("acme-owner", OWNER), patience=0)
    served.limits.window = 3600
    served.limits.graphql = 0
    served.clock.advance(4)
    assert asker.do(step)[0]["error"]["kind"] == "Limited"


def test_the_points_of_a_minute_are_kept_to_and_never_refused(served):
    served.limits.minute, served.limits.rest_points_a_minute, served.limits.graphql_points_a_minute = 1, 20, 3
    asker = Asker(served, served.world.personal_token("acme-owner", OWNER), minute=1, rest_points=20, graphql_points=3)
    query = {"graphql": "query Viewer { viewer { login } }", "at_once": 7}
    found, queried, used = asker.do(SHOP | {"at_once": 50}, query, USED)
    assert answered(found) == 50 and sum("data" in each for each in queried) == 7
    assert served.counters()["status"] == {"200": 57}
    assert used["waited"] > 2, "fifty at twenty a second take more than two"


@pytest.mark.parametrize(("says_when", "status"), [(True, 403), (False, 403), (True, 429), (False, 429)])
def test_a_secondary_limit_is_waited_for_and_is_no_missing_right(served, by_owner, says_when, status):
    served.limits.minute, served.limits.rest_points_a_minute = 1, 10
    served.limits.says_when, served.limits.secondary_status = says_when, status
    found, used = by_owner.do(SHOP | {"at_once": 25}, USED)
    assert answered(found) == 25
    refused = served.counters()["status"][str(status)]
    assert 0 < refused <= 40 and used["rest"] == 25 + refused


def test_so_many_are_under_way_at_once_as_the_settings_say(served, by_owner):
    served.plan.add("latency", seconds=0.2)
    by_owner.do(SHOP | {"at_once": 60})
    assert 10 < served.counters()["most_at_once"] <= 20


def test_a_server_without_limits_says_nothing_of_them_and_is_asked_all_the_same(served, by_owner):
    served.limits.enforced = False
    assert answered(by_owner.do(SHOP | {"at_once": 20})[0]) == 20


# What did not change


@pytest.mark.parametrize("who", ["by_owner", "by_app"])
def test_what_did_not_change_is_not_sent_again_and_costs_nothing_of_the_hour(request, served, who):
    asker = request.getfixturevalue(who)
    steps = [{"get": "/repos/acme/shop"}, {"get": "/repos/acme/shop", "unless": 0}, {"list": "/repos/acme/shop/hooks"}, {"list": "/repos/acme/shop/hooks", "unless": 2}, USED]
    first, again, hooks, hooks_again, used = asker.do(*steps)
    assert (first["status"], first["not_modified"], again["status"], again["not_modified"], again["body"]) == (200, False, 304, True, None)
    assert again["validator"] == first["validator"]
    assert (len(hooks["body"]), hooks_again["not_modified"], used["not_modified"]) == (1, True, 2)
    assert served.counters()["cost"]["core"] == 2


def test_another_tokens_validator_is_not_sent_and_a_change_is_seen(served, by_owner):
    first = by_owner.do({"get": "/repos/acme/shop"})[0]
    assert len(first["validator"]["token"]) == 16
    served.world.repository("shop").description = "changed"
    found = by_owner.do({"get": "/repos/acme/shop"}, {"get": "/repos/acme/shop", "unless": 0})
    assert found[1]["not_modified"] is True and found[0]["body"]["description"] == "changed"


def test_a_list_of_several_pages_has_no_validator(big):
    asker = Asker(big, big.world.personal_token("acme-owner", OWNER))
    found = asker.do({"list": "/orgs/acme/repos"}, {"list": "/orgs/acme/teams"}, {"list": "/orgs/acme/teams", "query": {"per_page": "25"}})
    assert [bool(each["validator"]) for each in found] == [False, True, False], "a full page may have another one after it tomorrow"


# Bad days


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_a_failure_now_and_then_is_asked_again(served, by_owner, status):
    served.plan.add("error", status=status, every=4, html=status == 502)
    found, used = by_owner.do(SHOP | {"at_once": 40}, USED)
    assert answered(found) >= 38 and used["retries"] >= 10


def test_a_failure_that_stays_is_told_after_three_tries(served, by_owner):
    served.plan.add("error", status=500)
    assert by_owner.error("GET /orgs/{org}") == {"kind": "Transport", "code": "500", "status": 500, "message": "github:GET /orgs/{org}: GitHub failed (500)"}
    assert served.counters()["requests"] == 3


@pytest.mark.parametrize("fault", ["cut", "hang_up"])
def test_an_answer_that_breaks_off_is_asked_again(served, by_owner, fault):
    served.plan.add(fault, every=3)
    found, used = by_owner.do(SHOP | {"at_once": 30}, USED)
    assert answered(found) >= 28 and used["retries"] >= 9
    served.plan.be_kind()
    served.plan.add(fault)
    error = by_owner.error("GET /orgs/{org}")
    assert (error["kind"], error["status"]) == ("Transport", 0) and "no answer came" in error["message"] and "127.0.0.1" not in error["message"]


def test_a_silence_is_an_answer_that_did_not_come(served):
    served.plan.add("latency", seconds=3, path="GET /repos/*")
    asker = Asker(served, served.world.personal_token("acme-owner", OWNER), silence=0.2)
    assert "said nothing for too long" in asker.error("GET /repos/{owner}/{repo}", repo="shop")["message"]


@pytest.mark.parametrize("fault", [{"kind": "timeout", "nodes": 5, "status": 502}, {"kind": "timeout", "nodes": 5, "status": 504}, {"kind": "latency", "seconds": 3}])
def test_a_query_that_is_too_much_asks_for_less_at_once(big, fault):
    big.plan.add(fault.pop("kind"), path="POST /graphql", **fault)
    asker = Asker(big, big.world.personal_token("acme-owner", OWNER), silence=0.3)
    found = asker.do({"graphql": TEAMS, "variables": {"owner": "acme", "page": 20}}, USED)
    assert (found[0]["error"]["kind"], found[0]["error"]["asks_for_less"], found[1]["graphql"]) == ("Server", True, 1)


def test_a_repository_that_was_renamed_is_read_by_its_old_name_and_that_is_told(served, by_owner, by_app):
    served.world.rename_repository("shop", "store")
    for asker in (by_owner, by_app):
        moved, there, hooks = asker.do({"get": "/repos/acme/shop"}, {"get": "/repos/acme/store"}, {"list": "/repos/acme/shop/hooks"})
        assert (moved["body"]["name"], moved["moved"], there["moved"]) == ("store", True, False)
        assert (len(hooks["body"]), hooks["moved"]) == (1, True)
        assert asker.call("GET /repos/{owner}/{repo}", repo="shop")["name"] == "store"


def test_a_query_of_which_a_part_fails_brings_the_rest_and_says_what_is_missing(served, by_owner):
    text = 'query Two { a: repository(owner: "acme", name: "shop") { name } b: repository(owner: "acme", name: "nowhere") { name } c: repository(owner: "acme", name: "inside") { name } }'
    served.plan.add("partial", name="inside")
    found = by_owner.do({"graphql": text})[0]
    assert found["data"] == {"a": {"name": "shop"}, "b": None, "c": None}
    assert sorted((each["kind"], each["path"]) for each in found["errors"]) == [("", ["c"]), ("NOT_FOUND", ["b"])]


def test_what_the_limits_of_a_query_cut_off_is_told(big):
    big.plan.add("resource_limits", path="POST /graphql", nodes=5)
    asker = Asker(big, big.world.personal_token("acme-owner", OWNER))
    found = asker.do({"graphql": TEAMS, "variables": {"owner": "acme", "page": 20}})[0]
    assert "RESOURCE_LIMITS_EXCEEDED" in {each["kind"] for each in found.get("errors", ())} or found["error"]["asks_for_less"]


def test_a_query_through_the_catalogs_port_is_whole_or_an_error(served, by_owner, by_app, known):
    assert by_owner.call("GRAPHQL Organization")["organization"]["databaseId"] == known[0].owner("acme").id
    error = by_owner.error("GRAPHQL Organization", owner="nobody")
    assert (error["kind"], error["code"]) == ("Service", "404")
    shop, platform = known[0].repository("shop"), known[0].team("platform")
    rule = node_id("BranchProtectionRule", shop.id, next(iter(shop.protections)))
    assert by_owner.call("GRAPHQL BranchProtection", id=rule)["node"]["pattern"] == "main"
    error = by_owner.error("GRAPHQL BranchProtection", id=node_id("BranchProtectionRule", shop.id, 999_999))
    assert (error["kind"], error["code"]) == ("Service", "404")
    # An App may not see the other Apps that a rule names, and so not all of the rule.
    error = by_app.error("GRAPHQL BranchProtection", id=rule)
    assert (error["kind"], error["code"]) == ("AccessDenied", "403")
    assert re.search(r"Resource not accessible by integration \(at node\.\w+\.nodes\.\d\.actor", error["message"]), error
    for team in ("platform", str(platform.id), platform.id):
        members = by_app.call("GRAPHQL TeamMembers", team=team)["node"]["members"]["edges"]
        assert [each["node"]["login"] for each in members] == ["OctoCat"]
    assert by_owner.error("GRAPHQL TeamMembers", team="nobody")["code"] == "404"


def test_a_team_of_more_members_than_a_page_holds_comes_whole(big):
    asker = Asker(big, big.world.personal_token("acme-owner", OWNER))
    slug = asker.call("GET /orgs/{org}/teams")[0]["slug"]
    everybody = [each["login"] for each in asker.call("GET /orgs/{org}/members")]
    for login in everybody:
        big.world.set_team_member(slug, login, "member")
    found = asker.call("GRAPHQL TeamMembers", team=slug)["node"]["members"]
    assert {each["node"]["login"] for each in found["edges"]} == set(everybody) and len(found["edges"]) > 100


# The wire


@pytest.fixture(scope="session")
def certified(tmp_path_factory) -> tuple[Path, Path]:
    """A certificate for this machine that is its own authority, and its key."""
    folder = tmp_path_factory.mktemp("certificate")
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(timezone.utc)
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(1)
    made = made.not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))
    made = made.add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
    made = made.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True).sign(key, hashes.SHA256())
    (folder / "certificate.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (folder / "key.pem").write_bytes(private)
    return folder / "certificate.pem", folder / "key.pem"


class Tls:
    """In front of the served GitHub, on another port."""

    def __init__(self, served: ServedGitHub, certificate: Path, key: Path):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        self._behind, self._listener = served.port, context.wrap_socket(socket.create_server(("127.0.0.1", 0)), server_side=True)
        self.url = f"https://localhost:{self._listener.getsockname()[1]}"
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except ssl.SSLError:
                continue
            except OSError:
                return
            self._pass_on(connection)

    def _pass_on(self, connection: ssl.SSLSocket) -> None:
        with connection, socket.create_connection(("127.0.0.1", self._behind)) as behind:
            behind.sendall(connection.recv(65536))
            answer = http.client.HTTPResponse(behind)
            answer.begin()
            body = answer.read()
            connection.sendall(f"HTTP/1.1 {answer.status} x\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode() + body)

    def __enter__(self) -> Tls:
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.close()


def test_https_is_spoken_with_whom_the_system_trusts_and_with_nobody_else(served, by_owner, certified):
    with Tls(served, *certified) as tls:
        by_owner.environment |= {"GITHUB_BASE_URL": tls.url}
        error = by_owner.error("GET /orgs/{org}")
        assert error["kind"] == "Transport" and "certificate" in error["message"]
        by_owner.environment |= {"SSL_CERT_FILE": str(certified[0])}
        assert by_owner.call("GET /orgs/{org}")["login"] == "acme"


def test_an_apps_key_is_taken_in_both_forms_in_which_it_is_written(served, known):
    for form in (serialization.PrivateFormat.TraditionalOpenSSL, serialization.PrivateFormat.PKCS8):
        key = serialization.load_pem_private_key(known[1]["private_key"].encode(), None)
        pem = key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()).decode()
        assert Asker(served, app=known[1] | {"private_key": pem}).call("GET /orgs/{org}")["login"] == "acme"
