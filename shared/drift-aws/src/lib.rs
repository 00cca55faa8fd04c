//! The ports of Driftwire on AWS, and the native reader.

mod client;
mod credentials;
mod failure;
mod index;
mod native;
mod states;

pub use client::{ClientSettings, http_client, load};
pub use credentials::{Accounts, AssumedRole};
pub use index::DynamoIndex;
pub use native::{NativeReader, UntypedCalls};
pub use states::{StatePattern, StatePatternError, States};
