"""Which fields of the schema are answered, and how: a name is an attribute of the thing, anything else is called with it."""

from __future__ import annotations

from operator import attrgetter
from typing import Any, Callable, NamedTuple

from graphql import GraphQLObjectType, GraphQLResolveInfo, GraphQLSchema

from ..things import App, Branch, BranchProtection, DeployKey, Environment, Label, Organisation, Repository, Ruleset, Team, User
from .connections import Context
from .problems import Problem, forbidden

Resolver = Callable[..., Any]
#: Type -> field -> how.
FIELDS: dict[str, dict[str, Resolver]] = {}
_TYPES = {
    App: "App", Branch: "Commit", BranchProtection: "BranchProtectionRule", DeployKey: "DeployKey", Environment: "Environment", Label: "Label", Organisation: "Organization",
    Repository: "Repository", Ruleset: "RepositoryRuleset", Team: "Team", User: "User",
}


class Inside(NamedTuple):
    """Something that hangs on a repository or an organisation, with what it hangs on."""

    holder: Any
    thing: Any

    @property
    def name(self) -> str:
        return str(getattr(self.thing, "name", ""))

    @property
    def id(self) -> int:
        return int(self.thing.id)


def answers(type_name: str, fields: dict[str, str | Resolver]) -> None:
    """Says how fields of a type are answered. A resolver is called with the thing, the context, and the arguments that are given."""
    held = FIELDS.setdefault(type_name, {})
    for name, how in fields.items():
        held[name] = _attribute(how) if isinstance(how, str) else how


def _attribute(path: str) -> Resolver:
    read = attrgetter(path)
    return lambda thing, context: read(thing)


def resolve_type(value: Any, _info: Any, _abstract: Any) -> str:
    return _TYPES[type(value.thing if isinstance(value, Inside) else value)]


def attach(schema: GraphQLSchema) -> None:
    """Gives every field of every type its resolver."""
    for type_name, kind in schema.type_map.items():
        if not isinstance(kind, GraphQLObjectType) or type_name.startswith("__"):
            continue
        answered = FIELDS.get(type_name, {})
        if unknown := answered.keys() - kind.fields.keys():
            raise ValueError(f"{type_name} has no {', '.join(sorted(unknown))} in the published schema")
        for name, field in kind.fields.items():
            how = answered.get(name)
            if how is None:
                field.resolve = _unserved(type_name, name)
            else:
                field.resolve = _calling(how, f"{type_name}.{name}")


def _unserved(type_name: str, name: str) -> Resolver:
    def refuse(_thing: Any, _info: GraphQLResolveInfo, **_given: Any) -> Any:
        raise Problem("NOT_SERVED", f"The served GitHub does not hold {type_name}.{name}.")

    return refuse


def _calling(how: Resolver, where: str) -> Resolver:
    code = how.__code__
    known = set(code.co_varnames[2 : code.co_argcount + code.co_kwonlyargcount])
    takes_pages = "given" in known

    def call(thing: Any, info: GraphQLResolveInfo, **given: Any) -> Any:
        if not given:
            return how(thing, info.context, {}) if takes_pages else how(thing, info.context)
        pages = {name: given.pop(name) for name in ("first", "last", "after", "before") if name in given}
        for name in [name for name in given if name not in known]:
            # An argument that nothing heeds would make the answer a lie; the schema's own defaults change nothing.
            del given[name]
            if any(argument.name.value == name for node in info.field_nodes for argument in node.arguments or ()):
                raise Problem("NOT_SERVED", f"The served GitHub does not heed `{name}` of {where}.")
        return how(thing, info.context, pages, **given) if takes_pages else how(thing, info.context, **given)

    return call


def needs(context: Context, permission: str, level: str = "read", *, unless_public: Repository | None = None) -> None:
    """Refuses a token by permissions that does not hold one, except for what everybody sees of a public repository."""
    credential = context.request.credential
    if unless_public is not None and unless_public.visibility == "public":
        return
    if credential.by_permissions and not credential.permits(permission, level):
        raise forbidden("personal access token" if credential.kind == "fine_grained" else "integration")


def needs_scope(context: Context, scope: str, field: str) -> None:
    """Refuses a classic token that does not hold one."""
    credential = context.request.credential
    if credential.kind == "classic" and not credential.has_scope(scope):
        held = ", ".join(f"'{each}'" for each in credential.scopes)
        raise Problem(
            "INSUFFICIENT_SCOPES",
            f"Your token has not been granted the required scopes to execute this query. The '{field}' field requires one of the following scopes: "
            f"['{scope}'], but your token has only been granted the: [{held}] scopes. Please modify your token's scopes at: "
            "https://github.com/settings/tokens.",
        )


for _name in ("Connection", "Edge"):
    _shape = {"nodes": "nodes", "edges": "edges", "pageInfo": lambda thing, context: thing, "totalCount": "total_count"}
    for _type in (
        "BranchProtectionRule BypassForcePushAllowance BypassPullRequestAllowance DeployKey DeploymentProtectionRule DeploymentReviewer Environment Label "
        "OrganizationInvitation OrganizationMember PushAllowance Ref Repository RepositoryCollaborator RepositoryRuleset RepositoryTopic "
        "ReviewDismissalAllowance Team TeamMember TeamRepository User"
    ).split():
        answers(f"{_type}{_name}", _shape if _name == "Connection" else {"cursor": "cursor", "node": "node"})
answers(
    "PageInfo", {"endCursor": "end_cursor", "startCursor": "start_cursor", "hasNextPage": "has_next_page", "hasPreviousPage": "has_previous_page"}
)
