//! Clients of S3 by bucket: most buckets are in the configured region, and of some it is said that they are in another.

mod regions;

use std::{
    collections::BTreeMap,
    error::Error,
    sync::{Arc, Mutex, PoisonError},
};

use aws_sdk_s3::{
    Client,
    config::{Builder, Region, http::HttpResponse},
    error::{ProvideErrorMetadata, SdkError},
};
use aws_types::{SdkConfig, service_config::ServiceConfigKey};
use drift_engine::ports::PortError;

pub use self::regions::{BucketRegions, BucketRegionsError, is_region};
use crate::failure::{Call, status};

/// The header by which S3 tells where a bucket is.
const BUCKET_REGION: &str = "x-amz-bucket-region";

/// Clients of S3: one for each region, made when a bucket of it is asked for first.
#[derive(Clone, Debug)]
pub(crate) struct S3 {
    config: SdkConfig,
    regions: BucketRegions,
    own: Client,
    others: Arc<Mutex<BTreeMap<String, Client>>>,
}

impl S3 {
    /// Every bucket is in the configured region.
    pub(crate) fn new(config: &SdkConfig) -> Self {
        Self { config: config.clone(), regions: BucketRegions::default(), own: client(config, None), others: Arc::default() }
    }

    /// But those, which are in these.
    pub(crate) fn in_regions(self, regions: BucketRegions) -> Self {
        Self { regions, ..self }
    }

    /// What asks for that bucket.
    pub(crate) fn of(&self, bucket: &str) -> Client {
        let Some(region) = self.regions.of(bucket) else { return self.own.clone() };
        let mut others = self.others.lock().unwrap_or_else(PoisonError::into_inner);
        others.entry(region.to_owned()).or_insert_with(|| client(&self.config, Some(region))).clone()
    }

    /// A failure as a port tells it; where the bucket is in another region, what to set.
    pub(crate) fn failed<E: ProvideErrorMetadata + Error + 'static>(
        &self,
        bucket: &str,
        call: &Call<'_>,
        error: &SdkError<E, HttpResponse>,
    ) -> PortError {
        let told = error.raw_response().and_then(|answer| answer.headers().get(BUCKET_REGION));
        let asked = self.regions.of(bucket).or_else(|| self.config.region().map(AsRef::as_ref)).unwrap_or("no region");
        let why = match (status(error), told) {
            // 400 is for a signature of another region, where the endpoint is no region's.
            (Some(301 | 307 | 400), Some(region)) if region != asked => format!(
                "the bucket {bucket} is in {region} and was asked for in {asked}: add {bucket}={region} to DRIFTWIRE_STATE_REGIONS (the \
                 module's input `state_bucket_regions`, `--state-region` of the command line)"
            ),
            (Some(301 | 307), None) => format!(
                "the bucket {bucket} is not in {asked}, and S3 does not say where it is: add {bucket}=REGION to DRIFTWIRE_STATE_REGIONS (the \
                 module's input `state_bucket_regions`, `--state-region` of the command line)"
            ),
            _ => return call.failed(error),
        };
        PortError::Permanent { what: call.what.to_owned(), why }
    }
}

fn client(config: &SdkConfig, region: Option<&str>) -> Client {
    let mut builder = Builder::from(config).force_path_style(has_own_endpoint(config));
    if let Some(region) = region {
        builder = builder.region(Region::new(region.to_owned()));
    }
    Client::from_conf(builder.build())
}

/// Whether S3 is reached by an endpoint that somebody configured: those rarely know buckets as host names.
fn has_own_endpoint(config: &SdkConfig) -> bool {
    let key = ServiceConfigKey::builder().service_id("s3").env("AWS_ENDPOINT_URL").profile("endpoint_url").build();
    config.endpoint_url().is_some() || key.ok().and_then(|key| config.service_config()?.load_config(key)).is_some()
}

#[cfg(test)]
mod tests {
    use aws_config::BehaviorVersion;

    use super::*;

    fn region(client: &Client) -> Option<String> {
        client.config().region().map(ToString::to_string)
    }

    #[test]
    fn a_region_has_one_client_and_most_buckets_the_configured_one() {
        let config = SdkConfig::builder().behavior_version(BehaviorVersion::latest()).region(Region::new("eu-west-1")).build();
        let s3 = S3::new(&config).in_regions("a=us-east-1,b=us-east-1,c=ap-south-1".parse().expect("regions"));
        assert!(s3.others.lock().expect("it is free").is_empty(), "nothing is made before it is needed");
        let regions = ["a", "b", "c", "other"].map(|bucket| region(&s3.of(bucket)).unwrap_or_default());
        assert_eq!(regions, ["us-east-1", "us-east-1", "ap-south-1", "eu-west-1"]);
        assert_eq!(s3.others.lock().expect("it is free").len(), 2);
    }
}
