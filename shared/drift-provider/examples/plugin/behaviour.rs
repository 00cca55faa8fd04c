use std::{process, time::Duration};

use serde::Deserialize;
use serde_json::Value;
use tonic::{Code, Status};

use crate::{connection::Line, proto, say};

/// How one call goes: without any of these, well.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Behaviour {
    /// Goes well for so many reads of this process, then as the rest says.
    pub(crate) after: u64,
    /// Waits first.
    pub(crate) delay_ms: u64,
    /// Lines on standard error.
    pub(crate) stderr: Vec<String>,
    /// Never answers.
    pub(crate) hang: bool,
    /// Ends the process instead of answering.
    pub(crate) exit: Option<Exit>,
    /// Cuts the connection instead of answering.
    pub(crate) abort: bool,
    /// Answers with a status of gRPC.
    pub(crate) status: Option<Failure>,
    /// Says this beside the answer; with an error among it there is no value in the answer.
    pub(crate) diagnostics: Vec<Said>,
    /// In an upgrade or a read: the value is sent otherwise than it should be.
    pub(crate) value: Option<Spoilt>,
    /// In a read: this attribute becomes a text of so many megabytes; in the schema: one more type, so large.
    pub(crate) padding: Option<Padding>,
    /// In a read: the attributes of the live instance with this other `id`.
    pub(crate) instead: Option<String>,
    /// In a read: it was put off, for this reason.
    pub(crate) deferred: Option<i32>,
}

/// What stands for a value in MessagePack that fits the schema.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Spoilt {
    /// Bytes that are no MessagePack.
    Garbage,
    /// The value as JSON, which the protocol knows and SDKs do not send.
    Json,
    /// Another value, whatever the schema says.
    Misfit(Value),
}

/// The end of the process.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Exit {
    pub(crate) status: i32,
    /// Last words: a panic of Go ends with status 2 and the goroutines' traces.
    #[serde(default)]
    pub(crate) stderr: String,
}

/// A status of gRPC.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Failure {
    /// 14 is `Unavailable`.
    pub(crate) code: i32,
    pub(crate) message: String,
}

/// One diagnostic.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Said {
    pub(crate) severity: Severity,
    pub(crate) summary: String,
    #[serde(default)]
    pub(crate) detail: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Severity {
    Error,
    Warning,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Padding {
    #[serde(default)]
    pub(crate) attribute: String,
    pub(crate) megabytes: usize,
}

impl Padding {
    pub(crate) fn text(&self) -> String {
        "x".repeat(self.megabytes << 20)
    }
}

impl Exit {
    pub(crate) fn now(&self) -> ! {
        if !self.stderr.is_empty() {
            say(&self.stderr);
        }
        process::exit(self.status)
    }
}

impl Behaviour {
    /// This behaviour once the process has answered so many reads, the good one before.
    pub(crate) fn by_now(&self, reads: u64) -> Self {
        if reads >= self.after { self.clone() } else { Self::default() }
    }

    /// Whatever comes before or instead of an answer.
    pub(crate) async fn begin(&self, line: &Line) -> Result<(), Status> {
        tokio::time::sleep(Duration::from_millis(self.delay_ms)).await;
        self.stderr.iter().for_each(|line| say(line));
        if self.hang {
            std::future::pending::<()>().await;
        }
        if let Some(exit) = &self.exit {
            exit.now();
        }
        if self.abort {
            line.cut();
            std::future::pending::<()>().await;
        }
        self.status.as_ref().map_or(Ok(()), |failure| Err(Status::new(Code::from_i32(failure.code), &failure.message)))
    }

    /// What is said beside the answer.
    pub(crate) fn diagnostics(&self) -> Vec<proto::Diagnostic> {
        self.diagnostics
            .iter()
            .map(|said| proto::Diagnostic {
                severity: if said.severity == Severity::Error { 1 } else { 2 },
                summary: said.summary.clone(),
                detail: said.detail.clone(),
            })
            .collect()
    }

    /// Whether there is an error among it.
    pub(crate) fn fails(&self) -> bool {
        self.diagnostics.iter().any(|said| said.severity == Severity::Error)
    }
}
