use std::collections::BTreeMap;

use drift_model::{StateId, Timestamp};
use serde::{Deserialize, Serialize};

/// What is indexed of a state, and who is at it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// Which.
    pub state: StateId,
    /// Counts those who worked on it. Pages and deletions of older generations are refused.
    pub generation: u64,
    /// The last generation that finished: pages of later ones may name entries that were never written.
    pub settled: u64,
    /// Whether somebody began and did not finish.
    pub dirty: bool,
    /// Until when whoever works on it has it alone.
    pub lease: Option<Timestamp>,
    /// The version that is indexed; nothing where there is no such state.
    pub etag: Option<String>,
    /// The version that was found not to be readable, while that is the newest.
    #[serde(default)]
    pub unreadable: Option<String>,
    /// How many instances are indexed.
    pub instances: u64,
    /// The digests of the holdings, by the pages that are not empty.
    pub digests: BTreeMap<u8, u64>,
}

impl Head {
    /// The head of a state of which nothing is indexed.
    #[must_use]
    pub fn new(state: StateId) -> Self {
        Self {
            state,
            generation: 0,
            settled: 0,
            dirty: false,
            lease: None,
            etag: None,
            unreadable: None,
            instances: 0,
            digests: BTreeMap::new(),
        }
    }

    /// Whether the state is indexed as of a version, or, without one, known to be gone.
    #[must_use]
    pub fn is_of(&self, etag: Option<&str>) -> bool {
        !self.dirty && self.etag.as_deref() == etag
    }

    /// Whether nothing more is known than that there was a state once.
    #[must_use]
    pub fn is_tombstone(&self) -> bool {
        !self.dirty && self.etag.is_none() && self.unreadable.is_none()
    }
}
