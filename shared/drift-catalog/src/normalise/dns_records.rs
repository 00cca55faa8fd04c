use serde_json::Value;

use super::set;

/// Route 53 keeps the quotes of a text record, Terraform records what stands between the first and the last.
pub(super) fn unquoted(value: Value) -> Value {
    let Value::Array(records) = value else { return value };
    let plain = |record: Value| match record.as_str() {
        Some(text) => Value::from(between_quotes(text)),
        None => record,
    };
    set::sorted(records.into_iter().map(plain).collect())
}

fn between_quotes(record: &str) -> &str {
    let mut inside = record;
    while let Some(shorter) = inside.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
        inside = shorter;
    }
    inside
}
