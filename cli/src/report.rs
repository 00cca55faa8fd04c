//! What `check` found, for machines and for people.

use std::{cmp::Reverse, collections::BTreeMap, fmt::Write as _};

use drift_engine::{confirm::Unconfirmed, severity};
use drift_model::{Attributes, Difference, Judgement, Place, Reader, Reason, ReasonKind, Severity, Verdict};
use serde::Serialize;

use crate::{
    exit::ExitStatus,
    output::{self, Style, count, printable},
    scan_report::Who,
};

/// What was concluded of one instance: `{"address", "type", "id", "state", "verdict", "severity", "reader", "reason", "differences"}`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct InstanceReport {
    /// What Terraform prints for it.
    pub(crate) address: String,
    /// The key of the deposed object, where it is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) deposed: Option<String>,
    /// `aws_security_group`.
    #[serde(rename = "type")]
    pub(crate) type_name: String,
    /// Terraform's `id`, where the state holds one.
    pub(crate) id: Option<String>,
    /// The state as the command line named it.
    pub(crate) state: String,
    /// Where it lives, where that is known.
    pub(crate) place: Option<Place>,
    /// Its page for people, where one is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) url: Option<String>,
    /// Who may have changed it, where that was asked for and told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) who: Option<Vec<Who>>,
    /// What was concluded.
    #[serde(flatten)]
    pub(crate) conclusion: Conclusion,
}

/// A verdict with what belongs to it, in the shape that machines read.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(into = "Written")]
pub(crate) struct Conclusion {
    /// `in_sync`, `drifted`, `missing` or `unknown`.
    pub(crate) verdict: &'static str,
    /// How bad it is that it drifted or is gone, as an alert would tell it; nothing with another verdict.
    pub(crate) severity: Option<Severity>,
    /// What read it, or tried to; nothing where nothing reads its type.
    pub(crate) reader: Option<Reader>,
    /// Only with `unknown`.
    pub(crate) reason: Option<Reason>,
    /// Empty unless drifted.
    pub(crate) differences: Vec<Difference>,
    /// What differs in attributes that nobody can configure: no drift by itself.
    pub(crate) computed: Vec<Difference>,
    /// With `--confirm` alone: what the provider reader did not agree with.
    pub(crate) unconfirmed: Option<Unconfirmed>,
}

/// A conclusion as machines read it: all differences in one list, the computed ones marked.
#[derive(Serialize)]
struct Written {
    verdict: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    severity: Option<Severity>,
    reader: Option<Reader>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<Reason>,
    differences: Vec<WrittenDifference>,
    #[serde(skip_serializing_if = "Option::is_none")]
    unconfirmed: Option<Unconfirmed>,
}

#[derive(Serialize)]
struct WrittenDifference {
    #[serde(flatten)]
    difference: Difference,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    computed: bool,
}

impl From<Conclusion> for Written {
    fn from(Conclusion { verdict, severity, reader, reason, differences, computed, unconfirmed }: Conclusion) -> Self {
        let differences = differences.into_iter().map(|difference| (difference, false));
        let computed = computed.into_iter().map(|difference| (difference, true));
        let all = differences.chain(computed).map(|(difference, computed)| WrittenDifference { difference, computed }).collect();
        Self { verdict, severity, reader, reason, differences: all, unconfirmed }
    }
}

impl Conclusion {
    /// Nothing could be concluded.
    pub(crate) fn unknown(reason: Reason) -> Self {
        Self::new(Verdict::Unknown { reason }, None, None, Vec::new())
    }

    /// The conclusion of a verdict that `reader` brought about.
    fn new(verdict: Verdict, severity: Option<Severity>, reader: Option<Reader>, computed: Vec<Difference>) -> Self {
        let name = verdict.name();
        let (reason, differences) = match verdict {
            Verdict::Drifted { differences } => (None, differences),
            Verdict::Unknown { reason } => (Some(reason), Vec::new()),
            Verdict::InSync | Verdict::Missing => (None, Vec::new()),
        };
        Self { verdict: name, severity, reader, reason, differences, computed, unconfirmed: None }
    }

