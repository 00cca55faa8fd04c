//! What holds for every normaliser, whatever it is given.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

fn any_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
        "[a-z0-9.\\\\*\"]{0,12}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 32, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map("[a-zA-Z_]{1,8}", inner, 0..4).prop_map(|members| members.into_iter().collect()),
        ]
    })
}

fn statement() -> impl Strategy<Value = Value> {
    let actions = prop::collection::vec(prop::sample::select(vec!["s3:Get*", "s3:PutObject", "sqs:*", "*"]), 1..4);
    let accounts = prop::collection::vec(prop::sample::select(vec!["*", "123456789012", "arn:aws:iam::210987654321:root"]), 1..3);
    (actions, accounts, any::<bool>()).prop_map(|(actions, accounts, allow)| {
        json!({"Effect": if allow { "Allow" } else { "Deny" }, "Action": actions, "Resource": "*", "Principal": {"AWS": accounts}})
    })
}

fn block() -> impl Strategy<Value = Value> {
    let cidrs = prop::collection::vec(prop::sample::select(vec!["10.0.0.0/8", "0.0.0.0/0", "192.168.0.0/16"]), 1..4);
    (cidrs, 0..3i64, any::<bool>(), prop::option::of("[a-z ]{0,6}")).prop_map(|(cidrs, port, itself, description)| {
        json!({"from_port": port, "to_port": port, "protocol": "tcp", "cidr_blocks": cidrs, "self": itself, "description": description})
    })
}

/// The same with every list in it turned round.
fn turned(value: &Value) -> Value {
    match value {
        Value::Array(items) => items.iter().rev().map(turned).collect(),
        Value::Object(members) => members.iter().map(|(key, value)| (key.clone(), turned(value))).collect(),
        scalar => scalar.clone(),
    }
}

proptest! {
    #[test]
    fn normalising_twice_is_normalising_once(value in any_value()) {
        for normaliser in Normaliser::ALL {
            let once = normaliser.normalise(value.clone());
            prop_assert_eq!(normaliser.normalise(once.clone()), once, "{:?}", normaliser);
        }
    }

    #[test]
    fn a_policy_stays_what_it_is_when_it_is_normalised_twice(statements in prop::collection::vec(statement(), 0..4)) {
        let once = Normaliser::IamPolicy.normalise(Value::from(json!({"Statement": statements}).to_string()));
        prop_assert_eq!(Normaliser::IamPolicy.normalise(once.clone()), once);
    }

    #[test]
    fn the_order_of_sets_means_nothing(value in any_value()) {
        prop_assert_eq!(Normaliser::Set.normalise(turned(&value)), Normaliser::Set.normalise(value));
    }

    #[test]
    fn the_order_within_a_policy_means_nothing(statements in prop::collection::vec(statement(), 0..4)) {
        let policy = json!({"Version": "2012-10-17", "Statement": statements});
        let normal = |policy: &Value| Normaliser::IamPolicy.normalise(Value::from(policy.to_string()));
        prop_assert_eq!(normal(&policy), normal(&turned(&policy)));
    }

    #[test]
    fn however_rules_are_grouped_they_are_the_same_rules(blocks in prop::collection::vec(block(), 0..4)) {
        let single: Vec<Value> = blocks.iter().flat_map(|block| {
            let cidrs = block["cidr_blocks"].as_array().cloned().unwrap_or_default();
            let of_cidr = |cidr: Value| { let mut one = block.clone(); one["cidr_blocks"] = json!([cidr]); one["self"] = json!(false); one };
            let mut itself = block.clone();
            itself["cidr_blocks"] = json!([]);
            cidrs.into_iter().map(of_cidr).chain([itself]).collect::<Vec<_>>()
        }).collect();
        let normal = |blocks: Vec<Value>| Normaliser::SecurityGroupRules.normalise(Value::from(blocks));
        prop_assert_eq!(normal(single), normal(blocks));
    }

    #[test]
    fn the_order_of_those_who_may_bypass_means_nothing_and_their_number_does(
        actors in prop::collection::vec((0..3u64, prop::sample::select(vec!["Team", "OrganizationAdmin", "DeployKey"])), 0..5)
    ) {
        let blocks: Value = actors.iter().map(|(id, kind)| json!({"actor_id": id, "actor_type": kind, "bypass_mode": "always"})).collect();
        let normal = Normaliser::BypassActors.normalise(blocks.clone());
        prop_assert_eq!(Normaliser::BypassActors.normalise(turned(&blocks)), normal.clone());
        prop_assert_eq!(normal.as_array().map_or(0, Vec::len), actors.len());
    }

    #[test]
    fn a_moment_is_the_same_as_go_prints_it_and_as_the_api_does(second in 0..4_000_000_000i64) {
        let moment = drift_model::Timestamp::from_second(second).expect("it is a moment").to_string();
        let printed = format!("{} +0000 UTC", moment.replace('T', " ").trim_end_matches('Z'));
        let normal = |text: &str| Normaliser::GoTime.normalise(Value::from(text));
        prop_assert_eq!(normal(&printed), normal(&moment));
        prop_assert_eq!(normal(&moment), Value::from(moment.as_str()));
    }
}
