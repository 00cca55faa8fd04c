"""A short storm, of which `make chaos` is the long form."""

import pytest

from chaos.storm import Size, Storm
from support.emulator import Emulator

SHORT = Size(faults=100, records=400, instances=60, states=2, per_thousand=60)


@pytest.fixture
def emulator(tmp_path):
    emulator = Emulator(tmp_path / "lambda")
    yield emulator
    emulator.stop()


@pytest.mark.parametrize("seed", ["a quiet name for a storm"])
def test_what_fails_and_dies_loses_nothing_and_tells_nothing_again(cloud, emulator, seed):
    report = Storm(cloud, emulator, seed, SHORT).run()
    print(report.table())
    assert report.wrong == [], report.table()
    assert report.attacker.injected.total() >= SHORT.faults // 2, "the storm was none"
    assert report.transitions > 0 and report.open > 0
