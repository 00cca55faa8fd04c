//! What `event-detector` does not read, `provider-judge` or `github-scanner` judges: three detectors on three queues, one ledger, all in
//! memory.

mod support;

use std::{
    pin::pin,
    task::{Context, Poll, Waker},
    time::Duration,
};

use drift_engine::{
    detect::{Delivery, Detected, Detector, Item, Others, Outcome, Role},
    memory::ScriptedReader,
    ports::{Clock, Ledger, LiveReader, LiveReading, Lock, PortError, Query},
    work::{Again, Function, JudgedBy, ScanPart, SeenChange, Work},
};
use drift_model::{
    Actor, ActorKind, Change, Drift, DriftStatus, Instance, InstanceRef, Named, Place, Reader, ReasonKind, RecordId, StateId,
    TransitionKind,
};
use serde_json::json;
use support::{Memory, Shared, now};

/// What the second of them reads. A riddle is read by neither.
const READ: [&str; 1] = ["aws_glue_job"];
/// What the third of them reads.
const READ_IN_GITHUB: [&str; 1] = ["github_repository"];

/// Reads these types alone.
struct Reads {
    types: &'static [&'static str],
    live: &'static ScriptedReader,
}

impl LiveReader for Reads {
    fn reader(&self) -> Reader {
        Reader::Provider
    }

    fn reads(&self, _provider: &str, type_name: &str) -> bool {
        self.types.contains(&type_name)
    }

    async fn read(&self, place: Option<&Place>, instance: &Instance) -> LiveReading {
        if instance.id() == Some("hangs") {
            return std::future::pending().await;
        }
        // What is scripted has a place, whether it lives in AWS or not.
        self.live.read(place.or(Some(&self::place())), instance).await
    }
}

fn state() -> StateId {
    StateId::s3("states", "prod.tfstate")
}

fn place() -> Place {
    Place::new("aws", "123456789012", "eu-west-1")
}

fn id(name: &str) -> String {
    format!("{name}-id")
}

struct World {
    shared: &'static Shared,
    live: &'static ScriptedReader,
    detector: Detector<Memory<Reads>>,
    judge: Detector<Memory<Reads>>,
    scanner: Detector<Memory<Reads>>,
}

