"""What guards a repository: protection rules by both of their types, rulesets, environments."""

from __future__ import annotations

from typing import Any, Iterator

from ..served_github.node_ids import legacy_node_id, node_id
from ..served_github.things import BranchProtection, Organisation, Repository, Ruleset
from .recording import Json, Recorded, Scope, Writer, etag

Actors = list[tuple[str, int]]


def _protections(scope: Scope) -> Iterator[Recorded]:
    variant = scope.variant
    schema_version = 2 if variant.has("6.0") else 1
    for each in scope.repositories:
        for rule in each.protections.values():
            yield Recorded(f"{each.name}:{rule.pattern}", _protection(scope, each, rule), schema_version)


def _protection(scope: Scope, each: Repository, rule: BranchProtection) -> Json:
    variant = scope.variant
    number = legacy_node_id("BranchProtectionRule", rule.id) if variant.legacy_rules else node_id("BranchProtectionRule", each.id, rule.id)
    pushers = _actors(scope, rule.push_actors or [])
    restricted = [] if rule.push_actors is None else [{"blocks_creations": rule.blocks_creations, "push_allowances": pushers}]
    forcing = [] if rule.allows_force_pushes else _actors(scope, rule.force_push_bypassers)
    return {
        "id": number, "repository_id": scope.repository(each), "pattern": rule.pattern, "allows_deletions": rule.allows_deletions,
        "allows_force_pushes": rule.allows_force_pushes, "enforce_admins": rule.enforce_admins, "require_signed_commits": rule.require_signed_commits,
        "required_linear_history": rule.required_linear_history, "require_conversation_resolution": rule.require_conversation_resolution,
        "required_pull_request_reviews": _reviews(scope, rule), "required_status_checks": _checks(rule), **variant.since("5.4", lock_branch=rule.lock_branch),
        **variant.until("6.0", push_restrictions=pushers, blocks_creations=rule.blocks_creations), **variant.since("6.0", restrict_pushes=restricted),
        **variant.since("5.27", force_push_bypassers=forcing),
    }


def _reviews(scope: Scope, rule: BranchProtection) -> list[Json]:
    if rule.required_approving_review_count is None:
        return []
    return [
        {
            "required_approving_review_count": rule.required_approving_review_count, "require_code_owner_reviews": rule.require_code_owner_reviews,
            "dismiss_stale_reviews": rule.dismiss_stale_reviews, "restrict_dismissals": rule.dismissal_actors is not None,
            "dismissal_restrictions": _actors(scope, rule.dismissal_actors or []), "pull_request_bypassers": _actors(scope, rule.pull_request_bypassers),
            **scope.variant.since("5.16", require_last_push_approval=rule.require_last_push_approval),
        }
    ]


def _checks(rule: BranchProtection) -> list[Json]:
    if rule.required_checks is None:
        return []
    return [{"strict": rule.strict_checks, "contexts": sorted(context for context, _ in rule.required_checks)}]


def _actors(scope: Scope, actors: Actors) -> list[str]:
    return sorted(scope.actor(*actor) for actor in actors)


def _protections_v3(scope: Scope) -> Iterator[Recorded]:
    """Of rules for exactly one branch that is there: this type knows no others."""
    for each in scope.repositories:
        for rule in each.protections.values():
            if rule.pattern in each.branches:
                yield Recorded(f"{each.name}:{rule.pattern}", _protection_v3(scope, each, rule))


def _protection_v3(scope: Scope, each: Repository, rule: BranchProtection) -> Json:
    restrictions = [] if rule.push_actors is None else [_named(scope, rule.push_actors)]
    return {
        "id": f"{each.name}:{rule.pattern}", "repository": each.name, "branch": rule.pattern, "etag": etag("protection", rule.id),
        "enforce_admins": rule.enforce_admins, "require_conversation_resolution": rule.require_conversation_resolution,
        "require_signed_commits": rule.require_signed_commits, "required_status_checks": _checks_v3(scope, rule),
        "required_pull_request_reviews": _reviews_v3(scope, rule), "restrictions": restrictions,
    }


def _checks_v3(scope: Scope, rule: BranchProtection) -> list[Json]:
    if rule.required_checks is None:
        return []
    checks = sorted(context if app is None else f"{context}:{app}" for context, app in rule.required_checks)
    contexts = sorted(context for context, _ in rule.required_checks)
    return [{"include_admins": False, "strict": rule.strict_checks, "contexts": contexts, **scope.variant.since("5.16", checks=checks)}]


