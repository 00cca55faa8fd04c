//! The page on GitHub where a setting is.

use drift_model::Instance;
use percent_encoding::utf8_percent_encode;
use serde_json::{Value, json};

use crate::{
    answers::Answers,
    client::IN_SEGMENT,
    managed::{RepositoryName, repository_of},
};

/// The page of what an instance is; nothing where neither its state nor what was seen tells enough. `web` has no slash at its end.
pub(crate) fn link(web: &str, owner: &str, instance: &Instance, seen: &Answers) -> Option<String> {
    let text = |name: &str| instance.attributes.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
    let id = text("id").unwrap_or_default();
    let tail = id.split_once(':').map_or("", |(_, tail)| tail);
    let organisation = |page: &str| format!("{web}/organizations/{}/settings/{page}", encoded(owner));
    let team = |team: &str, page: &str| format!("{web}/orgs/{}/teams/{}{page}", encoded(owner), encoded(team));
    let kind = instance.type_name.strip_prefix("github_")?;
    Some(match kind {
        "organization_ruleset" => organisation(&format!("rules/{}", encoded(id))),
        "organization_webhook" => organisation(&format!("hooks/{}", encoded(id))),
        "organization_settings" => organisation("profile"),
        "actions_organization_permissions" => organisation("actions"),
        "actions_organization_variable" => organisation("variables/actions"),
        "actions_organization_secret" => organisation("secrets/actions"),
        "membership" => format!("{web}/orgs/{}/people", encoded(owner)),
        "app_installation_repository" => organisation(&format!("installations/{}", encoded(text("installation_id")?))),
        "team" => team(text("slug")?, ""),
        "team_members" | "team_membership" => {
            let named = text("team_slug").or_else(|| id.split(':').next()).unwrap_or_default();
            let is_number = named.chars().all(|letter| letter.is_ascii_digit());
            match if is_number { slug_of(named, seen) } else { Some(named.to_owned()) } {
                Some(slug) => team(&slug, "/members"),
                None => format!("{web}/orgs/{}/teams", encoded(owner)),
            }
        }
        "team_settings" => team(text("team_slug")?, "/settings"),
        "team_repository" => repository_page(web, owner, text("repository")?, "settings/access"),
        _ => {
            let name = match repository_of(instance)? {
                RepositoryName::Name(name) => text("repository").or_else(|| text("name")).map_or(name, str::to_owned),
                RepositoryName::Number(_) => text("name")?.to_owned(),
                RepositoryName::Node(node) => seen.name_of(&node)?,
            };
            let page = match kind {
                "repository" | "repository_topics" => String::new(),
                "branch" => format!("tree/{}", tail.split('/').map(encoded).collect::<Vec<_>>().join("/")),
                "branch_default" | "branch_protection" | "branch_protection_v3" => "settings/branches".to_owned(),
                "repository_ruleset" => format!("settings/rules/{}", encoded(id)),
                "repository_collaborator" | "repository_collaborators" => "settings/access".to_owned(),
                "repository_webhook" => format!("settings/hooks/{}", encoded(id)),
                "repository_deploy_key" => "settings/keys".to_owned(),
                "repository_environment" => "settings/environments".to_owned(),
                "issue_label" | "issue_labels" => "labels".to_owned(),
                "actions_variable" => "settings/variables/actions".to_owned(),
                "actions_secret" => "settings/secrets/actions".to_owned(),
                "dependabot_secret" => "settings/secrets/dependabot".to_owned(),
                "actions_repository_permissions" => "settings/actions".to_owned(),
                "repository_dependabot_security_updates" => "settings/security_analysis".to_owned(),
                _ => return None,
            };
            repository_page(web, owner, &name, &page)
        }
    })
}

/// The slug of the team that has a number, if it was seen.
fn slug_of(number: &str, seen: &Answers) -> Option<String> {
    let team = seen.find("GET /orgs/{org}/teams/{team_slug}", &json!({"team_slug": number}))?.answer.ok()?;
    team["slug"].as_str().map(str::to_owned)
}

/// A page of a repository, which may be named with its owner.
pub(crate) fn repository_page(web: &str, owner: &str, repository: &str, page: &str) -> String {
    let name = repository.rsplit('/').next().unwrap_or(repository);
    let slash = if page.is_empty() { "" } else { "/" };
    format!("{web}/{}/{}{slash}{page}", encoded(owner), encoded(name))
}

pub(crate) fn encoded(text: &str) -> String {
    utf8_percent_encode(text, IN_SEGMENT).to_string()
}

#[cfg(test)]
mod tests {
    use drift_model::{Address, InstanceKey, Timestamp};

    use super::*;

    #[track_caller]
    fn check(type_name: &str, attributes: &Value, expected: Option<&str>) {
        let key = InstanceKey { address: Address::new(None, type_name, "a", ""), deposed: None };
        let instance = Instance::new(key, "registry.terraform.io/integrations/github", attributes.as_object().cloned().unwrap_or_default());
        let seen = Answers::default();
        let team = json!({"id": 42, "slug": "core"});
        seen.derive("GET /orgs/{org}/teams/{team_slug}", &json!({"team_slug": 42}), Ok(team), Timestamp::UNIX_EPOCH);
        seen.repository("R_kgDOABPHjQ", "shop");
        assert_eq!(link("https://github.com", "acme", &instance, &seen).as_deref(), expected, "{type_name}");
    }

    #[test]
    fn a_finding_leads_to_the_page_where_it_is_set() {
        check("github_repository", &json!({"id": "shop", "name": "shop", "repo_id": 7}), Some("https://github.com/acme/shop"));
        check(
            "github_repository_webhook",
            &json!({"id": "9", "repository": "shop"}),
            Some("https://github.com/acme/shop/settings/hooks/9"),
        );
        check("github_branch", &json!({"id": "shop:a/b c"}), Some("https://github.com/acme/shop/tree/a/b%20c"));
        check("github_team", &json!({"id": "9", "slug": "core"}), Some("https://github.com/orgs/acme/teams/core"));
        check("github_team_membership", &json!({"id": "9:octo"}), Some("https://github.com/orgs/acme/teams"));
        check("github_team_membership", &json!({"id": "42:octo"}), Some("https://github.com/orgs/acme/teams/core/members"));
        check("github_team_members", &json!({"id": "42"}), Some("https://github.com/orgs/acme/teams/core/members"));
        check("github_organization_ruleset", &json!({"id": "5"}), Some("https://github.com/organizations/acme/settings/rules/5"));
        let of_a_node = |node: &str| json!({"id": "BPR_x", "repository_id": node});
        check("github_branch_protection", &of_a_node("R_kgDOABPHjQ"), Some("https://github.com/acme/shop/settings/branches"));
        check("github_branch_protection", &of_a_node("R_kgDOABCDEF"), None);
        check("github_app_installation_repository", &json!({"id": "5:shop"}), None);
    }

    #[test]
    fn no_name_leads_out_of_its_place() {
        check("github_repository", &json!({"id": "..", "name": "a/../..?x#y"}), Some("https://github.com/acme/..%3Fx%23y"));
    }
}