    /// What comes first among equally bad ones: gone, drifted, unknown, of a type that no reader reads, in sync.
    pub(crate) fn rank(&self) -> u8 {
        match (self.verdict, self.reason.as_ref().map(|reason| reason.kind)) {
            ("missing", _) => 0,
            ("drifted", _) => 1,
            ("unknown", Some(ReasonKind::Unsupported)) => 3,
            ("unknown", _) => 2,
            _ => 4,
        }
    }

    /// `~`, `?`, ... in its colour.
    pub(crate) fn mark(&self) -> String {
        let (mark, style) = match self.rank() {
            0 => ("-", Style::Bad),
            1 => ("~", Style::Warn),
            2 => ("?", Style::Warn),
            3 => ("?", Style::Dim),
            _ => ("=", Style::Good),
        };
        style.paint(mark)
    }

    /// The verdict in a few words: how bad it is, and what the differences do not say.
    pub(crate) fn words(&self) -> String {
        let severity = self.severity.map(|severity| format!(" ({})", Style::from(severity).paint(severity.name()))).unwrap_or_default();
        match (&self.reason, self.verdict) {
            (Some(reason), _) => format!(": {} ({})", printable(&reason.message), reason.kind),
            (None, "missing") => format!("{severity}: {}", Style::Bad.paint("is gone")),
            (None, _) => severity,
        }
    }
}

impl Conclusion {
    /// What is said beside the differences: what the provider computes, and what was not confirmed.
    pub(crate) fn asides(&self, indent: &str) -> String {
        let mut text = String::new();
        let mut aside = |what: &str, differences: &[Difference]| {
            let paths: Vec<_> = differences.iter().map(|difference| printable(&difference.path)).collect();
            let _ = writeln!(text, "{indent}{}", Style::Dim.paint(&format!("{what}{}", paths.join(", "))));
        };
        if !self.computed.is_empty() {
            aside("also differs, computed by the provider: ", &self.computed);
        }
        match &self.unconfirmed {
            Some(Unconfirmed { verdict: "missing", .. }) => aside("not confirmed by the provider: that it is gone", &[]),
            Some(Unconfirmed { differences, .. }) => aside("not confirmed by the provider: ", differences),
            None => {}
        }
        text
    }
}

impl InstanceReport {
    /// The report of a judgement of an instance. `attributes` are the recorded ones, where they are at hand.
    pub(crate) fn of(judgement: Judgement, attributes: Option<&Attributes>) -> Self {
        let severity = judgement.verdict.is_drift().then(|| severity::severity(&judgement.type_name, &judgement.verdict, attributes));
        let key = judgement.instance.key;
        Self {
            address: key.address.to_string(),
            deposed: key.deposed,
            type_name: judgement.type_name,
            id: judgement.id,
            state: judgement.instance.state.0,
            place: judgement.place,
            url: judgement.url,
            who: None,
            conclusion: Conclusion::new(judgement.verdict, severity, judgement.reader, judgement.computed),
        }
    }

    fn write(&self, text: &mut String) {
        let name = match &self.deposed {
            Some(deposed) => format!("{} (deposed object {deposed})", self.address),
            None => self.address.clone(),
        };
        let _ = write!(text, "  {} {}", self.conclusion.mark(), Style::Strong.paint(&printable(&name)));
        if let Some(id) = &self.id {
            let _ = write!(text, " {}", Style::Dim.paint(&printable(id)));
        }
        let _ = writeln!(text, "{}", self.conclusion.words());
        text.push_str(&output::differences(&self.conclusion.differences, "      "));
        text.push_str(&self.conclusion.asides("      "));
        for who in self.who.iter().flatten() {
            let _ = writeln!(text, "      by {}", who.words());
        }
        if let Some(url) = self.url.as_ref().filter(|_| self.conclusion.rank() < 3) {
            let _ = writeln!(text, "      {}", Style::Dim.paint(&printable(url)));
        }
    }
}

/// How many instances there are of each verdict.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Summary {
    /// All of them.
    pub(crate) instances: usize,
    /// Everything that is compared agrees.
    pub(crate) in_sync: usize,
    /// At least one attribute does not.
    pub(crate) drifted: usize,
    /// Gone.
    pub(crate) missing: usize,
    /// Nothing could be concluded.
    pub(crate) unknown: usize,
    /// Why, and how often.
    pub(crate) unknown_by_reason: BTreeMap<&'static str, usize>,
    /// The types that no reader reads, and how many instances there are of each.
    pub(crate) unsupported_types: BTreeMap<String, usize>,
    /// What the ignore file hid.
    pub(crate) ignored: usize,
    /// With `--confirm`: the instances of which something was found that the provider reader did not agree with.
    pub(crate) unconfirmed: usize,
    /// Of each provider whose plugin was needed and is not there: where was looked, and what to do.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) missing_plugins: Vec<String>,
}

