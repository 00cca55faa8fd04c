use std::collections::BTreeMap;

use rmpv::Value as Packed;
use serde::Deserialize;
use serde_json::{Map, Number, Value, json};

/// A type of Terraform's language, in cty's JSON form: `"string"`, `["set", "string"]`, `["object", {"a": "bool"}]`, ...
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Value")]
pub(crate) enum Type {
    Bool,
    Number,
    String,
    Dynamic,
    List(Box<Type>),
    Set(Box<Type>),
    Map(Box<Type>),
    Object(BTreeMap<String, Type>),
    Tuple(Vec<Type>),
}

/// A value that is not of its type.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{at}: {wanted} is required")]
pub(crate) struct Misfit {
    /// Where in the value; empty is all of it.
    at: String,
    wanted: String,
}

impl Misfit {
    fn new(wanted: impl Into<String>) -> Self {
        Self { at: String::new(), wanted: wanted.into() }
    }

    fn within(self, step: &str) -> Self {
        Self { at: format!(".{step}{}", self.at), ..self }
    }
}

impl TryFrom<Value> for Type {
    type Error = Misfit;

    fn try_from(form: Value) -> Result<Self, Misfit> {
        let unknown = || Misfit::new(format!("a type instead of {form}"));
        let each = |of: &Value| Self::try_from(of.clone());
        match &form {
            Value::String(name) => match name.as_str() {
                "bool" => Ok(Self::Bool),
                "number" => Ok(Self::Number),
                "string" => Ok(Self::String),
                "dynamic" => Ok(Self::Dynamic),
                _ => Err(unknown()),
            },
            Value::Array(parts) => match (parts.first().and_then(Value::as_str), parts.get(1)) {
                (Some("list"), Some(of)) => each(of).map(Box::new).map(Self::List),
                (Some("set"), Some(of)) => each(of).map(Box::new).map(Self::Set),
                (Some("map"), Some(of)) => each(of).map(Box::new).map(Self::Map),
                (Some("object"), Some(Value::Object(members))) => {
                    members.iter().map(|(name, of)| Ok((name.clone(), each(of)?))).collect::<Result<_, _>>().map(Self::Object)
                }
                (Some("tuple"), Some(Value::Array(items))) => items.iter().map(each).collect::<Result<_, _>>().map(Self::Tuple),
                _ => Err(unknown()),
            },
            _ => Err(unknown()),
        }
    }
}

impl From<&Type> for Value {
    fn from(of: &Type) -> Self {
        match of {
            Type::Bool => json!("bool"),
            Type::Number => json!("number"),
            Type::String => json!("string"),
            Type::Dynamic => json!("dynamic"),
            Type::List(of) => json!(["list", Value::from(&**of)]),
            Type::Set(of) => json!(["set", Value::from(&**of)]),
            Type::Map(of) => json!(["map", Value::from(&**of)]),
            Type::Object(members) => {
                json!(["object", members.iter().map(|(name, of)| (name.clone(), Self::from(of))).collect::<Map<_, _>>()])
            }
            Type::Tuple(items) => json!(["tuple", items.iter().map(Self::from).collect::<Vec<_>>()]),
        }
    }
}

