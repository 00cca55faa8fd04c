"""`driftwire scan --to github`: nothing is said of what is as recorded; its words, its exit codes, and what it asks of GitHub."""

import json
import re

import pytest

from support.github_states import TYPES, VARIANTS, address, addresses
from support.github_states.acme import acme, served_github, small  # noqa: F401
from support.served_github.sample import EVERYTHING, OWNER

#: What an App without a user's token cannot ask.
OF_USERS = {"github_app_installation_repository"}


# In sync


@pytest.mark.parametrize("variant", VARIANTS)
def test_an_organisation_that_is_as_recorded_differs_in_nothing(acme, variant):
    state = acme.state(variant=variant)
    report = acme.scan(state, code=None)
    assert report.unlike() == {}
    assert set(report.instances) == set(addresses(state))
    assert {instance["type"] for instance in report.instances.values()} == set(TYPES)
    assert report.code == 0
    pages = {instance["address"]: instance.get("url") for instance in report.instances.values()}
    assert [name for name, page in pages.items() if not page or page.endswith("/teams")] == [], "each has a page of its own"


@pytest.mark.parametrize("variant", VARIANTS)
def test_one_of_everything_that_is_as_recorded_differs_in_nothing(small, variant):
    report = small.scan(small.state(variant=variant), code=None)
    assert report.unlike() == {}
    assert report.code == 0


def test_an_app_reads_the_same_and_says_what_it_cannot(acme):
    app = acme.served.world.install_app(EVERYTHING)
    report = acme.scan(acme.state(), by=app, code=None)
    assert report.of("drifted") == report.of("missing") == []
    assert {report.instances[address]["type"] for address in report.of("unknown")} <= OF_USERS


def test_several_states_are_looked_at_together(acme):
    states = [acme.state(*TYPES[:16]), acme.state(*TYPES[16:], variant="opentofu")]
    report = acme.scan(*states)
    assert len(report.instances) == sum(len(addresses(state)) for state in states)
    assert report.unmanaged() == {}


def test_a_state_that_holds_other_providers_too_is_read_for_github_alone(acme):
    state = acme.state("github_team")
    queue = {"schema_version": 0, "attributes": {"id": "https://sqs.us-east-1.amazonaws.com/1/a"}, "sensitive_attributes": [], "private": "bnVsbA=="}
    state["resources"].append({"mode": "managed", "type": "aws_sqs_queue", "name": "a", "provider": 'provider["registry.terraform.io/hashicorp/aws"]', "instances": [queue]})
    report = acme.scan(state)
    assert report.unlike() == {}
    assert set(report.instances) == set(addresses(acme.state("github_team")))


# Exit codes and words


def test_what_is_unmanaged_is_an_error_only_if_it_was_asked_for(acme):
    state = acme.state("github_team")
    assert acme.scan(state, code=0).unmanaged()
    assert acme.scan(state, code=2, options=["--fail-on-unmanaged"]).of("drifted") == []
    assert acme.scan(acme.state(), code=0, options=["--fail-on-unmanaged"]).unmanaged() == {}


def test_what_could_not_be_told_is_an_error_unless_it_is_tolerated(acme):
    app = acme.served.world.install_app({name: level for name, level in EVERYTHING.items() if name != "repository_hooks"})
    state = acme.state("github_repository_webhook")
    assert len(acme.scan(state, by=app, code=1).of("unknown")) == 15
    assert len(acme.scan(state, by=app, code=0, options=["--tolerate-unknown"]).of("unknown")) == 15


def test_drift_outweighs_what_could_not_be_told(acme):
    app = acme.served.world.install_app({name: level for name, level in EVERYTHING.items() if name != "repository_hooks"})
    acme.live(acme.team()).description = "by hand"
    report = acme.scan(acme.state("github_repository_webhook", "github_team"), by=app, code=2)
    assert (len(report.of("drifted")), len(report.of("unknown"))) == (1, 15)


def test_somebody_without_a_token_is_told_what_to_set(acme):
    done = acme.scanner.run([acme.state("github_team")], None)
    assert done.returncode == 1
    assert "GITHUB_TOKEN" in done.stderr


def test_a_token_that_is_none_any_more_is_said_to_be_so(acme):
    acme.served.world.revoke(acme.token)
    done = acme.scanner.run([acme.state("github_team")], acme.token)
    assert done.returncode == 1
    assert re.search("401|revoked|expired|Bad credentials", done.stdout + done.stderr)


