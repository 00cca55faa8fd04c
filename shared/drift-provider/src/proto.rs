//! The messages of the plugin protocol, as far as a read needs them.
//!
//! Versions 5 and 6 number these fields alike but for [`Attribute`] and [`Attribute5`], so one description serves both; fields that are not described here are
//! skipped in decoding. Source of names and numbers: `tfplugin5.proto` and `tfplugin6.proto` in hashicorp/terraform's
//! `docs/plugin-protocol/`, and go-plugin's `grpc_controller.proto` and `grpc_stdio.proto`.

use std::{collections::HashMap, fmt};

use prost::{Message, bytes::Bytes};

/// A request or an answer without members.
#[derive(Clone, Copy, PartialEq, Eq, Message)]
pub(crate) struct Empty {}

/// What the provider calls its types.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct SchemasResponse {
    /// The [`Schema`] of the provider's configuration, still encoded.
    #[prost(bytes = "bytes", tag = "1")]
    pub(crate) provider: Bytes,
    /// Each resource type's [`Schema`], still encoded: of 1,500 types a state needs a few.
    #[prost(map = "string, bytes", tag = "2")]
    pub(crate) resource_schemas: HashMap<String, Bytes>,
    /// What went wrong.
    #[prost(message, repeated, tag = "4")]
    pub(crate) diagnostics: Vec<Diagnostic>,
    /// What else it can do.
    #[prost(message, optional, tag = "6")]
    pub(crate) server_capabilities: Option<ServerCapabilities>,
}

/// What a plugin can do beyond what every one can.
#[derive(Clone, Copy, PartialEq, Eq, Message)]
pub(crate) struct ServerCapabilities {
    /// Whether it answers other calls before it was asked for its schemas.
    #[prost(bool, tag = "2")]
    pub(crate) get_provider_schema_optional: bool,
}

/// How one type's value is made up, by attributes of version 6 or 5 of the protocol.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct Schema<A: Member = Attribute> {
    /// Counts the changes of it; a state says which one it was written under.
    #[prost(int64, tag = "1")]
    pub(crate) version: i64,
    /// The value.
    #[prost(message, optional, tag = "2")]
    pub(crate) block: Option<Block<A>>,
}

/// A block of configuration.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct Block<A: Member = Attribute> {
    /// The version of the block; only the outermost one's [`Schema::version`] counts.
    #[prost(int64, tag = "1")]
    pub(crate) version: i64,
    /// Its attributes.
    #[prost(message, repeated, tag = "2")]
    pub(crate) attributes: Vec<A>,
    /// Its nested blocks.
    #[prost(message, repeated, tag = "3")]
    pub(crate) nested: Vec<NestedBlock<A>>,
}

/// What blocks are made of.
pub(crate) trait Member: Message + Clone + PartialEq + fmt::Debug + Default + Into<Attribute> {}

impl Member for Attribute {}
impl Member for Attribute5 {}

/// An attribute of a block, in version 5.
#[derive(Clone, PartialEq, Message)]
#[expect(clippy::struct_excessive_bools, reason = "the protocol's")]
pub(crate) struct Attribute5 {
    /// Its name.
    #[prost(string, tag = "1")]
    pub(crate) name: String,
    /// Its type in cty's JSON form.
    #[prost(bytes = "bytes", tag = "2")]
    pub(crate) r#type: Bytes,
    /// Whether a configuration must set it.
    #[prost(bool, tag = "4")]
    pub(crate) required: bool,
    /// Whether a configuration may set it.
    #[prost(bool, tag = "5")]
    pub(crate) optional: bool,
    /// Whether the provider may set it.
    #[prost(bool, tag = "6")]
    pub(crate) computed: bool,
    /// Whether its value may not be shown.
    #[prost(bool, tag = "7")]
    pub(crate) sensitive: bool,
    /// Whether it is never kept in a state.
    #[prost(bool, tag = "10")]
    pub(crate) write_only: bool,
}

