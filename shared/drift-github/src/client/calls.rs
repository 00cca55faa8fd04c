//! The catalog's port: one operation of GitHub's, by its own name.

use drift_catalog::{AwsCall, CallError, CallErrorKind};
use drift_model::Place;
use serde_json::{Value, json};

use super::{Answer, Data, Error, Github, Problem, Query, Validator, graphql::why_nothing};
use crate::known::{Conditional, Fresh, SERVICE};

/// Operations are `GET /path/{name}`, as GitHub's description writes it, or `GRAPHQL Name`, a query of `queries/`.
///
/// - A list comes whole: as an array, or as an object with its array. What has no content is `{"status": 204}`.
/// - `{team_slug}` takes a team's slug or its number; so does the variable `team` of a query that takes `$id`.
/// - An answer of GraphQL is its `data`, or an error if any of it is missing.
impl AwsCall for Github {
    async fn call(&self, place: &Place, service: &str, operation: &str, input: &Value) -> Result<Value, CallError> {
        let told = |error: Error| call_error(operation, &error);
        if service != SERVICE {
            return Err(told(Error::Input {
                what: operation.to_owned(),
                why: format!("it is {service}'s, and this is a client of GitHub"),
            }));
        }
        if place.partition != SERVICE || !place.account.eq_ignore_ascii_case(self.owner()) {
            let message = format!("this is a client of {}, and not of {}", self.place(), place);
            return Err(CallError {
                kind: CallErrorKind::WrongAccount,
                message,
                ..told(Error::Input { what: operation.to_owned(), why: String::new() })
            });
        }
        match operation.strip_prefix("GRAPHQL ") {
            Some(name) => self.query(name, input).await.map_err(told),
            None => self.read(operation, input, None).await.map(body_of).map_err(told),
        }
    }
}

impl Conditional for Github {
    async fn call_unless(&self, operation: &str, input: &Value, validator: Option<&Validator>) -> Result<Fresh, CallError> {
        let answer = self.read(operation, input, validator).await.map_err(|error| call_error(operation, &error))?;
        if answer.not_modified {
            return Ok(Fresh::Same);
        }
        let validator = answer.validator.clone();
        Ok(Fresh::New(body_of(answer), validator))
    }
}

fn body_of(answer: Answer) -> Value {
    if answer.body.is_null() { json!({"status": answer.status}) } else { answer.body }
}

impl Github {
    async fn read(&self, operation: &str, input: &Value, validator: Option<&Validator>) -> Result<Answer, Error> {
        let get = self.fill(operation, input).await?.unless(validator.cloned());
        // What ends with a name is one thing, or what little begins with that name.
        if operation.ends_with('}') { self.pages(&get).await } else { self.list(&get).await }
    }

    async fn query(&self, name: &str, input: &Value) -> Result<Value, Error> {
        let what = format!("GRAPHQL {name}");
        let Some(query) = Query::named(name) else {
            return Err(Error::Input { what, why: "there is no such query".to_owned() });
        };
        let mut variables = input.as_object().cloned().unwrap_or_default();
        if let Some(team) = variables.get("team").filter(|_| query.takes("id") && !query.takes("team")) {
            let team = team.as_str().map_or_else(|| team.to_string(), str::to_owned);
            variables.insert("id".to_owned(), self.team_node_id(&team).await?.into());
            variables.remove("team");
        }
        for own in ["owner", "org"] {
            if query.takes(own) && !variables.contains_key(own) {
                variables.insert(own.to_owned(), self.owner().into());
            }
        }
        let found = self.graphql_pages(&query, variables.into()).await?;
        if found.is_complete() { Ok(found.data) } else { Err(incomplete(what, &found)) }
    }
}

fn incomplete(what: String, found: &Data) -> Error {
    // A thing that is not there, of which nothing came; or a part of one that is, which says nothing of the whole.
    match why_nothing(what, &found.errors) {
        Error::NotFound { what } if !found.is_empty() => {
            let message = found.errors.first().map(Problem::told).unwrap_or_default();
            Error::Undecodable { what, why: format!("a part of it is missing: {message}") }
        }
        Error::Input { what, why } => Error::Undecodable { what, why: format!("a part of it is missing: {why}") },
        error => error,
    }
}

fn call_error(operation: &str, error: &Error) -> CallError {
    let (kind, status) = match error {
        Error::NotFound { .. } => (CallErrorKind::Service, 404),
        Error::Refused { status, .. } => (CallErrorKind::Service, *status),
        Error::Denied { .. } => (CallErrorKind::AccessDenied, 403),
        Error::Unauthorized { .. } => (CallErrorKind::AccessDenied, 401),
        Error::Limited { .. } => (CallErrorKind::Throttled, 429),
        Error::Server { status, .. } => (CallErrorKind::Transport, *status),
        Error::Transport { .. } => (CallErrorKind::Transport, 0),
        Error::Undecodable { .. } => (CallErrorKind::Undecodable, 0),
        // Of what is in an organisation that does not show itself, nothing is known to be gone.
        Error::Input { .. } | Error::NoOrganization { .. } => (CallErrorKind::Input, 0),
    };
    // The operation is told by the error around it.
    let text = error.to_string();
    let message = text.strip_prefix(operation).and_then(|rest| rest.strip_prefix(": ")).unwrap_or(&text).to_owned();
    let code = if status == 0 { String::new() } else { status.to_string() };
    CallError { service: SERVICE.to_owned(), operation: operation.to_owned(), kind, code, status, message }
}
