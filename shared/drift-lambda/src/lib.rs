//! What the edge of every Lambda function shares: configuration, logging, batches, and the wiring of the ports.
//!
//! This crate decides nothing about drift: it decodes what Lambda hands over, calls a use case, and encodes the answer.

mod batch;
mod config;
pub mod deadline;
mod ended;
mod github;
mod judging;
mod log;
mod metrics;
mod plugin;
mod reading;
mod shapes;
mod slack;
mod variables;
mod wiring;
#[cfg(test)]
mod written;

pub use batch::{Done, Message, finish, isolated, messages, panicked};
pub use config::{IgnoreFrom, Settings, environment};
pub use ended::ended;
pub use github::GithubSettings;
pub use judging::{Decoded, decoded_work, detect, done, measure};
pub use log::start_log;
pub use metrics::{METRICS, Metric, Metrics};
pub use plugin::{PluginPackage, PluginPackageError};
pub use reading::{SettingsError, WrongVariable};
pub use slack::SlackSettings;
pub use variables::{SetBy, VARIABLES, Variable};
pub use wiring::{Aws, Native, Wiring};

use drift_engine::ports::PortError;

/// An error at a function's edge: Lambda repeats an invocation that ends in one.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct EdgeError(#[from] pub PortError);

impl From<EdgeError> for lambda_runtime::Diagnostic {
    fn from(error: EdgeError) -> Self {
        let error_type = match &error.0 {
            PortError::Retryable { .. } => "Retryable",
            PortError::Permanent { .. } => "Permanent",
        };
        Self { error_type: error_type.to_owned(), error_message: error.to_string() }
    }
}