impl From<Attribute5> for Attribute {
    fn from(Attribute5 { name, r#type, required, optional, computed, sensitive, write_only }: Attribute5) -> Self {
        Self { name, r#type, required, optional, computed, sensitive, nested_type: None, write_only }
    }
}

/// An attribute of a block, in version 6.
#[derive(Clone, PartialEq, Message)]
#[expect(clippy::struct_excessive_bools, reason = "the protocol's")]
pub(crate) struct Attribute {
    /// Its name.
    #[prost(string, tag = "1")]
    pub(crate) name: String,
    /// Its type in cty's JSON form: `"string"`, `["set", "string"]`, ...; empty where `nested_type` is there.
    #[prost(bytes = "bytes", tag = "2")]
    pub(crate) r#type: Bytes,
    /// Whether a configuration must set it.
    #[prost(bool, tag = "4")]
    pub(crate) required: bool,
    /// Whether a configuration may set it.
    #[prost(bool, tag = "5")]
    pub(crate) optional: bool,
    /// Whether the provider may set it.
    #[prost(bool, tag = "6")]
    pub(crate) computed: bool,
    /// Whether its value may not be shown.
    #[prost(bool, tag = "7")]
    pub(crate) sensitive: bool,
    /// In version 6 alone: its members.
    #[prost(message, optional, tag = "10")]
    pub(crate) nested_type: Option<NestedObject>,
    /// Whether it is never kept in a state.
    #[prost(bool, tag = "11")]
    pub(crate) write_only: bool,
}

/// The members of an attribute that is made up of attributes.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct NestedObject {
    /// The members.
    #[prost(message, repeated, tag = "1")]
    pub(crate) attributes: Vec<Attribute>,
    /// 1 single, 2 list, 3 set, 4 map.
    #[prost(int32, tag = "3")]
    pub(crate) nesting: i32,
}

/// A block within a block.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct NestedBlock<A: Member = Attribute> {
    /// Its name.
    #[prost(string, tag = "1")]
    pub(crate) type_name: String,
    /// What it holds.
    #[prost(message, optional, tag = "2")]
    pub(crate) block: Option<Block<A>>,
    /// 1 single, 2 list, 3 set, 4 map, 5 group.
    #[prost(int32, tag = "3")]
    pub(crate) nesting: i32,
}

/// Something that the plugin says of a request.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct Diagnostic {
    /// 1 error, 2 warning.
    #[prost(int32, tag = "1")]
    pub(crate) severity: i32,
    /// In a sentence.
    #[prost(string, tag = "2")]
    pub(crate) summary: String,
    /// At length.
    #[prost(string, tag = "3")]
    pub(crate) detail: String,
}

/// A value, in MessagePack or JSON.
#[derive(Clone, PartialEq, Eq, Message)]
pub(crate) struct DynamicValue {
    /// As MessagePack.
    #[prost(bytes = "bytes", tag = "1")]
    pub(crate) msgpack: Bytes,
    /// As JSON.
    #[prost(bytes = "bytes", tag = "2")]
    pub(crate) json: Bytes,
}

/// A state's own text.
#[derive(Clone, PartialEq, Eq, Message)]
pub(crate) struct RawState {
    /// The state's `attributes`.
    #[prost(bytes = "bytes", tag = "1")]
    pub(crate) json: Bytes,
}

/// `Configure`, in version 6 `ConfigureProvider`.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct ConfigureRequest {
    /// Which version of Terraform asks.
    #[prost(string, tag = "1")]
    pub(crate) terraform_version: String,
    /// The provider's configuration.
    #[prost(message, optional, tag = "2")]
    pub(crate) config: Option<DynamicValue>,
}

/// The answer to [`ConfigureRequest`].
#[derive(Clone, PartialEq, Message)]
pub(crate) struct ConfigureResponse {
    /// What went wrong.
    #[prost(message, repeated, tag = "1")]
    pub(crate) diagnostics: Vec<Diagnostic>,
}

