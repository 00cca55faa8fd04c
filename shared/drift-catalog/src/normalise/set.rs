use serde_json::{Map, Value};

/// Every list in the value without order and without repetition.
pub(super) fn unordered(value: Value) -> Value {
    match value {
        Value::Array(items) => sorted(items.into_iter().map(unordered).collect()),
        Value::Object(members) => Value::Object(members.into_iter().map(|(key, value)| (key, unordered(value))).collect::<Map<_, _>>()),
        scalar => scalar,
    }
}

/// A list in the one order that every list of these elements has.
pub(super) fn sorted(mut items: Vec<Value>) -> Value {
    items.sort_by_cached_key(Value::to_string);
    items.dedup();
    Value::Array(items)
}
