//! A fleet out of few states: copies in which everything has names and ids of its own, as in one account of AWS.
//!
//! The recorded clouds were all made from one seed, so that the ids that AWS would generate repeat among them; there no two
//! are the same, and so they are renumbered in the originals as well, together with their records. Names are people's: the
//! copies get others, the originals keep theirs. Paths (`/teams/`) and other words that many names share stay shared.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
};

use serde_json::Value;

/// What of a state names something, and can be renamed.
pub(crate) struct Renaming {
    /// Generated ids that do not look like it.
    ids: BTreeSet<String>,
    /// People's names, whole, by their first letter; the longest first.
    names: BTreeMap<u8, Vec<String>>,
}

impl Renaming {
    /// Finds the names in a state.
    pub(crate) fn of(state: &str) -> Self {
        let state: Value = serde_json::from_str(state).unwrap_or_default();
        let (mut ids, mut found) = (BTreeSet::new(), BTreeSet::new());
        for resource in state["resources"].as_array().into_iter().flatten() {
            let api = resource["type"].as_str().is_some_and(|name| name.starts_with("aws_api"));
            for instance in resource["instances"].as_array().into_iter().flatten() {
                for (attribute, value) in instance["attributes"].as_object().into_iter().flatten() {
                    let Some(value) = value.as_str().filter(|_| names_something(attribute)) else { continue };
                    // A composite id is made of names that other attributes hold.
                    let last = value.trim_end_matches(['/', '.', '*', ':', '|']).rsplit(['/', ':', '|', ',', ';']).next().unwrap_or(value);
                    if api && attribute == "id" && matches!(last.len(), 8..=10) && last.bytes().all(|letter| letter.is_ascii_alphanumeric())
                    {
                        ids.insert(last.to_owned());
                    } else if last.len() >= 3 {
                        found.insert(last.to_owned());
                    }
                }
            }
        }
        found.retain(|name| {
            !SERVICES.contains(&name.as_str())
                && name.bytes().any(|letter| letter.is_ascii_alphabetic())
                && !name.contains(['"', '\\', '{'])
        });
        let mut names: BTreeMap<u8, Vec<String>> = BTreeMap::new();
        for name in found {
            names.entry(name.as_bytes()[0]).or_default().push(name);
        }
        for names in names.values_mut() {
            names.sort_by_key(|name| Reverse(name.len()));
        }
        Self { ids, names }
    }

    /// The state as the cloud of that number, with names of its own where these are asked for.
    pub(crate) fn state(&self, text: &str, number: usize, names: bool) -> String {
        let renamed = if names { self.renamed(text, number) } else { text.to_owned() };
        self.renumbered(&renamed, number)
    }

    /// The records of the cloud of that number.
    pub(crate) fn records(&self, text: &str, number: usize) -> String {
        self.renumbered(text, number)
    }

    /// Every name in it, where it stands as a word of its own, with the number behind it.
    fn renamed(&self, text: &str, number: usize) -> String {
        let mut out = String::with_capacity(text.len() + text.len() / 8);
        let (mut at, mut before) = (0, b' ');
        while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
            let first = rest.as_bytes()[0];
            let ends = |name: &&String| rest.as_bytes().get(name.len()).is_none_or(|next| !is_of_a_word(*next));
            let starts = !is_of_a_word(before) || !is_of_a_word(first);
            let name =
                self.names.get(&first).filter(|_| starts).and_then(|names| names.iter().filter(|name| rest.starts_with(*name)).find(ends));
            let length = name.map_or_else(|| rest.chars().next().map_or(1, char::len_utf8), String::len);
            out.push_str(&rest[..length]);
            if name.is_some_and(|name| !is_generated(name)) {
                // Writing to a string cannot fail.
                let _ = write!(out, "x{number}");
            }
            before = rest.as_bytes()[length - 1];
            at += length;
        }
        out
    }

    /// Every generated id in it as another one.
    fn renumbered(&self, text: &str, number: usize) -> String {
        let mut out = String::with_capacity(text.len());
        let is_of_an_id = |letter: char| letter.is_ascii_alphanumeric() || letter == '-';
        let mut rest = text;
        while let Some(start) = rest.find(is_of_an_id) {
            let end = rest[start..].find(|letter| !is_of_an_id(letter)).map_or(rest.len(), |length| start + length);
            let word = &rest[start..end];
            out.push_str(&rest[..start]);
            if is_generated(word) || self.ids.iter().any(|id| word.split('-').any(|part| part == id)) {
                let new =
                    if word.bytes().any(|letter| letter.is_ascii_lowercase()) { format!("{number:04x}") } else { format!("{number:04X}") };
                // The parts of `agm-eyymdhqj38-aruhr4iwrx-GET` are ids, each of which stands alone elsewhere.
                let renumbered = word.split('-').map(|part| {
                    if part.len() > 4 && (self.ids.contains(part) || is_generated(word) && word.ends_with(part)) {
                        format!("{}{new}", &part[..part.len() - 4])
                    } else {
                        part.to_owned()
                    }
                });
                out.push_str(&renumbered.collect::<Vec<_>>().join("-"));
            } else {
                out.push_str(word);
            }
            rest = &rest[end..];
        }
        out.push_str(rest);
        out
    }
}

/// What stands in ARNs before what they name.
const SERVICES: [&str; 17] =
    ["arn", "aws", "ec2", "ecr", "ecs", "efs", "eks", "elb", "iam", "kms", "lambda", "logs", "rds", "ses", "sns", "sqs", "ssm"];

/// Whether an attribute of that name holds what something is called.
fn names_something(attribute: &str) -> bool {
    let last = attribute.rsplit('_').next().unwrap_or(attribute);
    matches!(
        last,
        "id" | "arn" | "name" | "identifier" | "bucket" | "domain" | "user" | "group" | "role" | "cluster" | "function" | "key" | "alias"
    )
}

fn is_of_a_word(letter: u8) -> bool {
    letter.is_ascii_alphanumeric() || matches!(letter, b'_' | b'-')
}

/// `vpc-0a1b2c3d4e5f60718`, a UUID, `55b3ecdd535f9d53`, `EYY37Q9AH8RVHS1K3AQ6L6`: what no person would think of.
fn is_generated(word: &str) -> bool {
    let last = word.rsplit('-').next().unwrap_or(word);
    let digit = last.bytes().any(|letter| letter.is_ascii_digit());
    let letter = word.bytes().any(|letter| letter.is_ascii_alphabetic());
    let hexadecimal = last.len() >= 8 && last.bytes().all(|letter| matches!(letter, b'0'..=b'9' | b'a'..=b'f'));
    let upper = last.len() >= 13 && last.bytes().all(|letter| matches!(letter, b'0'..=b'9' | b'A'..=b'Z'));
    digit && letter && (hexadecimal || upper)
}
