"""GitHub's types in the catalog, held against GitHub's own description of its REST API and its GraphQL schema.

What is checked of an expression: every path that starts at an answer, at what `into` names, or at an element of a list of either.
What is not: what stands behind a function other than `where...`, what a witness answers, whether a value has the type that Terraform
expects, error codes (GitHub describes few of the 404s that it gives), and query parameters that GitHub takes and does not describe.
"""

from __future__ import annotations

import json
import re
import tomllib
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import graphql
import jmespath.parser
import pytest

from support.served_github import DESCRIPTION, SCHEMA

SHARED = Path(__file__).parents[2] / "shared"
CATALOG = SHARED / "drift-catalog" / "catalog" / "github"
QUERIES = SHARED / "drift-github" / "queries"

#: What the client fills in by itself.
OF_THE_CLIENT = {"owner", "org", "org_id"}
#: GitHub answers these and does not describe them.
NOT_DESCRIBED = {
    ("GET /repos/{owner}/{repo}/environments/{environment_name}", "can_admins_bypass"),
}
#: GitHub redirects to such paths, and so answers them, without describing them.
BY_NUMBER = re.compile(r"/repositories/\{repository_id\}(?=/)")

Finding = str


def resources() -> list[dict[str, Any]]:
    return [resource for file in sorted(CATALOG.glob("*.toml")) for resource in tomllib.loads(file.read_text())["resource"]]


TYPES = {resource["type"]: resource for resource in resources()}


@cache
def description() -> dict[str, Any]:
    return json.loads(DESCRIPTION.read_text())


@cache
def schema() -> graphql.GraphQLSchema:
    return graphql.build_schema(SCHEMA.read_text(), assume_valid=True)


FRAGMENTS = {file.stem: file.read_text() for file in sorted((QUERIES / "fragments").glob("*.graphql"))}


def document(name: str) -> graphql.DocumentNode:
    """A query with the fragments that it spreads, as the client's build puts them together."""
    text, spread = (QUERIES / f"{name}.graphql").read_text(), set()
    while wanted := {each for each in FRAGMENTS if re.search(rf"\.\.\.{each}\b", text)} - spread:
        text += "".join(FRAGMENTS[each] for each in sorted(wanted))
        spread |= wanted
    return graphql.parse(text)


class Inlined(graphql.Visitor):
    """Puts what a fragment selects where it is spread."""

    def __init__(self, within: graphql.DocumentNode):
        super().__init__()
        self.fragments = {each.name.value: each for each in within.definitions if isinstance(each, graphql.FragmentDefinitionNode)}

    def leave_fragment_spread(self, node: graphql.FragmentSpreadNode, *_: Any) -> graphql.InlineFragmentNode:
        found = graphql.visit(self.fragments[node.name.value], self)
        return graphql.InlineFragmentNode(type_condition=found.type_condition, directives=node.directives, selection_set=found.selection_set)


def followed(part: dict[str, Any]) -> dict[str, Any]:
    while "$ref" in part:
        found: Any = description()
        for step in part["$ref"].removeprefix("#/").split("/"):
            found = found[step.replace("~1", "/").replace("~0", "~")]
        part = found
    return part


# What an expression finds


class Anything:
    """What nothing is known of: what is recorded, what a function makes."""

    def member(self, name: str) -> Kind:
        return self

    def element(self) -> Kind:
        return self


@dataclass
class Members:
    """An object of these members."""

    of: dict[str, Kind]

    def member(self, name: str) -> Kind:
        if name not in self.of:
            raise LookupError(f"nothing reads `{name}`")
        return self.of[name]

    def element(self) -> Kind:
        return Anything()


@dataclass
class Listed:
    of: Kind

    def member(self, name: str) -> Kind:
        raise LookupError(f"`{name}` is looked for in a list")

    def element(self) -> Kind:
        return self.of


@dataclass
class Described:
    """What GitHub's description says of an answer, or of a part of it: any of these schemas."""

    schemas: list[dict[str, Any]]
    operation: str

    @classmethod
    def of(cls, part: dict[str, Any], operation: str) -> Described:
        part = followed(part)
        alternatives = [followed(one) for key in ("allOf", "anyOf", "oneOf") for one in part.get(key, [])]
        return cls([part] + [schema for one in alternatives for schema in cls.of(one, operation).schemas], operation)

    def member(self, name: str) -> Kind:
        found = [one["properties"][name] for one in self.schemas if name in one.get("properties", {})]
        if found:
            return Described([schema for one in found for schema in Described.of(one, self.operation).schemas], self.operation)
        if (self.operation, name) in NOT_DESCRIBED or any(isinstance(one.get("additionalProperties"), dict) for one in self.schemas):
            return Anything()
        raise LookupError(f"`{name}` is no member there")

    def element(self) -> Kind:
        items = [one["items"] for one in self.schemas if "items" in one]
        return Described([schema for one in items for schema in Described.of(one, self.operation).schemas], self.operation)

    @property
    def is_list(self) -> bool:
        return any("items" in one for one in self.schemas)


