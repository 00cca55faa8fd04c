//! What is wrong with a deployment: each check turns what a port answered into findings.
//!
//! A port that failed is a finding too: what could not be told is never healthy.

use std::{collections::BTreeMap, time::Duration};

use drift_model::{Drift, ReasonKind, StateId, Timestamp};
use serde::Serialize;

use crate::{
    ledger::Owing,
    ports::{Clock, PortError, RecordedState},
};

/// What is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Check {
    /// Whether records still come.
    Records,
    /// Whether scans come to their end.
    Scans,
    /// Whether a trail logs what people write.
    Trail,
    /// Whether the states' buckets tell of what is written to them.
    Notifications,
    /// Whether the index is up with the states.
    States,
    /// Whether alerts are stuck.
    OwedAlerts,
    /// Whether somebody would hear an alert.
    Topic,
    /// Whether the functions' queues are there.
    Queues,
    /// Whether messages were given up.
    DeadLetters,
    /// Whether instances that drifted or were touched can be read.
    Reads,
}

/// How a finding is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Something is wrong.
    Problem,
    /// A check could not be made.
    CouldNotTell,
}

/// One thing that somebody should look at. Holds untrusted text: names, and what services said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What was looked at.
    pub check: Check,
    /// How it is meant.
    #[serde(rename = "severity")]
    pub kind: Kind,
    /// What is wrong, and where.
    pub what: String,
    /// What to do about it.
    pub advice: String,
}

impl Finding {
    fn problem(check: Check, what: String, advice: &str) -> Self {
        Self { check, kind: Kind::Problem, what, advice: advice.to_owned() }
    }

    /// A check that could not be made.
    #[must_use]
    pub fn could_not_tell(check: Check, error: &PortError) -> Self {
        let advice = match error {
            PortError::Retryable { .. } => "ask again in a moment; if it stays so, look at the network, the endpoint and the region",
            PortError::Permanent { .. } => {
                "look whether that is the name of what was deployed, in this account and region, and whether these credentials may read it"
            }
        };
        Self { check, kind: Kind::CouldNotTell, what: error.to_string(), advice: advice.to_owned() }
    }
}

/// Without a record for so long, something is broken: an account in use writes many a day.
pub const SILENCE: Duration = Duration::from_hours(24);
/// The sweep runs every minute: what is owed for longer than this is stuck.
pub const STUCK: Duration = Duration::from_mins(5);
/// A state that was written so shortly ago may still be on its way into the index.
pub const ON_ITS_WAY: Duration = Duration::from_mins(5);
/// So many names are told; the rest is counted.
const NAMED: usize = 5;
/// So many states that are behind are asked when they were written; the rest counts as behind.
const ASKED: usize = 50;

/// What a port told, judged; that it failed is a finding of its own.
fn findings<T>(check: Check, told: Result<T, PortError>, judge: impl FnOnce(T) -> Vec<Finding>) -> Vec<Finding> {
    told.map_or_else(|error| vec![Finding::could_not_tell(check, &error)], judge)
}

/// Whether `event-detector` handled a record within the last day.
#[must_use]
pub fn records(last: Result<Option<Timestamp>, PortError>, now: Timestamp) -> Vec<Finding> {
    let advice = "look whether a trail logs (the module's input `create_trail` makes one), whether EventBridge's rule is enabled and \
                  its target is the events queue, and whether `event-detector` takes from that queue and has no errors";
    findings(Check::Records, last, |last| match last {
        None => vec![Finding::problem(Check::Records, "no record of CloudTrail was ever handled".to_owned(), advice)],
        Some(last) if since(last, now) >= SILENCE => {
            let what = format!("no record of CloudTrail was handled since {}", to_the_second(last));
            vec![Finding::problem(Check::Records, what, advice)]
        }
        Some(_) => Vec::new(),
    })
}

/// Whether a scan of an organisation on GitHub came to its end within the last day. `last` is when the last one began that did.
#[must_use]
pub fn scans(last: Result<Option<Timestamp>, PortError>, owner: &str, now: Timestamp) -> Vec<Finding> {
    let advice = "look whether the schedule is enabled and its target is the queue of `github-scanner`, whether that takes from it and has no errors, \
                  and what its dead letters say";
    findings(Check::Scans, last, |last| match last {
        None => vec![Finding::problem(Check::Scans, format!("no scan of {owner} on GitHub ever came to its end"), advice)],
        Some(last) if since(last, now) >= SILENCE => {
            let what = format!("the last scan of {owner} on GitHub that came to its end began at {}", to_the_second(last));
            vec![Finding::problem(Check::Scans, what, advice)]
        }
        Some(_) => Vec::new(),
    })
}

/// A trail of CloudTrail, as far as Driftwire depends on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trail {
    /// Its ARN.
    pub arn: String,
    /// Whether it is switched on.
    pub logging: bool,
    /// Which of the calls that change something it logs.
    pub writes: Writes,
}

