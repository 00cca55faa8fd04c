use std::collections::HashMap;

use aws_sdk_dynamodb::types::{AttributeValue, ReturnValuesOnConditionCheckFailure};
use aws_types::SdkConfig;
use drift_engine::ports::PortError;
use drift_model::Timestamp;

use crate::{failure::is_conflict, table::Table};

/// What was told already, so that nobody is told twice.
///
/// | `pk` | attributes |
/// | --- | --- |
/// | `slack#` and what is told: a transition's id, an alarm and its change | `state` (S): `sending` or `sent`; `until` (N): when a claim is over, in milliseconds since 1970; `expires` (N): the time to live, in seconds |
///
/// Whoever is about to tell claims it first, and marks it as told afterwards. A claim ends by itself, so that one who died in between
/// holds nobody up; what is marked stays until its time to live is over. No value of an alert is in it.
#[derive(Clone, Debug)]
pub struct DynamoTold {
    table: Table,
}

/// A claim of one's own. Two claims to the same thing never end at the same moment: a new one is made only when the old is over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    key: String,
    until: Timestamp,
}

/// What trying to claim came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Claimed {
    /// Nobody else tells it before the claim is over.
    Ours(Claim),
    /// It was told.
    Told,
    /// Somebody else is telling it, or died over it.
    Others {
        /// When that claim is over.
        until: Timestamp,
    },
}

/// So long it is known what was told, in seconds: 30 days, and SQS keeps a message for 14.
const KNOWN_FOR: i64 = 30 * 24 * 3600;

impl DynamoTold {
    /// The table of that name or ARN.
    #[must_use]
    pub fn new(config: &SdkConfig, table: impl Into<String>) -> Self {
        Self { table: Table::new(config, table.into()) }
    }

    /// Claims what is about to be told, until that moment.
    ///
    /// # Errors
    ///
    /// What the service says.
    pub async fn claim(&self, key: &str, now: Timestamp, until: Timestamp) -> Result<Claimed, PortError> {
        let what = format!("claiming {key}");
        let put = self.table.client.put_item().table_name(&self.table.name);
        let put =
            put.item("pk", text(key)).item("state", text("sending")).item("until", milliseconds(until)).item("expires", expiry(until));
        let put = put.condition_expression("attribute_not_exists(pk) OR (#state = :sending AND #until <= :now)");
        let put = put.expression_attribute_names("#state", "state").expression_attribute_names("#until", "until");
        let put = put.expression_attribute_values(":sending", text("sending")).expression_attribute_values(":now", milliseconds(now));
        match put.return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld).send().await {
            Ok(_) => Ok(Claimed::Ours(Claim { key: key.to_owned(), until })),
            Err(error) => {
                let held = error.as_service_error().and_then(|error| match error {
                    aws_sdk_dynamodb::operation::put_item::PutItemError::ConditionalCheckFailedException(conflict) => conflict.item(),
                    _ => None,
                });
                match held {
                    Some(held) => held_by_others(held).ok_or_else(|| self.table.undecodable(&what)),
                    None => Err(self.table.failed(&what, "dynamodb:PutItem", &error)),
                }
            }
        }
    }

    /// Marks what was claimed as told, whoever claimed it meanwhile.
    ///
    /// # Errors
    ///
    /// What the service says.
    pub async fn mark(&self, claim: &Claim, now: Timestamp) -> Result<(), PortError> {
        let put = self.table.client.put_item().table_name(&self.table.name);
        let put = put.item("pk", text(&claim.key)).item("state", text("sent")).item("expires", expiry(now));
        let marked = put.send().await;
        marked.map(|_| ()).map_err(|error| self.table.failed(&format!("noting that {} was told", claim.key), "dynamodb:PutItem", &error))
    }

    /// Gives a claim back, as nothing was told. One that was overtaken is left to whoever has it.
    ///
    /// # Errors
    ///
    /// What the service says.
    pub async fn release(&self, claim: &Claim) -> Result<(), PortError> {
        let delete = self.table.client.delete_item().table_name(&self.table.name).key("pk", text(&claim.key));
        let delete = delete.condition_expression("#state = :sending AND #until = :until");
        let delete = delete.expression_attribute_names("#state", "state").expression_attribute_names("#until", "until");
        let delete = delete
            .expression_attribute_values(":sending", text("sending"))
            .expression_attribute_values(":until", milliseconds(claim.until));
        match delete.send().await {
            Ok(_) => Ok(()),
            Err(error) if is_conflict(&error) => Ok(()),
            Err(error) => Err(self.table.failed(&format!("giving the claim to {} back", claim.key), "dynamodb:DeleteItem", &error)),
        }
    }
}

fn held_by_others(item: &HashMap<String, AttributeValue>) -> Option<Claimed> {
    match item.get("state")?.as_s().ok()?.as_str() {
        "sent" => Some(Claimed::Told),
        "sending" => {
            let until = Timestamp::from_millisecond(item.get("until")?.as_n().ok()?.parse().ok()?).ok()?;
            Some(Claimed::Others { until })
        }
        _ => None,
    }
}

fn text(text: &str) -> AttributeValue {
    AttributeValue::S(text.to_owned())
}

fn milliseconds(at: Timestamp) -> AttributeValue {
    AttributeValue::N(at.as_millisecond().to_string())
}

fn expiry(at: Timestamp) -> AttributeValue {
    AttributeValue::N((at.as_second() + KNOWN_FOR).to_string())
}
