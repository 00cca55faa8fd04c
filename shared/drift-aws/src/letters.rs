use std::{collections::BTreeMap, time::Duration};

use aws_sdk_sqs::{
    Client,
    types::{ChangeMessageVisibilityBatchRequestEntry, Message, MessageSystemAttributeName, QueueAttributeName},
};
use aws_types::SdkConfig;
use drift_engine::{
    dead_letter::DeadLetter,
    ports::{Dug, Graveyard, Held, PortError},
    work::Function,
};
use drift_model::Timestamp;

use crate::failure::Call;

/// A queue of SQS, looked at from outside.
#[derive(Clone, Debug)]
pub struct SqsQueue {
    client: Client,
    url: String,
}

impl SqsQueue {
    /// The queue of that URL.
    #[must_use]
    pub fn new(config: &SdkConfig, url: impl Into<String>) -> Self {
        Self { client: Client::new(config), url: url.into() }
    }

    /// About how many messages it holds: waiting, in hand and delayed.
    ///
    /// # Errors
    ///
    /// What the service says.
    pub async fn holds(&self) -> Result<usize, PortError> {
        let what = format!("looking at {}", self.url);
        let counts = [
            QueueAttributeName::ApproximateNumberOfMessages,
            QueueAttributeName::ApproximateNumberOfMessagesNotVisible,
            QueueAttributeName::ApproximateNumberOfMessagesDelayed,
        ];
        let ask = self.client.get_queue_attributes().queue_url(&self.url).set_attribute_names(Some(counts.to_vec()));
        let answer = ask.send().await.map_err(|error| self.call(&what, "sqs:GetQueueAttributes").failed(&error))?;
        let told = answer.attributes.unwrap_or_default();
        let numbers: Option<Vec<usize>> = counts.iter().map(|count| told.get(count)?.parse().ok()).collect();
        let unclear = || PortError::Permanent { what, why: "the answer does not tell how many messages there are".to_owned() };
        numbers.map(|numbers| numbers.iter().sum()).ok_or_else(unclear)
    }

    /// Makes a message that is in hand come back after that time, rather than after the queue's own visibility timeout; SQS takes at
    /// most twelve hours from when it was received.
    ///
    /// # Errors
    ///
    /// What the service says.
    pub async fn put_off(&self, receipt: &str, delay: Duration) -> Result<(), PortError> {
        let what = format!("putting a message of {} off", self.url);
        // Rounded up: one that comes early would only be put off again.
        let seconds = delay.as_secs() + u64::from(delay.subsec_nanos() > 0);
        let seconds = i32::try_from(seconds).unwrap_or(LONGEST_PUT_OFF).min(LONGEST_PUT_OFF);
        let change = self.client.change_message_visibility().queue_url(&self.url).receipt_handle(receipt).visibility_timeout(seconds);
        let changed = change.send().await;
        changed.map(|_| ()).map_err(|error| self.call(&what, "sqs:ChangeMessageVisibility").failed(&error))
    }

    fn call<'a>(&'a self, what: &'a str, action: &'a str) -> Call<'a> {
        Call { what, action, resource: &self.url }
    }
}

/// SQS's twelve hours are counted from when a message was received: a little less, as that was a little ago.
const LONGEST_PUT_OFF: i32 = 12 * 3600 - 900;

/// For so long a dead letter is in hand, in seconds. It is long enough for all looks of one [`Graveyard::dig`], so that
/// none brings a letter twice, and short enough to wait for where giving back failed.
const IN_HAND: i32 = 60;
/// SQS gives and takes at most so many messages in one request.
const AT_ONCE: usize = 10;
/// After so many letters there may be more.
const MOST: usize = 1_000;

/// The dead letters, and the queues that they can go back to.
#[derive(Clone, Debug)]
pub struct SqsGraveyard {
    dead_letters: SqsQueue,
    functions: BTreeMap<Function, String>,
}

impl SqsGraveyard {
    /// The queue of that URL, and the URLs of the functions' queues as far as they are known.
    #[must_use]
    pub fn new(config: &SdkConfig, dead_letters: impl Into<String>, functions: BTreeMap<Function, String>) -> Self {
        Self { dead_letters: SqsQueue::new(config, dead_letters), functions }
    }
}

