use std::{collections::BTreeMap, sync::Arc};

use aws_types::SdkConfig;
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
    ports::{LiveReader, PortError, RecordedState},
    work::Function,
};
use drift_model::Change;

use crate::{IgnoreFrom, Settings, SettingsError};

/// The reader of the functions that need no plugins.
pub type Native = NativeReader<UntypedCalls<Accounts>>;

/// What a reader is made of.
#[derive(Debug)]
pub struct Aws {
    /// What every client is made of.
    pub config: SdkConfig,
    /// Credentials by account.
    pub accounts: Arc<Accounts>,
    /// What is known of each resource type.
    pub catalog: Arc<Catalog>,
}

/// Every port on AWS, as the environment says, around a reader.
#[derive(Debug)]
pub struct Wiring<R = Native> {
    /// What is known of each resource type.
    pub catalog: Arc<Catalog>,
    /// Where what cannot succeed goes.
    pub dead_letters: SqsDeadLetters,
    /// Where it is noted that records come.
    pub heartbeat: DynamoHeartbeat,
    states: States,
    index: Index<DynamoIndex>,
    reader: R,
    ledger: DynamoLedger,
    alerts: SnsAlerts,
    queues: SqsQueues,
    clock: SystemClock,
}

impl Wiring {
    /// Makes the clients, and the native reader. Touches no network: a function that starts has nothing to wait for.
    ///
    /// # Errors
    ///
    /// Where the catalog that was built in cannot be read.
    pub async fn new(settings: &Settings) -> Result<Self, drift_catalog::CatalogError> {
        let native =
            |aws: &Aws| NativeReader::new(Arc::clone(&aws.catalog), UntypedCalls::new(aws.config.clone(), Arc::clone(&aws.accounts)));
        Self::around(settings, native).await
    }
}

impl<R> Wiring<R> {
    /// Makes the clients, and a reader by `reader`. Touches no network, unless that does.
    ///
    /// # Errors
    ///
    /// Where the catalog that was built in cannot be read.
    pub async fn around(settings: &Settings, reader: impl FnOnce(&Aws) -> R) -> Result<Self, drift_catalog::CatalogError> {
        let config = load(&ClientSettings::default()).await;
        let catalog = Arc::new(Catalog::builtin()?);
        let index = Index(DynamoIndex::new(&config, &settings.index_table));
        let accounts = Arc::new(Accounts::new(config.clone(), settings.role.clone()));
        let reader = reader(&Aws { config: config.clone(), accounts, catalog: Arc::clone(&catalog) });
        let queues = [
            (Function::EventDetector, Some(&settings.events_queue)),
            (Function::StateIndexer, Some(&settings.states_queue)),
            (Function::ProviderJudge, settings.provider_queue.as_ref()),
            (Function::GithubScanner, settings.github_queue.as_ref()),
        ];
        let queues: BTreeMap<Function, String> =
            queues.into_iter().filter_map(|(function, queue)| Some((function, queue?.clone()))).collect();
        Ok(Self {
            dead_letters: SqsDeadLetters::new(&config, &settings.dead_letter_queue),
            heartbeat: DynamoHeartbeat::new(&config, &settings.index_table),
            states: States::new(&config, settings.states.clone(), settings.lock_tables.clone()).in_regions(settings.state_regions.clone()),
            index,
            reader,
            ledger: DynamoLedger::new(&config, &settings.ledger_table),
            alerts: SnsAlerts::new(&config, &settings.topic),
            queues: SqsQueues::new(&config, queues),
            clock: SystemClock { moved_by: settings.clock_file.clone() },
            catalog,
        })
    }

    /// What nobody wants to be told of: the text of `DRIFTWIRE_IGNORE`, or of the object that it names.
    ///
    /// # Errors
    ///
    /// Where it cannot be read, or is not an ignore file. Nothing is ignored by mistake, and nothing told by mistake.
    pub async fn ignore(&self, settings: &Settings) -> Result<Ignore, SettingsError> {
        let object = match &settings.ignore {
            None => return Ok(Ignore::default()),
            Some(IgnoreFrom::Text(ignore)) => return Ok(ignore.clone()),
            Some(IgnoreFrom::Object(object)) => object,
        };
        let wrong = |why: String| SettingsError::of("DRIFTWIRE_IGNORE", why);
        let held = self.states.whole(object).await.map_err(|error| wrong(format!("names what cannot be read: {error}")))?;
        let held = held.ok_or_else(|| wrong(format!("names {object}, which is not there")))?;
        let text = String::from_utf8(held.bytes).map_err(|_| wrong(format!("names {object}, which is no UTF-8")))?;
        Ignore::parse(&text, &object.0).map_err(|error| wrong(format!("names what is no ignore file: {error}")))
    }

    /// Where the index's items are.
    #[must_use]
    pub fn store(&self) -> &DynamoIndex {
        &self.index.0
    }
}

impl<R: Send + Sync> Naming for Wiring<R> {
    async fn concerned(&self, change: &Change) -> Result<Concerning, PortError> {
        naming::ByValue { catalog: &self.catalog, index: &self.index }.concerned(change).await
    }
}

impl<R: LiveReader> Ports for Wiring<R> {
    type States = States;
    type Index = Index<DynamoIndex>;
    type Reader = R;
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
