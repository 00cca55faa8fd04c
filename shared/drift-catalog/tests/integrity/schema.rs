//! Attributes and blocks against the schema of hashicorp/aws.

use std::{collections::BTreeMap, fs::File, path::PathBuf};

use drift_catalog::{Resource, Structure};
use flate2::read::GzDecoder;
use serde_json::Value;

/// The provider's resource types; nothing where the schema is not at hand.
fn provider() -> Option<Value> {
    let shared = option_env!("DRIFTWIRE_SHARED").map_or_else(|| crate::workspace().join("../shared"), PathBuf::from);
    let Ok(file) = File::open(shared.join("truth/provider-schema.json.gz")) else {
        crate::skip("../shared/truth/provider-schema.json.gz");
        return None;
    };
    let mut schema: Value = serde_json::from_reader(GzDecoder::new(file)).expect("the schema is JSON");
    Some(schema["resources"].take())
}

/// The attributes and blocks of a level of a schema.
fn members(level: &Value) -> BTreeMap<&str, &Value> {
    let of = |part: &'static str| level[part].as_object().into_iter().flatten().map(|(name, member)| (name.as_str(), member));
    of("attributes").chain(of("blocks")).collect()
}

/// What the schema has and the catalog neither compares nor gives a reason for, and the other way round.
fn against(findings: &mut Vec<String>, resource: &Resource, at: &str, structure: &BTreeMap<String, Structure>, level: &Value) {
    let known = members(level);
    let path = |name: &str| if at.is_empty() { name.to_owned() } else { format!("{at}.{name}") };
    for name in structure.keys().filter(|name| !known.contains_key(name.as_str())) {
        findings.push(format!("{}: the provider has no `{}`", resource.type_name, path(name)));
    }
    for (name, member) in known {
        let path = path(name);
        let explained = resource.not_compared.contains_key(&path);
        match structure.get(name) {
            None if !explained && name != "timeouts" => {
                findings.push(format!("{}: compare `{path}`, or give a reason under [resource.not_compared]", resource.type_name));
            }
            Some(_) if explained => findings.push(format!("{}: `{path}` is compared and said not to be", resource.type_name)),
            Some(Structure::Block(inner)) => against(findings, resource, &path, inner, member),
            _ => {}
        }
    }
}

#[test]
fn every_attribute_is_compared_or_has_a_reason_why_not() {
    let Some(provider) = provider() else { return };
    let mut findings = Vec::new();
    for resource in crate::catalog().resources().filter(|resource| resource.is_read()) {
        let compared = resource.attributes.iter().map(|(name, rule)| (name.clone(), rule.structure.clone())).collect();
        against(&mut findings, resource, "", &compared, &provider[&resource.type_name]);
    }
    crate::nothing_in(&findings);
}

#[test]
fn every_type_and_every_attribute_that_names_something_exists() {
    let Some(provider) = provider() else { return };
    let mut findings = Vec::new();
    for resource in crate::catalog().resources() {
        let Some(schema) = provider.get(&resource.type_name) else {
            findings.push(format!("the provider has no type `{}`", resource.type_name));
            continue;
        };
        let known = members(schema);
        for name in resource.identifiers.iter().chain(&resource.references) {
            let top = name.split(['.', '[']).next().unwrap_or_default();
            if !known.contains_key(top) {
                findings.push(format!("{}: the provider has no `{name}`", resource.type_name));
            }
        }
    }
    crate::nothing_in(&findings);
}

#[test]
fn what_the_provider_calls_sensitive_is_sensitive() {
    let Some(provider) = provider() else { return };
    let mut findings = Vec::new();
    for resource in crate::catalog().resources() {
        for (name, rule) in &resource.attributes {
            if provider[&resource.type_name]["attributes"][name]["sensitive"] == true && !rule.sensitive {
                findings.push(format!("{}.{name}: add `sensitive = true`", resource.type_name));
            }
        }
    }
    crate::nothing_in(&findings);
}
