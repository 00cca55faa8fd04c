//! From changes to what is held and told, with everything outside in memory and a clock that tests move.

mod support;

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use drift_engine::{
    detect::{Answer, Delivery, Detected, Detector, Item, Outcome},
    ledger::{Look, Seen, Step, cause, record, transition},
    memory::ScriptedReader,
    ports::{Clock, Ledger, Lock, Owed, PortError, Query, Written},
    work::Work,
};
use drift_model::{
    Actor, ActorKind, Address, Change, Drift, DriftStatus, Facet, InstanceRef, Judgement, Named, Place, Reader, ReasonKind, RecordId,
    Sensitivity, Severity, StateId, Timestamp, Tool, TransitionKind, Verdict, compare,
};
use proptest::prelude::*;
use serde_json::{Value, json};
use support::{Memory, Shared, now};

struct World(Detector<Memory<ScriptedReader>>);

const ACCOUNT: &str = "123456789012";

fn place(account: &str) -> Place {
    Place::new("aws", account, "eu-west-1")
}

fn state() -> StateId {
    StateId::s3("states", "prod.tfstate")
}

fn arn(account: &str, queue: &str) -> String {
    format!("arn:aws:sqs:eu-west-1:{account}:{queue}")
}

/// A state of queues: the resource's name, its account, and its delay as recorded.
fn bytes(queues: &[(&str, &str, i64)]) -> Vec<u8> {
    let resources: Vec<Value> = queues
        .iter()
        .map(|(name, account, delay)| {
            let attributes = json!({"id": format!("{account}/jobs"), "arn": arn(account, "jobs"), "name": "jobs", "delay_seconds": delay, "password": "s3cr3t-before"});
            json!({"mode": "managed", "type": "aws_sqs_queue", "name": name, "provider": "provider[\"registry.terraform.io/hashicorp/aws\"]",
                "instances": [{"attributes": attributes, "sensitive_attributes": [[{"type": "get_attr", "value": "password"}]]}]})
        })
        .collect();
    serde_json::to_vec(&json!({"version": 4, "serial": 1, "lineage": "l", "resources": resources})).expect("serialises")
}

impl World {
    /// One queue, recorded with a delay of 0, and live as recorded.
    fn new() -> Self {
        let world = Self(Detector::new(Memory { shared: Shared::new(), reader: ScriptedReader::default() }));
        world.live(0);
        world.write(&state(), &[("jobs", ACCOUNT, 0)]);
        world
    }

    fn ports(&self) -> &Memory<ScriptedReader> {
        &self.0.ports
    }

    /// The delay of the queue, live, from now on.
    fn live(&self, delay: i64) {
        self.live_in(ACCOUNT, &[("delay_seconds", json!(delay))]);
    }

    fn live_in(&self, account: &str, attributes: &[(&str, Value)]) {
        let attributes: BTreeMap<String, Value> = attributes.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
        self.ports().reader.put(&place(account), "aws_sqs_queue", &format!("{account}/jobs"), attributes);
    }

    /// Writes a state without a word to the indexer.
    fn put(&self, state: &StateId, queues: &[(&str, &str, i64)]) {
        self.ports().states.put(state, bytes(queues), self.ports().clock.now());
    }

    /// Writes a state, and has it indexed as S3's event would.
    fn write(&self, state: &StateId, queues: &[(&str, &str, i64)]) {
        self.put(state, queues);
        self.index(state);
    }

    fn index(&self, state: &StateId) {
        self.ports().index_state(state);
    }

    fn detect(&self, changes: &[Change]) -> Detected {
        self.deliver(changes.iter().map(|change| Delivery { items: vec![Item::Change(Box::new(change.clone()))] }).collect())
    }

    fn deliver(&self, deliveries: Vec<Delivery>) -> Detected {
        now(self.0.detect(deliveries))
    }

