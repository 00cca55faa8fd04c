"""Errors inside a GraphQL answer, as GitHub writes them: with a `type` beside the message."""

from __future__ import annotations

from typing import Any

from graphql import GraphQLError


class Problem(Exception):
    def __init__(self, kind: str | None, message: str, extensions: dict[str, Any] | None = None):
        super().__init__(message)
        self.kind, self.message, self.extensions = kind, message, extensions


def forbidden(by: str) -> Problem:
    return Problem("FORBIDDEN", f"Resource not accessible by {by}", {"saml_failure": False})


def not_found(what: str, how: str) -> Problem:
    return Problem("NOT_FOUND", f"Could not resolve to {what} with the {how}.")


def broken() -> Problem:
    """GitHub's own failure at one object."""
    return Problem(None, "Something went wrong while executing your query. Please include `0000:0000:0000` when reporting this issue.")


def exhausted() -> Problem:
    return Problem("RESOURCE_LIMITS_EXCEEDED", "Resource limits for this query exceeded.")


def written(error: GraphQLError) -> dict[str, Any]:
    """An error as it goes out. What is no problem of the caller's is a fault of the served GitHub itself, and is raised."""
    cause = error.original_error
    if cause is not None and not isinstance(cause, (Problem, GraphQLError)):
        raise cause
    body: dict[str, Any] = {}
    if isinstance(cause, Problem) and cause.kind:
        body["type"] = cause.kind
    if error.path:
        body["path"] = error.path
    if isinstance(cause, Problem) and cause.extensions:
        body["extensions"] = cause.extensions
    if error.locations:
        body["locations"] = [{"line": each.line, "column": each.column} for each in error.locations]
    return body | {"message": error.message}
