//! Values as a plugin sends them: MessagePack, made sense of by the schema.
//!
//! Source: `docs/plugin-protocol/object-wire-format.md` in hashicorp/terraform, and `cty/msgpack` of zclconf/go-cty.

use std::collections::BTreeMap;

use rmpv::Value as Packed;
use serde_json::{Map, Number, Value};

use crate::schema::{Attribute, Block, Kind, Nested, Nesting, Schema, Type};

/// Where and why an answer does not fit the schema that its own plugin told. Holds no value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("its answer does not fit its schema at `{at}`: {why}")]
pub(crate) struct ValueError {
    at: String,
    why: &'static str,
}

/// A whole instance, by top-level attribute or block, in the one form that equal values have: sets are sorted, and what Terraform
/// takes for the same is the same.
pub(crate) type Attributes = BTreeMap<String, Decoded>;

/// One attribute's value, or that it is not known.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Decoded {
    Known(Value),
    /// Something in it is not known (yet): it can neither agree nor differ.
    Unknown,
}

/// That there is nothing, in MessagePack. Read by its byte: the decoder takes one that means nothing for it, too, and nothing less than
/// the plugin's own word says that an instance is gone.
const NIL: [u8; 1] = [0xc0];

/// A value nested more deeply than this is not believed.
const DEEPEST: usize = 128;

/// Decodes an instance; nothing where the message says that there is none.
pub(crate) fn decode(message: &[u8], schema: &Schema) -> Result<Option<Attributes>, ValueError> {
    if message.is_empty() || message == NIL {
        return Ok(None);
    }
    let fail = |why| ValueError { at: String::new(), why };
    let mut rest = message;
    let packed = rmpv::decode::read_value_with_max_depth(&mut rest, DEEPEST).map_err(|_| fail("it is no MessagePack"))?;
    if !rest.is_empty() {
        return Err(fail("it goes on after its end"));
    }
    let mut members = members(packed, "")?;
    let Block { attributes, blocks } = &schema.block;
    let mut decoded = Attributes::new();
    let mut take = |name: &String, value: Result<Value, Stop>| {
        let value = match value {
            Ok(value) => Decoded::Known(value),
            Err(Stop::Unknown) => Decoded::Unknown,
            Err(Stop::Wrong(error)) => return Err(error),
        };
        decoded.insert(name.clone(), value);
        Ok(())
    };
    for (name, attribute) in attributes {
        take(name, of_attribute(members.remove(name).unwrap_or(Packed::Nil), attribute, name))?;
    }
    for (name, nested) in blocks {
        take(name, of_blocks(members.remove(name).unwrap_or(Packed::Nil), nested, name))?;
    }
    Ok(Some(decoded))
}

/// Why decoding a value ends.
enum Stop {
    Unknown,
    Wrong(ValueError),
}

impl From<ValueError> for Stop {
    fn from(error: ValueError) -> Self {
        Self::Wrong(error)
    }
}

fn wrong<T>(at: &str, why: &'static str) -> Result<T, Stop> {
    Err(Stop::Wrong(ValueError { at: at.to_owned(), why }))
}

fn of_attribute(packed: Packed, attribute: &Attribute, at: &str) -> Result<Value, Stop> {
    match &attribute.kind {
        Kind::Plain(of) => of_type(packed, of, at),
        Kind::Nested(nesting, attributes) => nested(packed, *nesting, at, &|packed, at| {
            if packed.is_nil() {
                return Ok(Value::Null);
            }
            object(packed, at, attributes, of_attribute)
        }),
    }
}

/// Blocks that are not there are an empty list, whether the message says null or nothing: configurations cannot tell the two apart.
fn of_blocks(packed: Packed, of: &Nested, at: &str) -> Result<Value, Stop> {
    let value = nested(packed, of.nesting, at, &|packed, at| of_block(packed, &of.block, at))?;
    Ok(match (value, of.nesting) {
        (Value::Null, Nesting::List | Nesting::Set) => Value::Array(Vec::new()),
        (Value::Null, Nesting::Map) => Value::Object(Map::new()),
        (value, _) => value,
    })
}

/// A block in a list that is null is one without content.
fn of_block(packed: Packed, block: &Block, at: &str) -> Result<Value, Stop> {
    let mut members = if packed.is_nil() { BTreeMap::new() } else { members(packed, at)? };
    let mut object = Map::new();
    for (name, attribute) in &block.attributes {
        let value = of_attribute(members.remove(name).unwrap_or(Packed::Nil), attribute, &join(at, name))?;
        object.insert(name.clone(), value);
    }
    for (name, nested) in &block.blocks {
        let value = of_blocks(members.remove(name).unwrap_or(Packed::Nil), nested, &join(at, name))?;
        object.insert(name.clone(), value);
    }
    Ok(Value::Object(object))
}

