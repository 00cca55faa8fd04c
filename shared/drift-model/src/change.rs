use serde::{Deserialize, Serialize};

use crate::{Actor, Place, Timestamp};

/// CloudTrail's `eventID`: unique, the same in every copy of a record.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RecordId(pub String);

/// A record that succeeded and is not read-only, reduced to who, what, when, where and the identifiers it names.
/// Holds no other value of the record.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Change {
    /// The record's id.
    pub id: RecordId,
    /// `ec2.amazonaws.com`.
    pub source: String,
    /// The API's operation, without the date that some names end in: `UpdateFunctionCode`.
    pub name: String,
    /// When the call was made.
    pub time: Timestamp,
    /// Where: the record's partition, the account that it was delivered to, and its region.
    pub place: Place,
    /// Who.
    pub actor: Actor,
    /// From which address or service, as CloudTrail writes it. Untrusted text.
    pub source_address: Option<String>,
    /// The user agent as CloudTrail writes it. Untrusted text.
    pub user_agent: Option<String>,
    /// Every string that may name a resource, without repetition, in the record's order; bounded in number.
    pub names: Vec<Named>,
    /// How many more strings may name one and were not kept, as often as they stand there; what is nested too deeply to be
    /// looked into counts as one.
    #[serde(default)]
    pub names_left_out: usize,
}

/// A string of a record that may name a resource, and where it stood.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Named {
    /// The string, whole or the part of it that names something.
    pub value: String,
    /// `requestParameters.groupId`, `resources[0].ARN`.
    pub at: String,
    /// Whether people write there what they like: in tags, descriptions and comments.
    pub free_text: bool,
}
