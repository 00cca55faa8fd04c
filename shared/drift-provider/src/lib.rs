//! The provider reader: reads instances through Terraform's own provider plugins.
//!
//! Starts a provider's plugin as a process, speaks its protocol (versions 5 and 6) over gRPC, hands it what the state records and asks
//! what is there: exactly what `terraform plan -refresh-only` would see, for every type of every provider.
//!
//! What it does not do: find or fetch plugins (that is [`Plugins`], implemented by whoever reads), plan, apply, import, or read data
//! sources. It knows no state files: it is given instances.

mod client;
mod config;
mod describe;
mod diagnostics;
mod facets;
mod guard;
mod handshake;
mod look;
mod plugin;
mod pool;
mod process;
mod proto;
mod reader;
mod schema;
mod tls;
mod value;

pub use describe::{Description, describe};
pub use guard::{Guarding, guard};
pub use plugin::{Plugin, Plugins, Settings};
pub use reader::ProviderReader;
