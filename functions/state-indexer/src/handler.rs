//! From S3's events and what functions left for later, to an index that is up to date.

use std::{collections::BTreeMap, time::Duration};

use aws_lambda_events::sqs::SqsBatchResponse;
use drift_engine::{
    after_index,
    detect::Ports,
    index::{IndexError, Indexed, Indexer},
    naming,
    ports::{Clock, Later, PortError, RecordedState},
    work::{Function as Worker, Work},
};
use drift_lambda::{Done, EdgeError, Message, Metrics, Settings, Wiring, finish, isolated, messages, panicked};
use drift_model::{Identifier, Instance, StateId};
use serde::Deserialize;
use serde_json::Value;

const FUNCTION: &str = Worker::StateIndexer.name();

/// The function, wired.
pub(crate) struct Function {
    /// Its ports.
    pub(crate) wiring: Wiring,
    /// Its configuration.
    pub(crate) settings: Settings,
}

/// What a message asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Asked {
    /// Bring the index of one state up to date.
    Index {
        state: StateId,
        /// The version that the event told, as far as it told one.
        seen: Option<String>,
    },
    /// Compare the buckets with the index.
    Reconcile,
    /// It is about an object that is no state.
    Nothing,
}

/// What a log line says of the message behind it.
#[derive(Clone, Copy)]
struct About<'a> {
    id: Option<&'a str>,
    seen: Option<&'a str>,
}

/// Handles one invocation. One state after another: each may be large.
pub(crate) async fn handle(function: &Function, payload: Value) -> Result<SqsBatchResponse, EdgeError> {
    let messages = messages(&payload);
    let mut metrics = Metrics::default();
    let mut done = Vec::with_capacity(messages.len());
    for message in &messages {
        let worked = isolated(Box::pin(function.work(message, &mut metrics))).await;
        done.push(Done { result: worked.unwrap_or_else(|| Err(panicked())), record: None });
    }
    finish(&messages, done, metrics, &function.wiring.dead_letters, function.wiring.clock(), FUNCTION).await
}

impl Function {
    async fn work(&self, message: &Message, metrics: &mut Metrics) -> Result<(), PortError> {
        match self.asked(&message.body)? {
            Asked::Index { state, seen } => {
                let about = About { id: message.id.as_deref(), seen: seen.as_deref() };
                Box::pin(self.index(&state, about, metrics)).await
            }
            Asked::Reconcile => self.reconcile(metrics).await,
            Asked::Nothing => Ok(()),
        }
    }

    fn asked(&self, body: &str) -> Result<Asked, PortError> {
        let strange = |why: String| PortError::Permanent { what: "reading a message".to_owned(), why };
        if let Ok(work) = serde_json::from_str::<Work>(body) {
            return match work {
                Work::Index { state } => Ok(Asked::Index { state, seen: None }),
                Work::Reconcile => Ok(Asked::Reconcile),
                work @ (Work::Judge { .. } | Work::Sweep | Work::ScanGithub { .. }) => {
                    Err(strange(format!("this is {}'s work: check the queues' URLs", work.function().name())))
                }
            };
        }
        let event: ObjectEvent = serde_json::from_str(body).map_err(|error| {
            // What the parser says of a value of another kind quotes it.
            let why = if error.is_data() { "a member is absent or of another kind".to_owned() } else { error.to_string() };
            strange(format!("no event of S3 by EventBridge: {why}"))
        })?;
        let ObjectDetail { bucket: Named { name: bucket }, object: Keyed { key, etag: seen } } = event.detail;
        let is_state = self.settings.states.iter().any(|pattern| pattern.takes(&bucket, &key));
        Ok(if is_state { Asked::Index { state: StateId::s3(&bucket, &key), seen } } else { Asked::Nothing })
    }

