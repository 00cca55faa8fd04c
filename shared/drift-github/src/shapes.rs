//! What GraphQL tells, in the shapes of REST's answers: by them one description of a type reads what either of the two brought.
//!
//! Only what is the same in both is made here. What GraphQL does not tell is left out, and never made up: an answer that lacks what an
//! instance records differs from it, and is then asked for by itself.

use serde_json::{Map, Value, json};

use crate::link::encoded;

/// `GET /repos/{owner}/{repo}`, without `has_downloads`, `has_pages` and `security_and_analysis`, which GraphQL does not tell.
///
/// `web` is where pages of this GitHub are: `https://github.com`.
pub(crate) fn repository(node: &Value, owner: &str) -> Value {
    let plain = [
        ("name", "name"),
        ("full_name", "nameWithOwner"),
        ("node_id", "id"),
        ("id", "databaseId"),
        ("description", "description"),
        ("homepage", "homepageUrl"),
        ("private", "isPrivate"),
        ("archived", "isArchived"),
        ("is_template", "isTemplate"),
        ("fork", "isFork"),
        ("has_issues", "hasIssuesEnabled"),
        ("has_discussions", "hasDiscussionsEnabled"),
        ("has_projects", "hasProjectsEnabled"),
        ("has_wiki", "hasWikiEnabled"),
        ("allow_merge_commit", "mergeCommitAllowed"),
        ("allow_squash_merge", "squashMergeAllowed"),
        ("allow_rebase_merge", "rebaseMergeAllowed"),
        ("allow_auto_merge", "autoMergeAllowed"),
        ("delete_branch_on_merge", "deleteBranchOnMerge"),
        ("allow_update_branch", "allowUpdateBranch"),
        ("allow_forking", "forkingAllowed"),
        ("web_commit_signoff_required", "webCommitSignoffRequired"),
        ("merge_commit_title", "mergeCommitTitle"),
        ("merge_commit_message", "mergeCommitMessage"),
        ("squash_merge_commit_title", "squashMergeCommitTitle"),
        ("squash_merge_commit_message", "squashMergeCommitMessage"),
        ("html_url", "url"),
        ("svn_url", "url"),
    ];
    let mut body: Map<String, Value> = plain.into_iter().map(|(rest, graphql)| (rest.to_owned(), node[graphql].clone())).collect();
    if let Some(visibility) = node["visibility"].as_str() {
        body.insert("visibility".to_owned(), visibility.to_lowercase().into());
    }
    body.insert("language".to_owned(), node["primaryLanguage"]["name"].clone());
    // Of an empty repository GraphQL tells no branch, and REST the one that its first commit will be on.
    if let Some(branch) = node["defaultBranchRef"]["name"].as_str() {
        body.insert("default_branch".to_owned(), branch.into());
    }
    body.insert("owner".to_owned(), json!({"login": owner}));
    if let Some(url) = node["url"].as_str() {
        body.insert("clone_url".to_owned(), format!("{url}.git").into());
        body.insert("git_url".to_owned(), format!("git:{}.git", url.split_once(':').map_or(url, |(_, rest)| rest)).into());
    }
    // `git@host:owner/name.git` in both.
    body.insert("ssh_url".to_owned(), node["sshUrl"].clone());
    if !node["parent"].is_null() {
        body.insert("parent".to_owned(), json!({"name": node["parent"]["name"], "owner": node["parent"]["owner"]}));
    }
    if !node["templateRepository"].is_null() {
        let template = &node["templateRepository"];
        body.insert("template_repository".to_owned(), json!({"name": template["name"], "owner": template["owner"]}));
    }
    if let Some(topics) = topics(node) {
        body.insert("topics".to_owned(), topics);
    }
    Value::Object(body)
}

/// The names of a repository's topics; nothing where there are more than the page holds.
pub(crate) fn topics(node: &Value) -> Option<Value> {
    Some(whole(&node["repositoryTopics"])?.iter().map(|topic| topic["topic"]["name"].clone()).collect())
}

/// `GET /repos/{owner}/{repo}/labels`.
pub(crate) fn labels(node: &Value, api: &str) -> Option<Value> {
    let repository = node["nameWithOwner"].as_str()?;
    let label = |label: &Value| {
        let name = label["name"].as_str().unwrap_or_default();
        let url = format!("{api}/repos/{repository}/labels/{}", encoded(name));
        json!({"node_id": label["id"], "url": url, "name": name, "color": label["color"], "description": label["description"], "default": label["isDefault"]})
    };
    Some(whole(&node["labels"])?.iter().map(label).collect())
}

