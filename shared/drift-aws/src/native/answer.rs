//! Answers of all protocols -> JSON by the model's member names.

mod json;
mod scalar;
pub(super) mod xml;

use std::collections::BTreeMap;

use base64::{Engine as _, prelude::BASE64_STANDARD};
use drift_catalog::shapes::{Location, Member, Operation, Protocol, Service, Shape, Type};
use serde_json::{Map, Value};

pub(super) use self::scalar::time;
use self::xml::Element;

/// An HTTP answer, as far as decoding needs it.
#[derive(Clone, Debug, Default)]
pub(super) struct Response<'a> {
    pub(super) status: u16,
    /// Names in lower case.
    pub(super) headers: Vec<(&'a str, &'a str)>,
    pub(super) body: &'a [u8],
}

impl<'a> Response<'a> {
    /// The value of the header of that name, given in lower case.
    pub(super) fn header(&self, name: &str) -> Option<&'a str> {
        self.headers.iter().find(|(written, _)| *written == name).map(|(_, value)| *value)
    }
}

/// An answer that is not what the model says. Names members, never values.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}{}{why}", path.join("."), if path.is_empty() { "" } else { ": " })]
pub(crate) struct Undecodable {
    path: Vec<String>,
    why: String,
}

impl Undecodable {
    fn new(why: impl Into<String>) -> Self {
        Self { path: Vec::new(), why: why.into() }
    }

    fn of_kind(kind: &Type) -> Self {
        Self::new(match kind {
            Type::Shape(name) => format!("not a {name}"),
            Type::Timestamp(_) => "not a time".to_owned(),
            other => format!("not of type {other:?}").to_lowercase(),
        })
    }

    fn within(mut self, member: &str) -> Self {
        self.path.insert(0, member.to_owned());
        self
    }
}

/// The shapes of a service's answers.
#[derive(Clone, Copy)]
struct Shapes<'a>(&'a BTreeMap<String, Shape>);

impl<'a> Shapes<'a> {
    fn get(self, kind: &Type) -> Result<&'a Shape, Undecodable> {
        match kind {
            Type::Shape(name) => self.0.get(name).ok_or_else(|| Undecodable::new(format!("no shape {name}"))),
            other => Err(Undecodable::of_kind(other)),
        }
    }

    fn members(self, name: &str) -> Result<&'a BTreeMap<String, Member>, Undecodable> {
        match self.0.get(name) {
            Some(Shape::Structure(members)) => Ok(members),
            _ => Err(Undecodable::new(format!("no structure {name}"))),
        }
    }
}

/// Decodes a successful answer.
pub(super) fn decode(service: &Service, operation: &Operation, response: &Response<'_>) -> Result<Value, Undecodable> {
    let Some(output) = &operation.output else { return Ok(Value::Object(Map::new())) };
    let shapes = Shapes(&service.outputs);
    let members = shapes.members(output)?;
    let mut found = from_head(members, response)?;
    if let Some((name, member)) = members.iter().find(|(_, member)| member.payload) {
        if let Some(value) = payload(service.protocol, member, shapes, response.body).map_err(|error| error.within(name))? {
            found.insert(name.clone(), value);
        }
        return Ok(Value::Object(found));
    }
    if !members.values().any(is_of_body) || response.body.trim_ascii().is_empty() {
        return Ok(Value::Object(found));
    }
    match service.protocol {
        Protocol::Json | Protocol::RestJson => {
            let body: Value = serde_json::from_slice(response.body).map_err(|error| Undecodable::new(format!("not JSON: {error}")))?;
            let object = body.as_object().ok_or_else(|| Undecodable::new("not a JSON object"))?;
            found.extend(json::structure(object, members, shapes)?);
        }
        Protocol::Ec2 | Protocol::Query | Protocol::RestXml => {
            let root = Element::parse(response.body)?;
            if let Some(name) = &operation.root {
                let kind = members.get(name).map_or(&Type::String, |member| &member.kind);
                // The element is empty where there is no value to speak of: `GetBucketLocation` in us-east-1.
                found.extend(xml::value(&root, kind, shapes)?.filter(|value| value != "").map(|value| (name.clone(), value)));
                return Ok(Value::Object(found));
            }
            let result = match &operation.wrapper {
                Some(wrapper) => root.child(wrapper).ok_or_else(|| Undecodable::new(format!("no element {wrapper}")))?,
                None => &root,
            };
            found.extend(xml::structure(result, members, shapes)?);
        }
    }
    Ok(Value::Object(found))
}

fn is_of_body(member: &Member) -> bool {
    member.location == Location::Body && !member.payload
}

/// The members that stand in the status and the headers.
fn from_head(members: &BTreeMap<String, Member>, response: &Response<'_>) -> Result<Map<String, Value>, Undecodable> {
    let mut found = Map::new();
    for (name, member) in members {
        let wire = member.wire(name).to_lowercase();
        let value = match member.location {
            Location::Status => Some(Value::from(response.status)),
            Location::Header => match response.header(&wire) {
                Some(text) => from_header(text, member).map_err(|error| error.within(name))?,
                None => None,
            },
            Location::Headers => {
                let with_prefix = response.headers.iter().filter_map(|(name, value)| Some((name.strip_prefix(&wire)?, *value)));
                Some(Value::Object(with_prefix.map(|(key, value)| (key.to_owned(), Value::from(value))).collect()))
            }
            Location::Body | Location::Uri | Location::QueryString => None,
        };
        found.extend(value.map(|value| (name.clone(), value)));
    }
    Ok(found)
}

fn from_header(text: &str, member: &Member) -> Result<Option<Value>, Undecodable> {
    if member.json {
        let decoded = BASE64_STANDARD.decode(text).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok());
        return decoded.map(Some).ok_or_else(|| Undecodable::new("not base64 of JSON"));
    }
    match &member.kind {
        Type::Shape(_) => Ok(Some(text.split(',').map(|item| Value::from(item.trim().trim_matches('"'))).collect())),
        kind => scalar::from_text(text, kind),
    }
}

/// A member that is the whole body.
fn payload(protocol: Protocol, member: &Member, shapes: Shapes<'_>, body: &[u8]) -> Result<Option<Value>, Undecodable> {
    match &member.kind {
        Type::Blob => Ok(Some(Value::String(BASE64_STANDARD.encode(body)))),
        Type::String => {
            let text = std::str::from_utf8(body).map_err(|error| Undecodable::new(error.to_string()))?;
            Ok(Some(Value::from(text)))
        }
        _ if body.trim_ascii().is_empty() => Ok(None),
        kind if matches!(protocol, Protocol::RestJson) => {
            let body: Value = serde_json::from_slice(body).map_err(|error| Undecodable::new(format!("not JSON: {error}")))?;
            json::value(&body, kind, shapes)
        }
        kind => xml::value(&Element::parse(body)?, kind, shapes),
    }
}
