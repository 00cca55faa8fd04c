//! The index in a DynamoDB table.
//!
//! Key schema: `pk` (S, hash), `sk` (S, range); time to live on `expires` (N, epoch seconds). No secondary index.
//!
//! | item | `pk` | `sk` | attributes |
//! | --- | --- | --- | --- |
//! | entry of an identifier | `i#` + hash of place and identifier | `i` | `own`, `catalog`, `reference` (SS: holders), `more` (BOOL: the overflow) |
//! | page of a state | `p#` + hash of the state + `#r07` (ranges) or `#h07` (holdings) | `p` | `gen` (N), `body` (B), `expires` where it is empty |
//! | head of a state | `h#` + the hash's first digit | hash of the state | `state`, `etag`, `unreadable` (S), `gen`, `settled`, `lease`, `instances` (N), `dirty` (BOOL), `digests` (B), `expires` where it is gone |
//!
//! | who | reads or writes |
//! | --- | --- |
//! | `event-detector`, for a record | `BatchGetItem` of its identifiers' entries, 100 at a time; `GetItem` of one page for each instance |
//! | `state-indexer`, for a version | `GetItem` and `PutItem` of head and pages, `UpdateItem` and `TransactWriteItems` on the entries that change |
//! | reconciling | `Query` of the heads, in 16 partitions |

mod entries;
mod items;

use std::{collections::BTreeSet, time::Duration};

use aws_sdk_dynamodb::types::AttributeValue;
use aws_types::SdkConfig;
use drift_engine::{
    index::{Entry, EntryKey, Head, HolderName, IndexStore, Page, PageKey, Release, state_key},
    ports::{PortError, Written},
};
use drift_model::{StateId, Strength, Timestamp};
use futures::{StreamExt, TryStreamExt, stream};

use crate::{
    failure::is_conflict,
    table::{Layout, Table},
};

/// The index in a DynamoDB table; read through [`drift_engine::index::Index`].
#[derive(Clone, Debug)]
pub struct DynamoIndex {
    table: Table,
}

/// An empty page is kept for longer than any indexer that it could refuse may live.
const EMPTY_PAGE: Duration = Duration::from_hours(24);
/// The head of a state that is gone outlives the traces in its pages.
const GONE_HEAD: Duration = Duration::from_hours(30 * 24);

/// When an item that is written now goes.
#[expect(clippy::disallowed_methods, reason = "DynamoDB's own clock decides when it goes")]
fn expiry(after: Duration) -> Timestamp {
    Timestamp::now() + after
}

const LAYOUT: Layout = Layout { keys: &["pk", "sk"], indexes: &[] };

impl DynamoIndex {
    /// The index in the table of that name or ARN.
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

    async fn put(&self, what: &str, item: items::Item, condition: &str, value: Option<u64>) -> Result<Written, PortError> {
        let values = value.map(|generation| [(":g".to_owned(), items::number(generation))].into());
        let names = condition.contains("#gen").then(|| [("#gen".to_owned(), "gen".to_owned())].into());
        let put = self.table.client.put_item().table_name(&self.table.name).set_item(Some(item)).condition_expression(condition);
        match put.set_expression_attribute_names(names).set_expression_attribute_values(values).send().await {
            Ok(_) => Ok(Written::Yes),
            Err(error) if is_conflict(&error) => Ok(Written::Conflict),
            Err(error) => Err(self.table.failed(what, "dynamodb:PutItem", &error)),
        }
    }

    async fn get(&self, what: &str, key: items::Item) -> Result<Option<items::Item>, PortError> {
        let get = self.table.client.get_item().table_name(&self.table.name).set_key(Some(key)).consistent_read(true);
        get.send().await.map(|answer| answer.item).map_err(|error| self.table.failed(what, "dynamodb:GetItem", &error))
    }

    async fn heads_of(&self, digit: char) -> Result<Vec<Head>, PortError> {
        let what = "listing the indexed states";
        let query = self.table.client.query().table_name(&self.table.name).key_condition_expression("pk = :pk").consistent_read(true);
        let mut pages = query.expression_attribute_values(":pk", AttributeValue::S(format!("h#{digit}"))).into_paginator().items().send();
        let mut heads = Vec::new();
        while let Some(item) = pages.next().await {
            let item = item.map_err(|error| self.table.failed(what, "dynamodb:Query", &error))?;
            heads.push(items::head(&item).ok_or_else(|| self.table.undecodable(what))?);
        }
        Ok(heads)
    }
}

impl IndexStore for DynamoIndex {
    async fn entries(&self, keys: &[EntryKey]) -> Result<Vec<(EntryKey, Entry)>, PortError> {
        self.batch_get(keys).await
    }

    async fn hold(&self, key: EntryKey, strength: Strength, holders: &BTreeSet<HolderName>) -> Result<(), PortError> {
        self.add_holders(key, strength, holders).await
    }

    async fn release(&self, state: &StateId, generation: u64, releases: &[Release]) -> Result<Written, PortError> {
        self.delete_holders(state, generation, releases).await
    }

    async fn page(&self, key: &PageKey) -> Result<Option<Page>, PortError> {
        let what = format!("reading page {} of {}", key.number, key.state);
        let Some(item) = self.get(&what, items::page_key(key)).await? else { return Ok(None) };
        let page = items::page(&item).ok_or_else(|| self.table.undecodable(&what))?;
        Ok(Some(page))
    }

    async fn put_page(&self, key: &PageKey, page: &Page) -> Result<Written, PortError> {
        let expires = page.body.is_empty().then(|| expiry(EMPTY_PAGE));
        let what = format!("writing page {} of {}", key.number, key.state);
        let condition = "attribute_not_exists(pk) OR #gen <= :g";
        self.put(&what, items::of_page(key, page, expires), condition, Some(page.generation)).await
    }

    async fn head(&self, state: &StateId) -> Result<Option<Head>, PortError> {
        let what = format!("reading the head of {state}");
        let Some(item) = self.get(&what, items::head_key(&state_key(state))).await? else { return Ok(None) };
        Ok(Some(items::head(&item).ok_or_else(|| self.table.undecodable(&what))?))
    }

    async fn put_head(&self, head: &Head, expected: Option<u64>) -> Result<Written, PortError> {
        let expires = (head.is_tombstone() && head.lease.is_none()).then(|| expiry(GONE_HEAD));
        let condition = if expected.is_some() { "#gen = :g" } else { "attribute_not_exists(pk)" };
        self.put(&format!("writing the head of {}", head.state), items::of_head(head, expires), condition, expected).await
    }

    async fn heads(&self) -> Result<Vec<Head>, PortError> {
        let parts: Vec<Vec<Head>> =
            stream::iter("0123456789abcdef".chars().map(|digit| self.heads_of(digit))).buffered(4).try_collect().await?;
        Ok(parts.concat())
    }
}
