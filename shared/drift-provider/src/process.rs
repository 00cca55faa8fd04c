//! One running plugin: from its start until it has ended.

use std::{
    collections::HashMap,
    fs::Permissions,
    os::unix::fs::PermissionsExt as _,
    path::Path,
    process::ExitStatus,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use drift_model::{Reason, ReasonKind, Redaction};
use prost::{Message as _, bytes::Bytes};
use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt as _, AsyncRead, AsyncReadExt as _, BufReader, sink},
    process::{Child, ChildStdout},
    task::AbortHandle,
    time::timeout,
};
use tonic::Status;

use crate::{
    client::Client,
    config::{Account, configuration, environment},
    diagnostics::{failed, is_broken, refused},
    guard::{Spawner, Start, ended},
    handshake::{Handshake, MAGIC_COOKIE, Protocol},
    plugin::{Plugin, Settings},
    proto::{self, Attribute, Attribute5, ConfigureRequest, DynamicValue, SchemasResponse},
    schema::{Schema, SchemaError},
    tls::Identity,
};

/// The version of Terraform that plugins are told. Nothing is said of it but that it knows what is asked for here.
const TERRAFORM_VERSION: &str = "1.12.0";

/// Lines before the handshake are passed over up to this many bytes in all.
const MOST_JUNK: u64 = 256 << 10;

/// How long a plugin is waited for at each step of its end.
const END_STEP: Duration = Duration::from_secs(2);

/// How long a plugin whose connection broke may take to be gone.
const ENDS_WITHIN: Duration = Duration::from_millis(500);

/// A plugin that listens.
#[derive(Debug)]
pub(crate) struct Process {
    pub(crate) client: Client,
    name: String,
    /// What it was given and may not be left in what it says.
    redaction: Redaction,
    /// Taken to end it.
    child: Mutex<Option<Child>>,
    drains: Vec<AbortHandle>,
    /// Where its socket is.
    _folder: TempDir,
}

impl Process {
    /// Starts a plugin and connects to it.
    pub(crate) async fn start(spawner: &Spawner, settings: &Settings, plugin: &Plugin, account: Option<&Account>) -> Result<Self, Reason> {
        let why = |why: String| reason(plugin, &why);
        if !plugin.executable.is_file() {
            return Err(why("there is no such file any more".to_owned()));
        }
        let folder = socket_folder().map_err(|error| why(format!("a folder for its socket cannot be made: {error}")))?;
        let identity = Identity::new().map_err(|error| why(format!("a certificate for the connection cannot be made: {error}")))?;
        let mut environment = environment(settings, account);
        let pem = identity.pem();
        let own = [MAGIC_COOKIE, ("PLUGIN_PROTOCOL_VERSIONS", Protocol::OFFERED), ("PLUGIN_CLIENT_CERT", pem.as_str())];
        environment.extend(own.map(|(name, value)| (name.into(), value.into())));
        environment.push(("PLUGIN_UNIX_SOCKET_DIR".into(), folder.path().into()));
        let start = Start { plugin: plugin.executable.clone(), environment };
        let mut child = spawner.start(start).await.map_err(|error| why(format!("it cannot be started: {error}")))?;
        let mut drains = Vec::new();
        drains.extend(child.stderr.take().map(drain));
        let Some(output) = child.stdout.take() else { return Err(why("it has no output".to_owned())) };
        let (handshake, output) = handshake(output, &mut child).await.map_err(why)?;
        drains.push(drain(output));
        let tls = identity.config(handshake.certificate).map_err(|error| why(format!("its certificate cannot be used: {error}")))?;
        let client = Client::connect(&handshake.socket, tls, handshake.protocol).await;
        let client = client.map_err(|error| why(format!("it cannot be reached on its socket: {}", chain(&error))))?;
        let output = client.clone();
        drains.push(tokio::spawn(async move { output.forget_output().await }).abort_handle());
        let redaction = Redaction::default().and(account.map(Account::secrets).unwrap_or_default());
        Ok(Self { client, name: plugin.to_string(), redaction, child: Mutex::new(Some(child)), drains, _folder: folder })
    }

