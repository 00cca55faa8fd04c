//! The index, whatever is interrupted, and what an apply costs it.

use std::{
    collections::BTreeMap,
    pin::pin,
    task::{Context, Poll, Waker},
    time::Duration,
};

use drift_engine::{
    index::{Index, IndexError, Indexed, Indexer, MemoryStore},
    memory::{ManualClock, MemoryStates},
    ports::ResourceIndex,
};
use drift_model::{Declared, Instance, InstanceRef, Place, Scope, StateId, Timestamp, identifiers_of};
use drift_state::Settings;
use serde_json::{Value, json};

/// Nothing in memory ever waits.
fn now<F: Future>(future: F) -> F::Output {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("a port in memory waited"),
    }
}

fn identifiers(instance: &Instance) -> Vec<drift_model::Identifier> {
    identifiers_of(instance, &Declared::default())
}

struct World {
    states: MemoryStates,
    index: Index<MemoryStore>,
    clock: ManualClock,
}

impl World {
    fn new() -> Self {
        Self { states: MemoryStates::default(), index: Index(MemoryStore::default()), clock: ManualClock::at(Timestamp::UNIX_EPOCH) }
    }

    fn put(&self, state: &StateId, queues: &BTreeMap<String, String>) {
        self.states.put(state, bytes(queues), Timestamp::UNIX_EPOCH);
    }

    fn index(&self, state: &StateId) -> Result<Indexed, IndexError> {
        let settings = Settings { default_place: None, places: BTreeMap::new(), identifiers: &identifiers };
        now(Indexer { states: &self.states, store: &self.index.0, clock: &self.clock, settings: &settings }.index_state(state))
    }

    /// What a record that names a queue's ARN would lead to, as far as the pages know it.
    fn holders(&self, queue: &str) -> Vec<InstanceRef> {
        let place = Place::new("aws", "123456789012", "eu-west-1");
        let hits = now(self.index.lookup(&[(Scope::In(place), arn(queue))])).expect("looks up");
        let found = hits.into_iter().flat_map(|hit| hit.holders).map(|holder| holder.instance);
        found.filter(|instance| now(self.index.locate(instance)).expect("locates").is_some()).collect()
    }
}

fn arn(queue: &str) -> String {
    format!("arn:aws:sqs:eu-west-1:123456789012:{queue}")
}

/// A state with one queue for each address's key.
fn bytes(queues: &BTreeMap<String, String>) -> Vec<u8> {
    let instances: Vec<Value> =
        queues.iter().map(|(key, queue)| json!({"index_key": key, "attributes": {"arn": arn(queue), "name": queue}})).collect();
    let resource = json!({"mode": "managed", "type": "aws_sqs_queue", "name": "q", "provider": "provider[\"registry.terraform.io/hashicorp/aws\"]", "instances": instances});
    serde_json::to_vec(&json!({"version": 4, "serial": 1, "lineage": "l", "resources": [resource]})).expect("serialises")
}

fn queues(keys: impl IntoIterator<Item = u32>) -> BTreeMap<String, String> {
    keys.into_iter().map(|key| (key.to_string(), format!("jobs-{key}"))).collect()
}

#[test]
fn an_indexer_killed_at_any_write_leaves_what_the_next_one_makes_right() {
    let state = StateId::s3("b", "k.tfstate");
    let (before, after) = (queues(0..12), queues(6..18));
    let wanted = World::new();
    wanted.put(&state, &before);
    wanted.put(&state, &after);
    wanted.index(&state).expect("indexes");
    for writes in 0.. {
        let world = World::new();
        world.put(&state, &before);
        world.index(&state).expect("indexes");
        world.put(&state, &after);
        world.index.0.fail_after(Some(writes));
        let killed = world.index(&state).is_err();
        world.index.0.fail_after(None);
        world.clock.pass(Duration::from_mins(10));
        world.index(&state).expect("indexes");
        assert!(world.index.0.held() == wanted.index.0.held(), "other entries after {writes} writes");
        assert!(world.index.0.filled() == wanted.index.0.filled(), "other pages after {writes} writes");
        if !killed {
            assert!(writes > 20, "it was killed at every write but the last");
            return;
        }
    }
}

#[test]
fn an_apply_that_changes_one_of_50_000_writes_at_most_300_items() {
    let world = World::new();
    let state = StateId::s3("b", "k.tfstate");
    let mut all = queues(0..50_000);
    world.put(&state, &all);
    assert_eq!(world.index(&state).expect("indexes").instances, 50_000);
    all.insert("7".to_owned(), "renamed".to_owned());
    world.put(&state, &all);
    let indexed = world.index(&state).expect("indexes");
    assert!(indexed.written <= 300, "{} items", indexed.written);
    assert_eq!(world.holders("renamed").len(), 1);
    assert_eq!(world.holders("jobs-7"), []);
}

#[test]
fn a_version_that_is_indexed_costs_no_write() {
    let world = World::new();
    let state = StateId::s3("b", "k.tfstate");
    world.put(&state, &queues(0..3));
    world.index(&state).expect("indexes");
    world.index.0.fail_after(Some(0));
    assert!(!world.index(&state).expect("has nothing to do").changed);
}

#[test]
fn two_states_that_hold_the_same_resource_share_its_entry_until_one_is_removed() {
    let world = World::new();
    let (one, two) = (StateId::s3("b", "one.tfstate"), StateId::s3("b", "two.tfstate"));
    for state in [&one, &two] {
        world.put(state, &queues(0..1));
        world.index(state).expect("indexes");
    }
    assert_eq!(world.holders("jobs-0").len(), 2);
    world.states.remove(&one);
    let indexed = world.index(&one).expect("indexes");
    assert_eq!((indexed.left.len(), indexed.instances), (1, 0));
    let left: Vec<_> = world.holders("jobs-0").into_iter().map(|instance| instance.state).collect();
    assert_eq!(left, [two]);
}

#[test]
fn a_newer_version_that_cannot_be_read_leaves_the_index_as_it_was() {
    let world = World::new();
    let state = StateId::s3("b", "k.tfstate");
    world.put(&state, &queues(0..3));
    world.index(&state).expect("indexes");
    let held = world.index.0.held();
    world.states.put(&state, "{", Timestamp::UNIX_EPOCH);
    assert!(matches!(world.index(&state), Err(IndexError::State { .. })));
    assert_eq!(world.index.0.held(), held);
    world.put(&state, &queues(1..2));
    assert_eq!(world.index(&state).expect("indexes").instances, 1);
}
