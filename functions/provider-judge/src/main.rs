//! Judges through Terraform's provider plugins what `event-detector`'s reader does not read. Decides nothing itself: see
//! `drift-engine`.

mod handler;
mod image;
mod package;
mod plugins;

use std::{path::Path, process::ExitCode};

use drift_engine::{
    detect::{Detector, Role},
    work::Function,
};
use drift_lambda::{Settings, SettingsError, Wiring, ended, environment, start_log};
use lambda_runtime::{Error, LambdaEvent, service_fn};
use serde_json::Value;

fn main() -> ExitCode {
    drift_provider::guard();
    ended(Function::ProviderJudge.name(), run())
}

#[tokio::main]
async fn run() -> Result<(), Error> {
    start_log(environment("DRIFTWIRE_LOG").as_deref());
    let settings = Settings::read(Function::ProviderJudge, environment)?;
    let in_image = |folder: &Path| image::plugins(folder).map_err(|error| SettingsError::of("DRIFTWIRE_PLUGIN_DIR", error.to_string()));
    let in_image = settings.plugin_dir.as_deref().map(in_image).transpose()?.unwrap_or_default();
    let guard = std::env::current_exe()?;
    let wiring = Wiring::around(&settings, |aws| plugins::reader(aws, in_image, &settings, guard)).await?;
    let mut detector = Detector::new(wiring);
    detector.role = Role::ProviderJudge;
    detector.ignore = detector.ports.ignore(&settings).await?;
    detector.timing = settings.timing;
    let detector = &detector;
    lambda_runtime::run(service_fn(move |event: LambdaEvent<Value>| Box::pin(handler::handle(detector, event)))).await
}
