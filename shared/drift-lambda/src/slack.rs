//! What `slack-notifier` is told by its environment.

use std::path::PathBuf;

use drift_aws::SecretArn;

use crate::{SettingsError, reading::Reading, shapes, variables::SLACK_NOTIFIER};

/// What `slack-notifier` is told by its environment, decoded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SlackSettings {
    /// `DRIFTWIRE_TOLD_TABLE`: what was sent before.
    pub told_table: String,
    /// `DRIFTWIRE_SLACK_QUEUE_URL`: the queue that it works from.
    pub queue: String,
    /// `DRIFTWIRE_DEAD_LETTER_QUEUE_URL`.
    pub dead_letter_queue: String,
    /// `DRIFTWIRE_SLACK_SECRET`.
    pub secret: SecretArn,
    /// `DRIFTWIRE_SLACK_CHANNEL`.
    pub channel: Option<String>,
    /// `DRIFTWIRE_SLACK_API_URL`, without a slash at its end.
    pub api_url: String,
    /// `DRIFTWIRE_CLOCK_FILE`.
    pub clock_file: Option<PathBuf>,
}

impl SlackSettings {
    /// Slack's own API.
    pub const API_URL: &str = "https://slack.com/api";

    /// Decodes what `variable` gives for each name. An empty variable counts as absent.
    ///
    /// # Errors
    ///
    /// Every variable that is missing or cannot be decoded.
    pub fn read(variable: impl Fn(&str) -> Option<String>) -> Result<Self, SettingsError> {
        let mut reading = Reading::new(SLACK_NOTIFIER, &variable);
        let told_table = reading.needed("DRIFTWIRE_TOLD_TABLE", shapes::table);
        let queue = reading.needed("DRIFTWIRE_SLACK_QUEUE_URL", shapes::queue);
        let dead_letter_queue = reading.needed("DRIFTWIRE_DEAD_LETTER_QUEUE_URL", shapes::queue);
        let secret = reading.value("DRIFTWIRE_SLACK_SECRET", shapes::secret);
        let channel = reading.value("DRIFTWIRE_SLACK_CHANNEL", shapes::channel);
        let api_url = reading.value("DRIFTWIRE_SLACK_API_URL", shapes::api_url).unwrap_or_else(|| Self::API_URL.to_owned());
        let clock_file = reading.value("DRIFTWIRE_CLOCK_FILE", shapes::path);
        match secret {
            Some(secret) => reading.done(Self { told_table, queue, dead_letter_queue, secret, channel, api_url, clock_file }),
            None => Err(reading.wrong()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn complete(name: &str) -> Option<String> {
        let needed = crate::Variable::of(name)?.needed_by.contains(&SLACK_NOTIFIER);
        needed.then(|| crate::Variable::of(name).map(|variable| variable.example.to_owned())).flatten()
    }

    #[test]
    fn a_webhook_needs_no_channel_and_the_api_is_slacks_own() {
        let settings = SlackSettings::read(complete).expect("all that is needed is set");
        assert_eq!((settings.channel, settings.api_url.as_str()), (None, "https://slack.com/api"));
        assert_eq!(settings.secret.to_string(), "arn:aws:secretsmanager:eu-west-1:111122223333:secret:acme-slack-AbCdEf");
    }

    #[test]
    fn a_webhook_in_place_of_its_secrets_arn_is_refused_and_not_repeated() {
        let webhook = "https://hooks.slack.com/services/T000/B000/abcdefghijkl";
        let variable = |name: &str| if name == "DRIFTWIRE_SLACK_SECRET" { Some(webhook.to_owned()) } else { complete(name) };
        let said = SlackSettings::read(variable).expect_err("it is no ARN").to_string();
        assert!(!said.contains("hooks.slack.com") && !said.contains("abcdefghijkl"), "{said}");
        assert!(said.starts_with("DRIFTWIRE_SLACK_SECRET is not of its shape"), "{said}");
        assert!(said.contains("the ARN of a secret in Secrets Manager") && said.contains("the module's input `slack` sets it."), "{said}");
    }
}
