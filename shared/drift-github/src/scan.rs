//! A scan of everything, cut into parts.
//!
//! A part is a few requests in bulk, the verdicts on the instances that it is about, and what of it nobody manages. Doing a part again is
//! harmless: it looks again. What a part leaves for the others and for the next scan stands in [`Notes`].
//!
//! | part | about |
//! | --- | --- |
//! | the organisation | settings, teams and their repositories, members, organisation-wide webhooks, rulesets, variables, secrets |
//! | a page of repositories | up to fifty repositories with all that hangs on them |
//! | the rest | instances whose repository was on no page: gone, renamed, or not shown |

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use drift_catalog::CallError;
use drift_engine::{
    ignore::Ignore,
    judge::judge,
    ports::{Clock, Ledger, Notes, PortError, Query},
    scan::{Coverage, Unmanaged},
    work::{ScanPart, SeenChange},
};
use drift_model::{InstanceRef, Judgement, Reason, ReasonKind, Timestamp, Verdict};
use futures::{StreamExt as _, stream};
use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

use crate::{
    Error, GithubReader,
    audit::AuditLog,
    kept::{KeptAnswers, packed, unpacked},
    managed::{Entry, Managed, RepositoryName},
    unmanaged::Found,
};

/// So many instances are judged at a time: nearly all of them from what is known.
const AT_ONCE: usize = 64;

/// Notes outlive the scan that wrote them by so much; those that only its own parts need, by a little.
const KEPT_FOR: Duration = Duration::from_hours(24 * 30);
const PARTS_KEPT_FOR: Duration = Duration::from_hours(48);

/// Looks at one owner's GitHub, part by part.
#[derive(Debug)]
pub struct Scanner<'a, K, N> {
    /// Reads instances, and keeps what was read in bulk.
    pub reader: &'a GithubReader<K>,
    /// What parts leave to each other.
    pub notes: &'a N,
    /// What of it that nobody manages is not told.
    pub ignore: &'a Ignore,
}

/// What one part came to.
#[derive(Debug)]
pub struct Step {
    /// The verdict on every instance that the part is about.
    pub judgements: Vec<Judgement>,
    /// Who changed what, where the organisation's audit log tells.
    pub changes: BTreeMap<InstanceRef, Vec<SeenChange>>,
    /// Whether GitHub tells who changes what at all; nothing where nobody had to ask.
    pub audit_told: Option<bool>,
    /// What nobody manages, without what is ignored.
    pub unmanaged: Vec<Unmanaged>,
    /// How much of that is ignored.
    pub hidden: usize,
    /// What the credential may not see.
    pub gaps: Vec<Gap>,
    /// What comes next.
    pub next: Next,
}

/// What comes after a part.
#[derive(Clone, Debug, PartialEq)]
pub enum Next {
    /// Another part.
    Part(ScanPart),
    /// Nothing: this is what all of it came to.
    Done(Box<Summary>),
}

/// Something that could not be looked at, for want of a permission.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Gap {
    /// What it is: `webhooks`.
    pub what: String,
    /// What was refused, and what to grant.
    pub message: String,
}

/// What a scan came to.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// How much is managed, by type.
    pub coverage: Coverage,
    /// What nobody manages, sorted.
    pub unmanaged: Vec<Unmanaged>,
    /// What could not be looked at, each once.
    pub gaps: Vec<Gap>,
}

/// What a part leaves to the others.
#[derive(Debug, Default, Serialize, Deserialize)]
struct PartNote {
    summary: Summary,
    /// The repositories of the page: name in lower case, number, global id.
    repositories: Vec<(String, u64, String)>,
    /// The members' logins in lower case; nothing where they are not told.
    members: Option<BTreeSet<String>>,
}

/// How far a scan is, so that no part is done twice by messages that come twice, and no two scans go on at a time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Progress {
    scan: Timestamp,
    /// When it was last heard of.
    at: Timestamp,
    /// The part that was done last, in their order.
    done: u64,
    has_ended: bool,
}

/// What came of beginning a scan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// It is to be known by this time.
    Scan(Timestamp),
    /// Another one is going on: it began then.
    UnderWay(Timestamp),
}

/// A scan that was not heard of for so long has died.
const SILENCE: Duration = Duration::from_mins(90);

