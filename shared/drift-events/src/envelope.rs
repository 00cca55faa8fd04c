use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::json::why;

/// A part of a body that holds no record that could be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{at}: {why}")]
pub struct Malformed {
    /// Which part: `line 3`, or `the body`.
    pub at: String,
    /// What is wrong with it.
    pub why: String,
}

/// The records in a body, in order, each as the JSON text that [`crate::read`] takes.
///
/// A body is an EventBridge event (of any detail-type), such an event as an SNS notification, a record alone, a CloudTrail
/// log file (`{"Records": [...]}`), a JSON array of records, or lines of any of these. A broken line costs only itself, and
/// stands at its place as [`Malformed`].
#[must_use]
pub fn records(body: &[u8]) -> Vec<Result<Cow<'_, [u8]>, Malformed>> {
    let body = trim(body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body));
    if let Some(whole) = text(body).and_then(|text| serde_json::from_str::<&RawValue>(text).ok()) {
        let mut found = Vec::new();
        unwrap(whole, "the body", &mut found);
        return found;
    }
    let mut found = Vec::new();
    for (number, line) in body.split(|byte| *byte == b'\n').enumerate() {
        let line = trim(line);
        if line.is_empty() {
            continue;
        }
        let at = format!("line {}", number + 1);
        match text(line)
            .ok_or_else(|| "not UTF-8".to_owned())
            .and_then(|text| serde_json::from_str(text).map_err(|error| why(&error, "JSON")))
        {
            Ok(whole) => unwrap(whole, &at, &mut found),
            Err(why) => found.push(Err(Malformed { at, why })),
        }
    }
    // Many lines of which none is JSON are one broken document, not so many broken records.
    if found.len() > 1 && found.iter().all(Result::is_err) {
        found.truncate(1);
    }
    if found.is_empty() {
        found.push(Err(Malformed { at: "the body".to_owned(), why: "empty".to_owned() }));
    }
    found
}

/// What may stand around a record.
#[derive(Deserialize)]
struct Envelope<'a> {
    /// Of an EventBridge event.
    #[serde(borrow)]
    detail: Option<&'a RawValue>,
    /// Of a CloudTrail log file.
    #[serde(borrow, rename = "Records", alias = "records")]
    records: Option<&'a RawValue>,
    /// Of an SNS notification.
    #[serde(borrow, rename = "Message")]
    message: Option<&'a RawValue>,
    #[serde(borrow, rename = "TopicArn")]
    topic: Option<&'a RawValue>,
}

fn unwrap<'a>(whole: &'a RawValue, at: &str, found: &mut Vec<Result<Cow<'a, [u8]>, Malformed>>) {
    if whole.get().starts_with('[') {
        return each(whole, at, found);
    }
    match serde_json::from_str::<Envelope<'a>>(whole.get()) {
        Ok(Envelope { records: Some(list), .. }) if list.get().starts_with('[') => each(list, at, found),
        Ok(Envelope { detail: Some(detail), .. }) if detail.get().starts_with('{') => unwrap_detail(detail, found),
        Ok(Envelope { message: Some(message), topic: Some(_), .. }) => {
            // Unescaping makes new text, so what is within is owned.
            match serde_json::from_str::<String>(message.get()) {
                Ok(inner) => found.extend(records_within(&inner)),
                Err(error) => found.push(Err(Malformed { at: at.to_owned(), why: why(&error, "a notification") })),
            }
        }
        _ => found.push(Ok(Cow::Borrowed(whole.get().as_bytes()))),
    }
}

fn unwrap_detail<'a>(detail: &'a RawValue, found: &mut Vec<Result<Cow<'a, [u8]>, Malformed>>) {
    found.push(Ok(Cow::Borrowed(detail.get().as_bytes())));
}

/// One level only: a notification that holds a notification is nobody's, and recursion on somebody's bytes is not wanted.
fn records_within(message: &str) -> Vec<Result<Cow<'static, [u8]>, Malformed>> {
    let at = "the notification's message";
    let Ok(whole) = serde_json::from_str::<&RawValue>(message) else {
        return vec![Err(Malformed { at: at.to_owned(), why: "not JSON".to_owned() })];
    };
    let mut found = Vec::new();
    match serde_json::from_str::<Envelope<'_>>(whole.get()) {
        Ok(Envelope { detail: Some(detail), .. }) if detail.get().starts_with('{') => unwrap_detail(detail, &mut found),
        Ok(Envelope { records: Some(list), .. }) if list.get().starts_with('[') => each(list, at, &mut found),
        _ => found.push(Ok(Cow::Borrowed(whole.get().as_bytes()))),
    }
    found.into_iter().map(|record| record.map(|text| Cow::Owned(text.into_owned()))).collect()
}

fn each<'a>(list: &'a RawValue, at: &str, found: &mut Vec<Result<Cow<'a, [u8]>, Malformed>>) {
    match serde_json::from_str::<Vec<&'a RawValue>>(list.get()) {
        Ok(items) => {
            for item in items {
                match serde_json::from_str::<Envelope<'a>>(item.get()) {
                    Ok(Envelope { detail: Some(detail), .. }) if detail.get().starts_with('{') => unwrap_detail(detail, found),
                    _ => found.push(Ok(Cow::Borrowed(item.get().as_bytes()))),
                }
            }
        }
        Err(error) => found.push(Err(Malformed { at: at.to_owned(), why: why(&error, "a list") })),
    }
}

fn text(bytes: &[u8]) -> Option<&str> {
    std::str::from_utf8(bytes).ok()
}

fn trim(bytes: &[u8]) -> &[u8] {
    bytes.trim_ascii()
}
