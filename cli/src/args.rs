//! The words of the command line.

#![expect(clippy::doc_markdown, reason = "these comments are printed as help, where backticks would only be in the way")]

use std::{path::PathBuf, str::FromStr};

use clap::{Args as ClapArgs, Parser, Subcommand, ValueEnum};
use drift_aws::BucketRegions;
use drift_model::{Place, Severity};
use drift_registry::{Platform, Source, Version};

/// Says what changed outside of Terraform: who did it, what changed from what to what, in which state and at which address.
///
/// Reads states and the cloud, and writes neither; its own tables and queues are written by index rebuild and
/// dead-letters retry alone.
#[derive(Debug, Parser)]
#[command(
    name = "driftwire",
    version,
    max_term_width = 110,
    after_long_help = "\
Examples:
  driftwire check --state terraform.tfstate
  driftwire check --state s3://states/prod/network.tfstate --json
  driftwire explain record.json --state terraform.tfstate
  driftwire drift list --severity high

Exit codes: 0 in sync, 1 error or could not tell, 2 drift."
)]
pub(crate) struct Args {
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Command,
    /// Where and as whom.
    #[command(flatten)]
    pub(crate) cloud: CloudArgs,
    /// When to use colours; NO_COLOR is honoured.
    #[arg(long, global = true, value_enum, value_name = "WHEN", default_value_t = Color::Auto, help_heading = "Output")]
    pub(crate) color: Color,
}

/// What the AWS CLI takes too, by the same names and with the same precedence.
#[derive(Clone, Debug, Default, ClapArgs)]
#[command(next_help_heading = "AWS")]
pub(crate) struct CloudArgs {
    /// Send every request there instead (AWS_ENDPOINT_URL, and AWS_ENDPOINT_URL_<SERVICE> for one service).
    #[arg(long, global = true, value_name = "URL")]
    pub(crate) endpoint_url: Option<String>,
    /// The region of tables and topics, and of states in S3. Instances are read where their state says they live.
    #[arg(long, global = true, value_name = "REGION")]
    pub(crate) region: Option<String>,
    /// The region of a bucket that is in another one: may be given several times, or several by comma.
    #[arg(long = "state-region", global = true, value_name = "BUCKET=REGION", env = "DRIFTWIRE_STATE_REGIONS")]
    pub(crate) state_regions: Vec<BucketRegions>,
    /// The profile in ~/.aws/config.
    #[arg(long, global = true, value_name = "PROFILE")]
    pub(crate) profile: Option<String>,
    /// The role to assume in accounts that the credentials do not belong to: arn:{partition}:iam::{account}:role/NAME.
    #[arg(long, global = true, value_name = "ARN", env = "DRIFTWIRE_ASSUME_ROLE")]
    pub(crate) assume_role: Option<String>,
    /// The external id that this role asks for.
    #[arg(long, global = true, value_name = "ID", env = "DRIFTWIRE_EXTERNAL_ID", requires = "assume_role")]
    pub(crate) external_id: Option<String>,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Judges every instance of the given states now.
    #[command(after_long_help = "\
Exit codes:
  0  everything that a reader reads is as recorded
  1  an error, or something could not be told (denied, throttled, another account, an unknown place, ...)
  2  something drifted or is gone, whatever else could not be told

Types that no reader reads are listed and counted, and change no exit code unless with --strict.

Examples:
  driftwire check --state terraform.tfstate
  driftwire check --state s3://states/a.tfstate --state s3://states/b.tfstate --json | jq .summary
  terraform state pull | driftwire check --state - --ignore driftwire-ignore.toml")]
    Check(CheckArgs),
    /// Looks at everything of a GitHub organisation: what differs from the states, what is gone, what no state manages.
    #[command(after_long_help = "\
The credential is read from where Terraform's provider reads it: GITHUB_APP_ID, GITHUB_APP_INSTALLATION_ID and GITHUB_APP_PEM_FILE;
else GITHUB_TOKEN; else what gh is logged in with. Reading is all that it needs to be allowed to do.

Exit codes:
  0  all of it is as recorded
  1  an error, or something could not be told (a permission that is missing, a limit, ...)
  2  something drifted or is gone, whatever else could not be told; with --fail-on-unmanaged also something that no state manages

Examples:
  driftwire scan --to github --owner acme --state github.tfstate
  driftwire scan --to github --state s3://states/github/repos.tfstate --state s3://states/github/teams.tfstate --json | jq .coverage
  driftwire scan --to github --state github.tfstate --cache .driftwire-github --import adopt.tf
  driftwire scan --to github --owner acme --last --ledger-table driftwire-ledger --import adopt.tf")]
    Scan(ScanArgs),
    /// Says, step by step, what CloudTrail records would lead to and why.
    #[command(after_long_help = "\
Needs no cloud, unless with --judge, which looks at the instances that the records lead to.

Examples:
  driftwire explain record.json --state terraform.tfstate
  aws s3 cp s3://trail/AWSLogs/.../x.json.gz - | driftwire explain - --state network.tfstate --state web.tfstate --judge
  driftwire explain events.jsonl --state terraform.tfstate --json | jq '.records[] | {event, outcome}'")]
    Explain(ExplainArgs),
    /// The index: which instance an identifier belongs to.
    #[command(subcommand)]
    Index(IndexCommand),
    /// The drifts in the ledger.
    #[command(subcommand)]
    Drift(DriftCommand),
    /// The messages that the functions gave up, and why.
    #[command(subcommand)]
    DeadLetters(DeadLettersCommand),
    /// The plugins of Terraform's providers: those on this disk, or staged for provider-judge.
    #[command(after_long_help = "\
Starts each plugin for a moment, to ask it. Needs no cloud.

Exit codes: 0 whether or not there are any, 1 an error, or a plugin that cannot be used.

Examples:
  driftwire providers
  driftwire providers --provider-dir /opt/terraform-plugins --json | jq -r '.providers[] | .provider + \" \" + .version'")]
    Providers(ProvidersArgs),
    /// Says what is wrong with a deployment, and what to do about it.
    #[command(after_long_help = "\
Looks whether records come, a trail logs, the index is up with the states, alerts get out, and instances can be read.
What is not given is not healthy: a check that cannot be made is a finding of its own (could_not_tell).

Exit codes:
  0  healthy
  1  there are findings, or an error

Examples:
  driftwire doctor
  driftwire doctor --json | jq -r '.findings[] | .check + \": \" + .what'
  driftwire doctor --index-table driftwire-index --ledger-table driftwire-ledger --states 'states/prod/*'")]
    Doctor(DoctorArgs),
}

