//! What a function is told by its environment.
//!
//! | variable | meaning | example |
//! | --- | --- | --- |
//! | `DRIFTWIRE_INDEX_TABLE` | DynamoDB table of the index | `driftwire-index` |
//! | `DRIFTWIRE_LEDGER_TABLE` | DynamoDB table of the ledger | `driftwire-ledger` |
//! | `DRIFTWIRE_TOPIC_ARN` | SNS topic that alerts are published to | `arn:aws:sns:eu-west-1:111122223333:driftwire` |
//! | `DRIFTWIRE_EVENTS_QUEUE_URL` | SQS queue that `event-detector` works from | `https://sqs.eu-west-1.amazonaws.com/111122223333/driftwire-events` |
//! | `DRIFTWIRE_STATES_QUEUE_URL` | SQS queue that `state-indexer` works from | |
//! | `DRIFTWIRE_DEAD_LETTER_QUEUE_URL` | SQS queue for what cannot succeed | |
//! | `DRIFTWIRE_STATES` | where states are: `bucket/prefix*`, `bucket/key` or `bucket`, separated by commas | `tf-states/live/*,tf-legacy` |
//!
//! Those are required, and by `provider-judge` the first of these, and one of the others as well:
//!
//! | variable | meaning | example |
//! | --- | --- | --- |
//! | `DRIFTWIRE_PROVIDER_QUEUE_URL` | SQS queue that `provider-judge` works from | |
//! | `DRIFTWIRE_PLUGINS` | the provider plugins' zips in S3: provider, version, object and SHA-256, separated by blanks; several plugins by commas or on a line each | `hashicorp/aws 5.100.0 s3://acme-artifacts/terraform-provider-aws_5.100.0_linux_arm64.zip sha256:0f2a...` |
//! | `DRIFTWIRE_PLUGIN_DIR` | folder with unpacked plugins, as a mirror of Terraform's: `HOST/NAMESPACE/TYPE/VERSION/OS_ARCH/` | `/opt/plugins` |
//!
//! The others are not:
//!
//! | variable | meaning | default |
//! | --- | --- | --- |
//! | `DRIFTWIRE_LOCK_TABLES` | DynamoDB tables in which Terraform locks states, separated by commas | none: S3's own locks alone |
//! | `DRIFTWIRE_ASSUME_ROLE` | role to read other accounts with; `{partition}` and `{account}` stand for theirs | none |
//! | `DRIFTWIRE_EXTERNAL_ID` | external id that goes with that role | none |
//! | `DRIFTWIRE_DEFAULT_PLACE` | `partition/account/region` of instances whose state does not tell | none: they are not judged |
//! | `DRIFTWIRE_IGNORE` | what not to tell: the ignore file's text, or `s3://bucket/key` of it | nothing is ignored |
//! | `DRIFTWIRE_GRACE_SECONDS` | how long after a change that says it is Terraform's a drift is not believed | 120 |
//! | `DRIFTWIRE_DEFER_SECONDS` | the growing delays between looks meanwhile, each at most 900; the last one repeats | 30,60,120,300,900 |
//! | `DRIFTWIRE_DEFER_LIMIT_SECONDS` | how long a lock is waited for in all | 21600 |
//! | `DRIFTWIRE_RECHECK_WITHIN_SECONDS` | verdicts this close to the change are checked once more | 15 |
//! | `DRIFTWIRE_RECHECK_AFTER_SECONDS` | after this delay, at most 900 | 30 |
//! | `DRIFTWIRE_PROVIDER_QUEUE_URL` | of `event-detector`: where to hand over what the native reader does not read | none: it is told as touched, not verified |
//! | `DRIFTWIRE_CLOCK_FILE` | file with a number of seconds by which the function's clock is ahead: for tests alone | none |
//! | `DRIFTWIRE_LOG` | levels of the log, as `tracing`'s `EnvFilter` takes them | `info` |
//!
//! What AWS's SDK reads (`AWS_REGION`, `AWS_ENDPOINT_URL`, ...) works as everywhere.

use std::{path::PathBuf, str::FromStr, time::Duration};

