//! What follows when a state was indexed anew: its open drifts are judged again. That is how an apply closes a finding.

use std::time::Duration;

use drift_model::{InstanceRef, StateId};

use crate::{
    Timing,
    ports::{Clock, Later, Ledger, PortError, Query, ResourceIndex},
    work::{Again, JudgedBy, Work},
};

/// At most so many instances are judged by one message.
const TOGETHER: usize = 10;

/// Leaves work to judge every open drift of a state again, after the state was indexed, emptied or removed, and gives
/// how many those are.
///
/// Those that the state still holds are judged at once. Those that it no longer holds wait for a moment: they may have
/// moved to a state that is indexed next. Then their drift is carried over where the same resource has turned up
/// elsewhere, else closed as no longer managed. Whichever function recorded a drift, `event-detector` looks first, and hands
/// over what its reader does not read, to `provider-judge` or `github-scanner`. Doing this again is harmless, so that an indexer killed midway costs
/// nothing.
///
/// # Errors
///
/// Where a port failed.
pub async fn after_index(
    (ledger, index, later, clock): (&impl Ledger, &impl ResourceIndex, &impl Later, &impl Clock),
    timing: &Timing,
    state: &StateId,
) -> Result<usize, PortError> {
    let query = Query { state: Some(state.clone()), ..Query::default() };
    let (mut held, mut gone) = (Vec::new(), Vec::new());
    for drift in ledger.list(&query).await? {
        let list = if index.locate(&drift.instance).await?.is_some() { &mut held } else { &mut gone };
        list.push(drift.instance);
    }
    let since = clock.now();
    for (instances, delay) in [(&held, Duration::ZERO), (&gone, timing.moving)] {
        for some in instances.chunks(TOGETHER) {
            let instances: Vec<InstanceRef> = some.to_vec();
            let (by, why, changes) = (JudgedBy::EventDetector, Again::Indexed, Vec::new());
            later.later(&Work::Judge { by, instances, changes, why, attempt: 0, since }, delay).await?;
        }
    }
    Ok(held.len() + gone.len())
}
