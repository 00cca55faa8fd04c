use serde_json::Value;

/// Some APIs answer numbers as text, and older providers recorded them so.
pub(super) fn integer(value: Value) -> Value {
    match &value {
        Value::String(text) => text.trim().parse::<i64>().map_or(value, Value::from),
        _ => value,
    }
}

/// Likewise for truth.
pub(super) fn boolean(value: Value) -> Value {
    match value.as_str().map(str::trim) {
        Some(text) if text.eq_ignore_ascii_case("true") => Value::Bool(true),
        Some(text) if text.eq_ignore_ascii_case("false") => Value::Bool(false),
        _ => value,
    }
}
