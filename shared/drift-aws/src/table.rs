//! A table of DynamoDB, as the index and the ledger use theirs.

use std::time::Duration;

use aws_sdk_dynamodb::{
    Client,
    config::http::HttpResponse,
    error::{BuildError, ProvideErrorMetadata, SdkError},
    types::{
        AttributeDefinition, BillingMode, GlobalSecondaryIndex, KeySchemaElement, KeyType, Projection, ProjectionType, ScalarAttributeType,
        TableStatus, TimeToLiveSpecification,
    },
};
use aws_types::SdkConfig;
use drift_engine::ports::PortError;

use crate::failure::{Call, code};

/// How often a new table is looked at, a quarter of a second apart.
const LOOKS: u32 = 240;

/// A table by its name or ARN, with the client that reaches it.
#[derive(Clone, Debug)]
pub(crate) struct Table {
    pub(crate) client: Client,
    pub(crate) name: String,
}

/// What a table's keys are; all are texts, and `expires` is its time to live.
pub(crate) struct Layout {
    /// The hash key, then the range key where there is one.
    pub(crate) keys: &'static [&'static str],
    /// Each secondary index, which projects everything: name, hash key, range key.
    pub(crate) indexes: &'static [(&'static str, &'static str, &'static str)],
}

impl Table {
    pub(crate) fn new(config: &SdkConfig, name: String) -> Self {
        Self { client: Client::new(config), name }
    }

    /// The failure of a call on the table.
    pub(crate) fn failed<E: ProvideErrorMetadata + std::error::Error + 'static>(
        &self,
        what: &str,
        action: &str,
        error: &SdkError<E, HttpResponse>,
    ) -> PortError {
        let what = format!("{what} in the table {}", self.name);
        let resource = if self.name.starts_with("arn:") { self.name.clone() } else { format!("arn:aws:dynamodb:*:*:table/{}", self.name) };
        Call { what: &what, action, resource: &resource }.failed(error)
    }

    /// An item that is there and makes no sense.
    pub(crate) fn undecodable(&self, what: &str) -> PortError {
        PortError::Permanent {
            what: format!("{what} in the table {}", self.name),
            why: "the item is not as Driftwire writes it: is the table used by something else, or by a newer Driftwire?".to_owned(),
        }
    }

    /// Creates the table, and waits until it can be used. One that is there already is left as it is.
    pub(crate) async fn create(&self, layout: &Layout) -> Result<(), PortError> {
        let Self { client, name } = self;
        let what = "creating it";
        let unbuildable = |error: BuildError| PortError::Permanent { what: format!("creating the table {name}"), why: error.to_string() };
        let schema = |keys: &[&str]| {
            let kinds = [KeyType::Hash, KeyType::Range];
            let elements =
                keys.iter().zip(kinds).map(|(key, kind)| KeySchemaElement::builder().attribute_name(*key).key_type(kind).build());
            elements.collect::<Result<Vec<_>, _>>().map_err(unbuildable)
        };
        let mut create = client.create_table().table_name(name).billing_mode(BillingMode::PayPerRequest);
        create = create.set_key_schema(Some(schema(layout.keys)?));
        let mut attributes = layout.keys.to_vec();
        for (index, hash, range) in layout.indexes {
            attributes.extend([*hash, *range]);
            let projection = Projection::builder().projection_type(ProjectionType::All).build();
            let index =
                GlobalSecondaryIndex::builder().index_name(*index).set_key_schema(Some(schema(&[hash, range])?)).projection(projection);
            create = create.global_secondary_indexes(index.build().map_err(unbuildable)?);
        }
        attributes.sort_unstable();
        attributes.dedup();
        for attribute in attributes {
            let attribute = AttributeDefinition::builder().attribute_name(attribute).attribute_type(ScalarAttributeType::S);
            create = create.attribute_definitions(attribute.build().map_err(unbuildable)?);
        }
        match create.send().await {
            Ok(_) => {}
            Err(error) if code(&error) == Some("ResourceInUseException") => return Ok(()),
            Err(error) => return Err(self.failed(what, "dynamodb:CreateTable", &error)),
        }
        for _ in 0..LOOKS {
            let described = client.describe_table().table_name(name).send().await;
            let described = described.map_err(|error| self.failed(what, "dynamodb:DescribeTable", &error))?;
            if described.table.and_then(|table| table.table_status) == Some(TableStatus::Active) {
                let expiry = TimeToLiveSpecification::builder().attribute_name("expires").enabled(true).build().map_err(unbuildable)?;
                let set = client.update_time_to_live().table_name(name).time_to_live_specification(expiry).send().await;
                return set.map(|_| ()).map_err(|error| self.failed(what, "dynamodb:UpdateTimeToLive", &error));
            }
            tokio::time::sleep(Duration::from_millis(250)).await;
        }
        Err(PortError::Retryable { what: format!("creating the table {name}"), why: "it is still not active".to_owned() })
    }
}
