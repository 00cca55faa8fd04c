//! What a judgement does to what the ledger holds.
//!
//! [`transition`] is the rule, pure; [`record`] applies it to the [`Ledger`](crate::ports::Ledger) port by conditional
//! writes and tells what has to be told.

mod bounds;
mod causes;
mod leave;
mod record;
mod transition;

pub use bounds::bounded;
pub use causes::{MAX_ALSO_SEEN, MAX_CAUSES, Seen, cause};
pub use leave::{carried, left};
pub use record::{Owing, Recording, carry, owing, record, sweep};
pub use transition::{Look, MAX_HISTORY, Step, expires, transition, transition_id};
