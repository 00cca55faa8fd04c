//! From messages to deliveries, and from answers to what SQS is told.

use aws_lambda_events::sqs::SqsBatchResponse;
use drift_engine::{
    detect::{Detector, Ports},
    ports::LiveReader,
    work::Function,
};
use drift_events::Malformed;
use drift_lambda::{Decoded, EdgeError, Message, Wiring, deadline, decoded_work, detect, done, finish, measure, messages};
use lambda_runtime::LambdaEvent;
use serde_json::Value;

const FUNCTION: &str = Function::ProviderJudge.name();

/// Handles one invocation, and answers before Lambda ends it.
pub(crate) async fn handle<R: LiveReader>(
    detector: &Detector<Wiring<R>>,
    event: LambdaEvent<Value>,
) -> Result<SqsBatchResponse, EdgeError> {
    let messages = messages(&event.payload);
    let decoded: Vec<Decoded> = messages.iter().map(decode).collect();
    let last_moment = deadline::last_moment(event.context.deadline);
    let detected = detect(detector, &decoded, || deadline::reached(last_moment)).await;
    let metrics = measure(&decoded, &detected);
    let ports = &detector.ports;
    finish(&messages, done(decoded, detected), metrics, &ports.dead_letters, ports.clock(), FUNCTION).await
}

fn decode(message: &Message) -> Decoded {
    decoded_work(message).unwrap_or_else(|| {
        let why = "it is no work that a function left: only event-detector takes records".to_owned();
        Decoded { malformed: vec![Malformed { at: "the message".to_owned(), why }], ..Decoded::default() }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_none_of_its_business() {
        let decoded = |body: &str| decode(&Message { body: body.to_owned(), ..Message::default() });
        let record = decoded(r#"{"detail": {"eventID": "e-1", "eventName": "StopInstances"}}"#);
        assert_eq!((record.delivery.items.len(), record.malformed.len()), (0, 1));
        let work = decoded(
            r#"{"driftwire": "judge", "by": "provider-judge", "instances": [], "changes": [], "why": "handed", "attempt": 0, "since": "2026-03-14T09:27:00Z"}"#,
        );
        assert_eq!((work.delivery.items.len(), work.malformed.len()), (1, 0));
    }
}
