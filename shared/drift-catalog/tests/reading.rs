//! The interpreter on a catalog and answers made for it.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

use drift_catalog::{AwsCall, CallError, CallErrorKind, Catalog, Reading};
use drift_model::{AttributePath, Instance, InstanceKey, Place, ReasonKind, Value, compare};
use serde_json::json;

const CATALOG: &str = r#"
service = "iam"
source = "iam.amazonaws.com"

[[resource]]
type = "aws_iam_role"

[[resource.read]]
operation = "GetRole"
input = { RoleName = "{name || id}" }
select = "Role"
gone = ["NoSuchEntity"]
gone_if = "State == 'deleting'"

[[resource.read]]
operation = "ListRolePolicies"
input = { RoleName = "{name || id}" }
pages = { items = "PolicyNames", next = { Marker = "Marker" } }
into = "inline"

[[resource.read]]
operation = "GetRolePolicy"
for_each = "inline.PolicyNames"
input = { RoleName = "{name || id}", PolicyName = "{each}" }
into = "policies"

[[resource.read]]
operation = "GetBoundary"
service = "organizations"
input = {}
when = "recorded.boundary"
into = "boundary"
unset = ["NoSuchBoundary"]

[resource.attributes]
boundary = "boundary.Arn"
description = "Description"
inline_policy = { from = "policies[].{name: PolicyName, policy: Document}", as = "set", nested = { policy = "json" } }
max_session_duration = { from = "MaxSessionDuration", default = 3600 }
secret = { from = "Secret", sensitive = true }
tags = { from = "own_tags(Tags, recorded)", as = "tags" }
user_data = { from = "UserData", as = "user-data" }
"#;

