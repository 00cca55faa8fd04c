//! The rules of what lives in GitHub. Of one difference, the first that fits:
//!
//! | severity | what |
//! | --- | --- |
//! | critical | a repository becomes public; a protection or a ruleset is gone or no longer enforced; somebody becomes an owner |
//! | low | topics, labels, descriptions and the like, whether they differ or are gone |
//! | high | any difference in what protects branches and environments, grants access, lets Actions run or keeps secrets; somebody becomes an administrator, a key may write, a webhook does not verify TLS or leads elsewhere; what else is gone |
//! | medium | everything else |

use drift_model::{Difference, Severity, Shown, Value};

use crate::wildcard::fits;

/// What keeps others from rewriting what is deployed.
const PROTECTING: [&str; 4] =
    ["github_branch_protection", "github_branch_protection_v3", "github_organization_ruleset", "github_repository_ruleset"];

/// Types of which hardly anything matters, gone or not.
const LOW_TYPES: [&str; 3] = ["github_issue_label", "github_issue_labels", "github_repository_topics"];

/// Attributes of any type that say little.
const LOW: [&str; 8] = ["blog", "color", "description", "email", "homepage_url", "location", "topics", "twitter_username"];

/// Types of which any attribute (but those of [`LOW`]) is about access, or about what runs with whose rights.
const HIGH_TYPES: [&str; 14] = [
    "github_actions_*permissions",
    "github_actions_*secret",
    "github_app_installation_repository",
    "github_branch_default",
    "github_branch_protection*",
    "github_dependabot_*secret",
    "github_membership",
    "github_organization_ruleset",
    "github_repository_collaborator*",
    "github_repository_dependabot_security_updates",
    "github_repository_deploy_key",
    "github_repository_environment*",
    "github_repository_ruleset",
    "github_team_*member*",
];

/// Attributes of any type that are about access, protection or where data goes.
const HIGH: [&str; 18] = [
    "*_enabled_for_new_repositories",
    "*access*",
    "*member*_can_*",
    "*permission*",
    "*public*",
    "*secret*",
    "*security*",
    "allow_forking",
    "configuration",
    "default_branch",
    "has_*_can_*",
    "parent_team_id",
    "private",
    "privacy",
    "read_only",
    "role",
    "visibility",
    "vulnerability_alerts",
];

/// How bad it is that an instance of this type is gone, where another rule than that of every type says so.
pub(super) fn missing(type_name: &str) -> Option<Severity> {
    if PROTECTING.contains(&type_name) {
        return Some(Severity::Critical);
    }
    LOW_TYPES.contains(&type_name).then_some(Severity::Low)
}

pub(super) fn of(type_name: &str, difference: &Difference) -> Severity {
    let name = difference.attribute.as_str();
    let any = |patterns: &[&str], text: &str| patterns.iter().any(|pattern| fits(pattern, text));
    if lays_open(type_name, difference) {
        Severity::Critical
    } else if LOW_TYPES.contains(&type_name) || any(&LOW, name) {
        Severity::Low
    } else if any(&HIGH_TYPES, type_name) || any(&HIGH, name) || insecure(difference) {
        Severity::High
    } else {
        Severity::Medium
    }
}

/// Whether anybody can read what was kept to some, or rewrite what was protected, or somebody owns everything.
fn lays_open(type_name: &str, difference: &Difference) -> bool {
    let (Shown::Value(recorded), Shown::Value(live)) = (&difference.recorded, &difference.live) else { return false };
    let becomes = |wanted: &str| live == wanted && recorded != wanted;
    match (type_name, difference.attribute.as_str()) {
        ("github_repository", "visibility") => becomes("public"),
        ("github_repository", "private") => *live == false && *recorded == true,
        ("github_membership", "role") => becomes("admin"),
        ("github_organization_settings", "default_repository_permission") => becomes("admin") || becomes("write"),
        ("github_organization_ruleset" | "github_repository_ruleset", "enforcement") => *recorded == "active" && *live != "active",
        _ => false,
    }
}

/// Whether a connection is no longer verified, whatever the attribute is named above it.
fn insecure(difference: &Difference) -> bool {
    let is_on = |value: &Value| matches!(value, Value::Bool(true)) || value == "1" || *value == 1;
    difference.path.ends_with("insecure_ssl") && matches!(&difference.live, Shown::Value(live) if is_on(live))
}

#[cfg(test)]
mod tests {
    use drift_model::Verdict;
    use serde_json::json;

    use super::*;
    use crate::severity::severity;

    #[track_caller]
    fn check(type_name: &str, path: &str, (recorded, live): (Value, Value), expected: Severity) {
        let attribute = path.split(['[', '.']).next().unwrap_or_default().to_owned();
        let (recorded, live) = (Shown::Value(recorded), Shown::Value(live));
        let difference = Difference { attribute, path: path.to_owned(), recorded, live, sensitive: false };
        assert_eq!(severity(type_name, &Verdict::of(vec![difference]), None), expected, "{type_name}.{path}");
    }

