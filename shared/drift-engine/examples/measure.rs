//! What `make bench` measures within one process, each beside its reference. Prints one JSON document.
//!
//! - `measure state BYTES INSTANCES FILE`: writes a state of about so many bytes.
//! - `measure decisions FILE`: records through the decision path (envelope, record, identifiers, index) on one core, beside
//!   bare `serde_json` parsing of the same bytes.
//! - `measure index FILE`, `measure serde FILE`: reads a state as an index is made of it, or into a `serde_json::Value`. Each is a
//!   process of its own, so that its peak memory is its own.

#![expect(clippy::print_stdout, reason = "it is a program")]

use std::{
    collections::BTreeMap,
    env,
    error::Error,
    fs,
    hint::black_box,
    io::{BufWriter, Write},
    pin::pin,
    task::{Context, Poll, Waker},
    time::{Duration, Instant},
};

use drift_catalog::Catalog;
use drift_engine::{index::MemoryIndex, naming};
use drift_events::Outcome;
use drift_model::StateId;
use drift_state::{Settings, State};
use serde_json::{Value, json};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// How long each side of the decision path is measured.
const MEASURED: Duration = Duration::from_secs(2);

fn main() -> Result<()> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let answer = match words.as_slice() {
        ["state", bytes, instances, file] => write_state(bytes.parse()?, instances.parse()?, file)?,
        ["decisions", file] => decisions(&fs::read(file)?)?,
        ["index", file] => timed(file, |bytes| read(bytes, &Catalog::builtin()?).map(|state| state.found.len()))?,
        ["serde", file] => timed(file, |bytes| {
            let value: Value = serde_json::from_slice(bytes)?;
            Ok(value["resources"].as_array().map_or(0, Vec::len))
        })?,
        _ => return Err("usage: measure state BYTES INSTANCES FILE | decisions FILE | index FILE | serde FILE".into()),
    };
    println!("{answer}");
    Ok(())
}

/// A state of security groups and queues, as Terraform writes it: indented, each instance a resource of its own. Where the
/// bytes are more than so many instances need, descriptions and tags fill them; the first two are always the same.
fn write_state(bytes: usize, instances: usize, file: &str) -> Result<Value> {
    let [group, queue] = [0, 1].map(|number| serde_json::to_string_pretty(&resource(number, "")).map_or(0, |text| text.len()));
    let each = bytes.saturating_sub(group + queue) / instances.saturating_sub(2).max(1);
    let filling = "x".repeat(each.saturating_sub(usize::midpoint(group, queue)));
    let mut out = BufWriter::new(fs::File::create(file)?);
    write!(
        out,
        "{{\n  \"version\": 4,\n  \"terraform_version\": \"1.11.4\",\n  \"serial\": 1,\n  \"lineage\": \"bench\",\n  \"resources\": ["
    )?;
    for number in 0..instances {
        let comma = if number == 0 { "" } else { "," };
        write!(out, "{comma}\n{}", serde_json::to_string_pretty(&resource(number, if number < 2 { "" } else { &filling }))?)?;
    }
    writeln!(out, "\n  ],\n  \"check_results\": null\n}}")?;
    out.flush()?;
    Ok(json!({"bytes": fs::metadata(file)?.len(), "instances": instances}))
}

fn resource(number: usize, filling: &str) -> Value {
    let provider = "provider[\"registry.terraform.io/hashicorp/aws\"]";
    let (type_name, attributes) = if number.is_multiple_of(2) {
        let id = format!("sg-{number:017x}");
        let rule = json!({"cidr_blocks": ["10.0.0.0/8"], "description": "inside", "from_port": 443, "to_port": 443, "protocol": "tcp",
                          "ipv6_cidr_blocks": [], "prefix_list_ids": [], "security_groups": [], "self": false});
        let attributes = json!({
            "arn": format!("arn:aws:ec2:us-east-1:123456789012:security-group/{id}"), "id": id, "name": format!("service-{number}"),
            "description": filling, "ingress": [rule], "egress": [rule], "name_prefix": "", "owner_id": "123456789012",
            "revoke_rules_on_delete": false, "tags": {"Name": format!("service-{number}")},
            "tags_all": {"Name": format!("service-{number}")}, "timeouts": null, "vpc_id": "vpc-0a1b2c3d4e5f60718",
        });
        ("aws_security_group", attributes)
    } else {
        let name = format!("jobs-{number}");
        let url = format!("https://sqs.us-east-1.amazonaws.com/123456789012/{name}");
        let attributes = json!({
            "arn": format!("arn:aws:sqs:us-east-1:123456789012:{name}"), "id": url, "url": url, "name": name, "delay_seconds": 0,
            "content_based_deduplication": false, "fifo_queue": false, "kms_master_key_id": "", "max_message_size": 262_144,
            "message_retention_seconds": 345_600, "policy": "", "redrive_policy": "", "receive_wait_time_seconds": 0,
            "sqs_managed_sse_enabled": true, "tags": {"Note": filling}, "tags_all": {}, "visibility_timeout_seconds": 30,
        });
        ("aws_sqs_queue", attributes)
    };
    let instance = json!({"schema_version": 1, "attributes": attributes, "sensitive_attributes": [], "private": "bnVsbA=="});
    json!({"mode": "managed", "type": type_name, "name": format!("n{number}"), "provider": provider, "instances": [instance]})
}

fn read(bytes: &[u8], catalog: &Catalog) -> Result<State> {
    let identifiers = |instance: &drift_model::Instance| naming::identifiers(catalog, instance);
    Ok(drift_state::read(bytes, &Settings { default_place: None, places: BTreeMap::new(), identifiers: &identifiers })?)
}