    /// What it calls its types, and how they are made up.
    pub(crate) async fn schemas(&self) -> Result<Schemas, Reason> {
        let answer = match self.client.schemas().await {
            Ok(answer) => answer,
            Err(status) => return Err(self.failed("asked for its schemas", &status).await),
        };
        if let Some(reason) = refused(&self.name, &answer.diagnostics, &self.redaction) {
            return Err(reason);
        }
        Schemas::new(answer, self.client.protocol())
            .map_err(|why| Reason { kind: ReasonKind::Error, message: format!("{}: {why}", self.name) })
    }

    /// Tells it where to read and as whom.
    pub(crate) async fn configure(&self, schemas: &Schemas, settings: &Settings, account: Option<&Account>) -> Result<(), Reason> {
        let config = DynamicValue { msgpack: configuration(&schemas.provider, settings, account).into(), json: Bytes::new() };
        let request = ConfigureRequest { terraform_version: TERRAFORM_VERSION.to_owned(), config: Some(config) };
        let answer = match self.client.configure(request).await {
            Ok(answer) => answer,
            Err(status) => return Err(self.failed("being configured", &status).await),
        };
        match refused(&self.name, &answer.diagnostics, &self.redaction) {
            Some(reason) => Err(Reason { message: format!("it cannot be configured: {}", reason.message), ..reason }),
            None => Ok(()),
        }
    }

    /// Its exit status, once it has ended.
    pub(crate) fn ended(&self) -> Option<ExitStatus> {
        let mut child = self.child.lock().unwrap_or_else(PoisonError::into_inner);
        child.as_mut()?.try_wait().ok().flatten()
    }

    /// Its exit status, if it ends within a moment: a plugin that ends breaks its connection before its end is known.
    pub(crate) async fn ended_soon(&self) -> Option<ExitStatus> {
        let wait = async {
            loop {
                if let Some(status) = self.ended() {
                    return status;
                }
                tokio::time::sleep(ENDS_WITHIN / 50).await;
            }
        };
        timeout(ENDS_WITHIN, wait).await.ok()
    }

    /// Why a call before the first read came to nothing.
    async fn failed(&self, what: &str, status: &Status) -> Reason {
        match if is_broken(status) { self.ended_soon().await } else { None } {
            Some(exit) => Reason { kind: ReasonKind::Error, message: format!("{}, {what}: {}", self.name, ended(exit)) },
            None => failed(&self.name, what, status, &self.redaction),
        }
    }

    /// Ends it: asked to stop, asked to end, closed its pipe, killed; each after a short while.
    pub(crate) async fn end(&self) {
        let child = self.child.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(mut child) = child else { return };
        if child.try_wait().ok().flatten().is_none() {
            let _ = timeout(END_STEP, self.client.stop()).await;
            let _ = timeout(END_STEP, self.client.shut_down()).await;
            drop(child.stdin.take());
            if timeout(END_STEP, child.wait()).await.is_err() {
                tracing::warn!(plugin = self.name, "it did not end when it was asked to, and was killed");
                let _ = child.kill().await;
            }
        }
        self.drains.iter().for_each(AbortHandle::abort);
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.drains.iter().for_each(AbortHandle::abort);
    }
}

fn reason(plugin: &Plugin, why: &str) -> Reason {
    let message = format!("the plugin {plugin} ({}) cannot be used: {why}", plugin.executable.display());
    Reason { kind: ReasonKind::Error, message }
}

/// An error with all that led to it.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let said = error.to_string();
        if !text.contains(&said) {
            text = format!("{text}: {said}");
        }
        cause = error.source();
    }
    text
}

/// The path of a socket may have about a hundred letters, and some systems' temporary folders take most of them.
const LONGEST_FOLDER: usize = 60;

