//! One module a command.

mod check;
mod dead_letters;
mod doctor;
mod drift;
mod explain;
mod index;
mod providers;
mod scan;

use crate::{
    args::{Args, Command},
    exit::ExitStatus,
    output,
};

/// Runs what the command line asks for.
pub(crate) fn run(args: Args) -> anyhow::Result<ExitStatus> {
    output::choose_color(args.color);
    // One thread: the work is waiting for answers, and a thread pool would cost every start.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        match args.command {
            Command::Check(check) => check::run(check, &args.cloud).await,
            Command::Explain(explain) => explain::run(explain, &args.cloud).await,
            Command::Index(index) => index::run(index, &args.cloud).await,
            Command::Drift(drift) => drift::run(drift, &args.cloud).await,
            Command::DeadLetters(letters) => dead_letters::run(letters, &args.cloud).await,
            Command::Providers(providers) => providers::run(providers, &args.cloud).await,
            Command::Scan(scan) => Box::pin(scan::run(scan, &args.cloud)).await,
            Command::Doctor(doctor) => Box::pin(doctor::run(doctor, &args.cloud)).await,
        }
    })
}