impl Type {
    /// A value as MessagePack, as cty writes it.
    ///
    /// Source: hashicorp/terraform, docs/plugin-protocol/object-wire-format.md.
    pub(crate) fn pack(&self, value: &Value) -> Result<Packed, Misfit> {
        if let Some(refinement) = value.get("$unknown") {
            return Ok(unknown(refinement));
        }
        match (self, value) {
            (_, Value::Null) => Ok(Packed::Nil),
            (Self::Bool, Value::Bool(value)) => Ok(Packed::from(*value)),
            (Self::String, Value::String(value)) => Ok(Packed::from(value.as_str())),
            (Self::Number, value) => number(value),
            (Self::Dynamic, value) => {
                let Some((form, inner)) = value.get("type").zip(value.get("value")) else {
                    return Err(Misfit::new("a type and a value"));
                };
                let of = Self::try_from(form.clone())?;
                Ok(Packed::Array(vec![Packed::Binary(Value::from(&of).to_string().into_bytes()), of.pack(inner)?]))
            }
            (Self::List(of) | Self::Set(of), Value::Array(items)) => {
                let each = |(at, item): (usize, &Value)| of.pack(item).map_err(|misfit| misfit.within(&at.to_string()));
                items.iter().enumerate().map(each).collect::<Result<_, _>>().map(Packed::Array)
            }
            (Self::Tuple(types), Value::Array(items)) if types.len() == items.len() => {
                types.iter().zip(items).map(|(of, item)| of.pack(item)).collect::<Result<_, _>>().map(Packed::Array)
            }
            (Self::Map(of), Value::Object(members)) => pairs(members.iter().map(|(key, value)| (key, of.pack(value)))),
            (Self::Object(types), Value::Object(members)) => {
                if let Some(other) = members.keys().find(|name| !types.contains_key(*name)) {
                    return Err(Misfit::new(format!("no attribute {other}")));
                }
                pairs(types.iter().map(|(name, of)| (name, of.pack(members.get(name).unwrap_or(&Value::Null)))))
            }
            _ => Err(Misfit::new(Value::from(self).to_string())),
        }
    }

    /// Whether a value that a client sent is of this type, as strictly as cty takes it: an object has all of its
    /// attributes and no other.
    pub(crate) fn admits(&self, value: &Packed) -> Result<(), Misfit> {
        match (self, value) {
            (_, Packed::Nil | Packed::Ext(..))
            | (Self::Bool, Packed::Boolean(_))
            | (Self::String, Packed::String(_))
            | (Self::Number, Packed::Integer(_) | Packed::F32(_) | Packed::F64(_)) => Ok(()),
            (Self::Number, Packed::String(text)) if text.as_str().is_some_and(|text| text.parse::<f64>().is_ok()) => Ok(()),
            (Self::Dynamic, Packed::Array(pair)) => {
                let form = pair.first().and_then(Packed::as_slice).and_then(|form| serde_json::from_slice::<Value>(form).ok());
                match (form, pair.get(1)) {
                    (Some(form), Some(value)) => Self::try_from(form)?.admits(value),
                    _ => Err(Misfit::new("a type and a value")),
                }
            }
            (Self::List(of) | Self::Set(of), Packed::Array(items)) => {
                items.iter().enumerate().try_for_each(|(at, item)| of.admits(item).map_err(|misfit| misfit.within(&at.to_string())))
            }
            (Self::Tuple(types), Packed::Array(items)) if types.len() == items.len() => {
                types.iter().zip(items).try_for_each(|(of, item)| of.admits(item))
            }
            (Self::Map(of), Packed::Map(members)) => members.iter().try_for_each(|(key, value)| within(key, of.admits(value))),
            (Self::Object(types), Packed::Map(members)) => {
                if types.len() != members.len() {
                    return Err(Misfit::new(format!("an object with {} attributes instead of {}", types.len(), members.len())));
                }
                members.iter().try_for_each(|(key, value)| match key.as_str().and_then(|name| types.get(name)) {
                    Some(of) => within(key, of.admits(value)),
                    None => Err(Misfit::new(format!("no attribute {key}"))),
                })
            }
            _ => Err(Misfit::new(Value::from(self).to_string())),
        }
    }

    /// The value without members that the type does not know.
    pub(crate) fn pruned(&self, value: Value) -> Value {
        match (self, value) {
            (Self::List(of) | Self::Set(of), Value::Array(items)) => items.into_iter().map(|item| of.pruned(item)).collect(),
            (Self::Map(of), Value::Object(members)) => members.into_iter().map(|(key, value)| (key, of.pruned(value))).collect(),
            (Self::Object(types), Value::Object(members)) => members
                .into_iter()
                .filter_map(|(name, value)| {
                    let pruned = types.get(&name)?.pruned(value);
                    Some((name, pruned))
                })
                .collect(),
            (_, other) => other,
        }
    }
}