def _reviews_v3(scope: Scope, rule: BranchProtection) -> list[Json]:
    if rule.required_approving_review_count is None:
        return []
    dismissing = _named(scope, rule.dismissal_actors or [])
    bypassing = [_named(scope, rule.pull_request_bypassers)] if rule.pull_request_bypassers else []
    return [
        {
            "include_admins": False, "dismiss_stale_reviews": rule.dismiss_stale_reviews, "dismissal_users": dismissing["users"],
            "dismissal_teams": dismissing["teams"], "require_code_owner_reviews": rule.require_code_owner_reviews,
            "required_approving_review_count": rule.required_approving_review_count, "bypass_pull_request_allowances": bypassing,
            **scope.variant.since("5.42", dismissal_apps=dismissing["apps"]),
            **scope.variant.since("6.2", require_last_push_approval=rule.require_last_push_approval),
        }
    ]


def _named(scope: Scope, actors: Actors) -> Json:
    """Logins, slugs of teams, slugs of Apps."""
    world = scope.owner.world
    return {
        "users": sorted(scope.variant.login(world.users[number].login) for kind, number in actors if kind == "User"),
        "teams": sorted(team.slug for kind, number in actors if kind == "Team" and (team := world.team_by_id(number))),
        "apps": sorted(world.apps[number].slug for kind, number in actors if kind == "App"),
    }


#: Rules that are switches, and those that are blocks: attribute -> the rule's type in the API, and what the block holds at its zero.
_SWITCHES = ("creation", "deletion", "required_linear_history", "required_signatures", "non_fast_forward", "update")
_PATTERN: Json = {"name": "", "negate": False, "operator": "", "pattern": ""}
_BLOCKS: dict[str, Json] = {
    "required_deployments": {"required_deployment_environments": []},
    "pull_request": {
        "allowed_merge_methods": [], "dismiss_stale_reviews_on_push": False, "require_code_owner_review": False, "require_last_push_approval": False,
        "required_approving_review_count": 0, "required_review_thread_resolution": False, "required_reviewers": [],
    },
    "merge_queue": {
        "check_response_timeout_minutes": 0, "grouping_strategy": "", "max_entries_to_build": 0, "max_entries_to_merge": 0, "merge_method": "",
        "min_entries_to_merge": 0, "min_entries_to_merge_wait_minutes": 0,
    },
    **{f"{what}_pattern": _PATTERN for what in ("commit_message", "commit_author_email", "committer_email", "branch_name", "tag_name")},
    "file_path_restriction": {"restricted_file_paths": []},
    "max_file_size": {"max_file_size": 0},
    "max_file_path_length": {"max_file_path_length": 0},
    "file_extension_restriction": {"restricted_file_extensions": []},
    "copilot_code_review": {"review_on_push": False, "review_draft_pull_requests": False},
}
#: Since when a block is there.
_NEWER = {
    "required_code_scanning": "6.4", "merge_queue": "6.6", "file_path_restriction": "6.7", "max_file_size": "6.7", "file_extension_restriction": "6.7",
    "max_file_path_length": "6.8", "copilot_code_review": "6.10",
}
#: What only rulesets of repositories have.
_OF_REPOSITORIES = {"required_deployments", "merge_queue"}


def _rulesets(scope: Scope) -> Iterator[Recorded]:
    for each in scope.repositories:
        for ruleset in each.rulesets.values():
            attributes = _ruleset(scope, each, ruleset) | {"repository": each.name}
            yield Recorded(f"{each.name}:{ruleset.name}", attributes, 1)


def _own_rulesets(scope: Scope) -> Iterator[Recorded]:
    for ruleset in scope.owner.rulesets.values():
        yield Recorded(ruleset.name, _ruleset(scope, scope.owner, ruleset), 1)


def _ruleset(scope: Scope, holder: Repository | Organisation, ruleset: Ruleset) -> Json:
    own = isinstance(holder, Organisation)
    return {
        "id": str(ruleset.id), "ruleset_id": ruleset.id, "node_id": node_id("RepositoryRuleset", holder.id, ruleset.id), "name": ruleset.name,
        "target": ruleset.target, "enforcement": ruleset.enforcement, "etag": etag("ruleset", ruleset.id),
        "bypass_actors": [_bypass(scope, actor) for actor in ruleset.bypass_actors], "conditions": _conditions(scope, ruleset, own),
        "rules": [_rules(scope, ruleset, own)],
    }