    /// Lets time pass until nothing is left for later.
    fn drain(&self) {
        for _ in 0..500 {
            let Some((due, work)) = self.ports().queue.next() else { return };
            let wait = due.duration_since(self.ports().clock.now());
            self.ports().clock.pass(Duration::try_from(wait).unwrap_or_default());
            match work {
                Work::Index { state } => self.index(&state),
                work => {
                    for Answer { result, .. } in self.deliver(vec![Delivery { items: vec![Item::Work(work)] }]).answers {
                        result.expect("nothing fails here");
                    }
                }
            }
        }
        panic!("there is always something left for later");
    }

    fn sweep(&self) {
        let answers = self.deliver(vec![Delivery { items: vec![Item::Work(Work::Sweep)] }]).answers;
        assert_eq!(answers[0].result, Ok(()), "what stays owed is no failure of the sweep");
    }

    fn owed(&self) -> Vec<Owed> {
        now(self.ports().ledger.owed(10)).expect("lists")
    }

    fn told(&self) -> Vec<TransitionKind> {
        self.ports().alerts.published().iter().map(|alert| alert.transition.kind).collect()
    }

    fn drifts(&self, closed_too: bool) -> Vec<Drift> {
        now(self.ports().ledger.list(&Query { closed_too, ..Query::default() })).expect("lists")
    }
}

fn change(world: &World, id: &str) -> Change {
    change_in(world, id, ACCOUNT)
}

/// A person changed the queue just now.
fn change_in(world: &World, id: &str, account: &str) -> Change {
    Change {
        id: RecordId(id.to_owned()),
        source: "sqs.amazonaws.com".to_owned(),
        name: "SetQueueAttributes".to_owned(),
        time: world.ports().clock.now(),
        place: place(account),
        actor: Actor { kind: ActorKind::SsoUser, name: "alice (Admin)".to_owned(), tool: None, console: true },
        source_address: Some("192.0.2.7".to_owned()),
        user_agent: None,
        names: vec![Named { value: "jobs".to_owned(), at: "requestParameters.queueName".to_owned(), free_text: false }],
        names_left_out: 0,
    }
}

fn by_terraform(world: &World, id: &str) -> Change {
    let mut change = change(world, id);
    change.actor.tool = Some(Tool::Terraform);
    change
}

fn records(drift: &Drift) -> Vec<&str> {
    drift.causes.iter().map(|cause| cause.record.0.as_str()).collect()
}

#[test]
fn a_change_that_differs_opens_one_drift_and_the_repair_closes_it() {
    let world = World::new();
    world.live(5);
    let detected = world.detect(&[change(&world, "e-1")]);
    assert_eq!(detected.counts()[&Outcome::Judged], 1);
    world.drain();
    let [drift] = &world.drifts(false)[..] else { panic!("one drift is open") };
    assert_eq!((drift.status, drift.differences[0].path.as_str(), records(drift)), (DriftStatus::Drifted, "delay_seconds", vec!["e-1"]));

    world.live(0);
    world.detect(&[change(&world, "e-2")]);
    world.drain();
    assert!(world.drifts(false).is_empty());
    assert_eq!(world.told(), [TransitionKind::Opened, TransitionKind::Resolved]);
}

#[test]
fn the_same_record_twice_is_told_once() {
    let world = World::new();
    world.live(5);
    let same = change(&world, "e-1");
    world.detect(&[same.clone(), same.clone()]);
    world.detect(&[same]);
    world.drain();
    assert_eq!(world.told(), [TransitionKind::Opened]);
    assert_eq!(records(&world.drifts(false)[0]), ["e-1"]);
}

#[test]
fn a_hundred_records_in_one_batch_are_one_look_that_cites_them_all() {
    let world = World::new();
    world.live(5);
    let changes: Vec<Change> = (0..100).map(|number| change(&world, &format!("e-{number}"))).collect();
    let before = world.ports().reader.reads_made();
    let detected = world.detect(&changes);
    assert_eq!((detected.looked_at, detected.told, world.ports().reader.reads_made() - before), (1, 1, 1));
    assert_eq!(world.drifts(false)[0].causes.len(), 100);
}

