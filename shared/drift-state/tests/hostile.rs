//! States and instances that Terraform never writes: an error or a problem that says so.

#[path = "../../drift-model/tests/support/hostile.rs"]
mod hostile;

use std::collections::BTreeMap;

use drift_model::{Declared, Instance, InstanceKey, identifiers_of};
use drift_state::{Outside, Settings, State, StateError, instance, read};
use proptest::prelude::*;
use serde_json::{Value, json};

use hostile::{harmed, harms};

/// Reads a state and every instance that was found in it.
#[track_caller]
fn reading(bytes: &[u8]) -> Result<State, StateError> {
    let settings =
        Settings { default_place: None, places: BTreeMap::new(), identifiers: &|instance| identifiers_of(instance, &Declared::default()) };
    let found = read(bytes, &settings);
    match &found {
        Err(error) => assert!(error.to_string().len() < 400, "{error}"),
        Ok(state) => {
            for found in &state.found {
                assert!(found.key.to_string().len() <= 2_048 && found.identifiers.len() <= 200);
                match instance(found.bytes(bytes), found.outside()) {
                    Ok(_) => {}
                    Err(error) => assert!(error.to_string().contains("attributes_flat"), "{error}"),
                }
            }
            for problem in &state.problems {
                assert!(problem.address.len() < 1_000 && problem.why.len() < 200, "{problem:?}");
            }
        }
    }
    found
}

const AWS: &str = r#"provider["registry.terraform.io/hashicorp/aws"]"#;

fn state() -> Value {
    json!({"version": 4, "terraform_version": "1.13.4", "serial": 7, "lineage": "l", "outputs": {}, "resources": [
        {"module": "module.a[\"é\"]", "mode": "managed", "type": "aws_sqs_queue", "name": "q", "provider": AWS, "instances": [
            {"index_key": "x", "schema_version": 1, "status": "tainted", "attributes": {"id": "https://sqs.eu-west-1.amazonaws.com/1/jobs",
                "arn": "arn:aws:sqs:eu-west-1:123456789012:jobs", "name": "jobs", "tags": {"a": "b"}, "n": [1, 2.5, null, true], "region": "eu-west-1"},
             "sensitive_attributes": [[{"type": "get_attr", "value": "id"}, {"type": "index", "value": {"value": 0, "type": "number"}}]],
             "private": "bnVsbA==", "identity": {"region": "eu-west-1", "account_id": "123456789012"}}]},
        {"mode": "managed", "type": "aws_vpc", "name": "c", "provider": format!("{AWS}.west"), "instances": [
            {"index_key": 0, "attributes": {"id": "vpc-0a1b2c3d", "owner_id": "123456789012"}},
            {"index_key": 1, "deposed": "0badcafe", "attributes_flat": {"id": "2"}}]},
        {"mode": "data", "type": "aws_ami", "name": "d", "provider": AWS, "instances": []}]})
}

