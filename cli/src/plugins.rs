//! The plugins on this disk, for the provider reader, and those that are fetched for it.

use std::{
    collections::BTreeMap,
    path::PathBuf,
    sync::{Arc, Mutex, Once, PoisonError},
};

use anyhow::Context as _;
use drift_model::{Reason, ReasonKind};
use drift_provider::{Plugin, Plugins};
use drift_registry::{Lock, Package, Platform, Registry, RegistryError, Source, Surroundings, Wish};

use crate::{args::PluginArgs, output, progress::Progress};

/// What is wrong with Terraform's CLI configuration is said once.
static TOLD: Once = Once::new();

/// Where plugins are looked for, and whether they may be fetched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Where {
    /// `--provider-dir`.
    pub(crate) provider_dirs: Vec<PathBuf>,
    /// `--download`.
    pub(crate) download: bool,
    /// Where Terraform is run, and its lock file is.
    pub(crate) working_dir: PathBuf,
    /// What they are to run on.
    pub(crate) platform: Platform,
}

impl Where {
    /// As the command line says.
    pub(crate) fn new(args: &PluginArgs) -> anyhow::Result<Self> {
        let places = Self::here(args.provider_dirs.clone(), args.working_dir.clone())?;
        Ok(Self { download: args.download, ..places })
    }

    /// For what is on this disk alone.
    pub(crate) fn here(provider_dirs: Vec<PathBuf>, working_dir: Option<PathBuf>) -> anyhow::Result<Self> {
        let here = || std::env::current_dir().context("finding out which folder this is");
        let working_dir = working_dir.map_or_else(here, Ok)?;
        Ok(Self { provider_dirs, download: false, working_dir, platform: Platform::current() })
    }

    /// Works on the plugins of this disk.
    #[expect(clippy::disallowed_methods, reason = "this is where the environment comes in")]
    pub(crate) fn with<T>(&self, work: impl FnOnce(&drift_registry::Plugins<'_>) -> T) -> T {
        let variable = |name: &str| std::env::var_os(name).and_then(|value| value.into_string().ok());
        let surroundings = Surroundings { variable: &variable, working_dir: self.working_dir.clone(), platform: self.platform.clone() };
        let plugins = drift_registry::Plugins::new(surroundings, self.provider_dirs.clone());
        TOLD.call_once(|| {
            for problem in plugins.problems() {
                output::remark("warning", &problem.to_string());
            }
        });
        work(&plugins)
    }
}

/// The plugins of one run: each provider is looked for once, when an instance of it is asked for first.
#[derive(Debug)]
pub(crate) struct LocalPlugins {
    places: Where,
    found: Mutex<BTreeMap<String, Arc<Found>>>,
}

/// What looking for one provider came to.
#[derive(Debug)]
enum Found {
    /// The lowest version first; at least one.
    Plugins(Vec<Plugin>),
    /// There is none: where was looked, and what to do.
    None(String),
    /// Whether there is one cannot be told, or it cannot be had: why.
    Failed(String),
}

impl Found {
    fn why_not(&self) -> Option<&str> {
        match self {
            Self::Plugins(_) => None,
            Self::None(why) | Self::Failed(why) => Some(why),
        }
    }
}

impl LocalPlugins {
    /// Looks nowhere yet.
    pub(crate) fn new(places: Where) -> Self {
        Self { places, found: Mutex::default() }
    }

    fn found(&self, provider: &str) -> Arc<Found> {
        // Whoever asks second waits for the first: a download is made once.
        let mut found = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        let search = || Arc::new(self.look(provider).unwrap_or_else(|error| Found::Failed(format!("no plugin of {provider}: {error:#}"))));
        Arc::clone(found.entry(provider.to_owned()).or_insert_with(search))
    }

    /// Of the providers that were asked for: why there is no plugin of them, where was looked, and what to do.
    pub(crate) fn why_not(&self) -> Vec<String> {
        let found = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        found.values().filter_map(|found| found.why_not().map(str::to_owned)).collect()
    }

    /// Looks for a provider's plugins now, and fetches one where that was asked for.
    pub(crate) fn look_for(&self, provider: &str) {
        self.found(provider);
    }

    fn look(&self, provider: &str) -> anyhow::Result<Found> {
        let source: Source = provider.parse()?;
        let lock = Lock::read(&self.places.working_dir)?;
        self.places.with(|plugins| {
            let search = plugins.search(&source);
            let locked = lock.as_ref().and_then(|lock| lock.get(&source));
            let fits = |version: &drift_registry::Version| locked.is_none_or(|locked| locked.version == *version);
            let mut packages = Vec::new();
            for candidate in search.candidates.iter().filter(|candidate| fits(&candidate.version)) {
                packages.push(plugins.unpacked(candidate)?);
            }
            if packages.is_empty() && self.places.download {
                let wish = locked.map_or(Wish::Newest, |locked| Wish::Exact(locked.version.clone()));
                packages.push(download(plugins, &source, &wish, lock.as_ref())?);
            }
            if packages.is_empty() {
                let version = locked.map(|locked| format!(" {}, which the lock file names,", locked.version)).unwrap_or_default();
                let type_this = "run `terraform init` and name that folder with --working-dir, name a folder of plugins with \
                                 --provider-dir, or let it be fetched with --download";
                let why = format!("no plugin of {source}{version} is on this disk: {type_this}. Looked in:\n{}", search.report());
                return Ok(Found::None(why));
            }
            Ok(Found::Plugins(packages.into_iter().map(|package| as_plugin(provider, package)).collect()))
        })
    }
}

fn as_plugin(provider: &str, package: Package) -> Plugin {
    Plugin { provider: provider.to_owned(), version: package.version, executable: package.executable }
}

/// Fetches a plugin and says how far it is.
pub(crate) fn download(
    plugins: &drift_registry::Plugins<'_>,
    source: &Source,
    wish: &Wish,
    lock: Option<&Lock>,
) -> Result<Package, RegistryError> {
    let progress = Progress::of_bytes(format!("fetching {source}"));
    Registry::new(plugins)?.download(source, wish, lock, &mut |done, all| progress.at(done, all))
}

impl Plugins for LocalPlugins {
    fn has(&self, provider: &str) -> bool {
        // One that was to be had and cannot be had is an error of each instance, and not a type that nobody reads.
        !matches!(*self.found(provider), Found::None(_))
    }

    async fn candidates(&self, provider: &str) -> Result<Vec<Plugin>, Reason> {
        match &*self.found(provider) {
            Found::Plugins(plugins) => Ok(plugins.clone()),
            Found::None(why) => Err(Reason { kind: ReasonKind::Unsupported, message: why.clone() }),
            Found::Failed(why) => Err(Reason { kind: ReasonKind::Error, message: why.clone() }),
        }
    }

    fn hint(&self, provider: &str) -> Option<String> {
        (!self.has(provider)).then(|| format!("no plugin of {provider} is on this disk"))
    }
}