/// Which management events that write a trail logs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Writes {
    /// Each, but for services that a trail may leave out as a whole (KMS, RDS's Data API).
    All,
    /// Only some.
    Some,
    /// None.
    None,
}

/// Whether one of the trails that cover the region is on and logs the management events that write. EventBridge has no
/// events without one.
#[must_use]
pub fn trail(trails: Result<Vec<Trail>, PortError>, region: &str) -> Vec<Finding> {
    findings(Check::Trail, trails, |trails| {
        if trails.iter().any(|trail| trail.logging && trail.writes == Writes::All) {
            return Vec::new();
        }
        let why = trails.iter().map(|trail| match (trail.logging, trail.writes) {
            (false, _) => format!("{} is switched off", trail.arn),
            (true, Writes::Some) => format!("{} logs only some of them", trail.arn),
            (true, Writes::None | Writes::All) => format!("{} logs none of them", trail.arn),
        });
        let why = if trails.is_empty() { "there is none".to_owned() } else { named(why) };
        let what = format!("no trail logs all management events that write in {region}: {why}");
        let advice = "switch on a trail (of all regions) that logs management events, `WriteOnly` or `All`, or let the module make one \
                      (its input `create_trail`): without one, EventBridge is told of no change";
        vec![Finding::problem(Check::Trail, what, advice)]
    })
}

/// Whether a bucket with states tells EventBridge of what is written to it. One that does not is seen by the next reconcile
/// alone.
#[must_use]
pub fn notifications(tells_eventbridge: Result<bool, PortError>, bucket: &str) -> Vec<Finding> {
    findings(Check::Notifications, tells_eventbridge, |tells_eventbridge| {
        if tells_eventbridge {
            return Vec::new();
        }
        let what = format!("the bucket {bucket} sends no events to EventBridge, so that an apply is seen an hour late");
        let advice = format!(
            "add `eventbridge = true` to the `aws_s3_bucket_notification` that Terraform manages of it; where there is none, write \
             `resource \"aws_s3_bucket_notification\" \"states\"` with `bucket = \"{bucket}\"` and `eventbridge = true`, or let the module do \
             it (its input `manage_bucket_notifications`). Mind that this resource replaces all other notifications of the bucket. The \
             input `check_bucket_notifications` has each plan look at it"
        );
        vec![Finding::problem(Check::Notifications, what, &advice)]
    })
}

/// The states that the index is behind of, as [`Reconciled`](crate::index::Reconciled) tells them, without those that were
/// written a moment ago.
///
/// # Errors
///
/// Where a port failed.
pub async fn lagging(states: &impl RecordedState, clock: &impl Clock, behind: Vec<StateId>) -> Result<Vec<StateId>, PortError> {
    let mut lagging = Vec::new();
    for (at, state) in behind.into_iter().enumerate() {
        let written = if at < ASKED { states.written(&state).await? } else { None };
        if written.is_none_or(|written| since(written, clock.now()) >= ON_ITS_WAY) {
            lagging.push(state);
        }
    }
    Ok(lagging)
}

/// What of the states is not in the index as it should be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Indexing {
    /// How many states there are.
    pub states: usize,
    /// Those without an index, or with one of an older version.
    pub behind: Vec<StateId>,
    /// Those that are indexed and gone, or not configured any more.
    pub left_over: Vec<StateId>,
    /// Those whose newest version cannot be read.
    pub unreadable: Vec<StateId>,
}

/// Whether every state is indexed as it is now.
#[must_use]
pub fn states(indexing: Result<Indexing, PortError>) -> Vec<Finding> {
    findings(Check::States, indexing, |indexing| {
        let mut found = Vec::new();
        let mut add = |states: &[StateId], what: &str, advice: &str| {
            if !states.is_empty() {
                let what = format!("{} {what}: {}", count(states.len(), "state"), named(states.iter().map(ToString::to_string)));
                found.push(Finding::problem(Check::States, what, advice));
            }
        };
        add(
            &indexing.behind,
            "without an index, or with one of an older version",
            "look whether the bucket sends its events to EventBridge, whether `state-indexer` takes from its queue and has no errors, \
             and whether its schedule sends `{\"driftwire\": \"reconcile\"}`; `driftwire index rebuild` mends it now",
        );
        add(
            &indexing.left_over,
            "in the index that is gone or not configured any more",
            "let `state-indexer` reconcile (`{\"driftwire\": \"reconcile\"}` on its queue), or run `driftwire index rebuild`",
        );
        add(
            &indexing.unreadable,
            "whose newest version cannot be read",
            "look at the file: its version must be 4 and it must not be encrypted by OpenTofu; `driftwire check --state` says what is wrong",
        );
        if indexing.states == 0 {
            let what = "there is no state where states are configured to be".to_owned();
            found.push(Finding::problem(
                Check::States,
                what,
                "look at DRIFTWIRE_STATES (the module's input `state_buckets`): `bucket/prefix*`, several by comma",
            ));
        }
        found
    })
}

