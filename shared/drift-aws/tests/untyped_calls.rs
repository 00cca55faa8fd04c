//! Untyped calls against a served AWS: every protocol, and lists of 0, 1 and 2.

mod support;

use std::sync::Arc;

use drift_aws::{Accounts, UntypedCalls};
use drift_catalog::{AwsCall, CallErrorKind};
use drift_model::Place;
use serde_json::{Value, json};
use support::moto::{ACCOUNT, Moto};

const MADE: &str = r#"
ec2, iam, sqs, s3, kms, dynamodb, route53, lambda_ = map(client, "ec2 iam sqs s3 kms dynamodb route53 lambda".split())
group = ec2.create_security_group(GroupName="web", Description="a & b <c>")["GroupId"]
ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[
    {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "UserIdGroupPairs": [{"GroupId": group}]},
    {"IpProtocol": "tcp", "FromPort": 80, "ToPort": 80, "IpRanges": [{"CidrIp": "10.0.0.0/8"}]},
    {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "IpRanges": [{"CidrIp": "10.0.0.0/8"}, {"CidrIp": "10.1.0.0/16", "Description": "x"}]},
])
policy = json.dumps({"Version": "2012-10-17", "Statement": []})
for name, attached in ("none", []), ("one", ["A"]), ("two", ["A", "B"]):
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=policy, Path="/a/")
    for inline in attached:
        statement = [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}]
        iam.put_role_policy(RoleName=name, PolicyName=inline, PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": statement}))
queue = sqs.create_queue(QueueName="jobs", Attributes={"DelaySeconds": "5"}, tags={"team": "a=b&c"})["QueueUrl"]
s3.create_bucket(Bucket="plain")
s3.create_bucket(Bucket="dots.in.name", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
s3.put_bucket_versioning(Bucket="plain", VersioningConfiguration={"Status": "Enabled"})
s3.put_bucket_policy(Bucket="plain", Policy=policy)
s3.put_bucket_tagging(Bucket="plain", Tagging={"TagSet": [{"Key": "a", "Value": "1"}]})
s3.put_bucket_tagging(Bucket="dots.in.name", Tagging={"TagSet": [{"Key": "a", "Value": "1"}, {"Key": "b", "Value": ""}]})
key = kms.create_key(Description="k")["KeyMetadata"]["KeyId"]
dynamodb.create_table(TableName="t", BillingMode="PAY_PER_REQUEST", AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}], KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}])
zone = route53.create_hosted_zone(Name="example.com", CallerReference="1")["HostedZone"]["Id"]
route53.change_resource_record_sets(HostedZoneId=zone, ChangeBatch={"Changes": [{"Action": "CREATE", "ResourceRecordSet": {"Name": "w.example.com", "Type": "A", "TTL": 60, "ResourceRecords": [{"Value": "10.0.0.1"}, {"Value": "10.0.0.2"}]}}]})
print(json.dumps({"group": group, "queue": queue, "key": key, "zone": zone}))
"#;

struct Served {
    moto: Moto,
    calls: UntypedCalls<Accounts>,
    made: Value,
}

impl Served {
    async fn start() -> Option<Self> {
        let moto = Moto::start()?;
        let made = serde_json::from_str(&moto.python(MADE)).expect("it prints JSON");
        let config = moto.config().await;
        let accounts = Arc::new(Accounts::new(config.clone(), None));
        Some(Self { calls: UntypedCalls::new(config, accounts), moto, made })
    }

    async fn call(&self, service: &str, operation: &str, input: Value) -> Value {
        let place = Place::new("aws", ACCOUNT, "us-east-1");
        self.calls.call(&place, service, operation, &input).await.unwrap_or_else(|error| panic!("{error}"))
    }

    async fn refused(&self, service: &str, operation: &str, input: Value) -> (CallErrorKind, String, u16) {
        let place = Place::new("aws", ACCOUNT, "us-east-1");
        let error = self.calls.call(&place, service, operation, &input).await.expect_err("it is refused");
        (error.kind, error.code, error.status)
    }
}

fn lengths(items: &Value, of: &str) -> Vec<usize> {
    items.as_array().expect("a list").iter().map(|item| item[of].as_array().map_or(usize::MAX, Vec::len)).collect()
}