/// `GET /repos/{owner}/{repo}/collaborators?affiliation=direct`; nothing where somebody has a role that is no built-in one: which of several
/// counts, only REST tells.
pub(crate) fn direct_collaborators(node: &Value) -> Option<Value> {
    let connection = &node["collaborators"];
    if connection["pageInfo"]["hasNextPage"] != false {
        return None;
    }
    let mut found = Vec::new();
    for edge in connection["edges"].as_array()? {
        let sources = edge["permissionSources"].as_array()?;
        let ranks: Option<Vec<usize>> = sources.iter().map(|source| rank(source["roleName"].as_str()?)).collect();
        let role = ROLES[ranks?.into_iter().max()?];
        found.push(json!({"login": edge["node"]["login"], "id": edge["node"]["databaseId"], "role_name": role}));
    }
    Some(found.into())
}

/// The built-in roles, from least to most.
const ROLES: [&str; 5] = ["read", "triage", "write", "maintain", "admin"];

fn rank(role: &str) -> Option<usize> {
    ROLES.iter().position(|known| *known == role)
}

/// `GET /orgs/{org}/teams/{team_slug}`, without the counts.
pub(crate) fn team(node: &Value) -> Value {
    let privacy = match node["privacy"].as_str() {
        Some("VISIBLE") => "closed",
        Some("SECRET") => "secret",
        _ => "",
    };
    let parent = &node["parentTeam"];
    let parent = if parent.is_null() {
        Value::Null
    } else {
        json!({"id": parent["databaseId"], "node_id": parent["id"], "slug": parent["slug"], "name": parent["name"]})
    };
    json!({
        "id": node["databaseId"], "node_id": node["id"], "name": node["name"], "slug": node["slug"], "description": node["description"],
        "privacy": privacy, "notification_setting": node["notificationSetting"].as_str().map(str::to_lowercase), "html_url": node["url"],
        "parent": parent,
    })
}

/// `GET /repos/{owner}/{repo}/branches/{branch}/protection`, of a rule that is for exactly this branch. Nothing where the rule names more actors
/// than a page holds, or one that REST writes otherwise.
pub(crate) fn protection(rule: &Value) -> Option<Value> {
    let switch = |graphql: &str| json!({"enabled": rule[graphql]});
    let mut body = json!({
        "required_linear_history": switch("requiresLinearHistory"), "allow_force_pushes": switch("allowsForcePushes"),
        "allow_deletions": switch("allowsDeletions"), "block_creations": switch("blocksCreations"),
        "required_conversation_resolution": switch("requiresConversationResolution"), "lock_branch": switch("lockBranch"),
        "enforce_admins": switch("isAdminEnforced"), "required_signatures": switch("requiresCommitSignatures"),
    });
    if rule["requiresStatusChecks"] == true {
        let checks = rule["requiredStatusChecks"].as_array()?;
        let checks: Vec<Value> =
            checks.iter().map(|check| json!({"context": check["context"], "app_id": check["app"]["databaseId"]})).collect();
        let contexts: Vec<Value> = checks.iter().map(|check| check["context"].clone()).collect();
        body["required_status_checks"] = json!({"strict": rule["requiresStrictStatusChecks"], "contexts": contexts, "checks": checks});
    }
    if rule["requiresApprovingReviews"] == true {
        let mut reviews = json!({
            "dismiss_stale_reviews": rule["dismissesStaleReviews"], "require_code_owner_reviews": rule["requiresCodeOwnerReviews"],
            "required_approving_review_count": rule["requiredApprovingReviewCount"], "require_last_push_approval": rule["requireLastPushApproval"],
        });
        if rule["restrictsReviewDismissals"] == true {
            reviews["dismissal_restrictions"] = actors(&rule["reviewDismissalAllowances"])?;
        }
        let bypassers = actors(&rule["bypassPullRequestAllowances"])?;
        if ["users", "teams", "apps"].iter().any(|kind| bypassers[kind] != json!([])) {
            reviews["bypass_pull_request_allowances"] = bypassers;
        }
        body["required_pull_request_reviews"] = reviews;
    }
    if rule["restrictsPushes"] == true {
        body["restrictions"] = actors(&rule["pushAllowances"])?;
    }
    Some(body)
}

