use serde_json::Value;

use super::set;

/// Terraform's `grant` blocks as one text a permission: `READ Group http://acs.amazonaws.com/groups/global/AllUsers`.
///
/// A block holds every permission of one grantee, AWS has one grant for each.
pub(super) fn one_by_one(value: Value) -> Value {
    let Value::Array(blocks) = value else { return value };
    set::sorted(blocks.iter().flat_map(grants).map(Value::from).collect())
}

fn grants(block: &Value) -> Vec<String> {
    if let Some(taken_apart) = block.as_str() {
        return vec![taken_apart.to_owned()];
    }
    let text = |name: &str| block[name].as_str().filter(|text| !text.is_empty());
    let grantee = format!("{} {}", text("type").unwrap_or("?"), text("id").or(text("uri")).unwrap_or("?"));
    let permissions = block["permissions"].as_array().into_iter().flatten().filter_map(Value::as_str);
    permissions.map(|permission| format!("{permission} {grantee}")).collect()
}
