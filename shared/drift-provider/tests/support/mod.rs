//! A test's stage: a world for the test plugin, and a reader that reads it.

#![allow(dead_code, reason = "each test file uses a part of it")]
#![allow(clippy::needless_pass_by_value, reason = "a world reads as one expression")]

#[path = "../../examples/plugin/parent.rs"]
mod parent;

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use drift_engine::judge::judge;
use drift_model::{Attributes, Instance, Judgement, Place, Shown, StateId, Timestamp, Verdict};
use drift_provider::{Plugin, ProviderReader, Settings};
pub(crate) use parent::{Accounts, AtHand, TEST, instance};
use serde_json::{Value, json};
use tempfile::TempDir;

/// Where an instance of the tests' accounts lives.
pub(crate) fn place(account: &str) -> Place {
    Place::new("aws", account, "eu-west-1")
}

/// A provider that lives in AWS.
pub(crate) const AWS: &str = "registry.terraform.io/hashicorp/aws";

/// The test plugin, which cargo built beside the tests.
pub(crate) fn plugin() -> PathBuf {
    let tests = std::env::current_exe().expect("a test has a path");
    let profile = tests.parent().and_then(Path::parent).expect("tests are in target/<profile>/deps");
    let plugin = profile.join("examples/plugin");
    assert!(plugin.is_file(), "{} is not built: cargo build -p drift-provider --example plugin", plugin.display());
    plugin
}

pub(crate) struct Stage {
    pub(crate) folder: TempDir,
    pub(crate) reader: Arc<ProviderReader<AtHand, Accounts>>,
}

impl Stage {
    /// One plugin that serves that world.
    pub(crate) fn new(world: Value) -> Self {
        Self::with(world, |settings| settings)
    }

    /// The same, read by other settings.
    pub(crate) fn with(world: Value, set: impl FnOnce(Settings) -> Settings) -> Self {
        Self::of_versions([("1.0.0", world)], set)
    }

    /// Plugins of both providers in these versions, each with a world of its own.
    pub(crate) fn of_versions<const N: usize>(worlds: [(&str, Value); N], set: impl FnOnce(Settings) -> Settings) -> Self {
        let folder = TempDir::new().expect("a temporary folder");
        let mut plugins = Vec::new();
        for (version, world) in worlds {
            let executable = folder.path().join(format!("v{}", version.replace('.', "-")));
            std::os::unix::fs::symlink(plugin(), &executable).expect("a link");
            let version: semver::Version = version.parse().expect("a version");
            write_world(&folder.path().join("worlds"), &executable, world, &folder.path().join("journal"));
            plugins.extend([TEST, AWS].map(|provider| Plugin {
                provider: provider.to_owned(),
                version: version.clone(),
                executable: executable.clone(),
            }));
        }
        let environment = vec![("DRIFTWIRE_TEST_WORLD".into(), folder.path().join("worlds").into())];
        let settings = set(Settings { environment, read_deadline: Duration::from_secs(20), ..Settings::new(plugin()) });
        Self { folder, reader: Arc::new(ProviderReader::new(AtHand(plugins), Arc::new(Accounts), settings)) }
    }

    /// Changes the world of version 1.0.0.
    pub(crate) fn change(&self, world: Value) {
        write_world(&self.folder.path().join("worlds"), Path::new("v1-0-0"), world, &self.folder.path().join("journal"));
    }

    pub(crate) async fn judge(&self, instance: &Instance) -> Judgement {
        judge(&*self.reader, &StateId("a.tfstate".to_owned()), instance, Timestamp::UNIX_EPOCH).await
    }

    /// What looking at a `test_thing` with these attributes concludes.
    pub(crate) async fn look(&self, recorded: Value) -> String {
        told(&self.judge(&thing(recorded)).await)
    }

    /// What the plugins were told, call by call.
    pub(crate) fn journal(&self) -> Vec<Value> {
        let text = fs::read_to_string(self.folder.path().join("journal")).unwrap_or_default();
        text.lines().map(|line| serde_json::from_str(line).expect("a line of the journal is JSON")).collect()
    }

    /// The calls of one method.
    pub(crate) fn calls(&self, method: &str) -> Vec<Value> {
        self.journal().into_iter().filter(|call| call["method"] == method).collect()
    }

    /// The processes that were started.
    pub(crate) fn pids(&self) -> Vec<u64> {
        self.calls("start").iter().filter_map(|call| call["pid"].as_u64()).collect()
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }
}

/// In one step: the plugin may read it at any time.
pub(crate) fn write_world(folder: &Path, executable: &Path, mut world: Value, journal: &Path) {
    fs::create_dir_all(folder).expect("a folder");
    world["journal"] = json!(journal);
    let file = folder.join(executable.file_name().expect("a name")).with_extension("json");
    let unfinished = file.with_extension("new");
    fs::write(&unfinished, world.to_string()).expect("a file");
    fs::rename(&unfinished, &file).expect("a file in its place");
}

/// A `test_thing` of the provider of no cloud, as a state records it.
pub(crate) fn thing(recorded: Value) -> Instance {
    instance(TEST, "test_thing", attributes(recorded))
}

pub(crate) fn attributes(value: Value) -> Attributes {
    match value {
        Value::Object(members) => members,
        other => panic!("attributes are an object, not {other}"),
    }
}

/// A world with one type, `test_thing`, that has an `id`, a `name` and a `size`, and these instances.
pub(crate) fn things(live: Value) -> Value {
    json!({"types": {"test_thing": {
        "attributes": {
            "id": {"type": "string", "computed": true},
            "name": {"type": "string", "optional": true},
            "size": {"type": "number", "optional": true},
        },
        "live": live,
    }}})
}

/// The world with this at that JSON pointer.
pub(crate) fn but(mut world: Value, pointer: &str, value: Value) -> Value {
    let mut here = &mut world;
    for step in pointer.split('/').skip(1) {
        here = &mut here[step];
    }
    *here = value;
    world
}

/// A judgement in a line: `in sync`, `missing`, `unknown (error): why`, or each difference and then each computed one.
pub(crate) fn told(judgement: &Judgement) -> String {
    let shown = |side: &Shown| serde_json::to_string(side).expect("a value prints");
    let each = |differences: &[drift_model::Difference], what: &str| -> Vec<String> {
        differences.iter().map(|one| format!("{what}{}: {} -> {}", one.path, shown(&one.recorded), shown(&one.live))).collect()
    };
    let verdict = match &judgement.verdict {
        Verdict::InSync => vec!["in sync".to_owned()],
        Verdict::Missing => vec!["missing".to_owned()],
        Verdict::Unknown { reason } => vec![format!("unknown ({}): {}", reason.kind, reason.message)],
        Verdict::Drifted { differences } => each(differences, ""),
    };
    verdict.into_iter().chain(each(&judgement.computed, "computed ")).collect::<Vec<_>>().join("; ")
}

/// Whether there is such a process. One that ended and that nobody asked after is none.
pub(crate) fn is_running(pid: u64) -> bool {
    if Path::new("/proc/self/stat").exists() {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        return stat.rsplit_once(") ").is_some_and(|(_, state)| !state.starts_with(['Z', 'X']));
    }
    let pid = i32::try_from(pid).ok().and_then(rustix::process::Pid::from_raw).expect("a process id");
    rustix::process::test_kill_process(pid).is_ok()
}

/// Waits until that holds, for at most ten seconds.
pub(crate) async fn eventually(what: &str, holds: impl Fn() -> bool) {
    let patience = async {
        while !holds() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    assert!(tokio::time::timeout(Duration::from_secs(10), patience).await.is_ok(), "{what}");
}
