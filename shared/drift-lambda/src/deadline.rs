//! When an invocation has to be answered. A plugin that hangs may take minutes, and so may Slack; what Lambda ends at its time limit
//! answers for no message of its batch.

use std::time::Duration;

use drift_aws::SystemClock;
use drift_engine::ports::Clock;
use drift_model::Timestamp;
use tokio::time::Instant;

/// So much is left for burying, counting and answering.
pub const MARGIN: Duration = Duration::from_secs(5);

/// The last moment at which there is time for an answer, by Lambda's deadline in milliseconds since 1970.
#[must_use]
pub fn last_moment(deadline: u64) -> Option<Instant> {
    // The deadline is by the machine's clock, whatever tests make of Driftwire's.
    time_left(deadline, SystemClock::default().now()).map(|left| Instant::now() + left)
}

/// How long there is to work. Nothing where the deadline was over before the invocation began: Lambda sends no such one,
/// but emulators do.
fn time_left(deadline: u64, now: Timestamp) -> Option<Duration> {
    let deadline = Timestamp::from_millisecond(i64::try_from(deadline).ok()?).ok()?;
    let left = Duration::try_from(deadline.duration_since(now)).ok()?;
    Some(left.saturating_sub(MARGIN))
}

/// Comes to pass at that moment; without one, never.
pub async fn reached(moment: Option<Instant>) {
    match moment {
        Some(moment) => tokio::time::sleep_until(moment).await,
        None => std::future::pending().await,
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;

    use super::*;

    #[test]
    fn a_few_seconds_before_the_deadline_are_kept_for_the_answer() {
        let now = Timestamp::from_second(1_000).expect("a time");
        for (deadline, left) in [(1_060_000, Some(55)), (1_003_000, Some(0)), (600_000, None), (u64::MAX, None)] {
            assert_eq!(time_left(deadline, now), left.map(Duration::from_secs), "{deadline}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn the_last_moment_comes_when_it_comes_and_without_one_never() {
        let moment = Instant::now() + Duration::from_secs(55);
        assert_eq!(reached(Some(moment)).now_or_never(), None);
        tokio::time::advance(Duration::from_secs(55)).await;
        assert_eq!(reached(Some(moment)).now_or_never(), Some(()));
        assert_eq!(reached(None).now_or_never(), None);
    }
}
