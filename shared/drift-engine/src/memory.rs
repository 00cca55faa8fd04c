//! The ports in memory: real enough to be what the command line uses where it needs no AWS, and what the tests stand on.
//!
//! Nothing here waits, and no clock moves but by hand. [`MemoryLedger`] keeps the conditions of its port exactly.

mod ledger;
mod notes;
mod outside;
mod queue;
mod states;

#[cfg(test)]
pub(crate) mod examples;

pub use ledger::MemoryLedger;
pub use notes::MemoryNotes;
pub use outside::{DeadLetter, ManualClock, MemoryAlerts, MemoryDeadLetters, ScriptedReader};
pub use queue::MemoryQueue;
pub use states::MemoryStates;
