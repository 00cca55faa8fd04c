//! Tells one notification once: claims it, sends it, notes that it was sent.
//!
//! # Guarantees
//!
//! - Of several executions that are handed the same notification, one sends it.
//! - What was not taken is given back, so that whoever is handed it next may send it.
//! - It repeats only where the function dies between sending and noting, or where Slack's answer is lost.

use std::{sync::Mutex, sync::PoisonError, time::Duration};

use drift_aws::{Claim, Claimed, DynamoTold, SystemClock};
use drift_engine::ports::{Clock, PortError};
use drift_lambda::deadline;
use serde_json::Value;
use tokio::time::Instant;

use crate::{
    destination::{Destination, Destinations},
    message::message,
    notification::Notification,
    slack::{Refused, Slack},
};

/// Waits up to this long are waited for within an invocation.
const SHORT: Duration = Duration::from_secs(10);
/// So many of them for one message.
const MOST_WAITS: u32 = 3;
/// What sending takes at least, after a wait.
const TO_SEND: Duration = Duration::from_secs(5);
/// An invocation lasts no longer where Lambda does not tell.
const UNTOLD: Duration = Duration::from_mins(1);
/// By so much two machines' clocks may differ.
const CLOCKS_DIFFER: Duration = Duration::from_secs(5);

/// What became of a notification.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Told {
    /// Slack took it.
    Sent,
    /// It had been sent before.
    Before,
}

/// A notification that was not told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Untold {
    pub(crate) error: PortError,
    /// When it can be tried again at the earliest, where that is known.
    pub(crate) after: Option<Duration>,
}

impl From<PortError> for Untold {
    fn from(error: PortError) -> Self {
        Self { error, after: None }
    }
}

/// What tells.
#[derive(Debug)]
pub(crate) struct Notifier {
    pub(crate) told: DynamoTold,
    pub(crate) destinations: Destinations,
    pub(crate) slack: Slack,
    pub(crate) clock: SystemClock,
    /// Until when Slack asked not to be sent anything: it holds for all that this process sends.
    pub(crate) paused_until: Mutex<Option<Instant>>,
}

impl Notifier {
    /// Tells a notification, until `end`.
    pub(crate) async fn tell(&self, notification: &Notification, end: Option<Instant>) -> Result<Told, Untold> {
        self.wait(end, "a message before this one was one too many").await?;
        let key = notification.key();
        let now = self.clock.now();
        let claim = match self.told.claim(&key, now, now + claimed_for(end)).await? {
            Claimed::Ours(claim) => claim,
            Claimed::Told => return Ok(Told::Before),
            Claimed::Others { until } => {
                let why = "another execution is sending it, or died over it: it comes back when that is certain".to_owned();
                let after = Duration::try_from(until.duration_since(now)).unwrap_or_default() + Duration::from_secs(1);
                return Err(Untold { error: later(&key, why), after: Some(after) });
            }
        };
        match self.send(&key, &message(notification), end).await {
            Ok(()) => {
                self.mark(&claim).await;
                Ok(Told::Sent)
            }
            Err(untold) => {
                if let Err(error) = self.told.release(&claim).await {
                    tracing::warn!(%error, "a claim is not given back: the message waits until it is over");
                }
                Err(untold)
            }
        }
    }

    /// That this fails must not make the queue deliver it again: it was sent.
    async fn mark(&self, claim: &Claim) {
        if let Err(error) = self.told.mark(claim, self.clock.now()).await {
            tracing::warn!(%error, "a message was sent, and that is not noted: should it come again, it is sent again");
        }
    }

    async fn send(&self, key: &str, message: &Value, end: Option<Instant>) -> Result<(), Untold> {
        let mut destination = self.destinations.current().await?;
        let (mut waits, mut read_anew) = (0, false);
        loop {
            match self.post(&destination, message, end).await {
                Ok(()) => return Ok(()),
                Err(Refused::Wait(pause)) => {
                    self.pause(pause);
                    waits += 1;
                    if waits > MOST_WAITS {
                        return Err(Untold { error: later(key, "Slack asks to wait, again and again".to_owned()), after: Some(pause) });
                    }
                    self.wait(end, "Slack asks to wait").await?;
                }
                Err(Refused::ForNow(why)) => return Err(later(key, why).into()),
                Err(Refused::Unauthorized(why)) => {
                    // It may have been replaced since the secret was read.
                    let now = if read_anew { destination.clone() } else { self.destinations.anew().await? };
                    if now == destination {
                        return Err(PortError::Permanent { what: format!("sending {key}"), why }.into());
                    }
                    (destination, read_anew) = (now, true);
                }
                Err(Refused::ForGood(why)) => return Err(PortError::Permanent { what: format!("sending {key}"), why }.into()),
            }
        }
    }

    async fn post(&self, to: &Destination, message: &Value, end: Option<Instant>) -> Result<(), Refused> {
        let posting = self.slack.post(to, message);
        tokio::select! {
            done = posting => done,
            () = deadline::reached(end) => Err(Refused::ForNow("no time is left in this invocation".to_owned())),
        }
    }

    fn pause(&self, pause: Duration) {
        let until = Instant::now() + pause;
        let mut paused = self.paused_until.lock().unwrap_or_else(PoisonError::into_inner);
        *paused = Some(paused.map_or(until, |before| before.max(until)));
    }

    /// Waits for the end of a pause where that is short and there is time; a long one makes the message come back after it.
    async fn wait(&self, end: Option<Instant>, why: &str) -> Result<(), Untold> {
        let paused = *self.paused_until.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        let Some(until) = paused.filter(|until| *until > now) else { return Ok(()) };
        let pause = until - now;
        let has_time = end.is_none_or(|end| until + TO_SEND <= end);
        if pause > SHORT || !has_time {
            let why = format!("{why}: {} seconds", pause.as_secs().max(1));
            return Err(Untold { error: PortError::Retryable { what: "sending to Slack".to_owned(), why }, after: Some(pause) });
        }
        tokio::time::sleep_until(until).await;
        Ok(())
    }
}

fn later(key: &str, why: String) -> PortError {
    PortError::Retryable { what: format!("sending {key}"), why }
}

/// A claim lasts until Lambda has surely ended the invocation that made it.
fn claimed_for(end: Option<Instant>) -> Duration {
    let left = end.map_or(UNTOLD, |end| end.saturating_duration_since(Instant::now()) + deadline::MARGIN);
    left + CLOCKS_DIFFER
}
