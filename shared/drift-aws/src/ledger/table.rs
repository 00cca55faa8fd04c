use aws_sdk_dynamodb::{
    Client,
    types::{
        AttributeDefinition, BillingMode, GlobalSecondaryIndex, KeySchemaElement, KeyType, Projection, ProjectionType, ScalarAttributeType,
    },
};
use drift_engine::ports::PortError;

use crate::{
    failure::{Call, code},
    index::finish,
};

/// Each secondary index: name, hash key, range key.
const INDEXES: [(&str, &str, &str); 4] = [
    ("by-account", "open_account", "rank"),
    ("by-severity", "open_severity", "rank"),
    ("by-state", "open_state", "rank"),
    ("owed", "owed_in", "owed_at"),
];

pub(super) async fn create(client: &Client, table: &str) -> Result<(), PortError> {
    let what = format!("creating the table {table}");
    let unbuildable = |error: aws_sdk_dynamodb::error::BuildError| PortError::Permanent { what: what.clone(), why: error.to_string() };
    let attribute = |name: &str| {
        AttributeDefinition::builder().attribute_name(name).attribute_type(ScalarAttributeType::S).build().map_err(unbuildable)
    };
    let key = |name: &str, kind: KeyType| KeySchemaElement::builder().attribute_name(name).key_type(kind).build().map_err(unbuildable);

    let mut create = client.create_table().table_name(table).billing_mode(BillingMode::PayPerRequest).key_schema(key("pk", KeyType::Hash)?);
    for name in ["pk", "open_account", "open_severity", "open_state", "owed_at", "owed_in", "rank"] {
        create = create.attribute_definitions(attribute(name)?);
    }
    for (name, hash, range) in INDEXES {
        let index = GlobalSecondaryIndex::builder()
            .index_name(name)
            .key_schema(key(hash, KeyType::Hash)?)
            .key_schema(key(range, KeyType::Range)?)
            .projection(Projection::builder().projection_type(ProjectionType::All).build());
        create = create.global_secondary_indexes(index.build().map_err(unbuildable)?);
    }
    match create.send().await {
        Ok(_) => finish(client, table).await,
        Err(error) if code(&error) == Some("ResourceInUseException") => Ok(()),
        Err(error) => {
            let resource = format!("arn:aws:dynamodb:*:*:table/{table}");
            Err(Call { what: &what, action: "dynamodb:CreateTable", resource: &resource }.failed(&error))
        }
    }
}
