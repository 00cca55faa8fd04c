"""A short storm, of which `make chaos` is the long form."""

import pytest

from chaos.storm import Size, Storm
from support.emulator import Emulator

SHORT = Size(faults=60, records=250, instances=30, states=2, per_thousand=60)


@pytest.fixture
def emulators(tmp_path):
    """Two executions of the detector, at once."""
    emulators = [Emulator(tmp_path / f"lambda-{at}") for at in range(2)]
    yield emulators
    for emulator in emulators:
        emulator.stop()


@pytest.mark.parametrize("seed", ["a quiet name for a storm"])
def test_what_fails_and_dies_loses_nothing_and_tells_nothing_again(cloud, emulators, seed):
    report = Storm(cloud, emulators, seed, SHORT).run()
    print(report.table())
    assert report.wrong == [], report.table()
    assert report.attacker.injected.total() >= SHORT.faults // 2, "the storm was none"
    assert report.transitions > 0 and report.open > 0
