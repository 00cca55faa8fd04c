//! A plugin's zip, unpacked once to a folder that is there whole or not at all.

use std::{
    fs::{self, File, Permissions},
    io,
    os::unix::fs::PermissionsExt,
    path::{Component, Path, PathBuf},
};

use zip::{ZipArchive, read::ZipFile, result::ZipError};

/// Why a zip is not unpacked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum UnpackError {
    /// It is no zip, or a broken one.
    #[error("the zip cannot be read")]
    Zip(#[source] ZipError),
    /// It holds something that no plugin's zip holds.
    #[error("the zip holds `{0}`, which would not be a file below its folder: nothing of it is unpacked")]
    Outside(String),
    /// The disk.
    #[error("unpacking to {}", path.display())]
    Disk {
        /// Where.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
}

/// Unpacks to `folder`, where it is not there yet. One process after another, and whatever a killed one left half done is
/// begun anew.
pub(crate) fn unpack(zip: File, folder: &Path) -> Result<(), UnpackError> {
    let disk = |source| UnpackError::Disk { path: folder.to_owned(), source };
    // The system lets go of the lock when a process ends, however it does.
    let lock = File::create(folder.with_extension("lock")).map_err(disk)?;
    lock.lock().map_err(disk)?;
    if folder.exists() {
        return Ok(());
    }
    let part = folder.with_extension("part");
    if part.exists() {
        fs::remove_dir_all(&part).map_err(disk)?;
    }
    let unpacked = all_of(zip, &part).and_then(|()| fs::rename(&part, folder).map_err(disk));
    if unpacked.is_err() {
        // The space is wanted; what cannot be removed now is removed by the next attempt.
        let _ = fs::remove_dir_all(&part);
    }
    unpacked
}

fn all_of(zip: File, to: &Path) -> Result<(), UnpackError> {
    let disk = |source| UnpackError::Disk { path: to.to_owned(), source };
    fs::create_dir_all(to).map_err(disk)?;
    let mut archive = ZipArchive::new(zip).map_err(UnpackError::Zip)?;
    for number in 0..archive.len() {
        let mut entry = archive.by_index(number).map_err(UnpackError::Zip)?;
        let path = to.join(path_of(&entry)?);
        if entry.is_dir() {
            fs::create_dir_all(&path).map_err(disk)?;
            continue;
        }
        fs::create_dir_all(path.parent().unwrap_or(to)).map_err(disk)?;
        let mut file = File::create_new(&path).map_err(disk)?;
        io::copy(&mut entry, &mut file).map_err(disk)?;
        if is_executable(&path) {
            // Zips of some tools hold no modes.
            file.set_permissions(Permissions::from_mode(0o755)).map_err(disk)?;
        }
    }
    Ok(())
}

/// Where an entry belongs, below its folder.
fn path_of<R: io::Read>(entry: &ZipFile<'_, R>) -> Result<PathBuf, UnpackError> {
    let name = entry.name().map_err(UnpackError::Zip)?;
    let is_below = Path::new(&*name).components().all(|part| matches!(part, Component::Normal(_))) && !name.contains('\\');
    match entry.enclosed_name().filter(|_| is_below && !entry.is_symlink()) {
        Some(path) => Ok(path),
        None => Err(UnpackError::Outside(name.into_owned())),
    }
}

fn is_executable(path: &Path) -> bool {
    path.file_name().and_then(|name| name.to_str()).is_some_and(|name| name.starts_with(EXECUTABLE))
}

/// What Terraform looks for, followed by the provider's type and usually by a version: `terraform-provider-aws_v5.100.0_x5`.
const EXECUTABLE: &str = "terraform-provider-";

/// The plugin's executable in an unpacked folder, where there is one of that type.
pub(crate) fn executable(folder: &Path, type_name: &str) -> Option<PathBuf> {
    let is_of_type = |path: &PathBuf| {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let rest = name.strip_prefix(EXECUTABLE).and_then(|name| name.strip_prefix(type_name));
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('_')) && path.is_file()
    };
    fs::read_dir(folder).ok()?.filter_map(|entry| Some(entry.ok()?.path())).find(is_of_type)
}

