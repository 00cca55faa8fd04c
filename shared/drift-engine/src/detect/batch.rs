//! A batch, taken apart into instances, and put together again into answers.

use std::{collections::BTreeMap, future::Future};

use drift_model::{Change, InstanceRef, RecordId, Timestamp};
use futures::{StreamExt, stream};

use super::{
    Answer, Concerned, Concerning, Delivery, Detected, Detector, Item, Outcome, Ports, RecordOutcome,
    settle::{Asked, Settled, settle},
};
use crate::{
    ledger::sweep,
    ports::PortError,
    work::{Again, JudgedBy, Work},
};

/// Why an instance is looked at: the changes that led there, by record, and what was put off before.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Task {
    /// The changes, and whether each can be a cause.
    pub(super) changes: BTreeMap<RecordId, (Change, bool)>,
    /// How often it was put off for which reason, and since when.
    pub(super) again: BTreeMap<Again, (u32, Timestamp)>,
}

impl Task {
    fn add_change(&mut self, change: &Change, cause: bool) {
        let nameless = || (Change { names: Vec::new(), ..change.clone() }, false);
        self.changes.entry(change.id.clone()).or_insert_with(nameless).1 |= cause;
    }

    fn add_again(&mut self, why: Again, attempt: u32, since: Timestamp) {
        let held = self.again.entry(why).or_insert((attempt, since));
        *held = (held.0.max(attempt), held.1.min(since));
    }
}

/// One item of a delivery after its instances were found.
struct Found {
    delivery: usize,
    /// The record, where the item is one that leads to instances.
    record: Option<RecordId>,
    instances: Vec<InstanceRef>,
}

pub(super) async fn detect<P: Ports>(detector: &Detector<P>, deliveries: Vec<Delivery>, end: impl Future<Output = ()> + Send) -> Detected {
    let mut results: Vec<Result<(), PortError>> = vec![Ok(()); deliveries.len()];
    let mut records: Vec<Vec<RecordOutcome>> = vec![Vec::new(); deliveries.len()];
    let (mut tasks, mut found) = (BTreeMap::<InstanceRef, Task>::new(), Vec::new());

    let mine = detector.role.judged_by();
    let mut changes = Vec::new();
    for (delivery, item) in
        deliveries.into_iter().enumerate().flat_map(|(at, delivery)| delivery.items.into_iter().map(move |item| (at, item)))
    {
        match item {
            Item::Change(change) => changes.push((delivery, *change)),
            Item::Passed { record, outcome } => records[delivery].push(RecordOutcome { record, outcome, instances: Vec::new() }),
            Item::Work(Work::Judge { by, instances, changes, why, attempt, since }) if by == mine => {
                for instance in &instances {
                    let task = tasks.entry(instance.clone()).or_default();
                    task.add_again(why, attempt, since);
                    for seen in &changes {
                        task.add_change(&seen.change, seen.cause_of.contains(instance));
                    }
                }
                found.push(Found { delivery, record: None, instances });
            }
            // Boxed, as it is rare and large.
            Item::Work(Work::Sweep) if mine == JudgedBy::EventDetector => {
                keep_worst(&mut results[delivery], Box::pin(swept(detector)).await);
            }
            Item::Work(work) => keep_worst(&mut results[delivery], Err(misplaced(mine, &work))),
        }
    }

    let mut detected = Detected::default();
    for ((delivery, change), concerning) in named(detector, changes).await {
        match concerning {
            Ok(Concerning { instances: concerned, left_out, overflow }) => {
                detected.left_out += left_out;
                detected.overflowed += usize::from(overflow);
                detected.names_left_out += change.names_left_out;
                for Concerned { instance, cause } in &concerned {
                    tasks.entry(instance.clone()).or_default().add_change(&change, *cause);
                }
                let instances = concerned.into_iter().map(|concerned| concerned.instance).collect();
                found.push(Found { delivery, record: Some(change.id), instances });
            }
            Err(error) => keep_worst(&mut results[delivery], Err(error)),
        }
    }

    let settled = settle_all(detector, tasks, end).await;
    detected.looked_at = settled.len();
    for one in settled.values().flatten() {
        detected.told += usize::from(one.told);
        detected.handed_over += usize::from(one.handed);
        detected.hidden += one.hidden;
        detected.unknown += usize::from(one.unknown);
    }
    for Found { delivery, record, instances } in found {
        let mut outcome = Outcome::NotManaged;
        for instance in &instances {
            match settled.get(instance) {
                Some(Ok(one)) => outcome = stronger(outcome, one.outcome),
                Some(Err(error)) => keep_worst(&mut results[delivery], Err(error.clone())),
                None => keep_worst(&mut results[delivery], Err(unfinished(instance))),
            }
        }
        if let Some(record) = record {
            records[delivery].push(RecordOutcome { record: Some(record), outcome, instances });
        }
    }
    detected.answers = results
        .into_iter()
        .zip(records)
        .map(|(result, records)| Answer { records: if result.is_ok() { records } else { Vec::new() }, result })
        .collect();
    detected
}

type Place<T> = (usize, T);

async fn named<P: Ports>(detector: &Detector<P>, changes: Vec<Place<Change>>) -> Vec<(Place<Change>, Result<Concerning, PortError>)> {
    let lookups = changes.into_iter().map(|(delivery, change)| async move {
        let concerning = detector.ports.concerned(&change).await;
        ((delivery, change), concerning)
    });
    stream::iter(lookups).buffered(detector.parallel.max(1)).collect().await
}

async fn settle_all<P: Ports>(
    detector: &Detector<P>,
    tasks: BTreeMap<InstanceRef, Task>,
    end: impl Future<Output = ()> + Send,
) -> BTreeMap<InstanceRef, Result<Settled, PortError>> {
    let asked = Asked::default();
    let asked = &asked;
    let looks = tasks.into_iter().map(|(instance, task)| async move {
        let settled = settle(detector, asked, &instance, &task).await;
        (instance, settled)
    });
    stream::iter(looks).buffer_unordered(detector.parallel.max(1)).take_until(end).collect().await
}

fn unfinished(instance: &InstanceRef) -> PortError {
    PortError::Retryable { what: format!("judging {instance}"), why: "it took longer than there was time".to_owned() }
}

async fn swept<P: Ports>(detector: &Detector<P>) -> Result<(), PortError> {
    let Detector { ports, timing, .. } = detector;
    sweep(ports.ledger(), ports.alerts(), (ports.clock(), timing.owed_for)).await.map(|_| ())
}

/// The outcome of a record that led to several instances.
fn stronger(a: Outcome, b: Outcome) -> Outcome {
    [Outcome::Judged, Outcome::Deferred, Outcome::Unsupported].into_iter().find(|outcome| *outcome == a || *outcome == b).unwrap_or(a)
}

/// Of two failures the one that can be retried: what is buried is lost to what could still succeed.
fn keep_worst(held: &mut Result<(), PortError>, new: Result<(), PortError>) {
    if matches!((&held, &new), (Ok(()), Err(_)) | (Err(PortError::Permanent { .. }), Err(PortError::Retryable { .. }))) {
        *held = new;
    }
}

/// What came to the wrong queue is not passed on: where two URLs are mixed up, it would go in a circle.
fn misplaced(came_to: JudgedBy, work: &Work) -> PortError {
    let (for_whom, came_to) = (work.function().name(), came_to.function().name());
    PortError::Permanent {
        what: format!("a message of work `{}`", work.name()),
        why: format!("that is for `{for_whom}`, and came to `{came_to}`: look at the queues in their configuration"),
    }
}
