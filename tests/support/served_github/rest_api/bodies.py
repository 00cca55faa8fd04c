"""How REST writes people, organisations, teams and repositories.

The shapes are those of the published OpenAPI description; the tests of this server validate each against it. Counts of what the world does
not hold (stars, forks, issues) are zero, as they are of something new.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..access import at_least, base_role

if TYPE_CHECKING:
    from ..request import Request
    from ..things import App, Organisation, Repository, Team, User

#: REST's older words for two of the roles.
PERMISSION = {"read": "pull", "write": "push"}

#: A repository's URLs: what is the same as its name in the path, and what is not.
_URLS = {name: f"/{name}" for name in "contributors deployments downloads events forks hooks languages merges stargazers subscribers subscription tags teams".split()} | {
    "archive": "/{archive_format}{/ref}", "assignees": "/assignees{/user}", "blobs": "/git/blobs{/sha}", "branches": "/branches{/branch}",
    "collaborators": "/collaborators{/collaborator}", "comments": "/comments{/number}", "commits": "/commits{/sha}", "compare": "/compare/{base}...{head}",
    "contents": "/contents/{+path}", "git_commits": "/git/commits{/sha}", "git_refs": "/git/refs{/sha}", "git_tags": "/git/tags{/sha}",
    "issue_comment": "/issues/comments{/number}", "issue_events": "/issues/events{/number}", "issues": "/issues{/number}", "keys": "/keys{/key_id}",
    "labels": "/labels{/name}", "milestones": "/milestones{/number}", "notifications": "/notifications{?since,all,participating}",
    "pulls": "/pulls{/number}", "releases": "/releases{/id}", "statuses": "/statuses/{sha}", "trees": "/git/trees{/sha}",
}


def account(request: Request, who: User | Organisation | None) -> dict[str, Any] | None:
    """`simple-user`, which stands for organisations too."""
    if who is None:
        return None
    organisation = hasattr(who, "members")
    url = f"{request.api}/users/{who.login}"
    return {
        "login": who.login, "id": who.id, "node_id": who.node_id, "avatar_url": f"https://avatars.githubusercontent.com/u/{who.id}?v=4",
        "gravatar_id": "", "url": url, "html_url": f"{request.world.html_url}/{who.login}", "followers_url": f"{url}/followers",
        "following_url": f"{url}/following{{/other_user}}", "gists_url": f"{url}/gists{{/gist_id}}", "starred_url": f"{url}/starred{{/owner}}{{/repo}}",
        "subscriptions_url": f"{url}/subscriptions", "organizations_url": f"{url}/orgs", "repos_url": f"{url}/repos",
        "events_url": f"{url}/events{{/privacy}}", "received_events_url": f"{url}/received_events",
        "type": "Organization" if organisation else "User", "user_view_type": "public", "site_admin": False,
    }


def named(request: Request, login: str | None) -> dict[str, Any] | None:
    return account(request, request.world.user(login)) if login else None


def organisation_simple(request: Request, found: Organisation) -> dict[str, Any]:
    url = f"{request.api}/orgs/{found.login}"
    return {
        "login": found.login, "id": found.id, "node_id": found.node_id, "url": url, "repos_url": f"{url}/repos", "events_url": f"{url}/events",
        "hooks_url": f"{url}/hooks", "issues_url": f"{url}/issues", "members_url": f"{url}/members{{/member}}",
        "public_members_url": f"{url}/public_members{{/member}}", "avatar_url": f"https://avatars.githubusercontent.com/u/{found.id}?v=4",
        "description": found.description,
    }


def organisation_public(request: Request, found: Organisation) -> dict[str, Any]:
    """What everybody reads of it."""
    told = {name: found.settings[name] for name in ("company", "blog", "location", "email", "twitter_username") if found.settings.get(name) is not None}
    # The description allows no null and no empty string for these.
    told = {name: value for name, value in told.items() if value != ""}
    return organisation_simple(request, found) | told | {
        "name": found.name or found.login, "is_verified": False, "has_organization_projects": found.settings["has_organization_projects"],
        "has_repository_projects": found.settings["has_repository_projects"],
        "public_repos": sum(repository.visibility == "public" for repository in found.repositories.values()),
        "public_gists": 0, "followers": 0, "following": 0, "html_url": f"{request.world.html_url}/{found.login}", "type": "Organization",
        "created_at": found.created_at, "updated_at": found.updated_at, "archived_at": None,
    }


def organisation_full(request: Request, found: Organisation) -> dict[str, Any]:
    """What its owners read of it."""
    private = sum(repository.visibility != "public" for repository in found.repositories.values())
    settings = {name: value for name, value in found.settings.items() if name not in ("company", "blog", "location", "email", "twitter_username")}
    return organisation_public(request, found) | settings | {
        "total_private_repos": private, "owned_private_repos": private, "private_gists": 0, "disk_usage": 0, "collaborators": 0,
        "plan": {"name": found.plan, "space": 976562499, "private_repos": 999999, "filled_seats": len(found.members), "seats": len(found.members)},
    }


def permissions(role: str) -> dict[str, bool]:
    """A role as the five switches that REST also gives."""
    return {word: at_least(role, name) for word, name in (("admin", "admin"), ("maintain", "maintain"), ("push", "write"), ("triage", "triage"), ("pull", "read"))}


def repository_minimal(request: Request, found: Repository) -> dict[str, Any]:
    """`minimal-repository`, what lists hold: without the merge settings."""
    url, html = f"{request.api}/repos/{found.full_name}", f"{request.world.html_url}/{found.full_name}"
    urls = {f"{name}_url": url + rest for name, rest in _URLS.items()}
    body = {
        "id": found.id, "node_id": found.node_id, "name": found.name, "full_name": found.full_name, "private": found.visibility != "public",
        "owner": account(request, found.owner), "html_url": html, "description": found.description, "fork": found.parent is not None, "url": url,
        **urls, "created_at": found.created_at, "updated_at": found.updated_at, "pushed_at": found.pushed_at, "git_url": f"git:{html.partition(':')[2]}.git",
        "ssh_url": f"git@{html.partition('://')[2].replace('/', ':', 1)}.git", "clone_url": f"{html}.git", "svn_url": html, "homepage": found.homepage,
        "size": 0, "stargazers_count": 0, "watchers_count": 0, "language": found.language, "has_issues": found.has_issues,
        "has_projects": found.has_projects, "has_downloads": False, "has_wiki": found.has_wiki, "has_pages": found.pages is not None,
        "has_discussions": found.has_discussions, "forks_count": 0, "mirror_url": None, "archived": found.archived, "disabled": False,
        "open_issues_count": 0, "license": None, "allow_forking": found.allow_forking, "is_template": found.is_template,
        "web_commit_signoff_required": found.web_commit_signoff_required, "topics": found.topics, "visibility": found.visibility, "forks": 0,
        "open_issues": 0, "watchers": 0, "default_branch": found.default_branch, "permissions": permissions(request.credential.role_on(found)),
    }
    if security := _security(request, found):
        body["security_and_analysis"] = security
    return body


def repository_full(request: Request, found: Repository) -> dict[str, Any]:
    """`full-repository`. The merge settings come only to who may write its contents."""
    body = repository_minimal(request, found) | {"organization": account(request, found.owner), "network_count": 0, "subscribers_count": 0}
    if not request.credential.is_app:
        body["temp_clone_token"] = None if found.visibility == "public" else ""
    if _may(request, found, "contents", "write", "write"):
        names = (
            "allow_squash_merge allow_merge_commit allow_rebase_merge allow_auto_merge delete_branch_on_merge allow_update_branch "
            "squash_merge_commit_message squash_merge_commit_title merge_commit_message merge_commit_title"
        )
        body |= {name: getattr(found, name) for name in names.split()}
        body["use_squash_pr_title_as_default"] = found.squash_merge_commit_title == "PR_TITLE"
    if found.parent:
        body |= {"parent": repository_related(request, found.parent), "source": repository_related(request, found.parent)}
    if found.template:
        body["template_repository"] = repository_related(request, found.template)
    return body


def repository_related(request: Request, found: Repository) -> dict[str, Any]:
    """`repository`, as which a repository stands inside other things."""
    body = repository_minimal(request, found)
    body.pop("security_and_analysis", None)
    return body


def team_simple(request: Request, found: Team) -> dict[str, Any]:
    url = f"{request.api}/organizations/{found.organisation.id}/team/{found.id}"
    return {
        "id": found.id, "node_id": found.node_id, "name": found.name, "slug": found.slug, "description": found.description, "privacy": found.privacy,
        "notification_setting": found.notification_setting, "permission": "pull", "url": url, "members_url": f"{url}/members{{/member}}",
        "html_url": f"{request.world.html_url}/orgs/{found.organisation.login}/teams/{found.slug}", "repositories_url": f"{url}/repos",
        "type": "organization", "organization_id": found.organisation.id,
    }


def team(request: Request, found: Team) -> dict[str, Any]:
    return team_simple(request, found) | {"parent": team_simple(request, found.parent) if found.parent else None}


def app(request: Request, found: App) -> dict[str, Any]:
    """`integration`."""
    return {
        "id": found.id, "slug": found.slug, "node_id": found.node_id, "client_id": found.client_id, "owner": account(request, found.owner),
        "name": found.name, "description": "", "external_url": "https://example.com", "html_url": f"{request.world.html_url}/apps/{found.slug}",
        "created_at": found.created_at, "updated_at": found.updated_at, "permissions": found.permissions, "events": [],
    }


def role_words(owner: Organisation, role: str) -> dict[str, Any]:
    """A role with its switches, as collaborators, teams and their repositories have it."""
    return {"role_name": role, "permissions": permissions(base_role(owner, role))}


def _may(request: Request, found: Repository, permission: str, level: str, role: str) -> bool:
    credential = request.credential
    if credential.by_permissions and not credential.permits(permission, level):
        return False
    if credential.kind == "classic" and not credential.has_scope("repo"):
        return False
    return at_least(credential.role_on(found), role)


def _security(request: Request, found: Repository) -> dict[str, Any] | None:
    if not _may(request, found, "administration", "read", "admin"):
        return None
    status = {name: {"status": value} for name, value in found.security.items()}
    return status | {"dependabot_security_updates": {"status": "enabled" if found.security_updates else "disabled"}}