#[test]
fn a_state_written_while_it_is_judged_is_indexed_first_and_judged_then() {
    let world = World::new();
    world.live(5);
    // The state accepts the change; the index does not know yet.
    world.put(&state(), &[("jobs", ACCOUNT, 5)]);
    let detected = world.detect(&[change(&world, "e-1")]);
    assert_eq!(detected.counts()[&Outcome::Deferred], 1);
    world.drain();
    assert!(world.told().is_empty() && world.drifts(false).is_empty());
}

#[test]
fn an_apply_that_accepts_the_change_closes_the_drift() {
    let world = World::new();
    world.live(5);
    world.detect(&[change(&world, "e-1")]);
    world.drain();
    world.write(&state(), &[("jobs", ACCOUNT, 5)]);
    world.drain();
    assert_eq!(world.told(), [TransitionKind::Opened, TransitionKind::Resolved]);
}

#[test]
fn a_state_that_is_removed_closes_its_drift_as_no_longer_managed() {
    let world = World::new();
    world.live(5);
    world.detect(&[change(&world, "e-1")]);
    world.drain();
    world.ports().states.remove(&state());
    world.index(&state());
    world.drain();
    assert_eq!(world.told(), [TransitionKind::Opened, TransitionKind::NoLongerManaged]);
    assert!(world.drifts(false).is_empty());
}

#[test]
fn a_drift_follows_its_resource_to_a_new_address_without_a_word() {
    let world = World::new();
    world.live(5);
    world.detect(&[change(&world, "e-1")]);
    world.drain();
    world.write(&state(), &[("moved", ACCOUNT, 0)]);
    world.drain();
    assert_eq!(world.told(), [TransitionKind::Opened]);
    let [drift] = &world.drifts(false)[..] else { panic!("one drift is open") };
    assert_eq!((drift.instance.key.to_string().as_str(), records(drift)), ("aws_sqs_queue.moved", vec!["e-1"]));
}

#[test]
fn two_states_that_hold_the_same_resource_are_each_told() {
    let world = World::new();
    world.write(&StateId::s3("states", "other.tfstate"), &[("also", ACCOUNT, 0)]);
    world.live(5);
    world.detect(&[change(&world, "e-1")]);
    world.drain();
    assert_eq!((world.drifts(false).len(), world.told().len()), (2, 2));
}

#[test]
fn equal_names_in_two_accounts_are_two_resources() {
    let (world, other) = (World::new(), "210987654321");
    world.write(&StateId::s3("states", "other.tfstate"), &[("jobs", other, 0)]);
    world.live(5);
    world.live_in(other, &[("delay_seconds", json!(5))]);
    world.detect(&[change_in(&world, "e-1", other)]);
    world.drain();
    let [drift] = &world.drifts(false)[..] else { panic!("one drift is open") };
    assert_eq!(drift.place, Some(place(other)));
}

#[test]
fn what_may_not_be_read_is_told_once_and_resolves_nothing() {
    for kind in [ReasonKind::AccessDenied, ReasonKind::WrongAccount] {
        let world = World::new();
        world.live(5);
        world.detect(&[change(&world, "e-1")]);
        world.drain();
        world.ports().reader.refuse(&place(ACCOUNT), "aws_sqs_queue", &format!("{ACCOUNT}/jobs"), kind);
        for number in 2..5 {
            world.detect(&[change(&world, &format!("e-{number}"))]);
            world.drain();
        }
        let [drift] = &world.drifts(false)[..] else { panic!("one drift is open") };
        assert_eq!((drift.status, drift.differences.len()), (DriftStatus::Drifted, 1), "what was known is not forgotten");
        assert_eq!(drift.unreadable.as_ref().map(|reason| reason.kind), Some(kind));
        assert_eq!(world.told(), [TransitionKind::Opened, TransitionKind::Changed]);
    }
}

