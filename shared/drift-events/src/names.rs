use std::{collections::HashMap, fmt::Write as _};

use drift_model::{Named, looks_like_a_credential, may_identify, names_a_secret};
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use crate::fields::Fields;

/// At most so many names are kept of one record. One call tags at most 1,000 resources of EC2, and most name below ten.
pub(crate) const MOST: usize = 1_000;

/// Every string of a change that may name a resource, in the record's order, each once; twice where the first was in free text.
pub(crate) fn of(fields: &Fields<'_>) -> Vec<Named> {
    let of_source = |source: &str| fields.source.as_deref().is_some_and(|this| this.eq_ignore_ascii_case(source));
    let ids = IDS_NAMED_LIKE_SECRETS.iter().filter(|(source, _)| of_source(source)).map(|(_, key)| *key).collect();
    let mut names = Names { path: String::new(), free_text: false, ids, found: Vec::new(), seen: HashMap::new() };
    for (part, value) in [
        ("requestParameters", fields.request),
        ("responseElements", fields.response),
        ("resources", fields.resources),
        ("serviceEventDetails", fields.service_event),
        ("additionalEventData", fields.additional),
    ] {
        if let Some(value) = value {
            names.walk(part, value);
        }
    }
    names.found
}

/// What was found so far, and where the walk stands.
struct Names {
    path: String,
    /// Within people's own words: tags and descriptions. There, only what looks like nothing but an ARN or an id counts.
    free_text: bool,
    /// The keys that hold ids although they look like those of secrets.
    ids: Vec<&'static str>,
    found: Vec<Named>,
    /// Each string, and whether it was seen in free text alone so far.
    seen: HashMap<String, bool>,
}

impl Names {
    fn walk(&mut self, part: &str, value: &RawValue) {
        part.clone_into(&mut self.path);
        self.free_text = false;
        // Valid JSON that is nested too deep for the parser ends the walk; what was found before it stands.
        let _ = Walk(self).deserialize(&mut serde_json::Deserializer::from_str(value.get()));
    }

    fn offer(&mut self, text: &str) {
        let unwanted = self.found.len() >= MOST
            || !may_identify(text)
            || (self.free_text && !looks_unmistakable(text))
            || looks_like_a_credential(text)
            // Whoever writes a resource's name into a tag as well does not hide that the call names it.
            || self.seen.get(text).is_some_and(|in_free_text| !in_free_text || self.free_text);
        if !unwanted {
            self.seen.insert(text.to_owned(), self.free_text);
            self.found.push(Named { value: text.to_owned(), at: self.path.clone(), free_text: self.free_text });
        }
    }
}

/// Parts of a record of which nothing is a resource's name, by their key in lower case.
fn is_skipped(key: &str) -> bool {
    const KEYS: [&str; 20] = [
        "_return",
        "assumerolepolicydocument",
        "awsaccountid",
        "clienttoken",
        "clientrequesttoken",
        "availabilityzone",
        "availabilityzones",
        "createdby",
        "creationtimestamp",
        "host",
        "ownerid",
        "policy",
        "policydocument",
        "region",
        "requestid",
        "requesterid",
        "tagkeys",
        "userdata",
        "x-amz-acl",
        "xmlns",
    ];
    KEYS.contains(&key)
}

/// API Gateway's `apiKey` is the id of a key; the key itself is its `value`. By event source, in lower case.
/// Source: `UpdateApiKeyRequest` in botocore's model of `apigateway`.
const IDS_NAMED_LIKE_SECRETS: &[(&str, &str)] = &[("apigateway.amazonaws.com", "apikey")];

/// Keys below which people write what they want.
fn is_free_text(key: &str) -> bool {
    key.contains("tag") && !key.contains("stage") || key.contains("description") || key.contains("comment")
}

/// An ARN, or an id with a prefix and hexadecimal digits: `vpc-0a1b2c3d`.
fn looks_unmistakable(text: &str) -> bool {
    let is_id = || {
        text.rsplit_once('-').is_some_and(|(words, digits)| {
            digits.len() >= 8
                && digits.bytes().all(|byte| byte.is_ascii_hexdigit())
                && words.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-')
        })
    };
    text.starts_with("arn:") || is_id()
}

/// Visits a value without building it.
struct Walk<'n>(&'n mut Names);

impl<'de> DeserializeSeed<'de> for Walk<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Walk<'_> {
    type Value = ();

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("any value")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<(), E> {
        self.0.offer(text);
        Ok(())
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        let Self(names) = self;
        let end = names.path.len();
        let mut index = 0usize;
        loop {
            // Writing to a string cannot fail.
            let _ = write!(names.path, "[{index}]");
            let more = items.next_element_seed(Walk(names))?;
            names.path.truncate(end);
            if more.is_none() {
                return Ok(());
            }
            index += 1;
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        let Self(names) = self;
        let (end, outside) = (names.path.len(), names.free_text);
        // A tag in a list is of AWS's own form, in which some services say what is tagged; a map of tags is people's own.
        let is_listed_tag = outside && names.path.ends_with(']');
        while let Some(key) = members.next_key::<String>()? {
            let folded = key.to_ascii_lowercase();
            let secret = names_a_secret(&folded) && !names.ids.contains(&folded.as_str());
            // A tag's key is never a resource's name.
            if is_skipped(&folded) || secret || (outside && matches!(folded.as_str(), "key" | "tagkey")) {
                members.next_value::<IgnoredAny>()?;
                continue;
            }
            names.path.push('.');
            names.path.push_str(&key);
            names.free_text = if is_listed_tag { folded != "resourceid" } else { outside || is_free_text(&folded) };
            members.next_value_seed(Walk(names))?;
            names.path.truncate(end);
            names.free_text = outside;
        }
        Ok(())
    }
}
