//! What the use cases need of the outside, one capability a trait.

use std::{future::Future, sync::Arc, time::Duration};

use drift_model::{
    ByteRange, Drift, Facet, Instance, InstanceKey, InstanceRef, Place, Reader, Reason, Scope, Sensitivity, StateId, Strength, Timestamp,
    Transition,
};
use serde::{Deserialize, Serialize};

use crate::{
    dead_letter::DeadLetter,
    work::{Function, Work},
};

/// A port that failed, by whether trying again can help.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PortError {
    /// Throttling, a time-out, a broken connection, a server's error: the same call may succeed later.
    #[error("{what}: {why}")]
    Retryable {
        /// What was tried, on which thing: `reading s3://bucket/key`.
        what: String,
        /// What came back.
        why: String,
    },
    /// Denied, not there, not decodable: somebody has to do something first.
    #[error("{what}: {why}")]
    Permanent {
        /// What was tried, on which thing.
        what: String,
        /// What came back, and what to do about it.
        why: String,
    },
}

/// The time.
pub trait Clock: Send + Sync {
    /// Now.
    fn now(&self) -> Timestamp;
}

/// One version of a state file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StateObject {
    /// The version's ETag, quotes included, as S3 writes it.
    pub etag: String,
    /// All of it.
    pub bytes: Vec<u8>,
}

/// A part of a state file, read on condition that the file is still the version that was indexed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fragment {
    /// The bytes asked for.
    Bytes(Vec<u8>),
    /// The file is another version now (HTTP 412).
    Changed,
    /// There is no such file any more.
    Gone,
}

/// A lock that Terraform holds on a state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lock {
    /// Terraform's id of the lock.
    pub id: String,
    /// `user@host`. Untrusted text.
    pub who: String,
    /// `OperationTypeApply`, ... Untrusted text.
    pub operation: String,
    /// Since when, as the lock itself says.
    pub since: Option<Timestamp>,
}

/// The states as Terraform recorded them.
pub trait RecordedState: Send + Sync {
    /// The whole of a state; nothing where there is no such file.
    fn whole(&self, state: &StateId) -> impl Future<Output = Result<Option<StateObject>, PortError>> + Send;
    /// The ETag of a state as it is now; nothing where there is no such file.
    fn etag(&self, state: &StateId) -> impl Future<Output = Result<Option<String>, PortError>> + Send;
    /// A part of a state, if it still has that ETag.
    fn fragment(&self, state: &StateId, etag: &str, range: ByteRange) -> impl Future<Output = Result<Fragment, PortError>> + Send;
    /// Every state of the configured buckets and prefixes, with its ETag.
    fn states(&self) -> impl Future<Output = Result<Vec<(StateId, String)>, PortError>> + Send;
    /// When a state was written last, by the clock of what stores it; nothing where there is no such file, or no such clock.
    fn written(&self, _state: &StateId) -> impl Future<Output = Result<Option<Timestamp>, PortError>> + Send {
        async { Ok(None) }
    }
    /// The lock that is held on a state now (S3's `.tflock`, or an item of a lock table).
    fn lock(&self, state: &StateId) -> impl Future<Output = Result<Option<Lock>, PortError>> + Send;
}

/// An instance that an identifier leads to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Holder {
    /// Which.
    pub instance: InstanceRef,
    /// How strongly.
    pub strength: Strength,
}

/// What the index holds of one identifier.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hit {
    /// Among the instances of which place.
    pub scope: Scope,
    /// The identifier.
    pub value: String,
    /// The instances, bounded in number.
    pub holders: Vec<Holder>,
    /// Whether there are more than the index keeps.
    pub overflow: bool,
}

/// Which bytes of which version hold an instance, and what stands outside of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Location {
    /// The version's ETag.
    pub etag: String,
    /// The instance's object within `instances`.
    pub range: ByteRange,
    /// The provider's source address.
    pub provider: String,
    /// The provider configuration, as the state writes it.
    pub provider_config: String,
    /// Where the instance lives, as the whole state tells it.
    pub place: Option<Place>,
}

/// Which instances an identifier names.
pub trait ResourceIndex: Send + Sync {
    /// What is kept of each of these; nothing for those that lead nowhere. In any order.
    fn lookup(&self, identifiers: &[(Scope, String)]) -> impl Future<Output = Result<Vec<Hit>, PortError>> + Send;
    /// Where an instance is; nothing where the state as indexed does not hold it.
    fn locate(&self, instance: &InstanceRef) -> impl Future<Output = Result<Option<Location>, PortError>> + Send;
}