/// Whether an alert has been owed for longer than the sweep needs.
#[must_use]
pub fn owed_alerts(owing: Result<Owing, PortError>, now: Timestamp) -> Vec<Finding> {
    findings(Check::OwedAlerts, owing, |owing| {
        let Some(oldest) = owing.since.filter(|oldest| since(*oldest, now) >= STUCK) else { return Vec::new() };
        let what = format!("{} owed, the oldest since {}", count(owing.alerts, "alert"), to_the_second(oldest));
        let advice = "look whether a schedule sends `{\"driftwire\": \"sweep\"}` to the events queue every minute, and whether \
                      `event-detector` may publish to the topic";
        vec![Finding::problem(Check::OwedAlerts, what, advice)]
    })
}

/// Whether anybody is told.
#[must_use]
pub fn topic(subscribers: Result<usize, PortError>, name: &str) -> Vec<Finding> {
    findings(Check::Topic, subscribers, |subscribers| match subscribers {
        0 => {
            let what = format!("nobody subscribes to {name}, or has confirmed it");
            let advice =
                "subscribe somebody (the module's inputs `alert_emails` and `alert_subscriptions`), and follow the link in SNS's mail";
            vec![Finding::problem(Check::Topic, what, advice)]
        }
        _ => Vec::new(),
    })
}

/// Whether a queue that a function works from is there.
#[must_use]
pub fn queue(waiting: Result<usize, PortError>) -> Vec<Finding> {
    findings(Check::Queues, waiting, |_| Vec::new())
}

/// Whether messages were given up.
#[must_use]
pub fn dead_letters(waiting: Result<usize, PortError>, queue: &str) -> Vec<Finding> {
    findings(Check::DeadLetters, waiting, |waiting| match waiting {
        0 => Vec::new(),
        waiting => {
            let what = format!("{} in {queue}", count(waiting, "dead letter"));
            let advice = "`driftwire dead-letters list` says why; mend that, then `driftwire dead-letters retry`";
            vec![Finding::problem(Check::DeadLetters, what, advice)]
        }
    })
}

/// Whether the open drifts can be read: one that cannot closes only when it can.
#[must_use]
pub fn reads(open: Result<Vec<Drift>, PortError>) -> Vec<Finding> {
    findings(Check::Reads, open, |open| {
        let mut denied: BTreeMap<(ReasonKind, String), Vec<&Drift>> = BTreeMap::new();
        for drift in &open {
            if let Some(reason) = drift.unreadable.as_ref().filter(|reason| is_mendable(reason.kind)) {
                let place = drift.place.as_ref().map_or_else(|| "an unknown place".to_owned(), ToString::to_string);
                denied.entry((reason.kind, place)).or_default().push(drift);
            }
        }
        let finding = |((kind, place), drifts): ((ReasonKind, String), Vec<&Drift>)| {
            let said = drifts.iter().filter_map(|drift| drift.unreadable.as_ref()).map(|reason| reason.message.as_str()).next();
            let what = format!(
                "{} in {place} cannot be read ({kind}): {}; {}",
                count(drifts.len(), "instance"),
                named(drifts.iter().map(|drift| drift.instance.to_string())),
                said.unwrap_or_default()
            );
            let advice = match kind {
                ReasonKind::WrongAccount => {
                    "give the functions a role in that account: DRIFTWIRE_ASSUME_ROLE (the module's input `assume_role`)"
                }
                _ => "allow what was denied to the functions' role; `driftwire check` shows it at once",
            };
            Finding::problem(Check::Reads, what, advice)
        };
        denied.into_iter().map(finding).collect()
    })
}

fn is_mendable(kind: ReasonKind) -> bool {
    matches!(kind, ReasonKind::AccessDenied | ReasonKind::WrongAccount)
}

fn since(then: Timestamp, now: Timestamp) -> Duration {
    if now > then { now.duration_since(then).unsigned_abs() } else { Duration::ZERO }
}

fn to_the_second(at: Timestamp) -> String {
    at.strftime("%FT%TZ").to_string()
}

fn count(number: usize, noun: &str) -> String {
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
}