/// What counts as an error of instances that could not be judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum UnknownPolicy {
    /// Those that somebody could do something about: all but types that no reader reads.
    Mendable,
    /// Each.
    Strict,
    /// None.
    Tolerate,
}

impl UnknownPolicy {
    /// What `--strict` and `--tolerate-unknown` come to.
    pub(crate) fn of(strict: bool, tolerate_unknown: bool) -> Self {
        match (strict, tolerate_unknown) {
            (true, _) => Self::Strict,
            (_, true) => Self::Tolerate,
            _ => Self::Mendable,
        }
    }
}

/// Everything that `check` found.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct CheckReport {
    /// By state in the order of the command line, the worst first, then by address.
    pub(crate) instances: Vec<InstanceReport>,
    /// In numbers.
    pub(crate) summary: Summary,
}

impl CheckReport {
    /// The report of what was found in these states, in this order.
    pub(crate) fn new(mut instances: Vec<InstanceReport>, states: &[String], ignored: usize) -> Self {
        let position = |report: &InstanceReport| states.iter().position(|state| *state == report.state);
        instances.sort_by_cached_key(|report| {
            let Conclusion { severity, .. } = report.conclusion;
            (position(report), Reverse(severity), report.conclusion.rank(), report.address.clone(), report.deposed.clone())
        });
        let mut summary = Summary { instances: instances.len(), ignored, ..Summary::default() };
        for instance in &instances {
            summary.unconfirmed += usize::from(instance.conclusion.unconfirmed.is_some());
            match (instance.conclusion.verdict, &instance.conclusion.reason) {
                ("in_sync", _) => summary.in_sync += 1,
                ("drifted", _) => summary.drifted += 1,
                ("missing", _) => summary.missing += 1,
                (_, reason) => {
                    let kind = reason.as_ref().map_or(ReasonKind::Error, |reason| reason.kind);
                    summary.unknown += 1;
                    *summary.unknown_by_reason.entry(kind.name()).or_default() += 1;
                    if kind == ReasonKind::Unsupported {
                        *summary.unsupported_types.entry(instance.type_name.clone()).or_default() += 1;
                    }
                }
            }
        }
        Self { instances, summary }
    }

    /// What the process ends with.
    pub(crate) fn status(&self, policy: UnknownPolicy) -> ExitStatus {
        let summary = &self.summary;
        let unsupported = summary.unknown_by_reason.get(ReasonKind::Unsupported.name()).copied().unwrap_or_default();
        let counted = match policy {
            UnknownPolicy::Mendable => summary.unknown - unsupported,
            UnknownPolicy::Strict => summary.unknown,
            UnknownPolicy::Tolerate => 0,
        };
        if summary.drifted + summary.missing > 0 {
            ExitStatus::Drift
        } else if counted > 0 {
            ExitStatus::Error
        } else {
            ExitStatus::InSync
        }
    }

    /// For people: a heading for each state, what is not in sync (with `all`, what is as well), and the numbers.
    pub(crate) fn text(&self, states: &[String], all: bool) -> String {
        let mut text = String::new();
        for state in states {
            let _ = writeln!(text, "{}", Style::Strong.paint(&printable(state)));
            let of_state: Vec<_> = self.instances.iter().filter(|report| report.state == *state).collect();
            for report in of_state.iter().filter(|report| report.conclusion.rank() < 3 || report.conclusion.unconfirmed.is_some() || all) {
                report.write(&mut text);
            }
            if of_state.iter().all(|report| report.conclusion.rank() > 2) && !all {
                let _ = writeln!(text, "  {}", Style::Dim.paint(if of_state.is_empty() { "no instances" } else { "nothing drifted" }));
            }
            text.push('\n');
        }
        self.write_summary(&mut text);
        text
    }

