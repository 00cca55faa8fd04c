//! How fast GitHub is asked: never faster than it allows, so that it has nothing to refuse.

use std::{
    collections::VecDeque,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{
    sync::{Semaphore, SemaphorePermit},
    time::{Instant, sleep_until},
};

/// GitHub's numbers. A test may make its minutes shorter.
///
/// Sources, on docs.github.com: "Rate limits for the REST API", "Rate limits and query limits for the GraphQL API".
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pace {
    /// Over how long points are counted, and how long a secondary limit lasts of which GitHub does not say it.
    pub minute: Duration,
    /// How many points REST allows in it. A `GET` is one, be it answered 304.
    pub rest_points: usize,
    /// How many points GraphQL allows in it. A query is one.
    pub graphql_points: usize,
    /// How long a first wait after a failure is, about; each further one is twice as long.
    pub backoff: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self { minute: Duration::from_mins(1), rest_points: 900, graphql_points: 2_000, backoff: Duration::from_millis(500) }
    }
}

/// Which of the two APIs: each has an hour and a minute of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Api {
    Rest,
    GraphQl,
}

impl Api {
    /// What `X-RateLimit-Resource` calls it.
    pub(crate) fn resource(self) -> &'static str {
        match self {
            Self::Rest => "core",
            Self::GraphQl => "graphql",
        }
    }
}

/// A limit that a request has to wait for; as an error, longer than it may.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Wait {
    pub(crate) until: Instant,
    /// Whether it is not the hour's.
    pub(crate) secondary: bool,
}

/// Whose turn it is. One for each client, since limits are the credential's.
pub(crate) struct Pacer {
    pace: Pace,
    permits: Semaphore,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    rest: Lane,
    graphql: Lane,
    /// A secondary limit that was met. It may be that of requests at once or of computing, so it holds for both APIs.
    held_until: Option<Instant>,
    /// How often in a row GitHub refused for a secondary limit, without saying for how long.
    strikes: u32,
    /// What is waited for longest.
    wait: Option<Wait>,
}

#[derive(Default)]
struct Lane {
    /// When the requests of the last minute were answered. A request that was sent counts from its answer on: GitHub counted it
    /// no later than that.
    answered: VecDeque<Instant>,
    under_way: usize,
    hour: Option<Hour>,
}

#[derive(Clone, Copy)]
struct Hour {
    remaining: usize,
    resets: Instant,
}

impl Pacer {
    pub(crate) fn new(pace: Pace, parallel: usize) -> Self {
        Self { pace, permits: Semaphore::new(parallel.clamp(1, 100)), state: Mutex::default() }
    }

