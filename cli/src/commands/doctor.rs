//! `driftwire doctor`: what is wrong with a deployment.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    future::Future,
};

use drift_aws::{DynamoHeartbeat, DynamoIndex, DynamoLedger, DynamoNotes, SnsAlerts, SqsQueue, StatePattern, States, SystemClock};
use drift_engine::{
    doctor::{self, Check, Finding, Indexing, Kind},
    index::{IndexError, Indexer},
    ledger::owing,
    ports::{Clock as _, Heartbeat as _, Ledger as _, PortError, Query},
};
use drift_model::Instance;
use futures::StreamExt as _;
use serde::Serialize;

use crate::{
    args::{CloudArgs, DoctorArgs},
    cloud,
    exit::ExitStatus,
    output::{self, Style, count, printable},
    progress::Progress,
    trail,
};

/// What was found: `{"findings": [...], "checks": [...]}`.
#[derive(Debug, Serialize)]
struct Examined {
    /// In the order of the checks.
    findings: Vec<Finding>,
    /// Every check that was made, or tried.
    checks: Vec<Checked>,
}

#[derive(Debug, Serialize)]
struct Checked {
    check: Check,
    /// `healthy`, `problem` or `could_not_tell`.
    result: &'static str,
}

impl Examined {
    fn new(found: Vec<(Check, Vec<Finding>)>) -> Self {
        let mut by_check: BTreeMap<Check, Vec<Finding>> = BTreeMap::new();
        for (check, findings) in found {
            by_check.entry(check).or_default().extend(findings);
        }
        let result = |findings: &[Finding]| match findings.iter().map(|finding| finding.kind).min() {
            None => "healthy",
            Some(Kind::Problem) => "problem",
            Some(Kind::CouldNotTell) => "could_not_tell",
        };
        let checks = by_check.iter().map(|(check, findings)| Checked { check: *check, result: result(findings) }).collect();
        Self { findings: by_check.into_values().flatten().collect(), checks }
    }

    fn status(&self) -> ExitStatus {
        if self.findings.is_empty() { ExitStatus::InSync } else { ExitStatus::Error }
    }
}

/// Runs `driftwire doctor`.
pub(crate) async fn run(args: DoctorArgs, cloud: &CloudArgs) -> anyhow::Result<ExitStatus> {
    let json = args.json;
    let examined = Examined::new(examine(args, cloud).await);
    if json {
        output::json(&examined)?;
    } else {
        output::text(&text(&examined))?;
    }
    Ok(examined.status())
}

type Made<'a> = futures::future::BoxFuture<'a, (Check, Vec<Finding>)>;

fn check<'a>(check: Check, findings: impl Future<Output = Vec<Finding>> + Send + 'a) -> Made<'a> {
    Box::pin(async move { (check, findings.await) })
}

async fn examine(args: DoctorArgs, cloud: &CloudArgs) -> Vec<(Check, Vec<Finding>)> {
    let config = &cloud::config(cloud).await;
    let clock = SystemClock { moved_by: args.clock_file.clone() };
    let (args, clock) = (&args, &clock);
    let ledger = || Ok(DynamoLedger::new(config, given(args.ledger_table.as_ref(), "--ledger-table", "DRIFTWIRE_LEDGER_TABLE")?));
    let queue = |url: &Option<String>, option, variable| Ok(SqsQueue::new(config, given(url.as_ref(), option, variable)?));
    let topic = || given(args.topic.as_ref(), "--topic", "DRIFTWIRE_TOPIC_ARN");
    let of_aws: Vec<Made<'_>> = vec![
        check(Check::Records, async move {
            let last = match given(args.index_table.as_ref(), "--index-table", "DRIFTWIRE_INDEX_TABLE") {
                Ok(table) => DynamoHeartbeat::new(config, table).last().await,
                Err(error) => Err(error),
            };
            doctor::records(last, clock.now())
        }),
        check(Check::Trail, async move {
            doctor::trail(trail::trails(config).await, config.region().map_or("an unknown region", |region| region.as_ref()))
        }),
    ];
    let of_all: Vec<Made<'_>> = vec![
        check(Check::Notifications, async move { notifications(args, cloud, config).await }),
        check(Check::States, async move { doctor::states(Box::pin(indexing(args, cloud, config, clock)).await) }),
        check(Check::OwedAlerts, async move {
            let owing = match ledger() {
                Ok(ledger) => owing(&ledger).await,
                Err(error) => Err(error),
            };
            doctor::owed_alerts(owing, clock.now())
        }),
        check(Check::Topic, async move {
            let subscribers = match topic() {
                Ok(topic) => SnsAlerts::new(config, topic).subscribers().await,
                Err(error) => Err(error),
            };
            doctor::topic(subscribers, args.topic.as_deref().unwrap_or_default())
        }),
        check(Check::Queues, async move {
            doctor::queue(holds(queue(&args.events_queue, "--events-queue", "DRIFTWIRE_EVENTS_QUEUE_URL")).await)
        }),
        check(Check::Queues, async move {
            doctor::queue(holds(queue(&args.states_queue, "--states-queue", "DRIFTWIRE_STATES_QUEUE_URL")).await)
        }),
        check(Check::Queues, async move { of_optional(config, args.provider_queue.as_ref()).await }),
        check(Check::Queues, async move { of_optional(config, args.github_queue.as_ref()).await }),
        check(Check::Queues, async move { of_optional(config, args.slack_queue.as_ref()).await }),
        check(Check::DeadLetters, async move {
            let buried = holds(queue(&args.dead_letter_queue, "--dead-letter-queue", "DRIFTWIRE_DEAD_LETTER_QUEUE_URL")).await;
            doctor::dead_letters(buried, args.dead_letter_queue.as_deref().unwrap_or_default())
        }),
        check(Check::Reads, async move {
            let open = match ledger() {
                Ok(ledger) => ledger.list(&Query::default()).await,
                Err(error) => Err(error),
            };
            doctor::reads(open)
        }),
    ];
    let of_aws = if args.github_only { Vec::new() } else { of_aws };
    let of_github = args.github_queue.iter().map(|_| check(Check::Scans, scans(args, config, clock)));
    let checks: Vec<Made<'_>> = of_aws.into_iter().chain(of_github).chain(of_all).collect();
    let progress = Progress::new("looking at the deployment", checks.len());
    let made = futures::stream::iter(checks).buffered(4).inspect(|_| progress.step());
    made.collect().await
}

