//! The catalog that is built in, held against what others say of the same things: the services' official models and
//! the provider's schema. Where those are not installed, a line on stderr says so.

mod answers;
mod models;
mod schema;

use std::{io::Write as _, path::PathBuf};

use drift_catalog::Catalog;

fn catalog() -> Catalog {
    Catalog::builtin().expect("the catalog can be used")
}

fn workspace() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Says on stderr what was not tested, and why.
fn skip(what: &str) {
    // Written directly, because the test harness would capture `eprintln!`.
    let _ = writeln!(std::io::stderr(), "skipped: {what} is absent");
}

/// Fails with every finding at once.
#[track_caller]
fn nothing_in(findings: &[String]) {
    assert!(findings.is_empty(), "\n{}\n", findings.join("\n"));
}
