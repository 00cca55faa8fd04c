//! What a plugin says of one type: its blocks, its attributes, and cty's types.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::proto;

/// One resource type, or the provider's own configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Schema {
    /// Counts the changes of it.
    pub(crate) version: u64,
    /// The outermost block.
    pub(crate) block: Block,
}

/// A block: what an object in the state is made of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Block {
    pub(crate) attributes: BTreeMap<String, Attribute>,
    pub(crate) blocks: BTreeMap<String, Nested>,
}

/// Blocks within a block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Nested {
    pub(crate) nesting: Nesting,
    pub(crate) block: Block,
}

/// How many, and in which order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Nesting {
    /// None or one.
    Single,
    /// One, always there.
    Group,
    List,
    Set,
    Map,
}

/// An attribute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Attribute {
    pub(crate) kind: Kind,
    /// Whether nobody can configure it.
    pub(crate) computed_only: bool,
    pub(crate) sensitive: bool,
}

/// What an attribute holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A value of one of cty's types.
    Plain(Type),
    /// Attributes, since version 6 of the protocol.
    Nested(Nesting, BTreeMap<String, Attribute>),
}

/// A type of cty. Source: `cty/json.go` of zclconf/go-cty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Type {
    Bool,
    Number,
    String,
    /// Each value brings its own type.
    Dynamic,
    List(Box<Type>),
    Set(Box<Type>),
    Map(Box<Type>),
    Tuple(Vec<Type>),
    Object(BTreeMap<String, Type>),
}