use drift_aws::{AssumedRole, StatePattern};
use drift_engine::{Timing, work::Function};
use drift_model::Place;

use crate::PluginPackage;

/// What a function is told by its environment, decoded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// `DRIFTWIRE_INDEX_TABLE`.
    pub index_table: String,
    /// `DRIFTWIRE_LEDGER_TABLE`.
    pub ledger_table: String,
    /// `DRIFTWIRE_TOPIC_ARN`.
    pub topic: String,
    /// `DRIFTWIRE_EVENTS_QUEUE_URL`.
    pub events_queue: String,
    /// `DRIFTWIRE_STATES_QUEUE_URL`.
    pub states_queue: String,
    /// `DRIFTWIRE_PROVIDER_QUEUE_URL`.
    pub provider_queue: Option<String>,
    /// `DRIFTWIRE_DEAD_LETTER_QUEUE_URL`.
    pub dead_letter_queue: String,
    /// `DRIFTWIRE_PLUGINS`.
    pub plugins: Vec<PluginPackage>,
    /// `DRIFTWIRE_PLUGIN_DIR`.
    pub plugin_dir: Option<PathBuf>,
    /// `DRIFTWIRE_STATES`.
    pub states: Vec<StatePattern>,
    /// `DRIFTWIRE_LOCK_TABLES`.
    pub lock_tables: Vec<String>,
    /// `DRIFTWIRE_ASSUME_ROLE` and `DRIFTWIRE_EXTERNAL_ID`.
    pub role: Option<AssumedRole>,
    /// `DRIFTWIRE_DEFAULT_PLACE`.
    pub default_place: Option<Place>,
    /// `DRIFTWIRE_IGNORE`: the text, or where it is.
    pub ignore: Option<String>,
    /// `DRIFTWIRE_..._SECONDS`.
    pub timing: Timing,
    /// `DRIFTWIRE_CLOCK_FILE`.
    pub clock_file: Option<PathBuf>,
}

/// One variable that is not as it must be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{variable} {why}")]
pub struct Unset {
    /// Its name.
    pub variable: &'static str,
    /// What is wrong, and what to set it to.
    pub why: String,
}

/// All that is wrong with the environment, at once.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the function's environment is not complete: {}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
pub struct SettingsError(pub Vec<Unset>);

