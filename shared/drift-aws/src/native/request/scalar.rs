//! Values without parts as requests write them. Inputs are made from templates, so a number may come as text.

use drift_catalog::shapes::{TimeFormat, Type};
use jiff::{Timestamp, fmt::rfc2822};
use serde_json::{Number, Value};

use super::BadInput;
use crate::native::answer::time;

/// As text, for forms, URIs and headers.
pub(super) fn text(name: &str, value: &Value, kind: &Type) -> Result<String, BadInput> {
    match (kind, value) {
        (Type::Timestamp(format), _) => Ok(match timestamp(name, value, *format)? {
            Value::String(text) => text,
            other => other.to_string(),
        }),
        (_, Value::String(text)) => Ok(text.clone()),
        (_, Value::Number(number)) => Ok(number.to_string()),
        (_, Value::Bool(truth)) => Ok(truth.to_string()),
        _ => Err(BadInput::Type(name.to_owned())),
    }
}

/// As JSON, for JSON bodies.
pub(super) fn json(name: &str, value: &Value, kind: &Type) -> Result<Value, BadInput> {
    let wrong = || BadInput::Type(name.to_owned());
    match (kind, value) {
        (Type::Document, _)
        | (Type::String | Type::Blob, Value::String(_))
        | (Type::Boolean, Value::Bool(_))
        | (Type::Integer | Type::Float, Value::Number(_)) => Ok(value.clone()),
        (Type::String, Value::Number(_) | Value::Bool(_)) => Ok(Value::String(value.to_string())),
        (Type::Integer | Type::Float, Value::String(text)) => text.parse::<Number>().map(Value::Number).map_err(|_| wrong()),
        (Type::Boolean, Value::String(text)) => text.parse::<bool>().map(Value::Bool).map_err(|_| wrong()),
        (Type::Timestamp(format), _) => timestamp(name, value, *format),
        _ => Err(wrong()),
    }
}

fn timestamp(name: &str, value: &Value, format: TimeFormat) -> Result<Value, BadInput> {
    let time: Option<Timestamp> = match value {
        Value::String(text) => time(text),
        Value::Number(number) => time(&number.to_string()),
        _ => None,
    };
    let time = time.ok_or_else(|| BadInput::Type(name.to_owned()))?;
    Ok(match format {
        TimeFormat::Unix => Value::from(time.as_second()),
        TimeFormat::Iso8601 => Value::String(time.to_string()),
        TimeFormat::Http => {
            let written = rfc2822::DateTimePrinter::new().timestamp_to_rfc9110_string(&time);
            Value::String(written.map_err(|_| BadInput::Type(name.to_owned()))?)
        }
    })
}
