"""The scan of a GitHub organisation, shown on GitHub's own protocols: `make demo-github`.

Serves an organisation on loopback with its Terraform state, lets people change things by hand, and scans. What is printed is what `driftwire`
prints, but for the paths of its files. Neither AWS nor GitHub is asked for anything.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from demo import fail, painted, said, scene, shown
from support.github_states import address, addresses, state_of
from support.github_states.recording import API
from support.github_states.scan import Scanner
from support.processes import running, stop_all
from support.served_github import ServedGitHub, World
from support.served_github.sample import OWNER

#: What the platform team of such an organisation usually manages.
MANAGED = (
    "github_repository", "github_branch_protection", "github_team", "github_team_members", "github_team_repository", "github_membership",
    "github_repository_collaborators", "github_repository_ruleset", "github_organization_ruleset", "github_repository_webhook", "github_organization_webhook",
    "github_repository_deploy_key", "github_organization_settings",
)


def organisation() -> World:
    """36 repositories made by a seed, and three that have names."""
    world = World()
    world.api_url = API
    world.organisation("acme", repositories=36, teams=6, members=24, seed=7)
    world.set_member("mallory", "member")
    world.create_team("Platform", description="They run it")
    world.set_team_member("platform", "acme-owner", "maintainer")
    for name in ("payments", "checkout", "storefront"):
        world.create_repository(name, description=f"The {name}", vulnerability_alerts=True)
        world.grant(name, "write", team="platform")
        world.add("protections", name, pattern="main", enforce_admins=True, required_approving_review_count=2, required_checks=[("build", None)], strict_checks=True)
    return world


def main() -> None:
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="driftwire-demo-") as folder:
        play(Path(folder))
    stop_all()
    if running():
        fail(f"processes are left: {running()}")
    print(f"\n{painted('32', f'That was it, in {time.monotonic() - started:.0f} s.')} Nothing is left running.")


def play(folder: Path) -> None:
    print(painted("1", "Driftwire: everything of a GitHub organisation that is not as Terraform recorded it"))
    print("   starting a GitHub on loopback, with its limits ...", flush=True)
    world = organisation()
    state = state_of(world, "acme", MANAGED)
    with ServedGitHub(folder / "github", world) as served:
        scanner, token = Scanner(folder, served), served.world.personal_token("acme-owner", OWNER)

        def scan(*options: str, code: int) -> subprocess.CompletedProcess[str]:
            done = scanner.run([state], token, "--cache", str(folder / "cache"), *options)
            if done.returncode != code:
                fail(f"the scan ended with {done.returncode}, and not {code}:\n{done.stdout}{done.stderr}")
            return done

        scene(1, "Terraform manages the organisation, and all is as recorded")
        said(f"39 repositories, 7 teams, their members, protection and webhooks: {len(addresses(state))} instances in one state. This is")
        said("driftwire scan --to github --state acme.tfstate:")
        show(folder, scan(code=0).stdout)
        counted(served)

        scene(2, "Three things are changed by hand, and one is made")
        change_by_hand(served)
        said("payments is made public, the main branch of checkout can be pushed to without reviews or checks, mallory is added to the team platform, and a repository quick-fix is made, by nobody's code.")
        found = scan("--import", str(folder / "import.tf"), code=2)
        show(folder, found.stdout)
        for expected in (
            address("github_repository", "payments"), address("github_branch_protection", "checkout:main"), address("github_team_members", "platform"), "quick-fix",
        ):
            if expected not in found.stdout:
                fail(f"{expected} was not told")
        counted(served)

        scene(3, "What was made by hand can be adopted")
        said("The scan wrote an import block for it, which Terraform 1.5 and OpenTofu take:")
        blocks = (folder / "import.tf").read_text()
        shown(blocks)
        if "quick-fix" not in blocks:
            fail("there is no import block for quick-fix")

        scene(4, "Everything is put back")
        put_back(served)
        show(folder, scan("--fail-on-unmanaged", code=0).stdout)
        counted(served)


def change_by_hand(served: ServedGitHub) -> None:
    world = served.world
    world.repository("payments").visibility = "public"
    rule = main_rule(served)
    rule.required_approving_review_count, rule.required_checks, rule.enforce_admins = None, None, False
    world.set_team_member("platform", "mallory", "maintainer")
    world.create_repository("quick-fix", visibility="private")


def put_back(served: ServedGitHub) -> None:
    world = served.world
    world.repository("payments").visibility = "private"
    rule = main_rule(served)
    rule.required_approving_review_count, rule.required_checks, rule.enforce_admins = 2, [["build", None]], True
    world.set_team_member("platform", "mallory", None)
    world.delete_repository("quick-fix")


def main_rule(served: ServedGitHub) -> Any:
    """The one rule of checkout."""
    return served.world.protection("checkout", "main")


def show(folder: Path, printed: str) -> None:
    shown(printed.replace(str(folder / "state-0.tfstate"), "acme.tfstate"))


def counted(served: ServedGitHub) -> None:
    """What it took, as the served GitHub counted it."""
    counters = served.counters()
    unchanged = counters["status"].get("304", 0)
    said(painted("2", f"{counters['requests']} requests, {unchanged} of them answered \"not modified\"; {counters['cost'].get('graphql', 0)} points of GraphQL"))
    served.log.clear()


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
    finally:
        stop_all()
