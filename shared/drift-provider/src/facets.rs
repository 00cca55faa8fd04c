//! What can be compared of the two sides, and which of it may not be shown.

use std::collections::BTreeMap;

use drift_model::{AttributePath, Facet, Instance, Map, PathStep, Sensitivity, Value};

use crate::{
    schema::{Attribute, Block, Kind, Schema},
    value::{Attributes, Decoded},
};

/// The facets of an instance, from the two sides that its plugin told.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Facets {
    /// Of what somebody can configure.
    pub(crate) configurable: Vec<Facet>,
    /// Of what the provider alone computes.
    pub(crate) computed: Vec<Facet>,
    /// What may not be shown, the state's own marks included.
    pub(crate) sensitivity: Sensitivity,
}

/// Puts the two sides beside each other. What is not known on one of them is left out, and so is what the recorded state does
/// not have and the upgrade did not fill: an attribute of a newer provider.
pub(crate) fn facets(schema: &Schema, instance: &Instance, upgraded: Attributes, mut live: Attributes) -> Facets {
    let mut pairs = BTreeMap::new();
    for (name, recorded) in upgraded {
        if let (Decoded::Known(mut recorded), Some(Decoded::Known(mut live))) = (recorded, live.remove(&name)) {
            match instance.attributes.get(&name) {
                None if is_empty(&recorded) => continue,
                Some(raw) => forget_new_members(&mut recorded, &mut live, raw),
                None => {}
            }
            pairs.insert(name, (recorded, live));
        }
    }
    tags_once(instance, &mut pairs);
    let mut facets = Facets { sensitivity: sensitivity(schema, instance, &pairs), ..Facets::default() };
    for (attribute, (recorded, live)) in pairs {
        let computed = schema.block.attributes.get(&attribute).is_some_and(|attribute| attribute.computed_only);
        let facet = Facet { attribute, recorded, live };
        if computed { facets.computed.push(facet) } else { facets.configurable.push(facet) }
    }
    facets
}

/// What marks what in one instance: the state's paths, and the schema's along the values.
pub(crate) fn recorded_sensitivity(schema: Option<&Schema>, instance: &Instance) -> Sensitivity {
    let empty = Schema { version: 0, block: Block::default() };
    let pairs = instance.attributes.iter().map(|(name, value)| (name.clone(), (value.clone(), Value::Null))).collect();
    sensitivity(schema.unwrap_or(&empty), instance, &pairs)
}

type Pairs = BTreeMap<String, (Value, Value)>;

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(items) => items.is_empty(),
        Value::Object(members) => members.values().all(is_empty),
        _ => false,
    }
}

/// Takes away, at every depth and on both sides, the members that no recorded object of that kind has and that the upgrade left empty.
fn forget_new_members(recorded: &mut Value, live: &mut Value, raw: &Value) {
    match raw {
        Value::Array(raws) => {
            // The order of a set is another one here, so all its elements are taken together: Terraform writes every member of each.
            let known = merged(raws);
            let (Value::Array(recorded), Value::Array(live)) = (recorded, live) else { return };
            if known.is_object() {
                let gathered = merged(recorded);
                for item in recorded.iter_mut().chain(live) {
                    forget_in(item, &known, &gathered);
                }
            }
        }
        Value::Object(_) => {
            let gathered = recorded.clone();
            forget_in(recorded, raw, &gathered);
            forget_in(live, raw, &gathered);
        }
        _ => {}
    }
}

/// Members of `item` stay where `known` has them, or `gathered` (what the upgrade made of all of that kind) holds something there.
fn forget_in(item: &mut Value, known: &Value, gathered: &Value) {
    match (item, known) {
        (Value::Object(members), Value::Object(known)) => {
            let filled = |name: &String| gathered.get(name).is_some_and(|value| !is_empty(value));
            members.retain(|name, _| known.contains_key(name) || filled(name));
            for (name, member) in members {
                if let Some(known) = known.get(name) {
                    forget_in(member, known, gathered.get(name).unwrap_or(&Value::Null));
                }
            }
        }
        (Value::Array(items), Value::Array(known)) => {
            let all = merged(known);
            if all.is_object() {
                let gathered = merged(gathered.as_array().map(Vec::as_slice).unwrap_or_default());
                for item in items {
                    forget_in(item, &all, &gathered);
                }
            }
        }
        _ => {}
    }
}

