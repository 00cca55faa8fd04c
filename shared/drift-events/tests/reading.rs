//! What one record comes to, whatever it holds.

use drift_events::{Outcome, read, records};
use drift_model::Change;
use insta::assert_snapshot;
use proptest::prelude::*;
use serde_json::{Value, json};

/// A record of somebody who opens a security group, with some of its members replaced; null takes one away.
fn record(members: Value) -> Vec<u8> {
    let mut record = json!({
        "eventVersion": "1.10", "eventID": "e-1", "eventTime": "2026-03-14T09:27:00Z", "eventSource": "ec2.amazonaws.com",
        "eventName": "AuthorizeSecurityGroupIngress", "awsRegion": "eu-west-1", "sourceIPAddress": "203.0.113.42", "userAgent": "aws-cli/2",
        "userIdentity": {"type": "IAMUser", "userName": "bob", "accountId": "123456789012", "arn": "arn:aws:iam::123456789012:user/bob"},
        "requestParameters": {"groupId": "sg-0a1b2c3d4e5f60718"}, "responseElements": {"_return": true}, "readOnly": false,
        "eventType": "AwsApiCall", "recipientAccountId": "123456789012",
    });
    if let (Some(record), Value::Object(members)) = (record.as_object_mut(), members) {
        record.extend(members);
        record.retain(|_, value| !value.is_null());
    }
    record.to_string().into_bytes()
}

fn shown(outcome: Outcome) -> String {
    match outcome {
        Outcome::Change(change) => format!("{}:{} at {} in {}", change.source, change.name, change.time, change.place),
        Outcome::ReadOnly => "read-only".to_owned(),
        Outcome::Failed { code } => format!("failed: {code}"),
        Outcome::Internal => "internal".to_owned(),
        Outcome::Malformed { why } => format!("malformed: {why}"),
    }
}

#[track_caller]
fn check(members: Value, expected: &str) {
    assert_eq!(shown(read(&record(members)).outcome), expected);
}

const CHANGE: &str = "ec2.amazonaws.com:AuthorizeSecurityGroupIngress at 2026-03-14T09:27:00Z in aws/123456789012/eu-west-1";

#[test]
fn what_may_have_written_something_is_a_change() {
    check(json!({}), CHANGE);
    check(json!({"readOnly": null}), CHANGE);
    check(json!({"readOnly": "false"}), CHANGE);
    check(json!({"errorCode": ""}), CHANGE);
    check(json!({"eventType": "AwsServiceEvent", "readOnly": null}), CHANGE);
}

#[test]
fn reads_failures_and_bookkeeping_are_told_apart() {
    check(json!({"readOnly": true}), "read-only");
    check(json!({"readOnly": null, "eventName": "DescribeVpcs"}), "read-only");
    check(json!({"errorCode": "Client.UnauthorizedOperation"}), "failed: Client.UnauthorizedOperation");
    check(json!({"errorCode": "Client.DryRunOperation"}), "failed: Client.DryRunOperation");
    check(json!({"eventType": "AwsConsoleSignIn", "eventName": "ConsoleLogin", "eventSource": "signin.amazonaws.com"}), "internal");
}

#[test]
fn what_every_record_has_and_this_one_has_not_is_named() {
    for (absent, why) in [
        ("eventSource", "malformed: no eventSource: not a CloudTrail record"),
        ("eventName", "malformed: no eventName: not a CloudTrail record"),
        ("eventTime", "malformed: no eventTime"),
        ("awsRegion", "malformed: no awsRegion"),
        ("eventID", "malformed: no eventID"),
    ] {
        check(json!({absent: null}), why);
    }
    check(json!({"eventTime": "yesterday"}), "malformed: an eventTime that is no time");
    check(json!({"recipientAccountId": null, "userIdentity": null}), "malformed: no recipientAccountId");
    check(json!({"recipientAccountId": null}), CHANGE);
    assert!(matches!(read(b"[]").outcome, Outcome::Malformed { .. }));
    assert!(matches!(read(b"\xff").outcome, Outcome::Malformed { .. }));
}

#[test]
fn a_time_without_an_offset_is_utc() {
    check(json!({"eventTime": "2026-03-14 09:27:00.000000000"}), CHANGE);
    check(json!({"eventTime": "2026-03-14T10:27:00+01:00"}), CHANGE);
}

#[test]
fn names_are_of_their_service_without_a_date_and_places_of_their_partition() {
    check(
        json!({"eventName": "UpdateFunctionCode20150331v2", "eventSource": "Lambda.amazonaws.com", "awsRegion": "us-gov-west-1"}),
        "lambda.amazonaws.com:UpdateFunctionCode at 2026-03-14T09:27:00Z in aws-us-gov/123456789012/us-gov-west-1",
    );
    assert_eq!(read(&record(json!({"eventName": "UpdateFunctionCode20150331v2"}))).head.event, "ec2:UpdateFunctionCode");
}

#[test]
fn keys_are_taken_in_any_case() {
    let text = String::from_utf8(record(json!({}))).expect("JSON is UTF-8");
    let lower = text.replace("eventSource", "eventsource").replace("awsRegion", "AWSRegion").replace("accountId", "accountid");
    assert_eq!(shown(read(lower.as_bytes()).outcome), CHANGE);
}

fn change(members: Value) -> Change {
    match read(&record(members)).outcome {
        Outcome::Change(change) => *change,
        other => panic!("{other:?}"),
    }
}

