use std::collections::BTreeSet;

use drift_model::{InstanceKey, InstanceRef, StateId, Strength};

use super::EntryKey;

/// What is kept of one identifier.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Entry {
    /// The instances whose own it is.
    pub own: BTreeSet<HolderName>,
    /// The instances that name something else by it, where the catalog says that this counts.
    pub catalog: BTreeSet<HolderName>,
    /// The instances that name something else by it.
    pub reference: BTreeSet<HolderName>,
    /// Whether there were more at some time than are kept.
    pub overflow: bool,
}

impl Entry {
    /// The holders of one strength.
    #[must_use]
    pub fn of(&self, strength: Strength) -> &BTreeSet<HolderName> {
        match strength {
            Strength::Own => &self.own,
            Strength::Catalog => &self.catalog,
            Strength::Reference => &self.reference,
        }
    }

    pub(crate) fn of_mut(&mut self, strength: Strength) -> &mut BTreeSet<HolderName> {
        match strength {
            Strength::Own => &mut self.own,
            Strength::Catalog => &mut self.catalog,
            Strength::Reference => &mut self.reference,
        }
    }

    /// Whether nothing is kept, whatever was once.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.own.is_empty() && self.catalog.is_empty() && self.reference.is_empty()
    }
}

/// At most so many bytes of holders are kept of one strength in one entry: far from DynamoDB's 400 KB an item.
const MOST_BYTES: usize = 100_000;

/// How many holders of a strength an entry keeps, if they are as long as `name`. Own identifiers lead to several only
/// where names repeat; a reference that leads to more than a few is not followed anyway.
#[must_use]
pub fn limit(strength: Strength, name: &HolderName) -> usize {
    let most = match strength {
        Strength::Own => 200,
        Strength::Catalog => 100,
        Strength::Reference => 25,
    };
    most.min(MOST_BYTES / name.0.len().max(1)).max(1)
}

/// An instance as an element of a set: its address, the deposed key or nothing, and its state, separated by U+001F, which
/// no address holds.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HolderName(pub String);

const SEPARATOR: char = '\u{1f}';

impl HolderName {
    /// The name of an instance of a state.
    #[must_use]
    pub fn new(state: &StateId, key: &InstanceKey) -> Self {
        Self(format!("{}{SEPARATOR}{}{SEPARATOR}{state}", key.address, key.deposed.as_deref().unwrap_or_default()))
    }

    /// The instance; nothing where this is no such name.
    #[must_use]
    pub fn instance(&self) -> Option<InstanceRef> {
        let mut parts = self.0.splitn(3, SEPARATOR);
        let (address, deposed, state) = (parts.next()?, parts.next()?, parts.next()?);
        let deposed = Some(deposed).filter(|key| !key.is_empty()).map(str::to_owned);
        Some(InstanceRef { state: StateId(state.to_owned()), key: InstanceKey { address: address.parse().ok()?, deposed } })
    }
}

/// Holders that leave an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Release {
    /// Which entry.
    pub key: EntryKey,
    /// Who, and of which strength. Never empty.
    pub holders: BTreeSet<(Strength, HolderName)>,
}
