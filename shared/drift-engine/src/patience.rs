use std::time::Duration;

use drift_model::{Change, Timestamp, Tool};

use crate::{Timing, ports::Lock};

/// Whether a verdict other than in sync counts now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Patience {
    /// Terraform is at work, or says that it was a moment ago: to be looked at again after this delay.
    Wait(Duration),
    /// It counts.
    Count {
        /// Although Terraform still holds the state's lock.
        during_a_run: bool,
    },
}

/// Whether a verdict other than in sync is put off, because the state is locked or because one of the changes says that
/// it is Terraform's and is younger than the grace.
///
/// Nobody is believed for ever: neither what a user agent says, nor a lock that was left behind. `put_off` is how often
/// this was put off before, and since when.
#[must_use]
pub fn patience<'a>(
    lock: Option<&Lock>,
    changes: impl IntoIterator<Item = &'a Change>,
    put_off: Option<(u32, Timestamp)>,
    now: Timestamp,
    timing: &Timing,
) -> Patience {
    let (attempt, since) = put_off.unwrap_or((0, now));
    let is_over = |start: Timestamp| age(start, now) >= timing.defer_limit;
    let count = Patience::Count { during_a_run: lock.is_some() };
    if is_over(since) {
        return count;
    }
    if let Some(lock) = lock {
        return if lock.since.is_some_and(is_over) { count } else { Patience::Wait(timing.delay(attempt)) };
    }
    let by_terraform = changes.into_iter().filter(|change| change.actor.tool.is_some_and(Tool::writes_states));
    match by_terraform.map(|change| timing.grace.saturating_sub(age(change.time, now))).max() {
        Some(rest) if !rest.is_zero() => Patience::Wait(rest.min(Timing::LONGEST_DELAY)),
        _ => count,
    }
}

/// How long ago something was; nothing where it lies in the future, as clocks differ.
pub(crate) fn age(then: Timestamp, now: Timestamp) -> Duration {
    Duration::try_from(now.duration_since(then)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory::examples::{change, time};

    const NOW: i64 = 100_000;

    fn by_terraform(seconds: i64) -> Change {
        let mut change = change("e", seconds);
        change.actor.tool = Some(Tool::Terraform);
        change
    }

    fn lock(since: Option<i64>) -> Lock {
        Lock { id: "l".to_owned(), who: "ci@host".to_owned(), operation: "OperationTypeApply".to_owned(), since: since.map(time) }
    }

    #[track_caller]
    fn check(lock: Option<&Lock>, changes: &[Change], put_off: Option<(u32, i64)>, expected: Patience) {
        let put_off = put_off.map(|(attempt, since)| (attempt, time(since)));
        assert_eq!(patience(lock, changes, put_off, time(NOW), &Timing::default()), expected);
    }

    fn wait(seconds: u64) -> Patience {
        Patience::Wait(Duration::from_secs(seconds))
    }

    const COUNT: Patience = Patience::Count { during_a_run: false };

    #[test]
    fn a_change_by_a_person_counts_at_once() {
        check(None, &[change("e", NOW)], None, COUNT);
    }

    #[test]
    fn a_change_that_says_it_is_terraforms_waits_for_what_is_left_of_two_minutes() {
        check(None, &[change("a", NOW), by_terraform(NOW - 100), by_terraform(NOW - 50)], None, wait(70));
        check(None, &[by_terraform(NOW - 120)], None, COUNT);
        check(None, &[by_terraform(NOW + 50)], None, wait(120));
    }

    #[test]
    fn a_forged_time_of_the_future_does_not_wait_for_ever() {
        check(None, &[by_terraform(NOW + 1_000_000)], Some((9, NOW - 6 * 3600)), COUNT);
    }

    #[test]
    fn a_lock_is_waited_for_with_growing_delays() {
        check(Some(&lock(Some(NOW - 10))), &[], None, wait(30));
        check(Some(&lock(None)), &[], Some((2, NOW - 90)), wait(120));
        check(Some(&lock(None)), &[], Some((40, NOW - 5 * 3600)), wait(900));
    }

    #[test]
    fn after_six_hours_a_verdict_counts_as_found_during_a_run() {
        let during = Patience::Count { during_a_run: true };
        check(Some(&lock(None)), &[], Some((30, NOW - 6 * 3600)), during);
        check(Some(&lock(Some(NOW - 7 * 3600))), &[], None, during);
    }
}