/// An answer, or an error code and what kind of failure it stands for.
type Scene = Result<Value, (&'static str, CallErrorKind)>;

/// Answers by operation, each with the inputs that it was asked with.
#[derive(Default)]
struct Scripted {
    answers: BTreeMap<&'static str, Vec<Scene>>,
    asked: Mutex<Vec<(String, Value)>>,
}

impl Scripted {
    fn new<const N: usize>(answers: [(&'static str, Vec<Scene>); N]) -> Self {
        let quiet = [("GetRole", vec![Ok(json!({"Role": {}}))]), ("ListRolePolicies", vec![Ok(json!({"PolicyNames": []}))])];
        Self { answers: quiet.into_iter().chain(answers).collect(), asked: Mutex::default() }
    }

    fn asked(&self, operation: &str) -> Vec<Value> {
        let asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        asked.iter().filter(|(name, _)| name == operation).map(|(_, input)| input.clone()).collect()
    }
}

impl AwsCall for Scripted {
    async fn call(&self, _: &Place, service: &str, operation: &str, input: &Value) -> Result<Value, CallError> {
        let before = self.asked(operation).len();
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).push((operation.to_owned(), input.clone()));
        let answer = self.answers.get(operation).and_then(|answers| answers.get(before).or(answers.last()));
        answer.expect("the answer is in the script").clone().map_err(|(code, kind)| CallError {
            service: service.to_owned(),
            operation: operation.to_owned(),
            kind,
            code: code.to_owned(),
            status: 400,
            message: code.to_owned(),
        })
    }
}

fn role(attributes: impl Into<Value>) -> Instance {
    Instance::new(
        InstanceKey { address: "aws_iam_role.admin".parse().expect("it is an address"), deposed: None },
        "registry.terraform.io/hashicorp/aws",
        attributes.into().as_object().expect("attributes are an object").clone(),
    )
}

async fn read(calls: &Scripted, instance: &Instance) -> Reading {
    let catalog = Catalog::load([("iam.toml", CATALOG)]).expect("the catalog can be used");
    catalog.read(&Place::new("aws", "123456789012", "us-east-1"), instance, calls).await
}

#[track_caller]
fn check(reading: Reading, expected: &[&str]) {
    let Reading::Found { facets, sensitivity } = reading else { panic!("{reading:?}") };
    let shown = |side: &drift_model::Shown| serde_json::to_string(side).expect("a value prints");
    let found: Vec<String> = compare(&facets, &sensitivity)
        .iter()
        .map(|difference| format!("{}: {} -> {}", difference.path, shown(&difference.recorded), shown(&difference.live)))
        .collect();
    assert_eq!(found, expected);
}

#[tokio::test]
async fn only_what_the_state_holds_is_compared() {
    let calls = Scripted::new([("GetRole", vec![Ok(json!({"Role": {"Description": "new", "MaxSessionDuration": 60}}))])]);
    check(read(&calls, &role(json!({"id": "admin", "description": "old"}))).await, &[r#"description: "old" -> "new""#]);
    assert_eq!(calls.asked("GetRole"), [json!({"RoleName": "admin"})]);
}

#[tokio::test]
async fn a_default_stands_for_what_either_side_leaves_out() {
    let calls = Scripted::new([]);
    check(read(&calls, &role(json!({"id": "admin", "max_session_duration": 3600, "description": ""}))).await, &[]);
}

#[tokio::test]
async fn an_answer_that_was_cut_is_read_to_its_end() {
    let pages = vec![Ok(json!({"PolicyNames": ["a"], "Marker": "m"})), Ok(json!({"PolicyNames": ["b"]}))];
    let policy = |name: &str| Ok(json!({"PolicyName": name, "Document": format!(r#"{{"of": "{name}"}}"#)}));
    let calls = Scripted::new([("ListRolePolicies", pages), ("GetRolePolicy", vec![policy("a"), policy("b")])]);
    let recorded = json!([{"name": "b", "policy": "{ \"of\" : \"b\" }"}, {"name": "a", "policy": "{\"of\":\"a\"}"}]);
    check(read(&calls, &role(json!({"id": "admin", "inline_policy": recorded}))).await, &[]);
    assert_eq!(calls.asked("ListRolePolicies")[1], json!({"RoleName": "admin", "Marker": "m"}));
    assert_eq!(calls.asked("GetRolePolicy")[1], json!({"RoleName": "admin", "PolicyName": "b"}));
}

#[tokio::test]
async fn an_answer_that_never_ends_is_not_believed() {
    let calls = Scripted::new([("ListRolePolicies", vec![Ok(json!({"PolicyNames": [], "Marker": "again"}))])]);
    let reading = read(&calls, &role(json!({"id": "admin"}))).await;
    assert!(matches!(&reading, Reading::Unknown(reason) if reason.kind == ReasonKind::Error), "{reading:?}");
}

#[tokio::test]
async fn a_resource_is_gone_by_its_error_by_an_empty_answer_and_by_its_state() {
    for answer in [Err(("NoSuchEntity", CallErrorKind::Service)), Ok(json!({})), Ok(json!({"Role": {"State": "deleting"}}))] {
        let calls = Scripted::new([("GetRole", vec![answer])]);
        assert_eq!(read(&calls, &role(json!({"id": "admin"}))).await, Reading::Gone);
        assert_eq!(calls.asked("ListRolePolicies").len(), 0);
    }
}

#[tokio::test]
async fn a_resource_that_goes_between_two_reads_is_gone() {
    let calls = Scripted::new([("ListRolePolicies", vec![Err(("NoSuchEntity", CallErrorKind::Service))])]);
    assert_eq!(read(&calls, &role(json!({"id": "admin"}))).await, Reading::Gone);
}

#[tokio::test]
async fn a_setting_that_is_not_set_is_nothing_and_one_that_is_not_needed_is_not_read() {
    let calls = Scripted::new([("GetBoundary", vec![Err(("NoSuchBoundary", CallErrorKind::Service))])]);
    check(read(&calls, &role(json!({"id": "admin", "boundary": "b"}))).await, &[r#"boundary: "b" -> null"#]);
    check(read(&calls, &role(json!({"id": "admin", "boundary": ""}))).await, &[]);
    assert_eq!(calls.asked("GetBoundary").len(), 1);
}

#[tokio::test]
async fn a_denied_read_proves_nothing_and_says_what_to_allow() {
    for operation in ["GetRole", "ListRolePolicies"] {
        let calls = Scripted::new([(operation, vec![Err(("AccessDenied", CallErrorKind::AccessDenied))])]);
        let Reading::Unknown(reason) = read(&calls, &role(json!({"id": "admin"}))).await else { panic!("{operation}") };
        assert_eq!(reason.kind, ReasonKind::AccessDenied);
        assert!(reason.message.contains(&format!("iam:{operation}")), "{}", reason.message);
    }
}

#[tokio::test]
async fn no_other_error_is_taken_for_gone() {
    // Even with the right code: only the service itself can say so.
    for kind in [CallErrorKind::Throttled, CallErrorKind::WrongAccount, CallErrorKind::Transport, CallErrorKind::Undecodable] {
        let calls = Scripted::new([("GetRole", vec![Err(("NoSuchEntity", kind))])]);
        let reading = read(&calls, &role(json!({"id": "admin"}))).await;
        assert!(matches!(&reading, Reading::Unknown(reason) if reason.kind == kind.into()), "{reading:?}");
    }
}

#[tokio::test]
async fn a_state_that_lacks_what_the_read_needs_is_said() {
    let reading = read(&Scripted::new([]), &role(json!({"description": "x"}))).await;
    assert!(matches!(&reading, Reading::Unknown(reason) if reason.kind == ReasonKind::Recorded), "{reading:?}");
}

#[tokio::test]
async fn what_the_catalog_or_the_state_marks_is_never_shown() {
    let calls = Scripted::new([("GetRole", vec![Ok(json!({"Role": {"Secret": "new", "Description": "new"}}))])]);
    let mut instance = role(json!({"id": "admin", "secret": "old", "description": "old"}));
    instance.sensitive.push(AttributePath::attribute("description"));
    let hidden = r#""(sensitive value)" -> "(sensitive value)""#;
    check(read(&calls, &instance).await, &[&format!("description: {hidden}"), &format!("secret: {hidden}")]);
}

#[tokio::test]
async fn a_hash_of_user_data_is_never_shown_either() {
    let calls = Scripted::new([("GetRole", vec![Ok(json!({"Role": {"UserData": "cGFzc3dvcmQ9aHVudGVyMg=="}}))])]);
    let recorded = role(json!({"id": "admin", "user_data": "0123456789012345678901234567890123456789"}));
    check(read(&calls, &recorded).await, &[r#"user_data: "(sensitive value)" -> "(sensitive value)""#]);
}

#[tokio::test]
async fn a_reason_quotes_nothing_that_may_not_be_shown_whatever_the_service_said() {
    let said = "'correct-horse-battery' of admin and 'swordfish-9' with ASIAIOSFODNN7EXAMPLE at https://a:b2@c/d";
    for operation in ["GetRole", "ListRolePolicies"] {
        let calls = Scripted::new([(operation, vec![Err((said, CallErrorKind::Service))])]);
        let mut instance = role(json!({"id": "admin", "secret": "correct-horse-battery", "description": ["swordfish-9"]}));
        instance.sensitive.push(AttributePath::attribute("description"));
        let Reading::Unknown(reason) = read(&calls, &instance).await else { panic!("{operation}") };
        let hidden = "(sensitive value)";
        assert_eq!(reason.message, format!("iam:{operation}: '{hidden}' of admin and '{hidden}' with {hidden} at {hidden}"));
    }
}

#[tokio::test]
async fn a_reason_is_of_bounded_length() {
    let said: &'static str = Box::leak("x ".repeat(1 << 20).into_boxed_str());
    let calls = Scripted::new([("GetRole", vec![Err((said, CallErrorKind::Service))])]);
    let Reading::Unknown(reason) = read(&calls, &role(json!({"id": "admin"}))).await else { panic!("it is unknown") };
    assert_eq!(reason.message.chars().count(), 1_003);
}

#[tokio::test]
async fn tags_that_the_providers_defaults_made_are_no_difference() {
    let tags = |owner: &str| json!({"Role": {"Tags": [{"Key": "Name", "Value": "x"}, {"Key": "Owner", "Value": owner}, {"Key": "aws:x", "Value": "y"}]}});
    let recorded = role(json!({"id": "admin", "tags": {"Name": "x"}, "tags_all": {"Name": "x", "Owner": "a"}}));
    check(read(&Scripted::new([("GetRole", vec![Ok(tags("a"))])]), &recorded).await, &[]);
    check(read(&Scripted::new([("GetRole", vec![Ok(tags("b"))])]), &recorded).await, &[r#"tags.Owner: null -> "b""#]);
}
