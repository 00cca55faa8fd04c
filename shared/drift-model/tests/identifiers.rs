//! By which strings an instance is known, and by which it names others.

use drift_model::{Address, AttributePath, Attributes, Declared, Instance, Strength, identifier_forms, identifiers_of, may_identify};
use insta::assert_snapshot;
use proptest::prelude::*;
use serde_json::{Value, json};

fn instance(type_name: &str, attributes: Value) -> Instance {
    let Value::Object(attributes) = attributes else { panic!("attributes are an object") };
    Instance {
        provider_config: "provider[\"registry.terraform.io/hashicorp/aws\"]".to_owned(),
        ..Instance::new(Address::new(None, type_name, "a", "").into(), "registry.terraform.io/hashicorp/aws", attributes)
    }
}

fn shown(instance: &Instance, declared: &Declared<'_>) -> String {
    let of = |wanted: Strength| {
        let found = identifiers_of(instance, declared).into_iter().filter(|identifier| identifier.strength == wanted);
        found.map(|identifier| identifier.value).collect::<Vec<_>>().join(", ")
    };
    format!("own [{}] hangs on [{}] refers to [{}]", of(Strength::Own), of(Strength::Catalog), of(Strength::Reference))
}

#[test]
fn a_string_is_known_in_all_its_forms() {
    for (text, expected) in [
        ("sg-0a1b2c3d", "sg-0a1b2c3d"),
        ("arn:aws:iam::123456789012:role/path/admin", "arn:aws:iam::123456789012:role/path/admin role/path/admin path/admin path admin"),
        ("arn:aws:sqs:eu-west-1:123456789012:jobs", "arn:aws:sqs:eu-west-1:123456789012:jobs jobs"),
        ("arn:aws:s3:::logs/2026/a.txt", "arn:aws:s3:::logs/2026/a.txt logs/2026/a.txt logs"),
        (
            "arn:aws:logs:eu-west-1:123456789012:log-group:/acme/app:*",
            "arn:aws:logs:eu-west-1:123456789012:log-group:/acme/app log-group:/acme/app /acme/app acme",
        ),
        ("https://sqs.us-east-1.amazonaws.com/123456789012/jobs", "https://sqs.us-east-1.amazonaws.com/123456789012/jobs jobs"),
        ("reader:inline-policy", "reader:inline-policy reader inline-policy"),
        ("example.com.", "example.com"),
    ] {
        assert_eq!(identifier_forms(text).join(" "), expected, "{text}");
    }
}

#[test]
fn what_names_nothing_is_no_identifier() {
    for text in [
        "",
        " ",
        "22",
        "1.0.0",
        "123456789012",
        "10.0.0.0/8",
        "::/0",
        "2001:db8::/32",
        "true",
        "Enabled",
        "default",
        "{\"a\": 1}",
        "<b>",
        "a\nb",
        "four words and one more",
    ] {
        assert!(!may_identify(text), "{text}");
        assert!(identifier_forms(text).is_empty(), "{text}");
    }
    // A part is no region, no zone, no number and no word of a type.
    assert_eq!(identifier_forms("eu-west-1/us-east-1a/42/role/jobs"), ["eu-west-1/us-east-1a/42/role/jobs", "jobs"]);
}

#[test]
fn what_stands_before_the_end_of_an_arn_is_what_the_instance_hangs_on() {
    let arn = "arn:aws:ecs:eu-west-1:123456789012:service/shop/checkout";
    assert_snapshot!(shown(&instance("aws_ecs_service", json!({"id": arn, "name": "checkout"})), &Declared::default()), @"own [arn:aws:ecs:eu-west-1:123456789012:service/shop/checkout, checkout, service/shop/checkout, shop/checkout] hangs on [shop] refers to []");
}

