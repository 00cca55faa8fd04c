use std::sync::Arc;

use aws_credential_types::Credentials as Keys;
use drift_engine::ports::{Credentials, LiveReader, LiveReading};
use drift_model::{Instance, Place, Reader, Reason, ReasonKind, lives_in_aws};
use tokio::time::timeout;

use crate::{
    config::Account,
    look::{Looked, look},
    plugin::{Plugin, Plugins, Settings},
    pool::Pool,
    schema::Schema,
};

/// Reads instances through Terraform's own provider plugins: the provider reader.
///
/// # Guarantees
///
/// - What an instance of AWS is read with was shown to belong to its account.
/// - A plugin that ends, hangs or answers nonsense costs the instances that it was asked for at that moment.
/// - No plugin outlives this program, however it ends.
/// - Nothing that a plugin prints is passed on, and nothing that it complains of quotes a value that may not be shown.
///
/// # Caveats
///
/// Reads what the recorded state leads to, as `terraform plan -refresh-only` does, with the provider's default configuration: what
/// a configuration adds (`default_tags`) is taken from the state.
#[derive(Debug)]
pub struct ProviderReader<P, C> {
    plugins: P,
    credentials: Arc<C>,
    pool: Pool,
}

impl<P: Plugins, C: Credentials<Given = Keys>> ProviderReader<P, C> {
    /// Reads through these plugins. Starts none: that is done at the first read.
    pub fn new(plugins: P, credentials: Arc<C>, settings: Settings) -> Self {
        Self { plugins, credentials, pool: Pool::new(settings) }
    }

    /// Where its plugins come from.
    pub fn plugins(&self) -> &P {
        &self.plugins
    }

    /// Ends every plugin. Reads after this start them again.
    pub async fn close(&self) {
        self.pool.close().await;
    }

    async fn try_read(&self, place: Option<&Place>, instance: &Instance) -> Result<LiveReading, Reason> {
        let candidates = self.plugins.candidates(&instance.provider).await?;
        let account = match place {
            Some(place) if lives_in_aws(&instance.provider) => {
                Some(Account { place: place.clone(), keys: self.credentials.of(place).await? })
            }
            None if lives_in_aws(&instance.provider) => {
                let message = "in which account and region it lives is not known".to_owned();
                return Err(Reason { kind: ReasonKind::Place, message });
            }
            _ => None,
        };
        let (plugin, schema) = self.choose(&candidates, account.as_ref(), instance).await?;
        let mut retried = false;
        loop {
            let running = self.pool.running(plugin, account.as_ref()).await?;
            let Ok(_permit) = running.reads.acquire().await else { return Err(error(plugin, "it is being ended")) };
            if running.process.ended().is_some() {
                // It ended while this waited for its turn, and was not asked for it.
                continue;
            }
            let deadline = self.pool.settings.read_deadline;
            let name = plugin.to_string();
            let looked = timeout(deadline, look(&running.process.client, &name, &schema, instance, account.as_ref())).await;
            return match looked {
                Ok(Looked::Done(reading)) => {
                    running.note_answer();
                    Ok(reading)
                }
                Ok(Looked::Broken(why)) => {
                    // A plugin that ends breaks its connection a moment before its end is known.
                    let status = running.process.ended_soon().await;
                    if status.is_none() && !retried {
                        retried = true;
                        continue;
                    }
                    let how = status.map_or(why, |status| format!("{} while it was asked", crate::guard::ended(status)));
                    Err(error(plugin, &how))
                }
                Err(_) => Err(error(plugin, &format!("it did not answer within {} s", deadline.as_secs()))),
            };
        }
    }

    /// The lowest version that has the instance's type in a schema that is not older than what the state was written under.
    async fn choose<'a>(
        &self,
        candidates: &'a [Plugin],
        account: Option<&Account>,
        instance: &Instance,
    ) -> Result<(&'a Plugin, Arc<Schema>), Reason> {
        let Instance { type_name, schema_version, .. } = instance;
        let mut newest = None;
        for plugin in candidates {
            let schemas = match self.pool.known_schemas(plugin) {
                Some(schemas) => schemas,
                None => Arc::clone(&self.pool.running(plugin, account).await?.schemas),
            };
            let schema = schemas.of(type_name).map_err(|why| error(plugin, &why))?;
            match schema {
                Some(schema) if schema.version >= *schema_version => return Ok((plugin, schema)),
                schema => newest = Some((plugin, schema)),
            }
        }
        Err(match newest {
            None => {
                let message = format!("there is no plugin of {} at hand", instance.provider);
                Reason { kind: ReasonKind::Unsupported, message }
            }
            Some((plugin, None)) => Reason { kind: ReasonKind::Unsupported, message: format!("{plugin} has no {type_name}") },
            Some((plugin, Some(schema))) => Reason {
                kind: ReasonKind::Recorded,
                message: format!(
                    "its state was written by a newer version of the provider: {type_name} is recorded under version {schema_version} of \
                     its schema, and {plugin} knows up to {}: use the version that the state was written with, or a newer one",
                    schema.version
                ),
            },
        })
    }
}

impl<P: Plugins, C: Credentials<Given = Keys>> LiveReader for ProviderReader<P, C> {
    fn reader(&self) -> Reader {
        Reader::Provider
    }

    fn reads(&self, provider: &str, _type_name: &str) -> bool {
        self.plugins.has(provider)
    }

    fn hint(&self, provider: &str, _type_name: &str) -> Option<String> {
        self.plugins.hint(provider)
    }

    async fn read(&self, place: Option<&Place>, instance: &Instance) -> LiveReading {
        self.try_read(place, instance).await.unwrap_or_else(LiveReading::Unknown)
    }
}

fn error(plugin: &Plugin, why: &str) -> Reason {
    Reason { kind: ReasonKind::Error, message: format!("{plugin}: {why}") }
}
