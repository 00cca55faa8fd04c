//! What one pass over a state finds.

use std::{collections::BTreeMap, fmt::Write};

use drift_model::{Identifier, Instance, Place, Strength};
use drift_state::{Settings, State, StateError, instance, read};
use insta::assert_snapshot;
use proptest::prelude::*;
use serde_json::{Value, json};

fn id_alone(instance: &Instance) -> Vec<Identifier> {
    instance.id().map(|id| Identifier { value: id.to_owned(), strength: Strength::Own }).into_iter().collect()
}

fn settings() -> Settings<'static> {
    Settings { default_place: None, places: BTreeMap::new(), identifiers: &id_alone }
}

#[expect(clippy::needless_pass_by_value, reason = "a case reads as one expression")]
fn of(resources: Value) -> Value {
    json!({"version": 4, "terraform_version": "1.11.4", "serial": 7, "lineage": "l", "outputs": {}, "resources": resources})
}

fn render(state: &State) -> String {
    let mut out = String::new();
    for found in &state.found {
        let place = found.place.as_ref().map_or_else(|| "nowhere".to_owned(), ToString::to_string);
        let ids: Vec<_> = found.identifiers.iter().map(|identifier| identifier.value.as_str()).collect();
        writeln!(out, "{} in {place} by {}: {}", found.key, found.provider_config, ids.join(" ")).expect("a string takes all");
    }
    for problem in &state.problems {
        writeln!(out, "PROBLEM {}: {}", problem.address, problem.why).expect("a string takes all");
    }
    out
}

/// Reads a state, decodes each instance again from its range alone, and shows what was found.
#[track_caller]
fn shown(state: &Value) -> String {
    let bytes = serde_json::to_vec_pretty(state).expect("serialises");
    let state = read(&bytes, &settings()).expect("a state");
    for found in &state.found {
        match instance(found.bytes(&bytes), found.outside()) {
            Ok(again) => assert_eq!(id_alone(&again), found.identifiers, "{}", found.key),
            Err(error) => assert!(error.to_string().contains("attributes_flat"), "{error}"),
        }
    }
    render(&state)
}

const AWS: &str = r#"provider["registry.terraform.io/hashicorp/aws"]"#;

#[expect(clippy::needless_pass_by_value, reason = "a case reads as one expression")]
fn queue(name: &str, instances: Value) -> Value {
    json!({"mode": "managed", "type": "aws_sqs_queue", "name": name, "provider": AWS, "instances": instances})
}

fn arn(region: &str, account: &str) -> String {
    format!("arn:aws:sqs:{region}:{account}:jobs")
}

