"""The served GitHub: what it answers is as GitHub describes it, page by page, and nothing of it is made up."""

import json
import re
import urllib.parse

import pytest
from graphql import get_named_type, is_abstract_type, is_leaf_type, is_required_argument

from support.served_github import DESCRIPTION, SCHEMA, World
from support.served_github.client import Client
from support.served_github.graphql_api.execution import load_schema
from support.served_github.graphql_api.fields import FIELDS
from support.served_github.openapi import Description
from support.served_github.rest_api.routing import ROUTES
from support.served_github.sample import OWNER, signed


# What it answers is what GitHub describes


def path_of(template: str, world: World, app: dict) -> str:
    """A path of the description, of what the hand-made world has."""
    own = template.startswith("/orgs")
    acme, shop = world.owner("acme"), world.repository("shop")
    holder = acme if own else shop
    words = {
        "org": "acme", "owner": "acme", "repo": "shop", "team_slug": "platform", "branch": "main", "username": "octocat", "environment_name": "production",
        "ref": "heads/main" if "/git/ref/" in template else "heads/ma", "installation_id": app["installation_id"],
        "secret_name": "signing" if own else "token", "name": ("stage" if own else "region") if "variables" in template else "good first issue",
        "hook_id": next(iter(holder.hooks)), "ruleset_id": next(iter(holder.rulesets)), "key_id": next(iter(shop.keys)),
    }
    return re.sub(r"{(\w+)}", lambda match: urllib.parse.quote(str(words[match[1]]), safe="/"), template)


TEMPLATES = sorted({(route.method, route.template) for route in ROUTES})


@pytest.mark.parametrize(("method", "template"), TEMPLATES, ids=[" ".join(each) for each in TEMPLATES])
def test_an_endpoint_answers_as_githubs_description_has_it(served, known, method, template):
    """The server holds each answer against the description; here it is shown that it answers at all, and not with nothing."""
    world, app = known
    if template.startswith("/app") or template == "/orgs/{org}/installation":
        client = Client(served, signed(app, world.clock.now()))
    elif template.startswith("/installation"):
        client = Client(served, served.world.installation_token(app["installation_id"]))
    elif template.startswith("/user/"):
        client = Client(served, served.world.user_token("acme-owner", app["installation_id"]))
    else:
        client = Client(served, served.world.personal_token("acme-owner", OWNER))
    media = {"Accept": "application/vnd.github.v3.repository+json"} if template.endswith("/repos/{owner}/{repo}") else {}
    reply = client.ask(method, path_of(template, world, app), b"{}" if method == "POST" else None, **media)
    assert reply.status in (200, 201, 204), reply.body
    if reply.status == 204:
        assert reply.body == b""
    elif isinstance(reply.json, list) or "total_count" in reply.json:
        found = reply.json if isinstance(reply.json, list) else next(value for value in reply.json.values() if isinstance(value, list))
        assert found, "a list that is empty shows nothing of what is in it"


def test_an_answer_that_is_not_as_described_is_found_out(known):
    described = Description(DESCRIPTION)
    label = {"id": 1, "node_id": "LA_1", "url": "https://api.github.com/x", "name": "bug", "description": None, "color": "d73a4a", "default": True}
    of = lambda body: described.complaints("GET", "/repos/{owner}/{repo}/labels/{name}", 200, json.dumps(body).encode())  # noqa: E731
    assert of(label) == []
    assert "'color' is a required property" in of({name: value for name, value in label.items() if name != "color"})[0]
    assert "'colour' was unexpected" in of(label | {"colour": "red"})[0]
    assert "is not of type" in of(label | {"default": "yes"})[0]
    assert described.complaints("GET", "/repos/{owner}/{repo}/vulnerability-alerts", 204, b"{}") != []


def test_what_is_asked_of_a_classic_token_is_what_githubs_description_says():
    described = Description(DESCRIPTION)
    named = {(route.method, route.template): described.scopes(route.method, route.template) for route in ROUTES}
    asked = {(route.method, route.template): set(route.scope.replace("+", " ").split()) for route in ROUTES}
    assert named["GET", "/repos/{owner}/{repo}/collaborators"] == asked["GET", "/repos/{owner}/{repo}/collaborators"] == {"read:org", "repo"}
    assert sum(map(bool, named.values())) > 25
    # Where the text names none, nothing can be held against it.
    assert {key: scopes for key, scopes in asked.items() if named[key] and not scopes <= named[key]} == {}