type Decode<'a> = &'a dyn Fn(Packed, &str) -> Result<Value, Stop>;

fn nested(packed: Packed, nesting: Nesting, at: &str, one: Decode<'_>) -> Result<Value, Stop> {
    match (packed, nesting) {
        (Packed::Ext(..), _) => Err(Stop::Unknown),
        (Packed::Nil, _) => Ok(Value::Null),
        (packed, Nesting::Single | Nesting::Group) => one(packed, at),
        (Packed::Array(items), Nesting::List) => list(items, at, one).map(Value::Array),
        (Packed::Array(items), Nesting::Set) => list(items, at, one).map(sorted),
        (packed, Nesting::Map) => map(packed, at, one),
        (_, Nesting::List | Nesting::Set) => wrong(at, "a list is expected"),
    }
}

fn of_type(packed: Packed, of: &Type, at: &str) -> Result<Value, Stop> {
    match (packed, of) {
        (Packed::Ext(..), _) => Err(Stop::Unknown),
        (Packed::Nil, _) => Ok(Value::Null),
        (Packed::Boolean(value), Type::Bool) => Ok(Value::Bool(value)),
        (Packed::String(text), Type::String) => text.into_str().map(Value::String).map_or_else(|| wrong(at, "a text is no UTF-8"), Ok),
        (packed, Type::Number) => number(packed).map_or_else(|| wrong(at, "a number is expected"), Ok),
        (Packed::Array(items), Type::List(of)) => list(items, at, &|item, at| of_type(item, of, at)).map(Value::Array),
        (Packed::Array(items), Type::Set(of)) => list(items, at, &|item, at| of_type(item, of, at)).map(sorted),
        (packed, Type::Map(of)) => map(packed, at, &|item, at| of_type(item, of, at)),
        (Packed::Array(items), Type::Tuple(types)) if items.len() == types.len() => {
            items.into_iter().zip(types).map(|(item, of)| of_type(item, of, at)).collect::<Result<_, _>>().map(Value::Array)
        }
        (packed, Type::Object(types)) => object(packed, at, types, of_type),
        (Packed::Array(pair), Type::Dynamic) => {
            let [of, value] = <[Packed; 2]>::try_from(pair).or_else(|_| wrong(at, "a pair of type and value is expected"))?;
            let of = match &of {
                Packed::Binary(json) => Type::from_json(json),
                Packed::String(json) => Type::from_json(json.as_bytes()),
                _ => None,
            };
            let Some(of) = of else { return wrong(at, "a type is expected") };
            of_type(value, &of, at)
        }
        _ => wrong(at, "a value of another type is there"),
    }
}

fn object<T>(
    packed: Packed,
    at: &str,
    of: &BTreeMap<String, T>,
    one: impl Fn(Packed, &T, &str) -> Result<Value, Stop>,
) -> Result<Value, Stop> {
    let mut members = members(packed, at)?;
    let mut object = Map::new();
    for (name, of) in of {
        object.insert(name.clone(), one(members.remove(name).unwrap_or(Packed::Nil), of, &join(at, name))?);
    }
    Ok(Value::Object(object))
}

fn list(items: Vec<Packed>, at: &str, one: Decode<'_>) -> Result<Vec<Value>, Stop> {
    items.into_iter().map(|item| one(item, at)).collect()
}

fn map(packed: Packed, at: &str, one: Decode<'_>) -> Result<Value, Stop> {
    let members = members(packed, at)?;
    let members = members.into_iter().map(|(key, item)| Ok((key, one(item, at)?)));
    Ok(Value::Object(members.collect::<Result<_, Stop>>()?))
}

fn members(packed: Packed, at: &str) -> Result<BTreeMap<String, Packed>, ValueError> {
    let fail = |why| ValueError { at: at.to_owned(), why };
    let Packed::Map(members) = packed else { return Err(fail("an object is expected")) };
    let members = members.into_iter().map(|(key, value)| match key {
        Packed::String(key) => key.into_str().map(|key| (key, value)).ok_or_else(|| fail("a name is no UTF-8")),
        _ => Err(fail("a name is expected")),
    });
    members.collect()
}

/// Whole numbers and those that a double holds exactly come as such; what is larger or more precise comes as decimal digits, and
/// stays a text here: rounding could hide a difference.
fn number(packed: Packed) -> Option<Value> {
    match packed {
        Packed::Integer(number) => {
            let signed = number.as_i64().map(Number::from);
            Some(Value::Number(signed.or_else(|| number.as_u64().map(Number::from))?))
        }
        Packed::F32(number) => Number::from_f64(f64::from(number)).map(Value::Number),
        Packed::F64(number) => Number::from_f64(number).map(Value::Number),
        Packed::String(digits) => {
            let digits = digits.into_str()?;
            let is_number = digits.bytes().all(|byte| byte.is_ascii_digit() || b"+-.eE".contains(&byte)) && !digits.is_empty();
            let exact = || digits.parse::<i64>().map(Number::from).or_else(|_| digits.parse::<u64>().map(Number::from));
            is_number.then(|| exact().map_or_else(|_| Value::String(digits.clone()), Value::Number))
        }
        _ => None,
    }
}

