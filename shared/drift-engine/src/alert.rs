//! An alert, rendered: for people, for machines, and for SNS to filter by.
//!
//! # Guarantees
//!
//! - The subject is one line of printable ASCII of fewer than 100 characters, which is what SNS takes.
//! - Everything that comes from the cloud (names, tags, actors, user agents) is untrusted text: in the text body no
//!   control character, terminal escape or bidirectional override is left of it, and a value is always one line.
//! - Body and JSON together stay below 256 KB ([`MAX_TOGETHER`]); what is cut says so.
//! - A sensitive value is never in any of it: an alert does not hold one.
//!
//! # The JSON body
//!
//! ```json
//! {
//!   "version": "1",
//!   "id": "the transition's: drop what you have seen",
//!   "kind": "opened | reopened | changed | resolved | no_longer_managed",
//!   "at": "2026-03-14T09:27:10Z",
//!   "status": "drifted | missing | unreadable | touched | resolved | no_longer_managed",
//!   "severity": "low | medium | high | critical",
//!   "during_a_run": false,
//!   "address": "aws_security_group.web", "deposed": null, "type": "aws_security_group", "id_of_resource": "sg-1",
//!   "state": "s3://states/prod.tfstate",
//!   "place": {"partition": "aws", "account": "123456789012", "region": "eu-west-1"}, or null where it does not live in AWS,
//!   "url": its page for people; only where one is known,
//!   "differences": [{"attribute", "path", "recorded", "live", "sensitive"}],
//!   "was": [the differences before, once it is resolved],
//!   "unreadable": {"kind": "access_denied", "message": "..."},
//!   "causes": [{"record", "source", "name", "time", "actor": {"kind", "name", "tool", "console"}, "source_address", "user_agent"}],
//!   "also_seen": [the same],
//!   "first_seen": "2026-03-14T09:27:10Z",
//!   "left_out": {"differences": 0, "causes": 0, "also_seen": 0}
//! }
//! ```
//!
//! Fields may be added; a field changes its meaning only with `version`.

mod json;
mod neutral;
mod text;
mod value;

use std::collections::BTreeMap;

pub use self::{
    neutral::{is_harmful, neutral},
    text::{explanation, headline, who_untold},
    value::missing_in,
};
use crate::ports::Alert;

/// Subject, text and JSON together stay below this number of bytes, as SNS counts them: 256 KB, with room for the
/// envelope that `MessageStructure=json` needs and for the escapes in it.
pub const MAX_TOGETHER: usize = 200 * 1024;

/// An alert as it is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rendered {
    /// One line of ASCII, fewer than 100 characters.
    pub subject: String,
    /// For e-mail.
    pub text: String,
    /// For machines.
    pub json: String,
    /// To filter subscriptions by: `severity`, `kind`, `status`, `type`, `state`, and `account` and `region` where the
    /// place is known. No value is empty.
    pub attributes: BTreeMap<&'static str, String>,
}

/// Renders an alert.
#[must_use]
pub fn render(alert: &Alert) -> Rendered {
    Rendered { subject: text::subject(alert), text: text::body(alert), json: json::body(alert), attributes: attributes(alert) }
}

fn attributes(alert: &Alert) -> BTreeMap<&'static str, String> {
    let drift = &alert.drift;
    let place = drift.place.as_ref();
    let known = [
        ("severity", Some(alert.transition.severity.name().to_owned())),
        ("kind", Some(alert.transition.kind.name().to_owned())),
        ("status", Some(alert.transition.status.name().to_owned())),
        ("type", Some(drift.type_name.clone())),
        ("state", Some(drift.instance.state.0.clone())),
        ("account", place.map(|place| place.account.clone())),
        ("region", place.map(|place| place.region.clone())),
    ];
    known.into_iter().filter_map(|(name, value)| Some((name, value.filter(|value| !value.is_empty())?))).collect()
}

#[cfg(test)]
mod tests;
