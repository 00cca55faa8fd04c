use serde::{Deserialize, Serialize};

use crate::{Actor, Difference, InstanceRef, Place, Reason, RecordId, Timestamp};

/// A finding that lives in the ledger: at most one for an instance.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Drift {
    /// Whose.
    pub instance: InstanceRef,
    /// `aws_security_group`.
    pub type_name: String,
    /// Terraform's `id`, where the state holds one.
    pub id: Option<String>,
    /// Where it lives, where that is known.
    pub place: Option<Place>,
    /// Its page for people, where one is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// Open, or how it ended.
    pub status: DriftStatus,
    /// How bad it is.
    pub severity: Severity,
    /// What differs; empty while the instance is missing or unreadable, and once resolved.
    pub differences: Vec<Difference>,
    /// Why it cannot be judged, while that is what was found last.
    pub unreadable: Option<Reason>,
    /// The changes that explain it, oldest first.
    pub causes: Vec<Cause>,
    /// Changes that only led us to look, oldest first.
    pub also_seen: Vec<Cause>,
    /// When it was first seen.
    pub first_seen: Timestamp,
    /// When the read behind the newest verdict began.
    pub last_judged: Timestamp,
    /// Its transitions, oldest first; bounded, the oldest but the first are left out.
    pub history: Vec<Transition>,
    /// How many transitions there were in all, those left out of `history` included.
    pub transitions: u64,
}

/// Where a drift stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DriftStatus {
    /// Attributes differ.
    Drifted,
    /// The instance is gone.
    Missing,
    /// It was touched, or drifted, and cannot be read now.
    Unreadable,
    /// It was touched and no reader can tell what it became.
    Touched,
    /// It is as recorded again.
    Resolved,
    /// No state holds it any more.
    NoLongerManaged,
    /// It never drifted: the row only holds the time of the last look.
    InSync,
}

impl DriftStatus {
    /// Whether somebody should still do something about it.
    #[must_use]
    pub fn is_open(self) -> bool {
        matches!(self, Self::Drifted | Self::Missing | Self::Unreadable | Self::Touched)
    }

    /// The name that machines read: `no_longer_managed`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Drifted => "drifted",
            Self::Missing => "missing",
            Self::Unreadable => "unreadable",
            Self::Touched => "touched",
            Self::Resolved => "resolved",
            Self::NoLongerManaged => "no_longer_managed",
            Self::InSync => "in_sync",
        }
    }
}

/// How bad a drift is. The worst comes last in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Touched and not verified; tags and descriptions.
    Low,
    /// Anything that no rule says more of.
    Medium,
    /// Access, encryption, protection or existence.
    High,
    /// Open to the world.
    Critical,
}

impl Severity {
    /// The name that machines read: `critical`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }
}

/// A change, as far as a drift keeps it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Cause {
    /// CloudTrail's `eventID`, or what another log names it by.
    pub record: RecordId,
    /// `ec2.amazonaws.com`; `github` where GitHub's audit log tells it.
    pub source: String,
    /// `AuthorizeSecurityGroupIngress`, `repo.access`.
    pub name: String,
    /// When the call was made.
    pub time: Timestamp,
    /// Who. Untrusted text within.
    pub actor: Actor,
    /// From which address or service. Untrusted text.
    pub source_address: Option<String>,
    /// The user agent. Untrusted text.
    pub user_agent: Option<String>,
}

/// One step in a drift's life, told once.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Transition {
    /// Unique, and the same however often it is published: by it machines drop repeats.
    pub id: String,
    /// What happened.
    pub kind: TransitionKind,
    /// When the read that showed it began.
    pub at: Timestamp,
    /// The status that it led to.
    pub status: DriftStatus,
    /// The severity that it led to.
    pub severity: Severity,
    /// Whether it was told while Terraform held the state's lock, because that took too long.
    pub during_a_run: bool,
}

/// The steps in a drift's life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TransitionKind {
    /// The first finding.
    Opened,
    /// A finding that had been resolved.
    Reopened,
    /// What differs is not what it was.
    Changed,
    /// It is as recorded again.
    Resolved,
    /// No state holds the instance any more.
    NoLongerManaged,
}

impl TransitionKind {
    /// The name that machines read: `opened`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Opened => "opened",
            Self::Reopened => "reopened",
            Self::Changed => "changed",
            Self::Resolved => "resolved",
            Self::NoLongerManaged => "no_longer_managed",
        }
    }
}
