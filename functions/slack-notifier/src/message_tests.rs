use drift_model::{Actor, ActorKind, DriftStatus, Place, Reason, RecordId, Shown, Timestamp, Tool, Transition, TransitionKind};
use proptest::prelude::*;

use super::*;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_773_480_430 + second).expect("it is a time")
}

fn difference(path: &str, recorded: Value, live: Value) -> Difference {
    let (recorded, live) = (Shown::Value(recorded), Shown::Value(live));
    Difference { attribute: path.to_owned(), path: path.to_owned(), recorded, live, sensitive: false }
}

fn cause(record: &str, name: &str) -> Cause {
    Cause {
        record: RecordId(record.to_owned()),
        source: "ec2.amazonaws.com".to_owned(),
        name: "AuthorizeSecurityGroupIngress".to_owned(),
        time: at(-30),
        actor: Actor { kind: ActorKind::SsoUser, name: name.to_owned(), tool: None, console: true },
        source_address: Some("203.0.113.42".to_owned()),
        user_agent: Some("Mozilla/5.0".to_owned()),
    }
}

fn alert() -> Alert {
    Alert {
        transition: Transition {
            id: "1d".to_owned(),
            kind: TransitionKind::Opened,
            at: at(0),
            status: DriftStatus::Drifted,
            severity: Severity::Critical,
            during_a_run: false,
        },
        address: r#"module.web["a"].aws_security_group.app"#.to_owned(),
        deposed: None,
        type_name: "aws_security_group".to_owned(),
        id_of_resource: Some("sg-1".to_owned()),
        state: "s3://states/prod.tfstate".to_owned(),
        place: Some(Place::new("aws", "123456789012", "eu-west-1")),
        url: None,
        differences: vec![difference("ingress", json!([]), json!([{"cidr": "0.0.0.0/0", "port": 22}]))],
        was: Vec::new(),
        unreadable: None,
        causes: vec![cause("0c7a1d34-0000-4000-9000-000000000001", "mallory@example.com (AdministratorAccess)")],
        also_seen: Vec::new(),
        first_seen: at(0),
        left_out: LeftOut::default(),
    }
}

/// A message as people see it: the bar's colour, and a line for each text.
fn seen(message: &Value) -> String {
    let texts = texts(message).join("\n");
    format!(
        "[{}] {}\n---\n{texts}",
        message["attachments"][0]["color"].as_str().unwrap_or_default(),
        message["text"].as_str().unwrap_or_default()
    )
}

/// Every text of the blocks.
fn texts(message: &Value) -> Vec<String> {
    fn collect(value: &Value, into: &mut Vec<String>) {
        match value {
            Value::Object(members) => {
                if let Some(text) = members.get("text").and_then(Value::as_str) {
                    into.push(text.to_owned());
                }
                members.values().for_each(|value| collect(value, into));
            }
            Value::Array(items) => items.iter().for_each(|item| collect(item, into)),
            _ => {}
        }
    }
    let mut found = Vec::new();
    collect(&message["blocks"], &mut found);
    collect(&message["attachments"], &mut found);
    found
}

