use std::{future::Future, panic::AssertUnwindSafe};

use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent};
use drift_engine::ports::{Clock, DeadLetters, PortError};
use futures::FutureExt;
use serde::Deserialize;
use serde_json::Value;

use crate::{EdgeError, Metrics};

/// One message that a function was handed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Message {
    /// SQS's id of it; nothing where the function was invoked with an event directly.
    pub id: Option<String>,
    /// What it holds.
    pub body: String,
    /// By which SQS is told when it is to come back; nothing where no queue holds it.
    pub receipt: Option<String>,
    /// How often SQS handed it out, this time included; 0 where it does not tell.
    pub received: u32,
}

/// The messages of an invocation: those of an SQS batch, else the payload itself as one. A message of which SQS told no
/// id cannot be answered alone, and its batch counts as one.
#[must_use]
pub fn messages(payload: &Value) -> Vec<Message> {
    let batch = SqsEvent::deserialize(payload).ok().and_then(|event| {
        let message = |message: aws_lambda_events::sqs::SqsMessage| {
            let received = message.attributes.get("ApproximateReceiveCount").and_then(|count| count.parse().ok());
            Some(Message {
                id: Some(message.message_id?),
                body: message.body.unwrap_or_default(),
                receipt: message.receipt_handle,
                received: received.unwrap_or_default(),
            })
        };
        event.records.into_iter().map(message).collect::<Option<Vec<_>>>()
    });
    batch.unwrap_or_else(|| vec![Message { body: payload.to_string(), ..Message::default() }])
}

/// What became of one message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Done {
    /// Done, to be delivered again, or to be buried.
    pub result: Result<(), PortError>,
    /// The id of its first record, where it has one.
    pub record: Option<String>,
}

/// What an invocation answers.
#[derive(Debug, Default)]
struct Answered {
    /// The messages that are to be delivered again.
    failures: SqsBatchResponse,
    /// How many messages were buried.
    buried: usize,
}

/// Answers each message, and writes what the invocation counted, with what was buried and what is to be delivered again.
///
/// # Errors
///
/// Where an event that no queue holds is to be delivered again: Lambda repeats the invocation.
pub async fn finish(
    messages: &[Message],
    done: Vec<Done>,
    mut metrics: Metrics,
    dead_letters: &impl DeadLetters,
    clock: &impl Clock,
    function: &str,
) -> Result<SqsBatchResponse, EdgeError> {
    let Answered { failures, buried } = answer(messages, done, dead_letters, function).await?;
    metrics.count("dead_letters", buried);
    metrics.count("delivered_again", failures.batch_item_failures.len());
    metrics.emit(function, clock.now());
    Ok(failures)
}

/// Answers each message: what may succeed later is delivered again (`ReportBatchItemFailures`); what cannot succeed is
/// sent to the dead letters with the reason, and counts as done.
async fn answer(messages: &[Message], done: Vec<Done>, dead_letters: &impl DeadLetters, function: &str) -> Result<Answered, EdgeError> {
    let mut answered = Answered::default();
    for (message, done) in messages.iter().zip(done) {
        let mut result = done.result;
        if let Err(PortError::Permanent { what, why }) = &result {
            let reason = format!("{what}: {why}");
            tracing::error!(id = message.id, record = done.record, reason, "a message cannot succeed and goes to the dead letters");
            result = dead_letters.bury(&message.body, &reason, done.record.as_deref(), function).await;
            answered.buried += usize::from(result.is_ok());
        }
        let Err(error) = result else { continue };
        tracing::warn!(id = message.id, record = done.record, %error, "a message is to be delivered again");
        match &message.id {
            Some(id) => answered.failures.add_failure(id.clone()),
            None => return Err(EdgeError(error)),
        }
    }
    Ok(answered)
}

/// What `work` comes to, or nothing where it panicked: that must cost only what was being worked on.
pub async fn isolated<T>(work: impl Future<Output = T>) -> Option<T> {
    AssertUnwindSafe(work).catch_unwind().await.ok()
}

/// What became of a message over which that happened.
#[must_use]
pub fn panicked() -> PortError {
    PortError::Permanent {
        what: "handling a message".to_owned(),
        why: "Driftwire panicked; please report it with the function's log".to_owned(),
    }
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
        let alone = Message { body: r#"{"detail":{}}"#.to_owned(), ..Message::default() };
        assert_eq!(messages(&json!({"detail": {}})), [alone]);
        assert_eq!(messages(&json!({"Records": [{"eventID": "of CloudTrail"}]})).len(), 1);
    }

    #[test]
    fn a_message_says_how_often_it_came_and_by_what_it_can_be_put_off() {
        let batch = json!({"Records": [
            {"messageId": "1", "body": "a", "receiptHandle": "r", "attributes": {"ApproximateReceiveCount": "3"}}, {"messageId": "2", "body": "b"},
        ]});
        let told: Vec<_> = messages(&batch).into_iter().map(|message| (message.receipt, message.received)).collect();
        assert_eq!(told, [(Some("r".to_owned()), 3), (None, 0)]);
    }

    #[test]
    fn each_message_is_answered_alone() {
        let error = |retryable: bool| {
            let (what, why) = ("a".to_owned(), "b".to_owned());
            if retryable { PortError::Retryable { what, why } } else { PortError::Permanent { what, why } }
        };
        let message = |id: &str| Message { id: Some(id.to_owned()), body: id.to_owned(), ..Message::default() };
        let done = |result| Done { result, record: Some("r".to_owned()) };
        let dead = MemoryDeadLetters::default();
        let messages = [message("1"), message("2"), message("3")];
        let results = vec![done(Ok(())), done(Err(error(true))), done(Err(error(false)))];
        let answered = answer(&messages, results, &dead, "f");
        let answered = futures::executor::block_on(answered).expect("a batch is always answered");
        assert_eq!(answered.buried, 1);
        assert_eq!(json!(answered.failures), json!({"batchItemFailures": [{"itemIdentifier": "2"}]}));
        assert_eq!(dead.buried(), [("3".to_owned(), "a: b".to_owned(), Some("r".to_owned()), "f".to_owned())]);
    }

    #[test]
    fn a_panic_is_an_answer() {
        assert_eq!(futures::executor::block_on(isolated(async { panic!("on purpose") })), None::<()>);
    }
}