def test_an_organisation_that_is_not_there_is_an_error(acme):
    done = acme.scanner.run([acme.state("github_team")], acme.token, GITHUB_OWNER="nobody")
    assert (done.returncode, done.stdout) == (1, "")
    assert "nobody is no organisation that" in done.stderr and "looking at nobody on http://127.0.0.1:" in done.stderr


def test_the_organisation_can_be_named_on_the_command_line(acme):
    report = acme.scan(acme.state("github_team"), options=["--owner", "acme"], GITHUB_OWNER="")
    assert (report.printed["owner"], report.unlike()) == ("acme", {})


def test_the_token_of_githubs_own_command_line_is_used_where_no_other_is(acme):
    (acme.folder / "bin").mkdir()
    gh = acme.folder / "bin/gh"
    gh.write_text(f"#!/bin/sh\n[ \"$1 $2\" = 'auth token' ] && echo {acme.token}\n")
    gh.chmod(0o755)
    done = acme.scanner.run([acme.state("github_team")], None, "--json")
    acme.scanner.assert_no_secret(done.stdout + done.stderr, acme.token)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["summary"]["in_sync"] == 12


def test_a_scan_in_words_names_what_differs_and_what_nobody_manages(acme):
    each = acme.repository()
    acme.live(each).description = "Described by hand"
    acme.served.world.create_repository("made-by-hand")
    done = acme.scanner.run([acme.state()], acme.token)
    assert done.returncode == 2, done.stderr
    for words in (address("github_repository", each.name), "description", "Described by hand", "made-by-hand", "1 drifted"):
        assert words in done.stdout
    assert address("github_team", acme.team().slug) not in done.stdout
    everything = acme.scanner.run([acme.state()], acme.token, "--all")
    assert address("github_team", acme.team().slug) in everything.stdout


def test_how_bad_it_is_is_told_and_the_worst_comes_first(acme):
    private = sorted((each for each in acme.repositories if each.visibility == "private" and not each.archived), key=lambda each: each.name)
    described, opened = private[0], private[-1]
    acme.live(described).description = "by hand"
    acme.live(opened).visibility = "public"
    report = acme.scan(acme.state("github_repository"), code=2)
    told = [(instance["address"], instance["severity"]) for instance in report.printed["instances"] if "severity" in instance]
    assert told == [(address("github_repository", opened.name), "critical"), (address("github_repository", described.name), "low")]
    printed = acme.scanner.run([acme.state("github_repository")], acme.token).stdout
    assert f"~ {address('github_repository', opened.name)} {opened.name} (critical)\n" in printed


def test_an_ignore_file_hides_what_it_names(acme):
    each = acme.repository()
    acme.live(each).description = "Described by hand"
    ignored = acme.folder / "ignore.toml"
    ignored.write_text('[[ignore]]\ntype = "github_repository"\nattribute = "description"\nreason = "people may describe"\n')
    report = acme.scan(acme.state("github_repository"), options=["--ignore", str(ignored)])
    assert report.unlike() == {}
    assert report.printed["summary"]["ignored"] == 1


# Who it was


def test_who_changed_it_is_told_where_github_gives_its_audit_log(acme):
    acme.organisation.plan = "enterprise"
    each = acme.repository(lambda each: each.visibility == "private")
    acme.live(each).visibility = "public"
    acme.served.world.audit("repo.access", "mallory", repo=each.name, visibility="public")
    token = acme.served.world.personal_token("acme-owner", [*OWNER, "read:audit_log"])
    [found] = [instance for instance in acme.scan(acme.state("github_repository"), by=token, code=2).instances.values() if instance["verdict"] == "drifted"]
    assert "mallory" in json.dumps(found["who"])


def test_who_it_was_is_not_known_without_an_audit_log(acme):
    acme.live(acme.repository()).description = "by hand"
    report = acme.scan(acme.state("github_repository"), code=2)
    assert not report.instances[report.of("drifted")[0]].get("who")


# What one scan keeps for the next


def test_an_unchanged_second_scan_asks_much_less(acme):
    state, kept = acme.state(), ["--cache", str(acme.folder / "cache")]
    first = acme.scan(state, options=kept)
    second = acme.scan(state, options=kept)
    assert second.unlike() == {} == second.unmanaged()
    asked = lambda report: report.requests["rest"] - report.requests["not_modified"] + report.requests["graphql"]  # noqa: E731
    assert asked(second) <= 0.4 * asked(first), (first.requests, second.requests)


