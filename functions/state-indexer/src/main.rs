//! Keeps the index up with the Terraform states. Decides nothing itself: see `drift-engine`.

mod handler;

use drift_lambda::{Settings, Wiring, start_log};
use lambda_runtime::{Error, LambdaEvent, service_fn};
use serde_json::Value;

use crate::handler::Function;

#[tokio::main]
async fn main() -> Result<(), Error> {
    start_log(std::env::var("DRIFTWIRE_LOG").ok().as_deref());
    let settings = Settings::read(|name| std::env::var(name).ok())?;
    let wiring = Wiring::new(&settings).await?;
    let function = &Function { wiring, settings };
    lambda_runtime::run(service_fn(move |event: LambdaEvent<Value>| Box::pin(handler::handle(function, event.payload)))).await
}
