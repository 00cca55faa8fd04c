//! Work, ignore files and names that nobody should write: refused or bounded, and what is left out is counted.

#[path = "../../drift-model/tests/support/hostile.rs"]
mod hostile;

use std::{
    pin::pin,
    task::{Context, Poll, Waker},
};

use drift_catalog::Catalog;
use drift_engine::{
    detect::{Concerning, Delivery, Detector, Item, Naming, Outcome, Ports},
    ignore::{Ignore, IgnoreError},
    index::{Index, MemoryStore},
    memory::{ManualClock, MemoryAlerts, MemoryLedger, MemoryQueue, MemoryStates, ScriptedReader},
    naming,
    ports::PortError,
    work::Work,
};
use drift_model::{Address, Attributes, Change, Instance, InstanceKey, Timestamp, Value};
use proptest::prelude::*;
use serde_json::json;

use hostile::{harmed, harms};

/// Nothing in memory ever waits.
fn now<F: Future>(future: F) -> F::Output {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("a port in memory waited"),
    }
}

fn record(names: usize) -> Value {
    let ids: Vec<String> = (0..names).map(|number| format!("sg-{number:08x}")).collect();
    json!({
        "eventID": "e", "eventTime": "2026-03-14T09:27:00Z", "eventSource": "ec2.amazonaws.com", "eventName": "CreateTags",
        "awsRegion": "eu-west-1", "recipientAccountId": "123456789012", "requestParameters": {"groupIds": ids},
    })
}

fn change(names: usize) -> Change {
    match drift_events::read(record(names).to_string().as_bytes()).outcome {
        drift_events::Outcome::Change(change) => *change,
        other => panic!("{other:?}"),
    }
}

/// Work to judge one instance because of one change.
fn work() -> Value {
    let instance = json!({"state": "s3://states/a", "key": {"address": "aws_vpc.a[\"b\"]"}});
    json!({"driftwire": "judge", "instances": [instance], "changes": [{"change": change(1), "cause_of": [instance]}], "why": "recheck",
        "attempt": 1, "since": "2026-03-14T09:27:00Z"})
}

#[test]
fn work_of_before_names_were_counted_is_still_work() {
    let mut work = work();
    work["changes"][0]["change"].as_object_mut().expect("a change").remove("names_left_out");
    assert!(serde_json::from_value::<Work>(work).is_ok());
}

#[test]
fn a_message_of_brackets_is_no_work() {
    for open in ["[", "{\"driftwire\":", "{\"driftwire\":\"judge\",\"instances\":["] {
        assert!(serde_json::from_str::<Work>(&open.repeat(100_000)).is_err());
    }
    assert!(
        serde_json::from_value::<Work>(
            json!({"driftwire": "judge", "instances": [], "changes": [], "why": "recheck", "attempt": 1e300, "since": "x"})
        )
        .is_err()
    );
}

#[test]
fn an_ignore_file_of_brackets_or_megabytes_is_refused_or_read() {
    for text in [
        "[".repeat(100_000),
        format!("a = {}", "[".repeat(100_000)),
        format!("a = {}", "{a=".repeat(100_000)),
        "[[ignore]]\n\u{0}".to_owned(),
        "ignore = 1e400".to_owned(),
    ] {
        assert!(matches!(Ignore::parse(&text, "f"), Err(IgnoreError::Syntax { line: 1..=3, .. })), "{}", &text[..20.min(text.len())]);
    }
    let long = format!("[[ignore]]\naddress = \"{}\"\nreason = \"r\"\n", "x*".repeat(1 << 20));
    assert!(Ignore::parse(&long, "f").is_ok());
}