    fn write_summary(&self, text: &mut String) {
        let summary = &self.summary;
        let part = |number: usize, word: &str, style: Style| {
            let part = format!("{number} {word}");
            if number == 0 { part } else { style.paint(&part) }
        };
        let _ = write!(
            text,
            "{}: {}, {}, {}, {}",
            count(summary.instances, "instance"),
            part(summary.missing, "gone", Style::Bad),
            part(summary.drifted, "drifted", Style::Warn),
            part(summary.in_sync, "in sync", Style::Good),
            part(summary.unknown, "unknown", Style::Dim),
        );
        let reasons: Vec<_> = summary.unknown_by_reason.iter().map(|(kind, number)| format!("{number} {kind}")).collect();
        let _ = if reasons.is_empty() { writeln!(text) } else { writeln!(text, " ({})", reasons.join(", ")) };
        if !summary.unsupported_types.is_empty() {
            let types: Vec<_> = summary.unsupported_types.iter().map(|(name, number)| format!("{} ({number})", printable(name))).collect();
            let _ = writeln!(text, "{}", Style::Dim.paint(&format!("no reader reads: {}", types.join(", "))));
            if summary.unsupported_types.keys().any(|name| name.starts_with("github_")) {
                let _ = writeln!(text, "{}", Style::Dim.paint("what lives in GitHub is read by: driftwire scan --to github"));
            }
        }
        for why in &summary.missing_plugins {
            for line in why.lines() {
                let _ = writeln!(text, "{}", Style::Dim.paint(&printable(line)));
            }
        }
        if summary.ignored > 0 {
            let _ = writeln!(text, "{} hidden by the ignore file", count(summary.ignored, "finding"));
        }
        if summary.unconfirmed > 0 {
            let verb = if summary.unconfirmed == 1 { "differs" } else { "differ" };
            let _ = writeln!(text, "{} {verb} for the native reader and not for the provider", count(summary.unconfirmed, "instance"));
        }
    }
}

#[cfg(test)]
mod tests {
    use drift_model::{Address, InstanceKey, InstanceRef, Shown, StateId, Timestamp};
    use serde_json::json;

    use super::*;

    fn report(address: &str, verdict: &'static str, reason: Option<ReasonKind>) -> InstanceReport {
        let differences = if verdict == "drifted" {
            vec![Difference {
                attribute: "ingress".to_owned(),
                path: "ingress".to_owned(),
                recorded: Shown::Value(json!([])),
                live: Shown::Value(json!([{"from_port": 22}])),
                sensitive: false,
            }]
        } else {
            Vec::new()
        };
        InstanceReport {
            address: address.to_owned(),
            deposed: None,
            type_name: "aws_security_group".to_owned(),
            id: Some("sg-1".to_owned()),
            state: "a.tfstate".to_owned(),
            place: None,
            url: None,
            who: None,
            conclusion: Conclusion {
                verdict,
                severity: match verdict {
                    "drifted" => Some(Severity::Critical),
                    "missing" => Some(Severity::High),
                    _ => None,
                },
                reader: None,
                reason: reason.map(|kind| Reason { kind, message: "why".to_owned() }),
                differences,
                computed: Vec::new(),
                unconfirmed: None,
            },
        }
    }

    fn reports() -> CheckReport {
        let instances = vec![
            report("aws_security_group.d", "in_sync", None),
            report("aws_security_group.c", "unknown", Some(ReasonKind::Unsupported)),
            report("aws_security_group.\u{1b}b", "drifted", None),
            report("aws_security_group.a", "missing", None),
            report("aws_security_group.e", "unknown", Some(ReasonKind::AccessDenied)),
        ];
        CheckReport::new(instances, &["a.tfstate".to_owned(), "b.tfstate".to_owned()], 1)
    }

