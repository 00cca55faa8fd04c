use std::{collections::BTreeMap, io::Write, time::Duration};

use drift_model::Timestamp;
use serde_json::{Value, json};

/// One metric that a function writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Metric {
    /// Its name, in the namespace `Driftwire` with the dimension `Function`.
    pub name: &'static str,
    /// CloudWatch's unit: `Count` or `Seconds`.
    pub unit: &'static str,
    /// The functions that write it.
    pub functions: &'static [&'static str],
    /// What it says.
    pub meaning: &'static str,
}

const DETECTOR: &[&str] = &["event-detector"];
const INDEXER: &[&str] = &["state-indexer"];
const JUDGES: &[&str] = &["event-detector", "provider-judge", "github-scanner"];
const SCANNER: &[&str] = &["github-scanner"];
const NOTIFIER: &[&str] = &["slack-notifier"];
const EACH: &[&str] = &["event-detector", "state-indexer", "provider-judge", "github-scanner", "slack-notifier"];

const fn metric(name: &'static str, unit: &'static str, functions: &'static [&'static str], meaning: &'static str) -> Metric {
    Metric { name, unit, functions, meaning }
}

/// Every metric, by name. `docs/metrics.md` holds the same table.
pub const METRICS: [Metric; 32] = [
    metric("dead_letters", "Count", EACH, "messages that this invocation buried, as they cannot succeed"),
    metric(
        "deferred",
        "Count",
        DETECTOR,
        "records whose instances are judged later: Terraform is at work, the index is behind, a read failed for now, or `provider-judge` or `github-scanner` is to judge them",
    ),
    metric("delivered_again", "Count", EACH, "messages that the queue is to deliver again"),
    metric("failed_call", "Count", DETECTOR, "records of calls that failed"),
    metric("github_points_left", "Count", SCANNER, "points of GitHub's limit that were left after a part of a scan"),
    metric("github_requests", "Count", SCANNER, "requests to GitHub that were made for a part of a scan"),
    metric(
        "handed_over",
        "Count",
        DETECTOR,
        "instances that were handed over to `provider-judge` or `github-scanner`, as the native reader does not read them",
    ),
    metric("hidden", "Count", JUDGES, "differences, and things in no state, that the ignore file hid"),
    metric("index_items_written", "Count", INDEXER, "items of the index that were written"),
    metric(
        "index_lag_seconds",
        "Seconds",
        INDEXER,
        "for each state that was indexed: how long ago it was written, when its index was up to date",
    ),
    metric("internal", "Count", DETECTOR, "records of a service's own doing that is no configuration"),
    metric("judged", "Count", DETECTOR, "records of which at least one instance was judged"),
    metric("left_out", "Count", DETECTOR, "instances that records led to beyond those that are looked at for one record"),
    metric("looked_at", "Count", JUDGES, "instances that were looked at"),
    metric("malformed", "Count", DETECTOR, "records, or messages, that are no CloudTrail record"),
    metric("names_left_out", "Count", DETECTOR, "names of records beyond those that are looked up for one record"),
    metric("not_managed", "Count", DETECTOR, "records that name no instance of any state"),
    metric("overflowed", "Count", DETECTOR, "records with a name that leads to more instances than the index keeps"),
    metric("owed_alerts", "Count", DETECTOR, "alerts that are owed after a sweep; 200 stands for 200 or more"),
    metric("owed_oldest_seconds", "Seconds", DETECTOR, "how long the oldest of them has been owed"),
    metric("read_only", "Count", DETECTOR, "records that changed nothing"),
    metric("repeats_dropped", "Count", NOTIFIER, "alerts and alarms that were not sent, as they had been sent before"),
    metric("scan_parts_later", "Count", SCANNER, "parts of a scan that were put off, as GitHub's limit was reached"),
    metric("scanned", "Count", SCANNER, "instances that a scan looked at"),
    metric("scans", "Count", SCANNER, "scans that came to their end"),
    metric("sent", "Count", NOTIFIER, "alerts and alarms that Slack took"),
    metric("states_behind", "Count", INDEXER, "states that a reconcile found without an index, with an older one, or gone"),
    metric("states_indexed", "Count", INDEXER, "states whose index was changed"),
    metric("told", "Count", JUDGES, "transitions that were told"),
    metric("unknown", "Count", JUDGES, "instances that were looked at and of which nothing can be told: denied, throttled, not decodable"),
    metric("unmanaged", "Count", SCANNER, "things in GitHub that no state manages, at the end of a scan"),
    metric("unsupported", "Count", DETECTOR, "records that name only what no reader reads"),
];

/// CloudWatch takes at most so many values of a metric in one line.
const MOST_VALUES: usize = 100;

