//! From messages to deliveries, and from answers to what SQS is told.

use aws_lambda_events::sqs::SqsBatchResponse;
use drift_engine::{
    detect::{Detected, Detector, Item, Ports},
    ledger::owing,
    ports::{Clock, Heartbeat},
    work::{Function, Work},
};
use drift_events::Malformed;
use drift_lambda::{Decoded, EdgeError, Message, Metrics, Wiring, decoded_work, detect, done, finish, measure, messages};
use serde_json::Value;

const FUNCTION: &str = Function::EventDetector.name();

/// Handles one invocation.
pub(crate) async fn handle(detector: &Detector<Wiring>, payload: Value) -> Result<SqsBatchResponse, EdgeError> {
    let messages = messages(&payload);
    let decoded: Vec<Decoded> = messages.iter().map(decode).collect();
    let detected = detect(detector, &decoded, std::future::pending).await;
    let mut metrics = measure(&decoded, &detected);
    watch_ourselves(detector, &decoded, &detected, &mut metrics).await;
    let ports = &detector.ports;
    finish(&messages, done(decoded, detected), metrics, &ports.dead_letters, ports.clock(), FUNCTION).await
}

/// Notes that records come, and measures what a sweep left owed. What fails here must not cost the batch.
async fn watch_ourselves(detector: &Detector<Wiring>, decoded: &[Decoded], detected: &Detected, metrics: &mut Metrics) {
    let ports = &detector.ports;
    let now = ports.clock().now();
    if detected.answers.iter().any(|answer| !answer.records.is_empty())
        && let Err(error) = ports.heartbeat.beat(now).await
    {
        tracing::warn!(%error, "that records come cannot be noted: `driftwire doctor` will miss them");
    }
    if !decoded.iter().any(|one| one.delivery.items.contains(&Item::Work(Work::Sweep))) {
        return;
    }
    match owing(ports.ledger()).await {
        Ok(owing) => {
            metrics.count("owed_alerts", owing.alerts);
            if let Some(since) = owing.since {
                metrics.seconds("owed_oldest_seconds", std::time::Duration::try_from(now.duration_since(since)).unwrap_or_default());
            }
        }
        Err(error) => tracing::warn!(%error, "what is owed cannot be measured"),
    }
}

fn decode(message: &Message) -> Decoded {
    decoded_work(message).unwrap_or_else(|| decoded_records(message))
}

fn decoded_records(message: &Message) -> Decoded {
    let mut decoded = Decoded::default();
    for record in drift_events::records(message.body.as_bytes()) {
        let reading = match record {
            Ok(record) => drift_events::read(&record),
            Err(malformed) => {
                decoded.malformed.push(malformed);
                continue;
            }
        };
        decoded.record = decoded.record.or_else(|| reading.head.event_id.as_ref().map(|id| id.0.clone()));
        match reading.outcome {
            drift_events::Outcome::Malformed { why } => decoded.malformed.push(Malformed { at: "the record".to_owned(), why }),
            _ => decoded.delivery.items.push(Item::from(reading)),
        }
    }
    if decoded.delivery.items.is_empty() && decoded.malformed.is_empty() {
        decoded.malformed.push(Malformed { at: "the message".to_owned(), why: "it holds no record".to_owned() });
    }
    decoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_record_is_malformed_and_nothing_else_is_lost() {
        let read = r#"{"eventVersion":"1.08","eventID":"e","eventSource":"ec2.amazonaws.com","eventName":"DescribeVpcs","readOnly":true,"eventTime":"2026-03-14T09:27:00Z","awsRegion":"eu-west-1","recipientAccountId":"123456789012","userIdentity":{"type":"Root","accountId":"123456789012"},"eventType":"AwsApiCall"}"#;
        let decoded = decode(&Message { body: format!("{read}\n{{\"eventVersion\""), ..Message::default() });
        assert_eq!((decoded.delivery.items.len(), decoded.malformed.len()), (1, 1));
        assert_eq!(decoded.record.as_deref(), Some("e"));
    }
}
