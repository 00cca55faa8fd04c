use serde_json::Value;

use crate::{AttributePath, Attributes, PathStep, Sensitivity, Shown, looks_like_a_credential};

/// So many letters of a secret in a row are taken for it: services quote values cut short.
const ENOUGH: usize = 8;

/// A shorter value is no secret, and stands in every sentence.
const SHORTEST: usize = 3;

/// What may not be left in a text that somebody else wrote: the values that one instance records and may not show, and
/// whatever looks like a credential. Services quote in their errors what they were sent.
#[derive(Clone, Default)]
pub struct Redaction {
    /// The longest first, so that one that holds another goes as a whole.
    secrets: Vec<String>,
}

// Never the secrets themselves.
impl std::fmt::Debug for Redaction {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Redaction({} values)", self.secrets.len())
    }
}

impl Redaction {
    /// Of the values among `attributes` that `sensitivity` hides. Where a hidden text is JSON, each value in it counts too.
    #[must_use]
    pub fn of(attributes: &Attributes, sensitivity: &Sensitivity) -> Self {
        let mut secrets = Vec::new();
        for (name, value) in attributes {
            collect(&AttributePath::attribute(name), value, sensitivity, &mut secrets);
        }
        let mut all = Self { secrets };
        all.put_in_order();
        all
    }

    /// These texts, too.
    #[must_use]
    pub fn and(mut self, secrets: impl IntoIterator<Item = String>) -> Self {
        self.secrets.extend(secrets.into_iter().filter(|secret| secret.len() >= SHORTEST));
        self.put_in_order();
        self
    }

    fn put_in_order(&mut self) {
        self.secrets.sort_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
        self.secrets.dedup();
    }

    /// The text with [`Shown::MARK`] in place of each.
    #[must_use]
    pub fn apply(&self, text: &str) -> String {
        without_credentials(&without_private_keys(&without(text, &self.secrets)))
    }
}

fn collect(path: &AttributePath, value: &Value, sensitivity: &Sensitivity, secrets: &mut Vec<String>) {
    match value {
        Value::Array(items) => {
            for (at, item) in items.iter().enumerate() {
                collect(&path.then(PathStep::Index(at as u64)), item, sensitivity, secrets);
            }
        }
        Value::Object(members) => {
            for (key, member) in members {
                collect(&path.then(PathStep::Key(key.clone())), member, sensitivity, secrets);
            }
        }
        Value::String(_) | Value::Number(_) if sensitivity.hides(path, value) => take(value, secrets),
        _ => {}
    }
}

fn take(value: &Value, secrets: &mut Vec<String>) {
    match value {
        Value::String(text) => {
            if text.starts_with(['{', '[']) {
                take(&serde_json::from_str(text).unwrap_or_default(), secrets);
            }
            let quoted = value.to_string();
            secrets.extend([text.trim(), quoted.trim_matches('"')].into_iter().filter(|text| text.len() >= SHORTEST).map(str::to_owned));
        }
        Value::Number(number) if number.to_string().len() >= SHORTEST => secrets.push(number.to_string()),
        Value::Array(items) => items.iter().for_each(|item| take(item, secrets)),
        Value::Object(members) => members.values().for_each(|member| take(member, secrets)),
        _ => {}
    }
}

/// Wherever the text begins as one of the secrets does, as far as it goes on as any of them: two that begin alike must not leave each
/// other's rest. A short one only where it stands as a word.
fn without(text: &str, secrets: &[String]) -> String {
    let starts: Vec<(&str, &str)> = secrets.iter().map(|secret| (start(secret), secret.as_str())).collect();
    let (mut kept, mut rest) = (String::with_capacity(text.len()), text);
    while let Some(at) = starts.iter().filter_map(|(start, _)| rest.find(start)).min() {
        let (before, from) = rest.split_at(at);
        kept.push_str(before);
        let hidden = starts.iter().filter(|(start, _)| from.starts_with(start)).filter_map(|(_, secret)| same(from, secret, &kept)).max();
        if let Some(end) = hidden {
            kept.push_str(Shown::MARK);
            rest = &from[end..];
        } else {
            let letter = from.chars().next().map_or(0, char::len_utf8);
            kept.push_str(&from[..letter]);
            rest = &from[letter..];
        }
    }
    kept.push_str(rest);
    kept
}

/// By which a secret is known.
fn start(secret: &str) -> &str {
    secret.char_indices().nth(ENOUGH).map_or(secret, |(at, _)| &secret[..at])
}

/// How far the text is the secret, in bytes; nothing where a short one only stands within a word.
fn same(text: &str, secret: &str, before: &str) -> Option<usize> {
    let same = text.bytes().zip(secret.bytes()).take_while(|(a, b)| a == b).count();
    let end = text.floor_char_boundary(same);
    let of_word = |letter: char| letter.is_alphanumeric();
    let within_a_word = before.ends_with(of_word) || text[end..].starts_with(of_word);
    (secret.chars().count() >= ENOUGH || !within_a_word).then_some(end)
}

