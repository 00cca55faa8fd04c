use serde_json::Value;

/// A public key as its type and its key, without the comment, which GitHub does not keep.
pub(super) fn without_comment(value: Value) -> Value {
    let Some(text) = value.as_str() else { return value };
    let mut words = text.split_ascii_whitespace();
    match (words.next(), words.next()) {
        (Some(kind), Some(key)) => Value::from(format!("{kind} {key}")),
        (Some(word), None) => Value::from(word),
        _ => Value::from(""),
    }
}
