//! Packages as zips.

use std::{
    fs::{self, File},
    io::{self, BufReader, Read, Write},
    path::{Path, PathBuf},
};

use zip::{CompressionMethod, DateTime, System, ZipArchive, ZipWriter, read::ZipFile, result::ZipError, write::SimpleFileOptions};

use crate::{
    Package, RegistryError, Source,
    hashes::{CHUNK, files_below, sha256_of_file},
    package::{PREFIX, executable_in, is_executable_of, is_zip},
};

/// The largest package that is unpacked, or downloaded, in bytes: a few times the largest that exists.
pub(crate) const LARGEST: u64 = 4 << 30;

/// Unpacks a provider's package into a folder that is new or empty, whole or not at all, and tells where its executable
/// is. Files get their executable bit from the zip, the provider's executable in any case.
///
/// # Errors
///
/// The folder is in use, the disk refuses, the zip is broken or holds no `terraform-provider-*`, or one of its entries
/// is a link or would be written elsewhere.
pub fn unpack(zip: &Path, into: &Path) -> Result<PathBuf, RegistryError> {
    if fs::read_dir(into).is_ok_and(|mut entries| entries.next().is_some()) || into.is_file() {
        return Err(RegistryError::Occupied { path: into.to_owned() });
    }
    let parent = parent_of(into);
    fs::create_dir_all(parent).map_err(RegistryError::disk("making", parent))?;
    let temporary = temporary_folder(parent)?;
    let package = temporary.path().join("package");
    unpack_into(opened(zip)?, zip, &package)?;
    let executable = files_below(&package)?.into_iter().find(|name| name.starts_with(PREFIX) && !name.contains('/') && !is_zip(name));
    let executable = executable.ok_or_else(|| RegistryError::NoExecutable { path: zip.to_owned(), wanted: PREFIX.to_owned() })?;
    // Windows renames onto no folder, not even onto an empty one.
    let _ = fs::remove_dir(into);
    fs::rename(&package, into).map_err(RegistryError::disk("writing", into))?;
    Ok(into.join(executable))
}

/// Unpacks a provider's package into a folder, unless that is there already, and tells where its executable is. The
/// folder appears whole or not at all, whatever dies; of several who do it at once, one unpacks and the others wait for
/// it. `named` is what messages call the zip.
///
/// # Errors
///
/// The disk refuses, or has no locks; or what [`unpack`] finds wrong with a zip, with nothing kept of it.
pub fn unpack_once(zip: File, named: &Path, source: &Source, into: &Path) -> Result<PathBuf, RegistryError> {
    let parent = parent_of(into);
    fs::create_dir_all(parent).map_err(RegistryError::disk("making", parent))?;
    let own_name = into.file_name().unwrap_or_default().to_string_lossy();
    // The system lets go of the lock when a process ends, however it does.
    let path = parent.join(format!(".{own_name}.lock"));
    let lock = File::create(&path).map_err(RegistryError::disk("writing", &path))?;
    lock.lock().map_err(RegistryError::disk("locking", &path))?;
    if into.exists() {
        return executable_of(named, source, into);
    }
    // Always the same name, so that what a killed process left takes no room beside its successor's.
    let part = format!(".unpacking-{own_name}");
    absent_is_fine(fs::remove_dir_all(parent.join(&part))).map_err(RegistryError::disk("removing", parent.join(&part)))?;
    let mut builder = tempfile::Builder::new();
    let temporary = builder.prefix(&part).rand_bytes(0).tempdir_in(parent).map_err(RegistryError::disk("writing in", parent))?;
    let package = temporary.path().join("package");
    unpack_provider(zip, named, source, &package)?;
    fs::rename(&package, into).map_err(RegistryError::disk("writing", into))?;
    executable_in(into, source)
}

/// Compares a file's SHA-256 with the one that it should have, in hexadecimal digits of any case.
///
/// # Errors
///
/// The file cannot be read, or has another checksum.
pub fn verify_zip(path: &Path, sha256: &str) -> Result<(), RegistryError> {
    let found = sha256_of_file(path)?;
    let expected = sha256.trim().to_ascii_lowercase();
    if found == expected {
        return Ok(());
    }
    Err(RegistryError::Checksum { what: path.display().to_string(), by: "what was given for it".to_owned(), expected, found })
}

