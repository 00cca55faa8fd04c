//! The memory that reading a state takes. One test alone, as the allocator counts what all threads hold.

#[path = "../../drift-model/tests/support/hostile.rs"]
mod hostile;

use std::collections::BTreeMap;

use drift_model::{Declared, identifiers_of};
use drift_state::{Settings, instance, read};
use peak_alloc::PeakAlloc;
use proptest::{
    strategy::{Strategy, ValueTree},
    test_runner::TestRunner,
};
use serde_json::{Value, json};

use hostile::{harmed, harms};

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

/// What reading may take beside the input: a fixed part, and so many bytes a byte. The worst that was measured is 192,
/// of instances that are empty objects.
const FIXED: usize = 64 * 1024;
const A_BYTE: usize = 256;

const AWS: &str = r#"provider["registry.terraform.io/hashicorp/aws"]"#;

#[track_caller]
fn check(bytes: &[u8]) {
    let settings =
        Settings { default_place: None, places: BTreeMap::new(), identifiers: &|instance| identifiers_of(instance, &Declared::default()) };
    let before = MEMORY.current_usage();
    MEMORY.reset_peak_usage();
    let state = read(bytes, &settings);
    for found in state.iter().flat_map(|state| &state.found) {
        let _ = instance(found.bytes(bytes), found.outside());
    }
    let taken = MEMORY.peak_usage().saturating_sub(before);
    let start = String::from_utf8_lossy(&bytes[..bytes.len().min(200)]);
    assert!(taken <= FIXED + A_BYTE * bytes.len(), "{taken} bytes for {} of input: {start}", bytes.len());
}

fn of_one(attributes: &str) -> String {
    format!(
        r#"{{"version": 4, "resources": [{{"mode": "managed", "type": "aws_x", "name": "a", "provider": {}, "instances": [{{"attributes": {attributes}}}]}}]}}"#,
        json!(AWS)
    )
}

#[test]
fn memory_grows_with_the_input_and_no_faster() {
    for part in ["0,", "[],", "{},", "\"\",", "[[]],", "{\"a\":{}},", "\"sg-0a1b2c3d\","] {
        check(of_one(&format!("{{\"role_arns\": [{}0]}}", part.repeat(100_000))).as_bytes());
        check(format!(r#"{{"version": 4, "resources": [{}0]}}"#, part.repeat(20_000)).as_bytes());
        let instances = format!(
            r#"{{"version": 4, "resources": [{{"mode": "managed", "type": "aws_x", "name": "a", "provider": {}, "instances": [{}0]}}]}}"#,
            json!(AWS),
            part.repeat(20_000)
        );
        check(instances.as_bytes());
    }
    let nested = format!("{}{}", "[".repeat(100), "]".repeat(100));
    check(of_one(&format!("{{\"a\": [{}0]}}", format!("{nested},").repeat(2_000))).as_bytes());
    check("[".repeat(100_000).as_bytes());
    check(of_one(&json!({"id": "x".repeat(10 << 20), "name": "\u{1}".repeat(1 << 20)}).to_string()).as_bytes());

    let arn = "arn:aws:sqs:eu-west-1:123456789012:jobs";
    let queue = json!({"index_key": "x", "attributes": {"id": "https://sqs.eu-west-1.amazonaws.com/1/jobs", "arn": arn, "name": "jobs", "tags": {"a": "b"}},
        "sensitive_attributes": [[{"type": "get_attr", "value": "id"}]], "identity": {"region": "eu-west-1"}});
    let state: Value = json!({"version": 4, "serial": 7, "lineage": "l", "resources": [
        {"module": "module.a", "mode": "managed", "type": "aws_sqs_queue", "name": "q", "provider": AWS, "instances": [queue]}]});
    let mut runner = TestRunner::deterministic();
    for _ in 0..500 {
        let harm = harms().new_tree(&mut runner).expect("harms are never rejected").current();
        check(&harmed(&state, &harm));
    }
}
