//! The cloud as the command line is told to reach it.

use anyhow::Context as _;
use aws_types::SdkConfig;
use drift_aws::{Accounts, AssumedRole, BucketRegions, BucketRegionsError, ClientSettings, DynamoLedger, StatePattern, States};
use drift_catalog::Catalog;
use drift_model::Place;

use crate::{
    args::{CloudArgs, StateArgs},
    plugins::{LocalPlugins, Where},
    readers::Readers,
};

/// The configuration of every client.
pub(crate) async fn config(args: &CloudArgs) -> SdkConfig {
    let CloudArgs { region, profile, endpoint_url, .. } = args.clone();
    drift_aws::load(&ClientSettings { region, profile, endpoint_url, ca_bundle: None }).await
}

/// The states that `patterns` list, each asked for where its bucket is said to be.
pub(crate) fn states(args: &CloudArgs, config: &SdkConfig, patterns: Vec<StatePattern>) -> Result<States, BucketRegionsError> {
    Ok(States::new(config, patterns, Vec::new()).in_regions(bucket_regions(args)?))
}

/// Where buckets are said to be, by all of `--state-region`.
pub(crate) fn bucket_regions(args: &CloudArgs) -> Result<BucketRegions, BucketRegionsError> {
    args.state_regions.iter().cloned().try_fold(BucketRegions::default(), BucketRegions::and)
}

/// What reads instances live: with credentials that are shown to be of an instance's account, at its first read.
pub(crate) async fn readers(of: &StateArgs, args: &CloudArgs) -> anyhow::Result<Readers> {
    let config = config(args).await;
    let role = args.assume_role.clone().map(|arn| AssumedRole { arn, external_id: args.external_id.clone() });
    let accounts = Accounts::new(config.clone(), role);
    let plugins = LocalPlugins::new(Where::new(&of.plugins)?);
    Readers::new(of, catalog()?, &config, accounts, plugins)
}

/// The account of the credentials and the configured region; nothing where either is not known.
pub(crate) async fn own_place(args: &CloudArgs) -> Option<Place> {
    let config = config(args).await;
    let region = config.region()?.to_string();
    let mut place = Place::new(Place::partition_of(&region).unwrap_or("aws"), "", &region);
    place.account = Accounts::new(config, None).default_account(&place).await.ok()?;
    Some(place)
}

/// The findings in a table.
pub(crate) async fn ledger(args: &CloudArgs, table: &str) -> DynamoLedger {
    DynamoLedger::new(&config(args).await, table)
}

/// What is known of each resource type.
pub(crate) fn catalog() -> anyhow::Result<Catalog> {
    Catalog::builtin().context("reading the catalog that was built in")
}
