//! What goes wrong in a plugin costs the instances that it was asked for at that moment, and is told without its secrets.

mod support;

use std::time::Duration;

use drift_engine::ports::LiveReader as _;
use drift_model::Verdict;
use drift_provider::Settings;
use futures::{
    future::join_all,
    stream::{self, StreamExt as _},
};
use serde_json::{Value, json};
use support::{AWS, Accounts, Stage, attributes, but, instance, place, thing, things, told};

fn recorded(id: &str) -> Value {
    json!({"id": id, "name": "a", "size": 1})
}

/// A world of instances `1` to `100` that are as they are recorded, and this behaviour of a call about one of them, or all (`*`).
fn with(call: &str, id: &str, behaviour: Value) -> Value {
    let live: serde_json::Map<_, _> = (1..=100).map(|number| (number.to_string(), json!({}))).collect();
    but(things(Value::Object(live)), &format!("/types/test_thing/{call}/{id}"), behaviour)
}

/// Looks at the instances `1` to `count`, all at once.
async fn look_at(stage: &Stage, count: usize) -> Vec<String> {
    join_all((1..=count).map(|number| stage.look(recorded(&number.to_string())))).await
}

fn count(verdicts: &[String], verdict: &str) -> usize {
    verdicts.iter().filter(|one| *one == verdict).count()
}

fn complaint(severity: &str, summary: &str, detail: &str) -> Value {
    json!({"diagnostics": [{"severity": severity, "summary": summary, "detail": detail}]})
}

#[tokio::test]
async fn an_error_is_unknown_and_never_missing() {
    for call in ["read", "upgrade"] {
        let stage = Stage::new(with(call, "1", complaint("error", "reading the thing", "the service is on fire")));
        assert_eq!(
            stage.look(recorded("1")).await,
            "unknown (error): driftwire/test 1.0.0 says: reading the thing: the service is on fire",
            "{call}"
        );
        assert_eq!(stage.look(recorded("2")).await, "in sync", "{call}");
    }
}

#[tokio::test]
async fn a_denied_read_names_the_action_that_is_missing() {
    let detail = "operation error SQS: GetQueueAttributes, https response error StatusCode: 403, api error AccessDenied: User: \
        arn:aws:iam::111111111111:role/reader is not authorized to perform: sqs:GetQueueAttributes on resource: jobs";
    let stage = Stage::new(with("read", "1", complaint("error", "reading SQS Queue (jobs)", detail)));
    let verdict = stage.look(recorded("1")).await;
    assert!(
        verdict.starts_with("unknown (access_denied): sqs:GetQueueAttributes is not allowed: driftwire/test 1.0.0 says: reading SQS Queue"),
        "{verdict}"
    );
}

#[tokio::test]
async fn a_throttled_read_is_told_as_such() {
    let stage = Stage::new(with("read", "1", complaint("error", "operation error EC2: DescribeVpcs, api error RequestLimitExceeded", "")));
    let verdict = stage.look(recorded("1")).await;
    assert!(verdict.starts_with("unknown (throttled): "), "{verdict}");
}

#[tokio::test]
async fn a_warning_changes_nothing() {
    let stage = Stage::new(with("read", "1", complaint("warning", "Argument is deprecated", "use another")));
    assert_eq!(stage.look(recorded("1")).await, "in sync");
}

#[tokio::test]
async fn a_read_that_was_put_off_is_unknown() {
    let stage = Stage::new(with("read", "1", json!({"deferred": 2})));
    let verdict = stage.look(recorded("1")).await;
    assert!(verdict.starts_with("unknown (error): driftwire/test 1.0.0: it put the read off"), "{verdict}");
}

#[tokio::test]
async fn a_status_of_grpc_is_unknown_for_that_instance_alone() {
    for code in [2, 8, 13, 14] {
        let stage = Stage::new(with("read", "1", json!({"status": {"code": code, "message": "boom"}})));
        let verdict = stage.look(recorded("1")).await;
        assert!(verdict.starts_with("unknown (error): driftwire/test 1.0.0"), "{code}: {verdict}");
        assert_eq!(stage.look(recorded("2")).await, "in sync", "{code}");
        assert_eq!(stage.pids().len(), 1, "{code}: it still runs");
    }
}

