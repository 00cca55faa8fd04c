//! Reads instances of GitHub live: from what is known, and by themselves where that does not do.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, PoisonError, RwLock},
    time::Duration,
};

use drift_catalog::{CallError, Catalog, Reading};
use drift_engine::ports::{Clock, LiveReader, LiveReading};
use drift_model::{Instance, Place, Reader, Reason, ReasonKind, Timestamp, compare, lives_in_github};

use tokio::sync::OnceCell;

use crate::{
    Github,
    answers::Answers,
    known::KnownCalls,
    managed::repository_of,
    owner::{Configurations, Whose},
};

/// Reads instances of one owner's GitHub.
///
/// # Guarantees
///
/// - What was read in bulk is believed only where it agrees with what is recorded. Anything else is asked for again by itself, as Terraform's
///   provider asks, before it is a verdict.
/// - "Not found" is a verdict only where the credential would see what is looked for: see [`crate::gone`].
#[derive(Debug)]
pub struct GithubReader<K> {
    pub(crate) github: Github,
    pub(crate) answers: Answers,
    pub(crate) clock: K,
    catalog: Arc<Catalog>,
    owners: RwLock<Configurations>,
    look_around: Duration,
    /// Whether global ids hold the numbers that REST tells, once that was found out.
    pub(crate) numbers_hold: OnceCell<bool>,
    /// Operations that are refused to the credential, whatever they are about, and in what words.
    refused: Mutex<BTreeMap<String, CallError>>,
    /// The parts of repositories that GraphQL hides from the credential.
    hidden: Mutex<BTreeSet<&'static str>>,
    /// Since when answers are kept.
    since: Mutex<Option<Since>>,
}

/// When what is known was asked for, at the earliest.
#[derive(Clone, Copy, Debug)]
struct Since {
    /// The scan that it is of.
    scan: Timestamp,
    /// Of the organisation.
    organisation: Timestamp,
    /// Of repositories: those of the part before are forgotten.
    repositories: Timestamp,
}

impl<K: Clock> GithubReader<K> {
    /// How old an answer may be that GraphQL vouches for, or that shows only what nobody manages, unless somebody says otherwise.
    pub const LOOK_AROUND: Duration = Duration::from_hours(24);

    /// Reads what the catalog describes of GitHub.
    pub fn new(catalog: Arc<Catalog>, github: Github, clock: K, look_around: Duration) -> Self {
        Self {
            github,
            answers: Answers::default(),
            clock,
            catalog,
            owners: RwLock::default(),
            look_around,
            numbers_hold: OnceCell::new(),
            refused: Mutex::default(),
            hidden: Mutex::default(),
            since: Mutex::default(),
        }
    }

    /// The client.
    #[must_use]
    pub fn github(&self) -> &Github {
        &self.github
    }

    /// What is known of each type.
    pub(crate) fn catalog(&self) -> &Catalog {
        &self.catalog
    }

    /// Takes over whose instances each provider configuration makes.
    pub fn knows_owners(&self, owners: Configurations) {
        *self.owners.write().unwrap_or_else(PoisonError::into_inner) = owners;
    }

    /// Lets go of every answer: what is read from now on is read anew. To be called before instances are judged that no scan led to.
    pub fn forget(&self) {
        self.answers.forget();
        self.refused.lock().unwrap_or_else(PoisonError::into_inner).clear();
        self.hidden.lock().unwrap_or_else(PoisonError::into_inner).clear();
        *self.since.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// Keeps answers for a part of a scan: of the organisation from its first part in this process on, of repositories from now on. What another
    /// scan brought is forgotten.
    pub(crate) fn begins(&self, scan: Timestamp, now: Timestamp) {
        let before = *self.since.lock().unwrap_or_else(PoisonError::into_inner);
        let organisation = match before {
            Some(held) if held.scan == scan => {
                self.answers.forget_repositories();
                held.organisation
            }
            _ => {
                self.forget();
                now
            }
        };
        *self.since.lock().unwrap_or_else(PoisonError::into_inner) = Some(Since { scan, organisation, repositories: now });
    }

    /// In what words an operation is refused, if it was in this scan.
    pub(crate) fn refused(&self, operation: &str) -> Option<CallError> {
        self.refused.lock().unwrap_or_else(PoisonError::into_inner).get(operation).cloned()
    }

    /// Notes that an operation is refused, so that a thousand repositories do not make a thousand refusals: GitHub bars who goes on.
    pub(crate) fn refuse(&self, operation: &str, error: CallError) {
        self.refused.lock().unwrap_or_else(PoisonError::into_inner).insert(operation.to_owned(), error);
    }

    /// The parts of repositories that are hidden, as far as this scan knows.
    pub(crate) fn hidden_parts(&self) -> Vec<&'static str> {
        self.hidden.lock().unwrap_or_else(PoisonError::into_inner).iter().copied().collect()
    }

    /// Notes that a part is hidden; whether that is news.
    pub(crate) fn hide(&self, part: &'static str) -> bool {
        self.hidden.lock().unwrap_or_else(PoisonError::into_inner).insert(part)
    }

    pub(crate) fn whose(&self, instance: &Instance) -> Whose {
        self.owners.read().unwrap_or_else(PoisonError::into_inner).whose(&self.catalog, instance, self.github.owner())
    }

    pub(crate) fn calls(&self) -> KnownCalls<'_, Github, K> {
        KnownCalls::new(&self.github, &self.answers, &self.clock, self.look_around)
    }

    async fn reading(&self, instance: &Instance) -> Reading {
        let place = self.github.place();
        let known = self.calls();
        let reading = self.catalog.read(&place, instance, &known).await;
        if known.has_derived() && is_news(&reading) { self.catalog.read(&place, instance, &self.github).await } else { reading }
    }
}

/// Whether a reading is anything but that all agrees.
fn is_news(reading: &Reading) -> bool {
    match reading {
        Reading::Found { facets, sensitivity } => !compare(facets, sensitivity).is_empty(),
        Reading::Gone | Reading::Unknown(_) => true,
    }
}

impl<K: Clock> LiveReader for GithubReader<K> {
    fn reader(&self) -> Reader {
        Reader::Native
    }

    fn reads(&self, provider: &str, type_name: &str) -> bool {
        lives_in_github(provider) && self.catalog.resource(type_name).is_some_and(|resource| resource.is_github() && resource.is_read())
    }

    async fn read(&self, _: Option<&Place>, instance: &Instance) -> LiveReading {
        let whose = self.whose(instance);
        if let Whose::Others(other) = whose {
            let message = format!("it belongs to {other}, and this looks at {}", self.github.owner());
            return LiveReading::Unknown(Reason { kind: ReasonKind::Place, message });
        }
        match self.reading(instance).await {
            Reading::Found { facets, sensitivity } => LiveReading::Found { facets, computed: Vec::new(), sensitivity },
            Reading::Gone => match self.doubt(instance, &whose).await {
                None => LiveReading::Gone,
                Some(reason) => LiveReading::Unknown(reason),
            },
            Reading::Unknown(reason) => LiveReading::Unknown(reason),
        }
    }

    fn as_of(&self, instance: &Instance) -> Option<Timestamp> {
        let since = (*self.since.lock().unwrap_or_else(PoisonError::into_inner))?;
        Some(if repository_of(instance).is_some() { since.repositories } else { since.organisation })
    }

    fn link(&self, instance: &Instance) -> Option<String> {
        crate::link::link(self.github.web(), self.github.owner(), instance, &self.answers)
    }
}
