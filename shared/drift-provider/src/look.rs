//! One look at one instance: what is recorded as the plugin understands it, and what it reads.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use drift_engine::ports::LiveReading;
use drift_model::{Instance, Reason, ReasonKind, Redaction};
use prost::bytes::Bytes;
use tonic::{Code, Status};

use crate::{
    client::Client,
    config::Account,
    diagnostics::{failed, is_broken, refused},
    facets::{Facets, facets, recorded_sensitivity},
    proto::{DynamicValue, IdentityData, RawState, ReadRequest, UpgradeIdentityRequest, UpgradeRequest},
    schema::Schema,
    value::{Attributes, decode},
};

/// What a look came to.
pub(crate) enum Looked {
    /// A reading, or the reason why there is none.
    Done(LiveReading),
    /// The connection broke, before the answer was whole: whether to try again depends on whether the plugin still runs.
    Broken(String),
}

/// Why a look ends early.
enum Ended {
    Unknown(Reason),
    Broken(String),
}

/// Looks at an instance. `plugin` is its name in messages.
pub(crate) async fn look(client: &Client, plugin: &str, schema: &Schema, instance: &Instance, account: Option<&Account>) -> Looked {
    match (Look { client, plugin, schema, instance, account }).look().await {
        Ok(reading) => Looked::Done(reading),
        Err(Ended::Unknown(reason)) => Looked::Done(LiveReading::Unknown(reason)),
        Err(Ended::Broken(why)) => Looked::Broken(why),
    }
}

struct Look<'a> {
    client: &'a Client,
    plugin: &'a str,
    schema: &'a Schema,
    instance: &'a Instance,
    account: Option<&'a Account>,
}

impl Look<'_> {
    async fn look(&self) -> Result<LiveReading, Ended> {
        let type_name = || self.instance.type_name.clone();
        let upgraded = self.upgraded().await?;
        let Some(recorded) = self.decoded(&upgraded)? else {
            return Err(self.unknown(ReasonKind::Recorded, "it makes nothing of what the state records"));
        };
        let request = ReadRequest {
            type_name: type_name(),
            current_state: Some(upgraded),
            private: self.private()?,
            current_identity: self.identity().await?,
        };
        let answer = self.client.read(request).await.map_err(|status| self.failed("reading", &status))?;
        self.check(&answer.diagnostics)?;
        if answer.deferred.is_some() {
            return Err(self.unknown(ReasonKind::Error, "it put the read off until more of the configuration is known"));
        }
        let live = match &answer.new_state {
            None => None,
            Some(value) => self.decoded(value)?,
        };
        let Some(live) = live else { return Ok(LiveReading::Gone) };
        let Facets { configurable, computed, sensitivity } = facets(self.schema, self.instance, recorded, live);
        Ok(LiveReading::Found { facets: configurable, computed, sensitivity })
    }

    async fn upgraded(&self) -> Result<DynamicValue, Ended> {
        let Instance { type_name, schema_version, .. } = self.instance;
        let request = UpgradeRequest {
            type_name: type_name.clone(),
            version: i64::try_from(*schema_version).unwrap_or(i64::MAX),
            raw_state: Some(RawState { json: self.raw()? }),
        };
        let answer = self.client.upgrade(request).await.map_err(|status| self.failed("taking the recorded state", &status))?;
        self.check(&answer.diagnostics)?;
        answer.upgraded_state.ok_or_else(|| self.unknown(ReasonKind::Recorded, "it makes nothing of what the state records"))
    }

    /// The attributes in the state's own text, where decoding it would lose something.
    fn raw(&self) -> Result<Bytes, Ended> {
        if let Some(text) = &self.instance.exact {
            return Ok(Bytes::copy_from_slice(text.as_bytes()));
        }
        let json = serde_json::to_vec(&self.instance.attributes);
        json.map(Bytes::from).map_err(|error| self.unknown(ReasonKind::Recorded, &format!("its attributes cannot be written: {error}")))
    }

    fn private(&self) -> Result<Bytes, Ended> {
        let private = self.instance.private.as_deref().unwrap_or_default();
        let bytes = STANDARD.decode(private).map_err(|_| self.unknown(ReasonKind::Recorded, "its `private` in the state is no base64"))?;
        Ok(bytes.into())
    }

    async fn identity(&self) -> Result<Option<IdentityData>, Ended> {
        let Some(identity) = &self.instance.identity else { return Ok(None) };
        let request = UpgradeIdentityRequest {
            type_name: self.instance.type_name.clone(),
            version: i64::try_from(self.instance.identity_schema_version).unwrap_or(i64::MAX),
            raw_identity: Some(RawState { json: identity.to_string().into() }),
        };
        match self.client.upgrade_identity(request).await {
            // A plugin that knows no identity of the type, or none at all, reads by the state alone, as it always did.
            Ok(answer) if self.check(&answer.diagnostics).is_err() => Ok(None),
            Ok(answer) => Ok(answer.upgraded_identity),
            Err(status) if status.code() == Code::Unimplemented => Ok(None),
            Err(status) => Err(self.failed("taking the recorded identity", &status)),
        }
    }

    fn decoded(&self, value: &DynamicValue) -> Result<Option<Attributes>, Ended> {
        if value.msgpack.is_empty() && !value.json.is_empty() {
            return Err(self.unknown(ReasonKind::Error, "it answers in JSON, where MessagePack is expected"));
        }
        decode(&value.msgpack, self.schema).map_err(|error| self.unknown(ReasonKind::Error, &error.to_string()))
    }

    fn check(&self, diagnostics: &[crate::proto::Diagnostic]) -> Result<(), Ended> {
        // Nearly every answer says nothing, and what may not be shown is gathered from the whole instance.
        if diagnostics.is_empty() {
            return Ok(());
        }
        refused(self.plugin, diagnostics, &self.redaction()).map_or(Ok(()), |reason| Err(Ended::Unknown(reason)))
    }

    /// What may not be left in what the plugin says: the instance's own secrets, and those that it was given.
    fn redaction(&self) -> Redaction {
        let recorded = Redaction::of(&self.instance.attributes, &recorded_sensitivity(self.schema, self.instance));
        recorded.and(self.account.map(Account::secrets).unwrap_or_default())
    }

    fn unknown(&self, kind: ReasonKind, why: &str) -> Ended {
        Ended::Unknown(Reason { kind, message: format!("{}: {why}", self.plugin) })
    }

    fn failed(&self, what: &str, status: &Status) -> Ended {
        if is_broken(status) {
            return Ended::Broken("its connection broke".to_owned());
        }
        Ended::Unknown(failed(self.plugin, what, status, &self.redaction()))
    }
}
