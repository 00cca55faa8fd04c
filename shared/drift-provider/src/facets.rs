//! What can be compared of the two sides, and which of it may not be shown.

use std::collections::BTreeMap;

use drift_model::{AttributePath, Facet, Instance, Map, PathStep, Sensitivity, Value};

use crate::{
    schema::{Attribute, Block, Kind, Of, Schema, Shape},
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
                Some(raw) => {
                    let upgraded = recorded.clone();
                    if let Some(of) = schema.of(&name) {
                        forget_new_members(of, vec![&mut recorded, &mut live], &[raw], &[&upgraded]);
                    }
                }
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
pub(crate) fn recorded_sensitivity(schema: &Schema, instance: &Instance) -> Sensitivity {
    let pairs = instance.attributes.iter().map(|(name, value)| (name.clone(), (value.clone(), Value::Null))).collect();
    sensitivity(schema, instance, &pairs)
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

/// Takes away, at every depth and on both sides, the members of objects that no recorded one of that kind has and that the upgrade
/// left empty. Terraform writes every member of every object, so that one which is in none is of a newer provider. Sets have no order
/// that could be followed, so all objects of one kind are taken together.
fn forget_new_members(of: Of<'_>, sides: Vec<&mut Value>, raw: &[&Value], upgraded: &[&Value]) {
    match of.shape() {
        Shape::Leaf => {}
        Shape::Elements(of) => {
            let sides = sides.into_iter().filter_map(Value::as_array_mut).flatten().collect();
            forget_new_members(of, sides, &elements(raw), &elements(upgraded));
        }
        Shape::Keyed(of) => {
            let sides = sides.into_iter().filter_map(Value::as_object_mut).flat_map(Map::values_mut).collect();
            forget_new_members(of, sides, &values(raw), &values(upgraded));
        }
        Shape::Members(members) => {
            let mut sides: Vec<_> = sides.into_iter().filter_map(Value::as_object_mut).collect();
            if !raw.iter().any(|raw| raw.is_object()) {
                return;
            }
            for (name, of) in members {
                let (raw, upgraded) = (member(raw, name), member(upgraded, name));
                if raw.is_empty() && upgraded.iter().all(|value| is_empty(value)) {
                    for side in &mut sides {
                        side.remove(name);
                    }
                } else {
                    let sides = sides.iter_mut().filter_map(|side| side.get_mut(name)).collect();
                    forget_new_members(of, sides, &raw, &upgraded);
                }
            }
        }
    }
}

fn elements<'a>(lists: &[&'a Value]) -> Vec<&'a Value> {
    lists.iter().filter_map(|list| list.as_array()).flatten().collect()
}

fn values<'a>(maps: &[&'a Value]) -> Vec<&'a Value> {
    maps.iter().filter_map(|map| map.as_object()).flat_map(Map::values).collect()
}

fn member<'a>(objects: &[&'a Value], name: &str) -> Vec<&'a Value> {
    objects.iter().filter_map(|object| object.get(name)).collect()
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

#[cfg(test)]
mod tests {
    use drift_model::{Address, InstanceKey, compare};
    use serde_json::json;

    use super::*;
    use crate::schema::{Nested, Nesting, Type};

    fn attribute(computed_only: bool, sensitive: bool) -> Attribute {
        Attribute { kind: Kind::Plain(Type::String), computed_only, sensitive }
    }

    fn schema() -> Schema {
        let rule = Block {
            attributes: [("port".to_owned(), attribute(false, false)), ("key".to_owned(), attribute(false, true))].into(),
            blocks: BTreeMap::new(),
        };
        let attributes = ["name", "tags", "tags_all", "new"].map(|name| (name.to_owned(), attribute(false, false)));
        let marked = [("secret".to_owned(), attribute(false, true)), ("arn".to_owned(), attribute(true, false))];
        let blocks = [("rule".to_owned(), Nested { nesting: Nesting::Set, block: rule })].into();
        Schema { version: 0, block: Block { attributes: attributes.into_iter().chain(marked).collect(), blocks } }
    }

    fn instance(attributes: &Value) -> Instance {
        Instance::new(
            InstanceKey::from("test_thing.a".parse::<Address>().expect("an address")),
            "registry.terraform.io/driftwire/test",
            attributes.as_object().cloned().unwrap_or_default(),
        )
    }

    fn known(value: &Value) -> Attributes {
        let members = value.as_object().into_iter().flatten();
        members.map(|(name, value)| (name.clone(), Decoded::Known(value.clone()))).collect()
    }

