//! Where every call to AWS starts: region, profile, endpoint, credentials, time limits and the shared HTTP client.
//!
//! Loading touches neither the network nor the trust store, and resolves no credentials: a function that starts has
//! nothing to wait for.

mod http;

use std::{path::PathBuf, time::Duration};

use aws_config::{
    BehaviorVersion, environment::EnvironmentVariableRegionProvider, meta::region::RegionProviderChain, profile::ProfileFileRegionProvider,
};
use aws_smithy_types::timeout::TimeoutConfig;
use aws_types::{SdkConfig, region::Region};

pub use self::http::http_client;

/// What a caller may say instead of the environment and the profile. Empty: as the AWS CLI would.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClientSettings {
    /// `--region`; else `AWS_REGION`, `AWS_DEFAULT_REGION`, the profile's. The instance metadata service is not asked for it.
    pub region: Option<String>,
    /// `--profile`; else `AWS_PROFILE`, `default`.
    pub profile: Option<String>,
    /// `--endpoint-url`, for every service; else `AWS_ENDPOINT_URL_<SERVICE>`, `AWS_ENDPOINT_URL`, the profile's.
    pub endpoint_url: Option<String>,
    /// A file of PEM certificates to trust instead of the platform's; else `AWS_CA_BUNDLE`. Read at the first TLS connection.
    pub ca_bundle: Option<PathBuf>,
}

/// How long a connection may take to come about.
const CONNECT: Duration = Duration::from_secs(3);
/// How long one attempt may take, from the connection to the end of a buffered answer (for a streamed one, to its start).
const ATTEMPT: Duration = Duration::from_secs(20);
/// How long a call may take with all its attempts.
const CALL: Duration = Duration::from_mins(1);

/// The configuration that every client is made of. What is said in `settings` counts over the environment, and that over the
/// profile. Retries are the SDK's standard mode unless `AWS_RETRY_MODE` or `AWS_MAX_ATTEMPTS` say otherwise.
#[expect(clippy::disallowed_methods, reason = "the SDK reads the environment here as well")]
pub async fn load(settings: &ClientSettings) -> SdkConfig {
    let mut profile_region = ProfileFileRegionProvider::builder();
    if let Some(profile) = &settings.profile {
        profile_region = profile_region.profile_name(profile);
    }
    let ca_bundle =
        settings.ca_bundle.clone().or_else(|| std::env::var_os("AWS_CA_BUNDLE").filter(|path| !path.is_empty()).map(PathBuf::from));
    let region = RegionProviderChain::first_try(settings.region.clone().map(Region::new))
        .or_else(EnvironmentVariableRegionProvider::new())
        .or_else(profile_region.build());
    let mut loader = aws_config::defaults(BehaviorVersion::latest()).region(region).http_client(http_client(ca_bundle)).timeout_config(
        TimeoutConfig::builder().connect_timeout(CONNECT).operation_attempt_timeout(ATTEMPT).operation_timeout(CALL).build(),
    );
    if let Some(profile) = &settings.profile {
        loader = loader.profile_name(profile);
    }
    if let Some(endpoint) = &settings.endpoint_url {
        loader = loader.endpoint_url(endpoint);
    }
    loader.load().await
}
