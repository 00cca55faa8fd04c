//! Whose an instance is: a state does not say which organisation its provider was told to work in, but some attributes do.

use std::collections::{BTreeMap, BTreeSet};

use drift_catalog::Catalog;
use drift_model::Instance;
use serde::{Deserialize, Serialize};

/// The owner that an instance itself names, where the catalog knows how.
pub(crate) fn hint(catalog: &Catalog, instance: &Instance) -> Option<String> {
    catalog.resource(&instance.type_name)?.owner_of(&instance.attributes)
}

/// What the instances of one state say, by provider configuration as the state writes it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
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
    pub(crate) fn count(&mut self, config: &str, owner: &str) {
        self.0.entry(config.to_owned()).or_default().insert(owner.to_lowercase());
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
pub struct Configurations(Votes);

impl Configurations {
    pub(crate) fn add(&mut self, votes: &Votes) {
        for (config, owners) in &votes.0 {
            self.0.0.entry(config.clone()).or_default().extend(owners.iter().cloned());
        }
    }

    /// Whose an instance is, where it or all of its configuration tell.
    pub(crate) fn whose(&self, catalog: &Catalog, instance: &Instance, owner: &str) -> Whose {
        // What several states call the same may be several configurations; where they disagree, nothing is known.
        self.0.whose(&instance.provider_config, hint(catalog, instance).as_deref(), owner)
    }
}

#[cfg(test)]
mod tests {
    use drift_model::{Address, Attributes, InstanceKey};
    use serde_json::{Value, json};

    use super::*;

    fn catalog() -> Catalog {
        Catalog::builtin().expect("the catalog is built in")
    }

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
            assert_eq!(hint(&catalog(), &instance(type_name, "", &attributes)).as_deref(), owner, "{type_name}");
        }
    }

    #[test]
    fn a_configuration_speaks_for_its_instances_where_it_is_of_one_mind() {
        let mut votes = Votes::default();
        votes.count("a", "acme");
        votes.count("b", "acme");
        votes.count("b", "other");
        assert_eq!(votes.whose("a", None, "ACME"), Whose::Ours);
        assert_eq!(votes.whose("a", None, "other"), Whose::Others("acme".to_owned()));
        assert_eq!(votes.whose("b", None, "acme"), Whose::Nobodys);
        assert_eq!(votes.whose("b", Some("other"), "acme"), Whose::Others("other".to_owned()));
        assert_eq!(votes.whose("c", None, "acme"), Whose::Nobodys);
        let mut all = Configurations::default();
        all.add(&votes);
        assert_eq!(all.whose(&catalog(), &instance("github_team", "a", &json!({})), "acme"), Whose::Ours);
    }
}
