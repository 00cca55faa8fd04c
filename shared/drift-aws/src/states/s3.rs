//! States in S3, and what locks them.

use aws_sdk_dynamodb::types::AttributeValue;
use aws_sdk_s3::{config::Region, operation::head_object::HeadObjectOutput, primitives::ByteStream};
use aws_types::SdkConfig;
use drift_engine::ports::{Fragment, Lock, PortError, StateObject};
use drift_model::{ByteRange, StateId, Timestamp};
use futures::future::try_join_all;

use super::{StatePattern, lock};
use crate::{
    BucketRegions,
    buckets::S3,
    failure::{Call, code, status},
};

/// The buckets, the configured patterns and the lock tables.
#[derive(Clone, Debug)]
pub(super) struct Buckets {
    s3: S3,
    patterns: Vec<StatePattern>,
    lock_tables: Vec<LockTable>,
}

/// A table in which Terraform locks states.
#[derive(Clone, Debug)]
struct LockTable {
    dynamodb: aws_sdk_dynamodb::Client,
    name: String,
}

impl Buckets {
    pub(super) fn new(config: &SdkConfig, patterns: Vec<StatePattern>, lock_tables: Vec<String>) -> Self {
        let lock_tables = lock_tables.into_iter().map(|name| LockTable { dynamodb: lock_client(config, &name), name }).collect();
        Self { s3: S3::new(config), patterns, lock_tables }
    }

    pub(super) fn in_regions(self, regions: BucketRegions) -> Self {
        Self { s3: self.s3.in_regions(regions), ..self }
    }

    pub(super) async fn whole(&self, bucket: &str, key: &str) -> Result<Option<StateObject>, PortError> {
        let object = Object::new(bucket, key);
        match self.s3.of(bucket).get_object().bucket(bucket).key(key).send().await {
            Ok(answer) => {
                let etag = answer.e_tag.unwrap_or_default();
                Ok(Some(StateObject { etag, bytes: object.collect(answer.body).await? }))
            }
            Err(error) if code(&error) == Some("NoSuchKey") => Ok(None),
            Err(error) => Err(self.s3.failed(bucket, &object.call("s3:GetObject"), &error)),
        }
    }

    pub(super) async fn etag(&self, bucket: &str, key: &str) -> Result<Option<String>, PortError> {
        Ok(self.head(bucket, key).await?.and_then(|answer| answer.e_tag))
    }

    pub(super) async fn written(&self, bucket: &str, key: &str) -> Result<Option<Timestamp>, PortError> {
        let answer = self.head(bucket, key).await?;
        Ok(answer.and_then(|answer| Timestamp::from_second(answer.last_modified?.secs()).ok()))
    }

    async fn head(&self, bucket: &str, key: &str) -> Result<Option<HeadObjectOutput>, PortError> {
        let object = Object::new(bucket, key);
        match self.s3.of(bucket).head_object().bucket(bucket).key(key).send().await {
            Ok(answer) => Ok(Some(answer)),
            // A HEAD has no body that could say whether the key or the bucket is what is not there.
            Err(error) if status(&error) == Some(404) => Ok(None),
            Err(error) => Err(self.s3.failed(bucket, &object.call("s3:GetObject"), &error)),
        }
    }

    pub(super) async fn fragment(&self, bucket: &str, key: &str, etag: &str, range: ByteRange) -> Result<Fragment, PortError> {
        let object = Object::new(bucket, key);
        let last = range.start.saturating_add(range.length).saturating_sub(1);
        let request = self.s3.of(bucket).get_object().bucket(bucket).key(key).if_match(etag).range(format!("bytes={}-{last}", range.start));
        match request.send().await {
            // A server that knows no conditions sends whatever it has: the answer itself tells which version it is of.
            Ok(answer) if answer.e_tag.as_deref() != Some(etag) => Ok(Fragment::Changed),
            Ok(answer) => {
                let bytes = object.collect(answer.body).await?;
                Ok(if bytes.len() as u64 == range.length { Fragment::Bytes(bytes) } else { Fragment::Changed })
            }
            Err(error) if code(&error) == Some("NoSuchKey") => Ok(Fragment::Gone),
            Err(error) if matches!(status(&error), Some(412 | 416)) => Ok(Fragment::Changed),
            Err(error) => Err(self.s3.failed(bucket, &object.call("s3:GetObject"), &error)),
        }
    }

    pub(super) async fn states(&self) -> Result<Vec<(StateId, String)>, PortError> {
        let found = try_join_all(self.patterns.iter().map(|pattern| self.listed(pattern))).await?;
        let mut found: Vec<_> = found.into_iter().flatten().collect();
        found.sort();
        found.dedup_by(|a, b| a.0 == b.0);
        Ok(found)
    }

