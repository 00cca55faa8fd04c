//! The provider reader.
mod proto;
