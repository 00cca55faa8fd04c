//! Driftwire's own cache: a mirror of unpacked packages, each beside what is remembered of its zip.

use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
};

use crate::{
    Build, Origin, Package, RegistryError,
    archive::{absent_is_fine, opened, temporary_folder, unpack_provider},
    hashes::{h1_of_folder, is_sha256},
    package::executable_in,
};

/// What is remembered of a package that was unpacked, as a lock file writes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sums {
    /// `zh:` and the zip's SHA-256.
    pub zh: String,
    /// `h1:` of the folder, as it was unpacked.
    pub h1: String,
}

impl Sums {
    fn path(folder: &Path) -> PathBuf {
        let mut path = folder.as_os_str().to_owned();
        path.push(".sums");
        path.into()
    }

    /// What is remembered beside a folder of the cache.
    pub(crate) fn beside(folder: &Path) -> Option<Self> {
        let text = fs::read_to_string(Self::path(folder)).ok()?;
        let (zh, h1) = text.trim_end().split_once('\n')?;
        let whole = zh.strip_prefix("zh:").is_some_and(is_sha256) && h1.starts_with("h1:");
        whole.then(|| Self { zh: zh.to_owned(), h1: h1.to_owned() })
    }
}

/// Unpacks a zip into the cache, or finds that it was already. The folder appears whole or not at all, whatever dies;
/// of several who do it at once, one unpacks and the others wait for it.
pub(crate) fn install(cache: &Path, zip: &Path, sha256: &str, build: Build, origin: &Origin) -> Result<Package, RegistryError> {
    let Build { source, version, platform } = build;
    let versions = cache.join(source.to_string()).join(version.to_string());
    let folder = versions.join(platform.to_string());
    let zh = format!("zh:{sha256}");
    let package = |executable, sums| Package {
        source: source.clone(),
        version: version.clone(),
        folder: folder.clone(),
        executable,
        origin: origin.clone(),
        sums: Some(sums),
    };
    let present = || {
        let sums = Sums::beside(&folder).filter(|sums| sums.zh == zh)?;
        Some(package(executable_in(&folder, &source).ok()?, sums))
    };
    if let Some(package) = present() {
        return Ok(package);
    }
    fs::create_dir_all(&versions).map_err(RegistryError::disk("making", &versions))?;
    let _lock = locked(&versions.join(".lock"))?;
    if let Some(package) = present() {
        return Ok(package);
    }
    let temporary = temporary_folder(&versions)?;
    let unpacked = temporary.path().join("package");
    unpack_provider(opened(zip)?, zip, &source, &unpacked)?;
    let sums = Sums { zh: zh.clone(), h1: h1_of_folder(&unpacked)? };
    let remembered = temporary.path().join("sums");
    fs::write(&remembered, format!("{}\n{}\n", sums.zh, sums.h1)).map_err(RegistryError::disk("writing", &remembered))?;

    // What is remembered goes before the folder and comes after it, so that it never speaks of another one.
    absent_is_fine(fs::remove_file(Sums::path(&folder))).map_err(RegistryError::disk("writing", Sums::path(&folder)))?;
    absent_is_fine(fs::rename(&folder, temporary.path().join("old"))).map_err(RegistryError::disk("writing", &folder))?;
    fs::rename(&unpacked, &folder)
        .and_then(|()| fs::rename(&remembered, Sums::path(&folder)))
        .map_err(RegistryError::disk("writing", &folder))?;
    Ok(package(executable_in(&folder, &source)?, sums))
}

/// Waits until nobody else has the lock. It ends with the file's being closed, by whatever.
fn locked(path: &Path) -> Result<File, RegistryError> {
    let file = File::create(path).map_err(RegistryError::disk("writing", path))?;
    match file.lock() {
        // Some disks have no locks; what is done at once there is only done twice.
        Err(error) if error.kind() != io::ErrorKind::Unsupported => {
            Err(RegistryError::Disk { doing: "locking", path: path.to_owned(), source: error })
        }
        _ => Ok(file),
    }
}
