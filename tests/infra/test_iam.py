"""What the functions may read of what they watch follows from the catalog."""

import json
import shutil
import subprocess
import sys

import pytest

from support.places import WORKSPACE

CATALOGS = "shared/drift-catalog/read-actions.json"


@pytest.fixture
def copy(tmp_path):
    """The generator, with what it reads and what it writes."""
    for path in ("infra/tools/iam.py", CATALOGS, "infra/read-actions.json"):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(WORKSPACE / path, tmp_path / path)
    return tmp_path


def iam(folder, *arguments: str) -> subprocess.CompletedProcess:
    return subprocess.run([sys.executable, str(folder / "infra/tools/iam.py"), *arguments], capture_output=True, text=True, check=False)


def test_the_actions_that_the_module_allows_are_those_that_the_catalog_reads_with():
    assert iam(WORKSPACE, "--check").returncode == 0, "run make iam"
    assert json.loads((WORKSPACE / "infra/read-actions.json").read_text()) == json.loads((WORKSPACE / CATALOGS).read_text())


def test_a_type_that_reads_more_makes_them_stale_until_they_are_written(copy):
    actions = json.loads((copy / CATALOGS).read_text())
    (copy / CATALOGS).write_text(json.dumps([*actions, "rds:DescribeDBInstances"]))
    checked = iam(copy, "--check")
    assert checked.returncode == 1 and "make iam" in checked.stderr
    assert iam(copy).returncode == 0
    assert iam(copy, "--check").returncode == 0
    assert "rds:DescribeDBInstances" in json.loads((copy / "infra/read-actions.json").read_text())
