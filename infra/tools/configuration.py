"""What a folder of Terraform's language declares, and what it refers to. It evaluates nothing."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import hcl2
from lark import Token, Tree
from lark.exceptions import LarkError

#: What an expression may name without declaring it.
_BUILT_IN = {"each", "count", "self", "path", "terraform"}
_WRAPPERS = ("index_expr_term", "attr_splat_expr_term", "full_splat_expr_term")


class Unreadable(Exception):
    """A file that is no Terraform."""


@dataclass(frozen=True)
class Where:
    """A line of a file."""

    file: Path
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


@dataclass(frozen=True)
class Reference:
    """`var.name`, `aws_sqs_queue.events`, `module.driftwire.topic_arn`, as far as names go."""

    parts: tuple[str, ...]
    where: Where

    def __str__(self) -> str:
        return ".".join(self.parts)


@dataclass
class Block:
    """A block: its type, its labels, and what stands in it."""

    type: str
    labels: list[str]
    where: Where
    attributes: dict[str, Expression] = field(default_factory=dict)
    blocks: list[Block] = field(default_factory=list)

    def walk(self) -> Iterator[Block]:
        yield self
        for block in self.blocks:
            yield from block.walk()


@dataclass
class Expression:
    """The right side of an attribute."""

    tree: Tree
    text: str
    where: Where

    def literal(self) -> str | bool | None:
        """A string without interpolation, or a boolean; else nothing."""
        if self.text in ("true", "false"):
            return self.text == "true"
        return self.text[1:-1] if re.fullmatch(r'"[^"\\$%]*"', self.text) else None


@dataclass
class Module:
    """A folder's `*.tf` together."""

    folder: Path
    blocks: list[Block]

    def of(self, type_name: str) -> list[Block]:
        return [block for block in self.blocks if block.type == type_name]

    def declared(self, type_name: str) -> dict[str, Block]:
        """Blocks of one label, by it: variables, outputs, module calls."""
        return {block.labels[0]: block for block in self.of(type_name) if block.labels}

    @property
    def locals(self) -> set[str]:
        return {name for block in self.of("locals") for name in block.attributes}

    def objects(self, type_name: str) -> set[tuple[str, str]]:
        """Resources (`resource`), or data sources (`data`); those within `check` blocks too."""
        found = [block for outer in self.blocks for block in outer.walk() if block.type == type_name and len(block.labels) == 2]
        return {(block.labels[0], block.labels[1]) for block in found}

    def required(self) -> set[str]:
        """The inputs that have no default."""
        return {name for name, block in self.declared("variable").items() if "default" not in block.attributes}

    def references(self) -> Iterator[Reference]:
        for block in self.blocks:
            yield from _references_of(block, frozenset())


@functools.cache
def read(folder: Path) -> Module:
    """A folder's configuration; `Unreadable` names the file and the line."""
    blocks: list[Block] = []
    for file in sorted(folder.glob("*.tf")):
        text = file.read_text()
        try:
            tree = hcl2.parses_to_tree(text)
        except LarkError as error:
            raise Unreadable(f"{file}:{getattr(error, 'line', '?')}: {str(error).splitlines()[0]}") from None
        blocks += _Reader(file, text).body(tree.children[0])[1]
    return Module(folder, blocks)


class _Reader:
    def __init__(self, file: Path, text: str):
        self._file, self._text = file, text + "\n"

    def body(self, tree: Tree) -> tuple[dict[str, Expression], list[Block]]:
        attributes, blocks = {}, []
        for child in _trees(tree):
            if child.data == "attribute":
                expression = child.children[-1]
                name = _name(child.children[0])
                attributes[name] = Expression(expression, self._source(expression), self._where(child))
            elif child.data == "block":
                blocks.append(self._block(child))
        return attributes, blocks

    def _block(self, tree: Tree) -> Block:
        [body] = [child for child in _trees(tree) if child.data == "body"]
        type_name, *labels = [_name(child) for child in _trees(tree) if child.data in ("identifier", "keyword", "string")]
        attributes, blocks = self.body(body)
        return Block(type_name, labels, self._where(tree), attributes, blocks)

    def _where(self, tree: Tree) -> Where:
        return Where(self._file, tree.meta.line)

    def _source(self, tree: Tree) -> str:
        return self._text[tree.meta.start_pos : tree.meta.end_pos].strip()


def _trees(tree: Tree) -> list[Tree]:
    return [child for child in tree.children if isinstance(child, Tree)]


def _name(tree: Tree) -> str:
    return "".join(tree.scan_values(lambda value: isinstance(value, Token))).strip('"')


