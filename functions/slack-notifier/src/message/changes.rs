//! Who, with what, from where, when: the changes that explain a drift, and those that only led to it.

use drift_engine::alert::neutral;
use drift_model::{Actor, ActorKind, Cause, Place, Timestamp};

use super::{
    links,
    text::{Keep, code},
};

/// Names, addresses and user agents are cut after so much.
const LONGEST: usize = 160;
const LONGEST_IN_LINE: usize = 80;

/// The fields of the change that explains it best.
pub(super) fn fields(change: &Cause) -> Vec<String> {
    let how = how(&change.actor);
    let how = if how.is_empty() { how } else { format!("\n{how}") };
    let mut fields = vec![
        format!("*Who*\n{}{how}", code(&change.actor.name, LONGEST, Keep::Start)),
        format!("*Call*\n{}\n{}", code(&call(change), LONGEST, Keep::Start), time(change.time)),
    ];
    let from: Vec<String> =
        [&change.source_address, &change.user_agent].into_iter().flatten().map(|text| code(text, LONGEST, Keep::Start)).collect();
    if !from.is_empty() {
        fields.push(format!("*From where*\n{}", from.join("\n")));
    }
    fields
}

/// One change on a line.
pub(super) fn line(change: &Cause, place: Option<&Place>) -> String {
    let who = code(&change.actor.name, LONGEST_IN_LINE, Keep::Start);
    let call = code(&call(change), LONGEST_IN_LINE, Keep::Start);
    let record = place.and_then(|place| links::record(&change.record.0, place));
    let record = record.map(|url| format!(", {}", super::link(&url, "event"))).unwrap_or_default();
    format!("• {who} by {call} at {}{record}", time(change.time))
}

/// In whose name and with what, in our words.
fn how(actor: &Actor) -> String {
    let kind = match actor.kind {
        ActorKind::SsoUser => "SSO user",
        ActorKind::IamUser => "IAM user",
        ActorKind::Root => "root user",
        ActorKind::Role => "role",
        ActorKind::Federated => "federated user",
        ActorKind::Service => "AWS service",
        ActorKind::Account => "another account",
        ActorKind::User => "user",
        ActorKind::Unknown => "",
    };
    let console = if actor.console { "in the console" } else { "" };
    let tool = actor.tool.map(|tool| format!("by what says it is {tool}")).unwrap_or_default();
    [kind, console, &tool].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(", ")
}

fn call(change: &Cause) -> String {
    let service = change.source.strip_suffix(".amazonaws.com").unwrap_or(&change.source);
    neutral(&format!("{service}:{}", change.name))
}

/// To the second.
pub(super) fn time(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string()
}
