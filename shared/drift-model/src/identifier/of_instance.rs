use std::collections::BTreeMap;

use serde_json::Value;

use super::{
    Identifier, Strength,
    forms::{parts, whole},
};
use crate::{AttributePath, Instance, PathStep, looks_like_a_credential, sensitivity::names_a_secret};

/// At most so many identifiers are taken of one instance, the strongest first.
const MOST: usize = 200;

/// What the catalog says of a type's identifiers, beyond what every instance carries anyway. Each is a path of
/// attributes joined by dots, through lists as if they were not there: `network_interface.network_interface_id`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Declared<'a> {
    /// Attributes that name the instance itself.
    pub own: &'a [String],
    /// Attributes that name another resource whose changes change this one.
    pub references: &'a [String],
}

/// The identifiers of an instance, strongest strength of each, sorted by value, without repetition, bounded in number.
///
/// Own are `id`, `arn`, `name`, `url`, `identifier`, the same with words of the type before it (`cluster_identifier` of an
/// `aws_rds_cluster`), and what the catalog declares; with an ARN's resource and the last part of it or of a composite id.
/// The parts before the last name what the instance stands in (a path, a cluster, a load balancer), which is as strong as
/// what the catalog declares; parts that another attribute holds name that other thing. References are the other strings
/// that name resources. No sensitive value, nothing that looks like a credential, and no free text is among them.
#[must_use]
pub fn identifiers_of(instance: &Instance, declared: &Declared<'_>) -> Vec<Identifier> {
    let mut found = Found { values: BTreeMap::new(), instance };
    let mut references = Vec::new();
    for (name, value) in &instance.attributes {
        if holds_no_identifier(name) || is_declared(declared.own, name) || is_declared(declared.references, name) {
            continue;
        }
        if is_own(name, &instance.type_name) {
            found.own(name, value);
        } else {
            references.push((name.as_str(), value));
        }
    }
    for path in declared.own {
        found.declared(path, Strength::Own);
    }
    for path in declared.references {
        found.declared(path, Strength::Catalog);
    }
    for (name, value) in references {
        found.references(name, name, value);
    }
    found.into_identifiers()
}

struct Found<'a> {
    values: BTreeMap<String, Strength>,
    instance: &'a Instance,
}