fn within(key: &Packed, result: Result<(), Misfit>) -> Result<(), Misfit> {
    result.map_err(|misfit| misfit.within(key.as_str().unwrap_or_default()))
}

fn pairs<'a>(members: impl Iterator<Item = (&'a String, Result<Packed, Misfit>)>) -> Result<Packed, Misfit> {
    members
        .map(|(key, value)| Ok((Packed::from(key.as_str()), value.map_err(|misfit| misfit.within(key))?)))
        .collect::<Result<_, _>>()
        .map(Packed::Map)
}

/// The extension 0, or 12 with what is known all the same: here a text's beginning.
fn unknown(refinement: &Value) -> Packed {
    match refinement.get("prefix").and_then(Value::as_str) {
        Some(prefix) => Packed::Ext(12, bytes(&Packed::Map(vec![(Packed::from(2), Packed::from(prefix))]))),
        None => Packed::Ext(0, vec![0]),
    }
}

/// An integer where it is one of 64 bits, else a float where that is exact, else the decimal digits.
fn number(value: &Value) -> Result<Packed, Misfit> {
    let wrong = || Misfit::new("a number");
    match value {
        Value::Number(number) => number.as_i64().map(Packed::from).or_else(|| number.as_f64().map(shortest)).ok_or_else(wrong),
        // States hold what no float can as a string.
        Value::String(digits) if digits.parse::<f64>().is_ok() => {
            Ok(digits.parse::<i64>().map_or(Packed::from(digits.as_str()), Packed::from))
        }
        Value::Object(special) => match (special.get("$number").and_then(Value::as_str), special.get("$float").and_then(Value::as_f64)) {
            (Some(digits), _) => Ok(Packed::from(digits)),
            (None, Some(float)) => Ok(Packed::F64(float)),
            (None, None) => Err(wrong()),
        },
        _ => Err(wrong()),
    }
}

fn shortest(float: f64) -> Packed {
    // Printed without a point, a whole number of fewer than 64 bits parses as an integer.
    format!("{float}").parse::<i64>().map_or(Packed::F64(float), Packed::from)
}

/// The bytes of a MessagePack value.
pub(crate) fn bytes(value: &Packed) -> Vec<u8> {
    let mut bytes = Vec::new();
    rmpv::encode::write_value(&mut bytes, value).expect("memory takes every byte");
    bytes
}

/// A value as MessagePack by its looks alone.
pub(crate) fn packed_by_looks(value: &Value) -> Packed {
    match value {
        Value::Null => Packed::Nil,
        Value::Bool(value) => Packed::from(*value),
        Value::Number(_) => number(value).unwrap_or(Packed::Nil),
        Value::String(text) => Packed::from(text.as_str()),
        Value::Array(items) => Packed::Array(items.iter().map(packed_by_looks).collect()),
        Value::Object(members) => {
            Packed::Map(members.iter().map(|(key, value)| (Packed::from(key.as_str()), packed_by_looks(value))).collect())
        }
    }
}

