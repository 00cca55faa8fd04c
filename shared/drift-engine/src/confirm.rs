//! A second opinion: what one reader found counts only as far as another agrees.

use drift_model::{Difference, Instance, Judgement, Reason, ReasonKind, Verdict};
use serde::Serialize;

use crate::{judge::judge, ports::LiveReader};

/// What the second reader did not agree with.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Unconfirmed {
    /// What the first reader concluded: `drifted` or `missing`.
    pub verdict: &'static str,
    /// The differences that it alone found.
    pub differences: Vec<Difference>,
}

/// Asks `second` about a drift that another reader found. A difference counts if `second` finds one in the same top-level attribute, be
/// it one that nobody can configure; a missing instance if `second` does not find it either. Where none of it counts, the verdict is
/// `second`'s; where `second` cannot tell, nothing is known: neither drift nor peace. Anything but a drift is left as it is.
pub async fn confirm(second: &impl LiveReader, judgement: Judgement, instance: &Instance) -> (Judgement, Option<Unconfirmed>) {
    if !judgement.verdict.is_drift() {
        return (judgement, None);
    }
    let other = judge(second, &judgement.instance.state, instance, judgement.read_began).await;
    let unconfirmed = |differences| Some(Unconfirmed { verdict: judgement.verdict.name(), differences });
    match (&judgement.verdict, other.verdict) {
        (Verdict::Missing, Verdict::Missing) => (judgement, None),
        (Verdict::Drifted { differences }, verdict @ (Verdict::Drifted { .. } | Verdict::InSync)) => {
            let found = |attribute: &str| verdict.differences().iter().chain(&other.computed).any(|other| other.attribute == attribute);
            let (confirmed, alone): (Vec<_>, Vec<_>) = differences.iter().cloned().partition(|one: &Difference| found(&one.attribute));
            let unconfirmed = if alone.is_empty() { None } else { unconfirmed(alone) };
            if confirmed.is_empty() {
                return (Judgement { verdict, reader: other.reader, ..judgement }, unconfirmed);
            }
            (Judgement { verdict: Verdict::of(confirmed), ..judgement }, unconfirmed)
        }
        (found, Verdict::Unknown { reason }) => {
            let message = format!("{} was found and could not be confirmed: {}", what(found), reason.message);
            // That no plugin is there must not make a drift disappear among the types that nobody reads.
            let kind = if reason.kind == ReasonKind::Unsupported { ReasonKind::Error } else { reason.kind };
            let unconfirmed = unconfirmed(found.differences().to_vec());
            (Judgement { verdict: Verdict::Unknown { reason: Reason { kind, message } }, ..judgement }, unconfirmed)
        }
        // One says that it is gone and the other reads it: the other's word counts.
        (found, verdict) => {
            let unconfirmed = unconfirmed(found.differences().to_vec());
            (Judgement { verdict, reader: other.reader, ..judgement }, unconfirmed)
        }
    }
}

fn what(found: &Verdict) -> &'static str {
    if *found == Verdict::Missing { "that it is gone" } else { "a drift" }
}
