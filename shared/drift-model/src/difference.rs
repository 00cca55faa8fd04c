use serde::{Deserialize, Serialize};
use serde_json::Value;

/// One attribute path with its recorded and its live value.
///
/// Of a sensitive one only the fact is kept: both sides are [`Shown::Hidden`], so that no caller can leak a value.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(from = "Written")]
pub struct Difference {
    /// The top-level attribute: `metadata_options`.
    pub attribute: String,
    /// The whole path: `metadata_options[0].http_tokens`, `tags["Cost Center"]`.
    pub path: String,
    /// What the state says.
    pub recorded: Shown,
    /// What the cloud says.
    pub live: Shown,
    /// Whether the values are hidden.
    pub sensitive: bool,
}

/// A difference as it was serialised. That it is sensitive is its own member: a value that reads like the mark is a value.
#[derive(Deserialize)]
struct Written {
    attribute: String,
    path: String,
    recorded: Value,
    live: Value,
    sensitive: bool,
}

impl From<Written> for Difference {
    fn from(Written { attribute, path, recorded, live, sensitive }: Written) -> Self {
        let shown = |value| if sensitive { Shown::Hidden } else { Shown::Value(value) };
        Self { attribute, path, recorded: shown(recorded), live: shown(live), sensitive }
    }
}

/// A value that may be shown, or the fact that there is one that may not. Serialises as the value, or as the
/// string [`Shown::MARK`]; which of the two it was, the difference tells.
#[derive(Clone, Debug, PartialEq)]
pub enum Shown {
    /// May be stored, logged and sent.
    Value(Value),
    /// Sensitive.
    Hidden,
}

impl Shown {
    /// What stands for a hidden value: Terraform's own words for it.
    pub const MARK: &str = "(sensitive value)";
}

impl Serialize for Shown {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Value(value) => value.serialize(serializer),
            Self::Hidden => serializer.serialize_str(Self::MARK),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn back(recorded: Shown, live: Shown, sensitive: bool) -> Difference {
        let difference = Difference { attribute: "a".to_owned(), path: "a.b".to_owned(), recorded, live, sensitive };
        serde_json::from_value(json!(difference)).expect("what was written reads back")
    }

    #[test]
    fn what_is_hidden_stays_hidden_and_a_value_that_reads_like_the_mark_stays_a_value() {
        assert_eq!(back(Shown::Hidden, Shown::Hidden, true).live, Shown::Hidden);
        let forged = Shown::Value(json!(Shown::MARK));
        assert_eq!(back(Shown::Value(json!("x")), forged.clone(), false).live, forged);
    }

    #[test]
    fn nothing_that_is_marked_sensitive_is_ever_read_as_a_value() {
        assert_eq!(back(Shown::Value(json!("hunter2")), Shown::Hidden, true).recorded, Shown::Hidden);
    }
}