    #[test]
    fn people_read_the_worst_first_and_the_numbers_last() {
        let text = reports().text(&["a.tfstate".to_owned(), "b.tfstate".to_owned()], false);
        insta::assert_snapshot!(anstream::adapter::strip_str(&text), @r#"
        a.tfstate
          ~ aws_security_group.\u{1b}b sg-1 (critical)
              ~ ingress
                  + {"from_port":22}
          - aws_security_group.a sg-1 (high): is gone
          ? aws_security_group.e sg-1: why (access_denied)

        b.tfstate
          no instances

        5 instances: 1 gone, 1 drifted, 1 in sync, 2 unknown (1 access_denied, 1 unsupported)
        no reader reads: aws_security_group (1)
        1 finding hidden by the ignore file
        "#);
    }

    #[test]
    fn what_is_recorded_beside_a_difference_says_how_bad_it_is() {
        let address = Address::new(None, "aws_security_group_rule", "a", "");
        let [recorded, live] = [json!([]), json!(["0.0.0.0/0"])].map(Shown::Value);
        let [attribute, path] = ["cidr_blocks", "cidr_blocks[0]"].map(str::to_owned);
        let judgement = Judgement {
            instance: InstanceRef { state: StateId("a.tfstate".to_owned()), key: InstanceKey { address, deposed: None } },
            type_name: "aws_security_group_rule".to_owned(),
            id: None,
            place: None,
            url: None,
            verdict: Verdict::Drifted { differences: vec![Difference { attribute, path, recorded, live, sensitive: false }] },
            computed: Vec::new(),
            reader: Some(Reader::Native),
            read_began: Timestamp::UNIX_EPOCH,
        };
        let severity = |kind: &str| {
            let attributes = json!({"type": kind}).as_object().cloned();
            InstanceReport::of(judgement.clone(), attributes.as_ref()).conclusion.severity
        };
        assert_eq!((severity("ingress"), severity("egress")), (Some(Severity::Critical), Some(Severity::High)));
        let in_sync = Judgement { verdict: Verdict::InSync, ..judgement.clone() };
        assert_eq!(InstanceReport::of(in_sync, None).conclusion.severity, None);
    }

    #[test]
    fn machines_read_one_shape_for_every_verdict() {
        let reports = reports();
        insta::assert_snapshot!(serde_json::to_string(&reports.instances[2]).expect("it prints"), @r#"{"address":"aws_security_group.e","type":"aws_security_group","id":"sg-1","state":"a.tfstate","place":null,"verdict":"unknown","reader":null,"reason":{"kind":"access_denied","message":"why"},"differences":[]}"#);
        insta::assert_snapshot!(serde_json::to_string(&reports.summary).expect("it prints"), @r#"{"instances":5,"in_sync":1,"drifted":1,"missing":1,"unknown":2,"unknown_by_reason":{"access_denied":1,"unsupported":1},"unsupported_types":{"aws_security_group":1},"ignored":1,"unconfirmed":0}"#);
    }

    #[test]
    fn whoever_checks_what_lives_in_github_is_told_what_reads_it() {
        let text = |type_name: &str| {
            let unsupported = report("a.b", "unknown", Some(ReasonKind::Unsupported));
            CheckReport::new(vec![InstanceReport { type_name: type_name.to_owned(), ..unsupported }], &[], 0).text(&[], false)
        };
        assert!(text("github_team").contains("driftwire scan --to github"));
        assert!(!text("random_pet").contains("driftwire scan"));
    }

    #[track_caller]
    fn check_status(verdicts: &[(&'static str, Option<ReasonKind>)], policy: UnknownPolicy, expected: ExitStatus) {
        let instances = verdicts.iter().map(|&(verdict, reason)| report("aws_security_group.a", verdict, reason)).collect();
        assert_eq!(CheckReport::new(instances, &[], 0).status(policy), expected);
    }

    #[test]
    fn partial_knowledge_counts_as_documented() {
        let in_sync = ("in_sync", None);
        let denied = ("unknown", Some(ReasonKind::AccessDenied));
        let unsupported = ("unknown", Some(ReasonKind::Unsupported));
        check_status(&[in_sync, unsupported], UnknownPolicy::Mendable, ExitStatus::InSync);
        check_status(&[in_sync, denied], UnknownPolicy::Mendable, ExitStatus::Error);
        check_status(&[in_sync, unsupported], UnknownPolicy::Strict, ExitStatus::Error);
        check_status(&[in_sync, denied], UnknownPolicy::Tolerate, ExitStatus::InSync);
        for policy in [UnknownPolicy::Mendable, UnknownPolicy::Strict, UnknownPolicy::Tolerate] {
            check_status(&[denied, ("missing", None)], policy, ExitStatus::Drift);
        }
    }
}
