"""What a repository or an organisation hands out or keeps: webhooks, deploy keys, variables, secrets."""

from __future__ import annotations

from typing import Any, Iterator

from ..served_github.things import Hook, Repository, Secret
from .recording import API, Json, Path, Recorded, Scope, Writer, etag, go_time

#: What stands in a state for a secret's value. Nobody may ever read it in what Driftwire prints or sends.
VALUE = "value-that-only-the-state-holds"
_HOOK_SECRETS: tuple[Path, ...] = (("configuration", 0, "secret"), ("configuration", 0, "url"))


def _hooks(scope: Scope) -> Iterator[Recorded]:
    for each in scope.repositories:
        for hook in each.hooks.values():
            attributes = _hook(hook, f"{API}/repos/{each.full_name}/hooks/{hook.id}") | {"repository": each.name}
            yield Recorded(f"{each.name}:{hook.id}", attributes | scope.variant.until("6.0", name="web"), 1, _HOOK_SECRETS)


def _own_hooks(scope: Scope) -> Iterator[Recorded]:
    for hook in scope.owner.hooks.values():
        attributes = _hook(hook, f"{API}/orgs/{scope.owner.login}/hooks/{hook.id}")
        yield Recorded(str(hook.id), attributes | scope.variant.until("6.0", name="web"), 1, _HOOK_SECRETS)


def _hook(hook: Hook, url: str) -> Json:
    configuration = {"url": hook.url, "content_type": hook.content_type, "secret": VALUE if hook.secret else None, "insecure_ssl": hook.insecure_ssl}
    return {"id": str(hook.id), "events": sorted(hook.events), "active": hook.active, "url": url, "configuration": [configuration], "etag": etag("hook", hook.id)}


def _keys(scope: Scope) -> Iterator[Recorded]:
    for each in scope.repositories:
        for key in each.keys.values():
            attributes = {
                "id": f"{each.name}:{key.id}", "repository": each.name, "title": key.title, "key": key.key, "read_only": key.read_only, "etag": etag("key", key.id),
            }
            yield Recorded(f"{each.name}:{key.title}", attributes)


def _times(found: Any) -> Json:
    return {"created_at": go_time(found.created_at), "updated_at": go_time(found.updated_at)}


def _variables(scope: Scope) -> Iterator[Recorded]:
    variant = scope.variant
    for each in scope.repositories:
        for name, found in each.variables.items():
            attributes = {
                "id": f"{each.name}:{name}", "repository": each.name, "variable_name": name, "value": found.value, **_times(found),
                **variant.since("6.11", repository_id=each.id),
            }
            yield Recorded(f"{each.name}:{name}", attributes, 1 if variant.has("6.11") else 0)


def _own_variables(scope: Scope) -> Iterator[Recorded]:
    for name, found in scope.owner.variables.items():
        attributes = {
            "id": name, "variable_name": name, "value": found.value, "visibility": found.visibility, "selected_repository_ids": sorted(found.repositories),
            **_times(found),
        }
        yield Recorded(name, attributes)


def _secret(scope: Scope, found: Secret) -> Json:
    """Its value stands in the state alone; when it was last set is all that GitHub says."""
    variant = scope.variant
    attributes: Json = {"secret_name": found.name, "encrypted_value": None, **_times(found)}
    if variant.has("6.11"):
        attributes |= {"key_id": "568250167242549743", "remote_updated_at": go_time(found.updated_at)}
    # Since 6.12 the value has a shorter name.
    return attributes | ({"value": VALUE, "value_encrypted": None, "plaintext_value": None} if variant.has("6.12") else {"plaintext_value": VALUE})


def _sensitive(scope: Scope) -> tuple[Path, ...]:
    names = ("encrypted_value", "plaintext_value", *(("value", "value_encrypted") if scope.variant.has("6.12") else ()))
    return tuple((name,) for name in names)


def _secrets(scope: Scope) -> Iterator[Recorded]:
    schema_version = 2 if scope.variant.has("6.11") else 1
    for each in scope.repositories:
        for found in each.secrets.values():
            attributes = _of_repository(scope, each, found) | scope.variant.since("6.8", destroy_on_drift=True)
            yield Recorded(f"{each.name}:{found.name}", attributes, schema_version, _sensitive(scope))


def _dependabot_secrets(scope: Scope) -> Iterator[Recorded]:
    schema_version = 1 if scope.variant.has("6.11") else 0
    for each in scope.repositories:
        for found in each.dependabot_secrets.values():
            yield Recorded(f"{each.name}:{found.name}", _of_repository(scope, each, found), schema_version, _sensitive(scope))


def _of_repository(scope: Scope, each: Repository, found: Secret) -> Json:
    own = {"id": f"{each.name}:{found.name}", "repository": each.name, **scope.variant.since("6.11", repository_id=each.id)}
    return _secret(scope, found) | own


def _own_secrets(scope: Scope) -> Iterator[Recorded]:
    for found in scope.owner.secrets.values():
        own = {"id": found.name, "visibility": found.visibility, "selected_repository_ids": sorted(found.repositories)}
        attributes = _secret(scope, found) | own | scope.variant.since("6.7", destroy_on_drift=True)
        yield Recorded(found.name, attributes, 1 if scope.variant.has("6.8") else 0, _sensitive(scope))


WRITERS: dict[str, Writer] = {
    "github_repository_webhook": _hooks,
    "github_organization_webhook": _own_hooks,
    "github_repository_deploy_key": _keys,
    "github_actions_variable": _variables,
    "github_actions_secret": _secrets,
    "github_dependabot_secret": _dependabot_secrets,
    "github_actions_organization_variable": _own_variables,
    "github_actions_organization_secret": _own_secrets,
}