@dataclass
class Selected:
    """What a GraphQL query asks for at this place."""

    sets: list[graphql.SelectionSetNode]

    def member(self, name: str) -> Kind:
        fields = [one for asked in self.sets for one in self._fields(asked) if (one.alias or one.name).value == name]
        if not fields:
            raise LookupError(f"the query does not ask for `{name}`")
        return Selected([one.selection_set for one in fields if one.selection_set])

    def element(self) -> Kind:
        return self

    def _fields(self, asked: graphql.SelectionSetNode) -> list[graphql.FieldNode]:
        found = []
        for one in asked.selections:
            if isinstance(one, graphql.FieldNode):
                found.append(one)
            elif isinstance(one, graphql.InlineFragmentNode):
                found += self._fields(one.selection_set)
        return found


Kind = Anything | Members | Listed | Described | Selected


def find(ast: dict[str, Any], root: Kind) -> Kind:
    """What a JMESPath finds in `root`; LookupError where one of its paths leads nowhere."""
    children = ast["children"]
    match ast["type"]:
        case "field":
            return root.member(ast["value"])
        case "identity" | "current":
            return root
        case "subexpression" | "pipe":
            for child in children:
                root = find(child, root)
            return root
        case "index_expression":
            return find(children[1], find(children[0], root)) if len(children) == 2 else find(children[0], root)
        case "index":
            return root.element()
        case "slice":
            return root
        case "projection":
            return Listed(find(children[1], find(children[0], root).element()))
        case "filter_projection":
            element = find(children[0], root).element()
            find(children[2], element)
            return Listed(find(children[1], element))
        case "flatten":
            listed = find(children[0], root)
            inner = listed.element()
            return inner if isinstance(inner, Listed) or isinstance(inner, Described) and inner.is_list else listed
        case "multi_select_dict":
            return Members({pair["value"]: find(pair["children"][0], root) for pair in children})
        case "multi_select_list":
            return Listed([find(child, root) for child in children][0])
        case "or_expression":
            first, second = (find(child, root) for child in children)
            return second if isinstance(first, Anything) else first
        case "and_expression":
            return [find(child, root) for child in children][-1]
        case "not_expression" | "comparator":
            for child in children:
                find(child, root)
            return Anything()
        case "function_expression":
            first = find(children[0], root)
            for child in children[1:]:
                find(child, root)
            if ast["value"].startswith("where"):
                find(children[1]["children"][0], first.element())
                return first
            return Anything()
        case "expref" | "literal":
            return Anything()
    raise NotImplementedError(ast["type"])


# What the catalog says


@dataclass
class Read:
    """One read of a type, and what its answer holds."""

    resource: dict[str, Any]
    given: dict[str, Any]
    findings: list[Finding] = field(default_factory=list)

    @property
    def operation(self) -> str:
        return self.given["operation"]

    def answer(self) -> Kind:
        kind, _, rest = self.operation.partition(" ")
        whole = self._of_query(rest) if kind == "GRAPHQL" else self._of_rest(rest)
        root: Kind = Members({"value": whole, "recorded": Anything()}) if isinstance(whole, Described) and whole.is_list else Beside(whole)
        for name in ("denied_if", "foreign_if"):
            self.evaluate(self.given.get(name), root)
        found = self.evaluate(self.given["select"], root) if "select" in self.given else whole
        self.evaluate(self.given.get("gone_if"), found)
        return found

    def evaluate(self, expression: str | None, root: Kind) -> Kind:
        if expression is None:
            return Anything()
        try:
            return find(jmespath.parser.Parser().parse(expression).parsed, root)
        except LookupError as why:
            self.findings.append(f"{self.operation}: {expression}: {why}")
            return Anything()

    def _of_rest(self, path: str) -> Kind:
        operation = description()["paths"].get(path, {}).get("get")
        if operation is None:
            self.findings.append(f"{self.operation} is no operation of GitHub's")
            return Anything()
        parameters = [followed(one) for one in operation.get("parameters", [])]
        self.findings += unfilled(path, self.given.get("input", {}), self.operation)
        known = {one["name"] for one in parameters}
        self.findings += [f"{self.operation} takes no `{name}`" for name in self.given.get("input", {}) if name not in known]
        content = followed(operation["responses"].get("200", {})).get("content", {})
        if not content:
            return Members({"status": Anything()})
        return Described.of(content["application/json"]["schema"], self.operation)

    def _of_query(self, name: str) -> Kind:
        written = document(name)
        query = graphql.visit(written, Inlined(written)).definitions[0]
        assert isinstance(query, graphql.OperationDefinitionNode)
        taken = {one.variable.name.value for one in query.variable_definitions} - {"cursor"}
        # The client resolves a team's slug or number to its node id.
        given = {"id" if variable == "team" else variable for variable in self.given["input"]}
        if taken != given:
            self.findings.append(f"{self.operation} takes {sorted(taken)} and is given {sorted(given)}")
        return Selected([query.selection_set])


