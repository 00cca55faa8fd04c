"""The served GitHub: its limits and its bad days are GitHub's."""

import concurrent.futures
import http.client
import time

import pytest

from support.served_github import World
from support.served_github.client import Client
from support.served_github.organisation import populate
from support.served_github.sample import OWNER, signed


# Limits


def test_every_answer_says_what_is_left_of_the_hour(served, owner):
    told = owner.get("/repos/acme/shop").headers
    assert (told["x-ratelimit-limit"], told["x-ratelimit-used"], told["x-ratelimit-remaining"], told["x-ratelimit-resource"]) == ("5000", "1", "4999", "core")
    assert 3590 < int(told["x-ratelimit-reset"]) - time.time() < 3602
    again = owner.get("/repos/acme/nowhere").headers
    assert again["x-ratelimit-used"] == "2"
    graphql = owner.query("{ viewer { login } }").headers
    assert (graphql["x-ratelimit-used"], graphql["x-ratelimit-resource"]) == ("1", "graphql")
    limits = owner.get("/rate_limit").json["resources"]
    assert (limits["core"]["used"], limits["graphql"]["used"]) == (2, 1)


def test_the_primary_limit_of_rest_holds_until_it_resets(served, owner):
    served.limits.core = 3
    assert [owner.get("/repos/acme/shop").status for _ in range(4)] == [200, 200, 200, 403]
    refused = owner.get("/repos/acme/shop")
    assert refused.headers["x-ratelimit-remaining"] == "0"
    assert "retry-after" not in refused.headers
    assert refused.json["message"].startswith("API rate limit exceeded for user ID")
    other = Client(served, served.world.personal_token("acme-owner", OWNER))
    assert other.get("/repos/acme/shop").status == 403, "all tokens of a user share their limit"
    assert Client(served, served.world.personal_token("ben", OWNER)).get("/repos/acme/shop").status == 200
    assert owner.get("/rate_limit").status == 200
    served.limits.primary_status = 429
    assert owner.get("/repos/acme/shop").status == 429
    served.clock.advance(int(refused.headers["x-ratelimit-reset"]) - time.time() + 1)
    assert owner.get("/repos/acme/shop").status == 200


def test_the_primary_limit_of_graphql_is_told_with_200(served, owner):
    served.limits.graphql = 2
    replies = [owner.query("{ viewer { login } }") for _ in range(3)]
    assert [reply.status for reply in replies] == [200, 200, 200]
    assert replies[2].json["errors"][0]["type"] == "RATE_LIMITED"
    assert "data" not in replies[2].json
    assert replies[2].headers["x-ratelimit-remaining"] == "0"
    assert owner.get("/user").status == 200
    served.limits.window = 1
    served.clock.advance(3600)
    assert "data" in owner.query("{ viewer { login } }").json
    assert int(owner.query("{ viewer { login } }").headers["x-ratelimit-reset"]) - time.time() < 3603


@pytest.mark.parametrize(
    ("plan", "repositories", "members", "core", "graphql"),
    [("team", 0, 0, 5000, 5000), ("team", 30, 40, 5000 + 50 * 10 + 50 * 21, 5000 + 50 * 10 + 50 * 21), ("team", 200, 100, 12500, 12500), ("enterprise", 200, 100, 15000, 10000)],
)
def test_an_installations_limit_grows_with_the_organisation(_server, plan, repositories, members, core, graphql):
    world = World()
    organisation = world.organisation("acme")
    organisation.plan = plan
    populate(organisation, repositories=repositories, teams=0, members=members, seed=1)
    _server.serve(world)
    resources = Client(_server, _server.world.installation_token(_server.world.install_app({})["installation_id"])).get("/rate_limit").json["resources"]
    assert (resources["core"]["limit"], resources["graphql"]["limit"]) == (core, graphql)


