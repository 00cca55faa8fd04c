//! Everything outside of detection, in memory: one world that several detectors may share, each with a reader of its own.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Deref,
    pin::pin,
    task::{Context, Poll, Waker},
};

use drift_engine::{
    Timing, after_index,
    detect::{Concerned, Concerning, Naming, Ports},
    index::{Index, Indexer, MemoryStore},
    memory::{ManualClock, MemoryAlerts, MemoryLedger, MemoryQueue, MemoryStates},
    ports::{LiveReader, PortError, ResourceIndex},
};
use drift_model::{Change, Declared, Instance, InstanceRef, Scope, StateId, Strength, Timestamp, identifiers_of};
use drift_state::Settings;

/// Nothing in memory ever waits.
pub(crate) fn now<F: Future>(future: F) -> F::Output {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("a port in memory waited"),
    }
}

/// What detectors share.
pub(crate) struct Shared {
    pub(crate) clock: &'static ManualClock,
    pub(crate) states: MemoryStates,
    pub(crate) index: Index<MemoryStore>,
    pub(crate) ledger: MemoryLedger,
    pub(crate) alerts: MemoryAlerts,
    pub(crate) queue: MemoryQueue<'static>,
}

impl Shared {
    /// An empty world, at some time.
    pub(crate) fn new() -> &'static Self {
        let clock: &'static ManualClock = Box::leak(Box::new(ManualClock::at(Timestamp::from_second(1_000_000).expect("a time"))));
        Box::leak(Box::new(Self {
            clock,
            states: MemoryStates::default(),
            index: Index(MemoryStore::default()),
            ledger: MemoryLedger::default(),
            alerts: MemoryAlerts::default(),
            queue: MemoryQueue::new(clock),
        }))
    }

    /// Has a state indexed as it is, and what follows from that left for later.
    pub(crate) fn index_state(&self, state: &StateId) {
        let Self { clock, states, index, ledger, queue, .. } = self;
        let identifiers = |instance: &Instance| identifiers_of(instance, &Declared::default());
        let settings = Settings { default_place: None, places: BTreeMap::new(), identifiers: &identifiers };
        now(Indexer { states, store: &index.0, clock: *clock, settings: &settings }.index_state(state)).expect("indexes");
        now(after_index((ledger, index, queue, *clock), &Timing::default(), state)).expect("looks again");
    }
}

/// The ports of one detector.
pub(crate) struct Memory<R> {
    pub(crate) shared: &'static Shared,
    pub(crate) reader: R,
}

impl<R> Deref for Memory<R> {
    type Target = Shared;

    fn deref(&self) -> &Shared {
        self.shared
    }
}

impl<R: Send + Sync> Naming for Memory<R> {
    /// Whatever holds a name as its own is concerned and may have been caused; the rules of naming are tested elsewhere.
    async fn concerned(&self, change: &Change) -> Result<Concerning, PortError> {
        let asked: Vec<_> = change.names.iter().map(|name| (Scope::In(change.place.clone()), name.value.clone())).collect();
        let hits = self.index.lookup(&asked).await?;
        let own = hits.into_iter().flat_map(|hit| hit.holders).filter(|holder| holder.strength == Strength::Own);
        let instances: BTreeSet<InstanceRef> = own.map(|holder| holder.instance).collect();
        let instances = instances.into_iter().map(|instance| Concerned { instance, cause: true }).collect();
        Ok(Concerning { instances, ..Concerning::default() })
    }
}

impl<R: LiveReader> Ports for Memory<R> {
    type States = MemoryStates;
    type Index = Index<MemoryStore>;
    type Reader = R;
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
