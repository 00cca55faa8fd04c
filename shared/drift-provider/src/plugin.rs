use std::{ffi::OsString, fmt, future::Future, path::PathBuf, time::Duration};

use drift_model::Reason;
use semver::Version;

use crate::guard::Guarding;

/// One version of a provider's plugin on this machine.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Plugin {
    /// The provider's source address: `registry.terraform.io/hashicorp/aws`.
    pub provider: String,
    /// `5.100.0`.
    pub version: Version,
    /// The program.
    pub executable: PathBuf,
}

impl fmt::Display for Plugin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let source = self.provider.strip_prefix("registry.terraform.io/").unwrap_or(&self.provider);
        write!(f, "{source} {}", self.version)
    }
}

/// Where plugins come from: the command line looks on the disk, a function fetches them when they are asked for first.
pub trait Plugins: Send + Sync {
    /// Whether there may be a plugin of this provider. Touches nothing.
    fn has(&self, provider: &str) -> bool;
    /// The versions at hand, the lowest first. Asked for at each read, so an implementation keeps what it found.
    fn candidates(&self, provider: &str) -> impl Future<Output = Result<Vec<Plugin>, Reason>> + Send;
    /// What to do so that there would be one.
    fn hint(&self, _provider: &str) -> Option<String> {
        None
    }
}

/// How plugins are run.
#[derive(Clone)]
pub struct Settings {
    /// The program through which plugins are started: one whose `main` begins with [`guard`](crate::guard()); usually this one.
    pub guard: PathBuf,
    /// How plugins are kept from outliving it.
    pub guarding: Guarding,
    /// At most so many plugins run at a time.
    pub processes: usize,
    /// At most so many reads are in flight to one plugin.
    pub reads: usize,
    /// How long a plugin may take from its start until it is configured.
    pub start_deadline: Duration,
    /// How long one instance may take. Providers themselves wait for minutes for what they do not find at once, such as a grant of KMS.
    pub read_deadline: Duration,
    /// Where requests to AWS go instead.
    pub endpoint_url: Option<String>,
    /// How often the provider itself tries a throttled request again; its own default of 25 takes many minutes.
    pub max_retries: u32,
    /// The environment that plugins get: the caller's own, as Terraform would give it. What Terraform's and AWS's credentials and
    /// Terraform's logs are told by is left out.
    pub environment: Vec<(OsString, OsString)>,
}

// Never the environment: it holds the caller's own credentials.
impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { guard, guarding, processes, reads, start_deadline, read_deadline, endpoint_url, max_retries, environment } = self;
        f.debug_struct("Settings")
            .field("guard", guard)
            .field("guarding", guarding)
            .field("processes", processes)
            .field("reads", reads)
            .field("start_deadline", start_deadline)
            .field("read_deadline", read_deadline)
            .field("endpoint_url", endpoint_url)
            .field("max_retries", max_retries)
            .field("environment", &format_args!("{} variables", environment.len()))
            .finish()
    }
}

impl Settings {
    /// The documented limits, and an empty environment.
    #[must_use]
    pub fn new(guard: PathBuf) -> Self {
        Self {
            guard,
            guarding: Guarding::of_this_system(),
            processes: 4,
            reads: 16,
            start_deadline: Duration::from_mins(1),
            read_deadline: Duration::from_mins(5),
            endpoint_url: None,
            max_retries: 5,
            environment: Vec::new(),
        }
    }
}
