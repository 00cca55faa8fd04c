use drift_catalog::Reading;
use drift_model::{ReasonKind, Value};
use serde_json::json;

use crate::{answers, check, check_unknown, read, with};

const REPOSITORY: &str = "GET /repos/{owner}/{repo}";
const ALERTS: &str = "GET /repos/{owner}/{repo}/vulnerability-alerts";
const PAGES: &str = "GET /repos/{owner}/{repo}/pages";
const ENVIRONMENT: &str = "GET /repos/{owner}/{repo}/environments/{environment_name}";

/// As the provider writes it.
fn recorded() -> Value {
    json!({
        "id": "shop", "name": "shop", "full_name": "acme/shop", "repo_id": 7, "node_id": "R_kgDOAAAABw", "etag": "W/\"1\"",
        "description": "", "homepage_url": null, "visibility": "private", "private": true, "default_branch": "main",
        "has_issues": true, "has_discussions": false, "has_projects": false, "has_wiki": null, "has_downloads": true,
        "is_template": false, "archived": false, "topics": ["web", "api"],
        "allow_merge_commit": true, "allow_squash_merge": true, "allow_rebase_merge": true, "allow_auto_merge": false,
        "allow_update_branch": false, "allow_forking": null, "delete_branch_on_merge": true, "web_commit_signoff_required": false,
        "merge_commit_title": "MERGE_MESSAGE", "merge_commit_message": "PR_TITLE",
        "squash_merge_commit_title": "COMMIT_OR_PR_TITLE", "squash_merge_commit_message": "COMMIT_MESSAGES",
        "auto_init": true, "gitignore_template": "Rust", "license_template": "mit", "template": [], "pages": [],
        "archive_on_destroy": true, "primary_language": "Rust", "vulnerability_alerts": true,
        "security_and_analysis": [{
            "advanced_security": [], "secret_scanning": [{"status": "enabled"}], "secret_scanning_push_protection": [{"status": "disabled"}],
            "code_security": [], "secret_scanning_ai_detection": [{"status": ""}],
        }],
    })
}

/// As GitHub answers it.
fn live() -> Value {
    json!({
        "id": 7, "name": "shop", "full_name": "acme/shop", "node_id": "R_kgDOAAAABw", "description": null, "homepage": "",
        "visibility": "private", "private": true, "default_branch": "main", "has_issues": true, "has_discussions": false,
        "has_projects": false, "has_wiki": false, "has_downloads": false, "has_pages": false, "is_template": false, "archived": false,
        "topics": ["api", "web"], "allow_merge_commit": true, "allow_squash_merge": true, "allow_rebase_merge": true,
        "allow_auto_merge": false, "allow_update_branch": false, "allow_forking": false, "delete_branch_on_merge": true,
        "web_commit_signoff_required": false, "merge_commit_title": "MERGE_MESSAGE", "merge_commit_message": "PR_TITLE",
        "squash_merge_commit_title": "COMMIT_OR_PR_TITLE", "squash_merge_commit_message": "COMMIT_MESSAGES", "language": "Go",
        "template_repository": {"name": "template"},
        "security_and_analysis": {
            "secret_scanning": {"status": "enabled"}, "secret_scanning_push_protection": {"status": "disabled"},
            "dependabot_security_updates": {"status": "enabled"}, "secret_scanning_ai_detection": {"status": "enabled"},
        },
    })
}

async fn changed(recorded: Value, live: Value) -> Reading {
    read("github_repository", recorded, &answers([(REPOSITORY, live), (ALERTS, json!({"status": 204}))])).await
}

#[tokio::test]
async fn a_repository_as_it_was_applied_has_no_difference() {
    check(changed(recorded(), live()).await, &[]);
}

