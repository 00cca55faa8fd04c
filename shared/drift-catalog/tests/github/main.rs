//! GitHub's types as the catalog describes them, on answers made for them: what is a difference, and what only looks like one.

// `json!` takes a step for every word of a whole repository.
#![recursion_limit = "256"]

mod people;
mod protection;
mod repositories;
mod settings;

use std::sync::{Mutex, PoisonError};

use drift_catalog::{AwsCall, CallError, CallErrorKind, Catalog, Reading};
use drift_model::{Instance, InstanceKey, Place, ReasonKind, Shown, Value, compare};
use serde_json::json;

/// What GitHub answers: an operation, with an input that tells it from the same with another (`GET /x?affiliation=direct`),
/// and its answer, or the status of an error.
pub(crate) struct Answers {
    answers: Vec<(&'static str, Value)>,
    asked: Mutex<Vec<(String, Value)>>,
}

impl Answers {
    /// The inputs with which an operation was asked.
    pub(crate) fn asked(&self, operation: &str) -> Vec<Value> {
        let asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        asked.iter().filter(|(name, _)| name == operation).map(|(_, input)| input.clone()).collect()
    }
}

pub(crate) fn answers<const N: usize>(answers: [(&'static str, Value); N]) -> Answers {
    Answers { answers: answers.into(), asked: Mutex::default() }
}

impl AwsCall for Answers {
    async fn call(&self, place: &Place, service: &str, operation: &str, input: &Value) -> Result<Value, CallError> {
        assert_eq!((place.account.as_str(), service), ("acme", "github"));
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).push((operation.to_owned(), input.clone()));
        let fits = |key: &str| {
            let (name, wanted) = key.split_once('?').map_or((key, None), |(name, wanted)| (name, wanted.split_once('=')));
            name == operation && wanted.is_none_or(|(member, value)| input[member] == value)
        };
        let found = self.answers.iter().find(|(key, _)| fits(key));
        let (_, answer) = found.unwrap_or_else(|| panic!("nothing is said of {operation} with {input}"));
        let Some(status) = answer.as_u64() else { return Ok(answer.clone()) };
        let kind = if status == 403 { CallErrorKind::AccessDenied } else { CallErrorKind::Service };
        Err(CallError {
            service: service.to_owned(),
            operation: operation.to_owned(),
            kind,
            code: status.to_string(),
            status: u16::try_from(status).expect("it is a status"),
            message: if status == 403 { "grant members: read".to_owned() } else { format!("status {status}") },
        })
    }
}

pub(crate) async fn read(type_name: &str, recorded: Value, answers: &Answers) -> Reading {
    let catalog = Catalog::builtin().expect("the catalog can be used");
    let instance = Instance::new(
        InstanceKey { address: format!("{type_name}.it").parse().expect("it is an address"), deposed: None },
        "registry.terraform.io/integrations/github",
        recorded.as_object().expect("attributes are an object").clone(),
    );
    catalog.read(&Place::new("github", "acme", Place::GLOBAL), &instance, answers).await
}

/// The differences, each as `path: recorded -> live`.
#[track_caller]
pub(crate) fn check(reading: Reading, expected: &[&str]) {
    let Reading::Found { facets, sensitivity } = reading else { panic!("{reading:?}") };
    let shown = |side: &Shown| serde_json::to_string(side).expect("a value prints");
    let found: Vec<String> = compare(&facets, &sensitivity)
        .iter()
        .map(|difference| format!("{}: {} -> {}", difference.path, shown(&difference.recorded), shown(&difference.live)))
        .collect();
    assert_eq!(found, expected);
}

#[track_caller]
pub(crate) fn check_unknown(reading: Reading, kind: ReasonKind, part: &str) {
    let Reading::Unknown(reason) = reading else { panic!("{reading:?}") };
    assert_eq!(reason.kind, kind, "{}", reason.message);
    assert!(reason.message.contains(part), "{}", reason.message);
}

/// The same with some members changed.
pub(crate) fn with(mut value: Value, changes: Value) -> Value {
    let Value::Object(changes) = changes else { panic!("changes are members") };
    value.as_object_mut().expect("it has members").extend(changes);
    value
}

const HOOK: &str = "GET /repos/{owner}/{repo}/hooks/{hook_id}";
const TEAM: &str = "GET /orgs/{org}/teams/{team_slug}";
const REPOSITORY: &str = "GET /repos/{owner}/{repo}";
const HOOKS: &str = "GET /repos/{owner}/{repo}/hooks";

fn hook() -> Value {
    json!({"id": "12", "repository": "shop", "active": true, "events": ["push"]})
}

#[tokio::test]
async fn a_404_is_believed_where_the_list_can_be_read() {
    let github = answers([(HOOK, json!(404)), (HOOKS, json!([]))]);
    assert_eq!(read("github_repository_webhook", hook(), &github).await, Reading::Gone);
    assert_eq!(github.asked(HOOKS), [json!({"repo": "shop"})]);
}

#[tokio::test]
async fn a_404_proves_nothing_where_the_list_cannot_be_read_either() {
    for (status, kind) in [(404, ReasonKind::Error), (403, ReasonKind::AccessDenied)] {
        let github = answers([(HOOK, json!(404)), (HOOKS, json!(status)), (REPOSITORY, json!({"id": 7}))]);
        check_unknown(read("github_repository_webhook", hook(), &github).await, kind, "which proves nothing");
    }
}

#[tokio::test]
async fn what_hangs_on_a_repository_is_gone_with_it_and_is_unknown_where_the_repository_cannot_be_read() {
    const TOPICS: &str = "GET /repos/{owner}/{repo}/topics";
    for (status, is_gone) in [(404, true), (403, false)] {
        let github = answers([(HOOK, json!(404)), (HOOKS, json!(404)), (TOPICS, json!(404)), (REPOSITORY, json!(status))]);
        assert_eq!(read("github_repository_webhook", hook(), &github).await == Reading::Gone, is_gone);
        assert_eq!(read("github_repository_topics", json!({"id": "shop", "topics": []}), &github).await == Reading::Gone, is_gone);
        assert_eq!(github.asked(REPOSITORY), [json!({"repo": "shop"}), json!({"repo": "shop"})]);
    }
    let github = answers([(TOPICS, json!(404)), (REPOSITORY, json!({"id": 7}))]);
    check_unknown(read("github_repository_topics", json!({"id": "shop", "topics": []}), &github).await, ReasonKind::Error, TOPICS);
    let denied = answers([(TOPICS, json!(403))]);
    check_unknown(read("github_repository_topics", json!({"id": "shop", "topics": []}), &denied).await, ReasonKind::AccessDenied, TOPICS);
}

#[tokio::test]
async fn what_is_denied_says_what_the_client_says_and_nothing_of_iam() {
    let github = answers([(HOOK, json!(403))]);
    check_unknown(read("github_repository_webhook", hook(), &github).await, ReasonKind::AccessDenied, "grant members: read");
    let Reading::Unknown(reason) = read("github_repository_webhook", hook(), &github).await else { panic!("it is unknown") };
    assert!(!reason.message.contains("allow it to what Driftwire reads with"), "{}", reason.message);
}

#[tokio::test]
async fn a_reason_names_the_permission_where_the_client_could_not() {
    for status in [403, 404] {
        let github = answers([("GET /repos/{owner}/{repo}/labels", json!(status)), (REPOSITORY, json!({"id": 7}))]);
        let Reading::Unknown(reason) = read("github_issue_labels", json!({"id": "shop"}), &github).await else { panic!("it is unknown") };
        assert!(reason.message.ends_with("(reading it takes issues: read; with a classic token repo)"), "{}", reason.message);
    }
    let github = answers([(TEAM, json!(403))]);
    let Reading::Unknown(reason) = read("github_team", json!({"id": "7"}), &github).await else { panic!("it is unknown") };
    assert!(reason.message.ends_with("grant members: read"), "{}", reason.message);
}

#[tokio::test]
async fn no_later_404_means_that_the_whole_is_gone() {
    let repositories = "GET /orgs/{org}/actions/variables/{name}/repositories";
    let github = answers([("GET /orgs/{org}/actions/variables/{name}", json!({"visibility": "selected"})), (repositories, json!(404))]);
    let recorded = json!({"id": "REGION", "visibility": "selected", "selected_repository_ids": [7]});
    check_unknown(read("github_actions_organization_variable", recorded, &github).await, ReasonKind::Error, repositories);
}
