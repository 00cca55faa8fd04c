//! The messages that the functions leave for each other, and for themselves later.

use drift_model::{Change, InstanceRef, RecordId, StateId, Timestamp};
use serde::{Deserialize, Serialize};

/// A message on a function's queue that no AWS service wrote. Serialises as `{"driftwire": "judge", ...}`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "driftwire", rename_all = "snake_case")]
pub enum Work {
    /// For one of the functions that judge: judge these instances (again).
    Judge {
        /// Whose work it is. Without it, as in messages from before there was a choice, it is `event-detector`'s.
        #[serde(default)]
        by: JudgedBy,
        /// Which.
        instances: Vec<InstanceRef>,
        /// The changes that led here, as far as they concern these instances.
        changes: Vec<SeenChange>,
        /// Why again.
        why: Again,
        /// How often it was put off for this reason.
        attempt: u32,
        /// When it was put off first.
        since: Timestamp,
    },
    /// For `event-detector`: publish what is owed.
    Sweep,
    /// For `state-indexer`: bring the index of one state up to date.
    Index {
        /// Which.
        state: StateId,
    },
    /// For `state-indexer`: compare the configured buckets with the index, and queue what differs.
    Reconcile,
    /// For `github-scanner`: look at one part of a GitHub organisation. A schedule writes `{"driftwire": "scan_github"}`.
    ScanGithub {
        /// Which part.
        #[serde(default)]
        part: ScanPart,
        /// When the scan that it belongs to began; without it one begins.
        #[serde(default)]
        scan: Option<Timestamp>,
        /// How often this part was put off.
        #[serde(default)]
        attempt: u32,
    },
}

/// The parts that a scan of a GitHub organisation is cut into, each a message: small enough for one invocation, and safe to repeat.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ScanPart {
    /// What the other parts need to know.
    #[default]
    Begin,
    /// The organisation's own settings, members and teams.
    Organisation,
    /// A page of its repositories, with what belongs to them.
    Repositories {
        /// Which, counted from 0.
        page: u32,
        /// GitHub's cursor of it; the first one has none.
        after: Option<String>,
    },
    /// What no page held, and the summary.
    Rest,
}

impl ScanPart {
    /// The name that machines read: `repositories`.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Begin => "begin",
            Self::Organisation => "organisation",
            Self::Repositories { .. } => "repositories",
            Self::Rest => "rest",
        }
    }
}

/// The functions that work from a queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Function {
    /// From records to judged drift.
    EventDetector,
    /// From state objects to the index.
    StateIndexer,
    /// From what `event-detector`'s reader does not read to judged drift.
    ProviderJudge,
    /// From a GitHub organisation, on a schedule, to judged drift.
    GithubScanner,
    /// From alerts to messages in Slack. Never has [`Work`]: its queue holds what the alerts' topic delivers.
    SlackNotifier,
}

impl Function {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::EventDetector, Self::StateIndexer, Self::ProviderJudge, Self::GithubScanner, Self::SlackNotifier];

    /// The name that it is deployed by: `event-detector`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::EventDetector => "event-detector",
            Self::StateIndexer => "state-indexer",
            Self::ProviderJudge => "provider-judge",
            Self::GithubScanner => "github-scanner",
            Self::SlackNotifier => "slack-notifier",
        }
    }
}

/// The functions that judge, each from a queue of its own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum JudgedBy {
    /// What records name, with the native reader.
    #[default]
    EventDetector,
    /// What was handed over, through provider plugins.
    ProviderJudge,
    /// What lives in GitHub: what a scan looks at, and what was handed over.
    GithubScanner,
}

impl JudgedBy {
    /// The function itself.
    #[must_use]
    pub const fn function(self) -> Function {
        match self {
            Self::EventDetector => Function::EventDetector,
            Self::ProviderJudge => Function::ProviderJudge,
            Self::GithubScanner => Function::GithubScanner,
        }
    }
}

