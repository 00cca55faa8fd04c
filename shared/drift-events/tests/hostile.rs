//! Records and envelopes that nobody should send: one documented outcome each.

#[path = "../../drift-model/tests/support/hostile.rs"]
mod hostile;

use std::fmt::Write as _;

use drift_events::{Outcome, read, records};
use drift_model::Change;
use proptest::prelude::*;
use serde_json::{Value, json};

use hostile::{harmed, harms};

/// The outcomes of all records of a body.
#[track_caller]
fn outcomes(body: &[u8]) -> Vec<Outcome> {
    let found: Vec<_> = records(body)
        .into_iter()
        .map(|record| match record {
            Ok(record) => read(&record).outcome,
            Err(malformed) => Outcome::Malformed { why: malformed.why },
        })
        .collect();
    for outcome in &found {
        check(outcome, body);
    }
    found
}

/// What holds for every outcome.
#[track_caller]
fn check(outcome: &Outcome, body: &[u8]) {
    match outcome {
        Outcome::Malformed { why } => assert!(!why.is_empty() && why.len() < 200, "{why}"),
        Outcome::Failed { code } => assert!(code.len() <= 1_024),
        Outcome::Change(change) => {
            assert!(change.names.len() <= 1_000);
            let texts = [&change.id.0, &change.source, &change.name, &change.place.account, &change.place.region];
            assert!(texts.into_iter().chain(&change.source_address).chain(&change.user_agent).all(|text| text.len() <= 1_024));
            assert!(change.actor.name.chars().count() <= 256);
            let names: usize = change.names.iter().map(|name| name.value.len() + name.at.len()).sum();
            assert!(names <= body.len() + 1_000 * 300, "{names} bytes of names for {} of input", body.len());
        }
        Outcome::ReadOnly | Outcome::Internal => {}
    }
}

fn record() -> Value {
    json!({
        "eventVersion": "1.10", "eventID": "e-1", "eventTime": "2026-03-14T09:27:00Z", "eventSource": "ec2.amazonaws.com",
        "eventName": "AuthorizeSecurityGroupIngress", "awsRegion": "eu-west-1", "sourceIPAddress": "203.0.113.42", "userAgent": "aws-cli/2",
        "userIdentity": {"type": "AssumedRole", "arn": "arn:aws:sts::123456789012:assumed-role/admin/bob", "principalId": "A:bob",
            "accountId": "123456789012", "sessionContext": {"sessionIssuer": {"userName": "admin"}}},
        "requestParameters": {"groupId": "sg-0a1b2c3d", "ipPermissions": {"items": [{"fromPort": 22, "ipRanges": {"items": [{"cidrIp": "0.0.0.0/0"}]}}]},
            "tagSet": {"items": [{"key": "a", "value": "sg-0badcafe"}]}},
        "responseElements": {"securityGroupRuleSet": {"items": [{"securityGroupRuleId": "sgr-0a1b2c3d"}]}}, "readOnly": false,
        "eventType": "AwsApiCall", "recipientAccountId": "123456789012", "resources": [{"ARN": "arn:aws:s3:::logs"}],
    })
}

/// The record with these parameters, written as they are.
fn with(parameters: &str) -> String {
    let mut whole = record();
    whole["requestParameters"] = json!("HERE");
    whole.to_string().replace("\"HERE\"", parameters)
}

