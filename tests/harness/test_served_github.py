"""The served GitHub: what it answers is as GitHub describes it, and its limits and bad days are GitHub's."""

import concurrent.futures
import http.client
import json
import pickle
import re
import time
import urllib.parse
from dataclasses import dataclass

import pytest
from graphql import get_named_type, is_abstract_type, is_leaf_type, is_required_argument
from joserfc import jwt
from joserfc.jwk import RSAKey

from support.served_github import DESCRIPTION, SCHEMA, ServedGitHub, World
from support.served_github.graphql_api.execution import load_schema
from support.served_github.graphql_api.fields import FIELDS
from support.served_github.node_ids import legacy_node_id, node_id, parse_node_id
from support.served_github.openapi import Description
from support.served_github.organisation import populate
from support.served_github.rest_api.routing import ROUTES

OWNER = ["repo", "admin:org", "admin:repo_hook", "admin:org_hook"]
EVERYTHING = {
    name: "read"
    for name in (
        "actions actions_variables administration contents dependabot_secrets issues members metadata organization_actions_variables "
        "organization_hooks organization_secrets pages pull_requests repository_hooks secrets"
    ).split()
} | {"organization_administration": "write"}


@dataclass
class Reply:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def links(self) -> dict[str, str]:
        return {name: url for url, name in re.findall(r'<([^>]+)>; rel="(\w+)"', self.headers.get("link", ""))}


class Client:
    """Somebody with a token, who neither repeats nor follows anything."""

    def __init__(self, served: ServedGitHub, token: str | None, prefix: str = ""):
        self.served, self.token, self.prefix = served, token, prefix

    def ask(self, method: str, path: str, body: bytes | None = None, **headers: str) -> Reply:
        connection = http.client.HTTPConnection("127.0.0.1", self.served.port, timeout=30)
        sent = {"User-Agent": "driftwire-tests", "Accept": "application/vnd.github+json"} | {name.replace("_", "-"): value for name, value in headers.items()}
        if self.token:
            sent["Authorization"] = f"Bearer {self.token}"
        try:
            connection.request(method, self.prefix + path, body, {name: value for name, value in sent.items() if value})
            response = connection.getresponse()
            return Reply(response.status, {name.lower(): value for name, value in response.getheaders()}, response.read())
        finally:
            connection.close()

    def get(self, path: str, **headers: str) -> Reply:
        return self.ask("GET", path, **headers)

    def pages(self, path: str) -> list:
        """Every item, by following `Link`."""
        found, reply = [], self.get(path)
        while True:
            assert reply.status == 200, reply.body
            body = reply.json
            found += body if isinstance(body, list) else next(value for value in body.values() if isinstance(value, list))
            if "next" not in reply.links:
                return found
            reply = self.get(reply.links["next"].removeprefix(self.served.endpoint).removeprefix(self.prefix))

    def query(self, text: str, **variables) -> Reply:
        body = json.dumps({"query": text, "variables": variables}).encode()
        return self.ask("POST", "/graphql" if not self.prefix else "", body)

    def data(self, text: str, **variables):
        reply = self.query(text, **variables).json
        assert "errors" not in reply, reply["errors"]
        return reply["data"]


