//! Slack itself: how a message is sent, and what its answers mean.
//!
//! Sources: <https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks#handling_errors>,
//! <https://docs.slack.dev/reference/methods/chat.postMessage#errors>, <https://docs.slack.dev/apis/web-api/rate-limits>.

use std::time::Duration;

use serde_json::Value;
use url::Url;

use crate::{
    destination::Destination,
    http::{Answer, Http},
};

/// Where Slack asks to wait and does not say how long.
const WAIT: Duration = Duration::from_secs(30);
/// No longer than SQS can put a message off.
const LONGEST_WAIT: Duration = Duration::from_hours(12);

/// Why Slack did not take a message. Holds nothing of the destination.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Refused {
    /// There were too many.
    Wait(Duration),
    /// It may take it later.
    ForNow(String),
    /// It does not know the webhook, or the token, any more.
    Unauthorized(String),
    /// It will never take it.
    ForGood(String),
}

/// Slack, by webhook or by `chat.postMessage`.
#[derive(Clone, Debug)]
pub(crate) struct Slack {
    pub(crate) http: Http,
    /// Where `chat.postMessage` is: `https://slack.com/api/chat.postMessage`.
    pub(crate) post_message: Url,
}

impl Slack {
    /// Sends a message.
    pub(crate) async fn post(&self, to: &Destination, message: &Value) -> Result<(), Refused> {
        let answer = match to {
            Destination::Webhook(url) => self.http.post(url, None, message.to_string()).await,
            Destination::Bot { token, channel } => {
                let mut message = message.clone();
                message["channel"] = Value::from(channel.as_str());
                self.http.post(&self.post_message, Some(token), message.to_string()).await
            }
        };
        let answer = answer.map_err(|error| Refused::ForNow(format!("Slack cannot be reached: {}", error.0)))?;
        match to {
            Destination::Webhook(_) => webhook_said(&answer),
            Destination::Bot { .. } => api_said(&answer),
        }
    }
}

/// What a webhook's answer means: any 2xx is a yes, and the body of anything else is a word.
fn webhook_said(answer: &Answer) -> Result<(), Refused> {
    by_status(answer).unwrap_or_else(|| {
        let status = answer.status;
        Err(refused(&answer.body).unwrap_or_else(|| match status {
            401 | 403 | 404 | 410 => Refused::Unauthorized(format!("HTTP {status} without a word: is the webhook still there?")),
            _ => Refused::ForGood(format!("HTTP {status} without a word that Slack is known to say")),
        }))
    })
}

/// What the Web API's answer means: the status is 200 where it is a no, too.
fn api_said(answer: &Answer) -> Result<(), Refused> {
    let body: Value = serde_json::from_str(&answer.body).unwrap_or_default();
    match by_status(answer) {
        Some(Err(refused)) => return Err(refused),
        Some(Ok(())) if body["ok"] == true => return Ok(()),
        _ => {}
    }
    let status = answer.status;
    match refused(body["error"].as_str().unwrap_or_default()) {
        Some(Refused::Wait(_)) => Err(Refused::Wait(answer.retry_after.unwrap_or(WAIT).min(LONGEST_WAIT))),
        Some(refused) => Err(refused),
        None if status == 200 => Err(Refused::ForNow("HTTP 200 and no answer of Slack's: is DRIFTWIRE_SLACK_API_URL right?".to_owned())),
        None => Err(Refused::ForGood(format!("HTTP {status} and no answer of Slack's: is DRIFTWIRE_SLACK_API_URL right?"))),
    }
}

/// What the status alone tells.
fn by_status(answer: &Answer) -> Option<Result<(), Refused>> {
    let status = answer.status;
    match status {
        200..=299 => Some(Ok(())),
        300..=399 => Some(Err(Refused::ForGood(format!("HTTP {status}: a redirect, which is not followed")))),
        429 => Some(Err(Refused::Wait(answer.retry_after.unwrap_or(WAIT).min(LONGEST_WAIT)))),
        408 | 500.. => Some(Err(Refused::ForNow(format!("HTTP {status}")))),
        _ => None,
    }
}