/// What a live read brought.
#[derive(Clone, Debug, PartialEq)]
pub enum LiveReading {
    /// It is there: every attribute that can be compared, normalised on both sides.
    Found {
        /// The two sides of what somebody can configure.
        facets: Vec<Facet>,
        /// The two sides of what nobody can: attributes that the provider alone computes. A difference there is no drift.
        computed: Vec<Facet>,
        /// Which of it may not be shown (the state's marks included).
        sensitivity: Sensitivity,
    },
    /// A read that was allowed, in the right account and region, did not find it.
    Gone,
    /// Nothing could be concluded.
    Unknown(Reason),
}

/// What reads instances live.
pub trait LiveReader: Send + Sync {
    /// Which reader this is.
    fn reader(&self) -> Reader;
    /// Whether it can read instances of this type of this provider.
    fn reads(&self, provider: &str, type_name: &str) -> bool;
    /// Which reader reads this type: what several readers behind one say of each type.
    fn reader_of(&self, provider: &str, type_name: &str) -> Option<Reader> {
        self.reads(provider, type_name).then(|| self.reader())
    }
    /// What to do so that a type that it does not read could be read, where something can be done.
    fn hint(&self, _provider: &str, _type_name: &str) -> Option<String> {
        None
    }
    /// When what it will say of this instance was read, where that was before it is asked: an old look never counts as a new one.
    fn as_of(&self, _instance: &Instance) -> Option<Timestamp> {
        None
    }
    /// The page for people of this instance, where one is known.
    fn link(&self, _instance: &Instance) -> Option<String> {
        None
    }
    /// Reads one instance in its place, with credentials that are known to be of that account; without a place only what
    /// does not live in AWS ([`lives_in_aws`](drift_model::lives_in_aws)). Never fails: what goes wrong is [`LiveReading::Unknown`].
    fn read(&self, place: Option<&Place>, instance: &Instance) -> impl Future<Output = LiveReading> + Send;
}

impl<R: LiveReader> LiveReader for Arc<R> {
    fn reader(&self) -> Reader {
        (**self).reader()
    }

    fn reads(&self, provider: &str, type_name: &str) -> bool {
        (**self).reads(provider, type_name)
    }

    fn reader_of(&self, provider: &str, type_name: &str) -> Option<Reader> {
        (**self).reader_of(provider, type_name)
    }

    fn hint(&self, provider: &str, type_name: &str) -> Option<String> {
        (**self).hint(provider, type_name)
    }

    fn as_of(&self, instance: &Instance) -> Option<Timestamp> {
        (**self).as_of(instance)
    }

    fn link(&self, instance: &Instance) -> Option<String> {
        (**self).link(instance)
    }

    fn read(&self, place: Option<&Place>, instance: &Instance) -> impl Future<Output = LiveReading> + Send {
        (**self).read(place, instance)
    }
}

/// Credentials by account, each shown by `sts:GetCallerIdentity` to belong to it.
pub trait Credentials: Send + Sync {
    /// What a reader signs with.
    type Given: Send;
    /// Credentials of the account that `place` names; `wrong_account` where there are none.
    fn of(&self, place: &Place) -> impl Future<Output = Result<Self::Given, Reason>> + Send;
}

/// A drift as the ledger holds it, and the version by which a write can tell that nobody wrote between.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// The drift.
    pub drift: Drift,
    /// Counts the writes; opaque.
    pub version: u64,
    /// The alert that was not published yet, as far as is known.
    pub owed: Option<Owed>,
}

/// An alert that is owed from its transition until it was published.
#[derive(Clone, Debug, PartialEq)]
pub struct Owed {
    /// The alert.
    pub alert: Alert,
    /// When somebody last set out to publish it: at first whoever recorded the transition, then whoever claimed it.
    pub claimed: Timestamp,
}

/// What a conditional write came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Written {
    /// It is in.
    Yes,
    /// Somebody wrote between: read again, decide again.
    Conflict,
}

/// Which drifts to list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Query {
    /// Of one state.
    pub state: Option<StateId>,
    /// Of one account.
    pub account: Option<String>,
    /// Of one severity.
    pub severity: Option<drift_model::Severity>,
    /// Those that ended as well.
    pub closed_too: bool,
}

