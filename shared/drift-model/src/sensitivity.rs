use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// One step into an attribute's value.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(untagged)]
pub enum PathStep {
    /// An element of a list or set.
    Index(u64),
    /// A nested attribute, or a map's key.
    Key(String),
}

/// A path to an attribute, or into one. Prints as Terraform prints it: `environment[0].variables["A B"]`.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct AttributePath(pub Vec<PathStep>);

impl AttributePath {
    /// The path of a top-level attribute.
    #[must_use]
    pub fn attribute(name: &str) -> Self {
        Self(vec![PathStep::Key(name.to_owned())])
    }

    /// This path and one step more.
    #[must_use]
    pub fn then(&self, step: PathStep) -> Self {
        Self(self.0.iter().cloned().chain([step]).collect())
    }

    /// Whether one of the two leads to, or through, the other.
    #[must_use]
    pub fn overlaps(&self, other: &Self) -> bool {
        self.0.iter().zip(&other.0).all(|(a, b)| a == b)
    }
}

impl fmt::Display for AttributePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, step) in self.0.iter().enumerate() {
            match step {
                PathStep::Index(index) => write!(f, "[{index}]")?,
                PathStep::Key(key) if is_plain(key) => write!(f, "{}{key}", if at == 0 { "" } else { "." })?,
                PathStep::Key(key) => write!(f, "[{}]", Value::from(key.as_str()))?,
            }
        }
        Ok(())
    }
}

fn is_plain(key: &str) -> bool {
    !key.is_empty() && key.chars().all(|letter| letter.is_alphanumeric() || letter == '_' || letter == '-')
}

/// Which paths of one instance may not be shown: those that the state, the catalog or the provider's schema mark.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sensitivity {
    paths: Vec<AttributePath>,
}

impl Sensitivity {
    /// The paths that somebody marked.
    pub fn new(paths: impl IntoIterator<Item = AttributePath>) -> Self {
        Self { paths: paths.into_iter().collect() }
    }

    /// Whether a value at `path` may not be shown: because it, what holds it or something in it is marked, because its
    /// name says so, or because it looks like a credential.
    #[must_use]
    pub fn hides(&self, path: &AttributePath, value: &Value) -> bool {
        self.paths.iter().any(|marked| marked.overlaps(path))
            || path.0.iter().any(|step| matches!(step, PathStep::Key(key) if names_a_secret(key)))
            || holds_a_credential(value)
    }
}

fn holds_a_credential(value: &Value) -> bool {
    match value {
        Value::String(text) => looks_like_a_credential(text),
        Value::Array(items) => items.iter().any(holds_a_credential),
        Value::Object(members) => members.iter().any(|(key, value)| {
            looks_like_a_credential(key)
                || holds_a_credential(value)
                || (names_a_secret(key) && !matches!(value, Value::Null | Value::Bool(_)))
        }),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

/// Words that end the names of secrets, in lower case and without separators.
const SECRET_WORDS: [&str; 15] = [
    "accesskey",
    "apikey",
    "authtoken",
    "credential",
    "credentials",
    "passphrase",
    "passwd",
    "password",
    "privatekey",
    "pwd",
    "secret",
    "secretkey",
    "secrets",
    "secretstring",
    "token",
];

/// Whether a name says that its value is a secret: `master_password`, `apiToken`, `DB_SECRET`.
#[must_use]
pub fn names_a_secret(name: &str) -> bool {
    let folded: String = name.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase();
    // `http_tokens`, `secret_arn` and `password_length` name no secret: only the last word counts.
    SECRET_WORDS.iter().any(|word| folded.ends_with(word))
}

/// Whether a text looks like a credential, whatever its name: an access key id, a private key, a token of a known
/// issuer, a URL with a password in it.
#[must_use]
pub fn looks_like_a_credential(text: &str) -> bool {
    const PREFIXES: [&str; 12] =
        ["AKIA", "ASIA", "ghp_", "gho_", "ghs_", "ghu_", "github_pat_", "xoxb-", "xoxp-", "xapp-", "sk_live_", "glpat-"];
    let token =
        |from: usize| text[from..].chars().take_while(|letter| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '-')).count();
    text.contains("PRIVATE KEY-----")
        || PREFIXES.iter().any(|prefix| text.match_indices(prefix).any(|(at, _)| starts_a_word(text, at) && token(at) >= 16))
        || text
            .match_indices("eyJ")
            .any(|(at, _)| starts_a_word(text, at) && text[at..].split('.').take(3).filter(|part| part.len() >= 10).count() == 3)
        || has_a_password_in_a_url(text)
}

fn starts_a_word(text: &str, at: usize) -> bool {
    !text[..at].ends_with(|letter: char| letter.is_ascii_alphanumeric())
}

fn has_a_password_in_a_url(text: &str) -> bool {
    text.split("://").skip(1).any(|rest| {
        let authority = rest.split(['/', ' ', '"', '?']).next().unwrap_or_default();
        authority.rsplit_once('@').is_some_and(|(user, _)| user.split_once(':').is_some_and(|(_, password)| !password.is_empty()))
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn path(steps: &[&str]) -> AttributePath {
        AttributePath(steps.iter().map(|step| step.parse().map_or_else(|_| PathStep::Key((*step).to_owned()), PathStep::Index)).collect())
    }

    #[test]
    fn a_path_prints_as_terraform_prints_it() {
        assert_eq!(path(&["environment", "0", "variables", "A B"]).to_string(), r#"environment[0].variables["A B"]"#);
    }

    #[test]
    fn a_mark_hides_what_it_holds_and_what_holds_it() {
        let sensitivity = Sensitivity::new([path(&["a", "b"])]);
        assert!(sensitivity.hides(&path(&["a"]), &json!({"b": 1})));
        assert!(sensitivity.hides(&path(&["a", "b", "c"]), &json!(1)));
        assert!(!sensitivity.hides(&path(&["a", "c"]), &json!(1)));
    }

    #[test]
    fn names_of_secrets_hide_and_names_about_secrets_do_not() {
        for name in ["master_password", "apiToken", "DB_SECRET", "private_key"] {
            assert!(Sensitivity::default().hides(&path(&[name]), &json!("x")), "{name}");
        }
        for name in ["http_tokens", "secret_arn", "minimum_password_length", "tokens", "kms_key_id"] {
            assert!(!Sensitivity::default().hides(&path(&[name]), &json!("x")), "{name}");
        }
    }

    #[test]
    fn credentials_are_known_by_their_looks() {
        for text in [
            "AKIAIOSFODNN7EXAMPLE",
            "key=ASIAIOSFODNN7EXAMPLE;",
            "-----BEGIN RSA PRIVATE KEY-----",
            "postgres://app:hunter2@db/x",
            "ghp_0123456789abcdef0123",
        ] {
            assert!(looks_like_a_credential(text), "{text}");
        }
        for text in [
            "",
            "MAKIAVELLI",
            "https://sqs.us-east-1.amazonaws.com/123456789012/jobs",
            "arn:aws:iam::123456789012:role/a",
            "AKIA",
            "user@host",
        ] {
            assert!(!looks_like_a_credential(text), "{text}");
        }
    }
}