def test_more_than_900_points_a_minute_are_refused_and_a_304_is_a_point(served, owner):
    served.limits.rest_points_a_minute = 5
    tag = owner.get("/repos/acme/shop").headers["etag"]
    assert [owner.get("/repos/acme/shop", If_None_Match=tag).status for _ in range(5)] == [304, 304, 304, 304, 403]
    refused = owner.get("/repos/acme/shop")
    assert refused.json["message"].startswith("You have exceeded a secondary rate limit")
    assert 50 <= int(refused.headers["retry-after"]) <= 60
    assert int(refused.headers["x-ratelimit-remaining"]) > 4000
    assert owner.query("{ viewer { login } }").status == 200, "GraphQL has points of its own"
    served.clock.advance(61)
    assert owner.get("/repos/acme/shop").status == 200


def test_whoever_waits_as_told_has_the_whole_minute_again_and_refusals_do_not_count(served, owner):
    served.limits.rest_points_a_minute = 3
    statuses = [owner.get("/repos/acme/shop").status for _ in range(9)]
    assert statuses == [200] * 3 + [403] * 6
    served.clock.advance(int(owner.get("/repos/acme/shop").headers["retry-after"]))
    assert [owner.get("/repos/acme/shop").status for _ in range(4)] == [200, 200, 200, 403]
    served.limits.minute = 0.2
    time.sleep(0.3)
    assert owner.get("/repos/acme/shop").status == 200


def test_what_writes_takes_five_points(served, known):
    world, app = known
    myself = Client(served, signed(app, world.clock.now()))
    served.limits.rest_points_a_minute = 9
    path = f"/app/installations/{app['installation_id']}/access_tokens"
    assert [myself.ask("POST", path).status for _ in range(2)] == [201, 403]
    assert [myself.get("/app").status for _ in range(5)] == [200] * 4 + [403]


def test_more_than_2000_points_a_minute_of_graphql_are_refused(served, owner):
    served.limits.graphql_points_a_minute = 2
    assert [owner.query("{ viewer { login } }").status for _ in range(3)] == [200, 200, 403]
    served.limits.rest_points_a_minute = 1
    assert owner.get("/user").status == 200, "REST has points of its own"
    served.limits.secondary_status = 429
    served.limits.says_when = False
    reply = owner.query("{ viewer { login } }")
    assert (reply.status, "retry-after" in reply.headers) == (429, False)


def test_the_numbers_of_the_limits_are_githubs(served):
    limits = served.limits
    assert (limits.rest_points_a_minute, limits.graphql_points_a_minute, limits.concurrent) == (900, 2000, 100)
    assert (limits.computing_a_minute, limits.graphql_computing_a_minute, limits.window) == (90, 60, 3600)


def test_more_than_so_many_at_once_are_refused(served, owner):
    served.limits.concurrent = 4
    served.plan.add("latency", seconds=0.8)
    with concurrent.futures.ThreadPoolExecutor(12) as pool:
        statuses = sorted(reply.status for reply in pool.map(lambda _: owner.get("/repos/acme/shop"), range(12)))
    assert statuses[0] == 200 and statuses[-1] == 403
    assert served.counters()["most_at_once"] > 4
    served.plan.be_kind()
    assert owner.get("/repos/acme/shop").status == 200


def test_too_much_computing_in_a_minute_is_refused(served, owner):
    served.limits.computing_a_minute = 0.5
    served.plan.add("latency", seconds=0.3)
    assert [owner.get("/repos/acme/shop").status for _ in range(3)] == [200, 200, 403]


def test_limits_can_be_off_as_on_enterprise_server(served, owner):
    served.limits.core = 1
    served.limits.enforced = False
    replies = [owner.get("/repos/acme/shop") for _ in range(3)]
    assert [reply.status for reply in replies] == [200, 200, 200]
    assert "x-ratelimit-limit" not in replies[0].headers
    assert served.counters()["cost"] == {"core": 3}, "what it would have cost is still counted"


# What a query costs


def test_a_query_costs_what_githubs_formula_says(owner):
    """The example of the documentation, with what this world holds: 1 + 100 + 100 x 50 requests are 51 points."""
    text = """{ rateLimit { cost nodeCount remaining used } organization(login: "acme") { repositories(first: 100) { nodes {
        branchProtectionRules(first: 50) { nodes { pushAllowances(first: 60) { totalCount } } } } } } }"""
    told = owner.data(text)["rateLimit"]
    assert told["cost"] == 51
    assert told["nodeCount"] == 100 + 100 * 50 + 100 * 50 * 60
    assert (told["used"], told["remaining"]) == (51, 4949)
    assert owner.data("{ rateLimit { cost } }")["rateLimit"]["cost"] == 1


