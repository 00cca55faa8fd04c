use std::borrow::Cow;

use serde_json::{Value, json};

use super::{Error, Github, denial::line, github::Wanted, pace::Api};

/// A query of GraphQL: one operation, which has a name. By it requests are counted and errors told.
///
/// One that selects `rateLimit { cost remaining }` lets its cost be counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Query {
    text: Cow<'static, str>,
    name: String,
    variables: Vec<String>,
}

/// What GraphQL answered: all of it, or what it could.
#[derive(Clone, Debug, PartialEq)]
pub struct Data {
    /// By the query's names. What could not be answered is null, and among the errors.
    pub data: Value,
    /// What could not be answered, and why.
    pub errors: Vec<Problem>,
    /// How many points of the hour it took, if the query asks.
    pub cost: Option<u64>,
    /// How many are left, if the query asks.
    pub remaining: Option<u64>,
}

/// One part of an answer that is missing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// `NOT_FOUND`, `FORBIDDEN`, `RESOURCE_LIMITS_EXCEEDED`, ...; empty where GitHub itself failed.
    pub kind: String,
    /// Where in the data: names, and numbers of list elements.
    pub path: Vec<String>,
    /// What GitHub says of it.
    pub message: String,
}

impl Problem {
    /// The message, and where in the answer it is about: GraphQL's names, which hold nothing of the organisation.
    pub(crate) fn told(&self) -> String {
        if self.path.is_empty() { self.message.clone() } else { format!("{} (at {})", self.message, self.path.join(".")) }
    }
}

impl Query {
    /// A query by its text, which is not checked here.
    pub fn new(text: impl Into<Cow<'static, str>>) -> Self {
        let text = text.into();
        let code: String = text.lines().map(|line| line.split('#').next().unwrap_or_default()).collect::<Vec<_>>().join("\n");
        let head = code.split('{').next().unwrap_or_default();
        let (named, declared) = head.split_once('(').unwrap_or((head, ""));
        let name = named.trim().strip_prefix("query").unwrap_or_default().trim().to_owned();
        let variable = |declaration: &str| declaration.split(':').next().unwrap_or_default().trim().to_owned();
        let variables = declared.split('$').skip(1).map(variable).collect();
        Self { text, name, variables }
    }

    /// What it is called in its text.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether it takes a variable of this name, written without `$`.
    #[must_use]
    pub fn takes(&self, variable: &str) -> bool {
        self.variables.iter().any(|known| known == variable)
    }

    /// `GRAPHQL Teams`.
    pub(crate) fn operation(&self) -> String {
        format!("GRAPHQL {}", self.name)
    }
}

impl Data {
    /// Whether nothing is missing.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.errors.is_empty()
    }

    /// Why all of it below a name is missing, if its errors say.
    pub(crate) fn why(&self, name: &str) -> Option<Error> {
        let concerned: Vec<Problem> = self.errors.iter().filter(|problem| problem.path.iter().any(|step| step == name)).cloned().collect();
        let all = if concerned.is_empty() { &self.errors } else { &concerned };
        (!all.is_empty()).then(|| why_nothing(format!("GRAPHQL {name}"), all))
    }

    /// Whether nothing came at all, besides what the query cost.
    pub(crate) fn is_empty(&self) -> bool {
        self.data.as_object().is_none_or(|members| members.iter().all(|(name, value)| name == "rateLimit" || value.is_null()))
    }
}

impl Github {
    /// Asks one query, once.
    ///
    /// # Errors
    ///
    /// Where there is no data at all, what its errors say: [`Error::NotFound`], [`Error::Denied`], [`Error::Server`], or
    /// [`Error::Input`] of a query that GitHub does not take. [`Error::asks_for_less`] of one that is too much for it.
    pub async fn graphql(&self, query: &Query, variables: Value) -> Result<Data, Error> {
        let operation = query.operation();
        let body = json!({"query": query.text, "variables": variables, "operationName": query.name}).to_string().into_bytes();
        let wanted =
            Wanted { operation: &operation, api: Api::GraphQl, url: self.graphql_url(), accept: None, validator: None, body: Some(body) };
        let mut got = self.send(wanted).await?;
        let data = got.body["data"].take();
        let told = |name: &str| data.get("rateLimit").and_then(|limit| limit.get(name)).and_then(Value::as_u64);
        let (cost, remaining) = (told("cost"), told("remaining"));
        self.counters().points += cost.unwrap_or(1);
        let errors = problems(&got.body);
        if !data.is_object() {
            return Err(why_nothing(operation, &errors));
        }
        Ok(Data { data, errors, cost, remaining })
    }
}