/// What an invocation counted and measured.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Metrics {
    counts: BTreeMap<&'static str, usize>,
    seconds: BTreeMap<&'static str, Vec<u64>>,
}

impl Metrics {
    /// Adds to a count.
    pub fn count(&mut self, name: &'static str, number: usize) {
        *self.counts.entry(name).or_default() += number;
    }

    /// Adds a measured time, in whole seconds.
    pub fn seconds(&mut self, name: &'static str, time: Duration) {
        self.seconds.entry(name).or_default().push(time.as_secs());
    }

    /// Writes them as one line in CloudWatch's embedded metric format on standard output, in the namespace `Driftwire` with
    /// the dimension `Function`. Counts of zero are left out: they would cost a data point each.
    pub fn emit(&self, function: &str, now: Timestamp) {
        let Some(line) = self.line(function, now) else { return };
        // A closed standard output must not cost the batch.
        let _ = writeln!(std::io::stdout().lock(), "{line}");
    }

    fn line(&self, function: &str, now: Timestamp) -> Option<Value> {
        let counts = self.counts.iter().filter(|(_, count)| **count > 0).map(|(name, count)| (*name, json!(count)));
        let seconds = self.seconds.iter().map(|(name, values)| (*name, json!(values[..values.len().min(MOST_VALUES)])));
        let values: BTreeMap<&str, Value> = counts.chain(seconds).collect();
        if values.is_empty() {
            return None;
        }
        let declared: Vec<Value> = values.keys().map(|name| json!({"Name": name, "Unit": unit(name)})).collect();
        let mut line = json!({
            "_aws": {
                "Timestamp": now.as_millisecond(),
                "CloudWatchMetrics": [{"Namespace": "Driftwire", "Dimensions": [["Function"]], "Metrics": declared}],
            },
            "Function": function,
        });
        for (name, value) in values {
            line[name] = value;
        }
        Some(line)
    }
}

fn unit(name: &str) -> &'static str {
    METRICS.iter().find(|metric| metric.name == name).map_or("None", |metric| metric.unit)
}

#[cfg(test)]
mod tests {
    use drift_engine::detect::Outcome;

    use super::*;

    #[test]
    fn a_line_declares_every_metric_that_it_holds() {
        let mut metrics = Metrics::default();
        metrics.count("judged", 2);
        metrics.count("malformed", 0);
        metrics.seconds("index_lag_seconds", Duration::from_millis(2_900));
        metrics.seconds("index_lag_seconds", Duration::ZERO);
        let line = metrics.line("event-detector", Timestamp::UNIX_EPOCH).expect("there is something to count");
        assert_eq!(
            line["_aws"]["CloudWatchMetrics"][0]["Metrics"],
            json!([{"Name": "index_lag_seconds", "Unit": "Seconds"}, {"Name": "judged", "Unit": "Count"}])
        );
        assert_eq!((&line["judged"], &line["index_lag_seconds"]), (&json!(2), &json!([2, 0])));
        assert_eq!((&line["Function"], line.get("malformed")), (&json!("event-detector"), None));
    }

    #[test]
    fn nothing_counted_is_no_line_and_no_line_holds_more_than_cloudwatch_takes() {
        let mut metrics = Metrics::default();
        metrics.count("judged", 0);
        assert_eq!(metrics.line("event-detector", Timestamp::UNIX_EPOCH), None);
        for _ in 0..=MOST_VALUES {
            metrics.seconds("index_lag_seconds", Duration::from_secs(1));
        }
        let line = metrics.line("state-indexer", Timestamp::UNIX_EPOCH).expect("there is something measured");
        assert_eq!(line["index_lag_seconds"].as_array().map(Vec::len), Some(MOST_VALUES));
    }

    #[test]
    fn every_outcome_is_a_metric_and_the_table_is_sorted() {
        assert!(METRICS.is_sorted_by_key(|metric| metric.name));
        for outcome in Outcome::ALL {
            assert!(METRICS.iter().any(|metric| metric.name == outcome.name()), "add `{}` to METRICS", outcome.name());
        }
    }

    #[test]
    fn the_documentation_holds_the_same_table() {
        let row = |metric: &Metric| {
            let functions: Vec<String> = metric.functions.iter().map(|function| format!("`{function}`")).collect();
            format!("| `{}` | {} | {} | {} |", metric.name, metric.unit, functions.join(", "), metric.meaning)
        };
        let expected: Vec<String> = METRICS.iter().map(row).collect();
        let page = include_str!("../../../docs/metrics.md");
        let metrics = page.lines().take_while(|line| *line != "## Log lines");
        let held: Vec<&str> = metrics.filter(|line| line.starts_with("| `")).collect();
        assert_eq!(held, expected, "write this table into docs/metrics.md:\n{}", expected.join("\n"));
    }
}
