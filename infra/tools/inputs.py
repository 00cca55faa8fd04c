#!/usr/bin/env python3
"""Writes the tables of inputs and outputs into the README of each module, from its variables and outputs.

usage: inputs.py [--check] [README ...]

A table stands between `<!-- inputs -->` and `<!-- /inputs -->`, or `<!-- outputs -->` and `<!-- /outputs -->`. With --check
nothing is written; exit status 1 says which README is stale, or has no such marks.
"""

from __future__ import annotations

import re
import sys
import textwrap
from pathlib import Path

from configuration import Block, Expression, Module, read

MODULE = Path(__file__).resolve().parent.parent
READMES = [MODULE / "README.md", MODULE / "modules" / "member-account" / "README.md"]
#: A type or a default that is longer stands below the table, as it is written.
WIDEST = 60


def main(arguments: list[str]) -> None:
    readmes = [Path(argument) for argument in arguments if argument != "--check"] or READMES
    stale = []
    for readme in readmes:
        held = readme.read_text()
        written = renewed(held, readme)
        if written != held:
            stale.append(str(readme))
            if "--check" not in arguments:
                readme.write_text(written)
    if stale and "--check" in arguments:
        sys.exit(f"stale: {', '.join(stale)}: run make inputs")


def renewed(text: str, readme: Path) -> str:
    """A README with its tables anew."""
    module = read(readme.resolve().parent)
    for name, table in (("inputs", inputs(module)), ("outputs", outputs(module))):
        begin, end = f"<!-- {name} -->", f"<!-- /{name} -->"
        if text.count(begin) != 1 or text.count(end) != 1:
            sys.exit(f"{readme}: {begin} and {end} are expected, once each")
        head, _, rest = text.partition(begin)
        text = f"{head}{begin}\n\n{table}\n{end}{rest.partition(end)[2]}"
    return text


def inputs(module: Module) -> str:
    """The inputs, those first that are required; types and defaults that do not fit into a cell stand below."""
    variables = sorted(module.declared("variable").items(), key=lambda item: ("default" in item[1].attributes, item[0]))
    rows, below = [], []
    for name, block in variables:
        type_name, default = block.attributes.get("type"), block.attributes.get("default")
        rows.append([f"`{name}`", described(block), cell(name, type_name) or "any", cell(name, default) or "required"])
        whole = [f"{word}:\n\n```hcl\n{plain(held)}\n```\n" for word, held in (("Type", type_name), ("Default", default)) if held and is_long(held)]
        if whole:
            below.append(f"\n### `{name}`\n\n" + "\n".join(whole))
    return table(["input", "meaning", "type", "default"], rows) + "".join(below) if rows else "None.\n"


def outputs(module: Module) -> str:
    """The outputs by name."""
    rows = [[f"`{name}`", described(block)] for name, block in sorted(module.declared("output").items())]
    return table(["output", "meaning"], rows) if rows else "None.\n"


def table(head: list[str], rows: list[list[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def described(block: Block) -> str:
    """A description as one line."""
    description = block.attributes.get("description")
    if description is None:
        return ""
    text = description.text
    if heredoc := re.match(r"<<-?(\w+)\n(.*)\n\s*\1\s*$", text, re.DOTALL):
        text = textwrap.dedent(heredoc[2])
    else:
        text = re.sub(r"\\(.)", lambda escape: {"n": "\n", "t": "\t"}.get(escape[1], escape[1]), text[1:-1])
    paragraphs = [" ".join(paragraph.split()) for paragraph in re.split(r"\n\s*\n", text.strip())]
    # Two of an escaped dollar or percent are one.
    return "<br><br>".join(paragraphs).replace("$${", "${").replace("%%{", "%{").replace("|", "\\|")


def cell(name: str, held: Expression | None) -> str:
    """A type or a default in a cell of the table."""
    if held is None:
        return ""
    if not is_long(held):
        return f"`{plain(held)}`".replace("|", "\\|")
    kind = re.match(r"[a-z(]*(?:object|tuple)?", plain(held))
    return f"[{kind[0].rstrip('(').replace('(', ' of ') or 'below'}](#{name})" if kind and kind[0] else f"[below](#{name})"


def is_long(held: Expression) -> bool:
    return "\n" in held.text or len(held.text) > WIDEST


def plain(held: Expression) -> str:
    """As it is written, without the indentation of where it stands."""
    first, *others = held.text.splitlines()
    return "\n".join([first, *textwrap.dedent("\n".join(others)).splitlines()]) if others else first


if __name__ == "__main__":
    main(sys.argv[1:])
