//! Keeps the index up with the Terraform states. Decides nothing itself: see `drift-engine`.

mod handler;

use std::process::ExitCode;

use drift_engine::work;
use drift_lambda::{Settings, Wiring, ended, environment, start_log};
use lambda_runtime::{Error, LambdaEvent, service_fn};
use serde_json::Value;

use crate::handler::Function;

#[tokio::main]
async fn main() -> ExitCode {
    ended(work::Function::StateIndexer.name(), run().await)
}

async fn run() -> Result<(), Error> {
    start_log(environment("DRIFTWIRE_LOG").as_deref());
    let settings = Settings::read(work::Function::StateIndexer, environment)?;
    let wiring = Wiring::new(&settings).await?;
    let function = &Function { wiring, settings };
    lambda_runtime::run(service_fn(move |event: LambdaEvent<Value>| Box::pin(handler::handle(function, event.payload)))).await
}
