//! Which instances a change names, by the catalog that is built in and an index in memory.

use std::{
    collections::BTreeMap,
    pin::pin,
    task::{Context, Poll, Waker},
};

use drift_catalog::Catalog;
use drift_engine::{
    index::MemoryIndex,
    naming::{self, MOST_INSTANCES, Matches},
};
use drift_events::Outcome;
use drift_model::StateId;
use drift_state::Settings;
use serde_json::{Value, json};

/// Nothing in memory ever waits.
fn now<F: Future>(future: F) -> F::Output {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("an index in memory waited"),
    }
}

fn arn(service: &str, resource: &str) -> String {
    format!("arn:aws:{service}:eu-west-1:123456789012:{resource}")
}

/// What a change of `source` with these parameters leads to among instances of these types and attributes, each named by its
/// number: `aws_sqs_queue.n0`.
fn matches(instances: &[(&str, Value)], (source, name): (&str, &str), parameters: &Value) -> Matches {
    let catalog = Catalog::builtin().expect("the catalog can be used");
    let provider = "provider[\"registry.terraform.io/hashicorp/aws\"]";
    let resources: Vec<Value> = instances
        .iter()
        .zip(0..)
        .map(|((type_name, attributes), number)| {
            let instances = json!([{"attributes": attributes}]);
            json!({"mode": "managed", "type": type_name, "name": format!("n{number}"), "provider": provider, "instances": instances})
        })
        .collect();
    let settings =
        Settings { default_place: None, places: BTreeMap::new(), identifiers: &|instance| naming::identifiers(&catalog, instance) };
    let state = drift_state::read(json!({"version": 4, "resources": resources}).to_string().as_bytes(), &settings).expect("a state");
    let mut index = MemoryIndex::default();
    index.add(&StateId("a.tfstate".to_owned()), "", &state);
    let record = json!({
        "eventID": "e", "eventTime": "2026-03-14T09:27:00Z", "eventSource": format!("{source}.amazonaws.com"), "eventName": name,
        "awsRegion": "eu-west-1", "recipientAccountId": "123456789012", "requestParameters": parameters,
    });
    let Outcome::Change(change) = drift_events::read(record.to_string().as_bytes()).outcome else { panic!("no change: {record}") };
    now(naming::matches(&catalog, &index, &change)).expect("an index in memory answers")
}

/// The instances that were found, the strongest first; `!` marks those that the change can be the cause of.
#[track_caller]
#[expect(clippy::needless_pass_by_value, reason = "a case reads as one expression")]
fn check(instances: &[(&str, Value)], event: (&str, &str), parameters: Value, expected: &[&str]) {
    let found = matches(instances, event, &parameters).found;
    let shown = found.iter().map(|one| format!("{}{}", one.instance.key.address, if one.cause { "!" } else { "" }));
    assert_eq!(shown.collect::<Vec<_>>(), expected, "{parameters}");
}

fn queue(name: &str) -> (&'static str, Value) {
    (
        "aws_sqs_queue",
        json!({"arn": arn("sqs", name), "name": name, "id": format!("https://sqs.eu-west-1.amazonaws.com/123456789012/{name}")}),
    )
}

fn group(id: &str, vpc: &str) -> (&'static str, Value) {
    ("aws_security_group", json!({"id": id, "arn": arn("ec2", &format!("security-group/{id}")), "vpc_id": vpc}))
}

const SET: (&str, &str) = ("sqs", "SetQueueAttributes");

#[test]
fn an_instance_is_found_by_any_form_of_its_own_name() {
    let jobs = [queue("jobs")];
    check(&jobs, SET, json!({"queueUrl": "https://sqs.eu-west-1.amazonaws.com/123456789012/jobs"}), &["aws_sqs_queue.n0!"]);
    check(&jobs, SET, json!({"deep": [{"in": {"a": ["jobs"]}}]}), &["aws_sqs_queue.n0!"]);
    check(&jobs, SET, json!({"resourceArn": arn("sqs", "jobs")}), &["aws_sqs_queue.n0!"]);
    check(&jobs, SET, json!({"queueUrl": "https://sqs.eu-west-1.amazonaws.com/123456789012/other"}), &[]);
}

