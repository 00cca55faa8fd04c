//! What is known of each resource type, and what interprets it.

mod call;

pub use call::{AwsCall, CallError, CallErrorKind};