/// What `check` and `explain` are told of states and readers.
#[derive(Debug, ClapArgs)]
pub(crate) struct StateArgs {
    /// A state: a file, `-` for standard input, or s3://bucket/key. May be given several times.
    #[arg(long = "state", value_name = "STATE", required = true)]
    pub(crate) states: Vec<String>,
    /// Where instances live of which their state does not tell: ACCOUNT/REGION, or PARTITION/ACCOUNT/REGION.
    #[arg(long, value_name = "PLACE")]
    pub(crate) default_place: Option<DefaultPlace>,
    /// What reads instances live.
    #[arg(long, value_enum, value_name = "READER", default_value_t = ReaderName::Auto)]
    pub(crate) reader: ReaderName,
    /// Where plugins come from.
    #[command(flatten)]
    pub(crate) plugins: PluginArgs,
    /// What not to report: globs on address, type and attribute, with reasons; without it .driftwire-ignore.toml, if that is here.
    #[arg(long, value_name = "FILE")]
    pub(crate) ignore: Option<PathBuf>,
    /// How long a plugin may take for one instance. Providers themselves wait for minutes for some things that are gone.
    #[arg(long, value_name = "SECONDS", default_value_t = 300, value_parser = clap::value_parser!(u64).range(1..=3600), help_heading = "Provider plugins")]
    pub(crate) provider_timeout: u64,
    /// How many instances are read at the same time.
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = clap::value_parser!(u16).range(1..=256))]
    pub(crate) parallel: u16,
    /// Print exactly one JSON document.
    #[arg(long, help_heading = "Output")]
    pub(crate) json: bool,
}

