"""The demo of the scan of GitHub checks itself as it goes, and ends by itself."""

import subprocess
import sys

from support.github_states import address
from support.places import WORKSPACE


def test_the_demo_of_github_shows_what_was_changed_and_made_by_hand_and_then_nothing():
    done = subprocess.run([sys.executable, str(WORKSPACE / "tests" / "demo_github.py")], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    told = (
        address("github_repository", "payments"), address("github_branch_protection", "checkout:main"), address("github_team_members", "platform"), "mallory",
        '"private" -> "public"', 'to = github_repository.quick_fix', "Nothing is left running.",
    )
    for said in told:
        assert said in done.stdout, f"the demo does not say {said}"
    assert "\x1b" not in done.stdout, "colours only on a terminal"