/// A set has no order and holds nothing twice.
fn sorted(mut items: Vec<Value>) -> Value {
    items.sort_by_cached_key(ToString::to_string);
    items.dedup();
    Value::Array(items)
}

fn join(at: &str, name: &str) -> String {
    format!("{at}.{name}")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::{Just, Strategy, any, prop, prop_assert_eq, prop_assert_ne, prop_oneof, proptest};
    use serde_json::json;

    use super::*;

    fn attribute(kind: Kind) -> Attribute {
        Attribute { kind, computed_only: false, sensitive: false }
    }

    fn schema(of: &str) -> Schema {
        let of = Type::from_json(of.as_bytes()).expect("a type");
        let attributes = [("a".to_owned(), attribute(Kind::Plain(of)))].into();
        Schema { version: 0, block: Block { attributes, blocks: BTreeMap::new() } }
    }

    fn message(value: Packed) -> Vec<u8> {
        let mut message = Vec::new();
        rmpv::encode::write_value(&mut message, &Packed::Map(vec![("a".into(), value)])).expect("memory takes it");
        message
    }

    #[track_caller]
    fn check(of: &str, value: Packed, expected: Value) {
        let decoded = decode(&message(value), &schema(of)).expect("fits").expect("is there");
        assert_eq!(decoded["a"], Decoded::Known(expected), "{of}");
    }

    #[track_caller]
    fn refuses(of: &str, value: Packed, expected: &str) {
        let error = decode(&message(value), &schema(of)).expect_err("does not fit").to_string();
        assert!(error.contains(expected), "{error}");
    }

    fn list(items: impl IntoIterator<Item = i64>) -> Packed {
        Packed::Array(items.into_iter().map(Packed::from).collect())
    }

    #[test]
    fn each_type_is_read_as_terraform_writes_it() {
        check(r#""string""#, "x".into(), json!("x"));
        check(r#""bool""#, true.into(), json!(true));
        check(r#"["list","number"]"#, list([2, 1, 1]), json!([2, 1, 1]));
        check(r#"["map","string"]"#, Packed::Map(vec![("k".into(), "v".into())]), json!({"k": "v"}));
        check(r#"["object",{"x":"bool","y":"string"}]"#, Packed::Map(vec![("x".into(), false.into())]), json!({"x": false, "y": null}));
        check(r#"["tuple",["bool","string"]]"#, Packed::Array(vec![true.into(), "x".into()]), json!([true, "x"]));
        check(r#""dynamic""#, Packed::Array(vec![Packed::Binary(br#"["set","number"]"#.to_vec()), list([2, 1])]), json!([1, 2]));
        check(r#""string""#, Packed::Nil, json!(null));
    }

    #[test]
    fn a_set_has_no_order_and_holds_nothing_twice() {
        check(r#"["set","number"]"#, list([3, 1, 3, 2]), json!([1, 2, 3]));
    }

    #[test]
    fn a_number_is_never_rounded() {
        check(r#""number""#, 7.into(), json!(7));
        check(r#""number""#, 0.5.into(), json!(0.5));
        check(r#""number""#, u64::MAX.into(), json!(u64::MAX));
        check(r#""number""#, "18446744073709551615".into(), json!(u64::MAX));
        check(r#""number""#, "12345678901234567890123".into(), json!("12345678901234567890123"));
        check(r#""number""#, "0.1234567890123456789".into(), json!("0.1234567890123456789"));
        for odd in ["", "a", "0x1f"] {
            refuses(r#""number""#, odd.into(), "a number is expected");
        }
    }

    #[test]
    fn what_is_not_known_is_neither_one_thing_nor_the_other() {
        for unknown in [Packed::Ext(0, vec![0]), Packed::Ext(12, vec![0x81, 1, 0xc2])] {
            for value in [unknown.clone(), Packed::Array(vec![unknown])] {
                let of = if matches!(value, Packed::Array(_)) { r#"["list","string"]"# } else { r#""string""# };
                let decoded = decode(&message(value), &schema(of)).expect("fits").expect("is there");
                assert_eq!(decoded["a"], Decoded::Unknown);
            }
        }
    }

    #[test]
    fn what_does_not_fit_is_refused_without_its_value() {
        refuses(r#""string""#, 1.into(), "`a`: a value of another type is there");
        refuses(r#"["list","string"]"#, Packed::Array(vec![true.into()]), "`a`");
        refuses(r#"["object",{"x":"bool"}]"#, Packed::Map(vec![("x".into(), "hunter2".into())]), "`a.x`: a value of another type is there");
        refuses(r#""dynamic""#, Packed::Array(vec!["no type".into(), 1.into()]), "a type is expected");
        refuses(r#"["tuple",["bool"]]"#, Packed::Array(vec![]), "`a`");
    }

    #[test]
    fn nothing_and_nil_are_no_instance_and_junk_is_an_error() {
        let schema = schema(r#""string""#);
        assert_eq!((decode(&[], &schema), decode(&[0xc0], &schema)), (Ok(None), Ok(None)));
        for junk in [&[0xc1][..], &[0xdf, 0xff, 0xff, 0xff, 0xff], &[0x80, 0x80], &[0x91; 4096], b"\x81\xa1a"] {
            assert!(decode(junk, &schema).is_err(), "{junk:?}");
        }
    }

    #[test]
    fn blocks_that_are_not_there_are_none_and_one_without_content_is_one() {
        let inner = Block { attributes: [("x".to_owned(), attribute(Kind::Plain(Type::Bool)))].into(), blocks: BTreeMap::new() };
        let mut expected =
            [(Nesting::List, json!([])), (Nesting::Set, json!([])), (Nesting::Map, json!({})), (Nesting::Single, json!(null))];
        for (nesting, nothing) in &mut expected {
            let blocks = [("a".to_owned(), Nested { nesting: *nesting, block: inner.clone() })].into();
            let schema = Schema { version: 0, block: Block { attributes: BTreeMap::new(), blocks } };
            let decoded = decode(&message(Packed::Nil), &schema).expect("fits").expect("is there");
            assert_eq!(decoded["a"], Decoded::Known(nothing.take()));
            if matches!(nesting, Nesting::List | Nesting::Set) {
                let decoded = decode(&message(Packed::Array(vec![Packed::Nil])), &schema).expect("fits").expect("is there");
                assert_eq!(decoded["a"], Decoded::Known(json!([{"x": null}])));
            }
        }
    }

    /// Values that nest, in no schema's order, extensions and odd keys included.
    fn any_packed() -> impl Strategy<Value = Packed> {
        let leaf = prop_oneof![
            Just(Packed::Nil),
            any::<bool>().prop_map(Packed::from),
            any::<i64>().prop_map(Packed::from),
            any::<u64>().prop_map(Packed::from),
            any::<f64>().prop_map(Packed::from),
            "[a-c0-9.]{0,6}".prop_map(Packed::from),
            (any::<i8>(), prop::collection::vec(any::<u8>(), 0..4)).prop_map(|(kind, bytes)| Packed::Ext(kind, bytes)),
            prop_oneof![Just(&b"\"string\""[..]), Just(&b"[\"set\",\"dynamic\"]"[..])].prop_map(|json| Packed::Binary(json.to_vec())),
        ];
        leaf.prop_recursive(4, 32, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Packed::Array),
                prop::collection::vec((inner.clone(), inner), 0..4).prop_map(Packed::Map),
            ]
        })
    }

    const TYPES: [&str; 7] = [
        r#""string""#,
        r#""number""#,
        r#""dynamic""#,
        r#"["set",["set","number"]]"#,
        r#"["map",["list","dynamic"]]"#,
        r#"["object",{"a":"bool","b":["tuple",["string","number"]]}]"#,
        r#"["list",["object",{"c":["map","string"]}]]"#,
    ];

    proptest! {
        #[test]
        fn no_message_is_too_odd(value in any_packed(), of in prop::sample::select(&TYPES[..]), cut in 0_usize..64) {
            let message = message(value);
            for part in [&message[..], &message[..message.len().saturating_sub(cut)]] {
                // Whatever it is, it is a value, nothing, or an error; and the same each time.
                prop_assert_eq!(decode(part, &schema(of)), decode(part, &schema(of)));
            }
        }

        #[test]
        fn bytes_that_mean_nothing_are_an_error_or_a_value(bytes in prop::collection::vec(any::<u8>(), 2..64), of in prop::sample::select(&TYPES[..])) {
            // That an instance is gone is said by one byte or none, and by nothing that is longer.
            prop_assert_ne!(decode(&bytes, &schema(of)), Ok(None));
        }

        #[test]
        fn the_order_of_a_set_never_matters(numbers in prop::collection::vec(-3_i64..3, 0..6), by in 0_usize..6) {
            let mut moved = numbers.clone();
            moved.rotate_left(by.min(numbers.len()));
            moved.reverse();
            let of = schema(r#"["set","number"]"#);
            prop_assert_eq!(decode(&message(list(numbers)), &of), decode(&message(list(moved)), &of));
        }
    }
}
