use drift_model::{Cause, Change, Drift};

/// At most so many causes are kept of one drift, the newest and the first.
pub const MAX_CAUSES: usize = 100;
/// At most so many changes that were also seen are kept of one drift, the newest and the first.
pub const MAX_ALSO_SEEN: usize = 25;
/// At most so many characters are kept of a text that a record holds.
const MAX_TEXT: usize = 200;

/// A change that led to look at an instance, and whether it can be the cause of what was found there.
#[derive(Clone, Debug, PartialEq)]
pub struct Seen {
    /// The change.
    pub cause: Cause,
    /// Whether it explains a drift; otherwise it is only also seen.
    pub explains: bool,
}

/// What a drift keeps of a change: texts are cut, names are left out.
#[must_use]
pub fn cause(change: &Change) -> Cause {
    let mut actor = change.actor.clone();
    actor.name = cut(&actor.name);
    Cause {
        record: change.id.clone(),
        source: cut(&change.source),
        name: cut(&change.name),
        time: change.time,
        actor,
        source_address: change.source_address.as_deref().map(cut),
        user_agent: change.user_agent.as_deref().map(cut),
    }
}

fn cut(text: &str) -> String {
    text.chars().take(MAX_TEXT).collect()
}

/// Whether `drift` knows of a change already, so that a redelivery is not told again: it is listed, or as old as those
/// that a full list has left out, or made before the finding was last closed.
pub(super) fn knows(drift: &Drift, seen: &Seen) -> bool {
    let Seen { cause, .. } = seen;
    let within = |list: &[Cause], most: usize| {
        list.iter().any(|known| known.record == cause.record)
            || (list.len() >= most && list.get(1).is_some_and(|oldest| cause.time <= oldest.time))
    };
    let closed = drift.history.iter().rev().find(|transition| !transition.status.is_open());
    within(&drift.causes, MAX_CAUSES) || within(&drift.also_seen, MAX_ALSO_SEEN) || closed.is_some_and(|closed| cause.time <= closed.at)
}

/// Adds the changes to what `drift` holds: each once, in order of time whatever the order of arrival, as a cause where
/// it ever counted as one.
pub(super) fn merge(drift: &mut Drift, seen: &[Seen]) {
    for Seen { cause, explains } in seen {
        let known_cause = drift.causes.iter().any(|known| known.record == cause.record);
        if *explains && !known_cause {
            drift.also_seen.retain(|known| known.record != cause.record);
            drift.causes.push(cause.clone());
        } else if !explains && !known_cause && !drift.also_seen.iter().any(|known| known.record == cause.record) {
            drift.also_seen.push(cause.clone());
        }
    }
    settle(&mut drift.causes, MAX_CAUSES);
    settle(&mut drift.also_seen, MAX_ALSO_SEEN);
}

fn settle(list: &mut Vec<Cause>, most: usize) {
    list.sort_by(|a, b| (a.time, &a.record).cmp(&(b.time, &b.record)));
    if list.len() > most {
        list.drain(1..=list.len() - most);
    }
}
