//! Every variable that a function is told by its environment, as data. `docs/configuration.md` holds the same table.

use std::fmt;

use drift_engine::work::Function;

/// One environment variable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Variable {
    /// `DRIFTWIRE_INDEX_TABLE`.
    pub name: &'static str,
    /// What its value has to be, in words that go on from "it has to be".
    pub shape: &'static str,
    /// A value of that shape.
    pub example: &'static str,
    /// The functions that do not start without it.
    pub needed_by: &'static [&'static str],
    /// The functions that start without it.
    pub taken_by: &'static [&'static str],
    /// What holds where it is not set; empty where nobody starts without it.
    pub without: &'static str,
    /// Who sets it in a deployment.
    pub set_by: SetBy,
    /// Whether its value may be a secret, or be mistaken for one: such a value is never printed.
    pub hidden: bool,
}

/// Who sets a variable in a deployment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SetBy {
    /// The person who deploys, by this input of the Terraform module.
    Input(&'static str),
    /// The Terraform module, with the name of what it made.
    Module,
    /// Whoever builds a container image.
    Image,
    /// Tests.
    Tests,
}

impl fmt::Display for SetBy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Input(input) => write!(f, "the module's input `{input}`"),
            Self::Module => f.write_str("the module itself"),
            Self::Image => f.write_str("a container image"),
            Self::Tests => f.write_str("tests alone"),
        }
    }
}

impl Variable {
    /// The variable of that name.
    #[must_use]
    pub fn of(name: &str) -> Option<&'static Self> {
        VARIABLES.iter().find(|variable| variable.name == name)
    }
}

const DETECTOR: &[&str] = &[Function::EventDetector.name()];
const INDEXER: &[&str] = &[Function::StateIndexer.name()];
const JUDGE: &[&str] = &[Function::ProviderJudge.name()];
const SCANNER: &[&str] = &[Function::GithubScanner.name()];
/// Those that judge what lives in AWS.
const AWS_JUDGES: &[&str] = &[Function::EventDetector.name(), Function::ProviderJudge.name()];
const JUDGES: &[&str] = &[Function::EventDetector.name(), Function::ProviderJudge.name(), Function::GithubScanner.name()];
const SLACK: &[&str] = &[SLACK_NOTIFIER];
/// All that work on drift.
const WORKERS: &[&str] =
    &[Function::EventDetector.name(), Function::StateIndexer.name(), Function::ProviderJudge.name(), Function::GithubScanner.name()];
const EACH: &[&str] = &[
    Function::EventDetector.name(),
    Function::StateIndexer.name(),
    Function::ProviderJudge.name(),
    Function::GithubScanner.name(),
    SLACK_NOTIFIER,
];
const NOBODY: &[&str] = &[];

/// The name that the function is deployed by which tells alerts in Slack.
pub(crate) const SLACK_NOTIFIER: &str = Function::SlackNotifier.name();

/// What a function does not start without.
const fn needed(
    name: &'static str,
    shape: &'static str,
    example: &'static str,
    needed_by: &'static [&'static str],
    set_by: SetBy,
) -> Variable {
    Variable { name, shape, example, needed_by, taken_by: NOBODY, without: "", set_by, hidden: false }
}

/// What a function starts without.
const fn taken(
    name: &'static str,
    shape: &'static str,
    example: &'static str,
    taken_by: &'static [&'static str],
    without: &'static str,
    set_by: SetBy,
) -> Variable {
    Variable { name, shape, example, needed_by: NOBODY, taken_by, without, set_by, hidden: false }
}

/// What the module's input `timing` sets.
const fn timing(
    name: &'static str,
    shape: &'static str,
    example: &'static str,
    taken_by: &'static [&'static str],
    without: &'static str,
) -> Variable {
    taken(name, shape, example, taken_by, without, SetBy::Input("timing"))
}

const TABLE: &str = "the name or the ARN of a DynamoDB table";
const QUEUE: &str = "the URL of an SQS queue that is no FIFO queue";
const SECONDS: &str = "a number of seconds, at most 1209600 (14 days)";
const DELAY: &str = "a number of seconds, at most 900, as SQS delays no message for longer";

