//! The binary as people and CI run it: what it prints where, and what it exits with. Nothing here needs a cloud.

use std::{
    fs,
    io::Write as _,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use flate2::{Compression, write::GzEncoder};
use serde_json::{Value, json};

/// A folder for one test's files, removed at its end.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-{}", std::process::id()));
        fs::create_dir_all(&path).expect("a folder can be made");
        Self(path)
    }

    fn file(&self, name: &str, content: impl AsRef<[u8]>) -> String {
        let path = self.0.join(name);
        fs::write(&path, content).expect("a file can be written");
        path.display().to_string()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn driftwire(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_driftwire"));
    command.args(arguments).env_clear().env("AWS_EC2_METADATA_DISABLED", "true").env("HOME", "/nonexistent");
    command
}

fn run(arguments: &[&str]) -> Output {
    driftwire(arguments).output().expect("the binary starts")
}

fn run_with_input(arguments: &[&str], input: &[u8]) -> Output {
    let mut child =
        driftwire(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the binary starts");
    child.stdin.take().expect("it has an input").write_all(input).expect("it reads");
    child.wait_with_output().expect("it ends")
}

#[track_caller]
fn document(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {output:?}"))
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("output is UTF-8")
}

/// A state with a queue of an account, and something that no reader reads.
fn state() -> String {
    let provider = "provider[\"registry.terraform.io/hashicorp/aws\"]";
    json!({
        "version": 4, "terraform_version": "1.11.4", "serial": 1, "lineage": "l", "outputs": {}, "check_results": null,
        "resources": [
            {"mode": "managed", "type": "aws_security_group", "name": "web", "provider": provider, "instances": [{
                "schema_version": 1, "sensitive_attributes": [],
                "attributes": {
                    "id": "sg-0a1b2c3d4e5f60718", "name": "web", "vpc_id": "vpc-1",
                    "arn": "arn:aws:ec2:eu-west-1:123456789012:security-group/sg-0a1b2c3d4e5f60718",
                },
            }]},
            {"mode": "managed", "type": "null_resource", "name": "it", "provider": "provider[\"registry.terraform.io/hashicorp/null\"]",
             "instances": [{"schema_version": 0, "attributes": {"id": "1"}, "sensitive_attributes": []}]},
        ],
    })
    .to_string()
}

fn record(id: &str, event: &str, read_only: bool) -> Value {
    json!({
        "eventVersion": "1.10", "eventID": id, "eventTime": "2026-03-14T09:27:00Z", "eventSource": "ec2.amazonaws.com",
        "eventName": event, "awsRegion": "eu-west-1", "sourceIPAddress": "203.0.113.10", "userAgent": "aws-cli/2",
        "userIdentity": {"type": "IAMUser", "userName": "bob\u{1b}[2J", "accountId": "123456789012", "arn": "arn:aws:iam::123456789012:user/bob"},
        "requestParameters": {"groupId": "sg-0a1b2c3d4e5f60718"}, "responseElements": {"_return": true},
        "readOnly": read_only, "eventType": "AwsApiCall", "recipientAccountId": "123456789012",
    })
}

#[test]
fn types_that_no_reader_reads_are_told_and_are_no_error_unless_strict() {
    let folder = Folder::new("unsupported");
    let state = folder.file("a.tfstate", state().replace("aws_security_group", "aws_marvel"));
    let output = run(&["check", "--state", &state, "--json"]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let found = document(&output);
    assert_eq!(found["summary"]["unsupported_types"], json!({"aws_marvel": 1, "null_resource": 1}));
    assert_eq!(found["instances"][0]["reason"]["kind"], "unsupported");
    assert_eq!(found["instances"][0]["verdict"], "unknown");
    assert_eq!(run(&["check", "--state", &state, "--strict"]).status.code(), Some(1));
}

#[test]
fn without_credentials_nothing_is_concluded_and_that_is_an_error() {
    let folder = Folder::new("credentials");
    let state = folder.file("a.tfstate", state());
    let output = run(&["check", "--state", &state, "--json", "--endpoint-url", "http://127.0.0.1:1"]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let found = document(&output);
    let group =
        found["instances"].as_array().and_then(|all| all.iter().find(|one| one["type"] == "aws_security_group")).expect("it is listed");
    assert_eq!(group["verdict"], "unknown", "{group}");
    let tolerated = run(&["check", "--state", &state, "--tolerate-unknown", "--endpoint-url", "http://127.0.0.1:1"]);
    assert_eq!(tolerated.status.code(), Some(0), "{tolerated:?}");
}

#[test]
fn that_there_are_no_credentials_is_what_is_said_where_there_are_none() {
    let folder = Folder::new("no-credentials");
    let state = folder.file("a.tfstate", state());
    let shown = text(&run(&["check", "--state", &state]).stdout);
    assert!(shown.contains("there are no AWS credentials: set AWS_PROFILE"), "{shown}");
}

#[test]
fn an_error_is_told_with_its_causes_on_stderr_alone() {
    let output = run(&["check", "--state", "/nonexistent/a.tfstate", "--json"]);
    assert_eq!((output.status.code(), text(&output.stdout)), (Some(1), String::new()));
    let told = text(&output.stderr);
    assert!(told.starts_with("error: reading /nonexistent/a.tfstate\n  caused by: "), "{told}");
}

#[test]
fn a_wrong_command_line_is_an_error_and_no_drift() {
    for arguments in [&["check"][..], &["check", "--state", "a", "--reader", "crystal"], &["nonsense"]] {
        let output = run(arguments);
        assert_eq!((output.status.code(), text(&output.stdout)), (Some(1), String::new()), "{arguments:?}");
    }
    assert_eq!(run(&["--help"]).status.code(), Some(0));
    assert_eq!(run(&["--version"]).status.code(), Some(0));
}

#[test]
fn a_state_that_is_none_is_an_error_that_says_so() {
    let folder = Folder::new("broken");
    for (content, expected) in
        [("", "empty"), ("{\"version\": 3, \"terraform_version\": \"0.11.14\"}", "version 3"), ("{\"version\": 4,", "line")]
    {
        let state = folder.file("a.tfstate", content);
        let output = run(&["check", "--state", &state]);
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        let told = text(&output.stderr);
        assert!(told.contains(expected) && told.contains(&state), "{told}");
    }
}

#[test]
fn each_record_is_explained_in_order_with_how_it_led_where() {
    let folder = Folder::new("explain");
    let state = folder.file("a.tfstate", state());
    let lines = [
        record("e-1", "AuthorizeSecurityGroupIngress", false).to_string(),
        "not JSON".to_owned(),
        record("e-3", "DescribeSecurityGroups", true).to_string(),
    ];
    let records = folder.file("records.jsonl", lines.join("\n"));
    let output = run(&["explain", &records, "--state", &state, "--json"]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let found = document(&output);
    let outcomes: Vec<_> = found["records"].as_array().expect("a list").iter().map(|record| record["outcome"].clone()).collect();
    assert_eq!(outcomes, ["judged", "malformed", "read_only"]);
    let first = &found["records"][0];
    assert_eq!((&first["event_id"], &first["event"]), (&json!("e-1"), &json!("ec2:AuthorizeSecurityGroupIngress")));
    assert_eq!(first["actor"]["kind"], "iam_user");
    let instance = &first["instances"][0];
    assert_eq!(instance["address"], "aws_security_group.web");
    assert_eq!(instance["state"], json!(state));
    assert_eq!(instance["matched"], json!({"identifier": "sg-0a1b2c3d4e5f60718", "in": "requestParameters.groupId", "strength": "own"}));
    assert_eq!(instance["cause"], true);
    assert_eq!(instance.get("verdict"), None, "nothing was looked at");
}

#[test]
fn records_come_from_files_and_pipes_compressed_or_not_in_every_envelope() {
    let folder = Folder::new("input");
    let state = folder.file("a.tfstate", state());
    let record = record("e-1", "AuthorizeSecurityGroupIngress", false);
    let event = json!({"version": "0", "detail-type": "AWS API Call via CloudTrail", "source": "aws.ec2", "detail": record});
    for body in [record.clone(), json!({"Records": [record]}), event, json!([record])] {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(body.to_string().as_bytes()).expect("memory takes it");
        for input in [body.to_string().into_bytes(), encoder.finish().expect("memory takes it")] {
            let output = run_with_input(&["explain", "-", "--state", &state, "--json"], &input);
            let found = document(&output);
            assert_eq!(found["records"].as_array().map(Vec::len), Some(1), "{body}");
            assert_eq!(found["records"][0]["instances"][0]["address"], "aws_security_group.web", "{body}");
        }
    }
}

#[test]
fn what_the_cloud_wrote_cannot_reach_a_terminal_as_an_escape() {
    let folder = Folder::new("escape");
    let state = folder.file("a.tfstate", state());
    let records = folder.file("record.json", record("e-1\u{9b}2J", "Authorize\u{202e}SecurityGroupIngress", false).to_string());
    for more in [&["--color", "never"][..], &["--json"]] {
        let mut arguments = vec!["explain", &records, "--state", &state];
        arguments.extend(more);
        let output = run(&arguments);
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        let shown = text(&output.stdout);
        assert!(shown.chars().all(|letter| letter == '\n' || !letter.is_control() && letter != '\u{202e}'), "{shown:?}");
    }
}

#[test]
fn colours_are_for_terminals_or_for_those_who_ask() {
    let folder = Folder::new("colour");
    let state = folder.file("a.tfstate", state().replace("aws_security_group", "aws_marvel"));
    let escapes = |arguments: &[&str]| text(&run(arguments).stdout).contains('\u{1b}');
    assert!(!escapes(&["check", "--state", &state]));
    assert!(escapes(&["check", "--state", &state, "--color", "always"]));
}

#[test]
fn a_reader_that_went_away_is_no_error() {
    let folder = Folder::new("pipe");
    let state = folder.file("a.tfstate", state());
    // More than a pipe holds, so that the writer notices.
    let many = vec![record("e-1", "AuthorizeSecurityGroupIngress", false).to_string(); 2_000].join("\n");
    let records = folder.file("records.jsonl", many);
    let mut child = driftwire(&["explain", &records, "--state", &state])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary starts");
    drop(child.stdout.take());
    let output = child.wait_with_output().expect("it ends");
    assert_eq!((output.status.code(), text(&output.stderr)), (Some(0), String::new()));
}

#[test]
fn an_ignore_file_that_is_wrong_says_where() {
    let folder = Folder::new("ignore");
    let state = folder.file("a.tfstate", state().replace("aws_security_group", "aws_marvel"));
    let ignore = folder.file("ignore.toml", "[[ignore]]\ntype = \"aws_marvel\"\n");
    let output = run(&["check", "--state", &state, "--ignore", &ignore]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert!(text(&output.stderr).contains("ignore.toml:1: this rule has no `reason`"), "{output:?}");
}

#[test]
fn an_ignore_file_in_the_working_directory_is_taken_where_no_other_is_named() {
    let folder = Folder::new("ignore_here");
    let state = folder.file("a.tfstate", state().replace("aws_security_group", "aws_marvel"));
    folder.file(".driftwire-ignore.toml", "[[ignore]]\ntype = \"aws_marvel\"\n");
    let named = folder.file("named.toml", "[[ignore]]\ntype = \"aws_marvel\"\nreason = \"known\"\n");
    let here = |arguments: &[&str]| driftwire(arguments).current_dir(&folder.0).output().expect("the binary starts");
    let output = here(&["check", "--state", &state]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert!(text(&output.stderr).contains(".driftwire-ignore.toml:1: this rule has no `reason`"), "{output:?}");
    let output = here(&["check", "--state", &state, "--ignore", &named, "--json"]);
    assert_eq!(document(&output)["summary"]["ignored"], 1, "{output:?}");
}