impl Work {
    /// The name that machines read: `judge`.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Judge { .. } => "judge",
            Self::Sweep => "sweep",
            Self::Index { .. } => "index",
            Self::Reconcile => "reconcile",
            Self::ScanGithub { .. } => "scan_github",
        }
    }

    /// Whose work it is.
    #[must_use]
    pub fn function(&self) -> Function {
        match self {
            Self::Judge { by, .. } => by.function(),
            Self::Sweep => Function::EventDetector,
            Self::Index { .. } | Self::Reconcile => Function::StateIndexer,
            Self::ScanGithub { .. } => Function::GithubScanner,
        }
    }

    /// The records that led to it, as far as it carries them; none where a schedule or a state did.
    pub fn records(&self) -> impl Iterator<Item = &RecordId> {
        let changes = match self {
            Self::Judge { changes, .. } => changes.as_slice(),
            Self::Sweep | Self::Index { .. } | Self::Reconcile | Self::ScanGithub { .. } => &[],
        };
        changes.iter().map(|seen| &seen.change.id)
    }
}

/// A change, and for each instance whether it can be its cause.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SeenChange {
    /// The change, without its names.
    pub change: Change,
    /// The instances that it may have caused the drift of; for the others it is only "also seen".
    pub cause_of: Vec<InstanceRef>,
}

/// Why instances are judged again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Again {
    /// A read right after a write may still have shown the old value.
    Recheck,
    /// Terraform was at work, or said that it was.
    Deferred,
    /// The state was a newer version than the index.
    StateChanged,
    /// The state was indexed anew.
    Indexed,
    /// A read was throttled, or failed in a way that may pass by itself.
    Throttled,
    /// The reader of `event-detector` does not read it.
    Handed,
    /// A scan looks at everything. Leads to no recheck: the next scan is one.
    Scanned,
}

impl Again {
    /// The name that machines read: `state_changed`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Recheck => "recheck",
            Self::Deferred => "deferred",
            Self::StateChanged => "state_changed",
            Self::Indexed => "indexed",
            Self::Throttled => "throttled",
            Self::Handed => "handed",
            Self::Scanned => "scanned",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn judge(by: &str) -> Work {
        let text = format!(
            r#"{{"driftwire": "judge", {by}"instances": [], "changes": [], "why": "recheck", "attempt": 0, "since": "2026-03-14T09:27:00Z"}}"#
        );
        serde_json::from_str(&text).expect("it is work")
    }

    #[test]
    fn a_message_that_does_not_say_whose_it_is_is_event_detectors() {
        assert_eq!(judge("").function(), Function::EventDetector);
        assert_eq!(judge(r#""by": "event-detector", "#), judge(""));
        assert_eq!(judge(r#""by": "provider-judge", "#).function(), Function::ProviderJudge);
        assert_eq!(judge(r#""by": "github-scanner", "#).function(), Function::GithubScanner);
    }

    #[test]
    fn a_message_says_whose_it_is_by_the_functions_name() {
        for by in [JudgedBy::EventDetector, JudgedBy::ProviderJudge, JudgedBy::GithubScanner] {
            assert_eq!(serde_json::to_value(by).expect("serialises"), by.function().name());
        }
    }

    #[test]
    fn what_a_schedule_writes_begins_a_scan_and_every_part_comes_back_as_it_was_left() {
        let begun: Work = serde_json::from_str(r#"{"driftwire": "scan_github"}"#).expect("it is work");
        assert_eq!(begun, Work::ScanGithub { part: ScanPart::Begin, scan: None, attempt: 0 });
        assert_eq!((begun.function(), begun.name()), (Function::GithubScanner, "scan_github"));
        let page = |after: Option<&str>| ScanPart::Repositories { page: 3, after: after.map(str::to_owned) };
        for part in [ScanPart::Begin, ScanPart::Organisation, page(None), page(Some("Y3Vyc29y")), ScanPart::Rest] {
            let (name, scan) = (part.name(), "2026-03-14T09:27:00Z".parse().ok());
            let left = serde_json::to_value(Work::ScanGithub { part, scan, attempt: 2 }).expect("serialises");
            assert!(left["part"] == name || left["part"].get(name).is_some(), "{left}");
            let back: Work = serde_json::from_value(left.clone()).expect("it is work");
            assert_eq!(serde_json::to_value(back).expect("serialises"), left);
        }
    }
}