    /// Waits for its turn, for as long as `patience` lasts, which it uses up.
    pub(crate) async fn turn(&self, api: Api, patience: &mut Duration) -> Result<Turn<'_>, Wait> {
        loop {
            let Ok(permit) = self.permits.acquire().await else { unreachable!("nobody closes it") };
            let now = Instant::now();
            let Some((until, secondary)) = self.state().wait_for(api, &self.pace, now) else {
                return Ok(Turn { pacer: self, api, _permit: permit });
            };
            // Whoever waits takes nobody's place.
            drop(permit);
            let wait = Wait { until, secondary };
            *patience = patience.checked_sub(until - now).ok_or(wait)?;
            self.state().waits(wait);
            sleep_until(until).await;
        }
    }

    /// What an answer's headers tell of the hour.
    pub(crate) fn told(&self, api: Api, remaining: usize, resets_in: Duration) {
        let resets = Instant::now() + resets_in;
        let mut state = self.state();
        let lane = state.lane(api);
        // Answers overtake each other: of one hour, the least is the latest. Seconds are rounded, so that hours are told apart roughly.
        let same = |hour: &Hour| hour.resets.max(resets) - hour.resets.min(resets) < Duration::from_secs(2);
        let remaining = lane.hour.filter(same).map_or(remaining, |hour| hour.remaining.min(remaining));
        lane.hour = Some(Hour { remaining, resets });
    }

    /// GitHub refused for a limit, and said for how long or did not.
    pub(crate) fn reached(&self, api: Api, secondary: bool, lasts: Option<Duration>) {
        if secondary {
            self.hold(lasts);
        } else {
            self.exhausted(api, lasts);
        }
    }

    /// What is left of the hour, of whichever API has less.
    pub(crate) fn left(&self) -> Option<usize> {
        let (mut state, now) = (self.state(), Instant::now());
        let hours = [Api::Rest, Api::GraphQl].map(|api| state.lane(api).hour);
        // Of an hour that has ended, nothing says what the next one has.
        hours.into_iter().flatten().filter(|hour| hour.resets > now).map(|hour| hour.remaining).min()
    }

    /// What requests wait for longest, if any waits.
    pub(crate) fn wait(&self) -> Option<Wait> {
        self.state().wait.filter(|wait| wait.until > Instant::now())
    }

    /// The hour's limit is reached, whatever was told before.
    fn exhausted(&self, api: Api, resets_in: Option<Duration>) {
        let resets = Instant::now() + resets_in.unwrap_or(self.pace.minute);
        self.state().lane(api).hour = Some(Hour { remaining: 0, resets });
    }

    /// A secondary limit is reached. Where GitHub does not say for how long: a minute, then twice as long, and so on.
    fn hold(&self, says: Option<Duration>) {
        let mut state = self.state();
        let now = Instant::now();
        // Several that were under way hear of one limit.
        let known = state.held_until.is_some_and(|until| until > now);
        if says.is_none() && !known {
            state.strikes = (state.strikes + 1).min(6);
        }
        let wait = says.unwrap_or_else(|| self.pace.minute * 2u32.pow(state.strikes.saturating_sub(1)));
        if says.is_some() || !known {
            state.held_until = state.held_until.max(Some(now + wait));
        }
    }

    /// GitHub answers again.
    pub(crate) fn admitted(&self) {
        self.state().strikes = 0;
    }

    /// How long to wait before trying again after so many failures: at random, so that those who failed together do not return together.
    pub(crate) fn backoff(&self, failures: u32) -> Duration {
        self.pace.backoff.mul_f64(f64::from(2u32.pow(failures.saturating_sub(1).min(8))) * (0.5 + fastrand::f64()))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn lane(&mut self, api: Api) -> &mut Lane {
        match api {
            Api::Rest => &mut self.rest,
            Api::GraphQl => &mut self.graphql,
        }
    }

    /// Notes what somebody waits for.
    fn waits(&mut self, wait: Wait) {
        self.wait = self.wait.filter(|held| held.until > wait.until).or(Some(wait));
    }

    /// Until when to wait, and whether for a secondary limit; nothing: the request is counted as under way.
    fn wait_for(&mut self, api: Api, pace: &Pace, now: Instant) -> Option<(Instant, bool)> {
        if let Some(until) = self.held_until.filter(|until| *until > now) {
            return Some((until, true));
        }
        let points = match api {
            Api::Rest => pace.rest_points,
            Api::GraphQl => pace.graphql_points,
        }
        .max(1);
        let lane = self.lane(api);
        lane.hour = lane.hour.filter(|hour| hour.resets > now);
        if let Some(hour) = lane.hour.filter(|hour| hour.remaining <= lane.under_way) {
            return Some((hour.resets, false));
        }
        while lane.answered.front().is_some_and(|answered| *answered + pace.minute <= now) {
            lane.answered.pop_front();
        }
        let over = (lane.answered.len() + lane.under_way + 1).saturating_sub(points);
        if over == 0 {
            lane.under_way += 1;
            return None;
        }
        // Where more are under way than may be asked, the next answer decides.
        let soon = now + pace.minute / 100;
        Some((lane.answered.get(over - 1).map_or(soon, |answered| *answered + pace.minute), true))
    }
}

