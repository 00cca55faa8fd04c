use serde_json::Value;

/// The value that a text of JSON holds; a text that is no JSON object or list stays as it is.
pub(super) fn parsed(value: Value) -> Value {
    let found = value.as_str().and_then(|text| serde_json::from_str(text).ok());
    found.filter(|found: &Value| found.is_object() || found.is_array()).unwrap_or(value)
}
