//! The readers that the command line asks for by name.

use std::{sync::Arc, time::Duration};

use anyhow::Context as _;
use aws_types::SdkConfig;
use drift_aws::{Accounts, NativeReader, UntypedCalls};
use drift_catalog::Catalog;
use drift_engine::ports::{LiveReader, LiveReading};
use drift_model::{Instance, Place, Reader};
use drift_provider::{ProviderReader, Settings};
use drift_state::Found;
use tokio::signal::{
    ctrl_c,
    unix::{SignalKind, signal},
};

use crate::{
    args::{ReaderName, StateArgs},
    exit::Interrupted,
    plugins::LocalPlugins,
    states::Loaded,
};

/// Both readers, and which of them judges what.
pub(crate) struct Readers {
    name: ReaderName,
    native: NativeReader<UntypedCalls<Accounts>>,
    provider: ProviderReader<LocalPlugins, Accounts>,
}

impl Readers {
    /// Starts nothing: neither a plugin nor a search for one.
    pub(crate) fn new(
        of: &StateArgs,
        catalog: Catalog,
        config: &SdkConfig,
        accounts: Accounts,
        plugins: LocalPlugins,
    ) -> anyhow::Result<Self> {
        let accounts = Arc::new(accounts);
        let (reads, read_deadline) = (usize::from(of.parallel), Duration::from_secs(of.provider_timeout));
        let settings = Settings { reads, read_deadline, ..settings(config)? };
        Ok(Self {
            name: of.reader,
            native: NativeReader::new(Arc::new(catalog), UntypedCalls::new(config.clone(), Arc::clone(&accounts))),
            provider: ProviderReader::new(plugins, accounts, settings),
        })
    }

    /// Looks for the plugins that these instances need: before there is anything that a download would keep waiting.
    pub(crate) fn prepare(&self, states: &[Loaded], confirmed: bool) {
        for Found { provider, key, .. } in states.iter().flat_map(|state| &state.state.found) {
            let type_name = key.address.type_name();
            let needs_one = match self.name {
                ReaderName::Provider => true,
                ReaderName::Auto => confirmed || !self.native.reads(provider, type_name),
                ReaderName::Native => confirmed,
            };
            if needs_one {
                self.provider.plugins().look_for(provider);
            }
        }
    }

    /// Why plugins that were needed are not there, one text for each provider.
    pub(crate) fn missing_plugins(&self) -> Vec<String> {
        self.provider.plugins().why_not()
    }

    /// The reader that confirms what the native one found.
    pub(crate) fn provider(&self) -> &impl LiveReader {
        &self.provider
    }

    /// Looks, and ends what was started for it; also where the user has had enough.
    pub(crate) async fn looking<T>(&self, look: impl Future<Output = T>) -> anyhow::Result<T> {
        let looked = unless_interrupted(look).await;
        self.provider.close().await;
        looked
    }
}

/// Does what takes a while, for as long as the user has patience: what it started ends when it is dropped.
pub(crate) async fn unless_interrupted<T>(work: impl Future<Output = T>) -> anyhow::Result<T> {
    let mut terminated = signal(SignalKind::terminate()).context("listening for signals")?;
    tokio::select! {
        done = work => Ok(done),
        _ = ctrl_c() => Err(Interrupted(2).into()),
        _ = terminated.recv() => Err(Interrupted(15).into()),
    }
}

/// How plugins are run: started through this very program, in its environment.
pub(crate) fn settings(config: &SdkConfig) -> anyhow::Result<Settings> {
    let mut settings = Settings::new(std::env::current_exe().context("finding out which program this is")?);
    settings.endpoint_url = config.endpoint_url().map(str::to_owned);
    settings.environment = std::env::vars_os().collect();
    Ok(settings)
}

impl LiveReader for Readers {
    fn reader(&self) -> Reader {
        match self.name {
            ReaderName::Native | ReaderName::Auto => Reader::Native,
            ReaderName::Provider => Reader::Provider,
        }
    }

    fn reads(&self, provider: &str, type_name: &str) -> bool {
        self.reader_of(provider, type_name).is_some()
    }

    fn reader_of(&self, provider: &str, type_name: &str) -> Option<Reader> {
        let native = || self.native.reader_of(provider, type_name);
        let plugin = || self.provider.reader_of(provider, type_name);
        match self.name {
            ReaderName::Native => native(),
            ReaderName::Provider => plugin(),
            ReaderName::Auto => native().or_else(plugin),
        }
    }

    fn hint(&self, provider: &str, type_name: &str) -> Option<String> {
        match self.name {
            ReaderName::Native => None,
            ReaderName::Provider | ReaderName::Auto => self.provider.hint(provider, type_name),
        }
    }

    async fn read(&self, place: Option<&Place>, instance: &Instance) -> LiveReading {
        match self.reader_of(&instance.provider, &instance.type_name) {
            Some(Reader::Native) => self.native.read(place, instance).await,
            Some(Reader::Provider) | None => self.provider.read(place, instance).await,
        }
    }
}
