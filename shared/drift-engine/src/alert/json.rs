use drift_model::{Cause, Difference, Place, Reason, Timestamp, Transition};
use serde::Serialize;

use super::MAX_TOGETHER;
use crate::ports::Alert;

/// The JSON body without its text, in bytes of JSON as SNS counts them: escaped once more.
const MAX_BODY: usize = MAX_TOGETHER - 64 * 1024;

#[derive(Serialize)]
struct Body<'a> {
    version: &'static str,
    #[serde(flatten)]
    transition: &'a Transition,
    address: &'a str,
    deposed: Option<&'a str>,
    #[serde(rename = "type")]
    type_name: &'a str,
    id_of_resource: Option<&'a str>,
    state: &'a str,
    place: Option<&'a Place>,
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<&'a str>,
    differences: &'a [Difference],
    was: &'a [Difference],
    unreadable: Option<&'a Reason>,
    causes: &'a [Cause],
    also_seen: &'a [Cause],
    first_seen: Timestamp,
    left_out: LeftOut,
}

#[derive(Clone, Copy, Serialize)]
struct LeftOut {
    differences: usize,
    was: usize,
    causes: usize,
    also_seen: usize,
}

/// The JSON body. Where it would be too long, half of each list is left out, the oldest changes first, until it is not.
pub(super) fn body(alert: &Alert) -> String {
    let drift = &alert.drift;
    let mut keep = usize::MAX;
    loop {
        let (differences, was) = (first(&drift.differences, keep), first(&alert.was, keep));
        let (causes, also_seen) = (last(&drift.causes, keep), last(&drift.also_seen, keep));
        let body = Body {
            version: "1",
            transition: &alert.transition,
            address: drift.instance.key.address.as_str(),
            deposed: drift.instance.key.deposed.as_deref(),
            type_name: &drift.type_name,
            id_of_resource: drift.id.as_deref(),
            state: &drift.instance.state.0,
            place: drift.place.as_ref(),
            url: drift.url.as_deref(),
            differences,
            was,
            unreadable: drift.unreadable.as_ref(),
            causes,
            also_seen,
            first_seen: drift.first_seen,
            left_out: LeftOut {
                differences: drift.differences.len() - differences.len(),
                was: alert.was.len() - was.len(),
                causes: drift.causes.len() - causes.len(),
                also_seen: drift.also_seen.len() - also_seen.len(),
            },
        };
        let text = serde_json::to_string(&body).unwrap_or_default();
        let longest = [differences.len(), was.len(), causes.len(), also_seen.len()].into_iter().max().unwrap_or_default();
        if escaped_length(&text) <= MAX_BODY || longest == 0 {
            return text;
        }
        keep = longest / 2;
    }
}

/// The length of a text as a JSON string within JSON.
fn escaped_length(text: &str) -> usize {
    text.bytes().map(|byte| if matches!(byte, b'"' | b'\\') { 2 } else { 1 }).sum()
}

fn first<T>(list: &[T], keep: usize) -> &[T] {
    &list[..list.len().min(keep)]
}

fn last<T>(list: &[T], keep: usize) -> &[T] {
    &list[list.len() - list.len().min(keep)..]
}
