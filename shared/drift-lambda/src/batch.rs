use std::{future::Future, panic::AssertUnwindSafe};

use drift_engine::ports::{DeadLetters, PortError};
use futures::FutureExt;
use serde::Serialize;
use serde_json::Value;

use crate::EdgeError;

/// One message that a function was handed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// SQS's id of it; nothing where the function was invoked with an event directly.
    pub id: Option<String>,
    /// What it holds.
    pub body: String,
}

/// The messages of an invocation: those of an SQS batch, else the payload itself as one.
#[must_use]
pub fn messages(payload: &Value) -> Vec<Message> {
    let of_sqs = |record: &Value| {
        let text = |name: &str| record.get(name).and_then(Value::as_str).map(str::to_owned);
        Some(Message { id: Some(text("messageId")?), body: text("body")? })
    };
    let batch = payload.get("Records").and_then(Value::as_array).and_then(|records| records.iter().map(of_sqs).collect());
    batch.unwrap_or_else(|| vec![Message { id: None, body: payload.to_string() }])
}

/// What became of one message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Done {
    /// Done, to be delivered again, or to be buried.
    pub result: Result<(), PortError>,
    /// The id of its first record, where it has one.
    pub record: Option<String>,
}

/// What Lambda is answered: which messages to deliver again (`ReportBatchItemFailures`).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct BatchFailures {
    batch_item_failures: Vec<ItemFailure>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
struct ItemFailure {
    item_identifier: String,
}

impl BatchFailures {
    /// Answers each message: what may succeed later is delivered again; what cannot succeed is sent to the dead letters
    /// with the reason, and counts as done.
    ///
    /// # Errors
    ///
    /// Where an event that no queue holds is to be delivered again: Lambda repeats the invocation.
    pub async fn of(messages: &[Message], done: Vec<Done>, dead_letters: &impl DeadLetters, function: &str) -> Result<Self, EdgeError> {
        let mut failures = Self::default();
        for (message, done) in messages.iter().zip(done) {
            let mut result = done.result;
            if let Err(PortError::Permanent { what, why }) = &result {
                let reason = format!("{what}: {why}");
                tracing::error!(
                    message = message.id,
                    record = done.record,
                    reason,
                    "a message cannot succeed and goes to the dead letters"
                );
                result = dead_letters.bury(&message.body, &reason, done.record.as_deref(), function).await;
            }
            let Err(error) = result else { continue };
            tracing::warn!(message = message.id, record = done.record, %error, "a message is to be delivered again");
            match &message.id {
                Some(id) => failures.batch_item_failures.push(ItemFailure { item_identifier: id.clone() }),
                None => return Err(EdgeError(error)),
            }
        }
        Ok(failures)
    }

    /// How many messages are delivered again.
    #[must_use]
    pub fn len(&self) -> usize {
        self.batch_item_failures.len()
    }

    /// Whether none is.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.batch_item_failures.is_empty()
    }
}

/// What `work` comes to, or nothing where it panicked: that must cost only what was being worked on.
pub async fn isolated<T>(work: impl Future<Output = T>) -> Option<T> {
    AssertUnwindSafe(work).catch_unwind().await.ok()
}

#[cfg(test)]
mod tests {
    use drift_engine::memory::MemoryDeadLetters;
    use serde_json::json;

    use super::*;

    #[test]
    fn a_batch_is_its_messages_and_anything_else_is_one() {
        let batch = json!({"Records": [{"messageId": "1", "body": "a"}, {"messageId": "2", "body": "b"}]});
        assert_eq!(messages(&batch).len(), 2);
        assert_eq!(messages(&json!({"detail": {}})), [Message { id: None, body: r#"{"detail":{}}"#.to_owned() }]);
        assert_eq!(messages(&json!({"Records": [{"eventID": "of CloudTrail"}]})).len(), 1);
    }

    #[test]
    fn each_message_is_answered_alone() {
        let error = |retryable: bool| {
            let (what, why) = ("a".to_owned(), "b".to_owned());
            if retryable { PortError::Retryable { what, why } } else { PortError::Permanent { what, why } }
        };
        let message = |id: &str| Message { id: Some(id.to_owned()), body: id.to_owned() };
        let done = |result| Done { result, record: Some("r".to_owned()) };
        let dead = MemoryDeadLetters::default();
        let messages = [message("1"), message("2"), message("3")];
        let results = vec![done(Ok(())), done(Err(error(true))), done(Err(error(false)))];
        let answered = BatchFailures::of(&messages, results, &dead, "f");
        let failures = futures::executor::block_on(answered).expect("a batch is always answered");
        assert_eq!(json!(failures), json!({"batchItemFailures": [{"itemIdentifier": "2"}]}));
        assert_eq!(dead.buried(), [("3".to_owned(), "a: b".to_owned(), Some("r".to_owned()), "f".to_owned())]);
    }

    #[test]
    fn a_panic_is_an_answer() {
        assert_eq!(futures::executor::block_on(isolated(async { panic!("on purpose") })), None::<()>);
    }
}
