use std::time::Duration;

use drift_model::{Drift, InstanceRef, Timestamp};

use super::{Step, carried};
use crate::ports::{Alert, Alerts, Ledger, PortError, Written};

/// How often a write is tried again because somebody wrote between. Each try reads what they wrote.
const TRIES: usize = 10;

/// What came of recording a step.
#[derive(Clone, Debug, PartialEq)]
pub enum Recording {
    /// What is held is newer.
    Stale,
    /// There was nothing to hold.
    Nothing,
    /// It is held, and nobody had to be told.
    Held,
    /// It is held; the alert was published, or is owed and the sweep will publish it.
    Told(Box<Alert>),
    /// Another alert of this drift is on its way: to be tried again in a moment, so that neither is lost or told twice.
    Busy,
}

/// Decides on what is held of `instance` and writes what that comes to, if nobody wrote between; then tells.
///
/// The alert is owed in the same write that makes the transition, and cleared when it was published. Where publishing
/// fails the alert stays owed, and this is no error: [`sweep`] publishes it.
///
/// # Errors
///
/// Where the ledger failed, or was written by others again and again.
pub async fn record(
    ledger: &impl Ledger,
    alerts: &impl Alerts,
    instance: &InstanceRef,
    (now, owed_for): (Timestamp, Duration),
    decide: impl Fn(Option<&Drift>) -> Step + Send,
) -> Result<Recording, PortError> {
    for _ in 0..TRIES {
        let entry = ledger.entry(instance).await?;
        let (drift, tell) = match decide(entry.as_ref().map(|entry| &entry.drift)) {
            Step::Stale => return Ok(Recording::Stale),
            Step::Nothing => return Ok(Recording::Nothing),
            Step::Write { drift, tell } => (drift, tell),
        };
        if let Some(owed) = entry.as_ref().and_then(|entry| entry.owed.as_ref()) {
            if !is_overdue(owed, now, owed_for) {
                return Ok(Recording::Busy);
            }
            publish(ledger, alerts, owed).await?;
            continue;
        }
        if ledger.write(&drift, tell.as_deref(), entry.map(|entry| entry.version)).await? == Written::Conflict {
            continue;
        }
        let Some(alert) = tell else { return Ok(Recording::Held) };
        if let Err(error) = publish(ledger, alerts, &alert).await {
            tracing::warn!(transition = alert.transition.id, %error, "an alert stays owed");
        }
        return Ok(Recording::Told(alert));
    }
    Err(contended(instance))
}

/// Carries an open drift over to the new name of its instance. Tells nobody. False where that is impossible, because
/// something is open there already or nothing is open here.
///
/// # Errors
///
/// Where the ledger failed, or was written by others again and again.
pub async fn carry(
    ledger: &impl Ledger,
    alerts: &impl Alerts,
    from: &InstanceRef,
    to: &InstanceRef,
    now: Timestamp,
) -> Result<bool, PortError> {
    for _ in 0..TRIES {
        let Some(entry) = ledger.entry(from).await?.filter(|entry| entry.drift.status.is_open()) else { return Ok(false) };
        if ledger.entry(to).await?.is_some_and(|there| there.drift.status.is_open()) {
            return Ok(false);
        }
        if let Some(owed) = &entry.owed {
            publish(ledger, alerts, owed).await?;
            continue;
        }
        if ledger.carry(from, entry.version, &carried(&entry.drift, to, now)).await? == Written::Yes {
            return Ok(true);
        }
    }
    Err(contended(from))
}

/// Publishes what has been owed for longer than a function takes to publish, oldest first, and gives how many. What
/// cannot be published now does not hold up the rest.
///
/// # Errors
///
/// Where the ledger could not be read, or some alert could not be published: the last such error, after all were tried.
pub async fn sweep(ledger: &impl Ledger, alerts: &impl Alerts, (now, owed_for): (Timestamp, Duration)) -> Result<usize, PortError> {
    let (mut published, mut failed) = (0, None);
    for alert in ledger.owed(SWEPT).await?.iter().filter(|alert| is_overdue(alert, now, owed_for)) {
        match publish(ledger, alerts, alert).await {
            Ok(()) => published += 1,
            Err(error) => failed = Some(error),
        }
    }
    failed.map_or(Ok(published), Err)
}

/// At most so many owed alerts are published in one sweep.
const SWEPT: usize = 200;

/// The alerts that are owed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Owing {
    /// How many; no more than a sweep looks at.
    pub alerts: usize,
    /// Since when the oldest is.
    pub since: Option<Timestamp>,
}

/// How much is owed: what a sweep leaves, for whoever watches the watcher.
///
/// # Errors
///
/// Where the ledger could not be read.
pub async fn owing(ledger: &impl Ledger) -> Result<Owing, PortError> {
    let owed = ledger.owed(SWEPT).await?;
    Ok(Owing { alerts: owed.len(), since: owed.first().map(|alert| alert.transition.at) })
}

fn is_overdue(alert: &Alert, now: Timestamp, owed_for: Duration) -> bool {
    now > alert.transition.at && now.duration_since(alert.transition.at).unsigned_abs() >= owed_for
}

async fn publish(ledger: &impl Ledger, alerts: &impl Alerts, alert: &Alert) -> Result<(), PortError> {
    alerts.publish(alert).await?;
    ledger.clear_owed(&alert.drift.instance, &alert.transition.id).await
}

fn contended(instance: &InstanceRef) -> PortError {
    PortError::Retryable { what: format!("recording {instance}"), why: format!("others wrote between, {TRIES} times") }
}
