//! Turns CloudTrail records into judged drift. Decides nothing itself: see `drift-engine`.

mod handler;

use std::process::ExitCode;

use drift_engine::{
    detect::{Detector, Others, Role},
    work::Function,
};
use drift_lambda::{Settings, Wiring, ended, environment, start_log};
use lambda_runtime::{Error, LambdaEvent, service_fn};
use serde_json::Value;

#[tokio::main]
async fn main() -> ExitCode {
    ended(Function::EventDetector.name(), run().await)
}

async fn run() -> Result<(), Error> {
    start_log(environment("DRIFTWIRE_LOG").as_deref());
    let settings = Settings::read(Function::EventDetector, environment)?;
    let wiring = Wiring::new(&settings).await?;
    let mut detector = Detector::new(wiring);
    let others = Others { provider_judge: settings.provider_queue.is_some(), github_scanner: settings.github_queue.is_some() };
    detector.role = Role::EventDetector { others };
    detector.ignore = detector.ports.ignore(&settings).await?;
    detector.timing = settings.timing;
    let detector = &detector;
    lambda_runtime::run(service_fn(move |event: LambdaEvent<Value>| Box::pin(handler::handle(detector, event.payload)))).await
}
