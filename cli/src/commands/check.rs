//! `driftwire check`: every instance of the given states, judged now.

use drift_aws::SystemClock;
use drift_engine::{confirm::confirm, ignore::Ignore, judge, ports::Clock as _};
use drift_model::{Address, Instance, Reader, Reason, ReasonKind, StateId};
use drift_state::Problem;
use futures::{StreamExt as _, stream};

use crate::{
    args::{CheckArgs, CloudArgs},
    cloud,
    exit::ExitStatus,
    output,
    progress::Progress,
    readers::Readers,
    report::{CheckReport, Conclusion, InstanceReport, UnknownPolicy},
    states::{self, Loaded},
};

/// Runs `driftwire check`.
pub(crate) async fn run(args: CheckArgs, cloud: &CloudArgs) -> anyhow::Result<ExitStatus> {
    let mut loaded = states::load(&args.of, cloud, &|_| Vec::new()).await?;
    states::assume_places(&mut loaded, cloud).await?;
    let reader = cloud::readers(&args.of, cloud).await?;
    let names: Vec<String> = loaded.iter().map(|state| state.id.to_string()).collect();
    let ignore = states::ignore(&args.of)?;
    let (unreadable, waiting) = instances(&loaded);
    reader.prepare(&loaded, args.confirm);
    let looking = look(&reader, args.confirm, &ignore, (&loaded, &waiting), usize::from(args.of.parallel));
    let (mut looked, hidden) = reader.looking(looking).await?;
    looked.extend(unreadable);
    let mut report = CheckReport::new(looked, &names, hidden);
    report.summary.missing_plugins = reader.missing_plugins();
    if args.of.json {
        output::json(&report)?;
    } else {
        output::text(&report.text(&names, args.all))?;
    }
    Ok(report.status(UnknownPolicy::of(args.strict, args.tolerate_unknown)))
}

/// Every instance, decoded, with its state. What cannot be decoded is unknown, and never left out.
fn instances(states: &[Loaded]) -> (Vec<InstanceReport>, Vec<(&StateId, Instance)>) {
    let (mut unreadable, mut found) = (Vec::new(), Vec::new());
    for state in states {
        let (instances, problems) = state.instances();
        unreadable.extend(problems.into_iter().map(|problem| undecodable(&state.id, problem)));
        found.extend(instances.into_iter().map(|instance| (&state.id, instance)));
    }
    (unreadable, found)
}

/// Judges every instance, at most `parallel` at a time, and counts what the ignore file hid.
async fn look(
    reader: &Readers,
    confirmed: bool,
    ignore: &Ignore,
    (states, waiting): (&[Loaded], &[(&StateId, Instance)]),
    parallel: usize,
) -> (Vec<InstanceReport>, usize) {
    let mut found = Vec::new();
    let progress = Progress::new("looking at instances", waiting.len());
    let looks = waiting.iter().map(async |(state, instance)| {
        let mut judgement = judge::judge(reader, state, instance, SystemClock::default().now()).await;
        let mut unconfirmed = None;
        if confirmed && judgement.reader == Some(Reader::Native) {
            (judgement, unconfirmed) = confirm(reader.provider(), judgement, instance).await;
        }
        progress.step();
        (judgement, (&instance.attributes, unconfirmed))
    });
    let looked: Vec<_> = stream::iter(looks).buffer_unordered(parallel).collect().await;
    let (mut judgements, beside): (Vec<_>, Vec<_>) = looked.into_iter().unzip();
    states::doubt(states, &mut judgements);
    let mut hidden = 0;
    for (mut judgement, (attributes, unconfirmed)) in judgements.into_iter().zip(beside) {
        let sifted = ignore.sift(&judgement.instance, judgement.verdict, judgement.read_began);
        hidden += sifted.hidden.len();
        judgement.verdict = sifted.verdict;
        let mut report = InstanceReport::of(judgement, Some(attributes));
        report.conclusion.unconfirmed = unconfirmed;
        found.push(report);
    }
    (found, hidden)
}

pub(super) fn undecodable(state: &StateId, problem: Problem) -> InstanceReport {
    let type_name = problem.address.parse::<Address>().map(|address| address.type_name().to_owned()).unwrap_or_default();
    InstanceReport {
        address: problem.address,
        deposed: None,
        type_name,
        id: None,
        state: state.to_string(),
        place: None,
        url: None,
        who: None,
        conclusion: Conclusion::unknown(Reason { kind: ReasonKind::Recorded, message: problem.why }),
    }
}