/// What a word of Slack's means, and what to do; nothing where it is none. A word has letters and underscores: nothing of a secret's
/// kind gets into a reason.
fn refused(said: &str) -> Option<Refused> {
    let word = said.trim();
    let is_word = !word.is_empty() && word.len() <= 60 && word.bytes().all(|letter| letter.is_ascii_lowercase() || letter == b'_');
    if !is_word {
        return None;
    }
    let advise = |advice: &str| format!("{word}: {advice}");
    Some(match word {
        "ratelimited" | "rate_limited" | "message_limit_exceeded" => Refused::Wait(WAIT),
        "fatal_error" | "internal_error" | "request_timeout" | "rollup_error" | "service_unavailable" | "team_added_to_org" => {
            Refused::ForNow(advise("Slack has a problem of its own"))
        }
        "invalid_token" | "no_active_hooks" | "no_service" | "no_service_id" | "no_team" | "team_disabled" => {
            Refused::Unauthorized(advise("the webhook is not known, or was removed: make a new one and write it into the secret"))
        }
        "account_inactive" | "invalid_auth" | "not_authed" | "token_expired" | "token_revoked" => {
            Refused::Unauthorized(advise("the token is not valid: install the app again and write its bot token into the secret"))
        }
        "missing_scope" | "not_allowed_token_type" | "no_permission" => {
            Refused::ForGood(advise("give the app the scope chat:write and install it again; the token has to be a bot's"))
        }
        "channel_not_found" => {
            Refused::ForGood(advise("name the channel by its id (DRIFTWIRE_SLACK_CHANNEL) and, if it is private, invite the app to it"))
        }
        "not_in_channel" => Refused::ForGood(advise("invite the app to the channel, or give it the scope chat:write.public")),
        "channel_is_archived" | "is_archived" => Refused::ForGood(advise("the channel is archived: choose another one")),
        "action_prohibited" | "posting_to_general_channel_denied" | "restricted_action" | "restricted_action_read_only_channel" => {
            Refused::ForGood(advise("the workspace does not let this app write there: ask its administrators"))
        }
        "accesslimited" | "ekm_access_denied" | "enterprise_is_restricted" | "org_login_required" | "team_access_not_granted" => {
            Refused::ForGood(advise("the workspace does not let this app in from here: ask its administrators"))
        }
        "invalid_attachments"
        | "invalid_blocks"
        | "invalid_blocks_format"
        | "invalid_payload"
        | "msg_blocks_too_long"
        | "msg_too_long"
        | "no_text" => Refused::ForGood(advise("Slack does not take the message; please report it with this alert")),
        _ => Refused::ForGood(word.to_owned()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, body: &str) -> Answer {
        Answer { status, retry_after: None, body: body.to_owned() }
    }

    fn kind(said: &Result<(), Refused>) -> &'static str {
        match said {
            Ok(()) => "taken",
            Err(Refused::Wait(_)) => "wait",
            Err(Refused::ForNow(_)) => "for now",
            Err(Refused::Unauthorized(_)) => "unauthorized",
            Err(Refused::ForGood(_)) => "for good",
        }
    }

    #[test]
    fn what_a_webhook_says_is_understood() {
        for (status, body, meaning) in [
            (200, "ok", "taken"),
            (204, "", "taken"),
            (302, "", "for good"),
            (400, "invalid_payload", "for good"),
            (403, "action_prohibited", "for good"),
            (403, "invalid_token", "unauthorized"),
            (404, "no_service", "unauthorized"),
            (404, "<html>", "unauthorized"),
            (410, "channel_is_archived", "for good"),
            (429, "", "wait"),
            (500, "rollup_error", "for now"),
            (503, "", "for now"),
        ] {
            assert_eq!(kind(&webhook_said(&answer(status, body))), meaning, "{status} {body}");
        }
    }

    #[test]
    fn what_the_api_says_is_understood() {
        for (status, body, meaning) in [
            (200, r#"{"ok": true, "ts": "1"}"#, "taken"),
            (200, r#"{"ok": false, "error": "ratelimited"}"#, "wait"),
            (200, r#"{"ok": false, "error": "internal_error"}"#, "for now"),
            (200, r#"{"ok": false, "error": "channel_not_found"}"#, "for good"),
            (200, r#"{"ok": false, "error": "not_in_channel"}"#, "for good"),
            (200, r#"{"ok": false, "error": "invalid_auth"}"#, "unauthorized"),
            (401, r#"{"ok": false, "error": "token_revoked"}"#, "unauthorized"),
            (200, r#"{"ok": false, "error": "new_in_this_year"}"#, "for good"),
            (200, "<html>", "for now"),
            (404, "<html>", "for good"),
            (429, r#"{"ok": false, "error": "ratelimited"}"#, "wait"),
            (502, "", "for now"),
        ] {
            assert_eq!(kind(&api_said(&answer(status, body))), meaning, "{status} {body}");
        }
    }

    #[test]
    fn how_long_to_wait_is_what_slack_says_within_what_a_queue_can_hold() {
        let wait = |after| webhook_said(&Answer { retry_after: after, ..answer(429, "") });
        assert_eq!(wait(Some(Duration::from_secs(7))), Err(Refused::Wait(Duration::from_secs(7))));
        assert_eq!(wait(Some(Duration::from_secs(1_000_000))), Err(Refused::Wait(LONGEST_WAIT)));
        assert_eq!(wait(None), Err(Refused::Wait(WAIT)));
    }

    #[test]
    fn a_reason_holds_a_word_and_nothing_else_that_was_answered() {
        for body in ["https://hooks.slack.com/services/T/B/hunter2", "xoxb-hunter2", "<b>hunter2</b>", "Hunter2"] {
            let said = format!("{:?}", webhook_said(&answer(400, body)));
            assert!(!said.to_lowercase().contains("hunter2"), "{said}");
        }
    }
}
