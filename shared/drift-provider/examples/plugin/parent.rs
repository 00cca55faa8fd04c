//! What reads through the test plugin: the tests, and a program that is there to be killed.

use std::{
    env,
    error::Error,
    io::{self, Write as _},
    sync::Arc,
};

use aws_credential_types::Credentials as Keys;
use drift_engine::ports::{Credentials, LiveReader as _, LiveReading};
use drift_model::{Address, Attributes, Instance, InstanceKey, Place, Reason, ReasonKind};
use drift_provider::{Guarding, Plugin, Plugins, ProviderReader, Settings};

/// A provider of no cloud.
pub(crate) const TEST: &str = "registry.terraform.io/driftwire/test";

/// The plugins that a test put there.
#[derive(Debug)]
pub(crate) struct AtHand(pub(crate) Vec<Plugin>);

impl Plugins for AtHand {
    fn has(&self, provider: &str) -> bool {
        self.0.iter().any(|plugin| plugin.provider == provider)
    }

    async fn candidates(&self, provider: &str) -> Result<Vec<Plugin>, Reason> {
        Ok(self.0.iter().filter(|plugin| plugin.provider == provider).cloned().collect())
    }
}

/// Keys of every account but the last.
#[derive(Debug)]
pub(crate) struct Accounts;

impl Accounts {
    /// The account of which nobody has keys.
    pub(crate) const UNKNOWN: &str = "999999999999";
    pub(crate) const SECRET: &str = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYTESTSECRET";
    pub(crate) const TOKEN: &str =
        "IQoJb3JpZ2luX2VjEJr0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789abcdefghijklmnopqrstuvwxyz";
}

impl Credentials for Accounts {
    type Given = Keys;

    async fn of(&self, place: &Place) -> Result<Keys, Reason> {
        if place.account == Self::UNKNOWN {
            return Err(Reason { kind: ReasonKind::WrongAccount, message: format!("there are no credentials of {}", place.account) });
        }
        let id = format!("AKIATEST{}", place.account);
        Ok(Keys::new(id, Self::SECRET, Some(Self::TOKEN.to_owned()), None, "tests"))
    }
}

/// An instance as a state records it.
pub(crate) fn instance(provider: &str, type_name: &str, attributes: Attributes) -> Instance {
    Instance::new(InstanceKey::from(Address::new(None, type_name, "a", "")), provider, attributes)
}

/// How the reader is to guard its plugin, where this process is to be one that reads.
pub(crate) fn asked_for() -> Option<Guarding> {
    let mut arguments = env::args().skip(1);
    match (arguments.next()?.as_str(), arguments.next()?.as_str()) {
        ("parent", "signal") => Some(Guarding::Signal),
        ("parent", "pipe") => Some(Guarding::Pipe),
        _ => None,
    }
}

/// Reads `test_thing` `thing-1` once, says `ready`, and waits to be killed.
#[tokio::main]
pub(crate) async fn run(guarding: Guarding) -> Result<(), Box<dyn Error>> {
    let executable = env::current_exe()?;
    let settings = Settings { guarding, environment: env::vars_os().collect(), ..Settings::new(executable.clone()) };
    let plugin = Plugin { provider: TEST.to_owned(), version: semver::Version::new(1, 0, 0), executable };
    let reader = ProviderReader::new(AtHand(vec![plugin]), Arc::new(Accounts), settings);
    let thing = instance(TEST, "test_thing", Attributes::from_iter([("id".to_owned(), "thing-1".into())]));
    match reader.read(None, &thing).await {
        LiveReading::Unknown(reason) => return Err(reason.message.into()),
        LiveReading::Found { .. } | LiveReading::Gone => writeln!(io::stdout(), "ready")?,
    }
    std::future::pending().await
}
