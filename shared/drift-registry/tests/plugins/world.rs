//! A disk, a home and an environment of their own for each test.

use std::{
    collections::BTreeMap,
    fs,
    io::Write,
    path::{Path, PathBuf},
};

use drift_registry::{Outcome, Platform, Plugins, Search, Source, Surroundings};
use tempfile::TempDir;
use zip::{ZipWriter, write::SimpleFileOptions};

/// The plugin of every package that is made here.
pub(crate) const PLUGIN: &[u8] = b"#!/bin/sh\necho a plugin\n";

pub(crate) struct World {
    root: TempDir,
    variables: BTreeMap<String, String>,
}

impl World {
    pub(crate) fn new() -> Self {
        let root = tempfile::tempdir().expect("a folder");
        let mut world = Self { root, variables: BTreeMap::new() };
        for folder in ["home", "work"] {
            fs::create_dir(world.path(folder)).expect("made");
        }
        for (name, folder) in [("HOME", "home"), ("XDG_DATA_DIRS", "share"), ("DRIFTWIRE_PROVIDER_CACHE", "cache")] {
            world.set(name, &world.path(folder).to_string_lossy());
        }
        world
    }

    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.root.path().join(path)
    }

    pub(crate) fn set(&mut self, name: &str, value: &str) {
        self.variables.insert(name.to_owned(), value.to_owned());
    }

    /// Writes Terraform's CLI configuration, with `ROOT` for this disk.
    pub(crate) fn configure(&self, text: &str) {
        self.write("home/.terraformrc", text.replace("ROOT", &self.root.path().to_string_lossy()).as_bytes());
    }

    pub(crate) fn write(&self, path: &str, bytes: &[u8]) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().expect("below the root")).expect("made");
        fs::write(path, bytes).expect("written");
    }

    /// Puts a plugin that may be started.
    pub(crate) fn executable(&self, path: &str) {
        self.write(path, PLUGIN);
        allow(&self.path(path));
    }

    /// Puts an unpacked package into a mirror.
    pub(crate) fn package(&self, mirror: &str, source: &str, version: &str, platform: &str) {
        let name = source.rsplit('/').next().expect("a name");
        self.executable(&format!("{mirror}/{source}/{version}/{platform}/terraform-provider-{name}_v{version}_x5"));
    }

    pub(crate) fn plugins<T>(&self, provider_dirs: &[&str], use_them: impl FnOnce(&Plugins<'_>) -> T) -> T {
        let variable = |name: &str| self.variables.get(name).cloned();
        let platform = Platform { os: "linux".to_owned(), arch: "amd64".to_owned() };
        let surroundings = Surroundings { variable: &variable, working_dir: self.path("work"), platform };
        use_them(&Plugins::new(surroundings, provider_dirs.iter().map(|path| self.path(path)).collect()))
    }

    pub(crate) fn search(&self, provider_dirs: &[&str], source: &str) -> Search {
        self.plugins(provider_dirs, |plugins| plugins.search(&self::source(source)))
    }

    pub(crate) fn list(&self) -> Search {
        self.plugins(&[], |plugins| {
            assert_eq!(plugins.problems(), []);
            plugins.list()
        })
    }

    /// What was found, and where something was to look at, with `ROOT` for this disk.
    pub(crate) fn shown(&self, mut search: Search) -> String {
        let found = search.candidates.iter().map(|candidate| format!("{} {} by {}", candidate.source, candidate.version, candidate.origin));
        let mut lines: Vec<_> = found.chain(["looked at".to_owned()]).collect();
        search.looked.retain(|looked| looked.outcome != Outcome::Absent);
        lines.push(search.report());
        self.hidden(&lines.join("\n"))
    }

    pub(crate) fn hidden(&self, text: &str) -> String {
        text.replace(&*self.root.path().to_string_lossy(), "ROOT")
    }
}

pub(crate) fn source(text: &str) -> Source {
    text.parse().expect("a source")
}

#[cfg(unix)]
pub(crate) fn allow(path: &Path) {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).expect("allowed");
}

#[cfg(not(unix))]
pub(crate) fn allow(_path: &Path) {}

/// A zip of files, each with its mode.
pub(crate) fn zip_of(files: &[(&str, &[u8], u32)]) -> Vec<u8> {
    let mut writer = ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, bytes, mode) in files {
        writer.start_file(*name, SimpleFileOptions::default().unix_permissions(*mode)).expect("begun");
        writer.write_all(bytes).expect("written");
    }
    writer.finish().expect("finished").into_inner()
}

/// A package as a registry has it: the executable, without its bit, and a licence.
pub(crate) fn package_zip(name: &str, version: &str) -> Vec<u8> {
    zip_of(&[(&format!("terraform-provider-{name}_v{version}_x5"), PLUGIN, 0o644), ("LICENSE.txt", b"free", 0o644)])
}
