//! Terraform state files to instances, with their identifiers and byte ranges.
//!
//! [`read`] goes once over the bytes of a whole state and keeps of each instance only what an index needs; [`instance`]
//! decodes the bytes of a single one. This crate does no I/O, knows no catalog and no AWS SDK, writes no states, and
//! reads none older than version 4.

mod document;
mod error;
mod exact;
mod fragment;
mod key;
mod lenient;
mod place;
mod provider;
mod read;

pub use error::StateError;
pub use fragment::{Outside, instance};
pub use provider::provider_source;
pub use read::{Found, Problem, Settings, State, read};
