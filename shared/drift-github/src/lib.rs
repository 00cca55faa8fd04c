//! The port on GitHub: its REST and GraphQL APIs, asked within the limits that GitHub sets.
//!
//! A read is made as GitHub's own description writes it (`GET /repos/{owner}/{repo}`), so that the catalog's reads of GitHub are data
//! like those of AWS. This crate writes nothing to GitHub, concludes nothing from what it reads, and knows neither states nor AWS.

mod answers;
mod audit;
mod bulk;
mod client;
pub mod gone;
mod kept;
mod known;
mod link;
mod managed;
mod number;
mod operation;
mod owner;
mod reader;
pub mod scan;
mod shapes;
mod states;
mod unmanaged;

pub use client::{
    Answer, Credential, Data, Error, Get, Github, Identity, Pace, Problem, Query, RepositorySelection, Secret, Settings, SettingsError,
    TokenKind, Used, Validator,
};
pub use managed::{Managed, Oddity};
pub use owner::Configurations;
pub use reader::GithubReader;
pub use states::ManagedStates;
