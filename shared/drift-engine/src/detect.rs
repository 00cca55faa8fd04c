//! From a batch of messages to judged drift.
//!
//! # Guarantees
//!
//! - Several changes to one instance in a batch are one judgement that cites them all.
//! - Every record of a message that is answered with success has exactly one [`Outcome`].
//! - What fails for one message does not fail, repeat or hold up the others.
//! - Handling a message again changes nothing that was held and tells nothing that was told.
//!
//! # Assumptions
//!
//! Records are already reduced to changes, by `drift-events`; a message that cannot be decoded never gets here.

mod batch;
mod outcome;
mod settle;

use std::future::Future;

use drift_events::Reading;
use drift_model::{Change, InstanceRef, RecordId, lives_in_github};

pub use self::outcome::{Answer, Detected, Outcome, RecordOutcome};
use crate::{
    Timing,
    ignore::Ignore,
    ports::{Alerts, Clock, Later, Ledger, LiveReader, PortError, RecordedState, ResourceIndex},
    work::{JudgedBy, Work},
};

/// Everything outside that detection needs, under one name. What finds the instances of a change is usually
/// [`ByValue`](crate::naming::ByValue) over the index.
pub trait Ports: Naming {
    /// The states as Terraform recorded them.
    type States: RecordedState;
    /// Which instances an identifier names, and where their bytes are.
    type Index: ResourceIndex;
    /// What reads instances live.
    type Reader: LiveReader;
    /// The findings.
    type Ledger: Ledger;
    /// Who is told.
    type Alerts: Alerts;
    /// The queues.
    type Later: Later;
    /// The time.
    type Clock: Clock;

    /// The states as Terraform recorded them.
    fn states(&self) -> &Self::States;
    /// Which instances an identifier names, and where their bytes are.
    fn index(&self) -> &Self::Index;
    /// What reads instances live.
    fn reader(&self) -> &Self::Reader;
    /// The findings.
    fn ledger(&self) -> &Self::Ledger;
    /// Who is told.
    fn alerts(&self) -> &Self::Alerts;
    /// The queues.
    fn later(&self) -> &Self::Later;
    /// The time.
    fn clock(&self) -> &Self::Clock;
}

/// Finds the instances that a change concerns.
pub trait Naming: Send + Sync {
    /// The instances, each once, and for each whether the change can be the cause of what is found there; and what was left
    /// out of them.
    fn concerned(&self, change: &Change) -> impl Future<Output = Result<Concerning, PortError>> + Send;
}

/// An instance that a change leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Concerned {
    /// Which.
    pub instance: InstanceRef,
    /// Whether the change can be the cause of a drift there; otherwise it is only also seen.
    pub cause: bool,
}

/// The instances that a change leads to, and how many it would lead to beyond those that are looked at.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Concerning {
    /// Those that are looked at.
    pub instances: Vec<Concerned>,
    /// How many more there are.
    pub left_out: usize,
    /// Whether some name leads to more instances than the index keeps, so that nobody can count them.
    pub overflow: bool,
}

/// One message, decoded.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Delivery {
    /// What it holds, in its order: usually one thing.
    pub items: Vec<Item>,
}

/// What a message holds.
#[derive(Clone, Debug, PartialEq)]
pub enum Item {
    /// A record that is a change.
    Change(Box<Change>),
    /// A record that is none, with the outcome that `drift-events` gave it.
    Passed {
        /// CloudTrail's `eventID`, where it could be read.
        record: Option<RecordId>,
        /// What it is.
        outcome: Outcome,
    },
    /// Work that a function left for later.
    Work(Work),
}

impl From<Reading> for Item {
    fn from(Reading { head, outcome }: Reading) -> Self {
        use drift_events::Outcome as Read;
        let passed = |outcome| Self::Passed { record: head.event_id, outcome };
        match outcome {
            Read::Change(change) => Self::Change(change),
            Read::ReadOnly => passed(Outcome::ReadOnly),
            Read::Failed { .. } => passed(Outcome::FailedCall),
            Read::Internal => passed(Outcome::Internal),
            Read::Malformed { .. } => passed(Outcome::Malformed),
        }
    }
}

/// The function that a detector works in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// `event-detector`: takes records, and its own work.
    EventDetector {
        /// To whom it hands over what its own reader does not read.
        others: Others,
    },
    /// `provider-judge`: takes what was handed over, and its own work. It hands nothing over, so that nothing goes in a circle.
    ProviderJudge,
    /// `github-scanner`: takes what was handed over, what its scans look at, and its own work. Hands nothing over either.
    GithubScanner,
}

/// The functions beside `event-detector` that judge, as far as there are such.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Others {
    /// Whether there is a `provider-judge`.
    pub provider_judge: bool,
    /// Whether there is a `github-scanner`.
    pub github_scanner: bool,
}

impl Others {
    /// Who judges what this provider manages, where `event-detector`'s own reader does not read it.
    fn judge_of(self, provider: &str) -> Option<JudgedBy> {
        if self.github_scanner && lives_in_github(provider) {
            return Some(JudgedBy::GithubScanner);
        }
        self.provider_judge.then_some(JudgedBy::ProviderJudge)
    }
}

impl Role {
    /// Whose work it does, and leaves for later.
    #[must_use]
    pub const fn judged_by(self) -> JudgedBy {
        match self {
            Self::EventDetector { .. } => JudgedBy::EventDetector,
            Self::ProviderJudge => JudgedBy::ProviderJudge,
            Self::GithubScanner => JudgedBy::GithubScanner,
        }
    }

    fn hands_over(self, provider: &str) -> Option<JudgedBy> {
        match self {
            Self::EventDetector { others } => others.judge_of(provider),
            Self::ProviderJudge | Self::GithubScanner => None,
        }
    }
}

/// The use case.
#[derive(Clone, Debug)]
pub struct Detector<P> {
    /// What reaches outside.
    pub ports: P,
    /// The function that it works in.
    pub role: Role,
    /// What nobody wants to be told of.
    pub ignore: Ignore,
    /// How long to wait for what.
    pub timing: Timing,
    /// At most so many instances are looked at at a time.
    pub parallel: usize,
}

impl<P: Ports> Detector<P> {
    /// A detector of `event-detector` alone, that ignores nothing, with the documented waiting times.
    pub fn new(ports: P) -> Self {
        let role = Role::EventDetector { others: Others::default() };
        Self { ports, role, ignore: Ignore::default(), timing: Timing::default(), parallel: 8 }
    }

    /// Handles a batch: answers each delivery, in their order.
    pub async fn detect(&self, deliveries: Vec<Delivery>) -> Detected {
        self.detect_until(deliveries, std::future::pending()).await
    }

    /// As [`Self::detect`], but answers when `end` comes, whatever is not done by then: a delivery with an instance that was
    /// not looked at to the end is to be delivered again, and the others are answered as ever. A look that is broken off is
    /// what a crash would leave, and as harmless.
    pub async fn detect_until(&self, deliveries: Vec<Delivery>, end: impl Future<Output = ()> + Send) -> Detected {
        batch::detect(self, deliveries, end).await
    }
}
