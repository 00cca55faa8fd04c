//! The memory that reading a body takes. One test alone, as the allocator counts what all threads hold.

#[path = "../../drift-model/tests/support/hostile.rs"]
mod hostile;

use drift_events::{read, records};
use peak_alloc::PeakAlloc;
use proptest::{
    strategy::{Strategy, ValueTree},
    test_runner::TestRunner,
};
use serde_json::json;

use hostile::{harmed, harms};

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

/// What reading may take beside the input: a fixed part, and so many bytes a byte. The worst that was measured is 68,
/// of lists of empty objects, each of which is a malformed record.
const FIXED: usize = 64 * 1024;
const A_BYTE: usize = 100;

#[track_caller]
fn check(body: &[u8]) {
    let before = MEMORY.current_usage();
    MEMORY.reset_peak_usage();
    let mut outcomes = 0;
    for record in records(body).into_iter().flatten() {
        let _ = read(&record);
        outcomes += 1;
    }
    let taken = MEMORY.peak_usage().saturating_sub(before);
    let most = FIXED + A_BYTE * body.len();
    let start = String::from_utf8_lossy(&body[..body.len().min(60)]);
    assert!(taken <= most, "{taken} bytes for {} of input, {outcomes} records: {start}", body.len());
}

#[test]
fn memory_grows_with_the_input_and_no_faster() {
    for part in ["0,", "\"\",", "{},", "[],", "\"sg-0a1b2c3d\",", "{\"detail\":{}},"] {
        check(format!("[{}0]", part.repeat(100_000)).as_bytes());
        let names = format!("[{}0]", part.repeat(20_000));
        check(format!(r#"{{"eventID":"e","eventSource":"a","eventName":"b","awsRegion":"c","recipientAccountId":"1","eventTime":"2026-03-14T09:27:00Z","requestParameters":{names}}}"#).as_bytes());
    }
    check("x\n".repeat(100_000).as_bytes());
    check("[".repeat(100_000).as_bytes());
    check(json!({"eventID": "e", "eventSource": "a", "eventName": "b", "userAgent": "\n".repeat(10 << 20)}).to_string().as_bytes());
    let ids: Vec<String> = (0..1_000).map(|number| format!("sg-{number:08x}")).collect();
    let record = json!({
        "eventID": "e-1", "eventTime": "2026-03-14T09:27:00Z", "eventSource": "ec2.amazonaws.com", "eventName": "CreateTags",
        "awsRegion": "eu-west-1", "recipientAccountId": "123456789012", "userIdentity": {"type": "Root", "arn": "arn:aws:iam::1:root"},
        "requestParameters": {"groupId": "sg-0a1b2c3d", "tags": [{"key": "a", "value": "sg-0badcafe"}]}, "resources": [{"ARN": "arn:aws:s3:::logs"}],
    });
    let mut long = record.clone();
    long["requestParameters"] = json!({"k".repeat(200_000): ids});
    check(long.to_string().as_bytes());

    let mut runner = TestRunner::deterministic();
    let notification = json!({"TopicArn": "t", "Message": json!({"detail": record}).to_string()});
    for document in [json!({"detail": record}), json!({"Records": [record, record]}), notification, record] {
        for _ in 0..200 {
            let harm = harms().new_tree(&mut runner).expect("harms are never rejected").current();
            check(&harmed(&document, &harm));
        }
    }
}
