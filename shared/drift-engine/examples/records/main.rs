//! Which share of the instances that drifted do the records of the truth name, and at how many instances a record?
//!
//! `cargo run -p drift-engine --example records -- ../shared/truth [fleet-size] [details]`: one state at a time, then with
//! all states, renamed over and over, in one index. The same question as `score.py --records` asks of the command line.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "it is a program")]

use std::{
    collections::{BTreeMap, BTreeSet},
    error::Error,
    fs,
    path::{Path, PathBuf},
    pin::pin,
    task::{Context, Poll, Waker},
};

use drift_catalog::Catalog;
use drift_engine::{index::MemoryIndex, naming};
use drift_events::Outcome;
use drift_model::{Change, Place, StateId};
use drift_state::Settings;
use serde_json::Value;

mod fleet;

use fleet::Renaming;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// One change of the truth: what drifted, and what was recorded.
struct Case {
    scenario: String,
    name: String,
    drifted: BTreeSet<String>,
    records: String,
}

fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let Some(truth) = arguments.next().map(PathBuf::from).filter(|path| path.is_dir()) else {
        eprintln!("skipped: ../shared/truth is absent");
        return Ok(());
    };
    let size: usize = arguments.next().map_or(Ok(0), |text| text.parse())?;
    let details = arguments.next().is_some();
    let catalog = Catalog::builtin()?;
    let mut states = BTreeMap::new();
    let mut cases = Vec::new();
    for folder in folders(&truth)? {
        let scenario = folder.strip_prefix(&truth)?.display().to_string();
        states.insert(scenario.clone(), fs::read_to_string(folder.join("terraform.tfstate"))?);
        for change in sorted(&folder.join("changes"))? {
            let truth: Value = serde_json::from_str(&fs::read_to_string(change.join("truth.json"))?)?;
            let drift = truth["drift"].as_array().cloned().unwrap_or_default();
            cases.push(Case {
                scenario: scenario.clone(),
                name: change.file_name().unwrap_or_default().to_string_lossy().into_owned(),
                drifted: drift.iter().filter_map(|one| one["address"].as_str()).map(str::to_owned).collect(),
                records: fs::read_to_string(change.join("events.jsonl"))?,
            });
        }
    }
    let mut alone = Count::default();
    for (scenario, text) in &states {
        let mut index = MemoryIndex::default();
        add(&mut index, &catalog, scenario, text)?;
        for case in cases.iter().filter(|case| case.scenario == *scenario) {
            alone.case(&catalog, &index, case, details)?;
        }
    }
    println!("one state at a time: {alone}");
    if size > 0 {
        let mut index = MemoryIndex::default();
        let mut instances = 0;
        let renaming: BTreeMap<&String, Renaming> = states.iter().map(|(scenario, text)| (scenario, Renaming::of(text))).collect();
        'fleet: for copy in 0.. {
            for (number, (scenario, text)) in states.iter().enumerate() {
                let name = if copy == 0 { scenario.clone() } else { format!("{scenario}/{copy}") };
                let text = renaming[scenario].state(text, copy * states.len() + number, copy > 0);
                instances += add(&mut index, &catalog, &name, &text)?;
                if instances >= size {
                    break 'fleet;
                }
            }
        }
        let mut fleet = Count::default();
        let numbers: BTreeMap<&String, usize> = states.keys().zip(0..).collect();
        for case in &mut cases {
            case.records = renaming[&case.scenario].records(&case.records, numbers[&case.scenario]);
            fleet.case(&catalog, &index, case, details)?;
        }
        println!("among {instances} instances: {fleet}");
    }
    Ok(())
}

fn add(index: &mut MemoryIndex, catalog: &Catalog, scenario: &str, text: &str) -> Result<usize> {
    let settings = Settings {
        default_place: Some(Place::new("aws", "123456789012", "us-east-1")),
        places: BTreeMap::new(),
        identifiers: &|instance| naming::identifiers(catalog, instance),
    };
    let state = drift_state::read(text.as_bytes(), &settings)?;
    index.add(&StateId(scenario.to_owned()), "etag", &state);
    Ok(state.found.len())
}

