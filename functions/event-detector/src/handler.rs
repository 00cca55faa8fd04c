//! From messages to deliveries, and from answers to what SQS is told.

use std::collections::BTreeMap;

use aws_lambda_events::sqs::SqsBatchResponse;
use drift_engine::{
    detect::{Delivery, Detected, Detector, Item, Outcome, Ports},
    ports::{Clock, PortError},
    work::Work,
};
use drift_events::Malformed;
use drift_lambda::{Done, EdgeError, Message, Wiring, answer, emit, isolated, messages};
use serde_json::Value;

const FUNCTION: &str = "event-detector";

/// Handles one invocation.
pub(crate) async fn handle(detector: &Detector<Wiring>, payload: Value) -> Result<SqsBatchResponse, EdgeError> {
    let messages = messages(&payload);
    let decoded: Vec<Decoded> = messages.iter().map(decode).collect();
    let detected = detect(detector, &decoded).await;
    let mut counts: BTreeMap<&'static str, usize> = detected.counts().into_iter().map(|(outcome, count)| (outcome.name(), count)).collect();
    *counts.entry(Outcome::Malformed.name()).or_default() += decoded.iter().map(|one| one.malformed.len()).sum::<usize>();
    counts.extend([("looked_at", detected.looked_at), ("told", detected.told), ("hidden", detected.hidden)]);
    for record in detected.answers.iter().flat_map(|answer| &answer.records) {
        let id = record.record.as_ref().map(|id| id.0.as_str());
        tracing::info!(record = id, outcome = record.outcome.name(), instances = record.instances.len(), "a record");
    }
    let done = decoded.into_iter().zip(detected.answers).map(|(one, answer)| Done {
        record: one.record,
        result: answer.result.and_then(|()| match one.malformed.first() {
            Some(malformed) => Err(PortError::Permanent { what: "reading a record".to_owned(), why: malformed.to_string() }),
            None => Ok(()),
        }),
    });
    let failures = answer(&messages, done.collect(), &detector.ports.dead_letters, FUNCTION).await?;
    counts.insert("delivered_again", failures.batch_item_failures.len());
    emit(FUNCTION, detector.ports.clock().now(), &counts);
    Ok(failures)
}

/// A message, as far as detection needs it.
#[derive(Clone, Debug, Default)]
struct Decoded {
    delivery: Delivery,
    malformed: Vec<Malformed>,
    /// The first record that it holds.
    record: Option<String>,
}

fn decode(message: &Message) -> Decoded {
    if let Ok(work) = serde_json::from_str::<Work>(&message.body) {
        return Decoded { delivery: Delivery { items: vec![Item::Work(work)] }, ..Decoded::default() };
    }
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

/// Detects in the whole batch; where that panics, message by message, so that one costs only itself.
async fn detect(detector: &Detector<Wiring>, decoded: &[Decoded]) -> Detected {
    let deliveries: Vec<Delivery> = decoded.iter().map(|one| one.delivery.clone()).collect();
    if let Some(detected) = isolated(detector.detect(deliveries.clone())).await {
        return detected;
    }
    let mut all = Detected::default();
    for delivery in deliveries {
        let alone = isolated(detector.detect(vec![delivery])).await.unwrap_or_else(|| Detected {
            answers: vec![drift_engine::detect::Answer {
                result: Err(PortError::Permanent {
                    what: "handling a message".to_owned(),
                    why: "Driftwire panicked; please report it with the function's log".to_owned(),
                }),
                records: Vec::new(),
            }],
            ..Detected::default()
        });
        all.answers.extend(alone.answers);
        all.looked_at += alone.looked_at;
        all.told += alone.told;
        all.hidden += alone.hidden;
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(body: &str) -> Decoded {
        decode(&Message { id: None, body: body.to_owned() })
    }

    #[test]
    fn work_is_told_apart_from_records() {
        assert_eq!(decoded(r#"{"driftwire": "sweep"}"#).delivery.items, [Item::Work(Work::Sweep)]);
    }

    #[test]
    fn what_is_no_record_is_malformed_and_nothing_else_is_lost() {
        let read = r#"{"eventVersion":"1.08","eventID":"e","eventSource":"ec2.amazonaws.com","eventName":"DescribeVpcs","readOnly":true,"eventTime":"2026-03-14T09:27:00Z","awsRegion":"eu-west-1","recipientAccountId":"123456789012","userIdentity":{"type":"Root","accountId":"123456789012"},"eventType":"AwsApiCall"}"#;
        let decoded = decoded(&format!("{read}\n{{\"eventVersion\""));
        assert_eq!((decoded.delivery.items.len(), decoded.malformed.len()), (1, 1));
        assert_eq!(decoded.record.as_deref(), Some("e"));
    }
}
