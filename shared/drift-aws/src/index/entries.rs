//! Entries: sets of holders that several states share, changed by single elements.

use std::{collections::BTreeSet, time::Duration};

use aws_sdk_dynamodb::{
    operation::update_item::builders::UpdateItemFluentBuilder,
    types::{AttributeValue, ConditionCheck, KeysAndAttributes, TransactWriteItem, Update},
};
use drift_engine::{
    index::{Entry, EntryKey, HolderName, Release, limit, state_key},
    ports::{PortError, Written},
};
use drift_model::{StateId, Strength};
use futures::{StreamExt, TryStreamExt, stream};

use super::{
    DynamoIndex,
    items::{self, Item, entry_key, head_key, set_of},
};
use crate::failure::is_conflict;

/// What one `BatchGetItem` takes.
const BATCH: usize = 100;
/// How often the rest of a batch, or a transaction that met another, is tried again.
const ATTEMPTS: u32 = 8;

fn pause(attempt: u32) -> Duration {
    Duration::from_millis(25 << attempt.min(6))
}

impl DynamoIndex {
    pub(super) async fn batch_get(&self, keys: &[EntryKey]) -> Result<Vec<(EntryKey, Entry)>, PortError> {
        let batches: Vec<_> = keys.chunks(BATCH).map(|chunk| self.one_batch(chunk)).collect();
        let parts: Vec<Vec<_>> = stream::iter(batches).buffered(4).try_collect().await?;
        Ok(parts.concat())
    }

    async fn one_batch(&self, keys: &[EntryKey]) -> Result<Vec<(EntryKey, Entry)>, PortError> {
        let what = "looking up identifiers";
        let mut found = Vec::new();
        let mut left: Vec<Item> = keys.iter().map(|key| entry_key(*key)).collect();
        for attempt in 0..ATTEMPTS {
            if attempt > 0 {
                tokio::time::sleep(pause(attempt)).await;
            }
            let request = KeysAndAttributes::builder().set_keys(Some(left)).build().map_err(|_| self.table.undecodable(what))?;
            let batch = self.table.client.batch_get_item().request_items(&self.table.name, request);
            let answer = batch.send().await.map_err(|error| self.table.failed(what, "dynamodb:BatchGetItem", &error))?;
            for item in answer.responses.into_iter().flatten().flat_map(|(_, items)| items) {
                found.push(items::entry(&item).ok_or_else(|| self.table.undecodable(what))?);
            }
            left = answer.unprocessed_keys.into_iter().flatten().flat_map(|(_, rest)| rest.keys).collect();
            if left.is_empty() {
                return Ok(found);
            }
        }
        Err(PortError::Retryable {
            what: format!("{what} in the table {}", self.table.name),
            why: format!("{} of {} keys were left unprocessed {ATTEMPTS} times", left.len(), keys.len()),
        })
    }

    pub(super) async fn add_holders(&self, key: EntryKey, strength: Strength, holders: &BTreeSet<HolderName>) -> Result<(), PortError> {
        let most = holders.iter().map(|holder| limit(strength, holder)).min().unwrap_or_default();
        let kept: Vec<String> = holders.iter().take(most).map(|holder| holder.0.clone()).collect();
        if kept.len() < holders.len() {
            self.mark(key).await?;
        }
        if self.add(key, strength, kept.clone(), most).await? {
            return Ok(());
        }
        // Not all fit: one by one, as many as do.
        for holder in kept {
            if !self.add(key, strength, vec![holder], most).await? {
                return self.mark(key).await;
            }
        }
        Ok(())
    }

    /// Adds them if they fit, or if it is a single one that is there already.
    async fn add(&self, key: EntryKey, strength: Strength, holders: Vec<String>, most: usize) -> Result<bool, PortError> {
        let Some(first) = holders.first().cloned() else { return Ok(true) };
        let room = most.saturating_sub(holders.len()) as u64;
        let single = holders.len() == 1;
        let mut update = self
            .update(key)
            .update_expression("ADD #set :holders")
            .expression_attribute_names("#set", set_of(strength))
            .expression_attribute_values(":holders", AttributeValue::Ss(holders))
            .expression_attribute_values(":room", items::number(room));
        update = if single {
            update
                .condition_expression("attribute_not_exists(#set) OR size(#set) <= :room OR contains(#set, :one)")
                .expression_attribute_values(":one", AttributeValue::S(first))
        } else {
            update.condition_expression("attribute_not_exists(#set) OR size(#set) <= :room")
        };
        match update.send().await {
            Ok(_) => Ok(true),
            Err(error) if is_conflict(&error) => Ok(false),
            Err(error) => Err(self.table.failed("adding to an identifier", "dynamodb:UpdateItem", &error)),
        }
    }