#[test]
fn what_was_never_readable_is_unreadable_and_not_drifted() {
    let world = World::new();
    world.ports().reader.refuse(&place(ACCOUNT), "aws_sqs_queue", &format!("{ACCOUNT}/jobs"), ReasonKind::AccessDenied);
    for number in 0..3 {
        world.detect(&[change(&world, &format!("e-{number}"))]);
        world.drain();
    }
    assert_eq!((world.drifts(false)[0].status, world.told()), (DriftStatus::Unreadable, vec![TransitionKind::Opened]));
}

#[test]
fn a_resource_that_is_gone_is_missing() {
    let world = World::new();
    world.ports().reader.remove(&place(ACCOUNT), "aws_sqs_queue", &format!("{ACCOUNT}/jobs"));
    world.detect(&[change(&world, "e-1")]);
    world.drain();
    assert_eq!(world.drifts(false)[0].status, DriftStatus::Missing);
}

#[test]
fn a_secret_that_changed_is_said_and_shown_nowhere() {
    let world = World::new();
    world.live_in(ACCOUNT, &[("password", json!("s3cr3t-after"))]);
    world.detect(&[change(&world, "e-1")]);
    world.drain();
    let drifts = world.drifts(true);
    assert!(drifts[0].differences[0].sensitive && drifts[0].differences[0].path == "password");
    let alerts = world.ports().alerts.published();
    let rendered = drift_engine::alert::render(&alerts[0]);
    let all = format!("{drifts:?}{alerts:?}{}{}{}", rendered.subject, rendered.text, rendered.json);
    assert!(all.contains("password") && !all.contains("s3cr3t"), "{all}");
}

#[test]
fn terraforms_own_change_is_put_off_and_never_told_once_the_state_agrees() {
    let world = World::new();
    world.live(5);
    let detected = world.detect(&[by_terraform(&world, "e-1")]);
    assert_eq!(detected.counts()[&Outcome::Deferred], 1);
    world.write(&state(), &[("jobs", ACCOUNT, 5)]);
    world.drain();
    assert!(world.told().is_empty());
}

#[test]
fn a_forged_user_agent_buys_two_minutes_and_no_silence() {
    let world = World::new();
    let began = world.ports().clock.now();
    world.live(5);
    world.detect(&[by_terraform(&world, "e-1")]);
    assert!(world.told().is_empty());
    world.drain();
    assert_eq!(world.told(), [TransitionKind::Opened]);
    let told = world.ports().alerts.published()[0].transition.at.duration_since(began);
    assert!((120..180).contains(&told.as_secs()), "{told}");
}

#[test]
fn a_lock_that_is_never_let_go_is_told_once_after_six_hours() {
    let world = World::new();
    let since = world.ports().clock.now();
    let lock = Lock { id: "l".to_owned(), who: "ci@runner".to_owned(), operation: "OperationTypeApply".to_owned(), since: Some(since) };
    world.ports().states.set_lock(&state(), Some(lock));
    world.live(5);
    world.detect(&[change(&world, "e-1")]);
    world.drain();
    let [alert] = &world.ports().alerts.published()[..] else { panic!("one alert is told") };
    assert!(alert.transition.during_a_run);
    let waited = alert.transition.at.duration_since(since);
    assert!((6 * 3600..7 * 3600).contains(&waited.as_secs()), "{waited}");
}

#[test]
fn what_is_put_off_waits_longer_each_time() {
    let world = World::new();
    let lock = Lock { id: "l".to_owned(), who: "ci@runner".to_owned(), operation: "OperationTypeApply".to_owned(), since: None };
    world.ports().states.set_lock(&state(), Some(lock));
    world.live(5);
    world.detect(&[change(&world, "e-1")]);
    let waited: Vec<u64> = (0..6)
        .map(|_| {
            let (due, work) = world.ports().queue.next().expect("it is looked at again");
            let delay = Duration::try_from(due.duration_since(world.ports().clock.now())).unwrap_or_default();
            world.ports().clock.pass(delay);
            world.deliver(vec![Delivery { items: vec![Item::Work(work)] }]);
            // The clock moves a little with each look at it.
            (delay + Duration::from_millis(1)).as_secs()
        })
        .collect();
    assert_eq!(waited, [30, 60, 120, 300, 900, 900]);
}

