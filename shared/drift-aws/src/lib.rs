//! The ports of Driftwire on AWS, and the native reader.

mod client;

pub use client::{ClientSettings, http_client, load};
