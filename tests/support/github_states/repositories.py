"""Repositories, and what of one is a resource of its own: default branch, branches, topics, labels, updates, being chosen by an App."""

from __future__ import annotations

from typing import Any, Iterator
from urllib.parse import quote

from ..served_github.things import Label, Repository
from .recording import API, Json, Recorded, Scope, Writer, etag

#: What a repository's configuration has if it says nothing of them. An archived one keeps them, whatever it is now.
_MERGING: Json = {
    "allow_merge_commit": True, "allow_squash_merge": True, "allow_rebase_merge": True, "allow_auto_merge": False, "delete_branch_on_merge": False,
}
_TITLES: Json = {
    "merge_commit_title": "MERGE_MESSAGE", "merge_commit_message": "PR_TITLE", "squash_merge_commit_title": "COMMIT_OR_PR_TITLE",
    "squash_merge_commit_message": "COMMIT_MESSAGES",
}


def _repositories(scope: Scope) -> Iterator[Recorded]:
    schema_version = 1 if scope.variant.has("5.13") else 0
    for each in scope.repositories:
        yield Recorded(each.name, _repository(scope, each), schema_version)


def _repository(scope: Scope, each: Repository) -> Json:
    variant, html = scope.variant, f"{each.world.html_url}/{each.full_name}"
    host, _, path = html.partition("://")[2].partition("/")
    fork = {"source_owner": each.parent.owner.login if each.parent else "", "source_repo": each.parent.name if each.parent else ""}
    return {
        "id": each.name, "name": each.name, "description": each.description or "", "homepage_url": each.homepage or "", "private": each.visibility != "public",
        "visibility": each.visibility, "has_issues": each.has_issues, "has_projects": each.has_projects, "has_wiki": each.has_wiki, "is_template": each.is_template,
        "archived": each.archived, "topics": sorted(each.topics), "default_branch": each.default_branch, "primary_language": each.language or "",
        "full_name": each.full_name, "html_url": html, "ssh_clone_url": f"git@{host}:{path}.git", "svn_url": html, "git_clone_url": f"git://{host}/{path}.git",
        "http_clone_url": f"{html}.git", "node_id": each.node_id, "repo_id": each.id, "template": _template(each), "pages": _pages(each),
        "etag": etag("repository", each.id), "has_downloads": True, "vulnerability_alerts": each.vulnerability_alerts,
        # Only their creation uses these; nothing reads them.
        "auto_init": True, "license_template": "mit", "gitignore_template": "Rust", "archive_on_destroy": True, "ignore_vulnerability_alerts_during_read": None,
        **_gated(scope, each),
        **variant.since("4.32", has_discussions=each.has_discussions),
        **variant.since("6.9", fork=str(each.parent is not None).lower(), **fork),
        **variant.since("5.9", security_and_analysis=_security(scope, each)),
        **variant.until("5.0", branches=[{"name": name, "protected": False} for name in sorted(each.branches)]),
    }


def _gated(scope: Scope, each: Repository) -> Json:
    """What Read leaves alone in an archived repository."""
    live = lambda name, otherwise: otherwise if each.archived else getattr(each, name)  # noqa: E731
    found = {name: live(name, otherwise) for name, otherwise in _MERGING.items()}
    found |= scope.variant.since("5.8", **{name: live(name, otherwise) for name, otherwise in _TITLES.items()})
    found |= scope.variant.since("5.1", allow_update_branch=live("allow_update_branch", False))
    found |= scope.variant.since("5.43", web_commit_signoff_required=live("web_commit_signoff_required", False))
    return found | scope.variant.since("6.10", allow_forking=live("allow_forking", False))


def _template(each: Repository) -> list[Json]:
    if each.template is None:
        return []
    return [{"owner": each.template.owner.login, "repository": each.template.name, "include_all_branches": False}]


def _pages(each: Repository) -> list[Json]:
    if each.pages is None:
        return []
    pages = {"status": "built", "cname": None, "custom_404": False, "build_type": "legacy", "source": {"branch": "main", "path": "/"}} | each.pages
    source = [pages["source"]] if pages["build_type"] == "legacy" else []
    html = f"https://{each.owner.login}.github.io/{each.name}/"
    return [
        {
            "source": source, "build_type": pages["build_type"], "cname": pages["cname"] or "", "custom_404": pages["custom_404"], "html_url": html,
            "status": pages["status"], "url": f"{API}/repos/{each.full_name}/pages",
        }
    ]