def hand_made() -> tuple[World, dict]:
    """A small organisation that has one of everything, and an App in it that may read all of it."""
    world = World()
    acme = world.organisation("acme")
    for login, role in (("OctoCat", "member"), ("ana", "member"), ("ben", "member"), ("second-owner", "admin")):
        world.set_member(login, role)
    world.invite("newcomer")
    world.invite(None, "admin", email="somebody@example.com")
    platform = world.create_team("Platform", description="They run it", review_delegation=True)
    child = world.create_team("On Call", parent=platform)
    world.create_team("Hidden", privacy="secret")
    world.set_team_member("platform", "octocat", "maintainer")
    world.set_team_member("on-call", "ana", "member")
    world.team("platform").pending["newcomer"] = "member"
    next(iter(acme.invitations.values())).teams.append(platform.id)
    template = world.create_repository("template", visibility="public", is_template=True)
    origin = world.create_repository("origin", visibility="public")
    shop = world.create_repository("shop", description="Sells", language="Rust", topics=["billing", "web"], template=template, parent=origin)
    shop.vulnerability_alerts = True
    shop.pages = {"cname": None}
    world.create_repository("inside", visibility="internal")
    app = world.install_app(EVERYTHING)
    rule = {"creator": world.user("acme-owner"), "required_approving_review_count": 2, "required_checks": [("build", app["app_id"]), ("test", None)]}
    people = [("User", world.user("octocat").id), ("Team", platform.id)]
    actors = {"push_actors": [*people, ("App", app["app_id"])], "dismissal_actors": people, "pull_request_bypassers": people, "force_push_bypassers": people}
    world.add("protections", "shop", pattern="main", require_signed_commits=True, **rule, **actors)
    world.add("protections", "shop", pattern="release/*")
    ref_name = {"include": ["~DEFAULT_BRANCH"], "exclude": []}
    rules = [{"type": "deletion"}, {"type": "required_status_checks", "parameters": {"required_status_checks": [{"context": "build"}], "strict_required_status_checks_policy": True}}]
    bypass = [{"actor_id": None, "actor_type": "OrganizationAdmin", "bypass_mode": "always"}, {"actor_id": platform.id, "actor_type": "Team", "bypass_mode": "pull_request"}]
    world.add("rulesets", "shop", name="guard", conditions={"ref_name": ref_name}, rules=rules, bypass_actors=bypass)
    world.add("rulesets", name="all", conditions={"ref_name": ref_name, "repository_name": {"include": ["~ALL"], "exclude": [], "protected": True}}, rules=rules)
    for repository in ("shop", None):
        world.add("hooks", repository, url="https://hooks.example.com/a", events=["push"], secret=True)
    world.add("keys", "shop", title="deploy", key="ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI")
    world.add("environments", "shop", name="production", wait_timer=5, reviewers=people, prevent_self_review=True, branch_policy={"protected_branches": True, "custom_branch_policies": False})
    world.add("environments", "shop", name="staging")
    for kind in ("secrets", "dependabot_secrets"):
        world.add(kind, "shop", name="token")
    world.add("variables", "shop", name="region", value="eu-central-1")
    world.add("variables", name="stage", value="production", visibility="selected", repositories=[shop.id])
    world.add("secrets", name="signing", visibility="selected", repositories=[shop.id])
    shop.actions |= {"allowed_actions": "selected"}
    acme.actions |= {"allowed_actions": "selected", "enabled_repositories": "selected"}
    acme.actions_repositories = [shop.id]
    acme.custom_roles["release-manager"] = "maintain"
    world.grant("shop", "read", login="ben")
    world.grant("shop", "release-manager", login="consultant")
    world.grant("shop", "write", team="platform")
    world.invite_to_repository("shop", "Guest", "read")
    child.review_notify_team = False
    return world, app


@pytest.fixture(scope="session")
def _server(tmp_path_factory):
    with ServedGitHub(tmp_path_factory.mktemp("github"), World(), described=True) as served:
        yield served


@pytest.fixture(scope="session")
def _hand_made() -> bytes:
    return pickle.dumps(hand_made())


@pytest.fixture
def known(_hand_made) -> tuple[World, dict]:
    """The organisation that has one of everything, and its App, as they are before anything is changed."""
    return pickle.loads(_hand_made)


@pytest.fixture
def served(_server, known) -> ServedGitHub:
    _server.serve(known[0])
    return _server


@pytest.fixture
def owner(served) -> Client:
    return Client(served, served.world.personal_token("acme-owner", OWNER))


@pytest.fixture
def big(_server) -> ServedGitHub:
    """More repositories than a page of anything holds."""
    world = World()
    world.organisation("acme", repositories=230, teams=25, members=120)
    _server.serve(world)
    return _server


def of_app(served: ServedGitHub, permissions: dict[str, str], **how) -> Client:
    return Client(served, served.world.installation_token(served.world.install_app(permissions, **how)["installation_id"]))


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


