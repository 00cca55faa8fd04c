//! The provider registry protocol. Source: Terraform's "Provider Registry Protocol" and "Remote Service Discovery".

use std::{collections::BTreeMap, fmt};

use serde::Deserialize;
use serde_json::Value;
use url::Url;

use crate::{
    Build, Platform, Plugins, RegistryError, Source, Version,
    config::token_variables,
    http::{Answer, Http, host_of, is_loopback},
};

/// The largest answers that are read, in bytes. The versions of hashicorp/aws are about one megabyte.
const DISCOVERY: u64 = 1 << 20;
const VERSIONS: u64 = 64 << 20;

/// Registries, as Terraform's CLI configuration leads to them.
pub struct Registry<'p> {
    pub(crate) plugins: &'p Plugins<'p>,
    pub(crate) http: Http,
}

/// A version that a registry has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offered {
    /// Which.
    pub version: Version,
    /// What it is built for; empty where the registry does not tell.
    pub platforms: Vec<Platform>,
    /// The plugin protocols that it speaks: `5.0`; empty where the registry does not tell.
    pub protocols: Vec<String>,
}

/// Which version is to be downloaded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wish {
    /// This one.
    Exact(Version),
    /// The newest that is built for this platform and no pre-release.
    Newest,
    /// The newest of those below this one.
    Below(Version),
}

impl fmt::Display for Wish {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exact(version) => write!(f, "{version}"),
            Self::Newest => f.write_str("the newest"),
            Self::Below(bound) => write!(f, "the newest below {bound}"),
        }
    }
}

#[derive(Deserialize)]
struct Versions {
    #[serde(default)]
    versions: Option<Vec<OneVersion>>,
}

#[derive(Deserialize)]
struct OneVersion {
    version: String,
    #[serde(default)]
    protocols: Option<Vec<String>>,
    #[serde(default)]
    platforms: Option<Vec<OnePlatform>>,
}

#[derive(Deserialize)]
struct OnePlatform {
    os: String,
    arch: String,
}

impl<'p> Registry<'p> {
    /// Makes no request yet. The proxy is that of `HTTPS_PROXY` or `ALL_PROXY`, but for the hosts of `NO_PROXY`.
    ///
    /// # Errors
    ///
    /// A proxy that is none.
    pub fn new(plugins: &'p Plugins<'p>) -> Result<Self, RegistryError> {
        Ok(Self { plugins, http: Http::new(&plugins.surroundings)? })
    }

    /// The versions that a provider's registry has, in ascending order.
    ///
    /// # Errors
    ///
    /// The CLI configuration forbids it, or there is no network, no registry, no such provider, or no understanding it.
    pub fn versions(&self, source: &Source) -> Result<Vec<Offered>, RegistryError> {
        let base = self.service(source)?;
        self.versions_at(&base, source)
    }

    pub(crate) fn versions_at(&self, base: &Url, source: &Source) -> Result<Vec<Offered>, RegistryError> {
        let path = format!("{}/{}/versions", source.namespace(), source.name());
        let answer = self.ask(base, &path, source, &format!("the versions of {source}"))?;
        if answer.status == 404 {
            let token = token_variable(source);
            return Err(RegistryError::NoProvider { host: host_of(&answer.url), provider: source.clone(), token });
        }
        let versions: Versions = expected(answer, source)?.json(VERSIONS)?;
        let offered = versions.versions.unwrap_or_default().into_iter().filter_map(|offered| {
            // Registries list what they were given; a version that is none is nobody's wish.
            let version = Version::parse(&offered.version).ok()?;
            let platforms =
                offered.platforms.unwrap_or_default().into_iter().map(|platform| Platform { os: platform.os, arch: platform.arch });
            Some(Offered { version, platforms: platforms.collect(), protocols: offered.protocols.unwrap_or_default() })
        });
        let mut offered: Vec<_> = offered.collect();
        offered.sort_by(|one, other| one.version.cmp(&other.version));
        Ok(offered)
    }

