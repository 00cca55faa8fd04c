"""A small organisation that has one of everything, for tests that look at one thing."""

from __future__ import annotations

from typing import Any

from joserfc import jwt
from joserfc.jwk import RSAKey

from .world import World

#: The scopes of a classic token with which an owner reads everything.
OWNER = ["repo", "admin:org", "admin:repo_hook", "admin:org_hook"]
#: The permissions with which an App does.
EVERYTHING = {
    name: "read"
    for name in (
        "actions actions_variables administration contents dependabot_secrets issues members metadata organization_actions_variables "
        "organization_hooks organization_secrets pages pull_requests repository_hooks secrets"
    ).split()
} | {"organization_administration": "write"}


def hand_made() -> tuple[World, dict[str, Any]]:
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


def signed(app: dict[str, Any], now: float, **claims: Any) -> str:
    """What an App signs to say who it is."""
    body = {"iss": str(app["app_id"]), "iat": int(now) - 60, "exp": int(now) + 540} | claims
    return jwt.encode({"alg": "RS256"}, body, RSAKey.import_key(app["private_key"]))
