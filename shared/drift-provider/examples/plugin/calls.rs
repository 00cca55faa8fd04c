use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use prost::Message as _;
use rmpv::Value as Packed;
use serde_json::{Map, Value, json};
use tonic::Status;

use crate::{
    behaviour::{Behaviour, Spoilt},
    connection::Line,
    journal,
    messages::{IdentityAttribute, IdentitySchema, IdentitySchemasResponse},
    proto::{
        ConfigureRequest, ConfigureResponse, Deferred, Diagnostic, DynamicValue, IdentityData, ReadRequest, ReadResponse, Schema,
        SchemasResponse, ServerCapabilities, StopResponse, UpgradeIdentityRequest, UpgradeIdentityResponse, UpgradeRequest,
        UpgradeResponse,
    },
    schema::{Block, encoded},
    value::{Type, bytes, packed_by_looks, unpacked_by_looks},
    world::{ResourceType, World},
};

/// One call: the world as it is at its beginning, the connection that it came by, how many reads the process has answered.
pub(crate) struct Call {
    pub(crate) world: World,
    pub(crate) line: Line,
    pub(crate) reads: Arc<AtomicU64>,
}

impl Call {
    pub(crate) async fn schemas(self, protocol: u32) -> Result<SchemasResponse, Status> {
        self.note("GetProviderSchema", json!({}));
        let behaviour = self.begin(&self.world.schema).await?;
        let schema = |version, block: &Block| encoded(version, block, protocol).into();
        let mut resource_schemas: HashMap<_, _> =
            self.world.types.iter().map(|(name, of_type)| (name.clone(), schema(of_type.version, &of_type.block()))).collect();
        if let Some(padding) = &behaviour.padding {
            let attributes = vec![crate::proto::Attribute { name: padding.text(), ..Default::default() }];
            let large = Schema { version: 0, block: Some(crate::proto::Block { attributes, ..Default::default() }) };
            resource_schemas.insert("test_padding".to_owned(), large.encode_to_vec().into());
        }
        Ok(SchemasResponse {
            provider: schema(0, &self.world.provider),
            resource_schemas,
            diagnostics: behaviour.diagnostics(),
            server_capabilities: Some(ServerCapabilities { get_provider_schema_optional: self.world.schema_optional }),
        })
    }

    pub(crate) async fn configure(self, asked: ConfigureRequest) -> Result<ConfigureResponse, Status> {
        let config = unpacked(asked.config.as_ref());
        let shown = config.as_ref().map(unpacked_by_looks).unwrap_or_default();
        self.note("ConfigureProvider", json!({"configuration": shown, "terraform_version": asked.terraform_version}));
        let behaviour = self.begin(&self.world.configure).await?;
        let mut diagnostics = behaviour.diagnostics();
        diagnostics.extend(unfit(&self.world.provider.implied_type(), config.as_ref(), "config"));
        Ok(ConfigureResponse { diagnostics })
    }

    pub(crate) async fn upgrade(self, asked: UpgradeRequest) -> Result<UpgradeResponse, Status> {
        let recorded: Option<Map<String, Value>> = asked.raw_state.as_ref().and_then(|raw| exactly(&raw.json));
        let id = recorded.as_ref().and_then(|recorded| recorded.get("id")).and_then(Value::as_str).unwrap_or_default().to_owned();
        self.note("UpgradeResourceState", json!({"type": asked.type_name, "id": id, "version": asked.version}));
        let behaviour = self.begin(self.world.upgrading(&asked.type_name, &id)).await?;
        let mut diagnostics = behaviour.diagnostics();
        let upgraded = match (self.world.types.get(&asked.type_name), recorded) {
            (None, _) => Err(unknown_type(&asked.type_name)),
            (_, None) => Err(error("Unable to Read Previously Saved State for UpgradeResourceState", "the state is no JSON object")),
            (Some(of_type), Some(recorded)) => upgrade(of_type, asked.version, recorded),
        };
        let upgraded_state = match upgraded {
            Ok(value) if !behaviour.fails() => Some(behaviour.sent(&value)),
            Ok(_) => None,
            Err(diagnostic) => {
                diagnostics.push(diagnostic);
                None
            }
        };
        Ok(UpgradeResponse { upgraded_state, diagnostics })
    }

