"""Repositories, and what hangs on one: branches, protection, rulesets, hooks, keys, environments, labels."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import Any
from urllib.parse import quote

from ..access import at_least
from ..node_ids import node_id
from ..request import Found, Listing, Nothing, Refusal, Request, not_found
from ..things import Branch, BranchProtection, DeployKey, Environment, Hook, Label, Organisation, Repository, Ruleset
from . import bodies
from .routing import route

Json = dict[str, Any]
_ADMINISTRATION = {"permission": "administration=read", "scope": "repo", "role": "admin"}


@route("/repos/{owner}/{repo}", public=True)
def repository(request: Request, repository: Repository) -> Found:
    return Found(bodies.repository_full(request, repository), repository.updated_at)


@route("/repos/{owner}/{repo}/vulnerability-alerts", **_ADMINISTRATION)
def vulnerability_alerts(request: Request, repository: Repository) -> Nothing:
    if not repository.vulnerability_alerts:
        raise Refusal(404, "Vulnerability alerts are disabled.")
    return Nothing()


@route("/repos/{owner}/{repo}/automated-security-fixes", **_ADMINISTRATION)
def security_updates(request: Request, repository: Repository) -> Json:
    return {"enabled": repository.security_updates, "paused": False}


@route("/repos/{owner}/{repo}/pages", permission="pages=read", scope="repo")
def pages(request: Request, repository: Repository) -> Json:
    if repository.pages is None:
        raise not_found()
    site = f"https://{repository.owner.login}.github.io/{repository.name}/"
    usual = {"status": "built", "cname": None, "custom_404": False, "html_url": site, "build_type": "legacy", "public": True, "https_enforced": True}
    return {"url": f"{request.api}/repos/{repository.full_name}/pages", **usual, "source": {"branch": "main", "path": "/"}, **repository.pages}


@route("/repos/{owner}/{repo}/topics", public=True)
def topics(request: Request, repository: Repository) -> Json:
    return {"names": repository.topics}


@route("/repos/{owner}/{repo}/git/ref/{ref}", permission="contents=read", scope="repo", public=True)
def ref(request: Request, repository: Repository, ref: str) -> Json:
    branch = repository.branches.get(ref.removeprefix("heads/")) if ref.startswith("heads/") else None
    if branch is None:
        raise not_found()
    return _ref(request, repository, branch)


@route("/repos/{owner}/{repo}/git/matching-refs/{ref}", permission="contents=read", scope="repo", public=True)
def matching_refs(request: Request, repository: Repository, ref: str) -> list[Json]:
    return [_ref(request, repository, branch) for name, branch in sorted(repository.branches.items()) if f"heads/{name}".startswith(ref)]


def _ref(request: Request, repository: Repository, branch: Branch) -> Json:
    url = f"{request.api}/repos/{repository.full_name}/git"
    return {
        "ref": f"refs/heads/{branch.name}", "node_id": node_id("Ref", repository.id, branch.id), "url": f"{url}/refs/heads/{branch.name}",
        "object": {"sha": branch.sha, "type": "commit", "url": f"{url}/commits/{branch.sha}"},
    }


@route("/repos/{owner}/{repo}/branches/{branch}/protection", **_ADMINISTRATION)
def protection(request: Request, repository: Repository, branch: str) -> Json:
    return _protection(request, repository, branch, _rule(repository, branch))


@route("/repos/{owner}/{repo}/branches/{branch}/protection/required_signatures", **_ADMINISTRATION)
def required_signatures(request: Request, repository: Repository, branch: str) -> Json:
    rule = _rule(repository, branch)
    return {"url": f"{request.api}/repos/{repository.full_name}/branches/{branch}/protection/required_signatures", "enabled": rule.require_signed_commits}


def _rule(repository: Repository, branch: str) -> BranchProtection:
    """The rule for exactly this branch, else the first one whose pattern takes it in. A branch that is not there has none."""
    _admit_guards(repository)
    if branch not in repository.branches:
        raise Refusal(404, "Branch not found")
    rules = sorted(repository.protections.values(), key=lambda rule: rule.pattern != branch)
    found = next((rule for rule in rules if rule.pattern == branch or fnmatchcase(branch, rule.pattern)), None)
    if found is None:
        raise Refusal(404, "Branch not protected")
    return found


def _admit_guards(repository: Repository) -> None:
    """A free organisation has neither rules nor rulesets on what is not public."""
    if repository.owner.plan == "free" and repository.visibility != "public":
        raise Refusal(403, "Upgrade to GitHub Pro or make this repository public to enable this feature.")


def _protection(request: Request, repository: Repository, branch: str, rule: BranchProtection) -> Json:
    url = f"{request.api}/repos/{repository.full_name}/branches/{branch}/protection"
    switches = {
        "required_linear_history": rule.required_linear_history, "allow_force_pushes": rule.allows_force_pushes, "allow_deletions": rule.allows_deletions,
        "block_creations": rule.blocks_creations, "required_conversation_resolution": rule.require_conversation_resolution,
        "lock_branch": rule.lock_branch, "allow_fork_syncing": rule.lock_allows_fetch_and_merge,
    }
    body: Json = {"url": url, **{name: {"enabled": value} for name, value in switches.items()}}
    body["enforce_admins"] = {"url": f"{url}/enforce_admins", "enabled": rule.enforce_admins}
    body["required_signatures"] = {"url": f"{url}/required_signatures", "enabled": rule.require_signed_commits}
    if rule.required_checks is not None:
        checks = f"{url}/required_status_checks"
        body["required_status_checks"] = {
            "url": checks, "strict": rule.strict_checks, "contexts": [context for context, _ in rule.required_checks], "contexts_url": f"{checks}/contexts",
            "checks": [{"context": context, "app_id": app} for context, app in rule.required_checks],
        }
    if rule.required_approving_review_count is not None:
        reviews = f"{url}/required_pull_request_reviews"
        body["required_pull_request_reviews"] = {
            "url": reviews, "dismiss_stale_reviews": rule.dismiss_stale_reviews, "require_code_owner_reviews": rule.require_code_owner_reviews,
            "required_approving_review_count": rule.required_approving_review_count, "require_last_push_approval": rule.require_last_push_approval,
        }
        if rule.dismissal_actors is not None:
            where = f"{url}/dismissal_restrictions"
            urls = {"url": where, "users_url": f"{where}/users", "teams_url": f"{where}/teams"}
            body["required_pull_request_reviews"]["dismissal_restrictions"] = urls | _actors(request, rule.dismissal_actors)
        if rule.pull_request_bypassers:
            body["required_pull_request_reviews"]["bypass_pull_request_allowances"] = _actors(request, rule.pull_request_bypassers)
    if rule.push_actors is not None:
        where = f"{url}/restrictions"
        urls = {"url": where, **{f"{kind}_url": f"{where}/{kind}" for kind in ("users", "teams", "apps")}}
        body["restrictions"] = urls | _actors(request, rule.push_actors)
    return body


def _actors(request: Request, actors: list[tuple[str, int]]) -> Json:
    world = request.world
    return {
        "users": [bodies.account(request, world.users[number]) for kind, number in actors if kind == "User"],
        "teams": [bodies.team(request, found) for kind, number in actors if kind == "Team" and (found := world.team_by_id(number))],
        "apps": [bodies.app(request, world.apps[number]) for kind, number in actors if kind == "App"],
    }


@route("/repos/{owner}/{repo}/rulesets", public=True)
def rulesets(request: Request, repository: Repository) -> Listing:
    _admit_guards(repository)
    inherited = list(repository.owner.rulesets.values()) if request.query.get("includes_parents", "true") != "false" else []
    both = [(repository, found) for found in repository.rulesets.values()] + [(repository.owner, found) for found in inherited]
    return Listing(both, lambda pair: ruleset_entry(request, *pair))


@route("/repos/{owner}/{repo}/rulesets/{ruleset_id}", public=True)
def ruleset(request: Request, repository: Repository, ruleset_id: str) -> Found:
    holder: Repository | Organisation = repository
    inherits = request.query.get("includes_parents", "true") != "false"
    found = by_number(repository.rulesets, ruleset_id)
    if found is None and inherits:
        holder, found = repository.owner, by_number(repository.owner.rulesets, ruleset_id)
    if found is None:
        raise not_found()
    credential = request.credential
    writes = credential.permits("administration", "write") if credential.by_permissions else at_least(credential.role_on(repository), "admin")
    return Found(ruleset_body(request, holder, found, writes), found.updated_at)


def ruleset_entry(request: Request, holder: Repository | Organisation, found: Ruleset) -> Json:
    """As lists have it: without conditions and rules."""
    inside = isinstance(holder, Repository)
    path = f"/repos/{holder.full_name}/rulesets/{found.id}" if isinstance(holder, Repository) else f"/orgs/{holder.login}/rulesets/{found.id}"
    html = f"/{holder.full_name}/rules/{found.id}" if isinstance(holder, Repository) else f"/organizations/{holder.login}/settings/rules/{found.id}"
    return {
        "id": found.id, "name": found.name, "target": found.target, "source_type": "Repository" if inside else "Organization",
        "source": holder.full_name if isinstance(holder, Repository) else holder.login, "enforcement": found.enforcement,
        "node_id": node_id("RepositoryRuleset", holder.id, found.id), "created_at": found.created_at, "updated_at": found.updated_at,
        "_links": {"self": {"href": request.api + path}, "html": {"href": request.world.html_url + html}},
    }


def ruleset_body(request: Request, holder: Repository | Organisation, found: Ruleset, writes: bool) -> Json:
    """Who may bypass it is told only to who may write it."""
    body = ruleset_entry(request, holder, found) | {"rules": found.rules}
    if found.conditions is not None:
        body["conditions"] = found.conditions
    return body | ({"bypass_actors": found.bypass_actors, "current_user_can_bypass": "never"} if writes else {})


def by_number(collection: dict[int, Any], text: str) -> Any:
    return collection.get(int(text)) if text.isdigit() else None


@route("/repos/{owner}/{repo}/hooks", permission="repository_hooks=read", scope="read:repo_hook repo", role="admin")
def hooks(request: Request, repository: Repository) -> Listing:
    return Listing(list(repository.hooks.values()), lambda found: _hook(request, repository, found))


@route("/repos/{owner}/{repo}/hooks/{hook_id}", permission="repository_hooks=read", scope="read:repo_hook repo", role="admin")
def hook(request: Request, repository: Repository, hook_id: str) -> Found:
    if (found := by_number(repository.hooks, hook_id)) is None:
        raise not_found()
    return Found(_hook(request, repository, found), found.updated_at)


def _hook(request: Request, repository: Repository, found: Hook) -> Json:
    url = f"{request.api}/repos/{repository.full_name}/hooks/{found.id}"
    return hook_body(found, url) | {"type": "Repository", "test_url": f"{url}/test", "last_response": {"code": None, "status": "unused", "message": None}}


def hook_body(found: Hook, url: str) -> Json:
    config = {"url": found.url, "content_type": found.content_type, "insecure_ssl": "1" if found.insecure_ssl else "0"}
    return {
        "id": found.id, "name": "web", "active": found.active, "events": found.events, "config": config | ({"secret": "********"} if found.secret else {}),
        "updated_at": found.updated_at, "created_at": found.created_at, "url": url, "ping_url": f"{url}/pings", "deliveries_url": f"{url}/deliveries",
    }


@route("/repos/{owner}/{repo}/keys", **_ADMINISTRATION)
def keys(request: Request, repository: Repository) -> Listing:
    return Listing(list(repository.keys.values()), lambda found: _key(request, repository, found))


@route("/repos/{owner}/{repo}/keys/{key_id}", **_ADMINISTRATION)
def key(request: Request, repository: Repository, key_id: str) -> Json:
    if (found := by_number(repository.keys, key_id)) is None:
        raise not_found()
    return _key(request, repository, found)


def _key(request: Request, repository: Repository, found: DeployKey) -> Json:
    return {
        "id": found.id, "key": found.key, "url": f"{request.api}/repos/{repository.full_name}/keys/{found.id}", "title": found.title, "verified": True,
        "created_at": found.created_at, "read_only": found.read_only, "added_by": None, "last_used": None, "enabled": True,
    }


@route("/repos/{owner}/{repo}/environments", permission="actions=read", scope="repo", public=True)
def environments(request: Request, repository: Repository) -> Listing:
    return Listing(list(repository.environments.values()), lambda found: _environment(request, repository, found), under="environments")


@route("/repos/{owner}/{repo}/environments/{environment_name}", permission="actions=read", scope="repo", public=True)
def environment(request: Request, repository: Repository, environment_name: str) -> Found:
    found = next((each for each in repository.environments.values() if each.name.lower() == environment_name.lower()), None)
    if found is None:
        raise not_found()
    return Found(_environment(request, repository, found), found.updated_at)


def _environment(request: Request, repository: Repository, found: Environment) -> Json:
    world, rules = request.world, []

    def rule(kind: str, **more: Any) -> None:
        rules.append({"id": found.id * 10 + len(rules), "node_id": node_id("Environment", repository.id, found.id, len(rules)), "type": kind, **more})

    if found.wait_timer is not None:
        rule("wait_timer", wait_timer=found.wait_timer)
    if found.reviewers is not None:
        people = [
            {"type": kind, "reviewer": bodies.account(request, world.users[number]) if kind == "User" else bodies.team(request, reviewer)}
            for kind, number in found.reviewers
            if (reviewer := world.team_by_id(number)) or kind == "User"
        ]
        rule("required_reviewers", prevent_self_review=found.prevent_self_review, reviewers=people)
    if found.branch_policy is not None:
        rule("branch_policy")
    return {
        "id": found.id, "node_id": node_id("Environment", repository.id, found.id), "name": found.name, "created_at": found.created_at,
        "updated_at": found.updated_at, "url": f"{request.api}/repos/{repository.full_name}/environments/{found.name}",
        "html_url": f"{world.html_url}/{repository.full_name}/deployments/activity_log?environments_filter={found.name}", "protection_rules": rules,
        "deployment_branch_policy": found.branch_policy, "can_admins_bypass": found.can_admins_bypass,
    }


@route("/repos/{owner}/{repo}/labels", permission="issues=read; pull_requests=read", scope="repo", public=True)
def labels(request: Request, repository: Repository) -> Listing:
    return Listing(sorted(repository.labels.values(), key=lambda found: found.name.lower()), lambda found: _label(request, repository, found))


@route("/repos/{owner}/{repo}/labels/{name}", permission="issues=read; pull_requests=read", scope="repo", public=True)
def label(request: Request, repository: Repository, name: str) -> Json:
    found = next((each for each in repository.labels.values() if each.name.lower() == name.lower()), None)
    if found is None:
        raise not_found()
    return _label(request, repository, found)


def _label(request: Request, repository: Repository, found: Label) -> Json:
    url = f"{request.api}/repos/{repository.full_name}/labels/{quote(found.name)}"
    fields = {"name": found.name, "color": found.color, "default": found.default, "description": found.description}
    return {"id": found.id, "node_id": node_id("Label", repository.id, found.id), "url": url, **fields}