impl Settings {
    /// Decodes what `variable` gives for each name, as that function needs it. An empty variable counts as absent.
    ///
    /// # Errors
    ///
    /// Every variable that is missing or cannot be decoded.
    pub fn read(function: Function, variable: impl Fn(&str) -> Option<String>) -> Result<Self, SettingsError> {
        let mut reading = Reading { variable: &|name| variable(name).filter(|value| !value.trim().is_empty()), wrong: Vec::new() };
        let mut timing = Timing::default();
        for (name, field) in [
            ("DRIFTWIRE_GRACE_SECONDS", &mut timing.grace),
            ("DRIFTWIRE_DEFER_LIMIT_SECONDS", &mut timing.defer_limit),
            ("DRIFTWIRE_RECHECK_WITHIN_SECONDS", &mut timing.recheck_within),
            ("DRIFTWIRE_RECHECK_AFTER_SECONDS", &mut timing.recheck_after),
            ("DRIFTWIRE_INDEX_AFTER_SECONDS", &mut timing.index_after),
            ("DRIFTWIRE_GIVE_UP_SECONDS", &mut timing.give_up),
            ("DRIFTWIRE_MOVING_SECONDS", &mut timing.moving),
            ("DRIFTWIRE_OWED_SECONDS", &mut timing.owed_for),
            ("DRIFTWIRE_BUSY_AFTER_SECONDS", &mut timing.busy_after),
        ] {
            if let Some(seconds) = reading.decoded::<u64>(name, "is not a number of seconds") {
                *field = Duration::from_secs(seconds);
            }
        }
        let delays = reading.list::<u64>("DRIFTWIRE_DEFER_SECONDS", "is not a list of seconds, separated by commas");
        if !delays.is_empty() {
            timing.defer = delays.into_iter().map(Duration::from_secs).collect();
        }
        let external_id = (reading.variable)("DRIFTWIRE_EXTERNAL_ID");
        let role = (reading.variable)("DRIFTWIRE_ASSUME_ROLE").map(|arn| AssumedRole { arn, external_id });
        let settings = Self {
            index_table: reading.required("DRIFTWIRE_INDEX_TABLE"),
            ledger_table: reading.required("DRIFTWIRE_LEDGER_TABLE"),
            topic: reading.required("DRIFTWIRE_TOPIC_ARN"),
            events_queue: reading.required("DRIFTWIRE_EVENTS_QUEUE_URL"),
            states_queue: reading.required("DRIFTWIRE_STATES_QUEUE_URL"),
            provider_queue: (reading.variable)("DRIFTWIRE_PROVIDER_QUEUE_URL"),
            dead_letter_queue: reading.required("DRIFTWIRE_DEAD_LETTER_QUEUE_URL"),
            plugins: reading.plugins(),
            plugin_dir: (reading.variable)("DRIFTWIRE_PLUGIN_DIR").map(PathBuf::from),
            states: reading.states(),
            lock_tables: reading.list("DRIFTWIRE_LOCK_TABLES", "is not a list of table names"),
            role,
            default_place: reading.place(),
            ignore: (reading.variable)("DRIFTWIRE_IGNORE"),
            timing,
            clock_file: (reading.variable)("DRIFTWIRE_CLOCK_FILE").map(PathBuf::from),
        };
        if function == Function::ProviderJudge {
            reading.required("DRIFTWIRE_PROVIDER_QUEUE_URL");
            let variable = "DRIFTWIRE_PLUGINS";
            if settings.plugin_dir.is_none() && (reading.variable)(variable).is_none() {
                reading.wrong.push(Unset { variable, why: "is not set, and neither is DRIFTWIRE_PLUGIN_DIR".to_owned() });
            }
        }
        if reading.wrong.is_empty() { Ok(settings) } else { Err(SettingsError(reading.wrong)) }
    }
}

/// What the function's environment holds under that name.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "this is where the environment comes in")]
pub fn environment(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// Reading on after the first problem.
struct Reading<'a> {
    variable: &'a dyn Fn(&str) -> Option<String>,
    wrong: Vec<Unset>,
}

