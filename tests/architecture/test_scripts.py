"""What runs everything may not fail by chance."""

import re

import pytest

from support.places import WORKSPACE

#: A reader that leaves before its writer has ended: with `pipefail`, the writer's broken pipe fails the line, now and then.
LEAVES_EARLY = re.compile(r"\|\s*(head\b|grep\b[^|]*\s-[a-zA-Z]*[qm]|sed\b[^|]*\d*q\b)")


@pytest.mark.parametrize("script", [".ci/run", "Makefile"])
def test_no_reader_leaves_before_its_writer_has_ended(script):
    text = (WORKSPACE / script).read_text()
    assert "pipefail" in text
    assert [line for line in text.splitlines() if LEAVES_EARLY.search(line)] == []


def test_the_readers_that_leave_early_are_known():
    assert all(map(LEAVES_EARLY.search, ["make --version | head -n 1", "a | grep -q b", "a | grep -Eq b", "a | sed 1q"]))
    assert not any(map(LEAVES_EARLY.search, ["a | sed -n 1p", "a | grep b", "a | awk '{ print }'"]))