#[cfg(test)]
pub(crate) mod tests {
    use std::io::{Read, Seek, Write};

    use zip::{ZipWriter, write::SimpleFileOptions};

    use super::*;

    /// A zip of files, in memory.
    pub(crate) fn zip(files: &[(&str, &str)]) -> Vec<u8> {
        let mut writer = ZipWriter::new(io::Cursor::new(Vec::new()));
        for (name, text) in files {
            writer.start_file(*name, SimpleFileOptions::default()).expect("begins");
            writer.write_all(text.as_bytes()).expect("writes");
        }
        writer.finish().expect("ends").into_inner()
    }

    fn file(bytes: &[u8]) -> File {
        let mut file = tempfile::tempfile().expect("a file");
        file.write_all(bytes).expect("writes");
        file.rewind().expect("rewinds");
        file
    }

    #[test]
    fn the_executable_is_found_by_the_providers_type_and_can_be_run() {
        let root = tempfile::tempdir().expect("a folder");
        let folder = root.path().join("aws");
        unpack(file(&zip(&[("LICENSE.txt", "l"), ("terraform-provider-aws_v5.100.0_x5", "binary")])), &folder).expect("unpacks");
        let found = executable(&folder, "aws").expect("it is there");
        assert_eq!(fs::metadata(&found).expect("reads").permissions().mode() & 0o777, 0o755);
        assert_eq!(executable(&folder, "awscc"), None);
        assert_eq!(executable(&folder, "aw"), None);
    }

    #[test]
    fn what_would_leave_the_folder_is_refused_and_nothing_stays() {
        for name in ["../evil", "/evil", "a/../../evil", "..\\evil"] {
            let root = tempfile::tempdir().expect("a folder");
            let folder = root.path().join("aws");
            let error = unpack(file(&zip(&[("terraform-provider-aws", "b"), (name, "e")])), &folder).expect_err(name);
            assert!(matches!(error, UnpackError::Outside(_)), "{name}: {error}");
            let left: Vec<_> = fs::read_dir(root.path()).expect("reads").map(|entry| entry.expect("reads").file_name()).collect();
            assert_eq!(left, ["aws.lock"], "{name}");
        }
    }

    #[test]
    fn a_link_is_refused() {
        let mut writer = ZipWriter::new(io::Cursor::new(Vec::new()));
        writer.add_symlink("terraform-provider-aws", "/bin/sh", SimpleFileOptions::default()).expect("writes");
        let root = tempfile::tempdir().expect("a folder");
        let error = unpack(file(&writer.finish().expect("ends").into_inner()), &root.path().join("aws")).expect_err("a link");
        assert!(matches!(error, UnpackError::Outside(_)), "{error}");
    }

    #[test]
    fn what_a_killed_process_left_half_unpacked_is_begun_anew() {
        let root = tempfile::tempdir().expect("a folder");
        let folder = root.path().join("aws");
        let part = root.path().join("aws.part");
        fs::create_dir(&part).expect("creates");
        fs::write(part.join("terraform-provider-aws"), "bin").expect("writes");
        assert_eq!(executable(&folder, "aws"), None, "half is not whole");
        unpack(file(&zip(&[("terraform-provider-aws", "binary")])), &folder).expect("unpacks");
        let mut text = String::new();
        File::open(executable(&folder, "aws").expect("it is there")).expect("opens").read_to_string(&mut text).expect("reads");
        assert_eq!((text.as_str(), part.exists()), ("binary", false));
    }

    #[test]
    fn what_is_no_zip_says_so() {
        let root = tempfile::tempdir().expect("a folder");
        let error = unpack(file(b"<Error>NoSuchKey</Error>"), &root.path().join("aws")).expect_err("no zip");
        assert!(matches!(error, UnpackError::Zip(_)), "{error}");
    }
}
