//! JSON bodies: `json`, and the body's part of `rest-json`.

use drift_catalog::shapes::{Member, Service, Shape};
use serde_json::{Map, Value};

use super::{BadInput, Request, Shapes, given, scalar};

pub(super) fn request(service: &Service, name: &str, input: &[(&str, &Member, &Value)], shapes: Shapes<'_>) -> Result<Request, BadInput> {
    Ok(Request {
        method: "POST".to_owned(),
        target: "/".to_owned(),
        headers: vec![
            ("content-type".to_owned(), format!("application/x-amz-json-{}", service.json_version)),
            ("x-amz-target".to_owned(), format!("{}.{name}", service.target)),
        ],
        body: Value::Object(structure(input, shapes)?).to_string(),
    })
}

pub(super) fn structure(input: &[(&str, &Member, &Value)], shapes: Shapes<'_>) -> Result<Map<String, Value>, BadInput> {
    let mut body = Map::new();
    for (name, member, given) in input {
        body.insert(member.wire(name).to_owned(), value(name, member, given, shapes)?);
    }
    Ok(body)
}

pub(super) fn value(name: &str, member: &Member, value: &Value, shapes: Shapes<'_>) -> Result<Value, BadInput> {
    let wrong = || BadInput::Type(name.to_owned());
    Ok(match shapes.get(&member.kind) {
        None => scalar::json(name, value, &member.kind)?,
        Some(Shape::Structure(members)) => Value::Object(structure(&given(members, value.as_object().ok_or_else(wrong)?)?, shapes)?),
        Some(Shape::List(item)) => {
            let items = value.as_array().ok_or_else(wrong)?;
            Value::Array(items.iter().map(|given| self::value(name, item, given, shapes)).collect::<Result<_, _>>()?)
        }
        Some(Shape::Map { value: of, .. }) => {
            let entries = value.as_object().ok_or_else(wrong)?.iter();
            Value::Object(entries.map(|(key, given)| Ok((key.clone(), self::value(name, of, given, shapes)?))).collect::<Result<_, _>>()?)
        }
    })
}
