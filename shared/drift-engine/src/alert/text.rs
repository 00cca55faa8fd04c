use std::fmt::Write;

use drift_model::{Cause, DriftStatus, Timestamp, Transition, TransitionKind};

use super::{neutral, value};
use crate::ports::Alert;

/// At most so many differences, and so many changes of each kind, are shown.
const MAX_DIFFERENCES: usize = 40;
const MAX_CHANGES: usize = 20;
/// A text body ends here, in bytes, whatever it would still say.
const MAX_BODY: usize = 48 * 1024;
/// SNS takes fewer than 100 characters.
const MAX_SUBJECT: usize = 99;

pub(super) fn subject(alert: &Alert) -> String {
    let severity = alert.transition.severity.name().to_uppercase();
    let (what, address) = (headline(&alert.transition, alert.drift.unreadable.is_some()), alert.drift.instance.key.address.as_str());
    let ascii = |text: String| text.chars().map(|letter| if matches!(letter, ' '..='~') { letter } else { '?' }).collect::<String>();
    let start = ascii(format!("[{severity}] {what}: "));
    let address = ascii(address.to_owned());
    let room = MAX_SUBJECT.saturating_sub(start.len());
    if address.len() <= room {
        return start + &address;
    }
    // The end of an address tells more than its modules.
    format!("{start}...{}", &address[address.len() - room.saturating_sub(3)..])
}

/// What happened, in a few words: `drift`, `missing`, `drift resolved`. `unreadable`: whether it could not be read.
#[must_use]
pub fn headline(transition: &Transition, unreadable: bool) -> &'static str {
    use DriftStatus as Status;
    match (transition.kind, transition.status) {
        (TransitionKind::Resolved, _) => "drift resolved",
        (TransitionKind::NoLongerManaged, _) => "no longer managed",
        (_, _) if unreadable => "cannot be read",
        (_, Status::Missing) => "missing",
        (_, Status::Touched) => "touched, not verified",
        (TransitionKind::Changed, _) => "drift changed",
        (TransitionKind::Reopened, _) => "drift is back",
        _ => "drift",
    }
}

pub(super) fn body(alert: &Alert) -> String {
    let mut page = Page::default();
    let drift = &alert.drift;
    page.line(explanation(&alert.transition, drift.unreadable.is_some(), !drift.differences.is_empty()));
    page.line("");
    page.field("severity", alert.transition.severity.name());
    page.field("address", &drift.instance.key.to_string());
    page.field("state", &drift.instance.state.0);
    page.field("resource", &[drift.type_name.as_str(), drift.id.as_deref().unwrap_or_default()].join(" "));
    if let Some(place) = &drift.place {
        page.field("account", &place.account);
        page.field("region", &place.region);
    }
    if let Some(url) = &drift.url {
        page.field("page", url);
    }
    page.field("looked at", &time(alert.transition.at));
    if drift.first_seen != alert.transition.at {
        page.field("first seen", &time(drift.first_seen));
    }
    if let Some(reason) = &drift.unreadable {
        page.field("cannot be read", &format!("{}: {}", reason.kind, reason.message));
    }
    if alert.transition.during_a_run {
        page.line("");
        page.line("The state has been locked for so long that this is told although Terraform may still be at work.");
    }
    page.differences("What differs, recorded -> live:", &drift.differences);
    page.differences("What had differed, recorded -> live:", &alert.was);
    page.changes(alert);
    page.advice(alert);
    page.line("");
    page.line(&format!("Transition {}", alert.transition.id));
    page.into_text()
}

/// What happened, in a sentence. `unreadable`: whether it could not be read; `differs`: whether differences are known.
#[must_use]
pub fn explanation(transition: &Transition, unreadable: bool, differs: bool) -> &'static str {
    match (transition.kind, transition.status) {
        (TransitionKind::Resolved, _) => "It is as recorded again: this finding is closed.",
        (TransitionKind::NoLongerManaged, _) => "No state holds it any more: this finding is closed.",
        (_, _) if unreadable && differs => "It had drifted, and cannot be read any more: what differs is what was found last.",
        (_, _) if unreadable => "It was touched and cannot be read: whether it drifted cannot be told.",
        (TransitionKind::Changed, DriftStatus::Drifted) => "What differs from the Terraform state is not what it was.",
        (TransitionKind::Reopened, DriftStatus::Drifted) => "It differs from the Terraform state again.",
        (_, DriftStatus::Missing) => "It is in the Terraform state, and is gone from the cloud.",
        (_, DriftStatus::Touched) => "It was touched outside of Terraform. No reader can read its type: nothing is verified.",
        _ => "Something that Terraform manages was changed outside of Terraform.",
    }
}

