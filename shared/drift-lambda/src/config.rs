//! What a function that works on drift is told by its environment. [`VARIABLES`](crate::VARIABLES) has all of it as data,
//! and `docs/configuration.md` the same for people.
//!
//! What AWS's SDK reads (`AWS_REGION`, `AWS_ENDPOINT_URL`, ...) works as everywhere.

use std::{path::PathBuf, time::Duration};

use drift_aws::{AssumedRole, BucketRegions, StatePattern};
use drift_engine::{Timing, ignore::Ignore, work::Function};
use drift_model::{Place, StateId};

use crate::{GithubSettings, PluginPackage, SettingsError, reading::Reading, shapes};

/// What a function is told by its environment, decoded. What it has nothing to do with is as if it were not set.
#[derive(Clone, Debug, PartialEq)]
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
    /// `DRIFTWIRE_GITHUB_QUEUE_URL`.
    pub github_queue: Option<String>,
    /// `DRIFTWIRE_DEAD_LETTER_QUEUE_URL`.
    pub dead_letter_queue: String,
    /// `DRIFTWIRE_PLUGINS`.
    pub plugins: Vec<PluginPackage>,
    /// `DRIFTWIRE_PLUGIN_DIR`.
    pub plugin_dir: Option<PathBuf>,
    /// `DRIFTWIRE_STATES`.
    pub states: Vec<StatePattern>,
    /// `DRIFTWIRE_STATE_REGIONS`.
    pub state_regions: BucketRegions,
    /// `DRIFTWIRE_LOCK_TABLES`.
    pub lock_tables: Vec<String>,
    /// `DRIFTWIRE_ASSUME_ROLE` and `DRIFTWIRE_EXTERNAL_ID`.
    pub role: Option<AssumedRole>,
    /// `DRIFTWIRE_DEFAULT_PLACE`.
    pub default_place: Option<Place>,
    /// `DRIFTWIRE_IGNORE`.
    pub ignore: Option<IgnoreFrom>,
    /// `DRIFTWIRE_..._SECONDS`.
    pub timing: Timing,
    /// `DRIFTWIRE_GITHUB_...`; for `github-scanner` alone.
    pub github: Option<GithubSettings>,
    /// `DRIFTWIRE_CLOCK_FILE`.
    pub clock_file: Option<PathBuf>,
}

/// What nobody wants to be told of, or where that stands.
#[derive(Clone, Debug, PartialEq)]
pub enum IgnoreFrom {
    /// The rules.
    Text(Ignore),
    /// An object of S3 that holds them.
    Object(StateId),
}

impl Settings {
    /// Decodes what `variable` gives for each name, as that function needs it. An empty variable counts as absent.
    ///
    /// # Errors
    ///
    /// Every variable that is missing or cannot be decoded.
    pub fn read(function: Function, variable: impl Fn(&str) -> Option<String>) -> Result<Self, SettingsError> {
        let mut reading = Reading::new(function.name(), &variable);
        let role = reading.value("DRIFTWIRE_ASSUME_ROLE", shapes::role);
        let external_id = reading.value("DRIFTWIRE_EXTERNAL_ID", shapes::external_id);
        let settings = Self {
            index_table: reading.needed("DRIFTWIRE_INDEX_TABLE", shapes::table),
            ledger_table: reading.needed("DRIFTWIRE_LEDGER_TABLE", shapes::table),
            topic: reading.needed("DRIFTWIRE_TOPIC_ARN", shapes::topic),
            events_queue: reading.needed("DRIFTWIRE_EVENTS_QUEUE_URL", shapes::queue),
            states_queue: reading.needed("DRIFTWIRE_STATES_QUEUE_URL", shapes::queue),
            provider_queue: reading.value("DRIFTWIRE_PROVIDER_QUEUE_URL", shapes::queue),
            github_queue: reading.value("DRIFTWIRE_GITHUB_QUEUE_URL", shapes::queue),
            dead_letter_queue: reading.needed("DRIFTWIRE_DEAD_LETTER_QUEUE_URL", shapes::queue),
            plugins: reading.value("DRIFTWIRE_PLUGINS", shapes::plugins).unwrap_or_default(),
            plugin_dir: reading.value("DRIFTWIRE_PLUGIN_DIR", shapes::path),
            states: reading.value("DRIFTWIRE_STATES", shapes::states).unwrap_or_default(),
            state_regions: reading.value("DRIFTWIRE_STATE_REGIONS", shapes::state_regions).unwrap_or_default(),
            lock_tables: reading.value("DRIFTWIRE_LOCK_TABLES", shapes::tables).unwrap_or_default(),
            role: role.map(|arn| AssumedRole { arn, external_id }),
            default_place: reading.value("DRIFTWIRE_DEFAULT_PLACE", shapes::place),
            ignore: reading.value("DRIFTWIRE_IGNORE", shapes::ignore),
            timing: timing(&mut reading),
            github: GithubSettings::read(&mut reading),
            clock_file: reading.value("DRIFTWIRE_CLOCK_FILE", shapes::path),
        };
        let is_set = |name: &&str| reading.is_set(name);
        if function == Function::ProviderJudge && !["DRIFTWIRE_PLUGINS", "DRIFTWIRE_PLUGIN_DIR"].iter().any(is_set) {
            reading.complain("DRIFTWIRE_PLUGINS", "is not set, and neither is DRIFTWIRE_PLUGIN_DIR");
        }
        reading.done(settings)
    }
}

