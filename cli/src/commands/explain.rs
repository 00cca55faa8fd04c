//! `driftwire explain`: what records would lead to, and why.

mod text;

use std::collections::BTreeMap;

use drift_aws::SystemClock;
use drift_catalog::Catalog;
use drift_engine::{
    detect::Outcome,
    ignore::Ignore,
    index::MemoryIndex,
    judge::judge,
    naming::{self, Match, Matches},
    ports::{Clock as _, LiveReader, ResourceIndex},
};
use drift_events::RecordHead;
use drift_model::{ActorKind, Change, Instance, InstanceRef, Judgement, Place, Strength, Timestamp, Verdict};
use futures::{StreamExt as _, stream};
use serde::Serialize;

use crate::{
    args::{CloudArgs, ExplainArgs},
    cloud,
    exit::ExitStatus,
    input, output,
    progress::Progress,
    report::{CheckReport, Conclusion, InstanceReport, UnknownPolicy},
    states::{self, Loaded},
};

/// What all records would lead to: `{"records": [...]}`, one entry a record, in their order.
#[derive(Debug, Serialize)]
struct Explained {
    records: Vec<ExplainedRecord>,
    /// With `--judge` alone: of each provider whose plugin was needed and is not there, where was looked, and what to do.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    missing_plugins: Vec<String>,
}

/// What one record would lead to.
#[derive(Debug, Serialize)]
struct ExplainedRecord {
    /// CloudTrail's `eventID`.
    event_id: Option<String>,
    /// `ec2:AuthorizeSecurityGroupIngress`.
    event: String,
    /// When the call was made, where that matters.
    time: Option<Timestamp>,
    /// Who made it.
    actor: ExplainedActor,
    /// The one outcome in which the record ends.
    outcome: &'static str,
    /// Why it is this one.
    why: String,
    /// The instances that are looked at for it, strongest match first.
    instances: Vec<ExplainedInstance>,
    /// How many more it names beyond the number that is looked at.
    left_out: usize,
    /// How many names it holds beyond the number that is looked up.
    names_left_out: usize,
    #[serde(skip)]
    change: Option<Box<Change>>,
}

#[derive(Debug, Serialize)]
struct ExplainedActor {
    kind: ActorKind,
    name: String,
    /// The tool that the record says made the call.
    tool: Option<String>,
    /// Whether it was made in the console.
    console: bool,
}

/// An instance that a record leads to, and how.
#[derive(Debug, Serialize)]
struct ExplainedInstance {
    address: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    deposed: Option<String>,
    #[serde(rename = "type")]
    type_name: String,
    id: Option<String>,
    state: String,
    place: Option<Place>,
    matched: Matched,
    /// Whether the change can be the cause of what differs there.
    cause: bool,
    /// With `--judge` alone: what `check` says of it.
    #[serde(flatten)]
    conclusion: Option<Conclusion>,
}

/// How a record led to an instance.
#[derive(Debug, Serialize)]
struct Matched {
    /// By which of its identifiers.
    identifier: String,
    /// Where that stood in the record.
    #[serde(rename = "in")]
    at: String,
    /// Whose identifier it is.
    strength: Strength,
}

/// Runs `driftwire explain`.
pub(crate) async fn run(args: ExplainArgs, cloud: &CloudArgs) -> anyhow::Result<ExitStatus> {
    let body = input::read(&args.records)?;
    let catalog = cloud::catalog()?;
    let mut loaded = states::load(&args.of, cloud, &|instance| naming::identifiers(&catalog, instance)).await?;
    if args.judge {
        states::assume_places(&mut loaded, cloud).await?;
    }
    let managed = Managed::new(&loaded);
    let mut records = Vec::new();
    for record in drift_events::records(&body) {
        records.push(match record {
            Ok(bytes) => explain(&catalog, &managed, drift_events::read(&bytes)).await?,
            Err(malformed) => ExplainedRecord::without_record(malformed.to_string()),
        });
    }
    let (mut status, mut missing_plugins) = (ExitStatus::InSync, Vec::new());
    if args.judge {
        let ignore = states::ignore(&args.of)?;
        let reader = cloud::readers(&args.of, cloud).await?;
        reader.prepare(&loaded, false);
        let looking = look(&reader, &ignore, (&managed, &loaded), &mut records, usize::from(args.of.parallel));
        status = reader.looking(looking).await?;
        missing_plugins = reader.missing_plugins();
    }
    let explained = Explained { records, missing_plugins };
    if args.of.json {
        output::json(&explained)?;
    } else {
        output::text(&text::text(&explained))?;
    }
    Ok(status)
}

