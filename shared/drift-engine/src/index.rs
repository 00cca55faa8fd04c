//! The index: which instances an identifier names, and which bytes of which version of a state hold an instance.
//!
//! Three kinds of items, all behind [`IndexStore`]:
//!
//! - An **entry** for each identifier of a place, under a hash of both: the set of instances that hold it. Several states
//!   share an entry; each adds and deletes single elements, so their writes commute.
//! - At most 256 **pages** for each state, twice: the *ranges* say which bytes hold an instance, and of which ETag; they
//!   change with every version. The *holdings* say which entries each instance is in, and change only where those do.
//!   An instance's page is a hash of its address, so that a reader needs exactly one.
//! - A **head** for each state: what is indexed of it, and who is at it.
//!
//! # Guarantees
//!
//! Whatever is interrupted wherever, and however many work on one state, the index ends as that of the state's newest
//! version once somebody finishes: an indexer reads the state as it is now and never what a message says; it takes a
//! lease with a new generation, pages refuse writes of older generations, entries are deleted on condition of the
//! generation; and what it is going to add is in the holdings before it is in an entry. Who takes over after a crash
//! reads all holdings and adds again what is not known to have been finished. What an overtaken indexer still adds is
//! harmless: readers ask the pages, and they do not know it.
//!
//! No item holds a value of the state but addresses; identifiers are hashed.

mod entry;
mod head;
mod indexer;
mod key;
mod lookup;
mod memory;
mod page;
mod plan;
mod reconcile;
mod store;

pub use entry::{Entry, HolderName, Release, limit};
pub use head::Head;
pub use indexer::{IndexError, Indexed, Indexer};
pub use key::{EntryKey, PageKey, PageKind, state_key};
pub use lookup::{Index, moved_to};
pub use memory::{MemoryIndex, MemoryStore};
pub use page::Page;
pub use reconcile::Reconciled;
pub use store::IndexStore;
