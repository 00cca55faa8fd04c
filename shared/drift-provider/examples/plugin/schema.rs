use std::collections::BTreeMap;

use prost::Message as _;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::{proto, value::Type};

/// A block's schema: Terraform's `Schema.Block`, as the world writes it.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Block {
    pub(crate) attributes: BTreeMap<String, Attribute>,
    pub(crate) blocks: BTreeMap<String, NestedBlock>,
}

/// An attribute: of a type, or in version 6 of nested attributes.
#[expect(clippy::struct_excessive_bools, reason = "the protocol's own members")]
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Attribute {
    pub(crate) r#type: Option<Type>,
    pub(crate) nested: Option<Nested>,
    pub(crate) required: bool,
    pub(crate) optional: bool,
    pub(crate) computed: bool,
    pub(crate) sensitive: bool,
    pub(crate) write_only: bool,
}

/// What makes up an attribute.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Nested {
    pub(crate) nesting: Nesting,
    #[serde(default)]
    pub(crate) attributes: BTreeMap<String, Attribute>,
}

/// A block within a block.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct NestedBlock {
    pub(crate) nesting: Nesting,
    #[serde(default)]
    pub(crate) attributes: BTreeMap<String, Attribute>,
    #[serde(default)]
    pub(crate) blocks: BTreeMap<String, NestedBlock>,
}

/// How often there is one, and in what; numbered as the protocol numbers it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Nesting {
    Single = 1,
    List,
    Set,
    Map,
    Group,
}

impl Nesting {
    fn of(self, object: Type) -> Type {
        match self {
            Self::Single | Self::Group => object,
            Self::List => Type::List(Box::new(object)),
            Self::Set => Type::Set(Box::new(object)),
            Self::Map => Type::Map(Box::new(object)),
        }
    }
}

impl Block {
    /// The type of its value.
    pub(crate) fn implied_type(&self) -> Type {
        let attributes = self.attributes.iter().map(|(name, attribute)| (name.clone(), attribute.implied_type()));
        let blocks = self.blocks.iter().map(|(name, nested)| (name.clone(), nested.nesting.of(nested.block().implied_type())));
        Type::Object(attributes.chain(blocks).collect())
    }

    pub(crate) fn message(&self) -> proto::Block {
        proto::Block {
            version: 0,
            attributes: messages(&self.attributes),
            nested: self
                .blocks
                .iter()
                .map(|(name, nested)| proto::NestedBlock {
                    type_name: name.clone(),
                    block: Some(nested.block().message()),
                    nesting: nested.nesting as i32,
                })
                .collect(),
        }
    }

    /// A recorded value as the SDKs take it: without what the schema does not know, and with an empty collection where
    /// there is no block.
    ///
    /// Source: terraform-plugin-sdk's `removeAttributes` and `NormalizeObjectFromLegacySDK`.
    pub(crate) fn completed(&self, recorded: &Map<String, Value>) -> Map<String, Value> {
        let attributes = self.attributes.iter().map(|(name, attribute)| {
            let value = recorded.get(name).cloned().unwrap_or_default();
            (name.clone(), attribute.implied_type().pruned(value))
        });
        let blocks =
            self.blocks.iter().map(|(name, nested)| (name.clone(), nested.completed(recorded.get(name).cloned().unwrap_or_default())));
        attributes.chain(blocks).collect()
    }
}

impl NestedBlock {
    fn block(&self) -> Block {
        Block { attributes: self.attributes.clone(), blocks: self.blocks.clone() }
    }

    fn completed(&self, value: Value) -> Value {
        let each = |value: Value| match value {
            Value::Object(members) => Value::Object(self.block().completed(&members)),
            other => other,
        };
        match (self.nesting, value) {
            (Nesting::List | Nesting::Set, Value::Null) => Value::Array(Vec::new()),
            (Nesting::Map, Value::Null) => Value::Object(Map::new()),
            (Nesting::Group, Value::Null) => each(Value::Object(Map::new())),
            (Nesting::List | Nesting::Set, Value::Array(items)) => items.into_iter().map(each).collect(),
            (Nesting::Map, Value::Object(members)) => members.into_iter().map(|(key, value)| (key, each(value))).collect(),
            (_, other) => each(other),
        }
    }
}

