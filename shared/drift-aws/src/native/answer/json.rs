//! JSON answers, by shape: the wire's names to the model's, times and numbers to one form.

use std::collections::BTreeMap;

use drift_catalog::shapes::{Member, Shape, Type};
use serde_json::{Map, Value};

use super::{Shapes, Undecodable, scalar};

/// The members of a structure that stand in the body.
pub(super) fn structure(
    object: &Map<String, Value>,
    members: &BTreeMap<String, Member>,
    shapes: Shapes<'_>,
) -> Result<Map<String, Value>, Undecodable> {
    let mut found = Map::new();
    for (name, member) in members.iter().filter(|(_, member)| super::is_of_body(member)) {
        let Some(written) = object.get(member.wire(name)) else { continue };
        if let Some(value) = value(written, &member.kind, shapes).map_err(|error| error.within(name))? {
            found.insert(name.clone(), value);
        }
    }
    Ok(found)
}

/// What JSON holds; nothing for null.
pub(super) fn value(written: &Value, kind: &Type, shapes: Shapes<'_>) -> Result<Option<Value>, Undecodable> {
    if !matches!(kind, Type::Shape(_)) {
        return scalar::from_json(written, kind);
    }
    Ok(Some(match (shapes.get(kind)?, written) {
        (_, Value::Null) => return Ok(None),
        (Shape::Structure(members), Value::Object(object)) => Value::Object(structure(object, members, shapes)?),
        (Shape::List(item), Value::Array(items)) => {
            let mut found = Vec::with_capacity(items.len());
            for written in items {
                found.push(value(written, &item.kind, shapes)?.unwrap_or_default());
            }
            Value::Array(found)
        }
        (Shape::Map { value: of, .. }, Value::Object(object)) => {
            let mut found = Map::new();
            for (key, written) in object {
                if let Some(value) = value(written, &of.kind, shapes)? {
                    found.insert(key.clone(), value);
                }
            }
            Value::Object(found)
        }
        _ => return Err(Undecodable::of_kind(kind)),
    }))
}