/// What a deployment that has a `github-scanner` noted of its scans.
async fn scans(args: &DoctorArgs, config: &aws_types::SdkConfig, clock: &SystemClock) -> Vec<Finding> {
    let last = async {
        let table = given(args.ledger_table.as_ref(), "--ledger-table", "DRIFTWIRE_LEDGER_TABLE")?;
        let owner = given(args.github_owner.as_ref(), "--github-owner", "GITHUB_OWNER")?;
        drift_github::scan::last(&DynamoNotes::new(config, table), owner).await
    };
    let began = last.await.map(|last| last.map(|(began, _)| began));
    doctor::scans(began, args.github_owner.as_deref().unwrap_or_default(), clock.now())
}

/// The queue of a function that not every deployment has.
async fn of_optional(config: &aws_types::SdkConfig, url: Option<&String>) -> Vec<Finding> {
    match url {
        Some(url) => doctor::queue(SqsQueue::new(config, url).holds().await),
        None => Vec::new(),
    }
}

async fn holds(queue: Result<SqsQueue, PortError>) -> Result<usize, PortError> {
    queue?.holds().await
}

/// The configured states, and the patterns that say where they are.
fn states(args: &DoctorArgs, cloud: &CloudArgs, config: &aws_types::SdkConfig) -> Result<(States, Vec<StatePattern>), PortError> {
    let patterns = given(args.states.as_ref(), "--states", "DRIFTWIRE_STATES")?;
    let wrong = |option: &str, error: String| PortError::Permanent { what: format!("reading {option}"), why: error };
    let patterns: Result<Vec<StatePattern>, _> = patterns.split(',').map(str::parse).collect();
    let patterns = patterns.map_err(|error| wrong("--states", error.to_string()))?;
    let states = cloud::states(cloud, config, patterns.clone()).map_err(|error| wrong("--state-region", error.to_string()))?;
    Ok((states, patterns))
}

/// Each bucket of the configured states.
async fn notifications(args: &DoctorArgs, cloud: &CloudArgs, config: &aws_types::SdkConfig) -> Vec<Finding> {
    let (states, patterns) = match states(args, cloud, config) {
        Ok(states) => states,
        Err(error) => return vec![Finding::could_not_tell(Check::Notifications, &error)],
    };
    let buckets: BTreeSet<&str> = patterns.iter().map(StatePattern::bucket).collect();
    let mut found = Vec::new();
    for bucket in buckets {
        found.extend(doctor::notifications(states.tells_eventbridge(bucket).await, bucket));
    }
    found
}

async fn indexing(args: &DoctorArgs, cloud: &CloudArgs, config: &aws_types::SdkConfig, clock: &SystemClock) -> Result<Indexing, PortError> {
    let table = given(args.index_table.as_ref(), "--index-table", "DRIFTWIRE_INDEX_TABLE")?;
    let (states, _) = states(args, cloud, config)?;
    let none = |_: &Instance| Vec::new();
    let settings = drift_state::Settings { default_place: None, places: BTreeMap::new(), identifiers: &none };
    let store = DynamoIndex::new(config, table);
    let indexer = Indexer { states: &states, store: &store, clock, settings: &settings };
    let found = indexer.reconcile().await.map_err(|error| match error {
        IndexError::Port(error) => error,
        error => PortError::Permanent { what: "comparing the states with the index".to_owned(), why: error.to_string() },
    })?;
    let behind = doctor::lagging(&states, clock, found.index).await?;
    Ok(Indexing { states: found.states, behind, left_over: found.remove, unreadable: found.unreadable })
}