#[test]
fn modules_count_for_each_deposed_and_tainted_instances_are_found_and_data_sources_are_not() {
    let state = of(json!([
        {"mode": "data", "type": "aws_ami", "name": "x", "provider": AWS, "instances": [{"attributes": {"id": "ami-1"}}]},
        {"module": "module.a[\"b.c\"].module.d[0]", "mode": "managed", "type": "aws_sqs_queue", "name": "q", "provider": AWS,
         "instances": [{"index_key": "${x}\"", "attributes": {"id": "1"}}, {"index_key": "y", "status": "tainted", "attributes": {"id": "2"}}]},
        queue("c", json!([{"index_key": 0, "attributes": {"id": "3"}}, {"index_key": 0, "deposed": "0badcafe", "attributes": {"id": "4"}}])),
        queue("old", json!([{"attributes_flat": {"id": "5", "tags.%": "1", "tags.a": "b"}}])),
    ]));
    assert_snapshot!(shown(&state), @r#"
    module.a["b.c"].module.d[0].aws_sqs_queue.q["$${x}\""] in nowhere by provider["registry.terraform.io/hashicorp/aws"]: 1
    module.a["b.c"].module.d[0].aws_sqs_queue.q["y"] in nowhere by provider["registry.terraform.io/hashicorp/aws"]: 2
    aws_sqs_queue.c[0] in nowhere by provider["registry.terraform.io/hashicorp/aws"]: 3
    aws_sqs_queue.c[0] (deposed object 0badcafe) in nowhere by provider["registry.terraform.io/hashicorp/aws"]: 4
    aws_sqs_queue.old in nowhere by provider["registry.terraform.io/hashicorp/aws"]: 5
    "#);
}

#[test]
fn what_an_instance_does_not_tell_it_takes_from_the_others_of_its_provider_configuration() {
    let west = format!("{AWS}.west");
    let state = of(json!([
        queue("told", json!([{"attributes": {"id": "1", "arn": arn("us-east-1", "123456789012")}}])),
        queue("untold", json!([{"attributes": {"id": "2"}}])),
        {"mode": "managed", "type": "aws_sqs_queue", "name": "west", "provider": west, "instances": [{"attributes": {"id": "3", "arn": arn("us-west-2", "210987654321")}}]},
        {"mode": "managed", "type": "aws_sqs_queue", "name": "untold_west", "provider": west, "instances": [{"attributes": {"id": "4"}}]},
        {"mode": "managed", "type": "aws_iam_role_policy", "name": "p", "provider": west, "instances": [{"attributes": {"id": "r:p"}}]},
        {"mode": "managed", "type": "aws_s3_bucket", "name": "b", "provider": west, "instances": [{"attributes": {"id": "b", "arn": "arn:aws:s3:::b", "region": "eu-west-1"}}]},
        {"mode": "managed", "type": "aws_lambda_function", "name": "f", "provider": AWS, "instances": [{"attributes": {"id": "f", "role": "arn:aws:iam::999999999999:role/x"}}]},
        {"mode": "managed", "type": "aws_sqs_queue", "name": "new", "provider": format!("{AWS}.north"), "instances": [
            {"attributes": {"id": "6", "region": "eu-north-1"}, "identity": {"account_id": "123456789012", "region": "eu-north-1"}}]},
        {"mode": "managed", "type": "github_repository", "name": "r", "provider": "provider[\"registry.terraform.io/integrations/github\"]", "instances": [{"attributes": {"id": "7"}}]},
        {"mode": "managed", "type": "aws_sqs_queue", "name": "tofu", "provider": AWS, "instances": [{"provider": format!("{AWS}.by[\"w\"]"), "attributes": {"id": "8"}}]},
    ]));
    assert_snapshot!(shown(&state), @r#"
    aws_sqs_queue.told in aws/123456789012/us-east-1 by provider["registry.terraform.io/hashicorp/aws"]: 1
    aws_sqs_queue.untold in aws/123456789012/us-east-1 by provider["registry.terraform.io/hashicorp/aws"]: 2
    aws_sqs_queue.west in aws/210987654321/us-west-2 by provider["registry.terraform.io/hashicorp/aws"].west: 3
    aws_sqs_queue.untold_west in nowhere by provider["registry.terraform.io/hashicorp/aws"].west: 4
    aws_iam_role_policy.p in aws/210987654321/global by provider["registry.terraform.io/hashicorp/aws"].west: r:p
    aws_s3_bucket.b in aws/210987654321/eu-west-1 by provider["registry.terraform.io/hashicorp/aws"].west: b
    aws_lambda_function.f in aws/123456789012/us-east-1 by provider["registry.terraform.io/hashicorp/aws"]: f
    aws_sqs_queue.new in aws/123456789012/eu-north-1 by provider["registry.terraform.io/hashicorp/aws"].north: 6
    github_repository.r in nowhere by provider["registry.terraform.io/integrations/github"]: 7
    aws_sqs_queue.tofu in nowhere by provider["registry.terraform.io/hashicorp/aws"].by["w"]: 8
    "#);
}

#[test]
fn a_configured_place_stands_in_for_what_no_instance_tells() {
    let state = of(json!([queue("q", json!([{"attributes": {"id": "1"}}]))])).to_string();
    let place = |account: &str| Place::new("aws", account, "eu-west-1");
    let mut settings = Settings { default_place: Some(place("111111111111")), ..settings() };
    assert_snapshot!(render(&read(state.as_bytes(), &settings).expect("a state")), @r#"aws_sqs_queue.q in aws/111111111111/eu-west-1 by provider["registry.terraform.io/hashicorp/aws"]: 1"#);
    settings.places.insert(AWS.to_owned(), place("222222222222"));
    assert_snapshot!(render(&read(state.as_bytes(), &settings).expect("a state")), @r#"aws_sqs_queue.q in aws/222222222222/eu-west-1 by provider["registry.terraform.io/hashicorp/aws"]: 1"#);
}

#[test]
fn what_is_odd_costs_only_itself() {
    let good = json!({"attributes": {"id": "good"}});
    let state = of(json!([
        null,
        [1, {"a": 2}],
        {"mode": "managed", "type": "aws_sqs_queue", "name": "no_instances", "provider": AWS},
        {"mode": "managed", "type": "aws_sqs_queue", "name": "instances_odd", "provider": AWS, "instances": {"a": 1}},
        {"mode": "managed", "type": "aws.sqs", "name": "q", "provider": AWS, "instances": [good]},
        {"mode": "managed", "type": 3, "name": "q", "provider": AWS, "instances": [good]},
        {"mode": "weird", "type": "aws_sqs_queue", "name": "mode", "provider": AWS, "instances": [good]},
        {"mode": "managed", "type": "aws_sqs_queue", "name": "provider", "provider": "aws", "instances": [good]},
        queue("q", json!([
            "x", {"index_key": {"a": 1}, "attributes": {}}, {"attributes": 1}, {"status": "hunter2", "index_key": 2, "attributes": {}},
            {"index_key": 3, "attributes": {}, "sensitive_attributes": "all"}, {"index_key": 4, "attributes": {"id": "good"}}, {"index_key": 4, "attributes": {"id": "twin"}}
        ])),
    ]));
    assert_snapshot!(shown(&state), @r#"
    aws_sqs_queue.q[4] in nowhere by provider["registry.terraform.io/hashicorp/aws"]: good
    PROBLEM resources[0]: it is not an object
    PROBLEM resources[1]: it is not an object
    PROBLEM aws_sqs_queue.no_instances: it has no list of `instances`
    PROBLEM aws_sqs_queue.instances_odd: it has no list of `instances`
    PROBLEM aws.sqs.q: its module, type and name make no address
    PROBLEM .q: its module, type and name make no address
    PROBLEM aws_sqs_queue.mode: its `mode` is neither `managed` nor `data`
    PROBLEM aws_sqs_queue.provider: its `provider` names no provider
    PROBLEM aws_sqs_queue.q: it is not an object
    PROBLEM aws_sqs_queue.q: its `index_key` is neither a whole number nor a text
    PROBLEM aws_sqs_queue.q: it cannot be decoded: a member is not of the kind that Terraform writes (line 2, column 25 of its object)
    PROBLEM aws_sqs_queue.q[2]: its `status` is neither empty nor `tainted`
    PROBLEM aws_sqs_queue.q[3]: its `sensitive_attributes` is no list, so nothing tells what of it may be shown
    PROBLEM aws_sqs_queue.q[4]: the state holds it more than once; only the first is taken
    "#);
}

#[test]
fn the_order_of_members_is_nothing_to_rely_on() {
    let text = format!(
        r#"{{"resources": [{{"instances": [{{"attributes": {{"id": "1"}}, "index_key": 5}}], "provider": {}, "name": "q", "type": "aws_sqs_queue", "mode": "managed", "module": "module.m"}}],
            "lineage": "l", "serial": 3, "version": 4}}"#,
        json!(AWS)
    );
    let state = read(text.as_bytes(), &settings()).expect("a state");
    assert_eq!((state.serial, state.lineage.as_str()), (3, "l"));
    assert_snapshot!(render(&state), @r#"module.m.aws_sqs_queue.q[5] in nowhere by provider["registry.terraform.io/hashicorp/aws"]: 1"#);
}

#[track_caller]
fn refused(bytes: &str) -> StateError {
    read(bytes.as_bytes(), &settings()).expect_err("no state")
}

#[test]
fn what_is_no_state_of_version_4_says_what_it_is() {
    let all = [
        "",
        " \n",
        "invalid",
        "{\n  \"version\": 4,\n  wes\n}",
        r#"{"version": 4, "resources": ["#,
        r#"{"version": 4} x"#,
        "[]",
        "1",
        "{}",
        r#"{"version": "4"}"#,
        r#"{"version": 0}"#,
        r#"{"version": 4, "resources": {}}"#,
        r#"{"version": 1}"#,
        r#"{"version": 3, "terraform_version": "0.11.13", "modules": []}"#,
        r#"{"version": 5, "resources": []}"#,
        r#"{"serial": 1, "lineage": "l", "meta": {}, "encrypted_data": "x", "encryption_version": "v0"}"#,
    ]
    .iter()
    .map(|bytes| refused(bytes).to_string())
    .collect::<Vec<_>>()
    .join("\n");
    assert_snapshot!(all, @"
    the state is empty: it can be read as soon as Terraform has written it
    the state is empty: it can be read as soon as Terraform has written it
    the state is not valid JSON at line 1, column 1 (byte 0): expected value; was it cut off or edited by hand? `terraform state pull` shows what Terraform makes of it
    the state is not valid JSON at line 3, column 3 (byte 20): key must be a string; was it cut off or edited by hand? `terraform state pull` shows what Terraform makes of it
    the state is not valid JSON at line 1, column 29 (byte 28): EOF while parsing a list; was it cut off or edited by hand? `terraform state pull` shows what Terraform makes of it
    the state is not valid JSON at line 1, column 16 (byte 15): trailing characters; was it cut off or edited by hand? `terraform state pull` shows what Terraform makes of it
    this is JSON, but not a Terraform state: it is not an object
    this is JSON, but not a Terraform state: it is not an object
    this is JSON, but not a Terraform state: it has no `version` that is a number
    this is JSON, but not a Terraform state: it has no `version` that is a number
    this is JSON, but not a Terraform state: its `version` is 0
    this is JSON, but not a Terraform state: its `resources` is not a list
    the state has version 1, and only version 4 is read: an apply with Terraform 0.12 or later writes it anew
    the state has version 3 (written by Terraform 0.11.13), and only version 4 is read: an apply with Terraform 0.12 or later writes it anew
    the state has version 5, and only version 4 is read: a newer Driftwire may read it
    the state is encrypted by OpenTofu (`encrypted_data`), and there is no key here: Driftwire reads states that are encrypted at rest by the bucket, not by the `encryption` block
    ");
}

#[test]
fn a_state_without_resources_is_a_state() {
    for text in [r#"{"version": 4}"#, r#"{"version": 4, "resources": null}"#, r#"{"version": 4, "resources": []}"#] {
        assert_eq!(read(text.as_bytes(), &settings()).expect(text).found, []);
    }
}

fn some_state() -> Vec<u8> {
    let state = of(json!([
        {"module": "module.a[\"é\"]", "mode": "managed", "type": "aws_sqs_queue", "name": "q", "provider": AWS, "instances": [
            {"index_key": "x", "schema_version": 1, "attributes": {"id": "1", "arn": arn("us-east-1", "123456789012"), "tags": {"a": "b"}, "n": [1, 2.5, null, true]},
             "sensitive_attributes": [[{"type": "get_attr", "value": "id"}]], "private": "bnVsbA==", "identity": {"region": "us-east-1"}}]},
        queue("c", json!([{"attributes_flat": {"id": "2"}}])),
    ]));
    serde_json::to_vec(&state).expect("serialises")
}

proptest! {
    #[test]
    fn a_state_that_is_cut_off_anywhere_is_an_error(cut in 0_usize..600) {
        let bytes = some_state();
        prop_assume!(cut < bytes.len());
        prop_assert!(read(&bytes[..cut], &settings()).is_err());
    }

    #[test]
    fn no_changed_byte_makes_it_panic(changes in prop::collection::vec((0_usize..1200, any::<u8>()), 1..6)) {
        let mut bytes = some_state();
        let length = bytes.len();
        for (at, byte) in changes {
            bytes[at % length] = byte;
        }
        if let Ok(state) = read(&bytes, &settings()) {
            for found in &state.found {
                let _ = instance(found.bytes(&bytes), found.outside());
            }
        }
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = read(&bytes, &settings());
    }
}
