//! Answers that nobody should give: each is an answer or an error that quotes nothing, and costs no stack.

use drift_catalog::{CallErrorKind, shapes};
use serde_json::Value;

use super::*;

/// Service, operation, and an answer of it that is well formed, one of each protocol.
const ANSWERS: [(&str, &str, &str); 6] = [
    (
        "ec2",
        "DescribeSecurityGroups",
        "<R><securityGroupInfo><item><groupId>sg-1</groupId><ipPermissions><item><fromPort>22</fromPort></item></ipPermissions></item></securityGroupInfo></R>",
    ),
    (
        "iam",
        "GetRole",
        "<GetRoleResponse><GetRoleResult><Role><RoleName>a</RoleName><MaxSessionDuration>3600</MaxSessionDuration><CreateDate>2026-03-14T09:27:00Z</CreateDate></Role></GetRoleResult></GetRoleResponse>",
    ),
    ("sqs", "GetQueueAttributes", r#"{"Attributes": {"DelaySeconds": "30", "Policy": "{\"a\": 1}"}}"#),
    ("dynamodb", "DescribeTable", r#"{"Table": {"TableName": "a", "ItemCount": 5.0, "CreationDateTime": 1773480420.5}}"#),
    ("lambda", "GetFunction", r#"{"Configuration": {"FunctionName": "a", "Timeout": 3, "Environment": {"Variables": {"A": "b"}}}}"#),
    ("s3", "GetBucketTagging", "<Tagging><TagSet><Tag><Key>k</Key><Value>v</Value></Tag></TagSet></Tagging>"),
];

/// What an answer comes to; errors only of the documented kinds.
#[track_caller]
fn answered(service: &str, operation: &str, status: u16, body: &[u8]) -> Result<Value, CallError> {
    let found = UntypedCalls::decoded(service, operation, status, body);
    match &found {
        Ok(answer) => assert!(status == 200 && answer.is_object(), "{service}: {answer}"),
        Err(error) if status == 200 => assert_eq!(error.kind, CallErrorKind::Undecodable, "{service}: {error}"),
        Err(error) => assert_ne!(error.kind, CallErrorKind::Undecodable, "{service}: {error}"),
    }
    found
}

#[test]
fn the_answers_of_this_test_are_well_formed_and_of_every_protocol() {
    let mut protocols: Vec<_> = ANSWERS
        .iter()
        .map(|(service, operation, body)| {
            answered(service, operation, 200, body.as_bytes()).expect("decodes");
            shapes::service(service).map(|service| format!("{:?}", service.protocol)).expect("a table")
        })
        .collect();
    protocols.sort();
    protocols.dedup();
    assert_eq!(protocols, ["Ec2", "Json", "Query", "RestJson", "RestXml"]);
}

#[test]
fn an_answer_that_is_cut_or_changed_anywhere_is_an_answer_or_an_error() {
    for (service, operation, body) in ANSWERS {
        for end in 0..body.len() {
            let _ = answered(service, operation, 200, &body.as_bytes()[..end]);
            for byte in [0, b'<', b'>', b'"', b'&', b'{', b']', 0xff] {
                let mut changed = body.as_bytes().to_vec();
                changed[end] = byte;
                let _ = answered(service, operation, 200, &changed);
                let _ = answered(service, operation, 400, &changed);
            }
        }
    }
}

#[test]
fn a_hundred_thousand_brackets_or_elements_are_an_error() {
    let deep = [
        "[".repeat(100_000),
        "{\"a\":".repeat(100_000),
        "<a>".repeat(100_000),
        format!("{}{}", "<a>".repeat(100_000), "</a>".repeat(100_000)),
    ];
    for (service, operation, _) in ANSWERS {
        for body in &deep {
            let error = answered(service, operation, 200, body.as_bytes()).expect_err("nothing is that deep");
            assert!(error.to_string().len() < 200, "{error}");
            assert!(answered(service, operation, 503, body.as_bytes()).is_err());
        }
    }
}

#[test]
fn numbers_beyond_what_a_machine_holds_are_an_error_or_kept_as_text() {
    let digits = "9".repeat(400);
    for number in ["1e400", "-1e400", &digits] {
        for body in [format!(r#"{{"Table": {{"ItemCount": {number}}}}}"#), format!(r#"{{"Table": {{"CreationDateTime": {number}}}}}"#)] {
            assert!(answered("dynamodb", "DescribeTable", 200, body.as_bytes()).is_err(), "{number}");
        }
        let xml = format!(
            "<R><securityGroupInfo><item><ipPermissions><item><fromPort>{number}</fromPort></item></ipPermissions></item></securityGroupInfo></R>"
        );
        assert!(answered("ec2", "DescribeSecurityGroups", 200, xml.as_bytes()).is_err(), "{number}");
    }
    let more_than_64_bits = r#"{"Table": {"ItemCount": 18446744073709551616}}"#;
    assert!(answered("dynamodb", "DescribeTable", 200, more_than_64_bits.as_bytes()).is_err(), "rounded, it would be another number");
}

#[test]
fn long_texts_odd_bytes_and_repeated_members_are_taken_or_refused() {
    let long = "x".repeat(10 << 20);
    let answer =
        answered("sqs", "GetQueueAttributes", 200, format!(r#"{{"Attributes": {{"Policy": "{long}"}}}}"#).as_bytes()).expect("decodes");
    assert_eq!(answer["Attributes"]["Policy"].as_str().map(str::len), Some(10 << 20));
    let tag = |key: &str| format!("<Tagging><TagSet><Tag><Key>{key}</Key></Tag></TagSet></Tagging>");
    assert!(answered("s3", "GetBucketTagging", 200, tag(&long).as_bytes()).is_ok());
    let error = answered("s3", "GetBucketTagging", 200, tag("\u{1}&unknown;").as_bytes()).expect_err("no such entity");
    assert_eq!(error.message, "not XML: an unknown entity");
    assert!(answered("s3", "GetBucketTagging", 200, b"<Tagging>\xff</Tagging>").is_err());
    assert!(answered("sqs", "GetQueueAttributes", 200, b"{\"Attributes\": \"\xff\"}").is_err());
    let twice =
        answered("sqs", "GetQueueAttributes", 200, br#"{"Attributes": {}, "Attributes": {"a": "\u0000"}}"#).expect("the last counts");
    assert_eq!(twice["Attributes"]["a"], "\u{0}");
}

#[test]
fn a_tag_with_many_attributes_and_a_list_of_many_elements_cost_what_they_weigh() {
    let attributes = (0..50_000).map(|number| format!(" a{number}=\"\"")).collect::<Vec<_>>().concat();
    assert!(answered("s3", "GetBucketTagging", 200, format!("<Tagging{attributes}><TagSet/></Tagging>").as_bytes()).is_ok());
    let tags = "<Tag><Key>k</Key><Value>v</Value></Tag>".repeat(20_000);
    let answer =
        answered("s3", "GetBucketTagging", 200, format!("<Tagging><TagSet>{tags}</TagSet></Tagging>").as_bytes()).expect("decodes");
    assert_eq!(answer["TagSet"].as_array().map(Vec::len), Some(20_000));
}

#[test]
fn what_a_service_says_of_an_error_is_one_line_of_bounded_length() {
    let said = format!("line\nline\u{1b}[31m {}", "x".repeat(1 << 20));
    let body = serde_json::json!({"__type": "ValidationException", "message": said}).to_string();
    let error = answered("dynamodb", "DescribeTable", 400, body.as_bytes()).expect_err("refused");
    assert!(error.message.len() < 500 && !error.message.contains(char::is_control), "{error}");
}