def _bypass(scope: Scope, actor: Json) -> Json:
    # Older configurations had to say 1 where there is no number.
    nobody = 1 if actor["actor_type"] == "OrganizationAdmin" and not scope.variant.has("6.6") else 0
    return actor | {"actor_id": actor["actor_id"] or nobody}


def _conditions(scope: Scope, ruleset: Ruleset, own: bool) -> list[Json]:
    conditions = ruleset.conditions
    if not conditions or ("ref_name" not in conditions and not scope.variant.has("6.11")):
        return []
    found = {"ref_name": [conditions["ref_name"]] if "ref_name" in conditions else []}
    if own:
        found |= {
            "repository_name": [conditions["repository_name"]] if "repository_name" in conditions else [],
            "repository_id": conditions.get("repository_id", {}).get("repository_ids", []), **scope.variant.since("6.12", repository_property=[]),
        }
    return [found]


def _rules(scope: Scope, ruleset: Ruleset, own: bool) -> Json:
    held: dict[str, Json] = {rule["type"]: rule.get("parameters", {}) for rule in ruleset.rules}
    rules: Json = {name: name in held for name in _SWITCHES}
    if not own:
        rules["update_allows_fetch_and_merge"] = held.get("update", {}).get("update_allows_fetch_and_merge", False)
    for name, zero in _BLOCKS.items():
        if not (own and name in _OF_REPOSITORIES) and scope.variant.has(_NEWER.get(name, "5.0")):
            rules[name] = [_block(scope, name, zero, held[name])] if name in held else []
    rules["required_status_checks"] = [_required_checks(scope, held["required_status_checks"])] if "required_status_checks" in held else []
    if scope.variant.has("6.4"):
        tools = held.get("code_scanning", {}).get("code_scanning_tools")
        rules["required_code_scanning"] = [] if tools is None else [{"required_code_scanning_tool": tools}]
    if own:
        rules["required_workflows"] = [_workflows(held["workflows"])] if "workflows" in held else []
    return rules


def _block(scope: Scope, name: str, zero: Json, parameters: Json) -> Json:
    found = zero | {attribute: value for attribute, value in parameters.items() if attribute in zero}
    newer = {"allowed_merge_methods": "6.10", "required_reviewers": "6.11"} if name == "pull_request" else {}
    return {attribute: value for attribute, value in found.items() if scope.variant.has(newer.get(attribute, "5.0"))}


def _required_checks(scope: Scope, parameters: Json) -> Json:
    checks: list[Any] = [
        {"context": check["context"], "integration_id": check.get("integration_id") or 0} for check in parameters["required_status_checks"]
    ]
    strict = {"strict_required_status_checks_policy": parameters["strict_required_status_checks_policy"], "required_check": checks}
    return strict | scope.variant.since("6.7", do_not_enforce_on_create=parameters.get("do_not_enforce_on_create", False))


def _workflows(parameters: Json) -> Json:
    workflows = [{name: each.get(name, "") for name in ("repository_id", "path", "ref")} for each in parameters["workflows"]]
    return {"do_not_enforce_on_create": parameters.get("do_not_enforce_on_create", False), "required_workflow": workflows}


def _environments(scope: Scope) -> Iterator[Recorded]:
    variant = scope.variant
    for each in scope.repositories:
        for found in each.environments.values():
            known = f"{each.name}:{found.name.replace(':', '??') if variant.has('6.10') else found.name}"
            reviewers = [] if found.reviewers is None else [
                {kind: sorted(number for each_kind, number in found.reviewers if each_kind == name) for kind, name in (("teams", "Team"), ("users", "User"))}
            ]
            attributes = {
                "id": known, "repository": each.name, "environment": found.name, "wait_timer": found.wait_timer, "reviewers": reviewers,
                "deployment_branch_policy": [found.branch_policy] if found.branch_policy else [],
                **variant.since("5.43", can_admins_bypass=found.can_admins_bypass), **variant.since("6.0", prevent_self_review=found.prevent_self_review),
                **variant.since("6.12", repository_id=each.id),
            }
            yield Recorded(f"{each.name}:{found.name}", attributes, 1 if variant.has("6.12") else 0)


WRITERS: dict[str, Writer] = {
    "github_branch_protection": _protections,
    "github_branch_protection_v3": _protections_v3,
    "github_repository_ruleset": _rulesets,
    "github_organization_ruleset": _own_rulesets,
    "github_repository_environment": _environments,
}
