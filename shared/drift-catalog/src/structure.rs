use std::collections::BTreeMap;

use jmespath::ast::Ast;
use serde_json::{Map, Value};

use crate::{Expression, normalise::is_nothing};

/// Which blocks and nested attributes an expression makes, known before it is evaluated: the keys of its multiselect hashes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Structure {
    /// A value, or whatever the answer holds there: a map's keys are the resource's own.
    #[default]
    Opaque,
    /// An object, or a list of objects, of these attributes.
    Block(BTreeMap<String, Structure>),
}

impl Structure {
    /// The structure that an expression makes.
    #[must_use]
    pub fn of(expression: &Expression) -> Self {
        of_ast(expression.ast())
    }

    /// Takes out of both sides what cannot be compared or says nothing: attributes of blocks that the expression does not
    /// make, those that no recorded block holds because an older provider wrote it, those that are nothing, and, where one
    /// side has nothing in its place, `false` and 0, which Terraform's SDK cannot tell from nothing. A block of which nothing
    /// is left goes too, unless `bare_blocks` says that it is something.
    pub fn align(&self, recorded: &mut Value, live: &mut Value, bare_blocks: bool) {
        align(self, &mut [recorded], &mut [live], bare_blocks);
    }

    fn join(self, other: Self) -> Self {
        match (self, other) {
            (Self::Block(mut members), Self::Block(others)) => {
                for (key, structure) in others {
                    let joined = members.remove(&key).unwrap_or_default().join(structure);
                    members.insert(key, joined);
                }
                Self::Block(members)
            }
            (Self::Opaque, other) => other,
            (block, Self::Opaque) => block,
        }
    }
}

fn align(structure: &Structure, recorded: &mut [&mut Value], live: &mut [&mut Value], bare_blocks: bool) {
    let Structure::Block(members) = structure else { return };
    let mut recorded_blocks: Vec<&mut Map<String, Value>> = recorded.iter_mut().flat_map(|value| blocks(value)).collect();
    let mut live_blocks: Vec<&mut Map<String, Value>> = live.iter_mut().flat_map(|value| blocks(value)).collect();
    let held = |key: &str| recorded_blocks.is_empty() || recorded_blocks.iter().any(|block| block.contains_key(key));
    let compared: BTreeMap<&String, &Structure> = members.iter().filter(|(key, _)| held(key)).collect();
    for block in recorded_blocks.iter_mut().chain(&mut live_blocks) {
        block.retain(|key, _| compared.contains_key(key));
    }
    for (key, structure) in compared {
        align(structure, &mut members_of(&mut recorded_blocks, key), &mut members_of(&mut live_blocks, key), bare_blocks);
        let mut all: Vec<&mut Map<String, Value>> = recorded_blocks.iter_mut().chain(&mut live_blocks).map(|block| &mut **block).collect();
        let somewhere_nothing = all.iter().any(|block| block.get(key).is_none_or(is_nothing));
        for block in &mut all {
            if block.get(key).is_some_and(|value| is_nothing(value) || somewhere_nothing && is_zero(value)) {
                block.remove(key);
            }
        }
    }
    drop((recorded_blocks, live_blocks));
    for value in recorded.iter_mut().map(|value| &mut **value).chain(live.iter_mut().map(|value| &mut **value)) {
        if let Value::Array(items) = value {
            items.retain(|item| !matches!(item, Value::Null) && item.as_object().is_none_or(|block| bare_blocks || !block.is_empty()));
        }
    }
}

fn blocks(value: &mut Value) -> Vec<&mut Map<String, Value>> {
    match value {
        Value::Object(block) => vec![block],
        Value::Array(items) => items.iter_mut().filter_map(Value::as_object_mut).collect(),
        _ => Vec::new(),
    }
}

fn members_of<'a>(blocks: &'a mut [&mut Map<String, Value>], key: &str) -> Vec<&'a mut Value> {
    blocks.iter_mut().filter_map(|block| block.get_mut(key)).collect()
}

fn is_zero(value: &Value) -> bool {
    *value == Value::Bool(false) || value.as_f64() == Some(0.0)
}

