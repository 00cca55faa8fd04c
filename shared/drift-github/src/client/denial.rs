//! What a refusal means: a limit, a missing right, or something that is not there. GitHub says 403 for two of them and 404 for two.

use std::time::Duration;

use serde_json::Value;

use super::{Error, transport::Reply};

/// A longer message is cut here, in characters.
const LONGEST_MESSAGE: usize = 300;

/// What an answer is, by its status, headers and message.
#[derive(Debug, PartialEq)]
pub(crate) enum Outcome {
    /// 2xx or 304.
    Fine,
    /// Elsewhere.
    Moved,
    /// A limit, and for how long if that is said.
    Limit { secondary: bool, lasts: Option<Duration> },
    /// 401.
    Unauthorized(String),
    /// 5xx.
    Failed,
    /// Anything else: no repeating helps.
    Refused(Error),
}

/// `now` is GitHub's time in seconds.
///
/// Source of the limits' signs: docs.github.com, "Rate limits for the REST API", "Exceeding the rate limit".
pub(crate) fn outcome(what: &str, reply: &Reply, now: i64) -> Outcome {
    match reply.status {
        200..=299 | 304 => return Outcome::Fine,
        301 | 302 | 307 | 308 => return Outcome::Moved,
        401 => return Outcome::Unauthorized(message_of(reply)),
        500.. => return Outcome::Failed,
        _ => {}
    }
    let message = message_of(reply);
    if matches!(reply.status, 403 | 429)
        && let Some(limit) = limit(reply, &message, now)
    {
        return limit;
    }
    Outcome::Refused(refusal(what, reply, message))
}

fn limit(reply: &Reply, message: &str, now: i64) -> Option<Outcome> {
    let seconds = |count: i64| Duration::from_secs(u64::try_from(count).unwrap_or(0));
    let message = message.to_ascii_lowercase();
    if let Some(after) = reply.number("retry-after") {
        return Some(Outcome::Limit { secondary: true, lasts: Some(seconds(after)) });
    }
    if message.contains("secondary rate limit") || message.contains("abuse detection") {
        return Some(Outcome::Limit { secondary: true, lasts: None });
    }
    let used_up = reply.number("x-ratelimit-remaining") == Some(0);
    if used_up && (reply.status == 429 || message.contains("rate limit")) {
        let lasts = reply.number("x-ratelimit-reset").map(|reset| seconds(reset - now));
        return Some(Outcome::Limit { secondary: false, lasts });
    }
    (reply.status == 429).then_some(Outcome::Limit { secondary: true, lasts: None })
}

fn refusal(what: &str, reply: &Reply, message: String) -> Error {
    let what = what.to_owned();
    match reply.status {
        403 => {
            let (permission, advice) = missing(reply);
            let message = if advice.is_empty() { message } else { format!("{message}: {advice}") };
            Error::Denied { what, permission, message }
        }
        404 => match lacking_scopes(reply) {
            Some(scopes) => {
                let message =
                    format!("{message}, as a token hears that lacks a scope: it needs a token with the scope {}", one_of(&scopes));
                Error::Denied { what, permission: Some(scopes.join(", ")), message }
            }
            None => Error::NotFound { what },
        },
        status => Error::Refused { what, status, message },
    }
}

/// What would have to be granted, and how to say so.
fn missing(reply: &Reply) -> (Option<String>, String) {
    if reply.header("x-github-sso").is_some_and(|sso| sso.starts_with("required")) {
        return (None, "authorize the token for the organisation's single sign-on".to_owned());
    }
    if let Some(accepted) = reply.header("x-accepted-github-permissions") {
        let sets: Vec<String> = accepted.split(';').map(|set| set.trim().replace('=', ": ").replace(',', " and ")).collect();
        return (Some(accepted.to_owned()), format!("it needs the permission {}", sets.join(", or ")));
    }
    match lacking_scopes(reply) {
        Some(scopes) => (Some(scopes.join(", ")), format!("it needs a token with the scope {}", one_of(&scopes))),
        None => (None, String::new()),
    }
}

fn one_of(scopes: &[&str]) -> String {
    scopes.join(" or ")
}

/// The scopes that would do, where the token is a classic one that has none of them.
fn lacking_scopes(reply: &Reply) -> Option<Vec<&str>> {
    // A token without any scope has an empty header; no other kind of token has one at all.
    let held = reply.headers.get("x-oauth-scopes")?.to_str().ok()?;
    let accepted: Vec<&str> = words(reply.header("x-accepted-oauth-scopes")?).collect();
    let covers = |accepted: &&str| words(held).any(|held| covers(held, accepted));
    (!accepted.is_empty() && !accepted.iter().any(covers)).then_some(accepted)
}

pub(crate) fn words(list: &str) -> impl Iterator<Item = &str> {
    list.split(',').map(str::trim).filter(|word| !word.is_empty())
}

