use drift_catalog::Reading;
use drift_model::{ReasonKind, Value};
use serde_json::json;

use crate::{answers, check, check_unknown, read, with};

const RULE: &str = "GRAPHQL BranchProtection";
const PROTECTION: &str = "GET /repos/{owner}/{repo}/branches/{branch}/protection";
const RULESET: &str = "GET /repos/{owner}/{repo}/rulesets/{ruleset_id}";
const KEYS: &str = "GET /repos/{owner}/{repo}/keys";
const KEYS_BY_NUMBER: &str = "GET /repositories/{repository_id}/keys";

fn actors() -> Value {
    json!({"nodes": [
        {"actor": {"__typename": "Team", "id": "T_kwDOAAAAAc4AAAAC", "databaseId": 2, "combinedSlug": "acme/platform"}},
        {"actor": {"__typename": "User", "id": "U_kgDOAAjmPw", "databaseId": 583_231, "login": "Octocat"}},
    ]})
}

fn rule() -> Value {
    json!({
        "pattern": "main", "allowsDeletions": false, "allowsForcePushes": false, "isAdminEnforced": true, "lockBranch": false,
        "requiresCommitSignatures": false, "requiresConversationResolution": false, "requiresLinearHistory": false,
        "requiresApprovingReviews": true, "requiredApprovingReviewCount": 2, "dismissesStaleReviews": true,
        "requiresCodeOwnerReviews": false, "requireLastPushApproval": false, "restrictsReviewDismissals": true,
        "reviewDismissalAllowances": actors(), "bypassPullRequestAllowances": {"nodes": []},
        "requiresStatusChecks": true, "requiresStrictStatusChecks": false, "requiredStatusCheckContexts": ["lint", "build"],
        "restrictsPushes": true, "blocksCreations": true, "pushAllowances": actors(), "bypassForcePushAllowances": {"nodes": []},
    })
}

fn recorded(team: &str, user: &str) -> Value {
    json!({
        "id": "BPR_1", "repository_id": "shop", "pattern": "main", "allows_deletions": false, "allows_force_pushes": false,
        "enforce_admins": true, "lock_branch": false, "require_signed_commits": false, "required_linear_history": false,
        "require_conversation_resolution": null, "force_push_bypassers": [],
        "required_pull_request_reviews": [{
            "required_approving_review_count": 2, "require_code_owner_reviews": false, "dismiss_stale_reviews": true,
            "restrict_dismissals": true, "dismissal_restrictions": [user, team], "pull_request_bypassers": [],
        }],
        "required_status_checks": [{"strict": false, "contexts": ["build", "lint"]}],
        "restrict_pushes": [{"blocks_creations": true, "push_allowances": [team, user]}],
    })
}

async fn protected(recorded: Value, changes: Value) -> Reading {
    read("github_branch_protection", recorded, &answers([(RULE, json!({"node": with(rule(), changes)}))])).await
}

#[tokio::test]
async fn actors_are_the_same_by_name_in_any_case_and_by_either_node_id() {
    for team in ["acme/platform", "Acme/Platform", "T_kwDOAAAAAc4AAAAC", "MDQ6VGVhbTI="] {
        for user in ["/octocat", "/Octocat", "U_kgDOAAjmPw", "MDQ6VXNlcjU4MzIzMQ=="] {
            check(protected(recorded(team, user), json!({})).await, &[]);
        }
    }
}

