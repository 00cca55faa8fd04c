//! One part of a scan: from the message to what was judged, and to the message of the part that follows.
//!
//! # Guarantees
//!
//! - The part that follows is left on the queue only after this one was judged: a scan that is broken off anywhere goes on
//!   where it was, when the message comes again.
//! - An instance that cannot be judged now costs neither the part nor the others: it is left as work of its own.
//! - What cannot be judged at all is buried, with the reason, and the scan goes on.

use std::{future::Future, time::Duration};

use drift_engine::{
    Timing,
    detect::{Delivery, Detector, Item, Ports},
    ports::{Clock, DeadLetters, Later, PortError},
    work::{Again, Function, JudgedBy, ScanPart, SeenChange, Work},
};
use drift_github::scan::Start;
use drift_lambda::{Decoded, Metrics, deadline, detect};
use drift_model::{InstanceRef, Timestamp};
use futures::{StreamExt, TryStreamExt, stream};
use tokio::time::Instant;

/// So many instances are one delivery: what fails of it is left, or buried, together.
const TOGETHER: usize = 10;
/// At most so many changes are carried in one message: the newest.
const MOST_CHANGES: usize = 120;
/// At most so many messages are sent at a time.
const PARALLEL: usize = 8;
/// A part that was put off so often is given up: that is more than a day, and scans begin every hour.
const MOST_ATTEMPTS: u32 = 100;

/// What goes through an organisation part by part.
pub(crate) trait Scans: Send + Sync {
    /// Begins a scan, unless one is going on.
    fn begin(&self) -> impl Future<Output = Result<Start, PortError>> + Send;
    /// Fetches what a part needs, and says which instances have to be judged. Safe to repeat.
    fn look(&self, part: &ScanPart, scan: Timestamp) -> impl Future<Output = Result<Step, PortError>> + Send;
    /// Notes that a part was judged and the next one left: it is not due again.
    fn passed(&self, part: &ScanPart, scan: Timestamp) -> impl Future<Output = Result<(), PortError>> + Send;
    /// Turns from scanning to instances that no scan leads to now: nothing of them is believed that was read before.
    fn turn_to_single_looks(&self) -> impl Future<Output = Result<(), PortError>> + Send;
    /// What was spent so far in this execution.
    fn spent(&self) -> Spent;
}

/// What a part is about, and what follows it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Step {
    /// How many instances were looked at.
    pub(crate) looked_at: usize,
    /// How many of those that need no more than that nothing can be told of.
    pub(crate) unknown: usize,
    /// How much of what no state manages the ignore file hid.
    pub(crate) hidden: usize,
    /// The instances that have to be judged, each with the changes that may explain what is found there.
    pub(crate) instances: Vec<(InstanceRef, Vec<SeenChange>)>,
    pub(crate) next: Next,
}

impl Step {
    /// Nothing was looked at.
    pub(crate) fn nothing(next: Next) -> Self {
        Self { looked_at: 0, unknown: 0, hidden: 0, instances: Vec::new(), next }
    }
}

/// What follows a part.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Next {
    /// Another part.
    Part(ScanPart),
    /// This part again, when GitHub lets it; nothing where it did not say when.
    Later(Option<Duration>),
    /// Nothing: the scan is over.
    Done {
        /// How many things no state manages.
        unmanaged: usize,
        /// How much could not be looked at, for want of a permission.
        gaps: usize,
    },
    /// Nothing: it was done before, or another scan has begun since.
    NotDue,
}

/// What was asked of GitHub.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Spent {
    pub(crate) requests: usize,
    /// What is left of GitHub's limit, where GitHub told.
    pub(crate) left: Option<usize>,
}

/// A message that asks for a part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Asked {
    pub(crate) part: ScanPart,
    pub(crate) scan: Option<Timestamp>,
    pub(crate) attempt: u32,
}

impl Asked {
    /// The part that a message asks for, where it asks for one.
    pub(crate) fn of(decoded: &Decoded) -> Option<Self> {
        match decoded.delivery.items.as_slice() {
            [Item::Work(Work::ScanGithub { part, scan, attempt })] => Some(Self { part: part.clone(), scan: *scan, attempt: *attempt }),
            _ => None,
        }
    }
}

/// Whatever a part needs.
pub(crate) struct Scan<'a, P, S, D> {
    pub(crate) detector: &'a Detector<P>,
    pub(crate) scans: &'a S,
    pub(crate) dead_letters: &'a D,
}

