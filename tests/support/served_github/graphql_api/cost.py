"""What a query costs, by GitHub's own formula, and whether it may be asked at all.

docs.github.com, "Rate limits and query limits for the GraphQL API": one request for each connection and each time that what is around it may
stand there, assuming full pages; divided by 100, rounded, at least 1. A connection must say `first` or `last`, from 1 to 100, and a query may
reach 500,000 nodes. What `nodes(ids:)` counts is not written there: each id, here, as it is an object each.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Mapping

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLSchema,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
    get_named_type,
    value_from_ast_untyped,
)

from .problems import Problem

MOST_NODES = 500_000


@dataclass
class Cost:
    requests: int = 0
    nodes: int = 0

    @property
    def points(self) -> int:
        # Half a point counts as a whole one.
        return max(1, int(self.requests / 100 + 0.5))


def cost_of(schema: GraphQLSchema, document: DocumentNode, operation: OperationDefinitionNode, variables: Mapping[str, Any]) -> Cost:
    """Raises a `Problem` for a query that GitHub would not run."""
    fragments = {each.name.value: each for each in document.definitions if isinstance(each, FragmentDefinitionNode)}
    defaults = {each.variable.name.value: value_from_ast_untyped(each.default_value) for each in operation.variable_definitions or () if each.default_value}
    walk = _Walk(schema, fragments, {**defaults, **variables})
    walk.selections(operation.selection_set, schema.query_type, 1, ("query",))
    if walk.cost.nodes > MOST_NODES:
        message = f"This query requests up to {walk.cost.nodes:,} possible nodes which exceeds the maximum limit of {MOST_NODES:,}."
        raise Problem("MAX_NODE_LIMIT_EXCEEDED", message)
    return walk.cost


@dataclass
class _Walk:
    schema: GraphQLSchema
    fragments: Mapping[str, FragmentDefinitionNode]
    variables: Mapping[str, Any]

    def __post_init__(self) -> None:
        self.cost = Cost()

    def selections(self, selected: SelectionSetNode | None, around: Any, times: int, path: tuple[str, ...]) -> None:
        for each in selected.selections if selected else ():
            if isinstance(each, FragmentSpreadNode):
                fragment = self.fragments[each.name.value]
                self.selections(fragment.selection_set, self.schema.type_map[fragment.type_condition.name.value], times, path)
            elif isinstance(each, InlineFragmentNode):
                inside = self.schema.type_map[each.type_condition.name.value] if each.type_condition else around
                self.selections(each.selection_set, inside, times, path)
            elif isinstance(each, FieldNode) and not each.name.value.startswith("__"):
                self.field(each, around, times, path)

    def field(self, each: FieldNode, around: Any, times: int, path: tuple[str, ...]) -> None:
        name = each.name.value
        field = around.fields[name]
        inside, path = get_named_type(field.type), (*path, name)
        given = {argument.name.value: value_from_ast_untyped(argument.value, dict(self.variables)) for argument in each.arguments or ()}
        if "first" in field.args and inside.name.endswith("Connection"):
            size = _size(name, given)
            self.cost.requests += times
            self.cost.nodes += times * size
            times *= size
        elif name == "nodes" and around is self.schema.query_type:
            times *= max(1, len(given.get("ids") or ()))
            self.cost.nodes += times
        self.selections(each.selection_set, inside, times, path)


def _size(name: str, given: Mapping[str, Any]) -> int:
    for bound in ("first", "last"):
        size = given.get(bound)
        if isinstance(size, int):
            if size > 100:
                raise Problem("EXCESSIVE_PAGINATION", f"Requesting {size} records on the `{name}` connection exceeds the `{bound}` limit of 100 records.")
            if size < 1:
                raise Problem("ARGUMENT_LIMIT", f"`{bound}` on the `{name}` connection must be at least 1.")
            return size
    raise Problem("MISSING_PAGINATION_BOUNDARIES", f"You must provide a `first` or `last` value to properly paginate the `{name}` connection.")