fn position(part: &ScanPart) -> u64 {
    match part {
        ScanPart::Begin => 0,
        ScanPart::Organisation => 1,
        ScanPart::Repositories { page, .. } => 2 + u64::from(*page),
        ScanPart::Rest => u64::MAX,
    }
}

impl<K: Clock, N: Notes> Scanner<'_, K, N> {
    /// Begins a scan, unless one is going on. Beginning one again of which nothing was done yet is harmless.
    ///
    /// # Errors
    ///
    /// Where the notes failed.
    pub async fn begin(&self) -> Result<Start, ScanError> {
        let now = self.reader.clock.now();
        if let Some(Progress { scan, at, done, has_ended }) = self.note("progress").await?
            && !has_ended
            && now.duration_since(at).unsigned_abs() < SILENCE
        {
            return Ok(if done == 0 { Start::Scan(scan) } else { Start::UnderWay(scan) });
        }
        self.keep("progress", &Progress { scan: now, at: now, done: 0, has_ended: false }).await?;
        Ok(Start::Scan(now))
    }

    /// Whether a part is still to be done: not where it was, nor where a later scan has begun.
    ///
    /// # Errors
    ///
    /// Where the notes failed.
    pub async fn is_due(&self, part: &ScanPart, scan: Timestamp) -> Result<bool, ScanError> {
        let progress: Option<Progress> = self.note("progress").await?;
        Ok(progress.is_none_or(|progress| progress.scan == scan && !progress.has_ended && position(part) > progress.done))
    }

    /// Notes that a part is done and the next one was left for later: to be called after that.
    ///
    /// # Errors
    ///
    /// Where the notes failed: then the part is done again.
    pub async fn passed(&self, part: &ScanPart, scan: Timestamp) -> Result<(), ScanError> {
        let at = self.reader.clock.now();
        self.keep("progress", &Progress { scan, at, done: position(part), has_ended: *part == ScanPart::Rest }).await
    }

    /// Notes that a part is waited for: the scan goes on.
    ///
    /// # Errors
    ///
    /// Where the notes failed.
    pub async fn waits(&self) -> Result<(), ScanError> {
        if let Some(progress) = self.note::<Progress>("progress").await? {
            self.keep("progress", &Progress { at: self.reader.clock.now(), ..progress }).await?;
        }
        Ok(())
    }

    /// Does one part of the scan that began at `scan`.
    ///
    /// # Errors
    ///
    /// Where GitHub or the notes failed for all of the part. Of a limit that is reached, [`ScanError::limited_until`] tells until when.
    pub async fn look(&self, managed: &Managed, part: &ScanPart, scan: Timestamp) -> Result<Step, ScanError> {
        let reader = self.reader;
        reader.knows_owners(managed.owners().clone());
        reader.begins(scan, reader.clock.now());
        let step = match part {
            ScanPart::Begin | ScanPart::Organisation => self.organisation(managed, scan).await?,
            ScanPart::Repositories { page, after } => self.repositories(managed, scan, *page, after.as_deref()).await?,
            ScanPart::Rest => self.rest(managed, scan).await?,
        };
        Ok(step)
    }

    async fn organisation(&self, managed: &Managed, scan: Timestamp) -> Result<Step, ScanError> {
        let reader = self.reader;
        self.remember("organisation").await?;
        self.keep("owners", managed.owners()).await?;
        let unreadable = managed.unreadable().iter().map(|(state, why)| {
            let message = format!("{why}: what {state} manages is listed as if nobody did");
            Gap { what: state.to_string(), message }
        });
        let mut gaps: Vec<Gap> = unreadable.collect();
        match reader.short_sight().await {
            Ok(None) => {}
            Ok(Some(why)) => {
                gaps.push(Gap { what: "repositories".to_owned(), message: format!("what is listed is what GitHub shows to {why}") });
            }
            Err(error @ Error::Denied { .. }) => {
                gaps.push(Gap { what: "repositories".to_owned(), message: error.to_string() });
            }
            Err(error) => return Err(error.into()),
        }
        let members = soften(reader.members().await, "members", &mut gaps)?;
        let teams = soften(reader.teams(managed.wanted()).await, "teams", &mut gaps)?.unwrap_or_default();
        let entries: Vec<&Entry> = managed.entries().filter(|entry| entry.repository.is_none()).collect();
        let judgements = self.judge(managed, &entries).await;
        let found = reader.unmanaged_of_organisation(managed, &teams, members.as_deref().unwrap_or_default()).await;
        let members = members.map(|members| members.iter().map(|login| login.to_lowercase()).collect());
        let note = PartNote { members, ..PartNote::default() };
        let next = ScanPart::Repositories { page: 0, after: None };
        self.close(managed, ("organisation", scan), judgements, (found, gaps), note, Some(next)).await
    }

    async fn repositories(&self, managed: &Managed, scan: Timestamp, number: u32, after: Option<&str>) -> Result<Step, ScanError> {
        let reader = self.reader;
        let name = format!("page-{number}");
        // A repository that went leaves its place to the next: what an earlier scan kept of a repository may be a page further on.
        for kept in [name.clone(), format!("page-{}", number + 1)] {
            self.remember(&kept).await?;
        }
        let of_organisation: Option<PartNote> = self.note(&of_part(scan, "organisation")).await?;
        let members = of_organisation.and_then(|note| note.members);
        let page = reader.repositories(managed.wanted(), after, members.as_ref()).await?;
        if managed.wanted().security {
            reader.security(&page, number).await;
        }
        let entries: Vec<&Entry> =
            managed.entries().filter(|entry| entry.repository.as_ref().is_some_and(|name| page.names.position(name).is_some())).collect();
        // What is judged asks for its lists in full; what is only glanced at then finds them known.
        let judgements = self.judge(managed, &entries).await;
        let found = reader.unmanaged_of_repositories(managed, &page.repositories, members.as_ref()).await;
        let repositories = page.repositories.iter().map(|live| (live.name.to_lowercase(), live.number, live.node.clone())).collect();
        let note = PartNote { repositories, ..PartNote::default() };
        let next = page.next.clone().map_or(ScanPart::Rest, |after| ScanPart::Repositories { page: number + 1, after: Some(after) });
        let failed = page.failed.map(|message| Gap { what: "repositories".to_owned(), message });
        self.close(managed, (&name, scan), judgements, (found, failed.into_iter().collect()), note, Some(next)).await
    }

    async fn rest(&self, managed: &Managed, scan: Timestamp) -> Result<Step, ScanError> {
        let mut seen: BTreeSet<RepositoryName> = BTreeSet::new();
        for (name, number, node) in self.pages(scan).await?.into_iter().flat_map(|page| page.repositories) {
            seen.extend([RepositoryName::Name(name), RepositoryName::Number(number), RepositoryName::Node(node)]);
        }
        let entries: Vec<&Entry> =
            managed.entries().filter(|entry| entry.repository.as_ref().is_some_and(|name| !seen.contains(name))).collect();
        let judgements = self.judge(managed, &entries).await;
        self.close(managed, ("rest", scan), judgements, (Found::default(), Vec::new()), PartNote::default(), None).await
    }

    async fn judge(&self, managed: &Managed, entries: &[&Entry]) -> Vec<Judgement> {
        // Collected, so that what awaits them can go from thread to thread.
        let looks: Vec<_> = entries
            .iter()
            .map(|entry| async move {
                let began = self.reader.clock.now();
                // What could be decoded once can be again; should it not, nothing is known of it.
                match managed.decode(entry) {
                    Some(instance) => judge(self.reader, managed.state_of(entry), &instance, began).await,
                    None => undecodable(managed, entry, began),
                }
            })
            .collect();
        stream::iter(looks).buffered(AT_ONCE).collect().await
    }

    /// Ends a part: who changed what, what is left to the others and to the next scan, and what comes next.
    async fn close(
        &self,
        managed: &Managed,
        (name, scan): (&str, Timestamp),
        judgements: Vec<Judgement>,
        (found, mut gaps): (Found, Vec<Gap>),
        mut note: PartNote,
        next: Option<ScanPart>,
    ) -> Result<Step, ScanError> {
        gaps.extend(found.refused.iter().map(|(what, error)| Gap::new(what, error)));
        let unseen = |judgement: &Judgement| match &judgement.verdict {
            Verdict::Unknown { reason } if reason.kind == ReasonKind::AccessDenied => {
                Some(Gap { what: judgement.type_name.clone(), message: reason.message.clone() })
            }
            _ => None,
        };
        gaps.extend(judgements.iter().filter_map(unseen));
        let now = self.reader.clock.now();
        let (ignored, mut unmanaged): (Vec<_>, Vec<_>) = found.unmanaged.into_iter().partition(|one| self.ignore.hides(one, now));
        unmanaged.sort();
        gaps.sort();
        gaps.dedup();
        for judgement in &judgements {
            note.summary.coverage.judged(judgement);
        }
        for one in &unmanaged {
            note.summary.coverage.unmanaged(one);
        }
        note.summary.unmanaged.clone_from(&unmanaged);
        note.summary.gaps.clone_from(&gaps);
        let (changes, audit_told) = self.changes(managed, &judgements).await?;
        self.keep(&of_part(scan, name), &note).await?;
        let left = self.reader.answers.left();
        if !left.is_empty() {
            self.keep(&format!("kept/{name}"), &left).await?;
        }
        let next = match next {
            Some(part) => Next::Part(part),
            None => Next::Done(Box::new(self.end(scan).await?)),
        };
        Ok(Step { judgements, changes, audit_told, unmanaged, hidden: ignored.len(), gaps, next })
    }

    /// Who changed what of the instances that are not as recorded.
    async fn changes(
        &self,
        managed: &Managed,
        judgements: &[Judgement],
    ) -> Result<(BTreeMap<InstanceRef, Vec<SeenChange>>, Option<bool>), ScanError> {
        let drifted: BTreeSet<&InstanceRef> = judgements.iter().filter(|one| one.verdict.is_drift()).map(|one| &one.instance).collect();
        if drifted.is_empty() {
            return Ok((BTreeMap::new(), None));
        }
        let since: Option<Timestamp> = self.note("last").await?;
        let a_day_ago = self.reader.clock.now().checked_sub(SignedDuration::from_hours(24)).unwrap_or(Timestamp::UNIX_EPOCH);
        let log: AuditLog = self.reader.audit_log(since.unwrap_or(a_day_ago).max(a_day_ago)).await;
        let mut changes = BTreeMap::new();
        for entry in managed.entries() {
            let name = managed.name_of(entry);
            if let Some(instance) = drifted.contains(&name).then(|| managed.decode(entry)).flatten() {
                let found = log.changes_of(self.reader.catalog(), &name, &instance);
                if !found.is_empty() {
                    changes.insert(name, found);
                }
            }
        }
        Ok((changes, Some(log.is_told)))
    }

    /// What all parts together came to.
    async fn end(&self, scan: Timestamp) -> Result<Summary, ScanError> {
        let mut all = Summary::default();
        let mut parts = self.pages(scan).await?;
        for name in ["organisation", "rest"] {
            parts.extend(self.note(&of_part(scan, name)).await?);
        }
        for PartNote { summary, .. } in parts {
            for (type_name, counts) in summary.coverage.types {
                all.coverage.add(type_name, counts);
            }
            all.unmanaged.extend(summary.unmanaged);
            all.gaps.extend(summary.gaps);
        }
        all.unmanaged.sort();
        all.unmanaged.dedup();
        all.gaps.sort();
        all.gaps.dedup();
        self.keep("last", &scan).await?;
        self.keep("summary", &all).await?;
        Ok(all)
    }

    /// What the pages left, in their order.
    async fn pages(&self, scan: Timestamp) -> Result<Vec<PartNote>, ScanError> {
        let mut pages = Vec::new();
        while let Some(page) = self.note(&of_part(scan, &format!("page-{}", pages.len()))).await? {
            pages.push(page);
        }
        Ok(pages)
    }

    /// Forgets what the parts of a scan left to each other, where none of them comes again.
    ///
    /// # Errors
    ///
    /// Where the notes failed.
    pub async fn forget_parts(&self, scan: Timestamp) -> Result<(), ScanError> {
        let pages = self.pages(scan).await?.len();
        let names = (0..pages).map(|page| format!("page-{page}")).chain(["organisation".to_owned(), "rest".to_owned()]);
        for name in names {
            self.notes.forget(&self.key(&of_part(scan, &name))).await?;
        }
        Ok(())
    }

    /// Takes over whose instances each provider configuration makes, as the last scan found it: for judgements that no scan led to.
    ///
    /// # Errors
    ///
    /// Where the notes failed.
    pub async fn recall_owners(&self) -> Result<(), ScanError> {
        if let Some(owners) = self.note("owners").await? {
            self.reader.knows_owners(owners);
        }
        Ok(())
    }

    /// Takes over what an earlier scan kept for a part.
    async fn remember(&self, name: &str) -> Result<(), ScanError> {
        if let Some(kept) = self.note::<KeptAnswers>(&format!("kept/{name}")).await? {
            self.reader.answers.remember(kept);
        }
        Ok(())
    }

    async fn note<T: for<'de> Deserialize<'de>>(&self, name: &str) -> Result<Option<T>, ScanError> {
        Ok(self.notes.note(&self.key(name)).await?.and_then(|note| unpacked(&note)))
    }

    async fn keep(&self, name: &str, note: &impl Serialize) -> Result<(), ScanError> {
        let kept_for = if name.starts_with(OF_PARTS) { PARTS_KEPT_FOR } else { KEPT_FOR };
        let expires = self.reader.clock.now().checked_add(SignedDuration::try_from(kept_for).unwrap_or_default());
        Ok(self.notes.keep(&self.key(name), &packed(note), expires.unwrap_or(Timestamp::MAX)).await?)
    }

    fn key(&self, name: &str) -> String {
        key(self.reader.github().owner(), name)
    }
}

