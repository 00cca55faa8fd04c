"""The served GitHub: who sees what, and what trips up a client that thinks it sees everything."""

import json

import pytest

from support.served_github import ServedGitHub
from support.served_github.client import Client
from support.served_github.node_ids import legacy_node_id, node_id, parse_node_id
from support.served_github.sample import EVERYTHING, OWNER, signed


def of_app(served: ServedGitHub, permissions: dict[str, str], **how) -> Client:
    return Client(served, served.world.installation_token(served.world.install_app(permissions, **how)["installation_id"]))


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
    assert Client(served, served.world.personal_token("acme-owner", ["repo"])).get("/repos/acme/shop/collaborators").status == 403
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


def test_what_everybody_sees_of_a_public_repository_needs_no_permission(served):
    app = of_app(served, {})
    text = 'query($name: String!) { repository(owner: "acme", name: $name) { labels(first: 1) { totalCount } defaultBranchRef { name } } }'
    assert app.data(text, name="template")["repository"] == {"labels": {"totalCount": 9}, "defaultBranchRef": {"name": "main"}}
    assert {error["path"][-1] for error in app.query(text, name="shop").json["errors"]} == {"labels", "defaultBranchRef"}
    assert app.get("/repos/acme/template/labels").status == 200
    assert app.get("/repos/acme/shop/labels").headers["x-accepted-github-permissions"] == "issues=read; pull_requests=read"


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


def test_an_installation_can_lose_its_tokens_and_be_suspended(served, known):
    world, app = known
    myself, path = Client(served, signed(app, world.clock.now())), f"/app/installations/{app['installation_id']}/access_tokens"
    fetch = lambda: Client(served, myself.ask("POST", path).json["token"])  # noqa: E731
    before = fetch()
    served.world.revoke_installation(app["installation_id"])
    assert before.get("/repos/acme/shop").status == 401
    after = fetch()
    assert after.get("/repos/acme/shop").status == 200
    served.world.suspend_installation(app["installation_id"])
    refused = after.get("/repos/acme/shop")
    assert (refused.status, refused.json["message"]) == (403, "This installation has been suspended")
    assert myself.ask("POST", path).status == 403
    assert myself.get("/app/installations").json[0]["suspended_at"]


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
    few = served.world.install_app(EVERYTHING, repositories=["inside"], slug="few")
    myself, path = Client(served, signed(few, world.clock.now())), f"/app/installations/{few['installation_id']}/access_tokens"
    assert myself.ask("POST", path, b'{"repositories": ["shop"]}').status == 422
    assert myself.ask("POST", path, b'{"repositories": ["inside"]}').status == 201


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
    # {"alg":"none"}, with claims that are right, and no signature.
    unsigned = f"eyJhbGciOiJub25lIn0.{forged.split('.')[1]}."
    assert Client(served, unsigned).get("/app").status == 401


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
    served.world.delete_repository("shop")
    assert owner.get("/repos/acme/shop").status == 404, "what was taken over once leads nowhere any more"
    before = owner.get("/orgs/acme/actions/variables/STAGE").json
    assert [each["id"] for each in owner.pages("/orgs/acme/actions/variables/STAGE/repositories")] == [number]
    served.clock.advance(60)
    served.world.delete_repository("store")
    assert owner.get(f"/repositories/{number}").status == 404
    assert owner.pages("/orgs/acme/actions/variables/STAGE/repositories") == []
    assert owner.get("/orgs/acme/actions/variables/STAGE").json == before


def test_a_transferred_repository_is_found_where_it_was_and_leaves_its_teams(served, owner):
    served.world.organisation("umbrella")
    served.world.set_member("acme-owner", "admin", organisation="umbrella")
    served.world.transfer_repository("shop", "umbrella")
    moved = owner.get("/repos/acme/shop")
    assert moved.status == 301
    assert owner.get(moved.headers["location"].removeprefix(served.endpoint)).json["full_name"] == "umbrella/shop"
    assert owner.data('{ repository(owner: "acme", name: "shop") { nameWithOwner } }')["repository"] == {"nameWithOwner": "umbrella/shop"}
    assert owner.get("/repos/umbrella/shop/teams").json == []
    assert "shop" not in {each["name"] for each in owner.pages("/orgs/acme/repos")}


def test_a_free_organisation_guards_nothing_private(served, owner):
    served.world.owner("acme").plan = "free"
    refused = owner.get("/repos/acme/shop/branches/main/protection")
    assert (refused.status, refused.json["message"]) == (403, "Upgrade to GitHub Pro or make this repository public to enable this feature.")
    assert owner.get("/repos/acme/shop/rulesets").status == 403
    assert owner.get("/repos/acme/template/rulesets").status == 200


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
    media = "application/vnd.github.v3.repository+json"
    assert owner.get("/orgs/acme/teams/on-call/repos/acme/shop", Accept=media).json["role_name"] == "write"
    assert owner.get("/orgs/acme/teams/on-call/repos/acme/shop").status == 204, "without the media type it says only that it has"
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
    assert owner.get("/repos/acme/shop/vulnerability-alerts").status == 204
    served.world.archive_repository("shop")
    assert owner.get("/repos/acme/shop").json["archived"] is True
    assert owner.get("/repos/acme/shop/vulnerability-alerts").status == 404, "alerts go with it"
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
    served.world.add("protections", "shop", pattern="to*")
    served.world.add("protections", "shop", pattern="topic", enforce_admins=True)
    assert owner.get("/repos/acme/shop/branches/topic/protection").json["enforce_admins"]["enabled"] is True, "the rule for exactly it goes first"


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
    few = served.world.install_app(EVERYTHING, repositories=["inside"], slug="few")["installation_id"]
    user = Client(served, served.world.user_token("acme-owner", few))
    assert [each["name"] for each in user.pages(f"/user/installations/{few}/repositories")] == ["inside"]
    assert user.get("/repos/acme/shop").status == 404