    async fn index(&self, state: &StateId, about: About<'_>, metrics: &mut Metrics) -> Result<(), PortError> {
        let configured = state.as_s3().is_some_and(|(bucket, key)| self.settings.states.iter().any(|pattern| pattern.takes(bucket, key)));
        let identifiers = |instance: &Instance| -> Vec<Identifier> { naming::identifiers(&self.wiring.catalog, instance) };
        let settings = drift_state::Settings {
            default_place: self.settings.default_place.clone(),
            places: BTreeMap::new(),
            identifiers: &identifiers,
        };
        let indexer = Indexer { states: self.wiring.states(), store: self.wiring.store(), clock: self.wiring.clock(), settings: &settings };
        // Boxed: these futures are large, and one is enough.
        let outcome = if configured { Box::pin(indexer.index_state(state)).await } else { Box::pin(indexer.remove_state(state)).await };
        let done: Indexed = outcome.map_err(|error| failed(state, error))?;
        for problem in &done.problems {
            tracing::warn!(%state, address = problem.address, why = problem.why, "an instance is left out");
        }
        let lag = self.lag(state, &done).await;
        tracing::info!(
            %state,
            id = about.id,
            etag_seen = about.seen,
            etag_indexed = done.etag,
            lag_seconds = lag.map(|lag| lag.as_secs()),
            instances = done.instances,
            added = done.added,
            removed = done.removed,
            written = done.written,
            "indexed"
        );
        if let Some(lag) = lag {
            metrics.seconds("index_lag_seconds", lag);
        }
        metrics.count("states_indexed", usize::from(done.changed));
        metrics.count("index_items_written", done.written);
        let ports = (self.wiring.ledger(), self.wiring.index(), self.wiring.later(), self.wiring.clock());
        after_index(ports, &self.settings.timing, state).await?;
        if done.changed_again {
            self.wiring.later().later(&Work::Index { state: state.clone() }, self.settings.timing.index_after).await?;
        }
        Ok(())
    }

    /// How long ago the version was written that is indexed now; nothing where nothing was to do, or nobody can tell.
    async fn lag(&self, state: &StateId, done: &Indexed) -> Option<Duration> {
        if !done.changed || done.etag.is_none() {
            return None;
        }
        let written = self.wiring.states().written(state).await.unwrap_or_else(|error| {
            tracing::warn!(%state, %error, "how far the index lagged behind cannot be told");
            None
        })?;
        // S3's clock may be ahead of this one.
        Some(Duration::try_from(self.wiring.clock().now().duration_since(written)).unwrap_or_default())
    }

    async fn reconcile(&self, metrics: &mut Metrics) -> Result<(), PortError> {
        let none = |_: &Instance| Vec::new();
        let settings = drift_state::Settings { default_place: None, places: BTreeMap::new(), identifiers: &none };
        let indexer = Indexer { states: self.wiring.states(), store: self.wiring.store(), clock: self.wiring.clock(), settings: &settings };
        let found = indexer.reconcile().await.map_err(|error| failed(&StateId("the configured states".to_owned()), error))?;
        let (index, remove, unreadable) = (found.index.len(), found.remove.len(), found.unreadable.len());
        tracing::info!(states = found.states, index, remove, unreadable, "reconciled");
        metrics.count("states_behind", index + remove);
        for state in found.index.into_iter().chain(found.remove) {
            self.wiring.later().later(&Work::Index { state }, Duration::ZERO).await?;
        }
        Ok(())
    }
}

fn failed(state: &StateId, error: IndexError) -> PortError {
    let retryable = error.is_retryable();
    let why = match &error {
        IndexError::State { source, .. } => format!("{error}: {source}"),
        _ => error.to_string(),
    };
    let what = format!("indexing {state}");
    match error {
        IndexError::Port(error) => error,
        _ if retryable => PortError::Retryable { what, why },
        _ => PortError::Permanent { what, why },
    }
}

/// S3's `Object Created` and `Object Deleted`, as EventBridge delivers them.
#[derive(Deserialize)]
struct ObjectEvent {
    detail: ObjectDetail,
}

#[derive(Deserialize)]
struct ObjectDetail {
    bucket: Named,
    object: Keyed,
}

#[derive(Deserialize)]
struct Named {
    name: String,
}

#[derive(Deserialize)]
struct Keyed {
    key: String,
    /// Without the quotes that S3's API puts around it; not there when the object was deleted.
    etag: Option<String>,
}
