//! The words of Driftwire as types, and the comparison of recorded with live values.
//!
//! This crate does no I/O, is not async, and knows neither AWS's SDK nor any file format: the crates around it
//! turn states, CloudTrail records and API answers into these types. Comparison cannot fail.

mod actor;
mod address;
mod change;
mod comparison;
mod difference;
mod drift;
mod identifier;
mod instance;
mod place;
mod redaction;
mod sensitivity;
mod verdict;

pub use actor::{Actor, ActorKind, Tool};
pub use address::{Address, AddressError, InstanceKey};
pub use change::{Change, Named, RecordId};
pub use comparison::{Facet, compare};
pub use difference::{Difference, Shown};
pub use drift::{Cause, Drift, DriftStatus, Severity, Transition, TransitionKind};
pub use identifier::{Declared, Identifier, Scope, Strength, identifier_forms, identifiers_of, may_identify};
pub use instance::{ByteRange, Instance, InstanceRef, StateId};
pub use jiff::Timestamp;
pub use place::{Place, lives_in_aws, lives_in_github};
pub use redaction::Redaction;
pub use sensitivity::{AttributePath, PathStep, Sensitivity, looks_like_a_credential, names_a_secret};
pub use serde_json::{Map, Value};
pub use verdict::{Judgement, Reader, Reason, ReasonKind, Verdict};

/// An instance's attributes, by Terraform's name of each.
pub type Attributes = Map<String, Value>;
