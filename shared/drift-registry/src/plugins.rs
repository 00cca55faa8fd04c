use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use crate::{
    Build, Candidate, ConfigProblem, Form, Origin, Package, Platform, RegistryError, Rule, Search, Source, Sums, Surroundings, cache,
    config::Config,
    hashes::sha256_of_file,
    places::{Place, places},
};

/// The plugins on this disk, found where Terraform finds them.
pub struct Plugins<'a> {
    provider_dirs: Vec<PathBuf>,
    pub(crate) surroundings: Surroundings<'a>,
    pub(crate) config: Config,
    problems: Vec<ConfigProblem>,
}

impl<'a> Plugins<'a> {
    /// Reads Terraform's CLI configuration; nothing else is looked at yet. `provider_dirs` count before all other
    /// places.
    #[must_use]
    pub fn new(surroundings: Surroundings<'a>, provider_dirs: Vec<PathBuf>) -> Self {
        let (config, problems) = Config::read(&surroundings);
        Self { provider_dirs, surroundings, config, problems }
    }

    /// What of Terraform's CLI configuration could not be used: a warning each.
    #[must_use]
    pub fn problems(&self) -> &[ConfigProblem] {
        &self.problems
    }

    /// Driftwire's own cache, whether or not it exists yet; none where neither `DRIFTWIRE_PROVIDER_CACHE` nor a home
    /// is set.
    #[must_use]
    pub fn cache(&self) -> Option<PathBuf> {
        self.surroundings.cache()
    }

    /// The packages of one provider for this platform, in ascending order of versions, and everywhere that was looked.
    /// Finding none is no error.
    #[must_use]
    pub fn search(&self, source: &Source) -> Search {
        self.look(Some(source))
    }

    /// The packages of every provider, by source and then by version.
    #[must_use]
    pub fn list(&self) -> Search {
        self.look(None)
    }

    fn look(&self, wanted: Option<&Source>) -> Search {
        look(places(&self.provider_dirs, &self.surroundings, &self.config), wanted, &self.surroundings.platform)
    }

    /// A candidate as a package that can be started. A zip is unpacked into Driftwire's cache, unless that holds the
    /// very same one already.
    ///
    /// # Errors
    ///
    /// There is no cache, the disk refuses, or the zip cannot be unpacked.
    pub fn unpacked(&self, candidate: &Candidate) -> Result<Package, RegistryError> {
        let Candidate { source, version, form, origin } = candidate.clone();
        match form {
            Form::Unpacked { folder, executable } => {
                let sums = if origin.rule == Rule::OwnCache { Sums::beside(&folder) } else { None };
                Ok(Package { source, version, folder, executable, origin, sums })
            }
            Form::Packed { zip } => {
                let build = Build { source, version, platform: self.surroundings.platform.clone() };
                self.install(&zip, &sha256_of_file(&zip)?, build, &origin)
            }
        }
    }

    /// Puts a zip, whose checksum was made, into the cache.
    pub(crate) fn install(&self, zip: &Path, sha256: &str, build: Build, origin: &Origin) -> Result<Package, RegistryError> {
        let cache = self.cache().ok_or(RegistryError::NoCache)?;
        cache::install(&cache, zip, sha256, build, origin)
    }
}

/// The packages of every provider in one folder, a mirror or a folder of executables, by source and then by version.
/// Nothing else is looked at: neither Terraform's CLI configuration nor any other place.
#[must_use]
pub fn list_folder(folder: &Path, platform: &Platform) -> Search {
    look([Place::provider_dir(folder.to_owned())], None, platform)
}

fn look(places: impl IntoIterator<Item = Place>, wanted: Option<&Source>, platform: &Platform) -> Search {
    let (mut candidates, mut all) = (BTreeMap::new(), Vec::new());
    for place in places {
        if wanted.is_some_and(|source| !place.concerns(source)) {
            continue;
        }
        let (found, looked) = place.look(wanted, platform);
        for candidate in found.candidates {
            candidates.entry((candidate.source.clone(), candidate.version.clone())).or_insert(candidate);
        }
        all.push(looked);
    }
    Search { candidates: candidates.into_values().collect(), looked: all }
}