impl Reading<'_> {
    fn required(&mut self, variable: &'static str) -> String {
        (self.variable)(variable).unwrap_or_else(|| {
            self.wrong.push(Unset { variable, why: "is not set".to_owned() });
            String::new()
        })
    }

    fn decoded<T: FromStr>(&mut self, variable: &'static str, wrong: &str) -> Option<T> {
        let value = (self.variable)(variable)?;
        let decoded = value.trim().parse().ok();
        if decoded.is_none() {
            self.wrong.push(Unset { variable, why: format!("{wrong}: `{value}`") });
        }
        decoded
    }

    fn list<T: FromStr>(&mut self, variable: &'static str, wrong: &str) -> Vec<T> {
        let Some(value) = (self.variable)(variable) else { return Vec::new() };
        let parts = value.split(',').map(str::trim).filter(|part| !part.is_empty());
        let decoded: Result<Vec<T>, _> = parts.map(str::parse).collect();
        decoded.unwrap_or_else(|_| {
            self.wrong.push(Unset { variable, why: format!("{wrong}: `{value}`") });
            Vec::new()
        })
    }

    fn states(&mut self) -> Vec<StatePattern> {
        let variable = "DRIFTWIRE_STATES";
        let states =
            self.list(variable, "does not say where states are; write `bucket/prefix*`, `bucket/key` or `bucket`, separated by commas");
        if states.is_empty() && !self.wrong.iter().any(|unset| unset.variable == variable) {
            self.wrong.push(Unset { variable, why: "is not set".to_owned() });
        }
        states
    }

    fn plugins(&mut self) -> Vec<PluginPackage> {
        let variable = "DRIFTWIRE_PLUGINS";
        let Some(value) = (self.variable)(variable) else { return Vec::new() };
        let entries = value.split([',', '\n']).map(str::trim).filter(|entry| !entry.is_empty());
        let decoded = entries.filter_map(|entry| match entry.parse() {
            Ok(package) => Some(package),
            Err(why) => {
                self.wrong.push(Unset { variable, why: format!("holds `{entry}`: {why}") });
                None
            }
        });
        decoded.collect()
    }

    fn place(&mut self) -> Option<Place> {
        let variable = "DRIFTWIRE_DEFAULT_PLACE";
        let value = (self.variable)(variable)?;
        let [partition, account, region] = value.split('/').collect::<Vec<_>>()[..] else {
            self.wrong.push(Unset { variable, why: format!("is not `partition/account/region`: `{value}`") });
            return None;
        };
        Some(Place::new(partition, account, region))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn complete(name: &str) -> Option<String> {
        match name {
            "DRIFTWIRE_STATES" => Some("states/live/*".to_owned()),
            name if name.ends_with("_TABLE") || name.ends_with("_URL") || name.ends_with("_ARN") => Some("x".to_owned()),
            _ => None,
        }
    }

    #[test]
    fn everything_that_is_wrong_is_said_at_once() {
        let error = Settings::read(Function::EventDetector, |name| (name == "DRIFTWIRE_GRACE_SECONDS").then(|| "soon".to_owned()))
            .expect_err("nothing is set");
        let text = error.to_string();
        for part in [
            "DRIFTWIRE_GRACE_SECONDS is not a number of seconds: `soon`",
            "DRIFTWIRE_INDEX_TABLE is not set",
            "DRIFTWIRE_STATES is not set",
        ] {
            assert!(text.contains(part), "{part} in {text}");
        }
        assert_eq!(error.0.len(), 8);
    }

    #[test]
    fn what_is_not_set_is_as_documented() {
        let settings = Settings::read(Function::EventDetector, complete).expect("all that is required is set");
        assert_eq!(settings.timing, Timing::default());
        assert_eq!((settings.role, settings.default_place, settings.ignore), (None, None, None));
        assert_eq!((settings.plugins, settings.plugin_dir), (vec![], None));
    }

    #[test]
    fn provider_judge_needs_a_queue_and_plugins_from_somewhere() {
        let without = |missing: &'static str| move |name: &str| complete(name).filter(|_| name != missing);
        let read = |variable: &dyn Fn(&str) -> Option<String>| {
            let wrong = Settings::read(Function::ProviderJudge, variable).err().map_or_else(Vec::new, |error| error.0);
            wrong.into_iter().map(|unset| unset.variable).collect::<Vec<_>>()
        };
        assert_eq!(read(&without("DRIFTWIRE_PROVIDER_QUEUE_URL")), ["DRIFTWIRE_PROVIDER_QUEUE_URL", "DRIFTWIRE_PLUGINS"]);
        let in_an_image = |name: &str| if name == "DRIFTWIRE_PLUGIN_DIR" { Some("/opt/plugins".to_owned()) } else { complete(name) };
        assert!(read(&in_an_image).is_empty());
        assert!(Settings::read(Function::EventDetector, without("DRIFTWIRE_PROVIDER_QUEUE_URL")).is_ok());
    }

    #[test]
    fn each_plugin_that_cannot_be_understood_is_said() {
        let hex = "ab".repeat(32);
        let listed =
            format!("hashicorp/aws 5.100.0 s3://b/aws.zip sha256:{hex}\n hashicorp/random 3.7.2 s3://b/r.zip, aws 5 s3://b/k sha256:{hex}");
        let variable = |name: &str| if name == "DRIFTWIRE_PLUGINS" { Some(listed.clone()) } else { complete(name) };
        let error = Settings::read(Function::ProviderJudge, variable).expect_err("two of three are wrong");
        let said: Vec<String> = error.0.iter().map(ToString::to_string).collect();
        assert_eq!(said.len(), 2, "{said:?}");
        assert!(said[0].starts_with("DRIFTWIRE_PLUGINS holds `hashicorp/random 3.7.2 s3://b/r.zip`: "), "{said:?}");
    }
}
