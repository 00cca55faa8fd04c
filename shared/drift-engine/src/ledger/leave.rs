use drift_model::{Drift, DriftStatus, InstanceRef, Timestamp, TransitionKind};

use super::{Step, transition::advance};

/// What becomes of a finding whose instance has left its state, at `now`: no longer managed, told once.
#[must_use]
pub fn left(held: &Drift, now: Timestamp) -> Step {
    if !held.status.is_open() {
        return Step::Nothing;
    }
    if now <= held.last_judged {
        return Step::Stale;
    }
    let was = held.differences.clone();
    let drift = Drift { status: DriftStatus::NoLongerManaged, differences: Vec::new(), unreadable: None, last_judged: now, ..held.clone() };
    let alert = advance(drift, TransitionKind::NoLongerManaged, now, false, was);
    Step::Write { drift: Box::new(alert.drift.clone()), tell: Some(Box::new(alert)) }
}

/// A finding under the new name of its instance, with all its history: nobody is told anything.
#[must_use]
pub fn carried(held: &Drift, to: &InstanceRef, now: Timestamp) -> Drift {
    Drift { instance: to.clone(), last_judged: now.max(held.last_judged), ..held.clone() }
}
