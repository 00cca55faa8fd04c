//! `driftwire dead-letters`: what the functions gave up, and once more.

use std::{collections::BTreeMap, fmt::Write as _};

use drift_aws::SqsGraveyard;
use drift_engine::{
    dead_letter::{DeadLetter, Retried, retry},
    ports::{Dug, Graveyard},
    work::Function,
};
use serde_json::{Value, json};

use crate::{
    args::{CloudArgs, DeadLettersCommand, RetryArgs},
    cloud,
    exit::ExitStatus,
    output::{self, Style, count, printable},
};

/// So many characters of a message are shown to people.
const SHOWN: usize = 160;

/// Runs `driftwire dead-letters list` and `driftwire dead-letters retry`.
pub(crate) async fn run(command: DeadLettersCommand, cloud: &CloudArgs) -> anyhow::Result<ExitStatus> {
    let config = cloud::config(cloud).await;
    match command {
        DeadLettersCommand::List(args) => list(&SqsGraveyard::new(&config, args.of.dead_letter_queue, BTreeMap::new()), args.of.json).await,
        DeadLettersCommand::Retry(args) => {
            let RetryArgs { ids, all, events_queue, states_queue, provider_queue, github_queue, slack_queue, of } = args;
            let queues = [
                (Function::EventDetector, events_queue),
                (Function::StateIndexer, states_queue),
                (Function::ProviderJudge, provider_queue),
                (Function::GithubScanner, github_queue),
                (Function::SlackNotifier, slack_queue),
            ];
            let queues = queues.into_iter().filter_map(|(function, queue)| Some((function, queue?))).collect();
            let retried = retry(&SqsGraveyard::new(&config, of.dead_letter_queue, queues), (!all).then_some(&ids)).await?;
            if of.json {
                output::json(&retried_json(&retried))?;
            } else {
                output::text(&retried_text(&retried))?;
            }
            let complete = retried.failed.is_empty() && retried.unknown.is_empty() && !(all && retried.more);
            Ok(if complete { ExitStatus::InSync } else { ExitStatus::Error })
        }
    }
}

async fn list(graveyard: &impl Graveyard, json: bool) -> anyhow::Result<ExitStatus> {
    let dug = graveyard.dig().await?;
    if let Err(error) = graveyard.give_back(&dug.held).await {
        let line = format!("{error}; they come back by themselves within a minute");
        output::remark("warning", &line);
    }
    if json {
        output::json(&list_json(&dug))?;
    } else {
        output::text(&list_text(&dug))?;
    }
    Ok(ExitStatus::InSync)
}

fn list_json(dug: &Dug) -> Value {
    let letters: Vec<Value> = dug.held.iter().map(|held| letter_json(&held.letter)).collect();
    json!({"dead_letters": letters, "more": dug.more})
}

/// The function whose queue it would go back to, else the one that is named in it.
fn whose(letter: &DeadLetter) -> Option<&str> {
    letter.belongs_to().map(Function::name).or(letter.function.as_deref())
}

fn letter_json(letter: &DeadLetter) -> Value {
    json!({
        "id": letter.id,
        "at": letter.sent.map(output::second),
        "function": whose(letter),
        "reason": letter.reason,
        "record": letter.record,
        "redriven": letter.is_redriven(),
        "received": letter.received,
        "body": letter.body,
    })
}

fn retried_json(retried: &Retried) -> Value {
    let sent = retried.sent.iter().map(|(letter, function)| json!({"id": letter.id, "function": function.name()}));
    let failed = retried.failed.iter().map(|(letter, error)| json!({"id": letter.id, "why": error.to_string()}));
    json!({
        "retried": sent.collect::<Vec<_>>(),
        "failed": failed.collect::<Vec<_>>(),
        "not_found": retried.unknown,
        "more": retried.more,
    })
}

fn list_text(dug: &Dug) -> String {
    if dug.held.is_empty() {
        return "no dead letters\n".to_owned();
    }
    let mut text = String::new();
    for held in &dug.held {
        write_letter(&mut text, &held.letter);
    }
    let more = if dug.more { " were looked at; there may be more" } else { "" };
    let _ = writeln!(text, "{}{more}", count(dug.held.len(), "dead letter"));
    text
}

fn write_letter(text: &mut String, letter: &DeadLetter) {
    let function = whose(letter).unwrap_or_default();
    let at = letter.sent.map(output::second).unwrap_or_default();
    // Writing to a `String` cannot fail.
    let _ = writeln!(text, "{} {at} {}", Style::Strong.paint(&printable(&letter.id)), printable(function));
    let reason = match &letter.reason {
        Some(reason) => printable(reason),
        None if letter.is_redriven() => {
            format!(
                "moved by redrive after {} (looks like this one included): see the function's log",
                count(to_usize(letter.received), "receive")
            )
        }
        None => "no reason was given".to_owned(),
    };
    let _ = writeln!(text, "  {}", Style::Warn.paint(&reason));
    if let Some(record) = &letter.record {
        let _ = writeln!(text, "  record {}", printable(record));
    }
    let _ = writeln!(text, "  {}\n", Style::Dim.paint(&shown(&letter.body)));
}

