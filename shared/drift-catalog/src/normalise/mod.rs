//! The forms into which both sides of an attribute are brought: equal in meaning is equal in value.

mod bypass_actors;
pub(crate) mod dns_name;
mod dns_records;
mod go_time;
mod grants;
mod iam_policy;
mod json;
#[cfg(test)]
mod laws;
pub(crate) mod lower_case;
mod number;
mod permission;
mod security_group_rules;
mod set;
mod ssh_key;
pub(crate) mod tags;
mod time;
mod user_data;

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

/// How an attribute is brought into the form in which it is compared. A closed list; each is pure, the same for both
/// sides, and leaves what it does not understand as it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Normaliser {
    /// As it is; lists keep their order.
    #[default]
    Value,
    /// `"30"` is 30.
    Integer,
    /// `"true"` is true.
    Boolean,
    /// A list, and the lists within it, without order and without repetition.
    Set,
    /// A text of JSON, parsed.
    Json,
    /// A text of JSON that is an IAM policy: by what it means.
    IamPolicy,
    /// Tags, as a map or in any of AWS's lists; without those that AWS itself sets.
    Tags,
    /// The rules of a security group: what Terraform groups by ports and description, one by one.
    SecurityGroupRules,
    /// A moment, in UTC.
    Time,
    /// A name of the DNS: lower case, without the last dot, escapes undone.
    DnsName,
    /// The values of a DNS record, without order and without the quotes that only TXT records have around them.
    DnsRecords,
    /// The grants of a bucket's access list, one by one.
    Grants,
    /// An instance's user data, by the hash of it that Terraform records.
    UserData,
    /// A name that means the same in any case: a login, a slug.
    LowerCase,
    /// A moment to the second, in RFC 3339 or as Go prints it.
    GoTime,
    /// What somebody may do with a repository, by GitHub's words or by Terraform's.
    Permission,
    /// A public SSH key, without its comment.
    SshKey,
    /// Who may bypass a ruleset.
    BypassActors,
}

impl Normaliser {
    /// Each of them: what holds for any normaliser is asked of these.
    pub const ALL: [Self; 18] = [
        Self::Value,
        Self::Integer,
        Self::Boolean,
        Self::Set,
        Self::Json,
        Self::IamPolicy,
        Self::Tags,
        Self::SecurityGroupRules,
        Self::Time,
        Self::DnsName,
        Self::DnsRecords,
        Self::Grants,
        Self::UserData,
        Self::LowerCase,
        Self::GoTime,
        Self::Permission,
        Self::SshKey,
        Self::BypassActors,
    ];

    /// The value in the form in which it is compared. Nothing (null, an empty text, list or map) is null.
    #[must_use]
    pub fn normalise(self, value: Value) -> Value {
        let normal = match self {
            Self::Value => value,
            Self::Integer => number::integer(value),
            Self::Boolean => number::boolean(value),
            Self::Set => set::unordered(value),
            Self::Json => json::parsed(value),
            Self::IamPolicy => iam_policy::meaning(value),
            Self::Tags => tags::of_people(value),
            Self::SecurityGroupRules => security_group_rules::one_by_one(value),
            Self::Time => time::in_utc(value),
            Self::DnsName => dns_name::normal(value),
            Self::DnsRecords => dns_records::unquoted(value),
            Self::Grants => grants::one_by_one(value),
            Self::UserData => user_data::hashed(value),
            Self::LowerCase => lower_case::lower(value),
            Self::GoTime => go_time::to_the_second(value),
            Self::Permission => permission::word(value),
            Self::SshKey => ssh_key::without_comment(value),
            Self::BypassActors => bypass_actors::in_order(value),
        };
        if is_nothing(&normal) { Value::Null } else { normal }
    }
}

/// Null, or an empty text, list or map.
pub(crate) fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(members) => members.is_empty(),
        Value::Bool(_) | Value::Number(_) => false,
    }
}

/// Normalises the attributes of these names wherever they stand in the value's blocks.
pub(crate) fn within(value: &mut Value, nested: &BTreeMap<String, Normaliser>) {
    if nested.is_empty() {
        return;
    }
    match value {
        Value::Array(items) => items.iter_mut().for_each(|item| within(item, nested)),
        Value::Object(members) => {
            for (key, member) in members {
                within(member, nested);
                if let Some(normaliser) = nested.get(key) {
                    *member = normaliser.normalise(member.take());
                }
            }
        }
        _ => {}
    }
}
