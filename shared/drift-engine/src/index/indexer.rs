use std::{
    collections::{BTreeMap, BTreeSet},
    sync::atomic::{AtomicUsize, Ordering::Relaxed},
    time::Duration,
};

use drift_model::{InstanceRef, StateId, Strength, Timestamp};
use drift_state::{Problem, Settings, StateError};
use futures::{StreamExt, TryStreamExt, stream};

use super::{
    EntryKey, Head, HolderName, IndexStore, Page, PageKey, PageKind, Release,
    page::Holdings,
    plan::{Plan, instance_of},
};
use crate::ports::{Clock, PortError, RecordedState, Written};

/// Why the index of a state could not be brought up to date.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IndexError {
    /// A port failed.
    #[error(transparent)]
    Port(#[from] PortError),
    /// Somebody else is indexing it: later, there may be nothing left to do.
    #[error("{state} is being indexed by another until {until} at the latest")]
    Busy {
        /// Which.
        state: StateId,
        /// Until when that one has it alone.
        until: Timestamp,
    },
    /// Somebody else took over, because this one took too long.
    #[error("another took over the indexing of {state}")]
    Overtaken {
        /// Which.
        state: StateId,
    },
    /// The newest version cannot be read; the index stays that of the last that could.
    #[error("{state} cannot be read")]
    State {
        /// Which.
        state: StateId,
        /// Why.
        source: StateError,
    },
    /// More instances than 256 pages hold.
    #[error("{state} is too large: one of its index pages would take {bytes} bytes of 380,000; split the state")]
    TooLarge {
        /// Which.
        state: StateId,
        /// What the largest page would take.
        bytes: usize,
    },
}

impl IndexError {
    /// Whether the same may succeed later.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        matches!(self, Self::Port(PortError::Retryable { .. }) | Self::Busy { .. } | Self::Overtaken { .. })
    }
}

/// What bringing a state's index up to date came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Indexed {
    /// The version that is indexed now; nothing where there is no such state.
    pub etag: Option<String>,
    /// Whether anything was there to do.
    pub changed: bool,
    /// Whether the state was written again meanwhile, time after time: ask once more later.
    pub changed_again: bool,
    /// How many instances it holds now.
    pub instances: u64,
    /// How many (identifier, instance) pairs were added.
    pub added: usize,
    /// How many were deleted.
    pub removed: usize,
    /// How many items were written, those that a bookkeeping write touches included.
    pub written: usize,
    /// The instances that the index held and the state does not any more, in order. What an interrupted indexer found
    /// gone may be missing here: open drifts of a state are therefore looked up one by one.
    pub left: Vec<InstanceRef>,
    /// The instances that the state holds and the index did not, in order.
    pub came: Vec<InstanceRef>,
    /// What was left out because it is odd.
    pub problems: Vec<Problem>,
}

/// Keeps the index up to date. `states` are read as they are now, whatever a message said.
pub struct Indexer<'a, S, I, C> {
    /// The states.
    pub states: &'a S,
    /// Where the index is.
    pub store: &'a I,
    /// For leases.
    pub clock: &'a C,
    /// How states are read.
    pub settings: &'a Settings<'a>,
}

/// How long an indexer has a state alone; renewed at half of it.
const LEASE: Duration = Duration::from_mins(2);
/// How many versions of a state one call follows, while it is written again and again.
const FOLLOWED: usize = 3;
/// How many requests are under way at once.
const AT_ONCE: usize = 32;
/// After so many requests the lease is looked at.
const BETWEEN_RENEWALS: usize = 512;
/// How many entries one transaction deletes from.
const RELEASED_AT_ONCE: usize = 25;
/// DynamoDB ends at 400 KB an item, names of attributes included.
const MOST_PAGE_BYTES: usize = 380_000;