/// Every variable, those that are needed first.
pub const VARIABLES: [Variable; 38] = [
    needed("DRIFTWIRE_INDEX_TABLE", TABLE, "driftwire-index", WORKERS, SetBy::Module),
    needed("DRIFTWIRE_LEDGER_TABLE", TABLE, "driftwire-ledger", WORKERS, SetBy::Module),
    needed(
        "DRIFTWIRE_TOPIC_ARN",
        "the ARN of an SNS topic that is no FIFO topic",
        "arn:aws:sns:eu-west-1:111122223333:driftwire",
        WORKERS,
        SetBy::Module,
    ),
    needed(
        "DRIFTWIRE_EVENTS_QUEUE_URL",
        QUEUE,
        "https://sqs.eu-west-1.amazonaws.com/111122223333/driftwire-events",
        WORKERS,
        SetBy::Module,
    ),
    needed(
        "DRIFTWIRE_STATES_QUEUE_URL",
        QUEUE,
        "https://sqs.eu-west-1.amazonaws.com/111122223333/driftwire-states",
        WORKERS,
        SetBy::Module,
    ),
    needed(
        "DRIFTWIRE_DEAD_LETTER_QUEUE_URL",
        QUEUE,
        "https://sqs.eu-west-1.amazonaws.com/111122223333/driftwire-dead-letters",
        EACH,
        SetBy::Module,
    ),
    needed(
        "DRIFTWIRE_STATES",
        "where states are: `bucket/prefix*`, `bucket/key` or `bucket`, separated by commas",
        "acme-tf-states/live/*,acme-tf-legacy",
        WORKERS,
        SetBy::Input("state_buckets"),
    ),
    Variable {
        taken_by: DETECTOR,
        without: "`event-detector` hands nothing over: what it does not read is told as touched, not verified",
        ..needed(
            "DRIFTWIRE_PROVIDER_QUEUE_URL",
            QUEUE,
            "https://sqs.eu-west-1.amazonaws.com/111122223333/driftwire-provider",
            JUDGE,
            SetBy::Module,
        )
    },
    Variable {
        taken_by: DETECTOR,
        without: "`event-detector` hands nothing over to `github-scanner`",
        ..needed(
            "DRIFTWIRE_GITHUB_QUEUE_URL",
            QUEUE,
            "https://sqs.eu-west-1.amazonaws.com/111122223333/driftwire-github",
            SCANNER,
            SetBy::Module,
        )
    },
    needed(
        "DRIFTWIRE_GITHUB_OWNER",
        "the login of a GitHub organisation: at most 39 letters, digits and hyphens",
        "acme",
        SCANNER,
        SetBy::Input("github"),
    ),
    Variable {
        hidden: true,
        ..needed(
            "DRIFTWIRE_GITHUB_SECRET",
            "the ARN of a secret in Secrets Manager, or of a parameter in SSM, that holds a token, or the JSON of a GitHub App with `app_id`, `installation_id` and `private_key`; never one of these itself",
            "arn:aws:secretsmanager:eu-west-1:111122223333:secret:acme-github-AbCdEf",
            SCANNER,
            SetBy::Input("github"),
        )
    },
    taken(
        "DRIFTWIRE_GITHUB_BASE_URL",
        "an `https` URL without user, query and fragment (`http` on loopback alone)",
        "https://github.acme.example/",
        SCANNER,
        "https://api.github.com/",
        SetBy::Input("github"),
    ),
    taken(
        "DRIFTWIRE_GITHUB_LOOK_AROUND",
        SECONDS,
        "86400",
        SCANNER,
        "86400: so old may be what only shows what nobody manages, or what GitHub says did not change",
        SetBy::Input("github"),
    ),
    taken(
        "DRIFTWIRE_PLUGINS",
        "the zips of provider plugins in S3: for each its provider, version, object and SHA-256, separated by blanks; several are separated by commas, or stand on a line each",
        "hashicorp/aws 5.100.0 s3://acme-artifacts/terraform-provider-aws_5.100.0_linux_arm64.zip sha256:0f2a000000000000000000000000000000000000000000000000000000000000",
        JUDGE,
        "`DRIFTWIRE_PLUGIN_DIR` has to be set",
        SetBy::Input("provider_reader"),
    ),
    taken(
        "DRIFTWIRE_PLUGIN_DIR",
        "a folder with unpacked plugins, laid out as a mirror of Terraform's: `HOST/NAMESPACE/TYPE/VERSION/OS_ARCH/`",
        "/opt/plugins",
        JUDGE,
        "`DRIFTWIRE_PLUGINS` has to be set",
        SetBy::Image,
    ),
    taken(
        "DRIFTWIRE_STATE_REGIONS",
        "the regions of buckets that are in another region than the functions: `bucket=region`, separated by commas",
        "acme-tf-legacy=us-east-1",
        WORKERS,
        "every bucket is in the functions' region",
        SetBy::Input("state_bucket_regions"),
    ),
    taken(
        "DRIFTWIRE_LOCK_TABLES",
        "the names or ARNs of the DynamoDB tables in which Terraform locks states, separated by commas",
        "acme-tf-locks",
        JUDGES,
        "S3's own locks alone are looked at",
        SetBy::Input("lock_tables"),
    ),
    taken(
        "DRIFTWIRE_ASSUME_ROLE",
        "the ARN of a role to read other accounts with, in which `{partition}` and `{account}` stand for theirs",
        "arn:{partition}:iam::{account}:role/driftwire-read",
        AWS_JUDGES,
        "what lives in another account is `unknown`",
        SetBy::Input("assume_role"),
    ),
    Variable {
        hidden: true,
        ..taken(
            "DRIFTWIRE_EXTERNAL_ID",
            "the external id that goes with that role: 2 to 1224 letters, digits and `+=,.@:/-_`",
            "acme-driftwire",
            AWS_JUDGES,
            "no external id is sent",
            SetBy::Input("assume_role"),
        )
    },
    taken(
        "DRIFTWIRE_DEFAULT_PLACE",
        "`partition/account/region`: where instances live whose state does not tell",
        "aws/111122223333/eu-west-1",
        INDEXER,
        "they are not judged",
        SetBy::Input("default_place"),
    ),
    taken(
        "DRIFTWIRE_IGNORE",
        "what not to tell: the text of an ignore file, or `s3://bucket/key` of it",
        "s3://acme-settings/driftwire-ignore.toml",
        JUDGES,
        "nothing is ignored",
        SetBy::Input("ignore"),
    ),
    timing(
        "DRIFTWIRE_GRACE_SECONDS",
        SECONDS,
        "120",
        JUDGES,
        "120: for so long after a change that says it is Terraform's, a drift is not believed",
    ),
    timing(
        "DRIFTWIRE_DEFER_SECONDS",
        "numbers of seconds, each at most 900, separated by commas",
        "30,60,120,300,900",
        JUDGES,
        "30,60,120,300,900: the growing delays between looks meanwhile; the last one repeats",
    ),
    timing("DRIFTWIRE_DEFER_LIMIT_SECONDS", SECONDS, "21600", JUDGES, "21600: for so long a lock is waited for in all"),
    timing("DRIFTWIRE_RECHECK_WITHIN_SECONDS", SECONDS, "15", JUDGES, "15: verdicts this close to the change are checked once more"),
    timing("DRIFTWIRE_RECHECK_AFTER_SECONDS", DELAY, "30", JUDGES, "30: after this delay"),
    timing(
        "DRIFTWIRE_INDEX_AFTER_SECONDS",
        DELAY,
        "5",
        WORKERS,
        "5: for so long `state-indexer` is given at first where a state is newer than the index; twice as long each time",
    ),
    timing(
        "DRIFTWIRE_GIVE_UP_SECONDS",
        SECONDS,
        "3600",
        JUDGES,
        "3600: for so long it is waited for, or a read that failed for now tried again, before the verdict is `unknown`",
    ),
    timing(
        "DRIFTWIRE_MOVING_SECONDS",
        DELAY,
        "60",
        INDEXER,
        "60: for so long an instance that left its state may take to turn up in another one",
    ),
    timing(
        "DRIFTWIRE_OWED_SECONDS",
        SECONDS,
        "150",
        JUDGES,
        "150: an alert that has been owed for so long is published by whoever sees it",
    ),
    timing(
        "DRIFTWIRE_BUSY_AFTER_SECONDS",
        DELAY,
        "5",
        JUDGES,
        "5: after this delay an instance is looked at again whose drift owes an alert",
    ),
    needed("DRIFTWIRE_TOLD_TABLE", TABLE, "driftwire-told", SLACK, SetBy::Module),
    needed("DRIFTWIRE_SLACK_QUEUE_URL", QUEUE, "https://sqs.eu-west-1.amazonaws.com/111122223333/driftwire-slack", SLACK, SetBy::Module),
    Variable {
        hidden: true,
        ..needed(
            "DRIFTWIRE_SLACK_SECRET",
            "the ARN of a secret in Secrets Manager, or of a parameter in SSM, that holds a webhook's URL or a bot's token; never one of these itself",
            "arn:aws:secretsmanager:eu-west-1:111122223333:secret:acme-slack-AbCdEf",
            SLACK,
            SetBy::Input("slack"),
        )
    },
    Variable {
        hidden: true,
        ..taken(
            "DRIFTWIRE_SLACK_CHANNEL",
            "a channel of Slack, by its id or its name, without blanks",
            "C0123456789",
            SLACK,
            "the secret has to hold a webhook's URL, or name a channel",
            SetBy::Input("slack"),
        )
    },
    Variable {
        hidden: true,
        ..taken(
            "DRIFTWIRE_SLACK_API_URL",
            "an `https` URL without user, query and fragment (`http` on loopback alone)",
            "https://slack-gov.com/api",
            SLACK,
            "https://slack.com/api",
            SetBy::Input("slack"),
        )
    },
    taken(
        "DRIFTWIRE_LOG",
        "a level for Driftwire's own lines (`error`, `warn`, `info`, `debug`, `trace` or `off`), or `target=level` as `tracing`'s `EnvFilter` takes it; several are separated by commas",
        "info",
        EACH,
        "info",
        SetBy::Input("log_level"),
    ),
    taken(
        "DRIFTWIRE_CLOCK_FILE",
        "a file with a number of seconds by which the function's clock is ahead",
        "/tmp/clock",
        EACH,
        "the clock is the machine's",
        SetBy::Tests,
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn row(variable: &Variable) -> String {
        let functions = |verb: &str, functions: &[&str]| {
            let names: Vec<String> = functions.iter().map(|name| format!("`{name}`")).collect();
            (!names.is_empty()).then(|| format!("{verb} {}", names.join(", ")))
        };
        let by = [functions("needed by", variable.needed_by), functions("taken by", variable.taken_by)];
        let by = by.into_iter().flatten().collect::<Vec<_>>().join("; ");
        let Variable { name, shape, example, without, set_by, .. } = variable;
        format!("| `{name}` | {shape} | `{example}` | {by} | {without} | {set_by} |")
    }

    #[test]
    fn the_documentation_holds_the_same_table() {
        let expected: Vec<String> = VARIABLES.iter().map(row).collect();
        let page = include_str!("../../../docs/configuration.md");
        let held: Vec<&str> = page.lines().filter(|line| line.starts_with("| `DRIFTWIRE_")).collect();
        assert_eq!(held, expected, "write this table into docs/configuration.md:\n{}", expected.join("\n"));
    }

    #[test]
    fn a_variable_is_there_once_and_somebody_reads_it() {
        for variable in &VARIABLES {
            assert_eq!(VARIABLES.iter().filter(|other| other.name == variable.name).count(), 1, "{}", variable.name);
            assert!(!variable.needed_by.is_empty() || !variable.taken_by.is_empty(), "{}", variable.name);
            assert_eq!(variable.taken_by.is_empty(), variable.without.is_empty(), "{}", variable.name);
        }
    }
}