impl Found<'_> {
    fn own(&mut self, name: &str, value: &Value) {
        let Value::String(text) = value else { return };
        let Some(text) = self.admitted(&[name], text) else { return };
        let found: Vec<&str> = parts(text).collect();
        // Of `service/shop/checkout` the end names the service, what is before it names the cluster that it stands in.
        let end = found.iter().map(|part| part.as_bytes().as_ptr_range().end).max();
        for part in found {
            let strength = match part {
                _ if self.belongs_to_another(part) => Strength::Reference,
                _ if Some(part.as_bytes().as_ptr_range().end) == end => Strength::Own,
                _ => Strength::Catalog,
            };
            self.take(part, strength);
        }
        self.take(text, Strength::Own);
    }

    /// Whether another attribute, which does not name the instance itself, holds exactly this.
    fn belongs_to_another(&self, part: &str) -> bool {
        self.instance
            .attributes
            .iter()
            .any(|(name, value)| value.as_str() == Some(part) && !is_own(name, &self.instance.type_name) && !holds_no_identifier(name))
    }

    fn declared(&mut self, path: &str, strength: Strength) {
        let (name, below) = path.split_once('.').map_or((path, None), |(name, below)| (name, Some(below)));
        let instance = self.instance;
        if let Some(value) = instance.attributes.get(name) {
            self.descend(name, value, below, strength);
        }
    }

    fn descend(&mut self, top: &str, value: &Value, path: Option<&str>, strength: Strength) {
        match (value, path) {
            (Value::Array(items), _) => items.iter().for_each(|item| self.descend(top, item, path, strength)),
            (Value::Object(members), Some(path)) => {
                let (name, below) = path.split_once('.').map_or((path, None), |(name, below)| (name, Some(below)));
                if let Some(value) = members.get(name) {
                    self.descend(top, value, below, strength);
                }
            }
            (Value::String(text), None) => {
                if let Some(text) = self.admitted(&[top], text) {
                    // A declared value's parts name what it stands in; only an ARN is another spelling of a name.
                    if text.starts_with("arn:") {
                        parts(text).for_each(|part| self.take(part, strength));
                    }
                    self.take(text, strength);
                }
            }
            _ => {}
        }
    }

    /// Every string in `value` that names a resource, by the name of the attribute that holds it or by its looks.
    fn references(&mut self, top: &str, name: &str, value: &Value) {
        match value {
            Value::Array(items) => items.iter().for_each(|item| self.references(top, name, item)),
            Value::Object(members) => {
                for (name, value) in members {
                    if !holds_no_identifier(name) {
                        self.references(top, name, value);
                    }
                }
            }
            Value::String(text) => {
                let Some(text) = self.admitted(&[top, name], text) else { return };
                if names_a_resource(name) || looks_like_an_id(text) || text.starts_with("arn:") {
                    if text.starts_with("arn:") {
                        parts(text).for_each(|part| self.take(part, Strength::Reference));
                    }
                    self.take(text, Strength::Reference);
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    /// The string as an identifier, unless it is a secret or cannot be one.
    fn admitted<'t>(&self, path: &[&str], text: &'t str) -> Option<&'t str> {
        let text = whole(text)?;
        let marked =
            |marked: &AttributePath| matches!((marked.0.first(), path.first()), (Some(PathStep::Key(key)), Some(top)) if key == top);
        let secret =
            self.instance.sensitive.iter().any(marked) || path.iter().any(|name| names_a_secret(name)) || looks_like_a_credential(text);
        (!secret).then_some(text)
    }

    fn take(&mut self, value: &str, strength: Strength) {
        match self.values.get_mut(value) {
            Some(known) => *known = strength.min(*known),
            None => drop(self.values.insert(value.to_owned(), strength)),
        }
    }

    fn into_identifiers(self) -> Vec<Identifier> {
        let mut identifiers: Vec<_> = self.values.into_iter().map(|(value, strength)| Identifier { value, strength }).collect();
        if identifiers.len() > MOST {
            identifiers.sort_by(|a, b| (a.strength, &a.value).cmp(&(b.strength, &b.value)));
            identifiers.truncate(MOST);
            identifiers.sort();
        }
        identifiers
    }
}

fn is_declared(paths: &[String], name: &str) -> bool {
    paths.iter().any(|path| path == name)
}

/// Whether an attribute of that name names the instance itself: `id`, `arn`, `name`, `url`, `identifier`, and those with
/// the last words of the type before them, or these alone: `bucket` of an `aws_s3_bucket`.
fn is_own(attribute: &str, type_name: &str) -> bool {
    const SUFFIXES: [&str; 5] = ["id", "arn", "name", "url", "identifier"];
    if SUFFIXES.contains(&attribute) || ends_in_words(type_name, attribute) {
        return true;
    }
    attribute.rsplit_once('_').is_some_and(|(what, suffix)| SUFFIXES.contains(&suffix) && ends_in_words(type_name, what))
}

fn ends_in_words(type_name: &str, words: &str) -> bool {
    type_name.strip_suffix(words).is_some_and(|rest| rest.ends_with('_'))
}

/// Attributes that hold people's own words, whatever these look like.
fn holds_no_identifier(name: &str) -> bool {
    matches!(
        name,
        "tags"
            | "tags_all"
            | "tag"
            | "description"
            | "comment"
            | "timeouts"
            | "availability_zone"
            | "owner_id"
            | "account_id"
            | "region"
            | "partition"
    )
}

/// Whether a string under that name is another resource's name, ARN or id: `vpc_id`, `subnet_ids`, `role`, `target_arns`.
fn names_a_resource(name: &str) -> bool {
    const LAST_WORDS: [&str; 40] = [
        "alias",
        "api",
        "arn",
        "arns",
        "broker",
        "bucket",
        "cluster",
        "clusters",
        "domain",
        "endpoint",
        "function",
        "group",
        "groups",
        "id",
        "identifier",
        "identifiers",
        "identity",
        "ids",
        "instance",
        "instances",
        "key",
        "listener",
        "listeners",
        "name",
        "names",
        "pool",
        "profile",
        "queue",
        "repository",
        "role",
        "roles",
        "server",
        "stream",
        "subnets",
        "table",
        "topic",
        "user",
        "users",
        "vpc",
        "zone",
    ];
    let last = name.rsplit('_').next().unwrap_or(name);
    LAST_WORDS.binary_search(&last).is_ok()
}

/// `vpc-0a1b2c3d`, `eipassoc-0123456789abcdef0`: words, a hyphen, at least eight hexadecimal digits.
fn looks_like_an_id(text: &str) -> bool {
    text.rsplit_once('-').is_some_and(|(words, digits)| {
        matches!(digits.len(), 8..=32)
            && digits.bytes().all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f'))
            && !words.is_empty()
            && words.bytes().all(|letter| letter.is_ascii_lowercase() || letter == b'-')
    })
}
