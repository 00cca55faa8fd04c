//! Turns alerts into messages in Slack. Judges nothing: what it is told, it tells.

mod destination;
mod handler;
mod http;
mod message;
mod notification;
mod notifier;
mod slack;

use std::process::ExitCode;

use drift_aws::{ClientSettings, DynamoTold, Secrets, SqsDeadLetters, SqsQueue, SystemClock, load};
use drift_engine::work;
use drift_lambda::{SlackSettings, ended, environment, start_log};
use lambda_runtime::{Error, LambdaEvent, service_fn};
use serde_json::Value;

use crate::{destination::Destinations, handler::Function, http::Http, notifier::Notifier, slack::Slack};

#[tokio::main]
async fn main() -> ExitCode {
    ended(work::Function::SlackNotifier.name(), run().await)
}

async fn run() -> Result<(), Error> {
    start_log(environment("DRIFTWIRE_LOG").as_deref());
    let settings = SlackSettings::read(environment)?;
    let post_message = format!("{}/chat.postMessage", settings.api_url).parse()?;
    let config = load(&ClientSettings::default()).await;
    let notifier = Notifier {
        told: DynamoTold::new(&config, &settings.told_table),
        destinations: Destinations::new(Secrets::new(config.clone()), settings.secret, settings.channel),
        slack: Slack { http: Http::new(config.clone()), post_message },
        clock: SystemClock { moved_by: settings.clock_file },
        paused_until: None.into(),
    };
    let dead_letters = SqsDeadLetters::new(&config, &settings.dead_letter_queue);
    let function = &Function { notifier, queue: SqsQueue::new(&config, &settings.queue), dead_letters };
    lambda_runtime::run(service_fn(move |event: LambdaEvent<Value>| Box::pin(handler::handle(function, event)))).await
}
