//! The ledger in a DynamoDB table: one item for each instance that was ever judged.
//!
//! Key schema: `pk` (S, hash): a hash of state, address and deposed key. Time to live on `expires` (N, epoch seconds).
//!
//! | attribute | holds |
//! | --- | --- |
//! | `drift` (S) | the drift as JSON, without any sensitive value |
//! | `state`, `address`, `status` (S) | the same in plain, for people who look at the table |
//! | `version` (N) | how often it was written |
//! | `judged` (N) | when the read behind the newest verdict began, in nanoseconds since 1970 |
//! | `open_state`, `open_account`, `open_severity` (S) | only while it is open: state, account, severity |
//! | `rank` (S) | severity, then when it was first seen: what open drifts are sorted by |
//! | `owed` (S), `owed_id` (S), `owed_in` (S), `owed_at` (S) | only while an alert is owed: the alert as JSON, its transition, `owed`, since when |
//!
//! | to find | reads |
//! | --- | --- |
//! | one drift, with its history | `GetItem`, consistent |
//! | open drifts of a state, an account, a severity | `Query` of the index `by-state`, `by-account`, `by-severity`: sparse, open ones alone |
//! | all open drifts | four queries of `by-severity` |
//! | closed ones too | `Scan` |
//! | what is owed | `Query` of the index `owed`: sparse, oldest first |

mod items;
mod table;

use aws_sdk_dynamodb::{
    Client,
    config::http::HttpResponse,
    error::{ProvideErrorMetadata, SdkError},
    types::{AttributeValue, Delete, Put, TransactWriteItem},
};
use aws_types::SdkConfig;
use drift_engine::ports::{Alert, Entry, Ledger, PortError, Query, Written};
use drift_model::{Drift, InstanceRef, Severity};

use self::items::{Item, key};
use crate::failure::{Call, code};

/// The ledger in the table of a name or ARN.
#[derive(Clone, Debug)]
pub struct DynamoLedger {
    client: Client,
    table: String,
}

impl DynamoLedger {
    /// The ledger in the table of that name or ARN.
    #[must_use]
    pub fn new(config: &SdkConfig, table: impl Into<String>) -> Self {
        Self { client: Client::new(config), table: table.into() }
    }

    /// Creates the table as the module's documentation describes it, and waits until it can be used: for tests and demonstrations.
    /// One that is there already is left as it is.
    ///
    /// # Errors
    ///
    /// What the service says.
    pub async fn create_table(&self) -> Result<(), PortError> {
        table::create(&self.client, &self.table).await
    }

    fn failed<E: ProvideErrorMetadata + std::error::Error + 'static>(
        &self,
        what: &str,
        action: &str,
        error: &SdkError<E, HttpResponse>,
    ) -> PortError {
        let what = format!("{what} in the table {}", self.table);
        let resource =
            if self.table.starts_with("arn:") { self.table.clone() } else { format!("arn:aws:dynamodb:*:*:table/{}", self.table) };
        Call { what: &what, action, resource: &resource }.failed(error)
    }

    fn undecodable(&self, what: &str) -> PortError {
        PortError::Permanent {
            what: format!("{what} in the table {}", self.table),
            why: "the item is not as Driftwire writes it: is the table used by something else, or by a newer Driftwire?".to_owned(),
        }
    }

    async fn item(&self, instance: &InstanceRef) -> Result<Option<Item>, PortError> {
        let get = self.client.get_item().table_name(&self.table).key("pk", key(instance)).consistent_read(true);
        let what = format!("reading the drift of {instance}");
        get.send().await.map(|answer| answer.item).map_err(|error| self.failed(&what, "dynamodb:GetItem", &error))
    }

    async fn query(&self, index: &str, attribute: &str, value: &str) -> Result<Vec<Item>, PortError> {
        let what = format!("listing drifts by {attribute}");
        let query = self.client.query().table_name(&self.table).index_name(index).key_condition_expression("#hash = :value");
        let query = query.expression_attribute_names("#hash", attribute);
        let query = query.expression_attribute_values(":value", AttributeValue::S(value.to_owned()));
        let mut pages = query.into_paginator().items().send();
        let mut found = Vec::new();
        while let Some(item) = pages.next().await {
            found.push(item.map_err(|error| self.failed(&what, "dynamodb:Query", &error))?);
        }
        Ok(found)
    }

    async fn all(&self) -> Result<Vec<Item>, PortError> {
        let mut pages = self.client.scan().table_name(&self.table).into_paginator().items().send();
        let mut found = Vec::new();
        while let Some(item) = pages.next().await {
            found.push(item.map_err(|error| self.failed("listing all drifts", "dynamodb:Scan", &error))?);
        }
        Ok(found)
    }

    async fn open(&self, query: &Query) -> Result<Vec<Item>, PortError> {
        if let Some(state) = &query.state {
            return self.query("by-state", "open_state", &state.0).await;
        }
        if let Some(account) = &query.account {
            return self.query("by-account", "open_account", account).await;
        }
        let mut found = Vec::new();
        for severity in [Severity::Critical, Severity::High, Severity::Medium, Severity::Low] {
            if query.severity.is_none_or(|wanted| wanted == severity) {
                found.extend(self.query("by-severity", "open_severity", severity.name()).await?);
            }
        }
        Ok(found)
    }
}

impl Ledger for DynamoLedger {
    async fn entry(&self, instance: &InstanceRef) -> Result<Option<Entry>, PortError> {
        let Some(item) = self.item(instance).await? else { return Ok(None) };
        items::entry(&item).map(Some).ok_or_else(|| self.undecodable(&format!("reading the drift of {instance}")))
    }

