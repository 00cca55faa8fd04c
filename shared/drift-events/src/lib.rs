//! CloudTrail records to changes: what a record did, who did it, when, where, and which strings of it may name a resource.
//!
//! This crate does no I/O, knows no resource type and no state, and concludes nothing about drift: it tells records apart
//! and reduces them. It never panics, whatever the bytes. A value that is not needed is not kept, and a string that may
//! be a secret is never among a change's names.

mod actor;
mod envelope;
mod event_name;
mod fields;
mod internal;
mod json;
mod names;
mod reading;

pub use envelope::{Malformed, records};
pub use reading::{Outcome, Reading, RecordHead, read};
