use std::time::Duration;

use drift_model::{Drift, InstanceRef, Timestamp};

use super::{Step, carried};
use crate::{
    patience::age,
    ports::{Alert, Alerts, Clock, Ledger, Owed, PortError, Written},
};

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
            if !make_good(ledger, alerts, owed, (now, owed_for)).await? {
                return Ok(Recording::Busy);
            }
            continue;
        }
        if ledger.write(&drift, tell.as_deref(), entry.map(|entry| entry.version)).await? == Written::Conflict {
            continue;
        }
        let Some(alert) = tell else { return Ok(Recording::Held) };
        if let Err(error) = publish(ledger, alerts, &alert).await {
            stays_owed(&alert, &error);
        }
        return Ok(Recording::Told(alert));
    }
    Err(contended(instance))
}

/// Carries an open drift over to the new name of its instance. Tells nobody. [`Recording::Held`] where it was carried,
/// [`Recording::Nothing`] where that is impossible, because something is open there already or nothing is open here.
///
/// # Errors
///
/// Where the ledger failed, or was written by others again and again.
pub async fn carry(
    ledger: &impl Ledger,
    alerts: &impl Alerts,
    from: &InstanceRef,
    to: &InstanceRef,
    (now, owed_for): (Timestamp, Duration),
) -> Result<Recording, PortError> {
    for _ in 0..TRIES {
        let Some(entry) = ledger.entry(from).await?.filter(|entry| entry.drift.status.is_open()) else { return Ok(Recording::Nothing) };
        if ledger.entry(to).await?.is_some_and(|there| there.drift.status.is_open()) {
            return Ok(Recording::Nothing);
        }
        if let Some(owed) = &entry.owed {
            if !make_good(ledger, alerts, owed, (now, owed_for)).await? {
                return Ok(Recording::Busy);
            }
            continue;
        }
        if ledger.carry(from, entry.version, &carried(&entry.drift, to, now)).await? == Written::Yes {
            return Ok(Recording::Held);
        }
    }
    Err(contended(from))
}

/// Publishes what has been owed for longer than a function takes to publish, and gives how many. What cannot be
/// published now stays owed, and goes behind what was not tried for longer: it holds up nothing else.
///
/// # Errors
///
/// Where the ledger failed, after all were tried.
pub async fn sweep(ledger: &impl Ledger, alerts: &impl Alerts, (clock, owed_for): (&impl Clock, Duration)) -> Result<usize, PortError> {
    let (mut published, mut failed) = (0, None);
    for owed in ledger.owed(SWEPT).await? {
        match make_good(ledger, alerts, &owed, (clock.now(), owed_for)).await {
            Ok(made_good) => published += usize::from(made_good),
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
    Ok(Owing { alerts: owed.len(), since: owed.iter().map(|owed| owed.alert.transition.at).min() })
}

/// Publishes an owed alert where whoever set out to do so had the time and did not. False where it is still owed: they
/// may be at it, somebody else was faster, or it cannot be published now.
async fn make_good(
    ledger: &impl Ledger,
    alerts: &impl Alerts,
    owed: &Owed,
    (now, owed_for): (Timestamp, Duration),
) -> Result<bool, PortError> {
    if age(owed.claimed, now) < owed_for || ledger.claim(owed, now).await? == Written::Conflict {
        return Ok(false);
    }
    let Owed { alert, .. } = owed;
    if let Err(error) = alerts.publish(alert).await {
        stays_owed(alert, &error);
        return Ok(false);
    }
    ledger.clear_owed(&alert.drift.instance, &alert.transition.id).await?;
    Ok(true)
}

fn stays_owed(alert: &Alert, error: &PortError) {
    tracing::warn!(transition = alert.transition.id, %error, "an alert stays owed");
}

async fn publish(ledger: &impl Ledger, alerts: &impl Alerts, alert: &Alert) -> Result<(), PortError> {
    alerts.publish(alert).await?;
    ledger.clear_owed(&alert.drift.instance, &alert.transition.id).await
}

fn contended(instance: &InstanceRef) -> PortError {
    PortError::Retryable { what: format!("recording {instance}"), why: format!("others wrote between, {TRIES} times") }
}