def _security(scope: Scope, each: Repository) -> list[Json]:
    """Three of the blocks are filled; the others are neither read nor written."""
    status: Any = lambda name: [{"status": each.security[name]}] if name in each.security else []  # noqa: E731
    read = {name: status(name) for name in ("advanced_security", "secret_scanning", "secret_scanning_push_protection")}
    unread = ("code_security", "secret_scanning_ai_detection", "secret_scanning_non_provider_patterns")
    return [read | (dict.fromkeys(unread, []) if scope.variant.has("6.9") else {})]


def _default_branches(scope: Scope) -> Iterator[Recorded]:
    variant = scope.variant
    for each in scope.repositories:
        attributes = {
            "id": each.name, "repository": each.name, "branch": each.default_branch, "rename": False, **variant.since("5.43", etag=etag("default", each.id)),
            **variant.since("6.13", repository_id=each.id, wait_for_rename=False),
        }
        yield Recorded(each.name, attributes, 1 if variant.has("6.13") else 0)


def _branches(scope: Scope) -> Iterator[Recorded]:
    """The hash is of some earlier push."""
    for each in scope.repositories:
        for name in each.branches:
            attributes = {
                "id": f"{each.name}:{name}", "repository": each.name, "branch": name, "source_branch": "main", "source_sha": "0" * 40, "sha": "0" * 40,
                "ref": f"refs/heads/{name}", "etag": etag("branch", each.id, name),
            }
            yield Recorded(f"{each.name}:{name}", attributes)


def _topics(scope: Scope) -> Iterator[Recorded]:
    for each in scope.repositories:
        if each.topics:
            yield Recorded(each.name, {"id": each.name, "repository": each.name, "topics": sorted(each.topics)})


def _label_url(each: Repository, label: Label) -> str:
    return f"{API}/repos/{each.full_name}/labels/{quote(label.name)}"


def _labels(scope: Scope) -> Iterator[Recorded]:
    """Those that somebody added; GitHub's own nine are nobody's."""
    for each in scope.repositories:
        for label in each.labels.values():
            if not label.default:
                attributes = {
                    "id": f"{each.name}:{label.name}", "repository": each.name, "name": label.name, "color": label.color,
                    "description": label.description or "", "url": _label_url(each, label), "etag": etag("label", label.id),
                }
                yield Recorded(f"{each.name}:{label.name}", attributes)


def _all_labels(scope: Scope) -> Iterator[Recorded]:
    """All of a repository, of every fourth one."""
    for each in scope.repositories[::4]:
        labels = [
            {"name": label.name, "color": label.color, "description": label.description or "", "url": _label_url(each, label)}
            for label in sorted(each.labels.values(), key=lambda label: label.name)
        ]
        yield Recorded(each.name, {"id": each.name, "repository": each.name, "label": labels})


def _security_updates(scope: Scope) -> Iterator[Recorded]:
    for each in scope.repositories[::2]:
        yield Recorded(each.name, {"id": each.name, "repository": each.name, "enabled": each.security_updates})


def _chosen_by_apps(scope: Scope) -> Iterator[Recorded]:
    """Of an App that is installed for some repositories only."""
    for installation in scope.owner.world.installations.values():
        for number in installation.repositories or []:
            if installation.organisation is scope.owner and (each := scope.owner.repositories.get(number)):
                known = f"{installation.id}:{each.name}"
                yield Recorded(known, {"id": known, "installation_id": str(installation.id), "repository": each.name, "repo_id": each.id})


WRITERS: dict[str, Writer] = {
    "github_repository": _repositories,
    "github_branch_default": _default_branches,
    "github_branch": _branches,
    "github_repository_topics": _topics,
    "github_issue_label": _labels,
    "github_issue_labels": _all_labels,
    "github_repository_dependabot_security_updates": _security_updates,
    "github_app_installation_repository": _chosen_by_apps,
}
