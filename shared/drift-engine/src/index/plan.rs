//! What the index of one version of a state should hold.

use std::collections::{BTreeMap, BTreeSet};

use drift_model::{ByteRange, InstanceKey, Scope, Strength};
use drift_state::{Found, State};

use super::{
    EntryKey,
    key::Slot,
    page::{Holdings, Setting, digest, encode_ranges},
};

/// One page of one version.
#[derive(Debug, Default)]
pub(crate) struct PagePlan {
    pub(crate) holdings: Holdings,
    pub(crate) digest: u64,
    ranges: BTreeMap<[u8; 8], (ByteRange, usize)>,
}

/// All pages of one version, without the empty ones.
#[derive(Debug, Default)]
pub(crate) struct Plan {
    pub(crate) pages: BTreeMap<u8, PagePlan>,
    pub(crate) instances: u64,
    settings: Vec<Setting>,
}

impl Plan {
    pub(crate) fn of(state: &State) -> Self {
        let mut plan = Self { instances: state.found.len() as u64, ..Self::default() };
        let mut numbers = BTreeMap::new();
        for found in &state.found {
            let setting = setting(found);
            let number = *numbers.entry(setting).or_insert_with_key(|setting| {
                plan.settings.push(setting.clone());
                plan.settings.len() - 1
            });
            let slot = Slot::of(&found.key);
            let page = plan.pages.entry(slot.page).or_default();
            page.ranges.insert(slot.hash, (found.range, number));
            page.holdings.0.insert(page_name(&found.key), held(found));
        }
        for page in plan.pages.values_mut() {
            page.digest = digest(&page.holdings.encode());
        }
        plan
    }

    /// The ranges of a page, as they are stored; empty where there are none.
    pub(crate) fn ranges(&self, number: u8, etag: &str) -> Vec<u8> {
        let Some(page) = self.pages.get(&number) else { return Vec::new() };
        let ranges = page.ranges.iter().filter_map(|(hash, (range, setting))| Some((*hash, (*range, self.settings.get(*setting)?))));
        encode_ranges(etag, &ranges.collect())
    }

    pub(crate) fn digests(&self) -> BTreeMap<u8, u64> {
        self.pages.iter().map(|(number, page)| (*number, page.digest)).collect()
    }
}

fn setting(found: &Found) -> Setting {
    let place = found.place.as_deref().cloned();
    Setting { provider: found.provider.to_string(), provider_config: found.provider_config.to_string(), place }
}

fn held(found: &Found) -> BTreeSet<(EntryKey, Strength)> {
    let scope = found.place.as_deref().map_or(Scope::Nowhere, |place| Scope::In(place.clone()));
    found.identifiers.iter().map(|identifier| (EntryKey::of(&scope, &identifier.value), identifier.strength)).collect()
}

const SEPARATOR: char = '\u{1f}';

/// How a page names an instance of its state.
fn page_name(key: &InstanceKey) -> String {
    format!("{}{SEPARATOR}{}", key.address, key.deposed.as_deref().unwrap_or_default())
}

/// The instance that a page names; nothing where this is no such name.
pub(crate) fn instance_of(page_name: &str) -> Option<InstanceKey> {
    let (address, deposed) = page_name.split_once(SEPARATOR)?;
    Some(InstanceKey { address: address.parse().ok()?, deposed: Some(deposed).filter(|key| !key.is_empty()).map(str::to_owned) })
}