impl World {
    /// A job and a riddle, live as recorded.
    fn new() -> Self {
        let shared = Shared::new();
        let live: &'static ScriptedReader = Box::leak(Box::default());
        let detector = |types: &'static [&'static str], role| {
            let ports = Memory { shared, reader: Reads { types, live } };
            Detector { role, ..Detector::new(ports) }
        };
        let world = Self {
            shared,
            live,
            detector: detector(&[], Role::EventDetector { others: Others { provider_judge: true, github_scanner: true } }),
            judge: detector(&READ, Role::ProviderJudge),
            scanner: detector(&READ_IN_GITHUB, Role::GithubScanner),
        };
        world.live(0);
        world.write(&[("aws_glue_job", "job", 0), ("aws_glue_riddle", "riddle", 0)]);
        world
    }

    fn live(&self, retries: i64) {
        self.live.put(&place(), "aws_glue_job", &id("job"), [("max_retries".to_owned(), json!(retries))].into());
    }

    fn write(&self, instances: &[(&str, &str, i64)]) {
        let resources: Vec<_> = instances
            .iter()
            .map(|(type_name, name, retries)| {
                let arn = format!("arn:aws:glue:eu-west-1:123456789012:job/{name}");
                let id = if *name == "hangs" { "hangs".to_owned() } else { id(name) };
                let attributes = json!({"id": id, "arn": arn, "name": name, "max_retries": retries});
                let provider = if type_name.starts_with("github_") { "integrations/github" } else { "hashicorp/aws" };
                let provider = format!("provider[\"registry.terraform.io/{provider}\"]");
                json!({"mode": "managed", "type": type_name, "name": name, "provider": provider, "instances": [{"attributes": attributes}]})
            })
            .collect();
        let bytes = serde_json::to_vec(&json!({"version": 4, "serial": 1, "lineage": "l", "resources": resources})).expect("serialises");
        self.shared.states.put(&state(), bytes, self.shared.clock.now());
        self.shared.index_state(&state());
    }

    fn change(&self, record: &str, name: &str) -> Change {
        Change {
            id: RecordId(record.to_owned()),
            source: "glue.amazonaws.com".to_owned(),
            name: "UpdateJob".to_owned(),
            time: self.shared.clock.now(),
            place: place(),
            actor: Actor { kind: ActorKind::SsoUser, name: "alice (Admin)".to_owned(), tool: None, console: true },
            source_address: None,
            user_agent: None,
            names: vec![Named { value: name.to_owned(), at: "requestParameters.jobName".to_owned(), free_text: false }],
            names_left_out: 0,
        }
    }

    fn detect(&self, changes: &[Change]) -> Detected {
        let delivery = |change: &Change| Delivery { items: vec![Item::Change(Box::new(change.clone()))] };
        now(self.detector.detect(changes.iter().map(delivery).collect()))
    }

    fn detector_of(&self, function: Function) -> &Detector<Memory<Reads>> {
        match function {
            Function::EventDetector => &self.detector,
            Function::ProviderJudge => &self.judge,
            Function::GithubScanner => &self.scanner,
            Function::StateIndexer | Function::SlackNotifier => panic!("nobody asks for {} here", function.name()),
        }
    }

    /// Lets time pass until nothing is left for later; whose work was done, and why, in order.
    fn drain(&self) -> Vec<(Function, Again)> {
        let mut done = Vec::new();
        while let Some((due, work)) = self.shared.queue.next() {
            let wait = due.duration_since(self.shared.clock.now());
            self.shared.clock.pass(Duration::try_from(wait).unwrap_or_default());
            let function = work.function();
            let Work::Judge { why, .. } = &work else { panic!("only judgements are left for later here") };
            done.push((function, *why));
            assert!(done.len() < 200, "there is always something left for later: {done:?}");
            let detected = now(self.detector_of(function).detect(vec![Delivery { items: vec![Item::Work(work)] }]));
            assert!(detected.answers.iter().all(|answer| answer.result.is_ok() && answer.records.is_empty()), "{detected:?}");
        }
        done
    }

    fn drifts(&self) -> Vec<Drift> {
        now(self.shared.ledger.list(&Query::default())).expect("lists")
    }

    fn told(&self) -> Vec<TransitionKind> {
        self.shared.alerts.published().iter().map(|alert| alert.transition.kind).collect()
    }
}

const HANDED: (Function, Again) = (Function::ProviderJudge, Again::Handed);
const RECHECKED: (Function, Again) = (Function::ProviderJudge, Again::Recheck);

#[test]
fn what_the_detector_does_not_read_is_judged_by_the_other_and_its_record_counts_once() {
    let world = World::new();
    world.live(3);
    let detected = world.detect(&[world.change("e-1", "job")]);
    assert_eq!((detected.counts()[&Outcome::Deferred], detected.handed_over, detected.told), (1, 1, 0));
    assert_eq!(world.drain(), [HANDED, RECHECKED], "what is put off comes back to whoever put it off");
    let [drift] = &world.drifts()[..] else { panic!("one drift is open") };
    assert_eq!((drift.status, drift.differences[0].path.as_str()), (DriftStatus::Drifted, "max_retries"));
    assert_eq!(drift.causes.iter().map(|cause| cause.record.0.as_str()).collect::<Vec<_>>(), ["e-1"]);
    assert_eq!(world.told(), [TransitionKind::Opened]);
}

#[test]
fn a_repair_closes_what_the_other_recorded() {
    let world = World::new();
    world.live(3);
    world.detect(&[world.change("e-1", "job")]);
    world.drain();
    world.live(0);
    world.detect(&[world.change("e-2", "job")]);
    world.drain();
    assert!(world.drifts().is_empty());
    assert_eq!(world.told(), [TransitionKind::Opened, TransitionKind::Resolved]);
}

#[test]
fn an_apply_closes_what_the_other_recorded_by_way_of_the_detector() {
    let world = World::new();
    world.live(3);
    world.detect(&[world.change("e-1", "job")]);
    world.drain();
    world.write(&[("aws_glue_job", "job", 3), ("aws_glue_riddle", "riddle", 0)]);
    let done = world.drain();
    assert_eq!(done[..2], [(Function::EventDetector, Again::Indexed), (Function::ProviderJudge, Again::Indexed)], "the reason survives");
    assert!(world.drifts().is_empty());
    assert_eq!(world.told(), [TransitionKind::Opened, TransitionKind::Resolved]);
}

