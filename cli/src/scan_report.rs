//! What `scan` found, for machines and for people.

use std::{collections::BTreeMap, fmt::Write as _};

use drift_engine::{
    scan::{Coverage, Unmanaged},
    work::SeenChange,
};
use drift_github::{Used, scan::Gap};
use drift_model::Timestamp;
use serde::{Serialize, Serializer};

use crate::{
    exit::ExitStatus,
    output::{self, Style, count, printable},
    report::{CheckReport, InstanceReport, Summary, UnknownPolicy},
};

/// Somebody who changed something, as the organisation's audit log tells.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Who {
    /// `repo.access`.
    action: String,
    /// A login. Untrusted text.
    actor: String,
    at: Timestamp,
    /// The address that it came from, where the log tells. Untrusted text.
    from: Option<String>,
}

impl Who {
    /// All of those that may have changed an instance, oldest first.
    pub(crate) fn of(changes: &[SeenChange]) -> Vec<Self> {
        let one = |SeenChange { change, .. }: &SeenChange| Self {
            action: change.name.clone(),
            actor: change.actor.name.clone(),
            at: change.time,
            from: change.source_address.clone(),
        };
        changes.iter().map(one).collect()
    }

    /// `octo (repo.access) at 2026-03-14T09:27:00Z from 192.0.2.1`.
    pub(crate) fn words(&self) -> String {
        let from = self.from.as_ref().map(|from| format!(" from {}", printable(from))).unwrap_or_default();
        format!("{} ({}) at {}{from}", printable(&self.actor), printable(&self.action), output::second(self.at))
    }
}

/// What was asked of GitHub.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub(crate) struct Asked {
    rest: u64,
    not_modified: u64,
    graphql: u64,
    /// Of GraphQL's hour.
    points: u64,
    /// For how long requests waited for limits, in all.
    waited: f64,
    seconds: f64,
    by_operation: BTreeMap<String, u64>,
}

impl Asked {
    pub(crate) fn of(used: &Used, began: Timestamp, ended: Timestamp) -> Self {
        Self {
            rest: used.rest,
            not_modified: used.not_modified,
            graphql: used.graphql,
            points: used.points,
            waited: used.waited.as_secs_f64(),
            seconds: ended.duration_since(began).as_secs_f64(),
            by_operation: used.operations.clone(),
        }
    }
}

/// Something live that no state manages, with what adopts it.
#[derive(Clone, Debug, PartialEq, Serialize)]
struct Adoptable {
    #[serde(flatten)]
    found: Unmanaged,
    /// An address that no state holds.
    to: String,
    /// The block.
    import: String,
}

/// Coverage as machines read it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Covered(Coverage);

impl std::ops::Deref for Covered {
    type Target = Coverage;

    fn deref(&self) -> &Coverage {
        &self.0
    }
}

impl std::ops::DerefMut for Covered {
    fn deref_mut(&mut self) -> &mut Coverage {
        &mut self.0
    }
}

impl Serialize for Covered {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Written<'a> {
            types: &'a BTreeMap<String, drift_engine::scan::Counts>,
            managed: usize,
            unmanaged: usize,
            percent: f64,
        }
        let total = self.total();
        Written { types: &self.0.types, managed: total.managed, unmanaged: total.unmanaged, percent: self.percent() }.serialize(serializer)
    }
}

/// Everything that `scan` found.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct ScanReport {
    pub(crate) owner: String,
    pub(crate) began: Timestamp,
    /// Why it ended before everything was looked at.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) cut: Option<String>,
    /// Whether the organisation's audit log could be read; nothing where nobody had to ask.
    pub(crate) audit_log: Option<bool>,
    /// How many instances belong to other owners, by owner: they are not looked at.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) elsewhere: BTreeMap<String, usize>,
    instances: Vec<InstanceReport>,
    summary: Summary,
    pub(crate) coverage: Covered,
    unmanaged: Vec<Adoptable>,
    gaps: Vec<Gap>,
    pub(crate) requests: Asked,
    #[serde(skip)]
    pub(crate) ignored: usize,
}

/// So many of a type are listed for people.
const LISTED: usize = 10;

impl ScanReport {
    pub(crate) fn new(owner: &str, began: Timestamp) -> Self {
        Self {
            owner: owner.to_owned(),
            began,
            cut: None,
            audit_log: None,
            elsewhere: BTreeMap::new(),
            instances: Vec::new(),
            summary: Summary::default(),
            coverage: Covered::default(),
            unmanaged: Vec::new(),
            gaps: Vec::new(),
            requests: Asked::default(),
            ignored: 0,
        }
    }

