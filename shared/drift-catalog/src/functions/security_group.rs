use serde_json::{Value, json};

/// Where EC2's permission holds each sort of source, the member that names it, and Terraform's list of it.
const SOURCES: [(&str, &str, &str); 4] = [
    ("IpRanges", "CidrIp", "cidr_blocks"),
    ("Ipv6Ranges", "CidrIpv6", "ipv6_cidr_blocks"),
    ("PrefixListIds", "PrefixListId", "prefix_list_ids"),
    ("UserIdGroupPairs", "GroupId", "security_groups"),
];

/// EC2's permissions as Terraform's `ingress` and `egress` blocks, one for each source. A group of another account is
/// `account/group`, the group itself is `self`.
pub(super) fn blocks(permissions: &Value, group: Option<&str>, owner: Option<&str>) -> Value {
    let mut blocks = Vec::new();
    for permission in permissions.as_array().into_iter().flatten() {
        for (list, member, attribute) in SOURCES {
            for source in permission[list].as_array().into_iter().flatten() {
                let Some(name) = source[member].as_str() else { continue };
                let mut block = json!({
                    "from_port": permission["FromPort"].as_i64().unwrap_or_default(),
                    "to_port": permission["ToPort"].as_i64().unwrap_or_default(),
                    "protocol": permission["IpProtocol"],
                    "description": source["Description"],
                });
                if attribute == "security_groups" && group == Some(name) {
                    block["self"] = Value::Bool(true);
                } else {
                    let foreign = source["UserId"].as_str().filter(|user| owner.is_some_and(|owner| owner != *user && !user.is_empty()));
                    block[attribute] = json!([foreign.map_or_else(|| name.to_owned(), |user| format!("{user}/{name}"))]);
                }
                blocks.push(block);
            }
        }
    }
    Value::Array(blocks)
}

/// What a recorded `aws_security_group_rule` is among the blocks of its group: the description that it has now, or null
/// where one of its sources is not let through any more, which Terraform takes for deleted.
pub(super) fn rule_among(blocks: &Value, recorded: &Value) -> Value {
    let wanted = sources(recorded);
    if wanted.is_empty() {
        return Value::Null;
    }
    let mut description = Value::Null;
    for source in &wanted {
        let found = blocks.as_array().into_iter().flatten().find(|block| same_traffic(block, recorded) && sources(block).contains(source));
        let Some(block) = found else { return Value::Null };
        if description.is_null() {
            description = block["description"].clone();
        }
    }
    json!({ "Description": description })
}

/// Every source of a block, or of a rule, with the sort of it.
fn sources(block: &Value) -> Vec<(&'static str, String)> {
    let listed = SOURCES.iter().flat_map(|(_, _, attribute)| {
        let names = block[*attribute].as_array().into_iter().flatten().filter_map(Value::as_str);
        names.map(|name| (*attribute, name.to_owned())).collect::<Vec<_>>()
    });
    let group = block["source_security_group_id"].as_str().filter(|name| !name.is_empty());
    let itself = block["self"].as_bool().unwrap_or_default().then(|| ("self", String::new()));
    // A rule from its own group may name it or say `self`; the block says `self`.
    let named = group.map(|name| {
        if block["security_group_id"].as_str() == Some(name) { ("self", String::new()) } else { ("security_groups", name.to_owned()) }
    });
    listed.chain(itself).chain(named).collect()
}

fn same_traffic(block: &Value, rule: &Value) -> bool {
    let protocol = |of: &Value| protocol_name(of["protocol"].as_str().unwrap_or("-1"));
    let ports = |of: &Value| (of["from_port"].as_i64().unwrap_or_default(), of["to_port"].as_i64().unwrap_or_default());
    // All traffic has no ports, whatever the rule says.
    protocol(block) == protocol(rule) && (protocol(rule) == "-1" || ports(block) == ports(rule))
}

/// The name that EC2 uses for a protocol that may be given by its number.
pub(crate) fn protocol_name(protocol: &str) -> String {
    match protocol {
        "6" => "tcp".to_owned(),
        "17" => "udp".to_owned(),
        "1" => "icmp".to_owned(),
        "58" => "icmpv6".to_owned(),
        "all" => "-1".to_owned(),
        other => other.to_lowercase(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn permissions() -> Value {
        json!([
            {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443,
             "IpRanges": [{"CidrIp": "10.0.0.0/8", "Description": "office"}, {"CidrIp": "192.168.0.0/16"}],
             "UserIdGroupPairs": [{"GroupId": "sg-1", "UserId": "1"}, {"GroupId": "sg-2", "UserId": "2"}]},
            {"IpProtocol": "-1", "Ipv6Ranges": [{"CidrIpv6": "::/0"}]}
        ])
    }

    #[track_caller]
    #[expect(clippy::needless_pass_by_value, reason = "a case reads as one expression")]
    fn check(rule: Value, expected: Value) {
        assert_eq!(rule_among(&blocks(&permissions(), Some("sg-1"), Some("1")), &rule), expected);
    }

    #[test]
    fn a_rule_is_found_by_its_traffic_and_all_its_sources() {
        let both = json!(["10.0.0.0/8", "192.168.0.0/16"]);
        check(json!({"protocol": "6", "from_port": 443, "to_port": 443, "cidr_blocks": both}), json!({"Description": "office"}));
        check(json!({"protocol": "all", "from_port": 0, "to_port": 0, "ipv6_cidr_blocks": ["::/0"]}), json!({"Description": null}));
    }

    #[test]
    fn a_rule_that_lost_a_source_is_gone() {
        let cidrs = json!(["10.0.0.0/8", "172.16.0.0/12"]);
        check(json!({"protocol": "tcp", "from_port": 443, "to_port": 443, "cidr_blocks": cidrs}), Value::Null);
        check(json!({"protocol": "tcp", "from_port": 80, "to_port": 80, "cidr_blocks": ["10.0.0.0/8"]}), Value::Null);
    }

    #[test]
    fn groups_of_this_account_of_another_and_the_group_itself_are_told_apart() {
        let from = |name: &str, value: Value| json!({"protocol": "tcp", "from_port": 443, "to_port": 443, name: value});
        let found = json!({"Description": null});
        check(from("self", json!(true)), found.clone());
        check(from("source_security_group_id", json!("2/sg-2")), found);
        check(from("source_security_group_id", json!("sg-2")), Value::Null);
    }
}