/// What any of the items holds.
fn merged(items: &[Value]) -> Value {
    let mut all = Value::Null;
    for item in items {
        merge(&mut all, item);
    }
    all
}

/// Adds what `more` holds to what `all` holds: the members of objects, the elements of lists, else whatever is not empty.
fn merge(all: &mut Value, more: &Value) {
    match (all, more) {
        (Value::Object(all), Value::Object(more)) => {
            for (name, value) in more {
                merge(all.entry(name.clone()).or_insert(Value::Null), value);
            }
        }
        (Value::Array(all), Value::Array(more)) => all.extend(more.iter().cloned()),
        (all, more) if is_empty(all) && !(all.is_object() && more.is_null()) => all.clone_from(more),
        _ => {}
    }
}

/// Tags that the provider's `default_tags` made are recorded in `tags_all` alone, and a plugin that is not told of them reads
/// them as `tags`. Where `tags` tells of a change, `tags_all` would only repeat it.
fn tags_once(instance: &Instance, pairs: &mut Pairs) {
    let none = Value::Null;
    let (tags, all) = (instance.attributes.get("tags").unwrap_or(&none), instance.attributes.get("tags_all").unwrap_or(&none));
    let is_default = |key: &str, value: &Value| tags.get(key).is_none() && all.get(key) == Some(value);
    let Some((recorded, live)) = pairs.get_mut("tags") else { return };
    if let Value::Object(live) = live {
        live.retain(|key, value| !is_default(key, value));
    }
    // No tags are no tags, whether the map is empty or not there.
    for side in [&mut *recorded, &mut *live] {
        if side.as_object().is_some_and(Map::is_empty) {
            *side = Value::Null;
        }
    }
    if recorded != live {
        pairs.remove("tags_all");
    }
}

fn sensitivity(schema: &Schema, instance: &Instance, pairs: &Pairs) -> Sensitivity {
    let mut marked: Vec<AttributePath> = instance.sensitive.clone();
    for (name, (recorded, live)) in pairs {
        let path = AttributePath::attribute(name);
        if let Some(attribute) = schema.block.attributes.get(name) {
            mark_attribute(attribute, &path, [recorded, live], &mut marked);
        } else if let Some(nested) = schema.block.blocks.get(name) {
            along(&path, [recorded, live], &mut |path, value| mark_block(&nested.block, path, value, &mut marked));
        }
    }
    Sensitivity::new(marked)
}

fn mark_attribute(attribute: &Attribute, path: &AttributePath, values: [&Value; 2], marked: &mut Vec<AttributePath>) {
    if attribute.sensitive {
        marked.push(path.clone());
    } else if let Kind::Nested(_, attributes) = &attribute.kind {
        along(path, values, &mut |path, value| mark_members(attributes, path, value, marked));
    }
}

fn mark_members(attributes: &BTreeMap<String, Attribute>, path: &AttributePath, value: &Value, marked: &mut Vec<AttributePath>) {
    for (name, attribute) in attributes {
        // A mark on what is not there would only hide what holds it.
        if let Some(member) = value.get(name).filter(|member| !is_empty(member)) {
            mark_attribute(attribute, &path.then(PathStep::Key(name.clone())), [member, &Value::Null], marked);
        }
    }
}

fn mark_block(block: &Block, path: &AttributePath, value: &Value, marked: &mut Vec<AttributePath>) {
    mark_members(&block.attributes, path, value, marked);
    for (name, nested) in &block.blocks {
        let inner = value.get(name).unwrap_or(&Value::Null);
        along(&path.then(PathStep::Key(name.clone())), [inner, &Value::Null], &mut |path, value| {
            mark_block(&nested.block, path, value, marked);
        });
    }
}

/// Each object that the two sides hold at a path: the elements of lists by their positions, the values of maps by their keys.
fn along(path: &AttributePath, values: [&Value; 2], visit: &mut dyn FnMut(&AttributePath, &Value)) {
    for value in values {
        match value {
            Value::Array(items) => {
                for (at, item) in items.iter().enumerate() {
                    visit(&path.then(PathStep::Index(at as u64)), item);
                }
            }
            Value::Object(members) => {
                visit(path, value);
                // Of a map of objects each value is one; of a single block the members are none, and marking them costs nothing.
                for (key, member) in members.iter().filter(|(_, member)| member.is_object()) {
                    visit(&path.then(PathStep::Key(key.clone())), member);
                }
            }
            _ => {}
        }
    }
}