/// Where the plugins of Terraform's providers come from.
#[derive(Debug, ClapArgs)]
#[command(next_help_heading = "Provider plugins")]
pub(crate) struct PluginArgs {
    /// A folder of plugins, looked in before all other places: a mirror's, or one that holds the programs. May be given several times.
    #[arg(long = "provider-dir", value_name = "FOLDER")]
    pub(crate) provider_dirs: Vec<PathBuf>,
    /// Where Terraform is run: its .terraform/providers and .terraform.lock.hcl count [default: the current folder].
    #[arg(long, value_name = "FOLDER")]
    pub(crate) working_dir: Option<PathBuf>,
    /// Fetch a plugin that is not on this disk from its registry, and keep it.
    #[arg(long)]
    pub(crate) download: bool,
}

/// `driftwire check`.
#[derive(Debug, ClapArgs)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
pub(crate) struct CheckArgs {
    /// States and readers.
    #[command(flatten)]
    pub(crate) of: StateArgs,
    /// Any instance that could not be judged is an error, those of types that no reader reads included.
    #[arg(long)]
    pub(crate) strict: bool,
    /// No instance that could not be judged is an error.
    #[arg(long, conflicts_with = "strict")]
    pub(crate) tolerate_unknown: bool,
    /// Believe a drift that the native reader finds only where the provider's plugin agrees.
    #[arg(long)]
    pub(crate) confirm: bool,
    /// List what is in sync as well.
    #[arg(long, help_heading = "Output", conflicts_with = "json")]
    pub(crate) all: bool,
}

/// `driftwire scan`.
#[derive(Debug, ClapArgs)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
pub(crate) struct ScanArgs {
    /// What to look at.
    #[arg(long, value_enum, value_name = "WHAT")]
    pub(crate) to: ScanTarget,
    /// A state: a file, `-` for standard input, or s3://bucket/key. May be given several times.
    #[arg(long = "state", value_name = "STATE", required_unless_present = "last")]
    pub(crate) states: Vec<String>,
    /// Look at nothing: print what a deployment's last scan came to, by its ledger's table.
    #[arg(long, requires = "ledger_table", conflicts_with_all = ["states", "cache", "ignore"])]
    pub(crate) last: bool,
    /// The ledger's table, with --last.
    #[arg(long, value_name = "TABLE", env = "DRIFTWIRE_LEDGER_TABLE")]
    pub(crate) ledger_table: Option<String>,
    /// Whose, and where.
    #[command(flatten)]
    pub(crate) github: GithubArgs,
    /// What not to report, and what nobody has to manage: globs on address, type, attribute and name, with reasons; without it
    /// .driftwire-ignore.toml, if that is here.
    #[arg(long, value_name = "FILE")]
    pub(crate) ignore: Option<PathBuf>,
    /// Keep there what the next scan need not ask for again; the file is written anew each time.
    #[arg(long, value_name = "FILE")]
    pub(crate) cache: Option<PathBuf>,
    /// Any instance that could not be judged is an error, those of types that no reader reads included.
    #[arg(long)]
    pub(crate) strict: bool,
    /// Nothing that could not be told is an error.
    #[arg(long, conflicts_with = "strict")]
    pub(crate) tolerate_unknown: bool,
    /// End with 2 where something is in no state.
    #[arg(long)]
    pub(crate) fail_on_unmanaged: bool,
    /// Write the import blocks there that adopt what is in no state.
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    pub(crate) import: Option<PathBuf>,
    /// List all that is in no state, and what is in sync.
    #[arg(long, help_heading = "Output", conflicts_with = "json")]
    pub(crate) all: bool,
    /// Print exactly one JSON document.
    #[arg(long, help_heading = "Output")]
    pub(crate) json: bool,
}

/// What a scan looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ScanTarget {
    /// A GitHub organisation.
    Github,
}

/// Whose GitHub, and where it is.
#[derive(Clone, Debug, Default, ClapArgs)]
#[command(next_help_heading = "GitHub")]
pub(crate) struct GithubArgs {
    /// The organisation [default: GITHUB_ORGANIZATION, else GITHUB_OWNER].
    #[arg(long, value_name = "LOGIN")]
    pub(crate) owner: Option<String>,
    /// Where GitHub is: https://api.github.com/, https://NAME.ghe.com/, or a GitHub Enterprise Server.
    #[arg(long, value_name = "URL", env = "GITHUB_BASE_URL")]
    pub(crate) base_url: Option<String>,
}

