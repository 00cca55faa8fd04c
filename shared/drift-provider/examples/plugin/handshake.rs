//! go-plugin's beginning: what the client says in the environment, and the one line by which the plugin answers.
//!
//! Source: hashicorp/go-plugin, `server.go` and `docs/internals.md`.

use std::{
    env,
    error::Error,
    io::{self, Write as _},
    path::{Path, PathBuf},
    time::Duration,
};

use base64::{Engine as _, prelude::BASE64_STANDARD_NO_PAD};
use drift_model::names_a_secret;
use serde_json::{Map, Value, json};
use tokio::{
    net::UnixListener,
    signal::unix::{SignalKind, signal},
};
use tonic::transport::Server;

use crate::{
    certificate::Own,
    connection::connections,
    journal,
    route::Provider,
    say,
    world::{Handshake, World},
};

/// The protocol's constant, by which a plugin knows that it was not started by hand.
const COOKIE: &str = "d602bf8f470bc67ca7faa0386276bbdd4330efaf76d1a219cb4d6991ca9872b2";

/// What the client said by environment variables.
pub(crate) struct Environment {
    variables: Vec<(String, String)>,
    /// Where the world is.
    world: Option<PathBuf>,
}

impl Environment {
    pub(crate) fn of_this_process() -> Self {
        let variables: Vec<_> =
            env::vars_os().map(|(name, value)| (name.to_string_lossy().into_owned(), value.to_string_lossy().into_owned())).collect();
        let world = variables.iter().find(|(name, _)| name == "DRIFTWIRE_TEST_WORLD").map(|(_, path)| PathBuf::from(path));
        let executable = env::args_os().next().map(PathBuf::from).unwrap_or_default();
        let file = Path::new(executable.file_name().unwrap_or_default()).with_extension("json");
        let world = world.map(|path| if path.is_dir() { path.join(file) } else { path });
        Self { variables, world }
    }

    fn get(&self, name: &str) -> Option<&str> {
        self.variables.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str()).filter(|value| !value.is_empty())
    }

    pub(crate) fn has_cookie(&self) -> bool {
        self.get("TF_PLUGIN_MAGIC_COOKIE") == Some(COOKIE)
    }

    /// The highest of the versions offered that there is, else the lowest that there is, as go-plugin has it.
    fn highest_protocol(&self) -> u32 {
        let offered = self.get("PLUGIN_PROTOCOL_VERSIONS").unwrap_or_default().split(',').filter_map(|version| version.parse().ok());
        offered.filter(|version| [5, 6].contains(version)).max().unwrap_or(5)
    }

    /// For the journal: every variable's name, with its value where it is of those that a plugin goes by and no secret.
    fn shown(&self) -> Value {
        let is_of_interest = |name: &str| ["AWS_", "TF_", "PLUGIN_"].iter().any(|prefix| name.starts_with(prefix));
        let shown = |(name, value): &(String, String)| {
            (name.clone(), if is_of_interest(name) && !names_a_secret(name) { json!(value) } else { Value::Null })
        };
        Value::Object(self.variables.iter().map(shown).collect::<Map<_, _>>())
    }
}

/// Says hello and serves until the process is ended.
#[tokio::main]
pub(crate) async fn serve(environment: &Environment) -> Result<(), Box<dyn Error>> {
    let path = environment.world.clone().ok_or("DRIFTWIRE_TEST_WORLD names no world")?;
    let world = World::load(&path)?;
    journal::note(world.journal.as_ref(), "start", json!({"environment": environment.shown()}));
    ignore_signals(world.stubborn)?;
    misbehave(&world.handshake).await;

    let folder = environment.get("PLUGIN_UNIX_SOCKET_DIR").map_or_else(env::temp_dir, PathBuf::from);
    let socket = folder.join(format!("plugin{}", std::process::id()));
    let listener = UnixListener::bind(&socket).map_err(|error| format!("{}: {error}", socket.display()))?;
    let own = environment.get("PLUGIN_CLIENT_CERT").map(|client| Own::generate().map(|own| (own, client))).transpose()?;
    let announced = match &own {
        Some(_) if world.handshake.wrong_certificate => Some(Own::generate()?.certificate),
        own => own.as_ref().map(|(own, _)| own.certificate.clone()),
    };
    let tls = own.filter(|_| !world.handshake.plain).map(|(own, client)| own.server(client)).transpose()?;

    let Handshake { core, plugin, network, rpc, .. } = &world.handshake;
    let protocol = world.protocol.unwrap_or_else(|| environment.highest_protocol());
    let mut output = io::stdout();
    for line in &world.handshake.junk {
        writeln!(output, "{line}")?;
    }
    writeln!(
        output,
        "{}|{}|{}|{}|{}|{}",
        core.unwrap_or(1),
        plugin.unwrap_or(protocol),
        network.as_deref().unwrap_or("unix"),
        socket.display(),
        rpc.as_deref().unwrap_or("grpc"),
        announced.map(|certificate| BASE64_STANDARD_NO_PAD.encode(certificate)).unwrap_or_default(),
    )?;
    output.flush()?;
    world.stderr.iter().for_each(|line| say(line));
    let provider = Provider::new(path, protocol);
    Ok(Server::builder().serve_with_incoming(provider, connections(listener, tls)).await?)
}

async fn misbehave(handshake: &Handshake) {
    tokio::time::sleep(Duration::from_millis(handshake.delay_ms)).await;
    if handshake.silent {
        std::future::pending::<()>().await;
    }
    if let Some(exit) = &handshake.exit {
        exit.now();
    }
}

/// An interrupt from the terminal is the client's to handle, says go-plugin.
fn ignore_signals(terminate_too: bool) -> io::Result<()> {
    // Once somebody listened, the process does not end by it any more.
    drop(signal(SignalKind::interrupt())?);
    if terminate_too {
        drop(signal(SignalKind::terminate())?);
    }
    Ok(())
}
