"""Members, teams and access are compared by who is meant: in any case, by number or slug, invited or there; and none of that hides a change."""

import pytest

from support.github_states import Variant, address, attributes, keep
from support.github_states.acme import acme, served_github, small  # noqa: F401
from support.served_github.access import members_of


# People, written in another case


def test_a_login_in_another_case_is_the_same_person(acme):
    shouting = acme.state(
        "github_membership", "github_team_membership", "github_team_members", "github_repository_collaborator", "github_repository_collaborators",
        variant="logins-in-another-case",
    )
    assert acme.scan(shouting).unlike() == {}


def test_a_login_in_another_case_hides_no_change(acme):
    state = acme.state("github_membership", variant="logins-in-another-case")
    login = next(login for login, role in acme.world.owner("acme").members.items() if role == "member" and login != login.lower())
    acme.served.world.set_member(login, "admin")
    assert acme.scan(state, code=2).unlike() == {address("github_membership", login): {"role"}}


def test_somebody_else_in_a_set_is_told_by_name(acme):
    each = acme.repository(lambda each: any(login.startswith("outside") for login in each.collaborators))
    acme.served.world.grant(each.name, "read", login="Mallory-X")
    report = acme.scan(acme.state("github_repository_collaborators"), code=2)
    assert "mallory-x" in str(report.differences(address("github_repository_collaborators", each.name))).lower()


# Who has not answered yet


@pytest.fixture
def invited(acme):
    """Somebody who was invited into the organisation and into one of its teams."""
    team = acme.team(lambda team: team.pending)
    return team, next(iter(team.pending))


def test_whoever_was_invited_is_there_for_what_manages_them(acme, invited):
    team, login = invited
    state = acme.state("github_membership", "github_team_membership")
    of_them = [address("github_membership", login), address("github_team_membership", f"{team.slug}:{login}")]
    assert acme.scan(keep(state, of_them)).unlike() == {}


def test_whoever_was_invited_is_no_member_of_a_team_whose_members_are_managed_together(acme, invited):
    team, login = invited
    state = acme.state("github_team_members")
    assert login not in str(attributes(state, address("github_team_members", team.slug)))
    assert acme.scan(state).unlike() == {}


def test_an_invitation_that_was_withdrawn_is_missing(acme, invited):
    team, login = invited
    owner = acme.organisation
    owner.invitations = {}
    acme.live(team).pending = {}
    state = keep(acme.state("github_membership", "github_team_membership"), [address("github_membership", login), address("github_team_membership", f"{team.slug}:{login}")])
    assert set(acme.scan(state, code=2).of("missing")) == {address("github_membership", login), address("github_team_membership", f"{team.slug}:{login}")}


def test_an_invitation_that_was_accepted_changes_nothing(acme, invited):
    team, login = invited
    state = acme.state("github_membership", "github_team_membership")
    acme.served.world.set_member(login, attributes(state, address("github_membership", login))["role"])
    # An owner is a maintainer of every team; that is not told either.
    assert login in acme.live(team).members
    assert acme.scan(state).unlike() == {}


def test_a_guest_of_a_repository_who_has_not_answered_is_there(acme):
    each = acme.repository(lambda each: each.invitations)
    [invitation] = each.invitations.values()
    state = acme.state("github_repository", "github_repository_collaborator", "github_repository_collaborators")
    one = address("github_repository_collaborator", f"{each.name}:{invitation.login}")
    assert attributes(state, one)["invitation_id"] == str(invitation.id)
    assert acme.scan(state).unlike() == {}
    acme.live(each).invitations = {}
    told = acme.scan(state, code=2).unlike()
    assert told == {one: "missing", address("github_repository_collaborators", each.name): {"user"}}


def test_an_invitation_that_was_accepted_leaves_its_number_in_the_state(acme):
    each = acme.repository(lambda each: each.invitations)
    [invitation] = each.invitations.values()
    state = acme.state("github_repository_collaborator", "github_repository_collaborators")
    acme.live(each).invitations = {}
    acme.served.world.grant(each.name, invitation.role, login=invitation.login)
    assert acme.scan(state).unlike() == {}


# Teams within teams


def test_members_of_the_teams_below_are_not_members_of_a_team(acme):
    parent = acme.team(lambda team: set(members_of(team)) - set(team.members))
    state = acme.state("github_team_members")
    below = set(members_of(parent)) - set(parent.members)
    assert not below & {each["username"] for each in attributes(state, address("github_team_members", parent.slug))["members"]}
    assert acme.scan(state).unlike() == {}


