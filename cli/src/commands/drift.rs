//! `driftwire drift`: what the ledger holds.

use std::fmt::Write as _;

use anyhow::{anyhow, bail};
use drift_engine::ports::{Ledger, Query};
use drift_model::{Cause, Drift, StateId};
use serde_json::json;

use crate::{
    args::{CloudArgs, DriftCommand, ListArgs, ShowArgs},
    cloud,
    exit::ExitStatus,
    output::{self, Style, printable},
};

/// Runs `driftwire drift list` and `driftwire drift show`.
pub(crate) async fn run(command: DriftCommand, cloud: &CloudArgs) -> anyhow::Result<ExitStatus> {
    match command {
        DriftCommand::List(args) => list(&cloud::ledger(cloud, &args.ledger.ledger_table).await, args).await,
        DriftCommand::Show(args) => show(&cloud::ledger(cloud, &args.ledger.ledger_table).await, args).await,
    }
}

async fn list(ledger: &impl Ledger, args: ListArgs) -> anyhow::Result<ExitStatus> {
    let query =
        Query { state: args.state.map(StateId), account: args.account, severity: args.severity.map(Into::into), closed_too: args.closed };
    let drifts = ledger.list(&query).await?;
    if args.ledger.json {
        output::json(&json!({ "drifts": drifts }))?;
    } else {
        output::text(&list_text(&drifts))?;
    }
    Ok(ExitStatus::InSync)
}

fn list_text(drifts: &[Drift]) -> String {
    if drifts.is_empty() {
        return "no drift\n".to_owned();
    }
    let rows = drifts.iter().map(|drift| {
        [
            drift.severity.name().to_owned(),
            drift.status.name().to_owned(),
            drift.instance.key.to_string(),
            what(drift),
            drift.causes.last().map_or_else(|| "not known".to_owned(), |cause| cause.actor.name.clone()),
            drift.first_seen.strftime("%F %R").to_string(),
            drift.instance.state.to_string(),
        ]
    });
    let table = output::table(["severity", "status", "address", "what", "who", "since (UTC)", "state"], rows);
    format!("{table}{}\n", output::count(drifts.len(), "drift"))
}

/// The attributes that differ, each once, or why that is not known.
fn what(drift: &Drift) -> String {
    let mut attributes: Vec<&str> = drift.differences.iter().map(|difference| difference.attribute.as_str()).collect();
    attributes.dedup();
    match &drift.unreadable {
        Some(reason) if attributes.is_empty() => reason.kind.to_string(),
        _ => attributes.join(", "),
    }
}

async fn show(ledger: &impl Ledger, args: ShowArgs) -> anyhow::Result<ExitStatus> {
    let query = Query { state: args.state.clone().map(StateId), closed_too: true, ..Query::default() };
    let mut found = ledger.list(&query).await?;
    found.retain(|drift| drift.instance.key.to_string() == args.address || drift.instance.key.address.as_str() == args.address);
    // What is open is what is asked for, where the same address has ended elsewhere.
    if found.iter().any(|drift| drift.status.is_open()) {
        found.retain(|drift| drift.status.is_open());
    }
    let drift = match found.as_slice() {
        [drift] => drift,
        [] => return Err(anyhow!("the ledger holds no drift of {}", args.address)),
        several => {
            let names: Vec<_> = several.iter().map(|drift| drift.instance.to_string()).collect();
            bail!("several drifts fit {}: say which with --state: {}", args.address, names.join("; "));
        }
    };
    if args.ledger.json {
        output::json(&json!({ "drift": drift }))?;
    } else {
        output::text(&show_text(drift))?;
    }
    Ok(ExitStatus::InSync)
}