/// The beginning of a message, on one line.
fn shown(body: &str) -> String {
    let begins: String = body.chars().take(SHOWN).collect();
    let rest = if begins.len() < body.len() { "…" } else { "" };
    printable(&begins.split_whitespace().collect::<Vec<_>>().join(" ")) + rest
}

fn retried_text(retried: &Retried) -> String {
    let mut text = String::new();
    for (letter, function) in &retried.sent {
        let _ = writeln!(text, "{} {}: sent to {}", Style::Good.paint("+"), printable(&letter.id), function.name());
    }
    for (letter, error) in &retried.failed {
        let _ = writeln!(text, "{} {}: {}", Style::Bad.paint("!"), printable(&letter.id), printable(&error.to_string()));
    }
    for id in &retried.unknown {
        let _ = writeln!(text, "{} {}: there is no such dead letter now", Style::Bad.paint("!"), printable(id));
    }
    let (sent, failed) = (count(retried.sent.len(), "dead letter"), retried.failed.len() + retried.unknown.len());
    let more = if retried.more { "; there may be more: ask again" } else { "" };
    let _ = writeln!(text, "{sent} sent back, {failed} not{more}");
    text
}

fn to_usize(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use drift_engine::ports::{Held, PortError};

    use super::*;

    fn dug() -> Dug {
        let sent = "2026-03-14T09:27:00Z".parse().ok();
        let buried = DeadLetter {
            id: "m-1".to_owned(),
            sent,
            received: 1,
            reason: Some("reading a record: line 1 \u{1b}[2J".to_owned()),
            function: Some("event-detector".to_owned()),
            record: Some("e-1".to_owned()),
            body: format!("{{\n  \"detail\": \"{}\"", "x".repeat(200)),
        };
        let redriven = DeadLetter {
            id: "m-2".to_owned(),
            sent,
            received: 5,
            body: r#"{"driftwire":"reconcile"}"#.to_owned(),
            ..DeadLetter::default()
        };
        let held = |letter| Held { letter, receipt: "secret".to_owned() };
        Dug { held: vec![held(buried), held(redriven)], more: true }
    }

    #[test]
    fn each_letter_says_when_whose_why_and_what() {
        insta::assert_snapshot!(anstream::adapter::strip_str(&list_text(&dug())), @r#"
        m-1 2026-03-14T09:27:00Z event-detector
          reading a record: line 1 \u{1b}[2J
          record e-1
          { "detail": "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx…

        m-2 2026-03-14T09:27:00Z state-indexer
          moved by redrive after 5 receives (looks like this one included): see the function's log
          {"driftwire":"reconcile"}

        2 dead letters were looked at; there may be more
        "#);
        assert_eq!(list_text(&Dug::default()), "no dead letters\n");
    }

    #[test]
    fn machines_read_the_whole_message_and_no_receipt() {
        let document = list_json(&dug());
        assert_eq!(document["dead_letters"][0]["body"].as_str().map(str::len), dug().held.first().map(|held| held.letter.body.len()));
        assert_eq!(
            document["dead_letters"][1],
            json!({
                "id": "m-2", "at": "2026-03-14T09:27:00Z", "function": "state-indexer", "reason": null, "record": null,
                "redriven": true, "received": 5, "body": "{\"driftwire\":\"reconcile\"}",
            })
        );
        assert!(!document.to_string().contains("secret"));
    }

    #[test]
    fn what_was_sent_back_and_what_was_not_is_told() {
        let [first, second] = dug().held.try_into().map(|held: [Held; 2]| held.map(|held| held.letter)).expect("there are two");
        let error = PortError::Permanent { what: "sending".to_owned(), why: "denied".to_owned() };
        let retried = Retried {
            sent: vec![(first, Function::EventDetector)],
            failed: vec![(second, error)],
            unknown: vec!["m-3".to_owned()],
            more: false,
        };
        insta::assert_snapshot!(anstream::adapter::strip_str(&retried_text(&retried)), @r"
        + m-1: sent to event-detector
        ! m-2: sending: denied
        ! m-3: there is no such dead letter now
        1 dead letter sent back, 2 not
        ");
        assert_eq!(
            retried_json(&retried),
            json!({
                "retried": [{"id": "m-1", "function": "event-detector"}], "failed": [{"id": "m-2", "why": "sending: denied"}],
                "not_found": ["m-3"], "more": false,
            })
        );
    }
}
