use std::{collections::BTreeMap, time::Duration};

use aws_sdk_sqs::{Client, types::MessageAttributeValue};
use aws_types::SdkConfig;
use drift_engine::{
    Timing,
    ports::{DeadLetters, Later, PortError},
    work::{Function, Work},
};

use crate::failure::Call;

/// The queues that the functions work from.
#[derive(Clone, Debug)]
pub struct SqsQueues {
    client: Client,
    functions: BTreeMap<Function, String>,
}

impl SqsQueues {
    /// The URLs of the functions' queues, as far as there are such functions.
    #[must_use]
    pub fn new(config: &SdkConfig, functions: BTreeMap<Function, String>) -> Self {
        Self { client: Client::new(config), functions }
    }
}

impl Later for SqsQueues {
    async fn later(&self, work: &Work, delay: Duration) -> Result<(), PortError> {
        let Some(queue) = self.functions.get(&work.function()) else {
            let why = format!("nobody told the URL of the queue of {}", work.function().name());
            return Err(PortError::Permanent { what: "leaving work for later".to_owned(), why });
        };
        let what = format!("leaving work in {queue}");
        let body = serde_json::to_string(work).map_err(|error| PortError::Permanent { what: what.clone(), why: error.to_string() })?;
        // Rounded up: a message that comes early would only be put off again.
        let delay = delay.min(Timing::LONGEST_DELAY);
        let seconds = delay.as_secs() + u64::from(delay.subsec_nanos() > 0);
        let send = self.client.send_message().queue_url(queue).message_body(body).delay_seconds(i32::try_from(seconds).unwrap_or(900));
        send.send().await.map(|_| ()).map_err(|error| Call { what: &what, action: "sqs:SendMessage", resource: queue }.failed(&error))
    }
}

/// The queue for what cannot succeed. The message is sent there as it is, with the attributes `reason`, `function` and,
/// where there is one, `record`.
#[derive(Clone, Debug)]
pub struct SqsDeadLetters {
    client: Client,
    queue: String,
}

impl SqsDeadLetters {
    /// The queue of that URL.
    #[must_use]
    pub fn new(config: &SdkConfig, queue: impl Into<String>) -> Self {
        Self { client: Client::new(config), queue: queue.into() }
    }
}

impl DeadLetters for SqsDeadLetters {
    async fn bury(&self, message: &str, reason: &str, record: Option<&str>, function: &str) -> Result<(), PortError> {
        let what = format!("sending to {}", self.queue);
        let mut send = self.client.send_message().queue_url(&self.queue).message_body(acceptable(message));
        for (name, value) in [("reason", Some(reason)), ("function", Some(function)), ("record", record)] {
            let Some(value) = value.filter(|value| !value.is_empty()) else { continue };
            let value: String = acceptable(value).chars().take(LONGEST_ATTRIBUTE).collect();
            let value = MessageAttributeValue::builder().data_type("String").string_value(value).build();
            let value = value.map_err(|error| PortError::Permanent { what: what.clone(), why: error.to_string() })?;
            send = send.message_attributes(name, value);
        }
        let answer = send.send().await;
        answer.map(|_| ()).map_err(|error| Call { what: &what, action: "sqs:SendMessage", resource: &self.queue }.failed(&error))
    }
}

/// A reason longer than this helps nobody, and counts towards the message's size.
const LONGEST_ATTRIBUTE: usize = 2_000;

/// A text with only the characters that SQS takes (those of XML 1.0), and at least one of them.
fn acceptable(text: &str) -> String {
    let taken = |letter: &char| matches!(letter, '\t' | '\n' | '\r' | ' '..='\u{D7FF}' | '\u{E000}'..='\u{FFFD}' | '\u{10000}'..);
    let kept: String = text.chars().map(|letter| if taken(&letter) { letter } else { '\u{FFFD}' }).collect();
    if kept.is_empty() { "(empty)".to_owned() } else { kept }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_sqs_does_not_take_is_replaced() {
        assert_eq!(acceptable("a\0b\u{FFFF}\n"), "a\u{FFFD}b\u{FFFD}\n");
        assert_eq!(acceptable(""), "(empty)");
    }
}
