use drift_model::{Severity, Shown, TransitionKind};
use serde_json::json;

use super::*;

const ALERT: &str = r#"{
    "version": "1", "id": "1d", "kind": "opened", "at": "2026-03-14T09:27:10Z", "status": "drifted", "severity": "critical", "during_a_run": false,
    "address": "aws_security_group.web", "deposed": null, "type": "aws_security_group", "id_of_resource": "sg-1", "state": "s3://states/prod.tfstate",
    "place": {"partition": "aws", "account": "123456789012", "region": "eu-west-1"},
    "differences": [{"attribute": "password", "path": "password", "recorded": "hunter2", "live": "x", "sensitive": true}],
    "was": [], "unreadable": null, "causes": [], "also_seen": [], "first_seen": "2026-03-14T09:27:10Z",
    "left_out": {"differences": 0, "was": 0, "causes": 0, "also_seen": 0}
}"#;

fn with(member: &str, value: Value) -> String {
    let mut alert: Value = serde_json::from_str(ALERT).expect("it is JSON");
    alert[member] = value;
    alert.to_string()
}

fn in_envelope(message: &str) -> String {
    json!({"Type": "Notification", "MessageId": "m", "TopicArn": "arn:aws:sns:eu-west-1:123456789012:driftwire", "Message": message})
        .to_string()
}

#[track_caller]
fn refused(body: &str) -> String {
    let error = Notification::read(body).expect_err("it is none");
    assert!(matches!(error, PortError::Permanent { .. }));
    error.to_string()
}

#[test]
fn an_alert_is_read_with_and_without_the_envelope_of_sns() {
    let raw = Notification::read(ALERT).expect("it is an alert");
    assert_eq!(Notification::read(&in_envelope(ALERT)).expect("it is an alert"), raw);
    assert_eq!(raw.key(), "slack#1d");
    let Notification::Alert(alert) = raw else { panic!("it is an alert") };
    assert_eq!((alert.transition.kind, alert.transition.severity), (TransitionKind::Opened, Severity::Critical));
}

#[test]
fn a_sensitive_value_is_never_taken_in() {
    let Ok(Notification::Alert(alert)) = Notification::read(ALERT) else { panic!("it is an alert") };
    assert_eq!(alert.differences[0].recorded, Shown::Hidden);
}

#[test]
fn what_was_added_to_an_alert_is_no_matter_and_another_version_is() {
    assert!(Notification::read(&with("ticket", json!({"number": 1}))).is_ok());
    for version in [json!("2"), json!(1), Value::Null] {
        assert!(refused(&with("version", version)).contains("deploy a slack-notifier of the same release"));
    }
}

#[test]
fn an_alarm_is_known_by_what_it_changed_to_and_when() {
    let alarm = |state: &str| {
        let alarm = json!({
            "AlarmName": "driftwire-dead-letters", "AlarmArn": "arn:aws:cloudwatch:eu-west-1:123456789012:alarm:driftwire-dead-letters",
            "AlarmDescription": null, "NewStateValue": state, "NewStateReason": "1 datapoint", "StateChangeTime": "2026-03-14T09:27:10.123+0000",
            "OldStateValue": "OK", "Trigger": {"MetricName": "ApproximateNumberOfMessagesVisible"},
        });
        Notification::read(&in_envelope(&alarm.to_string())).expect("it is an alarm").key()
    };
    assert_ne!(alarm("ALARM"), alarm("OK"));
    assert_eq!(
        alarm("ALARM"),
        "slack#alarm#arn:aws:cloudwatch:eu-west-1:123456789012:alarm:driftwire-dead-letters#ALARM#2026-03-14T09:27:10.123+0000"
    );
}

#[test]
fn anything_else_is_refused_with_a_reason_and_nothing_of_it_is_quoted() {
    for (body, said) in [
        ("{", "it is no JSON"),
        ("hunter2", "it is no JSON"),
        ("[]", "neither an alert nor a CloudWatch alarm"),
        (r#"{"driftwire": "sweep"}"#, "neither an alert nor a CloudWatch alarm"),
        (&in_envelope("hello hunter2"), "it is no JSON"),
        (r#"{"Type": "SubscriptionConfirmation", "TopicArn": "arn", "Message": "{}"}"#, "holds no notification"),
        (r#"{"Type": "Notification", "TopicArn": "arn", "Message": ["hunter2"]}"#, "SNS's envelope: a member is absent or of another kind"),
        (&with("severity", json!("hunter2")), "an alert: a member is absent or of another kind"),
        (&with("id", json!("")), "a transition's id is empty"),
        (&with("id", json!("x".repeat(4_000))), "longer than 512 bytes"),
        (r#"{"AlarmName": "x", "NewStateValue": "", "StateChangeTime": "t"}"#, "an alarm's state is empty"),
    ] {
        let reason = refused(body);
        assert!(reason.contains(said), "{reason} for {body}");
        assert!(!reason.contains("hunter2"), "{reason}");
    }
}