/// Whether a scope is another one or brings it along.
///
/// Source: docs.github.com, "Scopes for OAuth apps".
pub(crate) fn covers(held: &str, wanted: &str) -> bool {
    let brings = match held {
        "repo" => &["public_repo", "repo:status", "repo_deployment", "repo:invite", "security_events"][..],
        "admin:org" => &["write:org", "read:org"],
        "write:org" => &["read:org"],
        "admin:repo_hook" => &["write:repo_hook", "read:repo_hook"],
        "write:repo_hook" => &["read:repo_hook"],
        "user" => &["read:user", "user:email", "user:follow"],
        _ => &[],
    };
    held == wanted || brings.contains(&wanted)
}

/// GitHub's words, on one line.
pub(crate) fn message_of(reply: &Reply) -> String {
    let body: Value = serde_json::from_slice(&reply.body).unwrap_or_default();
    body["message"].as_str().map_or_else(|| format!("status {}", reply.status), line)
}

pub(crate) fn line(text: &str) -> String {
    let mut line: String = text.chars().map(|each| if each.is_control() { ' ' } else { each }).take(LONGEST_MESSAGE + 1).collect();
    if let Some((end, _)) = line.char_indices().nth(LONGEST_MESSAGE) {
        line.truncate(end);
        line.push_str("...");
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reply(status: u16, message: &str, headers: &[(&'static str, &str)]) -> Reply {
        let headers = headers.iter().map(|(name, value)| (name.parse().expect("a name"), value.parse().expect("a value"))).collect();
        Reply { status, headers, body: serde_json::json!({"message": message}).to_string().into_bytes() }
    }

    fn told(status: u16, message: &str, headers: &[(&'static str, &str)]) -> String {
        match outcome("GET /x", &reply(status, message, headers), 1_000) {
            Outcome::Refused(error) => error.to_string(),
            other => format!("{other:?}"),
        }
    }

    #[test]
    fn a_limit_is_told_from_a_missing_right() {
        let primary = [("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "1060")];
        let limit = |secondary, lasts: Option<u64>| format!("{:?}", Outcome::Limit { secondary, lasts: lasts.map(Duration::from_secs) });
        for status in [403, 429] {
            assert_eq!(told(status, "API rate limit exceeded for user ID 1.", &primary), limit(false, Some(60)));
            assert_eq!(told(status, "You have exceeded a secondary rate limit.", &[("retry-after", "30")]), limit(true, Some(30)));
            assert_eq!(told(status, "You have exceeded a secondary rate limit.", &[("x-ratelimit-remaining", "4000")]), limit(true, None));
        }
        assert_eq!(told(429, "Too many", &[]), limit(true, None));
        // The last request of the hour can be one that is denied.
        assert_eq!(told(403, "Must have admin rights to Repository.", &primary), "GET /x: Must have admin rights to Repository.");
        assert_eq!(
            told(403, "API rate limit exceeded", &[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "900")]),
            limit(false, Some(0))
        );
    }

    #[test]
    fn what_was_denied_says_what_to_grant() {
        let app = "Resource not accessible by integration";
        insta::assert_snapshot!(
            [
                told(403, app, &[("x-accepted-github-permissions", "administration=read")]),
                told(403, app, &[("x-accepted-github-permissions", "actions=read,contents=read; administration=write")]),
                told(403, "Must be an owner", &[("x-oauth-scopes", "repo"), ("x-accepted-oauth-scopes", "admin:org, write:org")]),
                told(403, "Must be an owner", &[("x-oauth-scopes", "admin:org"), ("x-accepted-oauth-scopes", "admin:org")]),
                told(403, "Protected by SAML", &[("x-github-sso", "required; url=https://github.com/orgs/acme/sso?authorization_request=A1")]),
                told(404, "Not Found", &[("x-oauth-scopes", ""), ("x-accepted-oauth-scopes", "repo")]),
                told(404, "Not Found", &[("x-oauth-scopes", "admin:org"), ("x-accepted-oauth-scopes", "read:org, repo")]),
                told(404, "Not Found", &[("x-oauth-scopes", "repo"), ("x-accepted-oauth-scopes", "")]),
                told(404, "Not Found", &[("x-accepted-github-permissions", "metadata=read")]),
                told(422, "Validation\u{1b}[31m Failed", &[]),
            ]
            .join("\n"),
            @r"
            GET /x: Resource not accessible by integration: it needs the permission administration: read
            GET /x: Resource not accessible by integration: it needs the permission actions: read and contents: read, or administration: write
            GET /x: Must be an owner: it needs a token with the scope admin:org or write:org
            GET /x: Must be an owner
            GET /x: Protected by SAML: authorize the token for the organisation's single sign-on
            GET /x: Not Found, as a token hears that lacks a scope: it needs a token with the scope repo
            GET /x: not found
            GET /x: not found
            GET /x: not found
            GET /x: 422 Validation [31m Failed
            "
        );
    }
}