#[test]
fn an_alert_that_cannot_be_published_is_owed_until_the_sweep() {
    let world = World::new();
    world.live(5);
    world.ports().alerts.fail(1);
    world.detect(&[change(&world, "e-1")]);
    assert!(world.told().is_empty() && world.drifts(false).len() == 1);
    world.ports().clock.pass(Duration::from_mins(3));
    for _ in 0..2 {
        world.sweep();
    }
    world.drain();
    assert_eq!(world.told(), [TransitionKind::Opened]);
}

#[test]
fn while_nothing_can_be_published_no_message_is_given_up_and_the_tries_grow_rare() {
    let world = World::new();
    world.live(5);
    world.ports().alerts.fail(u32::MAX);
    world.detect(&[change(&world, "e-1")]);
    world.live(6);
    world.detect(&[change(&world, "e-2")]);
    let (mut waited, until) = (Vec::new(), world.ports().clock.now() + Duration::from_hours(2));
    while world.ports().clock.now() < until {
        let (due, work) = world.ports().queue.next().expect("the second change is not forgotten");
        let delay = Duration::try_from(due.duration_since(world.ports().clock.now())).unwrap_or_default();
        world.ports().clock.pass(delay);
        let answers = world.deliver(vec![Delivery { items: vec![Item::Work(work)] }]).answers;
        assert_eq!(answers[0].result, Ok(()));
        world.sweep();
        waited.push(delay);
    }
    assert!(waited.len() < 30, "{waited:?}");
    world.ports().alerts.fail(0);
    world.drain();
    world.sweep();
    assert_eq!(world.told(), [TransitionKind::Opened, TransitionKind::Changed]);
}

#[test]
fn two_sweeps_at_once_publish_once() {
    let world = World::new();
    world.live(5);
    world.ports().alerts.fail(1);
    world.detect(&[change(&world, "e-1")]);
    world.ports().clock.pass(Duration::from_mins(3));
    let owed = world.owed();
    let claim = || now(world.ports().ledger.claim(&owed[0], world.ports().clock.now()));
    assert_eq!([claim(), claim()], [Ok(Written::Yes), Ok(Written::Conflict)], "one of them takes it on");
    world.sweep();
    assert_eq!(world.told(), [], "whoever took it on is given the time to publish");
    world.ports().clock.pass(Duration::from_mins(3));
    world.sweep();
    assert_eq!(world.told(), [TransitionKind::Opened]);
}

#[test]
fn a_read_that_fails_for_a_while_hides_nothing_and_alarms_nobody() {
    let world = World::new();
    world.ports().reader.refuse(&place(ACCOUNT), "aws_sqs_queue", &format!("{ACCOUNT}/jobs"), ReasonKind::Error);
    let detected = world.detect(&[change(&world, "e-1")]);
    assert_eq!((detected.counts()[&Outcome::Deferred], world.told().len()), (1, 0));
    world.live(5);
    world.drain();
    assert_eq!(world.told(), [TransitionKind::Opened]);
    assert_eq!(world.drifts(false)[0].status, DriftStatus::Drifted);
}

#[test]
fn a_read_that_fails_for_an_hour_is_told_once_as_unreadable() {
    let world = World::new();
    world.ports().reader.refuse(&place(ACCOUNT), "aws_sqs_queue", &format!("{ACCOUNT}/jobs"), ReasonKind::Error);
    let began = world.ports().clock.now();
    world.detect(&[change(&world, "e-1")]);
    world.drain();
    let [alert] = &world.ports().alerts.published()[..] else { panic!("one alert is told") };
    assert_eq!(alert.drift.status, DriftStatus::Unreadable);
    let waited = alert.transition.at.duration_since(began);
    assert!((3600..2 * 3600).contains(&waited.as_secs()), "{waited}");
}