    async fn write(&self, drift: &Drift, owed: Option<&Alert>, expected: Option<u64>) -> Result<Written, PortError> {
        let what = format!("recording the drift of {}", drift.instance);
        let item = items::item(drift, owed, expected.map_or(1, |version| version + 1)).ok_or_else(|| self.undecodable(&what))?;
        let mut put = self.client.put_item().table_name(&self.table);
        put = match expected {
            None => put.condition_expression("attribute_not_exists(pk)"),
            Some(version) => put
                .condition_expression("version = :version AND judged < :judged")
                .expression_attribute_values(":version", AttributeValue::N(version.to_string()))
                .expression_attribute_values(":judged", items::judged(drift)),
        };
        match put.set_item(Some(item)).send().await {
            Ok(_) => Ok(Written::Yes),
            Err(error) if code(&error) == Some("ConditionalCheckFailedException") => Ok(Written::Conflict),
            Err(error) => Err(self.failed(&what, "dynamodb:PutItem", &error)),
        }
    }

    async fn carry(&self, from: &InstanceRef, expected: u64, drift: &Drift) -> Result<Written, PortError> {
        let what = format!("carrying the drift of {from} over to {}", drift.instance);
        let there = self.item(&drift.instance).await?;
        let held = there.as_ref().map(|item| items::entry(item).ok_or_else(|| self.undecodable(&what))).transpose()?;
        if held.as_ref().is_some_and(|entry| entry.drift.status.is_open() || entry.owed.is_some()) {
            return Ok(Written::Conflict);
        }
        let version = held.map(|entry| entry.version);
        let item = items::item(drift, None, version.map_or(1, |version| version + 1)).ok_or_else(|| self.undecodable(&what))?;
        let mut put = Put::builder().table_name(&self.table).set_item(Some(item));
        put = match version {
            None => put.condition_expression("attribute_not_exists(pk)"),
            Some(version) => put
                .condition_expression("version = :version")
                .expression_attribute_values(":version", AttributeValue::N(version.to_string())),
        };
        let delete = Delete::builder()
            .table_name(&self.table)
            .key("pk", key(from))
            .condition_expression("version = :version AND attribute_not_exists(owed)")
            .expression_attribute_values(":version", AttributeValue::N(expected.to_string()));
        let (Ok(put), Ok(delete)) = (put.build(), delete.build()) else { return Err(self.undecodable(&what)) };
        let writes = [TransactWriteItem::builder().put(put).build(), TransactWriteItem::builder().delete(delete).build()];
        match self.client.transact_write_items().set_transact_items(Some(writes.into())).send().await {
            Ok(_) => Ok(Written::Yes),
            Err(error) if code(&error) == Some("TransactionCanceledException") => Ok(Written::Conflict),
            Err(error) => Err(self.failed(&what, "dynamodb:TransactWriteItems", &error)),
        }
    }

    async fn clear_owed(&self, instance: &InstanceRef, transition: &str) -> Result<(), PortError> {
        let update = self.client.update_item().table_name(&self.table).key("pk", key(instance));
        let update = update.update_expression("REMOVE owed, owed_id, owed_in, owed_at").condition_expression("owed_id = :transition");
        let update = update.expression_attribute_values(":transition", AttributeValue::S(transition.to_owned()));
        match update.send().await {
            Ok(_) => Ok(()),
            // Another alert is owed, or none: it was cleared by whoever published it first.
            Err(error) if code(&error) == Some("ConditionalCheckFailedException") => Ok(()),
            Err(error) => Err(self.failed(&format!("clearing the alert owed of {instance}"), "dynamodb:UpdateItem", &error)),
        }
    }

    async fn owed(&self, limit: usize) -> Result<Vec<Alert>, PortError> {
        let what = "listing owed alerts";
        let query = self.client.query().table_name(&self.table).index_name("owed").key_condition_expression("owed_in = :owed");
        let query = query.expression_attribute_values(":owed", AttributeValue::S(items::OWED.to_owned()));
        let query = query.limit(i32::try_from(limit).unwrap_or(i32::MAX).max(1));
        let answer = query.send().await.map_err(|error| self.failed(what, "dynamodb:Query", &error))?;
        answer.items().iter().map(|item| items::owed(item).ok_or_else(|| self.undecodable(what))).collect()
    }

    async fn list(&self, query: &Query) -> Result<Vec<Drift>, PortError> {
        let found = if query.closed_too { self.all().await? } else { self.open(query).await? };
        let mut drifts = Vec::with_capacity(found.len());
        for item in &found {
            drifts.push(items::drift(item).ok_or_else(|| self.undecodable("listing drifts"))?);
        }
        drifts.retain(|drift| {
            query.state.as_ref().is_none_or(|state| drift.instance.state == *state)
                && query.account.as_ref().is_none_or(|account| drift.place.as_ref().is_some_and(|place| place.account == *account))
                && query.severity.is_none_or(|severity| drift.severity == severity)
                // A row without a transition only holds the time of a look.
                && (drift.status.is_open() || query.closed_too && drift.transitions > 0)
        });
        drifts.sort_by(|a, b| {
            let open = b.status.is_open().cmp(&a.status.is_open());
            open.then(b.severity.cmp(&a.severity)).then(b.first_seen.cmp(&a.first_seen)).then(a.instance.cmp(&b.instance))
        });
        Ok(drifts)
    }
}
