//! The client: who asks, how fast, and what an answer or a refusal means.

mod answer;
mod auth;
mod calls;
mod connections;
mod denial;
mod error;
mod github;
mod graphql;
mod identity;
mod jwt;
mod lists;
mod operation;
mod pace;
mod queries;
mod renewal;
mod secret;
mod settings;
mod transport;
mod used;

pub use answer::{Answer, Get, Validator};
pub use error::Error;
pub use github::Github;
pub use graphql::{Data, Problem, Query};
pub use identity::{Identity, RepositorySelection, TokenKind};
pub(crate) use operation::IN_SEGMENT;
pub use pace::Pace;
pub use secret::Secret;
pub use settings::{Credential, Settings, SettingsError};
pub use used::Used;
