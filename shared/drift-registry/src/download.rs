//! One package from a registry into the cache, checked on the way.

use std::{
    fs,
    io::{self, Read, Write},
    path::Path,
};

use serde::Deserialize;
use url::Url;

use crate::{
    Build, Lock, Origin, Package, Platform, Registry, RegistryError, Rule, Source, Wish,
    archive::{LARGEST, copy},
    hashes::{Hashing, is_sha256},
    http::{Answer, host_of},
    registry::{choose, expected},
};

/// The largest answers that are read, in bytes.
const DESCRIPTION: u64 = 4 << 20;
const SUMS: u64 = 4 << 20;

/// What a registry says of one package.
#[derive(Deserialize)]
struct Description {
    os: String,
    arch: String,
    filename: String,
    download_url: String,
    shasums_url: String,
    shasum: String,
}

impl Registry<'_> {
    /// Downloads the version that is wished for, for this platform, into Driftwire's cache. What is downloaded is
    /// checked against the registry's answer, against its SHA256SUMS and, where the lock file names the provider,
    /// against that. `progress` is told the bytes so far and, where it is known, of how many. The signature of
    /// SHA256SUMS is not checked.
    ///
    /// # Errors
    ///
    /// Everything that can go wrong between here and the registry; nothing of what was downloaded is kept then.
    pub fn download(
        &self,
        source: &Source,
        wish: &Wish,
        lock: Option<&Lock>,
        progress: &mut dyn FnMut(u64, Option<u64>),
    ) -> Result<Package, RegistryError> {
        let cache = self.plugins.cache().ok_or(RegistryError::NoCache)?;
        let platform = &self.plugins.surroundings.platform;
        let base = self.service(source)?;
        let version = choose(&self.versions_at(&base, source)?, wish, platform, &host_of(&base), source)?;
        let build = Build { source: source.clone(), version, platform: platform.clone() };
        if let Some(lock) = lock {
            lock.lets(&build)?;
        }
        let (description, url) = self.describe(&base, &build)?;
        let sha256 = self.promised(&description, &url, source)?;

        fs::create_dir_all(&cache).map_err(RegistryError::disk("making", &cache))?;
        let mut zip =
            tempfile::Builder::new().prefix(".downloading-").tempfile_in(&cache).map_err(RegistryError::disk("writing in", &cache))?;
        let answer = self.get(&url, &description.download_url, source, &build.to_string())?;
        let host = host_of(&answer.url);
        let path = zip.path().to_owned();
        let found = save(answer, &path, zip.as_file_mut(), progress)?;
        if found != sha256 {
            let (what, by) = (format!("what {host} sent as {build}"), host_of(&url));
            return Err(RegistryError::Checksum { what, by, expected: sha256, found });
        }
        if let Some(lock) = lock {
            lock.check_zip(&path, &found, &build)?;
        }
        self.plugins.install(&path, &found, build, &Origin { rule: Rule::Download, path: cache })
    }

    /// What the registry says of a package, and the URL that its own URLs are relative to.
    fn describe(&self, base: &Url, build: &Build) -> Result<(Description, Url), RegistryError> {
        let Build { source, version, platform } = build;
        let path = format!("{}/{}/{version}/download/{}/{}", source.namespace(), source.name(), platform.os, platform.arch);
        let answer = self.ask(base, &path, source, &format!("where {build} is"))?;
        let other_platform = |host, offered| RegistryError::NoPlatform { host, build: Box::new(build.clone()), offered };
        if answer.status == 404 {
            return Err(other_platform(host_of(&answer.url), "it does not say which".to_owned()));
        }
        let answer = expected(answer, source)?;
        let (url, what) = (answer.url.clone(), answer.what.clone());
        let description: Description = answer.json(DESCRIPTION)?;
        let described = Platform { os: description.os.clone(), arch: description.arch.clone() };
        if described != *platform {
            return Err(other_platform(host_of(&url), described.to_string()));
        }
        if !is_sha256(&description.shasum) {
            let why = "its `shasum` is no SHA-256".to_owned();
            return Err(RegistryError::Answer { host: host_of(&url), what, why });
        }
        Ok((description, url))
    }

    /// The SHA-256 that the description and SHA256SUMS agree on.
    fn promised(&self, description: &Description, url: &Url, source: &Source) -> Result<String, RegistryError> {
        let what = format!("the checksums (SHA256SUMS) of {}", description.filename);
        let answer = self.get(url, &description.shasums_url, source, &what)?;
        let host = host_of(&answer.url);
        let sums = answer.bytes(SUMS)?;
        let sums = String::from_utf8_lossy(&sums);
        let sum = sums.lines().find_map(|line| {
            let (sum, file) = line.split_once(char::is_whitespace)?;
            (file.trim_start().trim_start_matches('*') == description.filename).then(|| sum.to_ascii_lowercase())
        });
        let sum = sum.ok_or_else(|| RegistryError::Answer { host: host.clone(), what, why: "they do not name it".to_owned() })?;
        let promised = description.shasum.to_ascii_lowercase();
        if sum == promised {
            return Ok(promised);
        }
        let (what, by) = (format!("{} in the answer of {}", description.filename, host_of(url)), format!("SHA256SUMS of {host}"));
        Err(RegistryError::Checksum { what, by, expected: sum, found: promised })
    }

    /// Gets what the registry points to. That may be anybody's, and is sent no token.
    fn get(&self, base: &Url, reference: &str, source: &Source, what: &str) -> Result<Answer, RegistryError> {
        let url = base.join(reference).map_err(|_| RegistryError::Answer {
            host: host_of(base),
            what: what.to_owned(),
            why: "where it is said to be is no URL".to_owned(),
        })?;
        expected(self.http.get(&url, None, what)?, source)
    }
}

/// Writes a body to a file while hashing it, and gives its SHA-256.
fn save(answer: Answer, path: &Path, file: &mut fs::File, progress: &mut dyn FnMut(u64, Option<u64>)) -> Result<String, RegistryError> {
    let (host, what) = (host_of(&answer.url), answer.what.clone());
    let (body, total) = answer.stream();
    if total.is_some_and(|total| total >= LARGEST) {
        return Err(RegistryError::Answer { host, what, why: format!("more than {LARGEST} bytes") });
    }
    progress(0, total);
    let mut to = Hashing::new(Told { file, written: 0, total, progress });
    let not_read = |source| RegistryError::Network { host, what, source };
    // What is longer than that is cut off, and has another checksum.
    copy(&mut body.take(LARGEST), &mut to, not_read, RegistryError::disk("writing", path))?;
    Ok(to.finish().1)
}

/// A file that tells how much was written to it.
struct Told<'a> {
    file: &'a mut fs::File,
    written: u64,
    total: Option<u64>,
    progress: &'a mut dyn FnMut(u64, Option<u64>),
}

impl Write for Told<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.file.write(bytes)?;
        self.written += written as u64;
        (self.progress)(self.written, self.total);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}
