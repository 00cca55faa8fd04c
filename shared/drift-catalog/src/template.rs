use serde::{Deserialize, Deserializer, de};
use serde_json::{Map, Value};

use crate::{Expression, ExpressionError, expression::Root};

/// An operation's input, made from the recorded attributes: `{ QueueUrl = "{url || id}", AttributeNames = ["All"] }`.
///
/// A text in which `{...}` stands holds a JMESPath over the recorded attributes. A text that is nothing but one becomes the
/// value that it finds, of whatever type; `{...?}` may find nothing, and its member is then left out.
#[derive(Clone, Debug, Default)]
pub struct Template(Node);

/// Why an input could not be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TemplateError {
    /// The state does not hold what the read needs.
    #[error("the state does not hold `{0}`, which the read needs")]
    NotRecorded(String),
    /// An expression that does not fit what the state holds.
    #[error(transparent)]
    Expression(#[from] ExpressionError),
}

#[derive(Clone, Debug)]
enum Node {
    Literal(Value),
    Text(Vec<Part>),
    List(Vec<Node>),
    Members(Vec<(String, Node)>),
}

#[derive(Clone, Debug)]
enum Part {
    Literal(String),
    Found { expression: Expression, optional: bool },
}

impl Default for Node {
    fn default() -> Self {
        Self::Members(Vec::new())
    }
}

impl Template {
    /// The input for an instance with these attributes.
    ///
    /// # Errors
    /// Where the state does not hold what it needs.
    pub fn fill(&self, recorded: &Root) -> Result<Value, TemplateError> {
        self.0.fill(recorded).map(Option::unwrap_or_default)
    }

    /// The input with null in place of all that is recorded: which members it has.
    #[must_use]
    pub fn outline(&self) -> Value {
        self.0.outline()
    }
}

impl Node {
    fn parse(value: Value) -> Result<Self, ExpressionError> {
        Ok(match value {
            Value::String(text) if text.contains('{') => Self::Text(parts(&text)?),
            Value::Array(items) => Self::List(items.into_iter().map(Self::parse).collect::<Result<_, _>>()?),
            Value::Object(members) => {
                let parsed = members.into_iter().map(|(name, value)| Ok((name, Self::parse(value)?)));
                Self::Members(parsed.collect::<Result<_, _>>()?)
            }
            literal => Self::Literal(literal),
        })
    }

    fn outline(&self) -> Value {
        match self {
            Self::Literal(value) => value.clone(),
            Self::Text(_) => Value::Null,
            Self::List(items) => items.iter().map(Self::outline).collect(),
            Self::Members(members) => Value::Object(members.iter().map(|(name, node)| (name.clone(), node.outline())).collect()),
        }
    }

    /// Nothing where all that it could hold is optional and not there.
    fn fill(&self, recorded: &Root) -> Result<Option<Value>, TemplateError> {
        Ok(match self {
            Self::Literal(value) => Some(value.clone()),
            Self::Text(parts) => {
                if let [Part::Found { expression, optional }] = parts.as_slice() {
                    return find(expression, *optional, recorded);
                }
                let mut text = String::new();
                for part in parts {
                    match part {
                        Part::Literal(literal) => text.push_str(literal),
                        Part::Found { expression, optional } => match find(expression, *optional, recorded)? {
                            Some(Value::String(found)) => text.push_str(&found),
                            Some(found) => text.push_str(&found.to_string()),
                            None => {}
                        },
                    }
                }
                Some(Value::String(text))
            }
            Self::List(items) => {
                let filled: Vec<_> = items.iter().map(|item| item.fill(recorded)).collect::<Result<_, _>>()?;
                Some(Value::Array(filled.into_iter().flatten().collect()))
            }
            Self::Members(members) => {
                let mut filled = Map::new();
                for (name, node) in members {
                    if let Some(value) = node.fill(recorded)? {
                        filled.insert(name.clone(), value);
                    }
                }
                Some(Value::Object(filled))
            }
        })
    }
}

fn find(expression: &Expression, optional: bool, recorded: &Root) -> Result<Option<Value>, TemplateError> {
    match expression.evaluate(recorded)? {
        Value::Null => {}
        Value::String(empty) if empty.is_empty() => {}
        found => return Ok(Some(found)),
    }
    if optional { Ok(None) } else { Err(TemplateError::NotRecorded(expression.text().to_owned())) }
}

fn parts(text: &str) -> Result<Vec<Part>, ExpressionError> {
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        if !before.is_empty() {
            parts.push(Part::Literal(before.to_owned()));
        }
        let unclosed = || ExpressionError { expression: text.to_owned(), why: "a `{` without its `}`".to_owned() };
        let (inside, behind) = after.split_once('}').ok_or_else(unclosed)?;
        let (expression, optional) = inside.strip_suffix('?').map_or((inside, false), |inside| (inside, true));
        parts.push(Part::Found { expression: Expression::parse(expression)?, optional });
        rest = behind;
    }
    if !rest.is_empty() {
        parts.push(Part::Literal(rest.to_owned()));
    }
    Ok(parts)
}

impl<'de> Deserialize<'de> for Template {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let members = Map::<String, Value>::deserialize(deserializer)?;
        Node::parse(Value::Object(members)).map(Self).map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(template: Value, recorded: Value, expected: Result<Value, &str>) {
        let template: Template = serde_json::from_value(template).expect("the template parses");
        let filled = template.fill(&Root::new(recorded)).map_err(|error| error.to_string());
        assert_eq!(filled, expected.map_err(ToOwned::to_owned));
    }

    #[test]
    fn a_text_that_is_one_path_becomes_what_it_finds() {
        check(json!({"Ids": "{ids}", "Max": 5}), json!({"ids": ["a", "b"]}), Ok(json!({"Ids": ["a", "b"], "Max": 5})));
    }

    #[test]
    fn a_path_may_have_a_fallback_and_stand_within_a_text() {
        check(
            json!({"Url": "{url || id}", "Filters": [{"Values": ["x-{split(id, ':')[1]}"]}]}),
            json!({"id": "a:b"}),
            Ok(json!({"Url": "a:b", "Filters": [{"Values": ["x-b"]}]})),
        );
    }

    #[test]
    fn what_the_state_does_not_hold_is_said_unless_it_is_optional() {
        check(json!({"Url": "{url}"}), json!({"url": ""}), Err("the state does not hold `url`, which the read needs"));
        check(json!({"Url": "{url?}"}), json!({"url": null}), Ok(json!({})));
    }
}
