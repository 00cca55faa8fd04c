//! The plugins as processes: what they are told, how many there are, and that none is left over.

mod support;

use std::{
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};

use drift_provider::{Guarding, Plugin, Settings, describe};
use futures::future::join_all;
use serde_json::{Value, json};
use support::{AWS, Stage, TEST, attributes, but, eventually, instance, is_running, place, plugin, things, told};

const BOTH: [Guarding; 2] = [Guarding::Signal, Guarding::Pipe];

fn recorded() -> Value {
    json!({"id": "1", "name": "a", "size": 1})
}

fn world() -> Value {
    things(json!({"1": {}}))
}

/// The same instance in an account of AWS.
async fn look_in(stage: &Stage, account: &str) -> String {
    let mut thing = instance(AWS, "test_thing", attributes(recorded()));
    thing.place = Some(place(account));
    told(&stage.judge(&thing).await)
}

#[tokio::test]
async fn a_plugin_of_aws_is_told_where_to_read_and_as_whom() {
    let text = json!({"type": "string", "optional": true});
    let schema = json!({
        "attributes": {
            "region": text, "profile": text, "skip_metadata_api_check": text,
            "allowed_account_ids": {"type": ["set", "string"], "optional": true},
            "max_retries": {"type": "number", "optional": true},
            "skip_region_validation": {"type": "bool", "optional": true},
            "s3_use_path_style": {"type": "bool", "optional": true},
        },
        "blocks": {"endpoints": {"nesting": "set", "attributes": {"ec2": text}}, "assume_role": {"nesting": "list"}, "g": {"nesting": "group", "attributes": {"a": text}}},
    });
    let stage = Stage::with(but(world(), "/provider", schema), |mut settings| {
        let own = ["AWS_PROFILE", "AWS_SECRET_ACCESS_KEY", "AWS_REGION", "TF_LOG", "TF_LOG_PROVIDER", "PLUGIN_MIN_PORT"];
        settings.environment.extend(own.map(|name| (name.into(), "mine".into())));
        settings.environment.extend([("HTTPS_PROXY".into(), "p".into()), ("AWS_CA_BUNDLE".into(), "/ca".into())]);
        Settings { endpoint_url: Some("http://127.0.0.1:5000".to_owned()), max_retries: 3, ..settings }
    });
    assert_eq!(look_in(&stage, "111111111111").await, "in sync");
    assert_eq!(
        stage.calls("ConfigureProvider")[0]["configuration"],
        json!({
            "region": "eu-west-1", "profile": null, "skip_metadata_api_check": "true", "allowed_account_ids": ["111111111111"],
            "max_retries": 3, "skip_region_validation": true, "s3_use_path_style": true, "endpoints": [], "assume_role": [], "g": {"a": null},
        })
    );
    let environment = stage.calls("start")[0]["environment"].clone();
    let told: Vec<&str> = environment.as_object().expect("an object").keys().map(String::as_str).collect();
    for (name, value) in [
        ("AWS_ACCESS_KEY_ID", json!("AKIATEST111111111111")),
        ("AWS_REGION", json!("eu-west-1")),
        ("AWS_ENDPOINT_URL", json!("http://127.0.0.1:5000")),
        ("AWS_EC2_METADATA_DISABLED", json!("true")),
        ("AWS_CA_BUNDLE", json!("/ca")),
        ("PLUGIN_PROTOCOL_VERSIONS", json!("5,6")),
    ] {
        assert_eq!(environment[name], value, "{name}");
    }
    for name in ["AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "HTTPS_PROXY", "PLUGIN_CLIENT_CERT", "PLUGIN_UNIX_SOCKET_DIR"] {
        assert!(told.contains(&name), "{name} is missing of {told:?}");
    }
    for name in ["AWS_PROFILE", "TF_LOG", "TF_LOG_PROVIDER", "PLUGIN_MIN_PORT", "HOME"] {
        assert!(!told.contains(&name), "{name} is none of the plugin's");
    }
}

#[tokio::test]
async fn a_plugin_of_no_cloud_gets_nobodys_keys_and_an_empty_configuration() {
    let schema = json!({"attributes": {"region": {"type": "string", "optional": true}}});
    let stage = Stage::new(but(world(), "/provider", schema));
    assert_eq!(stage.look(recorded()).await, "in sync");
    assert_eq!(stage.calls("ConfigureProvider")[0]["configuration"], json!({"region": null}));
    let environment = stage.calls("start")[0]["environment"].clone();
    let keys: Vec<_> = environment.as_object().expect("an object").keys().filter(|name| name.starts_with("AWS_")).collect();
    assert_eq!(keys, Vec::<&String>::new());
}

