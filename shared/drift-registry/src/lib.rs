//! Where Terraform's provider plugins are: on this disk, or in a registry.
//!
//! [`Plugins`] looks where Terraform itself keeps plugins, in the order that `docs/providers.md` gives, and remembers
//! of every place why nothing there served. [`Registry`] downloads, only when it is asked to, and checks what it got.
//! [`Lock`] tells what `.terraform.lock.hcl` says. This crate starts no plugin, chooses no version by what a state
//! needs, checks no signature, writes nowhere but in its own cache and where it is told to, and knows no AWS. The
//! environment comes in as a closure.

mod archive;
mod cache;
mod config;
mod download;
mod error;
mod hashes;
mod http;
mod installation;
mod lock;
mod mirror;
mod package;
mod places;
mod platform;
mod plugins;
mod registry;
mod search;
mod source;
mod surroundings;
mod syntax;

pub use archive::{pack, unpack, unpack_once, verify_zip};
pub use cache::Sums;
pub use config::ConfigProblem;
pub use error::RegistryError;
pub use hashes::Hashing;
pub use lock::{Lock, Locked, verify};
pub use package::{Candidate, Form, Origin, Package, Rule, executable_in};
pub use platform::Platform;
pub use plugins::{Plugins, list_folder};
pub use registry::{Offered, Registry, Wish};
pub use search::{Looked, Outcome, Refused, Search, WhyNot};
pub use semver::Version;
pub use source::{Build, Source};
pub use surroundings::Surroundings;
