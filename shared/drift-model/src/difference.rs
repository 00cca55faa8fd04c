use serde::{Deserialize, Serialize};
use serde_json::Value;

/// One attribute path with its recorded and its live value.
///
/// Of a sensitive one only the fact is kept: both sides are [`Shown::Hidden`], so that no caller can leak a value.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
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

/// A value that may be shown, or the fact that there is one that may not. Serialises as the value, or as the
/// string [`Shown::MARK`].
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

impl<'de> Deserialize<'de> for Shown {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        Ok(if value == Self::MARK { Self::Hidden } else { Self::Value(value) })
    }
}
