"""What nobody manages is listed with what would adopt it, and how much is managed is counted."""

import json
import re

import pytest

from support.github_states import addresses, keep
from support.github_states.acme import acme, served_github  # noqa: F401


# What nobody manages


def live_things(world):
    """Type -> the ids by which everything of the seven kinds is imported."""
    owner = world.owner("acme")
    each = list(owner.repositories.values())
    return {
        "github_repository": {one.name for one in each},
        "github_team": {str(team.id) for team in owner.teams.values()},
        "github_membership": {f"acme:{login}" for login in owner.members},
        "github_repository_collaborator": {f"{one.name}:{login}" for one in each for login in one.collaborators if login not in owner.members},
        "github_repository_webhook": {f"{one.name}/{hook}" for one in each for hook in one.hooks},
        "github_organization_webhook": {str(hook) for hook in owner.hooks},
        "github_repository_deploy_key": {f"{one.name}:{key}" for one in each for key in one.keys},
        "github_repository_ruleset": {f"{one.name}:{ruleset}" for one in each for ruleset in one.rulesets},
        "github_organization_ruleset": {str(ruleset) for ruleset in owner.rulesets},
    }


def test_everything_of_the_seven_kinds_is_listed_where_no_state_manages_it(acme):
    report = acme.scan(acme.state("github_organization_settings"))
    found = {type_name: set(ids) for type_name, ids in report.unmanaged().items()}
    assert found == live_things(acme.world)
    assert len(report.printed["unmanaged"]) == sum(map(len, found.values())), "each once"


def test_what_a_state_manages_is_not_listed_whichever_type_manages_it(acme):
    managed = acme.state(
        "github_repository", "github_team", "github_team_members", "github_membership", "github_repository_collaborators", "github_repository_webhook",
        "github_organization_webhook", "github_repository_deploy_key", "github_repository_ruleset", "github_organization_ruleset",
    )
    assert acme.scan(managed).unmanaged() == {}


def test_one_that_is_made_by_hand_is_listed_with_its_import_block(acme):
    state = acme.state()
    acme.served.world.create_repository("made-by-hand")
    hook = acme.served.world.add("hooks", "made-by-hand", url="https://hooks.example.com/x", events=["push"])
    report = acme.scan(state)
    assert report.unlike() == {}
    found = {each["type"]: each for each in report.printed["unmanaged"]}
    assert set(found) == {"github_repository", "github_repository_webhook"}
    repository = found["github_repository"]
    assert (repository["id"], repository["name"]) == ("made-by-hand", "made-by-hand")
    assert repository["url"].endswith("/acme/made-by-hand")
    assert repository["import"] == 'import {\n  to = github_repository.made_by_hand\n  id = "made-by-hand"\n}\n'
    assert repository["to"] == "github_repository.made_by_hand"
    assert found["github_repository_webhook"]["id"] == f"made-by-hand/{hook.id}"


def test_what_nobody_has_to_manage_is_ignored_and_counted_and_the_rest_still_listed(acme):
    for name in ("sandbox-a", "sandbox-b", "made-by-hand"):
        acme.served.world.create_repository(name)
    rules, target = acme.folder / "ignore.toml", acme.folder / "imports.tf"
    rules.write_text('[[ignore]]\ntype = "github_repository"\nunmanaged = "sandbox-*"\nreason = "anybody may try things out"\n')
    options = ["--ignore", str(rules), "--import", str(target), "--fail-on-unmanaged"]
    report = acme.scan(acme.state(), code=2, options=options)
    assert report.unmanaged() == {"github_repository": ["made-by-hand"]}
    assert (report.printed["summary"]["ignored"], report.printed["coverage"]["unmanaged"]) == (2, 1)
    assert "sandbox" not in target.read_text()
    acme.served.world.delete_repository("made-by-hand")
    assert acme.scan(acme.state(), code=0, options=options).unmanaged() == {}


def test_import_blocks_are_written_to_a_file_each_once_with_an_address_of_its_own(acme):
    state = acme.state("github_organization_settings")
    target = acme.folder / "imports.tf"
    report = acme.scan(state, options=["--import", str(target)])
    blocks = re.findall(r'import \{\n  to = (\S+)\n  id = "([^"\n]+)"\n\}', target.read_text())
    assert sorted(blocks) == sorted((each["to"], each["id"]) for each in report.printed["unmanaged"])
    assert len({to for to, _ in blocks}) == len(blocks) > 100


def test_names_that_could_end_an_import_block_do_not(acme):
    acme.served.world.add("keys", acme.repository().name, title='"\n}\nprovider "evil" {}\n#${x}', key="ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIevil")
    target = acme.folder / "imports.tf"
    acme.scan(acme.state(), options=["--import", str(target)])
    assert re.fullmatch(r'(?:#[^\n]*\n|\n|import \{\n  to = [a-z0-9_.]+\n  id = "[^"\n$%]+"\n\}\n)+', target.read_text())


def test_coverage_counts_what_is_managed_by_type(acme):
    state = acme.state("github_repository", "github_team")
    halves = [found for number, found in enumerate(addresses(state)) if number % 2]
    managed = keep(state, halves)
    each = acme.world.repository(json.loads(halves[0].partition("[")[2][:-1]))
    acme.live(each).description = "by hand"
    gone = acme.world.repository(json.loads(halves[1].partition("[")[2][:-1]))
    acme.served.world.delete_repository(gone.name)
    report = acme.scan(managed, code=2)
    coverage, counted = report.printed["coverage"], live_things(acme.world)
    assert coverage["types"]["github_repository"] == {"managed": 30, "unmanaged": 30, "missing": 1, "drifted": 1, "unknown": 0}
    assert coverage["types"]["github_team"] == {"managed": 6, "unmanaged": 6, "missing": 0, "drifted": 0, "unknown": 0}
    assert coverage["types"]["github_membership"]["unmanaged"] == len(counted["github_membership"])
    assert coverage["managed"] == 36
    assert coverage["unmanaged"] == len(report.printed["unmanaged"])
    assert coverage["percent"] == pytest.approx(100 * 35 / (35 + coverage["unmanaged"]), abs=0.1)


def test_everything_managed_is_a_hundred_percent(acme):
    assert acme.scan(acme.state()).printed["coverage"]["percent"] == 100.0
