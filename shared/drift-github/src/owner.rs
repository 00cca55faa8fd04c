//! Whose an instance is: a state does not say which organisation its provider was told to work in, but some attributes do.

use std::collections::{BTreeMap, BTreeSet};

use drift_model::Instance;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The owner that an instance itself names, as it writes it.
///
/// Source: the attributes of each type in `integrations/terraform-provider-github`: `full_name`, URLs of pages and of the API, and ids that begin
/// with the organisation.
pub(crate) fn hint(instance: &Instance) -> Option<String> {
    let text = |name: &str| instance.attributes.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
    let first =
        |text: &str, separator: char| text.split_once(separator).map(|(owner, _)| owner.to_owned()).filter(|owner| !owner.is_empty());
    match instance.type_name.as_str() {
        "github_repository" => text("full_name").and_then(|name| first(name, '/')),
        "github_membership" => text("id").and_then(|id| first(id, ':')),
        "github_actions_organization_permissions" => text("id").map(str::to_owned),
        "github_issue_label" | "github_repository_webhook" => text("url").and_then(|url| after(url, "/repos/")),
        "github_organization_webhook" => text("url").and_then(|url| after(url, "/orgs/")),
        "github_issue_labels" => {
            let labels = instance.attributes.get("label").and_then(Value::as_array);
            labels.and_then(|labels| after(labels.first()?["url"].as_str()?, "/repos/"))
        }
        _ => None,
    }
}

fn after(url: &str, word: &str) -> Option<String> {
    let (_, rest) = url.split_once(word)?;
    let owner = rest.split('/').next()?;
    (!owner.is_empty()).then(|| owner.to_owned())
}

/// What the instances of one state say, by provider configuration as the state writes it.
#[derive(Debug, Default)]
pub(crate) struct Votes(BTreeMap<String, BTreeSet<String>>);

/// Whose an instance is, as seen from one owner.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Whose {
    /// The state says so.
    Ours,
    /// The state says so: that one's.
    Others(String),
    /// The state does not tell. It is looked for, and not believed to be gone.
    Nobodys,
}

impl Votes {
    pub(crate) fn count(&mut self, instance: &Instance) {
        if let Some(owner) = hint(instance) {
            self.0.entry(instance.provider_config.clone()).or_default().insert(owner.to_lowercase());
        }
    }

    /// An instance's own word counts first, then what all of its configuration say alike.
    pub(crate) fn whose(&self, config: &str, own: Option<&str>, owner: &str) -> Whose {
        let owners = self.0.get(config);
        let of_all = owners.filter(|owners| owners.len() == 1).and_then(|owners| owners.first());
        match own.or(of_all.map(String::as_str)) {
            Some(told) if told.eq_ignore_ascii_case(owner) => Whose::Ours,
            Some(told) => Whose::Others(told.to_owned()),
            None => Whose::Nobodys,
        }
    }
}

/// Whose instances the provider configurations of all states make: what is known where only one instance is at hand.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Configurations(BTreeMap<String, BTreeSet<String>>);

impl Configurations {
    pub(crate) fn add(&mut self, votes: &Votes) {
        for (config, owners) in &votes.0 {
            self.0.entry(config.clone()).or_default().extend(owners.iter().cloned());
        }
    }

    /// Whose an instance is, where it or all of its configuration tell.
    pub(crate) fn whose(&self, instance: &Instance, owner: &str) -> Whose {
        // What several states call the same may be several configurations; where they disagree, nothing is known.
        Votes(self.0.clone()).whose(&instance.provider_config, hint(instance).as_deref(), owner)
    }
}

#[cfg(test)]
mod tests {
    use drift_model::{Address, Attributes, InstanceKey};
    use serde_json::json;

    use super::*;

    fn instance(type_name: &str, config: &str, attributes: &Value) -> Instance {
        let key = InstanceKey { address: Address::new(None, type_name, "a", ""), deposed: None };
        let attributes: Attributes = attributes.as_object().cloned().unwrap_or_default();
        Instance { provider_config: config.to_owned(), ..Instance::new(key, "registry.terraform.io/integrations/github", attributes) }
    }

    #[test]
    fn an_owner_is_told_by_names_urls_and_ids() {
        for (type_name, attributes, owner) in [
            ("github_repository", json!({"full_name": "Acme/shop"}), Some("Acme")),
            ("github_membership", json!({"id": "acme:octo"}), Some("acme")),
            ("github_issue_label", json!({"url": "https://api.github.com/repos/acme/shop/labels/bug"}), Some("acme")),
            ("github_organization_webhook", json!({"url": "https://api.github.com/orgs/acme/hooks/1"}), Some("acme")),
            ("github_issue_labels", json!({"label": [{"url": "https://api.github.com/repos/acme/shop/labels/bug"}]}), Some("acme")),
            ("github_team", json!({"id": "7"}), None),
        ] {
            assert_eq!(hint(&instance(type_name, "", &attributes)).as_deref(), owner, "{type_name}");
        }
    }

    #[test]
    fn a_configuration_speaks_for_its_instances_where_it_is_of_one_mind() {
        let mut votes = Votes::default();
        votes.count(&instance("github_repository", "a", &json!({"full_name": "acme/shop"})));
        votes.count(&instance("github_repository", "b", &json!({"full_name": "acme/shop"})));
        votes.count(&instance("github_repository", "b", &json!({"full_name": "other/shop"})));
        assert_eq!(votes.whose("a", None, "ACME"), Whose::Ours);
        assert_eq!(votes.whose("a", None, "other"), Whose::Others("acme".to_owned()));
        assert_eq!(votes.whose("b", None, "acme"), Whose::Nobodys);
        assert_eq!(votes.whose("b", Some("other"), "acme"), Whose::Others("other".to_owned()));
        assert_eq!(votes.whose("c", None, "acme"), Whose::Nobodys);
        let mut all = Configurations::default();
        all.add(&votes);
        assert_eq!(all.whose(&instance("github_team", "a", &json!({})), "acme"), Whose::Ours);
    }
}
