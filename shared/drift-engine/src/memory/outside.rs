use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use drift_model::{Facet, Instance, Place, Reader, ReasonKind, Sensitivity, Timestamp, Value};

use crate::ports::{Alert, Alerts, Clock, DeadLetters, LiveReader, LiveReading, PortError};

/// A clock that moves by hand, and by one microsecond each time it is looked at, so that no two looks begin at once.
#[derive(Debug)]
pub struct ManualClock(Mutex<Timestamp>);

impl ManualClock {
    /// A clock that begins at `now`.
    #[must_use]
    pub fn at(now: Timestamp) -> Self {
        Self(Mutex::new(now))
    }

    /// Moves it on.
    pub fn pass(&self, time: Duration) {
        let mut now = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *now = now.checked_add(time).unwrap_or(Timestamp::MAX);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        self.pass(Duration::from_micros(1));
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Keeps what would be published, and fails as often as it is told to.
#[derive(Debug, Default)]
pub struct MemoryAlerts {
    published: Mutex<Vec<Alert>>,
    failures: Mutex<u32>,
}

impl MemoryAlerts {
    /// What was published, in order, repeats included.
    pub fn published(&self) -> Vec<Alert> {
        self.published.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The next `times` times, publishing fails.
    pub fn fail(&self, times: u32) {
        *self.failures.lock().unwrap_or_else(PoisonError::into_inner) = times;
    }
}

impl Alerts for MemoryAlerts {
    async fn publish(&self, alert: &Alert) -> Result<(), PortError> {
        let mut failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        if *failures > 0 {
            *failures -= 1;
            return Err(PortError::Retryable { what: "publishing an alert".to_owned(), why: "told to fail".to_owned() });
        }
        self.published.lock().unwrap_or_else(PoisonError::into_inner).push(alert.clone());
        Ok(())
    }
}

/// What was buried: message, reason, record and function.
pub type DeadLetter = (String, String, Option<String>, String);

/// Keeps what is buried.
#[derive(Debug, Default)]
pub struct MemoryDeadLetters(Mutex<Vec<DeadLetter>>);

impl MemoryDeadLetters {
    /// What was buried, in order.
    pub fn buried(&self) -> Vec<DeadLetter> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl DeadLetters for MemoryDeadLetters {
    async fn bury(&self, message: &str, reason: &str, record: Option<&str>, function: &str) -> Result<(), PortError> {
        let letter = (message.to_owned(), reason.to_owned(), record.map(str::to_owned), function.to_owned());
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(letter);
        Ok(())
    }
}

/// A cloud of attributes by place, type and id. What it was not told of is gone; what it was told to answer otherwise,
/// it answers so. It reads every type but those named `..._unsupported`.
#[derive(Debug, Default)]
pub struct ScriptedReader {
    live: Mutex<BTreeMap<(Place, String, String), Answer>>,
    reads: Mutex<usize>,
}

#[derive(Clone, Debug)]
enum Answer {
    Attributes(BTreeMap<String, Value>),
    Unknown(ReasonKind),
}

impl ScriptedReader {
    /// There is such a resource now, with these attributes.
    pub fn put(&self, place: &Place, type_name: &str, id: &str, attributes: BTreeMap<String, Value>) {
        self.set(place, type_name, id, Some(Answer::Attributes(attributes)));
    }

    /// Reading it comes to nothing now, for that reason.
    pub fn refuse(&self, place: &Place, type_name: &str, id: &str, kind: ReasonKind) {
        self.set(place, type_name, id, Some(Answer::Unknown(kind)));
    }

    /// It is gone now.
    pub fn remove(&self, place: &Place, type_name: &str, id: &str) {
        self.set(place, type_name, id, None);
    }

    /// How many reads were made.
    pub fn reads_made(&self) -> usize {
        *self.reads.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set(&self, place: &Place, type_name: &str, id: &str, answer: Option<Answer>) {
        let key = (place.clone(), type_name.to_owned(), id.to_owned());
        let mut live = self.live.lock().unwrap_or_else(PoisonError::into_inner);
        match answer {
            Some(answer) => live.insert(key, answer),
            None => live.remove(&key),
        };
    }
}

impl LiveReader for ScriptedReader {
    fn reader(&self) -> Reader {
        Reader::Native
    }

    fn reads(&self, _provider: &str, type_name: &str) -> bool {
        !type_name.ends_with("_unsupported")
    }

    async fn read(&self, place: Option<&Place>, instance: &Instance) -> LiveReading {
        let Some(place) = place else {
            return LiveReading::Unknown(drift_model::Reason {
                kind: ReasonKind::Place,
                message: "everything here has a place".to_owned(),
            });
        };
        *self.reads.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        let key = (place.clone(), instance.type_name.clone(), instance.id().unwrap_or_default().to_owned());
        match self.live.lock().unwrap_or_else(PoisonError::into_inner).get(&key) {
            None => LiveReading::Gone,
            Some(Answer::Unknown(kind)) => {
                LiveReading::Unknown(drift_model::Reason { kind: *kind, message: format!("the read came to `{kind}`") })
            }
            Some(Answer::Attributes(attributes)) => {
                let facet = |(name, live): (&String, &Value)| Facet {
                    attribute: name.clone(),
                    recorded: instance.attributes.get(name).cloned().unwrap_or_default(),
                    live: live.clone(),
                };
                LiveReading::Found {
                    facets: attributes.iter().map(facet).collect(),
                    computed: Vec::new(),
                    sensitivity: Sensitivity::new(instance.sensitive.iter().cloned()),
                }
            }
        }
    }
}
