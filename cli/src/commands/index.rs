//! `driftwire index rebuild`: the index from the states alone.

use std::{collections::BTreeMap, fmt::Write as _};

use anyhow::Context as _;
use drift_aws::{DynamoIndex, StatePattern, SystemClock};
use drift_engine::{
    index::{IndexError, IndexStore, Indexed, Indexer},
    naming,
    ports::{Clock, RecordedState},
};
use drift_model::StateId;
use drift_state::{Problem, Settings};
use serde::Serialize;

use crate::{
    args::{CloudArgs, IndexCommand, RebuildArgs},
    cloud,
    exit::ExitStatus,
    output::{self, Style, count, printable},
    progress::Progress,
};

/// What became of the index: `{"states": [...], "removed": [...]}`.
#[derive(Debug, Default, Serialize)]
struct Rebuilt {
    /// By name.
    states: Vec<RebuiltState>,
    /// The states that the index held and that are gone.
    removed: Vec<String>,
}

#[derive(Debug, Serialize)]
struct RebuiltState {
    state: String,
    /// How many instances it holds.
    instances: u64,
    /// How many items were written.
    written: usize,
    /// What was left out of it because it is odd: address and why.
    problems: Vec<(String, String)>,
    /// Why it could not be indexed; nothing where it could.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

impl RebuiltState {
    fn new(state: StateId, indexed: Result<Indexed, IndexError>) -> Self {
        let (indexed, error) = match indexed {
            Ok(indexed) => (indexed, None),
            // With its causes, on one line.
            Err(error) => (Indexed::default(), Some(format!("{:#}", anyhow::Error::from(error)))),
        };
        let problems = indexed.problems.into_iter().map(|Problem { address, why }| (address, why)).collect();
        Self { state: state.0, instances: indexed.instances, written: indexed.written, problems, error }
    }
}

/// Runs `driftwire index rebuild`.
pub(crate) async fn run(command: IndexCommand, cloud: &CloudArgs) -> anyhow::Result<ExitStatus> {
    let IndexCommand::Rebuild(args) = command;
    let RebuildArgs { index_table, states, default_place, json } = args;
    let patterns: Vec<StatePattern> = states.split(',').map(str::parse).collect::<Result<_, _>>().context("reading --states")?;
    let config = cloud::config(cloud).await;
    let catalog = cloud::catalog()?;
    let settings = Settings {
        default_place: default_place.map(|place| place.0),
        places: BTreeMap::new(),
        identifiers: &|instance| naming::identifiers(&catalog, instance),
    };
    let (states, store) = (cloud::states(cloud, &config, patterns)?, DynamoIndex::new(&config, index_table));
    let indexer = Indexer { states: &states, store: &store, clock: &SystemClock::default(), settings: &settings };
    let rebuilt = Box::pin(rebuild(&indexer)).await?;
    if json {
        output::json(&rebuilt)?;
    } else {
        output::text(&text(&rebuilt))?;
    }
    let failed = rebuilt.states.iter().any(|state| state.error.is_some());
    Ok(if failed { ExitStatus::Error } else { ExitStatus::InSync })
}

/// Indexes every state anew and forgets those that are gone. A state that cannot be indexed costs only itself.
async fn rebuild<S: RecordedState, I: IndexStore, C: Clock>(indexer: &Indexer<'_, S, I, C>) -> anyhow::Result<Rebuilt> {
    let states = indexer.states.states().await?;
    let progress = Progress::new("indexing states", states.len());
    let mut rebuilt = Rebuilt::default();
    for (state, _) in states {
        let outcome = indexer.rebuild_state(&state).await;
        rebuilt.states.push(RebuiltState::new(state, outcome));
        progress.step();
    }
    for state in indexer.reconcile().await?.remove {
        indexer.remove_state(&state).await.with_context(|| format!("removing {state} from the index"))?;
        rebuilt.removed.push(state.0);
    }
    Ok(rebuilt)
}

fn text(rebuilt: &Rebuilt) -> String {
    let mut text = String::new();
    for state in &rebuilt.states {
        let name = Style::Strong.paint(&printable(&state.state));
        // Writing to a `String` cannot fail.
        let _ = match &state.error {
            Some(error) => writeln!(text, "{} {name}: {}", Style::Bad.paint("!"), printable(error)),
            None => writeln!(
                text,
                "{} {name}: {}, {} written",
                Style::Good.paint("+"),
                count(to_usize(state.instances), "instance"),
                count(state.written, "item")
            ),
        };
        for (address, why) in &state.problems {
            let _ = writeln!(text, "    left out: {}: {}", printable(address), printable(why));
        }
    }
    for state in &rebuilt.removed {
        let _ = writeln!(text, "{} {}: gone", Style::Dim.paint("-"), printable(state));
    }
    let failed = rebuilt.states.iter().filter(|state| state.error.is_some()).count();
    let _ = writeln!(text, "{} indexed, {failed} failed, {} removed", count(rebuilt.states.len() - failed, "state"), rebuilt.removed.len());
    text
}

fn to_usize(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_state_is_told_and_one_that_failed_costs_only_itself() {
        let state = |name: &str, error: Option<&str>| RebuiltState {
            state: name.to_owned(),
            instances: 2,
            written: 7,
            problems: vec![("aws_x.y".to_owned(), "it is odd".to_owned())],
            error: error.map(str::to_owned),
        };
        let rebuilt = Rebuilt {
            states: vec![state("s3://a/1", None), RebuiltState { problems: Vec::new(), ..state("s3://a/2", Some("version 3")) }],
            removed: vec!["s3://a/3".to_owned()],
        };
        insta::assert_snapshot!(anstream::adapter::strip_str(&text(&rebuilt)), @r"
        + s3://a/1: 2 instances, 7 items written
            left out: aws_x.y: it is odd
        ! s3://a/2: version 3
        - s3://a/3: gone
        1 state indexed, 1 failed, 1 removed
        ");
    }
}