    #[test]
    fn a_repository_that_becomes_public_is_critical_and_one_that_becomes_private_is_not() {
        check("github_repository", "visibility", (json!("private"), json!("public")), Severity::Critical);
        check("github_repository", "visibility", (json!("internal"), json!("public")), Severity::Critical);
        check("github_repository", "private", (json!(true), json!(false)), Severity::Critical);
        check("github_repository", "visibility", (json!("public"), json!("private")), Severity::High);
    }

    #[test]
    fn a_webhook_that_does_not_verify_tls_or_leads_elsewhere_is_high() {
        for hook in ["github_repository_webhook", "github_organization_webhook"] {
            check(hook, "configuration[0].insecure_ssl", (json!(false), json!(true)), Severity::High);
            check(hook, "configuration[0].url", (json!("a"), json!("b")), Severity::High);
            check(hook, "events", (json!(["push"]), json!(["push", "fork"])), Severity::Medium);
        }
        check("github_some_hook", "settings.insecure_ssl", (json!("0"), json!("1")), Severity::High);
        check("github_some_hook", "settings.insecure_ssl", (json!("1"), json!("0")), Severity::Medium);
    }

    #[test]
    fn protection_that_is_gone_or_not_enforced_is_critical_and_any_difference_in_it_high() {
        for protecting in PROTECTING {
            assert_eq!(severity(protecting, &Verdict::Missing, None), Severity::Critical, "{protecting}");
        }
        check("github_branch_protection", "enforce_admins", (json!(true), json!(false)), Severity::High);
        check("github_branch_protection", "required_pull_request_reviews", (json!([{}]), json!([])), Severity::High);
        check("github_branch_protection_v3", "required_status_checks[0].strict", (json!(true), json!(false)), Severity::High);
        check("github_repository_ruleset", "enforcement", (json!("active"), json!("disabled")), Severity::Critical);
        check("github_organization_ruleset", "enforcement", (json!("active"), json!("evaluate")), Severity::Critical);
        check("github_organization_ruleset", "enforcement", (json!("evaluate"), json!("active")), Severity::High);
        check("github_repository_ruleset", "bypass_actors", (json!([]), json!([{"actor_id": 5}])), Severity::High);
    }

    #[test]
    fn somebody_who_becomes_an_owner_is_critical_and_who_may_more_in_a_repository_high() {
        check("github_membership", "role", (json!("member"), json!("admin")), Severity::Critical);
        check("github_membership", "role", (json!("admin"), json!("member")), Severity::High);
        check("github_team_membership", "role", (json!("member"), json!("maintainer")), Severity::High);
        check("github_team_members", "members", (json!([]), json!([{"username": "eve"}])), Severity::High);
        check("github_repository_collaborator", "permission", (json!("pull"), json!("admin")), Severity::High);
        check("github_repository_collaborators", "user", (json!([]), json!([{"username": "eve"}])), Severity::High);
        check("github_team_repository", "permission", (json!("push"), json!("admin")), Severity::High);
        check("github_repository_deploy_key", "read_only", (json!(true), json!(false)), Severity::High);
        check("github_organization_settings", "default_repository_permission", (json!("read"), json!("write")), Severity::Critical);
        check("github_organization_settings", "default_repository_permission", (json!("read"), json!("none")), Severity::High);
    }

    #[test]
    fn what_actions_may_run_and_what_watches_secrets_is_high() {
        check("github_actions_organization_permissions", "allowed_actions", (json!("selected"), json!("all")), Severity::High);
        check("github_actions_repository_permissions", "enabled", (json!(false), json!(true)), Severity::High);
        check("github_actions_secret", "updated_at", (json!("a"), json!("b")), Severity::High);
        check(
            "github_repository",
            "security_and_analysis[0].secret_scanning[0].status",
            (json!("enabled"), json!("disabled")),
            Severity::High,
        );
        check("github_repository", "vulnerability_alerts", (json!(true), json!(false)), Severity::High);
        check("github_repository_environment", "reviewers", (json!([{"teams": [1]}]), json!([])), Severity::High);
        check("github_organization_settings", "members_can_create_public_repositories", (json!(false), json!(true)), Severity::High);
    }

    #[test]
    fn topics_labels_and_descriptions_are_low_and_the_rest_is_medium() {
        check("github_repository", "description", (json!("a"), json!("b")), Severity::Low);
        check("github_repository", "topics", (json!([]), json!(["a"])), Severity::Low);
        check("github_issue_label", "name", (json!("bug"), json!("Bug")), Severity::Low);
        check("github_repository", "has_wiki", (json!(true), json!(false)), Severity::Medium);
        check("github_actions_variable", "value", (json!("a"), json!("b")), Severity::Medium);
        assert_eq!(severity("github_issue_labels", &Verdict::Missing, None), Severity::Low);
        assert_eq!(severity("github_repository", &Verdict::Missing, None), Severity::High);
    }

    #[test]
    fn a_hidden_value_still_counts_by_its_attribute() {
        let hidden = |attribute: &str| Difference {
            attribute: attribute.to_owned(),
            path: attribute.to_owned(),
            recorded: Shown::Hidden,
            live: Shown::Hidden,
            sensitive: true,
        };
        assert_eq!(of("github_repository_webhook", &hidden("configuration")), Severity::High);
        assert_eq!(of("github_repository", &hidden("visibility")), Severity::High);
    }
}
