use std::{
    fmt, fs, io,
    path::{Path, PathBuf},
};

use semver::Version;

use crate::{RegistryError, Source, Sums};

/// Which of the rules of `docs/providers.md` led to a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Rule {
    /// A folder that the caller named.
    ProviderDir,
    /// What `terraform init` left in the working directory.
    WorkingDir,
    /// Terraform's cache of plugins: `TF_PLUGIN_CACHE_DIR`, `plugin_cache_dir`.
    PluginCache,
    /// A `dev_overrides` block.
    DevOverride,
    /// A `filesystem_mirror` block.
    FilesystemMirror,
    /// A folder that Terraform looks in without being told.
    ImpliedMirror,
    /// Driftwire's own cache.
    OwnCache,
    /// Just downloaded into Driftwire's own cache.
    Download,
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ProviderDir => "provider folder",
            Self::WorkingDir => "working directory",
            Self::PluginCache => "plugin cache",
            Self::DevOverride => "dev_overrides",
            Self::FilesystemMirror => "filesystem_mirror",
            Self::ImpliedMirror => "implied mirror",
            Self::OwnCache => "Driftwire's cache",
            Self::Download => "downloaded",
        })
    }
}

/// By which rule, and in which place, a package was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// The rule.
    pub rule: Rule,
    /// The place that the rule names, not the package's own folder.
    pub path: PathBuf,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.rule, self.path.display())
    }
}

/// A plugin that can be started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Package {
    /// Whose.
    pub source: Source,
    /// Which version; `0.0.0-dev` for an override whose executable tells none.
    pub version: Version,
    /// The unpacked package.
    pub folder: PathBuf,
    /// The plugin's executable, in that folder.
    pub executable: PathBuf,
    /// Where it was found.
    pub origin: Origin,
    /// What is remembered of the zip that it came from, if it lies in Driftwire's cache.
    pub sums: Option<Sums>,
}

/// A package that was found, and may have to be unpacked before it can be started
/// ([`Plugins::unpacked`](crate::Plugins::unpacked)).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// Whose.
    pub source: Source,
    /// Which version; `0.0.0-dev` for an override whose executable tells none.
    pub version: Version,
    /// Packed or not.
    pub form: Form,
    /// Where it was found.
    pub origin: Origin,
}

/// How a package lies on the disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Form {
    /// A folder.
    Unpacked {
        /// The folder.
        folder: PathBuf,
        /// The executable in it.
        executable: PathBuf,
    },
    /// A zip, whose directory was read and names an executable.
    Packed {
        /// The zip.
        zip: PathBuf,
    },
}

/// What every provider's executable begins with.
pub(crate) const PREFIX: &str = "terraform-provider-";

/// Whether a file of this name is the executable of the provider: `terraform-provider-NAME`, then nothing or something
/// set off by `_` or `.`. Source: Terraform's `internal/providercache`, `ExecutableFile`.
pub(crate) fn is_executable_of(file: &str, name: &str) -> bool {
    let rest = file.strip_prefix(PREFIX).and_then(|rest| rest.strip_prefix(name));
    rest.is_some_and(|rest| (rest.is_empty() || rest.starts_with(['_', '.'])) && !is_zip(file))
}

pub(crate) fn is_zip(file: &str) -> bool {
    Path::new(file).extension().is_some_and(|extension| extension.eq_ignore_ascii_case("zip"))
}

/// The name and version in `terraform-provider-NAME_vVERSION`, with or without `_x5` and `.exe`.
pub(crate) fn named_version(file: &str) -> Option<(&str, Version)> {
    let (name, rest) = file.strip_prefix(PREFIX)?.rsplit_once("_v")?;
    let rest = rest.strip_suffix(".exe").unwrap_or(rest);
    let version = rest.split_once("_x").map_or(rest, |(version, _protocol)| version);
    Some((name, Version::parse(version).ok()?))
}

/// The names in a folder, sorted.
pub(crate) fn names_in(folder: &Path) -> io::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder)? {
        // What is no text is nothing that Terraform wrote.
        if let Ok(name) = entry?.file_name().into_string() {
            names.push(name);
        }
    }
    names.sort();
    Ok(names)
}

/// The executable of a provider in its unpacked package, whether or not it may be started.
///
/// # Errors
///
/// The folder cannot be read, or holds none.
pub fn executable_in(folder: &Path, source: &Source) -> Result<PathBuf, RegistryError> {
    let name = source.name();
    let names = names_in(folder).map_err(RegistryError::disk("reading", folder))?;
    let files = names.iter().filter(|file| is_executable_of(file, name)).map(|file| folder.join(file));
    files
        .into_iter()
        .find(|file| !file.is_dir())
        .ok_or_else(|| RegistryError::NoExecutable { path: folder.to_owned(), wanted: format!("{PREFIX}{name}") })
}

#[cfg(unix)]
pub(crate) fn may_be_started(file: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    fs::metadata(file).is_ok_and(|metadata| metadata.permissions().mode() & 0o111 != 0)
}

#[cfg(not(unix))]
pub(crate) fn may_be_started(file: &Path) -> bool {
    file.is_file()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_executable_is_told_by_its_name() {
        for file in ["terraform-provider-aws", "terraform-provider-aws_v5.100.0_x5", "terraform-provider-aws.exe"] {
            assert!(is_executable_of(file, "aws"), "{file}");
        }
        for file in ["terraform-provider-awscc_v1.0.0", "terraform-provider-aws-x", "aws", "terraform-provider-aws_1.0.0_linux_amd64.zip"] {
            assert!(!is_executable_of(file, "aws"), "{file}");
        }
    }

    #[test]
    fn a_name_tells_the_version() {
        let version = |file| named_version(file).map(|(name, version)| format!("{name} {version}"));
        assert_eq!(version("terraform-provider-aws_v5.100.0_x5").as_deref(), Some("aws 5.100.0"));
        assert_eq!(version("terraform-provider-google-beta_v6.0.0-rc.1.exe").as_deref(), Some("google-beta 6.0.0-rc.1"));
        assert_eq!(version("terraform-provider-aws"), None);
        assert_eq!(version("terraform-provider-aws_vdev"), None);
    }
}
