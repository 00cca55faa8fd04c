//! `.terraform.lock.hcl`. Source: Terraform's "Dependency Lock File".

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
};

use serde_json::Value;

use crate::{
    Build, Package, Platform, RegistryError, Source, Version,
    hashes::{h1_of_folder, h1_of_zip},
    syntax::{each, labelled, parse},
};

/// What a lock file says of one provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Locked {
    /// The version that `terraform init` chose.
    pub version: Version,
    /// Hashes of its packages for some platforms, any of which proves one: `h1:` of the files in it, `zh:` of the zip.
    pub hashes: Vec<String>,
}

/// A lock file, read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lock {
    path: PathBuf,
    providers: BTreeMap<Source, Locked>,
}

impl Lock {
    /// Reads the lock file of a working directory; none where there is none.
    ///
    /// # Errors
    ///
    /// It is there and cannot be read or understood.
    pub fn read(working_dir: &Path) -> Result<Option<Self>, RegistryError> {
        let path = working_dir.join(".terraform.lock.hcl");
        match fs::read_to_string(&path) {
            Ok(text) => Self::parse(&text, path).map(Some),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(RegistryError::Disk { doing: "reading", path, source }),
        }
    }

    /// Reads a lock file's text; `path` is for messages.
    ///
    /// # Errors
    ///
    /// It is no HCL, or a `provider` block in it names no provider or no version.
    pub fn parse(text: &str, path: PathBuf) -> Result<Self, RegistryError> {
        let wrong = |why| RegistryError::LockFile { path: path.clone(), why };
        let value = parse(text).map_err(|error| wrong(format!("line {}: {}", error.line, error.why)))?;
        let mut providers = BTreeMap::new();
        for (address, block) in labelled(&value, "provider") {
            let source = address.parse().map_err(|error: RegistryError| wrong(error.to_string()))?;
            let version = block.get("version").and_then(Value::as_str).unwrap_or_default();
            let version = Version::parse(version).map_err(|_| wrong(format!("{version:?} is no version of {source}")))?;
            let hashes = each(block, "hashes").into_iter().filter_map(|hash| hash.as_str().map(str::to_owned));
            providers.insert(source, Locked { version, hashes: hashes.collect() });
        }
        Ok(Self { path, providers })
    }

    /// What it says of a provider.
    #[must_use]
    pub fn get(&self, source: &Source) -> Option<&Locked> {
        self.providers.get(source)
    }

    /// Every provider that it names, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&Source, &Locked)> {
        self.providers.iter()
    }

    /// The hashes for a version; none where the provider is not named. Where it is, with another version, nothing of
    /// this one can be told.
    fn hashes(&self, build: &Build) -> Result<Option<&[String]>, RegistryError> {
        match self.get(&build.source) {
            None => Ok(None),
            Some(locked) if locked.version == build.version => Ok(Some(&locked.hashes)),
            Some(locked) => {
                let (path, locked) = (self.path.clone(), locked.version.clone());
                Err(RegistryError::OtherVersionLocked { path, locked, build: Box::new(build.clone()) })
            }
        }
    }

    /// Whether a download may be of this version at all, before it begins.
    pub(crate) fn lets(&self, build: &Build) -> Result<(), RegistryError> {
        self.hashes(build).map(|_| ())
    }

    /// Checks a zip by both kinds of hashes. A provider that the lock does not name passes.
    pub(crate) fn check_zip(&self, zip: &Path, sha256: &str, build: &Build) -> Result<(), RegistryError> {
        let Some(hashes) = self.hashes(build)? else { return Ok(()) };
        let zh = format!("zh:{sha256}");
        if hashes.contains(&zh) {
            return Ok(());
        }
        let h1 = h1_of_zip(zip)?;
        if hashes.contains(&h1) {
            return Ok(());
        }
        if hashes.iter().any(|hash| hash.starts_with("zh:") || hash.starts_with("h1:")) {
            return Err(self.other_hash(build, format!("the zip of {build}"), format!("{zh} ({h1})")));
        }
        Err(self.no_hash(build, "a zip (zh:)"))
    }

    fn no_hash(&self, build: &Build, what: &'static str) -> RegistryError {
        RegistryError::NoHash { path: self.path.clone(), build: Box::new(build.clone()), what }
    }

    fn other_hash(&self, build: &Build, what: String, found: String) -> RegistryError {
        RegistryError::OtherHash { path: self.path.clone(), build: Box::new(build.clone()), what, found }
    }
}

/// Checks a package by the hashes of a lock file: `h1:` of its folder as it is now; or, for what Driftwire itself
/// unpacked into its cache and nobody changed since, `zh:` of the zip that it came from.
///
/// # Errors
///
/// The lock does not name the provider, names another version, has no hash that could be compared, or none that matches.
pub fn verify(package: &Package, lock: &Lock) -> Result<(), RegistryError> {
    let Package { source, version, folder, sums, .. } = package;
    let build = Build { source: source.clone(), version: version.clone(), platform: Platform::current() };
    let not_named = || RegistryError::NotLocked { path: lock.path.clone(), provider: source.clone() };
    let hashes = lock.hashes(&build)?.ok_or_else(not_named)?;
    if !hashes.iter().any(|hash| hash.starts_with("h1:") || sums.is_some() && hash.starts_with("zh:")) {
        return Err(lock.no_hash(&build, "an unpacked folder (h1:)"));
    }
    let h1 = h1_of_folder(folder)?;
    let came_from_a_locked_zip = sums.as_ref().is_some_and(|sums| sums.h1 == h1 && hashes.contains(&sums.zh));
    if hashes.contains(&h1) || came_from_a_locked_zip {
        return Ok(());
    }
    Err(lock.other_hash(&build, folder.display().to_string(), h1))
}
