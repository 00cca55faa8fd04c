//! The ignore file: differences that somebody decided not to be told of.
//!
//! A state does not hold `ignore_changes`, so that what an autoscaler sets would alarm from the first day. A file in
//! TOML names it instead:
//!
//! ```toml
//! [[ignore]]
//! type      = "aws_autoscaling_group"
//! attribute = "desired_capacity"
//! reason    = "the autoscaler sets it"
//!
//! [[ignore]]
//! address = "module.legacy.*"
//! state   = "s3://states/old/*"
//! until   = 2027-01-31
//! reason  = "moves to the new account in January"
//!
//! [[ignore]]
//! type      = "github_repository"
//! unmanaged = "sandbox-*"
//! reason    = "anybody may try things out"
//! ```
//!
//! `address`, `type`, `attribute` and `state` are patterns in which `*` stands for anything; all that are given have to
//! fit, and at least one has to be given. `attribute` fits a top-level attribute or a whole path
//! (`tags["LastScanned"]`). A rule without `attribute` ignores the instance as a whole: its differences, that it is
//! missing, and that it cannot be read. A rule with `unmanaged` is about what a scan finds in no state, by its name or
//! by the id that an `import` block takes, and about nothing else: it takes `type` beside it. `reason` is required.
//! `until` is optional: the last day, in UTC, on which the rule holds.

use drift_model::{Difference, InstanceRef, Timestamp, Verdict};
use jiff::{civil::Date, tz::TimeZone};
use serde::Deserialize;
use toml::Spanned;

use crate::{scan::Unmanaged, wildcard::fits};

/// The rules of an ignore file, in its order. Without rules it ignores nothing.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Ignore {
    rules: Vec<Rule>,
}

/// One `[[ignore]]` of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// Pattern of addresses.
    pub address: Option<String>,
    /// Pattern of types.
    pub type_name: Option<String>,
    /// Pattern of top-level attributes or whole paths; nothing: the instance as a whole.
    pub attribute: Option<String>,
    /// Pattern of states.
    pub state: Option<String>,
    /// Pattern of names or ids of what no state manages: then the rule is about nothing else.
    pub unmanaged: Option<String>,
    /// Why, for those who read it later.
    pub reason: String,
    /// The last day on which it holds.
    pub until: Option<Date>,
    /// Its line in the file.
    pub line: usize,
}

/// Why a text is no ignore file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IgnoreError {
    /// It is not TOML, or not of this shape.
    #[error("{file}:{line}: {why}")]
    Syntax {
        /// The file's name, as given.
        file: String,
        /// From 1.
        line: usize,
        /// What the parser says.
        why: String,
    },
    /// A rule has no reason.
    #[error("{file}:{line}: this rule has no `reason`: say why, for those who read it later")]
    NoReason {
        /// The file's name, as given.
        file: String,
        /// From 1.
        line: usize,
    },
    /// A rule fits everything.
    #[error("{file}:{line}: this rule would ignore everything: give at least one of `address`, `type`, `attribute`, `state`, `unmanaged`")]
    Everything {
        /// The file's name, as given.
        file: String,
        /// From 1.
        line: usize,
    },
    /// A rule is about what is in a state, and about what is in none.
    #[error("{file}:{line}: what is `unmanaged` has no `address`, `attribute` or `state`: only `type` goes with it")]
    Both {
        /// The file's name, as given.
        file: String,
        /// From 1.
        line: usize,
    },
    /// A rule's end is no day.
    #[error("{file}:{line}: `until` is no day: write it as 2027-01-31")]
    Until {
        /// The file's name, as given.
        file: String,
        /// From 1.
        line: usize,
    },
}

/// What a rule hid. Holds no value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hidden {
    /// The path that differs; nothing where the instance as a whole was hidden.
    pub path: Option<String>,
    /// Why it is ignored.
    pub reason: String,
    /// The rule's line in the file.
    pub line: usize,
}

/// A verdict after the ignore file.
#[derive(Clone, Debug, PartialEq)]
pub struct Sifted {
    /// What is left of it: `InSync` where all that differs is ignored, but an unknown stays unknown.
    pub verdict: Verdict,
    /// What was hidden. Where that is an unknown, nobody needs to be told of it.
    pub hidden: Vec<Hidden>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    ignore: Vec<Spanned<Written>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    address: Option<String>,
    #[serde(rename = "type")]
    type_name: Option<String>,
    attribute: Option<String>,
    state: Option<String>,
    unmanaged: Option<String>,
    reason: Option<String>,
    until: Option<toml::Value>,
}

impl Ignore {
    /// The name under which the command line looks for the file where nobody names another.
    pub const FILE: &str = ".driftwire-ignore.toml";

