//! The states that hold anything of GitHub, among all that are watched.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use drift_catalog::Catalog;
use drift_engine::ports::{Notes, PortError, RecordedState};
use drift_model::{StateId, Timestamp};
use futures::{StreamExt as _, TryStreamExt as _, stream};
use jiff::SignedDuration;

use crate::{
    Managed,
    kept::{packed, unpacked},
};

/// So many states are read at a time.
const AT_ONCE: usize = 8;

/// Finds what is managed. Reads a state again only where it changed, and none that held nothing of GitHub when it last changed.
#[derive(Debug)]
pub struct ManagedStates {
    catalog: Arc<Catalog>,
    owner: String,
    last: Mutex<Option<Last>>,
}

/// What was found last, and in which versions of which states.
#[derive(Debug)]
struct Last {
    versions: BTreeMap<StateId, String>,
    managed: Arc<Managed>,
}

impl ManagedStates {
    /// What states hold of that owner's.
    #[must_use]
    pub fn new(catalog: Arc<Catalog>, owner: impl Into<String>) -> Self {
        Self { catalog, owner: owner.into(), last: Mutex::default() }
    }

    /// What the states hold now. A state that cannot be read or decoded costs only itself, and is
    /// told by [`Managed::unreadable`].
    ///
    /// # Errors
    ///
    /// Where the states cannot be listed, or reading failed in a way that may pass: with a part of them, what the others manage would be told as
    /// unmanaged.
    pub async fn now(&self, states: &impl RecordedState, notes: &impl Notes, now: Timestamp) -> Result<Arc<Managed>, PortError> {
        let listed: BTreeMap<StateId, String> = states.states().await?.into_iter().collect();
        let key = format!("github/{}/states", self.owner.to_lowercase());
        // State -> the version of it that held nothing of GitHub.
        let barren: BTreeMap<StateId, String> = notes.note(&key).await?.and_then(|note| unpacked(&note)).unwrap_or_default();
        let fertile: BTreeMap<StateId, String> =
            listed.iter().filter(|(id, etag)| barren.get(*id) != Some(*etag)).map(|(id, etag)| (id.clone(), etag.clone())).collect();
        if let Some(Last { versions, managed }) = self.last.lock().unwrap_or_else(PoisonError::into_inner).as_ref()
            && *versions == fertile
        {
            return Ok(Arc::clone(managed));
        }
        let read = fertile.keys().map(|id| async move {
            match states.whole(id).await {
                Err(error @ PortError::Retryable { .. }) => Err(error),
                read => Ok((id.clone(), read)),
            }
        });
        // Collected, so that what awaits them can go from thread to thread.
        let read: Vec<_> = read.collect();
        let objects: Vec<_> = stream::iter(read).buffered(AT_ONCE).try_collect().await?;
        let (mut now_barren, mut bytes, mut unreadable) = (BTreeMap::new(), Vec::new(), BTreeMap::new());
        for (id, object) in objects {
            match object {
                Ok(Some(object)) if holds_github(&object.bytes) => bytes.push((id, object.bytes)),
                Ok(Some(object)) => drop(now_barren.insert(id, object.etag)),
                // It went since it was listed.
                Ok(None) => {}
                Err(error) => drop(unreadable.insert(id, error.to_string())),
            }
        }
        let (mut managed, oddities) = Managed::of_readable(&self.catalog, &self.owner, bytes);
        managed.cannot_be_read(unreadable);
        for odd in oddities {
            tracing::warn!(state = odd.state.0, instance = odd.key, why = odd.why, "something of GitHub in a state was left out");
        }
        let still = listed.iter().filter(|(id, etag)| barren.get(*id) == Some(*etag)).map(|(id, etag)| (id.clone(), etag.clone()));
        let all_barren: BTreeMap<StateId, String> = still.chain(now_barren).collect();
        if all_barren != barren {
            let expires = now.checked_add(SignedDuration::from_hours(24 * 30)).unwrap_or(Timestamp::MAX);
            notes.keep(&key, &packed(&all_barren), expires).await?;
        }
        let managed = Arc::new(managed);
        let versions = fertile.into_iter().filter(|(id, _)| !all_barren.contains_key(id)).collect();
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Some(Last { versions, managed: Arc::clone(&managed) });
        Ok(managed)
    }
}

/// Whether a state may hold instances of GitHub, without decoding it.
fn holds_github(bytes: &[u8]) -> bool {
    memchr::memmem::find(bytes, b"\"github_").is_some()
}

