use std::collections::BTreeMap;

use jmespath::ast::Ast;
use serde_json::Value;

use crate::Expression;

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

    /// Takes out of both sides what they cannot be compared in: attributes that the expression does not make, and those
    /// that the recorded block does not hold because an older provider wrote it.
    pub fn project(&self, recorded: &mut Value, live: &mut Value) {
        let Self::Block(members) = self else { return };
        let held: Option<Vec<&String>> =
            first_object(recorded).map(|object| members.keys().filter(|key| object.contains_key(*key)).collect());
        for side in [recorded, live] {
            each_object(side, &mut |object| {
                object.retain(|key, _| members.contains_key(key) && held.as_ref().is_none_or(|held| held.contains(&key)));
            });
        }
    }
}

fn first_object(value: &Value) -> Option<&serde_json::Map<String, Value>> {
    match value {
        Value::Object(object) => Some(object),
        Value::Array(items) => items.iter().find_map(Value::as_object),
        _ => None,
    }
}

fn each_object(value: &mut Value, change: &mut impl FnMut(&mut serde_json::Map<String, Value>)) {
    match value {
        Value::Object(object) => change(object),
        Value::Array(items) => items.iter_mut().for_each(|item| each_object(item, change)),
        _ => {}
    }
}

fn of_ast(ast: &Ast) -> Structure {
    match ast {
        Ast::MultiHash { elements, .. } => Structure::Block(elements.iter().map(|pair| (pair.key.clone(), of_ast(&pair.value))).collect()),
        Ast::MultiList { elements, .. } => first_block(elements.iter()),
        Ast::Function { args, .. } => first_block(args.iter()),
        Ast::Or { lhs, rhs, .. } => first_block([&**lhs, &**rhs].into_iter()),
        Ast::Projection { rhs, lhs, .. } => first_block([&**rhs, &**lhs].into_iter()),
        Ast::And { rhs, .. } | Ast::Subexpr { rhs, .. } if of_ast(rhs) != Structure::Opaque => of_ast(rhs),
        // `[...][0]`, `x[?y] | [0]` and `[] ` keep what they choose from.
        Ast::Subexpr { lhs, rhs, .. } if matches!(**rhs, Ast::Index { .. } | Ast::Slice { .. } | Ast::Flatten { .. }) => of_ast(lhs),
        Ast::Flatten { node, .. } => of_ast(node),
        Ast::Condition { then, .. } => of_ast(then),
        Ast::Expref { ast, .. } => of_ast(ast),
        _ => Structure::Opaque,
    }
}

fn first_block<'a>(mut asts: impl Iterator<Item = &'a Ast>) -> Structure {
    asts.find_map(|ast| Some(of_ast(ast)).filter(|structure| *structure != Structure::Opaque)).unwrap_or_default()
}
