"""What the module says to functions, and asks of them, is what they take and give."""

from __future__ import annotations

import re

from configuration import read
from support.places import WORKSPACE

MODULE = WORKSPACE / "infra"


def rows(page: str) -> list[list[str]]:
    """The cells of a page's tables, without their backticks."""
    lines = (WORKSPACE / "docs" / page).read_text().splitlines()
    return [[cell.strip().strip("`") for cell in line.strip("|").split("|")] for line in lines if line.startswith("| `")]


def text() -> str:
    return "\n".join(file.read_text() for file in sorted(MODULE.glob("*.tf")))


def test_every_setting_of_the_module_is_one_that_functions_take():
    known = {cells[0] for cells in rows("configuration.md")}
    set_here = set(re.findall(r"\b(DRIFTWIRE_[A-Z_]+)\s*=", text()))
    timing = read(MODULE).declared("variable")["timing"].attributes["type"].text
    set_here |= {f"DRIFTWIRE_{name.upper()}_SECONDS" for name in re.findall(r"(\w+)\s*=\s*optional", timing)}
    # `driftwire doctor` alone takes this one, from the module's output.
    assert set_here - known == {"DRIFTWIRE_GITHUB_ONLY"}
    # A container's folder, and a clock that tests move, are no deployment's by zip.
    assert known - set_here == {"DRIFTWIRE_PLUGIN_DIR", "DRIFTWIRE_CLOCK_FILE"}


def test_every_input_that_a_setting_is_said_to_come_from_is_there():
    named = {name for cells in rows("configuration.md") for name in re.findall(r"the module's input `(\w+)", cells[-1] + "`")}
    assert len(named) > 5
    assert named <= set(read(MODULE).declared("variable"))


def test_every_metric_that_is_looked_at_is_written_by_that_function():
    written = {(cells[0], function) for cells in rows("metrics.md") for function in re.findall(r"[a-z]+(?:-[a-z]+)+", cells[2])}
    looked_at = set(re.findall(r'metric\s*=\s*"(\w+)"\n\s*dimensions\s*=\s*\{ Function = "([\w-]+)" \}', text()))
    looked_at |= set(re.findall(r'\[local\.own, "(\w+)", "Function", "([\w-]+)"', text()))
    outcomes = re.search(r"for outcome in \[(.*?)\]", text())
    looked_at |= {(name, "event-detector") for name in re.findall(r'"(\w+)"', outcomes[1])}
    assert len(looked_at) > 10
    assert looked_at - written == set()