def signed(app: dict, now: float, **claims) -> str:
    """What an App signs to say who it is."""
    body = {"iss": str(app["app_id"]), "iat": int(now) - 60, "exp": int(now) + 540} | claims
    return jwt.encode({"alg": "RS256"}, body, RSAKey.import_key(app["private_key"]))


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
    reply = client.ask(method, path_of(template, world, app), b"{}" if method == "POST" else None)
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


# Who may see what


def test_nobody_is_let_in_without_a_token_or_with_a_wrong_one(served):
    assert Client(served, None).get("/repos/acme/shop").status == 404
    assert Client(served, None).get("/repos/acme/template").status == 200
    assert Client(served, None).query("{ viewer { login } }").status == 401
    wrong = Client(served, "ghp_wrong").get("/repos/acme/template")
    assert (wrong.status, wrong.json["message"]) == (401, "Bad credentials")


def test_a_revoked_token_is_no_token(served, owner):
    assert owner.get("/user").status == 200
    served.world.revoke(owner.token)
    assert owner.get("/user").status == 401
    assert owner.query("{ viewer { login } }").status == 401


def test_a_classic_token_without_a_scope_sees_nothing_private(served):
    token = Client(served, served.world.personal_token("acme-owner", ["read:org"]))
    reply = token.get("/repos/acme/shop")
    assert reply.status == 404
    assert reply.headers["x-oauth-scopes"] == "read:org"
    assert token.get("/repos/acme/template").status == 200
    assert token.get("/orgs/acme/hooks").status == 404
    assert {each["name"] for each in token.pages("/orgs/acme/repos")} == {"template", "origin"}
    assert "billing_email" not in token.get("/orgs/acme").json
    blind = Client(served, served.world.personal_token("acme-owner", ["repo"])).query('{ organization(login: "acme") { teams(first: 1) { totalCount } } }').json
    assert blind["errors"][0]["type"] == "INSUFFICIENT_SCOPES"


def test_a_member_who_is_no_admin_is_told_less_and_not_that_it_is_less(served, owner):
    member = Client(served, served.world.personal_token("ben", OWNER))
    text = '{ repository(owner: "acme", name: "shop") { viewerCanAdminister branchProtectionRules(first: 5) { totalCount } collaborators(first: 5) { totalCount } } }'
    assert member.data(text)["repository"] == {"viewerCanAdminister": False, "branchProtectionRules": {"totalCount": 0}, "collaborators": None}
    assert owner.data(text)["repository"]["branchProtectionRules"] == {"totalCount": 2}
    told, all_of_it = member.get("/repos/acme/shop").json, owner.get("/repos/acme/shop").json
    assert set(all_of_it) - set(told) >= {"security_and_analysis", "allow_merge_commit", "squash_merge_commit_title"}
    assert "billing_email" not in member.get("/orgs/acme").json
    assert owner.get("/orgs/acme").json["billing_email"] == "billing@example.com"
    ruleset = owner.get("/repos/acme/shop/rulesets").json[0]["id"]
    assert "bypass_actors" not in member.get(f"/repos/acme/shop/rulesets/{ruleset}").json
    assert len(owner.get(f"/repos/acme/shop/rulesets/{ruleset}").json["bypass_actors"]) == 2
    assert member.get("/repos/acme/shop/keys").status == 404
    refused = member.get("/repos/acme/shop/collaborators")
    assert (refused.status, refused.json["message"]) == (403, "Must have push access to view repository collaborators.")
    assert "hidden" not in {each["slug"] for each in member.pages("/orgs/acme/teams")}
    assert "hidden" in {each["slug"] for each in owner.pages("/orgs/acme/teams")}


