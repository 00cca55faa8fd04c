"""The demo is what people see first: it checks itself as it goes, and ends by itself."""

import subprocess
import sys

from support.places import WORKSPACE


def test_the_demo_shows_the_whole_way_and_leaves_nothing_running():
    done = subprocess.run([sys.executable, str(WORKSPACE / "tests" / "demo.py")], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    for said in ("aws_security_group.web", "mallory@example.com", '+ "tcp 22 0.0.0.0/0"', '"Enabled" -> "Suspended"', "drift resolved", "Nothing is left running."):
        assert said in done.stdout, f"the demo does not say {said}"
    assert "\x1b" not in done.stdout, "colours only on a terminal"