/// Whether an answer says that a limit is reached, and whether a secondary one. GraphQL says so with 200.
pub(crate) fn limit_of(body: &Value) -> Option<bool> {
    if body["data"].is_object() {
        return None;
    }
    problems(body).iter().find_map(|problem| {
        let secondary = problem.message.to_ascii_lowercase().contains("secondary rate limit");
        (secondary || problem.kind.starts_with("RATE_LIMIT")).then_some(secondary)
    })
}

fn problems(body: &Value) -> Vec<Problem> {
    let step = |step: &Value| step.as_str().map_or_else(|| step.to_string(), str::to_owned);
    let problem = |error: &Value| Problem {
        kind: error["type"].as_str().unwrap_or_default().to_owned(),
        path: error["path"].as_array().into_iter().flatten().map(step).collect(),
        message: line(error["message"].as_str().unwrap_or_default()),
    };
    body["errors"].as_array().into_iter().flatten().map(problem).collect()
}

/// Why there is no data at all.
pub(crate) fn why_nothing(what: String, errors: &[Problem]) -> Error {
    let Some(first) = errors.first() else {
        return Error::Undecodable { what, why: "there is neither data nor an error in it".to_owned() };
    };
    let message = first.told();
    if errors.iter().all(|problem| problem.kind == "NOT_FOUND") {
        return Error::NotFound { what };
    }
    if let Some(denied) = errors.iter().find(|problem| matches!(problem.kind.as_str(), "FORBIDDEN" | "INSUFFICIENT_SCOPES")) {
        return Error::Denied { what, permission: None, message: denied.told() };
    }
    // GitHub's own failure has no kind; an error in the query has, or says where in the text.
    let failed = |problem: &Problem| {
        problem.kind == "RESOURCE_LIMITS_EXCEEDED" || problem.kind.is_empty() && problem.message.starts_with("Something went wrong")
    };
    if errors.iter().any(failed) {
        return Error::Server { what, status: 0, graphql: true };
    }
    Error::Input { what, why: message }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_knows_its_name_and_its_variables() {
        let query = Query::new(
            "# What for\nquery Teams($owner: String!, $cursor: String, $page: Int = 50) {\n  organization(login: $owner) { id }\n}",
        );
        assert_eq!((query.name(), query.operation().as_str()), ("Teams", "GRAPHQL Teams"));
        assert!(query.takes("owner") && query.takes("cursor") && query.takes("page") && !query.takes("login"));
        assert_eq!(Query::new("query Viewer { viewer { login } }").name(), "Viewer");
    }

    #[test]
    fn no_data_is_explained_by_its_errors() {
        let why = |kind: &str, message: &str| {
            why_nothing("GRAPHQL X".to_owned(), &problems(&json!({"errors": [{"type": kind, "message": message}]}))).to_string()
        };
        insta::assert_snapshot!(
            [
                why("NOT_FOUND", "Could not resolve to a node with the global id of 'BPR_1'"),
                why("FORBIDDEN", "Resource not accessible by integration"),
                why("INSUFFICIENT_SCOPES", "The 'team' field requires one of the following scopes: ['read:org']"),
                why("", "Something went wrong while executing your query. This may be the result of a timeout."),
                why("RESOURCE_LIMITS_EXCEEDED", "Resource limits for this query exceeded."),
                why("undefinedField", "Field 'x' doesn't exist on type 'Query'"),
                why_nothing("GRAPHQL X".to_owned(), &[]).to_string(),
            ]
            .join("\n"),
            @r"
            GRAPHQL X: not found
            GRAPHQL X: Resource not accessible by integration
            GRAPHQL X: The 'team' field requires one of the following scopes: ['read:org']
            GRAPHQL X: GitHub failed (it took too long)
            GRAPHQL X: GitHub failed (it took too long)
            GRAPHQL X: cannot be asked: Field 'x' doesn't exist on type 'Query'
            GRAPHQL X: the answer is not what was expected: there is neither data nor an error in it
            "
        );
    }

    #[test]
    fn a_limit_is_told_with_200_and_without_data() {
        let limited = |kind, message| limit_of(&json!({"errors": [{"type": kind, "message": message}]}));
        assert_eq!(limited("RATE_LIMITED", "API rate limit exceeded for user ID 1."), Some(false));
        assert_eq!(limited("", "You have exceeded a secondary rate limit."), Some(true));
        assert_eq!(limited("NOT_FOUND", "x"), None);
        assert_eq!(limit_of(&json!({"data": {"x": 1}, "errors": [{"type": "RATE_LIMITED"}]})), None);
    }
}