def test_what_one_token_saw_is_not_believed_for_another(acme):
    state, kept = acme.state(), ["--cache", str(acme.folder / "cache")]
    acme.scan(state, options=kept)
    each = acme.repository()
    acme.live(each).description = "by hand"
    other = acme.served.world.personal_token("acme-owner", OWNER)
    report = acme.scan(state, by=other, options=kept, code=2)
    assert report.unlike() == {address("github_repository", each.name): {"description"}}


def test_what_is_kept_holds_no_secret(acme):
    cache = acme.folder / "cache"
    acme.scan(acme.state(), options=["--cache", str(cache)])
    acme.scanner.assert_no_secret(cache.read_bytes().decode("latin-1"), acme.token)


@pytest.mark.parametrize("content", ['{"kept": "elsewhere"}', "not even JSON"])
def test_a_file_that_no_scan_has_kept_is_named_and_left_as_it_is(acme, content):
    state, cache = acme.state("github_team"), acme.folder / "cache"
    acme.scan(state, options=["--cache", str(cache)])
    cache.write_text(content)
    before = cache.read_bytes()
    done = acme.scanner.run([state], acme.token, "--cache", str(cache))
    assert (done.returncode, cache.read_bytes()) == (1, before)
    assert str(cache) in done.stderr


def test_a_file_that_was_cut_off_costs_requests_and_nothing_else(acme):
    state, cache = acme.state("github_repository", "github_team"), acme.folder / "cache"
    acme.scan(state, options=["--cache", str(cache)])
    cache.write_bytes(cache.read_bytes()[: cache.stat().st_size // 2])
    assert acme.scan(state, options=["--cache", str(cache)]).unlike() == {}
    asked = acme.scan(state, options=["--cache", str(cache)]).requests
    assert asked["not_modified"] > 0, "the file is good again"


def test_requests_are_counted_as_github_counts_them(acme):
    acme.served.log.clear()
    report = acme.scan(acme.state())
    counted = acme.served.counters()
    asked = report.requests
    assert asked["graphql"] == sum(number for operation, number in counted["operations"].items() if operation.startswith("POST "))
    assert asked["rest"] + asked["graphql"] == counted["requests"]
    assert asked["points"] == counted["cost"].get("graphql", 0)


def test_only_what_a_state_manages_or_is_listed_is_read(acme):
    acme.served.log.clear()
    acme.scan(acme.state("github_team"))
    operations = acme.served.counters()["operations"]
    for part in ("secrets", "variables", "environments", "/pages", "labels", "actions/permissions", "branches/{branch}/protection"):
        assert [operation for operation in operations if part in operation] == []


def test_few_requests_are_made_for_many_settings(acme):
    """One for each setting, as the provider makes them, are some thousand."""
    state = acme.state()
    acme.served.log.clear()
    acme.scan(state)
    assert acme.served.counters()["requests"] < len(addresses(state)) * 0.75


# What a scan may never do


def test_a_scan_changes_nothing(acme):
    app = acme.served.world.install_app(EVERYTHING)
    acme.served.log.clear()
    acme.scan(acme.state(), by=app, code=None)
    asked = {(entry["method"], entry["operation"] if entry["method"] != "GET" else "") for entry in acme.served.requests()}
    posted = {operation for method, operation in asked if method != "GET"}
    assert {method for method, _ in asked} == {"GET", "POST"}
    assert all("/graphql" in entry["path"] or entry["path"].endswith("/access_tokens") for entry in acme.served.requests() if entry["method"] == "POST")
    assert not [operation for operation in posted if "mutation" in operation.lower()]


def test_texts_from_github_cannot_steer_a_terminal(acme):
    evil = "\x1b[2J\x1b]0;owned\x07\u202e"
    each = acme.repository()
    acme.live(each).description = f"Described{evil}"
    acme.served.world.add("keys", each.name, title=f"deploy{evil}", key="ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIevil")
    imports = acme.folder / "imports.tf"
    done = acme.scanner.run([acme.state()], acme.token, "--import", str(imports))
    assert done.returncode == 2, done.stderr
    said = done.stdout + done.stderr + imports.read_text()
    assert "Described" in said
    assert not {"\x1b", "\x07", "\u202e"} & set(said)
