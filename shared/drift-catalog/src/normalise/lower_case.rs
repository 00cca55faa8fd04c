use serde_json::Value;

/// A name, or each of a list of names.
pub(crate) fn lower(value: Value) -> Value {
    match value {
        // Full lower case can take more than one step for a few letters; GitHub's names are ASCII where case means nothing.
        Value::String(name) => Value::String(name.to_ascii_lowercase()),
        Value::Array(names) => Value::Array(names.into_iter().map(lower).collect()),
        other => other,
    }
}