/// Packs an unpacked package into a zip, whole or not at all, and gives the zip's SHA-256 in hexadecimal digits. The
/// same files give the same bytes, whenever and wherever they are packed.
///
/// # Errors
///
/// The disk refuses.
pub fn pack(package: &Package, to: &Path) -> Result<String, RegistryError> {
    let parent = parent_of(to);
    let mut builder = tempfile::Builder::new();
    builder.prefix(".packing-");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        builder.permissions(fs::Permissions::from_mode(0o666)); // less the umask, as for any file
    }
    let temporary = builder.tempfile_in(parent).map_err(RegistryError::disk("writing in", parent))?;
    let not_written = |error: ZipError| RegistryError::Disk { doing: "writing", path: to.to_owned(), source: error.into() };
    let mut writer = ZipWriter::new(temporary.as_file());
    for name in files_below(&package.folder)? {
        let path = package.folder.join(&name);
        let mut file = File::open(&path).map_err(RegistryError::disk("reading", &path))?;
        let size = file.metadata().map_err(RegistryError::disk("reading", &path))?.len();
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Deflated)
            .compression_level(Some(6))
            .last_modified_time(DateTime::default())
            .system(System::Unix)
            .large_file(size >= u64::from(u32::MAX))
            .unix_permissions(if is_executable_of(&name, package.source.name()) { 0o755 } else { 0o644 });
        writer.start_file(name, options).map_err(not_written)?;
        copy(&mut file, &mut writer, RegistryError::disk("reading", &path), RegistryError::disk("writing", to))?;
    }
    writer.finish().map_err(not_written)?;
    temporary.persist(to).map_err(|error| error.error).map_err(RegistryError::disk("writing", to))?;
    sha256_of_file(to)
}

/// A folder that is removed with everything in it, beside what it will be renamed to. Its name begins with a dot, so
/// that no search takes it for a host, a version or a platform.
pub(crate) fn temporary_folder(beside: &Path) -> Result<tempfile::TempDir, RegistryError> {
    tempfile::Builder::new().prefix(".unpacking-").tempdir_in(beside).map_err(RegistryError::disk("writing in", beside))
}

/// Unpacks into a folder that does not exist yet, and makes sure that the provider's executable is in it.
pub(crate) fn unpack_provider(file: File, zip: &Path, source: &Source, folder: &Path) -> Result<(), RegistryError> {
    unpack_into(file, zip, folder)?;
    executable_of(zip, source, folder).map(|_| ())
}

/// The executable in the folder of a zip. That there is none is said of the zip.
fn executable_of(zip: &Path, source: &Source, folder: &Path) -> Result<PathBuf, RegistryError> {
    executable_in(folder, source).map_err(|error| match error {
        RegistryError::NoExecutable { wanted, .. } => RegistryError::NoExecutable { path: zip.to_owned(), wanted },
        other => other,
    })
}

/// Unpacks into a folder that does not exist yet. `zip` is what messages call the file.
fn unpack_into(file: File, zip: &Path, folder: &Path) -> Result<(), RegistryError> {
    fs::create_dir(folder).map_err(RegistryError::disk("making", folder))?;
    let mut archive = archive(file, zip)?;
    let mut left = LARGEST;
    for index in 0..archive.len() {
        let mut entry = archive.by_index(index).map_err(|error| broken(zip, &error))?;
        let name = checked_name(zip, &entry)?;
        let path = folder.join(&name);
        if entry.is_dir() {
            fs::create_dir_all(&path).map_err(RegistryError::disk("making", &path))?;
            continue;
        }
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).map_err(RegistryError::disk("making", parent))?;
        }
        let executable = name.starts_with(PREFIX) || entry.unix_mode().is_some_and(|mode| mode & 0o111 != 0);
        let mut file = create(&path, executable).map_err(RegistryError::disk("writing", &path))?;
        let limited = &mut (&mut entry).take(left);
        left -= copy(limited, &mut file, |error| broken(zip, &error), RegistryError::disk("writing", &path))?;
        if left == 0 {
            return Err(RegistryError::Zip { path: zip.to_owned(), why: format!("it holds more than {LARGEST} bytes") });
        }
    }
    Ok(())
}