#[test]
fn an_instance_that_left_its_state_is_closed_without_the_other() {
    let world = World::new();
    world.live(3);
    world.detect(&[world.change("e-1", "job")]);
    world.drain();
    world.write(&[("aws_glue_riddle", "riddle", 0)]);
    assert_eq!(world.drain(), [(Function::EventDetector, Again::Indexed)]);
    assert_eq!(world.told(), [TransitionKind::Opened, TransitionKind::NoLongerManaged]);
}

#[test]
fn what_nobody_reads_is_touched_once_and_goes_in_no_circle() {
    let world = World::new();
    world.detect(&[world.change("e-1", "riddle"), world.change("e-2", "riddle")]);
    assert_eq!(world.drain(), [HANDED], "several changes to one instance are handed over as one");
    let [drift] = &world.drifts()[..] else { panic!("one drift is open") };
    assert_eq!((drift.status, drift.causes.len()), (DriftStatus::Touched, 2));
    world.write(&[("aws_glue_riddle", "riddle", 1)]);
    assert_eq!(world.drain(), [(Function::EventDetector, Again::Indexed), (Function::ProviderJudge, Again::Indexed)]);
    assert!(world.drifts().is_empty(), "a write of the state closes what was touched");
    assert_eq!(world.told(), [TransitionKind::Opened]);
}

#[test]
fn without_the_other_what_is_not_read_is_told_as_touched_at_once() {
    let mut world = World::new();
    world.detector.role = Role::EventDetector { others: Others { provider_judge: false, github_scanner: true } };
    let detected = world.detect(&[world.change("e-1", "job")]);
    assert_eq!((detected.counts()[&Outcome::Unsupported], detected.handed_over), (1, 0));
    assert_eq!((world.drain(), world.drifts()[0].status), (vec![], DriftStatus::Touched));
}

#[test]
fn what_is_ignored_as_a_whole_is_not_handed_over() {
    let mut world = World::new();
    let rule = "[[ignore]]\ntype = \"aws_glue_job\"\nreason = \"somebody else's\"\n";
    world.detector.ignore = drift_engine::ignore::Ignore::parse(rule, "f").expect("it is an ignore file");
    let detected = world.detect(&[world.change("e-1", "job")]);
    assert_eq!((detected.handed_over, detected.hidden, world.shared.queue.waiting()), (0, 1, 0));
}

/// A repository and a team of the same organisation, of which the scanner reads the first.
fn in_github() -> World {
    let world = World::new();
    world.write(&[("github_repository", "shop", 0), ("github_riddle", "riddle", 0)]);
    world
}

fn shop(world: &World, retries: i64) {
    world.live.put(&place(), "github_repository", &id("shop"), [("max_retries".to_owned(), json!(retries))].into());
}

fn named(address: &str) -> InstanceRef {
    InstanceRef { state: state(), key: address.parse::<drift_model::Address>().expect("an address").into() }
}

/// No record of CloudTrail names what lives in GitHub: the detector comes to it by what was put off, or by a state.
fn led_to(world: &World, address: &str) -> Detected {
    let change = world.change(&format!("e-{}", world.shared.clock.now()), "riddle");
    let (instances, changes) = (vec![named(address)], vec![SeenChange { change, cause_of: vec![named(address)] }]);
    let (by, why, since) = (JudgedBy::EventDetector, Again::Recheck, world.shared.clock.now());
    let work = Work::Judge { by, instances, changes, why, attempt: 0, since };
    now(world.detector.detect(vec![Delivery { items: vec![Item::Work(work)] }]))
}

/// What a scan leaves for the judge in it.
fn scanned(world: &World, names: &[(&str, &str)], changes: Vec<SeenChange>) -> Detected {
    let (why, since) = (Again::Scanned, world.shared.clock.now());
    let instances = names.iter().map(|(type_name, name)| named(&format!("{type_name}.{name}")));
    let work = Work::Judge { by: JudgedBy::GithubScanner, instances: instances.collect(), changes, why, attempt: 0, since };
    now(world.scanner.detect(vec![Delivery { items: vec![Item::Work(work)] }]))
}