    async fn mark(&self, key: EntryKey) -> Result<(), PortError> {
        let update = self.update(key).update_expression("SET #more = :true").expression_attribute_names("#more", "more");
        let marked = update.expression_attribute_values(":true", AttributeValue::Bool(true)).send().await;
        marked.map(|_| ()).map_err(|error| self.table.failed("marking an identifier", "dynamodb:UpdateItem", &error))
    }

    fn update(&self, key: EntryKey) -> UpdateItemFluentBuilder {
        self.table.client.update_item().table_name(&self.table.name).set_key(Some(entry_key(key)))
    }

    pub(super) async fn delete_holders(&self, state: &StateId, generation: u64, releases: &[Release]) -> Result<Written, PortError> {
        // A transaction takes 100 items, the check of the head among them.
        for chunk in releases.chunks(BATCH - 1) {
            if self.delete_together(state, generation, chunk).await? == Written::Conflict {
                return Ok(Written::Conflict);
            }
        }
        let deletions: Vec<_> = releases.iter().map(|release| self.delete_if_empty(release.key)).collect();
        stream::iter(deletions).buffer_unordered(16).try_for_each(async |()| Ok(())).await?;
        Ok(Written::Yes)
    }

    async fn delete_together(&self, state: &StateId, generation: u64, releases: &[Release]) -> Result<Written, PortError> {
        let what = format!("deleting identifiers of {state}");
        let check = ConditionCheck::builder()
            .table_name(&self.table.name)
            .set_key(Some(head_key(&state_key(state))))
            .condition_expression("#gen = :g")
            .expression_attribute_names("#gen", "gen")
            .expression_attribute_values(":g", items::number(generation))
            .build()
            .map_err(|_| self.table.undecodable(&what))?;
        let mut writes = vec![TransactWriteItem::builder().condition_check(check).build()];
        for release in releases {
            let update = self.deletion(release).ok_or_else(|| self.table.undecodable(&what))?;
            writes.push(TransactWriteItem::builder().update(update).build());
        }
        let mut attempt = 0;
        loop {
            attempt += 1;
            let sent = self.table.client.transact_write_items().set_transact_items(Some(writes.clone())).send().await;
            let Err(error) = sent else { return Ok(Written::Yes) };
            let cancelled = error.as_service_error().and_then(|error| match error {
                aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError::TransactionCanceledException(cancelled) => {
                    Some(cancelled)
                }
                _ => None,
            });
            let Some(cancelled) = cancelled else { return Err(self.table.failed(&what, "dynamodb:TransactWriteItems", &error)) };
            let mut codes = cancelled.cancellation_reasons().iter().map(|reason| reason.code().unwrap_or_default());
            if codes.next() == Some("ConditionalCheckFailed") {
                return Ok(Written::Conflict);
            }
            // Another state's transaction touched the same entry, or the table throttles.
            if attempt == ATTEMPTS {
                return Err(PortError::Retryable { what, why: format!("the transaction was cancelled {ATTEMPTS} times") });
            }
            tokio::time::sleep(pause(attempt)).await;
        }
    }

    fn deletion(&self, release: &Release) -> Option<Update> {
        let mut update = Update::builder().table_name(&self.table.name).set_key(Some(entry_key(release.key)));
        let mut clauses = Vec::new();
        for strength in [Strength::Own, Strength::Catalog, Strength::Reference] {
            let holders: Vec<String> =
                release.holders.iter().filter(|(of, _)| *of == strength).map(|(_, holder)| holder.0.clone()).collect();
            if !holders.is_empty() {
                let name = set_of(strength);
                clauses.push(format!("#{name} :{name}"));
                update = update
                    .expression_attribute_names(format!("#{name}"), name)
                    .expression_attribute_values(format!(":{name}"), AttributeValue::Ss(holders));
            }
        }
        update.update_expression(format!("DELETE {}", clauses.join(", "))).build().ok()
    }

    async fn delete_if_empty(&self, key: EntryKey) -> Result<(), PortError> {
        let delete = self.table.client.delete_item().table_name(&self.table.name).set_key(Some(entry_key(key)));
        let condition = "attribute_not_exists(#own) AND attribute_not_exists(#catalog) AND attribute_not_exists(#reference)";
        let mut delete = delete.condition_expression(condition);
        for name in ["own", "catalog", "reference"] {
            delete = delete.expression_attribute_names(format!("#{name}"), name);
        }
        match delete.send().await {
            Err(error) if !is_conflict(&error) => {
                Err(self.table.failed("deleting an identifier that nobody holds", "dynamodb:DeleteItem", &error))
            }
            _ => Ok(()),
        }
    }
}
