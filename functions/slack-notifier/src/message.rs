//! An alert as Slack shows it: Block Kit, below Slack's limits whatever comes in.
//!
//! # Guarantees
//!
//! - Slack takes it: at most 50 blocks, 150 characters in a header, 3,000 in a text, 10 fields of 2,000, 10 elements of a context, URLs of
//!   3,000. The texts of its blocks together stay below 9,000: Slack refuses more than an undocumented sum (`msg_blocks_too_long`), and is
//!   known to take 9,500 and to refuse 11,300.
//! - What comes from outside is text: it mentions nobody, links to nothing, formats nothing and leaves its line. `verbatim` keeps Slack from
//!   making links and mentions of it by itself.
//! - What is left out is counted.
//!
//! Source of the limits: <https://docs.slack.dev/reference/block-kit/blocks>.

mod changes;
mod differences;
mod links;
mod text;

use drift_engine::{
    alert::{explanation, headline, who_untold},
    judge::is_link,
};
use drift_model::{Cause, Difference, ReasonKind, Severity};
use serde_json::{Value, json};

use self::{
    changes::time,
    text::{Keep, code, escaped, plain},
};
use crate::notification::{Alarm, Alert, LeftOut, Notification};

/// Slack's own limit of a header.
const LONGEST_HEADER: usize = 150;
/// What is ours to choose: an address or a state, a longer text, a diff, and the diff of what is over.
const LONGEST_NAME: usize = 200;
const LONGEST_TEXT: usize = 400;
const LONGEST_DIFF: usize = 2_200;
const LONGEST_DIFF_OF_CLOSED: usize = 900;
/// So many changes are shown beside the one that explains best, and so many that only led to it.
const MOST_CAUSES: usize = 4;
const MOST_ALSO_SEEN: usize = 3;

const GREEN: &str = "#2eb67d";
const GREY: &str = "#8d8d8d";
const YELLOW: &str = "#ecb22e";
const ORANGE: &str = "#f2711c";
const RED: &str = "#d7263d";

/// The message, for a webhook as for `chat.postMessage`.
pub(crate) fn message(notification: &Notification) -> Value {
    match notification {
        Notification::Alert(alert) => of_alert(alert),
        Notification::Alarm(alarm) => of_alarm(alarm),
    }
}

/// With blocks, `text` is what a notification on a screen shows. The coloured bar is only to be had of an attachment.
fn composed(color: &str, title: &str, header: &str, blocks: &[Value]) -> Value {
    json!({
        "text": title,
        "unfurl_links": false,
        "unfurl_media": false,
        "blocks": [{"type": "header", "text": {"type": "plain_text", "text": header, "emoji": false}}],
        "attachments": [{"color": color, "blocks": blocks}],
    })
}

fn of_alert(alert: &Alert) -> Value {
    let closed = !alert.transition.status.is_open();
    let severity = alert.transition.severity;
    let color = match severity {
        _ if closed => GREEN,
        Severity::Low => GREY,
        Severity::Medium => YELLOW,
        Severity::High => ORANGE,
        Severity::Critical => RED,
    };
    let what = headline(&alert.transition, alert.unreadable.is_some());
    let start = if closed { format!("{what}: ") } else { format!("{}: {what}: ", severity.name().to_uppercase()) };
    let address = address(alert);
    let header = format!("{start}{}", plain(&address, LONGEST_HEADER - text::length(&start), Keep::End));
    let title = format!("{start}{} in {}", escaped(&address, LONGEST_NAME, Keep::End), escaped(&alert.state, LONGEST_NAME, Keep::End));

    let mut blocks = vec![section(&said(alert)), fields(&facts(alert, closed))];
    let LeftOut { differences, was, causes, also_seen } = alert.left_out;
    if closed {
        blocks.extend(differing("What had differed", &alert.was, was, LONGEST_DIFF_OF_CLOSED));
    } else {
        blocks.extend(differing("What differs", &alert.differences, differences, LONGEST_DIFF));
        let others = alert.causes.split_last().map_or(&[][..], |(_, others)| others);
        blocks.extend(listed("Earlier changes to it", others, causes, MOST_CAUSES, alert));
        blocks.extend(listed("Also seen around it (not known to be the reason)", &alert.also_seen, also_seen, MOST_ALSO_SEEN, alert));
    }
    blocks.push(context(&links(alert)));
    composed(color, &title, &header, &blocks)
}

fn address(alert: &Alert) -> String {
    let deposed = alert.deposed.as_ref().map(|deposed| format!(" (deposed {deposed})")).unwrap_or_default();
    format!("{}{deposed}", alert.address)
}

/// What happened, in sentences.
fn said(alert: &Alert) -> String {
    let mut said = vec![explanation(&alert.transition, alert.unreadable.is_some(), !alert.differences.is_empty()).to_owned()];
    if alert.transition.during_a_run {
        said.push("The state has been locked for so long that this is told although Terraform may still be at work.".to_owned());
    }
    if let Some(reason) = &alert.unreadable {
        let why = match reason.kind {
            ReasonKind::Unsupported => "no reader at hand reads its type",
            ReasonKind::AccessDenied => "access was denied",
            ReasonKind::Throttled => "the read was throttled",
            ReasonKind::WrongAccount => "the credentials at hand are of another account",
            ReasonKind::Place => "nothing tells where it lives",
            ReasonKind::Recorded => "what the state holds of it cannot be used",
            ReasonKind::Error => "the read failed",
        };
        said.push(format!("*Why it cannot be read*: {why}"));
        said.push(code(&reason.message, LONGEST_TEXT, Keep::Start));
    }
    said.join("\n")
}

