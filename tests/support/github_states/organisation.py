"""The organisation's own settings, and what GitHub Actions may run in it and in its repositories."""

from __future__ import annotations

from typing import Iterator

from ..served_github.things import Organisation, Repository
from .recording import Json, Recorded, Scope, Writer

_TEXTS = ("billing_email", "company", "email", "twitter_username", "location", "blog", "default_repository_permission")
_SWITCHES = (
    "has_organization_projects", "has_repository_projects", "members_can_create_repositories", "members_can_create_internal_repositories",
    "members_can_create_private_repositories", "members_can_create_public_repositories", "members_can_create_pages", "members_can_create_public_pages",
    "members_can_create_private_pages", "members_can_fork_private_repositories", "web_commit_signoff_required",
    *(
        f"{what}_enabled_for_new_repositories"
        for what in (
            "advanced_security", "dependabot_alerts", "dependabot_security_updates", "dependency_graph", "secret_scanning", "secret_scanning_push_protection",
        )
    ),
)


def _settings(scope: Scope) -> Iterator[Recorded]:
    owner = scope.owner
    texts = {name: owner.settings.get(name) or "" for name in _TEXTS}
    switches = {name: owner.settings.get(name, False) for name in _SWITCHES}
    named = {"id": str(owner.id), "name": owner.name or owner.login, "description": owner.description or ""}
    yield Recorded(owner.login, named | texts | switches)


def _selection(holder: Repository | Organisation) -> list[Json]:
    if holder.actions["allowed_actions"] != "selected":
        return []
    return [{name: holder.selected_actions[name] for name in ("github_owned_allowed", "patterns_allowed", "verified_allowed")}]


def _permissions(scope: Scope) -> Iterator[Recorded]:
    for each in scope.repositories[::2]:
        enabled = each.actions["enabled"]
        attributes = {
            "id": each.name, "repository": each.name, "enabled": enabled, "allowed_actions": each.actions["allowed_actions"] if enabled else "",
            "allowed_actions_config": _selection(each) if enabled else [],
            **scope.variant.since("6.11", sha_pinning_required=each.actions["sha_pinning_required"] if enabled else False),
        }
        yield Recorded(each.name, attributes)


def _own_permissions(scope: Scope) -> Iterator[Recorded]:
    owner = scope.owner
    chosen = [{"repository_ids": sorted(owner.actions_repositories)}] if owner.actions["enabled_repositories"] == "selected" else []
    attributes = {
        "id": owner.login, "enabled_repositories": owner.actions["enabled_repositories"], "allowed_actions": owner.actions["allowed_actions"],
        "allowed_actions_config": _selection(owner), "enabled_repositories_config": chosen,
        **scope.variant.since("6.11", sha_pinning_required=owner.actions["sha_pinning_required"]),
    }
    yield Recorded(owner.login, attributes)


WRITERS: dict[str, Writer] = {
    "github_organization_settings": _settings,
    "github_actions_repository_permissions": _permissions,
    "github_actions_organization_permissions": _own_permissions,
}