#[test]
fn a_part_that_another_attribute_holds_names_that_other_thing() {
    let policy = json!({"id": "reader:inline", "name": "inline", "role": "reader"});
    assert_snapshot!(shown(&instance("aws_iam_role_policy", policy.clone()), &Declared::default()), @"own [inline, reader:inline] hangs on [] refers to [reader]");
    let references = ["role".to_owned()];
    assert_snapshot!(shown(&instance("aws_iam_role_policy", policy), &Declared { own: &[], references: &references }), @"own [inline, reader:inline] hangs on [reader] refers to []");
}

#[test]
fn own_names_are_those_of_the_type_and_references_are_known_by_their_names_and_looks() {
    let cluster = json!({
        "id": "shop", "cluster_identifier": "shop", "arn": "arn:aws:rds:eu-west-1:123456789012:cluster:shop", "engine": "aurora",
        "db_subnet_group_name": "private", "vpc_security_group_ids": ["sg-0a1b2c3d"], "availability_zone": "eu-west-1a",
        "tags": {"copied-from": "vpc-0a1b2c3d"}, "description": "vpc-0a1b2c3d", "notes": "eni-0123456789abcdef0",
    });
    assert_snapshot!(shown(&instance("aws_rds_cluster", cluster), &Declared::default()), @"own [arn:aws:rds:eu-west-1:123456789012:cluster:shop, cluster:shop, shop] hangs on [] refers to [eni-0123456789abcdef0, private, sg-0a1b2c3d]");
}

#[test]
fn a_declared_path_goes_through_blocks_and_lists() {
    let table = json!({"id": "rtb-0a1b2c3d", "route": [{"gateway_id": "igw-0a1b2c3d", "cidr_block": "0.0.0.0/0"}, {"gateway_id": ""}]});
    let references = ["route.gateway_id".to_owned()];
    assert_snapshot!(shown(&instance("aws_route_table", table), &Declared { own: &[], references: &references }), @"own [rtb-0a1b2c3d] hangs on [igw-0a1b2c3d] refers to []");
}

#[test]
fn no_secret_is_an_identifier() {
    let attributes = json!({
        "id": "shop", "name": "marked-as-sensitive", "password": "arn:aws:iam::123456789012:role/looks-like-one",
        "connection_id": "postgres://app:hunter2@db/x", "access_key_id": "AKIAIOSFODNN7EXAMPLE",
    });
    let secret = Instance { sensitive: vec![AttributePath::attribute("name")], ..instance("aws_db_instance", attributes) };
    assert_snapshot!(shown(&secret, &Declared::default()), @"own [shop] hangs on [] refers to []");
}

#[test]
fn an_instance_has_a_bounded_number_of_identifiers_the_strongest_first() {
    let many: Vec<String> = (0..1_000).map(|number| format!("sg-{number:08x}")).collect();
    let found = identifiers_of(&instance("aws_lb", json!({"id": "own-name", "security_groups": many})), &Declared::default());
    assert_eq!(found.len(), 200);
    assert!(found.iter().any(|identifier| identifier.value == "own-name" && identifier.strength == Strength::Own));
}

proptest! {
    #[test]
    fn forms_are_distinct_parts_of_what_they_are_forms_of(
        text in "(arn:aws:[a-z]{2,5}:[a-z0-9-]{0,9}:[0-9]{0,12}:)?[a-zA-Z0-9:/|,._ -]{0,40}",
    ) {
        let forms = identifier_forms(&text);
        prop_assert!(forms.len() <= 12);
        for (at, form) in forms.iter().enumerate() {
            prop_assert!(text.contains(form.as_str()) && !forms[..at].contains(form), "{form}");
            prop_assert!(may_identify(form), "{form}");
        }
    }

    #[test]
    fn no_value_makes_it_panic(attributes in prop::collection::btree_map("[a-z_]{1,9}", ".{0,30}", 0..6)) {
        let attributes: Attributes = attributes.into_iter().map(|(name, value)| (name, Value::from(value))).collect();
        let found = identifiers_of(&instance("aws_x_y", Value::Object(attributes)), &Declared::default());
        prop_assert!(found.is_sorted());
    }
}
