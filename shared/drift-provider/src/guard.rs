//! A plugin never outlives whoever started it, however that one ends.
//!
//! A plugin is started through a guard: the program starts itself again ([`guard`] is the first statement of its `main`), and the
//! new process becomes the plugin once it is sure to die with its parent. On Linux it asks the kernel for a signal at its parent's
//! death, which stays asked for across `exec`; elsewhere it stays, starts the plugin as its child, and ends it when the pipe that
//! it inherited is closed, as every pipe of a process is when that ends.
//!
//! Linux sends that signal when the *thread* that started the process ends. So all plugins are started by one thread that lives as
//! long as their pool ([`Spawner`]).

use std::{
    ffi::{OsStr, OsString},
    io::{self, Read as _},
    os::unix::process::CommandExt as _,
    path::{Path, PathBuf},
    process::{Command, ExitStatus, Stdio},
    sync::mpsc,
    thread,
};

use tokio::sync::oneshot;

/// What the first argument of a guard is.
const MARK: &str = "--driftwire-plugin-guard";

/// How a plugin is kept from outliving its parent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Guarding {
    /// By the signal that Linux sends at a parent's death.
    Signal,
    /// By a process between the two that watches an inherited pipe: for systems that have no such signal.
    Pipe,
}

impl Guarding {
    /// What this system has.
    #[must_use]
    pub const fn of_this_system() -> Self {
        if cfg!(target_os = "linux") { Self::Signal } else { Self::Pipe }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Signal => "signal",
            Self::Pipe => "pipe",
        }
    }
}

/// Exit codes of a guard that could not become its plugin.
const PARENT_IS_GONE: u8 = 124;
const NOT_STARTED: u8 = 125;

/// Becomes a plugin, where this process was started to guard one, and does not return then. The first statement of `main` in every
/// program that reads through plugins.
pub fn guard() {
    let mut arguments = std::env::args_os().skip(1);
    if arguments.next().as_deref() != Some(OsStr::new(MARK)) {
        return;
    }
    let parent = arguments.next().and_then(|pid| pid.to_str()?.parse().ok());
    let (Some(parent), Some(mode), Some(plugin)) = (parent, arguments.next(), arguments.next()) else {
        std::process::exit(i32::from(NOT_STARTED));
    };
    let code = if mode == Guarding::Signal.name() { become_plugin(parent, &plugin) } else { watch_over(parent, &plugin) };
    std::process::exit(code);
}

#[cfg(target_os = "linux")]
fn become_plugin(parent: i32, plugin: &OsStr) -> i32 {
    use rustix::process::{Signal, set_parent_process_death_signal};

    if set_parent_process_death_signal(Some(Signal::KILL)).is_err() {
        return i32::from(NOT_STARTED);
    }
    // It may have ended before the signal was asked for.
    if !is_child_of(parent) {
        return i32::from(PARENT_IS_GONE);
    }
    let _error = Command::new(plugin).exec();
    i32::from(NOT_STARTED)
}

#[cfg(not(target_os = "linux"))]
fn become_plugin(parent: i32, plugin: &OsStr) -> i32 {
    watch_over(parent, plugin)
}

fn is_child_of(parent: i32) -> bool {
    rustix::process::getppid().map(|pid| pid.as_raw_nonzero().get()) == Some(parent)
}

/// Runs the plugin as a child until it ends or standard input does, which nobody but the parent holds the other end of.
fn watch_over(parent: i32, plugin: &OsStr) -> i32 {
    if !is_child_of(parent) {
        return i32::from(PARENT_IS_GONE);
    }
    let Ok(mut child) = Command::new(plugin).stdin(Stdio::null()).spawn() else { return i32::from(NOT_STARTED) };
    let (ended, end) = mpsc::channel();
    thread::spawn(move || {
        let mut nothing = [0; 16];
        while io::stdin().read(&mut nothing).is_ok_and(|read| read > 0) {}
        // The receiver is gone only with the whole process.
        ended.send(()).ok();
    });
    loop {
        match child.try_wait() {
            Ok(Some(status)) => return status.code().unwrap_or(i32::from(NOT_STARTED)),
            Ok(None) => {}
            Err(_) => break,
        }
        if end.recv_timeout(POLL).is_ok() {
            break;
        }
    }
    let _ = child.kill();
    let _ = child.wait();
    0
}

/// How often the guard looks whether its plugin ended.
const POLL: std::time::Duration = std::time::Duration::from_millis(50);

/// What ended, said so that a person knows what to do. A guard's own exit codes are told apart from a plugin's.
pub(crate) fn ended(status: ExitStatus) -> String {
    match status.code().and_then(|code| u8::try_from(code).ok()) {
        Some(PARENT_IS_GONE) => "whoever started it was gone before it ran".to_owned(),
        Some(NOT_STARTED) => "it cannot be run on this machine: is it of this platform, and complete?".to_owned(),
        _ => format!("it ended with {status}"),
    }
}

/// A plugin that is to be started.
#[derive(Debug)]
pub(crate) struct Start {
    pub(crate) plugin: PathBuf,
    /// All that its environment holds.
    pub(crate) environment: Vec<(OsString, OsString)>,
}

type Request = (Start, oneshot::Sender<io::Result<tokio::process::Child>>);

/// The thread that starts plugins, and that they die with.
#[derive(Debug)]
pub(crate) struct Spawner {
    requests: mpsc::Sender<Request>,
}

impl Spawner {
    /// A thread that starts plugins through `program`, which is this one, or another whose `main` begins with [`guard`].
    pub(crate) fn new(program: &Path, guarding: Guarding) -> io::Result<Self> {
        let (requests, waiting) = mpsc::channel::<Request>();
        let program = program.to_owned();
        let runtime = tokio::runtime::Handle::current();
        thread::Builder::new().name("plugins".to_owned()).spawn(move || {
            for (start, answer) in waiting {
                let _entered = runtime.enter();
                // Nobody waits any more: dropping the child ends it.
                answer.send(spawn(&program, guarding, &start)).ok();
            }
        })?;
        Ok(Self { requests })
    }

    pub(crate) async fn start(&self, start: Start) -> io::Result<tokio::process::Child> {
        let gone = || io::Error::other("the thread that starts plugins ended");
        let (answer, answered) = oneshot::channel();
        self.requests.send((start, answer)).map_err(|_| gone())?;
        answered.await.map_err(|_| gone())?
    }
}

fn spawn(program: &Path, guarding: Guarding, start: &Start) -> io::Result<tokio::process::Child> {
    let mut command = Command::new(program);
    command
        .args([OsStr::new(MARK), OsStr::new(&std::process::id().to_string()), OsStr::new(guarding.name()), start.plugin.as_os_str()])
        .env_clear()
        .envs(start.environment.iter().map(|(name, value)| (name, value)))
        .stdin(if guarding == Guarding::Pipe { Stdio::piped() } else { Stdio::null() })
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        // A Ctrl-C in the terminal is for the program, which ends its plugins itself.
        .process_group(0);
    // Where a guard stays between the two, the plugin ends when its pipe is closed; killing the guard would leave it alone.
    tokio::process::Command::from(command).kill_on_drop(guarding == Guarding::Signal).spawn()
}
