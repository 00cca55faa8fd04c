use drift_model::Timestamp;
use serde_json::Value;

/// A moment to the second as RFC 3339 in UTC, from that or from what Go's `Time.String` writes, which is what the GitHub
/// provider records: `2023-01-12 12:44:16 +0000 UTC`.
///
/// Source: <https://pkg.go.dev/time#Time.String>
pub(super) fn to_the_second(value: Value) -> Value {
    let Some(text) = value.as_str() else { return value };
    let written = text.strip_suffix(" +0000 UTC").map(|moment| format!("{}Z", moment.replacen(' ', "T", 1)));
    let moment = written.as_deref().unwrap_or(text).parse::<Timestamp>().ok();
    moment.and_then(|moment| Timestamp::from_second(moment.as_second()).ok()).map_or(value, |moment| Value::from(moment.to_string()))
}