#[test]
fn what_lives_in_github_goes_to_the_scanner_and_in_no_circle() {
    let world = in_github();
    assert_eq!(led_to(&world, "github_riddle.riddle").handed_over, 1);
    let [(function, why)] = world.drain()[..] else { panic!("it is handed over once") };
    assert_eq!((function, why), (Function::GithubScanner, Again::Handed));
    let [drift] = &world.drifts()[..] else { panic!("what the scanner does not read was touched") };
    assert_eq!(drift.status, DriftStatus::Touched);
}

#[test]
fn what_lives_in_github_goes_the_way_of_the_rest_where_there_is_no_scanner() {
    let mut world = in_github();
    world.detector.role = Role::EventDetector { others: Others { provider_judge: true, github_scanner: false } };
    assert_eq!(led_to(&world, "github_riddle.riddle").handed_over, 1);
    assert_eq!(world.drain(), [HANDED]);
    world.detector.role = Role::EventDetector { others: Others::default() };
    assert_eq!((led_to(&world, "github_riddle.riddle").handed_over, world.shared.queue.waiting()), (0, 0));
}

#[test]
fn an_apply_closes_what_a_scan_found_without_another_scan() {
    let world = in_github();
    shop(&world, 3);
    let names = [("github_repository", "shop")];
    assert_eq!(scanned(&world, &names, Vec::new()).told, 1);
    assert_eq!(scanned(&world, &names, Vec::new()).told, 0, "the same scan again tells nothing");
    world.write(&[("github_repository", "shop", 3), ("github_riddle", "riddle", 0)]);
    let done = world.drain();
    assert_eq!(done[..2], [(Function::EventDetector, Again::Indexed), (Function::GithubScanner, Again::Indexed)]);
    assert_eq!(world.told(), [TransitionKind::Opened, TransitionKind::Resolved]);
}

#[test]
fn a_look_of_a_scan_leads_to_no_recheck_though_what_it_found_was_done_a_moment_ago() {
    let world = in_github();
    shop(&world, 3);
    let changes = vec![SeenChange { change: world.change("audit-1", "shop"), cause_of: vec![named("github_repository.shop")] }];
    assert_eq!(scanned(&world, &[("github_repository", "shop")], changes).told, 1);
    assert_eq!(world.drain(), []);
    assert_eq!(world.drifts()[0].causes[0].record.0, "audit-1");
}

#[test]
fn what_a_scan_cannot_read_is_counted_and_told_only_of_what_is_known_to_have_drifted() {
    let world = in_github();
    let names = [("github_repository", "shop")];
    let refuse = || world.live.refuse(&place(), "github_repository", &id("shop"), ReasonKind::AccessDenied);
    refuse();
    let detected = scanned(&world, &names, Vec::new());
    assert_eq!((detected.told, detected.unknown, world.drifts().len()), (0, 1, 0), "nobody touched it");
    shop(&world, 3);
    assert_eq!(scanned(&world, &names, Vec::new()).told, 1);
    refuse();
    let detected = scanned(&world, &names, Vec::new());
    assert_eq!((detected.told, detected.unknown), (1, 1), "whether it still is as it was found cannot be told");
    let [drift] = &world.drifts()[..] else { panic!("one drift is open") };
    assert!(drift.status == DriftStatus::Drifted && drift.unreadable.is_some());
    let changes = vec![SeenChange { change: world.change("audit-1", "shop"), cause_of: vec![named("github_repository.shop")] }];
    shop(&world, 0);
    assert_eq!(scanned(&world, &names, Vec::new()).told, 1);
    refuse();
    assert_eq!(scanned(&world, &names, changes).told, 1, "somebody was at it, and nobody can tell what it is now");
}

#[test]
fn what_a_scan_cannot_read_for_now_is_left_to_the_next_scan() {
    let world = in_github();
    let names = [("github_repository", "shop")];
    shop(&world, 3);
    scanned(&world, &names, Vec::new());
    for kind in [ReasonKind::Throttled, ReasonKind::Error] {
        world.live.refuse(&place(), "github_repository", &id("shop"), kind);
        let detected = scanned(&world, &names, Vec::new());
        assert_eq!((detected.told, detected.unknown, world.shared.queue.waiting()), (0, 1, 0));
    }
    let [drift] = &world.drifts()[..] else { panic!("it is open still") };
    assert_eq!((drift.status, &drift.unreadable), (DriftStatus::Drifted, &None));
}