/// Something of a schema that a value can be of.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Of<'a> {
    Attribute(&'a Attribute),
    Blocks(&'a Nested),
    Block(&'a Block),
    Attributes(&'a BTreeMap<String, Attribute>),
    Type(&'a Type),
}

/// What values consist of: what the members of an object are is the schema's, what the keys of a map are is the user's.
#[derive(Clone, Debug)]
pub(crate) enum Shape<'a> {
    /// Nothing that the schema tells of.
    Leaf,
    /// A list or set of these.
    Elements(Of<'a>),
    /// A map of these.
    Keyed(Of<'a>),
    /// An object with these members.
    Members(Vec<(&'a str, Of<'a>)>),
}

impl<'a> Of<'a> {
    pub(crate) fn shape(self) -> Shape<'a> {
        let attributes = |attributes: &'a BTreeMap<String, Attribute>| {
            attributes.iter().map(|(name, attribute)| (name.as_str(), Self::Attribute(attribute)))
        };
        let nested = |nesting, of: Self| match nesting {
            Nesting::Single | Nesting::Group => of.shape(),
            Nesting::List | Nesting::Set => Shape::Elements(of),
            Nesting::Map => Shape::Keyed(of),
        };
        match self {
            Self::Attribute(Attribute { kind: Kind::Plain(of), .. }) => Self::Type(of).shape(),
            Self::Attribute(Attribute { kind: Kind::Nested(nesting, attributes), .. }) => nested(*nesting, Self::Attributes(attributes)),
            Self::Blocks(Nested { nesting, block }) => nested(*nesting, Self::Block(block)),
            Self::Block(Block { attributes: of, blocks }) => {
                let blocks = blocks.iter().map(|(name, nested)| (name.as_str(), Self::Blocks(nested)));
                Shape::Members(attributes(of).chain(blocks).collect())
            }
            Self::Attributes(of) => Shape::Members(attributes(of).collect()),
            Self::Type(Type::List(of) | Type::Set(of)) => Shape::Elements(Self::Type(of)),
            Self::Type(Type::Map(of)) => Shape::Keyed(Self::Type(of)),
            Self::Type(Type::Object(members)) => Shape::Members(members.iter().map(|(name, of)| (name.as_str(), Self::Type(of))).collect()),
            Self::Type(Type::Bool | Type::Number | Type::String | Type::Dynamic | Type::Tuple(_)) => Shape::Leaf,
        }
    }
}

impl Schema {
    /// A top-level attribute or block.
    pub(crate) fn of(&self, name: &str) -> Option<Of<'_>> {
        let attribute = self.block.attributes.get(name).map(Of::Attribute);
        attribute.or_else(|| self.block.blocks.get(name).map(Of::Blocks))
    }
}

/// A schema that makes no sense.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("its schema has {at}: {why}")]
pub(crate) struct SchemaError {
    at: String,
    why: &'static str,
}

impl<A: proto::Member> TryFrom<proto::Schema<A>> for Schema {
    type Error = SchemaError;

    fn try_from(schema: proto::Schema<A>) -> Result<Self, SchemaError> {
        Ok(Self {
            version: u64::try_from(schema.version).unwrap_or_default(),
            block: schema.block.map(Block::try_from).transpose()?.unwrap_or_default(),
        })
    }
}

impl<A: proto::Member> TryFrom<proto::Block<A>> for Block {
    type Error = SchemaError;

    fn try_from(block: proto::Block<A>) -> Result<Self, SchemaError> {
        let nested = |nested: proto::NestedBlock<A>| {
            let nesting = Nesting::new(nested.nesting, &nested.type_name)?;
            let block = nested.block.map(Self::try_from).transpose()?.unwrap_or_default();
            Ok((nested.type_name, Nested { nesting, block }))
        };
        let own = block.attributes.into_iter().map(Into::into).collect();
        Ok(Self { attributes: attributes(own)?, blocks: block.nested.into_iter().map(nested).collect::<Result<_, _>>()? })
    }
}

impl Nesting {
    fn new(number: i32, at: &str) -> Result<Self, SchemaError> {
        Ok(match number {
            1 => Self::Single,
            2 => Self::List,
            3 => Self::Set,
            4 => Self::Map,
            5 => Self::Group,
            _ => return Err(SchemaError { at: at.to_owned(), why: "an unknown kind of nesting" }),
        })
    }
}

/// By name; what is only written and never kept has no place in a state.
fn attributes(attributes: Vec<proto::Attribute>) -> Result<BTreeMap<String, Attribute>, SchemaError> {
    let one = |attribute: proto::Attribute| {
        let kind = match attribute.nested_type {
            Some(nested) => Kind::Nested(Nesting::new(nested.nesting, &attribute.name)?, self::attributes(nested.attributes)?),
            None => Kind::Plain(
                Type::from_json(&attribute.r#type)
                    .ok_or_else(|| SchemaError { at: attribute.name.clone(), why: "no type of Terraform's" })?,
            ),
        };
        let computed_only = attribute.computed && !attribute.optional && !attribute.required;
        Ok((attribute.name, Attribute { kind, computed_only, sensitive: attribute.sensitive }))
    };
    attributes.into_iter().filter(|attribute| !attribute.write_only).map(one).collect()
}

/// A type nested more deeply than this is not believed.
const DEEPEST: usize = 64;

impl Type {
    /// `"string"`, `["list", "string"]`, `["object", {"a": "string"}]`; nothing where it is none of these.
    pub(crate) fn from_json(json: &[u8]) -> Option<Self> {
        Self::from_value(&serde_json::from_slice(json).ok()?, DEEPEST)
    }

    fn from_value(value: &Value, depth: usize) -> Option<Self> {
        let inner = |value| Self::from_value(value, depth.checked_sub(1)?);
        match value {
            Value::String(name) => Some(match name.as_str() {
                "bool" => Self::Bool,
                "number" => Self::Number,
                "string" => Self::String,
                "dynamic" => Self::Dynamic,
                _ => return None,
            }),
            Value::Array(parts) => match (parts.first()?.as_str()?, parts.get(1)?) {
                ("list", element) => Some(Self::List(Box::new(inner(element)?))),
                ("set", element) => Some(Self::Set(Box::new(inner(element)?))),
                ("map", element) => Some(Self::Map(Box::new(inner(element)?))),
                ("tuple", Value::Array(elements)) => Some(Self::Tuple(elements.iter().map(inner).collect::<Option<_>>()?)),
                ("object", Value::Object(members)) => {
                    let members = members.iter().map(|(name, member)| Some((name.clone(), inner(member)?)));
                    Some(Self::Object(members.collect::<Option<_>>()?))
                }
                _ => None,
            },
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_read_as_cty_writes_them() {
        let read = |text: &str| Type::from_json(text.as_bytes());
        assert_eq!(read(r#""dynamic""#), Some(Type::Dynamic));
        assert_eq!(
            read(r#"["map",["object",{"a":["set","number"]},["a"]]]"#),
            Some(Type::Map(Box::new(Type::Object([("a".to_owned(), Type::Set(Box::new(Type::Number)))].into()))))
        );
        assert_eq!(read(r#"["tuple",["bool","string"]]"#), Some(Type::Tuple(vec![Type::Bool, Type::String])));
        for odd in ["", "1", r#""text""#, r#"["list"]"#, r#"["object",[]]"#, &(r#"["list","#.repeat(100) + r#""bool""# + &"]".repeat(100))]
        {
            assert_eq!(read(odd), None, "{odd}");
        }
    }

    #[test]
    fn a_schema_with_a_kind_of_nesting_that_nobody_knows_is_refused() {
        let nested = proto::NestedBlock { type_name: "rule".to_owned(), block: None, nesting: 9 };
        let block = proto::Block { nested: vec![nested], ..proto::Block::default() };
        let error = Schema::try_from(proto::Schema::<proto::Attribute> { version: 1, block: Some(block) }).expect_err("refused");
        assert_eq!(error.to_string(), "its schema has rule: an unknown kind of nesting");
    }
}
