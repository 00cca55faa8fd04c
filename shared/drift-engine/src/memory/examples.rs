//! What the tests speak of, in few words.

use drift_model::{Actor, ActorKind, Change, InstanceRef, Place, RecordId, StateId, Timestamp};

/// So many seconds after the beginning of time.
pub(crate) fn time(seconds: i64) -> Timestamp {
    Timestamp::from_second(seconds).expect("a time")
}

pub(crate) fn place() -> Place {
    Place::new("aws", "123456789012", "eu-west-1")
}

pub(crate) fn instance(state: &str, address: &str) -> InstanceRef {
    InstanceRef { state: StateId(state.to_owned()), key: address.parse::<drift_model::Address>().expect("an address").into() }
}

/// A change by a person, at so many seconds.
pub(crate) fn change(id: &str, seconds: i64) -> Change {
    Change {
        id: RecordId(id.to_owned()),
        source: "sqs.amazonaws.com".to_owned(),
        name: "SetQueueAttributes".to_owned(),
        time: time(seconds),
        place: place(),
        actor: Actor { kind: ActorKind::SsoUser, name: "alice (Admin)".to_owned(), tool: None, console: true },
        source_address: Some("192.0.2.7".to_owned()),
        user_agent: Some("Mozilla/5.0".to_owned()),
        names: Vec::new(),
        names_left_out: 0,
    }
}
