//! What a scan keeps from one run to the next, in one file.

use std::{
    collections::BTreeMap,
    io::Write as _,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

use anyhow::{Context as _, bail};
use base64::{Engine as _, prelude::BASE64_STANDARD as BASE64};
use drift_engine::ports::{Notes, PortError};
use drift_model::Timestamp;
use serde::{Deserialize, Serialize};

/// Notes in memory, that are read from a file and written back to it. They hold settings of what was scanned: the file is its owner's alone.
#[derive(Debug, Default)]
pub(crate) struct FileNotes {
    path: Option<PathBuf>,
    notes: Mutex<BTreeMap<String, Note>>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Note {
    /// Packed by whoever wrote it, and written as base64.
    note: String,
    expires: Timestamp,
}

/// The file's form: one that says another version is none.
#[derive(Serialize, Deserialize)]
struct File {
    driftwire_notes: u32,
    notes: BTreeMap<String, Note>,
}

const VERSION: u32 = 1;

/// How each version's file begins.
const HEAD: &[u8] = br#"{"driftwire_notes":"#;

impl FileNotes {
    /// The notes of a file; none without one, and none of a file that is not there yet.
    pub(crate) fn open(path: Option<&Path>, now: Timestamp) -> anyhow::Result<Self> {
        let Some(path) = path else { return Ok(Self::default()) };
        let text = match std::fs::read(path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Vec::new(),
            Err(error) => return Err(error).with_context(|| format!("reading {}", path.display())),
        };
        let mut notes = BTreeMap::new();
        if !text.is_empty() {
            // Never written over: it may be somebody's.
            if !text.starts_with(HEAD) {
                bail!("{} holds nothing that a scan has kept: name another file", path.display());
            }
            // A damaged one, or another version's, costs requests and nothing else.
            if let Ok(file) = serde_json::from_slice::<File>(&text)
                && file.driftwire_notes == VERSION
            {
                notes = file.notes;
            }
        }
        notes.retain(|_, note| note.expires > now);
        Ok(Self { path: Some(path.to_owned()), notes: Mutex::new(notes) })
    }

    /// Writes the file anew, all of it or nothing.
    pub(crate) fn save(&self) -> anyhow::Result<()> {
        let Some(path) = &self.path else { return Ok(()) };
        let what = || format!("writing {}", path.display());
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        std::fs::create_dir_all(folder).with_context(what)?;
        let notes = self.notes.lock().unwrap_or_else(PoisonError::into_inner).clone();
        // Made readable for nobody else, and moved into place when it is whole.
        let mut file = tempfile::NamedTempFile::new_in(folder).with_context(what)?;
        serde_json::to_writer(&mut file, &File { driftwire_notes: VERSION, notes }).with_context(what)?;
        file.flush().with_context(what)?;
        file.persist(path).with_context(what)?;
        Ok(())
    }
}

impl Notes for FileNotes {
    async fn note(&self, key: &str) -> Result<Option<Vec<u8>>, PortError> {
        let notes = self.notes.lock().unwrap_or_else(PoisonError::into_inner);
        // What cannot be decoded is as if it were not there: it is found out anew.
        Ok(notes.get(key).and_then(|note| BASE64.decode(&note.note).ok()))
    }

    async fn keep(&self, key: &str, note: &[u8], expires: Timestamp) -> Result<(), PortError> {
        let note = Note { note: BASE64.encode(note), expires };
        self.notes.lock().unwrap_or_else(PoisonError::into_inner).insert(key.to_owned(), note);
        Ok(())
    }

    async fn forget(&self, key: &str) -> Result<(), PortError> {
        self.notes.lock().unwrap_or_else(PoisonError::into_inner).remove(key);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt as _;

    use super::*;

    fn note(notes: &FileNotes, key: &str) -> Option<Vec<u8>> {
        notes.note(key).now_or_never().expect("nothing is waited for").expect("nothing fails")
    }

    fn keep(notes: &FileNotes, key: &str, expires: i64) {
        let expires = Timestamp::from_second(expires).expect("a time");
        notes.keep(key, key.as_bytes(), expires).now_or_never().expect("nothing is waited for").expect("nothing fails");
    }

    #[test]
    fn what_is_kept_is_there_the_next_time_until_it_expires() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("new/cache.json");
        let at = |second| Timestamp::from_second(second).expect("a time");
        let notes = FileNotes::open(Some(&path), at(0)).expect("a file that is not there is none");
        keep(&notes, "short", 10);
        keep(&notes, "long", 100);
        notes.save().expect("it can be written");
        let notes = FileNotes::open(Some(&path), at(50)).expect("it was written by itself");
        assert_eq!((note(&notes, "short"), note(&notes, "long")), (None, Some(b"long".to_vec())));
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = std::fs::metadata(&path).expect("it is there").permissions().mode();
            assert_eq!(mode & 0o077, 0, "{mode:o}");
        }
    }

    #[test]
    fn a_damaged_file_is_as_if_it_held_nothing() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("cache.json");
        let notes = FileNotes::open(Some(&path), Timestamp::UNIX_EPOCH).expect("a file that is not there is none");
        keep(&notes, "a", 10);
        notes.save().expect("it can be written");
        let text = std::fs::read(&path).expect("it is there");
        std::fs::write(&path, &text[..text.len() - 5]).expect("it can be written");
        let notes = FileNotes::open(Some(&path), Timestamp::UNIX_EPOCH).expect("it was written by itself");
        assert_eq!(note(&notes, "a"), None);
    }

    #[test]
    fn somebody_elses_file_is_left_alone() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("terraform.tfstate");
        std::fs::write(&path, r#"{"version": 4}"#).expect("it can be written");
        let error = FileNotes::open(Some(&path), Timestamp::UNIX_EPOCH).expect_err("it is no file of notes");
        assert!(error.to_string().contains("name another file"), "{error}");
    }

    #[test]
    fn without_a_file_nothing_is_written() {
        let notes = FileNotes::open(None, Timestamp::UNIX_EPOCH).expect("there is nothing to read");
        keep(&notes, "a", 10);
        notes.save().expect("there is nothing to write");
        assert_eq!(note(&notes, "a"), Some(b"a".to_vec()));
    }
}