fn key(owner: &str, name: &str) -> String {
    format!("github/{}/{name}", owner.to_lowercase())
}

/// When the last scan of that owner's that ended began, and what it came to.
///
/// # Errors
///
/// Where the notes failed.
pub async fn last(notes: &impl Notes, owner: &str) -> Result<Option<(Timestamp, Summary)>, PortError> {
    let Some(began) = notes.note(&key(owner, "last")).await?.and_then(|note| unpacked(&note)) else { return Ok(None) };
    let summary = notes.note(&key(owner, "summary")).await?.and_then(|note| unpacked(&note));
    Ok(summary.map(|summary| (began, summary)))
}

/// The instances of a step that the ledger has to hear of: those that drifted or are gone, and those that it holds as open. One that could not be
/// judged is a gap of the scan and no finding: a permission that is missing would otherwise be told once for each of a thousand.
///
/// # Errors
///
/// Where the ledger failed.
pub async fn to_settle(step: &Step, ledger: &impl Ledger) -> Result<Vec<InstanceRef>, PortError> {
    let states: BTreeSet<_> = step.judgements.iter().map(|one| &one.instance.state).collect();
    let mut open = BTreeSet::new();
    for state in states {
        let query = Query { state: Some(state.clone()), ..Query::default() };
        open.extend(ledger.list(&query).await?.into_iter().map(|drift| drift.instance));
    }
    let concerned = |one: &&Judgement| one.verdict.is_drift() || open.contains(&one.instance);
    Ok(step.judgements.iter().filter(concerned).map(|one| one.instance.clone()).collect())
}

