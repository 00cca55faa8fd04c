//! Where messages go: a webhook's URL, or a bot's token with a channel. Both are secrets, and are kept in one.

use std::{fmt, time::Duration};

use drift_aws::{SecretArn, Secrets};
use drift_engine::ports::PortError;
use serde::Deserialize;
use tokio::{sync::Mutex, time::Instant};
use url::Url;

use crate::http::is_safe;

/// So long a secret is used before it is read anew.
const KEPT_FOR: Duration = Duration::from_mins(5);

/// Where messages go.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Destination {
    /// An incoming webhook: its URL says which channel, and whoever knows it may write there.
    Webhook(Url),
    /// `chat.postMessage` in the name of a bot.
    Bot {
        /// `xoxb-...`.
        token: String,
        /// A channel's id, or its name.
        channel: String,
    },
}

// Never the secret itself.
impl fmt::Debug for Destination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Webhook(_) => "Webhook",
            Self::Bot { .. } => "Bot",
        })
    }
}

/// A secret that is written as JSON.
#[derive(Deserialize)]
struct Written {
    webhook_url: Option<String>,
    bot_token: Option<String>,
    channel: Option<String>,
}

/// Why a secret is none that can be used. Holds nothing of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum DestinationError {
    #[error(
        "it holds neither a webhook's URL (https://hooks.slack.com/...), nor a bot's token (xoxb-...), nor JSON with \"webhook_url\" or \"bot_token\""
    )]
    Neither,
    #[error("the webhook's URL does not begin with https://")]
    NotEncrypted,
    #[error("a bot's token needs a channel: set DRIFTWIRE_SLACK_CHANNEL, or write {{\"bot_token\": \"xoxb-...\", \"channel\": \"...\"}}")]
    NoChannel,
}

impl Destination {
    /// Reads a secret's text. The channel that it names counts over the one that the function was told.
    pub(crate) fn read(secret: &str, channel: Option<&str>) -> Result<Self, DestinationError> {
        let secret = secret.trim();
        let written = if secret.starts_with('{') {
            serde_json::from_str(secret).map_err(|_| DestinationError::Neither)?
        } else if secret.starts_with("xox") {
            Written { webhook_url: None, bot_token: Some(secret.to_owned()), channel: None }
        } else {
            Written { webhook_url: Some(secret.to_owned()), bot_token: None, channel: None }
        };
        let channel = written.channel.as_deref().or(channel).map(str::trim).filter(|channel| !channel.is_empty());
        match (written.webhook_url.as_deref().map(str::trim), written.bot_token.as_deref().map(str::trim)) {
            (Some(url), None) => {
                let url: Url = url.parse().map_err(|_| DestinationError::Neither)?;
                if is_safe(&url) { Ok(Self::Webhook(url)) } else { Err(DestinationError::NotEncrypted) }
            }
            (None, Some(token)) if token.starts_with("xox") && token.bytes().all(|letter| letter.is_ascii_graphic()) => {
                let channel = channel.ok_or(DestinationError::NoChannel)?;
                Ok(Self::Bot { token: token.to_owned(), channel: channel.to_owned() })
            }
            _ => Err(DestinationError::Neither),
        }
    }
}

/// The destination, as the secret says that it is now.
#[derive(Debug)]
pub(crate) struct Destinations {
    secrets: Secrets,
    secret: SecretArn,
    channel: Option<String>,
    held: Mutex<Option<(Instant, Destination)>>,
}

impl Destinations {
    /// What that secret holds; `channel` is where a bot writes whose secret names none.
    pub(crate) fn new(secrets: Secrets, secret: SecretArn, channel: Option<String>) -> Self {
        Self { secrets, secret, channel, held: Mutex::default() }
    }

    /// What the secret said within the last minutes, else what it says.
    pub(crate) async fn current(&self) -> Result<Destination, PortError> {
        if let Some((_, destination)) = self.held.lock().await.as_ref().filter(|(since, _)| since.elapsed() < KEPT_FOR) {
            return Ok(destination.clone());
        }
        self.anew().await
    }

    /// What the secret says. What is wrong with it can be mended where it is kept: trying again can help.
    pub(crate) async fn anew(&self) -> Result<Destination, PortError> {
        let text = self.secrets.read(&self.secret).await?;
        let destination = Destination::read(&text, self.channel.as_deref())
            .map_err(|error| PortError::Retryable { what: format!("using the secret {}", self.secret), why: error.to_string() })?;
        *self.held.lock().await = Some((Instant::now(), destination.clone()));
        Ok(destination)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOOK: &str = "https://hooks.slack.com/services/T0/B0/x";

    fn bot(token: &str, channel: &str) -> Destination {
        Destination::Bot { token: token.to_owned(), channel: channel.to_owned() }
    }

    #[test]
    fn a_secret_is_a_webhook_or_a_token_bare_or_as_json() {
        let hook = Destination::Webhook(HOOK.parse().expect("it is a URL"));
        assert_eq!(Destination::read(&format!(" {HOOK}\n"), None), Ok(hook.clone()));
        assert_eq!(Destination::read(&format!(r#"{{"webhook_url": "{HOOK}"}}"#), Some("C1")), Ok(hook));
        assert_eq!(Destination::read("xoxb-1-x", Some("C1")), Ok(bot("xoxb-1-x", "C1")));
        assert_eq!(Destination::read(r#"{"bot_token": "xoxb-1-x", "channel": "C2"}"#, Some("C1")), Ok(bot("xoxb-1-x", "C2")));
    }

    #[test]
    fn what_cannot_be_used_says_what_to_write_and_nothing_of_the_secret() {
        for (secret, error) in [
            ("", DestinationError::Neither),
            ("hunter2", DestinationError::Neither),
            (r#"{"url": "x"}"#, DestinationError::Neither),
            (r#"{"webhook_url": "https://x/", "bot_token": "xoxb-1"}"#, DestinationError::Neither),
            ("{", DestinationError::Neither),
            ("xoxb-1\nx", DestinationError::Neither),
            ("http://hooks.slack.com/services/T0/B0/hunter2", DestinationError::NotEncrypted),
            ("xoxb-hunter2", DestinationError::NoChannel),
        ] {
            let found = Destination::read(secret, None).expect_err(secret);
            assert_eq!(found, error, "{secret}");
            assert!(!found.to_string().contains("hunter2"));
        }
    }

    #[test]
    fn it_does_not_say_itself_what_it_hides() {
        assert_eq!(format!("{:?} {:?}", bot("xoxb-1", "C1"), Destination::read(HOOK, None)), "Bot Ok(Webhook)");
    }
}