impl<P: Ports, S: Scans, D: DeadLetters> Scan<'_, P, S, D> {
    /// Does what a message asks for, until `end` at the latest.
    pub(crate) async fn part(&self, asked: &Asked, end: Option<Instant>, metrics: &mut Metrics) -> Result<(), PortError> {
        let before = self.scans.spent();
        let done = self.done(asked, end, metrics).await;
        let spent = self.scans.spent();
        metrics.count("github_requests", spent.requests.saturating_sub(before.requests));
        metrics.count("github_points_left", spent.left.unwrap_or_default());
        done
    }

    async fn done(&self, Asked { part, scan, attempt }: &Asked, end: Option<Instant>, metrics: &mut Metrics) -> Result<(), PortError> {
        let Some(scan) = *scan else { return self.begin().await };
        let step = tokio::select! {
            biased;
            () = deadline::reached(end) => return Err(out_of_time(part)),
            step = self.scans.look(part, scan) => step?,
        };
        let (looked_at, judged) = (step.looked_at, step.instances.len());
        let since = self.detector.ports.clock().now();
        let told = self.judge(step.instances, since, end, metrics).await?;
        metrics.count("scanned", looked_at);
        metrics.count("unknown", step.unknown);
        metrics.count("hidden", step.hidden);
        let page = if let ScanPart::Repositories { page, .. } = part { Some(page) } else { None };
        let next = match &step.next {
            Next::Part(next) => next.name(),
            Next::Later(_) => "later",
            Next::Done { .. } => "done",
            Next::NotDue => "not_due",
        };
        tracing::info!(%scan, part = part.name(), page, attempt, looked_at, judged, told, next, "a part of a scan");
        match step.next {
            Next::Part(next) => {
                self.leave(next, scan, 0, Duration::ZERO).await?;
                self.scans.passed(part, scan).await?;
            }
            Next::Later(_) if *attempt >= MOST_ATTEMPTS => {
                let why = format!("GitHub's limit was reached {attempt} times in a row: let Driftwire have an App, or a user, of its own");
                return Err(PortError::Permanent { what: format!("scanning GitHub ({})", part.name()), why });
            }
            Next::Later(delay) => {
                metrics.count("scan_parts_later", 1);
                let delay = delay.unwrap_or_else(|| self.detector.timing.delay(*attempt));
                self.leave(part.clone(), scan, attempt + 1, delay).await?;
            }
            Next::Done { unmanaged, gaps } => {
                self.scans.passed(part, scan).await?;
                metrics.count("scans", 1);
                metrics.count("unmanaged", unmanaged);
                tracing::info!(%scan, unmanaged, gaps, "a scan came to its end");
            }
            Next::NotDue => {}
        }
        Ok(())
    }

    async fn begin(&self) -> Result<(), PortError> {
        match self.scans.begin().await? {
            Start::Scan(scan) => {
                tracing::info!(%scan, "a scan begins");
                self.leave(ScanPart::Organisation, scan, 0, Duration::ZERO).await
            }
            Start::UnderWay(scan) => {
                tracing::info!(%scan, "no scan begins, as another one is going on");
                Ok(())
            }
        }
    }

    async fn leave(&self, part: ScanPart, scan: Timestamp, attempt: u32, delay: Duration) -> Result<(), PortError> {
        let work = Work::ScanGithub { part, scan: Some(scan), attempt };
        self.detector.ports.later().later(&work, delay.min(Timing::LONGEST_DELAY)).await
    }

    /// Judges the instances, and gives how many transitions were told. What of it fails for now, or is not done when the time is over, is left as work of its own; what cannot
    /// succeed is buried.
    async fn judge(
        &self,
        instances: Vec<(InstanceRef, Vec<SeenChange>)>,
        since: Timestamp,
        end: Option<Instant>,
        metrics: &mut Metrics,
    ) -> Result<usize, PortError> {
        let groups = groups(instances, since);
        let delivery = |work: &Work| Decoded { delivery: Delivery { items: vec![Item::Work(work.clone())] }, ..Decoded::default() };
        let deliveries: Vec<Decoded> = groups.iter().map(delivery).collect();
        let judged = detect(self.detector, &deliveries, || deadline::reached(end)).await;
        for (name, number) in judged.measures() {
            metrics.count(name, number);
        }
        let failed: Vec<_> =
            groups.iter().zip(&judged.answers).filter_map(|(work, answer)| Some((work, answer.result.as_ref().err()?))).collect();
        let handled: Vec<_> = failed.into_iter().map(|(work, error)| self.failed(work, error)).collect();
        let buried: Vec<bool> = stream::iter(handled).buffer_unordered(PARALLEL).try_collect().await?;
        metrics.count("dead_letters", buried.into_iter().filter(|buried| *buried).count());
        Ok(judged.told)
    }

    /// Whether it was buried.
    async fn failed(&self, work: &Work, error: &PortError) -> Result<bool, PortError> {
        match error {
            PortError::Retryable { .. } => {
                tracing::warn!(%error, "instances of a scan are left for later");
                self.detector.ports.later().later(work, self.detector.timing.delay(0)).await?;
                Ok(false)
            }
            PortError::Permanent { what, why } => {
                let reason = format!("{what}: {why}");
                tracing::error!(reason, "instances of a scan cannot be judged, and go to the dead letters");
                let body = serde_json::to_string(work)
                    .map_err(|error| PortError::Permanent { what: "writing work".to_owned(), why: error.to_string() })?;
                self.dead_letters.bury(&body, &reason, None, Function::GithubScanner.name()).await?;
                Ok(true)
            }
        }
    }
}

/// Instances as work that a scan leads to. A change in a message is seen around each of its instances: one of which something is known
/// has a message to itself.
fn groups(instances: Vec<(InstanceRef, Vec<SeenChange>)>, since: Timestamp) -> Vec<Work> {
    let work = |instances: Vec<InstanceRef>, mut changes: Vec<SeenChange>| {
        changes.sort_by_key(|seen| seen.change.time);
        let changes = changes.split_off(changes.len().saturating_sub(MOST_CHANGES));
        Work::Judge { by: JudgedBy::GithubScanner, instances, changes, why: Again::Scanned, attempt: 0, since }
    };
    let (explained, others): (Vec<_>, Vec<_>) = instances.into_iter().partition(|(_, changes)| !changes.is_empty());
    let explained = explained.into_iter().map(|(instance, changes)| work(vec![instance], changes));
    let others: Vec<InstanceRef> = others.into_iter().map(|(instance, _)| instance).collect();
    explained.chain(others.chunks(TOGETHER).map(|some| work(some.to_vec(), Vec::new()))).collect()
}

fn out_of_time(part: &ScanPart) -> PortError {
    PortError::Retryable { what: format!("scanning GitHub ({})", part.name()), why: "it took longer than there was time".to_owned() }
}

#[cfg(test)]
#[path = "scan_tests.rs"]
mod tests;