impl Attribute {
    fn implied_type(&self) -> Type {
        match (&self.nested, &self.r#type) {
            (Some(nested), _) => {
                let members = nested.attributes.iter().map(|(name, attribute)| (name.clone(), attribute.implied_type()));
                nested.nesting.of(Type::Object(members.collect()))
            }
            (None, Some(of)) => of.clone(),
            (None, None) => Type::String,
        }
    }

    fn message(&self, name: &str) -> proto::Attribute {
        let of = self.nested.is_none().then(|| Value::from(&self.implied_type()).to_string().into_bytes().into());
        proto::Attribute {
            name: name.to_owned(),
            r#type: of.unwrap_or_default(),
            required: self.required,
            optional: self.optional,
            computed: self.computed,
            sensitive: self.sensitive,
            nested_type: self
                .nested
                .as_ref()
                .map(|nested| proto::NestedObject { attributes: messages(&nested.attributes), nesting: nested.nesting as i32 }),
            write_only: self.write_only,
        }
    }
}

/// A schema as a version of the protocol writes it: 5 and 6 number some members of attributes otherwise, and 5 has no nested ones.
pub(crate) fn encoded(version: i64, block: &Block, protocol: u32) -> Vec<u8> {
    let block = Some(block.message());
    let schema = proto::Schema { version, block };
    if protocol < 6 { as_version_5(schema).encode_to_vec() } else { schema.encode_to_vec() }
}

fn as_version_5(proto::Schema { version, block }: proto::Schema) -> proto::Schema<proto::Attribute5> {
    fn of_block(block: proto::Block) -> proto::Block<proto::Attribute5> {
        let nested = block.nested.into_iter().map(|proto::NestedBlock { type_name, block, nesting }| proto::NestedBlock {
            type_name,
            block: block.map(of_block),
            nesting,
        });
        proto::Block {
            version: block.version,
            attributes: block.attributes.into_iter().map(of_attribute).collect(),
            nested: nested.collect(),
        }
    }
    fn of_attribute(attribute: proto::Attribute) -> proto::Attribute5 {
        let proto::Attribute { name, r#type, required, optional, computed, sensitive, nested_type, write_only } = attribute;
        assert!(nested_type.is_none(), "version 5 of the protocol has no nested attributes");
        proto::Attribute5 { name, r#type, required, optional, computed, sensitive, write_only }
    }
    proto::Schema { version, block: block.map(of_block) }
}

fn messages(attributes: &BTreeMap<String, Attribute>) -> Vec<proto::Attribute> {
    attributes.iter().map(|(name, attribute)| attribute.message(name)).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_recorded_value_loses_what_the_schema_does_not_know_and_gains_empty_blocks() {
        let nested = |nesting: &str| json!({"nesting": nesting, "attributes": {"a": {"type": "string"}}});
        let block: Block = serde_json::from_value(json!({
            "attributes": {"id": {"type": "string"}, "o": {"type": ["object", {"x": "number"}]}},
            "blocks": {"l": nested("list"), "s": nested("set"), "m": nested("map"), "one": nested("single"), "g": nested("group")},
        }))
        .expect("a schema");
        let Value::Object(recorded) = json!({"gone": 1, "o": {"x": 1, "y": 2}, "l": [{"a": "b", "c": "d"}]}) else { unreachable!() };
        assert_eq!(
            Value::Object(block.completed(&recorded)),
            json!({"id": null, "o": {"x": 1}, "l": [{"a": "b"}], "s": [], "m": {}, "one": null, "g": {"a": null}})
        );
    }
}