#[track_caller]
fn change(text: &str) -> Change {
    match outcomes(text.as_bytes()).as_slice() {
        [Outcome::Change(change)] => (**change).clone(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_hundred_thousand_brackets_are_a_documented_outcome() {
    for (open, close) in [("[", "]"), ("{\"a\":", "}"), ("{\"detail\":", "}"), ("{\"Records\":[", "]}"), ("{\"requestParameters\":[", "]}")]
    {
        let deep = format!("{}0{}", open.repeat(100_000), close.repeat(100_000));
        for body in [deep.clone(), open.repeat(100_000), format!("x\n{deep}")] {
            assert!(outcomes(body.as_bytes()).iter().all(|outcome| matches!(outcome, Outcome::Malformed { .. })), "{open}");
        }
    }
}

#[test]
fn what_is_nested_too_deeply_hides_nothing_beside_it_and_is_counted() {
    let deep = format!("{}\"sg-0badcafe\"{}", "[".repeat(100_000), "]".repeat(100_000));
    let change = change(&with(&format!(r#"{{"a": {deep}, "groupId": "sg-0a1b2c3d"}}"#)));
    assert_eq!((change.names[0].value.as_str(), change.names_left_out), ("sg-0a1b2c3d", 1));
}

#[test]
fn a_value_that_no_machine_holds_hides_nothing_that_stands_after_it() {
    let digits = "9".repeat(400);
    for odd in ["1e400", "-1e400", &digits, "18446744073709551616", "\"\\ud800\"", "\"\\u0000\"", "{\"\\udfff\": 1}"] {
        let change = change(&with(&format!(r#"{{"port": {odd}, "groupId": "sg-0a1b2c3d"}}"#)));
        assert_eq!(change.names[0].value, "sg-0a1b2c3d", "{odd}");
    }
}

#[test]
fn bytes_that_are_no_text_are_malformed() {
    let mut bytes = record().to_string().into_bytes();
    let at = bytes.len() / 2;
    bytes[at] = 0xff;
    assert!(matches!(outcomes(&bytes).as_slice(), [Outcome::Malformed { .. }]));
    bytes[at] = 0;
    assert!(matches!(outcomes(&bytes).as_slice(), [Outcome::Malformed { .. }]));
}

#[test]
fn of_members_that_stand_twice_the_last_counts() {
    let twice = record().to_string().replacen('{', r#"{"eventName": "DescribeVpcs", "requestParameters": {"a": "sg-0badcafe"}, "#, 1);
    assert_eq!(change(&twice).name, "AuthorizeSecurityGroupIngress");
    let envelope = format!(r#"{{"detail": {}, "detail": {{}}}}"#, record());
    assert!(matches!(outcomes(envelope.as_bytes()).as_slice(), [Outcome::Malformed { .. }]));
}

#[test]
fn a_record_of_256_kb_is_one_change_with_bounded_names_and_the_rest_is_counted() {
    let mut ids = String::new();
    for number in 0..12_000 {
        let _ = write!(ids, "\"sg-{number:08x}\",");
    }
    let change = change(&with(&format!(r#"{{"groupIds": [{ids} "x"], "groupId": "sg-0a1b2c3d"}}"#)));
    // The last ones are those of the response and the resources.
    assert_eq!((change.names.len(), change.names_left_out), (1_000, 12_000 + 2 + 2 - 1_000));
}

#[test]
fn tags_do_not_crowd_out_what_the_call_names() {
    let tags: Vec<_> = (0..2_000).map(|number| json!({"key": "k", "value": format!("sg-{number:08x}")})).collect();
    let change = change(&with(&json!({"a_tags": tags, "groupId": "sg-0a1b2c3d"}).to_string()));
    assert!(change.names.iter().any(|name| name.value == "sg-0a1b2c3d" && !name.free_text));
    assert_eq!(change.names_left_out, 1_800);
}

#[test]
fn a_key_as_long_as_the_record_is_not_kept_for_each_name_below_it() {
    let ids: Vec<String> = (0..1_000).map(|number| format!("sg-{number:08x}")).collect();
    let change = change(&with(&json!({"k".repeat(200_000): ids}).to_string()));
    assert!(change.names.len() > 990 && change.names.iter().all(|name| name.at.len() < 300));
}

#[test]
fn texts_of_megabytes_are_cut_and_ids_of_megabytes_are_none() {
    let long = "é".repeat(5 << 20);
    for (member, kept) in [("userAgent", true), ("sourceIPAddress", true), ("eventID", false), ("eventName", false), ("awsRegion", false)] {
        let mut whole = record();
        whole[member] = json!(long);
        let found = outcomes(whole.to_string().as_bytes());
        assert_eq!(matches!(found.as_slice(), [Outcome::Change(_)]), kept, "{member}");
    }
    let mut failed = record();
    failed["errorCode"] = json!(long);
    assert!(
        matches!(outcomes(failed.to_string().as_bytes()).as_slice(), [Outcome::Failed { .. }]),
        "a call that failed never becomes a change"
    );
}

#[test]
fn no_complaint_quotes_what_it_is_about() {
    let secret = "correct-horse-battery";
    for body in [format!("\"{secret}\""), format!("[\"{secret}\"]"), format!(r#"{{"TopicArn": "t", "Message": {{"{secret}": 1}}}}"#)] {
        for outcome in outcomes(body.as_bytes()) {
            let Outcome::Malformed { why } = outcome else { panic!("{outcome:?}") };
            assert!(!why.contains(secret), "{why}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn a_record_that_is_nearly_right_has_one_outcome(harm in harms()) {
        prop_assert!(outcomes(&harmed(&record(), &harm)).len() <= 2_100);
    }

    #[test]
    fn an_envelope_that_is_nearly_right_has_one_outcome_a_record(harm in harms()) {
        let event = json!({"version": "0", "detail-type": "AWS API Call via CloudTrail", "detail": record()});
        let notification = json!({"Type": "Notification", "TopicArn": "t", "Message": event.to_string()});
        for envelope in [event, notification, json!({"Records": [record(), record()]}), json!([record(), null])] {
            let _ = outcomes(&harmed(&envelope, &harm));
        }
    }
}