def test_an_installation_is_told_which_permission_it_lacks(served):
    app = of_app(served, {"metadata": "read", "contents": "read"})
    refused = app.get("/repos/acme/shop/hooks")
    assert (refused.status, refused.json["message"]) == (403, "Resource not accessible by integration")
    assert refused.headers["x-accepted-github-permissions"] == "repository_hooks=read"
    reply = app.query('{ repository(owner: "acme", name: "shop") { name branchProtectionRules(first: 1) { totalCount } } }').json
    assert reply["data"] == {"repository": None}
    assert reply["errors"][0] | {"locations": []} == {
        "type": "FORBIDDEN", "path": ["repository", "branchProtectionRules"], "extensions": {"saml_failure": False}, "locations": [],
        "message": "Resource not accessible by integration",
    }
    seen = app.get("/repos/acme/shop").json
    assert "allow_merge_commit" not in seen and "security_and_analysis" not in seen


def test_a_fine_grained_token_is_refused_by_its_own_name(served):
    token = Client(served, served.world.fine_grained_token("acme-owner", {"contents": "read"}))
    assert token.get("/repos/acme/shop/hooks").json["message"] == "Resource not accessible by personal access token"
    chosen = Client(served, served.world.fine_grained_token("acme-owner", {"contents": "read"}, repositories=["inside"]))
    assert (chosen.get("/repos/acme/inside").status, chosen.get("/repos/acme/shop").status) == (200, 404)


def test_a_repository_that_an_installation_was_not_given_is_not_there(served):
    app = of_app(served, EVERYTHING, repositories=["inside"])
    assert app.get("/repos/acme/shop").status == 404
    assert [each["name"] for each in app.pages("/orgs/acme/repos")] == ["inside"]
    listed = app.get("/installation/repositories").json
    assert (listed["repository_selection"], [each["name"] for each in listed["repositories"]]) == ("selected", ["inside"])
    reply = app.query('{ repository(owner: "acme", name: "shop") { name } organization(login: "acme") { repositories(first: 9) { nodes { name } } } }').json
    assert reply["data"] == {"repository": None, "organization": {"repositories": {"nodes": [{"name": "inside"}]}}}
    assert (reply["errors"][0]["type"], reply["errors"][0]["path"]) == ("NOT_FOUND", ["repository"])


def test_a_rule_that_names_an_app_is_closed_to_an_app(served, owner):
    text = '{ repository(owner: "acme", name: "shop") { branchProtectionRules(first: 5) { nodes { pattern pushAllowances(first: 5) { nodes { actor { __typename } } } } } } }'
    kinds = [node["actor"]["__typename"] for node in owner.data(text)["repository"]["branchProtectionRules"]["nodes"][0]["pushAllowances"]["nodes"]]
    assert kinds == ["User", "Team", "App"]
    assert of_app(served, EVERYTHING).query(text).json["errors"][0]["type"] == "FORBIDDEN"


# Apps


def test_an_app_fetches_a_token_with_what_it_signs_and_the_token_ends_with_the_hour(served, known):
    world, app = known
    myself = Client(served, signed(app, world.clock.now()))
    assert [each["id"] for each in myself.get("/app/installations").json] == [app["installation_id"]]
    made = myself.ask("POST", f"/app/installations/{app['installation_id']}/access_tokens")
    assert made.status == 201
    assert (made.json["repository_selection"], made.json["permissions"]["administration"]) == ("all", "read")
    installation = Client(served, made.json["token"])
    assert installation.get("/repos/acme/shop").status == 200
    served.clock.advance(3590)
    assert installation.get("/repos/acme/shop").status == 200
    served.clock.advance(20)
    assert installation.get("/repos/acme/shop").status == 401
    by_client_id = Client(served, signed(app, world.clock.now() + 3610, iss=app["client_id"]))
    assert by_client_id.get("/app").json["id"] == app["app_id"]


def test_a_token_can_be_asked_for_less_and_not_for_more(served, known):
    world, app = known
    myself, path = Client(served, signed(app, world.clock.now())), f"/app/installations/{app['installation_id']}/access_tokens"
    less = myself.ask("POST", path, json.dumps({"repositories": ["inside"], "permissions": {"contents": "read"}}).encode()).json
    assert (less["permissions"], less["repository_selection"]) == ({"metadata": "read", "contents": "read"}, "selected")
    installation = Client(served, less["token"])
    assert (installation.get("/repos/acme/inside").status, installation.get("/repos/acme/shop").status) == (200, 404)
    assert installation.get("/repos/acme/inside/hooks").status == 403
    assert myself.ask("POST", path, b'{"permissions": {"contents": "write"}}').status == 422
    assert myself.ask("POST", path, b'{"repositories": ["nowhere"]}').status == 422


