use serde_json::Value;

use super::set;

/// Terraform's `ingress` and `egress` blocks as one text a rule: `tcp 443 0.0.0.0/0 "from anywhere"`.
///
/// A block holds every source that has the same ports, protocol and description, and Terraform and AWS group them
/// differently; taken one by one there is one way to write them.
pub(super) fn one_by_one(value: Value) -> Value {
    let Value::Array(blocks) = value else { return value };
    set::sorted(blocks.iter().flat_map(rules).map(Value::from).collect())
}

fn rules(block: &Value) -> Vec<String> {
    let Some(block) = block.as_object() else {
        // Taken apart already.
        return block.as_str().map(ToOwned::to_owned).into_iter().collect();
    };
    let what = traffic(block);
    let description = block.get("description").and_then(Value::as_str).filter(|text| !text.is_empty());
    let described = |source: &str| match description {
        Some(text) => format!("{what} {source} {}", Value::from(text)),
        None => format!("{what} {source}"),
    };
    let lists = ["cidr_blocks", "ipv6_cidr_blocks", "prefix_list_ids", "security_groups"];
    let sources = lists.iter().filter_map(|list| block.get(*list)?.as_array()).flatten().filter_map(Value::as_str);
    let itself = block.get("self").and_then(Value::as_bool).unwrap_or_default().then_some("self");
    sources.chain(itself).map(described).collect()
}

fn traffic(block: &serde_json::Map<String, Value>) -> String {
    let port = |name: &str| block.get(name).and_then(Value::as_i64).unwrap_or_default();
    let (from, to) = (port("from_port"), port("to_port"));
    let protocol = block.get("protocol").and_then(Value::as_str).unwrap_or("-1").to_lowercase();
    match protocol.as_str() {
        "-1" | "all" => "all".to_owned(),
        "icmp" | "icmpv6" | "1" | "58" if (from, to) == (-1, -1) => protocol,
        "icmp" | "icmpv6" | "1" | "58" => format!("{protocol} type {from} code {to}"),
        _ if from == to => format!("{protocol} {from}"),
        _ => format!("{protocol} {from}-{to}"),
    }
}
