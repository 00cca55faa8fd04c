//! Checksums, as Terraform's lock file writes them.

use std::{
    fmt::Write as _,
    fs::{self, File},
    io::{self, Read, Write},
    path::Path,
};

use base64::{Engine, prelude::BASE64_STANDARD};
use sha2::{Digest, Sha256};

use crate::{RegistryError, archive};

/// How much is read at once, in bytes.
pub(crate) const CHUNK: usize = 128 * 1024;

/// Lower-case hexadecimal digits.
fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Whether a text is a SHA-256 in hexadecimal digits.
pub(crate) fn is_sha256(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Writes, and hashes what is written on the way.
#[derive(Debug)]
pub struct Hashing<W> {
    to: W,
    hash: Sha256,
}

impl<W: Write> Hashing<W> {
    /// Writes to `to`, of which nothing is hashed yet.
    pub fn new(to: W) -> Self {
        Self { to, hash: Sha256::new() }
    }

    /// What was written to, and the SHA-256 of what was written, in hexadecimal digits.
    pub fn finish(self) -> (W, String) {
        (self.to, hex(&self.hash.finalize()))
    }
}

impl<W: Write> Write for Hashing<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.to.write(bytes)?;
        self.hash.update(&bytes[..written]);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }
}

/// The SHA-256 of what a reader gives, in hexadecimal digits.
pub(crate) fn sha256_of(mut reader: impl Read) -> io::Result<String> {
    let (mut hash, mut chunk) = (Sha256::new(), vec![0; CHUNK]);
    loop {
        match reader.read(&mut chunk)? {
            0 => return Ok(hex(&hash.finalize())),
            read => hash.update(&chunk[..read]),
        }
    }
}

/// The SHA-256 of a file, in hexadecimal digits.
pub(crate) fn sha256_of_file(path: &Path) -> Result<String, RegistryError> {
    File::open(path).and_then(sha256_of).map_err(RegistryError::disk("reading", path))
}

/// `h1:` of an unpacked package.
pub(crate) fn h1_of_folder(folder: &Path) -> Result<String, RegistryError> {
    let files = files_below(folder)?;
    let hashes = files.into_iter().map(|name| Ok((sha256_of_file(&folder.join(&name))?, name)));
    Ok(h1(&hashes.collect::<Result<Vec<_>, RegistryError>>()?))
}

/// `h1:` of a package that is still packed: the same as of its folder.
pub(crate) fn h1_of_zip(zip: &Path) -> Result<String, RegistryError> {
    let mut hashes = Vec::new();
    archive::each_file(zip, &mut |name, reader| {
        hashes.push((sha256_of(reader).map_err(|error| archive::broken(zip, &error))?, name.to_owned()));
        Ok(())
    })?;
    hashes.sort_by(|one, other| one.1.cmp(&other.1));
    Ok(h1(&hashes))
}

/// Go's `dirhash.Hash1` of (hash, name) sorted by name. Source: golang.org/x/mod/sumdb/dirhash.
fn h1(files: &[(String, String)]) -> String {
    let mut hash = Sha256::new();
    for (file, name) in files {
        hash.update(format!("{file}  {name}\n"));
    }
    format!("h1:{}", BASE64_STANDARD.encode(hash.finalize()))
}

/// The files in a folder and below, by name with `/`, sorted as bytes.
pub(crate) fn files_below(folder: &Path) -> Result<Vec<String>, RegistryError> {
    fn walk(folder: &Path, prefix: &str, files: &mut Vec<String>) -> io::Result<()> {
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            let name = entry.file_name().into_string().map_err(|_| io::Error::other("the name of a file is no text"))?;
            let whole = format!("{prefix}{name}");
            // A link to a folder is no folder here, so that no loop is walked.
            if entry.file_type()?.is_dir() { walk(&entry.path(), &format!("{whole}/"), files)? } else { files.push(whole) }
        }
        Ok(())
    }
    let mut files = Vec::new();
    walk(folder, "", &mut files).map_err(RegistryError::disk("reading", folder))?;
    files.sort();
    Ok(files)
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    #[test]
    fn what_is_written_is_hashed_as_far_as_it_was_taken() {
        let mut taken = [0; 5];
        let mut writer = Hashing::new(&mut taken[..]);
        assert_eq!(writer.write(b"hello, world").expect("taken"), 5);
        let (_, hash) = writer.finish();
        // `printf hello | sha256sum`
        assert_eq!(hash, "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824");
        assert_eq!(&taken, b"hello");
    }

    #[test]
    fn a_folder_and_its_zip_have_the_hash_that_go_computes() {
        let folder = tempfile::tempdir().expect("a folder");
        fs::create_dir(folder.path().join("b")).expect("made");
        fs::write(folder.path().join("b/c"), "in a folder\n").expect("written");
        fs::write(folder.path().join("a"), "hello\n").expect("written");
        // `sha256sum a b/c | sha256sum`, the last as bytes in base64.
        let expected = "h1:IeR2jLBKXuTdpNqeKQCcJqU+SfIoza//8b3VdeeJJEs=";
        assert_eq!(h1_of_folder(folder.path()).expect("a hash"), expected);

        let zip = folder.path().join("z.zip");
        let mut writer = zip::ZipWriter::new(File::create(&zip).expect("a file"));
        for (name, text) in [("b/", ""), ("b/c", "in a folder\n"), ("a", "hello\n")] {
            writer.start_file(name, zip::write::SimpleFileOptions::default()).expect("begun");
            writer.write_all(text.as_bytes()).expect("written");
        }
        writer.finish().expect("finished");
        assert_eq!(h1_of_zip(&zip).expect("a hash"), expected);
    }
}
