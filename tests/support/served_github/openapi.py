"""REST answers against the published OpenAPI description of GitHub's API.

Stricter than the description in one thing: a field that it does not name is wrong, because this server would have made it up.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from jsonschema.protocols import Validator
from openapi_schema_validator import OAS30Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT4

#: Schemas to which GitHub itself adds what they do not list: permissions of an App come and go, an environment tells who may pass it by,
#: and a team's repository says whether it has discussions.
_OPEN = {"app-permissions", "environment", "team-repository"}
_LOCATION = "urn:github"
#: Where npm's package says what cannot be: that an installation's account is a user and an enterprise at once.
_INSTEAD = {("GET", "/app/installations", 200): {"type": "array", "items": {"$ref": f"{_LOCATION}#/components/schemas/installation"}}}


class Description:
    def __init__(self, file: Path):
        described = json.loads(file.read_text())
        self._paths: dict[str, Any] = described["paths"]
        schemas: dict[str, Any] = described["components"]["schemas"]
        for name, schema in schemas.items():
            # What takes part in an `allOf` holds only some of the fields.
            if name not in _OPEN and not name.startswith("repository-ruleset-conditions"):
                _close(schema)
        self._registry = Registry().with_resource(_LOCATION, Resource(described, DRAFT4))
        self._validators: dict[tuple[str, str, int], Validator | None] = {}

    def complaints(self, method: str, template: str, status: int, body: bytes) -> list[str]:
        """What is wrong with an answer: `path: what`."""
        validator = self._validator(method, template, status)
        if validator is None:
            return [] if not body else [f"{method} {template} {status} should have no body"]
        value = json.loads(body)
        return [f"{error.json_path}: {error.message[:300]}" for error in validator.iter_errors(value)]

    def scopes(self, method: str, template: str) -> set[str]:
        """The scopes of a classic token that an endpoint's text names."""
        text = self._paths[template][method.lower()]["description"]
        return {scope for sentence in re.findall(r"[^.]*\bscope[^.]*", text) for scope in re.findall(r"`([a-z_]+(?::[a-z_]+)?)`", sentence)}

    def _validator(self, method: str, template: str, status: int) -> Validator | None:
        key = (method, template, status)
        if key not in self._validators:
            at = f"#/paths/{template.replace('~', '~0').replace('/', '~1')}/{method.lower()}/responses/{status}/content/application~1json/schema"
            responses = self._paths[template][method.lower()]["responses"]
            if str(status) not in responses:
                raise KeyError(f"{method} {template} never answers {status}")
            schema = _INSTEAD.get(key, {"$ref": f"{_LOCATION}{at}"})
            described = "content" in responses[str(status)]
            self._validators[key] = OAS30Validator(schema, registry=self._registry) if described else None
        return self._validators[key]


def _close(schema: Any) -> None:
    if isinstance(schema, dict):
        # Of an App's permissions some places list but a few.
        if "properties" in schema and "allOf" not in schema and "metadata" not in schema["properties"]:
            schema.setdefault("additionalProperties", False)
        for value in schema.values():
            _close(value)
    elif isinstance(schema, list):
        for value in schema:
            _close(value)