#[tokio::test]
async fn nonsense_in_place_of_a_value_is_unknown_and_not_quoted() {
    for call in ["read", "upgrade"] {
        for nonsense in [
            json!({"value": "garbage"}),
            json!({"value": {"misfit": ["hunter2"]}}),
            json!({"value": {"misfit": "hunter2"}}),
            json!({"value": {"misfit": {"id": "1", "name": {"hunter2": 1}, "size": 1}}}),
            json!({"value": {"misfit": {"id": "1", "name": "a", "size": "hunter2"}}}),
            json!({"value": {"misfit": {"id": ["hunter2"], "name": "a", "size": 1}}}),
        ] {
            let stage = Stage::new(with(call, "1", nonsense.clone()));
            let verdict = stage.look(recorded("1")).await;
            let expected = "unknown (error): driftwire/test 1.0.0: its answer does not fit its schema at `";
            assert!(verdict.starts_with(expected) && !verdict.contains("hunter2"), "{call} {nonsense}: {verdict}");
            assert_eq!(stage.look(recorded("2")).await, "in sync", "{call} {nonsense}");
        }
    }
}

#[tokio::test]
async fn a_value_in_json_is_not_guessed_at() {
    let stage = Stage::new(with("read", "1", json!({"value": "json"})));
    let verdict = stage.look(recorded("1")).await;
    assert_eq!(verdict, "unknown (error): driftwire/test 1.0.0: it answers in JSON, where MessagePack is expected");
}

#[tokio::test]
async fn an_instance_whose_recorded_state_the_plugin_cannot_take_is_unknown() {
    let stage = Stage::new(with("read", "1", json!({})));
    let verdict = stage.look(json!({"id": "1", "name": ["a"], "size": 1})).await;
    assert!(verdict.starts_with("unknown (error): driftwire/test 1.0.0 says: Unable to Read Previously Saved State"), "{verdict}");
}

