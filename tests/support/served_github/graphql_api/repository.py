"""Repositories in GraphQL, and what hangs on one."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import Any
from zlib import crc32

from ..access import at_least, base_role, collaborators, highest
from ..node_ids import node_id
from ..things import Branch, Repository
from .connections import Connection, Context, page
from .fields import Inside, answers, needs
from .problems import Problem, forbidden

_ORDERS = {
    "CREATED_AT": lambda each: (each.created_at, each.id), "NAME": lambda each: (each.name.lower(), each.id),
    "PUSHED_AT": lambda each: (each.pushed_at, each.id), "UPDATED_AT": lambda each: (each.updated_at, each.id),
}


def repositories_page(context: Context, found: list[Any], given: dict[str, Any], orderBy: Any, **more: Any) -> Connection:
    """Of repositories that the token sees, in the order asked for; by their ids otherwise."""
    seen = [each for each in found if context.request.credential.sees(each)]
    if orderBy is None:
        return page(context, seen, given, **more)
    if orderBy["field"] not in _ORDERS:
        raise Problem("NOT_SERVED", f"The served GitHub does not sort repositories by {orderBy['field']}.")
    return page(context, seen, given, key=_ORDERS[orderBy["field"]], backwards=orderBy["direction"] == "DESC", **more)


def _administers(context: Context, repository: Repository) -> bool:
    return at_least(context.request.credential.role_on(repository), "admin")


def _refs(repository: Repository, context: Context, given: dict[str, Any], refPrefix: str, query: str | None = None) -> Connection:
    needs(context, "contents", unless_public=repository)
    found = list(repository.branches.values()) if refPrefix == "refs/heads/" else []
    held = [Inside(repository, branch) for branch in found if (query or "") in branch.name]
    return page(context, held, given, key=lambda each: each.name)


def _ref(repository: Repository, context: Context, qualifiedName: str) -> Inside | None:
    needs(context, "contents", unless_public=repository)
    branch = repository.branches.get(qualifiedName.removeprefix("refs/heads/"))
    return Inside(repository, branch) if branch else None


def _protections(repository: Repository, context: Context, given: dict[str, Any]) -> Connection:
    """An App without the permission is refused; a user who is no admin gets an empty list, without a word."""
    needs(context, "administration")
    rules = repository.protections.values() if _administers(context, repository) else ()
    return page(context, [Inside(repository, rule) for rule in rules], given)


def _collaborators(repository: Repository, context: Context, given: dict[str, Any], affiliation: str = "ALL") -> Connection | None:
    """Nothing without push access."""
    if not at_least(context.request.credential.role_on(repository), "write"):
        return None
    found, users = collaborators(repository, affiliation.lower()), repository.world.user
    return page(context, [users(login) for login in found], given, more=lambda user: (repository, found[user.login]))


def _labels(repository: Repository, context: Context, given: dict[str, Any]) -> Connection:
    if context.request.credential.by_permissions and not context.request.credential.permits("pull_requests"):
        needs(context, "issues", unless_public=repository)
    return page(context, [Inside(repository, label) for label in repository.labels.values()], given)


def _environments(repository: Repository, context: Context, given: dict[str, Any]) -> Connection:
    needs(context, "actions", unless_public=repository)
    return page(context, [Inside(repository, each) for each in repository.environments.values()], given)


def _keys(repository: Repository, context: Context, given: dict[str, Any]) -> Connection:
    """As for protection rules (assumed: not documented)."""
    needs(context, "administration")
    keys = repository.keys.values() if _administers(context, repository) else ()
    return page(context, [Inside(repository, key) for key in keys], given)


def _rulesets(repository: Repository, context: Context, given: dict[str, Any], includeParents: bool = True) -> Connection:
    found = [Inside(repository, each) for each in repository.rulesets.values()]
    found += [Inside(repository.owner, each) for each in repository.owner.rulesets.values()] if includeParents else []
    return page(context, found, given)


def _topics(repository: Repository, context: Context, given: dict[str, Any]) -> Connection:
    return page(context, [Inside(repository, topic) for topic in repository.topics], given, key=lambda each: each.thing)


def _alerts(repository: Repository, context: Context) -> bool:
    """To whom REST would say it, and refused to others (assumed: not documented)."""
    needs(context, "administration")
    if not _administers(context, repository):
        raise forbidden("integration")
    return repository.vulnerability_alerts


def _default_branch(repository: Repository, context: Context) -> Inside | None:
    """Nothing for a repository without a commit."""
    needs(context, "contents", unless_public=repository)
    branch = repository.branches.get(repository.default_branch)
    return Inside(repository, branch) if branch else None


answers("Repository", {
    "id": "node_id", "databaseId": "id", "name": "name", "nameWithOwner": "full_name", "owner": "owner", "description": "description",
    "homepageUrl": "homepage", "createdAt": "created_at", "updatedAt": "updated_at", "pushedAt": "pushed_at", "isArchived": "archived", "isTemplate": "is_template",
    "hasIssuesEnabled": "has_issues", "hasProjectsEnabled": "has_projects", "hasWikiEnabled": "has_wiki", "hasDiscussionsEnabled": "has_discussions",
    "mergeCommitAllowed": "allow_merge_commit", "squashMergeAllowed": "allow_squash_merge", "rebaseMergeAllowed": "allow_rebase_merge",
    "autoMergeAllowed": "allow_auto_merge", "allowUpdateBranch": "allow_update_branch", "forkingAllowed": "allow_forking",
    "deleteBranchOnMerge": "delete_branch_on_merge", "webCommitSignoffRequired": "web_commit_signoff_required", "mergeCommitTitle": "merge_commit_title",
    "mergeCommitMessage": "merge_commit_message", "squashMergeCommitTitle": "squash_merge_commit_title",
    "squashMergeCommitMessage": "squash_merge_commit_message", "parent": "parent", "templateRepository": "template",
    "visibility": lambda it, context: it.visibility.upper(),
    "isPrivate": lambda it, context: it.visibility != "public",
    "isFork": lambda it, context: it.parent is not None,
    "isInOrganization": lambda it, context: True,
    "isEmpty": lambda it, context: not it.branches,
    "url": lambda it, context: f"{it.world.html_url}/{it.full_name}",
    "resourcePath": lambda it, context: f"/{it.full_name}",
    "sshUrl": lambda it, context: f"git@{it.world.html_url.partition('://')[2]}:{it.full_name}.git",
    "archivedAt": lambda it, context: it.updated_at if it.archived else None,
    "primaryLanguage": lambda it, context: it.language,
    "hasVulnerabilityAlertsEnabled": _alerts,
    "viewerCanAdminister": lambda it, context: _administers(context, it) and context.request.credential.kind != "none",
    "viewerPermission": lambda it, context: {"none": None}.get(role := context.request.credential.role_on(it), role.upper()),
    "defaultBranchRef": _default_branch, "ref": _ref, "refs": _refs, "branchProtectionRules": _protections, "collaborators": _collaborators,
    "labels": _labels, "environments": _environments, "deployKeys": _keys, "rulesets": _rulesets, "repositoryTopics": _topics,
    "label": lambda it, context, name: next((Inside(it, each) for each in it.labels.values() if each.name.lower() == name.lower()), None),
    "environment": lambda it, context, name: next((Inside(it, each) for each in it.environments.values() if each.name.lower() == name.lower()), None),
    "ruleset": lambda it, context, databaseId: Inside(it, it.rulesets[databaseId]) if databaseId in it.rulesets else None,
})
_LANGUAGE = {"name": lambda it, context: it, "id": lambda it, context: node_id("Language", crc32(it.encode()))}
answers("Language", _LANGUAGE)

_PERMISSIONS = {"triage": "READ", "maintain": "WRITE"}
answers("RepositoryCollaboratorEdge", {
    "permission": lambda it, context: base_role(it.more[0].owner, highest(it.more[0].owner, it.more[1])).upper(),
    "permissionSources": lambda it, context: [(it.more[0], source, role) for source, role in it.more[1]],
})
answers("PermissionSource", {
    "organization": lambda it, context: it[0].owner,
    "permission": lambda it, context: _PERMISSIONS.get(role := base_role(it[0].owner, it[2]), role.upper()),
    "roleName": lambda it, context: it[2],
    "source": lambda it, context: it[1],
})

answers("Ref", {
    "id": lambda it, context: node_id("Ref", it.holder.id, it.id), "name": "thing.name", "prefix": lambda it, context: "refs/heads/", "repository": "holder",
    "target": "thing",
    "branchProtectionRule": lambda it, context: _rule_of(it.holder, it.thing),
})
answers("Commit", {"oid": "sha", "abbreviatedOid": lambda it, context: it.sha[:7]})


def _rule_of(repository: Repository, branch: Branch) -> Inside | None:
    rules = sorted(repository.protections.values(), key=lambda rule: rule.pattern != branch.name)
    return next((Inside(repository, rule) for rule in rules if fnmatchcase(branch.name, rule.pattern)), None)


answers("Label", {
    "id": lambda it, context: node_id("Label", it.holder.id, it.id), "name": "thing.name", "color": "thing.color", "description": "thing.description",
    "isDefault": "thing.default", "repository": "holder",
})
answers("DeployKey", {
    "id": lambda it, context: node_id("DeployKey", it.holder.id, it.id), "title": "thing.title", "key": "thing.key", "readOnly": "thing.read_only",
    "createdAt": "thing.created_at", "verified": lambda it, context: True, "enabled": lambda it, context: True,
})
answers("RepositoryTopic", {
    "id": lambda it, context: node_id("RepositoryTopic", it.holder.id, crc32(it.thing.encode())), "topic": "thing",
})
answers("Topic", {"id": lambda it, context: node_id("Topic", crc32(it.encode())), "name": lambda it, context: it})


def _environment_rules(it: Inside, context: Context, given: dict[str, Any]) -> Connection:
    found, rules = it.thing, []
    if found.wait_timer is not None:
        rules.append((found, 0, "WAIT_TIMER"))
    if found.reviewers is not None:
        rules.append((found, 1, "REQUIRED_REVIEWERS"))
    if found.branch_policy is not None:
        rules.append((found, 2, "BRANCH_POLICY"))
    return page(context, rules, given, key=lambda rule: rule[1])


def _reviewers(it: Any, context: Context, given: dict[str, Any]) -> Connection:
    world, reviewers = it[0].world, (it[0].reviewers or []) if it[2] == "REQUIRED_REVIEWERS" else []
    found = [world.users[number] if kind == "User" else world.team_by_id(number) for kind, number in reviewers]
    return page(context, [each for each in found if each], given)


answers("Environment", {
    "id": lambda it, context: node_id("Environment", it.holder.id, it.id), "databaseId": "thing.id", "name": "thing.name", "protectionRules": _environment_rules,
})
answers("DeploymentProtectionRule", {
    "databaseId": lambda it, context: it[0].id * 10 + it[1], "type": lambda it, context: it[2],
    "timeout": lambda it, context: (it[0].wait_timer or 0) if it[2] == "WAIT_TIMER" else 0,
    "preventSelfReview": lambda it, context: it[0].prevent_self_review if it[2] == "REQUIRED_REVIEWERS" else None,
    "reviewers": _reviewers,
})

answers("RepositoryRuleset", {
    "id": lambda it, context: node_id("RepositoryRuleset", it.holder.id, it.id), "databaseId": "thing.id", "name": "thing.name",
    "enforcement": lambda it, context: it.thing.enforcement.upper(), "target": lambda it, context: it.thing.target.upper(), "source": "holder",
    "createdAt": "thing.created_at", "updatedAt": "thing.updated_at", "conditions": lambda it, context: it.thing.conditions or {},
})
answers("RepositoryRuleConditions", {"refName": lambda it, context: it.get("ref_name")})
answers("RefNameConditionTarget", {"include": lambda it, context: it["include"], "exclude": lambda it, context: it["exclude"]})


def _allowances(kind: str, attribute: str) -> Any:
    def resolve(it: Inside, context: Context, given: dict[str, Any]) -> Connection:
        # An App that is named by a rule makes the whole of it unreadable to an App.
        actors = getattr(it.thing, attribute) or []
        return page(context, [(kind, it, actor, index) for index, actor in enumerate(actors)], given, key=lambda each: each[3])

    return resolve


def _actor(it: Any, context: Context) -> Any:
    world, (kind, number) = it[1].thing.world, it[2]
    if kind == "App" and context.request.credential.is_app:
        raise forbidden("integration")
    return {"User": world.users.get, "Team": world.team_by_id, "App": world.apps.get}[kind](number)


def _checks(it: Inside, context: Context) -> list[Any]:
    return [(it.thing.world, *check) for check in it.thing.required_checks or []]


answers("BranchProtectionRule", {
    "id": lambda it, context: node_id("BranchProtectionRule", it.holder.id, it.id), "databaseId": "thing.id", "pattern": "thing.pattern", "repository": "holder",
    "creator": "thing.creator", "isAdminEnforced": "thing.enforce_admins", "allowsDeletions": "thing.allows_deletions",
    "allowsForcePushes": "thing.allows_force_pushes", "blocksCreations": "thing.blocks_creations", "lockBranch": "thing.lock_branch",
    "lockAllowsFetchAndMerge": "thing.lock_allows_fetch_and_merge", "requiresCommitSignatures": "thing.require_signed_commits",
    "requiresLinearHistory": "thing.required_linear_history", "requiresConversationResolution": "thing.require_conversation_resolution",
    "requiresApprovingReviews": lambda it, context: it.thing.required_approving_review_count is not None,
    "requiredApprovingReviewCount": "thing.required_approving_review_count", "dismissesStaleReviews": "thing.dismiss_stale_reviews",
    "requiresCodeOwnerReviews": "thing.require_code_owner_reviews", "requireLastPushApproval": "thing.require_last_push_approval",
    "restrictsReviewDismissals": lambda it, context: it.thing.dismissal_actors is not None,
    "requiresStatusChecks": lambda it, context: it.thing.required_checks is not None, "requiresStrictStatusChecks": "thing.strict_checks",
    "requiredStatusCheckContexts": lambda it, context: [check for check, _ in it.thing.required_checks or []], "requiredStatusChecks": _checks,
    "restrictsPushes": lambda it, context: it.thing.push_actors is not None,
    "pushAllowances": _allowances("PushAllowance", "push_actors"),
    "reviewDismissalAllowances": _allowances("ReviewDismissalAllowance", "dismissal_actors"),
    "bypassPullRequestAllowances": _allowances("BypassPullRequestAllowance", "pull_request_bypassers"),
    "bypassForcePushAllowances": _allowances("BypassForcePushAllowance", "force_push_bypassers"),
})
for _kind in ("PushAllowance", "ReviewDismissalAllowance", "BypassPullRequestAllowance", "BypassForcePushAllowance"):
    answers(_kind, {"actor": _actor, "id": lambda it, context: node_id(it[0], it[1].id, it[3]), "branchProtectionRule": lambda it, context: it[1]})
answers("RequiredStatusCheckDescription", {"context": lambda it, context: it[1], "app": lambda it, context: it[0].apps.get(it[2])})