    async fn listed(&self, pattern: &StatePattern) -> Result<Vec<(StateId, String)>, PortError> {
        let (bucket, prefix) = (pattern.bucket(), pattern.prefix());
        let call = Call {
            what: &format!("listing s3://{bucket}/{prefix}*"),
            action: "s3:ListBucket",
            resource: &format!("arn:aws:s3:::{bucket}"),
        };
        let mut found = Vec::new();
        let mut pages = self.s3.of(bucket).list_objects_v2().bucket(bucket).prefix(prefix).into_paginator().send();
        while let Some(page) = pages.next().await {
            for object in page.map_err(|error| self.s3.failed(bucket, &call, &error))?.contents.unwrap_or_default() {
                if let (Some(key), Some(etag)) = (object.key, object.e_tag)
                    && pattern.takes(bucket, &key)
                {
                    found.push((StateId::s3(bucket, &key), etag));
                }
            }
        }
        Ok(found)
    }

    pub(super) async fn tells_eventbridge(&self, bucket: &str) -> Result<bool, PortError> {
        let call = Call {
            what: &format!("asking where the bucket {bucket} sends its events"),
            action: "s3:GetBucketNotification",
            resource: &format!("arn:aws:s3:::{bucket}"),
        };
        let answer = self.s3.of(bucket).get_bucket_notification_configuration().bucket(bucket).send().await;
        Ok(answer.map_err(|error| self.s3.failed(bucket, &call, &error))?.event_bridge_configuration.is_some())
    }

    pub(super) async fn lock(&self, bucket: &str, key: &str) -> Result<Option<Lock>, PortError> {
        let in_tables = try_join_all(self.lock_tables.iter().map(|table| self.lock_in_table(table, bucket, key)));
        let (beside, in_tables) = futures::try_join!(self.lock_beside(bucket, key), in_tables)?;
        Ok(beside.or_else(|| in_tables.into_iter().flatten().next()))
    }

    /// The lock that Terraform from 1.10 on writes beside the state (`use_lockfile`).
    async fn lock_beside(&self, bucket: &str, key: &str) -> Result<Option<Lock>, PortError> {
        let key = format!("{key}.tflock");
        Ok(self.whole(bucket, &key).await?.map(|object| lock::parse(&object.bytes)))
    }

    /// The lock in an item `LockID = "bucket/key"`. The item of the same name with `-md5` behind it is no lock.
    async fn lock_in_table(&self, table: &LockTable, bucket: &str, key: &str) -> Result<Option<Lock>, PortError> {
        let LockTable { dynamodb, name: table } = table;
        let request = dynamodb.get_item().table_name(table).consistent_read(true);
        let answer = request.key("LockID", AttributeValue::S(format!("{bucket}/{key}"))).send().await.map_err(|error| {
            let resource = if table.starts_with("arn:") { table.to_owned() } else { format!("arn:aws:dynamodb:*:*:table/{table}") };
            let what = format!("looking for a lock of s3://{bucket}/{key} in the table {table}");
            Call { what: &what, action: "dynamodb:GetItem", resource: &resource }.failed(&error)
        })?;
        Ok(answer.item.map(|item| lock::parse(item.get("Info").and_then(|info| info.as_s().ok()).map_or(b"", String::as_bytes))))
    }
}

/// Of a table by its ARN in that region: a state bucket in another region often has its locks there.
fn lock_client(config: &SdkConfig, table: &str) -> aws_sdk_dynamodb::Client {
    let region = table.strip_prefix("arn:").and_then(|rest| rest.split(':').nth(2)).filter(|region| !region.is_empty());
    let mut builder = aws_sdk_dynamodb::config::Builder::from(config);
    if let Some(region) = region {
        builder = builder.region(Region::new(region.to_owned()));
    }
    aws_sdk_dynamodb::Client::from_conf(builder.build())
}

/// An object, as its failures name it.
struct Object {
    what: String,
    arn: String,
}

impl Object {
    fn new(bucket: &str, key: &str) -> Self {
        // Without the right to list, S3 answers "denied" for a key that is not there.
        Self {
            what: format!("reading s3://{bucket}/{key}"),
            arn: format!("arn:aws:s3:::{bucket}/{key}, and s3:ListBucket on arn:aws:s3:::{bucket},"),
        }
    }

    fn call<'a>(&'a self, action: &'a str) -> Call<'a> {
        Call { what: &self.what, action, resource: &self.arn }
    }

    async fn collect(&self, body: ByteStream) -> Result<Vec<u8>, PortError> {
        let failed = |error| PortError::Retryable { what: self.what.clone(), why: format!("the answer broke off: {error}") };
        Ok(body.collect().await.map_err(failed)?.to_vec())
    }
}