    pub(crate) async fn read(self, asked: ReadRequest) -> Result<ReadResponse, Status> {
        let current = unpacked(asked.current_state.as_ref());
        let id = current.as_ref().and_then(id_of).unwrap_or_default();
        let identity = asked.current_identity.as_ref().map(|identity| unpacked(identity.identity_data.as_ref()));
        self.note(
            "ReadResource",
            json!({
                "type": asked.type_name, "id": id, "private": BASE64_STANDARD.encode(&asked.private),
                "identity": identity.as_ref().map(|identity| identity.as_ref().map(unpacked_by_looks)),
            }),
        );
        let behaviour = self.begin(self.world.reading(&asked.type_name, &id)).await?;
        let mut diagnostics = behaviour.diagnostics();
        let live = match self.world.types.get(&asked.type_name) {
            None => Err(unknown_type(&asked.type_name)),
            Some(of_type) => match unfit(&of_type.block().implied_type(), current.as_ref(), "current_state") {
                Some(diagnostic) => Err(diagnostic),
                None => live(of_type, current.unwrap_or(Packed::Nil), behaviour.instead.as_ref().unwrap_or(&id), &behaviour),
            },
        };
        self.reads.fetch_add(1, Ordering::SeqCst);
        let new_state = match live {
            Ok(value) if !behaviour.fails() => value.map(|value| behaviour.sent(&value)),
            Ok(_) => None,
            Err(diagnostic) => {
                diagnostics.push(diagnostic);
                None
            }
        };
        Ok(ReadResponse { new_state, diagnostics, deferred: behaviour.deferred.map(|reason| Deferred { reason }) })
    }

    pub(crate) fn identity_schemas(&self) -> IdentitySchemasResponse {
        self.note("GetResourceIdentitySchemas", json!({}));
        let identity_schemas = self.world.types.iter().filter_map(|(name, of_type)| {
            let identity = of_type.identity.as_ref()?;
            let attribute = |(name, of): (&String, &Type)| IdentityAttribute {
                name: name.clone(),
                r#type: Value::from(of).to_string().into_bytes(),
                required_for_import: true,
            };
            let identity_attributes = identity.attributes.iter().map(attribute).collect();
            Some((name.clone(), IdentitySchema { version: identity.version, identity_attributes }))
        });
        IdentitySchemasResponse { identity_schemas: identity_schemas.collect() }
    }

    pub(crate) fn upgrade_identity(&self, asked: &UpgradeIdentityRequest) -> UpgradeIdentityResponse {
        let raw: Value = asked.raw_identity.as_ref().and_then(|raw| serde_json::from_slice(&raw.json).ok()).unwrap_or_default();
        self.note("UpgradeResourceIdentity", json!({"type": asked.type_name, "version": asked.version, "identity": raw}));
        let identity = self.world.types.get(&asked.type_name).and_then(|of_type| of_type.identity.as_ref());
        let packed = match identity {
            None => Err(unknown_type(&asked.type_name)),
            Some(identity) => {
                Type::Object(identity.attributes.clone()).pack(&raw).map_err(|misfit| error("Invalid identity", &misfit.to_string()))
            }
        };
        match packed {
            Ok(value) => {
                let identity_data = Some(DynamicValue { msgpack: bytes(&value).into(), ..Default::default() });
                UpgradeIdentityResponse { upgraded_identity: Some(IdentityData { identity_data }), diagnostics: Vec::new() }
            }
            Err(diagnostic) => UpgradeIdentityResponse { upgraded_identity: None, diagnostics: vec![diagnostic] },
        }
    }

    pub(crate) async fn stop(self) -> Result<StopResponse, Status> {
        self.note("StopProvider", json!({}));
        if self.world.stubborn {
            std::future::pending::<()>().await;
        }
        Ok(StopResponse::default())
    }

    fn note(&self, method: &str, details: Value) {
        journal::note(self.world.journal.as_ref(), method, details);
    }

    async fn begin(&self, behaviour: &Behaviour) -> Result<Behaviour, Status> {
        let behaviour = behaviour.by_now(self.reads.load(Ordering::SeqCst));
        behaviour.begin(&self.line).await?;
        Ok(behaviour)
    }
}

impl Behaviour {
    /// The value as it is sent.
    fn sent(&self, value: &Packed) -> DynamicValue {
        let packed = |msgpack: Vec<u8>| DynamicValue { msgpack: msgpack.into(), ..Default::default() };
        match &self.value {
            None => packed(bytes(value)),
            Some(Spoilt::Misfit(misfit)) => packed(bytes(&packed_by_looks(misfit))),
            // 0xc1 is the one byte that MessagePack never uses.
            Some(Spoilt::Garbage) => packed(vec![0xc1, 0xff, 0x00, 0xc1]),
            Some(Spoilt::Json) => DynamicValue { json: unpacked_by_looks(value).to_string().into(), ..Default::default() },
        }
    }
}