fn timing(reading: &mut Reading<'_>) -> Timing {
    type Decode = fn(&str) -> Result<Duration, shapes::Misfit>;
    let mut timing = Timing::default();
    let fields: [(&str, Decode, &mut Duration); 9] = [
        ("DRIFTWIRE_GRACE_SECONDS", shapes::seconds, &mut timing.grace),
        ("DRIFTWIRE_DEFER_LIMIT_SECONDS", shapes::seconds, &mut timing.defer_limit),
        ("DRIFTWIRE_RECHECK_WITHIN_SECONDS", shapes::seconds, &mut timing.recheck_within),
        ("DRIFTWIRE_RECHECK_AFTER_SECONDS", shapes::delay, &mut timing.recheck_after),
        ("DRIFTWIRE_INDEX_AFTER_SECONDS", shapes::delay, &mut timing.index_after),
        ("DRIFTWIRE_GIVE_UP_SECONDS", shapes::seconds, &mut timing.give_up),
        ("DRIFTWIRE_MOVING_SECONDS", shapes::delay, &mut timing.moving),
        ("DRIFTWIRE_OWED_SECONDS", shapes::seconds, &mut timing.owed_for),
        ("DRIFTWIRE_BUSY_AFTER_SECONDS", shapes::delay, &mut timing.busy_after),
    ];
    for (name, decode, field) in fields {
        if let Some(seconds) = reading.value(name, decode) {
            *field = seconds;
        }
    }
    if let Some(delays) = reading.value("DRIFTWIRE_DEFER_SECONDS", shapes::delays) {
        timing.defer = delays;
    }
    timing
}

