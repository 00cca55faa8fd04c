use serde_json::Value;

use super::set;

/// Route 53 keeps the quotes of a text record, Terraform records what stands between the first and the last.
pub(super) fn unquoted(value: Value) -> Value {
    let Value::Array(records) = value else { return value };
    let plain = |record: Value| match record.as_str().and_then(between_quotes) {
        Some(inside) => Value::from(inside),
        None => record,
    };
    set::sorted(records.into_iter().map(plain).collect())
}

fn between_quotes(record: &str) -> Option<&str> {
    record.strip_prefix('"')?.strip_suffix('"')
}
