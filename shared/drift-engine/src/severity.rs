//! How bad a drift is: a first simple set of rules.
//!
//! The worst difference counts. Of one difference, the first rule that fits says how bad it is:
//!
//! | severity | what |
//! | --- | --- |
//! | critical | what newly opens to the world: `0.0.0.0/0` or `::/0` into a security group or network ACL, a principal `*` in a policy, `publicly_accessible` |
//! | low | tags, descriptions and comments; what was touched and not verified |
//! | high | a missing instance; IAM; rules of security groups; policies; public access, ACLs, encryption and keys, versioning, deletion protection, logging, instance metadata |
//! | medium | everything else; what cannot be read |
//!
//! What lives in GitHub has rules of its own, by the same scale.

mod github;

use drift_model::{Attributes, Difference, ReasonKind, Severity, Shown, Value, Verdict};

use crate::wildcard::fits;

/// Attributes of any type, by name, that say little.
const LOW: [&str; 5] = ["tags", "tags_all", "description", "*_description", "comment"];

/// Types of which any attribute (but those of [`LOW`]) is about access.
const HIGH_TYPES: [&str; 6] = [
    "aws_default_security_group",
    "aws_iam_*",
    "aws_network_acl*",
    "aws_s3_bucket_public_access_block",
    "aws_security_group_rule",
    "aws_vpc_security_group_*_rule",
];

/// Attributes of any type that are about access, encryption or protection.
const HIGH: [&str; 28] = [
    "*access_block*",
    "*encrypt*",
    "*logging*",
    "*policy",
    "*protect*",
    "*public*",
    "access_policies",
    "acl",
    "assume_role_policy",
    "backup_retention_period",
    "deletion_window_in_days",
    "disable_api_stop",
    "disable_api_termination",
    "egress",
    "enable_key_rotation",
    "enable_log_file_validation",
    "grant",
    "ingress",
    "is_enabled",
    "kms_*",
    "metadata_options",
    "point_in_time_recovery",
    "policy_document",
    "security_groups",
    "server_side_*",
    "sse_*",
    "versioning*",
    "vpc_security_group_ids",
];

/// How bad a verdict on an instance of this type is. `attributes` are the recorded ones, where they are at hand.
#[must_use]
pub fn severity(type_name: &str, verdict: &Verdict, attributes: Option<&Attributes>) -> Severity {
    match verdict {
        Verdict::InSync => Severity::Low,
        Verdict::Unknown { reason } if reason.kind == ReasonKind::Unsupported => Severity::Low,
        Verdict::Unknown { .. } => Severity::Medium,
        Verdict::Missing => github::missing(type_name).unwrap_or(Severity::High),
        Verdict::Drifted { differences } => {
            let outgoing = attributes.and_then(|attributes| attributes.get("type")).is_some_and(|kind| kind == "egress");
            differences.iter().map(|difference| of(type_name, difference, outgoing)).max().unwrap_or(Severity::Medium)
        }
    }
}

fn of(type_name: &str, difference: &Difference, outgoing: bool) -> Severity {
    let name = difference.attribute.as_str();
    if type_name.starts_with("github_") {
        return github::of(type_name, difference);
    }
    if opens_to_the_world(type_name, difference, outgoing) {
        Severity::Critical
    } else if LOW.iter().any(|pattern| fits(pattern, name)) {
        Severity::Low
    } else if HIGH_TYPES.iter().any(|pattern| fits(pattern, type_name)) || HIGH.iter().any(|pattern| fits(pattern, name)) {
        Severity::High
    } else {
        Severity::Medium
    }
}

fn opens_to_the_world(type_name: &str, difference: &Difference, outgoing: bool) -> bool {
    let (Shown::Value(recorded), Shown::Value(live)) = (&difference.recorded, &difference.live) else { return false };
    let more = |count: fn(&Value) -> usize| count(live) > count(recorded);
    match difference.attribute.as_str() {
        "ingress" | "public_access_cidrs" | "vpc_config" | "cluster_endpoint_public_access_cidrs" => more(whole_world),
        "cidr_blocks" | "ipv6_cidr_blocks" | "cidr_block" | "ipv6_cidr_block" => !outgoing && is_a_rule(type_name) && more(whole_world),
        "cidr_ipv4" | "cidr_ipv6" => type_name == "aws_vpc_security_group_ingress_rule" && more(whole_world),
        "publicly_accessible" => *live == true,
        name if name.ends_with("policy") || name == "access_policies" => {
            let principal = difference.path.contains("Principal");
            more(everybody) || (principal && is_everybody(live) && !is_everybody(recorded))
        }
        _ => false,
    }
}

fn is_a_rule(type_name: &str) -> bool {
    matches!(type_name, "aws_security_group_rule" | "aws_network_acl_rule")
}