/// What the function's environment holds under that name.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "this is where the environment comes in")]
pub fn environment(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

#[cfg(test)]
mod tests {
    use std::{cell::RefCell, collections::BTreeSet};

    use super::*;
    use crate::{SlackSettings, VARIABLES, Variable, variables::SLACK_NOTIFIER};

    /// What is wrong with an environment, by the names of the variables.
    fn wrong(function: &str, variable: impl Fn(&str) -> Option<String>) -> Vec<&'static str> {
        let error = match Function::ALL.into_iter().find(|one| one.name() == function) {
            Some(Function::SlackNotifier) | None => SlackSettings::read(variable).err(),
            Some(function) => Settings::read(function, variable).err(),
        };
        error.map_or_else(Vec::new, |error| error.0).into_iter().map(|one| one.variable.name).collect()
    }

    fn functions() -> BTreeSet<&'static str> {
        VARIABLES.iter().flat_map(|variable| variable.needed_by.iter().chain(variable.taken_by)).copied().collect()
    }

    fn example(name: &str) -> Option<String> {
        Variable::of(name).map(|variable| variable.example.to_owned())
    }

    #[test]
    fn every_example_is_of_its_shape() {
        assert_eq!(functions().len(), Function::ALL.len());
        for function in functions() {
            assert_eq!(wrong(function, example), [""; 0], "{function}");
        }
    }

    #[test]
    fn each_function_needs_and_takes_what_the_table_says_and_nothing_else() {
        for function in functions() {
            let asked = RefCell::new(BTreeSet::new());
            wrong(function, |name| {
                asked.borrow_mut().insert(name.to_owned());
                example(name)
            });
            for variable in VARIABLES {
                let (is_needed, is_taken) = (variable.needed_by.contains(&function), variable.taken_by.contains(&function));
                assert!(!(is_needed && is_taken), "{function} needs and takes {}", variable.name);
                assert_eq!(asked.borrow().contains(variable.name), is_needed || is_taken, "{function} and {}", variable.name);
                let without = wrong(function, |name| example(name).filter(|_| name != variable.name));
                assert_eq!(without, if is_needed { vec![variable.name] } else { vec![] }, "{function} without {}", variable.name);
            }
        }
    }

    #[test]
    fn a_wrong_value_is_found_by_each_function_that_has_to_do_with_it_and_by_no_other() {
        for variable in VARIABLES.iter().filter(|variable| !["DRIFTWIRE_PLUGIN_DIR", "DRIFTWIRE_CLOCK_FILE"].contains(&variable.name)) {
            for function in functions() {
                let found = wrong(function, |name| if name == variable.name { Some(":: no shape ::".to_owned()) } else { example(name) });
                let concerned = variable.needed_by.contains(&function) || variable.taken_by.contains(&function);
                assert_eq!(found, if concerned { vec![variable.name] } else { vec![] }, "{function} and {}", variable.name);
            }
        }
    }

    #[test]
    fn everything_that_is_wrong_is_said_at_once() {
        let error = Settings::read(Function::EventDetector, |name| (name == "DRIFTWIRE_GRACE_SECONDS").then(|| "soon".to_owned()))
            .expect_err("nothing is set");
        let text = error.to_string();
        for part in [
            "DRIFTWIRE_GRACE_SECONDS is `soon`: it has to be a number of seconds",
            "DRIFTWIRE_INDEX_TABLE is not set: it has to be the name or the ARN of a DynamoDB table, such as `driftwire-index`; the module itself sets it.",
            "DRIFTWIRE_STATES is not set: it has to be where states are",
        ] {
            assert!(text.contains(part), "{part} in {text}");
        }
        assert_eq!(error.0.len(), 8);
    }

    #[test]
    fn what_is_not_set_is_as_documented() {
        let needed = |name: &str| Variable::of(name).filter(|variable| !variable.needed_by.is_empty()).map(|it| it.example.to_owned());
        let settings = Settings::read(Function::EventDetector, |name| {
            needed(name).filter(|_| !["DRIFTWIRE_PROVIDER_QUEUE_URL", "DRIFTWIRE_GITHUB_QUEUE_URL"].contains(&name))
        })
        .expect("all that is needed is set");
        assert_eq!(settings.timing, Timing::default());
        assert_eq!((settings.role, settings.default_place, settings.ignore), (None, None, None));
        assert_eq!((settings.plugins, settings.plugin_dir, settings.provider_queue), (vec![], None, None));
        assert_eq!((settings.github_queue, settings.github), (None, None));
        assert!(settings.lock_tables.is_empty() && settings.state_regions.is_empty());
        for variable in VARIABLES.iter().filter(|variable| variable.set_by == crate::SetBy::Input("timing")) {
            let said = variable.without.split(':').next().unwrap_or_default();
            let with =
                Settings::read(Function::StateIndexer, |name| if name == variable.name { Some(said.to_owned()) } else { needed(name) })
                    .and_then(|_| {
                        Settings::read(
                            Function::EventDetector,
                            |name| if name == variable.name { Some(said.to_owned()) } else { needed(name) },
                        )
                    });
            assert_eq!(with.expect("the default is of its shape").timing, Timing::default(), "{}", variable.name);
        }
        assert!(Variable::of("DRIFTWIRE_SLACK_API_URL").is_some_and(|variable| variable.without == SlackSettings::API_URL));
        assert_eq!(SLACK_NOTIFIER, "slack-notifier");
    }

    #[test]
    fn an_empty_variable_is_not_set() {
        let blank = |name: &str| if name == "DRIFTWIRE_STATES" { Some(" \n".to_owned()) } else { example(name) };
        assert_eq!(wrong("state-indexer", blank), ["DRIFTWIRE_STATES"]);
    }

    #[test]
    fn provider_judge_needs_a_queue_and_plugins_from_somewhere() {
        let without = |missing: &'static [&'static str]| move |name: &str| example(name).filter(|_| !missing.contains(&name));
        assert_eq!(wrong("provider-judge", without(&["DRIFTWIRE_PLUGINS", "DRIFTWIRE_PLUGIN_DIR"])), ["DRIFTWIRE_PLUGINS"]);
        assert_eq!(wrong("provider-judge", without(&["DRIFTWIRE_PLUGINS"])), [""; 0]);
        assert_eq!(wrong("provider-judge", without(&["DRIFTWIRE_PROVIDER_QUEUE_URL"])), ["DRIFTWIRE_PROVIDER_QUEUE_URL"]);
        assert_eq!(wrong("event-detector", without(&["DRIFTWIRE_PROVIDER_QUEUE_URL"])), [""; 0]);
    }

    #[test]
    fn each_plugin_that_cannot_be_understood_is_said() {
        let hex = "ab".repeat(32);
        let listed =
            format!("hashicorp/aws 5.100.0 s3://b/aws.zip sha256:{hex}\n hashicorp/random 3.7.2 s3://b/r.zip, aws 5 s3://b/k sha256:{hex}");
        let variable = |name: &str| if name == "DRIFTWIRE_PLUGINS" { Some(listed.clone()) } else { example(name) };
        let said = Settings::read(Function::ProviderJudge, variable).expect_err("two of three are wrong").to_string();
        assert!(said.starts_with("DRIFTWIRE_PLUGINS holds `hashicorp/random 3.7.2 s3://b/r.zip` ("), "{said}");
        assert!(said.contains("`aws` is no provider"), "{said}");
    }
}
