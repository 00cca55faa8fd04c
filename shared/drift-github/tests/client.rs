//! The client against a server on this machine that answers by a script: what goes over the wire, and what it makes of an answer.

mod server;

use std::time::Duration;

use drift_catalog::{AwsCall as _, CallErrorKind};
use drift_github::{Credential, Error, Get, Github, Query, Secret, Settings, Validator};
use drift_model::Place;
use serde_json::{Value, json};
use server::{Answer, Seen, Server};

const TOKEN: &str = "ghp_thisIsTheToken";

fn client(server: &Server) -> Github {
    with(server, |_| ())
}

fn with(server: &Server, change: impl FnOnce(&mut Settings)) -> Github {
    let mut settings = Settings::new("acme", &server.url(), Credential::Token(Secret::new(TOKEN))).expect("settings");
    settings.pace.backoff = Duration::from_millis(5);
    settings.pace.minute = Duration::from_millis(300);
    change(&mut settings);
    Github::new(settings).expect("a client")
}

fn shop() -> Get {
    Get::new("GET /repos/{owner}/{repo}", "/repos/acme/shop")
}

#[tokio::test]
async fn every_request_says_who_asks_and_by_which_version_of_the_api() {
    let server = Server::start(|_: &Seen| Answer::json(&json!({"id": 7}))).await;
    let github = client(&server);
    assert_eq!(github.get(&shop()).await.expect("an answer").body, json!({"id": 7}));
    let seen = &server.seen()[0];
    assert_eq!((seen.method.as_str(), seen.target.as_str()), ("GET", "/api/v3/repos/acme/shop"));
    for (name, value) in [
        ("authorization", format!("Bearer {TOKEN}")),
        ("accept", "application/vnd.github+json".to_owned()),
        ("x-github-api-version", "2022-11-28".to_owned()),
        ("user-agent", format!("driftwire/{}", env!("CARGO_PKG_VERSION"))),
        ("accept-encoding", "gzip".to_owned()),
    ] {
        assert_eq!(seen.header(name), Some(value.as_str()), "{name}");
    }
    assert_eq!(github.used().operations, [("GET /repos/{owner}/{repo}".to_owned(), 1)].into());
}

#[tokio::test]
async fn the_token_goes_nowhere_else_wherever_github_points() {
    let elsewhere = Server::start(|_: &Seen| Answer::json(&json!({"id": 7}))).await;
    let url = elsewhere.url();
    for status in [301, 302, 307, 308] {
        for location in [format!("{url}api/v3/repos/acme/shop"), "/login".to_owned(), "//127.0.0.1:1/api/v3/x".to_owned(), String::new()] {
            let server = Server::start(move |_: &Seen| Answer::status(status).header("Location", &location)).await;
            let error = client(&server).get(&shop()).await.expect_err("it is not followed");
            assert!(matches!(error, Error::Undecodable { .. }), "{error}");
        }
    }
    let link = format!("<{url}api/v3/repos/acme/shop/hooks?page=2>; rel=\"next\"");
    let server = Server::start(move |_: &Seen| Answer::json(&json!([1])).header("Link", &link)).await;
    let error = client(&server).list(&Get::new("GET /x", "/x")).await.expect_err("it is not followed");
    assert!(matches!(error, Error::Undecodable { .. }), "{error}");
    assert_eq!(elsewhere.seen().len(), 0);
}

#[tokio::test]
async fn a_redirect_within_the_api_is_followed_a_few_times() {
    let server = Server::start(|seen: &Seen| match seen.path() {
        "/api/v3/repositories/7" => Answer::json(&json!({"id": 7})),
        "/api/v3/repos/acme/shop" => Answer::status(301).header("Location", &format!("{}api/v3/repositories/7", seen.root())),
        _ => Answer::status(302).header("Location", "/api/v3/in-circles"),
    })
    .await;
    let github = client(&server);
    let answer = github.get(&shop()).await.expect("an answer");
    assert_eq!((answer.body["id"].as_u64(), answer.moved), (Some(7), true));
    assert!(github.get(&Get::new("GET /y", "/y")).await.is_err());
    assert_eq!(server.seen().len(), 2 + 4);
}