    /// Takes in what was found.
    pub(crate) fn take(&mut self, instances: Vec<InstanceReport>, unmanaged: Vec<(Unmanaged, String)>, gaps: Vec<Gap>) {
        let adoptable = |(found, to): (Unmanaged, String)| Adoptable { import: found.import_block(&to), found, to };
        self.unmanaged = unmanaged.into_iter().map(adoptable).collect();
        self.gaps = gaps;
        let CheckReport { instances, summary } = CheckReport::new(instances, &[], self.ignored);
        (self.instances, self.summary) = (instances, summary);
    }

    /// The `import` blocks of all that nobody manages.
    pub(crate) fn import_blocks(&self) -> impl Iterator<Item = &str> {
        self.unmanaged.iter().map(|one| one.import.as_str())
    }

    /// What the process ends with. That something could not be listed is an error to whoever minds what is in no state.
    pub(crate) fn status(&self, policy: UnknownPolicy, fail_on_unmanaged: bool) -> ExitStatus {
        let status = CheckReport { instances: Vec::new(), summary: self.summary.clone() }.status(policy);
        match status {
            ExitStatus::Drift => status,
            _ if fail_on_unmanaged && !self.unmanaged.is_empty() => ExitStatus::Drift,
            _ if self.cut.is_some() && policy != UnknownPolicy::Tolerate => ExitStatus::Error,
            _ if !self.gaps.is_empty() && (fail_on_unmanaged || policy == UnknownPolicy::Strict) => ExitStatus::Error,
            _ => status,
        }
    }

    /// For people.
    pub(crate) fn text(&self, states: &[String], all: bool) -> String {
        let check = CheckReport { instances: self.instances.clone(), summary: self.summary.clone() };
        let mut text = check.text(states, all);
        if self.audit_log == Some(false) {
            let why = "who changed it GitHub does not tell: that takes the audit log of GitHub Enterprise Cloud, and the right to read it";
            let _ = writeln!(text, "{}", Style::Dim.paint(why));
        }
        self.write_unmanaged(&mut text, all);
        for gap in &self.gaps {
            let _ = writeln!(text, "{} {}", Style::Warn.paint("not seen:"), printable(&gap.message));
        }
        if let Some(cut) = &self.cut {
            let _ = writeln!(text, "{} {}", Style::Bad.paint("the scan ended early:"), printable(cut));
        }
        self.write_coverage(&mut text);
        text
    }

    fn write_unmanaged(&self, text: &mut String, all: bool) {
        if self.unmanaged.is_empty() {
            return;
        }
        let _ = writeln!(text, "\n{}", Style::Strong.paint("in no state"));
        let mut by_type: BTreeMap<&str, Vec<&Adoptable>> = BTreeMap::new();
        for one in &self.unmanaged {
            by_type.entry(&one.found.type_name).or_default().push(one);
        }
        for (type_name, found) in by_type {
            let shown = if all { found.len() } else { LISTED };
            for one in found.iter().take(shown) {
                let name = Style::Strong.paint(&printable(&one.found.name));
                let _ = writeln!(text, "  {} {type_name} {name} {}", Style::Warn.paint("+"), Style::Dim.paint(&printable(&one.found.id)));
            }
            if let Some(more) = found.len().checked_sub(shown).filter(|more| *more > 0) {
                let _ = writeln!(text, "    {}", Style::Dim.paint(&format!("and {more} more of {type_name} (--all lists them)")));
            }
        }
        let _ = writeln!(text, "{}", Style::Dim.paint("--import FILE writes the blocks that adopt them"));
    }

    fn write_coverage(&self, text: &mut String) {
        let header = ["type", "managed", "unmanaged", "gone", "drifted", "unknown"];
        let rows = self.coverage.types.iter().map(|(type_name, counts)| {
            let numbers = [counts.managed, counts.unmanaged, counts.missing, counts.drifted, counts.unknown];
            let [managed, unmanaged, gone, drifted, unknown] = numbers.map(|number| number.to_string());
            [type_name.clone(), managed, unmanaged, gone, drifted, unknown]
        });
        let _ = writeln!(text, "\n{}", output::table(header, rows));
        let total = self.coverage.total();
        let live = total.managed.saturating_sub(total.missing);
        let _ = writeln!(text, "coverage: {:.1} % of {} managed", self.coverage.percent(), count(live + total.unmanaged, "live thing"));
        let Asked { rest, graphql, seconds, .. } = &self.requests;
        let asked =
            format!("{} and {} to GraphQL in {seconds:.1} s", count(usize::try_from(*rest).unwrap_or(usize::MAX), "request"), graphql);
        let _ = writeln!(text, "{}", Style::Dim.paint(&asked));
    }
}
