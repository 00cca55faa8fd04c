//! Driftwire on a laptop or in CI: the same engine as the functions, on states at hand.
//!
//! What it does not do: change what it watches. Neither the cloud that it looks at nor a state is ever written; the two
//! commands that write, `index rebuild` and `dead-letters retry`, write Driftwire's own table and queues.

use std::process::ExitCode;

use clap::Parser;

mod args;
mod cloud;
mod commands;
mod exit;
mod github;
mod input;
mod notes;
mod output;
mod plugins;
mod progress;
mod readers;
mod report;
mod scan_report;
mod states;
mod trail;

fn main() -> ExitCode {
    drift_provider::guard();
    match args::Args::try_parse() {
        Ok(args) => exit::finish(commands::run(args)),
        Err(error) => exit::usage(&error),
    }
}