    /// The differences between what is recorded (which the upgrade leaves as it is, plus what `filled` adds) and what is live.
    fn differences(recorded: &Value, filled: &Value, live: &Value) -> [Vec<String>; 2] {
        let mut upgraded = known(recorded);
        upgraded.extend(known(filled));
        let found = facets(&schema(), &instance(recorded), upgraded, known(live));
        [found.configurable, found.computed].map(|facets| {
            let told = |difference: drift_model::Difference| {
                let [recorded, live] = [&difference.recorded, &difference.live].map(|side| json!(side).to_string());
                format!("{}: {recorded} -> {live}", difference.path)
            };
            compare(&facets, &found.sensitivity).into_iter().map(told).collect()
        })
    }

    #[track_caller]
    fn check(recorded: &Value, filled: &Value, live: &Value, expected: &[&str]) {
        assert_eq!(differences(recorded, filled, live)[0], expected);
    }

    #[test]
    fn what_the_provider_alone_computes_stands_apart() {
        let [configurable, computed] = differences(&json!({"name": "a", "arn": "1"}), &json!({}), &json!({"name": "b", "arn": "2"}));
        assert_eq!(configurable, [r#"name: "a" -> "b""#]);
        assert_eq!(computed, [r#"arn: "1" -> "2""#]);
    }

    #[test]
    fn what_a_newer_provider_adds_is_no_difference_at_any_depth() {
        check(&json!({"name": "a"}), &json!({"new": null}), &json!({"name": "a", "new": "default"}), &[]);
        let recorded = json!({"rule": [{"port": "1"}, {"port": "2"}]});
        let upgraded = json!({"rule": [{"port": "1", "key": null}, {"port": "2", "key": null}]});
        check(&recorded, &upgraded, &json!({"rule": [{"port": "1", "key": "x"}, {"port": "2", "key": "y"}]}), &[]);
        check(
            &recorded,
            &upgraded,
            &json!({"rule": [{"port": "1", "key": "x"}]}),
            &[r#"rule: [{"port":"1"},{"port":"2"}] -> [{"port":"1"}]"#],
        );
    }

    #[test]
    fn what_an_upgrade_fills_is_compared() {
        check(
            &json!({"old_name": "a"}),
            &json!({"name": "a"}),
            &json!({"name": "b", "old_name": null}),
            &[r#"name: "a" -> "b""#, r#"old_name: "a" -> null"#],
        );
    }

    #[test]
    fn tags_that_the_provider_adds_by_default_are_no_difference_and_no_change_is_told_twice() {
        let recorded = json!({"tags": {"a": "1"}, "tags_all": {"a": "1", "team": "x"}});
        check(&recorded, &json!({}), &json!({"tags": {"a": "1", "team": "x"}, "tags_all": {"a": "1", "team": "x"}}), &[]);
        check(
            &recorded,
            &json!({}),
            &json!({"tags": {"a": "2", "team": "x"}, "tags_all": {"a": "2", "team": "x"}}),
            &[r#"tags.a: "1" -> "2""#],
        );
        check(&recorded, &json!({}), &json!({"tags": {"a": "1"}, "tags_all": {"a": "1"}}), &[r#"tags_all.team: "x" -> null"#]);
        check(&json!({"tags": null}), &json!({}), &json!({"tags": {}}), &[]);
    }

    #[test]
    fn what_the_schema_marks_is_hidden_with_what_holds_it() {
        check(&json!({"secret": "a"}), &json!({}), &json!({"secret": "b"}), &[r#"secret: "(sensitive value)" -> "(sensitive value)""#]);
        let one = |key: Value, port: &str| json!({"rule": [{"port": port, "key": key}]});
        check(
            &one(json!("k"), "1"),
            &json!({}),
            &one(json!("l"), "2"),
            &[r#"rule[0].key: "(sensitive value)" -> "(sensitive value)""#, r#"rule[0].port: "1" -> "2""#],
        );
        let hidden = r#"rule: "(sensitive value)" -> "(sensitive value)""#;
        check(&json!({"rule": []}), &json!({}), &one(json!("k"), "1"), &[hidden]);
        check(&json!({"rule": []}), &json!({}), &one(json!(null), "1"), &[r#"rule: [] -> [{"key":null,"port":"1"}]"#]);
    }

    #[test]
    fn what_is_not_known_is_not_compared() {
        let unknown = Attributes::from([("name".to_owned(), Decoded::Unknown)]);
        let recorded = json!({"name": "a"});
        assert_eq!(facets(&schema(), &instance(&recorded), known(&recorded), unknown).configurable, []);
    }
}