@dataclass
class Beside:
    """An answer, and what is recorded."""

    answer: Kind

    def member(self, name: str) -> Kind:
        return Anything() if name == "recorded" else self.answer.member(name)

    def element(self) -> Kind:
        return self.answer.element()


def unfilled(path: str, given: dict[str, Any], operation: str) -> list[Finding]:
    return [f"{operation}: `{name}` is not given" for name in re.findall(r"\{(\w+)\}", path) if name not in OF_THE_CLIENT | given.keys()]


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def findings(resource: dict[str, Any]) -> list[Finding]:
    reads = [Read(resource, given) for given in resource["read"]]
    first, *others = reads
    found = first.answer()
    root: Kind = Members({"value": found}) if isinstance(found, Described) and found.is_list else found
    together = Together(root, {})
    for read in others:
        together.others[read.given["into"]] = read.answer()
    for read in reads:
        read.evaluate(read.given.get("only_if"), together)
    for name, rule in resource["attributes"].items():
        rule = {"from": rule} if isinstance(rule, str) else rule
        first.evaluate(rule["from"], together)
        first.evaluate(rule.get("when"), together)
    return [finding for read in reads for finding in read.findings]


@dataclass
class Together:
    """The answers of all reads, as attributes see them."""

    first: Kind
    others: dict[str, Kind]

    def member(self, name: str) -> Kind:
        if name == "recorded":
            return Anything()
        return self.others[name] if name in self.others else self.first.member(name)

    def element(self) -> Kind:
        return self.first.element()


@pytest.mark.parametrize("type_name", TYPES)
def test_what_is_read_of_a_type_is_what_github_answers(type_name):
    assert findings(TYPES[type_name]) == []


@pytest.mark.parametrize("type_name", TYPES)
def test_a_witness_is_an_operation_that_its_input_fills(type_name):
    for read in TYPES[type_name]["read"]:
        for witness in listed(read.get("witness", [])):
            witness = {"operation": witness, "input": read["input"]} if isinstance(witness, str) else witness
            verb, _, path = witness["operation"].partition(" ")
            assert verb == "GET"
            assert BY_NUMBER.sub("/repos/{owner}/{repo}", path) in description()["paths"]
            assert unfilled(path, witness["input"], witness["operation"]) == []


@pytest.mark.parametrize("name", [file.stem for file in sorted(QUERIES.glob("*.graphql"))])
def test_a_query_is_one_that_github_takes(name):
    assert graphql.validate(schema(), document(name)) == []
    [operation] = [each for each in document(name).definitions if not isinstance(each, graphql.FragmentDefinitionNode)]
    assert isinstance(operation, graphql.OperationDefinitionNode)
    assert operation.name and operation.name.value == name


def test_a_path_that_leads_nowhere_is_found():
    wrong = {**TYPES["github_repository_deploy_key"], "attributes": {"title": "tittle", "key": "value[].key"}}
    operation = "GET /repos/{owner}/{repo}/keys/{key_id}"
    assert findings(wrong) == [f"{operation}: tittle: `tittle` is no member there", f"{operation}: value[].key: `value` is no member there"]


def test_a_field_that_a_query_does_not_ask_for_is_found():
    wrong = {**TYPES["github_team_settings"], "attributes": {"notify": "reviewRequestDelegationEnable"}}
    assert findings(wrong) == ["GRAPHQL TeamSettings: reviewRequestDelegationEnable: the query does not ask for `reviewRequestDelegationEnable`"]


def test_an_input_that_an_operation_does_not_take_and_one_that_it_lacks_are_found():
    read = {"operation": "GET /repos/{owner}/{repo}/hooks/{hook_id}", "input": {"repo": "{repository}", "hook": "{id}"}}
    assert findings({"read": [read], "attributes": {}}) == [f"{read['operation']}: `hook_id` is not given", f"{read['operation']} takes no `hook`"]