#[tokio::test]
async fn every_protocol_reads_what_is_there() {
    let Some(aws) = Served::start().await else { return };
    let made = &aws.made;

    let groups = aws.call("ec2", "DescribeSecurityGroups", json!({"GroupIds": [made["group"]]})).await;
    let group = &groups["SecurityGroups"][0];
    assert_eq!(group["Description"], "a & b <c>");
    let mut ranges = lengths(&group["IpPermissions"], "IpRanges");
    ranges.sort_unstable();
    assert_eq!(ranges, [0, 1, 2]);
    let mut pairs = lengths(&group["IpPermissions"], "UserIdGroupPairs");
    pairs.sort_unstable();
    assert_eq!(pairs, [0, 0, 1]);
    assert!(group["IpPermissions"][0]["FromPort"].is_i64());

    for (role, policies) in [("none", json!([])), ("one", json!(["A"])), ("two", json!(["A", "B"]))] {
        let answer = aws.call("iam", "ListRolePolicies", json!({"RoleName": role})).await;
        assert_eq!(answer["PolicyNames"], policies);
    }
    let role = aws.call("iam", "GetRole", json!({"RoleName": "one"})).await;
    assert_eq!(role["Role"]["Path"], "/a/");
    assert!(role["Role"]["CreateDate"].as_str().is_some_and(|time| time.parse::<drift_model::Timestamp>().is_ok()), "{role}");

    let queue = aws.call("sqs", "GetQueueAttributes", json!({"QueueUrl": made["queue"], "AttributeNames": ["All"]})).await;
    assert_eq!(queue["Attributes"]["DelaySeconds"], "5");
    assert_eq!(aws.call("sqs", "ListQueueTags", json!({"QueueUrl": made["queue"]})).await["Tags"], json!({"team": "a=b&c"}));

    let key = aws.call("kms", "DescribeKey", json!({"KeyId": made["key"]})).await;
    assert_eq!(key["KeyMetadata"]["Enabled"], true);
    assert!(key["KeyMetadata"]["CreationDate"].as_str().is_some_and(|time| time.ends_with('Z')), "{key}");

    let table = aws.call("dynamodb", "DescribeTable", json!({"TableName": "t"})).await;
    assert_eq!(table["Table"]["KeySchema"], json!([{"AttributeName": "id", "KeyType": "HASH"}]));

    let records = aws.call("route53", "ListResourceRecordSets", json!({"HostedZoneId": made["zone"], "MaxItems": "100"})).await;
    let found = records["ResourceRecordSets"].as_array().expect("a list").iter().find(|record| record["Type"] == "A").expect("the record");
    assert_eq!(found["ResourceRecords"], json!([{"Value": "10.0.0.1"}, {"Value": "10.0.0.2"}]));
    assert_eq!(records["IsTruncated"], false);

    assert_eq!(aws.call("s3", "GetBucketVersioning", json!({"Bucket": "plain"})).await, json!({"Status": "Enabled"}));
    let policy = aws.call("s3", "GetBucketPolicy", json!({"Bucket": "plain"})).await;
    assert_eq!(policy["Policy"], r#"{"Version": "2012-10-17", "Statement": []}"#);
    for (bucket, tags) in [("plain", 1), ("dots.in.name", 2)] {
        let answer = aws.call("s3", "GetBucketTagging", json!({"Bucket": bucket})).await;
        assert_eq!(answer["TagSet"].as_array().map(Vec::len), Some(tags), "{answer}");
    }
    assert_eq!(aws.call("sts", "GetCallerIdentity", json!({})).await["Account"], ACCOUNT);

    // The error codes of each protocol, as what is gone is told by them.
    let gone = [
        ("ec2", "DescribeSecurityGroups", json!({"GroupIds": ["sg-0123456789abcdef0"]}), "InvalidGroup.NotFound"),
        ("iam", "GetRole", json!({"RoleName": "absent"}), "NoSuchEntity"),
        ("sqs", "GetQueueAttributes", json!({"QueueUrl": format!("{}/{ACCOUNT}/absent", aws.moto.url())}), "QueueDoesNotExist"),
        ("kms", "DescribeKey", json!({"KeyId": "00000000-0000-0000-0000-000000000000"}), "NotFoundException"),
        ("dynamodb", "DescribeTable", json!({"TableName": "absent"}), "ResourceNotFoundException"),
        ("lambda", "GetFunction", json!({"FunctionName": "absent"}), "ResourceNotFoundException"),
        ("route53", "ListResourceRecordSets", json!({"HostedZoneId": "ZABSENT"}), "NoSuchHostedZone"),
        ("s3", "GetBucketVersioning", json!({"Bucket": "absent"}), "NoSuchBucket"),
        ("s3", "HeadBucket", json!({"Bucket": "absent"}), "404"),
        ("s3", "GetBucketPolicy", json!({"Bucket": "dots.in.name"}), "NoSuchBucketPolicy"),
    ];
    for (service, operation, input, code) in gone {
        let (kind, found, _) = aws.refused(service, operation, input).await;
        assert_eq!((kind, found.as_str()), (CallErrorKind::Service, code), "{service}:{operation}");
    }

    // What cannot be asked is not asked.
    let (kind, _, status) = aws.refused("s3", "GetBucketVersioning", json!({"Bucket": ""})).await;
    assert_eq!((kind, status), (CallErrorKind::Input, 0));

    // The same credentials in another account's place.
    let elsewhere = Place::new("aws", "999999999999", "us-east-1");
    let error = aws.calls.call(&elsewhere, "iam", "GetRole", &json!({"RoleName": "one"})).await.expect_err("another account");
    assert_eq!(error.kind, CallErrorKind::WrongAccount);
    assert!(error.message.contains(ACCOUNT) && error.message.contains("999999999999"), "{error}");
}
