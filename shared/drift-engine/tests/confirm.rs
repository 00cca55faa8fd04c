//! A second opinion on what the native reader found.

use drift_engine::{confirm::confirm, judge::judge, memory::ScriptedReader};
use drift_model::{Address, Instance, InstanceKey, Place, ReasonKind, StateId, Timestamp, Value, Verdict};
use futures::FutureExt as _;
use serde_json::json;

fn place() -> Place {
    Place::new("aws", "123456789012", "eu-west-1")
}

fn queue(type_name: &str) -> Instance {
    let Value::Object(attributes) = json!({"id": "q", "delay_seconds": 0, "max_message_size": 1024}) else { unreachable!() };
    Instance {
        place: Some(place()),
        ..Instance::new(InstanceKey::from(Address::new(None, type_name, "a", "")), "registry.terraform.io/hashicorp/aws", attributes)
    }
}

/// A reader that reads these attributes; nothing where it is gone.
fn reader(live: impl Into<Option<Value>>) -> ScriptedReader {
    let reader = ScriptedReader::default();
    if let Some(Value::Object(live)) = live.into() {
        reader.put(&place(), "aws_sqs_queue", "q", live.into_iter().collect());
    }
    reader
}

/// What the two say together: the verdict, and what was not confirmed.
#[track_caller]
fn check(first: impl Into<Option<Value>>, second: &ScriptedReader, expected: &str) {
    let (state, queue) = (StateId("a.tfstate".to_owned()), queue("aws_sqs_queue"));
    let confirmed = async {
        let judgement = judge(&reader(first), &state, &queue, Timestamp::UNIX_EPOCH).await;
        confirm(second, judgement, &queue).await
    };
    let (judgement, unconfirmed) = confirmed.now_or_never().expect("a reader in memory does not wait");
    let paths = |differences: &[drift_model::Difference]| differences.iter().map(|one| one.path.clone()).collect::<Vec<_>>().join(" ");
    let verdict = match &judgement.verdict {
        Verdict::Unknown { reason } => format!("unknown ({}): {}", reason.kind, reason.message),
        verdict => format!("{} {}", verdict.name(), paths(verdict.differences())),
    };
    let unconfirmed = unconfirmed.map(|one| format!(" | {} {}", one.verdict, paths(&one.differences))).unwrap_or_default();
    assert_eq!(format!("{}{unconfirmed}", verdict.trim()).trim(), expected);
}

fn delayed() -> Value {
    json!({"delay_seconds": 9, "max_message_size": 2048})
}

#[test]
fn what_both_find_counts_and_what_one_finds_alone_is_said() {
    check(delayed(), &reader(delayed()), "drifted delay_seconds max_message_size");
    check(delayed(), &reader(json!({"delay_seconds": 8, "max_message_size": 1024})), "drifted delay_seconds | drifted max_message_size");
    check(delayed(), &reader(json!({"delay_seconds": 0})), "in_sync | drifted delay_seconds max_message_size");
}

#[test]
fn gone_is_gone_where_neither_finds_it() {
    check(None, &reader(None), "missing");
    check(None, &reader(delayed()), "drifted delay_seconds max_message_size | missing");
    check(None, &reader(json!({"delay_seconds": 0})), "in_sync | missing");
    check(delayed(), &reader(None), "missing | drifted delay_seconds max_message_size");
}

#[test]
fn where_the_second_cannot_tell_nothing_is_known() {
    let denied = ScriptedReader::default();
    denied.refuse(&place(), "aws_sqs_queue", "q", ReasonKind::AccessDenied);
    let said = "a drift was found and could not be confirmed: the read came to `access_denied`";
    check(delayed(), &denied, &format!("unknown (access_denied): {said} | drifted delay_seconds max_message_size"));
}

#[test]
fn a_drift_does_not_vanish_among_the_types_that_nobody_reads() {
    let unreading = ScriptedReader::default();
    unreading.refuse(&place(), "aws_sqs_queue", "q", ReasonKind::Unsupported);
    let said = "that it is gone was found and could not be confirmed: the read came to `unsupported`";
    check(None, &unreading, &format!("unknown (error): {said} | missing"));
}

#[test]
fn what_is_in_sync_is_not_asked_again() {
    let second = reader(None);
    check(json!({"delay_seconds": 0}), &second, "in_sync");
    assert_eq!(second.reads_made(), 0);
}