@pytest.mark.parametrize(
    ("claims", "message"),
    [
        ({"exp": 0}, "'Expiration time' claim ('exp') must be a numeric value"),
        ({"exp": 9_999_999_999}, "'Expiration time' claim ('exp') is too far in the future"),
        ({"iat": 9_999_999_999}, "'Issued at' claim ('iat')"),
        ({"iss": "1"}, "'Issuer' claim ('iss')"),
    ],
)
def test_what_an_app_signs_is_verified(served, known, claims, message):
    world, app = known
    reply = Client(served, signed(app, world.clock.now(), **claims)).get("/app")
    assert reply.status == 401
    assert reply.json["message"].startswith(message)


def test_a_signature_by_another_key_is_none(served, known):
    world, app = known
    other = served.world.install_app({}, slug="other")
    forged = signed(app | {"private_key": other["private_key"]}, world.clock.now())
    assert Client(served, forged).get("/app").json["message"] == "A JSON web token could not be decoded"
    unsigned = ".".join([jwt.encode({"alg": "none"}, {}, RSAKey.import_key(app["private_key"]), algorithms=["none"]).split(".")[0], forged.split(".")[1], ""])
    assert Client(served, unsigned).get("/app").status == 401


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
    resources = of_app(_server, {}).get("/rate_limit").json["resources"]
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


def test_more_than_2000_points_a_minute_of_graphql_are_refused(served, owner):
    served.limits.graphql_points_a_minute = 2
    assert [owner.query("{ viewer { login } }").status for _ in range(3)] == [200, 200, 403]
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
    served.plan.add("latency", seconds=0.4)
    with concurrent.futures.ThreadPoolExecutor(12) as pool:
        statuses = sorted(reply.status for reply in pool.map(lambda _: owner.get("/repos/acme/shop"), range(12)))
    assert statuses[0] == 200 and statuses[-1] == 403
    assert served.counters()["most_at_once"] > 4
    served.plan.be_kind()
    assert owner.get("/repos/acme/shop").status == 200


def test_too_much_computing_in_a_minute_is_refused(served, owner):
    served.limits.computing_a_minute = 0.15
    served.plan.add("latency", seconds=0.1)
    assert [owner.get("/repos/acme/shop").status for _ in range(3)] == [200, 200, 403]


def test_limits_can_be_off_as_on_enterprise_server(served, owner):
    served.limits.core = 1
    served.limits.enforced = False
    replies = [owner.get("/repos/acme/shop") for _ in range(3)]
    assert [reply.status for reply in replies] == [200, 200, 200]
    assert "x-ratelimit-limit" not in replies[0].headers


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


# What trips up a client


def test_a_renamed_repository_is_found_by_its_old_name_until_another_takes_it(served, owner, known):
    number = known[0].repository("shop").id
    served.world.rename_repository("shop", "store")
    moved = owner.get("/repos/acme/shop/labels?per_page=5")
    assert (moved.status, moved.headers["location"]) == (301, f"{served.endpoint}/repositories/{number}/labels?per_page=5")
    assert moved.json["url"] == moved.headers["location"]
    assert len(owner.get(f"/repositories/{number}/labels?per_page=5").json) == 5
    assert owner.get(f"/repositories/{number}").json["full_name"] == "acme/store"
    text = 'query($follow: Boolean) { repository(owner: "acme", name: "shop", followRenames: $follow) { name databaseId } }'
    assert owner.data(text)["repository"] == {"name": "store", "databaseId": number}
    assert owner.query(text, follow=False).json["errors"][0]["type"] == "NOT_FOUND"
    served.world.create_repository("shop")
    assert owner.get("/repos/acme/shop").json["id"] != number
    served.world.delete_repository("store")
    assert owner.get(f"/repositories/{number}").status == 404


