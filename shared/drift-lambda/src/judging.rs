//! What the functions that judge share: from decoded messages to judged drift, and to what is counted of it.

use std::future::Future;

use drift_engine::{
    detect::{Answer, Delivery, Detected, Detector, Item, Outcome, Ports},
    ports::PortError,
    work::Work,
};
use drift_events::Malformed;

use crate::{Done, Message, Metrics, isolated, panicked};

/// A message, as far as detection needs it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Decoded {
    /// What it holds.
    pub delivery: Delivery,
    /// What of it cannot be decoded.
    pub malformed: Vec<Malformed>,
    /// The first record that it holds, or that led to it.
    pub record: Option<String>,
}

/// The message as work that a function left for later, where it is that. Each record that led to it gets a line in the log:
/// its id is what a reader of the log follows.
#[must_use]
pub fn decoded_work(message: &Message) -> Option<Decoded> {
    let work: Work = serde_json::from_str(&message.body).ok()?;
    log(&work);
    let record = work.records().next().map(|id| id.0.clone());
    Some(Decoded { delivery: Delivery { items: vec![Item::Work(work)] }, record, ..Decoded::default() })
}

fn log(work: &Work) {
    let (why, attempt, instances) = match work {
        Work::Judge { why, attempt, instances, .. } => (Some(why.name()), Some(*attempt), instances.len()),
        Work::ScanGithub { part, attempt, .. } => (Some(part.name()), Some(*attempt), 0),
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

/// Detects in the whole batch until `end`; where that panics, message by message, so that one costs only itself.
pub async fn detect<P: Ports, E: Future<Output = ()> + Send>(
    detector: &Detector<P>,
    decoded: &[Decoded],
    end: impl Fn() -> E + Send,
) -> Detected {
    let deliveries: Vec<Delivery> = decoded.iter().map(|one| one.delivery.clone()).collect();
    if let Some(detected) = isolated(detector.detect_until(deliveries.clone(), end())).await {
        return detected;
    }
    let mut all = Detected::default();
    for delivery in deliveries {
        let alone = isolated(detector.detect_until(vec![delivery], end()))
            .await
            .unwrap_or_else(|| Detected { answers: vec![Answer { result: Err(panicked()), records: Vec::new() }], ..Detected::default() });
        all = all.and(alone);
    }
    all
}

/// What a batch came to, counted; each record that ended gets a line in the log.
#[must_use]
pub fn measure(decoded: &[Decoded], detected: &Detected) -> Metrics {
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
    metrics
}

/// What became of each message. What could not be decoded cannot succeed, once the rest of its message has.
#[must_use]
pub fn done(decoded: Vec<Decoded>, detected: Detected) -> Vec<Done> {
    let one = |(one, answer): (Decoded, Answer)| Done {
        record: one.record,
        result: answer.result.and_then(|()| match one.malformed.first() {
            Some(malformed) => Err(PortError::Permanent { what: "reading a record".to_owned(), why: malformed.to_string() }),
            None => Ok(()),
        }),
    };
    decoded.into_iter().zip(detected.answers).map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(body: &str) -> Option<Decoded> {
        decoded_work(&Message { body: body.to_owned(), ..Message::default() })
    }

    #[test]
    fn work_is_told_apart_from_records() {
        assert_eq!(decoded(r#"{"driftwire": "sweep"}"#).map(|one| one.delivery.items), Some(vec![Item::Work(Work::Sweep)]));
        assert_eq!(decoded(r#"{"detail": {"eventID": "e-1"}}"#), None);
    }

    #[test]
    fn work_is_known_by_the_record_that_led_to_it() {
        let change = r#"{"change": {"id": "e-1", "source": "ec2.amazonaws.com", "name": "StopInstances", "time": "2026-03-14T09:27:00Z",
            "place": {"partition": "aws", "account": "123456789012", "region": "eu-west-1"}, "source_address": null, "user_agent": null,
            "actor": {"kind": "root", "name": "root", "tool": null, "console": false}, "names": []}, "cause_of": []}"#;
        for (changes, record) in [("", None), (change, Some("e-1"))] {
            let since = r#""why": "recheck", "attempt": 0, "since": "2026-03-14T09:27:00Z""#;
            let decoded = decoded(&format!(r#"{{"driftwire": "judge", "instances": [], "changes": [{changes}], {since}}}"#));
            assert_eq!(decoded.map(|one| one.record), Some(record.map(str::to_owned)));
        }
    }
}
