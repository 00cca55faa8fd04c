//! Says how far things are, where somebody is there to see it and it takes long enough to ask.

use std::{
    io::{self, IsTerminal as _},
    time::Duration,
};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use tokio::task::JoinHandle;

use crate::output;

/// How long something may take before it says how far it is.
const PATIENCE: Duration = Duration::from_secs(2);

/// A line on stderr that appears after two seconds, on a terminal only, and is gone when dropped.
pub(crate) struct Progress {
    bar: ProgressBar,
    appears: Option<JoinHandle<()>>,
}

impl Progress {
    /// Something that consists of `total` steps. Needs a running `tokio` runtime.
    pub(crate) fn new(what: &'static str, total: usize) -> Self {
        if !io::stderr().is_terminal() {
            return Self { bar: ProgressBar::hidden(), appears: None };
        }
        let bar = ProgressBar::with_draw_target(Some(total as u64), ProgressDrawTarget::hidden()).with_message(what);
        if let Ok(style) = ProgressStyle::with_template("{spinner} {msg} {pos} of {len} {wide_bar} {eta}") {
            bar.set_style(style);
        }
        let appears = tokio::spawn({
            let bar = bar.clone();
            async move {
                tokio::time::sleep(PATIENCE).await;
                bar.set_draw_target(ProgressDrawTarget::stderr());
                bar.enable_steady_tick(Duration::from_millis(120));
            }
        });
        Self { bar, appears: Some(appears) }
    }

    /// Something that is fetched. Draws when it is told how far things are, so that it needs no runtime that is free.
    pub(crate) fn of_bytes(what: String) -> Self {
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden()).with_message(what);
        if let Ok(style) = ProgressStyle::with_template("{spinner} {msg} {bytes} of {total_bytes} {wide_bar} {eta}") {
            bar.set_style(style);
        }
        Self { bar, appears: None }
    }

    /// So many bytes are there, of so many where that is known.
    pub(crate) fn at(&self, done: u64, all: Option<u64>) {
        if let Some(all) = all {
            self.bar.set_length(all);
        }
        self.bar.set_position(done);
        if self.bar.is_hidden() && self.bar.elapsed() > PATIENCE && io::stderr().is_terminal() {
            self.bar.set_draw_target(ProgressDrawTarget::stderr());
        }
    }

    /// Something else is said of what it does from now on.
    pub(crate) fn says(&self, what: &'static str) {
        self.bar.set_message(what);
    }

    /// A line of its own, above the bar where there is one.
    pub(crate) fn note(&self, line: &str) {
        self.bar.suspend(|| output::remark("note", line));
    }

    /// One step is done.
    pub(crate) fn step(&self) {
        self.bar.inc(1);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some(appears) = &self.appears {
            appears.abort();
        }
        self.bar.finish_and_clear();
    }
}
