//! URIs and headers: `rest-json` and `rest-xml`.

use std::collections::BTreeMap;

use drift_catalog::shapes::{Location, Member, Operation, Protocol, Shape, Type};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;

use super::{BadInput, Request, Shapes, json, scalar};

/// All but RFC 3986's unreserved characters, which is what signing takes for encoded.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
/// The same for labels that span segments.
const RESERVED_BUT_SLASH: &AsciiSet = &RESERVED.remove(b'/');

/// Percent-encoded for a path segment, a query string or a form.
pub(super) fn encoded(text: &str) -> String {
    utf8_percent_encode(text, RESERVED).to_string()
}

pub(super) fn request(
    protocol: Protocol,
    operation: &Operation,
    path: &str,
    members: &BTreeMap<String, Member>,
    input: &[(&str, &Member, &Value)],
    shapes: Shapes<'_>,
) -> Result<Request, BadInput> {
    let mut request = Request { method: operation.method.clone(), ..Request::default() };
    let (path, fixed) = path.split_once('?').unwrap_or((path, ""));
    let mut path = path.to_owned();
    let mut query: Vec<String> = fixed.split('&').filter(|part| !part.is_empty()).map(fixed_part).collect();
    let mut body = Vec::new();
    for &(name, member, value) in input {
        let wire = member.wire(name);
        match member.location {
            Location::Uri => {
                let text = scalar::text(name, value, &member.kind)?;
                path = path.replace(&format!("{{{wire}}}"), &encoded(&text));
                path = path.replace(&format!("{{{wire}+}}"), &utf8_percent_encode(&text, RESERVED_BUT_SLASH).to_string());
            }
            Location::QueryString => {
                let pairs = pairs(name, wire, member, value, shapes)?;
                query.extend(pairs.iter().map(|(key, value)| format!("{}={}", encoded(key), encoded(value))));
            }
            Location::Header => {
                let (_, texts): (Vec<_>, Vec<_>) = pairs(name, wire, member, value, shapes)?.into_iter().unzip();
                request.headers.push((wire.to_lowercase(), texts.join(",")));
            }
            Location::Headers => {
                for (key, value) in value.as_object().ok_or_else(|| BadInput::Type(name.to_owned()))? {
                    request.headers.push((format!("{wire}{key}").to_lowercase(), scalar::text(name, value, &Type::String)?));
                }
            }
            Location::Body | Location::Status => body.push((name, member, value)),
        }
    }
    request.target = if query.is_empty() { path } else { format!("{path}?{}", query.join("&")) };
    if !body.is_empty() || members.values().any(|member| member.location == Location::Body && protocol == Protocol::RestJson) {
        if protocol != Protocol::RestJson {
            return Err(BadInput::Body);
        }
        request.headers.push(("content-type".to_owned(), "application/json".to_owned()));
        request.body = match body.as_slice() {
            [(name, member, value)] if member.payload => json::value(name, member, value, shapes)?.to_string(),
            members => Value::Object(json::structure(members, shapes)?).to_string(),
        };
    }
    Ok(request)
}

/// `versioning` or `list-type=2`: signing wants an equals sign after every name.
fn fixed_part(part: &str) -> String {
    if part.contains('=') { part.to_owned() } else { format!("{part}=") }
}

/// The pairs that a member becomes: one, or one an item.
fn pairs(name: &str, wire: &str, member: &Member, value: &Value, shapes: Shapes<'_>) -> Result<Vec<(String, String)>, BadInput> {
    let wrong = || BadInput::Type(name.to_owned());
    match shapes.get(&member.kind) {
        None => Ok(vec![(wire.to_owned(), scalar::text(name, value, &member.kind)?)]),
        Some(Shape::List(item)) => {
            let items = value.as_array().ok_or_else(wrong)?.iter();
            items.map(|value| Ok((wire.to_owned(), scalar::text(name, value, &item.kind)?))).collect()
        }
        Some(Shape::Map { value: of, .. }) => {
            let mut found = Vec::new();
            for (key, value) in value.as_object().ok_or_else(wrong)? {
                match value {
                    Value::Array(items) => {
                        for item in items {
                            found.push((key.clone(), scalar::text(name, item, &Type::String)?));
                        }
                    }
                    value => found.push((key.clone(), scalar::text(name, value, &of.kind)?)),
                }
            }
            Ok(found)
        }
        Some(Shape::Structure(_)) => Err(wrong()),
    }
}