/// `driftwire explain`.
#[derive(Debug, ClapArgs)]
pub(crate) struct ExplainArgs {
    /// A file or `-`: one record, JSON lines, a CloudTrail log file or EventBridge events; gzip or not.
    #[arg(value_name = "RECORDS")]
    pub(crate) records: PathBuf,
    /// States and readers.
    #[command(flatten)]
    pub(crate) of: StateArgs,
    /// Look at the instances that the records lead to.
    #[arg(long)]
    pub(crate) judge: bool,
}

/// `driftwire index`.
#[derive(Debug, Subcommand)]
pub(crate) enum IndexCommand {
    /// Brings the index up to date with every state in the configured buckets, from the states alone.
    #[command(after_long_help = "\
Examples:
  driftwire index rebuild --index-table driftwire-index --states 'states/prod/*'
  DRIFTWIRE_INDEX_TABLE=driftwire-index DRIFTWIRE_STATES='states/*' driftwire index rebuild --json")]
    Rebuild(RebuildArgs),
}

/// `driftwire index rebuild`.
#[derive(Debug, ClapArgs)]
pub(crate) struct RebuildArgs {
    /// The index's table.
    #[arg(long, value_name = "TABLE", env = "DRIFTWIRE_INDEX_TABLE")]
    pub(crate) index_table: String,
    /// Where states are: bucket, or bucket/prefix*; several by comma.
    #[arg(long, value_name = "PLACES", env = "DRIFTWIRE_STATES")]
    pub(crate) states: String,
    /// Where instances live of which their state does not tell: ACCOUNT/REGION, or PARTITION/ACCOUNT/REGION.
    #[arg(long, value_name = "PLACE", env = "DRIFTWIRE_DEFAULT_PLACE")]
    pub(crate) default_place: Option<DefaultPlace>,
    /// Print exactly one JSON document.
    #[arg(long, help_heading = "Output")]
    pub(crate) json: bool,
}

/// `driftwire providers`.
#[derive(Debug, ClapArgs)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct ProvidersArgs {
    /// What else to do than to list.
    #[command(subcommand)]
    pub(crate) command: Option<ProvidersCommand>,
    /// Where to look.
    #[command(flatten)]
    pub(crate) list: ListProvidersArgs,
}

/// `driftwire providers` without a subcommand.
#[derive(Debug, ClapArgs)]
pub(crate) struct ListProvidersArgs {
    /// A folder of plugins, looked in before all other places: a mirror's, or one that holds the programs. May be given several times.
    #[arg(long = "provider-dir", value_name = "FOLDER", help_heading = "Provider plugins")]
    pub(crate) provider_dirs: Vec<PathBuf>,
    /// Where Terraform is run: its .terraform/providers counts [default: the current folder].
    #[arg(long, value_name = "FOLDER", help_heading = "Provider plugins")]
    pub(crate) working_dir: Option<PathBuf>,
    /// Print exactly one JSON document.
    #[arg(long, help_heading = "Output")]
    pub(crate) json: bool,
}

/// `driftwire providers ...`.
#[derive(Debug, Subcommand)]
pub(crate) enum ProvidersCommand {
    /// Puts a plugin's zip into a bucket or a folder, for provider-judge, and prints the line of DRIFTWIRE_PLUGINS that names it.
    #[command(after_long_help = "\
Takes the plugin from this disk, or fetches it with --download; checks it against the lock file where that names it; packs it so that
the same plugin is always the same zip; and writes it to s3://BUCKET/PREFIX/terraform-provider-NAME_VERSION_OS_ARCH.zip, or to a
folder, from which Terraform uploads it.
--platform says what the function runs on, where that is not this machine's: such a plugin is always fetched.

Exit codes: 0 staged, 1 an error.

Examples:
  driftwire providers stage hashicorp/aws --version 5.100.0 --to s3://acme-artifacts/plugins
  driftwire providers stage hashicorp/aws --version 5.100.0 --download --platform linux_arm64 --to s3://acme-artifacts/plugins --json
  driftwire providers stage hashicorp/aws --version 5.100.0 --download --platform linux_arm64 --to dist/plugins/")]
    Stage(StageArgs),
}