fn actors(allowances: &Value) -> Option<Value> {
    let (mut users, mut teams, mut apps) = (Vec::new(), Vec::new(), Vec::new());
    for allowance in whole(allowances)? {
        let actor = &allowance["actor"];
        match actor["__typename"].as_str() {
            Some("User") => users.push(json!({"login": actor["login"], "node_id": actor["id"]})),
            Some("Team") => teams.push(json!({"slug": actor["slug"], "node_id": actor["id"]})),
            Some("App") => apps.push(json!({"slug": actor["slug"], "node_id": actor["id"]})),
            _ => return None,
        }
    }
    Some(json!({"users": users, "teams": teams, "apps": apps}))
}

/// The nodes of a connection that has no further page; nothing where it has one, or was not answered.
pub(crate) fn whole(connection: &Value) -> Option<&Vec<Value>> {
    (connection["pageInfo"]["hasNextPage"] == false).then(|| connection["nodes"].as_array()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_repository_reads_as_rest_writes_it() {
        let node = json!({
            "id": "R_1", "databaseId": 7, "name": "shop", "nameWithOwner": "acme/shop", "url": "https://github.com/acme/shop",
            "sshUrl": "git@github.com:acme/shop.git", "visibility": "INTERNAL", "isPrivate": true, "isFork": false, "primaryLanguage": null,
            "defaultBranchRef": {"name": "main"}, "mergeCommitTitle": "PR_TITLE", "parent": null, "templateRepository": null,
            "repositoryTopics": {"pageInfo": {"hasNextPage": false}, "nodes": [{"topic": {"name": "aws"}}]},
        });
        let body = repository(&node, "acme");
        for (member, expected) in [
            ("visibility", json!("internal")),
            ("private", json!(true)),
            ("id", json!(7)),
            ("git_url", json!("git://github.com/acme/shop.git")),
            ("clone_url", json!("https://github.com/acme/shop.git")),
            ("default_branch", json!("main")),
            ("language", Value::Null),
            ("topics", json!(["aws"])),
            ("merge_commit_title", json!("PR_TITLE")),
        ] {
            assert_eq!(body[member], expected, "{member}");
        }
        for absent in ["has_downloads", "has_pages", "security_and_analysis", "parent"] {
            assert!(body.get(absent).is_none(), "{absent}");
        }
    }

    #[test]
    fn a_page_that_is_not_the_last_is_not_taken_for_all() {
        let node = |more: bool| json!({"nameWithOwner": "acme/a", "labels": {"pageInfo": {"hasNextPage": more}, "nodes": [{"name": "good first"}]}});
        assert_eq!(labels(&node(true), "https://api.github.com"), None);
        assert_eq!(labels(&json!({"nameWithOwner": "acme/a", "labels": null}), "https://api.github.com"), None);
        let found = labels(&node(false), "https://api.github.com").expect("it is all");
        assert_eq!(found[0]["url"], "https://api.github.com/repos/acme/a/labels/good%20first");
    }

    #[test]
    fn the_highest_built_in_role_counts_and_a_custom_one_is_left_to_rest() {
        let node = |roles: &[&str]| {
            let sources: Vec<Value> = roles.iter().map(|role| json!({"roleName": role})).collect();
            json!({"collaborators": {"pageInfo": {"hasNextPage": false}, "edges": [{"permissionSources": sources, "node": {"login": "Octo", "databaseId": 1}}]}})
        };
        let found = direct_collaborators(&node(&["read", "maintain", "write"])).expect("all are built in");
        assert_eq!(found, json!([{"login": "Octo", "id": 1, "role_name": "maintain"}]));
        assert_eq!(direct_collaborators(&node(&["read", "auditor"])), None);
    }

    #[test]
    fn a_rule_for_one_branch_reads_as_its_protection() {
        let team = json!({"actor": {"__typename": "Team", "id": "T_1", "slug": "core"}});
        let connection = |nodes: Vec<Value>| json!({"pageInfo": {"hasNextPage": false}, "nodes": nodes});
        let rule = json!({
            "isAdminEnforced": true, "requiresStatusChecks": true, "requiresStrictStatusChecks": false,
            "requiredStatusChecks": [{"context": "build", "app": null}], "requiresApprovingReviews": true, "requiredApprovingReviewCount": 2,
            "bypassPullRequestAllowances": connection(vec![]), "restrictsPushes": true, "pushAllowances": connection(vec![team]),
        });
        let body = protection(&rule).expect("it can be written");
        assert_eq!(body["enforce_admins"], json!({"enabled": true}));
        assert_eq!(body["required_status_checks"]["checks"], json!([{"context": "build", "app_id": null}]));
        assert_eq!(body["restrictions"]["teams"], json!([{"slug": "core", "node_id": "T_1"}]));
        assert!(body["required_pull_request_reviews"].get("bypass_pull_request_allowances").is_none());
    }
}