/// What is recorded, under the schema as it is now.
fn upgrade(of_type: &ResourceType, version: i64, recorded: Map<String, Value>) -> Result<Packed, Diagnostic> {
    if version > of_type.version && !of_type.takes_newer {
        // terraform-plugin-framework's sentence, `internal/fwserver/server_upgraderesourcestate.go`.
        let detail = format!(
            "This resource was implemented without an UpgradeState() method, however Terraform was expecting an implementation for \
             version {version} upgrade.\n\nThis is always an issue with the Terraform Provider and should be reported to the provider \
             developer."
        );
        return Err(error("Unable to Upgrade Resource State", &detail));
    }
    let renamed = recorded.into_iter().map(|(name, value)| {
        let new = of_type.renamed.range(version..).find_map(|(_, names)| names.get(&name));
        (new.cloned().unwrap_or(name), value)
    });
    let block = of_type.block();
    let completed = block.completed(&renamed.collect());
    block
        .implied_type()
        .pack(&Value::Object(completed))
        .map_err(|misfit| error("Unable to Read Previously Saved State for UpgradeResourceState", &format!("the recorded value{misfit}")))
}

/// What is recorded, with what is live in its place; nothing where it is not live.
fn live(of_type: &ResourceType, current: Packed, id: &str, behaviour: &Behaviour) -> Result<Option<Packed>, Diagnostic> {
    let (Some(attributes), Type::Object(types)) = (of_type.live.get(id), of_type.block().implied_type()) else { return Ok(None) };
    let Packed::Map(mut members) = current else { return Ok(None) };
    let mut set = |name: &str, value: Packed| {
        members.iter_mut().filter(|(key, _)| key.as_str() == Some(name)).for_each(|(_, old)| *old = value.clone());
    };
    for (name, value) in attributes {
        let packed = types.get(name).map(|of| of.pack(value)).transpose();
        match packed {
            Ok(Some(packed)) => set(name, packed),
            Ok(None) => return Err(error("The test's world is wrong", &format!("there is no attribute {name}"))),
            Err(misfit) => return Err(error("The test's world is wrong", &format!("{name}{misfit}"))),
        }
    }
    if let Some(padding) = &behaviour.padding {
        set(&padding.attribute, Packed::from(padding.text()));
    }
    Ok(Some(Packed::Map(members)))
}

/// A JSON object whose numbers keep all their digits: what is more than a double surely holds becomes a text of digits, which a
/// number may be as well.
fn exactly(json: &[u8]) -> Option<Map<String, Value>> {
    let (text, mut quoted) = (str::from_utf8(json).ok()?, String::new());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let length = match first {
            '"' => string_length(rest),
            '-' | '0'..='9' => rest.find(|letter: char| !letter.is_ascii_digit() && !"+-.eE".contains(letter)).unwrap_or(rest.len()),
            other => other.len_utf8(),
        };
        let (token, after) = rest.split_at(length);
        let is_long = first != '"' && length > 15;
        quoted.extend(if is_long { ["\"", token, "\""] } else { ["", token, ""] });
        rest = after;
    }
    serde_json::from_str(&quoted).ok()
}

/// From the first quote to behind the last.
fn string_length(text: &str) -> usize {
    let mut is_escaped = false;
    let end = text.char_indices().skip(1).find(|(_, letter)| {
        let ends = *letter == '"' && !is_escaped;
        is_escaped = *letter == '\\' && !is_escaped;
        ends
    });
    end.map_or(text.len(), |(at, _)| at + 1)
}

fn id_of(value: &Packed) -> Option<String> {
    let members = value.as_map()?;
    members.iter().find(|(key, _)| key.as_str() == Some("id")).and_then(|(_, id)| id.as_str()).map(str::to_owned)
}

fn unpacked(value: Option<&DynamicValue>) -> Option<Packed> {
    rmpv::decode::read_value(&mut &value?.msgpack[..]).ok()
}

/// What an SDK says to a value that it cannot decode.
fn unfit(of: &Type, value: Option<&Packed>, name: &str) -> Option<Diagnostic> {
    match value.map(|value| of.admits(value)) {
        None => Some(error("Invalid value", &format!("{name} is no MessagePack"))),
        Some(Err(misfit)) => Some(error("Invalid value", &format!("{name}{misfit}"))),
        Some(Ok(())) => None,
    }
}

fn unknown_type(type_name: &str) -> Diagnostic {
    error(&format!("unknown resource type: {type_name}"), "")
}

fn error(summary: &str, detail: &str) -> Diagnostic {
    Diagnostic { severity: 1, summary: summary.to_owned(), detail: detail.to_owned() }
}
