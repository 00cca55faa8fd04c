//! Connections of GraphQL, page by page.

use serde_json::Value;

use super::{Data, Error, Github, Query};

/// More pages than any connection has.
const MOST_PAGES: usize = 1_000;

/// How often a query is asked that is too much for GitHub, where nobody can ask for less.
const TRIES: u32 = 3;

impl Github {
    /// Asks a query until the connection that it pages through with `$cursor` has ended, and joins that connection's pages.
    ///
    /// A connection pages if it selects `pageInfo { hasNextPage endCursor }`. Where another one has more than it gave, or the query
    /// takes no `$cursor`, there is no answer: what is cut short must not look like all there is.
    ///
    /// # Errors
    ///
    /// As [`Github::graphql`], and [`Error::Undecodable`] for what cannot be joined.
    pub async fn graphql_pages(&self, query: &Query, mut variables: Value) -> Result<Data, Error> {
        let odd = |why: &str| Error::Undecodable { what: query.operation(), why: why.to_owned() };
        let mut joined = self.persistent(query, &variables).await?;
        for _ in 1..MOST_PAGES {
            let open = open_connections(&joined.data);
            let Some(at) = open.first() else { return Ok(joined) };
            if open.len() > 1 || !query.takes("cursor") {
                return Err(odd("more than it gives at once is in it"));
            }
            let Some(cursor) = joined.data.pointer(at).map(|connection| connection["pageInfo"]["endCursor"].clone()) else {
                return Ok(joined);
            };
            variables["cursor"] = cursor;
            let mut page = self.persistent(query, &variables).await?;
            joined.errors.append(&mut page.errors);
            joined.cost = joined.cost.zip(page.cost).map(|(one, other)| one + other);
            joined.remaining = page.remaining;
            if open_connections(&page.data).iter().any(|open| open != at) {
                return Err(odd("more than it gives at once is in it"));
            }
            match (joined.data.pointer_mut(at), page.data.pointer_mut(at)) {
                (Some(connection), Some(more)) => append(connection, more),
                // What pages through it was taken away meanwhile, or failed.
                _ if !joined.errors.is_empty() => return Ok(joined),
                _ => return Err(odd("its pages do not fit together")),
            }
        }
        Err(odd("it does not end"))
    }

    async fn persistent(&self, query: &Query, variables: &Value) -> Result<Data, Error> {
        let mut tries = 1;
        loop {
            match self.graphql(query, variables.clone()).await {
                Err(error) if error.asks_for_less() && tries < TRIES => {
                    self.counters().retries += 1;
                    tokio::time::sleep(self.backoff(tries)).await;
                    tries += 1;
                }
                result => return result,
            }
        }
    }
}

fn append(connection: &mut Value, more: &mut Value) {
    for items in ["nodes", "edges"] {
        if let (Some(items), Some(more)) =
            (connection.get_mut(items).and_then(Value::as_array_mut), more.get_mut(items).and_then(Value::as_array_mut))
        {
            items.append(more);
        }
    }
    connection["pageInfo"] = more["pageInfo"].take();
}

/// Where the connections are that have more, as JSON pointers.
fn open_connections(data: &Value) -> Vec<String> {
    let mut found = Vec::new();
    gather(data, &mut String::new(), &mut found);
    found
}

fn gather(value: &Value, at: &mut String, found: &mut Vec<String>) {
    if value.pointer("/pageInfo/hasNextPage") == Some(&Value::Bool(true)) {
        found.push(at.clone());
    }
    let length = at.len();
    let mut within = |name: &str, value: &Value| {
        at.push('/');
        at.push_str(name);
        gather(value, at, found);
        at.truncate(length);
    };
    match value {
        // GraphQL's names have neither slashes nor tildes.
        Value::Object(members) => members.iter().for_each(|(name, value)| within(name, value)),
        Value::Array(items) => items.iter().enumerate().for_each(|(index, value)| within(&index.to_string(), value)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_connection_that_has_more_is_found_wherever_it_is() {
        let open = json!({"hasNextPage": true, "endCursor": "c"});
        let data = json!({"a": {"nodes": [{"b": {"pageInfo": open}}], "pageInfo": {"hasNextPage": false}}, "c": {"pageInfo": open}});
        assert_eq!(open_connections(&data), ["/a/nodes/0/b", "/c"]);
    }

    #[test]
    fn pages_are_joined_by_nodes_and_by_edges() {
        let mut joined = json!({"nodes": [1], "edges": [1], "totalCount": 2, "pageInfo": {"hasNextPage": true}});
        append(&mut joined, &mut json!({"nodes": [2], "edges": [2], "totalCount": 2, "pageInfo": {"hasNextPage": false}}));
        assert_eq!(joined, json!({"nodes": [1, 2], "edges": [1, 2], "totalCount": 2, "pageInfo": {"hasNextPage": false}}));
    }
}
