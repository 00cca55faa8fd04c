use std::{collections::BTreeMap, time::Duration};

use serde::Serialize;

/// What a client has asked of GitHub so far.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Used {
    /// Requests to REST, with repeats and redirects.
    pub rest: u64,
    /// Those of them that were answered 304, which counts nothing of the hour.
    pub not_modified: u64,
    /// Requests to GraphQL, with repeats.
    pub graphql: u64,
    /// Points of the hour that GraphQL took, as far as the queries ask for their cost; 1 for each that does not.
    pub points: u64,
    /// How often something was asked again after a failure of GitHub's or the network's.
    pub retries: u64,
    /// How long requests waited for limits, in all.
    #[serde(serialize_with = "seconds")]
    pub waited: Duration,
    /// Requests by operation: `GET /repos/{owner}/{repo}`, `GRAPHQL Teams`.
    pub operations: BTreeMap<String, u64>,
}

impl Used {
    pub(crate) fn asked(&mut self, operation: &str, graphql: bool) {
        *if graphql { &mut self.graphql } else { &mut self.rest } += 1;
        match self.operations.get_mut(operation) {
            Some(count) => *count += 1,
            None => _ = self.operations.insert(operation.to_owned(), 1),
        }
    }
}

fn seconds<S: serde::Serializer>(waited: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64(waited.as_secs_f64())
}
