use std::{
    cmp::Reverse,
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use drift_model::{Drift, InstanceRef, Timestamp};

use crate::ports::{Alert, Entry, Ledger, Owed, PortError, Query, Written};

/// The findings, for as long as the process lives.
#[derive(Debug, Default)]
pub struct MemoryLedger(Mutex<BTreeMap<InstanceRef, Entry>>);

impl MemoryLedger {
    fn entries(&self) -> MutexGuard<'_, BTreeMap<InstanceRef, Entry>> {
        // Every write is one assignment: a panic between two leaves nothing half done.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Ledger for MemoryLedger {
    async fn entry(&self, instance: &InstanceRef) -> Result<Option<Entry>, PortError> {
        Ok(self.entries().get(instance).cloned())
    }

    async fn write(&self, drift: &Drift, owed: Option<&Alert>, expected: Option<u64>) -> Result<Written, PortError> {
        let mut entries = self.entries();
        let held = entries.get(&drift.instance);
        let is_as_expected = held.map(|held| held.version) == expected;
        if !is_as_expected || held.is_some_and(|held| held.drift.last_judged > drift.last_judged) {
            return Ok(Written::Conflict);
        }
        let version = expected.unwrap_or_default() + 1;
        let owed = owed.map(|alert| Owed { alert: alert.clone(), claimed: alert.transition.at });
        entries.insert(drift.instance.clone(), Entry { drift: drift.clone(), version, owed });
        Ok(Written::Yes)
    }

    async fn carry(&self, from: &InstanceRef, expected: u64, drift: &Drift) -> Result<Written, PortError> {
        let mut entries = self.entries();
        let is_as_expected = entries.get(from).is_some_and(|held| held.version == expected && held.drift.status.is_open());
        let there = entries.get(&drift.instance);
        if !is_as_expected || there.is_some_and(|there| there.drift.status.is_open()) {
            return Ok(Written::Conflict);
        }
        let version = there.map_or(0, |there| there.version) + 1;
        let owed = entries.remove(from).and_then(|held| held.owed);
        entries.insert(drift.instance.clone(), Entry { drift: drift.clone(), version, owed });
        Ok(Written::Yes)
    }

    async fn claim(&self, owed: &Owed, now: Timestamp) -> Result<Written, PortError> {
        match self.entries().get_mut(&owed.alert.drift.instance).and_then(|entry| entry.owed.as_mut()) {
            Some(held) if held == owed => held.claimed = now,
            _ => return Ok(Written::Conflict),
        }
        Ok(Written::Yes)
    }

    async fn clear_owed(&self, instance: &InstanceRef, transition: &str) -> Result<(), PortError> {
        if let Some(entry) = self.entries().get_mut(instance)
            && entry.owed.as_ref().is_some_and(|owed| owed.alert.transition.id == transition)
        {
            entry.owed = None;
        }
        Ok(())
    }

    async fn owed(&self, limit: usize) -> Result<Vec<Owed>, PortError> {
        let mut owed: Vec<Owed> = self.entries().values().filter_map(|entry| entry.owed.clone()).collect();
        owed.sort_by_key(|owed| owed.claimed);
        owed.truncate(limit);
        Ok(owed)
    }

    async fn list(&self, query: &Query) -> Result<Vec<Drift>, PortError> {
        let fits = |drift: &Drift| {
            (query.closed_too || drift.status.is_open())
                && query.state.as_ref().is_none_or(|state| *state == drift.instance.state)
                && query.severity.is_none_or(|severity| severity == drift.severity)
                && query.account.as_ref().is_none_or(|account| drift.place.as_ref().is_some_and(|place| place.account == *account))
        };
        let mut found: Vec<Drift> = self.entries().values().map(|entry| &entry.drift).filter(|drift| fits(drift)).cloned().collect();
        found.sort_by_key(|drift| (Reverse(drift.severity), Reverse(drift.first_seen)));
        Ok(found)
    }
}
