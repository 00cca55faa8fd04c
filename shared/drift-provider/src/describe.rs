use drift_model::{Reason, ReasonKind};
use tokio::time::timeout;

use crate::{
    guard::Spawner,
    plugin::{Plugin, Settings},
    process::Process,
};

/// What a plugin says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Description {
    /// The version of the plugin protocol: 5 or 6.
    pub protocol: u8,
    /// How many resource types it has.
    pub types: usize,
}

/// Starts a plugin, asks it what it is, and ends it. Needs no credentials.
///
/// # Errors
///
/// Why it cannot be asked.
pub async fn describe(plugin: &Plugin, settings: &Settings) -> Result<Description, Reason> {
    let error = |why: String| Reason { kind: ReasonKind::Error, message: format!("the plugin {plugin} cannot be used: {why}") };
    let spawner = Spawner::new(&settings.guard, settings.guarding).map_err(|failure| error(failure.to_string()))?;
    let asked = timeout(settings.start_deadline, async {
        let process = Process::start(&spawner, settings, plugin, None).await?;
        let schemas = process.schemas().await;
        process.end().await;
        Ok(Description { protocol: process.client.protocol().number(), types: schemas?.len() })
    });
    let late = |_| error(format!("it did not answer within {} s of its start", settings.start_deadline.as_secs()));
    asked.await.map_err(late)?
}
