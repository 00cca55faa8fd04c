use std::{io, path::PathBuf};

use crate::{Build, Source, Version};

/// Why a plugin was not found, fetched, unpacked or believed. No message holds a token or more of a URL than its host.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RegistryError {
    /// What should name a provider does not.
    #[error(
        "{text:?} is no provider's source address, {why}: it is written HOST/NAMESPACE/NAME, NAMESPACE/NAME or NAME, as registry.terraform.io/hashicorp/aws"
    )]
    Source {
        /// As it was given.
        text: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// The disk refused.
    #[error("{doing} {}", path.display())]
    Disk {
        /// `reading`, `writing`, ...
        doing: &'static str,
        /// What.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A zip cannot be read or written.
    #[error("{} is no package that can be unpacked: {why}; fetch it anew", path.display())]
    Zip {
        /// The zip.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// An entry of a zip that would be written outside of its folder, or is no plain file or folder.
    #[error("{} was not unpacked: its entry {entry:?} {why}, which no provider's package has", path.display())]
    Entry {
        /// The zip.
        path: PathBuf,
        /// The entry's name. Untrusted text.
        entry: String,
        /// What it is.
        why: &'static str,
    },
    /// Nothing in a package is a provider's executable.
    #[error("{} holds no executable whose name begins with {wanted}: it is no package of that provider", path.display())]
    NoExecutable {
        /// The zip or folder.
        path: PathBuf,
        /// `terraform-provider-aws`.
        wanted: String,
    },
    /// A folder that would be unpacked into is in use.
    #[error("{} is there and not empty: unpack into a folder that is new", path.display())]
    Occupied {
        /// The folder.
        path: PathBuf,
    },
    /// No folder for Driftwire's own plugins is known.
    #[error("there is no folder to keep plugins in: set DRIFTWIRE_PROVIDER_CACHE to one that can be written")]
    NoCache,
    /// A checksum that does not match.
    #[error(
        "the checksum of {what} is {found}, and {by} says {expected}: it was damaged or replaced on the way, and is not used; try again, and if that repeats, ask who runs the registry"
    )]
    Checksum {
        /// The package.
        what: String,
        /// Who says otherwise.
        by: String,
        /// SHA-256 in hexadecimal digits.
        expected: String,
        /// SHA-256 in hexadecimal digits.
        found: String,
    },
    /// The lock file cannot be read.
    #[error("{} is no lock file of Terraform's: {why}; `terraform init` writes it anew", path.display())]
    LockFile {
        /// The file.
        path: PathBuf,
        /// What is wrong, and on which line.
        why: String,
    },
    /// The lock file says nothing of this provider.
    #[error("{} does not name {provider}, so nothing there proves it: `terraform providers lock` adds it", path.display())]
    NotLocked {
        /// The lock file.
        path: PathBuf,
        /// The provider.
        provider: Source,
    },
    /// The lock file names another version.
    #[error("{} names version {locked} of {}, not {}: take that one, or let `terraform init -upgrade` change the lock", path.display(), build.source, build.version)]
    OtherVersionLocked {
        /// The lock file.
        path: PathBuf,
        /// What the file names.
        locked: Version,
        /// What was looked at.
        build: Box<Build>,
    },
    /// The lock file has hashes for this version, but none that can be compared with what is there.
    #[error("{} has no hash of {build} that could be compared with {what}: `terraform providers lock -platform={}` adds it", path.display(), build.platform)]
    NoHash {
        /// The lock file.
        path: PathBuf,
        /// What was looked at.
        build: Box<Build>,
        /// `an unpacked folder (h1:)`.
        what: &'static str,
    },
    /// The lock file's hashes are of something else.
    #[error("{what} has the hash {found}, which is none of those that {} has for {build}: it is not what was locked, and is not used; if it is right, `terraform providers lock -platform={}` adds its hash", path.display(), build.platform)]
    OtherHash {
        /// The lock file.
        path: PathBuf,
        /// What was looked at.
        build: Box<Build>,
        /// The folder or zip.
        what: String,
        /// The package's own.
        found: String,
    },
    /// Terraform's CLI configuration lets nothing be fetched from the registry.
    #[error("the provider_installation of {} does not let {provider} be fetched from its registry: put the package where it says, or add a `direct` block that includes it", path.display())]
    NotDirect {
        /// The configuration.
        path: PathBuf,
        /// The provider.
        provider: Source,
    },
    /// A URL that is neither https nor of this machine.
    #[error("{what} would be fetched from {host} without TLS: only https is used, except on loopback addresses")]
    Insecure {
        /// What was wanted.
        what: String,
        /// Whose URL.
        host: String,
    },
    /// A host that has no provider registry.
    #[error(
        "{host} offers no provider registry (providers.v1): is that host right? A `host` block of Terraform's CLI configuration can say where its registry is"
    )]
    NoService {
        /// The host.
        host: String,
    },
    /// The registry does not know the provider.
    #[error(
        "{host} knows no provider {provider}: is the address right? A private one needs a token, in a `credentials` block or in {token}"
    )]
    NoProvider {
        /// The registry.
        host: String,
        /// The provider.
        provider: Source,
        /// `TF_TOKEN_example_com`.
        token: String,
    },
    /// The registry has no such version.
    #[error("{host} has no version of {provider} that is {wish}: {offered}")]
    NoVersion {
        /// The registry.
        host: String,
        /// The provider.
        provider: Box<Source>,
        /// `5.1.0`, `the newest below 5.0.0`.
        wish: String,
        /// What it has.
        offered: String,
    },
    /// The version is not built for this platform.
    #[error("{host} has {build} for other platforms than {}: {offered}", build.platform)]
    NoPlatform {
        /// The registry.
        host: String,
        /// What was wanted.
        build: Box<Build>,
        /// What it is built for.
        offered: String,
    },
    /// The registry wants a token, or another one.
    #[error(
        "{host} refused {what} (HTTP {status}): it wants a token that it accepts, in a `credentials` block of Terraform's CLI configuration or in {token}"
    )]
    Refused {
        /// The registry.
        host: String,
        /// What was wanted.
        what: String,
        /// 401 or 403.
        status: u16,
        /// `TF_TOKEN_example_com`.
        token: String,
    },
    /// An answer that is neither what was wanted nor told apart above.
    #[error("{host} answered HTTP {status} to {what}: {}", advice(*status))]
    Status {
        /// Who.
        host: String,
        /// What was wanted.
        what: String,
        /// The answer's status.
        status: u16,
    },
    /// An answer that cannot be understood.
    #[error("{host} answered {what} with something else: {why}; is there a proxy or a login page in between?")]
    Answer {
        /// Who.
        host: String,
        /// What was wanted.
        what: String,
        /// What is odd about it.
        why: String,
    },
    /// No answer, or only a part of one.
    #[error("{what} did not come from {host}: is there a network, and a proxy to go through (HTTPS_PROXY)? Trying again may help")]
    Network {
        /// Who.
        host: String,
        /// What was wanted.
        what: String,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A proxy that is none.
    #[error("{variable} is no proxy's URL: it is written http://HOST:PORT or http://USER:PASSWORD@HOST:PORT")]
    Proxy {
        /// `HTTPS_PROXY`, ...
        variable: String,
    },
}

fn advice(status: u16) -> &'static str {
    match status {
        429 => "it is asked too often; wait a while",
        500.. => "it is in trouble; try again later",
        300..400 => "it redirects too often, or to nowhere",
        _ => "is it what it is taken for?",
    }
}

impl RegistryError {
    /// For `map_err` on what the disk answers.
    pub(crate) fn disk(doing: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::Disk { doing, path, source }
    }
}
