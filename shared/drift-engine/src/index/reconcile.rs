use std::collections::BTreeMap;

use drift_model::StateId;

use super::{Head, IndexError, IndexStore, Indexer};
use crate::ports::{Clock, RecordedState};

/// Where the index and the configured buckets differ.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reconciled {
    /// How many states there are.
    pub states: usize,
    /// The states that are to be indexed, in order: new ones, those of another version, and those somebody began and did not finish.
    pub index: Vec<StateId>,
    /// The states that are to be removed, in order: gone, or not configured any more.
    pub remove: Vec<StateId>,
    /// The states whose newest version was found not to be readable, in order: the index stays that of the last that was.
    pub unreadable: Vec<StateId>,
}

impl<S: RecordedState, I: IndexStore, C: Clock> Indexer<'_, S, I, C> {
    /// Compares what the configured buckets hold with the index, and writes nothing: each state that differs is a
    /// message of its own.
    ///
    /// # Errors
    ///
    /// Where the buckets or the heads cannot be listed. A bucket that cannot be listed must not look empty.
    pub async fn reconcile(&self) -> Result<Reconciled, IndexError> {
        let heads: BTreeMap<StateId, Head> = self.store.heads().await?.into_iter().map(|head| (head.state.clone(), head)).collect();
        let states: BTreeMap<StateId, String> = self.states.states().await?.into_iter().collect();
        let now = self.clock.now();
        let differs = |state: &StateId, etag: &String| {
            heads.get(state).is_none_or(|head| {
                let at_work = head.lease.is_some_and(|until| until > now);
                !at_work && !head.is_of(Some(etag)) && (head.dirty || head.unreadable.as_ref() != Some(etag))
            })
        };
        let is_unreadable = |state: &StateId, etag: &String| heads.get(state).is_some_and(|head| head.unreadable.as_ref() == Some(etag));
        Ok(Reconciled {
            states: states.len(),
            index: states.iter().filter(|(state, etag)| differs(state, etag)).map(|(state, _)| state.clone()).collect(),
            remove: heads
                .values()
                .filter(|head| !head.is_tombstone() && !states.contains_key(&head.state))
                .map(|head| head.state.clone())
                .collect(),
            unreadable: states.iter().filter(|(state, etag)| is_unreadable(state, etag)).map(|(state, _)| state.clone()).collect(),
        })
    }
}
