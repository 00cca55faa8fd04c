//! What was told, in a table of a served DynamoDB.

mod support;

use drift_aws::{Claim, Claimed, DynamoTold};
use drift_model::Timestamp;
use support::moto::Moto;

const MADE: &str = r#"
client("dynamodb").create_table(TableName="told", BillingMode="PAY_PER_REQUEST", AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}], KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}])
"#;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_773_480_430 + second).expect("it is a time")
}

async fn claimed(told: &DynamoTold, key: &str, now: i64, until: i64) -> Claimed {
    told.claim(key, at(now), at(until)).await.expect("the table is there")
}

async fn ours(told: &DynamoTold, key: &str, now: i64, until: i64) -> Claim {
    match claimed(told, key, now, until).await {
        Claimed::Ours(claim) => claim,
        other => panic!("{key} at {now}: {other:?}"),
    }
}

#[tokio::test]
async fn what_is_claimed_is_nobody_elses_until_the_claim_is_over_and_what_is_told_is_told() {
    let Some(moto) = Moto::start() else { return };
    moto.python(MADE);
    let told = DynamoTold::new(&moto.config().await, "told");

    let claim = ours(&told, "slack#1", 0, 60).await;
    assert_eq!(claimed(&told, "slack#1", 59, 120).await, Claimed::Others { until: at(60) });
    ours(&told, "slack#2", 59, 120).await;
    told.mark(&claim, at(59)).await.expect("it can be marked");
    for now in [60, 1_000_000_000] {
        assert_eq!(claimed(&told, "slack#1", now, now + 60).await, Claimed::Told);
    }

    // A claim that is over is anybody's, and whoever had it can neither give the new one back nor lose what was told.
    let dead = ours(&told, "slack#3", 0, 60).await;
    let alive = ours(&told, "slack#3", 60, 120).await;
    told.release(&dead).await.expect("that it was overtaken is no error");
    assert_eq!(claimed(&told, "slack#3", 61, 180).await, Claimed::Others { until: at(120) });
    told.mark(&dead, at(61)).await.expect("it was told after all");
    told.release(&alive).await.expect("that it was told is no error");
    assert_eq!(claimed(&told, "slack#3", 200, 260).await, Claimed::Told);

    let given_back = ours(&told, "slack#4", 0, 60).await;
    told.release(&given_back).await.expect("it can be given back");
    ours(&told, "slack#4", 1, 60).await;
}