/// `driftwire providers stage`.
#[derive(Debug, ClapArgs)]
pub(crate) struct StageArgs {
    /// The provider: hashicorp/aws, or with its registry's host before it.
    #[arg(value_name = "PROVIDER")]
    pub(crate) provider: Source,
    /// Its version [default: what the lock file names, else the newest that is found].
    #[arg(long, value_name = "VERSION")]
    pub(crate) version: Option<Version>,
    /// Where to put it: s3://BUCKET, s3://BUCKET/PREFIX, or a folder (one that is not there yet ends in a slash).
    #[arg(long, value_name = "PLACE")]
    pub(crate) to: String,
    /// What it is to run on: linux_arm64, linux_amd64 [default: this machine's].
    #[arg(long, value_name = "OS_ARCH", requires = "download", value_parser = platform)]
    pub(crate) platform: Option<Platform>,
    /// Where it comes from.
    #[command(flatten)]
    pub(crate) plugins: PluginArgs,
    /// Print exactly one JSON document.
    #[arg(long, help_heading = "Output")]
    pub(crate) json: bool,
}

fn platform(text: &str) -> Result<Platform, &'static str> {
    text.parse().map_err(|()| "OS_ARCH is expected, such as linux_arm64")
}

/// `driftwire drift`.
#[derive(Debug, Subcommand)]
pub(crate) enum DriftCommand {
    /// Lists drifts, the worst first.
    #[command(after_long_help = "\
Examples:
  driftwire drift list
  driftwire drift list --account 123456789012 --severity critical
  driftwire drift list --closed --json | jq '.drifts[].instance'")]
    List(ListArgs),
    /// Shows one drift with its history.
    #[command(after_long_help = "\
Examples:
  driftwire drift show aws_security_group.web
  driftwire drift show 'module.web[\"a\"].aws_instance.app[0]' --state s3://states/prod.tfstate --json")]
    Show(ShowArgs),
}

/// Where the ledger is, and how to print.
#[derive(Debug, ClapArgs)]
pub(crate) struct LedgerArgs {
    /// The ledger's table.
    #[arg(long, value_name = "TABLE", env = "DRIFTWIRE_LEDGER_TABLE")]
    pub(crate) ledger_table: String,
    /// Print exactly one JSON document.
    #[arg(long, help_heading = "Output")]
    pub(crate) json: bool,
}

/// `driftwire drift list`.
#[derive(Debug, ClapArgs)]
pub(crate) struct ListArgs {
    /// The ledger.
    #[command(flatten)]
    pub(crate) ledger: LedgerArgs,
    /// Only of this state.
    #[arg(long, value_name = "STATE")]
    pub(crate) state: Option<String>,
    /// Only of this account.
    #[arg(long, value_name = "ACCOUNT")]
    pub(crate) account: Option<String>,
    /// Only of this severity.
    #[arg(long, value_enum, value_name = "SEVERITY")]
    pub(crate) severity: Option<SeverityName>,
    /// Those that ended as well.
    #[arg(long)]
    pub(crate) closed: bool,
}

/// `driftwire drift show`.
#[derive(Debug, ClapArgs)]
pub(crate) struct ShowArgs {
    /// The instance's address, as Terraform prints it.
    #[arg(value_name = "ADDRESS")]
    pub(crate) address: String,
    /// The state that holds it; needed where several hold that address.
    #[arg(long, value_name = "STATE")]
    pub(crate) state: Option<String>,
    /// The ledger.
    #[command(flatten)]
    pub(crate) ledger: LedgerArgs,
}

/// `driftwire dead-letters`.
#[derive(Debug, Subcommand)]
pub(crate) enum DeadLettersCommand {
    /// Lists them, the oldest first, and leaves them where they are.
    #[command(after_long_help = "\
Exit codes: 0 whether or not there are any, 1 an error.

Examples:
  driftwire dead-letters list --dead-letter-queue https://sqs.eu-west-1.amazonaws.com/123456789012/driftwire-dead-letters
  driftwire dead-letters list --json | jq -r '.dead_letters[] | .function + \": \" + .reason'")]
    List(ListLettersArgs),
    /// Sends them back to the queue of the function that they are for.
    #[command(after_long_help = "\
Each is sent first and deleted from the dead letters then. If something dies between the two it is handled twice, which
changes nothing that was recorded and tells nothing that was told. Mend first what \"list\" gives as the reason: what
still cannot succeed comes back, with a new id.

Exit codes: 0 all that was asked for was sent, 1 an error, or one could not be sent or is not there.

Examples:
  driftwire dead-letters retry 6a1e0b5c-7d1f-4e47-a3d0-0b6f5a0c1d2e
  driftwire dead-letters retry --all --json | jq '.retried | length'")]
    Retry(RetryArgs),
}

