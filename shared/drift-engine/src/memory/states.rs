use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use drift_model::{ByteRange, StateId, Timestamp};

use crate::ports::{Fragment, Lock, PortError, RecordedState, StateObject};

/// States that somebody puts in.
#[derive(Debug, Default)]
pub struct MemoryStates(Mutex<BTreeMap<StateId, Held>>);

#[derive(Debug, Default)]
struct Held {
    object: Option<StateObject>,
    written: Option<Timestamp>,
    writes: u64,
    lock: Option<Lock>,
}

impl MemoryStates {
    /// Writes a state, at `now`; gives the new version's ETag.
    pub fn put(&self, state: &StateId, bytes: impl Into<Vec<u8>>, now: Timestamp) -> String {
        let mut states = self.states();
        let held = states.entry(state.clone()).or_default();
        held.writes += 1;
        let etag = format!("\"{}\"", held.writes);
        held.object = Some(StateObject { etag: etag.clone(), bytes: bytes.into() });
        held.written = Some(now);
        etag
    }

    /// Removes a state. Its lock stays.
    pub fn remove(&self, state: &StateId) {
        if let Some(held) = self.states().get_mut(state) {
            (held.object, held.written) = (None, None);
        }
    }

    /// Locks a state, or takes the lock away.
    pub fn set_lock(&self, state: &StateId, lock: Option<Lock>) {
        self.states().entry(state.clone()).or_default().lock = lock;
    }

    fn states(&self) -> MutexGuard<'_, BTreeMap<StateId, Held>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl RecordedState for MemoryStates {
    async fn whole(&self, state: &StateId) -> Result<Option<StateObject>, PortError> {
        Ok(self.states().get(state).and_then(|held| held.object.clone()))
    }

    async fn etag(&self, state: &StateId) -> Result<Option<String>, PortError> {
        Ok(self.states().get(state).and_then(|held| held.object.as_ref()).map(|object| object.etag.clone()))
    }

    async fn fragment(&self, state: &StateId, etag: &str, range: ByteRange) -> Result<Fragment, PortError> {
        let states = self.states();
        let Some(object) = states.get(state).and_then(|held| held.object.as_ref()) else { return Ok(Fragment::Gone) };
        if object.etag != etag {
            return Ok(Fragment::Changed);
        }
        let end = range.start.saturating_add(range.length);
        let bytes = usize::try_from(range.start).ok().zip(usize::try_from(end).ok()).and_then(|(start, end)| object.bytes.get(start..end));
        bytes.map(|bytes| Fragment::Bytes(bytes.to_vec())).ok_or_else(|| PortError::Permanent {
            what: format!("reading bytes {}..{end} of {state}", range.start),
            why: "it is shorter".to_owned(),
        })
    }

    async fn states(&self) -> Result<Vec<(StateId, String)>, PortError> {
        let states = self.states();
        Ok(states.iter().filter_map(|(state, held)| Some((state.clone(), held.object.as_ref()?.etag.clone()))).collect())
    }

    async fn written(&self, state: &StateId) -> Result<Option<Timestamp>, PortError> {
        Ok(self.states().get(state).and_then(|held| held.written))
    }

    async fn lock(&self, state: &StateId) -> Result<Option<Lock>, PortError> {
        Ok(self.states().get(state).and_then(|held| held.lock.clone()))
    }
}
