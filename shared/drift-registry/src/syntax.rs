//! HCL and JSON to one shape, in which a block is what it is in HCL's JSON form: `name "label" { a = 1 }` is
//! `{"name": [{"label": {"a": 1}}]}`.

use hcl::{
    Body, Expression, Structure,
    expr::{ObjectKey, TemplateExpr},
};
use serde_json::{Map, Number, Value};

/// Where a text stops being HCL or JSON.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct SyntaxError {
    /// Counted from 1; 0 where it is not known.
    pub(crate) line: usize,
    /// What the parser expected there. Never the line itself, which may hold a token.
    pub(crate) why: String,
}

/// Reads JSON where the text begins with a brace, else HCL. What is no literal (a reference, a call) becomes null.
pub(crate) fn parse(text: &str) -> Result<Value, SyntaxError> {
    if text.trim_start().starts_with('{') {
        return serde_json::from_str(text)
            .map_err(|error| SyntaxError { line: error.line(), why: format!("it is no JSON ({:?} error)", error.classify()) });
    }
    let body = hcl::parse(&modern(text)).map_err(|error| match error {
        hcl::Error::Parse(error) => SyntaxError { line: error.location().line(), why: error.message().to_owned() },
        // None of the others is about syntax, and none is made by `parse`.
        _ => SyntaxError { line: 0, why: "it is no HCL".to_owned() },
    })?;
    Ok(Value::Object(of_body(body)))
}

/// Everything under a key, whether it was written once or several times.
pub(crate) fn each<'v>(value: &'v Value, key: &str) -> Vec<&'v Value> {
    match value.get(key) {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::Array(values)) => values.iter().collect(),
        Some(value) => vec![value],
    }
}

/// The blocks of a name by their label.
pub(crate) fn labelled<'v>(value: &'v Value, key: &str) -> Vec<(&'v str, &'v Value)> {
    let entries = each(value, key).into_iter().filter_map(Value::as_object).flatten();
    entries.map(|(label, body)| (label.as_str(), body.as_array().and_then(|bodies| bodies.first()).unwrap_or(body))).collect()
}

/// Writes as attributes the two blocks whose keys are strings. Terraform reads its CLI configuration as the first
/// version of HCL, which allows them; the second, which the parser speaks, does not.
fn modern(text: &str) -> String {
    let line = |line: &str| {
        let begun = line.trim_start();
        for block in ["dev_overrides", "services"] {
            if let Some(rest) = begun.strip_prefix(block)
                && rest.trim_start().starts_with('{')
            {
                return format!("{block} = {}\n", rest.trim_start());
            }
        }
        format!("{line}\n")
    };
    text.lines().map(line).collect()
}

fn of_body(body: Body) -> Map<String, Value> {
    let mut map = Map::new();
    for structure in body {
        match structure {
            Structure::Attribute(attribute) => {
                map.insert(attribute.key.to_string(), of_expression(attribute.expr));
            }
            Structure::Block(block) => {
                let inner = Value::Object(of_body(block.body));
                let whole = block.labels.into_iter().rev().fold(inner, |inner, label| Value::from_iter([(label.into_inner(), inner)]));
                match map.entry(block.identifier.to_string()).or_insert_with(|| Value::Array(Vec::new())) {
                    Value::Array(blocks) => blocks.push(whole),
                    // An attribute of the same name, which no file that Terraform reads has.
                    other => *other = whole,
                }
            }
        }
    }
    map
}

fn of_expression(expression: Expression) -> Value {
    match expression {
        Expression::Bool(value) => Value::Bool(value),
        Expression::Number(value) => value.as_f64().and_then(Number::from_f64).map_or(Value::Null, Value::Number),
        Expression::String(value) => Value::String(value),
        Expression::Array(values) => values.into_iter().map(of_expression).collect(),
        Expression::Object(entries) => {
            let key = |key| match key {
                ObjectKey::Identifier(name) => Some(name.to_string()),
                ObjectKey::Expression(Expression::String(text)) => Some(text),
                _ => None,
            };
            entries.into_iter().filter_map(|(name, value)| Some((key(name)?, of_expression(value)))).collect()
        }
        // `"${HOME}/plugins"`: the variable is the environment's, and replaced later.
        Expression::TemplateExpr(template) => match *template {
            TemplateExpr::QuotedString(text) => Value::String(text.replace("\\\"", "\"").replace("\\\\", "\\")),
            TemplateExpr::Heredoc(_) => Value::Null,
        },
        _ => Value::Null,
    }
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn shown(text: &str) -> String {
        parse(text).expect("it parses").to_string()
    }

    #[test]
    fn blocks_are_what_they_are_in_json() {
        let hcl = r#"
            plugin_cache_dir = "${HOME}/.plugins" # a comment
            credentials "app.terraform.io" {
              token = "x"
            }
            credentials "tf.example.com" { token = "y" }
            provider_installation {
              dev_overrides {
                "hashicorp/aws" = "/a"
                "acme/x" = "/b"
              }
              direct {}
            }
            host "h.example.com" {
              services = { "providers.v1" = "https://h.example.com/v1/" }
            }"#;
        assert_snapshot!(shown(hcl), @r#"{"credentials":[{"app.terraform.io":{"token":"x"}},{"tf.example.com":{"token":"y"}}],"host":[{"h.example.com":{"services":{"providers.v1":"https://h.example.com/v1/"}}}],"plugin_cache_dir":"${HOME}/.plugins","provider_installation":[{"dev_overrides":{"acme/x":"/b","hashicorp/aws":"/a"},"direct":[{}]}]}"#);
        assert_snapshot!(shown(r#"{"credentials": {"app.terraform.io": {"token": "x"}}}"#), @r#"{"credentials":{"app.terraform.io":{"token":"x"}}}"#);
    }

    #[test]
    fn a_syntax_error_tells_the_line_and_none_of_the_text() {
        let error = parse("a = 1\ncredentials \"x\" {\n  token = \"secret\n}\n").expect_err("an open string");
        assert!(error.line >= 3 && !error.why.contains("secret"), "{error:?}");
        let error = parse("{\"credentials\": {\"x\": {\"token\": secret}}}").expect_err("no JSON");
        assert!(error.line == 1 && !error.why.contains("secret"), "{error:?}");
    }

    proptest! {
        #[test]
        fn nothing_that_a_file_may_hold_is_a_panic(text in "[a-z\"{}=\\[\\]$ \n#/*<\\\\-]{0,80}") {
            let _ = parse(&text);
        }
    }
}