/// The instances of the given states, by name and by identifier.
struct Managed<'a> {
    index: MemoryIndex,
    states: BTreeMap<&'a str, &'a Loaded>,
}

impl<'a> Managed<'a> {
    fn new(loaded: &'a [Loaded]) -> Self {
        let mut index = MemoryIndex::default();
        for state in loaded {
            index.add(&state.id, "", &state.state);
        }
        Self { index, states: loaded.iter().map(|state| (state.id.0.as_str(), state)).collect() }
    }

    /// The instance as its state records it; nothing where that cannot be decoded.
    async fn instance(&self, name: &InstanceRef) -> Option<Instance> {
        let location = self.index.locate(name).await.ok().flatten()?;
        self.states.get(name.state.0.as_str())?.instance(&name.key, &location)
    }
}

async fn explain(catalog: &Catalog, managed: &Managed<'_>, reading: drift_events::Reading) -> anyhow::Result<ExplainedRecord> {
    let record = |outcome: Outcome, why: String| ExplainedRecord::new(&reading.head, outcome, why);
    let change = match reading.outcome {
        drift_events::Outcome::Change(change) => change,
        drift_events::Outcome::ReadOnly => return Ok(record(Outcome::ReadOnly, "it only reads".to_owned())),
        drift_events::Outcome::Failed { code } => {
            return Ok(record(Outcome::FailedCall, format!("the call failed ({code}), so it changed nothing")));
        }
        drift_events::Outcome::Internal => {
            return Ok(record(
                Outcome::Internal,
                "it changes no configuration: a sign-in, a session, or a service's own bookkeeping".to_owned(),
            ));
        }
        drift_events::Outcome::Malformed { why } => return Ok(record(Outcome::Malformed, why)),
    };
    let Matches { found, left_out, overflow } = naming::matches(catalog, &managed.index, &change).await?;
    let mut instances = Vec::with_capacity(found.len());
    for one in found {
        instances.push(ExplainedInstance::new(one, managed).await);
    }
    let is_read = |one: &ExplainedInstance| catalog.resource(&one.type_name).is_some_and(drift_catalog::Resource::is_read);
    let (outcome, mut why) = match (change.actor.tool, instances.as_slice()) {
        (_, []) => {
            (Outcome::NotManaged, format!("none of its {} is an identifier of an instance", output::count(change.names.len(), "name")))
        }
        (_, some) if !some.iter().any(is_read) => {
            (Outcome::Unsupported, "no reader reads what it names: told as touched, not verified".to_owned())
        }
        (Some(tool), _) if tool.writes_states() => (
            Outcome::Deferred,
            format!("it says that it is {tool}'s: a drift is put off until that had time to write its state, then judged"),
        ),
        _ => (Outcome::Judged, "what it names is looked at".to_owned()),
    };
    if overflow {
        why.push_str("; some name of it leads to more instances than an index keeps");
    }
    Ok(ExplainedRecord {
        time: Some(change.time),
        instances,
        left_out,
        names_left_out: change.names_left_out,
        change: Some(change),
        ..record(outcome, why)
    })
}

impl ExplainedRecord {
    fn new(head: &RecordHead, outcome: Outcome, why: String) -> Self {
        let actor = ExplainedActor {
            kind: head.actor.kind,
            name: head.actor.name.clone(),
            tool: head.actor.tool.map(|tool| tool.to_string()),
            console: head.actor.console,
        };
        Self {
            event_id: head.event_id.as_ref().map(|id| id.0.clone()),
            event: head.event.clone(),
            time: None,
            actor,
            outcome: outcome.name(),
            why,
            instances: Vec::new(),
            left_out: 0,
            names_left_out: 0,
            change: None,
        }
    }

