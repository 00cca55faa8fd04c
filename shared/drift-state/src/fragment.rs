//! One instance from the bytes that hold it.

use std::{collections::BTreeMap, fmt::Display};

use drift_model::{AttributePath, Attributes, Instance, InstanceKey, PathStep, Place, Value};
use serde::Deserialize;

use crate::{StateError, exact::exact_attributes, key::instance_key};

/// What is known of an instance but stands outside of its bytes.
#[derive(Clone, Copy, Debug)]
pub struct Outside<'a> {
    /// Its address, and the deposed key where it is a deposed object.
    pub key: &'a InstanceKey,
    /// The provider's source address.
    pub provider: &'a str,
    /// The provider configuration, as the state writes it.
    pub provider_config: &'a str,
    /// Where it lives, as the whole state tells it.
    pub place: Option<&'a Place>,
}

/// Decodes one instance from its object within a state's `instances`.
///
/// # Errors
///
/// [`StateError::Instance`] where the bytes are no such object, hold another instance than `outside` names, or hold
/// attributes in the untyped form of Terraform 0.11, which only the provider can decode.
pub fn instance(fragment: &[u8], outside: Outside<'_>) -> Result<Instance, StateError> {
    let fail = |why: String| StateError::Instance { address: outside.key.to_string(), why };
    let object = Object::parse(fragment).map_err(fail)?;
    if instance_key(&object.index_key).as_deref() != Some(outside.key.address.key()) || object.deposed != outside.key.deposed {
        return Err(fail("these bytes of the state hold another instance".to_owned()));
    }
    if object.is_flat() {
        return Err(fail(FLAT.to_owned()));
    }
    let instance = object.into_instance(outside).map_err(fail)?;
    Ok(Instance { exact: exact_attributes(fragment), ..instance })
}

const FLAT: &str =
    "its attributes are in the untyped form of Terraform 0.11 (`attributes_flat`): `terraform apply -refresh-only` writes them anew";

/// An element of `instances`. Source: `instanceObjectStateV4` in Terraform's `internal/states/statefile/version4.go`;
/// `provider` is OpenTofu's, for provider configurations with `for_each`.
#[derive(Deserialize)]
pub(crate) struct Object {
    #[serde(default)]
    pub(crate) index_key: Value,
    #[serde(default)]
    pub(crate) deposed: Option<String>,
    #[serde(default)]
    pub(crate) provider: Option<String>,
    #[serde(default)]
    status: Option<String>,
    #[serde(default)]
    schema_version: Option<u64>,
    #[serde(default)]
    attributes: Option<Attributes>,
    #[serde(default)]
    attributes_flat: Option<BTreeMap<String, String>>,
    #[serde(default)]
    sensitive_attributes: Value,
    #[serde(default)]
    identity: Value,
    #[serde(default)]
    identity_schema_version: Option<u64>,
    #[serde(default)]
    private: Option<String>,
}

impl Object {
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, String> {
        // A list would be taken for the members in their order.
        if !bytes.trim_ascii_start().starts_with(b"{") {
            return Err("it is not an object".to_owned());
        }
        let mut object: Self = serde_json::from_slice(bytes).map_err(|error| format!("it cannot be decoded: {}", kind_of(&error)))?;
        object.deposed = object.deposed.filter(|key| !key.is_empty());
        Ok(object)
    }

    fn is_flat(&self) -> bool {
        self.attributes.is_none() && self.attributes_flat.is_some()
    }

    /// The whole of it; from `attributes_flat` only the strings at the top level, as an index needs them.
    pub(crate) fn into_instance(self, outside: Outside<'_>) -> Result<Instance, String> {
        let sensitive = sensitive_paths(&self.sensitive_attributes)?;
        let tainted = match self.status.as_deref() {
            None | Some("") => false,
            Some("tainted") => true,
            Some(_) => return Err("its `status` is neither empty nor `tainted`".to_owned()),
        };
        let attributes = self.attributes.unwrap_or_else(|| {
            let flat = self.attributes_flat.unwrap_or_default();
            flat.into_iter().filter(|(name, _)| !name.contains('.')).map(|(name, text)| (name, Value::String(text))).collect()
        });
        Ok(Instance {
            key: outside.key.clone(),
            type_name: outside.key.address.type_name().to_owned(),
            provider: outside.provider.to_owned(),
            provider_config: outside.provider_config.to_owned(),
            place: outside.place.cloned(),
            schema_version: self.schema_version.unwrap_or_default(),
            attributes,
            sensitive,
            exact: None,
            identity_schema_version: self.identity_schema_version.unwrap_or_default(),
            identity: Some(self.identity).filter(|identity| !identity.is_null()),
            private: self.private,
            tainted,
        })
    }
}

