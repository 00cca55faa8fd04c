//! What the tests work in: one organisation in memory, and a scan of it that is scripted.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

use drift_engine::{
    detect::{Concerning, Detector, Naming, Ports, Role},
    index::{Index, Indexer, MemoryStore},
    memory::{ManualClock, MemoryAlerts, MemoryDeadLetters, MemoryLedger, MemoryQueue, MemoryStates, ScriptedReader},
    ports::{Clock, LiveReader, LiveReading, PortError},
    work::{ScanPart, SeenChange, Work},
};
use drift_github::scan::Start;
use drift_model::{Address, Change, Declared, Instance, InstanceRef, Place, Reader, StateId, Timestamp, identifiers_of};
use drift_state::Settings;
use serde_json::json;

use crate::scan::{Next, Scan, Scans, Spent, Step};

/// What is read, and never answers for one repository.
pub(crate) struct Reads(ScriptedReader);

impl LiveReader for Reads {
    fn reader(&self) -> Reader {
        Reader::Native
    }

    fn reads(&self, provider: &str, _: &str) -> bool {
        provider.ends_with("/github")
    }

    async fn read(&self, _: Option<&Place>, instance: &Instance) -> LiveReading {
        if instance.id() == Some("hangs") {
            return std::future::pending().await;
        }
        assert_ne!(instance.id(), Some("panics"), "on purpose");
        self.0.read(Some(&place()), instance).await
    }
}

fn place() -> Place {
    Place::new("github", "acme", Place::GLOBAL)
}

fn state() -> StateId {
    StateId::s3("states", "github.tfstate")
}

/// A repository's name among all instances.
pub(crate) fn repository(name: &str) -> InstanceRef {
    InstanceRef { state: state(), key: Address::new(None, "github_repository", name, "").into() }
}

pub(crate) struct Memory {
    clock: &'static ManualClock,
    states: MemoryStates,
    index: Index<MemoryStore>,
    reader: Reads,
    pub(crate) ledger: MemoryLedger,
    pub(crate) alerts: MemoryAlerts,
    pub(crate) queue: MemoryQueue<'static>,
}

/// A scan as it is written: what each look comes to, in order.
#[derive(Default)]
pub(crate) struct Script {
    pub(crate) steps: Mutex<VecDeque<Result<Step, PortError>>>,
    /// What beginning comes to; nothing where it fails.
    pub(crate) start: Option<Start>,
    /// Looks never end.
    pub(crate) hangs: bool,
    /// So often noting that a part is done fails.
    pub(crate) unnoted: AtomicUsize,
    /// What was done, in order.
    pub(crate) deeds: Mutex<Vec<String>>,
    pub(crate) requests: AtomicUsize,
}

impl Script {
    pub(crate) fn of(steps: impl IntoIterator<Item = Result<Step, PortError>>) -> Self {
        Self { steps: Mutex::new(steps.into_iter().collect()), ..Self::default() }
    }

    fn did(&self, deed: String) {
        self.deeds.lock().unwrap_or_else(PoisonError::into_inner).push(deed);
    }

