//! JSON that is nearly right: a valid document with members replaced, removed, repeated, wrapped and cut off.

use proptest::prelude::*;
use serde_json::Value;

/// What is done to a document.
#[derive(Clone, Debug)]
pub(crate) struct Harm {
    /// To the how-many-th value of it, counted round and round.
    at: usize,
    deed: Deed,
}

#[derive(Clone, Debug)]
enum Deed {
    /// Other JSON stands there.
    Replace(String),
    Remove,
    Repeat,
    /// Within so many lists.
    Wrap(usize),
}

/// A few harms, and how much of the text is left, of a thousand parts.
pub(crate) fn harms() -> impl Strategy<Value = (Vec<Harm>, usize)> {
    let odd = [
        "null",
        "true",
        "\"\"",
        "[]",
        "{}",
        "-1",
        "1e400",
        "-1e400",
        "18446744073709551616",
        "0.1",
        "\"\\ud800\"",
        "\"\\u0000\"",
        "\"\u{202e}\u{1b}[2J\"",
        "\"arn:aws:sqs:eu-west-1:123456789012:jobs\"",
        "{\"a\":1,\"a\":2}",
        "[[[[]]]]",
        "\"2026-03-14\"",
    ];
    let long = prop_oneof![
        (1..20_000usize).prop_map(|length| format!("\"{}\"", "x".repeat(length))),
        (300..500usize).prop_map(|digits| "9".repeat(digits)),
        (1..2_000usize).prop_map(|items| format!("[{}0]", "0,".repeat(items))),
        (1..2_000usize).prop_map(|items| format!("{{\"{}\":[{}\"z\"]}}", "k".repeat(items), "\"sg-0a1b2c3d\",".repeat(items))),
    ];
    let replacement = prop_oneof![4 => prop::sample::select(odd.to_vec()).prop_map(str::to_owned), 1 => long];
    let deed = prop_oneof![
        5 => replacement.prop_map(Deed::Replace),
        2 => Just(Deed::Remove),
        2 => Just(Deed::Repeat),
        1 => (1..400usize).prop_map(Deed::Wrap),
    ];
    let harm = (any::<usize>(), deed).prop_map(|(at, deed)| Harm { at, deed });
    (prop::collection::vec(harm, 1..6), prop_oneof![6 => Just(1_000usize), 1 => 0..1_000usize])
}

/// The document after the harms, as bytes.
pub(crate) fn harmed(document: &Value, (harms, left): &(Vec<Harm>, usize)) -> Vec<u8> {
    let all = count(document);
    let mut text = String::new();
    write(document, &mut 0, &harms.iter().map(|harm| (harm.at % all, &harm.deed)).collect::<Vec<_>>(), None, &mut text);
    let mut bytes = text.into_bytes();
    bytes.truncate(bytes.len() * left / 1_000);
    bytes
}

fn count(value: &Value) -> usize {
    1 + match value {
        Value::Array(items) => items.iter().map(count).sum(),
        Value::Object(members) => members.values().map(count).sum(),
        _ => 0,
    }
}

/// Writes a value with its key, where it has one; numbers values in the order of the text, as they were without harm.
fn write(value: &Value, number: &mut usize, harms: &[(usize, &Deed)], key: Option<&str>, out: &mut String) {
    let this = *number;
    let mut own = String::new();
    *number += 1;
    match value {
        Value::Array(items) => join(&mut own, ('[', ']'), items.iter().map(|item| (None, item)), number, harms),
        Value::Object(members) => {
            join(&mut own, ('{', '}'), members.iter().map(|(key, member)| (Some(key.as_str()), member)), number, harms);
        }
        scalar => own = scalar.to_string(),
    }
    let mut times = 1;
    for (_, deed) in harms.iter().filter(|(at, _)| *at == this) {
        match deed {
            Deed::Replace(text) => own.clone_from(text),
            Deed::Remove => times = 0,
            Deed::Repeat => times += 1,
            Deed::Wrap(depth) => own = format!("{}{own}{}", "[".repeat(*depth), "]".repeat(*depth)),
        }
    }
    let key = key.map(|key| format!("{}:", Value::from(key))).unwrap_or_default();
    out.push_str(&vec![format!("{key}{own}"); times].join(","));
}

fn join<'v>(
    out: &mut String,
    (start, end): (char, char),
    members: impl Iterator<Item = (Option<&'v str>, &'v Value)>,
    number: &mut usize,
    harms: &[(usize, &Deed)],
) {
    let mut parts = Vec::new();
    for (key, member) in members {
        let mut part = String::new();
        write(member, number, harms, key, &mut part);
        parts.extend(Some(part).filter(|part| !part.is_empty()));
    }
    out.push(start);
    out.push_str(&parts.join(","));
    out.push(end);
}
