use std::{collections::HashMap, fmt::Write as _};

use drift_model::{Named, looks_like_a_credential, may_identify, names_a_secret};
use serde_json::value::RawValue;

use crate::{
    fields::Fields,
    json::{each_element, each_member, string},
};

/// At most so many names are kept of one record. One call tags at most 1,000 resources of EC2, and most name below ten.
const MOST: usize = 1_000;

/// At most so many of them from people's own words, which must not crowd out what the call names.
const MOST_IN_FREE_TEXT: usize = 200;

/// Where a name stood is told up to here, in bytes: a key may be as long as the record.
const LONGEST_PATH: usize = 256;

/// Deeper than any record of CloudTrail, shallower than any stack.
const DEEPEST: usize = 64;

/// Every string of a change that may name a resource, in the record's order, each once; twice where the first was in free
/// text; and how many there are beyond those that are kept.
pub(crate) fn of(fields: &Fields<'_>) -> (Vec<Named>, usize) {
    let of_source = |source: &str| fields.source.as_deref().is_some_and(|this| this.eq_ignore_ascii_case(source));
    let ids = IDS_NAMED_LIKE_SECRETS.iter().filter(|(source, _)| of_source(source)).map(|(_, key)| *key).collect();
    let mut names = Names { ids, ..Names::default() };
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
    (names.found, names.left_out)
}

/// What was found so far, and where the walk stands.
#[derive(Default)]
struct Names {
    path: String,
    /// Within people's own words: tags and descriptions. There, only what looks like nothing but an ARN or an id counts.
    free_text: bool,
    /// The keys that hold ids although they look like those of secrets.
    ids: Vec<&'static str>,
    found: Vec<Named>,
    left_out: usize,
    in_free_text: usize,
    /// Each string, and whether it was seen in free text alone so far.
    seen: HashMap<String, bool>,
}

impl Names {
    fn walk(&mut self, part: &str, value: &RawValue) {
        part.clone_into(&mut self.path);
        self.free_text = false;
        self.value(value, 0);
    }

    fn value(&mut self, value: &RawValue, depth: usize) {
        match value.get().as_bytes().first() {
            Some(b'"') => {
                if let Some(text) = string(value) {
                    self.offer(&text);
                }
            }
            Some(b'[' | b'{') if depth == DEEPEST => self.left_out += 1,
            Some(b'[') => self.list(value, depth),
            Some(b'{') => self.object(value, depth),
            _ => {}
        }
    }

    fn list(&mut self, list: &RawValue, depth: usize) {
        let end = self.path.len();
        let mut index = 0usize;
        // Every value within valid JSON is valid.
        let _ = each_element(list.get(), |element| {
            // Writing to a string cannot fail.
            let _ = write!(self.path, "[{index}]");
            self.value(element, depth + 1);
            self.path.truncate(end);
            index += 1;
        });
    }

    fn object(&mut self, object: &RawValue, depth: usize) {
        let (end, outside) = (self.path.len(), self.free_text);
        // A tag in a list is of AWS's own form, in which some services say what is tagged; a map of tags is people's own.
        let is_listed_tag = outside && self.path.ends_with(']');
        let _ = each_member(object.get(), |key, value| {
            let folded = key.to_ascii_lowercase();
            let secret = names_a_secret(&folded) && !self.ids.contains(&folded.as_str());
            // A tag's key is never a resource's name.
            if is_skipped(&folded) || secret || (outside && matches!(folded.as_str(), "key" | "tagkey")) {
                return;
            }
            self.path.push('.');
            self.path.push_str(key);
            self.free_text = if is_listed_tag { folded != "resourceid" } else { outside || is_free_text(&folded) };
            self.value(value, depth + 1);
            self.path.truncate(end);
            self.free_text = outside;
        });
    }

    fn offer(&mut self, text: &str) {
        let unwanted = !may_identify(text)
            || (self.free_text && !looks_unmistakable(text))
            || looks_like_a_credential(text)
            // Whoever writes a resource's name into a tag as well does not hide that the call names it.
            || self.seen.get(text).is_some_and(|in_free_text| !in_free_text || self.free_text);
        if unwanted {
            return;
        }
        if self.found.len() >= MOST || (self.free_text && self.in_free_text >= MOST_IN_FREE_TEXT) {
            self.left_out += 1;
            return;
        }
        self.in_free_text += usize::from(self.free_text);
        self.seen.insert(text.to_owned(), self.free_text);
        self.found.push(Named { value: text.to_owned(), at: self.place(), free_text: self.free_text });
    }

    /// The path, cut where it is too long.
    fn place(&self) -> String {
        if self.path.len() <= LONGEST_PATH {
            return self.path.clone();
        }
        format!("{}...", &self.path[..self.path.floor_char_boundary(LONGEST_PATH)])
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
