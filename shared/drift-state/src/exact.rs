//! Numbers that would not survive being decoded.

use serde::Deserialize;
use serde_json::value::RawValue;

#[derive(Deserialize)]
struct Attributes<'a> {
    #[serde(borrow)]
    attributes: Option<&'a RawValue>,
}

/// The text of `attributes` in an instance's object, where a number in it is neither a whole one of 64 bits nor one that a double
/// surely holds: it would be rounded.
pub(crate) fn exact_attributes(fragment: &[u8]) -> Option<String> {
    if !holds_a_long_number(fragment) {
        return None;
    }
    let object: Attributes<'_> = serde_json::from_slice(fragment).ok()?;
    object.attributes.map(|attributes| attributes.get().to_owned()).filter(|text| holds_a_long_number(text.as_bytes()))
}

/// So many digits a double always holds.
const SURE: usize = 15;

fn holds_a_long_number(json: &[u8]) -> bool {
    let mut at = 0;
    while let Some(byte) = json.get(at) {
        match byte {
            b'"' => at += string_length(&json[at..]),
            b'-' | b'0'..=b'9' => {
                let length = json[at..].iter().take_while(|byte| matches!(byte, b'0'..=b'9' | b'+' | b'-' | b'.' | b'e' | b'E')).count();
                let number = str::from_utf8(&json[at..at + length]).unwrap_or_default();
                if length > SURE && number.parse::<i64>().is_err() && number.parse::<u64>().is_err() || number.contains(['e', 'E']) {
                    return true;
                }
                at += length;
            }
            _ => at += 1,
        }
    }
    false
}

/// From the first quote to behind the last.
fn string_length(json: &[u8]) -> usize {
    let mut at = 1;
    while let Some(byte) = json.get(at) {
        match byte {
            b'\\' => at += 2,
            b'"' => return at + 1,
            _ => at += 1,
        }
    }
    json.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(attributes: &str, is_kept: bool) {
        let fragment = format!(r#"{{"schema_version": 0, "attributes": {attributes}, "private": "bnVsbA=="}}"#);
        assert_eq!(exact_attributes(fragment.as_bytes()), is_kept.then(|| attributes.to_owned()), "{attributes}");
    }

    #[test]
    fn text_is_kept_only_where_a_number_would_be_rounded() {
        check(r#"{"a": 12345678901234567890123}"#, true);
        check(r#"{"a": [0.12345678901234567]}"#, true);
        check(r#"{"a": 1e400}"#, true);
        check(r#"{"a": 9223372036854775807, "b": 18446744073709551615, "c": -9223372036854775808}"#, false);
        check(r#"{"a": 0.5, "b": "12345678901234567890123", "c": "\"12345678901234567890123"}"#, false);
    }
}
