use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::{Mutex, MutexGuard, PoisonError},
};

use drift_model::{InstanceRef, Scope, StateId, Strength};
use drift_state::State;

use super::{Entry, EntryKey, Head, HolderName, IndexStore, Page, PageKey, Release, limit, state_key};
use crate::ports::{Hit, Holder, Location, PortError, ResourceIndex, Written};

/// The index of whole states in memory: what the command line looks up in, without storing anything.
#[derive(Debug, Default)]
pub struct MemoryIndex {
    instances: Vec<(InstanceRef, Location)>,
    numbers: HashMap<InstanceRef, usize>,
    holders: HashMap<Scope, HashMap<String, Vec<(Strength, usize)>>>,
}

impl MemoryIndex {
    /// Adds all instances of one version of a state.
    pub fn add(&mut self, id: &StateId, etag: &str, state: &State) {
        for found in &state.found {
            let place = found.place.as_deref().cloned();
            let scope = place.clone().map_or(Scope::Nowhere, Scope::In);
            let location = Location {
                etag: etag.to_owned(),
                range: found.range,
                provider: found.provider.to_string(),
                provider_config: found.provider_config.to_string(),
                place,
            };
            let instance = InstanceRef { state: id.clone(), key: found.key.clone() };
            let number = self.instances.len();
            self.numbers.insert(instance.clone(), number);
            self.instances.push((instance, location));
            let holders = self.holders.entry(scope).or_default();
            for identifier in &found.identifiers {
                holders.entry(identifier.value.clone()).or_default().push((identifier.strength, number));
            }
        }
    }

    /// All instances, in the order in which they were added.
    pub fn instances(&self) -> impl Iterator<Item = (&InstanceRef, &Location)> {
        self.instances.iter().map(|(instance, location)| (instance, location))
    }

    /// As much of what was added as a stored index would keep.
    fn hit(&self, scope: &Scope, value: &str) -> Option<Hit> {
        let mut all = self.holders.get(scope)?.get(value)?.clone();
        all.sort_unstable_by(|a, b| a.0.cmp(&b.0).then_with(|| self.instances[a.1].0.cmp(&self.instances[b.1].0)));
        let mut kept: BTreeMap<Strength, usize> = BTreeMap::new();
        let mut hit = Hit { scope: scope.clone(), value: value.to_owned(), holders: Vec::new(), overflow: false };
        for (strength, number) in all {
            let instance = &self.instances[number].0;
            let kept = kept.entry(strength).or_default();
            if *kept < limit(strength, &HolderName::new(&instance.state, &instance.key)) {
                *kept += 1;
                hit.holders.push(Holder { instance: instance.clone(), strength });
            } else {
                hit.overflow = true;
            }
        }
        Some(hit)
    }
}

impl ResourceIndex for MemoryIndex {
    async fn lookup(&self, identifiers: &[(Scope, String)]) -> Result<Vec<Hit>, PortError> {
        let once: BTreeSet<&(Scope, String)> = identifiers.iter().collect();
        Ok(once.into_iter().filter_map(|(scope, value)| self.hit(scope, value)).collect())
    }

    async fn locate(&self, instance: &InstanceRef) -> Result<Option<Location>, PortError> {
        Ok(self.numbers.get(instance).map(|number| self.instances[*number].1.clone()))
    }
}

/// An [`IndexStore`] in memory, which can be told to fail at a write: for tests of what crashes leave behind.
#[derive(Debug, Default)]
pub struct MemoryStore {
    items: Mutex<Items>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Items {
    entries: BTreeMap<EntryKey, Entry>,
    pages: BTreeMap<PageKey, Page>,
    heads: BTreeMap<String, Head>,
    /// How many writes succeed before all fail; nothing: all succeed.
    writes_left: Option<usize>,
}

impl Items {
    fn count_write(&mut self) -> Result<(), PortError> {
        match &mut self.writes_left {
            None => Ok(()),
            Some(0) => Err(PortError::Retryable { what: "writing to the index".to_owned(), why: "it was told to fail".to_owned() }),
            Some(left) => {
                *left -= 1;
                Ok(())
            }
        }
    }
}

impl MemoryStore {
    /// Lets so many writes succeed and then fails all; `None` lets all succeed.
    pub fn fail_after(&self, writes: Option<usize>) {
        self.items().writes_left = writes;
    }

    /// Every entry that somebody holds.
    #[must_use]
    pub fn held(&self) -> BTreeMap<EntryKey, Entry> {
        self.items().entries.iter().filter(|(_, entry)| !entry.is_empty()).map(|(key, entry)| (*key, entry.clone())).collect()
    }

    /// Every page that is not empty, without its generation.
    #[must_use]
    pub fn filled(&self) -> BTreeMap<PageKey, Vec<u8>> {
        self.items().pages.iter().filter(|(_, page)| !page.body.is_empty()).map(|(key, page)| (key.clone(), page.body.clone())).collect()
    }

    fn items(&self) -> MutexGuard<'_, Items> {
        self.items.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl IndexStore for MemoryStore {
    async fn entries(&self, keys: &[EntryKey]) -> Result<Vec<(EntryKey, Entry)>, PortError> {
        let items = self.items();
        Ok(keys.iter().filter_map(|key| Some((*key, items.entries.get(key)?.clone()))).collect())
    }

    async fn hold(&self, key: EntryKey, strength: Strength, holders: &BTreeSet<HolderName>) -> Result<(), PortError> {
        let mut items = self.items();
        items.count_write()?;
        let entry = items.entries.entry(key).or_default();
        for holder in holders {
            let held = entry.of_mut(strength);
            if held.contains(holder) || held.len() < limit(strength, holder) {
                held.insert(holder.clone());
            } else {
                entry.overflow = true;
            }
        }
        Ok(())
    }

    async fn release(&self, state: &StateId, generation: u64, releases: &[Release]) -> Result<Written, PortError> {
        let mut items = self.items();
        items.count_write()?;
        if items.heads.get(&state_key(state)).is_none_or(|head| head.generation != generation) {
            return Ok(Written::Conflict);
        }
        for release in releases {
            let Some(entry) = items.entries.get_mut(&release.key) else { continue };
            for (strength, holder) in &release.holders {
                entry.of_mut(*strength).remove(holder);
            }
            if entry.is_empty() {
                items.entries.remove(&release.key);
            }
        }
        Ok(Written::Yes)
    }

    async fn page(&self, key: &PageKey) -> Result<Option<Page>, PortError> {
        Ok(self.items().pages.get(key).cloned())
    }

    async fn put_page(&self, key: &PageKey, page: &Page) -> Result<Written, PortError> {
        let mut items = self.items();
        items.count_write()?;
        if items.pages.get(key).is_some_and(|there| there.generation > page.generation) {
            return Ok(Written::Conflict);
        }
        items.pages.insert(key.clone(), page.clone());
        Ok(Written::Yes)
    }

    async fn head(&self, state: &StateId) -> Result<Option<Head>, PortError> {
        Ok(self.items().heads.get(&state_key(state)).cloned())
    }

    async fn put_head(&self, head: &Head, expected: Option<u64>) -> Result<Written, PortError> {
        let mut items = self.items();
        items.count_write()?;
        let key = state_key(&head.state);
        if items.heads.get(&key).map(|there| there.generation) != expected {
            return Ok(Written::Conflict);
        }
        items.heads.insert(key, head.clone());
        Ok(Written::Yes)
    }

    async fn heads(&self) -> Result<Vec<Head>, PortError> {
        Ok(self.items().heads.values().cloned().collect())
    }
}