impl<S: RecordedState, I: IndexStore, C: Clock> Indexer<'_, S, I, C> {
    /// Brings the index of a state up to date with its newest version, or empties it where there is none.
    ///
    /// # Errors
    ///
    /// See [`IndexError`]; what is retryable should be tried again after a while.
    pub async fn index_state(&self, state: &StateId) -> Result<Indexed, IndexError> {
        self.follow(state, false).await
    }

    /// Writes everything of a state anew, whatever the index holds of it.
    ///
    /// # Errors
    ///
    /// As [`Self::index_state`].
    pub async fn rebuild_state(&self, state: &StateId) -> Result<Indexed, IndexError> {
        self.follow(state, true).await
    }

    /// Empties the index of a state, whether or not it is still there: nobody watches it any more.
    ///
    /// # Errors
    ///
    /// As [`Self::index_state`].
    pub async fn remove_state(&self, state: &StateId) -> Result<Indexed, IndexError> {
        let Some(head) = self.store.head(state).await?.filter(|head| !head.is_of(None)) else { return Ok(Indexed::default()) };
        let run = self.acquire(state, Some(head), false).await?;
        run.finish_or_let_go(run.write(None, &Plan::default())).await
    }

    async fn follow(&self, state: &StateId, anew: bool) -> Result<Indexed, IndexError> {
        let mut all = Indexed::default();
        for pass in 0..=FOLLOWED {
            let head = self.store.head(state).await?;
            let etag = self.states.etag(state).await?;
            let known = head.as_ref().map_or(etag.is_none(), |head| head.is_of(etag.as_deref()));
            if known && (pass > 0 || !anew) {
                all.etag = etag;
                all.instances = head.map_or(0, |head| head.instances);
                return Ok(all);
            }
            if pass == FOLLOWED {
                break;
            }
            let run = self.acquire(state, head, anew && pass == 0).await?;
            all = all.then(run.finish_or_let_go(run.newest()).await?);
        }
        all.changed_again = true;
        Ok(all)
    }

    /// Takes the lease with a new generation.
    async fn acquire(&self, state: &StateId, seen: Option<Head>, anew: bool) -> Result<Run<'_, S, I, C>, IndexError> {
        let now = self.clock.now();
        if let Some(until) = seen.as_ref().and_then(|head| head.lease).filter(|until| *until > now) {
            return Err(IndexError::Busy { state: state.clone(), until });
        }
        let expected = seen.as_ref().map(|head| head.generation);
        let mut before = seen.unwrap_or_else(|| Head::new(state.clone()));
        if anew {
            before.dirty = true;
            before.settled = 0;
        }
        let until = now + LEASE;
        let head = Head { generation: before.generation + 1, dirty: true, lease: Some(until), ..before.clone() };
        match self.store.put_head(&head, expected).await? {
            Written::Yes => Ok(Run {
                indexer: self,
                generation: head.generation,
                before,
                until: std::sync::Mutex::new(until),
                written: AtomicUsize::new(1),
            }),
            Written::Conflict => Err(IndexError::Busy { state: state.clone(), until }),
        }
    }
}

impl Indexed {
    /// Both, one after the other. What came and left again did neither.
    fn then(mut self, next: Self) -> Self {
        let both: BTreeSet<_> =
            self.came.iter().chain(&self.left).filter(|it| next.came.contains(it) || next.left.contains(it)).cloned().collect();
        let joined = |first: Vec<InstanceRef>, second: Vec<InstanceRef>| -> Vec<InstanceRef> {
            first.into_iter().chain(second).filter(|it| !both.contains(it)).collect()
        };
        self.left = joined(self.left, next.left);
        self.came = joined(self.came, next.came);
        Self {
            added: self.added + next.added,
            removed: self.removed + next.removed,
            written: self.written + next.written,
            left: self.left,
            came: self.came,
            ..next
        }
    }
}

/// One attempt, under one generation.
struct Run<'a, S, I, C> {
    indexer: &'a Indexer<'a, S, I, C>,
    generation: u64,
    /// The head as it was before.
    before: Head,
    /// The lease's end.
    until: std::sync::Mutex<Timestamp>,
    written: AtomicUsize,
}

/// A page whose holdings differ from the plan's, or may.
struct Changing {
    number: u8,
    old: Holdings,
    /// Whether all of `old` is known to be in its entries.
    settled: bool,
}

