//! Messages that the reader has no need of.

use std::collections::BTreeMap;

use prost::Message;

/// What identifies a type's instances: `ResourceIdentitySchema`.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct IdentitySchema {
    #[prost(int64, tag = "1")]
    pub(crate) version: i64,
    #[prost(message, repeated, tag = "2")]
    pub(crate) identity_attributes: Vec<IdentityAttribute>,
}

#[derive(Clone, PartialEq, Eq, Message)]
pub(crate) struct IdentityAttribute {
    #[prost(string, tag = "1")]
    pub(crate) name: String,
    #[prost(bytes = "vec", tag = "2")]
    pub(crate) r#type: Vec<u8>,
    #[prost(bool, tag = "3")]
    pub(crate) required_for_import: bool,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct IdentitySchemasResponse {
    #[prost(btree_map = "string, message", tag = "1")]
    pub(crate) identity_schemas: BTreeMap<String, IdentitySchema>,
}

/// One piece of what a plugin wrote: go-plugin's `StdioData`, channel 2 being standard error.
#[derive(Clone, PartialEq, Eq, Message)]
pub(crate) struct Stdio {
    #[prost(int32, tag = "1")]
    pub(crate) channel: i32,
    #[prost(bytes = "vec", tag = "2")]
    pub(crate) data: Vec<u8>,
}
