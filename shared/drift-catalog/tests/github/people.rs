use drift_catalog::Reading;
use drift_model::{ReasonKind, Value};
use serde_json::json;

use crate::{answers, check, check_unknown, read, with};

const DIRECT: &str = "GET /repos/{owner}/{repo}/collaborators?affiliation=direct";
const OUTSIDE: &str = "GET /repos/{owner}/{repo}/collaborators?affiliation=outside";
const INVITATIONS: &str = "GET /repos/{owner}/{repo}/invitations";
const REPOSITORYS_TEAMS: &str = "GET /repos/{owner}/{repo}/teams";
const INVITED: &str = "GET /orgs/{org}/invitations";
const OF_ORGANISATION: &str = "GET /orgs/{org}/memberships/{username}";
const TEAM: &str = "GET /orgs/{org}/teams/{team_slug}";
const MEMBERSHIP: &str = "GET /orgs/{org}/teams/{team_slug}/memberships/{username}";

fn person(login: &str, role: &str) -> Value {
    json!({"login": login, "role_name": role})
}

fn invitation(login: &str, permissions: &str) -> Value {
    json!({"id": 1, "invitee": {"login": login}, "permissions": permissions})
}

#[tokio::test]
async fn a_collaborator_is_one_in_any_case_by_any_words_and_before_accepting() {
    let recorded = json!({"id": "shop:Octocat", "username": "Octocat", "repository": "shop", "permission": "push", "invitation_id": "9"});
    let nobody = || json!([]);
    for github in [
        answers([(DIRECT, json!([person("octoCAT", "write")]))]),
        answers([(DIRECT, nobody()), (OUTSIDE, json!([person("octocat", "write")]))]),
        answers([(DIRECT, nobody()), (OUTSIDE, nobody()), (INVITATIONS, json!([invitation("OCTOCAT", "write")]))]),
    ] {
        check(read("github_repository_collaborator", recorded.clone(), &github).await, &[]);
    }
    let github = answers([(DIRECT, json!([person("octocat", "auditor")]))]);
    check(read("github_repository_collaborator", recorded, &github).await, &[r#"permission: "push" -> "auditor""#]);
}

#[tokio::test]
async fn a_collaborators_repository_may_be_named_with_its_owner() {
    let github = answers([(DIRECT, json!([person("octocat", "write")]))]);
    check(read("github_repository_collaborator", json!({"id": "acme/shop:octocat", "permission": "push"}), &github).await, &[]);
    assert_eq!(github.asked("GET /repos/{owner}/{repo}/collaborators"), [json!({"repo": "shop", "affiliation": "direct"})]);
    let other = read("github_repository_collaborator", json!({"id": "other/shop:octocat", "permission": "push"}), &answers([])).await;
    check_unknown(other, ReasonKind::WrongAccount, "other");
}

#[tokio::test]
async fn a_collaborator_who_keeps_access_by_a_team_alone_is_gone_and_an_owner_is_not() {
    let recorded = json!({"id": "shop:octocat", "permission": "push"});
    let member = |answer: Value| {
        let invited = json!([invitation("other", "read")]);
        answers([(DIRECT, json!([])), (OUTSIDE, json!([])), (INVITATIONS, invited), (OF_ORGANISATION, answer), (INVITED, json!([]))])
    };
    for of_organisation in [json!({"role": "member"}), json!(404)] {
        assert_eq!(read("github_repository_collaborator", recorded.clone(), &member(of_organisation)).await, Reading::Gone);
    }
    check(read("github_repository_collaborator", recorded, &member(json!({"role": "admin"}))).await, &[]);
}

#[tokio::test]
async fn a_repositorys_collaborators_are_those_of_every_list_and_one_more_is_a_difference() {
    let recorded = json!({
        "id": "7", "repository": "shop", "invitation_ids": {"paula": "1"}, "ignore_team": [{"team_id": "bots"}],
        "user": [{"username": "Octocat", "permission": "push"}, {"username": "olga", "permission": "pull"}, {"username": "paula", "permission": "maintain"}],
        "team": [{"team_id": "Platform", "permission": "push"}, {"team_id": "8", "permission": "admin"}],
    });
    let teams = json!([
        {"id": 7, "slug": "platform", "permission": "push", "access_source": "direct"}, {"id": 8, "slug": "web", "permission": "admin"},
        {"id": 9, "slug": "bots", "permission": "push"}, {"id": 10, "slug": "everybody", "permission": "pull", "access_source": "organization"},
    ]);
    let github = |direct: Value| {
        answers([
            (DIRECT, direct),
            (OUTSIDE, json!([person("olga", "read")])),
            (INVITATIONS, json!([invitation("paula", "maintain"), {"id": 2, "invitee": null, "permissions": "read"}])),
            (REPOSITORYS_TEAMS, teams.clone()),
        ])
    };
    let as_applied = github(json!([person("octocat", "write"), person("olga", "read")]));
    check(read("github_repository_collaborators", recorded.clone(), &as_applied).await, &[]);
    assert_eq!(as_applied.asked(INVITATIONS), [json!({"repo": "shop"})]);
    let reading =
        read("github_repository_collaborators", recorded, &github(json!([person("octocat", "write"), person("mallory", "admin")]))).await;
    let Reading::Found { facets, .. } = reading else { panic!("{reading:?}") };
    let users = facets.iter().find(|facet| facet.attribute == "user").expect("users are compared");
    assert!(users.live.to_string().contains("mallory"), "{}", users.live);
}

#[tokio::test]
async fn an_invitation_to_the_organisation_counts_as_membership() {
    let github = answers([(OF_ORGANISATION, json!({"state": "pending", "role": "member"}))]);
    let recorded = json!({"id": "acme:Paula", "username": "Paula", "role": "member", "downgrade_on_destroy": true});
    check(read("github_membership", recorded, &github).await, &[]);
    assert_eq!(github.asked(OF_ORGANISATION), [json!({"username": "Paula"})]);
    let other = read("github_membership", json!({"id": "other:Paula", "role": "member"}), &answers([])).await;
    check_unknown(other, ReasonKind::WrongAccount, "other");
}

#[tokio::test]
async fn a_team_is_gone_only_for_those_who_see_every_team() {
    let recorded = json!({"id": "77", "name": "Platform"});
    assert_eq!(read("github_team", recorded.clone(), &answers([(TEAM, json!(404)), (INVITED, json!([]))])).await, Reading::Gone);
    let hidden = answers([(TEAM, json!(404)), (INVITED, json!(403))]);
    check_unknown(read("github_team", recorded, &hidden).await, ReasonKind::AccessDenied, "grant members: read");
}

#[tokio::test]
async fn a_parent_team_is_the_same_by_its_number_and_by_its_slug() {
    let live = json!({"id": 77, "name": "Web", "slug": "web", "description": null, "privacy": "closed", "members_count": 9,
        "notification_setting": "notifications_enabled", "parent": {"id": 5, "slug": "platform"}});
    let recorded = |parent: Value| {
        json!({"id": "77", "name": "Web", "slug": "web", "description": "", "privacy": "closed", "members_count": 3, "etag": "x",
            "notification_setting": "notifications_enabled", "parent_team_id": parent, "create_default_maintainer": true})
    };
    for parent in [json!("5"), json!(5), json!("platform"), json!("Platform")] {
        check(read("github_team", recorded(parent), &answers([(TEAM, live.clone())])).await, &[]);
    }
    check(read("github_team", recorded(json!("6")), &answers([(TEAM, live.clone())])).await, &[r#"parent_team_id: "6" -> "5""#]);
    let orphan = with(live, json!({"parent": null}));
    check(read("github_team", recorded(json!("5")), &answers([(TEAM, orphan.clone())])).await, &[r#"parent_team_id: "5" -> null"#]);
    for none in [json!(""), json!(null), json!(0)] {
        check(read("github_team", recorded(none), &answers([(TEAM, orphan.clone())])).await, &[]);
    }
}

#[tokio::test]
async fn a_membership_of_a_team_is_found_by_either_form_of_the_team_and_before_it_is_accepted() {
    for team in ["77", "platform"] {
        let github = answers([(MEMBERSHIP, json!({"role": "maintainer", "state": "pending"}))]);
        let recorded = json!({"id": format!("{team}:Octocat"), "team_id": team, "username": "Octocat", "role": "maintainer"});
        check(read("github_team_membership", recorded, &github).await, &[]);
        assert_eq!(github.asked(MEMBERSHIP), [json!({"team_slug": team, "username": "Octocat"})]);
    }
}

#[tokio::test]
async fn an_owner_is_maintainer_of_a_team_whatever_was_asked_and_nobody_else_is() {
    let recorded = json!({"id": "77:olga", "role": "member"});
    let github = |role: &str| answers([(MEMBERSHIP, json!({"role": "maintainer"})), (OF_ORGANISATION, json!({"role": role}))]);
    check(read("github_team_membership", recorded.clone(), &github("admin")).await, &[]);
    check(read("github_team_membership", recorded, &github("member")).await, &[r#"role: "member" -> "maintainer""#]);
}

fn edge(login: &str, role: &str) -> Value {
    json!({"role": role, "node": {"login": login}})
}

#[tokio::test]
async fn a_teams_members_are_compared_in_any_case_and_nothing_more_is_asked_for_it() {
    let edges = json!([edge("Octocat", "MEMBER"), edge("max", "MAINTAINER")]);
    let github = answers([("GRAPHQL TeamMembers", json!({"node": {"members": {"edges": edges}}}))]);
    let recorded = json!({"id": "77", "team_id": "platform", "members": [{"username": "Max", "role": "maintainer"}, {"username": "octocat", "role": "member"}]});
    check(read("github_team_members", recorded, &github).await, &[]);
    assert_eq!(github.asked("GRAPHQL TeamMembers"), [json!({"team": "77"})]);
}

#[tokio::test]
async fn a_teams_pending_members_and_owners_are_as_recorded_and_somebody_more_is_a_difference() {
    let recorded = json!({"id": "77", "members": [{"username": "paula", "role": "member"}, {"username": "olga", "role": "member"}]});
    let github = |edges: Value| {
        answers([
            ("GRAPHQL TeamMembers", json!({"node": {"members": {"edges": edges}}})),
            ("GET /orgs/{org}/teams/{team_slug}/invitations", json!([{"login": "Paula"}, {"login": "someone"}])),
            ("GET /orgs/{org}/members", json!([{"login": "olga"}])),
        ])
    };
    check(read("github_team_members", recorded.clone(), &github(json!([edge("olga", "MAINTAINER")]))).await, &[]);
    let more = github(json!([edge("olga", "MAINTAINER"), edge("mallory", "MEMBER")]));
    check(
        read("github_team_members", recorded, &more).await,
        &[concat!(
            r#"members: [{"role":"member","username":"olga"},{"role":"member","username":"paula"}] -> "#,
            r#"[{"role":"member","username":"mallory"},{"role":"member","username":"olga"},{"role":"member","username":"paula"}]"#
        )],
    );
}

#[tokio::test]
async fn a_teams_access_to_a_repository_is_compared_by_either_words() {
    let operation = "GET /orgs/{org}/teams/{team_slug}/repos/{owner}/{repo}";
    let recorded = json!({"id": "77:shop", "team_id": "77", "repository": "shop", "permission": "push"});
    let github = |role: &str| answers([(operation, json!({"name": "shop", "role_name": role}))]);
    check(read("github_team_repository", recorded.clone(), &github("write")).await, &[]);
    check(read("github_team_repository", recorded, &github("admin")).await, &[r#"permission: "push" -> "admin""#]);
}

fn delegation(enabled: bool, notify: bool) -> Value {
    json!({"node": {
        "reviewRequestDelegationEnabled": enabled, "reviewRequestDelegationAlgorithm": "ROUND_ROBIN",
        "reviewRequestDelegationMemberCount": 2, "reviewRequestDelegationNotifyTeam": notify,
    }})
}

#[tokio::test]
async fn whether_a_team_is_told_of_reviews_is_compared_where_the_state_holds_it() {
    let block = |notify: bool| json!([{"algorithm": "ROUND_ROBIN", "member_count": 2, "notify": notify}]);
    let old = json!({"id": "T_1", "team_id": "platform", "review_request_delegation": block(true)});
    let new = json!({"id": "T_1", "team_id": "platform", "notify": true, "review_request_delegation": block(false)});
    let both = json!({"id": "T_1", "team_id": "platform", "notify": false, "review_request_delegation": block(true)});
    for recorded in [old.clone(), new.clone(), both] {
        check(read("github_team_settings", recorded, &answers([("GRAPHQL TeamSettings", delegation(true, true))])).await, &[]);
    }
    let silent = || answers([("GRAPHQL TeamSettings", delegation(true, false))]);
    check(read("github_team_settings", old, &silent()).await, &["review_request_delegation[0].notify: true -> false"]);
    check(read("github_team_settings", new.clone(), &silent()).await, &["notify: true -> false"]);
    let reading = read("github_team_settings", new, &answers([("GRAPHQL TeamSettings", delegation(false, false))])).await;
    check(reading, &[r#"review_request_delegation: [{"algorithm":"ROUND_ROBIN","member_count":2,"notify":false}] -> null"#]);
}