#[tokio::test]
async fn one_process_serves_an_account_and_region_and_another_the_next() {
    let stage = Stage::new(world());
    for account in ["111111111111", "222222222222", "111111111111"] {
        assert_eq!(look_in(&stage, account).await, "in sync");
    }
    let keys: Vec<_> = stage.calls("start").iter().map(|start| start["environment"]["AWS_ACCESS_KEY_ID"].clone()).collect();
    assert_eq!(keys, ["AKIATEST111111111111", "AKIATEST222222222222"]);
}

#[tokio::test]
async fn no_more_processes_run_at_a_time_than_are_allowed() {
    let slow = but(world(), "/read/delay_ms", json!(100));
    let stage = Stage::with(slow, |settings| Settings { processes: 2, ..settings });
    let watch = async {
        let mut most = 0;
        loop {
            most = most.max(stage.pids().into_iter().filter(|pid| is_running(*pid)).count());
            assert!(most <= 2, "{most} run at a time");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let accounts: Vec<String> = (1..=5).map(|digit| digit.to_string().repeat(12)).collect();
    let looks = join_all(accounts.iter().map(|account| look_in(&stage, account)));
    let verdicts = tokio::select! {
        verdicts = looks => verdicts,
        () = watch => unreachable!("it watches for ever"),
    };
    assert!(verdicts.iter().all(|verdict| verdict == "in sync"), "{verdicts:?}");
    assert_eq!(stage.pids().len(), 5);
}

#[tokio::test]
async fn several_versions_are_asked_one_after_the_other_where_one_process_may_run() {
    let newer = but(things(json!({"1": {}})), "/types/test_thing/version", json!(2));
    let stage = Stage::of_versions([("1.0.0", world()), ("2.0.0", newer)], |settings| Settings { processes: 1, ..settings });
    let mut of_newer = support::thing(recorded());
    of_newer.schema_version = 2;
    for _ in 0..2 {
        assert_eq!(told(&stage.judge(&of_newer).await), "in sync");
        assert_eq!(stage.look(recorded()).await, "in sync");
    }
    assert_eq!(stage.pids().into_iter().filter(|pid| is_running(*pid)).count(), 1);
}

#[tokio::test]
async fn no_more_reads_are_in_flight_than_are_allowed() {
    let stage = Stage::with(but(world(), "/read/delay_ms", json!(50)), |settings| Settings { reads: 2, ..settings });
    let verdicts = join_all((0..10).map(|_| stage.look(recorded()))).await;
    assert!(verdicts.iter().all(|verdict| verdict == "in sync"), "{verdicts:?}");
    let at: Vec<f64> = stage.calls("ReadResource").iter().filter_map(|read| read["at"].as_f64()).collect();
    assert!(at.windows(3).all(|three| three[2] - three[0] >= 0.049), "{at:?}");
}

#[tokio::test]
async fn schemas_are_asked_for_once_where_the_plugin_says_that_this_is_enough() {
    for (is_optional, asked) in [(true, 1), (false, 2)] {
        let stage = Stage::new(but(world(), "/schema_optional", json!(is_optional)));
        for account in ["111111111111", "222222222222"] {
            assert_eq!(look_in(&stage, account).await, "in sync");
        }
        assert_eq!(stage.calls("GetProviderSchema").len(), asked);
    }
}

#[tokio::test]
async fn closing_asks_first_and_leaves_no_process() {
    for guarding in BOTH {
        let stage = Stage::with(world(), |settings| Settings { guarding, ..settings });
        look_in(&stage, "111111111111").await;
        look_in(&stage, "222222222222").await;
        stage.reader.close().await;
        assert_eq!(stage.pids().into_iter().filter(|pid| is_running(*pid)).count(), 0, "{guarding:?}");
        assert_eq!((stage.calls("StopProvider").len(), stage.calls("Shutdown").len()), (2, 2), "{guarding:?}");
        assert_eq!(look_in(&stage, "111111111111").await, "in sync", "{guarding:?}: it can read again");
        stage.reader.close().await;
    }
}

#[tokio::test]
async fn a_plugin_that_ignores_every_request_is_killed() {
    for guarding in BOTH {
        let stage = Stage::with(but(world(), "/stubborn", json!(true)), |settings| Settings { guarding, ..settings });
        assert_eq!(stage.look(recorded()).await, "in sync");
        stage.reader.close().await;
        let pids = stage.pids();
        eventually("it is killed", || !is_running(pids[0])).await;
    }
}

#[tokio::test]
async fn a_reader_that_is_dropped_leaves_no_process() {
    for guarding in BOTH {
        let stage = Stage::with(but(world(), "/stubborn", json!(true)), |settings| Settings { guarding, ..settings });
        assert_eq!(stage.look(recorded()).await, "in sync");
        let pids = stage.pids();
        let Stage { reader, folder } = stage;
        drop(reader);
        eventually(&format!("{guarding:?}: it is killed"), || !is_running(pids[0])).await;
        drop(folder);
    }
}

#[tokio::test]
async fn a_plugin_that_is_given_up_at_its_start_is_ended() {
    for guarding in BOTH {
        let silent = but(world(), "/handshake/silent", json!(true));
        let stage = Stage::with(silent, |settings| Settings { guarding, start_deadline: Duration::from_secs(2), ..settings });
        let verdict = stage.look(recorded()).await;
        assert!(verdict.contains("it was not ready 2 s after its start"), "{verdict}");
        let pids = stage.pids();
        eventually(&format!("{guarding:?}: it is ended"), || !is_running(pids[0])).await;
    }
}

#[tokio::test]
async fn a_start_that_nobody_waits_for_any_more_leaves_no_process() {
    let stage = Stage::new(but(world(), "/handshake/silent", json!(true)));
    let started = async {
        while stage.pids().is_empty() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::select! {
        verdict = stage.look(recorded()) => panic!("nothing can be read: {verdict}"),
        () = started => {}
    }
    let pids = stage.pids();
    eventually("it is ended", || !is_running(pids[0])).await;
    stage.change(world());
    assert_eq!(stage.look(recorded()).await, "in sync");
}

#[tokio::test]
async fn a_crash_is_noticed_through_either_guard() {
    for guarding in BOTH {
        let crash = but(world(), "/read", json!({"exit": {"status": 2}}));
        let stage = Stage::with(crash, |settings| Settings { guarding, ..settings });
        let verdict = stage.look(recorded()).await;
        assert_eq!(verdict, "unknown (error): driftwire/test 1.0.0: it ended with exit status: 2 while it was asked", "{guarding:?}");
    }
}

/// A program that reads once through a plugin and waits then, and its plugin.
fn parent(folder: &Path, guarding: &str) -> (Child, u64) {
    let journal = folder.join("journal");
    support::write_world(folder, Path::new("plugin"), but(world(), "/stubborn", json!(true)), &journal);
    let mut parent = Command::new(plugin())
        .args(["parent", guarding])
        .env("DRIFTWIRE_TEST_WORLD", folder)
        // Who is killed leaves the socket's folder behind.
        .env("TMPDIR", folder)
        .stdout(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let mut said = String::new();
    let output = parent.stdout.take().expect("its output");
    std::io::BufRead::read_line(&mut std::io::BufReader::new(output), &mut said).expect("a line");
    assert_eq!(said, "ready\n");
    let journal = std::fs::read_to_string(journal).expect("the plugin's journal");
    let start: Value = serde_json::from_str(journal.lines().next().expect("a line")).expect("JSON");
    (parent, start["pid"].as_u64().expect("a process id"))
}

#[tokio::test]
async fn a_plugin_dies_with_a_parent_that_is_killed() {
    for guarding in ["signal", "pipe"] {
        let folder = tempfile::TempDir::new().expect("a temporary folder");
        let (mut parent, pid) = parent(folder.path(), guarding);
        assert!(is_running(pid), "{guarding}");
        parent.kill().expect("SIGKILL");
        parent.wait().expect("its end");
        eventually(&format!("{guarding}: the plugin ends with its parent"), || !is_running(pid)).await;
    }
}

#[tokio::test]
async fn a_plugin_that_nobody_asks_for_half_a_minute_still_serves() {
    let stage = Stage::new(world());
    assert_eq!(stage.look(recorded()).await, "in sync");
    // Linux tells a process of its parent's death when the thread that started it ends, and idle threads end.
    tokio::time::sleep(Duration::from_secs(30)).await;
    assert!(is_running(stage.pids()[0]));
    assert_eq!(stage.look(recorded()).await, "in sync");
    assert_eq!(stage.pids().len(), 1);
}

#[tokio::test]
async fn a_plugin_says_what_it_is_without_credentials_and_ends() {
    let stage = Stage::new(but(world(), "/protocol", json!(5)));
    let own = Plugin { provider: TEST.to_owned(), version: semver::Version::new(1, 0, 0), executable: stage.path().join("v1-0-0") };
    let environment = vec![("DRIFTWIRE_TEST_WORLD".into(), stage.path().join("worlds").into())];
    let description = describe(&own, &Settings { environment, ..Settings::new(plugin()) }).await.expect("it can be asked");
    assert_eq!((description.protocol, description.types), (5, 1));
    let pid = stage.pids()[0];
    assert!(!is_running(pid));
    assert_eq!(stage.calls("ConfigureProvider").len(), 0);
}

#[tokio::test]
async fn without_a_client_a_plugin_explains_itself() {
    let output = Command::new(plugin()).env_clear().output().expect("it runs");
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("This binary is a plugin"), "{output:?}");
}