def test_fragments_and_variables_count_as_what_they_stand_for(owner):
    text = """query($size: Int = 100) { rateLimit { cost } organization(login: "acme") { ...some } }
        fragment some on Organization { repositories(first: $size) { nodes { ... on Repository { labels(first: 10) { totalCount } environments(first: 10) { totalCount } } } } }"""
    assert owner.data(text)["rateLimit"]["cost"] == 2
    assert owner.data(text, size=25)["rateLimit"]["cost"] == 1


@pytest.mark.parametrize(
    ("arguments", "kind"),
    [("", "MISSING_PAGINATION_BOUNDARIES"), ("(first: 101)", "EXCESSIVE_PAGINATION"), ("(first: 100)", "MAX_NODE_LIMIT_EXCEEDED")],
)
def test_a_query_that_asks_for_too_much_is_refused_and_costs_nothing(served, owner, arguments, kind):
    inner = "{ totalCount }" if kind != "MAX_NODE_LIMIT_EXCEEDED" else "{ nodes { pushAllowances(first: 100) { totalCount } } }"
    text = f'{{ organization(login: "acme") {{ repositories(first: 100) {{ nodes {{ branchProtectionRules{arguments} {inner} }} }} }} }}'
    reply = owner.query(text)
    assert (reply.status, reply.json["errors"][0]["type"]) == (200, kind)
    assert "data" not in reply.json
    assert reply.headers["x-ratelimit-used"] == "0"
    assert served.requests()[-1]["cost"] == 0


# Bad days


def test_every_nth_request_can_fail(served, owner):
    served.plan.add("error", status=503, every=3)
    assert [owner.get("/repos/acme/shop").status for _ in range(6)] == [200, 200, 503, 200, 200, 503]
    served.plan.be_kind()
    served.plan.add("error", status=502, html=True, times=1, path="POST /graphql", operation="wanted")
    assert owner.query("query other { viewer { login } }").status == 200
    failed = owner.query("query wanted { viewer { login } }")
    assert (failed.status, failed.headers["content-type"]) == (502, "text/html; charset=utf-8")
    assert owner.query("query wanted { viewer { login } }").status == 200


def test_an_answer_can_be_slow(served, owner):
    served.plan.add("latency", seconds=0.3, path="GET /repos/*/labels")
    begun = time.monotonic()
    assert owner.get("/repos/acme/shop/labels").status == 200
    assert time.monotonic() - begun >= 0.3
    assert served.requests()[-1]["seconds"] >= 0.3


def test_a_connection_can_end_without_an_answer_or_in_the_middle_of_it(served, owner):
    served.plan.add("hang_up", times=1)
    with pytest.raises(http.client.RemoteDisconnected):
        owner.get("/repos/acme/shop")
    served.plan.add("cut", times=1)
    with pytest.raises(http.client.IncompleteRead):
        owner.get("/repos/acme/shop")
    assert owner.get("/repos/acme/shop").status == 200


def test_the_secondary_limit_can_come_out_of_nowhere(served, owner):
    served.plan.add("secondary", retry_after=7, times=1)
    refused = owner.get("/repos/acme/shop")
    assert (refused.status, refused.headers["retry-after"]) == (403, "7")
    assert owner.get("/repos/acme/shop").status == 200


def test_one_object_can_fail_inside_an_answer(served, owner):
    served.plan.add("partial", name="shop")
    text = '{ organization(login: "acme") { repositories(first: 9, orderBy: {field: NAME, direction: ASC}) { nodes { name } edges { node { name } } } } repository(owner: "acme", name: "shop") { name } }'
    reply = owner.query(text)
    repositories = reply.json["data"]["organization"]["repositories"]
    assert reply.status == 200
    assert repositories["nodes"] == [{"name": "inside"}, {"name": "origin"}, None, {"name": "template"}]
    assert repositories["edges"][2]["node"] is None
    assert reply.json["data"]["repository"] is None
    assert ["organization", "repositories", "nodes", 2] in [error["path"] for error in reply.json["errors"]]
    assert "Something went wrong while executing your query" in reply.json["errors"][0]["message"]


