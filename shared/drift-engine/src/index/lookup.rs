use std::collections::{BTreeMap, BTreeSet};

use drift_model::{Drift, InstanceRef, Scope, Strength};

use super::{EntryKey, IndexStore, PageKey, PageKind, key::Slot, page::find_range};
use crate::ports::{Hit, Holder, Location, PortError, ResourceIndex};

/// The index as detection reads it, over wherever its items are.
#[derive(Clone, Debug)]
pub struct Index<I>(pub I);

impl<I: IndexStore> ResourceIndex for Index<I> {
    async fn lookup(&self, identifiers: &[(Scope, String)]) -> Result<Vec<Hit>, PortError> {
        let names: BTreeMap<EntryKey, &(Scope, String)> =
            identifiers.iter().map(|identifier| (EntryKey::of(&identifier.0, &identifier.1), identifier)).collect();
        let keys: Vec<EntryKey> = names.keys().copied().collect();
        let mut entries = self.0.entries(&keys).await?;
        entries.sort_unstable_by_key(|(key, _)| *key);
        let hits = entries.into_iter().filter_map(|(key, entry)| {
            let (scope, value) = names.get(&key)?;
            let holders: Vec<Holder> = [Strength::Own, Strength::Catalog, Strength::Reference]
                .into_iter()
                .flat_map(|strength| {
                    entry.of(strength).iter().filter_map(move |name| Some(Holder { instance: name.instance()?, strength }))
                })
                .collect();
            let found = !holders.is_empty() || entry.overflow;
            found.then(|| Hit { scope: scope.clone(), value: value.clone(), holders, overflow: entry.overflow })
        });
        Ok(hits.collect())
    }

    async fn locate(&self, instance: &InstanceRef) -> Result<Option<Location>, PortError> {
        let slot = Slot::of(&instance.key);
        let key = PageKey { state: instance.state.clone(), kind: PageKind::Ranges, number: slot.page };
        let Some(page) = self.0.page(&key).await? else { return Ok(None) };
        find_range(&page.body, slot).ok_or_else(|| PortError::Permanent {
            what: format!("finding {instance} in the index"),
            why: "the format of its page is not known: was the index written by a newer Driftwire?".to_owned(),
        })
    }
}

/// The instances that are, under another address or in another state, what a drift's instance was: of the same type, in
/// the same place, with the same id as their own. Only instances that are there now.
///
/// # Errors
///
/// As the index's.
pub async fn moved_to(index: &impl ResourceIndex, drift: &Drift) -> Result<Vec<InstanceRef>, PortError> {
    let Some(id) = &drift.id else { return Ok(Vec::new()) };
    let scope = drift.place.clone().map_or(Scope::Nowhere, Scope::In);
    let hits = index.lookup(&[(scope, id.clone())]).await?;
    let candidates: BTreeSet<InstanceRef> = hits
        .into_iter()
        .flat_map(|hit| hit.holders)
        .filter(|holder| holder.strength == Strength::Own && holder.instance != drift.instance)
        .map(|holder| holder.instance)
        .filter(|instance| instance.key.address.type_name() == drift.type_name && instance.key.deposed.is_none())
        .collect();
    let mut there = Vec::new();
    for candidate in candidates {
        if index.locate(&candidate).await?.is_some() {
            there.push(candidate);
        }
    }
    Ok(there)
}
