use std::time::Duration;

use drift_model::{
    Difference, Drift, DriftStatus, InstanceRef, Judgement, ReasonKind, Severity, Timestamp, Tool, Transition, TransitionKind, Verdict,
};

use super::{
    bounds::{bounded, digest},
    causes::{Seen, knows, merge},
};
use crate::ports::Alert;

/// At most so many transitions are kept of one drift, the newest and the first.
pub const MAX_HISTORY: usize = 50;

/// A judgement, with all that the ledger keeps beside it.
#[derive(Clone, Copy, Debug)]
pub struct Look<'a> {
    /// The judgement.
    pub judgement: &'a Judgement,
    /// The changes that led to it.
    pub seen: &'a [Seen],
    /// How bad what was found is.
    pub severity: Severity,
    /// Whether it counts although Terraform is still at work.
    pub during_a_run: bool,
    /// When the state was written last, where that is known.
    pub written: Option<Timestamp>,
    /// Whether it is looked at because the state was written: that closes what was only touched before.
    pub reindexed: bool,
    /// Whether it is looked at because everything is: nobody touched it, as far as is known.
    pub scanned: bool,
}

/// What a judgement does to what is held.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// The read behind what is held began no earlier: an old look changes nothing, but that what led to it is kept as seen.
    Stale,
    /// There is nothing to hold.
    Nothing,
    /// The drift is to be held so, and this is to be told.
    Write {
        /// The drift from now on.
        drift: Box<Drift>,
        /// The alert that it owes.
        tell: Option<Box<Alert>>,
    },
}

/// What `look` does to what is held of its instance.
///
/// Each verdict by what is held:
///
/// | verdict | nothing, or closed | open |
/// | --- | --- | --- |
/// | in sync | holds the time of the look, tells nothing | `Resolved` |
/// | drifted, missing | `Opened`, `Reopened` | the same again: tells nothing, may add causes; else `Changed` |
/// | unknown: unsupported | `Opened` as touched, once for each change that can be a cause | touched: `Changed`, likewise |
/// | unknown: anything else | `Opened` as unreadable; nothing, where a scan looks at it that knows of no change | stays what it is; `Changed` the first time |
#[must_use]
pub fn transition(held: Option<&Drift>, look: &Look<'_>) -> Step {
    if let Some(held) = held.filter(|held| look.judgement.read_began <= held.last_judged) {
        return late(held, look);
    }
    match &look.judgement.verdict {
        Verdict::InSync => in_sync(held, look),
        Verdict::Drifted { differences } => found(held, look, DriftStatus::Drifted, bounded(differences.clone())),
        Verdict::Missing => found(held, look, DriftStatus::Missing, Vec::new()),
        Verdict::Unknown { reason } if reason.kind == ReasonKind::Unsupported && !held.is_some_and(is_known_drift) => touched(held, look),
        Verdict::Unknown { .. } => unreadable(held, look),
    }
}

/// An old look is no evidence of anything, but what led to it may explain what a newer one has found.
fn late(held: &Drift, look: &Look<'_>) -> Step {
    if !held.status.is_open() || look.seen.iter().all(|seen| knows(held, seen)) {
        return Step::Stale;
    }
    let mut drift = held.clone();
    merge(&mut drift, look.seen);
    quiet(drift)
}

fn in_sync(held: Option<&Drift>, look: &Look<'_>) -> Step {
    if let Some(held) = held.filter(|held| held.status.is_open()) {
        let mut drift = Drift { status: DriftStatus::Resolved, differences: Vec::new(), unreadable: None, ..next(Some(held), look) };
        // What led to this look may have repaired it, but does not explain it.
        let seen: Vec<Seen> = look.seen.iter().map(|seen| Seen { explains: false, ..seen.clone() }).collect();
        merge(&mut drift, &seen);
        tell(drift, TransitionKind::Resolved, look, held.differences.clone())
    } else {
        let status = held.map_or(DriftStatus::InSync, |held| match held.status {
            DriftStatus::NoLongerManaged => DriftStatus::Resolved,
            status => status,
        });
        quiet(Drift { status, ..next(held, look) })
    }
}

fn found(held: Option<&Drift>, look: &Look<'_>, status: DriftStatus, differences: Vec<Difference>) -> Step {
    let open = held.filter(|held| held.status.is_open());
    let same = open.is_some_and(|held| held.status == status && held.differences == differences);
    let mut drift = Drift { status, severity: look.severity, differences, unreadable: None, ..next(held, look) };
    if open.is_none() {
        begin(&mut drift, look);
    }
    merge(&mut drift, look.seen);
    if same { quiet(drift) } else { tell(drift, kind(held), look, Vec::new()) }
}

fn touched(held: Option<&Drift>, look: &Look<'_>) -> Step {
    let open = held.filter(|held| held.status.is_open());
    // What only led us to look touched something else: nothing would be verified, and everybody around it alarmed.
    let is_news = |seen: &Seen| seen.explains && !held.is_some_and(|held| knows(held, seen)) && !is_of_a_run(seen, look.written);
    let news = look.seen.iter().any(is_news);
    if !news {
        return match open {
            Some(held) if look.reindexed && look.written.is_none_or(|written| is_older(held, written)) => {
                // Nobody verified anything: it is kept in the history and told to nobody.
                let drift = Drift { status: DriftStatus::Resolved, unreadable: None, ..next(Some(held), look) };
                quiet(advance(drift, TransitionKind::Resolved, look.judgement.read_began, false, Vec::new()).drift)
            }
            Some(held) => quiet(next(Some(held), look)),
            None => Step::Nothing,
        };
    }
    let mut drift =
        Drift { status: DriftStatus::Touched, severity: Severity::Low, differences: Vec::new(), unreadable: None, ..next(held, look) };
    if open.is_none() {
        begin(&mut drift, look);
    }
    merge(&mut drift, look.seen);
    tell(drift, kind(held), look, Vec::new())
}

