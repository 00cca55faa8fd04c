//! From S3's events and what functions left for later, to an index that is up to date.

use std::{collections::BTreeMap, time::Duration};

use aws_lambda_events::sqs::SqsBatchResponse;
use drift_engine::{
    after_index,
    detect::Ports,
    index::{IndexError, Indexed, Indexer},
    naming,
    ports::{Clock, Later, PortError},
    work::Work,
};
use drift_lambda::{Done, EdgeError, Message, Settings, Wiring, answer, emit, isolated, messages};
use drift_model::{Identifier, Instance, StateId};
use serde::Deserialize;
use serde_json::Value;

const FUNCTION: &str = "state-indexer";

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
    Index(StateId),
    /// Compare the buckets with the index.
    Reconcile,
    /// It is about an object that is no state.
    Nothing,
}

/// Handles one invocation. One state after another: each may be large.
pub(crate) async fn handle(function: &Function, payload: Value) -> Result<SqsBatchResponse, EdgeError> {
    let messages = messages(&payload);
    let mut counts = BTreeMap::new();
    let mut done = Vec::with_capacity(messages.len());
    for message in &messages {
        let worked = isolated(Box::pin(function.work(message, &mut counts))).await;
        let panicked = || PortError::Permanent {
            what: "handling a message".to_owned(),
            why: "Driftwire panicked; please report it with the function's log".to_owned(),
        };
        done.push(Done { result: worked.unwrap_or_else(|| Err(panicked())), record: None });
    }
    let failures = answer(&messages, done, &function.wiring.dead_letters, FUNCTION).await?;
    counts.insert("delivered_again", failures.batch_item_failures.len());
    emit(FUNCTION, function.wiring.clock().now(), &counts);
    Ok(failures)
}

impl Function {
    async fn work(&self, message: &Message, counts: &mut BTreeMap<&'static str, usize>) -> Result<(), PortError> {
        match self.asked(&message.body)? {
            Asked::Index(state) => Box::pin(self.index(&state, counts)).await,
            Asked::Reconcile => self.reconcile(counts).await,
            Asked::Nothing => Ok(()),
        }
    }

    fn asked(&self, body: &str) -> Result<Asked, PortError> {
        let strange = |why: String| PortError::Permanent { what: "reading a message".to_owned(), why };
        if let Ok(work) = serde_json::from_str::<Work>(body) {
            return match work {
                Work::Index { state } => Ok(Asked::Index(state)),
                Work::Reconcile => Ok(Asked::Reconcile),
                Work::Judge { .. } | Work::Sweep => Err(strange("this is event-detector's work: check the queues' URLs".to_owned())),
            };
        }
        let event: ObjectEvent = serde_json::from_str(body).map_err(|error| strange(format!("no event of S3 by EventBridge: {error}")))?;
        let ObjectDetail { bucket: Named { name: bucket }, object: Keyed { key } } = event.detail;
        let is_state = self.settings.states.iter().any(|pattern| pattern.takes(&bucket, &key));
        Ok(if is_state { Asked::Index(StateId::s3(&bucket, &key)) } else { Asked::Nothing })
    }

    async fn index(&self, state: &StateId, counts: &mut BTreeMap<&'static str, usize>) -> Result<(), PortError> {
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
        tracing::info!(%state, instances = done.instances, added = done.added, removed = done.removed, written = done.written, "indexed");
        *counts.entry("states_indexed").or_default() += usize::from(done.changed);
        *counts.entry("index_items_written").or_default() += done.written;
        let ports = (self.wiring.ledger(), self.wiring.index(), self.wiring.later(), self.wiring.clock());
        after_index(ports, &self.settings.timing, state).await?;
        if done.changed_again {
            self.wiring.later().later(&Work::Index { state: state.clone() }, self.settings.timing.index_after).await?;
        }
        Ok(())
    }

    async fn reconcile(&self, counts: &mut BTreeMap<&'static str, usize>) -> Result<(), PortError> {
        let none = |_: &Instance| Vec::new();
        let settings = drift_state::Settings { default_place: None, places: BTreeMap::new(), identifiers: &none };
        let indexer = Indexer { states: self.wiring.states(), store: self.wiring.store(), clock: self.wiring.clock(), settings: &settings };
        let found = indexer.reconcile().await.map_err(|error| failed(&StateId("the configured states".to_owned()), error))?;
        tracing::info!(states = found.states, index = found.index.len(), remove = found.remove.len(), "reconciled");
        *counts.entry("states_behind").or_default() += found.index.len() + found.remove.len();
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
}
