//! What the edge of every Lambda function shares.

pub mod config;
