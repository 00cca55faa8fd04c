use std::sync::Arc;

use drift_aws::{
    Accounts, ClientSettings, DynamoHeartbeat, DynamoIndex, DynamoLedger, NativeReader, SnsAlerts, SqsDeadLetters, SqsQueues, States,
    SystemClock, UntypedCalls, load,
};
use drift_catalog::Catalog;
use drift_engine::{
    detect::{Concerning, Naming, Ports},
    ignore::Ignore,
    index::Index,
    naming,
    ports::{PortError, RecordedState},
};
use drift_model::{Change, StateId};

use crate::Settings;

/// Every port on AWS, as the environment says.
#[derive(Debug)]
pub struct Wiring {
    /// What is known of each resource type.
    pub catalog: Arc<Catalog>,
    /// Where what cannot succeed goes.
    pub dead_letters: SqsDeadLetters,
    /// Where it is noted that records come.
    pub heartbeat: DynamoHeartbeat,
    states: States,
    index: Index<DynamoIndex>,
    reader: NativeReader<UntypedCalls<Accounts>>,
    ledger: DynamoLedger,
    alerts: SnsAlerts,
    queues: SqsQueues,
    clock: SystemClock,
}

impl Wiring {
    /// Makes the clients. Touches no network: a function that starts has nothing to wait for.
    ///
    /// # Errors
    ///
    /// Where the catalog that was built in cannot be read.
    pub async fn new(settings: &Settings) -> Result<Self, drift_catalog::CatalogError> {
        let config = load(&ClientSettings::default()).await;
        let catalog = Arc::new(Catalog::builtin()?);
        let index = Index(DynamoIndex::new(&config, &settings.index_table));
        let accounts = Arc::new(Accounts::new(config.clone(), settings.role.clone()));
        Ok(Self {
            dead_letters: SqsDeadLetters::new(&config, &settings.dead_letter_queue),
            heartbeat: DynamoHeartbeat::new(&config, &settings.index_table),
            states: States::new(&config, settings.states.clone(), settings.lock_tables.clone()),
            index,
            reader: NativeReader::new(Arc::clone(&catalog), UntypedCalls::new(config.clone(), accounts)),
            ledger: DynamoLedger::new(&config, &settings.ledger_table),
            alerts: SnsAlerts::new(&config, &settings.topic),
            queues: SqsQueues::new(&config, &settings.events_queue, &settings.states_queue),
            clock: SystemClock { moved_by: settings.clock_file.clone() },
            catalog,
        })
    }

    /// What nobody wants to be told of: the text of `DRIFTWIRE_IGNORE`, or of the object that it names.
    ///
    /// # Errors
    ///
    /// Where it cannot be read, or is not an ignore file. Nothing is ignored by mistake, and nothing told by mistake.
    pub async fn ignore(&self, settings: &Settings) -> Result<Ignore, PortError> {
        let Some(given) = &settings.ignore else { return Ok(Ignore::default()) };
        let permanent = |what: &str, why: String| PortError::Permanent { what: what.to_owned(), why };
        let text = if given.starts_with("s3://") {
            let object = self.states.whole(&StateId(given.clone())).await?;
            let object = object.ok_or_else(|| permanent(given, "there is no such ignore file".to_owned()))?;
            String::from_utf8(object.bytes).map_err(|error| permanent(given, error.to_string()))?
        } else {
            given.clone()
        };
        let name = if given.starts_with("s3://") { given } else { "DRIFTWIRE_IGNORE" };
        Ignore::parse(&text, name).map_err(|error| permanent("reading what to ignore", error.to_string()))
    }

    /// Where the index's items are.
    #[must_use]
    pub fn store(&self) -> &DynamoIndex {
        &self.index.0
    }
}

impl Naming for Wiring {
    async fn concerned(&self, change: &Change) -> Result<Concerning, PortError> {
        naming::ByValue { catalog: &self.catalog, index: &self.index }.concerned(change).await
    }
}

impl Ports for Wiring {
    type States = States;
    type Index = Index<DynamoIndex>;
    type Reader = NativeReader<UntypedCalls<Accounts>>;
    type Ledger = DynamoLedger;
    type Alerts = SnsAlerts;
    type Later = SqsQueues;
    type Clock = SystemClock;

    fn states(&self) -> &Self::States {
        &self.states
    }
    fn index(&self) -> &Self::Index {
        &self.index
    }
    fn reader(&self) -> &Self::Reader {
        &self.reader
    }
    fn ledger(&self) -> &Self::Ledger {
        &self.ledger
    }
    fn alerts(&self) -> &Self::Alerts {
        &self.alerts
    }
    fn later(&self) -> &Self::Later {
        &self.queues
    }
    fn clock(&self) -> &Self::Clock {
        &self.clock
    }
}
