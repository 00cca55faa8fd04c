//! Everything that works with the secret, made of it when the first message comes.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use drift_aws::{DynamoNotes, Secrets, SystemClock};
use drift_engine::{
    detect::{Detector, Ports, Role},
    ignore::Ignore,
    ports::{Clock, PortError},
    work::ScanPart,
};
use drift_github::{
    Error, Github, GithubReader, ManagedStates, Settings as Client,
    scan::{self, ScanError, Scanner, Start},
};
use drift_lambda::{GithubSettings, Settings, Wiring};
use drift_model::{InstanceRef, Judgement, Reason, ReasonKind, Timestamp, Verdict};

use crate::{
    credential::credential,
    kept::Kept,
    scan::{Next, Scans, Spent, Step},
};

type Reader = GithubReader<SystemClock>;

/// What is made of a secret, and made anew where the secret is another one.
pub(crate) struct Readiness {
    pub(crate) settings: Settings,
    pub(crate) github: GithubSettings,
    pub(crate) ignore: Ignore,
    pub(crate) secrets: Secrets,
    /// What notes are made of.
    pub(crate) notes: DynamoNotes,
    pub(crate) kept: Kept<Ready>,
}

/// A client of GitHub, and what works with it.
pub(crate) struct Ready {
    pub(crate) detector: Detector<Wiring<Arc<Reader>>>,
    reader: Arc<Reader>,
    notes: DynamoNotes,
    managed: ManagedStates,
}

impl Readiness {
    /// What is made of the secret as it is now.
    ///
    /// # Errors
    ///
    /// Where the secret cannot be read, or is none. It is mended where it is kept: trying again can help.
    pub(crate) async fn current(&self) -> Result<Arc<Ready>, PortError> {
        let read = || self.secrets.read(&self.github.secret);
        self.kept.current(read, |secret| self.made(secret)).await
    }

    async fn made(&self, secret: String) -> Result<Ready, PortError> {
        let unusable = |why: String| PortError::Retryable { what: format!("using the secret {}", self.github.secret), why };
        let GithubSettings { owner, base_url, look_around, .. } = &self.github;
        let credential = credential(&secret).map_err(|error| unusable(error.to_string()))?;
        let client = Client::new(owner, base_url, credential).and_then(Github::new).map_err(|error| unusable(error.to_string()))?;
        let clock = SystemClock { moved_by: self.settings.clock_file.clone() };
        let mut reader = None;
        let wiring = Wiring::around(&self.settings, |aws| {
            let made = Arc::new(GithubReader::new(Arc::clone(&aws.catalog), client, clock, *look_around));
            reader = Some(Arc::clone(&made));
            made
        });
        let wiring = wiring.await.map_err(|error| unusable(error.to_string()))?;
        let reader = reader.ok_or_else(|| unusable("nothing reads".to_owned()))?;
        let mut detector = Detector::new(wiring);
        detector.role = Role::GithubScanner;
        detector.ignore = self.ignore.clone();
        detector.timing = self.settings.timing.clone();
        let managed = ManagedStates::new(Arc::clone(&detector.ports.catalog), owner);
        Ok(Ready { detector, reader, notes: self.notes.clone(), managed })
    }
}

impl Ready {
    fn scanner(&self) -> Scanner<'_, SystemClock, DynamoNotes> {
        Scanner { reader: &self.reader, notes: &self.notes, ignore: &self.detector.ignore }
    }

    fn now(&self) -> Timestamp {
        self.detector.ports.clock().now()
    }
}

impl Scans for Ready {
    async fn begin(&self) -> Result<Start, PortError> {
        self.scanner().begin().await.map_err(failed)
    }

