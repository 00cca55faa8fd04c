use std::borrow::Cow;

use percent_encoding::percent_decode_str;
use serde_json::{Map, Value};

use super::{is_nothing, set};

/// A policy by what it means: statements, actions, resources, principals and values without order, one of them as a list
/// of one, actions in lower case, an account by its number, every condition's values as text.
///
/// Source: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html>
pub(super) fn meaning(value: Value) -> Value {
    let Some(Value::Object(policy)) = value.as_str().and_then(|text| serde_json::from_str(&plain(text)).ok()) else {
        return if value.is_object() { of_policy(value) } else { value };
    };
    of_policy(Value::Object(policy))
}

/// IAM answers documents as they stand in a URL.
fn plain(text: &str) -> Cow<'_, str> {
    if text.trim_start().starts_with('%') { percent_decode_str(text).decode_utf8_lossy() } else { Cow::Borrowed(text) }
}

fn of_policy(policy: Value) -> Value {
    let Value::Object(mut members) = policy else { return policy };
    // What a policy means that does not say.
    members.entry("Version").or_insert_with(|| Value::from("2008-10-17"));
    if let Some(statements) = members.remove("Statement") {
        members.insert("Statement".to_owned(), set::sorted(listed(statements).into_iter().map(of_statement).collect()));
    }
    members.retain(|_, value| !is_nothing(value));
    Value::Object(members)
}

fn of_statement(statement: Value) -> Value {
    let Value::Object(members) = statement else { return statement };
    let normal = members.into_iter().map(|(name, value)| {
        let value = match name.as_str() {
            "Action" | "NotAction" => values(value, str::to_ascii_lowercase),
            "Resource" | "NotResource" => values(value, ToOwned::to_owned),
            "Principal" | "NotPrincipal" => of_principal(value),
            "Condition" => of_condition(value),
            _ => value,
        };
        (name, value)
    });
    Value::Object(normal.filter(|(_, value)| !is_nothing(value)).collect())
}

fn of_principal(principal: Value) -> Value {
    // For a resource's policy, everybody and every account are the same.
    let sorts = match principal {
        Value::Object(sorts) => sorts,
        everybody => Map::from_iter([("AWS".to_owned(), everybody)]),
    };
    let normal = sorts.into_iter().map(|(sort, names)| {
        let names = if sort == "AWS" {
            values(names, |name| account_of_root(name).unwrap_or(name).to_owned())
        } else {
            values(names, ToOwned::to_owned)
        };
        (sort, names)
    });
    Value::Object(normal.collect())
}

/// The account's number in `arn:aws:iam::123456789012:root`, which is another way to write it.
fn account_of_root(name: &str) -> Option<&str> {
    let (_, rest) = name.strip_prefix("arn:aws")?.split_once(":iam::")?;
    rest.strip_suffix(":root")
}

fn of_condition(condition: Value) -> Value {
    let Value::Object(operators) = condition else { return condition };
    let normal = operators.into_iter().map(|(operator, keys)| {
        let keys = match keys {
            Value::Object(keys) => keys.into_iter().map(|(key, value)| (key, values(value, ToOwned::to_owned))).collect(),
            other => other,
        };
        (operator, keys)
    });
    Value::Object(normal.collect())
}

/// One value or many, as text, without order.
fn values(value: Value, change: impl Fn(&str) -> String) -> Value {
    let text = |value: Value| match value {
        Value::String(text) => Value::from(change(&text)),
        Value::Bool(_) | Value::Number(_) => Value::from(value.to_string()),
        other => other,
    };
    set::sorted(listed(value).into_iter().map(text).collect())
}

fn listed(value: Value) -> Vec<Value> {
    match value {
        Value::Array(items) => items,
        one => vec![one],
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    #[expect(clippy::needless_pass_by_value, reason = "a case reads as one expression")]
    fn same(one: Value, other: Value) {
        assert_eq!(meaning(Value::from(one.to_string())), meaning(Value::from(other.to_string())));
    }

    #[track_caller]
    #[expect(clippy::needless_pass_by_value, reason = "a case reads as one expression")]
    fn differ(one: Value, other: Value) {
        assert_ne!(meaning(Value::from(one.to_string())), meaning(Value::from(other.to_string())));
    }

    #[test]
    fn one_value_and_a_list_of_one_mean_the_same() {
        same(
            json!({"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}}),
            json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": ["S3:getobject"], "Resource": ["*"], "Sid": ""}]}),
        );
    }

    #[test]
    fn order_means_nothing() {
        same(
            json!({"Statement": [{"Sid": "a", "Action": ["x:A", "x:B"]}, {"Sid": "b", "Action": "x:C"}]}),
            json!({"Statement": [{"Sid": "b", "Action": "x:C"}, {"Sid": "a", "Action": ["x:B", "x:A"]}]}),
        );
    }

    #[test]
    fn an_account_is_its_root() {
        same(
            json!({"Statement": [{"Principal": {"AWS": "123456789012"}}]}),
            json!({"Statement": [{"Principal": {"AWS": ["arn:aws:iam::123456789012:root"]}}]}),
        );
        same(json!({"Statement": [{"Principal": "*"}]}), json!({"Statement": [{"Principal": {"AWS": "*"}}]}));
    }

    #[test]
    fn a_conditions_values_are_text() {
        same(
            json!({"Statement": [{"Condition": {"Bool": {"aws:SecureTransport": false}}}]}),
            json!({"Statement": [{"Condition": {"Bool": {"aws:SecureTransport": ["false"]}}}]}),
        );
    }

    #[test]
    fn what_allows_more_is_not_the_same() {
        let allow =
            |action: &str, principal: &str| json!({"Statement": [{"Effect": "Allow", "Action": action, "Principal": {"AWS": principal}}]});
        differ(allow("s3:Get*", "*"), allow("s3:*", "*"));
        differ(allow("s3:*", "123456789012"), allow("s3:*", "*"));
        differ(allow("s3:*", "arn:aws:iam::123456789012:root"), allow("s3:*", "arn:aws:iam::123456789012:role/root"));
        differ(json!({"Version": "2012-10-17", "Statement": []}), json!({"Statement": []}));
    }

    #[test]
    fn a_document_out_of_a_url_and_one_that_is_no_json_are_told_apart() {
        let encoded = Value::from("%7B%22Statement%22%3A%5B%5D%7D");
        assert_eq!(meaning(encoded), meaning(Value::from(r#"{"Statement":[]}"#)));
        assert_eq!(meaning(Value::from("no policy")), Value::from("no policy"));
    }
}