def test_logins_slugs_and_names_are_found_in_any_case_and_answered_in_their_own(served, owner):
    assert owner.get("/repos/ACME/Shop").json["full_name"] == "acme/shop"
    assert owner.get("/orgs/Acme/memberships/octocat").json["user"]["login"] == "OctoCat"
    assert owner.get("/orgs/acme/teams/PLATFORM/memberships/OCTOCAT").json == {
        "url": f"{served.endpoint}/organizations/{owner.get('/orgs/acme').json['id']}/team/{owner.get('/orgs/acme/teams/platform').json['id']}/memberships/OctoCat",
        "role": "maintainer", "state": "active",
    }
    assert owner.get("/repos/acme/shop/actions/variables/region").json["name"] == "REGION"
    assert owner.get("/repos/acme/shop/labels/BUG").json["name"] == "bug"
    assert owner.data('{ repository(owner: "ACME", name: "SHOP") { name } }')["repository"] == {"name": "shop"}


def test_an_invitation_is_pending_until_it_is_answered(served, owner):
    text = '{ organization(login: "acme") { pendingMembers(first: 9) { nodes { login } } membersWithRole(first: 99) { nodes { login } } team(slug: "platform") { members(first: 9) { nodes { login } } invitations(first: 9) { nodes { invitee { login } } } } } }'
    before = owner.data(text)["organization"]
    assert before["pendingMembers"]["nodes"] == [{"login": "newcomer"}]
    assert {"login": "newcomer"} not in before["membersWithRole"]["nodes"]
    assert before["team"]["invitations"]["nodes"] == [{"invitee": {"login": "newcomer"}}]
    assert owner.get("/orgs/acme/memberships/newcomer").json["state"] == "pending"
    assert owner.get("/orgs/acme/teams/platform/memberships/newcomer").json["state"] == "pending"
    assert [(each["login"], each["email"], each["role"]) for each in owner.get("/orgs/acme/invitations").json] == [
        ("newcomer", None, "direct_member"), (None, "somebody@example.com", "admin"),
    ]
    served.world.set_member("newcomer", "member")
    after = owner.data(text)["organization"]
    assert after["pendingMembers"]["nodes"] == []
    assert {"login": "newcomer"} in after["team"]["members"]["nodes"]
    assert owner.get("/orgs/acme/memberships/newcomer").json["state"] == "active"
    assert [each["invitee"]["login"] for each in owner.get("/repos/acme/shop/invitations").json] == ["Guest"]
    assert "Guest" not in {each["login"] for each in owner.pages("/repos/acme/shop/collaborators")}


def test_a_team_has_the_members_of_the_teams_below_it_unless_asked_otherwise(served, owner):
    text = 'query($which: TeamMembershipType) { organization(login: "acme") { team(slug: "platform") { members(first: 9, membership: $which) { edges { role node { login } } } } } }'
    members = lambda **how: [edge["node"]["login"] for edge in owner.data(text, **how)["organization"]["team"]["members"]["edges"]]  # noqa: E731
    assert members(which="IMMEDIATE") == ["OctoCat"]
    assert members(which="CHILD_TEAM") == ["ana"]
    assert members() == ["OctoCat", "ana"]
    assert [each["login"] for each in owner.get("/orgs/acme/teams/platform/members").json] == ["OctoCat", "ana"]
    assert owner.get("/orgs/acme/teams/platform/memberships/ana").json["role"] == "member"
    served.world.set_team_member("platform", "acme-owner", "member")
    assert owner.get("/orgs/acme/teams/platform/memberships/acme-owner").json["role"] == "maintainer"


def test_a_team_has_the_repositories_of_the_teams_above_it(served, owner):
    assert owner.get("/orgs/acme/teams/on-call/repos/acme/shop").json["role_name"] == "write"
    assert [each["slug"] for each in owner.get("/repos/acme/shop/teams").json] == ["platform"]
    assert owner.get("/repos/acme/shop/teams").json[0]["permission"] == "push"
    assert owner.get("/orgs/acme/teams/hidden/repos/acme/shop").status == 404
    by_number = owner.get(f"/organizations/{owner.get('/orgs/acme').json['id']}/team/{owner.get('/orgs/acme/teams/on-call').json['id']}")
    assert by_number.json["parent"]["slug"] == "platform"


