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
//! | closed ones too | `Scan`, without the notes that stand beside them |
//! | what is owed | `Query` of the index `owed`: sparse, oldest first |

mod items;

use aws_sdk_dynamodb::types::{AttributeValue, Delete, Put, TransactWriteItem};
use aws_types::SdkConfig;
use drift_engine::ports::{Alert, Entry, Ledger, Owed, PortError, Query, Written};
use drift_model::{Drift, InstanceRef, Severity, Timestamp};

use self::items::{Item, key};
use crate::{
    failure::{code, is_conflict},
    notes::NOTE,
    table::{Layout, Table},
};

/// The ledger in the table of a name or ARN.
#[derive(Clone, Debug)]
pub struct DynamoLedger {
    table: Table,
}

const LAYOUT: Layout = Layout {
    keys: &["pk"],
    indexes: &[
        ("by-account", "open_account", "rank"),
        ("by-severity", "open_severity", "rank"),
        ("by-state", "open_state", "rank"),
        ("owed", "owed_in", "owed_at"),
    ],
};

impl DynamoLedger {
    /// The ledger in the table of that name or ARN.
    #[must_use]
    pub fn new(config: &SdkConfig, table: impl Into<String>) -> Self {
        Self { table: Table::new(config, table.into()) }
    }

    /// Creates the table as the module's documentation describes it, and waits until it can be used: for tests and demonstrations.
    /// One that is there already is left as it is.
    ///
    /// # Errors
    ///
    /// What the service says.
    pub async fn create_table(&self) -> Result<(), PortError> {
        self.table.create(&LAYOUT).await
    }

    /// One odd item must not hide the others: it is left out of a list, with a warning.
    fn or_warn<T>(&self, what: &str, decoded: Option<T>) -> Option<T> {
        if decoded.is_none() {
            tracing::warn!(error = %self.table.undecodable(what), "an item is left out");
        }
        decoded
    }

    async fn item(&self, instance: &InstanceRef) -> Result<Option<Item>, PortError> {
        let get = self.table.client.get_item().table_name(&self.table.name).key("pk", key(instance)).consistent_read(true);
        let what = format!("reading the drift of {instance}");
        get.send().await.map(|answer| answer.item).map_err(|error| self.table.failed(&what, "dynamodb:GetItem", &error))
    }

    async fn query(&self, index: &str, attribute: &str, value: &str) -> Result<Vec<Item>, PortError> {
        let what = format!("listing drifts by {attribute}");
        let query = self.table.client.query().table_name(&self.table.name).index_name(index).key_condition_expression("#hash = :value");
        let query = query.expression_attribute_names("#hash", attribute);
        let query = query.expression_attribute_values(":value", AttributeValue::S(value.to_owned()));
        let mut pages = query.into_paginator().items().send();
        let mut found = Vec::new();
        while let Some(item) = pages.next().await {
            found.push(item.map_err(|error| self.table.failed(&what, "dynamodb:Query", &error))?);
        }
        Ok(found)
    }