#[test]
fn a_name_counts_for_the_services_that_can_write_the_type_and_what_cannot_be_mistaken_for_all() {
    let jobs = [queue("jobs")];
    check(&jobs, ("lambda", "UpdateFunctionConfiguration"), json!({"functionName": "jobs"}), &[]);
    // A look, and nobody is blamed.
    check(&jobs, ("lambda", "CreateEventSourceMapping"), json!({"eventSourceArn": arn("sqs", "jobs")}), &["aws_sqs_queue.n0"]);
    check(&jobs, ("tagging", "TagResources"), json!({"resourceARNList": [arn("sqs", "jobs")]}), &["aws_sqs_queue.n0!"]);
}

#[test]
fn what_stands_in_a_tag_leads_to_a_look_and_blames_nobody() {
    let two = [queue("jobs"), queue("audit")];
    let parameters =
        json!({"queueUrl": "https://sqs.eu-west-1.amazonaws.com/123456789012/jobs", "tags": {"copied-from": arn("sqs", "audit")}});
    check(&two, ("sqs", "TagQueue"), parameters, &["aws_sqs_queue.n0!", "aws_sqs_queue.n1"]);
    check(&two, ("sqs", "TagQueue"), json!({"tags": {"owner": "audit"}}), &[]);
}

#[test]
fn references_count_while_they_are_few_and_declared_ones_always() {
    let few: Vec<_> = (0..5).map(|number| group(&format!("sg-0a1b2c3{number}"), "vpc-0a1b2c3d")).collect();
    assert_eq!(matches(&few, ("ec2", "ModifyVpcAttribute"), &json!({"vpcId": "vpc-0a1b2c3d"})).found.len(), 5);
    let many: Vec<_> = (0..6).map(|number| group(&format!("sg-0a1b2c3{number}"), "vpc-0a1b2c3d")).collect();
    check(&many, ("ec2", "ModifyVpcAttribute"), json!({"vpcId": "vpc-0a1b2c3d"}), &[]);
    let rules: Vec<_> =
        (0..8).map(|number| ("aws_vpc_security_group_ingress_rule", json!({"id": format!("sgr-0000000{number}"), "security_group_id": "sg-0a1b2c3d", "arn": arn("ec2", &format!("security-group-rule/sgr-0000000{number}"))}))).collect();
    let found = matches(&rules, ("ec2", "RevokeSecurityGroupIngress"), &json!({"groupId": "sg-0a1b2c3d"})).found;
    assert_eq!((found.len(), found.iter().all(|one| one.cause)), (8, true));
}

#[test]
fn a_path_that_many_names_share_names_none_of_them() {
    let role = |number: usize| {
        (
            "aws_iam_role",
            json!({"name": format!("role-{number}"), "id": format!("role-{number}"), "arn": format!("arn:aws:iam::123456789012:role/teams/role-{number}")}),
        )
    };
    let roles: Vec<_> = (0..6).map(role).collect();
    check(&roles, ("iam", "UpdateGroup"), json!({"groupName": "readers", "newPath": "/teams/"}), &[]);
    check(&roles, ("iam", "UpdateRole"), json!({"roleName": "role-3"}), &["aws_iam_role.n3!"]);
}

#[test]
fn what_an_instance_stands_in_does_not_crowd_out_whose_name_it_is() {
    let repository = |number: usize| {
        (
            "aws_ecr_repository",
            json!({"id": format!("shop/{number}-image"), "name": format!("shop/{number}-image"), "arn": arn("ecr", &format!("repository/shop/{number}-image"))}),
        )
    };
    let mut instances: Vec<_> = (0..300).map(repository).collect();
    instances.push(("aws_ecs_cluster", json!({"id": arn("ecs", "cluster/shop"), "arn": arn("ecs", "cluster/shop"), "name": "shop"})));
    check(&instances, ("ecs", "UpdateCluster"), json!({"cluster": "shop"}), &["aws_ecs_cluster.n300!"]);
}

#[test]
fn a_record_leads_to_a_bounded_number_of_instances_and_the_rest_is_counted() {
    let jobs: Vec<_> = (0..30).map(|number| queue(&format!("jobs-{number}"))).collect();
    let names: Vec<String> = (0..30).map(|number| format!("jobs-{number}")).collect();
    let found = matches(&jobs, SET, &json!({"names": names}));
    assert_eq!((found.found.len(), found.left_out), (MOST_INSTANCES, 10));
}