#[test]
fn what_was_touched_is_closed_by_a_write_of_its_state_even_while_its_alert_is_on_its_way() {
    let world = World::new();
    world.ports().reader.refuse(&place(ACCOUNT), "aws_sqs_queue", &format!("{ACCOUNT}/jobs"), ReasonKind::Unsupported);
    world.ports().alerts.fail(1);
    world.detect(&[change(&world, "e-1")]);
    assert_eq!(world.drifts(false)[0].status, DriftStatus::Touched);
    world.write(&state(), &[("jobs", ACCOUNT, 5)]);
    world.drain();
    assert!(world.drifts(false).is_empty());
    assert_eq!(world.told(), [TransitionKind::Opened]);
}

#[test]
fn one_delivery_that_is_nobodys_work_costs_only_itself() {
    let world = World::new();
    world.live(5);
    let good = Delivery { items: vec![Item::Change(Box::new(change(&world, "e-1")))] };
    let misplaced = Delivery { items: vec![Item::Work(Work::Reconcile)] };
    let detected = world.deliver(vec![misplaced, good]);
    assert!(matches!(detected.answers[0].result, Err(PortError::Permanent { .. })));
    assert_eq!((&detected.answers[1].result, world.told()), (&Ok(()), vec![TransitionKind::Opened]));
}

#[test]
fn what_nothing_reads_is_told_as_touched_by_what_can_have_changed_it_alone() {
    let world = World::new();
    let key = "aws_glue_job.nightly".parse::<Address>().expect("an address").into();
    let judgement = Judgement {
        instance: InstanceRef { state: state(), key },
        type_name: "aws_glue_job".to_owned(),
        id: None,
        place: None,
        url: None,
        verdict: Verdict::unknown(ReasonKind::Unsupported, "no reader at hand reads aws_glue_job"),
        computed: Vec::new(),
        reader: None,
        read_began: world.ports().clock.now(),
    };
    for (explains, told) in [(false, false), (true, true)] {
        let seen = [Seen { cause: cause(&change(&world, "e-1")), explains }];
        let severity = Severity::Low;
        let look =
            Look { judgement: &judgement, seen: &seen, severity, during_a_run: false, written: None, reindexed: false, scanned: false };
        assert_eq!(matches!(transition(None, &look), Step::Write { tell: Some(_), .. }), told);
    }
}

/// What happens to the queue, or to the messages about it.
#[derive(Clone, Copy, Debug)]
enum Event {
    /// Somebody sets the delay; the record comes now.
    Set(i64),
    /// Somebody sets the delay; the record comes at the very end.
    SetLate(i64),
    /// An earlier record is delivered again.
    Again(usize),
    /// Work that was left for later is done.
    Later,
}

fn events() -> impl Strategy<Value = Vec<Event>> {
    let event = prop_oneof![
        (0..3i64).prop_map(Event::Set),
        (0..3i64).prop_map(Event::SetLate),
        (0..8usize).prop_map(Event::Again),
        Just(Event::Later),
    ];
    prop::collection::vec(event, 1..12)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn however_records_come_the_end_is_what_is_live_and_nothing_is_told_twice(events in events(), batched in any::<bool>()) {
        let world = World::new();
        let (mut delay, mut seen, mut late, mut batch) = (0, Vec::new(), Vec::new(), Vec::new());
        for (number, event) in events.into_iter().enumerate() {
            let id = format!("e-{number}");
            match event {
                Event::Set(to) | Event::SetLate(to) => {
                    delay = to;
                    world.live(to);
                    let change = change(&world, &id);
                    seen.push(change.clone());
                    if matches!(event, Event::Set(_)) { batch.push(change) } else { late.push(change) }
                }
                Event::Again(which) => batch.extend(seen.get(which).cloned()),
                Event::Later => world.drain(),
            }
            if !batched {
                world.detect(&std::mem::take(&mut batch));
            }
        }
        batch.extend(late.into_iter().rev());
        world.detect(&batch);
        world.drain();

        prop_assert_eq!(world.drifts(false).len(), usize::from(delay != 0));
        if let [drift] = &world.drifts(false)[..] {
            let live = serde_json::to_value(&drift.differences[0].live).expect("serialises");
            prop_assert_eq!(live, json!(delay));
        }
        let ids: Vec<String> = world.ports().alerts.published().into_iter().map(|alert| alert.transition.id).collect();
        let distinct: BTreeSet<&String> = ids.iter().collect();
        prop_assert_eq!(ids.len(), distinct.len(), "a transition was told twice");
        let history = world.drifts(true).first().map_or(0, |drift| drift.transitions);
        prop_assert_eq!(ids.len() as u64, history, "a transition was not told");
    }
}

