use std::{
    fs::OpenOptions,
    io::Write as _,
    path::PathBuf,
    process,
    time::{SystemTime, UNIX_EPOCH},
};

use serde_json::{Value, json};

use crate::say;

/// Notes one call: a line of JSON with `method`, `pid`, `at` (seconds since 1970) and what the call brought, among it `type`,
/// `id`, `version`, `private`, `identity`, `configuration`. The first line of a process has the method `start` and its `environment`.
///
/// One write a line, to a file that is appended to: lines of several processes do not mix.
pub(crate) fn note(journal: Option<&PathBuf>, method: &str, details: Value) {
    let Some(path) = journal else { return };
    #[expect(clippy::disallowed_methods, reason = "the edge: when a call came")]
    let at = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64();
    let mut line = json!({"method": method, "pid": process::id(), "at": at});
    if let (Value::Object(line), Value::Object(details)) = (&mut line, details) {
        line.extend(details);
    }
    let written =
        OpenOptions::new().create(true).append(true).open(path).and_then(|mut file| file.write_all(format!("{line}\n").as_bytes()));
    if let Err(error) = written {
        say(&format!("the test plugin's journal {}: {error}", path.display()));
    }
}