def test_a_query_can_end_with_what_it_has(served, owner):
    served.plan.add("resource_limits", nodes=15)
    text = 'query($size: Int!) { organization(login: "acme") { repositories(first: $size) { nodes { name labels(first: 9) { nodes { name } } } } } }'
    reply = owner.query(text, size=4).json
    assert [node["labels"] is not None for node in reply["data"]["organization"]["repositories"]["nodes"]] == [True, False, False, False]
    assert {error["type"] for error in reply["errors"]} == {"RESOURCE_LIMITS_EXCEEDED"}
    assert reply["errors"][0]["path"] == ["organization", "repositories", "nodes", 1, "labels"]
    assert "errors" not in owner.query(text, size=1).json


def test_a_query_that_takes_too_long_ends_with_a_page_and_costs_more(served, owner):
    served.plan.add("timeout", nodes=100, status=504)
    text = 'query($size: Int!) { organization(login: "acme") { repositories(first: $size) { nodes { labels(first: 9) { totalCount } } } } }'
    reply = owner.query(text, size=50)
    assert (reply.status, reply.headers["content-type"]) == (504, "text/html; charset=utf-8")
    assert reply.headers["x-ratelimit-used"] == "2"
    assert owner.query(text, size=10).status == 200


def test_a_token_can_be_revoked_in_the_middle(served, owner):
    served.plan.after(2, "revoke", owner.token)
    assert [owner.get("/repos/acme/shop").status for _ in range(4)] == [200, 200, 401, 401]


def test_a_repository_can_be_deleted_in_the_middle(served, owner):
    served.plan.after(1, "delete_repository", "shop")
    assert [owner.get("/repos/acme/shop").status for _ in range(3)] == [200, 404, 404]


def test_a_misbehaviour_or_a_change_that_there_is_not_is_refused_when_it_is_planned(served):
    with pytest.raises(RuntimeError, match="no misbehaviour sulk"):
        served.plan.add("sulk")
    with pytest.raises(RuntimeError, match="cannot burn"):
        served.plan.after(1, "burn")


def test_a_client_that_does_as_githubs_pages_say_loses_nothing_on_a_bad_day(_server):
    """Limits that are reached, failures, objects that fail, and a repository that goes in the middle of it."""
    world = World()
    organisation = world.organisation("acme", repositories=1000, teams=20, members=50)
    _server.serve(world)
    names = [each.name for each in organisation.repositories.values()]
    client = Client(_server, _server.world.personal_token("acme-owner", OWNER))
    _server.limits.graphql = 7
    _server.plan.add("error", status=502, every=4, html=True)
    _server.plan.add("hang_up", every=11)
    _server.plan.add("secondary", every=13, retry_after=1)
    _server.plan.add("partial", name=names[500], times=2)
    _server.plan.after(9, "delete_repository", names[-1])
    text = """query everything($size: Int!, $after: String) { organization(login: "acme") { repositories(first: $size, after: $after) {
        pageInfo { hasNextPage endCursor } nodes { name visibility labels(first: 20) { totalCount } } } } }"""
    found, after, asked = {}, None, 0
    while asked < 200:
        asked += 1
        try:
            reply = client.query(text, size=40, after=after)
        except http.client.HTTPException:
            continue
        if reply.status != 200 or "data" not in reply.json:
            _server.clock.advance(int(reply.headers.get("retry-after", 0)) or (3601 if reply.headers.get("x-ratelimit-remaining") == "0" else 0))
            continue
        if "errors" in reply.json:
            continue
        page = reply.json["data"]["organization"]["repositories"]
        found |= {node["name"]: node["visibility"] for node in page["nodes"]}
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            break
    assert found == {each.name: each.visibility.upper() for each in organisation.repositories.values() if each.name != names[-1]}
    counters = _server.counters()
    assert counters["requests"] == asked
    assert {"error", "hang_up", "partial", "secondary"} <= counters["faults"].keys()
    assert any(entry["status"] == 200 and entry["cost"] == 0 for entry in _server.requests()), "the hour's limit was reached"
