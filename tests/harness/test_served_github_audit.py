"""The served GitHub's audit log: who may read it, and what a search of it gives."""

import pytest

from support.served_github.client import Client
from support.served_github.sample import OWNER

LOG = "/orgs/acme/audit-log"


@pytest.fixture
def enterprise(served):
    served.world.owner("acme").plan = "enterprise"
    return served


@pytest.fixture
def reader(enterprise) -> Client:
    return Client(enterprise, enterprise.world.personal_token("acme-owner", ["read:audit_log"]))


def actions(reply) -> list[str]:
    assert reply.status == 200, reply.body
    return [entry["action"] for entry in reply.json]


def test_an_entry_says_who_did_what_to_what_and_when(enterprise, reader):
    document = enterprise.world.audit("protected_branch.update", "octocat", repo="shop", at=enterprise.clock.stamp(), actor_ip="203.0.113.9")
    [entry] = reader.get(LOG).json
    assert entry.pop("@timestamp") == entry.pop("created_at") > 1_600_000_000_000
    assert entry == {
        "_document_id": document, "action": "protected_branch.update", "actor": "octocat", "org": "acme", "org_id": enterprise.world.owner("acme").id,
        "repo": "acme/shop", "actor_ip": "203.0.113.9",
    }


def test_a_change_by_hand_writes_no_entry_by_itself(enterprise, reader):
    enterprise.world.repository("shop").visibility = "public"
    assert reader.get(LOG).json == []


@pytest.mark.parametrize("plan", ["free", "team"])
def test_without_an_enterprise_there_is_no_log_to_be_read(served, plan):
    served.world.owner("acme").plan = plan
    served.world.audit("repo.access", "octocat")
    assert Client(served, served.world.personal_token("acme-owner", ["read:audit_log"])).get(LOG).status == 404


def test_the_log_takes_a_permission_or_a_scope_of_its_own_and_an_owner(enterprise, reader):
    assert Client(enterprise, enterprise.world.personal_token("acme-owner", OWNER)).get(LOG).status == 404
    assert Client(enterprise, enterprise.world.personal_token("ben", ["read:audit_log"])).get(LOG).status == 404
    of_app = lambda permissions: Client(enterprise, enterprise.world.installation_token(enterprise.world.install_app(permissions)["installation_id"])).get(LOG)  # noqa: E731
    assert of_app({"organization_administration": "read"}).status == 200
    denied = of_app({"administration": "write"})
    assert (denied.status, denied.headers["x-accepted-github-permissions"]) == (403, "organization_administration=read")
    assert reader.get(LOG).status == 200


def test_the_last_three_months_are_told_unless_a_date_is_asked_for(enterprise, reader):
    enterprise.world.audit("repo.create", "octocat", at="2024-01-01T00:00:00Z")
    enterprise.world.audit("repo.access", "octocat")
    assert actions(reader.get(LOG)) == ["repo.access"]
    assert actions(reader.get(f"{LOG}?phrase=created:>=2023-12-31")) == ["repo.access", "repo.create"]


@pytest.mark.parametrize(
    ("phrase", "found"),
    [
        ("created:>=2024-03-02T10:00:00Z", "BC"), ("created:>2024-03-02T10:00:00Z", "C"), ("created:<2024-03-02T10:00:00Z", "A"),
        ("created:<=2024-03-02T10:00:00%2B00:00", "AB"), ("created:2024-03-02", "BC"), ("created:2024-03-01..2024-03-01", "A"),
        ("created:2024-03-02..*", "BC"), ("created:>=2024-01-01 actor:BEN", "B"), ("created:>=2024-01-01 repo:acme/shop", "AB"),
        ("created:>=2024-01-01 action:repo", "A"), ("created:>=2024-01-01 action:team.add_member", "C"),
    ],
)
def test_a_phrase_chooses_entries(enterprise, reader, phrase, found):
    enterprise.world.audit("repo.access", "octocat", repo="shop", at="2024-03-01T09:00:00Z", name="A")
    enterprise.world.audit("protected_branch.update", "ben", repo="shop", at="2024-03-02T10:00:00Z", name="B")
    enterprise.world.audit("team.add_member", "octocat", team="platform", user="ana", at="2024-03-02T11:00:00Z", name="C")
    reply = reader.get(f"{LOG}?order=asc&phrase={phrase.replace(' ', '%20').replace('>', '%3E').replace('<', '%3C')}")
    assert "".join(entry["name"] for entry in reply.json) == found


def test_a_search_that_is_not_served_is_refused_by_name(enterprise, reader):
    reply = reader.get(f"{LOG}?phrase=country:DE")
    assert reply.status == 599
    assert b"country:DE" in reply.body


def test_gits_own_events_come_only_if_they_are_asked_for(enterprise, reader):
    enterprise.world.audit("git.push", "octocat", repo="shop")
    enterprise.world.audit("repo.access", "octocat", repo="shop")
    assert actions(reader.get(f"{LOG}?include=web")) == actions(reader.get(LOG)) == ["repo.access"]
    assert actions(reader.get(f"{LOG}?include=git")) == ["git.push"]
    assert sorted(actions(reader.get(f"{LOG}?include=all"))) == ["git.push", "repo.access"]


@pytest.mark.parametrize("order", ["asc", "desc"])
def test_pages_follow_cursors_and_what_is_written_meanwhile_moves_nothing(enterprise, reader, order):
    for number in range(25):
        # Several in one second, as they come.
        enterprise.world.audit(f"repo.a{number}", "octocat", at=f"2024-03-01T10:00:{number // 3:02}Z")
    first = reader.get(f"{LOG}?phrase=created:2024-03-01&per_page=10&order={order}")
    enterprise.world.audit("repo.later", "octocat", at="2024-03-01T23:00:00Z")
    path = lambda reply, name: reply.links[name].removeprefix(enterprise.endpoint)  # noqa: E731
    second = reader.get(path(first, "next"))
    third = reader.get(path(second, "next"))
    seen = [*actions(first), *actions(second), *actions(third)]
    assert len(seen) == len(set(seen)) == (25 if order == "desc" else 26)
    assert "next" not in third.links
    assert actions(reader.get(path(third, "prev"))) == actions(second)


def test_an_undated_page_holds_thirty(enterprise, reader):
    for number in range(35):
        enterprise.world.audit(f"repo.a{number}", "octocat")
    assert len(reader.get(LOG).json) == 30
    assert len(reader.pages(LOG)) == 35
