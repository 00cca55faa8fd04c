use std::io::{self, Write};

use aws_sdk_s3::{Client, config::Builder};
use aws_types::{SdkConfig, service_config::ServiceConfigKey};
use drift_engine::ports::PortError;

use crate::failure::Call;

/// Large objects of S3 that are no states.
#[derive(Clone, Debug)]
pub struct Objects {
    s3: Client,
}

/// Why an object is not where it was to be written to.
#[derive(Debug, thiserror::Error)]
pub enum ObjectError {
    /// S3 failed.
    #[error(transparent)]
    Port(#[from] PortError),
    /// It could not be written.
    #[error("writing what {object} holds")]
    Written {
        /// Which: `s3://bucket/key`.
        object: String,
        /// Why not.
        source: io::Error,
    },
}

impl Objects {
    /// Reads with `config`.
    #[must_use]
    pub fn new(config: &SdkConfig) -> Self {
        Self { s3: client(config) }
    }

    /// Writes an object to `sink`, chunk by chunk as it comes: no more than a chunk is held in memory. What was written
    /// before something failed is the beginning of the object.
    ///
    /// # Errors
    ///
    /// What S3 says, with the action and the bucket where it is a denial; a connection that breaks off; what `sink` says.
    pub async fn copy(&self, bucket: &str, key: &str, sink: &mut (impl Write + Send)) -> Result<(), ObjectError> {
        let object = format!("s3://{bucket}/{key}");
        let what = format!("reading {object}");
        let resource = format!("arn:aws:s3:::{bucket}/{key}");
        let answer = self.s3.get_object().bucket(bucket).key(key).send().await;
        let call = Call { what: &what, action: "s3:GetObject", resource: &resource };
        let mut body = answer.map_err(|error| call.failed(&error))?.body;
        while let Some(chunk) = body.next().await {
            let broke = |error| PortError::Retryable { what: what.clone(), why: format!("the answer broke off: {error}") };
            let chunk = chunk.map_err(broke)?;
            let failed = |source| ObjectError::Written { object: object.clone(), source };
            sink.write_all(&chunk).map_err(failed)?;
        }
        Ok(())
    }
}

/// A client of S3.
pub(crate) fn client(config: &SdkConfig) -> Client {
    Client::from_conf(Builder::from(config).force_path_style(has_own_endpoint(config)).build())
}

/// Whether S3 is reached by an endpoint that somebody configured: those rarely know buckets as host names.
fn has_own_endpoint(config: &SdkConfig) -> bool {
    let key = ServiceConfigKey::builder().service_id("s3").env("AWS_ENDPOINT_URL").profile("endpoint_url").build();
    config.endpoint_url().is_some() || key.ok().and_then(|key| config.service_config()?.load_config(key)).is_some()
}