/// What is said in place of who it was, of a type of which nobody told.
#[must_use]
pub fn who_untold(type_name: &str) -> &'static str {
    if type_name.starts_with("github_") {
        "GitHub does not tell (the organisation's audit log would, which comes with GitHub Enterprise)"
    } else {
        "not known"
    }
}

/// To the second, as CloudTrail writes it.
fn time(at: Timestamp) -> String {
    Timestamp::from_second(at.as_second()).unwrap_or(at).to_string()
}

/// A text that ends before it gets too long, and says so.
#[derive(Default)]
struct Page {
    text: String,
    cut: bool,
}

impl Page {
    fn line(&mut self, line: &str) {
        if self.cut || self.text.len() + line.len() > MAX_BODY {
            self.cut = true;
            return;
        }
        self.text.push_str(line);
        self.text.push('\n');
    }

    fn field(&mut self, name: &str, value: &str) {
        self.line(&format!("{name:<15} {}", neutral(value)));
    }

    fn differences(&mut self, title: &str, differences: &[drift_model::Difference]) {
        if differences.is_empty() {
            return;
        }
        self.line("");
        self.line(title);
        for line in differences.iter().take(MAX_DIFFERENCES).flat_map(value::lines) {
            self.line(&format!("  {line}"));
        }
        self.rest(differences.len(), MAX_DIFFERENCES);
    }

    fn changes(&mut self, alert: &Alert) {
        let drift = &alert.drift;
        self.line("");
        match (drift.causes.as_slice(), alert.transition.kind) {
            ([], TransitionKind::Resolved | TransitionKind::NoLongerManaged) => {}
            ([], _) => self.line(&format!("Who: {}.", who_untold(&drift.type_name))),
            (causes, _) => self.list("Who:", causes),
        }
        if !drift.also_seen.is_empty() {
            self.list("Also seen around it (not known to be the reason):", &drift.also_seen);
        }
    }

    fn list(&mut self, title: &str, changes: &[Cause]) {
        self.line(title);
        for change in changes.iter().take(MAX_CHANGES) {
            self.line(&format!("  {}", who(change)));
            self.line(&format!("    {} at {}, record {}", neutral(&call(change)), time(change.time), neutral(&change.record.0)));
        }
        self.rest(changes.len(), MAX_CHANGES);
    }

    fn rest(&mut self, all: usize, most: usize) {
        if all > most {
            self.line(&format!("  ({} more left out: `driftwire drift show` has them)", all - most));
        }
    }

    fn advice(&mut self, alert: &Alert) {
        if !alert.drift.status.is_open() {
            return;
        }
        let address = shell_quoted(&alert.drift.instance.key.to_string());
        self.line("");
        self.line("To see what Terraform would do:");
        self.line(&format!("  terraform plan -target={address}"));
        self.line("Then apply that, or take the change into the configuration and the state (`terraform apply -refresh-only`).");
        self.line("This finding closes by itself.");
    }

    fn into_text(mut self) -> String {
        if self.cut {
            self.text.push_str("(the rest is left out: `driftwire drift show` has it)\n");
        }
        self.text
    }
}

fn call(change: &Cause) -> String {
    let service = change.source.strip_suffix(".amazonaws.com").unwrap_or(&change.source);
    format!("{service}:{}", change.name)
}

/// `alice (Admin) from 192.0.2.7, in the console`.
fn who(change: &Cause) -> String {
    let actor = &change.actor;
    let mut text = neutral(&actor.name);
    if let Some(address) = &change.source_address {
        let _ = write!(text, " from {}", neutral(address));
    }
    if actor.console {
        text.push_str(", in the console");
    }
    match (&actor.tool, &change.user_agent) {
        (Some(tool), _) => drop(write!(text, ", by what says it is {tool}")),
        (None, Some(agent)) if !actor.console => drop(write!(text, ", with {}", neutral(agent))),
        _ => {}
    }
    text
}

/// As one word for a POSIX shell.
fn shell_quoted(text: &str) -> String {
    let text = neutral(text);
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '.' | '_' | '-');
    if text.chars().all(is_plain) { text } else { format!("'{}'", text.replace('\'', r"'\''")) }
}
