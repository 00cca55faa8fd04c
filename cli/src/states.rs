//! The states that the command line names, read as a whole.

use std::{collections::BTreeMap, path::Path};

use anyhow::Context as _;
use drift_aws::States;
use drift_engine::{
    ignore::Ignore,
    ports::{Location, RecordedState as _},
};
use drift_model::{Identifier, Instance, InstanceKey, StateId, Timestamp};
use drift_state::{Outside, Problem, Settings, State};

use crate::{
    args::{CloudArgs, StateArgs},
    cloud, input,
    output::{self, Style, printable},
};

/// One state and its bytes.
pub(crate) struct Loaded {
    /// As the command line names it.
    pub(crate) id: StateId,
    /// The file.
    pub(crate) bytes: Vec<u8>,
    /// What it holds.
    pub(crate) state: State,
}

impl Loaded {
    /// Every instance, decoded; what is odd in the state is told as a problem.
    pub(crate) fn instances(&self) -> (Vec<Instance>, Vec<Problem>) {
        let mut problems = self.state.problems.clone();
        let mut instances = Vec::with_capacity(self.state.found.len());
        for found in &self.state.found {
            match drift_state::instance(found.bytes(&self.bytes), found.outside()) {
                Ok(instance) => instances.push(instance),
                Err(error) => problems.push(Problem { address: found.key.to_string(), why: error.to_string() }),
            }
        }
        (instances, problems)
    }

    /// One instance, decoded from where the index says it is.
    pub(crate) fn instance(&self, key: &InstanceKey, location: &Location) -> Option<Instance> {
        let start = usize::try_from(location.range.start).ok()?;
        let end = start.checked_add(usize::try_from(location.range.length).ok()?)?;
        let outside =
            Outside { key, provider: &location.provider, provider_config: &location.provider_config, place: location.place.as_ref() };
        drift_state::instance(self.bytes.get(start..end)?, outside).ok()
    }
}

/// Reads the states, each once, in the order of the command line. A state that cannot be read is an error: what it holds
/// would be missing from the answer without a word.
pub(crate) async fn load(
    args: &StateArgs,
    cloud: &CloudArgs,
    identifiers: &(dyn Fn(&Instance) -> Vec<Identifier> + Sync),
) -> anyhow::Result<Vec<Loaded>> {
    let settings =
        Settings { default_place: args.default_place.as_ref().map(|place| place.0.clone()), places: BTreeMap::new(), identifiers };
    let mut loaded: Vec<Loaded> = Vec::new();
    for name in &args.states {
        let id = StateId(name.clone());
        if loaded.iter().any(|state| state.id == id) {
            continue;
        }
        let bytes = bytes(&id, cloud).await?;
        let state = drift_state::read(&bytes, &settings).with_context(|| format!("reading the state {id}"))?;
        loaded.push(Loaded { id, bytes, state });
    }
    Ok(loaded)
}

async fn bytes(id: &StateId, cloud: &CloudArgs) -> anyhow::Result<Vec<u8>> {
    if id.as_s3().is_none() {
        return input::read(Path::new(&id.0));
    }
    let states = States::new(&cloud::config(cloud).await, Vec::new(), Vec::new());
    let object = states.whole(id).await?.with_context(|| format!("there is no {id}"))?;
    Ok(object.bytes)
}

/// The ignore file that the command line names; without one, nothing is ignored. Rules that have ended are told on stderr.
pub(crate) fn ignore(args: &StateArgs) -> anyhow::Result<Ignore> {
    let Some(path) = &args.ignore else { return Ok(Ignore::default()) };
    let text = String::from_utf8(input::read(path)?).with_context(|| format!("{} is not UTF-8", path.display()))?;
    let ignore = Ignore::parse(&text, &path.display().to_string())?;
    for rule in ignore.expired(Timestamp::now()) {
        let line = format!("{}:{}: this rule has ended and ignores nothing: {}", path.display(), rule.line, rule.reason);
        output::complain(&format!("{} {}", Style::Warn.paint("warning:"), printable(&line)));
    }
    Ok(ignore)
}
