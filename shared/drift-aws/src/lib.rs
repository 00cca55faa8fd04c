//! The ports of Driftwire on AWS, and the native reader.

mod alerts;
mod client;
mod credentials;
mod failure;
mod index;
mod ledger;
mod native;
mod queue;
mod states;
mod table;

pub use alerts::SnsAlerts;
pub use client::{ClientSettings, http_client, load};
pub use credentials::{Accounts, AssumedRole};
pub use index::DynamoIndex;
pub use ledger::DynamoLedger;
pub use native::{NativeReader, UntypedCalls};
pub use queue::{SqsDeadLetters, SqsQueues};
pub use states::{StatePattern, StatePatternError, States};
