//! How a function ends that cannot go on.

use std::{error::Error, io, process::ExitCode};

use drift_engine::alert::neutral;
use lambda_runtime::Error as Boxed;

/// The exit status of a function. What it ended by is one line of its log, as people read it: all that is wrong, in
/// sentences. It is written whatever the levels of the log are, as nothing else says why there is no function.
#[must_use]
pub fn ended(function: &str, result: Result<(), Boxed>) -> ExitCode {
    let Err(error) = result else { return ExitCode::SUCCESS };
    say(function, error.as_ref(), io::stderr);
    ExitCode::FAILURE
}

fn say<W: io::Write + 'static>(function: &str, error: &(dyn Error + 'static), writer: impl Fn() -> W + Send + Sync + 'static) {
    let line = tracing_subscriber::fmt().json().flatten_event(true).with_current_span(false).with_span_list(false);
    tracing::subscriber::with_default(line.with_writer(writer).finish(), || {
        tracing::error!(function, "the function stops: {}", sentences(error));
    });
}

/// An error and what is behind it.
fn sentences(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(source) = next {
        let said = source.to_string();
        if !text.contains(&said) {
            text = format!("{text}: {said}");
        }
        next = source.source();
    }
    neutral(&text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{SettingsError, written::Written};

    #[test]
    fn all_that_is_wrong_is_one_line_in_sentences() {
        let mut wrong = SettingsError::of("DRIFTWIRE_STATES", "is not set");
        wrong.0.extend(SettingsError::of("DRIFTWIRE_LOG", "holds `a\nb`").0);
        let written = Written::default();
        let writer = written.clone();
        say("event-detector", &wrong, move || writer.clone());
        let lines = written.text();
        assert_eq!(lines.lines().count(), 1, "{lines}");
        let line: serde_json::Value = serde_json::from_str(&lines).expect("it is JSON");
        assert_eq!((&line["level"], &line["function"]), (&"ERROR".into(), &"event-detector".into()));
        let said = line["message"].as_str().expect("it says something");
        assert!(said.starts_with("the function stops: DRIFTWIRE_STATES is not set: it has to be where states are"), "{said}");
        assert!(said.contains("sets it. DRIFTWIRE_LOG holds `a\\u{a}b`: it has to be a level"), "{said}");
    }

    #[test]
    fn what_is_behind_an_error_is_said_once() {
        let error: Boxed = Box::new(io::Error::other(SettingsError::of("DRIFTWIRE_LOG", "is `x`")));
        assert_eq!(sentences(error.as_ref()).matches("DRIFTWIRE_LOG").count(), 1);
    }

    #[test]
    fn a_function_that_ends_well_says_nothing_and_another_one_fails() {
        assert_eq!(format!("{:?}", ended("f", Ok(()))), format!("{:?}", ExitCode::SUCCESS));
        assert_eq!(format!("{:?}", ended("f", Err("it broke".into()))), format!("{:?}", ExitCode::FAILURE));
    }
}