/// The first of these, and how many more there are.
fn named(names: impl ExactSizeIterator<Item = String>) -> String {
    let more = names.len().saturating_sub(NAMED);
    let text = names.take(NAMED).collect::<Vec<_>>().join(", ");
    if more == 0 { text } else { format!("{text}, and {more} more") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().expect("it is a time")
    }

    const NOW: &str = "2026-03-14T09:27:00Z";

    #[track_caller]
    fn check(found: &[Finding], expected: &[&str]) {
        let said: Vec<String> = found.iter().map(|finding| format!("{:?} {:?}: {}", finding.check, finding.kind, finding.what)).collect();
        assert_eq!(said, expected);
    }

    #[test]
    fn silence_for_a_day_is_a_problem_and_shorter_silence_is_none() {
        check(&records(Ok(None), at(NOW)), &["Records Problem: no record of CloudTrail was ever handled"]);
        check(&records(Ok(Some(at("2026-03-13T09:27:01Z"))), at(NOW)), &[]);
        check(
            &records(Ok(Some(at("2026-03-13T09:27:00Z"))), at(NOW)),
            &["Records Problem: no record of CloudTrail was handled since 2026-03-13T09:27:00Z"],
        );
    }

    #[test]
    fn a_day_without_a_scan_is_a_problem() {
        let said = |last: Option<&str>| scans(Ok(last.map(at)), "acme", at(NOW));
        check(&said(None), &["Scans Problem: no scan of acme on GitHub ever came to its end"]);
        check(&said(Some("2026-03-13T09:27:01Z")), &[]);
        let old = "Scans Problem: the last scan of acme on GitHub that came to its end began at 2026-03-13T09:27:00Z";
        check(&said(Some("2026-03-13T09:27:00Z")), &[old]);
    }

    #[test]
    fn what_could_not_be_looked_at_is_never_healthy() {
        let error = || PortError::Permanent { what: "asking".to_owned(), why: "denied".to_owned() };
        for found in [
            records(Err(error()), at(NOW)),
            scans(Err(error()), "acme", at(NOW)),
            trail(Err(error()), "eu-west-1"),
            notifications(Err(error()), "b"),
            states(Err(error())),
            owed_alerts(Err(error()), at(NOW)),
            topic(Err(error()), "t"),
            queue(Err(error())),
            dead_letters(Err(error()), "q"),
            reads(Err(error())),
        ] {
            assert_eq!(found.len(), 1);
            assert_eq!((found[0].kind, found[0].what.as_str()), (Kind::CouldNotTell, "asking: denied"));
        }
    }

    #[test]
    fn a_bucket_that_tells_nobody_is_named_with_what_to_write() {
        check(&notifications(Ok(true), "acme-tf"), &[]);
        let found = notifications(Ok(false), "acme-tf");
        check(&found, &["Notifications Problem: the bucket acme-tf sends no events to EventBridge, so that an apply is seen an hour late"]);
        for part in ["`bucket = \"acme-tf\"` and `eventbridge = true`", "`manage_bucket_notifications`", "replaces all other notifications"]
        {
            assert!(found[0].advice.contains(part), "{part} in {}", found[0].advice);
        }
    }

    #[test]
    fn one_trail_that_is_on_and_logs_all_writes_is_enough() {
        let trail = |arn: &str, logging, writes| Trail { arn: arn.to_owned(), logging, writes };
        let useless = [trail("a", false, Writes::All), trail("b", true, Writes::Some), trail("c", true, Writes::None)];
        check(
            &super::trail(Ok(useless.to_vec()), "eu-west-1"),
            &["Trail Problem: no trail logs all management events that write in eu-west-1: a is switched off, b logs only some of them, \
               c logs none of them"],
        );
        let enough = [useless.as_slice(), &[trail("d", true, Writes::All)]].concat();
        check(&super::trail(Ok(enough), "eu-west-1"), &[]);
        check(
            &super::trail(Ok(Vec::new()), "eu-west-1"),
            &["Trail Problem: no trail logs all management events that write in eu-west-1: there is none"],
        );
    }

    #[test]
    fn each_way_of_a_state_to_be_out_of_the_index_is_told_with_the_first_names() {
        let behind: Vec<StateId> = (0..7).map(|number| StateId(format!("s{number}"))).collect();
        let indexing = Indexing { states: 8, behind, left_over: vec![StateId("old".to_owned())], unreadable: Vec::new() };
        check(
            &states(Ok(indexing)),
            &[
                "States Problem: 7 states without an index, or with one of an older version: s0, s1, s2, s3, s4, and 2 more",
                "States Problem: 1 state in the index that is gone or not configured any more: old",
            ],
        );
        check(&states(Ok(Indexing { states: 1, ..Indexing::default() })), &[]);
    }

    #[test]
    fn an_alert_that_the_sweep_will_publish_is_no_problem() {
        let owing = |since: &str| Ok(Owing { alerts: 2, since: Some(at(since)) });
        check(&owed_alerts(owing("2026-03-14T09:25:00Z"), at(NOW)), &[]);
        check(
            &owed_alerts(owing("2026-03-14T09:22:00Z"), at(NOW)),
            &["OwedAlerts Problem: 2 alerts owed, the oldest since 2026-03-14T09:22:00Z"],
        );
    }
}