/// `UpgradeResourceState`.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct UpgradeRequest {
    /// `aws_instance`.
    #[prost(string, tag = "1")]
    pub(crate) type_name: String,
    /// The version of the schema under which the state was written.
    #[prost(int64, tag = "2")]
    pub(crate) version: i64,
    /// What the state holds.
    #[prost(message, optional, tag = "3")]
    pub(crate) raw_state: Option<RawState>,
}

/// The answer to [`UpgradeRequest`].
#[derive(Clone, PartialEq, Message)]
pub(crate) struct UpgradeResponse {
    /// The same under the plugin's own schema.
    #[prost(message, optional, tag = "1")]
    pub(crate) upgraded_state: Option<DynamicValue>,
    /// What went wrong.
    #[prost(message, repeated, tag = "2")]
    pub(crate) diagnostics: Vec<Diagnostic>,
}

/// `UpgradeResourceIdentity`.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct UpgradeIdentityRequest {
    /// `aws_instance`.
    #[prost(string, tag = "1")]
    pub(crate) type_name: String,
    /// The version of the identity's schema under which the state was written.
    #[prost(int64, tag = "2")]
    pub(crate) version: i64,
    /// What the state holds.
    #[prost(message, optional, tag = "3")]
    pub(crate) raw_identity: Option<RawState>,
}

/// The answer to [`UpgradeIdentityRequest`].
#[derive(Clone, PartialEq, Message)]
pub(crate) struct UpgradeIdentityResponse {
    /// The same under the plugin's own schema.
    #[prost(message, optional, tag = "1")]
    pub(crate) upgraded_identity: Option<IdentityData>,
    /// What went wrong.
    #[prost(message, repeated, tag = "2")]
    pub(crate) diagnostics: Vec<Diagnostic>,
}

/// A resource's identity.
#[derive(Clone, PartialEq, Eq, Message)]
pub(crate) struct IdentityData {
    /// Its value.
    #[prost(message, optional, tag = "1")]
    pub(crate) identity_data: Option<DynamicValue>,
}

/// `ReadResource`.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct ReadRequest {
    /// `aws_instance`.
    #[prost(string, tag = "1")]
    pub(crate) type_name: String,
    /// What is recorded, under the plugin's own schema.
    #[prost(message, optional, tag = "2")]
    pub(crate) current_state: Option<DynamicValue>,
    /// What the provider keeps beside it.
    #[prost(bytes = "bytes", tag = "3")]
    pub(crate) private: Bytes,
    /// Its identity, where the provider has one.
    #[prost(message, optional, tag = "6")]
    pub(crate) current_identity: Option<IdentityData>,
}

/// The answer to [`ReadRequest`].
#[derive(Clone, PartialEq, Message)]
pub(crate) struct ReadResponse {
    /// What is live; nothing, or nil, where there is no such thing any more.
    #[prost(message, optional, tag = "1")]
    pub(crate) new_state: Option<DynamicValue>,
    /// What went wrong.
    #[prost(message, repeated, tag = "2")]
    pub(crate) diagnostics: Vec<Diagnostic>,
    /// Why the read was put off, where it was.
    #[prost(message, optional, tag = "4")]
    pub(crate) deferred: Option<Deferred>,
}

/// A read that was put off.
#[derive(Clone, Copy, PartialEq, Eq, Message)]
pub(crate) struct Deferred {
    /// 1 the resource's configuration, 2 the provider's is not known, 3 what it depends on is not there.
    #[prost(int32, tag = "1")]
    pub(crate) reason: i32,
}

/// The answer to `Stop`, in version 6 `StopProvider`.
#[derive(Clone, PartialEq, Eq, Message)]
pub(crate) struct StopResponse {
    /// Why it could not.
    #[prost(string, tag = "1")]
    pub(crate) error: String,
}

/// What the plugin wrote to its standard output or error while it served: go-plugin's `StdioData`.
#[derive(Clone, PartialEq, Eq, Message)]
pub(crate) struct StdioData {
    /// What.
    #[prost(bytes = "bytes", tag = "2")]
    pub(crate) data: Bytes,
}
