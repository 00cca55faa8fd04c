//! `driftwire scan`: everything of an organisation, and what nobody manages.

use std::{collections::BTreeSet, convert::Infallible, path::Path, sync::Arc, time::Duration};

use anyhow::Context as _;
use drift_aws::{DynamoNotes, SystemClock};
use drift_catalog::Catalog;
use drift_engine::{
    ignore::Ignore,
    ports::Clock as _,
    scan::{Counts, Unmanaged, addresses},
    work::ScanPart,
};
use drift_github::{
    Error, Github, GithubReader, Managed, Oddity,
    scan::{self, Next, ScanError, Scanner, Step},
};
use drift_model::{InstanceRef, Reason, StateId, Timestamp};
use jiff::SignedDuration;

use crate::{
    args::{CloudArgs, ScanArgs},
    cloud,
    commands::check::undecodable,
    exit::ExitStatus,
    github, input,
    notes::FileNotes,
    output,
    progress::Progress,
    readers::unless_interrupted,
    report::{Conclusion, InstanceReport, UnknownPolicy},
    scan_report::{Asked, ScanReport, Who},
    states,
};

type Reader = GithubReader<SystemClock>;

/// Runs `driftwire scan`.
pub(crate) async fn run(args: ScanArgs, cloud: &CloudArgs) -> anyhow::Result<ExitStatus> {
    let report = match &args.ledger_table {
        Some(table) if args.last => last(&args, cloud, table).await?,
        _ => scanned(&args, cloud).await?,
    };
    if let Some(file) = &args.import {
        write_imports(file, &report)?;
    }
    if args.json {
        output::json(&report)?;
    } else {
        output::text(&report.text(&names(&args), args.all))?;
    }
    Ok(report.status(UnknownPolicy::of(args.strict, args.tolerate_unknown), args.fail_on_unmanaged))
}

/// What a deployment's last scan came to. Its findings are the ledger's.
async fn last(args: &ScanArgs, cloud: &CloudArgs, table: &str) -> anyhow::Result<ScanReport> {
    let owner = github::owner(&args.github)?;
    let notes = DynamoNotes::new(&cloud::config(cloud).await, table);
    let kept = scan::last(&notes, &owner).await?;
    let (began, summary) =
        kept.with_context(|| format!("no scan of {owner} that ended is noted in the table {table}: does github-scanner run?"))?;
    let mut report = ScanReport::new(&owner, began);
    *report.coverage = summary.coverage;
    let to = addresses(&summary.unmanaged, []);
    report.take(Vec::new(), summary.unmanaged.into_iter().zip(to).collect(), summary.gaps);
    Ok(report)
}

/// Looks at all of it now.
async fn scanned(args: &ScanArgs, cloud: &CloudArgs) -> anyhow::Result<ScanReport> {
    let client = github::client(&args.github)?;
    let ignore = states::ignore_file(args.ignore.as_deref())?;
    let catalog = Arc::new(cloud::catalog()?);
    let (managed, oddities) = managed(args, cloud, (&catalog, client.owner())).await?;
    for (owner, count) in managed.elsewhere() {
        let line = format!("{} of the states belong to {owner}, and are not looked at", output::count(*count, "instance"));
        output::remark("note", &line);
    }
    let began = SystemClock::default().now();
    let notes = FileNotes::open(args.cache.as_deref(), began)?;
    let reader = Reader::new(catalog, client, SystemClock::default(), Reader::LOOK_AROUND);
    let scanner = Scanner { reader: &reader, notes: &notes, ignore: &ignore };
    let progress = Progress::new(LOOKING, managed.len());
    let looking = async {
        tokio::select! {
            found = parts(&scanner, &managed, began, &progress) => found,
            never = tell_waits(reader.github(), &progress) => match never {},
        }
    };
    let found = unless_interrupted(looking).await;
    drop(progress);
    notes.save()?;
    let found = found??;
    let mut report = report(found, &managed, oddities, &ignore, (reader.github().owner(), began));
    report.requests = Asked::of(&reader.github().used(), began, SystemClock::default().now());
    Ok(report)
}

/// The states as the command line names them, each once.
fn names(args: &ScanArgs) -> Vec<String> {
    let mut seen = BTreeSet::new();
    args.states.iter().filter(|name| seen.insert(name.as_str())).cloned().collect()
}

/// What the states hold of the owner's. A state that cannot be read is an error: what it manages would be told as unmanaged.
async fn managed(args: &ScanArgs, cloud: &CloudArgs, (catalog, owner): (&Catalog, &str)) -> anyhow::Result<(Managed, Vec<Oddity>)> {
    let mut read = Vec::new();
    for name in names(args) {
        let id = StateId(name);
        let bytes = states::bytes(&id, cloud).await?;
        read.push((id, bytes));
    }
    Managed::of(catalog, owner, read).map_err(|(state, error)| anyhow::Error::new(error).context(format!("reading the state {state}")))
}

/// What a scan says that it does.
const LOOKING: &str = "looking at GitHub";
/// A wait that lasts longer is told on stderr, terminal or not: a log that stands still for an hour looks dead.
const LONG: SignedDuration = SignedDuration::from_secs(2);

