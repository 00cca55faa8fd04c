//! Looking at one instance: what is recorded, what is live, and what the two say together.

use drift_model::{Instance, InstanceRef, Judgement, Place, ReasonKind, StateId, Timestamp, Verdict, compare, lives_in_aws};
use drift_state::Outside;
use futures::{StreamExt, stream};

use crate::ports::{Clock, Fragment, LiveReader, LiveReading, Location, PortError, RecordedState, ResourceIndex};

/// What an instance looks like in the newest version of its state.
#[derive(Clone, Debug, PartialEq)]
pub enum Recorded {
    /// As the state records it, in the version with that ETag.
    Held {
        /// The instance.
        instance: Box<Instance>,
        /// The version of the state.
        etag: String,
    },
    /// The state holds something there that cannot be decoded, or may not be read.
    Unreadable {
        /// Where it is.
        location: Box<Location>,
        /// Why not, without any value of it.
        why: String,
    },
    /// The state is a newer version than the index: the indexer has to go first.
    Changed,
    /// The state does not hold it.
    NotHeld,
    /// There is no such state any more, and the index does not know yet.
    Gone,
}

/// Finds an instance by the index, and reads it by its bytes alone: the cost does not depend on the state's size.
///
/// # Errors
///
/// Where a port failed and trying again can help; what cannot is [`Recorded::Unreadable`].
pub async fn recorded(states: &impl RecordedState, index: &impl ResourceIndex, instance: &InstanceRef) -> Result<Recorded, PortError> {
    let Some(location) = index.locate(instance).await? else {
        return Ok(Recorded::NotHeld);
    };
    let bytes = match states.fragment(&instance.state, &location.etag, location.range).await {
        Ok(Fragment::Bytes(bytes)) => bytes,
        Ok(Fragment::Changed) => return Ok(Recorded::Changed),
        Ok(Fragment::Gone) => return Ok(Recorded::Gone),
        Err(error @ PortError::Retryable { .. }) => return Err(error),
        Err(error @ PortError::Permanent { .. }) => {
            return Ok(Recorded::Unreadable { location: Box::new(location), why: error.to_string() });
        }
    };
    let outside = Outside {
        key: &instance.key,
        provider: &location.provider,
        provider_config: &location.provider_config,
        place: location.place.as_ref(),
    };
    Ok(match drift_state::instance(&bytes, outside) {
        Ok(instance) => Recorded::Held { instance: Box::new(instance), etag: location.etag },
        Err(error) => Recorded::Unreadable { location: Box::new(location), why: error.to_string() },
    })
}

/// Reads an instance live and compares. `read_began` is when the look as a whole began: before the recorded side was
/// read, where that was read for this look. Where the reader says what it read earlier, the read began then.
pub async fn judge(reader: &impl LiveReader, state: &StateId, instance: &Instance, read_began: Timestamp) -> Judgement {
    let used = reader.reader_of(&instance.provider, &instance.type_name);
    let read_began = reader.as_of(instance).map_or(read_began, |as_of| as_of.min(read_began));
    let mut computed_differences = Vec::new();
    let (verdict, used) = match (used, instance.place.as_ref()) {
        (None, _) => (Verdict::unknown(ReasonKind::Unsupported, unread(reader, instance)), None),
        (Some(_), None) if lives_in_aws(&instance.provider) => (
            Verdict::unknown(
                ReasonKind::Place,
                "neither the state nor the configuration tells in which account and region it lives: configure a default place",
            ),
            None,
        ),
        (Some(used), place) => match reader.read(place, instance).await {
            LiveReading::Found { facets, computed, sensitivity } => {
                computed_differences = compare(&computed, &sensitivity);
                (Verdict::of(compare(&facets, &sensitivity)), Some(used))
            }
            LiveReading::Gone => (Verdict::Missing, Some(used)),
            LiveReading::Unknown(reason) => (Verdict::Unknown { reason }, Some(used)),
        },
    };
    Judgement {
        instance: InstanceRef { state: state.clone(), key: instance.key.clone() },
        type_name: instance.type_name.clone(),
        id: instance.id().map(str::to_owned),
        place: instance.place.clone(),
        url: reader.link(instance).filter(|url| is_link(url)),
        verdict,
        computed: computed_differences,
        reader: used,
        read_began,
    }
}

/// A longer link is no page's.
const LONGEST_LINK: usize = 700;

/// Whether a link may be shown: it leads to a page by TLS, or on this machine, and holds nothing that ends it or hides where it leads.
#[must_use]
pub fn is_link(url: &str) -> bool {
    let host = |scheme: &str| url.strip_prefix(scheme).map(|rest| rest.split(['/', '?', '#']).next().unwrap_or_default());
    let on_this_machine = |host: &str| {
        ["127.0.0.1", "localhost", "[::1]"].iter().any(|name| {
            host.strip_prefix(name)
                .is_some_and(|port| port.is_empty() || port.strip_prefix(':').is_some_and(|port| port.parse::<u16>().is_ok()))
        })
    };
    let leads_somewhere =
        host("https://").is_some_and(|host| !host.is_empty() && !host.contains('@')) || host("http://").is_some_and(on_this_machine);
    let is_plain = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'<' | b'>' | b'|' | b'"' | b'\'' | b'`' | b'\\');
    leads_somewhere && url.len() <= LONGEST_LINK && url.bytes().all(is_plain)
}

fn unread(reader: &impl LiveReader, instance: &Instance) -> String {
    let Instance { provider, type_name, .. } = instance;
    let why = format!("no reader at hand reads {type_name}");
    reader.hint(provider, type_name).map_or_else(|| why.clone(), |hint| format!("{why}: {hint}"))
}

/// The judgement on an instance whose recorded side cannot be had: unknown, never missing.
pub(crate) fn undecodable(instance: &InstanceRef, place: Option<Place>, kind: ReasonKind, why: String, read_began: Timestamp) -> Judgement {
    Judgement {
        instance: instance.clone(),
        type_name: instance.key.address.type_name().to_owned(),
        id: None,
        place,
        url: None,
        verdict: Verdict::unknown(kind, why),
        computed: Vec::new(),
        reader: None,
        read_began,
    }
}

/// Judges every instance, at most `parallel` at a time, and gives the judgements in the order of the instances.
pub async fn judge_all(reader: &impl LiveReader, clock: &impl Clock, instances: &[(StateId, Instance)], parallel: usize) -> Vec<Judgement> {
    let looks = instances.iter().map(|(state, instance)| judge(reader, state, instance, clock.now()));
    stream::iter(looks).buffered(parallel.max(1)).collect().await
}
