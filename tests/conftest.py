"""What every test may use."""

from __future__ import annotations

import pytest

from support import processes
from support.cloud import Cloud


@pytest.fixture(scope="session")
def _moto(tmp_path_factory):
    cloud = Cloud(tmp_path_factory.mktemp("moto"))
    yield cloud
    cloud.stop()


@pytest.fixture
def cloud(_moto: Cloud) -> Cloud:
    """An empty AWS."""
    _moto.reset()
    return _moto


@pytest.fixture(scope="session", autouse=True)
def no_process_is_left():
    """Whatever a test started has ended when the tests have."""
    yield
    assert processes.running() == [], "a test left processes behind"
