use drift_model::{ReasonKind, Shown, StateId, Value};

use super::*;

const FILE: &str = r#"
[[ignore]]
type = "aws_autoscaling_group"
attribute = "desired_capacity"
reason = "the autoscaler sets it"

[[ignore]]
address = 'module.legacy["a"].*'
state = "s3://states/*"
until = 2027-01-31
reason = "moves"

[[ignore]]
attribute = 'tags["Scanned"]'
until = "2026-01-01"
reason = "a scanner writes it"
"#;

fn instance(address: &str) -> InstanceRef {
    let key = address.parse::<drift_model::Address>().expect("an address").into();
    InstanceRef { state: StateId::s3("states", "prod.tfstate"), key }
}

fn differences(paths: &[&str]) -> Verdict {
    let of = |path: &&str| Difference {
        attribute: path.split(['[', '.']).next().unwrap_or_default().to_owned(),
        path: (*path).to_owned(),
        recorded: Shown::Value(Value::Null),
        live: Shown::Value(Value::from(1)),
        sensitive: false,
    };
    Verdict::of(paths.iter().map(of).collect())
}

#[track_caller]
fn check(address: &str, verdict: Verdict, now: &str, left: &Verdict, hidden: &[(Option<&str>, usize)]) {
    let ignore = Ignore::parse(FILE, "f").expect("parses");
    let sifted = ignore.sift(&instance(address), verdict, now.parse().expect("a time"));
    assert_eq!(&sifted.verdict, left);
    let lines: Vec<_> = sifted.hidden.iter().map(|hidden| (hidden.path.as_deref(), hidden.line)).collect();
    assert_eq!(lines, hidden);
}

#[track_caller]
fn check_error(text: &str, expected: &str) {
    let error = Ignore::parse(text, "ignore.toml").expect_err("refused");
    assert_eq!(error.to_string(), expected);
}

#[test]
fn what_is_ignored_is_hidden_and_counted_and_the_rest_stays() {
    let now = "2025-06-01T00:00:00Z";
    check(
        "aws_autoscaling_group.a",
        differences(&["desired_capacity", "max_size", r#"tags["Scanned"]"#]),
        now,
        &differences(&["max_size"]),
        &[(Some("desired_capacity"), 2), (Some(r#"tags["Scanned"]"#), 13)],
    );
    check("aws_autoscaling_group.a", differences(&["desired_capacity"]), now, &Verdict::InSync, &[(Some("desired_capacity"), 2)]);
    check("aws_ecs_service.a", differences(&["desired_capacity"]), now, &differences(&["desired_capacity"]), &[]);
}

#[test]
fn a_rule_without_an_attribute_ignores_the_instance_as_a_whole() {
    let (now, address) = ("2027-01-31T23:59:59Z", r#"module.legacy["a"].aws_sqs_queue.q[0]"#);
    check(address, Verdict::Missing, now, &Verdict::InSync, &[(None, 7)]);
    let unknown = || Verdict::unknown(ReasonKind::AccessDenied, "no");
    check(address, unknown(), now, &unknown(), &[(None, 7)]);
    check("module.legacy.aws_sqs_queue.q", Verdict::Missing, now, &Verdict::Missing, &[]);
}

#[test]
fn a_rule_ends_after_its_last_day_and_is_reported_then() {
    let address = r#"module.legacy["a"].aws_sqs_queue.q[0]"#;
    check(address, Verdict::Missing, "2027-02-01T00:00:00Z", &Verdict::Missing, &[]);
    let ignore = Ignore::parse(FILE, "f").expect("parses");
    let lines: Vec<_> = ignore.expired("2026-06-01T00:00:00Z".parse().expect("a time")).map(|rule| rule.line).collect();
    assert_eq!(lines, [13]);
}

#[test]
fn what_nobody_manages_is_ignored_by_its_name_or_its_id_and_by_no_other_rule() {
    let ignore = |rule: &str| Ignore::parse(&format!("[[ignore]]\nreason = 'x'\nuntil = 2027-01-31\n{rule}"), "f").expect("parses");
    let found = Unmanaged {
        type_name: "github_repository_webhook".to_owned(),
        id: "shop/7".to_owned(),
        name: "https://ci.example.com/hook".to_owned(),
        url: None,
    };
    let hides = |rule: &str, now: &str| ignore(rule).hides(&found, now.parse().expect("a time"));
    let now = "2027-01-31T12:00:00Z";
    for rule in ["unmanaged = 'https://ci.example.com/*'", "unmanaged = 'shop/*'", "type = 'github_*_webhook'\nunmanaged = '*'"] {
        assert!(hides(rule, now), "{rule}");
        assert!(!hides(rule, "2027-02-01T00:00:00Z"), "{rule}");
    }
    for rule in ["unmanaged = 'shop'", "type = 'github_repository'\nunmanaged = '*'", "type = 'github_*'", "address = '*shop*'"] {
        assert!(!hides(rule, now), "{rule}");
    }
    let sifted =
        ignore("type = 'aws_*'\nunmanaged = '*'").sift(&instance("aws_sqs_queue.q"), Verdict::Missing, now.parse().expect("a time"));
    assert_eq!((sifted.verdict, sifted.hidden), (Verdict::Missing, Vec::new()));
}

#[test]
fn a_file_that_is_wrong_is_refused_with_its_line() {
    check_error(
        "[[ignore]]\nunmanaged = 'a'\nstate = 'b'\nreason = 'x'",
        "ignore.toml:1: what is `unmanaged` has no `address`, `attribute` or `state`: only `type` goes with it",
    );
    check_error("[[ignore]]\naddress = 'a'\n", "ignore.toml:1: this rule has no `reason`: say why, for those who read it later");
    check_error(
        "\n[[ignore]]\nreason = 'x'\naddress = '*'",
        "ignore.toml:2: this rule would ignore everything: give at least one of `address`, `type`, `attribute`, `state`, `unmanaged`",
    );
    check_error("[[ignore]]\ntype='a'\nreason='b'\nuntil='soon'", "ignore.toml:1: `until` is no day: write it as 2027-01-31");
    let Err(IgnoreError::Syntax { line, why, .. }) = Ignore::parse("[[ignore]]\ntype='a'\nreasons='b'", "f") else {
        panic!("an unknown key is refused")
    };
    assert_eq!(line, 3);
    assert!(why.contains("reasons"), "{why}");
    assert!(matches!(Ignore::parse("[[ignore]\n", "f"), Err(IgnoreError::Syntax { line: 1, .. })));
}