/// A folder that only this user can enter.
fn socket_folder() -> std::io::Result<TempDir> {
    let folder = std::env::temp_dir();
    let folder = if folder.as_os_str().len() > LONGEST_FOLDER { Path::new("/tmp") } else { &folder };
    tempfile::Builder::new().prefix("driftwire-").permissions(Permissions::from_mode(0o700)).tempdir_in(folder)
}

/// Reads to the end and keeps nothing: what a plugin logs may hold anything.
fn drain(mut output: impl AsyncRead + Unpin + Send + 'static) -> AbortHandle {
    tokio::spawn(async move { tokio::io::copy(&mut output, &mut sink()).await }).abort_handle()
}

/// The plugin's first line. What it prints before is passed over.
async fn handshake(output: ChildStdout, child: &mut Child) -> Result<(Handshake, ChildStdout), String> {
    let mut output = BufReader::new(output);
    let mut left = MOST_JUNK;
    let mut line = Vec::new();
    loop {
        line.clear();
        let read =
            (&mut output).take(left).read_until(b'\n', &mut line).await.map_err(|error| format!("its output cannot be read: {error}"))?;
        if read == 0 && left > 0 {
            let status = timeout(END_STEP, child.wait()).await;
            return Err(match status {
                Ok(Ok(status)) => format!("{} before it said where it listens", ended(status)),
                _ => "it closed its output before it said where it listens".to_owned(),
            });
        }
        left = left.saturating_sub(read as u64);
        if left == 0 {
            return Err("it prints without end, and never where it listens: it is no plugin of Terraform's".to_owned());
        }
        if let Some(handshake) = Handshake::read(&String::from_utf8_lossy(&line)) {
            return handshake.map(|handshake| (handshake, output.into_inner())).map_err(|error| error.to_string());
        }
    }
}

/// What a plugin calls its types, each still encoded until it is asked for: of 1,500 types a state needs a few.
#[derive(Debug)]
pub(crate) struct Schemas {
    protocol: Protocol,
    pub(crate) provider: Schema,
    types: HashMap<String, Bytes>,
    decoded: Mutex<HashMap<String, Arc<Schema>>>,
    /// Whether other processes of the plugin answer without having been asked for their schemas.
    pub(crate) need_not_be_asked: bool,
}

impl Schemas {
    fn new(answer: SchemasResponse, protocol: Protocol) -> Result<Self, String> {
        let need_not_be_asked = answer.server_capabilities.is_some_and(|capabilities| capabilities.get_provider_schema_optional);
        let provider = decoded(answer.provider, protocol).map_err(|error| format!("its configuration: {error}"))?;
        Ok(Self { protocol, provider, types: answer.resource_schemas, decoded: Mutex::default(), need_not_be_asked })
    }

    /// How many resource types there are.
    pub(crate) fn len(&self) -> usize {
        self.types.len()
    }

    /// A type's schema; nothing where the plugin does not have the type.
    pub(crate) fn of(&self, type_name: &str) -> Result<Option<Arc<Schema>>, String> {
        let mut decoded = self.decoded.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(schema) = decoded.get(type_name) {
            return Ok(Some(Arc::clone(schema)));
        }
        let Some(encoded) = self.types.get(type_name) else { return Ok(None) };
        let schema = self::decoded(encoded.clone(), self.protocol).map_err(|error| format!("{type_name}: {error}"))?;
        let schema = Arc::new(schema);
        decoded.insert(type_name.to_owned(), Arc::clone(&schema));
        Ok(Some(schema))
    }
}

fn decoded(schema: Bytes, protocol: Protocol) -> Result<Schema, String> {
    let broken = |error| format!("its schema cannot be decoded: {error}");
    let schema = match protocol {
        Protocol::V5 => proto::Schema::<Attribute5>::decode(schema).map_err(broken)?.try_into(),
        Protocol::V6 => proto::Schema::<Attribute>::decode(schema).map_err(broken)?.try_into(),
    };
    schema.map_err(|error: SchemaError| error.to_string())
}