#[tokio::test]
async fn a_repository_that_was_renamed_has_another_name_and_no_other_difference() {
    check(changed(recorded(), with(live(), json!({"name": "store", "full_name": "acme/store"}))).await, &[r#"name: "shop" -> "store""#]);
}

#[tokio::test]
async fn a_repository_that_was_transferred_has_another_owner() {
    check(changed(recorded(), with(live(), json!({"full_name": "evil/shop"}))).await, &[r#"full_name: "acme/shop" -> "evil/shop""#]);
}

#[tokio::test]
async fn what_a_provider_without_the_permission_recorded_of_merging_is_not_compared() {
    let blind = json!({"allow_merge_commit": false, "allow_squash_merge": false, "allow_rebase_merge": false, "delete_branch_on_merge": false,
        "merge_commit_title": "", "merge_commit_message": "", "squash_merge_commit_title": "", "squash_merge_commit_message": ""});
    check(changed(with(recorded(), blind), live()).await, &[]);
    let rebase = json!({"allow_merge_commit": false, "allow_squash_merge": false, "allow_rebase_merge": true});
    check(changed(with(recorded(), rebase), live()).await, &["allow_merge_commit: false -> true", "allow_squash_merge: false -> true"]);
}

#[tokio::test]
async fn what_the_provider_did_not_know_when_it_wrote_the_state_is_not_compared() {
    let unread = json!({"repo_id": null, "allow_forking": null, "web_commit_signoff_required": null});
    check(changed(with(recorded(), unread), with(live(), json!({"allow_forking": true, "web_commit_signoff_required": true}))).await, &[]);
}

#[tokio::test]
async fn another_repository_that_took_the_name_is_another_one() {
    check(changed(recorded(), with(live(), json!({"id": 8}))).await, &["repo_id: 7 -> 8"]);
}

#[tokio::test]
async fn an_internal_repository_is_private_and_internal_and_one_made_public_is_told_once() {
    let internal = json!({"visibility": "internal", "private": true});
    check(changed(with(recorded(), internal.clone()), with(live(), internal)).await, &[]);
    let public = json!({"visibility": "public", "private": false});
    check(changed(recorded(), with(live(), public)).await, &[r#"visibility: "private" -> "public""#]);
}

#[tokio::test]
async fn what_cannot_be_changed_in_an_archived_repository_is_not_compared() {
    let github =
        answers([(REPOSITORY, with(live(), json!({"archived": true, "allow_merge_commit": false, "merge_commit_title": "PR_TITLE"})))]);
    check(read("github_repository", recorded(), &github).await, &["archived: false -> true"]);
    assert!(github.asked(ALERTS).is_empty(), "GitHub switches them off with it");
}

#[tokio::test]
async fn what_an_answer_leaves_out_is_not_known() {
    let mut live = live();
    for hidden in ["allow_merge_commit", "allow_squash_merge", "delete_branch_on_merge", "merge_commit_title", "security_and_analysis"] {
        live.as_object_mut().expect("it has members").remove(hidden);
    }
    let github = answers([(REPOSITORY, live)]);
    check(read("github_repository", recorded(), &github).await, &[]);
    assert!(github.asked(ALERTS).is_empty(), "a 404 there would mean nothing");
}

#[tokio::test]
async fn alerts_that_are_off_are_off_where_that_can_be_seen() {
    let github = answers([(REPOSITORY, live()), (ALERTS, json!(404))]);
    check(read("github_repository", recorded(), &github).await, &["vulnerability_alerts: true -> false"]);
}

#[tokio::test]
async fn a_security_setting_is_compared_where_it_is_answered() {
    let scanning = |status: &str| json!({"security_and_analysis": {"secret_scanning": {"status": status}}});
    check(changed(recorded(), with(live(), scanning("enabled"))).await, &[]);
    check(
        changed(recorded(), with(live(), scanning("disabled"))).await,
        &[r#"security_and_analysis[0].secret_scanning[0].status: "enabled" -> "disabled""#],
    );
}

#[tokio::test]
async fn pages_are_compared_where_they_are_managed_and_their_builds_are_not() {
    let pages = json!([{"build_type": "legacy", "cname": "", "custom_404": false, "status": "built", "html_url": "x", "url": "y", "source": [{"branch": "main", "path": "/"}]}]);
    let managed = with(recorded(), json!({"pages": pages}));
    let page = json!({"build_type": "legacy", "cname": null, "custom_404": false, "status": "building", "source": {"branch": "main", "path": "/docs"}});
    let on = with(live(), json!({"has_pages": true}));
    let github = answers([(REPOSITORY, on.clone()), (ALERTS, json!({"status": 204})), (PAGES, page)]);
    check(read("github_repository", managed.clone(), &github).await, &[r#"pages[0].source[0].path: "/" -> "/docs""#]);
    let Reading::Found { facets, .. } = changed(managed, live()).await else { panic!("it is there") };
    let pages = facets.iter().find(|facet| facet.attribute == "pages").expect("pages are compared");
    assert!(pages.live.is_null() && !pages.recorded.is_null(), "the provider does not see that they were removed");
    check(changed(recorded(), on).await, &[]);
}

#[tokio::test]
async fn a_repository_of_another_owner_is_not_read() {
    let reading = read("github_repository", with(recorded(), json!({"full_name": "other/shop"})), &answers([])).await;
    check_unknown(reading, ReasonKind::WrongAccount, "other");
    check(changed(with(recorded(), json!({"full_name": "ACME/shop"})), live()).await, &[]);
}

#[tokio::test]
async fn a_default_branch_is_found_by_the_repositorys_name() {
    let github = answers([(REPOSITORY, with(live(), json!({"default_branch": "trunk"})))]);
    let recorded = json!({"id": "shop", "repository": "shop", "branch": "main", "rename": true, "etag": "x", "repository_id": 7});
    check(read("github_branch_default", recorded, &github).await, &[r#"branch: "main" -> "trunk""#]);
}

#[tokio::test]
async fn a_branch_is_there_whatever_was_pushed_and_its_name_may_hold_a_colon_in_the_id_alone() {
    let operation = "GET /repos/{owner}/{repo}/git/ref/{ref}";
    let github = answers([(operation, json!({"ref": "refs/heads/release/1", "object": {"sha": "2"}}))]);
    let recorded = json!({"id": "shop:release/1", "ref": "refs/heads/release/1", "sha": "1", "source_branch": "main", "source_sha": "0"});
    check(read("github_branch", recorded, &github).await, &[]);
    assert_eq!(github.asked(operation), [json!({"repo": "shop", "ref": "heads/release/1"})]);
}

#[tokio::test]
async fn a_key_is_the_same_without_its_comment() {
    let operation = "GET /repos/{owner}/{repo}/keys/{key_id}";
    let recorded = json!({"id": "shop:5", "title": "ci", "key": "ssh-ed25519 AAAAC3Nz ci@acme\n", "read_only": true});
    let answer = |key: &str| answers([(operation, json!({"id": 5, "title": "ci", "key": key, "read_only": true}))]);
    let github = answer("ssh-ed25519 AAAAC3Nz");
    check(read("github_repository_deploy_key", recorded.clone(), &github).await, &[]);
    assert_eq!(github.asked(operation), [json!({"repo": "shop", "key_id": "5"})]);
    check(
        read("github_repository_deploy_key", recorded, &answer("ssh-ed25519 BBBB")).await,
        &[r#"key: "ssh-ed25519 AAAAC3Nz" -> "ssh-ed25519 BBBB""#],
    );
}

#[tokio::test]
async fn topics_have_no_order() {
    let github = answers([("GET /repos/{owner}/{repo}/topics", json!({"names": ["b", "a"]}))]);
    check(read("github_repository_topics", json!({"id": "shop", "repository": "shop", "topics": ["a", "b"]}), &github).await, &[]);
}

fn environment() -> Value {
    json!({
        "id": "shop:eu??west", "repository": "shop", "environment": "eu:west", "can_admins_bypass": true, "prevent_self_review": false,
        "wait_timer": null, "reviewers": [{"teams": [7], "users": [3, 2]}],
        "deployment_branch_policy": [{"protected_branches": true, "custom_branch_policies": false}],
    })
}

fn reviewed_by(reviewers: &[(&str, u64)]) -> Value {
    let reviewers: Vec<Value> = reviewers.iter().map(|(kind, id)| json!({"type": kind, "reviewer": {"id": id}})).collect();
    json!({"type": "required_reviewers", "prevent_self_review": false, "reviewers": reviewers})
}

#[tokio::test]
async fn an_environment_is_compared_by_its_rules() {
    let policy = json!({"protected_branches": true, "custom_branch_policies": false});
    let live = json!({"name": "eu:west", "can_admins_bypass": true, "deployment_branch_policy": policy,
        "protection_rules": [{"type": "branch_policy"}, reviewed_by(&[("User", 2), ("Team", 7), ("User", 3)])]});
    let github = answers([(ENVIRONMENT, live.clone())]);
    check(read("github_repository_environment", environment(), &github).await, &[]);
    assert_eq!(github.asked(ENVIRONMENT), [json!({"repo": "shop", "environment_name": "eu:west"})]);
    let waits = with(
        live,
        json!({"protection_rules": [{"type": "wait_timer", "wait_timer": 30}, reviewed_by(&[("User", 2), ("User", 3), ("Team", 7)])]}),
    );
    check(read("github_repository_environment", environment(), &answers([(ENVIRONMENT, waits)])).await, &["wait_timer: 0 -> 30"]);
}

#[tokio::test]
async fn reviewers_that_were_removed_are_seen_though_the_provider_keeps_them() {
    let live = json!({"name": "eu:west", "can_admins_bypass": true, "protection_rules": [], "deployment_branch_policy": null});
    check(
        read("github_repository_environment", environment(), &answers([(ENVIRONMENT, live)])).await,
        &[
            r#"deployment_branch_policy: [{"custom_branch_policies":false,"protected_branches":true}] -> null"#,
            r#"reviewers: [{"teams":[7],"users":[2,3]}] -> null"#,
        ],
    );
}
