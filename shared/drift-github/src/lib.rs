//! The port on GitHub: its REST and GraphQL APIs, asked within the limits that GitHub sets.
//!
//! A read is made as GitHub's own description writes it (`GET /repos/{owner}/{repo}`), so that the catalog's reads of GitHub are data
//! like those of AWS. This crate writes nothing to GitHub, concludes nothing from what it reads, and knows neither states nor AWS.

mod client;

pub use client::{
    Answer, Credential, Data, Error, Get, Github, Identity, Pace, Problem, Query, RepositorySelection, Secret, Settings, SettingsError,
    TokenKind, Used, Validator,
};
