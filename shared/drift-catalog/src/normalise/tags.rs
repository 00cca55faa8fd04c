use serde_json::{Map, Value};

/// Terraform's map, or AWS's list of `{Key, Value}` (KMS: `{TagKey, TagValue}`), as one map without AWS's own `aws:` tags,
/// which Terraform neither records nor may change.
pub(super) fn of_people(value: Value) -> Value {
    let map: Map<String, Value> = match value {
        Value::Object(map) => map,
        Value::Array(items) => items.iter().filter_map(pair).collect(),
        other => return other,
    };
    let kept = map.into_iter().filter(|(key, _)| !key.starts_with("aws:"));
    // A tag without a value has the empty one.
    Value::Object(kept.map(|(key, value)| (key, if value.is_null() { Value::from("") } else { value })).collect())
}

/// Tags without those that the provider's `default_tags` made: recorded in `tags_all` and not in `tags`, and unchanged.
/// Terraform takes one whose value changed for a tag of the resource's own.
pub(crate) fn without_defaults(tags: Value, recorded: &Value) -> Value {
    let is_default = |key: &str, value: &Value| recorded["tags"].get(key).is_none() && recorded["tags_all"].get(key) == Some(value);
    match of_people(tags) {
        Value::Object(map) => map.into_iter().filter(|(key, value)| !is_default(key, value)).collect(),
        other => other,
    }
}

fn pair(item: &Value) -> Option<(String, Value)> {
    let member = |long: &str, short: &str| item.get(long).or_else(|| item.get(short));
    let key = member("Key", "TagKey")?.as_str()?;
    Some((key.to_owned(), member("Value", "TagValue").cloned().unwrap_or_default()))
}
