//! The use cases of Driftwire (detect, index, judge, explain) over ports.
//!
//! This crate knows no AWS SDK and no Lambda: what reaches outside does so through [`ports`], whose implementations on
//! AWS are in `drift-aws` and whose implementations in memory are in [`memory`].

pub mod ignore;
pub mod judge;
pub mod ledger;
pub mod memory;
pub mod ports;
mod reader;
pub mod severity;
mod timing;
mod wildcard;
pub mod work;

pub use reader::First;
pub use timing::Timing;
