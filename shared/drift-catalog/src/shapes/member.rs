use std::collections::BTreeMap;

use serde::Deserialize;

/// What a value is made of.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "ShapeTable")]
pub enum Shape {
    /// Members by the model's names.
    Structure(BTreeMap<String, Member>),
    /// Items; `wire` is what one is called.
    List(Member),
    /// Strings to values.
    Map {
        /// The values.
        value: Member,
        /// What a key is called on the wire.
        key_wire: String,
        /// What a value is called on the wire.
        value_wire: String,
    },
}

/// A member of a structure, an item of a list, or a value of a map.
#[derive(Clone, Debug, Deserialize)]
#[serde(from = "MemberTable")]
#[expect(clippy::struct_excessive_bools, reason = "each is a trait of the model, and any may hold with any other")]
pub struct Member {
    /// What it is.
    pub kind: Type,
    /// What it is called on the wire, where that is not the model's name.
    pub wire: Option<String>,
    /// Where it goes, or comes from.
    pub location: Location,
    /// Whether the items of a list or the entries of a map stand where the list itself would.
    pub flat: bool,
    /// Whether it is an XML attribute.
    pub attribute: bool,
    /// Whether a header holds it as base64 of JSON.
    pub json: bool,
    /// Whether a call cannot do without.
    pub required: bool,
    /// Whether it is the whole body.
    pub payload: bool,
}

/// Where a member goes, or comes from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Location {
    /// The body.
    #[default]
    Body,
    /// A label of the path.
    Uri,
    /// A parameter of the query string.
    QueryString,
    /// A header.
    Header,
    /// All headers of a prefix.
    Headers,
    /// The HTTP status.
    Status,
}

/// The type of a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Type {
    /// Text.
    String,
    /// A whole number.
    Integer,
    /// A number.
    Float,
    /// True or false.
    Boolean,
    /// Bytes, which JSON holds as base64.
    Blob,
    /// Any JSON.
    Document,
    /// A time; the format is how an input is written.
    Timestamp(TimeFormat),
    /// A structure, list or map, by name.
    Shape(String),
}

/// How a time is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimeFormat {
    /// Seconds since 1970.
    Unix,
    /// RFC 3339.
    Iso8601,
    /// As in HTTP's `Date`.
    Http,
}

impl Member {
    /// What it is called on the wire.
    #[must_use]
    pub fn wire<'a>(&'a self, name: &'a str) -> &'a str {
        self.wire.as_deref().unwrap_or(name)
    }
}

impl Shape {
    /// The shapes that it names.
    pub fn references(&self) -> impl Iterator<Item = &str> {
        let members: Vec<&Member> = match self {
            Self::Structure(members) => members.values().collect(),
            Self::List(member) | Self::Map { value: member, .. } => vec![member],
        };
        members.into_iter().filter_map(|member| match &member.kind {
            Type::Shape(name) => Some(name.as_str()),
            _ => None,
        })
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ShapeTable {
    members: Option<BTreeMap<String, Member>>,
    list: Option<Member>,
    map: Option<Member>,
    key: Option<String>,
    value: Option<String>,
}

impl TryFrom<ShapeTable> for Shape {
    type Error = &'static str;

    fn try_from(table: ShapeTable) -> Result<Self, Self::Error> {
        match table {
            ShapeTable { members: Some(members), list: None, map: None, key: None, value: None } => Ok(Self::Structure(members)),
            ShapeTable { list: Some(item), members: None, map: None, key: None, value: None } => Ok(Self::List(item)),
            ShapeTable { map: Some(member), members: None, list: None, key, value } => Ok(Self::Map {
                value: member,
                key_wire: key.unwrap_or_else(|| "key".to_owned()),
                value_wire: value.unwrap_or_else(|| "value".to_owned()),
            }),
            _ => Err("a shape is one of members, list and map"),
        }
    }
}

#[derive(Deserialize)]
#[serde(untagged)]
enum MemberTable {
    Plain(Type),
    Table(Details),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(clippy::struct_excessive_bools, reason = "each is a trait of the model, and any may hold with any other")]
struct Details {
    #[serde(rename = "type")]
    kind: Type,
    wire: Option<String>,
    #[serde(default, rename = "in")]
    location: Location,
    #[serde(default)]
    flat: bool,
    #[serde(default)]
    attribute: bool,
    #[serde(default)]
    json: bool,
    #[serde(default)]
    required: bool,
    #[serde(default)]
    payload: bool,
}

impl From<MemberTable> for Member {
    fn from(table: MemberTable) -> Self {
        match table {
            MemberTable::Plain(kind) => Self {
                kind,
                wire: None,
                location: Location::default(),
                flat: false,
                attribute: false,
                json: false,
                required: false,
                payload: false,
            },
            MemberTable::Table(Details { kind, wire, location, flat, attribute, json, required, payload }) => {
                Self { kind, wire, location, flat, attribute, json, required, payload }
            }
        }
    }
}

impl<'de> Deserialize<'de> for Type {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Ok(match text.as_str() {
            "string" => Self::String,
            "integer" => Self::Integer,
            "float" => Self::Float,
            "boolean" => Self::Boolean,
            "blob" => Self::Blob,
            "document" => Self::Document,
            "timestamp" | "timestamp:iso8601" => Self::Timestamp(TimeFormat::Iso8601),
            "timestamp:unix" => Self::Timestamp(TimeFormat::Unix),
            "timestamp:http" => Self::Timestamp(TimeFormat::Http),
            other => match other.strip_prefix('#') {
                Some(name) => Self::Shape(name.to_owned()),
                None => return Err(serde::de::Error::custom(format_args!("{other} is no type of a shape"))),
            },
        })
    }
}