/// A MessagePack value as JSON by its looks alone, for the journal.
pub(crate) fn unpacked_by_looks(value: &Packed) -> Value {
    match value {
        Packed::Nil => Value::Null,
        Packed::Boolean(value) => json!(value),
        Packed::Integer(number) => number.as_i64().map_or_else(|| json!(number.as_u64()), |number| json!(number)),
        Packed::F32(number) => json!(number),
        Packed::F64(number) => Number::from_f64(*number).map_or_else(|| json!(number.to_string()), Value::Number),
        Packed::String(text) => json!(text.as_str()),
        Packed::Binary(bytes) => json!(String::from_utf8_lossy(bytes)),
        Packed::Array(items) => items.iter().map(unpacked_by_looks).collect(),
        Packed::Map(members) => {
            members.iter().map(|(key, value)| (key.as_str().unwrap_or_default().to_owned(), unpacked_by_looks(value))).collect()
        }
        Packed::Ext(..) => json!({"$unknown": true}),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(form: Value) -> Type {
        Type::try_from(form).expect("a type")
    }

    #[track_caller]
    #[expect(clippy::needless_pass_by_value, reason = "a case reads as one expression")]
    fn check(form: Value, value: Value, expected: &[u8]) {
        let of = of(form);
        let packed = of.pack(&value).expect("a value of the type");
        assert_eq!(bytes(&packed), expected);
        assert_eq!(of.admits(&packed), Ok(()), "what is written reads back");
    }

    #[test]
    fn primitives_are_what_message_pack_calls_them() {
        check(json!("bool"), json!(true), &[0xc3]);
        check(json!("string"), json!("é"), &[0xa2, 0xc3, 0xa9]);
        check(json!("string"), json!(null), &[0xc0]);
    }

    #[test]
    fn a_number_is_an_integer_or_a_float_or_decimal_digits() {
        check(json!("number"), json!(443), &[0xcd, 0x01, 0xbb]);
        check(json!("number"), json!(5.0), &[5]);
        check(json!("number"), json!(0.5), &[0xcb, 0x3f, 0xe0, 0, 0, 0, 0, 0, 0]);
        check(json!("number"), json!({"$float": 5}), &[0xcb, 0x40, 0x14, 0, 0, 0, 0, 0, 0]);
        check(json!("number"), json!({"$number": "0.1"}), &[0xa3, b'0', b'.', b'1']);
        check(json!("number"), json!("12345678901234567890123"), b"\xb712345678901234567890123");
    }

    #[test]
    fn collections_nest_and_objects_are_in_the_order_of_their_names() {
        check(json!(["set", "string"]), json!(["b", "a"]), &[0x92, 0xa1, b'b', 0xa1, b'a']);
        check(json!(["map", "number"]), json!({"k": 1}), &[0x81, 0xa1, b'k', 1]);
        check(json!(["object", {"b": "bool", "a": "bool"}]), json!({"b": false}), &[0x82, 0xa1, b'a', 0xc0, 0xa1, b'b', 0xc2]);
        check(json!(["tuple", ["bool", "number"]]), json!([true, 1]), &[0x92, 0xc3, 1]);
    }

    #[test]
    fn a_dynamic_value_is_a_pair_of_its_type_and_itself() {
        let value = json!({"type": ["list", "bool"], "value": [true]});
        check(json!("dynamic"), value, b"\x92\xc4\x0f[\"list\",\"bool\"]\x91\xc3");
    }

    #[test]
    fn an_unknown_value_is_an_extension_of_whatever_type_it_is() {
        check(json!("bool"), json!({"$unknown": true}), &[0xd4, 0, 0]);
        check(json!("string"), json!({"$unknown": {"prefix": "ab"}}), &[0xc7, 5, 12, 0x81, 2, 0xa2, b'a', b'b']);
    }

    #[test]
    fn a_value_that_does_not_fit_is_refused_with_where() {
        let object = of(json!(["object", {"a": ["list", "string"]}]));
        assert_eq!(object.pack(&json!({"a": ["x", 1]})).expect_err("a number").to_string(), ".a.1: \"string\" is required");
        let sent = packed_by_looks(&json!({"a": null, "b": null}));
        let refused = object.admits(&sent).expect_err("two attributes");
        assert_eq!(refused.to_string(), ": an object with 1 attributes instead of 2 is required");
    }

    #[test]
    fn types_print_as_they_are_read() {
        for form in [json!("dynamic"), json!(["map", ["object", {"a": ["tuple", ["bool", ["set", "number"]]]}]])] {
            assert_eq!(Value::from(&of(form.clone())), form);
        }
    }
}
