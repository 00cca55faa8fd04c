//! States and their locks, on a served S3 and DynamoDB.

mod support;

use drift_aws::States;
use drift_engine::ports::{Fragment, PortError, RecordedState};
use drift_model::{ByteRange, StateId};
use support::moto::Moto;

const MADE: &str = "
s3 = client('s3')
s3.create_bucket(Bucket='states')
print(s3.put_object(Bucket='states', Key='prod/a.tfstate', Body=b'0123456789')['ETag'])
s3.put_object(Bucket='states', Key='prod/notes.txt', Body=b'x')
s3.put_object(Bucket='states', Key='test/b.tfstate', Body=b'x')
";

#[tokio::test]
async fn a_part_is_read_only_of_the_version_that_was_indexed() {
    let Some(moto) = Moto::start() else { return };
    let etag = moto.python(MADE).trim().to_owned();
    let states = States::new(&moto.config().await, vec!["states/prod/*".parse().expect("a pattern")], Vec::new());
    let (state, range) = (StateId::s3("states", "prod/a.tfstate"), ByteRange { start: 2, length: 3 });

    assert_eq!(states.states().await, Ok(vec![(state.clone(), etag.clone())]));
    assert_eq!(states.etag(&state).await, Ok(Some(etag.clone())));
    assert!(states.written(&state).await.expect("reads").is_some());
    assert_eq!(states.fragment(&state, &etag, range).await, Ok(Fragment::Bytes(b"234".to_vec())));
    assert_eq!(states.fragment(&state, "\"another\"", range).await, Ok(Fragment::Changed));

    moto.python("client('s3').put_object(Bucket='states', Key='prod/a.tfstate', Body=b'newer than that')");
    assert_eq!(states.fragment(&state, &etag, range).await, Ok(Fragment::Changed));
    moto.python("client('s3').delete_object(Bucket='states', Key='prod/a.tfstate')");
    assert_eq!(states.fragment(&state, &etag, range).await, Ok(Fragment::Gone));
    assert_eq!((states.whole(&state).await, states.etag(&state).await), (Ok(None), Ok(None)));

    let nowhere = States::new(&moto.config().await, vec!["no-such-bucket".parse().expect("a pattern")], Vec::new());
    let Err(PortError::Permanent { what, why }) = nowhere.states().await else { panic!("a bucket that is not there must not look empty") };
    assert!(what.contains("no-such-bucket") && why.contains("NoSuchBucket"), "{what}: {why}");
}

#[tokio::test]
async fn a_lock_is_seen_beside_the_state_and_in_a_table() {
    let Some(moto) = Moto::start() else { return };
    moto.python(MADE);
    moto.python(
        "client('dynamodb').create_table(TableName='locks', BillingMode='PAY_PER_REQUEST', KeySchema=[{'AttributeName': 'LockID', 'KeyType': 'HASH'}], \
         AttributeDefinitions=[{'AttributeName': 'LockID', 'AttributeType': 'S'}])",
    );
    let states = States::new(&moto.config().await, vec!["states".parse().expect("a pattern")], vec!["locks".to_owned()]);
    let state = StateId::s3("states", "prod/a.tfstate");
    // The digest that Terraform keeps beside a lock is none.
    moto.python(
        "client('dynamodb').put_item(TableName='locks', Item={'LockID': {'S': 'states/prod/a.tfstate-md5'}, 'Digest': {'S': 'd'}})",
    );
    assert_eq!(states.lock(&state).await, Ok(None));

    let held = r#"json.dumps({"ID": "l-1", "Operation": "OperationTypeApply", "Who": "ci@runner", "Created": "2026-03-14T09:27:00Z"})"#;
    let who = |lock: Option<drift_engine::ports::Lock>| lock.map(|lock| (lock.id, lock.who, lock.since.map(|since| since.to_string())));
    let expected = Some(("l-1".to_owned(), "ci@runner".to_owned(), Some("2026-03-14T09:27:00Z".to_owned())));
    moto.python(&format!(
        "client('dynamodb').put_item(TableName='locks', Item={{'LockID': {{'S': 'states/prod/a.tfstate'}}, 'Info': {{'S': {held}}}}})"
    ));
    assert_eq!(who(states.lock(&state).await.expect("reads")), expected);
    moto.python("client('dynamodb').delete_item(TableName='locks', Key={'LockID': {'S': 'states/prod/a.tfstate'}})");
    moto.python(&format!("client('s3').put_object(Bucket='states', Key='prod/a.tfstate.tflock', Body={held})"));
    assert_eq!(who(states.lock(&state).await.expect("reads")), expected);
}