#[tokio::test]
async fn a_rule_that_was_loosened_says_where() {
    let changes = json!({"allowsForcePushes": true, "requiredApprovingReviewCount": 1, "requiredStatusCheckContexts": ["build"]});
    check(
        protected(recorded("acme/platform", "/Octocat"), changes).await,
        &[
            "allows_force_pushes: false -> true",
            "required_pull_request_reviews[0].required_approving_review_count: 2 -> 1",
            r#"required_status_checks[0].contexts: ["build","lint"] -> ["build"]"#,
        ],
    );
    let added = json!({"pushAllowances": {"nodes": [{"actor": {"__typename": "User", "id": "U_x", "databaseId": 9, "login": "mallory"}}]}});
    check(
        protected(recorded("acme/platform", "/Octocat"), added).await,
        &[r#"restrict_pushes[0].push_allowances: ["/Octocat","acme/platform"] -> ["/mallory"]"#],
    );
}

#[tokio::test]
async fn a_block_that_only_says_nobody_is_something() {
    let nobody = json!({"id": "shop:main", "restrictions": [{"users": [], "teams": [], "apps": []}], "required_status_checks": []});
    let live =
        |restrictions: Value| answers([(PROTECTION, json!({"required_signatures": {"enabled": false}, "restrictions": restrictions}))]);
    let restricted = live(json!({"users": [], "teams": [], "apps": []}));
    check(read("github_branch_protection_v3", nobody.clone(), &restricted).await, &[]);
    check(read("github_branch_protection_v3", nobody.clone(), &live(json!(null))).await, &["restrictions: [{}] -> null"]);
    let open = with(nobody, json!({"restrictions": []}));
    check(read("github_branch_protection_v3", open, &restricted).await, &["restrictions: null -> [{}]"]);
}

#[tokio::test]
async fn who_may_force_a_push_is_nobody_in_particular_where_everybody_may() {
    let everybody = with(recorded("acme/platform", "/Octocat"), json!({"allows_force_pushes": true}));
    check(protected(everybody, json!({"allowsForcePushes": true, "bypassForcePushAllowances": actors()})).await, &[]);
}

#[tokio::test]
async fn the_layout_before_version_6_is_compared_too() {
    let mut old = recorded("acme/platform", "/Octocat");
    old.as_object_mut().expect("it has members").remove("restrict_pushes");
    let old = with(old, json!({"push_restrictions": ["/octocat", "T_kwDOAAAAAc4AAAAC"], "blocks_creations": true}));
    check(protected(old.clone(), json!({})).await, &[]);
    check(
        protected(old, json!({"restrictsPushes": false})).await,
        &["blocks_creations: true -> false", r#"push_restrictions: ["/octocat","T_kwDOAAAAAc4AAAAC"] -> null"#],
    );
}

#[tokio::test]
async fn a_rule_is_gone_where_those_who_administer_the_repository_do_not_find_it_however_it_is_recorded() {
    for (repository, witness, input) in [
        ("shop", KEYS, json!({"repo": "shop"})),
        ("R_kgDOABPHjQ", KEYS_BY_NUMBER, json!({"repository_id": 1_296_269})),
        ("MDEwOlJlcG9zaXRvcnkxMjk2MjY5", KEYS_BY_NUMBER, json!({"repository_id": 1_296_269})),
    ] {
        let recorded = with(recorded("acme/platform", "/octocat"), json!({"repository_id": repository}));
        let github = answers([(RULE, json!(404)), (witness, json!([]))]);
        assert_eq!(read("github_branch_protection", recorded.clone(), &github).await, Reading::Gone);
        assert_eq!(github.asked(witness), [input]);
        let hidden = answers([(RULE, json!({"node": null})), (witness, json!(403))]);
        check_unknown(read("github_branch_protection", recorded, &hidden).await, ReasonKind::AccessDenied, "grant");
    }
}

#[tokio::test]
async fn a_protection_of_one_branch_is_compared_by_names_in_any_case() {
    let recorded = json!({
        "id": "shop:release:1", "repository": "shop", "branch": "release:1", "enforce_admins": true, "require_signed_commits": true,
        "require_conversation_resolution": false, "etag": "x",
        "required_status_checks": [{"strict": true, "include_admins": false, "contexts": ["build", "lint"], "checks": ["lint:15368", "build"]}],
        "required_pull_request_reviews": [{
            "dismiss_stale_reviews": true, "dismissal_users": ["Octocat"], "dismissal_teams": ["Platform"], "dismissal_apps": [],
            "require_code_owner_reviews": false, "required_approving_review_count": 1, "include_admins": false,
            "bypass_pull_request_allowances": [],
        }],
        "restrictions": [{"users": ["Octocat"], "teams": [], "apps": []}],
    });
    let live = json!({
        "enforce_admins": {"enabled": true}, "required_signatures": {"enabled": true},
        "required_status_checks": {"strict": true, "contexts": ["lint", "build"], "checks": [{"context": "build", "app_id": null}, {"context": "lint", "app_id": 15368}]},
        "required_pull_request_reviews": {
            "dismiss_stale_reviews": true, "dismissal_restrictions": {"users": [{"login": "octocat"}], "teams": [{"slug": "platform"}], "apps": []},
            "require_code_owner_reviews": false, "required_approving_review_count": 1,
        },
        "restrictions": {"users": [{"login": "octocat"}], "teams": [], "apps": []},
    });
    let github = answers([(PROTECTION, live.clone())]);
    check(read("github_branch_protection_v3", recorded.clone(), &github).await, &[]);
    assert_eq!(github.asked(PROTECTION), [json!({"repo": "shop", "branch": "release:1"})]);

    let opened = with(live, json!({"restrictions": null, "required_signatures": {"enabled": false}}));
    check(
        read("github_branch_protection_v3", recorded, &answers([(PROTECTION, opened)])).await,
        &["require_signed_commits: true -> false", r#"restrictions: [{"users":["octocat"]}] -> null"#],
    );
}

#[tokio::test]
async fn a_protection_is_gone_where_the_repositorys_keys_can_be_read() {
    let recorded = json!({"id": "shop:main", "enforce_admins": true});
    let github = answers([(PROTECTION, json!(404)), (KEYS, json!([]))]);
    assert_eq!(read("github_branch_protection_v3", recorded, &github).await, Reading::Gone);
}

fn ruleset() -> Value {
    json!({
        "id": "42", "ruleset_id": 42, "node_id": "RRS_1", "repository": "shop", "name": "main", "target": "branch", "enforcement": "active",
        "bypass_actors": [
            {"actor_id": 5, "actor_type": "RepositoryRole", "bypass_mode": "always"},
            {"actor_id": 1, "actor_type": "OrganizationAdmin", "bypass_mode": "pull_request"},
        ],
        "conditions": [{"ref_name": [{"include": ["~DEFAULT_BRANCH"], "exclude": []}]}],
        "rules": [{
            "creation": false, "deletion": true, "update": false, "update_allows_fetch_and_merge": false, "non_fast_forward": true,
            "pull_request": [{
                "allowed_merge_methods": ["merge", "squash"], "dismiss_stale_reviews_on_push": false, "require_code_owner_review": false,
                "require_last_push_approval": false, "required_approving_review_count": 0, "required_review_thread_resolution": false,
            }],
            "required_status_checks": [{
                "required_check": [{"context": "lint", "integration_id": 0}, {"context": "build", "integration_id": 15368}],
                "strict_required_status_checks_policy": false,
            }],
            "branch_name_pattern": [],
        }],
    })
}

fn live_ruleset() -> Value {
    json!({
        "id": 42, "name": "main", "target": "branch", "enforcement": "active", "source_type": "Repository",
        "bypass_actors": [
            {"actor_id": null, "actor_type": "OrganizationAdmin", "bypass_mode": "pull_request"},
            {"actor_id": 5, "actor_type": "RepositoryRole", "bypass_mode": "always"},
        ],
        "conditions": {"ref_name": {"include": ["~DEFAULT_BRANCH"], "exclude": []}},
        "rules": [
            {"type": "deletion"}, {"type": "non_fast_forward"},
            {"type": "pull_request", "parameters": {"allowed_merge_methods": ["squash", "merge"], "required_approving_review_count": 0, "required_reviewers": []}},
            {"type": "required_status_checks", "parameters": {
                "strict_required_status_checks_policy": false, "do_not_enforce_on_create": false,
                "required_status_checks": [{"context": "build", "integration_id": 15368}, {"context": "lint"}],
            }},
        ],
    })
}

async fn ruled(recorded: Value, live: Value) -> Reading {
    read("github_repository_ruleset", recorded, &answers([(RULESET, live)])).await
}

#[tokio::test]
async fn a_ruleset_as_it_was_applied_has_no_difference_whatever_an_organisations_owners_are_numbered() {
    for number in [json!(0), json!(1), json!(null)] {
        let mut recorded = ruleset();
        recorded["bypass_actors"][1]["actor_id"] = number;
        check(ruled(recorded, live_ruleset()).await, &[]);
    }
    let mut recorded = ruleset();
    recorded["bypass_actors"][0]["actor_id"] = json!(4);
    let Reading::Found { facets, .. } = ruled(recorded, live_ruleset()).await else { panic!("it is there") };
    let actors = facets.iter().find(|facet| facet.attribute == "bypass_actors").expect("actors are compared");
    assert_ne!(actors.recorded, actors.live, "another role is another actor");
}

#[tokio::test]
async fn actors_are_counted_and_are_not_compared_where_they_are_not_shown() {
    let mut live = live_ruleset();
    let twice = live["bypass_actors"][1].clone();
    live["bypass_actors"].as_array_mut().expect("it is a list").push(with(twice, json!({"bypass_mode": "pull_request"})));
    let Reading::Found { facets, .. } = ruled(ruleset(), live.clone()).await else { panic!("it is there") };
    let actors = facets.iter().find(|facet| facet.attribute == "bypass_actors").expect("actors are compared");
    assert_eq!(actors.live.as_array().map(Vec::len), Some(3));
    live.as_object_mut().expect("it has members").remove("bypass_actors");
    check(ruled(ruleset(), live).await, &[]);
}

#[tokio::test]
async fn a_rule_that_the_states_provider_does_not_know_is_not_looked_for_and_one_that_it_knows_is() {
    let mut live = live_ruleset();
    let rules = live["rules"].as_array_mut().expect("it is a list");
    rules.push(json!({"type": "code_quality", "parameters": {"severity": "errors"}}));
    rules.push(json!({"type": "copilot_code_review", "parameters": {"review_on_push": true}}));
    check(ruled(ruleset(), live.clone()).await, &[]);
    live["rules"]
        .as_array_mut()
        .expect("it is a list")
        .push(json!({"type": "branch_name_pattern", "parameters": {"operator": "starts_with", "pattern": "x", "negate": false}}));
    check(
        ruled(ruleset(), live).await,
        &[r#"rules[0].branch_name_pattern: null -> [{"negate":false,"operator":"starts_with","pattern":"x"}]"#],
    );
}

#[tokio::test]
async fn a_rule_without_parameters_is_there() {
    let mut recorded = ruleset();
    recorded["rules"][0]["copilot_code_review"] = json!([{"review_on_push": false, "review_draft_pull_requests": false}]);
    let mut live = live_ruleset();
    live["rules"].as_array_mut().expect("it is a list").push(json!({"type": "copilot_code_review"}));
    check(ruled(recorded, live).await, &[]);
}

#[tokio::test]
async fn a_rule_that_was_removed_is_seen_though_all_that_it_says_is_no() {
    let mut recorded = ruleset();
    recorded["rules"][0]["pull_request"] = json!([{"require_code_owner_review": false, "required_approving_review_count": 0}]);
    let mut live = live_ruleset();
    check(ruled(recorded.clone(), live.clone()).await, &[]);
    let rules = live["rules"].as_array_mut().expect("it is a list");
    rules.retain(|rule| rule["type"] != "pull_request" && rule["type"] != "deletion");
    check(
        ruled(recorded, live).await,
        &[
            "rules[0].deletion: true -> false",
            r#"rules[0].pull_request: [{"require_code_owner_review":false,"required_approving_review_count":0}] -> null"#,
        ],
    );
}

#[tokio::test]
async fn an_organisations_ruleset_is_compared_with_the_repositories_that_it_is_for() {
    let recorded = json!({
        "id": "9", "name": "all", "target": "branch", "enforcement": "active",
        "conditions": [{
            "ref_name": [{"include": ["~ALL"], "exclude": []}], "repository_name": [], "repository_id": [],
            "repository_property": [{"include": [{"name": "tier", "property_values": ["1"], "source": "custom"}], "exclude": []}],
        }],
        "rules": [{"deletion": true, "required_workflows": [{"do_not_enforce_on_create": false, "required_workflow": [{"repository_id": 7, "path": ".github/ci.yml", "ref": "master"}]}]}],
    });
    let live = |value: &str| {
        json!({
            "id": 9, "name": "all", "target": "branch", "enforcement": "active",
            "conditions": {"ref_name": {"include": ["~ALL"], "exclude": []}, "repository_property": {"include": [{"name": "tier", "property_values": [value]}], "exclude": []}},
            "rules": [{"type": "deletion"}, {"type": "workflows", "parameters": {"workflows": [{"repository_id": 7, "path": ".github/ci.yml", "sha": "x"}]}}],
        })
    };
    let operation = "GET /orgs/{org}/rulesets/{ruleset_id}";
    check(read("github_organization_ruleset", recorded.clone(), &answers([(operation, live("1"))])).await, &[]);
    check(
        read("github_organization_ruleset", recorded, &answers([(operation, live("2"))])).await,
        &[r#"conditions[0].repository_property[0].include[0].property_values[0]: "1" -> "2""#],
    );
}