/// How fast something reads a file, and the most memory that the process had.
fn timed(file: &str, work: impl Fn(&[u8]) -> Result<usize>) -> Result<Value> {
    let bytes = fs::read(file)?;
    let begun = Instant::now();
    let found = black_box(work(&bytes)?);
    let seconds = begun.elapsed().as_secs_f64();
    #[expect(clippy::cast_precision_loss, reason = "a rate")]
    let rate = bytes.len() as f64 / 1e6 / seconds;
    Ok(json!({"bytes": bytes.len(), "found": found, "mb_per_s": rate, "peak_bytes": peak_memory()}))
}

/// The most memory that this process had, in bytes; nothing where the system does not tell.
fn peak_memory() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix(" kB")?.parse::<u64>().ok().map(|kilobytes| kilobytes * 1024)
}

/// Records per second: as the functions decide on them up to the live read, and as `serde_json` parses the same bytes.
fn decisions(state: &[u8]) -> Result<Value> {
    let catalog = Catalog::builtin()?;
    let mut index = MemoryIndex::default();
    let state = read(state, &catalog)?;
    let instances = state.found.len();
    index.add(&StateId("bench".to_owned()), "", &state);
    let bodies: Vec<Vec<u8>> = (0..1_000).map(|number| event(number * 7 % instances.max(1)).to_string().into_bytes()).collect();
    let mut matched = 0_u64;
    let decided = rate(&bodies, |body| {
        for record in drift_events::records(body) {
            if let Outcome::Change(change) = drift_events::read(&record?).outcome {
                matched += u64::try_from(now(naming::matches(&catalog, &index, &change))??.found.len())?;
            }
        }
        Ok(())
    })?;
    let parsed = rate(&bodies, |body| {
        black_box(serde_json::from_slice::<Value>(body)?);
        Ok(())
    })?;
    let bytes: usize = bodies.iter().map(Vec::len).sum();
    Ok(
        json!({"instances": instances, "bytes_per_record": bytes / bodies.len(), "decided_per_s": decided, "parsed_per_s": parsed, "matched": matched}),
    )
}

/// How many bodies a second, over whole rounds.
fn rate(bodies: &[Vec<u8>], mut work: impl FnMut(&[u8]) -> Result<()>) -> Result<f64> {
    let begun = Instant::now();
    let mut rounds = 0_u32;
    while begun.elapsed() < MEASURED {
        for body in bodies {
            work(body)?;
        }
        rounds += 1;
    }
    let each = u32::try_from(bodies.len())?;
    Ok(f64::from(rounds) * f64::from(each) / begun.elapsed().as_secs_f64())
}

/// The EventBridge event of a change to an instance of [`write_state`].
fn event(number: usize) -> Value {
    let (source, name, parameters) = if number.is_multiple_of(2) {
        let ranges = json!({"items": [{"cidrIp": "0.0.0.0/0", "description": "for a moment"}]});
        let permission = json!({"ipProtocol": "tcp", "fromPort": 22, "toPort": 22, "ipRanges": ranges, "groups": {}, "ipv6Ranges": {}});
        ("ec2", "AuthorizeSecurityGroupIngress", json!({"groupId": format!("sg-{number:017x}"), "ipPermissions": {"items": [permission]}}))
    } else {
        let url = format!("https://sqs.us-east-1.amazonaws.com/123456789012/jobs-{number}");
        ("sqs", "SetQueueAttributes", json!({"queueUrl": url, "attributes": {"VisibilityTimeout": "120"}}))
    };
    let issuer = json!({"type": "Role", "principalId": "AROAEXAMPLE", "userName": "AWSReservedSSO_Admin_0123456789abcdef",
                        "accountId": "123456789012",
                        "arn": "arn:aws:iam::123456789012:role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_Admin_0123456789abcdef"});
    let identity = json!({"type": "AssumedRole", "principalId": "AROAEXAMPLE:alice", "accountId": "123456789012",
                          "arn": "arn:aws:sts::123456789012:assumed-role/AWSReservedSSO_Admin_0123456789abcdef/alice",
                          "sessionContext": {"sessionIssuer": issuer, "attributes": {"creationDate": "2026-03-14T09:00:00Z", "mfaAuthenticated": "true"}}});
    let detail = json!({
        "eventVersion": "1.10", "userIdentity": identity, "eventTime": "2026-03-14T09:27:00Z", "eventSource": format!("{source}.amazonaws.com"),
        "eventName": name, "awsRegion": "us-east-1", "sourceIPAddress": "203.0.113.10",
        "userAgent": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36",
        "requestParameters": parameters, "responseElements": {"requestId": "5f0f8b2e-0000-4000-8000-000000000001", "_return": true},
        "requestID": "5f0f8b2e-0000-4000-8000-000000000001", "eventID": format!("0c7a1d34-0000-4000-9000-{number:012}"), "readOnly": false,
        "eventType": "AwsApiCall", "managementEvent": true, "recipientAccountId": "123456789012", "eventCategory": "Management",
    });
    json!({"version": "0", "id": format!("{number}"), "detail-type": "AWS API Call via CloudTrail", "source": format!("aws.{source}"),
           "account": "123456789012", "time": "2026-03-14T09:27:00Z", "region": "us-east-1", "resources": [], "detail": detail})
}

/// The result of a future that waits for nothing, as those of an index in memory.
fn now<F: Future>(future: F) -> Result<F::Output> {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => Ok(output),
        Poll::Pending => Err("an index in memory that waits".into()),
    }
}
