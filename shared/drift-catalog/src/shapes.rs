//! What a call needs to know of an AWS operation: its protocol, where its input goes, what its answer is made of.
//!
//! The tables are generated from botocore's models (`generate/shapes.py`, which describes their format) for just the operations
//! that the catalog reads with. A service's table is parsed when it is first asked for.

mod member;
mod tables;

use std::{
    collections::BTreeMap,
    sync::{LazyLock, OnceLock},
};

use serde::Deserialize;

pub use self::member::{Location, Member, Shape, TimeFormat, Type};

/// One service, as far as the catalog calls it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Service {
    /// How requests and answers are written.
    pub protocol: Protocol,
    /// The API's version, which `ec2` and `query` send along.
    #[serde(default)]
    pub version: String,
    /// `1.0` or `1.1`, with `json`.
    #[serde(default)]
    pub json_version: String,
    /// What `json` puts before the operation's name in `X-Amz-Target`.
    #[serde(default)]
    pub target: String,
    /// The service's id, from which the names of settings are made: `Route 53`, so `AWS_ENDPOINT_URL_ROUTE_53`.
    pub id: String,
    /// The name to sign for.
    pub signing: String,
    /// Host templates.
    pub endpoints: Endpoints,
    /// The region to sign for where it is not the call's, by partition.
    #[serde(default)]
    pub regions: BTreeMap<String, String>,
    /// By name.
    pub operations: BTreeMap<String, Operation>,
    /// The shapes that inputs reach, by name.
    pub inputs: BTreeMap<String, Shape>,
    /// The shapes that answers reach, by name.
    pub outputs: BTreeMap<String, Shape>,
}

/// How requests and answers are written: <https://smithy.io/2.0/aws/protocols/index.html>.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Protocol {
    /// Forms in, XML out, with EC2's own rules for names.
    Ec2,
    /// Forms in, XML out.
    Query,
    /// JSON in and out, the operation in a header.
    Json,
    /// URIs, headers and JSON.
    RestJson,
    /// URIs, headers and XML.
    RestXml,
}

/// Host templates by variant. In each: by region, else by partition, else `*`; null where there is no such endpoint.
/// A template holds `{region}`, and `{suffix}` or `{dualstack_suffix}` for the partition's.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Endpoints {
    /// What one gets who asks for nothing.
    pub plain: BTreeMap<String, Option<String>>,
    /// FIPS.
    pub fips: BTreeMap<String, Option<String>>,
    /// Dual stack.
    pub dualstack: BTreeMap<String, Option<String>>,
    /// Both.
    pub fips_dualstack: BTreeMap<String, Option<String>>,
}

/// One operation.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Operation {
    /// The HTTP method.
    #[serde(default = "post")]
    pub method: String,
    /// The path with its labels, and fixed parts of the query string: `/{Bucket}?versioning`.
    #[serde(default = "root")]
    pub path: String,
    /// The input's shape.
    pub input: Option<String>,
    /// The answer's shape.
    pub output: Option<String>,
    /// The element that wraps the answer (`query`).
    pub wrapper: Option<String>,
    /// The member that the answer's root element is the value of, where it is no structure.
    pub root: Option<String>,
}

/// A partition of AWS.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Partition {
    /// `amazonaws.com`.
    pub suffix: String,
    /// `api.aws`.
    pub dualstack_suffix: String,
    /// The region where what has no region is called, and its requests are signed for: `us-east-1`.
    pub global_region: String,
}

/// A table's text, and what it parses to.
type Table = (&'static str, OnceLock<Option<Service>>);

/// What is known of a service; nothing where the catalog does not call it.
#[must_use]
pub fn service(name: &str) -> Option<&'static Service> {
    static PARSED: LazyLock<BTreeMap<&str, Table>> =
        LazyLock::new(|| tables::TABLES.iter().map(|(name, text)| (*name, (*text, OnceLock::new()))).collect());
    let (text, parsed) = PARSED.get(name)?;
    // A test asserts that every table parses.
    parsed.get_or_init(|| serde_json::from_str(text).ok()).as_ref()
}

/// The names of the services that have a table, in order.
pub fn services() -> impl Iterator<Item = &'static str> {
    tables::TABLES.iter().map(|(name, _)| *name)
}

/// What is known of a partition: `aws`, `aws-cn`, `aws-us-gov`, ...
#[must_use]
pub fn partition(name: &str) -> Option<&'static Partition> {
    static PARSED: LazyLock<BTreeMap<String, Partition>> =
        LazyLock::new(|| serde_json::from_str(include_str!("../shapes/partitions.json")).unwrap_or_default());
    PARSED.get(name)
}

fn post() -> String {
    "POST".to_owned()
}

fn root() -> String {
    "/".to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_table_parses() {
        for (name, text) in tables::TABLES {
            let parsed: Result<Service, _> = serde_json::from_str(text);
            assert!(parsed.is_ok(), "shapes/{name}.json: {:?}", parsed.err());
            assert!(service(name).is_some());
        }
        assert!(partition("aws-us-gov").is_some());
    }

    #[test]
    fn every_shape_that_is_named_exists() {
        for name in services() {
            let service = service(name).expect("a table");
            for (direction, shapes) in [("inputs", &service.inputs), ("outputs", &service.outputs)] {
                for (shape, found) in shapes {
                    for reference in found.references() {
                        assert!(shapes.contains_key(reference), "shapes/{name}.json: {direction}.{shape} names {reference}");
                    }
                }
            }
            for (operation, found) in &service.operations {
                assert!(found.input.iter().all(|input| service.inputs.contains_key(input)), "{name}:{operation}");
                assert!(found.output.iter().all(|output| service.outputs.contains_key(output)), "{name}:{operation}");
            }
        }
    }
}
