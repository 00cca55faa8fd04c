//! States in local files, as the command line takes them. What stands for the ETag is the file's size and time of its
//! last change.

use std::{
    fs,
    io::{ErrorKind, Read, Seek, SeekFrom},
    path::Path,
    time::UNIX_EPOCH,
};

use drift_engine::ports::{Fragment, Lock, PortError, StateObject};
use drift_model::{ByteRange, StateId, Timestamp};

use super::lock;

pub(super) fn whole(state: &StateId) -> Result<Option<StateObject>, PortError> {
    let Some(etag) = etag(state)? else { return Ok(None) };
    match fs::read(&state.0) {
        Ok(bytes) => Ok(Some(StateObject { etag, bytes })),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(failed(state, &error)),
    }
}

pub(super) fn written(state: &StateId) -> Result<Option<Timestamp>, PortError> {
    let changed = metadata(state)?.and_then(|metadata| metadata.modified().ok());
    Ok(changed.and_then(|changed| Timestamp::try_from(changed).ok()))
}

fn metadata(state: &StateId) -> Result<Option<fs::Metadata>, PortError> {
    match fs::metadata(&state.0) {
        Ok(metadata) => Ok(Some(metadata)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(failed(state, &error)),
    }
}

pub(super) fn etag(state: &StateId) -> Result<Option<String>, PortError> {
    let Some(metadata) = metadata(state)? else { return Ok(None) };
    let changed = metadata.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok()).unwrap_or_default();
    Ok(Some(format!("\"{}-{}\"", changed.as_nanos(), metadata.len())))
}

pub(super) fn fragment(state: &StateId, expected: &str, range: ByteRange) -> Result<Fragment, PortError> {
    match etag(state)? {
        None => return Ok(Fragment::Gone),
        Some(etag) if etag != expected => return Ok(Fragment::Changed),
        Some(_) => {}
    }
    let read = || {
        let mut file = fs::File::open(&state.0)?;
        file.seek(SeekFrom::Start(range.start))?;
        let mut bytes = Vec::new();
        file.take(range.length).read_to_end(&mut bytes)?;
        Ok(bytes)
    };
    match read() {
        Ok(bytes) if bytes.len() as u64 == range.length => Ok(Fragment::Bytes(bytes)),
        Ok(_) => Ok(Fragment::Changed),
        Err(error) => Err(failed(state, &error)),
    }
}

/// Terraform's lock of a local state: `.NAME.lock.info` beside it.
pub(super) fn lock(state: &StateId) -> Result<Option<Lock>, PortError> {
    let path = Path::new(&state.0);
    let Some(name) = path.file_name() else { return Ok(None) };
    match fs::read(path.with_file_name(format!(".{}.lock.info", name.to_string_lossy()))) {
        Ok(bytes) => Ok(Some(lock::parse(&bytes))),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(failed(state, &error)),
    }
}

fn failed(state: &StateId, error: &std::io::Error) -> PortError {
    PortError::Permanent { what: format!("reading {state}"), why: error.to_string() }
}
