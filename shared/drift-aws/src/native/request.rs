//! Inputs by the model's member names -> HTTP requests of all protocols.

mod form;
mod json;
mod rest;
mod scalar;

use std::collections::BTreeMap;

use drift_catalog::shapes::{Member, Operation, Protocol, Service, Shape, Type};
use serde_json::{Map, Value};

/// A request without its endpoint and signature.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Request {
    pub(super) method: String,
    /// Path and query string, percent-encoded.
    pub(super) target: String,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: String,
}

/// An input that an operation does not take. Names members, never values.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum BadInput {
    /// No member of that name.
    #[error("takes no {0}")]
    Unknown(String),
    /// Not given, empty, or null.
    #[error("needs {0}")]
    Missing(String),
    /// Of another type.
    #[error("{0} is of another type")]
    Type(String),
    /// An XML body, which no read has.
    #[error("has a body that is not supported")]
    Body,
}

/// Builds the request of an operation. `path` is the operation's, or what is left of it where the host names the bucket.
pub(super) fn request(service: &Service, name: &str, operation: &Operation, path: &str, input: &Value) -> Result<Request, BadInput> {
    let empty = Map::new();
    let input = match input {
        Value::Object(object) => object,
        Value::Null => &empty,
        _ => return Err(BadInput::Type("the input".to_owned())),
    };
    let shapes = Shapes(&service.inputs);
    let nothing = BTreeMap::new();
    let members = match operation.input.as_ref().and_then(|name| service.inputs.get(name)) {
        Some(Shape::Structure(members)) => members,
        _ => &nothing,
    };
    let input = given(members, input)?;
    match service.protocol {
        Protocol::Ec2 | Protocol::Query => form::request(service, name, &input, shapes),
        Protocol::Json => json::request(service, name, &input, shapes),
        Protocol::RestJson | Protocol::RestXml => rest::request(service.protocol, operation, path, members, &input, shapes),
    }
}

/// The members that are given, each with what it is: none unknown, no required one missing.
fn given<'a>(
    members: &'a BTreeMap<String, Member>,
    input: &'a Map<String, Value>,
) -> Result<Vec<(&'a str, &'a Member, &'a Value)>, BadInput> {
    let mut found = Vec::new();
    for (name, value) in input {
        let (name, member) = members.get_key_value(name).ok_or_else(|| BadInput::Unknown(name.clone()))?;
        if !value.is_null() {
            found.push((name.as_str(), member, value));
        }
    }
    for name in members.iter().filter(|(_, member)| member.required).map(|(name, _)| name) {
        // An empty bucket name would make `GetBucketPolicy` a `ListBuckets`.
        if !found.iter().any(|(given, _, value)| given == name && *value != "") {
            return Err(BadInput::Missing(name.clone()));
        }
    }
    Ok(found)
}

/// The shapes of a service's inputs.
#[derive(Clone, Copy)]
struct Shapes<'a>(&'a BTreeMap<String, Shape>);

impl<'a> Shapes<'a> {
    fn get(self, kind: &Type) -> Option<&'a Shape> {
        match kind {
            Type::Shape(name) => self.0.get(name),
            _ => None,
        }
    }
}
