//! The ports of Driftwire on AWS, and the native reader.

mod client;
mod credentials;
mod native;

pub use client::{ClientSettings, http_client, load};
pub use credentials::{Accounts, AssumedRole};
pub use native::UntypedCalls;