fn of_ast(ast: &Ast) -> Structure {
    match ast {
        Ast::MultiHash { elements, .. } => Structure::Block(elements.iter().map(|pair| (pair.key.clone(), of_ast(&pair.value))).collect()),
        Ast::MultiList { elements, .. } => joined(elements),
        Ast::Or { lhs, rhs, .. } => of_ast(lhs).join(of_ast(rhs)),
        Ast::And { rhs, .. } => of_ast(rhs),
        Ast::Condition { then, .. } => of_ast(then),
        Ast::Flatten { node, .. } => of_ast(node),
        // `blocks[0]` and `blocks[?...]` choose from what they stand behind; `x.{...}` makes its own.
        Ast::Subexpr { lhs, rhs, .. } | Ast::Projection { lhs, rhs, .. } => match &**rhs {
            Ast::Index { .. } | Ast::Slice { .. } | Ast::Identity { .. } | Ast::Condition { .. } => of_ast(rhs).join(of_ast(lhs)),
            _ => of_ast(rhs),
        },
        Ast::Function { name, args, .. } if name.starts_with("where") || matches!(name.as_str(), "not_null" | "with") => joined(args),
        _ => Structure::Opaque,
    }
}

fn joined(asts: &[Ast]) -> Structure {
    asts.iter().map(of_ast).fold(Structure::Opaque, Structure::join)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    #[expect(clippy::needless_pass_by_value, reason = "a case reads as one expression")]
    fn check(expression: &str, [recorded, live]: [Value; 2], expected: [Value; 2]) {
        let (mut recorded, mut live) = (recorded, live);
        Structure::of(&Expression::parse(expression).expect("it is JMESPath")).align(&mut recorded, &mut live, false);
        assert_eq!([recorded, live], expected);
    }

    #[test]
    fn what_only_one_side_knows_of_is_not_compared() {
        check("[{a: A, b: B}]", [json!([{"a": 1, "old": 2}]), json!([{"a": 2, "b": "new"}])], [json!([{"a": 1}]), json!([{"a": 2}])]);
    }

    #[test]
    fn the_keys_of_a_map_are_the_resources_own() {
        let sides = [json!([{"variables": {"A": ""}}]), json!([{"variables": {"A": "", "B": "0"}}])];
        check("[{variables: Variables}]", sides.clone(), sides);
    }

    #[test]
    fn false_and_nothing_are_the_same_in_a_block_and_false_and_true_are_not() {
        check("{a: A, b: B}", [json!({"a": false, "b": 0}), json!({"a": null, "b": null})], [json!({}), json!({})]);
        check("{a: A}", [json!({"a": false}), json!({"a": true})], [json!({"a": false}), json!({"a": true})]);
    }

    #[test]
    fn blocks_within_blocks_are_aligned_too() {
        let expression = "Rules[].{id: ID, to: [{days: Days, class: Class}]} || `[]`";
        check(
            expression,
            [json!([{"id": "a", "to": [{"days": null, "class": ""}]}]), json!([{"id": "a", "to": []}])],
            [json!([{"id": "a"}]), json!([{"id": "a"}])],
        );
    }

    #[test]
    fn a_block_that_holds_nothing_is_something_only_where_that_is_said() {
        let structure = Structure::of(&Expression::parse("[{users: Users}]").expect("it is JMESPath"));
        for (bare_blocks, expected) in [(false, json!([])), (true, json!([{}]))] {
            let (mut recorded, mut live) = (json!([{"users": []}]), json!([]));
            structure.align(&mut recorded, &mut live, bare_blocks);
            assert_eq!((recorded, live), (expected, json!([])));
        }
    }

    #[test]
    fn two_ways_to_make_a_block_are_joined() {
        let structure = Structure::of(&Expression::parse("(a && b[].{x: X}) || c[].{x: X, y: Y}").expect("it is JMESPath"));
        assert_eq!(structure, Structure::of(&Expression::parse("{x: X, y: Y}").expect("it is JMESPath")));
    }
}