/// A request's turn, until its answer came.
pub(crate) struct Turn<'a> {
    pacer: &'a Pacer,
    api: Api,
    _permit: SemaphorePermit<'a>,
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let mut state = self.pacer.state();
        let lane = state.lane(self.api);
        lane.under_way -= 1;
        lane.answered.push_back(Instant::now());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATIENT: Duration = Duration::from_hours(10);

    fn pacer(rest_points: usize) -> Pacer {
        Pacer::new(Pace { rest_points, graphql_points: 2, ..Pace::default() }, 20)
    }

    async fn ask(pacer: &Pacer, api: Api) -> Duration {
        let began = Instant::now();
        drop(pacer.turn(api, &mut PATIENT.clone()).await.expect("a turn"));
        began.elapsed()
    }

    #[tokio::test(start_paused = true)]
    async fn no_minute_has_more_requests_than_github_allows() {
        let pacer = pacer(3);
        for _ in 0..3 {
            assert_eq!(ask(&pacer, Api::Rest).await, Duration::ZERO);
            tokio::time::advance(Duration::from_secs(10)).await;
        }
        // The first was 30 seconds ago.
        assert_eq!(ask(&pacer, Api::Rest).await.as_secs(), 30);
        assert_eq!(ask(&pacer, Api::Rest).await.as_secs(), 10);
    }

    #[tokio::test(start_paused = true)]
    async fn a_request_counts_from_its_answer_on_and_while_it_is_under_way() {
        let pacer = pacer(1);
        let turn = pacer.turn(Api::Rest, &mut PATIENT.clone()).await.expect("a turn");
        let (waited, ()) = futures::future::join(ask(&pacer, Api::Rest), async {
            tokio::time::sleep(Duration::from_secs(100)).await;
            drop(turn);
        })
        .await;
        assert_eq!(waited.as_secs(), 160);
    }

    #[tokio::test(start_paused = true)]
    async fn wherever_between_its_sending_and_its_answer_a_request_is_counted_no_minute_has_too_many() {
        for seed in 0..20 {
            let (pacer, random) = (pacer(30), Mutex::new(fastrand::Rng::with_seed(seed)));
            let any = |most: u64| Duration::from_millis(random.lock().expect("no test panics with it").u64(0..most));
            let asked = (0..200).map(|_| async {
                let turn = pacer.turn(Api::Rest, &mut PATIENT.clone()).await.expect("a turn");
                tokio::time::sleep(any(9_000)).await;
                let counted = Instant::now();
                tokio::time::sleep(any(9_000)).await;
                drop(turn);
                counted
            });
            let mut counted = futures::future::join_all(asked).await;
            counted.sort();
            assert!(counted.windows(31).all(|many| many[30] - many[0] >= Duration::from_mins(1)), "seed {seed}");
            // And it is no slower than it must be: seven minutes for 200 at 30 a minute, and what answering takes.
            assert!(counted[199] - counted[0] < Duration::from_mins(9), "seed {seed}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn the_apis_have_points_of_their_own_and_share_a_secondary_limit() {
        let pacer = pacer(1);
        ask(&pacer, Api::Rest).await;
        assert_eq!(ask(&pacer, Api::GraphQl).await, Duration::ZERO);
        pacer.hold(Some(Duration::from_secs(7)));
        assert_eq!(ask(&pacer, Api::GraphQl).await.as_secs(), 7);
    }

    #[tokio::test(start_paused = true)]
    async fn a_secondary_limit_that_says_nothing_lasts_longer_each_time_and_is_told_once_by_many() {
        let pacer = pacer(900);
        for seconds in [60, 120, 240] {
            pacer.hold(None);
            pacer.hold(None);
            assert_eq!(ask(&pacer, Api::Rest).await.as_secs(), seconds);
        }
        pacer.admitted();
        pacer.hold(None);
        assert_eq!(ask(&pacer, Api::Rest).await.as_secs(), 60);
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_left_of_the_hour_is_not_overdrawn_by_requests_under_way() {
        let pacer = pacer(900);
        pacer.told(Api::Rest, 2, Duration::from_secs(100));
        pacer.told(Api::Rest, 3, Duration::from_secs(100));
        let turns = (pacer.turn(Api::Rest, &mut PATIENT.clone()).await, pacer.turn(Api::Rest, &mut PATIENT.clone()).await);
        let late = pacer.turn(Api::Rest, &mut Duration::from_secs(99)).await.err().expect("too long");
        assert_eq!((late.until - Instant::now(), late.secondary), (Duration::from_secs(100), false));
        drop(turns);
        assert_eq!(ask(&pacer, Api::GraphQl).await, Duration::ZERO);
        pacer.exhausted(Api::Rest, Some(Duration::from_secs(50)));
        assert_eq!(ask(&pacer, Api::Rest).await.as_secs(), 50);
        assert_eq!(ask(&pacer, Api::Rest).await, Duration::ZERO, "a new hour");
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_left_is_of_whichever_api_has_less_and_of_no_hour_that_has_ended() {
        let pacer = pacer(900);
        assert_eq!(pacer.left(), None);
        pacer.told(Api::Rest, 20, Duration::from_secs(100));
        pacer.told(Api::GraphQl, 10, Duration::from_secs(50));
        assert_eq!(pacer.left(), Some(10));
        tokio::time::advance(Duration::from_mins(1)).await;
        assert_eq!(pacer.left(), Some(20));
        tokio::time::advance(Duration::from_mins(1)).await;
        assert_eq!(pacer.left(), None);
    }

    #[tokio::test(start_paused = true)]
    async fn waiting_uses_up_patience_and_takes_no_place() {
        let pacer = Pacer::new(Pace::default(), 1);
        pacer.exhausted(Api::Rest, Some(Duration::from_secs(30)));
        let mut patience = Duration::from_secs(40);
        let (waited, meanwhile) = futures::future::join(pacer.turn(Api::Rest, &mut patience), ask(&pacer, Api::GraphQl)).await;
        assert!(waited.is_ok() && meanwhile == Duration::ZERO);
        assert_eq!(patience.as_secs(), 10);
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_waited_for_is_known_until_it_is_over() {
        let pacer = pacer(900);
        assert_eq!(pacer.wait(), None);
        pacer.exhausted(Api::Rest, Some(Duration::from_secs(30)));
        assert_eq!(pacer.wait(), None, "nobody asks");
        let until = Instant::now() + Duration::from_secs(30);
        let ((), _) = futures::future::join(
            async {
                tokio::time::sleep(Duration::from_secs(1)).await;
                assert_eq!(pacer.wait(), Some(Wait { until, secondary: false }));
            },
            ask(&pacer, Api::Rest),
        )
        .await;
        assert_eq!(pacer.wait(), None);
    }

    #[tokio::test(start_paused = true)]
    async fn never_more_are_under_way_than_allowed() {
        let pacer = Pacer::new(Pace::default(), 500);
        let mut turns = Vec::new();
        for _ in 0..100 {
            turns.push(pacer.turn(Api::Rest, &mut PATIENT.clone()).await.expect("a turn"));
        }
        let one_more = tokio::time::timeout(Duration::from_secs(1), pacer.turn(Api::Rest, &mut PATIENT.clone())).await;
        assert!(one_more.is_err());
    }
}
