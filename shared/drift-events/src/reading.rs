use drift_model::{Actor, Change, Place, RecordId, Timestamp};
use jiff::{civil::DateTime, tz::Offset};

use crate::{
    actor,
    event_name::{reads_by_its_name, undated},
    fields::Fields,
    internal::is_no_configuration_change,
    names,
};

/// What one record comes to: what is known of it in any case, and exactly one outcome.
#[derive(Clone, Debug, PartialEq)]
pub struct Reading {
    /// Which record it is, as far as it says.
    pub head: RecordHead,
    /// What follows from it.
    pub outcome: Outcome,
}

/// What names a record to a reader.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordHead {
    /// CloudTrail's `eventID`.
    pub event_id: Option<RecordId>,
    /// `ec2:AuthorizeSecurityGroupIngress`, as IAM would write it; empty where the record does not say.
    pub event: String,
    /// CloudTrail's `eventSource`: `ec2.amazonaws.com`.
    pub source: Option<String>,
    /// CloudTrail's `eventName`, without the date that some end in.
    pub name: Option<String>,
    /// Who.
    pub actor: Actor,
}

/// What follows from a record. Only a change leads anywhere.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// Something was written, or a record without `readOnly` leaves that open.
    Change(Box<Change>),
    /// Nothing was written.
    ReadOnly,
    /// The call did not succeed, or was a dry run: what it asked for did not happen.
    Failed {
        /// CloudTrail's `errorCode`.
        code: String,
    },
    /// Something else than a configuration was written: a sign-in, a session, an agent's report, an insight.
    Internal,
    /// Not a record of CloudTrail, or one without what every record has.
    Malformed {
        /// What is wrong or absent.
        why: String,
    },
}

/// Reads one record.
///
/// Parameters and answers are looked into only for a change; nothing but names, ids and the actor is copied.
#[must_use]
pub fn read(record: &[u8]) -> Reading {
    let fields = match Fields::of(record) {
        Ok(fields) => fields,
        Err(why) => return Reading { head: RecordHead::unknown(), outcome: Outcome::Malformed { why } },
    };
    let actor = actor::of(&fields);
    let source = fields.source.as_deref().map(str::to_ascii_lowercase);
    let name = fields.name.as_deref().map(|name| undated(name).to_owned());
    let event = match (&source, &name) {
        (Some(source), Some(name)) => format!("{}:{name}", source.split('.').next().unwrap_or(source)),
        (None, Some(name)) => name.clone(),
        (Some(_) | None, None) => String::new(),
    };
    let head = RecordHead { event_id: fields.id.as_deref().map(|id| RecordId(id.to_owned())), event, source, name, actor };
    let outcome = outcome(&fields, &head).unwrap_or_else(|why| Outcome::Malformed { why: why.to_owned() });
    Reading { head, outcome }
}

fn outcome(fields: &Fields<'_>, head: &RecordHead) -> Result<Outcome, &'static str> {
    let source = head.source.as_deref().ok_or("no eventSource: not a CloudTrail record")?;
    let name = head.name.as_deref().ok_or("no eventName: not a CloudTrail record")?;
    if fields.read_only == Some(true) {
        return Ok(Outcome::ReadOnly);
    }
    if let Some(code) = fields.error_code.as_deref().filter(|code| !code.is_empty()) {
        return Ok(Outcome::Failed { code: code.to_owned() });
    }
    if is_no_configuration_change(fields.event_type.as_deref(), source, name) {
        return Ok(Outcome::Internal);
    }
    // Records before event version 1.05 have no `readOnly`. They count as writes, except where the name rules that out.
    if fields.read_only.is_none() && reads_by_its_name(name) {
        return Ok(Outcome::ReadOnly);
    }
    let time = fields.time.as_deref().ok_or("no eventTime")?;
    let region = fields.region.as_deref().filter(|region| !region.is_empty()).ok_or("no awsRegion")?;
    let account = fields.recipient_account.as_deref().or(fields.identity.account.as_deref()).ok_or("no recipientAccountId")?;
    let (names, names_left_out) = names::of(fields);
    Ok(Outcome::Change(Box::new(Change {
        id: head.event_id.clone().ok_or("no eventID")?,
        source: source.to_owned(),
        name: name.to_owned(),
        time: moment(time).ok_or("an eventTime that is no time")?,
        place: Place::new(partition(region, fields.identity.arn.as_deref()), account, region),
        actor: head.actor.clone(),
        source_address: fields.source_address.as_deref().map(str::to_owned),
        user_agent: fields.user_agent.as_deref().map(str::to_owned),
        names,
        names_left_out,
    })))
}

/// CloudTrail writes `2026-03-14T09:27:00Z`; what stored a record in between may have left out the offset, which is UTC's.
fn moment(time: &str) -> Option<Timestamp> {
    let in_utc = || time.parse::<DateTime>().ok().and_then(|time| Offset::UTC.to_timestamp(time).ok());
    time.parse().ok().or_else(in_utc)
}

/// The partition that a region belongs to, by its name; where that tells nothing, the caller's.
fn partition<'a>(region: &str, caller: Option<&'a str>) -> &'a str {
    let by_caller = || caller.and_then(|arn| arn.strip_prefix("arn:")).and_then(|rest| rest.split(':').next());
    Place::partition_of(region).or_else(by_caller).filter(|partition| !partition.is_empty()).unwrap_or("aws")
}

impl RecordHead {
    fn unknown() -> Self {
        Self { event_id: None, event: String::new(), source: None, name: None, actor: actor::unknown() }
    }
}
