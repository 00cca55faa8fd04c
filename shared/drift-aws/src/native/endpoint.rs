//! Where a call goes and for which region it is signed, as botocore's endpoint rules have it.

use aws_types::{SdkConfig, service_config::ServiceConfigKey};
use drift_catalog::shapes::{Partition, Service};
use drift_model::Place;

/// What the configuration says about endpoints.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Wanted {
    /// A URL instead of AWS's own.
    pub(super) custom: Option<String>,
    pub(super) fips: bool,
    pub(super) dualstack: bool,
}

/// Where a call goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Endpoint {
    /// Scheme, host, and a base path where a custom endpoint has one.
    pub(super) url: String,
    /// The region to sign for.
    pub(super) region: String,
    /// Whether the host names the bucket, so that the path does not.
    pub(super) bucket_in_host: bool,
}

/// No endpoint.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum NoEndpoint {
    /// Not one of AWS's.
    #[error("there is no partition {0:?}")]
    Partition(String),
    /// Not a region's name, so not part of a host's.
    #[error("{0:?} is not the name of a region")]
    Region(String),
    /// FIPS or dual stack where that is not offered.
    #[error("there is no {variant} endpoint in {place}")]
    Variant {
        /// `FIPS`, ...
        variant: &'static str,
        /// Where.
        place: String,
    },
    /// An access point, or a bucket of another kind.
    #[error("only general purpose buckets can be read")]
    Bucket,
}

impl Wanted {
    /// As the environment and the profile have it for this service: a URL that was given explicitly, else
    /// `AWS_ENDPOINT_URL_<SERVICE>`, else `AWS_ENDPOINT_URL`, unless `ignore_configured_endpoint_urls` is set.
    pub(super) fn of(config: &SdkConfig, service: &Service) -> Self {
        let general = config.endpoint_url().map(str::to_owned);
        let custom = if config.get_origin("endpoint_url").is_client_config() {
            general
        } else {
            let key = ServiceConfigKey::builder().service_id(&service.id).env("AWS_ENDPOINT_URL").profile("endpoint_url").build();
            let own = key.ok().and_then(|key| config.service_config()?.load_config(key));
            own.or(general)
        };
        Self { custom, fips: config.use_fips().unwrap_or_default(), dualstack: config.use_dual_stack().unwrap_or_default() }
    }
}

/// Finds the endpoint of a call in a place. `bucket` is the bucket that an S3 call names.
pub(super) fn endpoint(service: &Service, wanted: &Wanted, place: &Place, bucket: Option<&str>) -> Result<Endpoint, NoEndpoint> {
    let partition = drift_catalog::shapes::partition(&place.partition).ok_or_else(|| NoEndpoint::Partition(place.partition.clone()))?;
    let region = if place.is_global() { partition.global_region.as_str() } else { place.region.as_str() };
    if region.is_empty() || !region.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-') {
        return Err(NoEndpoint::Region(region.to_owned()));
    }
    if bucket.is_some_and(|bucket| bucket.starts_with("arn:") || bucket.ends_with("--x-s3") || bucket.contains('/')) {
        return Err(NoEndpoint::Bucket);
    }
    if let Some(url) = &wanted.custom {
        let signed_for = service.regions.get(&place.partition).map_or(region, String::as_str).to_owned();
        return Ok(Endpoint { url: url.trim_end_matches('/').to_owned(), region: signed_for, bucket_in_host: false });
    }
    let (rules, variant) = match (wanted.fips, wanted.dualstack) {
        (false, false) => (&service.endpoints.plain, "plain"),
        (true, false) => (&service.endpoints.fips, "FIPS"),
        (false, true) => (&service.endpoints.dualstack, "dual-stack"),
        (true, true) => (&service.endpoints.fips_dualstack, "dual-stack FIPS"),
    };
    let template = [region, &place.partition, "*"].into_iter().find_map(|key| rules.get(key)).and_then(Option::as_deref);
    let template = template.ok_or_else(|| NoEndpoint::Variant { variant, place: format!("{}/{region}", place.partition) })?;
    let host = host(template, region, partition);
    let signed_for = service.regions.get(&place.partition).map_or(region, String::as_str).to_owned();
    let in_host = bucket.filter(|bucket| can_be_a_label(bucket));
    Ok(Endpoint {
        url: in_host.map_or_else(|| format!("https://{host}"), |bucket| format!("https://{bucket}.{host}")),
        region: signed_for,
        bucket_in_host: in_host.is_some(),
    })
}

fn host(template: &str, region: &str, partition: &Partition) -> String {
    template.replace("{region}", region).replace("{dualstack_suffix}", &partition.dualstack_suffix).replace("{suffix}", &partition.suffix)
}

/// Whether a bucket's name can stand in front of the host: one label of DNS. A name with dots would, but no certificate fits it.
fn can_be_a_label(bucket: &str) -> bool {
    let ends = |byte: Option<u8>| byte.is_some_and(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
    (3..=63).contains(&bucket.len())
        && ends(bucket.bytes().next())
        && ends(bucket.bytes().last())
        && bucket.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}

#[cfg(test)]
#[path = "endpoint_tests.rs"]
mod tests;
