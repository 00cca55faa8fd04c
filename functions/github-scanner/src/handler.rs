//! From messages to judgements and parts of scans, and from what became of them to what SQS is told.

use aws_lambda_events::sqs::SqsBatchResponse;
use drift_aws::{SqsDeadLetters, SqsQueue, SystemClock};
use drift_engine::{
    Timing,
    detect::{Detector, Ports},
    ports::{DeadLetters, PortError},
    work::Function as Worker,
};
use drift_events::Malformed;
use drift_lambda::{
    Decoded, Done, EdgeError, Message, Metrics, deadline, decoded_work, detect, done, finish, isolated, measure, messages, panicked,
};
use lambda_runtime::LambdaEvent;
use serde_json::Value;
use tokio::time::Instant;

use crate::{
    ready::Readiness,
    scan::{Asked, Scan, Scans},
};

const FUNCTION: &str = Worker::GithubScanner.name();

/// The function, wired.
pub(crate) struct Function {
    pub(crate) readiness: Readiness,
    /// The queue that it works from.
    pub(crate) queue: SqsQueue,
    pub(crate) dead_letters: SqsDeadLetters,
    pub(crate) clock: SystemClock,
    pub(crate) timing: Timing,
}

/// Handles one invocation, and answers before Lambda ends it.
pub(crate) async fn handle(function: &Function, event: LambdaEvent<Value>) -> Result<SqsBatchResponse, EdgeError> {
    let messages = messages(&event.payload);
    let decoded: Vec<Decoded> = messages.iter().map(decode).collect();
    let end = deadline::last_moment(event.context.deadline);
    let mut metrics = Metrics::default();
    let done = match function.readiness.current().await {
        Ok(ready) => worked(&ready.detector, &*ready, &function.dead_letters, (decoded, end), &mut metrics).await,
        // What is wrong with the secret is mended where it is kept.
        Err(error) => decoded.into_iter().map(|one| Done { result: Err(error.clone()), record: one.record }).collect(),
    };
    for (message, done) in messages.iter().zip(&done) {
        function.put_off(message, done).await;
    }
    finish(&messages, done, metrics, &function.dead_letters, &function.clock, FUNCTION).await
}

impl Function {
    /// Makes a message that failed for now come back soon: the queue's own time is six times the function's.
    async fn put_off(&self, message: &Message, done: &Done) {
        let (Err(PortError::Retryable { .. }), Some(receipt)) = (&done.result, &message.receipt) else { return };
        let after = self.timing.delay(message.received.saturating_sub(1));
        if let Err(error) = self.queue.put_off(receipt, after).await {
            tracing::warn!(%error, id = message.id, "a message comes back when the queue makes it");
        }
    }
}

/// What became of each message: judgements together, then one part of a scan after the other.
async fn worked<P: Ports, S: Scans, D: DeadLetters>(
    detector: &Detector<P>,
    scans: &S,
    dead_letters: &D,
    (decoded, end): (Vec<Decoded>, Option<Instant>),
    metrics: &mut Metrics,
) -> Vec<Done> {
    let asked: Vec<Option<Asked>> = decoded.iter().map(Asked::of).collect();
    let judging: Vec<Decoded> = decoded.into_iter().zip(&asked).filter_map(|(one, asked)| asked.is_none().then_some(one)).collect();
    let mut judged = judge(detector, scans, judging, end, metrics).await.into_iter();
    let scan = Scan { detector, scans, dead_letters };
    let mut all = Vec::with_capacity(asked.len());
    for asked in asked {
        let Some(asked) = asked else {
            all.extend(judged.next());
            continue;
        };
        let result = isolated(Box::pin(scan.part(&asked, end, metrics))).await.unwrap_or_else(|| Err(panicked()));
        all.push(Done { result, record: None });
    }
    all
}

/// Judges what no scan leads to now: what was handed over, and what was left for later.
async fn judge<P: Ports, S: Scans>(
    detector: &Detector<P>,
    scans: &S,
    judging: Vec<Decoded>,
    end: Option<Instant>,
    metrics: &mut Metrics,
) -> Vec<Done> {
    if judging.is_empty() {
        return Vec::new();
    }
    if let Err(error) = scans.turn_to_single_looks().await {
        return judging.into_iter().map(|one| Done { result: Err(error.clone()), record: one.record }).collect();
    }
    let detected = detect(detector, &judging, || deadline::reached(end)).await;
    *metrics = measure(&judging, &detected);
    done(judging, detected)
}

fn decode(message: &Message) -> Decoded {
    decoded_work(message).unwrap_or_else(|| {
        let why = "it is no work that a function or a schedule left: only event-detector takes records".to_owned();
        Decoded { malformed: vec![Malformed { at: "the message".to_owned(), why }], ..Decoded::default() }
    })
}

#[cfg(test)]
#[path = "handler_tests.rs"]
mod tests;