def test_collaborators_are_told_by_how_they_came(served, owner):
    roles = lambda affiliation: {each["login"]: each["role_name"] for each in owner.pages(f"/repos/acme/shop/collaborators?affiliation={affiliation}")}  # noqa: E731
    assert roles("outside") == {"consultant": "release-manager"}
    assert roles("direct") == {"ben": "read", "consultant": "release-manager"}
    everybody = roles("all")
    assert (everybody["acme-owner"], everybody["OctoCat"], everybody["ana"], everybody["ben"]) == ("admin", "write", "write", "read")
    text = '{ repository(owner: "acme", name: "shop") { collaborators(first: 50) { edges { permission node { login } permissionSources { permission roleName source { __typename } } } } } }'
    edges = {edge["node"]["login"]: edge for edge in owner.data(text)["repository"]["collaborators"]["edges"]}
    assert edges["consultant"]["permission"] == "MAINTAIN"
    assert [(each["roleName"], each["source"]["__typename"]) for each in edges["OctoCat"]["permissionSources"]] == [("read", "Organization"), ("write", "Team")]


def test_a_new_repository_is_as_github_makes_it(served, owner):
    served.world.create_repository("fresh")
    fresh = owner.get("/repos/acme/fresh").json
    assert (fresh["visibility"], fresh["default_branch"], fresh["allow_squash_merge"], fresh["delete_branch_on_merge"], fresh["has_wiki"]) == ("private", "main", True, False, True)
    labels = owner.get("/repos/acme/fresh/labels").json
    assert [label["name"] for label in labels] == ["bug", "documentation", "duplicate", "enhancement", "good first issue", "help wanted", "invalid", "question", "wontfix"]
    assert all(label["default"] for label in labels)


def test_archived_and_internal_repositories_say_so(served, owner):
    served.world.repository("shop").archived = True
    assert owner.get("/repos/acme/shop").json["archived"] is True
    inside = owner.get("/repos/acme/inside").json
    assert (inside["visibility"], inside["private"]) == ("internal", True)
    assert owner.data('{ repository(owner: "acme", name: "inside") { visibility isPrivate } }')["repository"] == {"visibility": "INTERNAL", "isPrivate": True}
    found = owner.data('{ organization(login: "acme") { repositories(first: 9, isArchived: true) { nodes { name } } } }')
    assert found["organization"]["repositories"]["nodes"] == [{"name": "shop"}]


def test_a_rule_is_seen_by_both_apis_and_by_rest_for_the_branches_that_it_takes_in(served, owner):
    exact = owner.get("/repos/acme/shop/branches/main/protection").json
    assert exact["required_pull_request_reviews"]["required_approving_review_count"] == 2
    assert [each["context"] for each in exact["required_status_checks"]["checks"]] == ["build", "test"]
    assert [each["slug"] for each in exact["restrictions"]["teams"]] == ["platform"]
    assert exact["required_signatures"]["enabled"] is True
    text = '{ repository(owner: "acme", name: "shop") { branchProtectionRules(first: 5) { nodes { pattern requiredApprovingReviewCount requiresCommitSignatures } } } }'
    assert owner.data(text)["repository"]["branchProtectionRules"]["nodes"] == [
        {"pattern": "main", "requiredApprovingReviewCount": 2, "requiresCommitSignatures": True},
        {"pattern": "release/*", "requiredApprovingReviewCount": None, "requiresCommitSignatures": False},
    ]
    assert owner.get("/repos/acme/shop/branches/release%2F1/protection").json["message"] == "Branch not found"
    served.world.create_branch("shop", "release/1")
    assert owner.get("/repos/acme/shop/branches/release%2F1/protection").json["enforce_admins"]["enabled"] is False
    served.world.create_branch("shop", "topic")
    unprotected = owner.get("/repos/acme/shop/branches/topic/protection")
    assert (unprotected.status, unprotected.json["message"]) == (404, "Branch not protected")


