//! No secret that a plugin knows gets out: not in a reason, not in a log line, not in a panic's message.

mod support;

use std::{
    io,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use drift_model::AttributePath;
use drift_provider::Settings;
use serde_json::{Value, json};
use support::{AWS, Accounts, Stage, attributes, but, instance, place, thing, things, told};
use tracing_subscriber::{filter::LevelFilter, fmt::MakeWriter};

/// Everything that was logged or panicked.
#[derive(Clone, Default)]
struct Overheard(Arc<Mutex<Vec<u8>>>);

impl Overheard {
    fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().unwrap_or_else(PoisonError::into_inner)).into_owned()
    }
}

impl io::Write for Overheard {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Overheard {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

const RECORDED: &str = "correct-horse-battery-recorded";
const LIVE: &str = "correct-horse-battery-live";
const LOGGED: &str = "AKIAIOSFODNN7EXAMPLE";

fn complaint(summary: &str) -> Value {
    json!({"diagnostics": [{"severity": "error", "summary": summary, "detail": format!("while sending '{RECORDED}' as {LOGGED}")}]})
}

/// Every way in which a plugin can say something, each with secrets in it.
fn worlds() -> Vec<Value> {
    let world = |live: &str| {
        let schema = json!({
            "attributes": {
                "id": {"type": "string", "computed": true},
                "name": {"type": "string", "optional": true, "sensitive": true},
                "size": {"type": "number", "optional": true},
            },
            "live": {"1": {"name": live}},
        });
        let logs = json!([format!("[DEBUG] sending {RECORDED}"), format!("key {LOGGED} {}", Accounts::SECRET)]);
        let world = but(things(json!({})), "/types/test_thing", schema);
        but(but(but(world, "/stderr", logs.clone()), "/stdio", logs.clone()), "/read/stderr", logs)
    };
    let panic = format!("panic: cannot sign {RECORDED} with {}\n\ngoroutine 1 [running]:\nmain.main()", Accounts::SECRET);
    let read = |key: &str, value: Value| but(world(LIVE), &format!("/read/{key}"), value);
    let padded = json!({"attribute": "name", "megabytes": 70});
    vec![
        world(LIVE),
        world(RECORDED),
        read("diagnostics", complaint("reading")["diagnostics"].clone()),
        read("diagnostics", complaint(&format!("AccessDenied for {RECORDED}"))["diagnostics"].clone()),
        read("status", json!({"code": 13, "message": format!("cannot read {RECORDED} with {}", Accounts::SECRET)})),
        read("exit", json!({"status": 2, "stderr": panic})),
        read("value", json!({"misfit": {"id": "1", "name": [LIVE], "size": 1}})),
        read("value", json!({"misfit": {"id": "1", "name": "a", LIVE: 1, "size": LIVE}})),
        read("value", json!("garbage")),
        read("padding", padded),
        read("abort", json!(true)),
        read("hang", json!(true)),
        but(world(LIVE), "/upgrade", complaint("upgrading")),
        but(world(LIVE), "/schema", json!({"diagnostics": [{"severity": "error", "summary": format!("schema of {LOGGED}")}]})),
        but(
            world(LIVE),
            "/configure",
            json!({"diagnostics": [{"severity": "error", "summary": format!("cannot sign with {} {}", Accounts::SECRET, Accounts::TOKEN)}]}),
        ),
        but(world(LIVE), "/configure/status", json!({"code": 13, "message": format!("cannot sign with {}", Accounts::SECRET)})),
        but(world(LIVE), "/handshake", json!({"exit": {"status": 1, "stderr": panic}, "junk": [LOGGED]})),
        but(world(LIVE), "/handshake", json!({"junk": [format!("{RECORDED} {LOGGED}")], "network": "tcp"})),
        but(world(LIVE), "/stubborn", json!(true)),
    ]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_secret_of_the_world_gets_out() {
    let overheard = Overheard::default();
    tracing_subscriber::fmt().with_writer(overheard.clone()).with_ansi(false).with_max_level(LevelFilter::TRACE).init();
    let panics = overheard.clone();
    std::panic::set_hook(Box::new(move |panic| {
        // The hook cannot say that it failed.
        let _ = io::Write::write_all(&mut panics.clone(), panic.to_string().as_bytes());
    }));
    let mut reasons = Vec::new();
    for world in worlds() {
        let recorded = json!({"id": "1", "name": RECORDED, "size": 1});
        let mut of_aws = instance(AWS, "test_thing", attributes(recorded.clone()));
        of_aws.place = Some(place("111111111111"));
        let mut marked_by_the_state = thing(recorded);
        marked_by_the_state.sensitive.push(AttributePath::attribute("name"));
        let stage = Stage::with(world, |settings| Settings { read_deadline: Duration::from_secs(1), ..settings });
        for instance in [of_aws, marked_by_the_state] {
            let judgement = stage.judge(&instance).await;
            reasons.push(format!("{} {judgement:?} {}", told(&judgement), serde_json::to_string(&judgement).expect("it is JSON")));
        }
        reasons.push(format!("{:?}", stage.reader));
        stage.reader.close().await;
    }
    drop(std::panic::take_hook());
    let logged = overheard.text();
    assert!(logged.contains("a plugin is ready"), "the logs are heard");
    for secret in [RECORDED, LIVE, LOGGED, Accounts::SECRET, Accounts::TOKEN, "goroutine"] {
        let told: Vec<_> = reasons.iter().filter(|reason| reason.contains(secret)).collect();
        assert!(told.is_empty(), "{secret} is in {told:#?}");
        let lines: Vec<_> = logged.lines().filter(|line| line.contains(secret)).collect();
        assert!(lines.is_empty(), "{secret} is in the logs: {lines:#?}");
    }
}
