use insta::assert_snapshot;
use serde_json::json;

use super::{answer::Response, refusal::Refusal, *};

#[track_caller]
fn decoded(service: &str, operation: &str, body: &str) -> String {
    let call = Call::find(service, operation).expect("in the table");
    let response = Response { status: 200, headers: Vec::new(), body: body.as_bytes() };
    answer::decode(call.service, call.operation, &response).map_or_else(|error| error.to_string(), |answer| answer.to_string())
}

#[track_caller]
fn refused(service: &str, status: u16, headers: Vec<(&str, &str)>, body: &str) -> String {
    let service = shapes::service(service).expect("a table");
    let refusal = Refusal::read(service, &Response { status, headers, body: body.as_bytes() });
    format!("{:?} {}", refusal.kind(), refusal.code())
}

#[track_caller]
fn requested(service: &str, operation: &str, input: &Value) -> String {
    let call = Call::find(service, operation).expect("in the table");
    request::request(call.service, call.name, call.operation, &call.operation.path, input)
        .map_or_else(|error| error.to_string(), |request| format!("{} {} {}", request.method, request.target, request.body))
}

#[test]
fn lists_of_none_one_and_two_are_lists_in_ec2() {
    let of = |items: &str| {
        let body = format!("<R xmlns=\"x\"><securityGroupInfo><item><ipPermissions>{items}</ipPermissions></item></securityGroupInfo></R>");
        decoded("ec2", "DescribeSecurityGroups", &body)
    };
    let item = "<item><fromPort>22</fromPort><ipRanges/></item>";
    assert_snapshot!(of(""), @r#"{"SecurityGroups":[{"IpPermissions":[]}]}"#);
    assert_snapshot!(of(item), @r#"{"SecurityGroups":[{"IpPermissions":[{"FromPort":22,"IpRanges":[]}]}]}"#);
    assert_snapshot!(of(&item.repeat(2)), @r#"{"SecurityGroups":[{"IpPermissions":[{"FromPort":22,"IpRanges":[]},{"FromPort":22,"IpRanges":[]}]}]}"#);
}

#[test]
fn lists_of_none_one_and_two_are_lists_in_query() {
    let of = |items: &str| {
        let result =
            format!("<ListRolePoliciesResult><PolicyNames>{items}</PolicyNames><IsTruncated>false</IsTruncated></ListRolePoliciesResult>");
        decoded("iam", "ListRolePolicies", &format!("<ListRolePoliciesResponse>{result}</ListRolePoliciesResponse>"))
    };
    assert_snapshot!(of(""), @r#"{"IsTruncated":false,"PolicyNames":[]}"#);
    assert_snapshot!(of("<member>a</member>"), @r#"{"IsTruncated":false,"PolicyNames":["a"]}"#);
    assert_snapshot!(of("<member>a</member><member>b &amp; &#x63;</member>"), @r#"{"IsTruncated":false,"PolicyNames":["a","b & c"]}"#);
}

#[test]
fn lists_of_none_one_and_two_are_lists_in_rest_xml_flattened_or_not() {
    let tags = |items: &str| decoded("s3", "GetBucketTagging", &format!("<Tagging><TagSet>{items}</TagSet></Tagging>"));
    let tag = "<Tag><Key>k</Key><Value></Value></Tag>";
    assert_snapshot!(tags(""), @r#"{"TagSet":[]}"#);
    assert_snapshot!(tags(tag), @r#"{"TagSet":[{"Key":"k","Value":""}]}"#);
    assert_snapshot!(tags(&tag.repeat(2)), @r#"{"TagSet":[{"Key":"k","Value":""},{"Key":"k","Value":""}]}"#);
    let cors = |rules: &str| decoded("s3", "GetBucketCors", &format!("<CORSConfiguration>{rules}</CORSConfiguration>"));
    let rule = "<CORSRule><AllowedMethod>GET</AllowedMethod></CORSRule>";
    assert_snapshot!(cors(""), @"{}");
    assert_snapshot!(cors(rule), @r#"{"CORSRules":[{"AllowedMethods":["GET"]}]}"#);
    assert_snapshot!(cors(&rule.repeat(2)), @r#"{"CORSRules":[{"AllowedMethods":["GET"]},{"AllowedMethods":["GET"]}]}"#);
}

#[test]
fn an_answer_that_is_not_what_the_model_says_names_the_member_and_no_value() {
    assert_snapshot!(decoded("kms", "DescribeKey", r#"{"KeyMetadata": {"Enabled": "hunter2"}}"#), @"KeyMetadata.Enabled: not of type boolean");
    assert_snapshot!(decoded("dynamodb", "DescribeTable", "<html>"), @"not JSON: expected value at line 1 column 1");
    assert_snapshot!(decoded("s3", "GetBucketTagging", "<Tagging><TagSet>"), @"not XML: cut off");
}

#[test]
fn every_protocol_says_in_its_own_way_what_is_wrong() {
    let ec2 = "<Response><Errors><Error><Code>RequestLimitExceeded</Code><Message>m</Message></Error></Errors></Response>";
    assert_snapshot!(refused("ec2", 503, vec![], ec2), @"Throttled RequestLimitExceeded");
    let iam = "<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code></Error></ErrorResponse>";
    assert_snapshot!(refused("iam", 403, vec![], iam), @"AccessDenied AccessDenied");
    assert_snapshot!(refused("s3", 404, vec![], "<Error><Code>NoSuchBucket</Code></Error>"), @"Service NoSuchBucket");
    assert_snapshot!(refused("s3", 403, vec![], ""), @"AccessDenied 403");
    assert_snapshot!(refused("s3", 404, vec![], ""), @"Service 404");
    assert_snapshot!(refused("kms", 400, vec![], r#"{"__type":"com.amazonaws.kms#AccessDeniedException"}"#), @"AccessDenied AccessDeniedException");
    assert_snapshot!(refused("dynamodb", 500, vec![], r#"{"__type":"InternalServerError"}"#), @"Transport InternalServerError");
    assert_snapshot!(refused("lambda", 429, vec![("x-amzn-errortype", "TooManyRequestsException:http://x/")], "{}"), @"Throttled TooManyRequestsException");
    let older = ("x-amzn-query-error", "AWS.SimpleQueueService.NonExistentQueue;Sender");
    assert_snapshot!(refused("sqs", 400, vec![older], ""), @"Service AWS.SimpleQueueService.NonExistentQueue");
    assert_snapshot!(refused("route53", 502, vec![], "<html>Bad gateway"), @"Transport 502");
}

#[test]
fn requests_are_written_as_their_protocols_want_them() {
    assert_snapshot!(requested("ec2", "DescribeSecurityGroups", &json!({"GroupIds": ["sg-1", "sg-2"], "NextToken": null})), @"POST / Action=DescribeSecurityGroups&Version=2016-11-15&GroupId.1=sg-1&GroupId.2=sg-2");
    assert_snapshot!(requested("iam", "GetRole", &json!({"RoleName": "a+b/ä"})), @"POST / Action=GetRole&Version=2010-05-08&RoleName=a%2Bb%2F%C3%A4");
    assert_snapshot!(requested("lambda", "GetFunction", &json!({"FunctionName": "a/../b"})), @"GET /2015-03-31/functions/a%2F..%2Fb ");
    assert_snapshot!(requested("s3", "GetBucketPolicy", &json!({"Bucket": "logs"})), @"GET /logs?policy= ");
    assert_snapshot!(requested("s3", "GetBucketPolicy", &json!({"Bucket": ""})), @"needs Bucket");
    assert_snapshot!(requested("kms", "DescribeKey", &json!({"KeyId": "k", "Other": 1})), @"takes no Other");
}
