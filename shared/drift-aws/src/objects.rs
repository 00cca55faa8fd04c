use std::{
    io::{self, Write},
    path::Path,
};

use aws_sdk_s3::{Config, config::timeout::TimeoutConfig, primitives::ByteStream};
use aws_types::SdkConfig;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use drift_engine::ports::PortError;

use crate::{
    BucketRegions,
    buckets::S3,
    failure::{Call, code},
};

/// Large objects of S3 that are no states.
#[derive(Clone, Debug)]
pub struct Objects {
    s3: S3,
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
        Self { s3: S3::new(config) }
    }

    /// Asks for these buckets in these regions, and for any other in the configured one.
    #[must_use]
    pub fn in_regions(self, regions: BucketRegions) -> Self {
        Self { s3: self.s3.in_regions(regions) }
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
        let answer = self.s3.of(bucket).get_object().bucket(bucket).key(key).send().await;
        let call = Call { what: &what, action: "s3:GetObject", resource: &resource };
        let mut body = answer.map_err(|error| self.s3.failed(bucket, &call, &error))?.body;
        while let Some(chunk) = body.next().await {
            let broke = |error| PortError::Retryable { what: what.clone(), why: format!("the answer broke off: {error}") };
            let chunk = chunk.map_err(broke)?;
            let failed = |source| ObjectError::Written { object: object.clone(), source };
            sink.write_all(&chunk).map_err(failed)?;
        }
        Ok(())
    }

    /// Writes a file as an object, however large and slow. S3 checks its SHA-256 (in hex) before it takes it.
    ///
    /// # Errors
    ///
    /// What S3 says, with the action and the bucket where it is a denial; a file that cannot be read; one with another checksum.
    pub async fn put(&self, bucket: &str, key: &str, file: &Path, sha256: &str) -> Result<(), PortError> {
        let object = format!("s3://{bucket}/{key}");
        let what = format!("writing {object}");
        let permanent = |why: String| PortError::Permanent { what: what.clone(), why };
        let digest: Option<Vec<u8>> = (0..sha256.len()).step_by(2).map(|at| u8::from_str_radix(sha256.get(at..at + 2)?, 16).ok()).collect();
        let digest = digest.ok_or_else(|| permanent(format!("`{sha256}` is no SHA-256")))?;
        let body = ByteStream::from_path(file).await.map_err(|error| permanent(error.to_string()))?;
        let put = self.s3.of(bucket).put_object().bucket(bucket).key(key).body(body).checksum_sha256(STANDARD.encode(digest));
        // The usual limits are for answers that fit into memory.
        let unlimited = Config::builder().timeout_config(TimeoutConfig::disabled());
        let answer = put.customize().config_override(unlimited).send().await;
        let resource = format!("arn:aws:s3:::{bucket}/{key}");
        answer.map(|_| ()).map_err(|error| match code(&error) {
            Some("NoSuchBucket") => permanent(format!("NoSuchBucket: there is no bucket {bucket}: create it, or name another one")),
            _ => self.s3.failed(bucket, &Call { what: &what, action: "s3:PutObject", resource: &resource }, &error),
        })
    }
}
