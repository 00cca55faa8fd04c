//! The plugins that run: one process for each version, account, region and set of credentials, at most so many at a time.

use std::{
    collections::HashMap,
    path::PathBuf,
    sync::{Arc, Mutex, OnceLock, PoisonError},
    time::Duration,
};

use drift_model::{Reason, ReasonKind};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{Instant, timeout},
};

use crate::{
    config::Account,
    guard::{Spawner, ended},
    plugin::{Plugin, Settings},
    process::{Process, Schemas},
};

/// For how long a plugin that cannot be started is not tried again, so that a thousand instances do not wait for it one by one.
const FAILURE_STANDS: Duration = Duration::from_secs(20);

/// After so many ends in a row without one answer, a plugin is not started again for a while.
const MOST_ENDS: u32 = 8;

/// How often to look for a process that is in use no more.
const WAIT: Duration = Duration::from_millis(20);

/// What one process is for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Key {
    executable: PathBuf,
    /// Account, region, and the id of the access key.
    account: Option<(String, String, String)>,
}

/// A plugin that is started and configured.
#[derive(Debug)]
pub(crate) struct Running {
    pub(crate) process: Process,
    pub(crate) schemas: Arc<Schemas>,
    /// The reads that may be in flight.
    pub(crate) reads: Semaphore,
    answered: std::sync::atomic::AtomicBool,
    _permit: OwnedSemaphorePermit,
}

impl Running {
    /// Notes that it answered: it is no plugin that ends at every call.
    pub(crate) fn note_answer(&self) {
        self.answered.store(true, std::sync::atomic::Ordering::Relaxed);
    }
}

#[derive(Debug, Default)]
struct Slot {
    running: Option<Arc<Running>>,
    failed: Option<(Instant, Reason)>,
    /// How often it ended in a row without an answer.
    ends: u32,
    used: Option<Instant>,
}

/// All plugins of one reader.
#[derive(Debug)]
pub(crate) struct Pool {
    pub(crate) settings: Settings,
    spawner: OnceLock<Result<Spawner, String>>,
    slots: Mutex<HashMap<Key, Arc<tokio::sync::Mutex<Slot>>>>,
    schemas: Mutex<HashMap<PathBuf, Arc<Schemas>>>,
    permits: Arc<Semaphore>,
}

impl Pool {
    pub(crate) fn new(settings: Settings) -> Self {
        let permits = Arc::new(Semaphore::new(settings.processes.max(1)));
        Self { settings, spawner: OnceLock::new(), slots: Mutex::default(), schemas: Mutex::default(), permits }
    }

    /// What is known of a plugin's types, once it ran.
    pub(crate) fn known_schemas(&self, plugin: &Plugin) -> Option<Arc<Schemas>> {
        self.schemas.lock().unwrap_or_else(PoisonError::into_inner).get(&plugin.executable).cloned()
    }

    /// The process of a plugin for an account, started where it does not run (any more).
    pub(crate) async fn running(&self, plugin: &Plugin, account: Option<&Account>) -> Result<Arc<Running>, Reason> {
        let slot = self.slot(Key::new(plugin, account));
        let mut slot = slot.lock().await;
        slot.used = Some(Instant::now());
        if let Some(running) = &slot.running {
            let Some(status) = running.process.ended() else { return Ok(Arc::clone(running)) };
            slot.ends = if running.answered.load(std::sync::atomic::Ordering::Relaxed) { 1 } else { slot.ends + 1 };
            slot.running = None;
            if slot.ends >= MOST_ENDS {
                let message = format!("the plugin {plugin} ended {} times in a row without an answer ({})", slot.ends, ended(status));
                slot.ends = 0;
                slot.failed = Some((Instant::now(), Reason { kind: ReasonKind::Error, message }));
            }
        }
        if let Some((_, reason)) = slot.failed.as_ref().filter(|(since, _)| since.elapsed() < FAILURE_STANDS) {
            return Err(reason.clone());
        }
        match self.start(plugin, account).await {
            Ok(running) => {
                slot.failed = None;
                Ok(Arc::clone(slot.running.insert(Arc::new(running))))
            }
            Err(reason) => {
                slot.failed = Some((Instant::now(), reason.clone()));
                Err(reason)
            }
        }
    }

    /// Ends all of them.
    pub(crate) async fn close(&self) {
        let slots: Vec<_> = self.slots.lock().unwrap_or_else(PoisonError::into_inner).drain().map(|(_, slot)| slot).collect();
        let mut ends = Vec::new();
        for slot in slots {
            if let Some(running) = slot.lock().await.running.take() {
                ends.push(async move { running.process.end().await });
            }
        }
        futures::future::join_all(ends).await;
    }

    fn slot(&self, key: Key) -> Arc<tokio::sync::Mutex<Slot>> {
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(slots.entry(key).or_default())
    }

    async fn start(&self, plugin: &Plugin, account: Option<&Account>) -> Result<Running, Reason> {
        let permit = self.permit().await;
        let settings = &self.settings;
        let error = |why: &str| Reason { kind: ReasonKind::Error, message: format!("the plugin {plugin} cannot be used: {why}") };
        let spawner = self.spawner.get_or_init(|| Spawner::new(&settings.guard, settings.guarding).map_err(|error| error.to_string()));
        let spawner = spawner.as_ref().map_err(|why| error(why))?;
        let started = timeout(settings.start_deadline, async {
            let process = Process::start(spawner, settings, plugin, account).await?;
            let known = self.known_schemas(plugin).filter(|schemas| schemas.need_not_be_asked);
            let schemas = match known {
                Some(schemas) => schemas,
                None => Arc::new(process.schemas().await?),
            };
            process.configure(&schemas, settings, account).await?;
            Ok((process, schemas))
        });
        let (process, schemas) = match started.await {
            Ok(started) => started?,
            Err(_) => return Err(error(&format!("it was not ready {} s after its start", settings.start_deadline.as_secs()))),
        };
        self.schemas.lock().unwrap_or_else(PoisonError::into_inner).insert(plugin.executable.clone(), Arc::clone(&schemas));
        tracing::debug!(%plugin, protocol = process.client.protocol().number(), types = schemas.len(), "a plugin is ready");
        let reads = Semaphore::new(settings.reads.max(1));
        Ok(Running { process, schemas, reads, answered: false.into(), _permit: permit })
    }

    /// The right to run one more process; where there is none left, one that nobody uses is ended.
    async fn permit(&self) -> OwnedSemaphorePermit {
        loop {
            if let Ok(permit) = Arc::clone(&self.permits).try_acquire_owned() {
                return permit;
            }
            match self.idle() {
                Some(idle) => idle.process.end().await,
                None => tokio::time::sleep(WAIT).await,
            }
        }
    }

    /// The process whose last use is the longest ago, of those that nobody uses.
    fn idle(&self) -> Option<Arc<Running>> {
        let slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        let mut idle: Vec<_> = slots
            .values()
            .filter_map(|slot| slot.try_lock().ok())
            .filter(|slot| slot.running.as_ref().is_some_and(|running| Arc::strong_count(running) == 1))
            .collect();
        idle.sort_by_key(|slot| slot.used);
        idle.first_mut()?.running.take()
    }
}

impl Key {
    fn new(plugin: &Plugin, account: Option<&Account>) -> Self {
        let of = |account: &Account| (account.place.account.clone(), account.region(), account.keys.access_key_id().to_owned());
        Self { executable: plugin.executable.clone(), account: account.map(of) }
    }
}
