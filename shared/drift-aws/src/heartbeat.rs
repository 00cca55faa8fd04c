use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use aws_sdk_dynamodb::types::AttributeValue;
use aws_types::SdkConfig;
use drift_engine::ports::{Heartbeat, PortError};
use drift_model::Timestamp;

use crate::{failure::is_conflict, table::Table};

/// When `event-detector` last handled a record, in one item of the index's table.
///
/// | `pk` | `sk` | attributes |
/// | --- | --- | --- |
/// | `heartbeat` | `event-detector` | `at` (N): milliseconds since 1970 |
///
/// Every other key of that table begins with one letter and `#` (see the index's items), so that this can be no state's.
/// It holds a time and nothing of any record.
#[derive(Debug)]
pub struct DynamoHeartbeat {
    table: Table,
    /// When this process noted it last.
    noted: Mutex<Option<Timestamp>>,
}

/// How often it is noted.
const BEAT: Duration = Duration::from_mins(1);

impl DynamoHeartbeat {
    /// The heartbeat in the index's table, by its name or ARN.
    #[must_use]
    pub fn new(config: &SdkConfig, index_table: impl Into<String>) -> Self {
        Self { table: Table::new(config, index_table.into()), noted: Mutex::default() }
    }

    /// Whether it is time again. Whoever is told so is to note it: also where that fails, the next try is a minute later.
    fn is_due(&self, now: Timestamp) -> bool {
        let mut noted = self.noted.lock().unwrap_or_else(PoisonError::into_inner);
        let due = noted.is_none_or(|noted| noted + BEAT <= now);
        if due {
            *noted = Some(now);
        }
        due
    }
}

fn key() -> HashMap<String, AttributeValue> {
    [("pk", "heartbeat"), ("sk", "event-detector")].map(|(name, value)| (name.to_owned(), AttributeValue::S(value.to_owned()))).into()
}

fn number(at: Timestamp) -> AttributeValue {
    AttributeValue::N(at.as_millisecond().to_string())
}

impl Heartbeat for DynamoHeartbeat {
    async fn beat(&self, now: Timestamp) -> Result<(), PortError> {
        if !self.is_due(now) {
            return Ok(());
        }
        let mut item = key();
        item.insert("at".to_owned(), number(now));
        let put = self.table.client.put_item().table_name(&self.table.name).set_item(Some(item));
        // Others of the same function note it as well.
        let put = put.condition_expression("attribute_not_exists(pk) OR #at <= :due").expression_attribute_names("#at", "at");
        match put.expression_attribute_values(":due", number(now - BEAT)).send().await {
            Ok(_) => Ok(()),
            Err(error) if is_conflict(&error) => Ok(()),
            Err(error) => Err(self.table.failed("noting when a record was handled", "dynamodb:PutItem", &error)),
        }
    }

    async fn last(&self) -> Result<Option<Timestamp>, PortError> {
        let what = "reading when a record was handled last";
        let get = self.table.client.get_item().table_name(&self.table.name).set_key(Some(key())).consistent_read(true);
        let answer = get.send().await.map_err(|error| self.table.failed(what, "dynamodb:GetItem", &error))?;
        let Some(item) = answer.item else { return Ok(None) };
        let at = item.get("at").and_then(|at| at.as_n().ok()?.parse().ok()).and_then(|at| Timestamp::from_millisecond(at).ok());
        at.map(Some).ok_or_else(|| self.table.undecodable(what))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_noted_once_a_minute() {
        let heartbeat = DynamoHeartbeat::new(&SdkConfig::builder().behavior_version(aws_config::BehaviorVersion::latest()).build(), "t");
        let at = |seconds| Timestamp::from_second(seconds).expect("it is a time");
        assert_eq!([1_000, 1_001, 1_059, 1_060, 1_061].map(|second| heartbeat.is_due(at(second))), [true, false, false, true, false]);
    }
}