/// The names of a change, each with where it stood; `~` marks people's own words.
fn names(members: Value) -> String {
    let names = change(members).names;
    let lines = names.iter().map(|name| format!("{}{} {}", if name.free_text { "~" } else { "" }, name.at, name.value));
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn every_string_that_may_name_a_resource_is_found_wherever_it_stands() {
    let members = json!({
        "requestParameters": {"groupId": "sg-1", "ipPermissions": {"items": [{"groups": {"items": [{"groupId": "sg-2"}]}, "cidr": "10.0.0.0/8", "fromPort": 22}]}},
        "responseElements": {"securityGroupRuleSet": {"items": [{"securityGroupRuleId": "sgr-3", "groupId": "sg-1"}]}, "requestId": "r-9"},
        "resources": [{"ARN": "arn:aws:s3:::logs", "accountId": "123456789012"}],
        "serviceEventDetails": {"snapshotId": "snap-4"},
    });
    assert_snapshot!(names(members), @"
    requestParameters.groupId sg-1
    requestParameters.ipPermissions.items[0].groups.items[0].groupId sg-2
    responseElements.securityGroupRuleSet.items[0].securityGroupRuleId sgr-3
    resources[0].ARN arn:aws:s3:::logs
    serviceEventDetails.snapshotId snap-4
    ");
}

#[test]
fn tags_and_descriptions_are_peoples_own_words_but_not_what_a_service_says_of_a_tag() {
    let members = json!({"requestParameters": {
        "description": "see arn:aws:sqs:eu-west-1:123456789012:jobs",
        "tagSet": {"items": [{"key": "copied-from", "value": "sg-0a1b2c3d4e5f60718"}, {"key": "owner", "value": "team-a"}]},
        "tags": [{"resourceId": "web-asg", "resourceType": "auto-scaling-group", "key": "team", "value": "arn:aws:iam::123456789012:role/a"}],
        "labels": {"tags": {"resourceId": "payments"}},
        "volumeId": "sg-0a1b2c3d4e5f60718",
    }});
    // What stands in a tag and, later, in the request itself counts as named by the request.
    assert_snapshot!(names(members), @"
    ~requestParameters.tagSet.items[0].value sg-0a1b2c3d4e5f60718
    requestParameters.tags[0].resourceId web-asg
    ~requestParameters.tags[0].value arn:aws:iam::123456789012:role/a
    requestParameters.volumeId sg-0a1b2c3d4e5f60718
    ");
}

#[test]
fn no_secret_is_among_the_names() {
    let members = json!({"requestParameters": {
        "masterUserPassword": "hunter2hunter2", "apiKey": "da2-abcdefghijklmnop", "secret": {"secretString": "s3cr3t-value"},
        "url": "postgres://app:hunter2@db/x", "accessKeyId": "AKIAIOSFODNN7EXAMPLE", "name": "kept",
    }});
    assert_snapshot!(names(members), @"requestParameters.name kept");
    let key = json!({"eventSource": "apigateway.amazonaws.com", "requestParameters": {"apiKey": "z3gpmmicib", "value": "kept too"}});
    assert_snapshot!(names(key), @"
    requestParameters.apiKey z3gpmmicib
    requestParameters.value kept too
    ");
}

#[test]
fn a_body_is_its_records_in_every_envelope_and_a_broken_line_costs_only_itself() {
    let one = String::from_utf8(record(json!({}))).expect("JSON is UTF-8");
    let event = json!({"version": "0", "detail-type": "AWS Service Event via CloudTrail", "detail": serde_json::from_str::<Value>(&one).expect("JSON")});
    let notification = json!({"Type": "Notification", "TopicArn": "arn:aws:sns:eu-west-1:1:t", "Message": event.to_string()});
    for (body, expected) in [
        (one.clone(), 1),
        (event.to_string(), 1),
        (notification.to_string(), 1),
        (format!("[{one},{event}]"), 2),
        (format!("{{\"Records\":[{one},{one}]}}"), 2),
        (format!("\u{feff}{one}\n\n{event}\r\n"), 2),
    ] {
        let changes = records(body.as_bytes())
            .into_iter()
            .filter(|record| record.as_ref().is_ok_and(|text| matches!(read(text).outcome, Outcome::Change(_))));
        assert_eq!(changes.count(), expected, "{body}");
    }
    let broken = format!("{one}\n{{\"eventID\"\n{one}");
    let found = records(broken.as_bytes());
    let told: Vec<String> = found.iter().filter_map(|record| record.as_ref().err().map(ToString::to_string)).collect();
    assert_eq!(found.len(), 3);
    assert_snapshot!(told.join("\n"), @"line 2: EOF while parsing an object at line 1 column 10");
    assert_snapshot!(records(b" \n ")[0].as_ref().expect_err("nothing is in it"), @"the body: empty");
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic_and_each_record_has_one_outcome(body in prop::collection::vec(any::<u8>(), 0..200)) {
        for record in records(&body).into_iter().flatten() {
            let _ = read(&record);
        }
    }

    #[test]
    fn no_cut_makes_it_panic(end in 0..700usize) {
        let whole = record(json!({}));
        let cut = &whole[..end.min(whole.len())];
        for record in records(cut).into_iter().flatten() {
            let outcome = read(&record).outcome;
            prop_assert!(cut.len() == whole.len() || matches!(outcome, Outcome::Malformed { .. }), "{outcome:?}");
        }
    }
}