#[tokio::test]
async fn what_the_plugin_reads_is_compared_even_if_it_is_of_another() {
    let world = but(with("read", "1", json!({"instead": "2"})), "/types/test_thing/live/2", json!({"id": "2", "name": "b"}));
    assert_eq!(Stage::new(world).look(recorded("1")).await, r#"name: "a" -> "b"; computed id: "1" -> "2""#);
}

#[tokio::test]
async fn a_crash_costs_what_was_in_flight_and_the_rest_is_read_by_another_process() {
    let panic = "panic: runtime error: invalid memory address or nil pointer dereference\n\ngoroutine 41 [running]:";
    let world = with("read", "7", json!({"delay_ms": 30, "exit": {"status": 2, "stderr": panic}}));
    let stage = Stage::new(world);
    let looks = (1..=100).map(async |number: u8| stage.look(recorded(&number.to_string())).await);
    let verdicts: Vec<_> = stream::iter(looks).buffered(4).collect().await;
    let told = "unknown (error): driftwire/test 1.0.0: it ended with exit status: 2 while it was asked";
    assert_eq!(verdicts[6], told);
    assert!((1..=4).contains(&count(&verdicts, told)), "{verdicts:?}");
    assert_eq!(count(&verdicts, told) + count(&verdicts, "in sync"), 100, "{verdicts:?}");
    assert_eq!(stage.pids().len(), 2);
}

#[tokio::test]
async fn a_plugin_that_ends_now_and_then_reads_nearly_all() {
    let stage = Stage::new(with("read", "*", json!({"after": 5, "exit": {"status": 1}})));
    let mut verdicts = Vec::new();
    for number in 1..=30 {
        verdicts.push(stage.look(recorded(&number.to_string())).await);
    }
    assert_eq!(count(&verdicts, "in sync"), 25, "{verdicts:?}");
    assert_eq!(stage.pids().len(), 5);
}

#[tokio::test]
async fn a_plugin_that_ends_at_every_call_is_given_up_for_a_while() {
    let stage = Stage::new(with("read", "*", json!({"exit": {"status": 3}})));
    let mut verdicts = Vec::new();
    for number in 1..=30 {
        verdicts.push(stage.look(recorded(&number.to_string())).await);
    }
    assert!(verdicts.iter().all(|verdict| verdict.contains("exit status: 3")), "{verdicts:?}");
    assert!(verdicts[29].contains("ended 8 times in a row without an answer"), "{}", verdicts[29]);
    assert_eq!(stage.pids().len(), 8);
}

#[tokio::test]
async fn a_connection_that_breaks_is_made_anew() {
    let stage = Stage::new(with("read", "1", json!({"abort": true})));
    let verdict = stage.look(recorded("1")).await;
    assert_eq!(verdict, "unknown (error): driftwire/test 1.0.0: its connection broke");
    assert_eq!(stage.look(recorded("2")).await, "in sync");
    assert_eq!(stage.pids().len(), 1);
}

#[tokio::test]
async fn whoever_only_shared_a_connection_that_broke_is_asked_again() {
    let world = with("read", "1", json!({"abort": true, "delay_ms": 900}));
    let stage = Stage::new(but(world, "/types/test_thing/read/2", json!({"delay_ms": 600})));
    // The first breaks the connection while the second is in flight, and breaks the next one after the second was answered.
    let second = async {
        tokio::time::sleep(Duration::from_millis(600)).await;
        stage.look(recorded("2")).await
    };
    let (first, second) = tokio::join!(stage.look(recorded("1")), second);
    assert_eq!((first.as_str(), second.as_str()), ("unknown (error): driftwire/test 1.0.0: its connection broke", "in sync"));
    let reads = stage.calls("ReadResource");
    assert_eq!((reads.len(), stage.pids().len()), (4, 1), "each is asked twice, of one process: {reads:?}");
}

#[tokio::test]
async fn a_hang_runs_into_the_deadline_and_the_other_ninety_nine_finish() {
    let world = with("read", "7", json!({"hang": true}));
    let stage = Stage::with(world, |settings| Settings { read_deadline: Duration::from_secs(3), ..settings });
    let verdicts = look_at(&stage, 100).await;
    assert_eq!(verdicts[6], "unknown (error): driftwire/test 1.0.0: it did not answer within 3 s");
    assert_eq!(count(&verdicts, "in sync"), 99, "{verdicts:?}");
}

#[tokio::test]
async fn a_slow_read_within_the_deadline_is_waited_for() {
    let stage = Stage::new(with("read", "1", json!({"delay_ms": 500})));
    assert_eq!(stage.look(recorded("1")).await, "in sync");
}

#[tokio::test]
async fn megabytes_of_logs_do_not_bring_a_plugin_to_a_halt() {
    let logs = json!(vec!["x".repeat(1 << 20); 3]);
    let world = but(but(with("read", "1", json!({"stderr": logs})), "/stderr", logs.clone()), "/stdio", logs);
    assert_eq!(Stage::new(world).look(recorded("1")).await, "in sync");
}

#[tokio::test]
async fn junk_before_the_handshake_is_passed_over() {
    let junk = json!(["", "starting...", "2026/01/01 00:00:00 [DEBUG] a|b|c|d", "{\"@level\": \"info\"}", "x".repeat(10_000)]);
    let world = but(with("read", "1", json!({})), "/handshake/junk", junk);
    assert_eq!(Stage::new(world).look(recorded("1")).await, "in sync");
}

#[tokio::test]
async fn a_handshake_that_is_not_understood_says_what_it_is() {
    for (handshake, why) in [
        (json!({"core": 2}), "version 2 of go-plugin's own protocol"),
        (json!({"plugin": 4}), "version 4 of Terraform's plugin protocol"),
        (json!({"plugin": 7}), "version 7 of Terraform's plugin protocol"),
        (json!({"network": "tcp"}), "it does not listen on a unix socket"),
        (json!({"rpc": "netrpc"}), "it does not serve gRPC"),
        (json!({"wrong_certificate": true}), "the plugin shows another certificate than it announced"),
        (json!({"plain": true}), "it cannot be reached on its socket"),
        (json!({"exit": {"status": 1, "stderr": "hunter2"}}), "it ended with exit status: 1 before it said where it listens"),
        (json!({"exit": {"status": 0}}), "it ended with exit status: 0 before it said where it listens"),
        (json!({"junk": ["x".repeat(1 << 20)]}), "it prints without end"),
    ] {
        let stage = Stage::new(but(with("read", "1", json!({})), "/handshake", handshake.clone()));
        let verdict = stage.look(recorded("1")).await;
        assert!(verdict.starts_with("unknown (error): the plugin driftwire/test 1.0.0 ("), "{handshake}: {verdict}");
        assert!(verdict.contains(why) && !verdict.contains("hunter2"), "{handshake}: {verdict}");
    }
}

#[tokio::test]
async fn a_plugin_that_never_says_where_it_listens_is_given_up_once_for_all() {
    let world = but(with("read", "1", json!({})), "/handshake/silent", json!(true));
    let stage = Stage::with(world, |settings| Settings { start_deadline: Duration::from_secs(2), ..settings });
    let verdicts = look_at(&stage, 50).await;
    let told = "unknown (error): the plugin driftwire/test 1.0.0 cannot be used: it was not ready 2 s after its start";
    assert_eq!(count(&verdicts, told), 50, "{verdicts:?}");
    let pids = stage.pids();
    assert_eq!(pids.len(), 1);
    support::eventually("it is ended", || !support::is_running(pids[0])).await;
}

#[tokio::test]
async fn a_slow_start_is_waited_for() {
    let world = but(with("read", "1", json!({})), "/handshake/delay_ms", json!(1000));
    assert_eq!(Stage::new(world).look(recorded("1")).await, "in sync");
}

#[tokio::test]
async fn a_file_that_is_no_program_is_told_as_such() {
    let stage = Stage::new(with("read", "1", json!({})));
    let executable = stage.path().join("v1-0-0");
    std::fs::remove_file(&executable).expect("the link goes");
    std::fs::write(&executable, "no program").expect("a file");
    let verdict = stage.look(recorded("1")).await;
    assert!(verdict.contains("it cannot be run on this machine: is it of this platform, and complete?"), "{verdict}");
}

#[tokio::test]
async fn a_schema_of_five_megabytes_and_answers_of_twenty_are_taken() {
    let world = with("read", "1", json!({"padding": {"attribute": "name", "megabytes": 20}}));
    let stage = Stage::new(but(world, "/schema/padding", json!({"megabytes": 5})));
    let judgement = stage.judge(&thing(recorded("1"))).await;
    let Verdict::Drifted { differences } = &judgement.verdict else { panic!("{}", told(&judgement)) };
    assert_eq!(differences.len(), 1);
    let drift_model::Shown::Value(Value::String(live)) = &differences[0].live else { panic!("it may be shown") };
    assert_eq!(live.len(), 20 << 20);
}

#[tokio::test]
async fn an_answer_beyond_the_limit_is_unknown_for_that_instance_alone() {
    let stage = Stage::new(with("read", "1", json!({"padding": {"attribute": "name", "megabytes": 70}})));
    let verdict = stage.look(recorded("1")).await;
    assert!(verdict.starts_with("unknown (error): driftwire/test 1.0.0, reading: its answer is too large"), "{verdict}");
    assert_eq!(stage.look(recorded("2")).await, "in sync");
    assert_eq!(stage.pids().len(), 1);
}

#[tokio::test]
async fn an_error_among_the_schemas_is_unknown_for_all() {
    let stage = Stage::new(but(with("read", "1", json!({})), "/schema", complaint("error", "no schema", "today")));
    let verdict = stage.look(recorded("1")).await;
    assert_eq!(verdict, "unknown (error): driftwire/test 1.0.0 says: no schema: today");
}

#[tokio::test]
async fn a_refused_configuration_is_unknown_for_all_and_asked_for_once() {
    let refusal = complaint("error", "No valid credential sources found", "failed to refresh cached credentials");
    let stage = Stage::new(but(with("read", "1", json!({})), "/configure", refusal));
    let verdicts = look_at(&stage, 50).await;
    let told = "unknown (error): it cannot be configured: driftwire/test 1.0.0 says: No valid credential sources found: failed to \
        refresh cached credentials";
    assert_eq!(count(&verdicts, told), 50, "{verdicts:?}");
    assert_eq!(stage.calls("ConfigureProvider").len(), 1);
}

#[tokio::test]
async fn a_plugin_that_ends_or_breaks_off_before_it_is_configured_is_unknown_for_all() {
    for call in ["/schema", "/configure"] {
        for (behaviour, why) in
            [(json!({"exit": {"status": 2, "stderr": "hunter2"}}), "exit status: 2"), (json!({"abort": true}), "connection")]
        {
            let stage = Stage::new(but(with("read", "1", json!({})), call, behaviour.clone()));
            let verdicts = look_at(&stage, 10).await;
            assert_eq!(count(&verdicts, &verdicts[0]), 10, "{call} {behaviour}: {verdicts:?}");
            assert!(verdicts[0].starts_with("unknown (error): ") && verdicts[0].contains(why), "{call} {behaviour}: {}", verdicts[0]);
            assert_eq!(stage.pids().len(), 1, "{call} {behaviour}");
        }
    }
}

#[tokio::test]
async fn a_refused_account_is_the_wrong_account() {
    let stage = Stage::new(but(with("read", "1", json!({})), "/configure", complaint("error", "AWS account ID not allowed: 1", "")));
    let mut queue = instance(AWS, "test_thing", attributes(recorded("1")));
    queue.place = Some(place("111111111111"));
    let verdict = told(&stage.judge(&queue).await);
    assert!(verdict.starts_with("unknown (wrong_account): it cannot be configured: "), "{verdict}");
}

#[tokio::test]
async fn without_credentials_of_the_account_nothing_is_read() {
    let stage = Stage::new(with("read", "1", json!({})));
    let mut queue = instance(AWS, "test_thing", attributes(recorded("1")));
    queue.place = Some(place(Accounts::UNKNOWN));
    let verdict = told(&stage.judge(&queue).await);
    assert!(verdict.starts_with("unknown (wrong_account): there are no credentials of"), "{verdict}");
    let unplaced = instance(AWS, "test_thing", attributes(recorded("1")));
    let reading = stage.reader.read(None, &unplaced).await;
    assert!(matches!(&reading, drift_engine::ports::LiveReading::Unknown(reason) if reason.kind == drift_model::ReasonKind::Place));
    assert_eq!(stage.journal(), Vec::<Value>::new(), "no plugin was started");
}

#[tokio::test]
async fn a_crash_costs_nobody_who_waits_for_their_turn() {
    let panic = "panic: runtime error: invalid memory address or nil pointer dereference\n\ngoroutine 41 [running]:";
    let world = with("read", "7", json!({"delay_ms": 30, "exit": {"status": 2, "stderr": panic}}));
    let stage = Stage::with(world, |settings| Settings { reads: 4, ..settings });
    let verdicts = look_at(&stage, 100).await;
    let told = "unknown (error): driftwire/test 1.0.0: it ended with exit status: 2 while it was asked";
    assert_eq!(verdicts[6], told);
    assert!((1..=4).contains(&count(&verdicts, told)), "{verdicts:?}");
    assert_eq!(count(&verdicts, told) + count(&verdicts, "in sync"), 100, "{verdicts:?}");
    assert_eq!(stage.pids().len(), 2);
}

#[tokio::test]
async fn as_many_hangs_as_reads_in_flight_cost_nobody_who_waits() {
    let world = but(with("read", "1", json!({"hang": true})), "/types/test_thing/read/2", json!({"hang": true}));
    let stage = Stage::with(world, |settings| Settings { read_deadline: Duration::from_secs(2), reads: 2, ..settings });
    let verdicts = look_at(&stage, 20).await;
    assert_eq!(count(&verdicts, "in sync"), 18, "{verdicts:?}");
}