    /// Where the registry of a provider is: what a `host` block says, else what its host tells.
    pub(crate) fn service(&self, source: &Source) -> Result<Url, RegistryError> {
        if let Some(installation) = &self.plugins.config.installation
            && !installation.allows_direct(source)
        {
            return Err(RegistryError::NotDirect { path: installation.path().to_owned(), provider: source.clone() });
        }
        let host = source.host();
        let no_service = || RegistryError::NoService { host: host.to_owned() };
        // A server on this machine has no certificate that anybody would trust.
        let mut discovery = Url::parse(&format!("https://{host}/.well-known/terraform.json")).map_err(|_| no_service())?;
        if is_loopback(&discovery) {
            discovery = Url::parse(&format!("http://{host}/.well-known/terraform.json")).map_err(|_| no_service())?;
        }
        let (told_by, services) = if let Some(services) = self.plugins.config.hosts.get(host) {
            (discovery, services.iter().map(|(name, url)| (name.clone(), Value::String(url.clone()))).collect())
        } else {
            let answer = self.http.get(&discovery, self.token(source).as_deref(), &format!("what {host} offers"))?;
            if answer.status == 404 {
                return Err(no_service());
            }
            let answer = expected(answer, source)?;
            (answer.url.clone(), answer.json::<BTreeMap<String, Value>>(DISCOVERY)?)
        };
        let service = services.get("providers.v1").and_then(Value::as_str).ok_or_else(no_service)?;
        let mut service = told_by.join(service).map_err(|_| no_service())?;
        if !service.path().ends_with('/') {
            service.set_path(&format!("{}/", service.path()));
        }
        Ok(service)
    }

    pub(crate) fn ask(&self, base: &Url, path: &str, source: &Source, what: &str) -> Result<Answer, RegistryError> {
        let url = base.join(path).map_err(|_| RegistryError::NoService { host: source.host().to_owned() })?;
        self.http.get(&url, self.token(source).as_deref(), what)
    }

    fn token(&self, source: &Source) -> Option<String> {
        self.plugins.config.token(source.host(), &self.plugins.surroundings)
    }
}

/// An answer with status 200.
pub(crate) fn expected(answer: Answer, source: &Source) -> Result<Answer, RegistryError> {
    match answer.status {
        200 => Ok(answer),
        status @ (401 | 403) => {
            Err(RegistryError::Refused { host: host_of(&answer.url), what: answer.what, status, token: token_variable(source) })
        }
        _ => Err(answer.unexpected()),
    }
}

/// The usual name of the variable that may hold a provider's token.
fn token_variable(source: &Source) -> String {
    let [usual, ..] = token_variables(source.host());
    usual
}

/// The version that is wished for, of those in ascending order.
pub(crate) fn choose(offered: &[Offered], wish: &Wish, platform: &Platform, host: &str, source: &Source) -> Result<Version, RegistryError> {
    let runs_here = |one: &&Offered| one.platforms.is_empty() || one.platforms.contains(platform);
    let newest = |bound: Option<&Version>| {
        let fits = |one: &&Offered| one.version.pre.is_empty() && bound.is_none_or(|bound| one.version < *bound);
        (offered.iter().rev().filter(fits).find(runs_here), offered.iter().rev().find(fits))
    };
    let (chosen, other) = match wish {
        Wish::Exact(version) => {
            let one = offered.iter().find(|one| one.version == *version);
            (one.filter(runs_here), one)
        }
        Wish::Newest => newest(None),
        Wish::Below(bound) => newest(Some(bound)),
    };
    match (chosen, other) {
        (Some(chosen), _) => Ok(chosen.version.clone()),
        (None, Some(other)) => {
            let build = Build { source: source.clone(), version: other.version.clone(), platform: platform.clone() };
            let offered = listed(other.platforms.iter());
            Err(RegistryError::NoPlatform { host: host.to_owned(), build: Box::new(build), offered })
        }
        (None, None) => {
            let (host, provider, wish) = (host.to_owned(), Box::new(source.clone()), wish.to_string());
            let offered = match offered {
                [] => "it has none at all".to_owned(),
                [.., newest] => format!("it has {}, the newest {}", offered.len(), newest.version),
            };
            Err(RegistryError::NoVersion { host, provider, wish, offered })
        }
    }
}

/// Some of them, so that a message stays short.
fn listed<T: fmt::Display>(all: impl ExactSizeIterator<Item = T>) -> String {
    const SHOWN: usize = 20;
    let more = all.len().saturating_sub(SHOWN);
    let shown: Vec<_> = all.take(SHOWN).map(|one| one.to_string()).collect();
    if more > 0 { format!("{} and {more} more", shown.join(", ")) } else { shown.join(", ") }
}