    /// Reads an ignore file. `file` is its name, for messages.
    ///
    /// # Errors
    ///
    /// Where it is not TOML of the documented shape, or a rule gives no reason, fits everything, or ends on no day.
    pub fn parse(text: &str, file: &str) -> Result<Self, IgnoreError> {
        let line = |offset: usize| text.bytes().take(offset).filter(|byte| *byte == b'\n').count() + 1;
        let written: File = toml::from_str(text).map_err(|error| IgnoreError::Syntax {
            file: file.to_owned(),
            line: line(error.span().map_or(0, |span| span.start)),
            why: error.message().to_owned(),
        })?;
        let rules = written.ignore.into_iter().map(|rule| rule_of(line(rule.span().start), rule.into_inner(), file));
        Ok(Self { rules: rules.collect::<Result<_, _>>()? })
    }

    /// The rules that held until a day before `now`: they hide nothing any more, and somebody should remove them.
    pub fn expired(&self, now: Timestamp) -> impl Iterator<Item = &Rule> {
        self.rules.iter().filter(move |rule| !rule.holds(now))
    }

    /// Whether something that no state manages is ignored.
    #[must_use]
    pub fn hides(&self, found: &Unmanaged, now: Timestamp) -> bool {
        self.rules.iter().any(|rule| rule.holds(now) && rule.fits_unmanaged(found))
    }

    /// Takes out of a verdict what is ignored.
    #[must_use]
    pub fn sift(&self, instance: &InstanceRef, verdict: Verdict, now: Timestamp) -> Sifted {
        let rules: Vec<&Rule> = self.rules.iter().filter(|rule| rule.holds(now) && rule.names(instance)).collect();
        let whole = || rules.iter().find(|rule| rule.attribute.is_none());
        match verdict {
            Verdict::InSync => Sifted { verdict, hidden: Vec::new() },
            Verdict::Missing => match whole() {
                Some(rule) => Sifted { verdict: Verdict::InSync, hidden: vec![rule.hidden(None)] },
                None => Sifted { verdict, hidden: Vec::new() },
            },
            Verdict::Unknown { .. } => {
                let hidden = whole().map(|rule| rule.hidden(None)).into_iter().collect();
                Sifted { verdict, hidden }
            }
            Verdict::Drifted { differences } => {
                let mut hidden = Vec::new();
                let mut kept = Vec::new();
                for difference in differences {
                    match rules.iter().find(|rule| rule.hides(&difference)) {
                        Some(rule) => hidden.push(rule.hidden(Some(difference.path))),
                        None => kept.push(difference),
                    }
                }
                Sifted { verdict: Verdict::of(kept), hidden }
            }
        }
    }
}

fn rule_of(line: usize, written: Written, file: &str) -> Result<Rule, IgnoreError> {
    let file = || file.to_owned();
    let Written { address, type_name, attribute, state, unmanaged, reason, until } = written;
    let reason = reason.filter(|reason| !reason.trim().is_empty()).ok_or_else(|| IgnoreError::NoReason { file: file(), line })?;
    if unmanaged.is_some() && [&address, &attribute, &state].iter().any(|pattern| pattern.is_some()) {
        return Err(IgnoreError::Both { file: file(), line });
    }
    if [&address, &type_name, &attribute, &state, &unmanaged].iter().all(|pattern| pattern.as_deref().is_none_or(|pattern| pattern == "*"))
    {
        return Err(IgnoreError::Everything { file: file(), line });
    }
    let until = until.map(|until| day(&until).ok_or_else(|| IgnoreError::Until { file: file(), line })).transpose()?;
    Ok(Rule { address, type_name, attribute, state, unmanaged, reason, until, line })
}

/// A day, as TOML's own or as a text.
fn day(value: &toml::Value) -> Option<Date> {
    match value {
        toml::Value::String(text) => text.parse().ok(),
        toml::Value::Datetime(written) if written.time.is_none() => written.to_string().parse().ok(),
        _ => None,
    }
}

impl Rule {
    fn holds(&self, now: Timestamp) -> bool {
        self.until.is_none_or(|until| now.to_zoned(TimeZone::UTC).date() <= until)
    }

    fn names(&self, instance: &InstanceRef) -> bool {
        let fit = |pattern: &Option<String>, text: &str| pattern.as_deref().is_none_or(|pattern| fits(pattern, text));
        let address = &instance.key.address;
        self.unmanaged.is_none()
            && fit(&self.address, address.as_str())
            && fit(&self.type_name, address.type_name())
            && fit(&self.state, &instance.state.0)
    }

    fn fits_unmanaged(&self, found: &Unmanaged) -> bool {
        let of_type = self.type_name.as_deref().is_none_or(|pattern| fits(pattern, &found.type_name));
        of_type && self.unmanaged.as_deref().is_some_and(|pattern| fits(pattern, &found.name) || fits(pattern, &found.id))
    }

    fn hides(&self, difference: &Difference) -> bool {
        self.attribute.as_deref().is_none_or(|pattern| fits(pattern, &difference.attribute) || fits(pattern, &difference.path))
    }

    fn hidden(&self, path: Option<String>) -> Hidden {
        Hidden { path, reason: self.reason.clone(), line: self.line }
    }
}

#[cfg(test)]
mod tests;