impl<S: RecordedState, I: IndexStore, C: Clock> Run<'_, S, I, C> {
    fn state(&self) -> &StateId {
        &self.before.state
    }

    /// Gives the lease back where the attempt failed, so that the next need not wait for its end.
    async fn finish_or_let_go(&self, attempt: impl Future<Output = Result<Indexed, IndexError>> + Send) -> Result<Indexed, IndexError> {
        let outcome = attempt.await;
        let unreadable = matches!(outcome, Err(IndexError::State { .. }));
        if outcome.is_err() && !unreadable {
            let head = Head { generation: self.generation, dirty: true, lease: None, ..self.before.clone() };
            // Whoever is next finds the lease ended, sooner or later: that this failed as well changes nothing.
            let _ = self.indexer.store.put_head(&head, Some(self.generation)).await;
        }
        outcome
    }

    /// Indexes the state as it is now.
    async fn newest(&self) -> Result<Indexed, IndexError> {
        let Some(object) = self.indexer.states.whole(self.state()).await? else {
            return self.write(None, &Plan::default()).await;
        };
        let state = match drift_state::read(&object.bytes, self.indexer.settings) {
            Ok(state) => state,
            Err(source) => {
                // Nothing was touched yet: what is indexed stays as settled as it was.
                let head = Head { generation: self.generation, lease: None, unreadable: Some(object.etag), ..self.before.clone() };
                self.expect(self.indexer.store.put_head(&head, Some(self.generation)).await?)?;
                return Err(IndexError::State { state: self.state().clone(), source });
            }
        };
        let plan = Plan::of(&state);
        let indexed = self.write(Some(&object.etag), &plan).await?;
        Ok(Indexed { problems: state.problems, ..indexed })
    }

    /// Makes the index what `plan` says. The order is what makes a crash at any point harmless.
    async fn write(&self, etag: Option<&str>, plan: &Plan) -> Result<Indexed, IndexError> {
        let changing = self.changing(plan).await?;
        let nothing = Holdings::default();
        let new = |number: u8| plan.pages.get(&number).map_or(&nothing, |page| &page.holdings);

        // 1. What may be in entries from now on stands in the holdings.
        let unions = changing.iter().map(|page| (page.number, page.old.union(new(page.number)).encode())).collect();
        self.put_pages(PageKind::Holdings, unions).await?;
        // 2. Entries gain holders.
        let added = self.hold(&changing, plan).await?;
        // 3. Entries lose holders.
        let removed = self.release(&changing, plan).await?;
        // 4. Readers find this version's bytes.
        self.put_pages(PageKind::Ranges, self.ranges(etag, plan)).await?;
        // 5. What is in no entry any more leaves the holdings.
        let shrunk = changing.iter().filter(|page| page.old.union(new(page.number)) != *new(page.number));
        self.put_pages(PageKind::Holdings, shrunk.map(|page| (page.number, new(page.number).encode())).collect()).await?;
        // 6. The head says so.
        let head = Head {
            generation: self.generation,
            settled: self.generation,
            etag: etag.map(str::to_owned),
            instances: plan.instances,
            digests: plan.digests(),
            ..Head::new(self.state().clone())
        };
        self.expect(self.indexer.store.put_head(&head, Some(self.generation)).await?)?;
        self.written.fetch_add(1, Relaxed);

        let instances = |of: &Holdings, not_of: &Holdings| -> Vec<InstanceRef> {
            let names = of.0.keys().filter(|name| !not_of.0.contains_key(*name));
            names.filter_map(|name| Some(InstanceRef { state: self.state().clone(), key: instance_of(name)? })).collect()
        };
        let mut left: Vec<_> = changing.iter().flat_map(|page| instances(&page.old, new(page.number))).collect();
        let mut came: Vec<_> = changing.iter().flat_map(|page| instances(new(page.number), &page.old)).collect();
        left.sort_unstable();
        came.sort_unstable();
        Ok(Indexed {
            etag: etag.map(str::to_owned),
            changed: true,
            changed_again: false,
            instances: plan.instances,
            added,
            removed,
            written: self.written.load(Relaxed),
            left,
            came,
            problems: Vec::new(),
        })
    }

    /// The pages whose holdings are not the plan's. After somebody who did not finish, that is any: what that one still
    /// writes is refused only where a later generation wrote.
    async fn changing(&self, plan: &Plan) -> Result<Vec<Changing>, IndexError> {
        let numbers: Vec<u8> = (0..=u8::MAX)
            .filter(|number| self.before.dirty || self.before.digests.get(number) != plan.pages.get(number).map(|page| &page.digest))
            .collect();
        let (most, number) = plan.pages.values().map(|page| page.holdings.encode().len()).zip(plan.pages.keys()).max().unwrap_or((0, &0));
        let most = most.max(plan.ranges(*number, "").len());
        if most > MOST_PAGE_BYTES {
            return Err(IndexError::TooLarge { state: self.state().clone(), bytes: most });
        }
        let reads: Vec<_> = numbers.into_iter().map(|number| self.old_page(number)).collect();
        stream::iter(reads).buffered(AT_ONCE).try_collect().await
    }

    async fn old_page(&self, number: u8) -> Result<Changing, IndexError> {
        if !self.before.dirty && !self.before.digests.contains_key(&number) {
            return Ok(Changing { number, old: Holdings::default(), settled: true });
        }
        let key = PageKey { state: self.state().clone(), kind: PageKind::Holdings, number };
        let Some(page) = self.indexer.store.page(&key).await? else {
            return Ok(Changing { number, old: Holdings::default(), settled: true });
        };
        let old = Holdings::decode(&page.body).ok_or_else(|| PortError::Permanent {
            what: format!("reading page {number} of the index of {}", self.state()),
            why: "its format is not known; `driftwire index rebuild` with the version that wrote it, or an empty table, helps".to_owned(),
        })?;
        Ok(Changing { number, old, settled: page.generation <= self.before.settled })
    }

    async fn hold(&self, changing: &[Changing], plan: &Plan) -> Result<usize, IndexError> {
        let nothing = Holdings::default();
        let mut holds: BTreeMap<(EntryKey, Strength), BTreeSet<HolderName>> = BTreeMap::new();
        for page in changing {
            let Some(new) = plan.pages.get(&page.number) else { continue };
            for (name, key, strength) in new.holdings.without(if page.settled { &page.old } else { &nothing }) {
                holds.entry((key, strength)).or_default().extend(self.holder(name));
            }
        }
        let added = holds.values().map(BTreeSet::len).sum();
        let holds: Vec<_> = holds.into_iter().collect();
        for chunk in holds.chunks(BETWEEN_RENEWALS) {
            self.renew().await?;
            let writes: Vec<_> = chunk.iter().map(|((key, strength), holders)| self.indexer.store.hold(*key, *strength, holders)).collect();
            stream::iter(writes).buffer_unordered(AT_ONCE).try_collect::<()>().await?;
            self.written.fetch_add(chunk.len(), Relaxed);
        }
        Ok(added)
    }

    async fn release(&self, changing: &[Changing], plan: &Plan) -> Result<usize, IndexError> {
        let nothing = Holdings::default();
        let mut releases: BTreeMap<EntryKey, BTreeSet<(Strength, HolderName)>> = BTreeMap::new();
        for page in changing {
            let new = plan.pages.get(&page.number).map_or(&nothing, |page| &page.holdings);
            for (name, key, strength) in page.old.without(new) {
                releases.entry(key).or_default().extend(self.holder(name).map(|holder| (strength, holder)));
            }
        }
        let removed = releases.values().map(BTreeSet::len).sum();
        let releases: Vec<_> = releases.into_iter().map(|(key, holders)| Release { key, holders }).collect();
        for chunk in releases.chunks(RELEASED_AT_ONCE) {
            self.renew().await?;
            self.expect(self.indexer.store.release(self.state(), self.generation, chunk).await?)?;
            self.written.fetch_add(chunk.len(), Relaxed);
        }
        Ok(removed)
    }

    fn holder(&self, name: &str) -> Option<HolderName> {
        Some(HolderName::new(self.state(), &instance_of(name)?))
    }

    /// The ranges of every page that holds something now or did before.
    fn ranges(&self, etag: Option<&str>, plan: &Plan) -> Vec<(u8, Vec<u8>)> {
        (0..=u8::MAX)
            .filter(|number| self.before.dirty || plan.pages.contains_key(number) || self.before.digests.contains_key(number))
            .map(|number| (number, plan.ranges(number, etag.unwrap_or_default())))
            .collect()
    }

    async fn put_pages(&self, kind: PageKind, pages: Vec<(u8, Vec<u8>)>) -> Result<(), IndexError> {
        self.renew().await?;
        let count = pages.len();
        let writes: Vec<_> = pages.into_iter().map(|(number, body)| self.put_page(kind, number, body)).collect();
        stream::iter(writes).buffer_unordered(AT_ONCE).try_collect::<()>().await?;
        self.written.fetch_add(count, Relaxed);
        Ok(())
    }

    async fn put_page(&self, kind: PageKind, number: u8, body: Vec<u8>) -> Result<(), IndexError> {
        let key = PageKey { state: self.state().clone(), kind, number };
        let page = Page { generation: self.generation, body };
        self.expect(self.indexer.store.put_page(&key, &page).await?)
    }

    /// Prolongs the lease once half of it is over.
    async fn renew(&self) -> Result<(), IndexError> {
        let now = self.indexer.clock.now();
        let until = *self.until.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if now + LEASE / 2 < until {
            return Ok(());
        }
        let until = now + LEASE;
        let head = Head { generation: self.generation, dirty: true, lease: Some(until), ..self.before.clone() };
        self.expect(self.indexer.store.put_head(&head, Some(self.generation)).await?)?;
        *self.until.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = until;
        self.written.fetch_add(1, Relaxed);
        Ok(())
    }

    fn expect(&self, written: Written) -> Result<(), IndexError> {
        match written {
            Written::Yes => Ok(()),
            Written::Conflict => Err(IndexError::Overtaken { state: self.state().clone() }),
        }
    }
}
