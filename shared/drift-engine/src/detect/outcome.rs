use std::collections::BTreeMap;

use drift_model::{InstanceRef, RecordId};

use crate::ports::PortError;

/// What became of one record. Every record has exactly one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Outcome {
    /// It changed nothing.
    ReadOnly,
    /// The call failed: it changed nothing.
    FailedCall,
    /// A service's own doing that is no configuration: a sign-in, a key rotation's bookkeeping.
    Internal,
    /// It names no instance of any state.
    NotManaged,
    /// At least one instance that it names was judged.
    Judged,
    /// The instances that it names are judged later: Terraform is at work, the index is behind, a read failed for now; or by
    /// another function.
    Deferred,
    /// No reader at hand reads what it names: told as touched, not verified.
    Unsupported,
    /// It is no CloudTrail record.
    Malformed,
}

impl Outcome {
    /// All of them, in the order of their names in `docs`.
    pub const ALL: [Self; 8] = [
        Self::ReadOnly,
        Self::FailedCall,
        Self::Internal,
        Self::NotManaged,
        Self::Judged,
        Self::Deferred,
        Self::Unsupported,
        Self::Malformed,
    ];

    /// The name that machines read, in metrics too: `not_managed`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::ReadOnly => "read_only",
            Self::FailedCall => "failed_call",
            Self::Internal => "internal",
            Self::NotManaged => "not_managed",
            Self::Judged => "judged",
            Self::Deferred => "deferred",
            Self::Unsupported => "unsupported",
            Self::Malformed => "malformed",
        }
    }
}

/// One record and what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordOutcome {
    /// CloudTrail's `eventID`, where it could be read.
    pub record: Option<RecordId>,
    /// What became of it.
    pub outcome: Outcome,
    /// The instances that it led to.
    pub instances: Vec<InstanceRef>,
}

/// The answer to one delivery.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// Done; or to be delivered again ([`PortError::Retryable`]); or to be buried with the reason
    /// ([`PortError::Permanent`]), as no repetition can help.
    pub result: Result<(), PortError>,
    /// What became of its records. Empty unless it is done: what is delivered again is counted then.
    pub records: Vec<RecordOutcome>,
}

/// What became of a batch.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Detected {
    /// One answer for each delivery, in their order.
    pub answers: Vec<Answer>,
    /// How many instances were looked at.
    pub looked_at: usize,
    /// How many transitions were told.
    pub told: usize,
    /// How many instances were handed over to `provider-judge` or `github-scanner`.
    pub handed_over: usize,
    /// How many differences the ignore file hid.
    pub hidden: usize,
    /// How many instances a reader could not tell anything of.
    pub unknown: usize,
    /// How many instances records led to beyond those that are looked at for one record.
    pub left_out: usize,
    /// How many records hold a name that leads to more instances than the index keeps.
    pub overflowed: usize,
    /// How many names of records were not looked up, beyond those that are kept of one record.
    pub names_left_out: usize,
}

impl Detected {
    /// What was counted besides the outcomes, by the names that machines read.
    #[must_use]
    pub fn measures(&self) -> [(&'static str, usize); 8] {
        [
            ("looked_at", self.looked_at),
            ("told", self.told),
            ("handed_over", self.handed_over),
            ("hidden", self.hidden),
            ("left_out", self.left_out),
            ("overflowed", self.overflowed),
            ("names_left_out", self.names_left_out),
            ("unknown", self.unknown),
        ]
    }

    /// Both batches as one, this one first.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        self.answers.extend(other.answers);
        Self {
            answers: self.answers,
            looked_at: self.looked_at + other.looked_at,
            told: self.told + other.told,
            handed_over: self.handed_over + other.handed_over,
            hidden: self.hidden + other.hidden,
            unknown: self.unknown + other.unknown,
            left_out: self.left_out + other.left_out,
            overflowed: self.overflowed + other.overflowed,
            names_left_out: self.names_left_out + other.names_left_out,
        }
    }

    /// How many records ended in which outcome; those that never occurred included.
    #[must_use]
    pub fn counts(&self) -> BTreeMap<Outcome, usize> {
        let mut counts: BTreeMap<_, _> = Outcome::ALL.into_iter().map(|outcome| (outcome, 0)).collect();
        for record in self.answers.iter().flat_map(|answer| &answer.records) {
            *counts.entry(record.outcome).or_default() += 1;
        }
        counts
    }
}
