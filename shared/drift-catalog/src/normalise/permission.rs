use serde_json::Value;

/// Some of GitHub's answers say `read` and `write` for what others, and Terraform, call `pull` and `push`. Every other word
/// (`triage`, `maintain`, `admin`, the name of a custom role) is the same in both.
pub(super) fn word(value: Value) -> Value {
    match value.as_str() {
        Some("read") => Value::from("pull"),
        Some("write") => Value::from("push"),
        _ => value,
    }
}