    async fn look(&self, part: &ScanPart, scan: Timestamp) -> Result<Step, PortError> {
        let (scanner, ports) = (self.scanner(), &self.detector.ports);
        if !scanner.is_due(part, scan).await.map_err(failed)? {
            return Ok(Step::nothing(Next::NotDue));
        }
        let managed = self.managed.now(ports.states(), &self.notes, self.now()).await?;
        let step = match scanner.look(&managed, part, scan).await {
            Ok(step) => step,
            Err(error) => {
                let Some(until) = error.limited_until() else { return Err(failed(error)) };
                scanner.waits().await.map_err(failed)?;
                let delay = Duration::try_from(until.duration_since(self.now())).unwrap_or_default();
                return Ok(Step::nothing(Next::Later(Some(delay))));
            }
        };
        say_what_is_unknown(&step.judgements);
        let unknown = unknown(&step.judgements);
        let is_throttled = unknown.iter().any(|(_, reason)| reason.kind == ReasonKind::Throttled);
        let mut instances = scan::to_settle(&step, ports.ledger()).await?;
        let next = match step.next {
            // What the limit kept from being read is looked at with the rest of its part, rather than one by one.
            _ if is_throttled => {
                scanner.waits().await.map_err(failed)?;
                instances.retain(|instance| unknown.get(instance).is_none_or(|reason| reason.kind != ReasonKind::Throttled));
                Next::Later(None)
            }
            scan::Next::Part(part) => Next::Part(part),
            scan::Next::Done(summary) => Next::Done { unmanaged: summary.unmanaged.len(), gaps: summary.gaps.len() },
        };
        let settled: BTreeSet<&InstanceRef> = instances.iter().collect();
        let idle = unknown.keys().filter(|instance| !settled.contains(*instance)).count();
        let mut changes = step.changes;
        let instances = instances.iter().map(|instance| (instance.clone(), changes.remove(instance).unwrap_or_default())).collect();
        Ok(Step { looked_at: step.judgements.len(), unknown: idle, hidden: step.hidden, instances, next })
    }

    async fn passed(&self, part: &ScanPart, scan: Timestamp) -> Result<(), PortError> {
        self.scanner().passed(part, scan).await.map_err(failed)
    }

    async fn turn_to_single_looks(&self) -> Result<(), PortError> {
        self.reader.forget();
        self.scanner().recall_owners().await.map_err(failed)
    }

    fn spent(&self) -> Spent {
        let used = self.reader.github().used();
        Spent { requests: usize::try_from(used.rest + used.graphql).unwrap_or(usize::MAX), left: self.reader.github().left() }
    }
}

/// What nothing can be told of, and why.
fn unknown(judgements: &[Judgement]) -> BTreeMap<&InstanceRef, &Reason> {
    let unknown = judgements.iter().filter_map(|one| match &one.verdict {
        Verdict::Unknown { reason } => Some((&one.instance, reason)),
        _ => None,
    });
    unknown.collect()
}

/// One line for each type and reason: what a permission hides is hidden of everything.
fn say_what_is_unknown(judgements: &[Judgement]) {
    let mut unknown: BTreeMap<(&str, ReasonKind), (usize, &str)> = BTreeMap::new();
    for judgement in judgements {
        if let Verdict::Unknown { reason } = &judgement.verdict {
            unknown.entry((&judgement.type_name, reason.kind)).or_insert((0, &reason.message)).0 += 1;
        }
    }
    for ((type_name, kind), (instances, why)) in unknown {
        tracing::warn!(r#type = type_name, kind = kind.name(), instances, why, "what a scan cannot tell");
    }
}

/// What fails by itself, or by a secret that somebody is about to mend, may pass.
fn failed(error: ScanError) -> PortError {
    match error {
        ScanError::Notes(error) => error,
        ScanError::Github(error) => {
            let (what, why) = ("scanning GitHub".to_owned(), error.to_string());
            if error.passes() || matches!(error, Error::Unauthorized { .. }) {
                PortError::Retryable { what, why }
            } else {
                PortError::Permanent { what, why }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_passes_by_itself_or_is_mended_in_the_secret_is_tried_again_and_nothing_else() {
        let (what, message) = ("GRAPHQL Teams".to_owned(), "no".to_owned());
        for (error, passes) in [
            (Error::Server { what: what.clone(), status: 502, graphql: true }, true),
            (Error::Unauthorized { what: what.clone(), message: message.clone() }, true),
            (Error::Denied { what: what.clone(), permission: None, message }, false),
            (Error::NotFound { what }, false),
        ] {
            assert_eq!(matches!(failed(error.clone().into()), PortError::Retryable { .. }), passes, "{error}");
        }
    }
}
