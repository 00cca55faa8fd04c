//! What lies in one folder. Source: Terraform's "CLI Configuration File", `filesystem_mirror`; its
//! `internal/getproviders/filesystem_search.go`.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use semver::{Prerelease, Version};

use crate::{
    Candidate, Form, Origin, Platform, Refused, RegistryError, Source, WhyNot, archive,
    package::{PREFIX, executable_in, is_zip, may_be_started, named_version, names_in},
};

/// What was found, and what looked like it.
#[derive(Debug, Default)]
pub(crate) struct Found {
    pub(crate) candidates: Vec<Candidate>,
    pub(crate) refused: Vec<Refused>,
}

/// One look through one folder.
pub(crate) struct Finding<'a> {
    platform: &'a Platform,
    origin: Origin,
    wanted: Option<&'a Source>,
    pub(crate) found: Found,
}

impl<'a> Finding<'a> {
    /// Of one provider, or of all.
    pub(crate) fn new(platform: &'a Platform, origin: Origin, wanted: Option<&'a Source>) -> Self {
        Self { platform, origin, wanted, found: Found::default() }
    }

    /// Executables and zips that lie in the folder itself, taken as HashiCorp's.
    pub(crate) fn flat(&mut self, root: &Path) {
        for file in self.names(root) {
            let path = root.join(&file);
            let Some(rest) = file.strip_prefix(PREFIX).filter(|_| path.is_file()) else { continue };
            let name = rest.split(['_', '.']).next().unwrap_or_default();
            let Ok(source) = Source::new(Source::DEFAULT_HOST, Source::DEFAULT_NAMESPACE, name) else { continue };
            if self.wanted.is_some_and(|wanted| *wanted != source) {
                continue;
            }
            if is_zip(&file) {
                self.packed(&path, &file, &source);
            } else if let Some((_, version)) = named_version(&file) {
                self.started(&source, version, root.to_owned(), path);
            } else {
                self.refuse(path, WhyNot::NoVersion);
            }
        }
    }

    /// `HOST/NAMESPACE/NAME/` of a mirror. Folders may be links; the depth is bounded, so that no loop is walked.
    pub(crate) fn mirror(&mut self, root: &Path) {
        if let Some(source) = self.wanted {
            return self.provider(&root.join(source.to_string()), source);
        }
        for host in self.names(root) {
            for namespace in self.names(&root.join(&host)) {
                for name in self.names(&root.join(&host).join(&namespace)) {
                    if let Ok(source) = Source::new(&host, &namespace, &name) {
                        self.provider(&root.join(&host).join(&namespace).join(&name), &source);
                    }
                }
            }
        }
    }

    /// The folder that a `dev_overrides` block names, whatever version is in it.
    pub(crate) fn overridden(&mut self, source: &Source, folder: &Path) {
        match executable_in(folder, source) {
            Ok(executable) => {
                let file = executable.file_name().and_then(|name| name.to_str()).unwrap_or_default();
                let untold = || Version { pre: Prerelease::new("dev").unwrap_or_default(), ..Version::new(0, 0, 0) };
                let version = named_version(file).map_or_else(untold, |(_, version)| version);
                self.started(source, version, folder.to_owned(), executable);
            }
            Err(error) => self.refuse(folder.to_owned(), why_not(error)),
        }
    }

    /// The names in a folder; none where it is a file or gone.
    fn names(&mut self, folder: &Path) -> Vec<String> {
        names_in(folder).unwrap_or_else(|error| {
            if !matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) {
                self.refuse(folder.to_owned(), WhyNot::Unreadable(error.to_string()));
            }
            Vec::new()
        })
    }

    fn provider(&mut self, folder: &Path, source: &Source) {
        for name in self.names(folder) {
            let path = folder.join(&name);
            if is_zip(&name) {
                self.packed(&path, &name, source);
            } else if let Ok(version) = Version::parse(&name) {
                self.version(&path, source, version);
            }
        }
    }

    /// `VERSION/OS_ARCH/`.
    fn version(&mut self, folder: &Path, source: &Source, version: Version) {
        let package = folder.join(self.platform.to_string());
        // A link that leads to nothing is there, and says so when it is read.
        if fs::symlink_metadata(&package).is_ok() {
            match executable_in(&package, source) {
                Ok(executable) => self.started(source, version, package, executable),
                Err(error) => self.refuse(package, why_not(error)),
            }
        } else if folder.is_dir() {
            let why = match names_in(folder) {
                Ok(names) => WhyNot::OtherPlatform(names.into_iter().filter(|name| name.parse::<Platform>().is_ok()).collect()),
                Err(error) => WhyNot::Unreadable(error.to_string()),
            };
            self.refuse(folder.to_owned(), why);
        }
    }

    /// `terraform-provider-NAME_VERSION_OS_ARCH.zip`.
    fn packed(&mut self, zip: &Path, file: &str, source: &Source) {
        let lower = file.to_ascii_lowercase();
        let rest = lower.strip_prefix(PREFIX).and_then(|rest| rest.strip_prefix(source.name())?.strip_prefix('_')?.strip_suffix(".zip"));
        let Some((version, platform)) = rest.and_then(|rest| rest.split_once('_')) else { return };
        let (Ok(version), Ok(platform)) = (Version::parse(version), platform.parse::<Platform>()) else { return };
        if platform != *self.platform {
            return self.refuse(zip.to_owned(), WhyNot::OtherPlatform(vec![platform.to_string()]));
        }
        match archive::names_executable(zip, source.name()) {
            Ok(()) => self.candidate(source, version, Form::Packed { zip: zip.to_owned() }),
            Err(error) => self.refuse(zip.to_owned(), why_not(error)),
        }
    }

    fn started(&mut self, source: &Source, version: Version, folder: PathBuf, executable: PathBuf) {
        if may_be_started(&executable) {
            self.candidate(source, version, Form::Unpacked { folder, executable });
        } else {
            self.refuse(executable, WhyNot::NotExecutable);
        }
    }

    fn candidate(&mut self, source: &Source, version: Version, form: Form) {
        self.found.candidates.push(Candidate { source: source.clone(), version, form, origin: self.origin.clone() });
    }

    fn refuse(&mut self, path: PathBuf, why: WhyNot) {
        self.found.refused.push(Refused { path, why });
    }
}

fn why_not(error: RegistryError) -> WhyNot {
    match error {
        RegistryError::NoExecutable { .. } => WhyNot::NoExecutable,
        RegistryError::Zip { why, .. } => WhyNot::BrokenZip(why),
        RegistryError::Disk { source, .. } => WhyNot::Unreadable(source.to_string()),
        other => WhyNot::BrokenZip(other.to_string()),
    }
}