fn facts(alert: &Alert, closed: bool) -> Vec<String> {
    let fact = |name: &str, value: &str| format!("*{name}*\n{}", code(value, LONGEST_NAME, Keep::End));
    let mut facts = vec![fact("Address", &address(alert)), fact("State", &alert.state)];
    if let Some(place) = &alert.place {
        facts.push(fact("Account and region", &format!("{} {}", place.account, place.region)));
    }
    let resource = [alert.type_name.as_str(), alert.id_of_resource.as_deref().unwrap_or_default()].join(" ");
    facts.push(fact("Resource", resource.trim_end()));
    if !closed {
        facts.push(format!("*Severity*\n{}", alert.transition.severity.name()));
    }
    let first = if alert.first_seen == alert.transition.at { String::new() } else { format!("\nfirst seen {}", time(alert.first_seen)) };
    facts.push(format!("*Looked at*\n{}{first}", time(alert.transition.at)));
    match alert.causes.last() {
        Some(cause) if !closed => facts.extend(changes::fields(cause)),
        None if !closed => facts.push(format!("*Who*\n{}", who_untold(&alert.type_name))),
        _ => {}
    }
    facts
}

fn differing(title: &str, differences: &[Difference], left_out: usize, most: usize) -> Option<Value> {
    if differences.is_empty() && left_out == 0 {
        return None;
    }
    let (diff, not_shown) = differences::diff(differences, most);
    let lines: Vec<String> = [format!("*{title}* (- recorded, + live)"), diff].into_iter().chain(more(not_shown + left_out)).collect();
    Some(section(&lines.join("\n")))
}

fn listed(title: &str, changes: &[Cause], left_out: usize, most: usize, alert: &Alert) -> Option<Value> {
    if changes.is_empty() && left_out == 0 {
        return None;
    }
    let newest = changes.iter().rev().take(most);
    let mut lines = vec![format!("*{title}*")];
    lines.extend(newest.map(|change| changes::line(change, alert.place.as_ref())));
    lines.extend(more(changes.len().saturating_sub(most) + left_out));
    Some(section(&lines.join("\n")))
}

fn more(number: usize) -> Option<String> {
    match number {
        0 => None,
        1 => Some("1 more is left out: `driftwire drift show` has it".to_owned()),
        number => Some(format!("{number} more are left out: `driftwire drift show` has them")),
    }
}

fn links(alert: &Alert) -> Vec<String> {
    let place = alert.place.as_ref();
    let page = place.zip(alert.id_of_resource.as_ref()).and_then(|(place, id)| links::resource(&alert.type_name, id, place));
    let record = place.zip(alert.causes.last()).and_then(|(place, cause)| links::record(&cause.record.0, place));
    let mut links: Vec<String> = page.map(|url| link(&url, "Open in the AWS console")).into_iter().collect();
    let label = if alert.type_name.starts_with("github_") { "Open on GitHub" } else { "Open its page" };
    links.extend(alert.url.as_deref().filter(|url| is_link(url)).map(|url| link(url, label)));
    links.extend(record.map(|url| link(&url, "CloudTrail event")));
    links.push(format!("Transition {}", code(&alert.transition.id, LONGEST_NAME, Keep::Start)));
    links
}

fn of_alarm(alarm: &Alarm) -> Value {
    let (color, what) = match alarm.new_state_value.as_str() {
        "ALARM" => (RED, "is in alarm"),
        "OK" => (GREEN, "is well again"),
        _ => (GREY, "cannot be told"),
    };
    let (start, end) = ("Driftwire itself: ", format!(" {what}"));
    let room = LONGEST_HEADER - text::length(start) - text::length(&end);
    let header = format!("{start}{}{end}", plain(&alarm.name, room, Keep::Start));
    let title = format!("{start}{}{end}", escaped(&alarm.name, LONGEST_NAME, Keep::Start));
    let why = [alarm.description.as_deref(), Some(alarm.new_state_reason.as_str())].into_iter().flatten().filter(|text| !text.is_empty());
    let mut said = vec![format!("{start}{}{end}.", code(&alarm.name, LONGEST_NAME, Keep::Start))];
    said.extend(why.map(|text| code(text, LONGEST_TEXT, Keep::Start)));
    let page = alarm.arn.as_deref().and_then(links::alarm).map(|url| link(&url, "Open the alarm"));
    let since = format!("Since {}", code(&alarm.state_change_time, LONGEST_NAME, Keep::Start));
    composed(color, &title, &header, &[section(&said.join("\n")), context(&page.into_iter().chain([since]).collect::<Vec<_>>())])
}

/// A link of ours: the URL's parts from outside are percent-encoded already.
fn link(url: &str, label: &str) -> String {
    format!("<{}|{label}>", url.replace('&', "&amp;"))
}

fn mrkdwn(text: &str) -> Value {
    json!({"type": "mrkdwn", "text": text, "verbatim": true})
}

fn section(text: &str) -> Value {
    json!({"type": "section", "text": mrkdwn(text)})
}

fn fields(fields: &[String]) -> Value {
    json!({"type": "section", "fields": fields.iter().map(|field| mrkdwn(field)).collect::<Vec<_>>()})
}

fn context(elements: &[String]) -> Value {
    json!({"type": "context", "elements": elements.iter().map(|element| mrkdwn(element)).collect::<Vec<_>>()})
}

#[cfg(test)]
#[path = "message_tests.rs"]
mod tests;
