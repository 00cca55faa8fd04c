use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
};

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::{
    behaviour::{Behaviour, Exit},
    schema::Block,
    value::Type,
};

/// All that the plugin knows, and how it misbehaves.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct World {
    /// 5 or 6.
    pub(crate) protocol: Option<u32>,
    pub(crate) journal: Option<PathBuf>,
    pub(crate) handshake: Handshake,
    /// Lines on standard error once it serves, as a plugin logs.
    pub(crate) stderr: Vec<String>,
    /// What `StreamStdio` brings.
    pub(crate) stdio: Vec<String>,
    /// Whether it ignores `Stop`, `Shutdown` and SIGTERM.
    pub(crate) stubborn: bool,
    /// The capability `get_provider_schema_optional`.
    pub(crate) schema_optional: bool,
    pub(crate) provider: Block,
    pub(crate) types: BTreeMap<String, ResourceType>,
    pub(crate) schema: Behaviour,
    pub(crate) configure: Behaviour,
    pub(crate) upgrade: Behaviour,
    pub(crate) read: Behaviour,
}

/// How the start goes wrong.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Handshake {
    /// Waits so long before anything else.
    pub(crate) delay_ms: u64,
    /// Says nothing, ever.
    pub(crate) silent: bool,
    /// Ends instead.
    pub(crate) exit: Option<Exit>,
    /// Lines on standard output before the one that counts.
    pub(crate) junk: Vec<String>,
    /// In place of go-plugin's version, 1.
    pub(crate) core: Option<u32>,
    /// In place of the plugin protocol's version, whatever is spoken then.
    pub(crate) plugin: Option<u32>,
    /// In place of `unix`.
    pub(crate) network: Option<String>,
    /// In place of `grpc`.
    pub(crate) rpc: Option<String>,
    /// Announces another certificate than the one it has.
    pub(crate) wrong_certificate: bool,
    /// Speaks in the clear though it was given a certificate.
    pub(crate) plain: bool,
}

/// One resource type: its schema, what of it is live, and how calls about it go.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct ResourceType {
    /// The schema's version.
    pub(crate) version: i64,
    /// By an older version: the old names of attributes and their new ones.
    pub(crate) renamed: BTreeMap<i64, BTreeMap<String, String>>,
    /// Whether a newer version than the schema's is taken as it is, as terraform-plugin-sdk does, instead of refused, as
    /// terraform-plugin-framework does.
    pub(crate) takes_newer: bool,
    pub(crate) attributes: BTreeMap<String, crate::schema::Attribute>,
    pub(crate) blocks: BTreeMap<String, crate::schema::NestedBlock>,
    /// Its identity, where it has one.
    pub(crate) identity: Option<Identity>,
    /// By `id`: the attributes that are live.
    pub(crate) live: BTreeMap<String, Map<String, Value>>,
    pub(crate) upgrade: BTreeMap<String, Behaviour>,
    pub(crate) read: BTreeMap<String, Behaviour>,
}

/// What identifies a resource, in the words of Terraform 1.12.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Identity {
    #[serde(default)]
    pub(crate) version: i64,
    pub(crate) attributes: BTreeMap<String, Type>,
}

impl World {
    /// The world as it is now.
    pub(crate) fn load(path: &Path) -> io::Result<Self> {
        let named = |error: &dyn std::fmt::Display| io::Error::other(format!("{}: {error}", path.display()));
        let text = fs::read(path).map_err(|error| named(&error))?;
        serde_json::from_slice(&text).map_err(|error| named(&error))
    }

    /// How a read of that instance goes.
    pub(crate) fn reading(&self, type_name: &str, id: &str) -> &Behaviour {
        special(self.types.get(type_name).map(|of_type| &of_type.read), id).unwrap_or(&self.read)
    }

    /// How an upgrade of that instance goes.
    pub(crate) fn upgrading(&self, type_name: &str, id: &str) -> &Behaviour {
        special(self.types.get(type_name).map(|of_type| &of_type.upgrade), id).unwrap_or(&self.upgrade)
    }

    /// Whether any type has an identity.
    pub(crate) fn has_identities(&self) -> bool {
        self.types.values().any(|of_type| of_type.identity.is_some())
    }
}

impl ResourceType {
    pub(crate) fn block(&self) -> Block {
        Block { attributes: self.attributes.clone(), blocks: self.blocks.clone() }
    }
}

fn special<'a>(behaviours: Option<&'a BTreeMap<String, Behaviour>>, id: &str) -> Option<&'a Behaviour> {
    behaviours.and_then(|behaviours| behaviours.get(id).or_else(|| behaviours.get("*")))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_most_special_behaviour_counts() {
        let delay = |delay_ms: u64| json!({"delay_ms": delay_ms});
        let world: World = serde_json::from_value(json!({
            "read": delay(1), "types": {"a": {"read": {"*": delay(2), "x": delay(3)}}, "b": {"read": {"x": delay(4)}}},
        }))
        .expect("a world");
        let delays = [("a", "x"), ("a", "y"), ("b", "x"), ("b", "y"), ("c", "x")].map(|(of, id)| world.reading(of, id).delay_ms);
        assert_eq!(delays, [3, 2, 4, 1, 1]);
    }

    #[test]
    fn a_member_that_nobody_knows_is_refused() {
        let error = serde_json::from_value::<World>(json!({"raed": {}})).expect_err("a slip of the pen");
        assert!(error.to_string().contains("raed"), "{error}");
    }
}
