use std::{path::PathBuf, time::Duration};

use drift_engine::ports::Clock;
use drift_model::Timestamp;

/// The system's clock, which a file can move for tests: see `DRIFTWIRE_CLOCK_FILE`.
#[derive(Clone, Debug, Default)]
pub struct SystemClock {
    /// Holds a number of seconds, by which the clock is ahead.
    pub moved_by: Option<PathBuf>,
}

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is where time comes in")]
    fn now(&self) -> Timestamp {
        let seconds = self.moved_by.as_ref().and_then(|file| std::fs::read_to_string(file).ok()?.trim().parse::<u64>().ok());
        Timestamp::now().saturating_add(Duration::from_secs(seconds.unwrap_or_default())).unwrap_or(Timestamp::MAX)
    }
}
