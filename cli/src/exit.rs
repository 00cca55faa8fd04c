//! What the process ends with.

use std::{fmt, io, process::ExitCode};

use crate::output::{self, Style};

/// The exit codes, as `docs/cli.md` and `--help` promise them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ExitStatus {
    /// Everything that was asked for is as recorded.
    InSync,
    /// Something went wrong, or could not be told.
    Error,
    /// Something drifted, or is gone.
    Drift,
}

impl From<ExitStatus> for ExitCode {
    fn from(status: ExitStatus) -> Self {
        Self::from(match status {
            ExitStatus::InSync => 0,
            ExitStatus::Error => 1,
            ExitStatus::Drift => 2,
        })
    }
}

/// The user, or whoever started it, has had enough: the number of the signal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Interrupted(pub(crate) u8);

impl fmt::Display for Interrupted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("interrupted before every instance was looked at")
    }
}

impl std::error::Error for Interrupted {}

/// Turns a command's result into an exit code; an error's whole chain of causes goes to stderr.
///
/// A reader that went away (`driftwire check | head`) is no error: nobody is left to be told.
pub(crate) fn finish(result: anyhow::Result<ExitStatus>) -> ExitCode {
    match result {
        Ok(status) => status.into(),
        Err(error) if is_broken_pipe(&error) => ExitStatus::InSync.into(),
        Err(error) => {
            output::complain(&chain(&error));
            // As a shell reports a process that a signal ended.
            error.downcast_ref::<Interrupted>().map_or_else(|| ExitStatus::Error.into(), |Interrupted(signal)| ExitCode::from(128 + signal))
        }
    }
}

/// Prints what `clap` has to say: help and version are no errors, and a wrong command line is no drift, which `clap`'s own
/// exit code 2 would claim.
pub(crate) fn usage(error: &clap::Error) -> ExitCode {
    // Where it cannot be printed, nobody is left to be told.
    let _ = error.print();
    if error.use_stderr() { ExitStatus::Error.into() } else { ExitStatus::InSync.into() }
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| cause.downcast_ref::<io::Error>().is_some_and(|io| io.kind() == io::ErrorKind::BrokenPipe))
}

/// `error: what failed` and, a line each, why. Causes may quote the cloud: untrusted text.
fn chain(error: &anyhow::Error) -> String {
    let mut text = format!("{} {}", Style::Bad.paint("error:"), lines(&error.to_string()));
    for cause in error.chain().skip(1) {
        text.push_str("\n  caused by: ");
        text.push_str(&lines(&cause.to_string()));
    }
    text
}

/// A text of several lines, each made printable and set below the first.
fn lines(text: &str) -> String {
    text.lines().map(output::printable).collect::<Vec<_>>().join("\n  ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_whole_chain_is_told_and_carries_no_terminal_escape() {
        let error = anyhow::anyhow!("denied \u{1b}[2J").context("reading a state");
        insta::assert_snapshot!(anstream::adapter::strip_str(&chain(&error)), @r"
        error: reading a state
          caused by: denied \u{1b}[2J
        ");
    }

    #[test]
    fn a_reader_that_went_away_is_no_error() {
        let error = anyhow::Error::from(io::Error::from(io::ErrorKind::BrokenPipe)).context("writing");
        assert!(is_broken_pipe(&error));
    }
}
