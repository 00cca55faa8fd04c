use std::time::Duration;

use aws_sdk_dynamodb::{
    Client,
    types::{AttributeDefinition, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType, TableStatus, TimeToLiveSpecification},
};
use drift_engine::ports::PortError;

use crate::failure::{Call, code};

/// How often a new table is looked at, a quarter of a second apart.
const LOOKS: u32 = 240;

pub(super) async fn create(client: &Client, table: &str) -> Result<(), PortError> {
    let what = format!("creating the table {table}");
    let resource = format!("arn:aws:dynamodb:*:*:table/{table}");
    let unbuildable = |error: aws_sdk_dynamodb::error::BuildError| PortError::Permanent { what: what.clone(), why: error.to_string() };

    let mut create = client.create_table().table_name(table).billing_mode(BillingMode::PayPerRequest);
    for (name, kind) in [("pk", KeyType::Hash), ("sk", KeyType::Range)] {
        let attribute = AttributeDefinition::builder().attribute_name(name).attribute_type(ScalarAttributeType::S);
        let key = KeySchemaElement::builder().attribute_name(name).key_type(kind);
        create = create.attribute_definitions(attribute.build().map_err(unbuildable)?).key_schema(key.build().map_err(unbuildable)?);
    }
    match create.send().await {
        Ok(_) => finish(client, table).await,
        Err(error) if code(&error) == Some("ResourceInUseException") => Ok(()),
        Err(error) => Err(Call { what: &what, action: "dynamodb:CreateTable", resource: &resource }.failed(&error)),
    }
}

/// Waits until a new table can be used, and has it forget items by their `expires`.
pub(crate) async fn finish(client: &Client, table: &str) -> Result<(), PortError> {
    let what = format!("creating the table {table}");
    let resource = format!("arn:aws:dynamodb:*:*:table/{table}");
    let call = |action| Call { what: &what, action, resource: &resource };
    let unbuildable = |error: aws_sdk_dynamodb::error::BuildError| PortError::Permanent { what: what.clone(), why: error.to_string() };
    for _ in 0..LOOKS {
        let described = client.describe_table().table_name(table).send().await;
        let described = described.map_err(|error| call("dynamodb:DescribeTable").failed(&error))?;
        if described.table.and_then(|table| table.table_status) == Some(TableStatus::Active) {
            let expiry = TimeToLiveSpecification::builder().attribute_name("expires").enabled(true).build().map_err(unbuildable)?;
            let set = client.update_time_to_live().table_name(table).time_to_live_specification(expiry).send().await;
            return set.map(|_| ()).map_err(|error| call("dynamodb:UpdateTimeToLive").failed(&error));
        }
        tokio::time::sleep(Duration::from_millis(250)).await;
    }
    Err(PortError::Retryable { what, why: "it is still not active".to_owned() })
}