/// Where the dead letters are, and how to print.
#[derive(Debug, ClapArgs)]
pub(crate) struct DeadLetterArgs {
    /// The URL of the queue that the functions bury in.
    #[arg(long, value_name = "URL", env = "DRIFTWIRE_DEAD_LETTER_QUEUE_URL")]
    pub(crate) dead_letter_queue: String,
    /// Print exactly one JSON document.
    #[arg(long, help_heading = "Output")]
    pub(crate) json: bool,
}

/// `driftwire dead-letters list`.
#[derive(Debug, ClapArgs)]
pub(crate) struct ListLettersArgs {
    /// The queue.
    #[command(flatten)]
    pub(crate) of: DeadLetterArgs,
}

/// `driftwire dead-letters retry`.
#[derive(Debug, ClapArgs)]
pub(crate) struct RetryArgs {
    /// The ids of those to send back, as list prints them.
    #[arg(value_name = "ID", required_unless_present = "all", conflicts_with = "all")]
    pub(crate) ids: Vec<String>,
    /// Send all of them back.
    #[arg(long)]
    pub(crate) all: bool,
    /// The URL of event-detector's queue.
    #[arg(long, value_name = "URL", env = "DRIFTWIRE_EVENTS_QUEUE_URL")]
    pub(crate) events_queue: Option<String>,
    /// The URL of state-indexer's queue.
    #[arg(long, value_name = "URL", env = "DRIFTWIRE_STATES_QUEUE_URL")]
    pub(crate) states_queue: Option<String>,
    /// The URL of provider-judge's queue, where there is one.
    #[arg(long, value_name = "URL", env = "DRIFTWIRE_PROVIDER_QUEUE_URL")]
    pub(crate) provider_queue: Option<String>,
    /// The URL of github-scanner's queue, where there is one.
    #[arg(long, value_name = "URL", env = "DRIFTWIRE_GITHUB_QUEUE_URL")]
    pub(crate) github_queue: Option<String>,
    /// The URL of slack-notifier's queue, where there is one.
    #[arg(long, value_name = "URL", env = "DRIFTWIRE_SLACK_QUEUE_URL")]
    pub(crate) slack_queue: Option<String>,
    /// The dead letters.
    #[command(flatten)]
    pub(crate) of: DeadLetterArgs,
}

/// `driftwire doctor`: what the functions are told by their environment.
#[derive(Debug, ClapArgs)]
pub(crate) struct DoctorArgs {
    /// The deployment looks at GitHub alone: neither records nor a trail are expected.
    #[arg(long, env = "DRIFTWIRE_GITHUB_ONLY")]
    pub(crate) github_only: bool,
    /// The organisation that github-scanner scans.
    #[arg(long, value_name = "LOGIN", env = "GITHUB_OWNER")]
    pub(crate) github_owner: Option<String>,
    /// The index's table.
    #[arg(long, value_name = "TABLE", env = "DRIFTWIRE_INDEX_TABLE")]
    pub(crate) index_table: Option<String>,
    /// The ledger's table.
    #[arg(long, value_name = "TABLE", env = "DRIFTWIRE_LEDGER_TABLE")]
    pub(crate) ledger_table: Option<String>,
    /// The ARN of the topic that alerts are published to.
    #[arg(long, value_name = "ARN", env = "DRIFTWIRE_TOPIC_ARN")]
    pub(crate) topic: Option<String>,
    /// The URL of event-detector's queue.
    #[arg(long, value_name = "URL", env = "DRIFTWIRE_EVENTS_QUEUE_URL")]
    pub(crate) events_queue: Option<String>,
    /// The URL of state-indexer's queue.
    #[arg(long, value_name = "URL", env = "DRIFTWIRE_STATES_QUEUE_URL")]
    pub(crate) states_queue: Option<String>,
    /// The URL of provider-judge's queue, where there is one.
    #[arg(long, value_name = "URL", env = "DRIFTWIRE_PROVIDER_QUEUE_URL")]
    pub(crate) provider_queue: Option<String>,
    /// The URL of github-scanner's queue, where there is one.
    #[arg(long, value_name = "URL", env = "DRIFTWIRE_GITHUB_QUEUE_URL")]
    pub(crate) github_queue: Option<String>,
    /// The URL of slack-notifier's queue, where there is one.
    #[arg(long, value_name = "URL", env = "DRIFTWIRE_SLACK_QUEUE_URL")]
    pub(crate) slack_queue: Option<String>,
    /// The URL of the queue that the functions bury in.
    #[arg(long, value_name = "URL", env = "DRIFTWIRE_DEAD_LETTER_QUEUE_URL")]
    pub(crate) dead_letter_queue: Option<String>,
    /// Where states are: bucket, or bucket/prefix*; several by comma.
    #[arg(long, value_name = "PLACES", env = "DRIFTWIRE_STATES")]
    pub(crate) states: Option<String>,
    /// A file with a number of seconds by which the clock is ahead: for tests alone.
    #[arg(long, value_name = "FILE", env = "DRIFTWIRE_CLOCK_FILE", hide = true)]
    pub(crate) clock_file: Option<PathBuf>,
    /// Print exactly one JSON document.
    #[arg(long, help_heading = "Output")]
    pub(crate) json: bool,
}

