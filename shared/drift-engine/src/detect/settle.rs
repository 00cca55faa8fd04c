//! One instance, from why it is looked at to what was recorded and told.

use std::{collections::BTreeSet, sync::Mutex, time::Duration};

use drift_model::{Instance, InstanceRef, Judgement, ReasonKind, StateId, Timestamp, Verdict};

use super::{Detector, Outcome, Ports, batch::Task};
use crate::{
    index::moved_to,
    judge::{self, Recorded, judge, recorded},
    ledger::{Look, Recording, Seen, carry, cause, left, record, transition},
    patience::{Patience, age, patience},
    ports::{Clock, Later, Ledger, PortError, RecordedState},
    severity::severity,
    work::{Again, JudgedBy, SeenChange, Work},
};

/// At most so many changes are carried in one message: the newest.
const MAX_CARRIED: usize = 120;

/// What became of one instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Settled {
    pub(super) outcome: Outcome,
    pub(super) told: bool,
    pub(super) handed: bool,
    pub(super) hidden: usize,
    pub(super) unknown: bool,
}

impl Settled {
    fn of(outcome: Outcome) -> Self {
        Self { outcome, told: false, handed: false, hidden: 0, unknown: false }
    }
}

/// The states that the indexer was asked for in this batch: once is enough.
#[derive(Debug, Default)]
pub(super) struct Asked(Mutex<BTreeSet<StateId>>);

impl Asked {
    fn is_first(&self, state: &StateId) -> bool {
        // A panic elsewhere leaves the set as it was: at worst the indexer is asked twice.
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner).insert(state.clone())
    }
}

/// Looks at one instance, and does what follows.
pub(super) async fn settle<P: Ports>(
    detector: &Detector<P>,
    asked: &Asked,
    instance: &InstanceRef,
    task: &Task,
) -> Result<Settled, PortError> {
    let case = Case { detector, asked, instance, task, began: detector.ports.clock().now() };
    let ports = &detector.ports;
    match recorded(ports.states(), ports.index(), instance).await? {
        Recorded::Held { instance: held, etag } => {
            let judgement = judge(ports.reader(), &instance.state, &held, case.began).await;
            case.judged(judgement, Some(&held), Some(&etag)).await
        }
        Recorded::Unreadable { location, why } => {
            case.judged(judge::undecodable(instance, location.place.clone(), ReasonKind::Recorded, why, case.began), None, None).await
        }
        Recorded::Changed => case.wait_for_the_index().await,
        Recorded::NotHeld => case.left().await,
        Recorded::Gone => {
            case.ask_the_indexer().await?;
            Ok(Settled::of(Outcome::NotManaged))
        }
    }
}

/// One look at one instance.
struct Case<'a, P> {
    detector: &'a Detector<P>,
    asked: &'a Asked,
    instance: &'a InstanceRef,
    task: &'a Task,
    /// Before anything was read.
    began: Timestamp,
}

