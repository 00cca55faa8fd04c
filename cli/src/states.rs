//! The states that the command line names, read as a whole.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use anyhow::Context as _;
use drift_aws::SystemClock;
use drift_engine::{
    ignore::Ignore,
    ports::{Clock as _, Location, RecordedState as _},
};
use drift_model::{Identifier, Instance, InstanceKey, Judgement, ReasonKind, StateId, Verdict};
use drift_state::{Found, Outside, Problem, Settings, State};

use crate::{
    args::{CloudArgs, StateArgs},
    cloud, input, output,
};

/// One state and its bytes.
pub(crate) struct Loaded {
    /// As the command line names it.
    pub(crate) id: StateId,
    /// The file.
    pub(crate) bytes: Vec<u8>,
    /// What it holds.
    pub(crate) state: State,
    /// The instances whose place nobody told: the credentials' account and region are taken for it.
    pub(crate) assumed: BTreeSet<InstanceKey>,
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
        loaded.push(Loaded { id, bytes, state, assumed: BTreeSet::new() });
    }
    Ok(loaded)
}

/// Takes the account of the credentials and their region for the place of the instances of which nobody tells where they
/// live, as Terraform itself would. Where that is not known either, they stay without a place.
pub(crate) async fn assume_places(loaded: &mut [Loaded], cloud: &CloudArgs) -> anyhow::Result<()> {
    if loaded.iter().all(|state| state.state.found.iter().all(|found| !is_unplaced(found))) {
        return Ok(());
    }
    let Some(place) = cloud::own_place(cloud).await else { return Ok(()) };
    let settings = Settings { default_place: Some(place), places: BTreeMap::new(), identifiers: &|_| Vec::new() };
    for state in loaded {
        state.assumed = state.state.found.iter().filter(|found| is_unplaced(found)).map(|found| found.key.clone()).collect();
        let placed = drift_state::read(&state.bytes, &settings).with_context(|| format!("reading the state {}", state.id))?;
        for (found, placed) in state.state.found.iter_mut().zip(placed.found) {
            found.place = found.place.take().or(placed.place);
        }
    }
    Ok(())
}

fn is_unplaced(found: &Found) -> bool {
    found.place.is_none() && drift_model::lives_in_aws(&found.provider)
}

/// A read in an account that was only assumed finds nothing if the assumption is wrong. "Gone" is therefore believed only
/// where another such instance of the state was found there, or where a name is unique in all accounts, as a bucket's is.
pub(crate) fn doubt(loaded: &[Loaded], judgements: &mut [Judgement]) {
    for state in loaded.iter().filter(|state| !state.assumed.is_empty()) {
        let is_assumed = |one: &Judgement| one.instance.state == state.id && state.assumed.contains(&one.instance.key);
        let found = |one: &Judgement| matches!(one.verdict, Verdict::InSync | Verdict::Drifted { .. });
        if judgements.iter().any(|one| is_assumed(one) && found(one)) {
            continue;
        }
        for one in judgements.iter_mut().filter(|one| one.verdict == Verdict::Missing && is_assumed(one)) {
            if !one.type_name.starts_with("aws_s3_bucket") {
                let why = "it was not found in the account of the credentials, and nothing tells that it lives there: give --default-place";
                one.verdict = Verdict::unknown(ReasonKind::Place, why);
            }
        }
    }
}

/// The bytes of a state, wherever it is.
pub(crate) async fn bytes(id: &StateId, cloud: &CloudArgs) -> anyhow::Result<Vec<u8>> {
    if id.as_s3().is_none() {
        return input::read(Path::new(&id.0));
    }
    let states = cloud::states(cloud, &cloud::config(cloud).await, Vec::new())?;
    let object = states.whole(id).await?.with_context(|| format!("there is no {id}"))?;
    Ok(object.bytes)
}

/// The ignore file that the command line names. Rules that have ended are told on stderr.
pub(crate) fn ignore(args: &StateArgs) -> anyhow::Result<Ignore> {
    ignore_file(args.ignore.as_deref())
}

/// The rules of a file; where none is named, of the one in the working directory; where there is none, none. Those that have ended are told.
pub(crate) fn ignore_file(path: Option<&Path>) -> anyhow::Result<Ignore> {
    let found = Path::new(Ignore::FILE);
    let Some(path) = path.or_else(|| found.exists().then_some(found)) else { return Ok(Ignore::default()) };
    let text = String::from_utf8(input::read(path)?).with_context(|| format!("{} is not UTF-8", path.display()))?;
    let ignore = Ignore::parse(&text, &path.display().to_string())?;
    for rule in ignore.expired(SystemClock::default().now()) {
        let line = format!("{}:{}: this rule has ended and ignores nothing: {}", path.display(), rule.line, rule.reason);
        output::remark("warning", &line);
    }
    Ok(ignore)
}