/// What a parser's complaint may say: its messages about types quote the value.
fn kind_of(error: &serde_json::Error) -> String {
    let place = format!("line {}, column {} of its object", error.line(), error.column());
    let what: &dyn Display = match error.classify() {
        serde_json::error::Category::Data => &"a member is not of the kind that Terraform writes",
        _ => error,
    };
    if error.classify() == serde_json::error::Category::Data { format!("{what} ({place})") } else { what.to_string() }
}

/// `[[{"type": "get_attr", "value": "x"}, {"type": "index", "value": {"value": "k", "type": "string"}}]]`.
/// A step that cannot be decoded ends its path: what it stood in is hidden whole.
fn sensitive_paths(value: &Value) -> Result<Vec<AttributePath>, String> {
    let paths = match value {
        Value::Null => return Ok(Vec::new()),
        Value::Array(paths) => paths,
        _ => return Err("its `sensitive_attributes` is no list, so nothing tells what of it may be shown".to_owned()),
    };
    paths
        .iter()
        .map(|path| {
            let steps =
                path.as_array().ok_or("a path in its `sensitive_attributes` is no list, so nothing tells what of it may be shown")?;
            let steps: Vec<_> = steps.iter().map_while(step).collect();
            if steps.is_empty() {
                return Err("a path in its `sensitive_attributes` names no attribute, so nothing tells what of it may be shown".to_owned());
            }
            Ok(AttributePath(steps))
        })
        .collect()
}

fn step(step: &Value) -> Option<PathStep> {
    let value = step.get("value")?;
    // Since Terraform 0.15 the value of an index stands beside its type.
    match value.get("value").unwrap_or(value) {
        Value::String(key) => Some(PathStep::Key(key.clone())),
        Value::Number(index) => index.as_u64().map(PathStep::Index),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use drift_model::Address;
    use serde_json::json;

    use super::*;

    fn decode(fragment: &Value, address: &str) -> Result<Instance, StateError> {
        let key = InstanceKey::from(address.parse::<Address>().expect("an address"));
        let outside = Outside { key: &key, provider: "registry.terraform.io/hashicorp/aws", provider_config: "provider.aws", place: None };
        instance(fragment.to_string().as_bytes(), outside)
    }

    #[test]
    fn an_instance_is_decoded_whole() {
        let fragment = json!({
            "index_key": "a", "status": "tainted", "schema_version": 1, "attributes": {"id": "i-1", "tags": {"k": "v"}},
            "identity": {"account_id": "123456789012"}, "private": "bnVsbA==", "dependencies": [],
            "sensitive_attributes": [
                [{"type": "get_attr", "value": "password"}],
                [{"type": "get_attr", "value": "env"}, {"type": "index", "value": {"value": 0, "type": "number"}}, {"type": "index", "value": {"value": "K", "type": "string"}}],
                [{"type": "get_attr", "value": "set"}, {"type": "index", "value": {"value": {"a": 1}, "type": ["object", {"a": "number"}]}}]
            ]
        });
        let found = decode(&fragment, r#"aws_instance.app["a"]"#).expect("decodes");
        assert!(found.tainted);
        assert_eq!((found.id(), found.schema_version), (Some("i-1"), 1));
        let sensitive: Vec<_> = found.sensitive.iter().map(ToString::to_string).collect();
        assert_eq!(sensitive, ["password", "env[0].K", "set"]);
        assert_eq!(found.identity, Some(json!({"account_id": "123456789012"})));
    }

    #[track_caller]
    fn refuses(fragment: &Value, expected: &str) {
        let error = decode(fragment, "aws_instance.app").expect_err("refused").to_string();
        assert!(error.contains(expected), "{error}");
    }

    #[test]
    fn odd_bytes_are_refused_without_showing_a_value() {
        refuses(&json!({"index_key": 0, "attributes": {}}), "another instance");
        refuses(&json!({"deposed": "00000001", "attributes": {}}), "another instance");
        refuses(&json!({"attributes_flat": {"id": "x"}}), "terraform apply -refresh-only");
        refuses(&json!({"attributes": {}, "sensitive_attributes": {"a": 1}}), "`sensitive_attributes`");
        refuses(&json!({"attributes": {}, "sensitive_attributes": [[{"value": 1.5}]]}), "names no attribute");
        refuses(&json!({"attributes": "hunter2"}), "not of the kind");
        assert!(!decode(&json!({"attributes": "hunter2"}), "aws_instance.app").expect_err("refused").to_string().contains("hunter2"));
    }

    #[test]
    fn an_instance_without_attributes_is_an_empty_one() {
        assert!(decode(&json!({}), "aws_instance.app").expect("decodes").attributes.is_empty());
    }
}