    pub(crate) fn deeds(&self) -> Vec<String> {
        self.deeds.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

pub(crate) fn retryable() -> PortError {
    PortError::Retryable { what: "asking GitHub".to_owned(), why: "it is down".to_owned() }
}

impl Scans for Script {
    async fn begin(&self) -> Result<Start, PortError> {
        self.start.ok_or_else(retryable)
    }

    async fn look(&self, part: &ScanPart, scan: Timestamp) -> Result<Step, PortError> {
        self.did(format!("look at {} of {}", part.name(), scan.as_second()));
        if self.hangs {
            return std::future::pending().await;
        }
        self.requests.fetch_add(3, Ordering::Relaxed);
        let step = self.steps.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
        step.unwrap_or_else(|| panic!("nothing more is to be looked at"))
    }

    async fn passed(&self, part: &ScanPart, _: Timestamp) -> Result<(), PortError> {
        self.did(format!("{} is done", part.name()));
        let fails = self.unnoted.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok();
        if fails { Err(retryable()) } else { Ok(()) }
    }

    async fn turn_to_single_looks(&self) -> Result<(), PortError> {
        self.did("turn to single looks".to_owned());
        Ok(())
    }

    fn spent(&self) -> Spent {
        Spent { requests: self.requests.load(Ordering::Relaxed), left: Some(4_000) }
    }
}

pub(crate) struct World {
    pub(crate) detector: Detector<Memory>,
    pub(crate) buried: MemoryDeadLetters,
}

impl World {
    /// Repositories that are recorded as private, live as recorded.
    pub(crate) async fn of(names: &[&str]) -> Self {
        let clock: &'static ManualClock = Box::leak(Box::new(ManualClock::at(Timestamp::from_second(1_000_000).expect("a time"))));
        let ports = Memory {
            clock,
            states: MemoryStates::default(),
            index: Index(MemoryStore::default()),
            reader: Reads(ScriptedReader::default()),
            ledger: MemoryLedger::default(),
            alerts: MemoryAlerts::default(),
            queue: MemoryQueue::new(clock),
        };
        let world = Self { detector: Detector { role: Role::GithubScanner, ..Detector::new(ports) }, buried: MemoryDeadLetters::default() };
        let resource = |name: &&str| {
            json!({"mode": "managed", "type": "github_repository", "name": name,
                "provider": "provider[\"registry.terraform.io/integrations/github\"]",
                "instances": [{"attributes": {"id": name, "name": name, "visibility": "private"}}]})
        };
        let resources: Vec<_> = names.iter().map(resource).collect();
        let bytes = serde_json::to_vec(&json!({"version": 4, "serial": 1, "lineage": "l", "resources": resources})).expect("serialises");
        let Memory { states, index, .. } = &world.detector.ports;
        states.put(&state(), bytes, clock.now());
        let identifiers = |instance: &Instance| identifiers_of(instance, &Declared::default());
        let settings = Settings { default_place: None, places: BTreeMap::new(), identifiers: &identifiers };
        Indexer { states, store: &index.0, clock, settings: &settings }.index_state(&state()).await.expect("indexes");
        for name in names {
            world.live(name, "private");
        }
        world
    }

    pub(crate) fn live(&self, name: &str, visibility: &str) {
        let attributes = [("visibility".to_owned(), json!(visibility))].into();
        self.detector.ports.reader.0.put(&place(), "github_repository", name, attributes);
    }

    pub(crate) fn scan<'a>(&'a self, scans: &'a Script) -> Scan<'a, Memory, Script, MemoryDeadLetters> {
        Scan { detector: &self.detector, scans, dead_letters: &self.buried }
    }

    /// What was told: the addresses, in order.
    pub(crate) fn told(&self) -> Vec<String> {
        self.detector.ports.alerts.published().iter().map(|alert| alert.drift.instance.key.to_string()).collect()
    }

    /// What is left on the queue, with the seconds until it comes.
    pub(crate) fn left(&self) -> Vec<(Work, i64)> {
        let now = self.detector.ports.clock.now();
        std::iter::from_fn(|| self.detector.ports.queue.next()).map(|(due, work)| (work, due.as_second() - now.as_second())).collect()
    }
}

/// A step that is about these repositories, with no change.
pub(crate) fn step(names: &[&str], next: Next) -> Step {
    let instances: BTreeSet<InstanceRef> = names.iter().map(|name| repository(name)).collect();
    let instances = instances.into_iter().map(|instance| (instance, Vec::<SeenChange>::new())).collect();
    Step { looked_at: names.len(), unknown: 0, hidden: 0, instances, next }
}

impl Naming for Memory {
    async fn concerned(&self, _: &Change) -> Result<Concerning, PortError> {
        Ok(Concerning::default())
    }
}

impl Ports for Memory {
    type States = MemoryStates;
    type Index = Index<MemoryStore>;
    type Reader = Reads;
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
