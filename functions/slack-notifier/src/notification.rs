//! What a message of the queue tells: an alert of Driftwire's, or an alarm of CloudWatch's about Driftwire itself.

use drift_engine::ports::PortError;
use drift_model::{Cause, Difference, Place, Reason, Timestamp, Transition};
use serde::Deserialize;
use serde_json::Value;

/// The version of the alerts' JSON that is understood.
const VERSION: &str = "1";
/// A key of the table of what was told has at most 2048 bytes; an id or a name this long is none of ours.
const LONGEST_ID: usize = 512;

/// Something to tell.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Notification {
    /// A transition of a drift.
    Alert(Box<Alert>),
    /// A change of an alarm.
    Alarm(Alarm),
}

/// An alert, as `drift-engine` writes it for machines. Untrusted text within. What was added to it since is not looked at.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub(crate) struct Alert {
    #[serde(flatten)]
    pub(crate) transition: Transition,
    pub(crate) address: String,
    #[serde(default)]
    pub(crate) deposed: Option<String>,
    #[serde(rename = "type")]
    pub(crate) type_name: String,
    #[serde(default)]
    pub(crate) id_of_resource: Option<String>,
    pub(crate) state: String,
    #[serde(default)]
    pub(crate) place: Option<Place>,
    #[serde(default)]
    pub(crate) url: Option<String>,
    #[serde(default)]
    pub(crate) differences: Vec<Difference>,
    #[serde(default)]
    pub(crate) was: Vec<Difference>,
    #[serde(default)]
    pub(crate) unreadable: Option<Reason>,
    /// Oldest first.
    #[serde(default)]
    pub(crate) causes: Vec<Cause>,
    #[serde(default)]
    pub(crate) also_seen: Vec<Cause>,
    pub(crate) first_seen: Timestamp,
    #[serde(default)]
    pub(crate) left_out: LeftOut,
}

/// How many of each list did not fit into the alert.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(crate) struct LeftOut {
    pub(crate) differences: usize,
    pub(crate) was: usize,
    pub(crate) causes: usize,
    pub(crate) also_seen: usize,
}

/// An alarm's change, as CloudWatch publishes it.
///
/// Source: <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-actions-SNS-notifications.html>
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Alarm {
    #[serde(rename = "AlarmName")]
    pub(crate) name: String,
    #[serde(rename = "AlarmArn", default)]
    pub(crate) arn: Option<String>,
    #[serde(rename = "AlarmDescription", default)]
    pub(crate) description: Option<String>,
    /// `ALARM`, `OK` or `INSUFFICIENT_DATA`.
    pub(crate) new_state_value: String,
    #[serde(default)]
    pub(crate) new_state_reason: String,
    pub(crate) state_change_time: String,
}

impl Alarm {
    fn which(&self) -> &str {
        self.arn.as_deref().unwrap_or(&self.name)
    }
}

/// What SNS delivers to a queue without raw delivery.
///
/// Source: <https://docs.aws.amazon.com/sns/latest/dg/sns-sqs-as-subscriber.html>
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Envelope {
    #[serde(rename = "Type")]
    kind: String,
    message: String,
}

impl Notification {
    /// Reads the body of a message: SNS's envelope, or what would be in it.
    ///
    /// # Errors
    ///
    /// Permanent, with why it is neither an alert nor an alarm. Holds nothing of the body.
    pub(crate) fn read(body: &str) -> Result<Self, PortError> {
        let value = json(body)?;
        // An alert's own members are written small.
        if value.get("Type").is_none() {
            return Self::of(value);
        }
        let envelope = Envelope::deserialize(&value).map_err(|error| strange(format!("SNS's envelope: {}", of_another_kind(&error))))?;
        if envelope.kind != "Notification" {
            return Err(strange("SNS's envelope holds no notification".to_owned()));
        }
        Self::of(json(&envelope.message)?)
    }

    fn of(value: Value) -> Result<Self, PortError> {
        if value.get("AlarmName").is_some() {
            let alarm: Alarm = serde_json::from_value(value).map_err(|error| strange(format!("an alarm: {}", of_another_kind(&error))))?;
            bounded(alarm.which(), "an alarm's ARN or name")?;
            bounded(&alarm.new_state_value, "an alarm's state")?;
            bounded(&alarm.state_change_time, "the time of an alarm's change")?;
            return Ok(Self::Alarm(alarm));
        }
        match value.get("version") {
            Some(version) if version == VERSION => {}
            Some(_) => {
                return Err(strange(format!("an alert of another version than `{VERSION}`: deploy a slack-notifier of the same release")));
            }
            None => return Err(strange("it is neither an alert nor a CloudWatch alarm".to_owned())),
        }
        let alert: Alert = serde_json::from_value(value).map_err(|error| strange(format!("an alert: {}", of_another_kind(&error))))?;
        bounded(&alert.transition.id, "a transition's id").map(|()| Self::Alert(Box::new(alert)))
    }

    /// By which a repeat is known: the transition's id; of an alarm, which one, what it changed to, and when.
    pub(crate) fn key(&self) -> String {
        match self {
            Self::Alert(alert) => format!("slack#{}", alert.transition.id),
            Self::Alarm(alarm) => format!("slack#alarm#{}#{}#{}", alarm.which(), alarm.new_state_value, alarm.state_change_time),
        }
    }

    /// The record that an alert is about: the last that explains it.
    pub(crate) fn record(&self) -> Option<&str> {
        match self {
            Self::Alert(alert) => alert.causes.last().map(|cause| cause.record.0.as_str()),
            Self::Alarm(_) => None,
        }
    }
}

fn json(text: &str) -> Result<Value, PortError> {
    serde_json::from_str(text).map_err(|error| strange(format!("it is no JSON: {error}")))
}

/// What the parser says of a value of another kind quotes it.
fn of_another_kind(error: &serde_json::Error) -> String {
    if error.is_data() { "a member is absent or of another kind".to_owned() } else { error.to_string() }
}

fn bounded(id: &str, what: &str) -> Result<(), PortError> {
    let is_one = !id.is_empty() && id.len() <= LONGEST_ID;
    if is_one { Ok(()) } else { Err(strange(format!("{what} is empty or longer than {LONGEST_ID} bytes"))) }
}

fn strange(why: String) -> PortError {
    PortError::Permanent { what: "reading an alert".to_owned(), why }
}

#[cfg(test)]
#[path = "notification_tests.rs"]
mod tests;
