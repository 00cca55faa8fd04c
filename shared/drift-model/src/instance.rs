use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{Address, AttributePath, Attributes, InstanceKey, Place};

/// Names one Terraform state: `s3://bucket/key`, or the path of a local file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct StateId(pub String);

impl StateId {
    /// The state at `key` of `bucket`.
    #[must_use]
    pub fn s3(bucket: &str, key: &str) -> Self {
        Self(format!("s3://{bucket}/{key}"))
    }

    /// Bucket and key, where this is a state in S3.
    #[must_use]
    pub fn as_s3(&self) -> Option<(&str, &str)> {
        self.0.strip_prefix("s3://")?.split_once('/')
    }
}

impl fmt::Display for StateId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Names one instance among all states.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct InstanceRef {
    /// The state that holds it.
    pub state: StateId,
    /// Its address there, and the deposed key where it is a deposed object.
    pub key: InstanceKey,
}

impl fmt::Display for InstanceRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} in {}", self.key, self.state)
    }
}

/// The bytes `start..start + length` of one version of a state file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ByteRange {
    /// Offset of the first byte.
    pub start: u64,
    /// Number of bytes, never 0.
    pub length: u64,
}

/// One managed resource instance as a state records it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Instance {
    /// Its address, and the deposed key where it is a deposed object.
    pub key: InstanceKey,
    /// `aws_security_group`.
    pub type_name: String,
    /// The provider's source address: `registry.terraform.io/hashicorp/aws`.
    pub provider: String,
    /// Which configuration of the provider made it, as the state writes it (module path and alias included).
    pub provider_config: String,
    /// Where it lives, as far as the state tells.
    pub place: Option<Place>,
    /// The provider schema's version under which `attributes` were written.
    pub schema_version: u64,
    /// What the state records.
    pub attributes: Attributes,
    /// The attributes in the state's own text, where decoding them loses something: a number that no double holds.
    pub exact: Option<String>,
    /// The paths that the state marks as sensitive.
    pub sensitive: Vec<AttributePath>,
    /// Terraform 1.12's resource identity.
    pub identity: Option<Value>,
    /// The version of the identity's own schema under which it was written.
    pub identity_schema_version: u64,
    /// The provider's private data, base64 as the state holds it.
    pub private: Option<String>,
    /// Whether the next apply would replace it.
    pub tainted: bool,
}

impl Instance {
    /// An instance of which nothing is known but what it records, under the first version of its type's schema.
    #[must_use]
    pub fn new(key: InstanceKey, provider: impl Into<String>, attributes: Attributes) -> Self {
        Self {
            type_name: key.address.type_name().to_owned(),
            key,
            provider: provider.into(),
            provider_config: String::new(),
            place: None,
            schema_version: 0,
            attributes,
            exact: None,
            sensitive: Vec::new(),
            identity: None,
            identity_schema_version: 0,
            private: None,
            tainted: false,
        }
    }

    /// Its address.
    #[must_use]
    pub fn address(&self) -> &Address {
        &self.key.address
    }

    /// The string attribute of that name, where it is there and not empty.
    #[must_use]
    pub fn text(&self, attribute: &str) -> Option<&str> {
        self.attributes.get(attribute).and_then(Value::as_str).filter(|text| !text.is_empty())
    }

    /// Terraform's `id` of it.
    #[must_use]
    pub fn id(&self) -> Option<&str> {
        self.text("id")
    }
}
