use serde::{Deserialize, Serialize};
use serde_json::Value;

/// One `GET`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Get {
    /// The operation as the API's description writes it (`GET /repos/{owner}/{repo}`): by it requests are counted and errors told.
    pub operation: String,
    /// The path with every name in it, percent-encoded: `/repos/acme/shop`.
    pub path: String,
    /// Its query.
    pub query: Vec<(String, String)>,
    /// The media type to ask for; none: GitHub's JSON.
    pub accept: Option<String>,
    /// What an earlier answer to the same came with: where nothing changed since, GitHub says so and counts nothing.
    pub validator: Option<Validator>,
}

impl Get {
    /// A request of a path that holds no names, or whose names are encoded.
    pub fn new(operation: impl Into<String>, path: impl Into<String>) -> Self {
        Self { operation: operation.into(), path: path.into(), ..Self::default() }
    }

    /// With one more parameter.
    #[must_use]
    pub fn with(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.query.push((name.into(), value.into()));
        self
    }

    /// On condition that something changed.
    #[must_use]
    pub fn unless(mut self, validator: Option<Validator>) -> Self {
        self.validator = validator;
        self
    }
}

/// By what GitHub knows an answer again. It says nothing to another credential.
///
/// An `ETag` covers the token that it was given to (observed, not documented), so that one of another token is not sent:
/// it could only cost. Where an answer has none, `Last-Modified` is kept, which holds for every token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Validator {
    /// The `ETag`, or else the `Last-Modified`.
    pub text: String,
    /// Of the token that got it, the beginning of a hash; none for a `Last-Modified`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
}

/// What GitHub answered.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// 200, 204, 304, ...
    pub status: u16,
    /// The body as JSON; null where there is none.
    pub body: Value,
    /// To ask again with. None where GitHub gave none, or where it could not be relied on (a list of several pages).
    pub validator: Option<Validator>,
    /// Nothing changed since the answer whose validator was sent. The body is null.
    pub not_modified: bool,
    /// It answered from elsewhere: what the path names was renamed or moved.
    pub moved: bool,
}