/// Whether a change says that it is Terraform's, and Terraform wrote the state since: it holds what the change made.
fn is_of_a_run(seen: &Seen, written: Option<Timestamp>) -> bool {
    seen.cause.actor.tool.is_some_and(Tool::writes_states) && written.is_some_and(|written| written >= seen.cause.time)
}

/// Whether every change that `held` knows of was made before the state was written.
fn is_older(held: &Drift, written: Timestamp) -> bool {
    held.causes.iter().chain(&held.also_seen).all(|cause| cause.time <= written)
}

fn unreadable(held: Option<&Drift>, look: &Look<'_>) -> Step {
    let Verdict::Unknown { reason } = &look.judgement.verdict else { return Step::Nothing };
    let open = held.filter(|held| held.status.is_open());
    // A missing permission hides a thousand instances at once: whoever scans them says so, once.
    if open.is_none() && look.scanned && look.seen.is_empty() {
        return Step::Nothing;
    }
    let told = open.is_some_and(|held| held.unreadable.is_some());
    let mut drift = Drift { unreadable: Some(reason.clone()), ..next(held, look) };
    if !open.is_some_and(is_known_drift) {
        drift = Drift { status: DriftStatus::Unreadable, severity: Severity::Medium, differences: Vec::new(), ..drift };
    }
    if open.is_none() {
        begin(&mut drift, look);
    }
    merge(&mut drift, look.seen);
    if told { quiet(drift) } else { tell(drift, kind(held), look, Vec::new()) }
}

/// Whether what differs is known: a look that brings nothing must not forget it.
fn is_known_drift(held: &Drift) -> bool {
    matches!(held.status, DriftStatus::Drifted | DriftStatus::Missing)
}

fn kind(held: Option<&Drift>) -> TransitionKind {
    match held {
        Some(held) if held.status.is_open() => TransitionKind::Changed,
        Some(held) if held.transitions > 0 => TransitionKind::Reopened,
        _ => TransitionKind::Opened,
    }
}

/// What is held, as the look finds it apart from the verdict.
fn next(held: Option<&Drift>, look: &Look<'_>) -> Drift {
    let Judgement { instance, type_name, id, place, url, read_began, .. } = look.judgement;
    let fresh = || Drift {
        instance: instance.clone(),
        type_name: type_name.clone(),
        id: None,
        place: None,
        url: None,
        status: DriftStatus::InSync,
        severity: Severity::Low,
        differences: Vec::new(),
        unreadable: None,
        causes: Vec::new(),
        also_seen: Vec::new(),
        first_seen: *read_began,
        last_judged: *read_began,
        history: Vec::new(),
        transitions: 0,
    };
    let held = held.cloned().unwrap_or_else(fresh);
    Drift {
        id: id.clone().or(held.id),
        place: place.clone().or(held.place),
        url: url.clone().or(held.url),
        last_judged: *read_began,
        ..held
    }
}

/// A finding begins: what explained an earlier one does not explain this one.
fn begin(drift: &mut Drift, look: &Look<'_>) {
    drift.first_seen = look.judgement.read_began;
    drift.causes.clear();
    drift.also_seen.clear();
}

fn quiet(drift: Drift) -> Step {
    Step::Write { drift: Box::new(drift), tell: None }
}

fn tell(drift: Drift, kind: TransitionKind, look: &Look<'_>, was: Vec<Difference>) -> Step {
    let alert = advance(drift, kind, look.judgement.read_began, look.during_a_run, was);
    Step::Write { drift: Box::new(alert.drift.clone()), tell: Some(Box::new(alert)) }
}

/// The drift after one transition more, as the alert that it owes.
pub(super) fn advance(mut drift: Drift, kind: TransitionKind, at: Timestamp, during_a_run: bool, was: Vec<Difference>) -> Alert {
    let transition = Transition {
        id: transition_id(&drift.instance, drift.transitions, kind, at),
        kind,
        at,
        status: drift.status,
        severity: drift.severity,
        during_a_run,
    };
    drift.transitions += 1;
    drift.history.push(transition.clone());
    if drift.history.len() > MAX_HISTORY {
        drift.history.remove(1);
    }
    Alert { transition, drift, was }
}

/// The id of the transition that follows `before` others: the same whoever computes it, and another one where a row
/// that had expired begins to count anew.
#[must_use]
pub fn transition_id(instance: &InstanceRef, before: u64, kind: TransitionKind, at: Timestamp) -> String {
    let deposed = instance.key.deposed.as_deref().unwrap_or_default();
    let address = instance.key.address.as_str();
    let (before, at) = (before.to_string(), at.as_nanosecond().to_string());
    let parts = [instance.state.0.as_str(), address, deposed, &before, kind.name(), &at];
    // Twice eight bytes: ids of all instances share one namespace.
    format!("{}{}", digest(&parts), digest(&[&parts[..], &["driftwire"]].concat()))
}

/// When a row may be forgotten: after one day where it only holds the time of a look, after 30 days where something was
/// touched, after 90 days where the finding is closed, never while it is open.
#[must_use]
pub fn expires(drift: &Drift) -> Option<Timestamp> {
    let days = match drift.status {
        DriftStatus::InSync => 1,
        DriftStatus::Touched => 30,
        DriftStatus::Resolved | DriftStatus::NoLongerManaged => 90,
        DriftStatus::Drifted | DriftStatus::Missing | DriftStatus::Unreadable => return None,
    };
    drift.last_judged.checked_add(Duration::from_hours(24 * days)).ok()
}
