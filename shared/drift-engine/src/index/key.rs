use std::fmt;

use drift_model::{InstanceKey, Scope, StateId};
use sha2::{Digest, Sha256};

/// The hash under which an identifier of a scope is kept: 128 bits, since DynamoDB's keys end at 2,048 bytes and
/// identifiers do not. Prints as 32 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EntryKey(pub [u8; 16]);

impl EntryKey {
    /// The key of an identifier among the instances of a scope.
    #[must_use]
    pub fn of(scope: &Scope, value: &str) -> Self {
        let mut hash = Sha256::new();
        if let Scope::In(place) = scope {
            for part in [&place.partition, &place.account, &place.region] {
                hash.update(part);
                hash.update("\n");
            }
        }
        hash.update("\n");
        hash.update(value);
        Self(first(&hash.finalize()))
    }
}

impl fmt::Display for EntryKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for EntryKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The first `N` bytes of a digest that is longer.
pub(crate) fn first<const N: usize>(digest: &[u8]) -> [u8; N] {
    let mut out = [0; N];
    out.iter_mut().zip(digest).for_each(|(to, from)| *to = *from);
    out
}

/// The hash under which what belongs to a state as a whole is kept: 32 hexadecimal digits.
#[must_use]
pub fn state_key(state: &StateId) -> String {
    EntryKey(first(&Sha256::digest(&state.0))).to_string()
}

/// The two kinds of pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PageKind {
    /// Which bytes hold an instance.
    Ranges,
    /// Which entries an instance is in.
    Holdings,
}

/// Names one page.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PageKey {
    /// Whose.
    pub state: StateId,
    /// Of what.
    pub kind: PageKind,
    /// Which of the 256.
    pub number: u8,
}

/// Where an instance stands: its page, and its hash there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Slot {
    pub(crate) page: u8,
    pub(crate) hash: [u8; 8],
}

impl Slot {
    pub(crate) fn of(key: &InstanceKey) -> Self {
        let mut hash = Sha256::new();
        hash.update(key.address.as_str());
        hash.update("\n");
        hash.update(key.deposed.as_deref().unwrap_or_default());
        let digest: [u8; 9] = first(&hash.finalize());
        Self { page: digest[8], hash: first(&digest) }
    }
}