/// A state of one good queue and one whose attributes are written as they are here.
fn beside_a_good_one(attributes: &str) -> String {
    let queue = |name: &str, attributes: &str| {
        format!(
            r#"{{"mode": "managed", "type": "aws_sqs_queue", "name": "{name}", "provider": {}, "instances": [{{"attributes": {attributes}}}]}}"#,
            json!(AWS)
        )
    };
    format!(r#"{{"version": 4, "resources": [{}, {}]}}"#, queue("odd", attributes), queue("good", r#"{"id": "good"}"#))
}

/// The one odd instance is left out with this reason, and costs the other nothing.
#[track_caller]
fn costs_only_itself(attributes: &str, why: &str) {
    let state = reading(beside_a_good_one(attributes).as_bytes()).expect("a state");
    assert_eq!(state.found.iter().map(|found| found.key.to_string()).collect::<Vec<_>>(), ["aws_sqs_queue.good"]);
    let [problem] = state.problems.as_slice() else { panic!("{:?}", state.problems) };
    assert!(problem.address == "aws_sqs_queue.odd" && problem.why.contains(why), "{problem:?}");
}

/// One fragment alone, as it is read for an event.
#[track_caller]
fn fragment(bytes: &[u8]) -> Result<Instance, StateError> {
    let key = InstanceKey::from("aws_sqs_queue.odd".parse::<drift_model::Address>().expect("an address"));
    let outside = Outside { key: &key, provider: "registry.terraform.io/hashicorp/aws", provider_config: AWS, place: None };
    instance(bytes, outside)
}

#[test]
fn a_hundred_thousand_brackets_cost_one_instance_or_are_an_error() {
    for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
        let deep = format!("{}0{}", open.repeat(100_000), close.repeat(100_000));
        costs_only_itself(&format!("{{\"id\": {deep}}}"), "recursion limit");
        assert!(fragment(format!("{{\"attributes\": {{\"id\": {deep}}}}}").as_bytes()).is_err());
        assert!(reading(deep.as_bytes()).is_err());
        assert!(reading(open.repeat(100_000).as_bytes()).is_err());
        let outputs = format!(r#"{{"version": 4, "outputs": {deep}, "resources": []}}"#);
        assert_eq!(reading(outputs.as_bytes()).expect("outputs are nobody's business").found, []);
        let resources = format!(r#"{{"version": 4, "resources": [{deep}]}}"#);
        assert_eq!(reading(resources.as_bytes()).expect("a state").problems.len(), 1);
    }
}

#[test]
fn a_list_is_no_instance() {
    assert!(fragment(b"[]").is_err() && fragment("[".repeat(100_000).as_bytes()).is_err());
}

#[test]
fn numbers_beyond_what_a_machine_holds_cost_one_instance() {
    let digits = "9".repeat(400);
    for number in ["1e400", "-1e400", &digits] {
        costs_only_itself(&format!("{{\"id\": {number}}}"), "number out of range");
        assert!(fragment(format!("{{\"attributes\": {{\"id\": {number}}}}}").as_bytes()).is_err());
        for member in ["serial", "outputs", "check_results"] {
            assert!(reading(format!(r#"{{"version": 4, "{member}": {number}}}"#).as_bytes()).is_ok(), "{member}");
        }
        assert!(matches!(reading(format!(r#"{{"version": {number}}}"#).as_bytes()), Err(StateError::NotAState { .. })));
    }
    let found = fragment(br#"{"attributes": {"n": 18446744073709551615, "more": 18446744073709551616}}"#).expect("decodes");
    assert_eq!(found.attributes["n"], json!(u64::MAX));
}

#[test]
fn members_that_stand_twice_half_pairs_and_odd_bytes_cost_one_instance() {
    costs_only_itself(r#"{}, "attributes": {"id": "again"}"#, "not of the kind");
    costs_only_itself(r#"{"id": "\ud800"}"#, "it cannot be decoded");
    let mut bytes = beside_a_good_one(r#"{"id": "~"}"#).into_bytes();
    let at = bytes.iter().position(|byte| *byte == b'~').expect("it is there");
    bytes[at] = 0xff;
    assert!(matches!(reading(&bytes), Err(StateError::Syntax { .. })));
    bytes[at] = 0;
    assert!(matches!(reading(&bytes), Err(StateError::Syntax { .. })));
    assert_eq!(fragment(br#"{"attributes": {"id": "a\u0000b", "id": "last"}}"#).expect("decodes").id(), Some("last"));
}

#[test]
fn lists_of_20_000_elements_and_texts_of_10_mb_are_values_like_others() {
    let attributes = json!({"id": "a", "security_groups": (0..20_000).map(|number| format!("sg-{number:08x}")).collect::<Vec<_>>(), "policy": "x".repeat(10 << 20)});
    let state = reading(beside_a_good_one(&attributes.to_string()).as_bytes()).expect("a state");
    assert_eq!((state.found.len(), state.found[0].identifiers.len()), (2, 200));
}

#[test]
fn a_name_that_fits_nowhere_costs_only_its_instance_and_is_not_told_whole() {
    let long = "x".repeat(10 << 20);
    for (member, why) in [("name", "its address is longer"), ("module", "its address is longer"), ("provider", "its `provider` is longer")]
    {
        let mut state = state();
        state["resources"][1][member] = json!(match member {
            "module" => format!("module.{long}"),
            "provider" => format!("provider[\"a/b/{long}\"]"),
            _ => long.clone(),
        });
        let state = reading(state.to_string().as_bytes()).expect("a state");
        assert_eq!((state.found.len(), state.problems.len()), (1, 2), "{member}");
        assert!(state.problems[0].why.starts_with(why) && state.problems[0].address.len() < 500, "{}", state.problems[0].why);
    }
    for (member, value) in [("index_key", json!(long)), ("deposed", json!(long))] {
        let mut state = state();
        state["resources"][1]["instances"][0][member] = value;
        let state = reading(state.to_string().as_bytes()).expect("a state");
        assert_eq!((state.found.len(), state.problems.len()), (2, 1), "{member}");
    }
}

#[test]
fn what_an_old_state_says_of_itself_is_told_in_short() {
    let old = json!({"version": 3, "terraform_version": "x".repeat(10 << 20)});
    assert!(reading(old.to_string().as_bytes()).expect_err("too old").to_string().len() < 300);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn a_state_that_is_nearly_right_is_read_or_refused(harm in harms()) {
        let _ = reading(&harmed(&state(), &harm));
    }

    #[test]
    fn an_instance_that_is_nearly_right_is_decoded_or_refused_without_a_value(harm in harms()) {
        let mut whole = state()["resources"][0]["instances"][0].clone();
        whole["index_key"] = Value::Null;
        whole["attributes"]["password"] = json!("correct-horse-battery");
        if let Err(error) = fragment(&harmed(&whole, &harm)) {
            prop_assert!(error.to_string().len() < 400 && !error.to_string().contains("correct-horse"), "{}", error);
        }
    }
}