/// What an option holds; without it, nothing can be told of what it names.
fn given<'a>(value: Option<&'a String>, option: &str, variable: &str) -> Result<&'a str, PortError> {
    let missing =
        || PortError::Permanent { what: "looking at the deployment".to_owned(), why: format!("give {option}, or set {variable}") };
    value.map(String::as_str).ok_or_else(missing)
}

fn text(examined: &Examined) -> String {
    let mut text = String::new();
    for Checked { check, result } in &examined.checks {
        let mark = match *result {
            "healthy" => Style::Good.paint("+"),
            "problem" => Style::Bad.paint("!"),
            _ => Style::Warn.paint("?"),
        };
        // Writing to a `String` cannot fail.
        let _ = writeln!(text, "{mark} {}: {}", Style::Strong.paint(name(*check)), in_words(result));
        for finding in examined.findings.iter().filter(|finding| finding.check == *check) {
            let _ = writeln!(text, "    {}", printable(&finding.what));
            let _ = writeln!(text, "    {} {}", Style::Dim.paint("to do:"), printable(&finding.advice));
        }
    }
    let _ = if examined.findings.is_empty() {
        writeln!(text, "{}", Style::Good.paint("healthy"))
    } else {
        writeln!(text, "{}", count(examined.findings.len(), "finding"))
    };
    text
}

fn in_words(result: &str) -> &str {
    match result {
        "could_not_tell" => "could not tell",
        result => result,
    }
}

/// A check as people read it.
fn name(check: Check) -> &'static str {
    match check {
        Check::Records => "records come from CloudTrail",
        Check::Scans => "scans of GitHub come to their end",
        Check::Trail => "a trail logs what people write",
        Check::Notifications => "state buckets tell of what is written",
        Check::States => "the index is up with the states",
        Check::OwedAlerts => "alerts get out",
        Check::Topic => "somebody is told",
        Check::Queues => "the functions' queues are there",
        Check::DeadLetters => "no message was given up",
        Check::Reads => "instances can be read",
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn finding(check: Check, kind: Kind, what: &str) -> Finding {
        Finding { check, kind, what: what.to_owned(), advice: "do something".to_owned() }
    }

    fn examined() -> Examined {
        Examined::new(vec![
            (Check::Queues, Vec::new()),
            (Check::Records, vec![finding(Check::Records, Kind::CouldNotTell, "denied \u{1b}[2J")]),
            (Check::Queues, vec![finding(Check::Queues, Kind::CouldNotTell, "no such queue")]),
            (Check::DeadLetters, vec![finding(Check::DeadLetters, Kind::Problem, "2 dead letters in q")]),
            (Check::Topic, Vec::new()),
        ])
    }

    #[test]
    fn people_read_each_check_with_what_is_wrong_and_what_to_do() {
        insta::assert_snapshot!(anstream::adapter::strip_str(&text(&examined())), @r"
        ? records come from CloudTrail: could not tell
            denied \u{1b}[2J
            to do: do something
        + somebody is told: healthy
        ? the functions' queues are there: could not tell
            no such queue
            to do: do something
        ! no message was given up: problem
            2 dead letters in q
            to do: do something
        3 findings
        ");
        insta::assert_snapshot!(anstream::adapter::strip_str(&text(&Examined::new(vec![(Check::Topic, Vec::new())]))), @r"
        + somebody is told: healthy
        healthy
        ");
    }

    #[test]
    fn machines_read_findings_and_checks() {
        let document = serde_json::to_value(examined()).expect("it prints");
        assert_eq!(
            document["findings"][2],
            json!({"check": "dead_letters", "severity": "problem", "what": "2 dead letters in q", "advice": "do something"})
        );
        assert_eq!(
            document["checks"],
            json!([
                {"check": "records", "result": "could_not_tell"},
                {"check": "topic", "result": "healthy"},
                {"check": "queues", "result": "could_not_tell"},
                {"check": "dead_letters", "result": "problem"},
            ])
        );
    }

    #[test]
    fn only_what_was_looked_at_and_is_well_ends_with_0() {
        assert_eq!(examined().status(), ExitStatus::Error);
        assert_eq!(Examined::new(vec![(Check::Topic, Vec::new())]).status(), ExitStatus::InSync);
        let untold = Examined::new(vec![(Check::Topic, vec![finding(Check::Topic, Kind::CouldNotTell, "denied")])]);
        assert_eq!(untold.status(), ExitStatus::Error);
    }
}