def test_somebody_who_is_added_to_a_team_below_changes_that_team_alone(acme):
    child = acme.team(lambda team: team.parent)
    newcomer = next(login for login in acme.world.owner("acme").members if login not in members_of(child.parent))
    acme.served.world.set_team_member(child.slug, newcomer, "member")
    assert acme.scan(acme.state("github_team_members", "github_team"), code=2).unlike() == {address("github_team_members", child.slug): {"members"}}


def test_an_owner_who_is_a_member_of_a_team_is_no_drift_although_github_calls_owners_maintainers(acme):
    state = acme.state("github_team_membership", "github_team_members")
    owners = {login for login, role in acme.world.owner("acme").members.items() if role == "admin"}
    team, login = next((team, login) for team in acme.world.owner("acme").teams.values() for login in team.members if login in owners)
    attributes(state, address("github_team_membership", f"{team.slug}:{login}"))["role"] = "member"
    for member in attributes(state, address("github_team_members", team.slug))["members"]:
        if member["username"] == login:
            member["role"] = "member"
    assert acme.scan(state).unlike() == {}


@pytest.mark.parametrize("form", ["number", "slug", "integer"])
def test_the_team_above_may_be_written_by_its_number_or_its_slug(acme, form):
    child = acme.team(lambda team: team.parent)
    state = acme.state("github_team")
    forms = {"number": str(child.parent.id), "slug": child.parent.slug, "integer": child.parent.id}
    attributes(state, address("github_team", child.slug))["parent_team_id"] = forms[form]
    assert acme.scan(state).unlike() == {}


def test_another_team_above_is_drift_however_it_is_written(acme):
    child = acme.team(lambda team: team.parent)
    other = acme.team(lambda team: team not in (child, child.parent) and not team.parent)
    state = acme.state("github_team")
    attributes(state, address("github_team", child.slug))["parent_team_id"] = other.slug
    assert acme.scan(state, code=2).unlike() == {address("github_team", child.slug): {"parent_team_id"}}


@pytest.mark.parametrize("teams", ["number", "slug"])
def test_a_team_is_the_same_by_its_number_and_by_its_slug(acme, teams):
    types = ("github_team_membership", "github_team_members", "github_team_repository", "github_repository_collaborators", "github_team_settings")
    assert acme.scan(acme.state(*types, variant=Variant(teams=teams))).unlike() == {}


def test_a_team_that_was_renamed_is_one_finding(acme):
    team = acme.team(lambda team: team.members and not team.children)
    types = ("github_team", "github_team_membership", "github_team_members", "github_team_repository", "github_team_settings", "github_repository_collaborators")
    state = acme.state(*types)
    acme.served.world.rename_team(team.slug, "Renamed by hand")
    unlike = acme.scan(state, code=2).unlike()
    assert set(unlike) == {address("github_team", team.slug)}
    assert {"name"} <= unlike[address("github_team", team.slug)] <= {"name", "slug"}


# Access


def test_a_role_of_the_organisations_own_is_compared_by_its_name(small):
    state = small.state("github_repository_collaborators", "github_repository_collaborator")
    assert small.scan(state).unlike() == {}
    small.served.world.grant("shop", "maintain", login="consultant")
    assert small.scan(state, code=2).unlike() == {
        address("github_repository_collaborators", "shop"): {"user"}, address("github_repository_collaborator", "shop:consultant"): {"permission"},
    }


@pytest.mark.parametrize(("recorded_word", "word"), [("pull", "read"), ("push", "write")])
def test_the_older_words_for_roles_are_the_newer_ones(acme, recorded_word, word):
    state = acme.state("github_team_repository", "github_repository_collaborator")
    words = {instance["attributes"]["permission"] for resource in state["resources"] for instance in resource["instances"]}
    assert recorded_word in words and word not in words
    assert acme.scan(state).unlike() == {}


def test_a_collaborator_of_a_repository_written_with_its_owner_is_found(acme):
    each = acme.repository(lambda each: any(login.startswith("outside") for login in each.collaborators))
    login = next(login for login in each.collaborators if login.startswith("outside"))
    state = keep(acme.state("github_repository_collaborator"), [address("github_repository_collaborator", f"{each.name}:{login}")])
    found = attributes(state, address("github_repository_collaborator", f"{each.name}:{login}"))
    found["id"], found["repository"] = f"acme/{each.name}:{login}", f"acme/{each.name}"
    assert acme.scan(state).unlike() == {}


def test_teams_that_are_to_be_ignored_are_left_out(acme):
    each = acme.repository(lambda each: each.team_roles)
    number = next(iter(each.team_roles))
    state = acme.state("github_repository_collaborators")
    found = attributes(state, address("github_repository_collaborators", each.name))
    found["team"] = [team for team in found["team"] if team["team_id"] != str(number)]
    found["ignore_team"] = [{"team_id": acme.world.team_by_id(number).slug}]
    assert acme.scan(state).unlike() == {}