#[tokio::test]
async fn what_a_path_must_not_hold_is_not_sent() {
    let server = Server::start(|_: &Seen| Answer::json(&json!({}))).await;
    let github = client(&server);
    for path in
        ["repos/acme/shop", "/repos/../../user", "/repos/acme/a b", "/repos/acme/shop?x=y", "/repos/acme/shop#x", "/repos/acme/%2e%2e/x"]
    {
        let error = github.get(&Get::new("GET /x", path)).await.expect_err(path);
        assert!(matches!(error, Error::Input { .. }), "{path}: {error}");
    }
    assert_eq!(server.seen().len(), 0);
}

#[tokio::test]
async fn a_validator_goes_with_its_token_alone_and_a_time_with_any() {
    let server = Server::start(|seen: &Seen| {
        let answer = if seen.path().ends_with("dated") {
            Answer::json(&json!({})).header("Last-Modified", "Thu, 01 Jan 2026 00:00:00 GMT")
        } else {
            Answer::json(&json!({})).header("ETag", "W/\"abc\"").header("Last-Modified", "Thu, 01 Jan 2026 00:00:00 GMT")
        };
        if seen.header("if-none-match").or(seen.header("if-modified-since")).is_some() { answer.with_status(304) } else { answer }
    })
    .await;
    let (github, dated) = (client(&server), Get::new("GET /dated", "/dated"));
    let other = with(&server, |settings| settings.credential = Credential::Token(Secret::new("ghp_another")));
    let tagged = github.get(&shop()).await.expect("an answer").validator;
    let timed = github.get(&dated).await.expect("an answer").validator;
    assert_eq!(timed, Some(Validator { text: "Thu, 01 Jan 2026 00:00:00 GMT".to_owned(), token: None }));
    assert!(github.get(&shop().unless(tagged.clone())).await.expect("an answer").not_modified);
    assert!(!other.get(&shop().unless(tagged.clone())).await.expect("an answer").not_modified);
    for someone in [&github, &other] {
        let answer = someone.get(&dated.clone().unless(timed.clone())).await.expect("an answer");
        assert_eq!((answer.status, answer.not_modified, answer.body, answer.validator), (304, true, Value::Null, timed.clone()));
    }
    let kept = serde_json::to_string(&tagged).expect("JSON");
    assert!(!kept.contains(TOKEN) && serde_json::from_str::<Option<Validator>>(&kept).expect("JSON") == tagged);
    assert_eq!(github.used().not_modified, 2);
}

#[tokio::test]
async fn an_answer_that_did_not_change_is_known_by_what_it_was_known_by_where_github_does_not_repeat_it() {
    let server = Server::start(|seen: &Seen| match seen.header("if-none-match") {
        Some(_) => Answer::text("").with_status(304),
        None => Answer::json(&json!({})).header("ETag", "W/\"abc\""),
    })
    .await;
    let github = client(&server);
    let first = github.get(&shop()).await.expect("an answer").validator;
    assert!(first.is_some());
    assert_eq!(github.get(&shop().unless(first.clone())).await.expect("an answer").validator, first);
}

#[tokio::test]
async fn a_failure_is_asked_three_times_and_a_refusal_once() {
    for (status, times) in
        [(500, 3), (502, 3), (503, 3), (504, 3), (599, 3), (400, 1), (404, 1), (409, 1), (422, 1), (451, 1), (401, 1), (403, 1)]
    {
        let server = Server::start(move |_: &Seen| Answer::status(status)).await;
        assert!(client(&server).get(&shop()).await.is_err());
        assert_eq!(server.seen().len(), times, "{status}");
    }
}

#[tokio::test]
async fn a_connection_that_breaks_is_made_again() {
    let server = Server::start(|seen: &Seen| match seen.number {
        0 => Answer::hang_up(),
        1 => Answer::json(&json!({"id": 7})).cut(4),
        _ => Answer::json(&json!({"id": 7})),
    })
    .await;
    let github = client(&server);
    assert_eq!(github.get(&shop()).await.expect("an answer").body["id"], 7);
    assert_eq!(github.used().retries, 2);
}

#[tokio::test]
async fn nobody_there_is_told_without_a_url() {
    let url = Server::start(|_: &Seen| Answer::hang_up()).await.url();
    let settings = Settings::new("acme", &url, Credential::Token(Secret::new(TOKEN))).expect("settings");
    let github =
        Github::new(Settings { pace: drift_github::Pace { backoff: Duration::from_millis(1), ..settings.pace.clone() }, ..settings });
    let error = github.expect("a client").get(&shop()).await.expect_err("nobody is there");
    assert!(matches!(&error, Error::Transport { .. }) && !error.to_string().contains("127.0.0.1"), "{error}");
    assert!(error.passes() && !error.asks_for_less());
}