    async fn all(&self) -> Result<Vec<Item>, PortError> {
        let scan = self.table.client.scan().table_name(&self.table.name);
        // What a scan keeps stands in the same table.
        let scan = scan.filter_expression("attribute_not_exists(#note)").expression_attribute_names("#note", NOTE);
        let mut pages = scan.into_paginator().items().send();
        let mut found = Vec::new();
        while let Some(item) = pages.next().await {
            found.push(item.map_err(|error| self.table.failed("listing all drifts", "dynamodb:Scan", &error))?);
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
        items::entry(&item).map(Some).ok_or_else(|| self.table.undecodable(&format!("reading the drift of {instance}")))
    }

    async fn write(&self, drift: &Drift, owed: Option<&Alert>, expected: Option<u64>) -> Result<Written, PortError> {
        let what = format!("recording the drift of {}", drift.instance);
        let item = items::item(drift, owed, expected.map_or(1, |version| version + 1)).ok_or_else(|| self.table.undecodable(&what))?;
        let mut put = self.table.client.put_item().table_name(&self.table.name);
        put = match expected {
            None => put.condition_expression("attribute_not_exists(pk)"),
            Some(version) => put
                .condition_expression("version = :version AND judged <= :judged")
                .expression_attribute_values(":version", AttributeValue::N(version.to_string()))
                .expression_attribute_values(":judged", items::judged(drift)),
        };
        match put.set_item(Some(item)).send().await {
            Ok(_) => Ok(Written::Yes),
            Err(error) if is_conflict(&error) => Ok(Written::Conflict),
            Err(error) => Err(self.table.failed(&what, "dynamodb:PutItem", &error)),
        }
    }

    async fn carry(&self, from: &InstanceRef, expected: u64, drift: &Drift) -> Result<Written, PortError> {
        let what = format!("carrying the drift of {from} over to {}", drift.instance);
        let there = self.item(&drift.instance).await?;
        let held = there.as_ref().map(|item| items::entry(item).ok_or_else(|| self.table.undecodable(&what))).transpose()?;
        if held.as_ref().is_some_and(|entry| entry.drift.status.is_open() || entry.owed.is_some()) {
            return Ok(Written::Conflict);
        }
        let version = held.map(|entry| entry.version);
        let item = items::item(drift, None, version.map_or(1, |version| version + 1)).ok_or_else(|| self.table.undecodable(&what))?;
        let mut put = Put::builder().table_name(&self.table.name).set_item(Some(item));
        put = match version {
            None => put.condition_expression("attribute_not_exists(pk)"),
            Some(version) => put
                .condition_expression("version = :version")
                .expression_attribute_values(":version", AttributeValue::N(version.to_string())),
        };
        let delete = Delete::builder()
            .table_name(&self.table.name)
            .key("pk", key(from))
            .condition_expression("version = :version AND attribute_not_exists(owed)")
            .expression_attribute_values(":version", AttributeValue::N(expected.to_string()));
        let (Ok(put), Ok(delete)) = (put.build(), delete.build()) else { return Err(self.table.undecodable(&what)) };
        let writes = [TransactWriteItem::builder().put(put).build(), TransactWriteItem::builder().delete(delete).build()];
        match self.table.client.transact_write_items().set_transact_items(Some(writes.into())).send().await {
            Ok(_) => Ok(Written::Yes),
            Err(error) if code(&error) == Some("TransactionCanceledException") => Ok(Written::Conflict),
            Err(error) => Err(self.table.failed(&what, "dynamodb:TransactWriteItems", &error)),
        }
    }

    async fn claim(&self, owed: &Owed, now: Timestamp) -> Result<Written, PortError> {
        let Alert { transition, drift, .. } = &owed.alert;
        let text = |text: String| AttributeValue::S(text);
        let update = self.table.client.update_item().table_name(&self.table.name).key("pk", key(&drift.instance));
        let update = update.update_expression("SET owed_at = :now").condition_expression("owed_id = :transition AND owed_at = :claimed");
        let update = update.expression_attribute_values(":transition", text(transition.id.clone()));
        let update = update.expression_attribute_values(":claimed", text(owed.claimed.to_string()));
        match update.expression_attribute_values(":now", text(now.to_string())).send().await {
            Ok(_) => Ok(Written::Yes),
            Err(error) if is_conflict(&error) => Ok(Written::Conflict),
            Err(error) => {
                let what = format!("taking on the alert owed of {}", drift.instance);
                Err(self.table.failed(&what, "dynamodb:UpdateItem", &error))
            }
        }
    }

    async fn clear_owed(&self, instance: &InstanceRef, transition: &str) -> Result<(), PortError> {
        let update = self.table.client.update_item().table_name(&self.table.name).key("pk", key(instance));
        let update = update.update_expression("REMOVE owed, owed_id, owed_in, owed_at").condition_expression("owed_id = :transition");
        let update = update.expression_attribute_values(":transition", AttributeValue::S(transition.to_owned()));
        match update.send().await {
            Ok(_) => Ok(()),
            // Another alert is owed, or none: it was cleared by whoever published it first.
            Err(error) if is_conflict(&error) => Ok(()),
            Err(error) => Err(self.table.failed(&format!("clearing the alert owed of {instance}"), "dynamodb:UpdateItem", &error)),
        }
    }

    async fn owed(&self, limit: usize) -> Result<Vec<Owed>, PortError> {
        let what = "listing owed alerts";
        let query = self.table.client.query().table_name(&self.table.name).index_name("owed").key_condition_expression("owed_in = :owed");
        let query = query.expression_attribute_values(":owed", AttributeValue::S(items::OWED.to_owned()));
        let query = query.limit(i32::try_from(limit).unwrap_or(i32::MAX).max(1));
        let answer = query.send().await.map_err(|error| self.table.failed(what, "dynamodb:Query", &error))?;
        Ok(answer.items().iter().filter_map(|item| self.or_warn(what, items::owed(item))).collect())
    }

    async fn list(&self, query: &Query) -> Result<Vec<Drift>, PortError> {
        let found = if query.closed_too { self.all().await? } else { self.open(query).await? };
        let mut drifts: Vec<Drift> = found.iter().filter_map(|item| self.or_warn("listing drifts", items::drift(item))).collect();
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