#[test]
fn an_alert_says_who_what_where_and_how_bad() {
    insta::assert_snapshot!(seen(&of_alert(&alert())), @r#"
    [#d7263d] CRITICAL: drift: module.web["a"].aws_security_group.app in s3://states/prod.tfstate
    ---
    CRITICAL: drift: module.web["a"].aws_security_group.app
    Something that Terraform manages was changed outside of Terraform.
    *Address*
    `module.web["a"].aws_security_group.app`
    *State*
    `s3://states/prod.tfstate`
    *Account and region*
    `123456789012 eu-west-1`
    *Resource*
    `aws_security_group sg-1`
    *Severity*
    critical
    *Looked at*
    2026-03-14 09:27:10 UTC
    *Who*
    `mallory@example.com (AdministratorAccess)`
    SSO user, in the console
    *Call*
    `ec2:AuthorizeSecurityGroupIngress`
    2026-03-14 09:26:40 UTC
    *From where*
    `203.0.113.42`
    `Mozilla/5.0`
    *What differs* (- recorded, + live)
    ```
      ingress:
    +   {"cidr":"0.0.0.0/0","port":22}
    ```
    <https://eu-west-1.console.aws.amazon.com/ec2/home?region=eu-west-1#SecurityGroup:groupId=sg-1|Open in the AWS console>
    <https://eu-west-1.console.aws.amazon.com/cloudtrailv2/home?region=eu-west-1#/events/0c7a1d34-0000-4000-9000-000000000001|CloudTrail event>
    Transition `1d`
    "#);
}

#[test]
fn what_is_over_is_green_and_says_what_it_was() {
    let mut alert = alert();
    alert.transition.kind = TransitionKind::Resolved;
    alert.transition.status = DriftStatus::Resolved;
    alert.transition.at = at(60);
    alert.was = std::mem::take(&mut alert.differences);
    insta::assert_snapshot!(seen(&of_alert(&alert)), @r#"
    [#2eb67d] drift resolved: module.web["a"].aws_security_group.app in s3://states/prod.tfstate
    ---
    drift resolved: module.web["a"].aws_security_group.app
    It is as recorded again: this finding is closed.
    *Address*
    `module.web["a"].aws_security_group.app`
    *State*
    `s3://states/prod.tfstate`
    *Account and region*
    `123456789012 eu-west-1`
    *Resource*
    `aws_security_group sg-1`
    *Looked at*
    2026-03-14 09:28:10 UTC
    first seen 2026-03-14 09:27:10 UTC
    *What had differed* (- recorded, + live)
    ```
      ingress:
    +   {"cidr":"0.0.0.0/0","port":22}
    ```
    <https://eu-west-1.console.aws.amazon.com/ec2/home?region=eu-west-1#SecurityGroup:groupId=sg-1|Open in the AWS console>
    <https://eu-west-1.console.aws.amazon.com/cloudtrailv2/home?region=eu-west-1#/events/0c7a1d34-0000-4000-9000-000000000001|CloudTrail event>
    Transition `1d`
    "#);
}

#[test]
fn what_cannot_be_told_is_said_in_words() {
    let mut alert = alert();
    alert.transition.status = DriftStatus::Unreadable;
    alert.transition.severity = Severity::Low;
    alert.unreadable = Some(Reason { kind: ReasonKind::AccessDenied, message: "ec2:DescribeSecurityGroups: no".to_owned() });
    alert.differences.clear();
    alert.also_seen = std::mem::take(&mut alert.causes);
    alert.id_of_resource = None;
    alert.transition.during_a_run = true;
    insta::assert_snapshot!(seen(&of_alert(&alert)), @r#"
    [#8d8d8d] LOW: cannot be read: module.web["a"].aws_security_group.app in s3://states/prod.tfstate
    ---
    LOW: cannot be read: module.web["a"].aws_security_group.app
    It was touched and cannot be read: whether it drifted cannot be told.
    The state has been locked for so long that this is told although Terraform may still be at work.
    *Why it cannot be read*: access was denied
    `ec2:DescribeSecurityGroups: no`
    *Address*
    `module.web["a"].aws_security_group.app`
    *State*
    `s3://states/prod.tfstate`
    *Account and region*
    `123456789012 eu-west-1`
    *Resource*
    `aws_security_group`
    *Severity*
    low
    *Looked at*
    2026-03-14 09:27:10 UTC
    *Who*
    not known
    *Also seen around it (not known to be the reason)*
    • `mallory@example.com (AdministratorAccess)` by `ec2:AuthorizeSecurityGroupIngress` at 2026-03-14 09:26:40 UTC, <https://eu-west-1.console.aws.amazon.com/cloudtrailv2/home?region=eu-west-1#/events/0c7a1d34-0000-4000-9000-000000000001|event>
    Transition `1d`
    "#);
}

#[test]
fn a_type_that_no_reader_reads_was_touched_and_not_verified() {
    let mut alert = alert();
    alert.transition.status = DriftStatus::Touched;
    alert.transition.severity = Severity::Low;
    alert.differences.clear();
    alert.causes[0].actor = Actor { kind: ActorKind::Role, name: "role deploy".to_owned(), tool: Some(Tool::Terraform), console: false };
    let seen = seen(&of_alert(&alert));
    assert!(seen.contains("touched, not verified") && seen.contains("role, by what says it is Terraform"), "{seen}");
}

#[test]
fn what_lives_in_github_has_a_link_to_its_page_and_no_account() {
    let mut alert = alert();
    alert.type_name = "github_repository".to_owned();
    alert.address = "github_repository.shop".to_owned();
    alert.id_of_resource = Some("shop".to_owned());
    alert.place = None;
    alert.url = Some("https://github.com/acme/shop".to_owned());
    alert.differences = vec![difference("visibility", json!("private"), json!("public"))];
    alert.causes.clear();
    insta::assert_snapshot!(seen(&of_alert(&alert)), @r#"
    [#d7263d] CRITICAL: drift: github_repository.shop in s3://states/prod.tfstate
    ---
    CRITICAL: drift: github_repository.shop
    Something that Terraform manages was changed outside of Terraform.
    *Address*
    `github_repository.shop`
    *State*
    `s3://states/prod.tfstate`
    *Resource*
    `github_repository shop`
    *Severity*
    critical
    *Looked at*
    2026-03-14 09:27:10 UTC
    *Who*
    GitHub does not tell (the organisation's audit log would, which comes with GitHub Enterprise)
    *What differs* (- recorded, + live)
    ```
    - visibility = "private"
    + visibility = "public"
    ```
    <https://github.com/acme/shop|Open on GitHub>
    Transition `1d`
    "#);
    let change = Cause { source: "github".to_owned(), name: "repo.access".to_owned(), ..cause("audit-1", "mallory") };
    alert.causes = vec![Cause { actor: Actor { kind: ActorKind::User, console: false, ..change.actor.clone() }, ..change }];
    let told = texts(&of_alert(&alert)).join("\n");
    assert!(told.contains("*Who*\n`mallory`\nuser\n*Call*\n`github:repo.access`\n"), "{told}");
    assert!(!told.contains("CloudTrail"), "{told}");
    for astray in ["javascript:alert(1)", "https://evil.example/|sign in", "http://github.com/acme"] {
        alert.url = Some(astray.to_owned());
        assert!(!texts(&of_alert(&alert)).join("\n").contains("Open on GitHub"), "{astray}");
    }
}

#[test]
fn an_alarm_is_about_driftwire_itself() {
    let alarm = Alarm {
        name: "driftwire-dead-letters".to_owned(),
        arn: Some("arn:aws:cloudwatch:eu-west-1:123456789012:alarm:driftwire-dead-letters".to_owned()),
        description: Some("Run `driftwire dead-letters list`.".to_owned()),
        new_state_value: "ALARM".to_owned(),
        new_state_reason: "1 datapoint [3.0] was greater than the threshold (0.0).".to_owned(),
        state_change_time: "2026-03-14T09:27:10.123+0000".to_owned(),
    };
    insta::assert_snapshot!(seen(&of_alarm(&alarm)), @r#"
    [#d7263d] Driftwire itself: driftwire-dead-letters is in alarm
    ---
    Driftwire itself: driftwire-dead-letters is in alarm
    Driftwire itself: `driftwire-dead-letters` is in alarm.
    `Run ˋdriftwire dead-letters listˋ.`
    `1 datapoint [3.0] was greater than the threshold (0.0).`
    <https://eu-west-1.console.aws.amazon.com/cloudwatch/home?region=eu-west-1#alarmsV2:alarm/driftwire-dead-letters|Open the alarm>
    Since `2026-03-14T09:27:10.123+0000`
    "#);
}

#[test]
fn the_newest_changes_are_shown_and_the_others_counted() {
    let mut alert = alert();
    alert.causes = (0..9).map(|at| cause(&format!("e-{at}"), &format!("actor {at}"))).collect();
    alert.left_out = LeftOut { causes: 2, differences: 7, ..LeftOut::default() };
    let message = of_alert(&alert);
    let texts = texts(&message).join("\n");
    let position = |name: &str| texts.find(name);
    assert!(position("actor 8") < position("actor 7") && position("actor 4").is_some() && position("actor 3").is_none(), "{texts}");
    assert!(texts.contains("6 more are left out") && texts.contains("7 more are left out"), "{texts}");
}

/// Whether Slack would take it: its documented limits, and what is known of the undocumented one.
fn refusal(message: &Value) -> Result<(), String> {
    let is_text = |text: &Value, most: usize| -> Result<(), String> {
        let length = text["text"].as_str().map_or(0, |text| text.encode_utf16().count());
        if (1..=most).contains(&length) { Ok(()) } else { Err(format!("a text of {length}, {most} at most: {text}")) }
    };
    let list = |value: &Value, least: usize, most: usize| -> Result<Vec<Value>, String> {
        let list = value.as_array().cloned().unwrap_or_default();
        if (least..=most).contains(&list.len()) { Ok(list) } else { Err(format!("{} of {most} in {value}", list.len())) }
    };
    let attachments = list(&message["attachments"], 1, 20)?;
    let blocks = [vec![message["blocks"].clone()], attachments.iter().map(|attachment| attachment["blocks"].clone()).collect()].concat();
    for blocks in &blocks {
        for block in list(blocks, 1, 50)? {
            match block["type"].as_str() {
                Some("header") => is_text(&block["text"], 150)?,
                Some("section") if block.get("text").is_some() => is_text(&block["text"], 3_000)?,
                Some("section") => list(&block["fields"], 1, 10)?.iter().try_for_each(|field| is_text(field, 2_000))?,
                Some("context") => list(&block["elements"], 1, 10)?.iter().try_for_each(|element| is_text(element, 3_000))?,
                other => return Err(format!("a block of type {other:?}")),
            }
        }
    }
    let sum: usize = texts(message).iter().map(|text| text.encode_utf16().count()).sum();
    if sum > 9_000 {
        return Err(format!("{sum} in all texts"));
    }
    let size = message.to_string().encode_utf16().count();
    if size > 16_000 { Err(format!("{size} in all")) } else { Ok(()) }
}

/// Whatever is markup is ours: links of ours, each whole, and nothing that mentions.
fn foreign_markup(message: &Value) -> Option<String> {
    for text in texts(message).iter().skip(1).chain([&message["text"].as_str().unwrap_or_default().to_owned()]) {
        let mut rest = text.as_str();
        while let Some(at) = rest.find('<') {
            let inside = rest[at + 1..].split('>').next().unwrap_or_default();
            let (url, label) = inside.split_once('|').unwrap_or_default();
            let is_ours = url.starts_with("https://")
                && url
                    .split('/')
                    .nth(2)
                    .is_some_and(|host| host.ends_with("console.aws.amazon.com") || host.ends_with("console.amazonaws.cn"));
            let is_page = ["https://github.com/acme/shop", "http://127.0.0.1:1/a?b=c&amp;d"].contains(&url);
            let of_page = ["Open on GitHub", "Open its page"].contains(&label) && is_page;
            let of_console = ["event", "CloudTrail event", "Open in the AWS console", "Open the alarm"].contains(&label) && is_ours;
            if !of_console && !of_page {
                return Some(format!("{inside} in {text}"));
            }
            rest = &rest[at + 1 + inside.len() + 1..];
        }
        if rest.contains('>') {
            return Some(text.clone());
        }
    }
    None
}

#[test]
fn strangers_texts_are_shown_and_never_obeyed() {
    let forged = "<!channel> <https://evil.example|sign in> `x` ``` *bold* _it_ ~no~ &lt; @here :tada:\n*Who*\nbob\u{202e}\u{1b}[2J";
    let mut alert = alert();
    for text in [&mut alert.address, &mut alert.state, &mut alert.type_name] {
        forged.clone_into(text);
    }
    alert.id_of_resource = Some(forged.to_owned());
    alert.deposed = Some(forged.to_owned());
    alert.place = Some(Place::new("aws", forged, forged));
    alert.differences = vec![difference(forged, json!({forged: forged}), json!([forged]))];
    alert.unreadable = Some(Reason { kind: ReasonKind::Error, message: forged.to_owned() });
    alert.causes = vec![cause(forged, forged), cause(forged, forged)];
    alert.also_seen = alert.causes.clone();
    alert.transition.id = forged.to_owned();
    alert.url = Some(format!("https://github.com/{forged}"));
    let message = of_alert(&alert);
    assert_eq!(refusal(&message), Ok(()));
    assert_eq!(foreign_markup(&message), None);
    let texts = texts(&message).join("\u{1}");
    assert!(!texts.contains(['\u{202e}', '\u{1b}']), "{texts}");
    assert!(!texts.contains("\nbob"), "a line of a stranger's: {texts}");
    // Within code nothing is formatted; outside of it nothing of a stranger's stands but in the header, which is plain.
    let outside: String = texts.split('\u{1}').skip(1).flat_map(|text| text.split('`').step_by(2)).collect();
    assert!(!outside.contains("evil") && !outside.contains("bold"), "{outside}");
}

prop_compose! {
    fn text()(short in any::<String>(), sign in "[`<>&\"\\\\a😀\n]{1,3}", times in prop_oneof![Just(0usize), 1usize..40, 200usize..3_000]) -> String {
        short + &sign.repeat(times)
    }
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![Just(Value::Null), any::<bool>().prop_map(Value::from), text().prop_map(Value::from)];
    leaf.prop_recursive(2, 12, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..30).prop_map(Value::Array),
            (text(), inner).prop_map(|(name, value)| json!({name: value})),
        ]
    })
}

fn any_difference() -> impl Strategy<Value = Difference> {
    (text(), value(), value(), any::<bool>()).prop_map(|(path, recorded, live, sensitive)| {
        let shown = |value| if sensitive { Shown::Hidden } else { Shown::Value(value) };
        Difference { attribute: path.clone(), path, recorded: shown(recorded), live: shown(live), sensitive }
    })
}

fn any_cause() -> impl Strategy<Value = Cause> {
    (text(), text(), text(), prop::option::of(text()), prop::option::of(text())).prop_map(|(record, source, name, address, agent)| Cause {
        source,
        source_address: address,
        user_agent: agent,
        ..cause(&record, &name)
    })
}

fn any_alert() -> impl Strategy<Value = Alert> {
    use DriftStatus as Status;
    let status = prop_oneof![
        Just(Status::Drifted),
        Just(Status::Missing),
        Just(Status::Unreadable),
        Just(Status::Touched),
        Just(Status::Resolved),
        Just(Status::NoLongerManaged)
    ];
    let kind = prop_oneof![
        Just(TransitionKind::Opened),
        Just(TransitionKind::Changed),
        Just(TransitionKind::Resolved),
        Just(TransitionKind::NoLongerManaged)
    ];
    let names = (text(), text(), text(), prop::option::of(text()), prop::option::of(text()), text());
    let place = prop::option::of(("(aws|aws-cn|x)", text(), "(eu-west-1|global|\\PC{0,9})").prop_map(|(a, b, c)| Place::new(a, b, c)));
    let differences = prop::collection::vec(any_difference(), 0..12);
    let causes = prop::collection::vec(any_cause(), 0..8);
    let url = prop_oneof![Just("https://github.com/acme/shop".to_owned()), Just("http://127.0.0.1:1/a?b=c&d".to_owned()), text()];
    let more = (prop::option::of(text()), any::<bool>(), 0usize..4, any::<usize>(), prop::option::of(url));
    (status, kind, names, place, differences, causes, more).prop_map(|(status, kind, names, place, differences, causes, more)| {
        let (address, type_name, state, id, deposed, transition) = names;
        let (unreadable, during_a_run, page, many, url) = more;
        let mut alert = alert();
        alert.transition = Transition { id: transition, kind, status, during_a_run, ..alert.transition };
        (alert.address, alert.state, alert.place, alert.url) = (address, state, place, url);
        alert.type_name = ["aws_s3_bucket", "aws_sqs_queue", "github_repository"].get(page).map_or(type_name, |known| (*known).to_owned());
        (alert.id_of_resource, alert.deposed) = (id, deposed);
        alert.unreadable = unreadable.map(|message| Reason { kind: ReasonKind::Error, message });
        (alert.differences, alert.was) = (differences.clone(), differences);
        (alert.causes, alert.also_seen) = (causes.clone(), causes);
        let many = many / 16;
        alert.left_out = LeftOut { differences: many, was: many, causes: many, also_seen: many };
        alert.first_seen = at(-1);
        alert
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_alert_comes_in_slack_takes_the_message(alert in any_alert()) {
        let message = of_alert(&alert);
        prop_assert_eq!(refusal(&message), Ok(()));
        prop_assert_eq!(foreign_markup(&message), None);
    }

    #[test]
    fn whatever_alarm_comes_in_slack_takes_the_message(name in text(), description in prop::option::of(text()), reason in text(), state in "(ALARM|OK|x)") {
        let alarm = Alarm {
            arn: Some(format!("arn:aws:cloudwatch:eu-west-1:1:alarm:{name}")),
            name, description, new_state_value: state, new_state_reason: reason.clone(), state_change_time: reason,
        };
        let message = of_alarm(&alarm);
        prop_assert_eq!(refusal(&message), Ok(()));
        prop_assert_eq!(foreign_markup(&message), None);
    }
}