fn show_text(drift: &Drift) -> String {
    let mut text = String::new();
    let status = format!("{}, {}", drift.severity.name(), drift.status.name());
    let name = printable(&drift.instance.key.to_string());
    let _ = writeln!(text, "{} ({})", Style::Strong.paint(&name), Style::from(drift.severity).paint(&status));
    let mut line = |name: &str, value: Option<String>| {
        if let Some(value) = value {
            let _ = writeln!(text, "  {name:<13}{}", printable(&value));
        }
    };
    line("state", Some(drift.instance.state.to_string()));
    line("id", drift.id.clone());
    line("place", drift.place.as_ref().map(ToString::to_string));
    line("page", drift.url.clone());
    line("first seen", Some(output::second(drift.first_seen)));
    line("last judged", Some(output::second(drift.last_judged)));
    line("unreadable", drift.unreadable.as_ref().map(|reason| format!("{} ({})", reason.message, reason.kind)));
    if !drift.differences.is_empty() {
        let _ = writeln!(text, "\n  {}", Style::Strong.paint("what differs"));
        text.push_str(&output::differences(&drift.differences, "    "));
    }
    causes(&mut text, "caused by", &drift.causes);
    if drift.causes.is_empty() {
        let _ = writeln!(text, "\n  {} not known", Style::Strong.paint("caused by:"));
    }
    causes(&mut text, "also seen, not the cause", &drift.also_seen);
    let _ = writeln!(text, "\n  {}", Style::Strong.paint("history"));
    for transition in &drift.history {
        let run = if transition.during_a_run { ", during a run" } else { "" };
        let _ = writeln!(text, "    {} {} ({}{run})", output::second(transition.at), transition.kind.name(), transition.severity.name());
    }
    text
}

fn causes(text: &mut String, heading: &str, causes: &[Cause]) {
    if causes.is_empty() {
        return;
    }
    let _ = writeln!(text, "\n  {}", Style::Strong.paint(heading));
    for cause in causes {
        let service = cause.source.split('.').next().unwrap_or(&cause.source);
        let mut line = format!("{} {} {service}:{}", output::second(cause.time), cause.actor.name, cause.name);
        if let Some(tool) = cause.actor.tool {
            let _ = write!(line, ", says it is {tool}");
        }
        if cause.actor.console {
            line.push_str(", in the console");
        }
        if let Some(address) = &cause.source_address {
            let _ = write!(line, ", from {address}");
        }
        let _ = writeln!(text, "    {}", printable(&line));
        let _ = writeln!(text, "      {}", Style::Dim.paint(&printable(&format!("record {}", cause.record.0))));
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    fn drift() -> Drift {
        let document: Value = json!({
            "instance": {"state": "s3://states/a.tfstate", "key": {"address": "aws_sqs_queue.jobs[\"\u{1b}\"]"}},
            "type_name": "aws_sqs_queue", "id": "https://sqs/1/jobs", "place": null, "status": "drifted", "severity": "medium",
            "differences": [{"attribute": "delay_seconds", "path": "delay_seconds", "recorded": 0, "live": 5, "sensitive": false}],
            "unreadable": null,
            "causes": [{
                "record": "e-1", "source": "sqs.amazonaws.com", "name": "SetQueueAttributes", "time": "2026-03-14T09:27:00Z",
                "actor": {"kind": "sso_user", "name": "alice\u{1b}[2J (Admin)", "tool": null, "console": true},
                "source_address": "203.0.113.10", "user_agent": "Mozilla",
            }],
            "also_seen": [], "first_seen": "2026-03-14T09:27:10Z", "last_judged": "2026-03-14T09:27:40Z", "transitions": 1,
            "history": [{
                "id": "t-1", "kind": "opened", "at": "2026-03-14T09:27:10Z", "status": "drifted", "severity": "medium",
                "during_a_run": false,
            }],
        });
        serde_json::from_value(document).expect("it is a drift")
    }

    #[test]
    fn a_list_has_a_line_for_each_drift() {
        insta::assert_snapshot!(list_text(&[drift()]), @r#"
         severity   status    address                        what            who                      since (UTC)        state
        ───────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────
         medium     drifted   aws_sqs_queue.jobs["\u{1b}"]   delay_seconds   alice\u{1b}[2J (Admin)   2026-03-14 09:27   s3://states/a.tfstate
        1 drift
        "#);
        assert_eq!(list_text(&[]), "no drift\n");
    }

    #[test]
    fn one_drift_tells_who_what_and_when() {
        insta::assert_snapshot!(anstream::adapter::strip_str(&show_text(&drift())), @r#"
        aws_sqs_queue.jobs["\u{1b}"] (medium, drifted)
          state        s3://states/a.tfstate
          id           https://sqs/1/jobs
          first seen   2026-03-14T09:27:10Z
          last judged  2026-03-14T09:27:40Z

          what differs
            ~ delay_seconds: 0 -> 5

          caused by
            2026-03-14T09:27:00Z alice\u{1b}[2J (Admin) sqs:SetQueueAttributes, in the console, from 203.0.113.10
              record e-1

          history
            2026-03-14T09:27:10Z opened (medium)
        "#);
    }
}
