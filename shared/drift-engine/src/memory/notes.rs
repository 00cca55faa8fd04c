use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use drift_model::Timestamp;

use crate::ports::{Notes, PortError};

/// Notes that are kept as long as this is. Nothing expires by itself.
#[derive(Debug, Default)]
pub struct MemoryNotes(Mutex<BTreeMap<String, (Vec<u8>, Timestamp)>>);

impl MemoryNotes {
    /// Everything that is kept, by key, with when it expires.
    pub fn kept(&self) -> BTreeMap<String, (Vec<u8>, Timestamp)> {
        self.held().clone()
    }

    fn held(&self) -> MutexGuard<'_, BTreeMap<String, (Vec<u8>, Timestamp)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl FromIterator<(String, (Vec<u8>, Timestamp))> for MemoryNotes {
    fn from_iter<I: IntoIterator<Item = (String, (Vec<u8>, Timestamp))>>(notes: I) -> Self {
        Self(Mutex::new(notes.into_iter().collect()))
    }
}

impl Notes for MemoryNotes {
    async fn note(&self, key: &str) -> Result<Option<Vec<u8>>, PortError> {
        Ok(self.held().get(key).map(|(note, _)| note.clone()))
    }

    async fn keep(&self, key: &str, note: &[u8], expires: Timestamp) -> Result<(), PortError> {
        self.held().insert(key.to_owned(), (note.to_vec(), expires));
        Ok(())
    }

    async fn forget(&self, key: &str) -> Result<(), PortError> {
        self.held().remove(key);
        Ok(())
    }
}