#[cfg(test)]
mod tests {
    use drift_engine::{
        memory::{MemoryNotes, MemoryStates},
        ports::{Fragment, Lock, StateObject},
    };
    use drift_model::ByteRange;
    use futures::executor::block_on;
    use serde_json::json;

    use super::*;

    /// States that count how often each is read, and of which one cannot be.
    #[derive(Default)]
    struct Counting {
        states: MemoryStates,
        reads: Mutex<BTreeMap<StateId, usize>>,
        denied: Option<StateId>,
    }

    impl Counting {
        fn put(&self, state: &StateId, type_name: &str) {
            let provider = format!("provider[\"registry.terraform.io/integrations/{}\"]", type_name.split('_').next().unwrap_or_default());
            let instance = json!({"schema_version": 0, "attributes": {"id": "shop", "name": "shop", "full_name": "acme/shop"}});
            let resource = json!({"mode": "managed", "type": type_name, "name": "a", "provider": provider, "instances": [instance]});
            let state_file = json!({"version": 4, "serial": 1, "lineage": "l", "resources": [resource]});
            self.states.put(state, state_file.to_string(), Timestamp::UNIX_EPOCH);
        }

        fn reads(&self, state: &StateId) -> usize {
            self.reads.lock().expect("no test panics with it").get(state).copied().unwrap_or_default()
        }
    }

    impl RecordedState for Counting {
        async fn whole(&self, state: &StateId) -> Result<Option<StateObject>, PortError> {
            *self.reads.lock().expect("no test panics with it").entry(state.clone()).or_default() += 1;
            if self.denied.as_ref() == Some(state) {
                return Err(PortError::Permanent { what: format!("reading {state}"), why: "denied".to_owned() });
            }
            self.states.whole(state).await
        }

        async fn etag(&self, state: &StateId) -> Result<Option<String>, PortError> {
            self.states.etag(state).await
        }

        async fn fragment(&self, state: &StateId, etag: &str, range: ByteRange) -> Result<Fragment, PortError> {
            self.states.fragment(state, etag, range).await
        }

        async fn states(&self) -> Result<Vec<(StateId, String)>, PortError> {
            self.states.states().await
        }

        async fn lock(&self, state: &StateId) -> Result<Option<Lock>, PortError> {
            self.states.lock(state).await
        }
    }

    fn managed_states() -> ManagedStates {
        ManagedStates::new(Arc::new(Catalog::builtin().expect("the catalog is built in")), "acme")
    }

    #[test]
    fn a_state_without_anything_of_github_is_read_once() {
        let (states, notes) = (Counting::default(), MemoryNotes::default());
        let (aws, github) = (StateId::s3("b", "aws"), StateId::s3("b", "github"));
        states.put(&aws, "aws_instance");
        states.put(&github, "github_repository");
        for process in 0..3 {
            let managed = block_on(managed_states().now(&states, &notes, Timestamp::UNIX_EPOCH)).expect("all can be read");
            assert_eq!(managed.len(), 1, "process {process}");
        }
        assert_eq!((states.reads(&aws), states.reads(&github)), (1, 3));
        let one = managed_states();
        for _ in 0..3 {
            block_on(one.now(&states, &notes, Timestamp::UNIX_EPOCH)).expect("all can be read");
        }
        assert_eq!((states.reads(&aws), states.reads(&github)), (1, 4), "nothing changed");
        states.put(&aws, "github_team");
        assert_eq!(block_on(one.now(&states, &notes, Timestamp::UNIX_EPOCH)).expect("all can be read").len(), 2);
    }

    #[test]
    fn a_state_that_cannot_be_read_costs_itself_and_is_told() {
        let (mut states, notes) = (Counting::default(), MemoryNotes::default());
        let (hidden, broken, github) = (StateId::s3("b", "hidden"), StateId::s3("b", "broken"), StateId::s3("b", "github"));
        states.put(&github, "github_repository");
        states.put(&hidden, "github_repository");
        states.states.put(&broken, r#"{"version": 3, "modules": [{"type": "github_team"}]}"#, Timestamp::UNIX_EPOCH);
        states.denied = Some(hidden.clone());
        let managed = block_on(managed_states().now(&states, &notes, Timestamp::UNIX_EPOCH)).expect("the others can be read");
        assert_eq!(managed.len(), 1);
        let told: Vec<&StateId> = managed.unreadable().keys().collect();
        assert_eq!(told, [&broken, &hidden]);
    }
}