/// Says what limit the scan waits for, as long as it does.
async fn tell_waits(github: &Github, progress: &Progress) -> Infallible {
    let (mut every, mut told) = (tokio::time::interval(Duration::from_millis(500)), Timestamp::MIN);
    loop {
        every.tick().await;
        let wait = github.waits_for();
        progress.says(if wait.is_some() { "waiting for GitHub's limit" } else { LOOKING });
        let Some(wait @ Error::Limited { until, .. }) = wait else { continue };
        // Each request waits by itself, a little longer than the one before.
        if until.duration_since(SystemClock::default().now()) > LONG && until.duration_since(told) > LONG {
            told = until;
            progress.note(&format!("{wait}, and is waited for"));
        }
    }
}

/// What a scan came to, or how far it came.
struct Scanned {
    steps: Vec<Step>,
    /// Why it ended before everything was looked at.
    cut: Option<ScanError>,
}

/// Does every part, one after the other. What was found stays found, whatever becomes of the parts after it.
async fn parts(
    scanner: &Scanner<'_, SystemClock, FileNotes>,
    managed: &Managed,
    began: Timestamp,
    progress: &Progress,
) -> anyhow::Result<Scanned> {
    let (mut part, mut steps) = (ScanPart::Begin, Vec::<Step>::new());
    loop {
        match scanner.look(managed, &part, began).await {
            Ok(step) => {
                for _ in &step.judgements {
                    progress.step();
                }
                let next = step.next.clone();
                steps.push(step);
                match next {
                    Next::Part(next) => part = next,
                    Next::Done(_) => {
                        scanner.forget_parts(began).await?;
                        return Ok(Scanned { steps, cut: None });
                    }
                }
            }
            // Nothing is known at all: an error, and no report.
            Err(error) if steps.is_empty() => {
                let github = scanner.reader.github();
                return Err(anyhow::Error::new(error)).with_context(|| format!("looking at {} on {}", github.owner(), github.web()));
            }
            Err(error) => return Ok(Scanned { steps, cut: Some(error) }),
        }
    }
}

fn report(scanned: Scanned, managed: &Managed, oddities: Vec<Oddity>, ignore: &Ignore, (owner, began): (&str, Timestamp)) -> ScanReport {
    let Scanned { steps, cut } = scanned;
    let mut report = ScanReport::new(owner, began);
    let mut judged: BTreeSet<InstanceRef> = BTreeSet::new();
    let (mut found, mut unmanaged, mut gaps) = (Vec::new(), BTreeSet::new(), BTreeSet::new());
    for step in steps {
        unmanaged.extend(step.unmanaged);
        report.ignored += step.hidden;
        gaps.extend(step.gaps);
        report.audit_log = report.audit_log.or(step.audit_told);
        for mut judgement in step.judgements {
            judged.insert(judgement.instance.clone());
            let changes = step.changes.get(&judgement.instance).map(Vec::as_slice).unwrap_or_default();
            let sifted = ignore.sift(&judgement.instance, judgement.verdict, judgement.read_began);
            report.ignored += sifted.hidden.len();
            judgement.verdict = sifted.verdict;
            report.coverage.judged(&judgement);
            let who = judgement.verdict.is_drift().then(|| Who::of(changes));
            found.push(InstanceReport { who, ..InstanceReport::of(judgement, None) });
        }
    }
    if let Some(error) = &cut {
        let reason = error.reason();
        let message = format!("the scan ended before it was looked at: {}", reason.message);
        for instance in managed.names().filter(|instance| !judged.contains(instance)) {
            let type_name = instance.key.address.type_name().to_owned();
            report.coverage.add(type_name, Counts { managed: 1, unknown: 1, ..Counts::default() });
            found.push(unlooked(instance, Reason { kind: reason.kind, message: message.clone() }));
        }
        report.cut = Some(reason.message);
    }
    for Oddity { state, key, why } in oddities {
        found.push(undecodable(&state, drift_state::Problem { address: key, why }));
    }
    let unmanaged: Vec<Unmanaged> = unmanaged.into_iter().collect();
    for one in &unmanaged {
        report.coverage.unmanaged(one);
    }
    let of_root = managed.names().filter(|instance| instance.key.address.module().is_none());
    let held = of_root.map(|InstanceRef { key, .. }| format!("{}.{}", key.address.type_name(), key.address.name()));
    let to = addresses(&unmanaged, held);
    report.elsewhere.clone_from(managed.elsewhere());
    report.take(found, unmanaged.into_iter().zip(to).collect(), gaps.into_iter().collect());
    report
}

fn unlooked(instance: InstanceRef, reason: Reason) -> InstanceReport {
    let address = instance.key.address;
    InstanceReport {
        type_name: address.type_name().to_owned(),
        address: address.to_string(),
        deposed: instance.key.deposed,
        id: None,
        state: instance.state.0,
        place: None,
        url: None,
        who: None,
        conclusion: Conclusion::unknown(reason),
    }
}

/// Writes the `import` blocks that adopt what nobody manages. An existing file is not written over unless it holds such blocks alone, which only
/// this command writes: it is generated.
fn write_imports(file: &Path, report: &ScanReport) -> anyhow::Result<()> {
    const HEAD: &str =
        "# Written by driftwire scan --import: what no state manages. `terraform plan -generate-config-out=FILE` writes the resources.\n";
    if let Ok(held) = input::read(file)
        && !held.starts_with(HEAD.as_bytes())
    {
        anyhow::bail!("{} was not written by this command: name another file for --import", file.display());
    }
    let mut text = HEAD.to_owned();
    for block in report.import_blocks() {
        text.push('\n');
        text.push_str(block);
    }
    std::fs::write(file, text).with_context(|| format!("writing {}", file.display()))
}