/// Whether a zip can be opened and names the executable of the provider. Its files are not read.
pub(crate) fn names_executable(zip: &Path, name: &str) -> Result<(), RegistryError> {
    let archive = archive(opened(zip)?, zip)?;
    let found = (0..archive.len()).any(|index| {
        let file = archive.name_for_index(index).and_then(Result::ok);
        file.is_some_and(|file| is_executable_of(&file, name))
    });
    if found { Ok(()) } else { Err(RegistryError::NoExecutable { path: zip.to_owned(), wanted: format!("{PREFIX}{name}") }) }
}

/// Calls with the name of each file of a zip and what is in it.
pub(crate) fn each_file(zip: &Path, call: &mut dyn FnMut(&str, &mut dyn Read) -> Result<(), RegistryError>) -> Result<(), RegistryError> {
    let mut archive = archive(opened(zip)?, zip)?;
    for index in 0..archive.len() {
        let mut entry = archive.by_index(index).map_err(|error| broken(zip, &error))?;
        let name = checked_name(zip, &entry)?;
        if entry.is_file() {
            call(&name, &mut (&mut entry).take(LARGEST))?;
        }
    }
    Ok(())
}

pub(crate) fn broken(zip: &Path, error: &dyn std::error::Error) -> RegistryError {
    RegistryError::Zip { path: zip.to_owned(), why: error.to_string() }
}

/// Copies, and tells reading's failure from writing's.
pub(crate) fn copy(
    from: &mut dyn Read,
    to: &mut dyn Write,
    not_read: impl FnOnce(io::Error) -> RegistryError,
    not_written: impl FnOnce(io::Error) -> RegistryError,
) -> Result<u64, RegistryError> {
    let (mut chunk, mut copied) = (vec![0; CHUNK], 0);
    loop {
        let read = match from.read(&mut chunk) {
            Ok(0) => return Ok(copied),
            Ok(read) => read,
            Err(error) => return Err(not_read(error)),
        };
        if let Err(error) = to.write_all(&chunk[..read]) {
            return Err(not_written(error));
        }
        copied += read as u64;
    }
}

pub(crate) fn opened(zip: &Path) -> Result<File, RegistryError> {
    File::open(zip).map_err(RegistryError::disk("reading", zip))
}

fn archive(file: File, zip: &Path) -> Result<ZipArchive<BufReader<File>>, RegistryError> {
    ZipArchive::new(BufReader::new(file)).map_err(|error| broken(zip, &error))
}

fn parent_of(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// What is to be gone may be gone.
pub(crate) fn absent_is_fine(outcome: io::Result<()>) -> io::Result<()> {
    match outcome {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

/// The name of a plain file or folder that stays below where it is unpacked.
fn checked_name<R: Read>(zip: &Path, entry: &ZipFile<'_, R>) -> Result<String, RegistryError> {
    let name = entry.name().map_err(|error| broken(zip, &error))?.into_owned();
    let kind = entry.unix_mode().map_or(0, |mode| mode & 0o170_000);
    let parts = name.strip_suffix('/').unwrap_or(&name).split('/');
    let why = if entry.is_symlink() || kind == 0o120_000 {
        "is a link"
    } else if ![0, 0o100_000, 0o040_000].contains(&kind) {
        "is neither a file nor a folder"
    } else if parts.into_iter().any(|part| matches!(part, "" | "." | "..")) || name.contains(['\\', ':', '\0']) {
        "would be written outside of its folder"
    } else {
        return Ok(name);
    };
    Err(RegistryError::Entry { path: zip.to_owned(), entry: name, why })
}

#[cfg(unix)]
fn create(path: &Path, executable: bool) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt;
    File::options().write(true).create_new(true).mode(if executable { 0o777 } else { 0o666 }).open(path)
}

#[cfg(not(unix))]
fn create(path: &Path, _executable: bool) -> io::Result<File> {
    File::options().write(true).create_new(true).open(path)
}
