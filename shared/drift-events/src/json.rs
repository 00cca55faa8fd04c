//! JSON, a level at a time: what is odd in one value (a number beyond all bounds, half a surrogate pair, a thousand brackets)
//! costs only that value. None of it builds a value, and no message quotes one.

use std::borrow::Cow;

use serde::de::{Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

/// A string's text; nothing where the value is none, or is no Unicode.
pub(crate) fn string(value: &RawValue) -> Option<Cow<'_, str>> {
    let raw = value.get();
    let inner = raw.strip_prefix('"')?.strip_suffix('"')?;
    if inner.contains('\\') { serde_json::from_str::<String>(raw).ok().map(Cow::Owned) } else { Some(Cow::Borrowed(inner)) }
}

/// What may be said of a parser's complaint: those about types quote the value.
pub(crate) fn why(error: &serde_json::Error, wanted: &str) -> String {
    if error.is_data() { format!("it is not {wanted}") } else { error.to_string() }
}

/// Calls `take` with each member of an object; a key that is no Unicode is passed over. Fails where the text is no object.
pub(crate) fn each_member<'a>(text: &'a str, take: impl FnMut(&str, &'a RawValue)) -> serde_json::Result<()> {
    struct Members<F>(F);
    impl<'de, F: FnMut(&str, &'de RawValue)> Visitor<'de> for Members<F> {
        type Value = ();

        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("an object")
        }

        fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<(), A::Error> {
            while let Some(key) = map.next_key::<&'de RawValue>()? {
                let value: &'de RawValue = map.next_value()?;
                if let Some(key) = string(key) {
                    self.0(&key, value);
                }
            }
            Ok(())
        }
    }
    let mut deserializer = serde_json::Deserializer::from_str(text);
    deserializer.deserialize_map(Members(take))?;
    deserializer.end()
}

/// Calls `take` with each element of a list. Fails where the text is no list.
pub(crate) fn each_element<'a>(text: &'a str, take: impl FnMut(&'a RawValue)) -> serde_json::Result<()> {
    struct Elements<F>(F);
    impl<'de, F: FnMut(&'de RawValue)> Visitor<'de> for Elements<F> {
        type Value = ();

        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("a list")
        }

        fn visit_seq<A: SeqAccess<'de>>(mut self, mut list: A) -> Result<(), A::Error> {
            while let Some(element) = list.next_element::<&'de RawValue>()? {
                self.0(element);
            }
            Ok(())
        }
    }
    let mut deserializer = serde_json::Deserializer::from_str(text);
    deserializer.deserialize_seq(Elements(take))?;
    deserializer.end()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_odd_costs_only_itself() {
        let mut found = Vec::new();
        let text = r#"{"a": 1e999, "\ud800": 2, "b": "\ud800", "c": [[[]]], "a": "\u0041"}"#;
        each_member(text, |key, value| found.push(format!("{key}={}", string(value).unwrap_or_default()))).expect("an object");
        assert_eq!(found, ["a=", "b=", "c=", "a=A"]);
    }

    #[test]
    fn a_complaint_quotes_no_value() {
        let error = each_member("\"hunter2\"", |_, _| {}).expect_err("no object");
        assert_eq!(why(&error, "an object"), "it is not an object");
    }
}
