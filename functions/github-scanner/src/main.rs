//! Looks at everything of a GitHub organisation, on a schedule. Decides nothing itself: see `drift-github` and `drift-engine`.

mod credential;
mod handler;
mod kept;
mod ready;
mod scan;
#[cfg(test)]
mod world;

use std::process::ExitCode;

use drift_aws::{ClientSettings, DynamoNotes, Secrets, SqsDeadLetters, SqsQueue, SystemClock, load};
use drift_engine::work;
use drift_lambda::{Settings, Wiring, ended, environment, start_log};
use lambda_runtime::{Error, LambdaEvent, service_fn};
use serde_json::Value;

use crate::{handler::Function, kept::Kept, ready::Readiness};

#[tokio::main]
async fn main() -> ExitCode {
    ended(work::Function::GithubScanner.name(), run().await)
}

async fn run() -> Result<(), Error> {
    start_log(environment("DRIFTWIRE_LOG").as_deref());
    let settings = Settings::read(work::Function::GithubScanner, environment)?;
    let ignore = Wiring::around(&settings, |_| ()).await?.ignore(&settings).await?;
    let (Some(github), Some(queue)) = (settings.github.clone(), settings.github_queue.clone()) else {
        return Err("what it needs of GitHub is not set".into());
    };
    let config = load(&ClientSettings::default()).await;
    let function = &Function {
        queue: SqsQueue::new(&config, queue),
        dead_letters: SqsDeadLetters::new(&config, &settings.dead_letter_queue),
        clock: SystemClock { moved_by: settings.clock_file.clone() },
        timing: settings.timing.clone(),
        readiness: Readiness {
            notes: DynamoNotes::new(&config, &settings.ledger_table),
            secrets: Secrets::new(config),
            github,
            ignore,
            settings,
            kept: Kept::default(),
        },
    };
    lambda_runtime::run(service_fn(move |event: LambdaEvent<Value>| Box::pin(handler::handle(function, event)))).await
}
