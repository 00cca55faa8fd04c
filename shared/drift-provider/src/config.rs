//! What a plugin is told: its environment and its provider's configuration.

use std::{collections::BTreeMap, ffi::OsString};

use aws_credential_types::Credentials as Keys;
use drift_catalog::shapes;
use drift_model::Place;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use rmpv::Value as Packed;

use crate::{
    plugin::Settings,
    schema::{Block, Kind, Nesting, Schema, Type},
};

/// The account that a plugin reads, and what it signs with.
#[derive(Clone, Debug)]
pub(crate) struct Account {
    pub(crate) place: Place,
    pub(crate) keys: Keys,
}

impl Account {
    /// What may not be left in what a plugin complains of: its credentials, as they are and as URLs hold them.
    pub(crate) fn secrets(&self) -> Vec<String> {
        let secrets = [Some(self.keys.secret_access_key()), self.keys.session_token()].into_iter().flatten();
        secrets.flat_map(|secret| [secret.to_owned(), utf8_percent_encode(secret, QUERY).to_string()]).collect()
    }

    /// The region that requests go to: what belongs to an account as a whole is asked for in its partition's first region.
    pub(crate) fn region(&self) -> String {
        if self.place.is_global() {
            return shapes::partition(&self.place.partition)
                .map_or_else(|| "us-east-1".to_owned(), |partition| partition.global_region.clone());
        }
        self.place.region.clone()
    }
}

/// What Go's `url.QueryEscape` leaves as it is, besides letters and digits.
const QUERY: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// Variables that would lead the provider to other credentials, another region, or to logs.
const NOT_PASSED_ON: [&str; 21] = [
    "AWS_ACCESS_KEY_ID",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CREDENTIAL_EXPIRATION",
    "AWS_DEFAULT_PROFILE",
    "AWS_DEFAULT_REGION",
    "AWS_LAMBDA_RUNTIME_API",
    "AWS_PROFILE",
    "AWS_REGION",
    "AWS_ROLE_ARN",
    "AWS_ROLE_SESSION_NAME",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SECURITY_TOKEN",
    "AWS_SESSION_TOKEN",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "PLUGIN_MULTIPLEX_GRPC",
    "TF_LOG",
    "TF_LOG_PATH",
    "TF_REATTACH_PROVIDERS",
];

/// The environment of a plugin: the caller's, and the account's credentials where it reads one.
pub(crate) fn environment(settings: &Settings, account: Option<&Account>) -> Vec<(OsString, OsString)> {
    let is_passed_on = |name: &OsString| {
        let name = name.to_string_lossy();
        !NOT_PASSED_ON.contains(&&*name) && !name.starts_with("TF_LOG_") && !name.starts_with("PLUGIN_")
    };
    let mut environment: Vec<_> = settings.environment.iter().filter(|(name, _)| is_passed_on(name)).cloned().collect();
    let mut set = |name: &str, value: &str| environment.push((name.into(), value.into()));
    set("TF_APPEND_USER_AGENT", concat!("driftwire/", env!("CARGO_PKG_VERSION")));
    if let Some(account) = account {
        set("AWS_ACCESS_KEY_ID", account.keys.access_key_id());
        set("AWS_SECRET_ACCESS_KEY", account.keys.secret_access_key());
        if let Some(token) = account.keys.session_token() {
            set("AWS_SESSION_TOKEN", token);
        }
        set("AWS_REGION", &account.region());
        // Whatever else is at hand, only these credentials are proven to be of that account.
        set("AWS_EC2_METADATA_DISABLED", "true");
        if let Some(url) = &settings.endpoint_url {
            set("AWS_ENDPOINT_URL", url);
        }
    }
    environment
}

/// The provider's configuration as MessagePack: every attribute and block that its schema has, empty but for what is known here.
pub(crate) fn configuration(schema: &Schema, settings: &Settings, account: Option<&Account>) -> Vec<u8> {
    let mut given = account.map(|account| of_aws(settings, account)).unwrap_or_default();
    // An attribute that a version does not have, or has with another type, is left to its default.
    given.retain(|name, value| {
        schema.block.attributes.get(*name).is_some_and(|attribute| matches!(&attribute.kind, Kind::Plain(of) if fits(value, of)))
    });
    let mut message = Vec::new();
    // Writing to memory does not fail.
    rmpv::encode::write_value(&mut message, &block(&schema.block, &mut given)).ok();
    message
}

/// Source: the provider's own documentation of its arguments, `hashicorp/aws`'s `website/docs/index.html.markdown`.
fn of_aws(settings: &Settings, account: &Account) -> BTreeMap<&'static str, Packed> {
    let mut given = BTreeMap::from([
        ("region", Packed::from(account.region())),
        // The provider asks STS itself whether it is that account.
        ("allowed_account_ids", Packed::Array(vec![Packed::from(account.place.account.as_str())])),
        ("skip_metadata_api_check", Packed::from("true")),
        ("skip_region_validation", Packed::from(true)),
        ("max_retries", Packed::from(settings.max_retries)),
    ]);
    if settings.endpoint_url.is_some() {
        given.insert("s3_use_path_style", Packed::from(true));
    }
    given
}

fn fits(value: &Packed, of: &Type) -> bool {
    match (value, of) {
        (Packed::String(_), Type::String) | (Packed::Boolean(_), Type::Bool) | (Packed::Integer(_), Type::Number) => true,
        (Packed::Array(items), Type::List(of) | Type::Set(of)) => items.iter().all(|item| fits(item, of)),
        _ => false,
    }
}

fn block(block: &Block, given: &mut BTreeMap<&'static str, Packed>) -> Packed {
    let attributes = block.attributes.keys().map(|name| (name, given.remove(name.as_str()).unwrap_or(Packed::Nil)));
    let members: Vec<_> = attributes.map(|(name, value)| (Packed::from(name.as_str()), value)).collect();
    let blocks = block.blocks.iter().map(|(name, nested)| {
        let empty = match nested.nesting {
            Nesting::List | Nesting::Set => Packed::Array(Vec::new()),
            Nesting::Map => Packed::Map(Vec::new()),
            Nesting::Single => Packed::Nil,
            Nesting::Group => self::block(&nested.block, &mut BTreeMap::new()),
        };
        (Packed::from(name.as_str()), empty)
    });
    Packed::Map(members.into_iter().chain(blocks).collect())
}
