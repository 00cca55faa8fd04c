use std::{collections::BTreeMap, io::Write};

use drift_model::Timestamp;
use serde_json::{Value, json};

/// Writes counts as one line in CloudWatch's embedded metric format on standard output, in the namespace `Driftwire`
/// with the dimension `Function`. Zeros are left out: they would cost a data point each.
pub fn emit(function: &str, now: Timestamp, counts: &BTreeMap<&'static str, usize>) {
    let Some(line) = line(function, now, counts) else { return };
    // A closed standard output must not cost the batch.
    let _ = writeln!(std::io::stdout().lock(), "{line}");
}

fn line(function: &str, now: Timestamp, counts: &BTreeMap<&'static str, usize>) -> Option<Value> {
    let counts: BTreeMap<_, _> = counts.iter().filter(|(_, count)| **count > 0).collect();
    if counts.is_empty() {
        return None;
    }
    let names: Vec<Value> = counts.keys().map(|name| json!({"Name": name, "Unit": "Count"})).collect();
    let mut line = json!({
        "_aws": {
            "Timestamp": now.as_millisecond(),
            "CloudWatchMetrics": [{"Namespace": "Driftwire", "Dimensions": [["Function"]], "Metrics": names}],
        },
        "Function": function,
    });
    for (name, count) in counts {
        line[*name] = json!(count);
    }
    Some(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_declares_every_metric_that_it_holds() {
        let counts = BTreeMap::from([("judged", 2), ("malformed", 0)]);
        let line = line("event-detector", Timestamp::UNIX_EPOCH, &counts).expect("there is something to count");
        assert_eq!(line["_aws"]["CloudWatchMetrics"][0]["Metrics"], json!([{"Name": "judged", "Unit": "Count"}]));
        assert_eq!((&line["judged"], &line["Function"], line.get("malformed")), (&json!(2), &json!("event-detector"), None));
    }
}
