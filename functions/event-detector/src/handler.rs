//! From messages to deliveries, and from answers to what SQS is told.

use aws_lambda_events::sqs::SqsBatchResponse;
use drift_engine::{
    detect::{Delivery, Detected, Detector, Item, Outcome, Ports},
    ledger::owing,
    ports::{Clock, Heartbeat, PortError},
    work::{Function, Work},
};
use drift_events::Malformed;
use drift_lambda::{Answered, Done, EdgeError, Message, Metrics, Wiring, answer, isolated, messages};
use serde_json::Value;

const FUNCTION: &str = Function::EventDetector.name();

/// Handles one invocation.
pub(crate) async fn handle(detector: &Detector<Wiring>, payload: Value) -> Result<SqsBatchResponse, EdgeError> {
    let messages = messages(&payload);
    let decoded: Vec<Decoded> = messages.iter().map(decode).collect();
    decoded.iter().flat_map(|one| &one.delivery.items).for_each(log_work);
    let detected = detect(detector, &decoded).await;
    let mut metrics = Metrics::default();
    for (outcome, count) in detected.counts() {
        metrics.count(outcome.name(), count);
    }
    metrics.count(Outcome::Malformed.name(), decoded.iter().map(|one| one.malformed.len()).sum());
    for (name, number) in detected.measures() {
        metrics.count(name, number);
    }
    for record in detected.answers.iter().flat_map(|answer| &answer.records) {
        let id = record.record.as_ref().map(|id| id.0.as_str());
        tracing::info!(record = id, outcome = record.outcome.name(), instances = record.instances.len(), "a record");
    }
    watch_ourselves(detector, &decoded, &detected, &mut metrics).await;
    let done = decoded.into_iter().zip(detected.answers).map(|(one, answer)| Done {
        record: one.record,
        result: answer.result.and_then(|()| match one.malformed.first() {
            Some(malformed) => Err(PortError::Permanent { what: "reading a record".to_owned(), why: malformed.to_string() }),
            None => Ok(()),
        }),
    });
    let Answered { failures, buried } = answer(&messages, done.collect(), &detector.ports.dead_letters, FUNCTION).await?;
    metrics.count("dead_letters", buried);
    metrics.count("delivered_again", failures.batch_item_failures.len());
    metrics.emit(FUNCTION, detector.ports.clock().now());
    Ok(failures)
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

/// A line for each record that led to work: its id is what a reader of the log follows.
fn log_work(item: &Item) {
    let Item::Work(work) = item else { return };
    let (why, attempt, instances) = match work {
        Work::Judge { why, attempt, instances, .. } => (Some(why.name()), Some(*attempt), instances.len()),
        Work::Sweep | Work::Index { .. } | Work::Reconcile => (None, None, 0),
    };
    let line = |record: Option<&str>| {
        tracing::info!(record, work = work.name(), why, attempt, instances, "work that was left for later");
    };
    let mut records = work.records().peekable();
    if records.peek().is_none() {
        line(None);
    }
    records.for_each(|record| line(Some(record.0.as_str())));
}

/// A message, as far as detection needs it.
#[derive(Clone, Debug, Default)]
struct Decoded {
    delivery: Delivery,
    malformed: Vec<Malformed>,
    /// The first record that it holds, or that led to it.
    record: Option<String>,
}

fn decode(message: &Message) -> Decoded {
    if let Ok(work) = serde_json::from_str::<Work>(&message.body) {
        let record = work.records().next().map(|id| id.0.clone());
        return Decoded { delivery: Delivery { items: vec![Item::Work(work)] }, record, ..Decoded::default() };
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
        all = all.and(alone);
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
    fn work_is_known_by_the_record_that_led_to_it() {
        let change = r#"{"change": {"id": "e-1", "source": "ec2.amazonaws.com", "name": "StopInstances", "time": "2026-03-14T09:27:00Z",
            "place": {"partition": "aws", "account": "123456789012", "region": "eu-west-1"}, "source_address": null, "user_agent": null,
            "actor": {"kind": "root", "name": "root", "tool": null, "console": false}, "names": []}, "cause_of": []}"#;
        for (changes, record) in [("", None), (change, Some("e-1"))] {
            let since = r#""why": "recheck", "attempt": 0, "since": "2026-03-14T09:27:00Z""#;
            let decoded = decoded(&format!(r#"{{"driftwire": "judge", "instances": [], "changes": [{changes}], {since}}}"#));
            assert_eq!((decoded.record.as_deref(), decoded.malformed.len()), (record, 0));
        }
    }

    #[test]
    fn what_is_no_record_is_malformed_and_nothing_else_is_lost() {
        let read = r#"{"eventVersion":"1.08","eventID":"e","eventSource":"ec2.amazonaws.com","eventName":"DescribeVpcs","readOnly":true,"eventTime":"2026-03-14T09:27:00Z","awsRegion":"eu-west-1","recipientAccountId":"123456789012","userIdentity":{"type":"Root","accountId":"123456789012"},"eventType":"AwsApiCall"}"#;
        let decoded = decoded(&format!("{read}\n{{\"eventVersion\""));
        assert_eq!((decoded.delivery.items.len(), decoded.malformed.len()), (1, 1));
        assert_eq!(decoded.record.as_deref(), Some("e"));
    }
}
