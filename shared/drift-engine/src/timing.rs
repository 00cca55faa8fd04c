use std::time::Duration;

/// How long the engine waits for what. The functions' environment can change each, so that tests need not wait.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Timing {
    /// After a change that says it is Terraform's, a verdict other than in sync is put off for so long: 2 minutes.
    pub grace: Duration,
    /// The growing delays of what is put off; the last one repeats. SQS takes at most 900 s each.
    pub defer: Vec<Duration>,
    /// How long a lock is waited for in all: 6 hours. Then the verdict counts, marked "during a run".
    pub defer_limit: Duration,
    /// A verdict whose read began so shortly after the change is checked once more: 15 s.
    pub recheck_within: Duration,
    /// When it is checked once more: 30 s later.
    pub recheck_after: Duration,
    /// How long the indexer is given at first, when the state is newer than the index: 5 s, twice as much each time.
    pub index_after: Duration,
    /// How long the indexer is waited for, or a read that failed for now tried again, before the verdict is "unknown": 1 hour.
    pub give_up: Duration,
    /// How long an instance that left its state may take to turn up elsewhere before its drift is closed: 1 minute.
    pub moving: Duration,
    /// An alert that has been owed for so long is published by whoever sees it: 2½ minutes, more than the ledger's write and
    /// the publishing may take together. Before, whoever set out to publish it may still be at it.
    pub owed_for: Duration,
    /// When an instance is looked at again whose drift owes an alert: 5 s later at first, then as what is put off.
    pub busy_after: Duration,
}

impl Default for Timing {
    fn default() -> Self {
        Self {
            grace: Duration::from_mins(2),
            defer: [30, 60, 120, 300, 900].map(Duration::from_secs).to_vec(),
            defer_limit: Duration::from_hours(6),
            recheck_within: Duration::from_secs(15),
            recheck_after: Duration::from_secs(30),
            index_after: Duration::from_secs(5),
            give_up: Duration::from_hours(1),
            moving: Duration::from_mins(1),
            owed_for: Duration::from_secs(150),
            busy_after: Duration::from_secs(5),
        }
    }
}

impl Timing {
    /// The longest delay of a message in SQS.
    pub const LONGEST_DELAY: Duration = Duration::from_mins(15);

    /// The delay after which what was put off `attempt` times is looked at again.
    #[must_use]
    pub fn delay(&self, attempt: u32) -> Duration {
        let at = usize::try_from(attempt).unwrap_or(usize::MAX).min(self.defer.len().saturating_sub(1));
        self.defer.get(at).copied().unwrap_or_default().min(Self::LONGEST_DELAY)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_grow_and_the_last_one_repeats() {
        let seconds = [0, 1, 2, 3, 4, 5, u32::MAX].map(|attempt| Timing::default().delay(attempt).as_secs());
        assert_eq!(seconds, [30, 60, 120, 300, 900, 900, 900]);
    }

    #[test]
    fn a_delay_that_the_queue_cannot_take_is_cut() {
        let timing = Timing { defer: vec![Duration::from_hours(1)], ..Timing::default() };
        assert_eq!(timing.delay(0), Timing::LONGEST_DELAY);
        assert_eq!(Timing { defer: Vec::new(), ..timing }.delay(3), Duration::ZERO);
    }
}