/// The findings.
pub trait Ledger: Send + Sync {
    /// What is held of an instance, read consistently.
    fn entry(&self, instance: &InstanceRef) -> impl Future<Output = Result<Option<Entry>, PortError>> + Send;
    /// Writes a drift and the alert that it owes in one, if what is held is still of version `expected` (nothing: if
    /// nothing is held) and was judged no later than `drift.last_judged`.
    fn write(&self, drift: &Drift, owed: Option<&Alert>, expected: Option<u64>) -> impl Future<Output = Result<Written, PortError>> + Send;
    /// Moves an open drift to a new name in one transaction, if the old one is still of version `expected` and the new one holds nothing open.
    fn carry(&self, from: &InstanceRef, expected: u64, drift: &Drift) -> impl Future<Output = Result<Written, PortError>> + Send;
    /// Takes on the publishing of an owed alert, if it is still owed and nobody else took it on since it was read.
    fn claim(&self, owed: &Owed, now: Timestamp) -> impl Future<Output = Result<Written, PortError>> + Send;
    /// Clears the owed alert of that transition; nothing happens where another one is owed.
    fn clear_owed(&self, instance: &InstanceRef, transition: &str) -> impl Future<Output = Result<(), PortError>> + Send;
    /// The alerts that are owed, the one whose last claim is oldest first, at most `limit`.
    fn owed(&self, limit: usize) -> impl Future<Output = Result<Vec<Owed>, PortError>> + Send;
    /// The drifts that fit, the worst and newest first.
    fn list(&self, query: &Query) -> impl Future<Output = Result<Vec<Drift>, PortError>> + Send;
}

/// What a subscriber is told: one transition of one drift, with all that a message needs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Alert {
    /// What happened; its id is the alert's.
    pub transition: Transition,
    /// The drift as the transition left it. Holds no sensitive value.
    pub drift: Drift,
    /// For a resolution, what had differed: the drift itself no longer says.
    #[serde(default)]
    pub was: Vec<drift_model::Difference>,
}

/// Who is told.
pub trait Alerts: Send + Sync {
    /// Publishes an alert, at least once.
    fn publish(&self, alert: &Alert) -> impl Future<Output = Result<(), PortError>> + Send;
}

/// The queue of the function that works on it.
pub trait Later: Send + Sync {
    /// Puts work on the queue of the function whose work it is, after a delay of at most 900 s.
    fn later(&self, work: &Work, delay: Duration) -> impl Future<Output = Result<(), PortError>> + Send;
}

/// Where what cannot succeed goes.
pub trait DeadLetters: Send + Sync {
    /// Sends a message there, with why it cannot succeed, the record's id where there is one, and the function.
    fn bury(&self, message: &str, reason: &str, record: Option<&str>, function: &str)
    -> impl Future<Output = Result<(), PortError>> + Send;
}

/// A dead letter in hand: nobody else is given it for a short while.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// What it says.
    pub letter: DeadLetter,
    /// By which it is given back or deleted; opaque.
    pub receipt: String,
}

/// What a queue of dead letters gave out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Dug {
    /// Each once, the oldest first.
    pub held: Vec<Held>,
    /// Whether there may be more than a bounded number of looks brought.
    pub more: bool,
}

/// The dead letters, for people.
pub trait Graveyard: Send + Sync {
    /// Takes into hand what is there, for long enough to read it and to decide.
    fn dig(&self) -> impl Future<Output = Result<Dug, PortError>> + Send;
    /// Gives letters back at once; without it they come back by themselves a little later.
    fn give_back(&self, letters: &[Held]) -> impl Future<Output = Result<(), PortError>> + Send;
    /// Sends a message to a function's queue, as new.
    fn resend(&self, body: &str, to: Function) -> impl Future<Output = Result<(), PortError>> + Send;
    /// Deletes a letter for good.
    fn delete(&self, letter: &Held) -> impl Future<Output = Result<(), PortError>> + Send;
}

/// What a scan keeps between its parts, and from one scan to the next. A note is whole or not there: what was half written, or is
/// being written by somebody else, is not.
pub trait Notes: Send + Sync {
    /// What is kept under that key. It may still be there for a while after it expired: who minds writes the time into it.
    fn note(&self, key: &str) -> impl Future<Output = Result<Option<Vec<u8>>, PortError>> + Send;
    /// Keeps a note of any length under that key, in place of what was there, until it expires.
    fn keep(&self, key: &str, note: &[u8], expires: Timestamp) -> impl Future<Output = Result<(), PortError>> + Send;
    /// Forgets what is kept under that key, if anything is.
    fn forget(&self, key: &str) -> impl Future<Output = Result<(), PortError>> + Send;
}

/// When `event-detector` was last heard of.
pub trait Heartbeat: Send + Sync {
    /// Notes that a record was handled now. Writes at most once a minute, however often it is called.
    fn beat(&self, now: Timestamp) -> impl Future<Output = Result<(), PortError>> + Send;
    /// When a record was handled last, to the minute; nothing where none ever was.
    fn last(&self) -> impl Future<Output = Result<Option<Timestamp>, PortError>> + Send;
}

/// One entry of a state's map of byte ranges: what the index keeps by key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Placed {
    /// The instance within its state.
    pub key: InstanceKey,
    /// Where it is.
    pub location: Location,
}
