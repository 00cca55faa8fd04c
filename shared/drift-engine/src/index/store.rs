use std::{collections::BTreeSet, future::Future};

use drift_model::{StateId, Strength};

use super::{Entry, EntryKey, Head, HolderName, Page, PageKey, Release};
use crate::ports::{PortError, Written};

/// Where the items of the index are. Everything that decides anything is above this.
pub trait IndexStore: Send + Sync {
    /// The entries that there are of these, in any order. `keys` hold no repetitions.
    fn entries(&self, keys: &[EntryKey]) -> impl Future<Output = Result<Vec<(EntryKey, Entry)>, PortError>> + Send;
    /// Adds holders to an entry, as many as [`super::limit`] allows; marks it where that is not all.
    fn hold(&self, key: EntryKey, strength: Strength, holders: &BTreeSet<HolderName>)
    -> impl Future<Output = Result<(), PortError>> + Send;
    /// Deletes holders from entries, if the state's head is still of that generation. Entries that nobody holds any more
    /// go, marks included. Each entry stands in `releases` once.
    fn release(&self, state: &StateId, generation: u64, releases: &[Release]) -> impl Future<Output = Result<Written, PortError>> + Send;
    /// A page; nothing where it is empty.
    fn page(&self, key: &PageKey) -> impl Future<Output = Result<Option<Page>, PortError>> + Send;
    /// Writes a page, unless it is of a later generation. An empty body leaves a trace of the generation for at least a day.
    fn put_page(&self, key: &PageKey, page: &Page) -> impl Future<Output = Result<Written, PortError>> + Send;
    /// The head of a state, read consistently.
    fn head(&self, state: &StateId) -> impl Future<Output = Result<Option<Head>, PortError>> + Send;
    /// Writes a head, if the one that is there is of generation `expected` (nothing: if there is none).
    fn put_head(&self, head: &Head, expected: Option<u64>) -> impl Future<Output = Result<Written, PortError>> + Send;
    /// The heads of all states, in any order.
    fn heads(&self) -> impl Future<Output = Result<Vec<Head>, PortError>> + Send;
}