/// How often a value names all addresses: alone, or as a word of a rule (`tcp 22 0.0.0.0/0`), which is how the native
/// reader writes a security group's.
fn whole_world(value: &Value) -> usize {
    match value {
        Value::String(text) => usize::from(text.split_whitespace().any(|word| matches!(word, "0.0.0.0/0" | "::/0"))),
        Value::Array(items) => items.iter().map(whole_world).sum(),
        Value::Object(members) => members.values().map(whole_world).sum(),
        _ => 0,
    }
}

/// How many statements allow everybody, without a condition.
fn everybody(value: &Value) -> usize {
    match value {
        Value::Array(items) => items.iter().map(everybody).sum(),
        Value::Object(members) if members.get("Principal").is_some_and(is_everybody) => {
            usize::from(members.get("Effect").is_none_or(|effect| effect == "Allow") && !members.contains_key("Condition"))
        }
        Value::Object(members) => members.values().map(everybody).sum(),
        _ => 0,
    }
}

fn is_everybody(principal: &Value) -> bool {
    match principal {
        Value::String(text) => text == "*",
        Value::Array(items) => items.iter().any(is_everybody),
        Value::Object(members) => members.get("AWS").is_some_and(is_everybody),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(type_name: &str, attribute: &str, (recorded, live): (Value, Value), expected: Severity) {
        let difference = Difference {
            attribute: attribute.to_owned(),
            path: attribute.to_owned(),
            recorded: Shown::Value(recorded),
            live: Shown::Value(live),
            sensitive: false,
        };
        assert_eq!(severity(type_name, &Verdict::of(vec![difference]), None), expected, "{type_name}.{attribute}");
    }

    #[test]
    fn what_opens_to_the_world_is_critical() {
        let world = json!([{"cidr_blocks": ["0.0.0.0/0"], "from_port": 22}]);
        check("aws_security_group", "ingress", (json!([]), world.clone()), Severity::Critical);
        check("aws_security_group", "ingress", (world, json!([])), Severity::High);
        check("aws_security_group", "egress", (json!([]), json!([{"cidr_blocks": ["0.0.0.0/0"]}])), Severity::High);
        check("aws_vpc_security_group_ingress_rule", "cidr_ipv6", (json!("fd00::/8"), json!("::/0")), Severity::Critical);
        check("aws_vpc_security_group_egress_rule", "cidr_ipv6", (json!("fd00::/8"), json!("::/0")), Severity::High);
        check("aws_db_instance", "publicly_accessible", (json!(false), json!(true)), Severity::Critical);
    }

    #[test]
    fn a_policy_for_everybody_is_critical_unless_it_has_a_condition() {
        let allow = |extra: Value| {
            let mut statement = json!({"Effect": "Allow", "Principal": {"AWS": "*"}});
            if let (Some(all), Value::Object(more)) = (statement.as_object_mut(), extra) {
                all.extend(more);
            }
            json!([statement])
        };
        check("aws_s3_bucket_policy", "policy", (json!([]), allow(json!({}))), Severity::Critical);
        check("aws_s3_bucket_policy", "policy", (json!([]), allow(json!({"Condition": {"Bool": {}}}))), Severity::High);
        check("aws_s3_bucket_policy", "policy", (json!([]), allow(json!({"Effect": "Deny"}))), Severity::High);
    }

    #[test]
    fn access_encryption_and_protection_are_high() {
        let other = || (json!(1), json!(2));
        check("aws_iam_role", "max_session_duration", other(), Severity::High);
        check("aws_s3_bucket_public_access_block", "block_public_acls", other(), Severity::High);
        check("aws_s3_bucket_versioning", "versioning_configuration", other(), Severity::High);
        check("aws_db_instance", "storage_encrypted", other(), Severity::High);
        check("aws_lb", "enable_deletion_protection", other(), Severity::High);
        assert_eq!(severity("aws_sqs_queue", &Verdict::Missing, None), Severity::High);
    }

    #[test]
    fn tags_and_descriptions_are_low_and_the_rest_is_medium() {
        check("aws_iam_role", "tags", (json!({}), json!({"a": "0.0.0.0/0"})), Severity::Low);
        check("aws_lambda_function", "description", (json!("a"), json!("b")), Severity::Low);
        check("aws_sqs_queue", "delay_seconds", (json!(1), json!(2)), Severity::Medium);
    }

    #[test]
    fn an_outgoing_rule_to_the_world_is_not_critical() {
        let difference = Difference {
            attribute: "cidr_blocks".to_owned(),
            path: "cidr_blocks".to_owned(),
            recorded: Shown::Value(json!(["10.0.0.0/8"])),
            live: Shown::Value(json!(["0.0.0.0/0"])),
            sensitive: false,
        };
        let verdict = Verdict::of(vec![difference]);
        let of_type = |kind: &str| Attributes::from_iter([("type".to_owned(), json!(kind))]);
        assert_eq!(severity("aws_security_group_rule", &verdict, Some(&of_type("egress"))), Severity::High);
        assert_eq!(severity("aws_security_group_rule", &verdict, Some(&of_type("ingress"))), Severity::Critical);
    }
}