def everything(schema, kind, deep: int, seen: frozenset = frozenset()) -> str:
    """A selection of every field of a type that is served, and of what they lead to."""
    if is_abstract_type(kind):
        possible = [each for each in schema.get_possible_types(kind) if each.name in FIELDS]
        return "__typename " + " ".join(f"... on {each.name} {{ {everything(schema, each, deep, seen)} }}" for each in possible if each.name not in seen)
    parts = ["__typename"]
    for name in FIELDS[kind.name]:
        field, inside = kind.fields[name], get_named_type(kind.fields[name].type)
        given = [f"{argument}: {REQUIRED[argument]}" for argument, value in field.args.items() if is_required_argument(value)]
        given += ["first: 2"] if "first" in field.args else []
        arguments = f"({', '.join(given)})" if given else ""
        # Two types may have a field of one name and different types; then one answer could not hold both.
        alias = f"{kind.name}_{name}: {name}"
        if is_leaf_type(inside):
            parts.append(alias + arguments)
        else:
            further = deep > 0 and inside.name not in seen
            parts.append(f"{alias}{arguments} {{ {everything(schema, inside, deep - 1, seen | {kind.name}) if further else '__typename'} }}")
    return " ".join(parts)


REQUIRED = {"login": '"acme"', "owner": '"acme"', "slug": '"platform"', "refPrefix": '"refs/heads/"', "qualifiedName": '"refs/heads/main"'}


def met(value, found: set) -> set:
    """Which fields of which types an answer holds."""
    if isinstance(value, dict):
        found |= {(value["__typename"], key.partition("_")[2]) for key in value if key != "__typename"}
        for each in value.values():
            met(each, found)
    elif isinstance(value, list):
        for each in value:
            met(each, found)
    return found


def test_every_field_of_graphql_that_is_served_is_answered(served, owner, known):
    """Of the one of everything, by entry points that between them lead to every type."""
    schema, (world, _) = load_schema(SCHEMA), known
    shop = world.repository("shop")
    REQUIRED["id"], REQUIRED["ids"] = f'"{shop.node_id}"', f'["{shop.node_id}"]'
    REQUIRED["databaseId"], REQUIRED["name"] = str(next(iter(shop.rulesets))), '"bug"'
    types = {name: schema.type_map[name] for name in FIELDS}
    entries = [
        f'repository(owner: "acme", name: "shop") {{ {everything(schema, types["Repository"], 6, frozenset({"Organization", "Team"}))} }}',
        f'organization(login: "acme") {{ {everything(schema, types["Organization"], 4, frozenset({"Repository"}))} }}',
        f'organization(login: "acme") {{ __typename Organization_team: team(slug: "platform") {{ {everything(schema, types["Team"], 4, frozenset({"Organization"}))} }} }}',
        f'rateLimit {{ {everything(schema, types["RateLimit"], 1)} }}',
        f'viewer {{ {everything(schema, types["User"], 1)} }} user(login: "ana") {{ __typename }} node(id: "{shop.node_id}") {{ __typename }} nodes(ids: ["{shop.node_id}"]) {{ __typename }}',
    ]
    found: set = set()
    for entry in entries:
        met({"__typename": "Query", **{f"Query_{name}": value for name, value in owner.data(f"{{ {entry} }}").items()}}, found)
    served_fields = {(kind, name) for kind, fields in FIELDS.items() for name in fields}
    assert found == served_fields


def test_what_the_world_does_not_hold_is_an_error_that_names_the_field(owner):
    reply = owner.query('{ repository(owner: "acme", name: "shop") { name latestRelease { tagName } diskUsage } }').json
    assert reply["data"] == {"repository": {"name": "shop", "latestRelease": None, "diskUsage": None}}
    assert [error["message"] for error in reply["errors"]] == [
        "The served GitHub does not hold Repository.latestRelease.",
        "The served GitHub does not hold Repository.diskUsage.",
    ]
    assert reply["errors"][0]["path"] == ["repository", "latestRelease"]
    assert owner.query('{ repository(owner: "acme", name: "shop") { stargazerCount } }').json["data"] == {"repository": None}
    reply = owner.query('{ organization(login: "acme") { repositories(first: 1, isLocked: true) { totalCount } } }').json
    assert "does not heed `isLocked`" in reply["errors"][0]["message"]
    assert "does not heed targets of /repos/{owner}/{repo}/rulesets" in owner.get("/repos/acme/shop/rulesets?targets=tag").json["traceback"]


def test_what_the_schema_does_not_have_is_refused_before_anything_is_asked(owner):
    reply = owner.query("{ organisation { login } }").json
    assert "Cannot query field 'organisation'" in reply["errors"][0]["message"]
    assert "data" not in reply
    assert "Syntax Error" in owner.query("{").json["errors"][0]["message"]
    assert "answers queries only" in owner.query('mutation { deleteRef(input: {refId: "x"}) { clientMutationId } }').json["errors"][0]["message"]


