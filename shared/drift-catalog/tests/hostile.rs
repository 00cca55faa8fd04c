//! Values that nobody should record or answer, through every normaliser: each gives a value, and needs no stack for it.

use drift_catalog::{Expression, Normaliser, Root};
use drift_model::Value;
use serde_json::json;

/// Normalising twice is normalising once, of this value as of any.
#[track_caller]
fn check(value: &Value) {
    for normaliser in Normaliser::ALL {
        let once = normaliser.normalise(value.clone());
        assert!(normaliser.normalise(once.clone()) == once, "{normaliser:?}");
    }
}

#[test]
fn texts_of_brackets_megabytes_and_numbers_beyond_all_bounds_are_values() {
    for text in [
        "[".repeat(100_000),
        "{\"a\":".repeat(100_000),
        "x".repeat(10 << 20),
        "\\".repeat(1 << 20),
        ".".repeat(1 << 20),
        "é\u{0}\u{202e}".to_owned(),
    ] {
        check(&json!(text));
        check(&json!([text]));
    }
    for text in ["1e400", "-1e400", &"9".repeat(400), "18446744073709551616", "NaN", "[1e400]", "{\"Statement\": 1e400}"] {
        check(&json!(text));
    }
    for number in [json!(f64::MAX), json!(f64::MIN_POSITIVE), json!(u64::MAX), json!(i64::MIN), json!(-0.0)] {
        check(&number);
    }
}

#[test]
fn what_is_nested_as_deeply_as_json_can_be_read_needs_no_more_stack() {
    let list = (0..120).fold(json!("x"), |inner, _| json!([inner]));
    let object = (0..120).fold(json!("x"), |inner, _| json!({"Statement": inner, "cidr_blocks": "y"}));
    check(&list);
    check(&object);
    check(&json!(object.to_string()));
}

#[test]
fn lists_of_20_000_elements_are_lists() {
    let texts: Value = (0..20_000).map(|number| json!(format!("sg-{number:08x}"))).collect();
    let tags: Value = (0..20_000)
        .map(|number| json!({"Key": format!("k{number}"), "Value": "v", "from_port": number, "cidr_blocks": ["10.0.0.0/8"]}))
        .collect();
    let statements: Value =
        (0..2_000).map(|number| json!({"Effect": "Allow", "Action": [format!("s3:Get{number}")], "Resource": "*"})).collect();
    check(&texts);
    check(&tags);
    check(&json!({"Version": "2012-10-17", "Statement": statements}));
    let expression = Expression::parse("where_in(items, &Key, keys)[].Value").expect("it is JMESPath");
    let found = expression.evaluate(&Root::new(json!({"items": tags, "keys": ["k1", "k19999"]})));
    assert_eq!(found, Ok(json!(["v", "v"])));
}
