//! States as Terraform recorded them: in S3, and in local files.
//!
//! A state whose name begins with `s3://` is an object, any other is the path of a file. Both are read on condition of
//! the version that was indexed, so that a byte range never cuts through another one.

mod file;
mod lock;
mod pattern;
mod s3;

use aws_types::SdkConfig;
use drift_engine::ports::{Fragment, Lock, PortError, RecordedState, StateObject};
use drift_model::{ByteRange, StateId, Timestamp};

pub use self::pattern::{StatePattern, StatePatternError};
use self::s3::Buckets;
use crate::BucketRegions;

/// The states of the configured buckets, and any state that is asked for by name.
#[derive(Clone, Debug)]
pub struct States {
    buckets: Buckets,
}

impl States {
    /// Reads with `config`; lists what `patterns` take; looks for locks beside the states and in `lock_tables` (names of
    /// DynamoDB tables, or ARNs, which are asked in their own region).
    #[must_use]
    pub fn new(config: &SdkConfig, patterns: Vec<StatePattern>, lock_tables: Vec<String>) -> Self {
        Self { buckets: Buckets::new(config, patterns, lock_tables) }
    }

    /// Asks for these buckets in these regions, and for any other in the configured one.
    #[must_use]
    pub fn in_regions(self, regions: BucketRegions) -> Self {
        Self { buckets: self.buckets.in_regions(regions) }
    }

    /// Whether a bucket tells EventBridge of what is written to it.
    ///
    /// # Errors
    ///
    /// What S3 says, with the action and the bucket where it is a denial.
    pub async fn tells_eventbridge(&self, bucket: &str) -> Result<bool, PortError> {
        self.buckets.tells_eventbridge(bucket).await
    }
}

impl RecordedState for States {
    async fn whole(&self, state: &StateId) -> Result<Option<StateObject>, PortError> {
        match state.as_s3() {
            Some((bucket, key)) => self.buckets.whole(bucket, key).await,
            None => file::whole(state),
        }
    }

    async fn etag(&self, state: &StateId) -> Result<Option<String>, PortError> {
        match state.as_s3() {
            Some((bucket, key)) => self.buckets.etag(bucket, key).await,
            None => file::etag(state),
        }
    }

    async fn written(&self, state: &StateId) -> Result<Option<Timestamp>, PortError> {
        match state.as_s3() {
            Some((bucket, key)) => self.buckets.written(bucket, key).await,
            None => file::written(state),
        }
    }

    async fn fragment(&self, state: &StateId, etag: &str, range: ByteRange) -> Result<Fragment, PortError> {
        match state.as_s3() {
            Some((bucket, key)) => self.buckets.fragment(bucket, key, etag, range).await,
            None => file::fragment(state, etag, range),
        }
    }

    async fn states(&self) -> Result<Vec<(StateId, String)>, PortError> {
        self.buckets.states().await
    }

    async fn lock(&self, state: &StateId) -> Result<Option<Lock>, PortError> {
        match state.as_s3() {
            Some((bucket, key)) => self.buckets.lock(bucket, key).await,
            None => file::lock(state),
        }
    }
}