#[test]
fn what_a_scan_finds_without_any_change_is_told_as_drift_and_what_nobody_reads_is_not_told() {
    let world = in_github();
    world.live.remove(&place(), "github_repository", &id("shop"));
    let detected = scanned(&world, &[("github_repository", "shop"), ("github_riddle", "riddle")], Vec::new());
    assert_eq!((detected.looked_at, detected.told), (2, 1));
    let [drift] = &world.drifts()[..] else { panic!("one drift is open") };
    assert_eq!((drift.status, drift.causes.len(), drift.place.clone()), (DriftStatus::Missing, 0, None));
}

#[test]
fn the_other_waits_for_a_run_of_terraform_too() {
    let world = World::new();
    let lock = Lock { id: "l".to_owned(), who: "ci@runner".to_owned(), operation: "OperationTypeApply".to_owned(), since: None };
    world.shared.states.set_lock(&state(), Some(lock));
    world.live(3);
    world.detect(&[world.change("e-1", "job")]);
    let done = world.drain();
    assert_eq!(done[..2], [HANDED, (Function::ProviderJudge, Again::Deferred)]);
    assert!(world.shared.alerts.published()[0].transition.during_a_run);
}

#[test]
fn work_that_came_to_the_wrong_queue_is_buried_and_not_passed_on() {
    let world = World::new();
    let work = |by| Work::Judge {
        by,
        instances: vec![InstanceRef {
            state: state(),
            key: "aws_glue_job.job".parse::<drift_model::Address>().expect("an address").into(),
        }],
        changes: vec![SeenChange { change: world.change("e-1", "job"), cause_of: Vec::new() }],
        why: Again::Handed,
        attempt: 0,
        since: world.shared.clock.now(),
    };
    for (detector, work) in [
        (&world.detector, work(JudgedBy::ProviderJudge)),
        (&world.judge, work(JudgedBy::EventDetector)),
        (&world.judge, Work::Sweep),
        (&world.judge, Work::Reconcile),
        (&world.scanner, work(JudgedBy::ProviderJudge)),
        (&world.detector, work(JudgedBy::GithubScanner)),
        (&world.judge, Work::ScanGithub { part: ScanPart::Begin, scan: None, attempt: 0 }),
    ] {
        let (whose, mine) = (work.function().name(), detector.role.judged_by().function().name());
        let detected = now(detector.detect(vec![Delivery { items: vec![Item::Work(work)] }]));
        let Err(PortError::Permanent { why, .. }) = &detected.answers[0].result else { panic!("{detected:?}") };
        assert!(why.contains(&format!("that is for `{whose}`, and came to `{mine}`")), "{why}");
    }
    assert_eq!((world.shared.queue.waiting(), world.live.reads_made()), (0, 0));
}

#[test]
fn what_is_not_done_when_the_time_is_over_is_to_come_again_and_costs_the_others_nothing() {
    let world = World::new();
    world.write(&[("aws_glue_job", "job", 0), ("aws_glue_job", "hangs", 0)]);
    world.live(3);
    let detected = world.detect(&[world.change("e-1", "job"), world.change("e-2", "hangs")]);
    assert_eq!(detected.handed_over, 2);
    let mut deliveries = Vec::new();
    while let Some((_, work)) = world.shared.queue.next() {
        deliveries.push(Delivery { items: vec![Item::Work(work)] });
    }
    // The end comes when everything that does not hang is done: nothing else is polled more than once.
    let mut looked = false;
    let end = std::future::poll_fn(|context| {
        context.waker().wake_by_ref();
        if std::mem::replace(&mut looked, true) { Poll::Ready(()) } else { Poll::Pending }
    });
    let mut all = pin!(world.judge.detect_until(deliveries, end));
    let detected = loop {
        if let Poll::Ready(detected) = all.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            break detected;
        }
    };
    let results: Vec<_> = detected.answers.iter().map(|answer| answer.result.as_ref().map_err(ToString::to_string)).collect();
    let late = "judging aws_glue_job.hangs in s3://states/prod.tfstate: it took longer than there was time".to_owned();
    assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 1, "{results:?}");
    assert!(results.contains(&Err(late)), "{results:?}");
    assert!(matches!(detected.answers.iter().find_map(|answer| answer.result.as_ref().err()), Some(PortError::Retryable { .. })));
    assert_eq!(world.told(), [TransitionKind::Opened]);
}