def test_both_apis_are_where_github_com_and_enterprise_server_have_them(served, owner):
    enterprise = Client(served, owner.token, "/api/v3")
    assert enterprise.get("/repos/acme/shop").json["url"] == f"{served.endpoint}/api/v3/repos/acme/shop"
    assert enterprise.get("/orgs/acme/repos?per_page=1").links["next"].startswith(f"{served.endpoint}/api/v3/orgs/acme/repos?")
    assert Client(served, owner.token, "/api/graphql").query("{ viewer { login } }").json == {"data": {"viewer": {"login": "acme-owner"}}}


# Pages


def test_pages_lead_to_the_end_and_no_further(big):
    client = Client(big, big.world.personal_token("acme-owner", OWNER))
    first = client.get("/orgs/acme/repos")
    assert len(first.json) == 30
    assert set(first.links) == {"next", "last"}
    assert len(client.get("/orgs/acme/repos?per_page=1000").json) == 100
    found = client.pages("/orgs/acme/repos?per_page=100&sort=full_name")
    assert [each["name"] for each in found] == sorted({each["name"] for each in found}, key=str.lower)
    assert len(found) == 230
    last = client.get("/orgs/acme/repos?per_page=100&page=3")
    assert set(last.links) == {"prev", "first"}
    assert client.get("/orgs/acme/repos?per_page=100&page=4").json == []
    assert len(client.pages("/orgs/acme/members?per_page=100")) == 121


def test_variables_come_in_smaller_pages_than_anything_else(served, owner):
    for number in range(40):
        served.world.add("variables", "shop", name=f"v{number:02}", value="x")
    assert len(owner.get("/repos/acme/shop/actions/variables").json["variables"]) == 10
    assert len(owner.get("/repos/acme/shop/actions/variables?per_page=100").json["variables"]) == 30
    assert len(owner.pages("/repos/acme/shop/actions/variables?per_page=30")) == 41


def test_connections_lead_to_the_end_and_lose_nothing_when_something_is_deleted_meanwhile(big):
    """A page of REST is counted off anew, so that it does; which is why it is shown beside."""
    client = Client(big, big.world.personal_token("acme-owner", OWNER))
    text = """query($after: String) { organization(login: "acme") { repositories(first: 100, after: $after, orderBy: {field: NAME, direction: ASC}) {
        totalCount pageInfo { hasNextPage endCursor } nodes { name } } } }"""
    page = client.data(text)["organization"]["repositories"]
    names = [node["name"] for node in page["nodes"]]
    rest = [each["name"] for each in client.get("/orgs/acme/repos?per_page=100&sort=full_name").json]
    assert rest == names
    big.world.delete_repository(names[10])
    rest += [each["name"] for number in (2, 3) for each in client.get(f"/orgs/acme/repos?per_page=100&sort=full_name&page={number}").json]
    while page["pageInfo"]["hasNextPage"]:
        page = client.data(text, after=page["pageInfo"]["endCursor"])["organization"]["repositories"]
        names += [node["name"] for node in page["nodes"]]
    assert page["totalCount"] == 229
    assert len(names) == len(set(names)) == 230
    assert len(set(names) - set(rest)) == 1


def test_a_connection_pages_from_either_end(owner):
    text = 'query($first: Int, $last: Int, $after: String, $before: String) { repository(owner: "acme", name: "shop") { labels(first: $first, last: $last, after: $after, before: $before) { nodes { name } edges { cursor } pageInfo { hasPreviousPage hasNextPage startCursor endCursor } } } }'
    labels = lambda **how: owner.data(text, **how)["repository"]["labels"]  # noqa: E731
    names = [node["name"] for node in labels(first=100)["nodes"]]
    assert len(names) == 9
    tail = labels(last=3)
    assert [node["name"] for node in tail["nodes"]] == names[6:]
    assert (tail["pageInfo"]["hasPreviousPage"], tail["pageInfo"]["hasNextPage"]) == (True, False)
    assert [node["name"] for node in labels(last=2, before=tail["pageInfo"]["startCursor"])["nodes"]] == names[4:6]
    assert owner.query(text, first=1, after="nonsense").json["errors"][0]["type"] == "INVALID_CURSOR_ARGUMENTS"


# What is held already


def test_an_answer_that_is_held_already_is_not_sent_again_and_costs_nothing(served, owner):
    first = owner.get("/repos/acme/shop")
    again = owner.get("/repos/acme/shop", If_None_Match=first.headers["etag"])
    assert (again.status, again.body) == (304, b"")
    assert again.headers["etag"] == first.headers["etag"]
    assert again.headers["x-ratelimit-remaining"] == first.headers["x-ratelimit-remaining"]
    assert owner.get("/repos/acme/shop", If_Modified_Since=first.headers["last-modified"]).status == 304
    served.world.repository("shop").description = "Sells more"
    changed = owner.get("/repos/acme/shop", If_None_Match=first.headers["etag"])
    assert (changed.status, changed.json["description"]) == (200, "Sells more")
    assert changed.headers["etag"] != first.headers["etag"]