/// From where a key begins to where it ends, or to the end of the text.
fn without_private_keys(text: &str) -> String {
    match text.split_once("-----BEGIN ") {
        Some((before, rest)) if rest.contains("PRIVATE KEY-----") => {
            let after = rest.split_once("-----END ").and_then(|(_, end)| end.split_once("-----")).map_or("", |(_, after)| after);
            format!("{before}{}{}", Shown::MARK, without_private_keys(after))
        }
        _ => text.to_owned(),
    }
}

fn without_credentials(text: &str) -> String {
    let ends_a_word = |letter: char| letter.is_whitespace() || matches!(letter, '"' | '\'' | '`' | ',' | ';' | '(' | ')' | '<' | '>');
    let mut kept = String::with_capacity(text.len());
    for piece in text.split_inclusive(ends_a_word) {
        let word = piece.trim_end_matches(ends_a_word);
        if looks_like_a_credential(word) || word.split(['=', ':']).any(looks_like_a_secret_key) {
            kept.push_str(Shown::MARK);
            kept.push_str(&piece[word.len()..]);
        } else {
            kept.push_str(piece);
        }
    }
    kept
}

/// The forty letters of an AWS secret access key, or the hundreds of a session token: nothing but length and variety tells
/// these, so values are not hidden by it, only words of an error.
fn looks_like_a_secret_key(word: &str) -> bool {
    let word = word.trim_end_matches('.');
    (word.len() == 40 || word.len() >= 100)
        && word.bytes().all(|letter| letter.is_ascii_alphanumeric() || matches!(letter, b'/' | b'+'))
        && word.bytes().any(|letter| letter.is_ascii_uppercase())
        && word.bytes().any(|letter| letter.is_ascii_lowercase())
        && word.bytes().any(|letter| letter.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn redaction(attributes: Value, marked: &[&str]) -> Redaction {
        let Value::Object(attributes) = attributes else { panic!("attributes are an object") };
        Redaction::of(&attributes, &Sensitivity::new(marked.iter().map(|name| AttributePath::attribute(name))))
    }

    #[track_caller]
    fn check(text: &str, expected: &str) {
        let attributes = json!({
            "env": [{"variables": {"LOGIN": "correct-horse-battery", "STAGE": "prod"}}], "pin": "4711", "name": "web",
            "db_password": "hunter2-hunter2", "nested": [{"json": "x", "token": "{\"inner\": \"swordfish-9\"}"}],
        });
        assert_eq!(redaction(attributes, &["env", "pin"]).apply(text), expected);
    }

    #[test]
    fn two_secrets_that_begin_alike_leave_nothing_of_each_other() {
        let redaction =
            Redaction::default().and(["canaryToken/with+more".to_owned(), "canaryToken%2Fwith%2Bmore".to_owned(), "x".to_owned()]);
        assert_eq!(redaction.apply("[canaryToken/with+more] x"), "[(sensitive value)] x");
        assert_eq!(redaction.apply("?t=canaryToken%2Fwith%2Bmore&x"), "?t=(sensitive value)&x");
        assert_eq!(redaction.apply("canaryToken%2Fcut, canaryTok"), "(sensitive value)cut, (sensitive value)");
    }

    #[test]
    fn what_an_instance_may_not_show_is_taken_out_of_what_others_say() {
        check("value correct-horse-battery is too weak", "value (sensitive value) is too weak");
        check("'hunter2-hunter2' for web", "'(sensitive value)' for web");
        check("swordfish-9!", "(sensitive value)!");
        check("nothing of it", "nothing of it");
    }

    #[test]
    fn a_value_that_was_cut_short_is_known_by_its_start() {
        check("value 'correct-hors...' is too weak", "value '(sensitive value)...' is too weak");
        check("ends in correct-ho", "ends in (sensitive value)");
    }

    #[test]
    fn a_short_value_counts_where_it_is_a_word() {
        check("pin 4711, port 47110", "pin (sensitive value), port 47110");
    }

    #[test]
    fn whatever_looks_like_a_credential_goes_whoevers_it_is() {
        check("key=AKIAIOSFODNN7EXAMPLE, try again", "(sensitive value), try again");
        check("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY.", "(sensitive value)");
        check("a -----BEGIN RSA PRIVATE KEY-----\nMII\n-----END RSA PRIVATE KEY----- b", "a (sensitive value) b");
        check("-----BEGIN PRIVATE KEY-----\nMIIcut", "(sensitive value)");
        check(
            "arn:aws:iam::123456789012:role/worker needs lambda:GetFunction",
            "arn:aws:iam::123456789012:role/worker needs lambda:GetFunction",
        );
    }

    #[test]
    fn it_does_not_say_itself_what_it_hides() {
        assert_eq!(format!("{:?}", redaction(json!({"password": "hunter2"}), &[])), "Redaction(1 values)");
    }

    proptest! {
        #[test]
        fn no_secret_is_left_whatever_stands_around_it(before in ".{0,20}", secret in "[a-zA-Z0-9é]{8,20}", after in ".{0,20}") {
            let text = redaction(json!({"password": secret}), &[]).apply(&format!("{before}{secret}{after}"));
            prop_assert!(!text.contains(&secret), "{}", text);
        }
    }
}