#[tokio::test]
async fn what_is_no_json_is_not_taken_for_an_answer() {
    let server = Server::start(|_: &Seen| Answer::text("<html>Sign in</html>")).await;
    let error = client(&server).get(&shop()).await.expect_err("no JSON");
    assert!(matches!(&error, Error::Undecodable { .. }) && !error.to_string().contains("html"), "{error}");
    assert_eq!(server.seen().len(), 1);
}

#[tokio::test]
async fn a_limit_that_comes_with_a_refusal_is_waited_for_by_everybody() {
    let server = Server::start(|seen: &Seen| match seen.number {
        0 => Answer::json(&json!({"message": "You have exceeded a secondary rate limit."})).with_status(403),
        _ => Answer::json(&json!({"id": 7})),
    })
    .await;
    let github = client(&server);
    let began = tokio::time::Instant::now();
    assert_eq!(github.get(&shop()).await.expect("an answer").body["id"], 7);
    assert!(began.elapsed() >= Duration::from_millis(300), "a minute of these settings");
    assert!(github.used().waited >= Duration::from_millis(299) && github.used().retries == 0);
}

#[tokio::test]
async fn a_limit_beyond_all_patience_is_told_with_its_end_and_nothing_is_asked_meanwhile() {
    let server = Server::start(|_: &Seen| {
        let reset = (server::now() + 1_000).to_string();
        let limited = Answer::json(&json!({"message": "API rate limit exceeded for user ID 1."})).with_status(403);
        limited.header("X-RateLimit-Remaining", "0").header("X-RateLimit-Reset", &reset).header("X-RateLimit-Resource", "core")
    })
    .await;
    let github = with(&server, |settings| settings.patience = Duration::from_secs(5));
    for _ in 0..3 {
        match github.get(&shop()).await.expect_err("a limit") {
            Error::Limited { until, secondary: false } => {
                assert!((server::now() + 990..=server::now() + 1_002).contains(&until.as_second()));
            }
            error => panic!("{error}"),
        }
    }
    assert_eq!(server.seen().len(), 1);
    let call = github.call(&github.place(), "github", "GET /orgs/{org}", &json!({})).await.expect_err("a limit");
    assert_eq!(call.kind, CallErrorKind::Throttled);
}

#[tokio::test]
async fn a_last_request_of_the_hour_that_is_denied_is_denied_and_no_limit() {
    let server = Server::start(|_: &Seen| {
        let denied = Answer::json(&json!({"message": "Must have admin rights to Repository."})).with_status(403);
        denied.header("X-RateLimit-Remaining", "0").header("X-RateLimit-Reset", "1")
    })
    .await;
    assert!(matches!(client(&server).get(&shop()).await, Err(Error::Denied { .. })));
}

#[tokio::test]
async fn a_query_that_github_gives_up_on_is_left_to_who_asked_and_another_failure_is_asked_again() {
    let query = Query::new("query Viewer { viewer { login } }");
    for (status, times) in [(502, 1), (504, 1), (500, 3), (503, 3)] {
        let server = Server::start(move |_: &Seen| Answer::text("<html>").with_status(status)).await;
        let error = client(&server).graphql(&query, json!({})).await.expect_err("a failure");
        assert_eq!((server.seen().len(), error.asks_for_less()), (times, times == 1), "{status}");
    }
    let sorry = json!({"data": null, "errors": [{"message": "Something went wrong while executing your query. This may be the result of a timeout."}]});
    let server = Server::start(move |_: &Seen| Answer::json(&sorry)).await;
    assert!(client(&server).graphql(&query, json!({})).await.expect_err("a failure").asks_for_less());
}

