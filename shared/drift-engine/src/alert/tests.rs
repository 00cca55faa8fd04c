use drift_model::{Difference, Drift, DriftStatus, Severity, Shown, Transition, TransitionKind, Value};
use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::{
    ledger::{bounded, cause},
    memory::examples::{change, instance, place, time},
};

fn alert(kind: TransitionKind, differences: Vec<Difference>) -> Alert {
    let transition = Transition {
        id: "1d".to_owned(),
        kind,
        at: time(1_773_480_430),
        status: DriftStatus::Drifted,
        severity: Severity::Critical,
        during_a_run: false,
    };
    let drift = Drift {
        instance: instance("s3://states/prod.tfstate", r#"module.web["a"].aws_security_group.app"#),
        type_name: "aws_security_group".to_owned(),
        id: Some("sg-1".to_owned()),
        place: Some(place()),
        url: None,
        status: DriftStatus::Drifted,
        severity: Severity::Critical,
        differences,
        unreadable: None,
        causes: vec![cause(&change("c0ffee", 1_773_480_400))],
        also_seen: Vec::new(),
        first_seen: transition.at,
        last_judged: transition.at,
        history: vec![transition.clone()],
        transitions: 1,
    };
    Alert { transition, drift, was: Vec::new() }
}

fn difference(path: &str, recorded: Value, live: Value) -> Difference {
    Difference {
        attribute: path.to_owned(),
        path: path.to_owned(),
        recorded: Shown::Value(recorded),
        live: Shown::Value(live),
        sensitive: false,
    }
}

#[test]
fn an_alert_says_who_what_when_and_where() {
    let differences = vec![
        difference("ingress", json!([{"from_port": 443}]), json!([{"from_port": 443}, {"from_port": 22}])),
        difference("name", json!("a"), Value::Null),
        Difference { recorded: Shown::Hidden, live: Shown::Hidden, sensitive: true, ..difference("token", json!(0), json!(0)) },
    ];
    let rendered = render(&alert(TransitionKind::Opened, differences));
    insta::assert_snapshot!(rendered.subject, @r#"[CRITICAL] drift: module.web["a"].aws_security_group.app"#);
    insta::assert_snapshot!(rendered.text, @r#"
    Something that Terraform manages was changed outside of Terraform.

    severity        critical
    address         module.web["a"].aws_security_group.app
    state           s3://states/prod.tfstate
    resource        aws_security_group sg-1
    account         123456789012
    region          eu-west-1
    looked at       2026-03-14T09:27:10Z

    What differs, recorded -> live:
      ingress:
        + {"from_port":22}
      name: "a" -> (none)
      token: changed (sensitive value)

    Who:
      alice (Admin) from 192.0.2.7, in the console
        sqs:SetQueueAttributes at 2026-03-14T09:26:40Z, record c0ffee

    To see what Terraform would do:
      terraform plan -target='module.web["a"].aws_security_group.app'
    Then apply that, or take the change into the configuration and the state (`terraform apply -refresh-only`).
    This finding closes by itself.

    Transition 1d
    "#);
    insta::assert_snapshot!(rendered.json, @r#"{"version":"1","id":"1d","kind":"opened","at":"2026-03-14T09:27:10Z","status":"drifted","severity":"critical","during_a_run":false,"address":"module.web[\"a\"].aws_security_group.app","deposed":null,"type":"aws_security_group","id_of_resource":"sg-1","state":"s3://states/prod.tfstate","place":{"partition":"aws","account":"123456789012","region":"eu-west-1"},"differences":[{"attribute":"ingress","path":"ingress","recorded":[{"from_port":443}],"live":[{"from_port":443},{"from_port":22}],"sensitive":false},{"attribute":"name","path":"name","recorded":"a","live":null,"sensitive":false},{"attribute":"token","path":"token","recorded":"(sensitive value)","live":"(sensitive value)","sensitive":true}],"was":[],"unreadable":null,"causes":[{"record":"c0ffee","source":"sqs.amazonaws.com","name":"SetQueueAttributes","time":"2026-03-14T09:26:40Z","actor":{"kind":"sso_user","name":"alice (Admin)","tool":null,"console":true},"source_address":"192.0.2.7","user_agent":"Mozilla/5.0"}],"also_seen":[],"first_seen":"2026-03-14T09:27:10Z","left_out":{"differences":0,"was":0,"causes":0,"also_seen":0}}"#);
    insta::assert_debug_snapshot!(rendered.attributes, @r#"
    {
        "account": "123456789012",
        "kind": "opened",
        "region": "eu-west-1",
        "severity": "critical",
        "state": "s3://states/prod.tfstate",
        "status": "drifted",
        "type": "aws_security_group",
    }
    "#);
}

#[test]
fn names_from_the_cloud_cannot_forge_lines_escapes_or_markup() {
    let mut alert = alert(TransitionKind::Opened, vec![difference("tags", json!("a\nWho: bob"), json!("\u{1b}[2J<b>*x*</b>\u{202e}"))]);
    alert.drift.causes[0].actor.name = "eve\r\nseverity low\u{1b}[31m".to_owned();
    alert.drift.causes[0].user_agent = Some("x\u{2028}y".to_owned());
    alert.drift.causes[0].actor.console = false;
    let rendered = render(&alert);
    assert!(!rendered.text.chars().any(|letter| letter.is_control() && letter != '\n'), "{}", rendered.text);
    assert!(!rendered.text.contains('\u{202e}') && !rendered.text.contains('\u{2028}'), "{}", rendered.text);
    assert!(
        !rendered.text.lines().any(|line| line.trim_start().starts_with("Who: bob") || line.starts_with("severity low")),
        "{}",
        rendered.text
    );
    let parsed: Value = serde_json::from_str(&rendered.json).expect("JSON");
    assert_eq!(parsed["causes"][0]["actor"]["name"], "eve\r\nseverity low\u{1b}[31m");
}

#[test]
fn markup_of_slack_and_html_is_text_in_a_mail_and_never_in_a_subject() {
    let forged = "<!channel> <http://evil.example|sign in> <b onload=alert(1)>&amp;</b> *bold* `code`";
    let mut alert = alert(TransitionKind::Opened, vec![difference("tags[\"<!here>\"]", json!("a"), json!(forged))]);
    alert.drift.causes[0].actor.name = forged.to_owned();
    alert.drift.unreadable = Some(drift_model::Reason { kind: drift_model::ReasonKind::Error, message: format!("{forged}\nWho: bob") });
    let rendered = render(&alert);
    // A mail is plain text: what would be markup elsewhere stands there as it was written, within one line.
    assert!(rendered.text.contains(forged) && !rendered.text.lines().any(|line| line.starts_with("Who: bob")), "{}", rendered.text);
    assert!(!rendered.subject.contains("evil") && !rendered.subject.contains("<!"), "{}", rendered.subject);
    assert!(rendered.attributes.values().all(|value| !value.contains('<')));
    assert!(serde_json::from_str::<Value>(&rendered.json).is_ok());
}

#[test]
fn without_a_cause_nobody_is_named() {
    let mut alert = alert(TransitionKind::Opened, vec![difference("name", json!(1), json!(2))]);
    alert.drift.also_seen = std::mem::take(&mut alert.drift.causes);
    let text = render(&alert).text;
    assert!(text.contains("Who: not known.") && text.contains("not known to be the reason"), "{text}");
}

#[test]
fn what_lives_in_github_has_its_page_and_is_not_said_to_be_of_an_account() {
    let mut alert = alert(TransitionKind::Opened, vec![difference("visibility", json!("private"), json!("public"))]);
    let Alert { drift, .. } = &mut alert;
    drift.type_name = "github_repository".to_owned();
    drift.place = None;
    drift.url = Some("https://github.com/acme/shop".to_owned());
    drift.causes.clear();
    let rendered = render(&alert);
    for line in [
        "page            https://github.com/acme/shop\n",
        "\nWho: GitHub does not tell (the organisation's audit log would, which comes with GitHub Enterprise).\n",
    ] {
        assert!(rendered.text.contains(line), "{line} in {}", rendered.text);
    }
    assert!(!rendered.text.contains("account") && !rendered.text.contains("region"), "{}", rendered.text);
    let parsed: Value = serde_json::from_str(&rendered.json).expect("JSON");
    assert_eq!((&parsed["url"], &parsed["place"]), (&json!("https://github.com/acme/shop"), &Value::Null));
    assert!(!rendered.attributes.contains_key("account"));
}

#[test]
fn a_cause_from_the_audit_log_is_told_like_any_other() {
    let mut alert = alert(TransitionKind::Opened, vec![difference("visibility", json!("private"), json!("public"))]);
    alert.drift.type_name = "github_repository".to_owned();
    let cause = &mut alert.drift.causes[0];
    cause.source = "github".to_owned();
    cause.name = "repo.access".to_owned();
    cause.actor = drift_model::Actor { kind: drift_model::ActorKind::User, name: "mallory".to_owned(), tool: None, console: false };
    (cause.source_address, cause.user_agent) = (None, None);
    let rendered = render(&alert);
    let told = "Who:\n  mallory\n    github:repo.access at 2026-03-14T09:26:40Z, record c0ffee\n";
    assert!(rendered.text.contains(told), "{}", rendered.text);
    let parsed: Value = serde_json::from_str(&rendered.json).expect("JSON");
    assert_eq!(parsed["causes"][0]["actor"]["kind"], "user");
}

#[test]
fn however_much_differs_an_alert_fits() {
    let long = "\"x\\".repeat(4_000);
    let differences = (0..300).map(|number| difference(&format!("a{number}"), json!(long), json!([long, number]))).collect();
    let mut alert = alert(TransitionKind::Resolved, bounded(differences));
    alert.was.clone_from(&alert.drift.differences);
    alert.drift.causes = (0..100).map(|number| cause(&change(&format!("{number}{}", "\"".repeat(500)), number))).collect();
    alert.drift.causes.iter_mut().for_each(|cause| cause.user_agent = Some("\"".repeat(200)));
    let rendered = render(&alert);
    let envelope = json!({"default": rendered.text, "email": rendered.text, "json": rendered.json}).to_string();
    assert!(envelope.len() < 256 * 1024, "{}", envelope.len());
    let parsed: Value = serde_json::from_str(&rendered.json).expect("JSON");
    assert!(parsed["left_out"]["differences"].as_u64().is_some());
}

proptest! {
    #[test]
    fn a_subject_is_one_short_line_of_ascii(name in "[a-z_\u{e4}-\u{ff}]{1,200}", key in "\\PC{0,40}") {
        let mut alert = alert(TransitionKind::Opened, Vec::new());
        let key = format!("[{}]", Value::from(key));
        alert.drift.instance.key.address = drift_model::Address::new(None, "aws_sqs_queue", &name, &key);
        let subject = render(&alert).subject;
        prop_assert!(subject.len() < 100 && subject.bytes().all(|byte| matches!(byte, b' '..=b'~')), "{}", subject);
    }

    #[test]
    fn no_text_from_the_cloud_leaves_its_line(text in ".{0,80}") {
        prop_assert!(!neutral(&text).contains(|letter: char| letter.is_control()));
    }
}
