//! The use cases of Driftwire (detect, index, judge, explain) over ports.
//!
//! This crate knows no AWS SDK and no Lambda: what reaches outside does so through [`ports`], whose implementations on
//! AWS are in `drift-aws` and whose implementations in memory are in [`memory`].

pub mod alert;
pub mod confirm;
pub mod dead_letter;
pub mod detect;
pub mod doctor;
pub mod ignore;
pub mod index;
pub mod judge;
pub mod ledger;
pub mod memory;
pub mod naming;
mod patience;
pub mod ports;
mod reindex;
pub mod scan;
pub mod severity;
mod timing;
mod wildcard;
pub mod work;

pub use patience::{Patience, patience};
pub use reindex::after_index;
pub use timing::Timing;
pub use wildcard::fits;