def test_a_node_is_found_by_its_id_of_today_and_of_before(owner, known):
    shop = known[0].repository("shop")
    rule = next(iter(shop.protections))
    text = "query($id: ID!) { node(id: $id) { __typename id ... on BranchProtectionRule { databaseId pattern } } }"
    today = node_id("BranchProtectionRule", shop.id, rule)
    for each in (today, legacy_node_id("BranchProtectionRule", rule)):
        assert owner.data(text, id=each)["node"] == {"__typename": "BranchProtectionRule", "id": today, "databaseId": rule, "pattern": "main"}
    gone = owner.query(text, id=node_id("BranchProtectionRule", shop.id, 1)).json
    assert gone["data"] == {"node": None}
    assert gone["errors"][0]["message"].startswith("Could not resolve to a node with the global id of")
    several = owner.query('query($ids: [ID!]!) { nodes(ids: $ids) { ... on Repository { name } } }', ids=[shop.node_id, "nonsense"]).json
    assert several["data"] == {"nodes": [{"name": "shop"}, None]}
    assert several["errors"][0]["path"] == ["nodes", 1]


@pytest.mark.parametrize("numbers", [(1,), (100_001, 2**32 - 1), (7, 2**40)])
def test_a_node_id_holds_what_it_names(numbers):
    assert parse_node_id(node_id("Repository", *numbers)) == ("Repository", list(numbers))
    assert parse_node_id(legacy_node_id("Repository", numbers[0])) == ("Repository", [numbers[0]])
    assert parse_node_id("R_") is None or parse_node_id("R_")[1] == []
    assert parse_node_id("R_kgDOAA") is None


def test_secrets_say_when_they_were_written_and_hooks_that_there_is_one(served, owner):
    before = owner.get("/repos/acme/shop/actions/secrets/TOKEN").json
    assert set(before) == {"name", "created_at", "updated_at"}
    served.clock.advance(60)
    served.world.repository("shop").secrets.get("TOKEN").rewrite()
    after = owner.get("/repos/acme/shop/actions/secrets/TOKEN").json
    assert (after["created_at"], after["updated_at"] > before["updated_at"]) == (before["created_at"], True)
    hook = owner.get("/repos/acme/shop/hooks").json[0]
    assert hook["config"]["secret"] == "********"


def test_a_selection_of_actions_is_only_where_one_is_made(served, owner):
    assert owner.get("/repos/acme/shop/actions/permissions/selected-actions").status == 200
    assert owner.get("/repos/acme/inside/actions/permissions/selected-actions").status == 409
    served.world.repository("shop").actions = {"enabled": False, "allowed_actions": "all", "sha_pinning_required": False}
    assert owner.get("/repos/acme/shop/actions/permissions").json == {"enabled": False}


def test_only_a_users_token_of_an_app_lists_an_installations_repositories(served, known):
    app = known[1]
    path = f"/user/installations/{app['installation_id']}/repositories"
    assert Client(served, served.world.installation_token(app["installation_id"])).get(path).status == 403
    user = Client(served, served.world.user_token("acme-owner", app["installation_id"]))
    assert {each["name"] for each in user.pages(path)} == {"template", "origin", "shop", "inside"}


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
    served.log.clear()
    assert served.requests() == []


def test_a_world_is_the_same_for_the_same_seed():
    one, other = (World() for _ in range(2))
    for world in (one, other):
        world.organisation("acme", repositories=40, teams=8, members=30, seed=3)
    # The owner was made just now.
    strip = lambda world: re.sub(rb"20(2[5-9]|[3-9]\d)-\d\d-\d\dT[\d:]+Z", b"", repr(list(world.owner("acme").repositories.values())).encode())  # noqa: E731
    assert strip(one) == strip(other)
    third = World()
    third.organisation("acme", repositories=40, teams=8, members=30, seed=4)
    assert strip(third) != strip(one)


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
