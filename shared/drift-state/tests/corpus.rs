//! Every state of the corpus of real ones, which is not part of the repository.

use std::{collections::BTreeMap, fs, io::Write as _, path::PathBuf};

use drift_model::{Declared, identifiers_of};
use drift_state::{Settings, StateError, instance, read};
use insta::assert_snapshot;
use serde_json::Value;

/// The files of a folder of the corpus, sorted by name; `None`, and a line that says so, where it is absent.
fn corpus(folder: &str) -> Option<Vec<(String, Vec<u8>)>> {
    let shared =
        option_env!("DRIFTWIRE_SHARED").map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared"), PathBuf::from);
    let folder = shared.join("corpus").join(folder);
    let Ok(entries) = fs::read_dir(&folder) else {
        // Written directly, because the test harness would capture `eprintln!`.
        let _ = writeln!(std::io::stderr(), "skipped: ../shared/corpus is absent");
        return None;
    };
    let mut files: Vec<_> = entries
        .map(|entry| entry.expect("a readable folder"))
        .map(|entry| (entry.file_name().to_string_lossy().into_owned(), fs::read(entry.path()).expect("a readable file")))
        .collect();
    files.sort();
    Some(files)
}

fn settings() -> Settings<'static> {
    Settings { default_place: None, places: BTreeMap::new(), identifiers: &|instance| identifiers_of(instance, &Declared::default()) }
}

/// How many managed instances a state holds, counted another way.
fn managed(bytes: &[u8]) -> usize {
    let state: Value = serde_json::from_slice(bytes).expect("JSON");
    let resources = state["resources"].as_array().cloned().unwrap_or_default();
    resources
        .iter()
        .filter(|resource| resource["mode"] == "managed")
        .map(|resource| resource["instances"].as_array().map_or(0, Vec::len))
        .sum()
}

/// Instances found, of those with a place, and problems, over a folder.
fn count(folder: &str) -> Option<String> {
    let (mut files, mut found, mut placed, mut aws, mut problems) = (0, 0, 0, 0, Vec::new());
    for (name, bytes) in corpus(folder)? {
        let state = read(&bytes, &settings()).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(state.found.len() + state.problems.len(), managed(&bytes), "{name}");
        for found in &state.found {
            match instance(found.bytes(&bytes), found.outside()) {
                Ok(again) => assert_eq!(identifiers_of(&again, &Declared::default()), found.identifiers, "{name}: {}", found.key),
                Err(error) => assert!(error.to_string().contains("attributes_flat"), "{name}: {error}"),
            }
        }
        files += 1;
        found += state.found.len();
        aws += state.found.iter().filter(|found| found.provider.ends_with("/aws")).count();
        placed += state.found.iter().filter(|found| found.place.is_some()).count();
        problems.extend(state.problems.iter().map(|problem| format!("\n{}: {}", problem.address, problem.why)));
    }
    Some(format!(
        "{files} states, {found} instances, {aws} of AWS, {placed} with a place, {} problems{}",
        problems.len(),
        problems.concat()
    ))
}

#[test]
fn every_real_state_is_read_and_every_instance_decoded_from_its_range() {
    let Some(counts) = count("tfstate") else { return };
    assert_snapshot!(counts, @"135 states, 489 instances, 382 of AWS, 236 with a place, 0 problems");
}

#[test]
fn odd_but_legal_states_are_read() {
    let Some(counts) = count("tfstate_engine") else { return };
    assert_snapshot!(counts, @"55 states, 65 instances, 0 of AWS, 0 with a place, 0 problems");
}

#[test]
fn old_and_broken_files_give_a_clear_error() {
    for folder in ["tfstate_old_or_odd", "tfstate_broken"] {
        let Some(files) = corpus(folder) else { return };
        for (name, bytes) in files {
            let error = read(&bytes, &settings()).expect_err(&name);
            let expected = if folder == "tfstate_broken" {
                matches!(error, StateError::Syntax { .. })
            } else {
                matches!(error, StateError::OldVersion { .. })
            };
            assert!(expected, "{name}: {error}");
        }
    }
}
