//! Every CloudTrail record of the corpus of real ones, which is not part of the repository.

use std::{collections::BTreeMap, fs, io::Write as _, path::PathBuf};

use drift_events::{Outcome, read, records};
use insta::assert_snapshot;

/// The lines of the `.jsonl` files of a folder of the corpus; `None`, and a line that says so, where it is absent.
fn corpus(folder: &str) -> Option<Vec<String>> {
    let shared =
        option_env!("DRIFTWIRE_SHARED").map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared"), PathBuf::from);
    let Ok(entries) = fs::read_dir(shared.join("corpus/cloudtrail").join(folder)) else {
        // Written directly, because the test harness would capture `eprintln!`.
        let _ = writeln!(std::io::stderr(), "skipped: ../shared/corpus is absent");
        return None;
    };
    let mut files: Vec<_> = entries.map(|entry| entry.expect("a readable folder").path()).filter(|path| path.is_file()).collect();
    files.sort();
    let texts = files.iter().map(|path| fs::read_to_string(path).expect("a readable file"));
    Some(texts.flat_map(|text| text.lines().map(str::to_owned).collect::<Vec<_>>()).collect())
}

fn name(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Change(_) => "change",
        Outcome::ReadOnly => "read-only",
        Outcome::Failed { .. } => "failed",
        Outcome::Internal => "internal",
        Outcome::Malformed { .. } => "malformed",
    }
}

/// How many records end in which outcome, and what is wrong with those that are malformed. Each line is exactly one record.
fn outcomes(lines: &[String]) -> String {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for line in lines {
        let [Ok(record)] = &records(line.as_bytes())[..] else { panic!("not one record: {line}") };
        let reading = read(record);
        let why = if let Outcome::Malformed { why } = &reading.outcome { format!(" ({why})") } else { String::new() };
        *counts.entry(format!("{}{why}", name(&reading.outcome))).or_default() += 1;
        if let Outcome::Change(change) = &reading.outcome {
            assert!(!change.actor.name.is_empty() && !reading.head.event.is_empty(), "{line}");
            assert!(!change.place.account.is_empty() && !change.place.region.is_empty(), "{line}");
        }
    }
    counts.into_iter().map(|(outcome, count)| format!("{outcome}: {count}")).collect::<Vec<_>>().join(", ")
}

#[test]
fn every_write_has_exactly_one_outcome() {
    let Some(lines) = corpus("") else { return };
    assert_snapshot!(outcomes(&lines), @"change: 577, failed: 102, internal: 52");
}

#[test]
fn a_read_leads_nowhere() {
    let Some(lines) = corpus("read") else { return };
    assert_snapshot!(outcomes(&lines), @"failed: 1, internal: 4, read-only: 356");
}

#[test]
fn an_envelope_of_eventbridge_is_its_record() {
    let Some(lines) = corpus("eventbridge") else { return };
    assert_snapshot!(outcomes(&lines), @"change: 19, malformed (an eventTime that is no time): 2, read-only: 1");
}

#[test]
fn actors_are_named_as_people_would() {
    let Some(lines) = corpus("") else { return };
    let mut kinds: BTreeMap<&str, usize> = BTreeMap::new();
    let mut tools: BTreeMap<String, usize> = BTreeMap::new();
    for line in &lines {
        let actor = read(line.as_bytes()).head.actor;
        *kinds.entry(actor.kind.name()).or_default() += 1;
        if let Some(tool) = actor.tool {
            *tools.entry(tool.to_string()).or_default() += 1;
        }
    }
    assert_snapshot!(format!("{kinds:?} {tools:?}"), @r#"{"iam_user": 574, "role": 86, "root": 2, "service": 53, "sso_user": 11, "unknown": 5} {"CloudFormation": 3, "Pulumi": 3, "Terraform": 464}"#);
}
