"""What can be said of a configuration without Terraform: whether everything that it names is there.

Providers' schemas are not known here, so that a resource's arguments and attributes are not looked at.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from configuration import Block, Module, Reference, Unreadable, Where, read

#: Arguments of a module call that are no inputs.
_META = {"source", "version", "count", "for_each", "providers", "depends_on"}


def problems(folder: Path) -> list[str]:
    """What is wrong in a folder, a line each, with the file and the line where it stands."""
    try:
        module = read(folder)
    except Unreadable as error:
        return [str(error)]
    found = [*_twice(module), *_calls(module), *_names(module), *_providers(module)]
    return [f"{where}: {what}" for where, what in found]


Problem = tuple[Where, str]


def _twice(module: Module) -> Iterator[Problem]:
    seen: set[tuple[str, ...]] = set()
    for block in module.blocks:
        names = [(block.type, *block.labels)] if block.type in ("variable", "output", "module", "resource", "data") else []
        names += [("local", name) for name in block.attributes] if block.type == "locals" else []
        for name in names:
            if name in seen:
                yield block.where, f"{' '.join(name)} is declared twice"
            seen.add(name)


def _calls(module: Module) -> Iterator[Problem]:
    for name, call in module.declared("module").items():
        target = called(module, call)
        if target is None:
            yield call.where, f"module.{name}: its source is no folder with *.tf: {_source(call)}"
            continue
        given, inputs = set(call.attributes) - _META, set(target.declared("variable"))
        for missing in sorted(target.required() - given):
            yield call.where, f"module.{name}: the input {missing} is required and not given"
        for unknown in sorted(given - inputs):
            yield call.attributes[unknown].where, f"module.{name}: there is no input {unknown}"


def called(module: Module, call: Block) -> Module | None:
    """The module that a call's local source names."""
    source = call.attributes.get("source")
    path = source.literal() if source else None
    if not isinstance(path, str) or not path.startswith(("./", "../")):
        return None
    folder = (module.folder / path).resolve()
    return read(folder) if any(folder.glob("*.tf")) else None


def _source(call: Block) -> str:
    source = call.attributes.get("source")
    return source.text if source else "none is given"


def _names(module: Module) -> Iterator[Problem]:
    variables, calls = module.declared("variable"), module.declared("module")
    resources, data, local_names = module.objects("resource"), module.objects("data"), module.locals
    for reference in module.references():
        match reference.parts:
            case ("var", name, *_):
                known = name in variables
            case ("local", name, *_):
                known = name in local_names
            case ("module", name, *rest):
                known = name in calls and _has_output(module, calls[name], rest)
            case ("data", type_name, name, *_):
                known = (type_name, name) in data
            case (type_name, name, *_):
                known = (type_name, name) in resources
            case _:
                known = False
        if not known:
            yield reference.where, f"{reference} is not declared"


def _has_output(module: Module, call: Block, rest: list[str]) -> bool:
    target = called(module, call)
    return target is None or not rest or rest[0] == "*" or rest[0] in target.declared("output")


def _providers(module: Module) -> Iterator[Problem]:
    """Every alias that is used is configured here, or handed in by whoever calls."""
    configured = {(block.labels[0], str(block.attributes["alias"].literal())) for block in module.of("provider") if "alias" in block.attributes}
    required = [block for outer in module.of("terraform") for block in outer.blocks if block.type == "required_providers"]
    handed_in = " ".join(expression.text for block in required for expression in block.attributes.values())
    for block in module.blocks:
        for attribute in ("provider", "providers"):
            used = block.attributes.get(attribute)
            for name, alias in _aliases(used.text) if used else []:
                if (name, alias) not in configured and f"{name}.{alias}" not in handed_in.replace(",", " ").replace("]", " ").replace("[", " ").split():
                    yield used.where, f"the provider configuration {name}.{alias} is not declared"


def _aliases(text: str) -> list[tuple[str, str]]:
    """The `name.alias` in `{ aws = aws.alias, aws.other = aws.another }`, the right sides alone."""
    sides = [side.partition("=")[2] or side for side in text.strip("{} \n").replace("\n", ",").split(",")]
    return [(name, alias) for side in sides for name, dot, alias in [side.strip().partition(".")] if dot]


__all__ = ["Reference", "called", "problems"]