impl Graveyard for SqsGraveyard {
    async fn dig(&self) -> Result<Dug, PortError> {
        let SqsQueue { client, url } = &self.dead_letters;
        let what = format!("reading {url}");
        let mut held: BTreeMap<String, Held> = BTreeMap::new();
        loop {
            // Waiting makes SQS ask all of its servers: without, it may say "empty" while it is not.
            let receive = client.receive_message().queue_url(url).max_number_of_messages(10).wait_time_seconds(1);
            let receive = receive.visibility_timeout(IN_HAND).message_attribute_names("All");
            let receive = receive.message_system_attribute_names(MessageSystemAttributeName::All);
            let answer = receive.send().await.map_err(|error| self.dead_letters.call(&what, "sqs:ReceiveMessage").failed(&error))?;
            let before = held.len();
            // Of a letter that came twice, the later receipt is the one that counts.
            held.extend(answer.messages.unwrap_or_default().into_iter().filter_map(in_hand).map(|one| (one.letter.id.clone(), one)));
            if held.len() == before || held.len() >= MOST {
                let more = held.len() >= MOST;
                let mut held: Vec<Held> = held.into_values().collect();
                held.sort_by_key(|one| one.letter.sent);
                return Ok(Dug { held, more });
            }
        }
    }

    async fn give_back(&self, letters: &[Held]) -> Result<(), PortError> {
        let SqsQueue { client, url } = &self.dead_letters;
        let what = format!("giving back what was read of {url}");
        for some in letters.chunks(AT_ONCE) {
            let entry = |(at, held): (usize, &Held)| {
                let entry = ChangeMessageVisibilityBatchRequestEntry::builder().id(at.to_string()).receipt_handle(&held.receipt);
                entry.visibility_timeout(0).build()
            };
            let entries: Result<Vec<_>, _> = some.iter().enumerate().map(entry).collect();
            let entries = entries.map_err(|error| PortError::Permanent { what: what.clone(), why: error.to_string() })?;
            let change = client.change_message_visibility_batch().queue_url(url).set_entries(Some(entries));
            change.send().await.map_err(|error| self.dead_letters.call(&what, "sqs:ChangeMessageVisibility").failed(&error))?;
        }
        Ok(())
    }

    async fn resend(&self, body: &str, to: Function) -> Result<(), PortError> {
        let Some(queue) = self.functions.get(&to) else {
            let why = format!("nobody told the URL of the queue of {}", to.name());
            return Err(PortError::Permanent { what: "sending a dead letter back".to_owned(), why });
        };
        let what = format!("sending to {queue}");
        let sent = self.dead_letters.client.send_message().queue_url(queue).message_body(body).send().await;
        sent.map(|_| ()).map_err(|error| Call { what: &what, action: "sqs:SendMessage", resource: queue }.failed(&error))
    }

    async fn delete(&self, letter: &Held) -> Result<(), PortError> {
        let SqsQueue { client, url } = &self.dead_letters;
        let what = format!("deleting {} from {url}: it is in its function's queue already", letter.letter.id);
        let deleted = client.delete_message().queue_url(url).receipt_handle(&letter.receipt).send().await;
        deleted.map(|_| ()).map_err(|error| self.dead_letters.call(&what, "sqs:DeleteMessage").failed(&error))
    }
}

/// A message that was received; nothing where SQS told no id or receipt of it.
fn in_hand(message: Message) -> Option<Held> {
    let system = message.attributes.unwrap_or_default();
    let number = |name: &MessageSystemAttributeName| system.get(name).and_then(|value| value.parse::<i64>().ok());
    let attributes = message.message_attributes.unwrap_or_default();
    let said = |name: &str| attributes.get(name).and_then(|value| value.string_value.clone());
    let letter = DeadLetter {
        id: message.message_id?,
        sent: number(&MessageSystemAttributeName::SentTimestamp).and_then(|at| Timestamp::from_millisecond(at).ok()),
        received: number(&MessageSystemAttributeName::ApproximateReceiveCount)
            .and_then(|count| u32::try_from(count).ok())
            .unwrap_or_default(),
        reason: said("reason"),
        function: said("function"),
        record: said("record"),
        body: message.body.unwrap_or_default(),
    };
    Some(Held { letter, receipt: message.receipt_handle? })
}

#[cfg(test)]
mod tests {
    use aws_sdk_sqs::types::MessageAttributeValue;

    use super::*;

    #[test]
    fn what_a_function_said_of_a_letter_is_told_apart_from_what_redrive_moved() {
        let message = || Message::builder().message_id("1").receipt_handle("r").body("{}").attributes("SentTimestamp".into(), "1000");
        let redriven = message().attributes("ApproximateReceiveCount".into(), "6").build();
        let letter = in_hand(redriven).expect("it has an id and a receipt").letter;
        assert!(letter.is_redriven());
        assert_eq!((letter.received, letter.sent), (6, Timestamp::from_second(1).ok()));

        let reason = MessageAttributeValue::builder().data_type("String").string_value("it is no record").build();
        let buried = message().message_attributes("reason", reason.expect("it is complete")).build();
        let letter = in_hand(buried).expect("it has an id and a receipt").letter;
        assert_eq!((letter.is_redriven(), letter.reason.as_deref()), (false, Some("it is no record")));
    }
}
