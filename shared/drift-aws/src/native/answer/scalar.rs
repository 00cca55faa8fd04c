//! Values without parts: text of XML and of headers, and what JSON holds, into one form.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use drift_catalog::shapes::Type;
use jiff::{Timestamp, civil, fmt::rfc2822, tz::Offset};
use serde_json::{Number, Value};

use super::Undecodable;

/// The value of a text; nothing where the text is empty and that means no value.
pub(super) fn from_text(text: &str, kind: &Type) -> Result<Option<Value>, Undecodable> {
    if matches!(kind, Type::String | Type::Document) {
        return Ok(Some(Value::String(text.to_owned())));
    }
    let text = text.trim();
    if text.is_empty() {
        return Ok(matches!(kind, Type::Blob).then(|| Value::String(String::new())));
    }
    let value = match kind {
        Type::Integer => text.parse::<i64>().ok().map(Value::from),
        Type::Float => text.parse::<f64>().ok().map(float),
        Type::Boolean => match text {
            "true" | "True" | "TRUE" | "1" => Some(Value::Bool(true)),
            "false" | "False" | "FALSE" | "0" => Some(Value::Bool(false)),
            _ => None,
        },
        Type::Timestamp(_) => time(text).map(|time| Value::String(time.to_string())),
        Type::Blob => BASE64_STANDARD.decode(text).is_ok().then(|| Value::String(text.to_owned())),
        Type::String | Type::Document | Type::Shape(_) => None,
    };
    value.map(Some).ok_or_else(|| Undecodable::of_kind(kind))
}

/// The value that JSON holds; nothing for null.
pub(super) fn from_json(value: &Value, kind: &Type) -> Result<Option<Value>, Undecodable> {
    match (value, kind) {
        (Value::Null, _) => Ok(None),
        (_, Type::Document) | (Value::Bool(_), Type::Boolean) | (Value::Number(_), Type::Float) => Ok(Some(value.clone())),
        // DynamoDB writes its whole numbers as such, others as `5.0`.
        (Value::Number(number), Type::Integer) => whole(number).map(Some).ok_or_else(|| Undecodable::of_kind(kind)),
        (Value::Number(number), Type::Timestamp(_)) => {
            let time = number.as_f64().and_then(since_epoch).ok_or_else(|| Undecodable::of_kind(kind))?;
            Ok(Some(Value::String(time.to_string())))
        }
        (Value::String(text), _) => from_text(text, kind),
        // A number or truth value where the model says text: take it as it would be written.
        (Value::Number(number), Type::String) => Ok(Some(Value::String(number.to_string()))),
        (Value::Bool(truth), Type::String) => Ok(Some(Value::String(truth.to_string()))),
        _ => Err(Undecodable::of_kind(kind)),
    }
}

fn whole(number: &Number) -> Option<Value> {
    if number.is_i64() || number.is_u64() {
        return Some(Value::Number(number.clone()));
    }
    let float = number.as_f64().filter(|float| float.fract() == 0.0 && float.abs() < 9e15)?;
    #[expect(clippy::cast_possible_truncation, reason = "whole, and within what a double holds exactly")]
    let whole = float as i64;
    Some(Value::from(whole))
}

fn float(number: f64) -> Value {
    // JSON has no infinities and no NaN; AWS writes them as text.
    Number::from_f64(number).map_or_else(|| Value::String(number.to_string()), Value::Number)
}

/// A time in any of the three forms, by what it looks like.
pub(in crate::native) fn time(text: &str) -> Option<Timestamp> {
    if let Ok(seconds) = text.parse::<f64>() {
        return since_epoch(seconds);
    }
    if let Ok(time) = text.parse::<Timestamp>() {
        return Some(time);
    }
    // Without an offset, as some services write it, UTC is meant.
    if let Ok(time) = text.parse::<civil::DateTime>() {
        return Offset::UTC.to_timestamp(time).ok();
    }
    rfc2822::DateTimeParser::new().parse_timestamp(text).ok()
}

fn since_epoch(seconds: f64) -> Option<Timestamp> {
    #[expect(clippy::cast_possible_truncation, reason = "a cast saturates, and what is out of range is refused below")]
    let milliseconds = (seconds * 1000.0).round() as i64;
    Timestamp::from_millisecond(milliseconds).ok()
}