/// Why a part could not be done.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ScanError {
    /// GitHub brought no answer to what all of the part rests on.
    #[error(transparent)]
    Github(#[from] Error),
    /// What parts leave to each other is not to be had.
    #[error(transparent)]
    Notes(#[from] PortError),
}

impl ScanError {
    /// From when on it makes sense to go on, where a limit is reached.
    #[must_use]
    pub fn limited_until(&self) -> Option<Timestamp> {
        match self {
            Self::Github(Error::Limited { until, .. }) => Some(*until),
            _ => None,
        }
    }

    /// Why instances that were not looked at are unknown.
    #[must_use]
    pub fn reason(&self) -> Reason {
        match self {
            Self::Github(error) => crate::gone::reason(error),
            Self::Notes(error) => Reason { kind: ReasonKind::Error, message: error.to_string() },
        }
    }
}

impl Gap {
    fn new(what: &str, error: &CallError) -> Self {
        Self { what: what.to_owned(), message: format!("{what} cannot be listed: {}", error.message) }
    }
}

/// What may be refused without costing the rest.
fn soften<T>(found: Result<T, Error>, what: &str, gaps: &mut Vec<Gap>) -> Result<Option<T>, ScanError> {
    match found {
        Ok(found) => Ok(Some(found)),
        Err(error @ (Error::Denied { .. } | Error::NotFound { .. })) => {
            gaps.push(Gap { what: what.to_owned(), message: format!("{what} cannot be listed: {error}") });
            Ok(None)
        }
        Err(error) => Err(error.into()),
    }
}

/// How the names of the parts' notes begin.
const OF_PARTS: &str = "scan/";

/// The name of a part's note.
fn of_part(scan: Timestamp, part: &str) -> String {
    format!("{OF_PARTS}{scan}/{part}")
}

/// What is recorded could be decoded when the scan began, and can no longer.
fn undecodable(managed: &Managed, entry: &Entry, read_began: Timestamp) -> Judgement {
    let instance = managed.name_of(entry);
    let type_name = instance.key.address.type_name().to_owned();
    let verdict = Verdict::unknown(ReasonKind::Recorded, "its attributes cannot be decoded");
    Judgement { instance, type_name, id: None, place: None, verdict, computed: Vec::new(), reader: None, read_began, url: None }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use drift_catalog::Catalog;
    use drift_engine::{
        ledger::{Look, Recording, record, transition},
        memory::{ManualClock, MemoryAlerts, MemoryLedger, MemoryNotes},
        ports::LiveReader as _,
    };
    use drift_model::{Address, Instance, InstanceKey, Severity, StateId};
    use futures::executor::block_on;

    use super::*;
    use crate::{Credential, Github, Secret, Settings};

    fn reader() -> GithubReader<ManualClock> {
        let settings = Settings::new("acme", Settings::DEFAULT_BASE_URL, Credential::Token(Secret::new("ghp_x"))).expect("settings");
        let github = Github::new(settings).expect("a client");
        let clock = ManualClock::at(Timestamp::UNIX_EPOCH);
        GithubReader::new(Arc::new(Catalog::default()), github, clock, GithubReader::<ManualClock>::LOOK_AROUND)
    }

    #[test]
    fn a_message_that_comes_twice_does_no_part_twice_and_no_second_scan_begins() {
        let (reader, notes) = (reader(), MemoryNotes::default());
        let scanner = Scanner { reader: &reader, notes: &notes, ignore: &Ignore::default() };
        let page = |page| ScanPart::Repositories { page, after: None };
        block_on(async {
            let Start::Scan(scan) = scanner.begin().await.expect("notes do not fail") else { panic!("nothing is under way") };
            assert_eq!(scanner.begin().await, Ok(Start::Scan(scan)), "nothing was done of it");
            scanner.passed(&ScanPart::Organisation, scan).await.expect("notes do not fail");
            assert_eq!(scanner.begin().await, Ok(Start::UnderWay(scan)));
            scanner.passed(&page(0), scan).await.expect("notes do not fail");
            for (part, due) in [(ScanPart::Organisation, false), (page(0), false), (page(1), true), (ScanPart::Rest, true)] {
                assert_eq!(scanner.is_due(&part, scan).await, Ok(due), "{part:?}");
            }
            reader.clock.pass(SILENCE);
            let Ok(Start::Scan(later)) = scanner.begin().await else { panic!("the first one died") };
            assert_eq!(scanner.is_due(&page(1), scan).await, Ok(false), "a later one has begun");
            scanner.passed(&ScanPart::Rest, later).await.expect("notes do not fail");
            assert_eq!(scanner.is_due(&ScanPart::Rest, later).await, Ok(false));
            assert!(matches!(scanner.begin().await, Ok(Start::Scan(scan)) if scan != later));
        });
    }

    #[test]
    fn the_ledger_hears_of_what_drifted_and_of_what_it_holds_and_of_no_missing_permission() {
        let judgement = |name: &str, verdict| {
            let key = InstanceKey { address: Address::new(None, "github_team", name, ""), deposed: None };
            let instance = InstanceRef { state: StateId::s3("b", "k"), key };
            let (type_name, read_began) = ("github_team".to_owned(), Timestamp::UNIX_EPOCH);
            Judgement { instance, type_name, id: None, place: None, verdict, computed: Vec::new(), reader: None, read_began, url: None }
        };
        let denied = || Verdict::unknown(ReasonKind::AccessDenied, "members: read");
        let judgements = vec![
            judgement("as_recorded", Verdict::InSync),
            judgement("hidden", denied()),
            judgement("gone", Verdict::Missing),
            judgement("mended", Verdict::InSync),
            judgement("hidden_now", denied()),
        ];
        let (ledger, alerts) = (MemoryLedger::default(), MemoryAlerts::default());
        for at in [3, 4] {
            let missing = Judgement { verdict: Verdict::Missing, ..judgements[at].clone() };
            let severity = Severity::High;
            let look =
                Look { judgement: &missing, seen: &[], severity, during_a_run: false, written: None, reindexed: false, scanned: true };
            let clocks = (Timestamp::UNIX_EPOCH, Duration::ZERO);
            let held = record(&ledger, &alerts, &missing.instance, clocks, |held| transition(held, &look));
            assert!(matches!(block_on(held), Ok(Recording::Told(_))));
        }
        let next = Next::Part(ScanPart::Rest);
        let (changes, unmanaged, gaps) = (BTreeMap::new(), Vec::new(), Vec::new());
        let step = Step { judgements, changes, audit_told: None, unmanaged, hidden: 0, gaps, next };
        let settled = block_on(to_settle(&step, &ledger)).expect("the ledger does not fail");
        let names: Vec<String> = settled.iter().map(|instance| instance.key.to_string()).collect();
        assert_eq!(names, ["github_team.gone", "github_team.mended", "github_team.hidden_now"]);
    }

    #[test]
    fn an_answer_is_as_old_as_the_part_that_brought_it() {
        let reader = reader();
        let at = |second| Timestamp::from_second(second).expect("a time");
        let as_of = |type_name: &str| {
            let key = InstanceKey { address: Address::new(None, type_name, "a", ""), deposed: None };
            let attributes = [("id".to_owned(), "shop".into()), ("name".to_owned(), "shop".into())].into_iter().collect();
            reader.as_of(&Instance::new(key, "registry.terraform.io/integrations/github", attributes))
        };
        assert_eq!(as_of("github_team"), None, "it is asked for when it is read");
        reader.begins(at(1), at(2));
        reader.begins(at(1), at(10));
        assert_eq!((as_of("github_team"), as_of("github_repository")), (Some(at(2)), Some(at(10))));
        reader.begins(at(20), at(21));
        assert_eq!((as_of("github_team"), as_of("github_repository")), (Some(at(21)), Some(at(21))), "another scan");
        reader.forget();
        assert_eq!(as_of("github_repository"), None);
    }

    #[test]
    fn what_parts_left_to_each_other_can_be_forgotten_and_what_the_next_scan_needs_stays() {
        let (reader, notes) = (reader(), MemoryNotes::default());
        let scanner = Scanner { reader: &reader, notes: &notes, ignore: &Ignore::default() };
        block_on(async {
            for name in ["organisation", "page-0", "page-1", "rest"] {
                let key = of_part(Timestamp::UNIX_EPOCH, name);
                scanner.keep(&key, &PartNote::default()).await.expect("notes do not fail");
            }
            scanner.keep("kept/page-0", &KeptAnswers::new()).await.expect("notes do not fail");
            scanner.forget_parts(Timestamp::UNIX_EPOCH).await.expect("notes do not fail");
        });
        assert_eq!(notes.kept().keys().collect::<Vec<_>>(), ["github/acme/kept/page-0"]);
    }

    #[test]
    fn a_scan_that_waits_for_a_limit_is_not_dead() {
        let (reader, notes) = (reader(), MemoryNotes::default());
        let scanner = Scanner { reader: &reader, notes: &notes, ignore: &Ignore::default() };
        block_on(async {
            let Ok(Start::Scan(scan)) = scanner.begin().await else { panic!("nothing is under way") };
            scanner.passed(&ScanPart::Organisation, scan).await.expect("notes do not fail");
            for _ in 0..3 {
                reader.clock.pass(SILENCE / 2);
                scanner.waits().await.expect("notes do not fail");
            }
            assert_eq!(scanner.begin().await, Ok(Start::UnderWay(scan)));
        });
    }
}