def test_what_was_changed_since_is_sent(served, owner):
    first = owner.get("/repos/acme/shop")
    served.clock.advance(5)
    served.world.repository("shop").has_wiki = False
    assert owner.get("/repos/acme/shop", If_Modified_Since=first.headers["last-modified"]).status == 200


def test_a_tag_fits_no_other_token(served, owner):
    other = Client(served, served.world.personal_token("acme-owner", OWNER))
    tag = owner.get("/repos/acme/shop").headers["etag"]
    reply = other.get("/repos/acme/shop", If_None_Match=tag)
    assert reply.status == 200
    assert reply.body == owner.get("/repos/acme/shop").body
    assert owner.get("/repos/acme/shop", Accept="application/json").headers["etag"] != tag


# The server itself


def test_every_request_is_written_down_without_a_secret(served, owner):
    tag = owner.get("/repos/acme/shop").headers["etag"]
    owner.get("/repos/acme/shop", If_None_Match=tag)
    owner.query("query everything { viewer { login } }")
    entries = served.requests()
    assert [(each["method"], each["operation"], each["status"], each["cost"], each["conditional"]) for each in entries] == [
        ("GET", "/repos/{owner}/{repo}", 200, 1, False), ("GET", "/repos/{owner}/{repo}", 304, 0, True), ("POST", "everything", 200, 1, False),
    ]
    assert owner.token not in json.dumps(entries)
    assert entries[0]["credential"].startswith("classic ")
    counters = served.counters()
    assert (counters["requests"], counters["status"], counters["cost"]) == (3, {"200": 2, "304": 1}, {"core": 1, "graphql": 1})
    assert (counters["conditional"], counters["operations"]["GET /repos/{owner}/{repo}"]) == (1, 2)
    served.log.clear()
    assert served.requests() == []


def test_a_world_is_the_same_for_the_same_seed():
    one, other = (World() for _ in range(2))
    for world in (one, other):
        world.organisation("acme", repositories=40, teams=8, members=30, seed=3)
    written = lambda world: repr(list(world.owner("acme").repositories.values()))  # noqa: E731
    assert written(one) == written(other)
    third = World()
    third.organisation("acme", repositories=40, teams=8, members=30, seed=4)
    assert written(third) != written(one)


def test_a_world_of_any_size_holds_what_trips_up_a_client(big):
    client = Client(big, big.world.personal_token("acme-owner", OWNER))
    repositories = client.pages("/orgs/acme/repos?per_page=100")
    assert {each["visibility"] for each in repositories} == {"public", "private", "internal"}
    assert any(each["archived"] for each in repositories)
    renamed = next(each["name"] for each in repositories if each["name"].endswith("-renamed"))
    assert client.get(f"/repos/acme/{renamed.removesuffix('-renamed')}").status == 301
    teams = client.pages("/orgs/acme/teams?per_page=100")
    assert any(each["parent"] for each in teams) and any(each["privacy"] == "secret" for each in teams)
    assert any(each["login"] != each["login"].lower() for each in client.pages("/orgs/acme/members?per_page=100"))
    assert client.pages("/orgs/acme/invitations") and client.pages("/orgs/acme/outside_collaborators")


def test_the_world_is_changed_from_outside_as_it_would_be_inside(served, owner):
    served.world.repository("shop").visibility = "public"
    assert owner.get("/repos/acme/shop").json["visibility"] == "public"
    label = served.world.add("labels", "shop", name="drift", color="ff0000")
    label.color = "00ff00"
    assert owner.get("/repos/acme/shop/labels/drift").json["color"] == "00ff00"
    served.world.remove("labels", label.id, "shop")
    assert owner.get("/repos/acme/shop/labels/drift").status == 404
    with pytest.raises(RuntimeError, match="Repository has no visible"):
        served.world.repository("shop").visible = True
    with pytest.raises(RuntimeError, match="_names that can be reached"):
        served.world._names


def test_a_client_that_github_would_refuse_is_refused(served, owner):
    assert owner.get("/repos/acme/shop", User_Agent="").status == 403
    assert owner.get("/repos/acme/shop", X_GitHub_Api_Version="2019-01-01").status == 400
    assert owner.get("/repos/acme/shop", X_GitHub_Api_Version="2022-11-28").status == 200
    assert owner.get("/repos/acme/shop/").status == 404
    assert owner.ask("POST", "/graphql", b"no json").status == 400
