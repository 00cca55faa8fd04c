use drift_model::Timestamp;
use serde_json::Value;

/// A moment as RFC 3339 in UTC, whatever offset it was written with.
pub(super) fn in_utc(value: Value) -> Value {
    let moment = value.as_str().and_then(|text| text.parse::<Timestamp>().ok());
    moment.map_or(value, |moment| Value::from(moment.to_string()))
}
