//! From messages to notifications, and from what became of them to what SQS is told.

use std::time::Duration;

use aws_lambda_events::sqs::SqsBatchResponse;
use drift_aws::{SqsDeadLetters, SqsQueue};
use drift_engine::{ports::PortError, work};
use drift_lambda::{Done, EdgeError, Message, Metrics, deadline, finish, isolated, messages, panicked};
use lambda_runtime::LambdaEvent;
use serde_json::Value;
use tokio::time::Instant;

use crate::{
    notification::Notification,
    notifier::{Notifier, Told, Untold},
};

const FUNCTION: &str = work::Function::SlackNotifier.name();

/// When a message comes back that Slack did not take, by how often it came, in seconds. The last one repeats.
const AGAIN_AFTER: [u64; 5] = [10, 60, 300, 600, 900];

/// The function, wired.
#[derive(Debug)]
pub(crate) struct Function {
    pub(crate) notifier: Notifier,
    /// The queue that it works from.
    pub(crate) queue: SqsQueue,
    pub(crate) dead_letters: SqsDeadLetters,
}

/// Handles one invocation, and answers before Lambda ends it. One message after another: Slack takes about one a second.
pub(crate) async fn handle(function: &Function, event: LambdaEvent<Value>) -> Result<SqsBatchResponse, EdgeError> {
    let messages = messages(&event.payload);
    let end = deadline::last_moment(event.context.deadline);
    let mut metrics = Metrics::default();
    let mut done = Vec::with_capacity(messages.len());
    for message in &messages {
        done.push(function.work(message, end, &mut metrics).await);
    }
    finish(&messages, done, metrics, &function.dead_letters, &function.notifier.clock, FUNCTION).await
}

impl Function {
    async fn work(&self, message: &Message, end: Option<Instant>, metrics: &mut Metrics) -> Done {
        let notification = match Notification::read(&message.body) {
            Ok(notification) => notification,
            Err(error) => return Done { result: Err(error), record: None },
        };
        let record = notification.record().map(str::to_owned);
        if end.is_some_and(|end| end <= Instant::now()) {
            let why = "no time is left in this invocation".to_owned();
            let error = PortError::Retryable { what: format!("sending {}", notification.key()), why };
            return Done { result: self.untold(message, Untold { error, after: Some(Duration::ZERO) }).await, record };
        }
        let told = isolated(Box::pin(self.notifier.tell(&notification, end))).await;
        let result = match told {
            Some(Ok(told)) => {
                let (metric, what) = match told {
                    Told::Sent => ("sent", "an alert was sent"),
                    Told::Before => ("repeats_dropped", "an alert had been sent before"),
                };
                metrics.count(metric, 1);
                tracing::info!(record, id = message.id, key = notification.key(), "{what}");
                Ok(())
            }
            Some(Err(untold)) => self.untold(message, untold).await,
            None => Err(panicked()),
        };
        Done { result, record }
    }

    /// Makes a message that may be taken later come back when it may: the queue's own time knows nothing of Slack.
    async fn untold(&self, message: &Message, Untold { error, after }: Untold) -> Result<(), PortError> {
        if let (PortError::Retryable { .. }, Some(receipt)) = (&error, &message.receipt) {
            let after = after.unwrap_or_else(|| again_after(message.received));
            if let Err(error) = self.queue.put_off(receipt, after).await {
                tracing::warn!(%error, id = message.id, "a message comes back when the queue makes it, not when Slack said");
            }
        }
        Err(error)
    }
}

fn again_after(received: u32) -> Duration {
    let at = usize::try_from(received).unwrap_or(usize::MAX).clamp(1, AGAIN_AFTER.len()) - 1;
    Duration::from_secs(AGAIN_AFTER[at])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_again_and_again_comes_more_and_more_rarely() {
        assert_eq!([0, 1, 2, 5, 6, 1_000, u32::MAX].map(|received| again_after(received).as_secs()), [10, 10, 60, 900, 900, 900, 900]);
        assert!(AGAIN_AFTER.is_sorted());
    }
}
