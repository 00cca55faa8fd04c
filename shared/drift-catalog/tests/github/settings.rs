use drift_catalog::Reading;
use drift_model::{ReasonKind, Value};
use serde_json::json;

use crate::{answers, check, check_unknown, read, with};

const LABEL: &str = "GET /repos/{owner}/{repo}/labels/{name}";
const SECRET: &str = "GET /repos/{owner}/{repo}/actions/secrets/{secret_name}";
const ORGANISATION: &str = "GET /orgs/{org}";

#[tokio::test]
async fn a_secret_was_written_where_the_times_differ_by_a_second_however_they_are_written() {
    let live = json!({"name": "TOKEN", "created_at": "2023-01-12T12:44:16Z", "updated_at": "2023-01-12T12:44:16Z"});
    let recorded = |time: Value| json!({"id": "shop:token", "repository": "shop", "secret_name": "token", "value": "v", "updated_at": time, "created_at": "x", "destroy_on_drift": false});
    for time in [
        json!("2023-01-12 12:44:16 +0000 UTC"),
        json!("2023-01-12T12:44:16Z"),
        json!("2023-01-12T13:44:16.5+01:00"),
        json!(""),
        json!(null),
    ] {
        check(read("github_actions_secret", recorded(time), &answers([(SECRET, live.clone())])).await, &[]);
    }
    for (type_name, operation) in
        [("github_actions_secret", SECRET), ("github_dependabot_secret", "GET /repos/{owner}/{repo}/dependabot/secrets/{secret_name}")]
    {
        check(
            read(type_name, recorded(json!("2023-01-12 12:44:15 +0000 UTC")), &answers([(operation, live.clone())])).await,
            &[r#"updated_at: "2023-01-12T12:44:15Z" -> "2023-01-12T12:44:16Z""#],
        );
    }
}

#[tokio::test]
async fn a_secret_of_the_organisation_names_the_repositories_that_it_is_for_where_the_state_does() {
    let recorded = json!({"id": "TOKEN", "secret_name": "TOKEN", "visibility": "selected", "updated_at": "2023-01-12 12:44:16 +0000 UTC", "selected_repository_ids": [8, 7]});
    let secret = json!({"name": "TOKEN", "visibility": "selected", "updated_at": "2023-01-12T12:44:16Z"});
    let github = |ids: [u64; 2]| {
        let repositories: Vec<Value> = ids.iter().map(|id| json!({"id": id})).collect();
        answers([
            ("GET /orgs/{org}/actions/secrets/{secret_name}", secret.clone()),
            ("GET /orgs/{org}/actions/secrets/{secret_name}/repositories", json!({"total_count": 2, "repositories": repositories})),
        ])
    };
    check(read("github_actions_organization_secret", recorded.clone(), &github([7, 8])).await, &[]);
    check(
        read("github_actions_organization_secret", recorded.clone(), &github([7, 9])).await,
        &["selected_repository_ids: [7,8] -> [7,9]"],
    );
    let elsewhere = answers([("GET /orgs/{org}/actions/secrets/{secret_name}", secret.clone())]);
    check(read("github_actions_organization_secret", with(recorded, json!({"selected_repository_ids": []})), &elsewhere).await, &[]);
}

#[tokio::test]
async fn a_variables_value_is_compared_and_never_shown() {
    let operation = "GET /repos/{owner}/{repo}/actions/variables/{name}";
    let recorded = json!({"id": "shop:Region", "repository": "shop", "variable_name": "Region", "value": "eu", "updated_at": "2023-01-12 12:44:16 +0000 UTC"});
    let github = |value: &str| answers([(operation, json!({"name": "REGION", "value": value, "updated_at": "2026-01-01T00:00:00Z"}))]);
    check(read("github_actions_variable", recorded.clone(), &github("eu")).await, &[]);
    check(read("github_actions_variable", recorded, &github("us")).await, &[r#"value: "(sensitive value)" -> "(sensitive value)""#]);
}

#[tokio::test]
async fn a_hooks_secret_is_there_or_not_and_its_url_is_never_shown() {
    let operation = "GET /orgs/{org}/hooks/{hook_id}";
    let hook = |secret: Value, host: &str, ssl: Value| {
        let config = json!({"url": format!("https://{host}/x"), "content_type": "json", "insecure_ssl": ssl, "secret": secret});
        answers([(operation, json!({"id": 3, "active": true, "events": ["push", "fork"], "config": config}))])
    };
    let recorded = json!({"id": "3", "active": true, "events": ["fork", "push"], "url": "https://api.github.com/orgs/acme/hooks/3", "etag": "x",
        "configuration": [{"url": "https://ci/x", "content_type": "json", "secret": "s3cr3t", "insecure_ssl": false}]});
    let masked = || json!("********");
    check(read("github_organization_webhook", recorded.clone(), &hook(masked(), "ci", json!("0"))).await, &[]);
    check(
        read("github_organization_webhook", recorded.clone(), &hook(masked(), "evil", json!("1"))).await,
        &["configuration[0].insecure_ssl: false -> true", r#"configuration[0].url: "(sensitive value)" -> "(sensitive value)""#],
    );
    check(
        read("github_organization_webhook", recorded, &hook(json!(null), "ci", json!(0))).await,
        &[r#"configuration[0].secret: "(sensitive value)" -> "(sensitive value)""#],
    );
}

#[tokio::test]
async fn a_label_may_have_a_colon_in_its_name() {
    let github = answers([(LABEL, json!({"name": "kind: bug", "color": "ff0000", "description": null}))]);
    let recorded = json!({"id": "shop:kind: bug", "color": "FF0000", "description": "", "url": "https://api.github.com/repos/acme/shop/labels/kind:%20bug"});
    check(read("github_issue_label", recorded, &github).await, &[]);
    assert_eq!(github.asked(LABEL), [json!({"repo": "shop", "name": "kind: bug"})]);
}

#[tokio::test]
async fn all_labels_of_a_repository_are_compared_with_those_that_github_made() {
    let recorded =
        json!({"id": "shop", "repository": "shop", "label": [{"name": "bug", "color": "d73a4a", "description": "", "url": "x"}]});
    let bug = json!({"name": "bug", "color": "d73a4a", "description": null, "default": true});
    let github = |labels: Value| answers([("GET /repos/{owner}/{repo}/labels", labels)]);
    check(read("github_issue_labels", recorded.clone(), &github(json!([bug.clone()]))).await, &[]);
    let more = github(json!([bug, {"name": "wontfix", "color": "ffffff", "description": null}]));
    check(
        read("github_issue_labels", recorded, &more).await,
        &[r#"label: [{"color":"d73a4a","name":"bug"}] -> [{"color":"d73a4a","name":"bug"},{"color":"ffffff","name":"wontfix"}]"#],
    );
}

fn settings() -> Value {
    json!({"id": "5", "billing_email": "b@acme", "default_repository_permission": "read", "company": "", "members_can_create_repositories": true,
        "members_can_create_internal_repositories": true})
}

#[tokio::test]
async fn an_answer_without_what_owners_see_is_no_difference_and_names_the_permission() {
    let github = answers([(ORGANISATION, json!({"id": 5, "login": "acme", "description": "x"}))]);
    check_unknown(
        read("github_organization_settings", settings(), &github).await,
        ReasonKind::AccessDenied,
        "organization_administration: read",
    );
}

#[tokio::test]
async fn an_organisations_settings_are_compared_where_they_are_answered() {
    let live = json!({"id": 5, "billing_email": "b@acme", "default_repository_permission": "write", "company": null, "members_can_create_repositories": false});
    check(
        read("github_organization_settings", settings(), &answers([(ORGANISATION, live.clone())])).await,
        &[r#"default_repository_permission: "read" -> "write""#, "members_can_create_repositories: true -> false"],
    );
    let foreign = answers([(ORGANISATION, with(live, json!({"id": 6})))]);
    check_unknown(read("github_organization_settings", settings(), &foreign).await, ReasonKind::WrongAccount, "acme");
}

#[tokio::test]
async fn where_actions_is_off_no_more_is_compared() {
    let recorded = json!({"id": "shop", "repository": "shop", "enabled": true, "allowed_actions": "all", "sha_pinning_required": false});
    let github = answers([("GET /repos/{owner}/{repo}/actions/permissions", json!({"enabled": false}))]);
    check(read("github_actions_repository_permissions", recorded, &github).await, &["enabled: true -> false"]);
}

#[tokio::test]
async fn actions_that_are_chosen_are_compared_where_the_state_chooses_them() {
    let chosen = "GET /repos/{owner}/{repo}/actions/permissions/selected-actions";
    let recorded = json!({"id": "shop", "enabled": true, "allowed_actions": "selected",
        "allowed_actions_config": [{"github_owned_allowed": true, "verified_allowed": false, "patterns_allowed": ["b/*", "a/*"]}]});
    let github = |patterns: Value| {
        answers([
            ("GET /repos/{owner}/{repo}/actions/permissions", json!({"enabled": true, "allowed_actions": "selected"})),
            (chosen, json!({"github_owned_allowed": true, "verified_allowed": false, "patterns_allowed": patterns})),
        ])
    };
    check(read("github_actions_repository_permissions", recorded.clone(), &github(json!(["a/*", "b/*"]))).await, &[]);
    check(
        read("github_actions_repository_permissions", recorded, &github(json!(["*"]))).await,
        &[r#"allowed_actions_config[0].patterns_allowed: ["a/*","b/*"] -> ["*"]"#],
    );
}

#[tokio::test]
async fn an_organisations_actions_are_compared_with_the_repositories_that_may_run_them() {
    let recorded = json!({"id": "acme", "enabled_repositories": "selected", "allowed_actions": "all", "allowed_actions_config": [],
        "enabled_repositories_config": [{"repository_ids": [7, 8]}]});
    let github = |ids: Value| {
        answers([
            ("GET /orgs/{org}/actions/permissions", json!({"enabled_repositories": "selected", "allowed_actions": "all"})),
            ("GET /orgs/{org}/actions/permissions/repositories", json!({"total_count": 2, "repositories": ids})),
        ])
    };
    check(read("github_actions_organization_permissions", recorded.clone(), &github(json!([{"id": 8}, {"id": 7}]))).await, &[]);
    check(
        read("github_actions_organization_permissions", recorded, &github(json!([{"id": 8}]))).await,
        &["enabled_repositories_config[0].repository_ids: [7,8] -> [8]"],
    );
}

#[tokio::test]
async fn security_updates_that_are_not_offered_are_off_where_the_repository_is_administered() {
    let recorded = json!({"id": "shop", "repository": "shop", "enabled": true});
    let fixes = "GET /repos/{owner}/{repo}/automated-security-fixes";
    let github = |keys: Value| {
        answers([("GET /repos/{owner}/{repo}", json!({"id": 7})), (fixes, json!(404)), ("GET /repos/{owner}/{repo}/keys", keys)])
    };
    check(read("github_repository_dependabot_security_updates", recorded.clone(), &github(json!([]))).await, &["enabled: true -> false"]);
    check_unknown(
        read("github_repository_dependabot_security_updates", recorded, &github(json!(403))).await,
        ReasonKind::AccessDenied,
        "grant",
    );
}

#[tokio::test]
async fn a_repository_of_an_installation_is_found_by_its_number_and_gone_where_it_is_not_listed() {
    let operation = "GET /user/installations/{installation_id}/repositories";
    let keys = "GET /repos/{owner}/{repo}/keys";
    let recorded = json!({"id": "55:shop", "installation_id": "55", "repository": "shop", "repo_id": 7});
    let listed = |name: &str, id: u64| {
        answers([(operation, json!({"total_count": 1, "repositories": [{"id": id, "name": name}]})), (keys, json!([]))])
    };
    check(read("github_app_installation_repository", recorded.clone(), &listed("store", 7)).await, &[]);
    check(read("github_app_installation_repository", recorded.clone(), &listed("Shop", 8)).await, &["repo_id: 7 -> 8"]);
    assert_eq!(read("github_app_installation_repository", recorded, &listed("other", 8)).await, Reading::Gone);
}