    /// A part of the input that is no record at all keeps its place in the answer.
    fn without_record(why: String) -> Self {
        let actor = ExplainedActor { kind: ActorKind::Unknown, name: String::new(), tool: None, console: false };
        let (event_id, event, time) = (None, String::new(), None);
        let outcome = Outcome::Malformed.name();
        Self { event_id, event, time, actor, outcome, why, instances: Vec::new(), left_out: 0, names_left_out: 0, change: None }
    }
}

impl ExplainedInstance {
    async fn new(found: Match, managed: &Managed<'_>) -> Self {
        let instance = managed.instance(&found.instance).await;
        let key = found.instance.key;
        Self {
            type_name: key.address.type_name().to_owned(),
            address: key.address.to_string(),
            deposed: key.deposed,
            id: instance.as_ref().and_then(Instance::id).map(str::to_owned),
            state: found.instance.state.0,
            place: instance.and_then(|instance| instance.place),
            matched: Matched { identifier: found.identifier, at: found.at, strength: found.strength },
            cause: found.cause,
            conclusion: None,
        }
    }

    fn name(&self) -> (String, String, Option<String>) {
        (self.state.clone(), self.address.clone(), self.deposed.clone())
    }
}

/// Looks once at each instance that some record leads to, and tells it at each of these records.
async fn look(
    reader: &impl LiveReader,
    ignore: &Ignore,
    (managed, loaded): (&Managed<'_>, &[Loaded]),
    records: &mut [ExplainedRecord],
    parallel: usize,
) -> ExitStatus {
    let named: std::collections::BTreeSet<_> = records.iter().flat_map(|record| &record.instances).map(ExplainedInstance::name).collect();
    let waiting: Vec<&InstanceRef> = managed
        .index
        .instances()
        .map(|(instance, _)| instance)
        .filter(|instance| named.contains(&(instance.state.0.clone(), instance.key.address.to_string(), instance.key.deposed.clone())))
        .collect();
    let progress = Progress::new("looking at instances", waiting.len());
    let looks = waiting.into_iter().map(async |name| {
        let began = SystemClock::default().now();
        let instance = managed.instance(name).await;
        let judgement = match &instance {
            Some(instance) => judge(reader, &name.state, instance, began).await,
            None => Judgement {
                instance: name.clone(),
                type_name: name.key.address.type_name().to_owned(),
                id: None,
                place: None,
                url: None,
                verdict: Verdict::unknown(drift_model::ReasonKind::Recorded, "what the state holds there cannot be decoded"),
                computed: Vec::new(),
                reader: None,
                read_began: began,
            },
        };
        progress.step();
        (judgement, instance.map(|instance| instance.attributes))
    });
    let looked: Vec<_> = stream::iter(looks).buffer_unordered(parallel).collect().await;
    let (mut judgements, attributes): (Vec<_>, Vec<_>) = looked.into_iter().unzip();
    states::doubt(loaded, &mut judgements);
    let mut conclusions = BTreeMap::new();
    let mut reports = Vec::new();
    for (mut judgement, attributes) in judgements.into_iter().zip(attributes) {
        let sifted = ignore.sift(&judgement.instance, judgement.verdict, judgement.read_began);
        judgement.verdict = sifted.verdict;
        let report = InstanceReport::of(judgement, attributes.as_ref());
        conclusions.insert((report.state.clone(), report.address.clone(), report.deposed.clone()), report.conclusion.clone());
        reports.push(report);
    }
    for record in records {
        for instance in &mut record.instances {
            instance.conclusion = conclusions.get(&instance.name()).cloned();
        }
        record.settle();
    }
    CheckReport::new(reports, &[], 0).status(UnknownPolicy::Mendable)
}

impl ExplainedRecord {
    /// What is as recorded is not put off: only a drift could be the half of an apply.
    fn settle(&mut self) {
        let quiet = self.instances.iter().all(|one| one.conclusion.as_ref().is_some_and(|conclusion| conclusion.verdict == "in_sync"));
        if self.outcome == Outcome::Deferred.name() && quiet {
            self.outcome = Outcome::Judged.name();
            "what it names is as recorded".clone_into(&mut self.why);
        }
    }
}