#[tokio::test]
async fn a_query_is_sent_with_its_name_and_its_variables() {
    let server = Server::start(|_: &Seen| Answer::json(&json!({"data": {"viewer": null, "rateLimit": {"cost": 3, "remaining": 9}}}))).await;
    let github = client(&server);
    let data = github.graphql(&Query::new("query Viewer($a: Int) { viewer { login } }"), json!({"a": 1})).await.expect("data");
    assert_eq!((data.cost, data.remaining, data.is_complete()), (Some(3), Some(9), true));
    let seen = &server.seen()[0];
    assert_eq!((seen.method.as_str(), seen.target.as_str()), ("POST", "/api/graphql"));
    let body: Value = serde_json::from_slice(&seen.body).expect("JSON");
    assert_eq!(body, json!({"query": "query Viewer($a: Int) { viewer { login } }", "variables": {"a": 1}, "operationName": "Viewer"}));
    let used = github.used();
    assert_eq!((used.graphql, used.points, used.rest), (1, 3, 0));
}

#[tokio::test]
async fn what_a_query_could_not_hold_is_no_whole_answer() {
    let more = json!({"nodes": [1], "pageInfo": {"hasNextPage": true, "endCursor": "c"}});
    let done = json!({"nodes": [2], "pageInfo": {"hasNextPage": false, "endCursor": null}});
    // Of two connections that have more, only one could be paged through.
    for (first, second) in
        [(json!({"a": more, "b": more}), json!({"a": done, "b": done})), (json!({"a": more, "b": done}), json!({"a": done, "b": more}))]
    {
        let server =
            Server::start(move |seen: &Seen| Answer::json(&json!({"data": if seen.number == 0 { &first } else { &second }}))).await;
        let query = Query::new("query Two($cursor: String) { a b }");
        let error = client(&server).graphql_pages(&query, json!({})).await.expect_err("it is cut short");
        assert!(matches!(error, Error::Undecodable { .. }), "{error}");
    }
}

#[tokio::test]
async fn a_part_that_is_not_there_does_not_make_the_whole_be_gone() {
    let missing = json!([{"type": "NOT_FOUND", "path": ["organization", "owner"], "message": "Could not resolve to a User."}]);
    for (data, kind) in
        [(json!({"organization": {"id": "O_1"}}), CallErrorKind::Undecodable), (json!({"organization": null}), CallErrorKind::Service)]
    {
        let body = json!({"data": data, "errors": missing});
        let server = Server::start(move |_: &Seen| Answer::json(&body)).await;
        let github = client(&server);
        let error = github.call(&github.place(), "github", "GRAPHQL Organization", &json!({})).await.expect_err("a part is missing");
        assert_eq!(error.kind, kind, "{error}");
    }
}

#[tokio::test]
async fn a_list_that_does_not_end_or_does_not_fit_is_no_list() {
    let server = Server::start(|seen: &Seen| {
        let next = format!("<{}api/v3/x?page={}>; rel=\"next\"", seen.root(), seen.number + 2);
        Answer::json(&if seen.number == 0 { json!([1]) } else { json!({"id": 1}) }).header("Link", &next)
    })
    .await;
    let error = client(&server).list(&Get::new("GET /x", "/x")).await.expect_err("its pages differ");
    assert!(error.to_string().contains("one list each"), "{error}");
}

#[tokio::test]
async fn the_port_asks_github_of_its_own_organisation_only() {
    let server = Server::start(|_: &Seen| Answer::json(&json!({}))).await;
    let github = client(&server);
    for (place, service, kind) in [
        (Place::new("github", "other", "global"), "github", CallErrorKind::WrongAccount),
        (Place::new("aws", "acme", "global"), "github", CallErrorKind::WrongAccount),
        (github.place(), "sqs", CallErrorKind::Input),
    ] {
        let error = github.call(&place, service, "GET /orgs/{org}", &json!({})).await.expect_err("not its own");
        assert_eq!(error.kind, kind);
    }
    assert_eq!(server.seen().len(), 0);
    // Logins have no case.
    assert!(github.call(&Place::new("github", "ACME", "global"), "github", "GET /orgs/{org}", &json!({})).await.is_ok());
}

#[tokio::test]
async fn nothing_that_is_printed_holds_the_token() {
    let server = Server::start(|_: &Seen| Answer::status(401)).await;
    let github = client(&server);
    let error = github.get(&shop()).await.expect_err("refused");
    let validator = Validator { text: "W/\"x\"".to_owned(), token: Some("y".to_owned()) };
    assert!(!format!("{github:?} {error:?} {error} {validator:?}").contains("thisIsTheToken"));
}
