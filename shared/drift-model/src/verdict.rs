use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{Difference, InstanceRef, Place, Timestamp};

/// What looking at one instance concluded.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "verdict")]
pub enum Verdict {
    /// Everything that is compared agrees.
    InSync,
    /// At least one attribute does not.
    Drifted {
        /// Never empty; sorted by path.
        differences: Vec<Difference>,
    },
    /// A read that was allowed, in the right place, did not find it.
    Missing,
    /// Nothing could be concluded.
    Unknown {
        /// Why.
        reason: Reason,
    },
}

impl Verdict {
    /// `InSync` without differences, `Drifted` with them.
    #[must_use]
    pub fn of(mut differences: Vec<Difference>) -> Self {
        if differences.is_empty() {
            return Self::InSync;
        }
        differences.sort_by(|a, b| a.path.cmp(&b.path));
        Self::Drifted { differences }
    }

    /// `Unknown` for a reason.
    pub fn unknown(kind: ReasonKind, message: impl Into<String>) -> Self {
        Self::Unknown { reason: Reason { kind, message: message.into() } }
    }

    /// `in_sync`, `drifted`, `missing` or `unknown`: what machines read.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::InSync => "in_sync",
            Self::Drifted { .. } => "drifted",
            Self::Missing => "missing",
            Self::Unknown { .. } => "unknown",
        }
    }

    /// Whether it is other than recorded: drifted, or gone.
    #[must_use]
    pub fn is_drift(&self) -> bool {
        matches!(self, Self::Drifted { .. } | Self::Missing)
    }

    /// The differences, none unless drifted.
    #[must_use]
    pub fn differences(&self) -> &[Difference] {
        match self {
            Self::Drifted { differences } => differences,
            _ => &[],
        }
    }
}

/// Why nothing could be concluded. The message is for people, and holds no value of the instance.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reason {
    /// For machines.
    pub kind: ReasonKind,
    /// What, where, and what to do about it.
    pub message: String,
}

/// Why nothing could be concluded, as a closed list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReasonKind {
    /// No reader at hand can read the type.
    Unsupported,
    /// The live read was denied.
    AccessDenied,
    /// The live read was throttled until its retries were used up.
    Throttled,
    /// The credentials at hand belong to another account.
    WrongAccount,
    /// Neither the state nor the configuration tells where the instance lives.
    Place,
    /// The state holds something at this address that cannot be decoded, or not what a read needs.
    Recorded,
    /// Anything else: the network, an answer that cannot be decoded.
    Error,
}

impl ReasonKind {
    /// The name that machines read: `access_denied`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Unsupported => "unsupported",
            Self::AccessDenied => "access_denied",
            Self::Throttled => "throttled",
            Self::WrongAccount => "wrong_account",
            Self::Place => "place",
            Self::Recorded => "recorded",
            Self::Error => "error",
        }
    }
}

impl fmt::Display for ReasonKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What read an instance live.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reader {
    /// The catalog's own reads.
    Native,
    /// Terraform's provider plugin.
    Provider,
}

impl Reader {
    /// `native` or `provider`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Native => "native",
            Self::Provider => "provider",
        }
    }
}

/// A verdict on an instance, with the time at which the read behind it began: the ledger takes it only if that is
/// later than the read behind what it holds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Judgement {
    /// What was judged.
    pub instance: InstanceRef,
    /// `aws_security_group`.
    pub type_name: String,
    /// Terraform's `id`, where the state holds one.
    pub id: Option<String>,
    /// Where it lives, where that is known.
    pub place: Option<Place>,
    /// Its page for people, where whoever read it knows one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// What was concluded.
    #[serde(flatten)]
    pub verdict: Verdict,
    /// What differs in attributes that nobody can configure and the provider alone computes; no drift by itself.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub computed: Vec<Difference>,
    /// What read it; nothing where nothing was read.
    pub reader: Option<Reader>,
    /// When the read began.
    pub read_began: Timestamp,
}