/// When to use colours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Color {
    /// On a terminal, unless NO_COLOR is set.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// The readers that can be asked for by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ReaderName {
    /// The catalog's own reads where it knows the type, else Terraform's provider plugin where one is found.
    Auto,
    /// The catalog's own reads alone.
    Native,
    /// Terraform's provider plugin alone.
    Provider,
}

/// The severities, as the command line spells them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum SeverityName {
    /// Touched and not verified; tags and descriptions.
    Low,
    /// Anything that no rule says more of.
    Medium,
    /// Access, encryption, protection or existence.
    High,
    /// Open to the world.
    Critical,
}

impl From<SeverityName> for Severity {
    fn from(name: SeverityName) -> Self {
        match name {
            SeverityName::Low => Self::Low,
            SeverityName::Medium => Self::Medium,
            SeverityName::High => Self::High,
            SeverityName::Critical => Self::Critical,
        }
    }
}

/// A place as it is typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct DefaultPlace(pub(crate) Place);

impl FromStr for DefaultPlace {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (partition, account, region) = match *text.split('/').collect::<Vec<_>>() {
            [account, region] => (Place::partition_of(region).unwrap_or("aws"), account, region),
            [partition, account, region] => (partition, account, region),
            _ => return Err("ACCOUNT/REGION is expected, such as 123456789012/eu-west-1"),
        };
        if account.len() != 12 || !account.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err("an account has twelve digits");
        }
        if partition.is_empty() || region.is_empty() {
            return Err("ACCOUNT/REGION is expected, such as 123456789012/eu-west-1");
        }
        Ok(Self(Place::new(partition, account, region)))
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Args::command().debug_assert();
    }

    #[test]
    fn every_command_has_examples() {
        fn visit(command: &clap::Command) {
            if command.has_subcommands() && !matches!(command.get_name(), "driftwire" | "providers") {
                return command.get_subcommands().for_each(visit);
            }
            let examples = command.get_after_long_help().map(ToString::to_string).unwrap_or_default();
            assert!(examples.contains("Examples:"), "{} has no examples", command.get_name());
            command.get_subcommands().for_each(visit);
        }
        visit(&Args::command());
    }

    #[test]
    fn a_place_may_leave_its_partition_to_its_region() {
        assert_eq!("123456789012/cn-north-1".parse(), Ok(DefaultPlace(Place::new("aws-cn", "123456789012", "cn-north-1"))));
        assert_eq!("aws/123456789012/eu-west-1".parse(), Ok(DefaultPlace(Place::new("aws", "123456789012", "eu-west-1"))));
        for text in ["", "eu-west-1", "12/eu-west-1", "123456789012/", "a/b/c/d"] {
            assert!(text.parse::<DefaultPlace>().is_err(), "{text}");
        }
    }

    #[test]
    fn an_unknown_reader_is_told_which_ones_there_are() {
        let error =
            Args::try_parse_from(["driftwire", "check", "--state", "a", "--reader", "crystal"]).expect_err("there is no such reader");
        assert!(error.to_string().contains("[possible values: auto, native, provider]"), "{error}");
    }
}