#[test]
fn an_identifier_that_leads_to_more_than_an_index_keeps_says_so() {
    let many: Vec<_> = (0..300).map(|_| queue("jobs")).collect();
    let found = matches(&many, SET, &json!({"queueName": "jobs"}));
    assert!(found.overflow && found.found.len() == MOST_INSTANCES);
}

#[test]
fn a_setting_that_no_string_names_is_found_by_its_event() {
    let setting = ("aws_ebs_encryption_by_default", json!({"id": "terraform-20260101", "enabled": true}));
    // What knows its place tells that of the setting too.
    let instances = [setting, queue("jobs")];
    check(&instances, ("ec2", "DisableEbsEncryptionByDefault"), json!({}), &["aws_ebs_encryption_by_default.n0!"]);
    check(&instances, ("ec2", "DisableSerialConsoleAccess"), json!({}), &[]);
}

#[test]
fn an_id_that_no_state_holds_leads_to_a_look_at_few_and_blames_nobody() {
    let server = |number: usize| {
        ("aws_instance", json!({"id": format!("i-0000000{number}"), "arn": arn("ec2", &format!("instance/i-0000000{number}"))}))
    };
    let event = ("ec2", "DisassociateIamInstanceProfile");
    check(&[server(0), server(1)], event, json!({"associationId": "iip-assoc-0a1b2c3d"}), &["aws_instance.n0", "aws_instance.n1"]);
    check(&(0..6).map(server).collect::<Vec<_>>(), event, json!({"associationId": "iip-assoc-0a1b2c3d"}), &[]);
}

#[test]
fn equal_names_in_another_region_are_other_things() {
    let there = ("aws_sqs_queue", json!({"arn": "arn:aws:sqs:us-east-1:123456789012:jobs", "name": "jobs", "id": "jobs"}));
    check(&[there], SET, json!({"queueName": "jobs"}), &[]);
}

#[test]
fn an_identifier_that_10_000_instances_share_leads_to_a_bounded_number_and_names_no_bystander() {
    let mut many: Vec<_> =
        (0..10_000).map(|_| ("aws_lb", json!({"id": "shared", "name": "shared", "security_groups": ["sg-0a1b2c3d"]}))).collect();
    many.push(group("sg-0a1b2c3d", "vpc-0a1b2c3d"));
    let found = matches(&many, ("ec2", "AuthorizeSecurityGroupIngress"), &json!({"groupId": "sg-0a1b2c3d"}));
    assert_eq!(found.found.iter().map(|one| one.instance.key.address.as_str()).collect::<Vec<_>>(), ["aws_security_group.n10000"]);
    let found = matches(&many, ("elasticloadbalancing", "DeleteLoadBalancer"), &json!({"loadBalancerName": "shared"}));
    assert!(found.found.len() <= MOST_INSTANCES && found.overflow);
}

#[test]
fn markup_and_escapes_around_a_name_are_no_name() {
    let jobs = [queue("jobs")];
    for text in ["<http://evil|jobs>", "\u{1b}[31mjobs", "jobs\u{0}", "{jobs}", "\"jobs\"", "<!channel> jobs"] {
        check(&jobs, SET, json!({"queueName": text}), &[]);
    }
}

#[test]
fn a_thousand_names_of_others_do_not_crowd_out_what_the_call_is_about() {
    let instances: Vec<_> =
        std::iter::once(queue("jobs")).chain((0..30).map(|number| group(&format!("sg-0a1b2c{number:02}"), "vpc-0a1b2c3d"))).collect();
    let tags: Vec<Value> = (0..30).map(|number| json!({"key": "k", "value": format!("sg-0a1b2c{number:02}")})).collect();
    let found = matches(&instances, SET, &json!({"tags": tags, "queueName": "jobs"}));
    assert_eq!((found.found[0].instance.key.address.as_str(), found.found[0].cause), ("aws_sqs_queue.n0", true));
    assert!(found.found[1..].iter().all(|one| !one.cause) && found.left_out == 11);
}
