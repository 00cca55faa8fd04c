use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use drift_model::Timestamp;

use crate::{
    ports::{Clock, Later, PortError},
    work::Work,
};

use super::ManualClock;

/// A queue of delayed work, by the clock of the tests.
#[derive(Debug)]
pub struct MemoryQueue<'a> {
    clock: &'a ManualClock,
    due: Mutex<BTreeMap<(Timestamp, usize), Work>>,
}

impl<'a> MemoryQueue<'a> {
    /// An empty queue.
    #[must_use]
    pub fn new(clock: &'a ManualClock) -> Self {
        Self { clock, due: Mutex::default() }
    }

    /// Takes what is due first, with the time at which it is due, however far away that is.
    pub fn next(&self) -> Option<(Timestamp, Work)> {
        self.due.lock().unwrap_or_else(PoisonError::into_inner).pop_first().map(|((at, _), work)| (at, work))
    }

    /// How much is waiting.
    pub fn waiting(&self) -> usize {
        self.due.lock().unwrap_or_else(PoisonError::into_inner).len()
    }
}

impl Later for MemoryQueue<'_> {
    async fn later(&self, work: &Work, delay: Duration) -> Result<(), PortError> {
        let at = self.clock.now().checked_add(delay).unwrap_or(Timestamp::MAX);
        let mut due = self.due.lock().unwrap_or_else(PoisonError::into_inner);
        // The clock moves with each look: no two are due at the same time but where it stands still.
        let count = due.len();
        due.insert((at, count), work.clone());
        Ok(())
    }
}