#[derive(Default)]
struct Count {
    drifted: usize,
    named: usize,
    blamed: usize,
    looks: Vec<usize>,
    most: Vec<(usize, String)>,
}

impl Count {
    fn case(&mut self, catalog: &Catalog, index: &MemoryIndex, case: &Case, details: bool) -> Result<()> {
        let (mut found, mut blamed) = (BTreeSet::new(), BTreeSet::new());
        let mut changes: Vec<Change> = Vec::new();
        for record in drift_events::records(case.records.as_bytes()) {
            let reading = drift_events::read(&record?);
            match reading.outcome {
                Outcome::Change(change) => {
                    let matches = now(naming::matches(catalog, index, &change))??.found;
                    for one in matches.iter().filter(|one| one.instance.state.0 == case.scenario) {
                        let address = one.instance.key.address.to_string();
                        found.insert(address.clone());
                        if one.cause {
                            blamed.insert(address);
                        }
                    }
                    self.looks.push(matches.len());
                    if matches.len() > 6 {
                        self.most
                            .push((matches.len(), format!("{}/{} {}: {}", case.scenario, case.name, reading.head.event, list(&matches))));
                    }
                    changes.push(*change);
                }
                _ => self.looks.push(0),
            }
        }
        self.drifted += case.drifted.len();
        self.named += case.drifted.intersection(&found).count();
        self.blamed += case.drifted.intersection(&blamed).count();
        if details {
            for address in case.drifted.difference(&found) {
                println!("not named: {}/{}: {address}", case.scenario, case.name);
                for change in &changes {
                    let names: Vec<_> = change.names.iter().take(12).map(|name| name.value.as_str()).collect();
                    println!("    {}:{} {names:?}", change.source, change.name);
                }
            }
            for address in case.drifted.difference(&blamed).filter(|address| found.contains(*address)) {
                println!("not blamed: {}/{}: {address}", case.scenario, case.name);
            }
            for (number, text) in self.most.drain(..) {
                println!("{number} looks: {text}");
            }
        }
        Ok(())
    }
}

/// The result of a future that waits for nothing, as those of an index in memory.
fn now<F: Future>(future: F) -> Result<F::Output> {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => Ok(output),
        Poll::Pending => Err("an index in memory that waits".into()),
    }
}

fn list(matches: &[naming::Match]) -> String {
    let shown =
        matches.iter().take(12).map(|one| format!("{}<-{}@{} {:?}", one.instance.key.address, one.identifier, one.at, one.strength));
    shown.collect::<Vec<_>>().join(" ; ")
}

impl std::fmt::Display for Count {
    #[expect(clippy::cast_precision_loss, reason = "counts of thousands")]
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut looks = self.looks.clone();
        looks.sort_unstable();
        let at = |share: usize| looks.get((looks.len().saturating_sub(1)) * share / 100).copied().unwrap_or_default();
        let share = |part: usize| 100.0 * part as f64 / self.drifted.max(1) as f64;
        let mean = looks.iter().sum::<usize>() as f64 / looks.len().max(1) as f64;
        write!(
            f,
            "{:.2} % of {} drifted instances named, {:.2} % with a cause; {mean:.2} instances a record over {}, median {}, p95 {}",
            share(self.named),
            self.drifted,
            share(self.blamed),
            looks.len(),
            at(50),
            at(95)
        )
    }
}

fn folders(truth: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for group in sorted(truth)?.into_iter().filter(|path| path.is_dir()) {
        found.extend(sorted(&group)?.into_iter().filter(|path| path.join("baseline.json").is_file()));
    }
    Ok(found)
}

fn sorted(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut paths = fs::read_dir(folder)?.map(|entry| entry.map(|entry| entry.path())).collect::<std::result::Result<Vec<_>, _>>()?;
    paths.sort();
    Ok(paths)
}