/// What the ledger tells of two looks, of which the second began before the first: an old look is never taken for news.
#[track_caller]
fn late_look(newer: i64, older: i64, expected: &[TransitionKind]) {
    let world = World::new();
    let [first, second] = [1_000, 2_000].map(|seconds| Timestamp::from_second(2_000_000 + seconds).expect("a time"));
    let judgement = |delay: i64, read_began: Timestamp| {
        let facet = Facet { attribute: "delay_seconds".to_owned(), recorded: json!(0), live: json!(delay) };
        Judgement {
            instance: InstanceRef { state: state(), key: "aws_sqs_queue.jobs".parse::<Address>().expect("an address").into() },
            type_name: "aws_sqs_queue".to_owned(),
            id: None,
            place: None,
            url: None,
            verdict: Verdict::of(compare(&[facet], &Sensitivity::default())),
            computed: Vec::new(),
            reader: Some(Reader::Native),
            read_began,
        }
    };
    for (delay, read_began) in [(newer, second), (older, first)] {
        let judgement = judgement(delay, read_began);
        let look = Look {
            judgement: &judgement,
            seen: &[],
            severity: Severity::Medium,
            during_a_run: false,
            written: None,
            reindexed: false,
            scanned: false,
        };
        let Shared { ledger, alerts, clock, .. } = world.ports().shared;
        let timing = (clock.now(), Duration::from_mins(1));
        now(record(ledger, alerts, &judgement.instance, timing, |held| transition(held, &look))).expect("records");
    }
    assert_eq!(world.told(), expected);
}

#[test]
fn what_led_to_an_old_look_may_explain_what_a_newer_one_found() {
    let world = World::new();
    world.live(5);
    // Two functions at once: the one whose read began later writes first.
    let (early, late) = (change(&world, "e-early"), change(&world, "e-late"));
    let began = world.ports().clock.now();
    world.ports().clock.pass(Duration::from_secs(1));
    world.detect(&[late]);
    let [held] = &world.drifts(false)[..] else { panic!("one drift is open") };
    let judgement = Judgement { read_began: began, ..judgement_of(held) };
    let seen = [Seen { cause: cause(&early), explains: true }];
    let look = Look {
        judgement: &judgement,
        seen: &seen,
        severity: Severity::Low,
        during_a_run: false,
        written: None,
        reindexed: false,
        scanned: false,
    };
    let Shared { ledger, alerts, clock, .. } = world.ports().shared;
    let timing = (clock.now(), Duration::from_mins(1));
    now(record(ledger, alerts, &judgement.instance, timing, |held| transition(held, &look))).expect("records");
    assert_eq!(records(&world.drifts(false)[0]), ["e-early", "e-late"]);
    assert_eq!((world.told(), world.drifts(false)[0].severity), (vec![TransitionKind::Opened], held.severity));
}

/// A look that finds an instance in sync.
fn judgement_of(held: &Drift) -> Judgement {
    Judgement {
        instance: held.instance.clone(),
        type_name: held.type_name.clone(),
        id: held.id.clone(),
        place: held.place.clone(),
        url: held.url.clone(),
        verdict: Verdict::InSync,
        computed: Vec::new(),
        reader: Some(Reader::Native),
        read_began: held.last_judged,
    }
}

#[test]
fn a_look_that_began_before_the_newest_changes_nothing_whichever_came_first() {
    late_look(0, 5, &[]);
    late_look(5, 0, &[TransitionKind::Opened]);
}