#[test]
fn the_index_keeps_nothing_not_even_a_hash_of_what_the_catalog_hides() {
    let catalog = Catalog::builtin().expect("the catalog can be used");
    let attributes = json!({"id": "worker", "function_name": "worker", "role": "arn:aws:iam::123456789012:role/worker",
        "environment": [{"variables": {"session_key": "correct-horse-battery", "queue_arn": "arn:aws:sqs:eu-west-1:123456789012:jobs"}}]});
    let Value::Object(attributes) = attributes else { panic!("attributes are an object") };
    let found: Vec<_> =
        naming::identifiers(&catalog, &instance("aws_lambda_function", attributes)).into_iter().map(|one| one.value).collect();
    assert!(found.contains(&"worker".to_owned()) && found.iter().any(|value| value.ends_with("role/worker")), "{found:?}");
    assert!(!found.iter().any(|value| value.contains("correct-horse") || value.contains("jobs")), "{found:?}");
}

fn instance(type_name: &str, attributes: Attributes) -> Instance {
    Instance::new(InstanceKey::from(Address::new(None, type_name, "a", "")), "registry.terraform.io/hashicorp/aws", attributes)
}

/// Names nothing, and says that much more was there.
struct Overwhelmed {
    clock: &'static ManualClock,
    states: MemoryStates,
    index: Index<MemoryStore>,
    reader: ScriptedReader,
    ledger: MemoryLedger,
    alerts: MemoryAlerts,
    queue: MemoryQueue<'static>,
}

impl Naming for Overwhelmed {
    async fn concerned(&self, _: &Change) -> Result<Concerning, PortError> {
        Ok(Concerning { instances: Vec::new(), left_out: 7, overflow: true })
    }
}

impl Ports for Overwhelmed {
    type States = MemoryStates;
    type Index = Index<MemoryStore>;
    type Reader = ScriptedReader;
    type Ledger = MemoryLedger;
    type Alerts = MemoryAlerts;
    type Later = MemoryQueue<'static>;
    type Clock = ManualClock;

    fn states(&self) -> &Self::States {
        &self.states
    }
    fn index(&self) -> &Self::Index {
        &self.index
    }
    fn reader(&self) -> &Self::Reader {
        &self.reader
    }
    fn ledger(&self) -> &Self::Ledger {
        &self.ledger
    }
    fn alerts(&self) -> &Self::Alerts {
        &self.alerts
    }
    fn later(&self) -> &Self::Later {
        &self.queue
    }
    fn clock(&self) -> &Self::Clock {
        self.clock
    }
}

#[test]
fn what_is_left_out_of_a_batch_is_counted_over_its_records() {
    let clock: &'static ManualClock = Box::leak(Box::new(ManualClock::at(Timestamp::UNIX_EPOCH)));
    let detector = Detector::new(Overwhelmed {
        clock,
        states: MemoryStates::default(),
        index: Index(MemoryStore::default()),
        reader: ScriptedReader::default(),
        ledger: MemoryLedger::default(),
        alerts: MemoryAlerts::default(),
        queue: MemoryQueue::new(clock),
    });
    let delivery = |names: usize| Delivery { items: vec![Item::Change(Box::new(change(names)))] };
    let detected = now(detector.detect(vec![delivery(1), delivery(1_200)]));
    assert_eq!((detected.left_out, detected.overflowed, detected.names_left_out), (14, 2, 200));
    assert!(detected.answers.iter().all(|answer| answer.records[0].outcome == Outcome::NotManaged));
}

proptest! {
    #[test]
    fn work_that_is_nearly_right_is_read_and_written_back_or_refused(harm in harms()) {
        if let Ok(work) = serde_json::from_slice::<Work>(&harmed(&work(), &harm)) {
            let again: Work = serde_json::from_str(&serde_json::to_string(&work).expect("serialises")).expect("reads back");
            prop_assert_eq!(again, work);
        }
    }

    #[test]
    fn an_ignore_file_that_is_nearly_right_is_read_or_refused(parts in prop::collection::vec(prop::sample::select(vec![
        "[[ignore]]\n", "[ignore]\n", "address = \"a*\"\n", "type = 1\n", "reason = \"r\"\n", "until = 2027-01-31\n", "until = \"x\"\n",
        "until = 2027-01-31T00:00:00Z\n", "attribute = \"*\"\n", "\u{0}", "\"\"\"", "é = '\u{202e}'\n", "state = [", "{", "#",
    ]), 0..12)) {
        let _ = Ignore::parse(&parts.concat(), "f");
    }
}
