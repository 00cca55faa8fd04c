//! What is known of each resource type, and what interprets it.
//!
//! The knowledge itself is data: `catalog/<provider>/<service>.toml`, one block a type. This crate compiles it, makes a
//! type's reads through the port [`AwsCall`], and brings what the state records and what the cloud answers into one form.
//! It knows no AWS SDK, makes no requests of its own and concludes nothing: comparing is `drift-model`'s, judging
//! `drift-engine`'s.

mod builtin;
mod call;
mod catalog;
mod expression;
mod functions;
mod normalise;
mod read;
mod reader;
mod resource;
pub mod shapes;
mod structure;
mod template;

pub use call::{AwsCall, CallError, CallErrorKind};
pub use catalog::{Catalog, CatalogError};
pub use expression::{Expression, ExpressionError, Root};
pub use normalise::Normaliser;
pub use read::Reading;
pub use resource::{AttributeRule, Pages, Read, Resource, Witness, Witnesses};
pub use structure::Structure;
pub use template::{Template, TemplateError};
