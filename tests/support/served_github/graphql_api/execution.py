"""From a body posted to `/graphql` to its answer."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from graphql import (
    DocumentNode,
    GraphQLError,
    GraphQLSchema,
    OperationDefinitionNode,
    OperationType,
    FieldNode,
    build_ast_schema,
    execute,
    parse,
    validate,
)
from graphql.execution import ExecutionResult

from ..request import Answer, Refusal, Request, json_answer
from . import organisation, repository  # noqa: F401  They say how fields are answered.
from .connections import Context
from .cost import Cost, cost_of
from .fields import attach, resolve_type
from .problems import Problem, written

_Json = dict[str, Any]


@dataclass
class Asked:
    """A query that may be asked."""

    document: DocumentNode
    operation: OperationDefinitionNode
    variables: _Json
    cost: Cost

    @property
    def name(self) -> str:
        return operation_name(self.operation)


def operation_name(operation: OperationDefinitionNode) -> str:
    """Its own name, or its first field's."""
    first = operation.selection_set.selections[0]
    return operation.name.value if operation.name else first.name.value if isinstance(first, FieldNode) else "query"


class GraphQL:
    def __init__(self, schema_file: Path):
        self.schema = load_schema(schema_file)
        attach(self.schema)
        #: Query -> its document, or what is wrong with it. A client asks few different ones.
        self._known: dict[str, DocumentNode | list[GraphQLError]] = {}

    def read(self, request: Request) -> Asked | Answer:
        """The query, or the answer to one that cannot be run; that costs nothing."""
        try:
            body = json.loads(request.body)
            text, variables, wanted = body["query"], body.get("variables") or {}, body.get("operationName")
        except (ValueError, KeyError, TypeError):
            return Refusal(400, "Problems parsing JSON").answer()
        document = self._document(text)
        if isinstance(document, list):
            return _failed([written(error) for error in document])
        operations = [each for each in document.definitions if isinstance(each, OperationDefinitionNode)]
        chosen = [each for each in operations if wanted is None or (each.name and each.name.value == wanted)]
        if len(chosen) != 1:
            return _failed([{"message": "An operation name is required" if not wanted else f'No operation named "{wanted}"'}])
        if chosen[0].operation is not OperationType.QUERY:
            return _failed([{"type": "NOT_SERVED", "message": "The served GitHub answers queries only: change the world instead."}])
        try:
            return Asked(document, chosen[0], variables, cost_of(self.schema, document, chosen[0], variables))
        except Problem as problem:
            return _failed([{"type": problem.kind, "path": ["query"], "message": problem.message}])

    def run(self, request: Request, query: Asked, broken: set[str], budget: int | None) -> Answer:
        context = Context(request, frozenset(broken), budget, query.cost.points, query.cost.nodes)
        result = execute(
            self.schema, query.document, context_value=context, variable_values=query.variables, type_resolver=resolve_type,
            operation_name=query.operation.name.value if query.operation.name else None,
        )
        assert isinstance(result, ExecutionResult), "every resolver answers at once"
        body: _Json = {"data": result.data}
        if result.errors:
            body["errors"] = [written(error) for error in result.errors]
        return json_answer(200, body, {"X-GitHub-Media-Type": "github.v4; format=json"})

    def _document(self, text: str) -> DocumentNode | list[GraphQLError]:
        if text not in self._known:
            try:
                document = parse(text)
                self._known[text] = validate(self.schema, document) or document
            except GraphQLError as error:
                self._known[text] = [error]
        return self._known[text]


def load_schema(schema_file: Path) -> GraphQLSchema:
    """The published schema, which is taken to be valid."""
    return build_ast_schema(parse(schema_file.read_text(), no_location=True), assume_valid=True, assume_valid_sdl=True)


def rate_limited(credential_account: str) -> Answer:
    """GraphQL says so with 200."""
    return _failed([{"type": "RATE_LIMITED", "message": f"API rate limit exceeded for {credential_account}."}])


def _failed(errors: list[_Json]) -> Answer:
    made = json_answer(200, {"errors": errors}, {"X-GitHub-Media-Type": "github.v4; format=json"})
    made.cost = 0
    return made
