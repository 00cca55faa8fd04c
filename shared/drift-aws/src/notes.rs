//! What a scan keeps, in the ledger's table.
//!
//! | `pk` | attributes |
//! | --- | --- |
//! | `note#` and the key | `note` (B): its first part; `parts` (N): how many there are; `digest` (S): of the whole; `expires` (N): the time to live, in seconds |
//! | the same, `#` and a number from 2 on | `note` (B): that part; `digest` and `expires` as above |
//!
//! An item of DynamoDB ends at 400 KB. The first part is written last and read first: parts of another note than it belongs to have
//! another digest, and then nothing is there.

use std::collections::HashMap;

use aws_sdk_dynamodb::{
    primitives::Blob,
    types::{AttributeValue, ReturnValue},
};
use aws_types::SdkConfig;
use base64::{Engine, prelude::BASE64_STANDARD_NO_PAD};
use drift_engine::ports::{Notes, PortError};
use drift_model::Timestamp;
use futures::{StreamExt, TryStreamExt, stream};
use sha2::{Digest, Sha256};

use crate::table::Table;

/// The attribute by which a note is told from a drift.
pub(crate) const NOTE: &str = "note";
/// So much of a note is kept in one item, in bytes.
const PART: usize = 350_000;
/// At most so many parts are written or read at a time.
const PARALLEL: usize = 4;

/// Notes in the ledger's table, beside the drifts.
#[derive(Clone, Debug)]
pub struct DynamoNotes {
    table: Table,
}

type Item = HashMap<String, AttributeValue>;

/// One part of a note, by the whole that it is of.
struct Part {
    digest: String,
    bytes: Vec<u8>,
    /// How many there are, as the first one says.
    parts: usize,
}

impl DynamoNotes {
    /// Notes in the table of that name or ARN.
    #[must_use]
    pub fn new(config: &SdkConfig, table: impl Into<String>) -> Self {
        Self { table: Table::new(config, table.into()) }
    }

    async fn part(&self, key: &str, number: usize) -> Result<Option<Part>, PortError> {
        let what = format!("reading the note {key}");
        let get = self.table.client.get_item().table_name(&self.table.name).key("pk", pk(key, number)).consistent_read(true);
        let answer = get.send().await.map_err(|error| self.table.failed(&what, "dynamodb:GetItem", &error))?;
        answer.item.map(|item| decoded(&item).ok_or_else(|| self.table.undecodable(&what))).transpose()
    }

    async fn put(&self, key: &str, number: usize, item: Item) -> Result<(), PortError> {
        let put = self.table.client.put_item().table_name(&self.table.name).set_item(Some(item)).item("pk", pk(key, number));
        let put = put.send().await;
        put.map(|_| ()).map_err(|error| self.table.failed(&format!("keeping the note {key}"), "dynamodb:PutItem", &error))
    }

    /// Gives how many parts the note had, as far as the one that is deleted says so.
    async fn delete(&self, key: &str, number: usize) -> Result<usize, PortError> {
        let delete = self.table.client.delete_item().table_name(&self.table.name).key("pk", pk(key, number));
        let answer = delete.return_values(ReturnValue::AllOld).send().await;
        let answer = answer.map_err(|error| self.table.failed(&format!("forgetting the note {key}"), "dynamodb:DeleteItem", &error))?;
        Ok(answer.attributes.as_ref().and_then(parts).unwrap_or_default())
    }
}

impl Notes for DynamoNotes {
    async fn note(&self, key: &str) -> Result<Option<Vec<u8>>, PortError> {
        let Some(first) = self.part(key, 1).await? else { return Ok(None) };
        let rest = stream::iter((2..=first.parts).map(|number| self.part(key, number))).buffered(PARALLEL);
        let rest: Vec<Option<Part>> = rest.try_collect().await?;
        let mut bytes = first.bytes;
        for part in rest {
            match part {
                Some(part) if part.digest == first.digest => bytes.extend(part.bytes),
                _ => return Ok(None),
            }
        }
        Ok((digest(&bytes) == first.digest).then_some(bytes))
    }

    async fn keep(&self, key: &str, note: &[u8], expires: Timestamp) -> Result<(), PortError> {
        let parts: Vec<&[u8]> = if note.is_empty() { vec![note] } else { note.chunks(PART).collect() };
        let digest = digest(note);
        let item = |bytes: &[u8]| {
            Item::from([
                (NOTE.to_owned(), AttributeValue::B(Blob::new(bytes))),
                ("digest".to_owned(), AttributeValue::S(digest.clone())),
                ("expires".to_owned(), AttributeValue::N(expires.as_second().to_string())),
            ])
        };
        let rest: Vec<_> = parts.iter().enumerate().skip(1).map(|(at, part)| self.put(key, at + 1, item(part))).collect();
        stream::iter(rest).buffer_unordered(PARALLEL).try_collect::<Vec<()>>().await?;
        let mut first = item(parts[0]);
        first.insert("parts".to_owned(), AttributeValue::N(parts.len().to_string()));
        self.put(key, 1, first).await
    }

    async fn forget(&self, key: &str) -> Result<(), PortError> {
        let parts = self.delete(key, 1).await?;
        stream::iter((2..=parts).map(|number| self.delete(key, number))).buffer_unordered(PARALLEL).try_collect::<Vec<usize>>().await?;
        Ok(())
    }
}

/// What is `#` in a key is doubled, so that no key is a part of another.
fn pk(key: &str, number: usize) -> AttributeValue {
    let key = key.replace('#', "##");
    AttributeValue::S(if number == 1 { format!("note#{key}") } else { format!("note#{key}#{number}") })
}

fn digest(note: &[u8]) -> String {
    BASE64_STANDARD_NO_PAD.encode(Sha256::digest(note))
}

fn parts(item: &Item) -> Option<usize> {
    item.get("parts")?.as_n().ok()?.parse().ok()
}

fn decoded(item: &Item) -> Option<Part> {
    let bytes = item.get(NOTE)?.as_b().ok()?.clone().into_inner();
    Some(Part { digest: item.get("digest")?.as_s().ok()?.clone(), bytes, parts: parts(item).unwrap_or(1) })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn no_key_is_a_part_of_another() {
        let text = |key: &str, number| pk(key, number).as_s().cloned().unwrap_or_default();
        assert_eq!(text("github#acme", 1), "note#github##acme");
        let keys = ["a", "a#2", "a##2", "a#", "a##", "a#2#2"];
        let kept: BTreeSet<String> = keys.iter().flat_map(|key| [1, 2, 3].map(|number| text(key, number))).collect();
        assert_eq!(kept.len(), keys.len() * 3, "{kept:?}");
    }
}