impl<P: Ports> Case<'_, P> {
    async fn judged(&self, judgement: Judgement, held: Option<&Instance>, etag: Option<&str>) -> Result<Settled, PortError> {
        let Detector { ports, ignore, timing, .. } = self.detector;
        let sifted = ignore.sift(self.instance, judgement.verdict, self.began);
        let (judgement, hidden) = (Judgement { verdict: sifted.verdict, ..judgement }, sifted.hidden.len());
        let unknown = match &judgement.verdict {
            Verdict::Unknown { reason } => Some(reason.kind),
            _ => None,
        };
        let unsupported = unknown == Some(ReasonKind::Unsupported);
        let outcome = if unsupported { Outcome::Unsupported } else { Outcome::Judged };
        if unknown.is_some() && hidden > 0 {
            return Ok(Settled { hidden, ..Settled::of(outcome) });
        }
        // No reader, as against one that found that it cannot read: then another would be no wiser.
        if unsupported
            && judgement.reader.is_none()
            && let Some(other) = held.and_then(|held| self.detector.role.hands_over(&held.provider))
        {
            return self.hand_over(other).await;
        }
        if unsupported && self.task.changes.is_empty() && !self.is_reindexed() {
            return Ok(Settled::of(outcome));
        }
        // A service that fails now and then, or a connection that breaks, is waited for like one that throttles: nobody would
        // look again, and what a person did meanwhile would stay hidden behind "could not tell".
        let may_pass = held.is_some() && matches!(unknown, Some(ReasonKind::Throttled | ReasonKind::Error));
        if may_pass && self.is_scanned() {
            // The next scan looks again, and a service that is down would leave a message for everything that there is.
            return Ok(Settled { hidden, unknown: true, ..Settled::of(outcome) });
        }
        if may_pass && self.may_wait(Again::Throttled) {
            return self.again(Again::Throttled, timing.delay(self.attempt(Again::Throttled))).await;
        }

        let mut during_a_run = false;
        let nothing_new = unsupported && self.task.changes.is_empty();
        if judgement.verdict != Verdict::InSync && !nothing_new {
            if let Some(etag) = etag
                && ports.states().etag(&self.instance.state).await?.as_deref() != Some(etag)
            {
                return self.wait_for_the_index().await;
            }
            match self.patience().await? {
                Patience::Wait(delay) => return self.again(Again::Deferred, delay).await,
                Patience::Count { during_a_run: during } => during_a_run = during,
            }
        }

        let written = if unsupported { ports.states().written(&self.instance.state).await? } else { None };
        let seen: Vec<Seen> =
            self.task.changes.values().map(|(change, explains)| Seen { cause: cause(change), explains: *explains }).collect();
        let look = Look {
            judgement: &judgement,
            seen: &seen,
            severity: severity(&judgement.type_name, &judgement.verdict, held.map(|held| &held.attributes)),
            during_a_run,
            written,
            reindexed: self.is_reindexed(),
            scanned: self.is_scanned(),
        };
        let clocks = (ports.clock().now(), timing.owed_for);
        let recording = record(ports.ledger(), ports.alerts(), self.instance, clocks, |held| transition(held, &look)).await?;
        if recording == Recording::Busy {
            // What was touched is closed only by a look that knows that the state was written.
            let why = if self.is_reindexed() { Again::Indexed } else { Again::Recheck };
            return self.again_when_told(why).await;
        }
        if unknown.is_none() && self.is_fresh() {
            self.later(Again::Recheck, 0, self.began, timing.recheck_after).await?;
        }
        let (told, unknown) = (matches!(recording, Recording::Told(_)), unknown.is_some() && !unsupported);
        Ok(Settled { told, hidden, unknown, ..Settled::of(outcome) })
    }

    /// Leaves the instance to another function, with the changes that led to it. That the state was written is kept as the
    /// reason, since it closes what was only touched; what else this function waited for, that one finds out itself.
    async fn hand_over(&self, to: JudgedBy) -> Result<Settled, PortError> {
        let (why, (attempt, since)) =
            self.put_off(Again::Indexed).map_or((Again::Handed, (0, self.began)), |put_off| (Again::Indexed, put_off));
        let work = self.work(to, why, attempt, since);
        self.detector.ports.later().later(&work, Duration::ZERO).await?;
        Ok(Settled { handed: true, ..Settled::of(Outcome::Deferred) })
    }

    async fn patience(&self) -> Result<Patience, PortError> {
        let Detector { ports, timing, .. } = self.detector;
        let lock = match ports.states().lock(&self.instance.state).await {
            Ok(lock) => lock,
            Err(error @ PortError::Retryable { .. }) => return Err(error),
            Err(error @ PortError::Permanent { .. }) => {
                tracing::warn!(%error, "whether the state is locked cannot be told: taken as not locked");
                None
            }
        };
        let changes = self.task.changes.values().map(|(change, _)| change);
        Ok(patience(lock.as_ref(), changes, self.put_off(Again::Deferred), ports.clock().now(), timing))
    }

    /// The state is a newer version than the index, or became one while the instance was judged.
    async fn wait_for_the_index(&self) -> Result<Settled, PortError> {
        if self.may_wait(Again::StateChanged) {
            self.ask_the_indexer().await?;
            let delay = self.detector.timing.index_after.saturating_mul(1 << self.attempt(Again::StateChanged).min(10));
            return self.again(Again::StateChanged, delay).await;
        }
        let why = "the index has been behind the state for too long: does `state-indexer` run, and may it read the state?".to_owned();
        let judgement = judge::undecodable(self.instance, None, ReasonKind::Error, why, self.began);
        // Boxed, as what it awaits is where it came from.
        Box::pin(self.judged(judgement, None, None)).await
    }

    async fn ask_the_indexer(&self) -> Result<(), PortError> {
        let state = &self.instance.state;
        if self.asked.is_first(state) {
            self.detector.ports.later().later(&Work::Index { state: state.clone() }, Duration::ZERO).await?;
        }
        Ok(())
    }

    /// The index does not hold the instance. Where the state was indexed anew, its drift moves along or is closed.
    async fn left(&self) -> Result<Settled, PortError> {
        let Detector { ports, timing, .. } = self.detector;
        let none = Settled::of(Outcome::NotManaged);
        if !self.is_reindexed() {
            return Ok(none);
        }
        let Some(entry) = ports.ledger().entry(self.instance).await?.filter(|entry| entry.drift.status.is_open()) else {
            return Ok(none);
        };
        let now = ports.clock().now();
        let clocks = (now, timing.owed_for);
        if let [to] = moved_to(ports.index(), &entry.drift).await?.as_slice() {
            match carry(ports.ledger(), ports.alerts(), self.instance, to, clocks).await? {
                Recording::Held => {
                    let work = Work::Judge {
                        by: self.detector.role.judged_by(),
                        instances: vec![to.clone()],
                        changes: Vec::new(),
                        why: Again::Indexed,
                        attempt: 0,
                        since: now,
                    };
                    ports.later().later(&work, Duration::ZERO).await?;
                    return Ok(none);
                }
                Recording::Busy => return self.again_when_told(Again::Indexed).await,
                Recording::Stale | Recording::Nothing | Recording::Told(_) => {}
            }
        }
        let close = |held: Option<&drift_model::Drift>| held.map_or(crate::ledger::Step::Nothing, |held| left(held, now));
        let recording = record(ports.ledger(), ports.alerts(), self.instance, clocks, close).await?;
        if recording == Recording::Busy {
            return self.again_when_told(Again::Indexed).await;
        }
        Ok(Settled { told: matches!(recording, Recording::Told(_)), ..none })
    }

    fn put_off(&self, why: Again) -> Option<(u32, Timestamp)> {
        self.task.again.get(&why).copied()
    }

    fn attempt(&self, why: Again) -> u32 {
        self.put_off(why).map_or(0, |(attempt, _)| attempt)
    }

    fn is_reindexed(&self) -> bool {
        self.task.again.contains_key(&Again::Indexed)
    }

    fn is_scanned(&self) -> bool {
        self.task.again.contains_key(&Again::Scanned)
    }

    fn may_wait(&self, why: Again) -> bool {
        self.put_off(why).is_none_or(|(_, since)| age(since, self.began) < self.detector.timing.give_up)
    }

    /// Whether the read may still have shown what was before the change. Checked once: a recheck leads to no other, and after a
    /// scan comes the next one.
    fn is_fresh(&self) -> bool {
        let indexed = self.put_off(Again::Indexed).map(|(_, since)| since);
        let newest = self.task.changes.values().map(|(change, _)| change.time).chain(indexed).max();
        !self.task.again.contains_key(&Again::Recheck)
            && !self.is_scanned()
            && newest.is_some_and(|newest| age(newest, self.began) < self.detector.timing.recheck_within)
    }

    /// Another alert is on its way: in a moment it was told, or else SNS refuses, and for how long nobody knows.
    async fn again_when_told(&self, why: Again) -> Result<Settled, PortError> {
        let timing = &self.detector.timing;
        self.again(why, self.attempt(why).checked_sub(1).map_or(timing.busy_after, |attempt| timing.delay(attempt))).await
    }

    async fn again(&self, why: Again, delay: Duration) -> Result<Settled, PortError> {
        let (attempt, since) = self.put_off(why).map_or((1, self.began), |(attempt, since)| (attempt.saturating_add(1), since));
        self.later(why, attempt, since, delay).await?;
        Ok(Settled::of(Outcome::Deferred))
    }

    async fn later(&self, why: Again, attempt: u32, since: Timestamp, delay: Duration) -> Result<(), PortError> {
        let work = self.work(self.detector.role.judged_by(), why, attempt, since);
        self.detector.ports.later().later(&work, delay.min(crate::Timing::LONGEST_DELAY)).await
    }

    /// This instance with what led to it, as work.
    fn work(&self, by: JudgedBy, why: Again, attempt: u32, since: Timestamp) -> Work {
        let mut changes: Vec<_> = self.task.changes.values().collect();
        changes.sort_by_key(|(change, _)| change.time);
        let carried = changes.split_off(changes.len().saturating_sub(MAX_CARRIED));
        let seen = |(change, explains): &(drift_model::Change, bool)| SeenChange {
            change: change.clone(),
            cause_of: explains.then(|| self.instance.clone()).into_iter().collect(),
        };
        let changes = carried.into_iter().map(seen).collect();
        Work::Judge { by, instances: vec![self.instance.clone()], changes, why, attempt, since }
    }
}
