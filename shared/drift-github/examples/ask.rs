//! Asks GitHub, as the catalog or a scan would, and prints what came: for tests against a served GitHub, and for looking.
//!
//! usage: `ask OPERATION [INPUT]`, where the operation is `GET /repos/{owner}/{repo}` or `GRAPHQL Name`; or `ask` with a script on
//! its standard input: `{"settings": {"patience": 5}, "steps": [{"call": OPERATION, "input": {...}}, {"identity": true}]}`. Each step
//! prints a line of JSON.
//!
//! The surroundings say as whom, as they say it to the provider: `GITHUB_OWNER`, `GITHUB_BASE_URL`, `GITHUB_TOKEN`, or
//! `GITHUB_APP_ID`, `GITHUB_APP_INSTALLATION_ID` and `GITHUB_APP_PEM_FILE` (the key itself).

use std::{
    error::Error as StdError,
    io::{Read as _, Write as _, stdin, stdout},
    time::Duration,
};

use drift_catalog::AwsCall as _;
use drift_github::{Credential, Error, Get, Github, Query, Secret, Settings};
use futures::future::join_all;
use serde::Deserialize;
use serde_json::{Map, Value, json};

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Script {
    settings: Given,
    steps: Vec<Step>,
}

/// Seconds and numbers, where they are to be other than GitHub's.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Given {
    parallel: Option<usize>,
    patience: Option<f64>,
    minute: Option<f64>,
    backoff: Option<f64>,
    silence: Option<f64>,
    rest_points: Option<usize>,
    graphql_points: Option<usize>,
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Step {
    /// An operation, through the catalog's port.
    call: Option<String>,
    input: Value,
    /// A path, or that of a list.
    get: Option<String>,
    list: Option<String>,
    query: Map<String, Value>,
    /// On condition that the answer to this earlier step, by its number, no longer holds.
    unless: Option<usize>,
    /// A query's text.
    graphql: Option<String>,
    variables: Value,
    pages: bool,
    identity: bool,
    used: bool,
    /// How often at once, if more than once: then the line is an array.
    at_once: Option<usize>,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn StdError>> {
    let script = script()?;
    let github = Github::new(settings(&script.settings)?)?;
    let mut answers: Vec<Value> = Vec::new();
    for step in &script.steps {
        let answer = match step.at_once {
            Some(times) => join_all((0..times).map(|_| take(&github, step, &answers))).await.into(),
            None => take(&github, step, &answers).await,
        };
        writeln!(stdout(), "{answer}")?;
        answers.push(answer);
    }
    Ok(())
}

fn script() -> Result<Script, Box<dyn StdError>> {
    let mut arguments = std::env::args().skip(1);
    if let Some(operation) = arguments.next() {
        let input = arguments.next().map_or(Ok(Value::Null), |input| serde_json::from_str(&input))?;
        return Ok(Script { steps: vec![Step { call: Some(operation), input, ..Step::default() }], ..Script::default() });
    }
    let mut text = String::new();
    stdin().read_to_string(&mut text)?;
    Ok(serde_json::from_str(&text)?)
}

#[expect(clippy::disallowed_methods, reason = "this is where the environment comes in")]
fn set(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

fn settings(given: &Given) -> Result<Settings, Box<dyn StdError>> {
    let credential = match (set("GITHUB_APP_ID"), set("GITHUB_APP_INSTALLATION_ID"), set("GITHUB_APP_PEM_FILE")) {
        (Some(app_id), Some(installation_id), Some(key)) => Credential::App { app_id, installation_id, private_key: Secret::new(key) },
        _ => Credential::Token(Secret::new(set("GITHUB_TOKEN").ok_or("neither an App nor a token is set")?)),
    };
    let owner = set("GITHUB_OWNER").ok_or("GITHUB_OWNER is not set")?;
    let base_url = set("GITHUB_BASE_URL");
    let mut settings = Settings::new(owner, base_url.as_deref().unwrap_or(Settings::DEFAULT_BASE_URL), credential)?;
    let seconds = |given: Option<f64>, usual| given.map_or(usual, Duration::from_secs_f64);
    settings.parallel = given.parallel.unwrap_or(settings.parallel);
    settings.patience = seconds(given.patience, settings.patience);
    settings.silence = seconds(given.silence, settings.silence);
    settings.pace.minute = seconds(given.minute, settings.pace.minute);
    settings.pace.backoff = seconds(given.backoff, settings.pace.backoff);
    settings.pace.rest_points = given.rest_points.unwrap_or(settings.pace.rest_points);
    settings.pace.graphql_points = given.graphql_points.unwrap_or(settings.pace.graphql_points);
    Ok(settings)
}

async fn take(github: &Github, step: &Step, answers: &[Value]) -> Value {
    if let Some(operation) = &step.call {
        return match github.call(&github.place(), "github", operation, &step.input).await {
            Ok(answer) => json!({"answer": answer}),
            Err(error) => json!({"error": {
                "kind": format!("{:?}", error.kind), "code": error.code, "status": error.status, "message": error.to_string(),
            }}),
        };
    }
    let result = if let Some(text) = &step.graphql {
        queried(github, step, Query::new(text.clone())).await
    } else if step.identity {
        github.identity().await.map(|identity| Value::from(&identity))
    } else if step.used {
        Ok(json!(github.used()))
    } else {
        got(github, step, answers).await
    };
    result.unwrap_or_else(|error| told(&error))
}

async fn got(github: &Github, step: &Step, answers: &[Value]) -> Result<Value, Error> {
    let path = step.get.as_ref().or(step.list.as_ref()).map_or("/", String::as_str);
    let validator = step.unless.map(|number| answers[number]["validator"].clone()).and_then(|text| serde_json::from_value(text).ok());
    let mut get = Get::new(format!("GET {path}"), path).unless(validator);
    for (name, value) in &step.query {
        get = get.with(name, value.as_str().map_or_else(|| value.to_string(), str::to_owned));
    }
    let answer = if step.list.is_some() { github.list(&get).await? } else { github.get(&get).await? };
    Ok(json!({
        "status": answer.status, "body": answer.body, "validator": answer.validator, "not_modified": answer.not_modified, "moved": answer.moved,
    }))
}

async fn queried(github: &Github, step: &Step, query: Query) -> Result<Value, Error> {
    let variables = if step.variables.is_null() { json!({}) } else { step.variables.clone() };
    let found = if step.pages { github.graphql_pages(&query, variables).await? } else { github.graphql(&query, variables).await? };
    let errors: Vec<_> =
        found.errors.iter().map(|error| json!({"kind": error.kind, "path": error.path, "message": error.message})).collect();
    Ok(json!({"data": found.data, "errors": errors, "cost": found.cost, "remaining": found.remaining}))
}

fn told(error: &Error) -> Value {
    let debugged = format!("{error:?}");
    let kind = debugged.split([' ', '{']).next();
    let (until, secondary) = match error {
        Error::Limited { until, secondary } => (Some(until.to_string()), Some(*secondary)),
        _ => (None, None),
    };
    json!({"error": {
        "kind": kind, "message": error.to_string(), "asks_for_less": error.asks_for_less(), "until": until, "secondary": secondary,
    }})
}
