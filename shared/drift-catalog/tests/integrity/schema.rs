//! Attributes and blocks against the schemas of hashicorp/aws and integrations/github.

use std::{collections::BTreeMap, fs::File, path::PathBuf};

use drift_catalog::{Catalog, Resource, Structure};
use flate2::read::GzDecoder;
use serde_json::{Map, Value};

/// The names that the schema of integrations/github has at commit b6ce8c0687af, after 6.13.0, and those that branch
/// protections had before 6.0. It is small enough to stand here, for no plugin can be asked for it where the tests run.
const GITHUB: &str = include_str!("github-schema.json");

/// The resource types of integrations/github, and those of hashicorp/aws where its schema is at hand.
fn provider() -> Value {
    let mut all = aws().unwrap_or_else(|| Value::Object(Map::new()));
    let github: Value = serde_json::from_str(GITHUB).expect("the schema is JSON");
    all.as_object_mut().expect("it is an object").extend(github.as_object().expect("it is an object").clone());
    all
}

/// The types of the catalog that the schema at hand says something about.
fn described<'c>(catalog: &'c Catalog, provider: &Value) -> impl Iterator<Item = &'c Resource> {
    let has_aws = provider.get("aws_sqs_queue").is_some();
    catalog.resources().filter(move |resource| has_aws || resource.is_github())
}

fn aws() -> Option<Value> {
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
    let (catalog, provider) = (crate::catalog(), provider());
    let mut findings = Vec::new();
    for resource in described(&catalog, &provider).filter(|resource| resource.is_read()) {
        let compared = resource.attributes.iter().map(|(name, rule)| (name.clone(), rule.structure.clone())).collect();
        against(&mut findings, resource, "", &compared, &provider[&resource.type_name]);
    }
    crate::nothing_in(&findings);
}

#[test]
fn every_type_of_github_is_read_and_says_what_that_takes() {
    let schema: Value = serde_json::from_str(GITHUB).expect("the schema is JSON");
    let described: Vec<String> =
        crate::catalog().resources().filter(|resource| resource.is_github()).map(|resource| resource.type_name.clone()).collect();
    let expected: Vec<&String> = schema.as_object().expect("it is an object").keys().collect();
    assert_eq!(described.iter().collect::<Vec<_>>(), expected);
    let mut findings = Vec::new();
    for resource in crate::catalog().resources().filter(|resource| resource.is_github()) {
        if !resource.is_read() {
            findings.push(format!("{} has no reads", resource.type_name));
        }
        // Installations are read with a person's token, which no permission of an App stands for.
        if resource.permissions.is_empty() && resource.type_name != "github_app_installation_repository" {
            findings.push(format!("{}: say which `permissions` reading it takes", resource.type_name));
        }
        if resource.scopes.is_empty() {
            findings.push(format!("{}: say which `scopes` reading it takes", resource.type_name));
        }
        for read in resource.reads.iter().filter(|read| read.gone.iter().chain(&read.unset).any(|code| code == "404")) {
            // Whether a repository is there is for the caller to judge; its own settings are gated by `only_if`.
            let is_judged_elsewhere = read.operation == "GET /repos/{owner}/{repo}" || read.only_if.is_some();
            if read.witness.0.is_empty() && !is_judged_elsewhere {
                findings.push(format!("{}: {} has no `witness`", resource.type_name, read.operation));
            }
        }
    }
    crate::nothing_in(&findings);
}

#[test]
fn every_type_and_every_attribute_that_names_something_exists() {
    let (catalog, provider) = (crate::catalog(), provider());
    let mut findings = Vec::new();
    for resource in described(&catalog, &provider) {
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
    let (catalog, provider) = (crate::catalog(), provider());
    let mut findings = Vec::new();
    for resource in described(&catalog, &provider) {
        for (name, rule) in &resource.attributes {
            let schema = &provider[&resource.type_name];
            if schema["attributes"][name]["sensitive"] == true && !rule.sensitive {
                findings.push(format!("{}.{name}: add `sensitive = true`", resource.type_name));
            }
            if !resource.is_github() {
                continue;
            }
            for (member, _) in members(&schema["blocks"][name]).iter().filter(|(_, schema)| schema["sensitive"] == true) {
                if !rule.secrets.iter().any(|secret| secret == member) {
                    findings.push(format!("{}.{name}: add `{member}` to `secrets`", resource.type_name));
                }
            }
        }
    }
    crate::nothing_in(&findings);
}