def _references_of(block: Block, known: frozenset[str]) -> Iterator[Reference]:
    if block.type == "dynamic":
        iterator = block.attributes.get("iterator")
        known |= {iterator.text if iterator else block.labels[0]}
    for name, expression in block.attributes.items():
        if _names_no_value(block.type, name):
            continue
        yield from _named(expression.tree, known, expression.where)
    for inner in block.blocks:
        yield from _references_of(inner, known)


def _names_no_value(block: str, attribute: str) -> bool:
    """Attributes that hold words of the language: types, names of attributes, configurations of providers."""
    return (block, attribute) in {
        ("variable", "type"),
        ("lifecycle", "ignore_changes"),
        ("dynamic", "iterator"),
        ("terraform", "experiments"),
    } or (attribute in ("provider", "providers", "configuration_aliases")) or block in ("required_providers", "moved", "import", "removed")


def _named(tree: Tree, known: frozenset[str], where: Where) -> Iterator[Reference]:
    where = Where(where.file, getattr(tree.meta, "line", None) or where.line)
    if tree.data in ("heredoc_template", "heredoc_template_trim"):
        yield from _in_heredoc(str(tree.children[0]), known, where)
        return
    if tree.data in ("for_tuple_expr", "for_object_expr"):
        yield from _in_for(tree, known, where)
        return
    if tree.data == "string":
        # The grammar has a directive's loop flat in its string.
        known |= {_name(child) for loop in tree.find_data("template_for_start") for child in _trees(loop) if child.data == "identifier"}
    if tree.data == "template_for_start":
        yield from _named(_trees(tree)[-1], known, where)
        return
    if tree.data == "get_attr" or (tree.data == "object_elem_key" and _bare(tree)):
        return
    parts = _chain(tree)
    if parts:
        if parts[0] not in known and parts[0] not in _BUILT_IN:
            yield Reference(parts, where)
        # What stands in brackets refers as well.
        for index in tree.find_data("braces_index"):
            for child in _trees(index):
                yield from _named(child, known, where)
        return
    skip = tree.children[0] if tree.data == "function_call" else None
    for child in _trees(tree):
        if child is not skip:
            yield from _named(child, known, where)


def _in_for(tree: Tree, known: frozenset[str], where: Where) -> Iterator[Reference]:
    [intro] = [child for child in _trees(tree) if child.data == "for_intro"]
    names = {_name(child) for child in _trees(intro) if child.data == "identifier"}
    for child in _trees(intro):
        if child.data != "identifier":
            yield from _named(child, known, where)
    for child in _trees(tree):
        if child is not intro:
            yield from _named(child, known | names, where)


def _in_heredoc(text: str, known: frozenset[str], where: Where) -> Iterator[Reference]:
    # The grammar leaves a heredoc as it is. As the names of a directive's loop are not followed, they count as known.
    loops = {name for names in re.findall(r"%\{~?\s*for\s+(\w+(?:\s*,\s*\w+)?)\s+in", text) for name in re.split(r"\s*,\s*", names)}
    for start in re.finditer(r"(?<!\$)\$\{~?", text):
        tree = hcl2.parses_to_tree(f"it = {text[start.end() : _closing(text, start.end())].strip().removesuffix('~')}")
        line = where.line + text[: start.start()].count("\n")
        for reference in _named(tree, known | loops | {"it"}, where):
            yield Reference(reference.parts, Where(where.file, line))


def _closing(text: str, start: int) -> int:
    """Where the brace that was opened before `start` is closed."""
    depth = 1
    for at in range(start, len(text)):
        depth += {"{": 1, "}": -1}.get(text[at], 0)
        if depth == 0:
            return at
    return len(text)


def _bare(key: Tree) -> bool:
    """An object's key that is a word, and no expression in parentheses."""
    [inner] = _trees(key) or [None]
    return inner is None or inner.data == "keyword" or len(_chain(inner) or ()) == 1


def _chain(tree: Tree) -> tuple[str, ...] | None:
    """`a.b[0].c` as `(a, b, c)`; nothing where it is no chain of names."""
    if tree.data == "expr_term" and len(tree.children) == 1 and isinstance(tree.children[0], Tree):
        return _chain(tree.children[0])
    if tree.data == "identifier":
        return (_name(tree),)
    if tree.data == "get_attr_expr_term":
        base = _chain(tree.children[0])
        return (*base, _name(tree.children[1].children[-1])) if base else None
    if tree.data in _WRAPPERS:
        base = _chain(tree.children[0])
        if base and tree.data != "index_expr_term":
            # Beyond a splat are attributes of elements.
            return (*base, "*")
        return base
    return None
