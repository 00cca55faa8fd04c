//! What the reader makes of values: every kind that a schema can describe, recorded and live.

#![expect(clippy::needless_pass_by_value, reason = "a case reads as one expression")]

mod support;

use serde_json::{Value, json};
use support::{Stage, but, instance, thing, things, told};

/// A recorded `test_thing` of this type against the world.
#[track_caller]
fn check(of_type: Value, recorded: Value, expected: &str) -> impl Future<Output = ()> {
    let (caller, expected) = (std::panic::Location::caller(), expected.to_owned());
    async move {
        let stage = Stage::new(json!({"types": {"test_thing": of_type}}));
        assert_eq!(stage.look(recorded).await, expected, "at {caller}");
    }
}

/// A type with an `id` and one attribute `a`, which is live with that value.
fn attribute(mut a: Value, live: Value) -> Value {
    a["optional"] = json!(true);
    json!({"attributes": {"id": {"type": "string", "computed": true}, "a": a}, "live": {"1": {"a": live}}})
}

/// A type with an `id` and a kind of nested block `b`, of which these are live.
fn block(nesting: &str, live: Value) -> Value {
    let b = json!({"nesting": nesting, "attributes": {"port": {"type": "number", "optional": true}}});
    json!({"attributes": {"id": {"type": "string", "computed": true}}, "blocks": {"b": b}, "live": {"1": {"b": live}}})
}

#[tokio::test]
async fn both_versions_of_the_protocol_are_spoken() {
    for protocol in [5, 6] {
        let world = but(things(json!({"1": {"name": "other"}, "2": {}})), "/protocol", json!(protocol));
        let stage = Stage::new(world);
        assert_eq!(stage.look(json!({"id": "1", "name": "a", "size": 1})).await, r#"name: "a" -> "other""#, "version {protocol}");
        assert_eq!(stage.look(json!({"id": "2", "name": "a", "size": 1})).await, "in sync", "version {protocol}");
        assert_eq!(stage.look(json!({"id": "3", "name": "a", "size": 1})).await, "missing", "version {protocol}");
    }
}

#[tokio::test]
async fn what_is_only_written_is_no_part_of_a_state_in_either_version_of_the_protocol() {
    for protocol in [5, 6] {
        let of_type = json!({
            "attributes": {
                "id": {"type": "string", "computed": true},
                "a": {"type": "string", "optional": true},
                "a_wo": {"type": "string", "optional": true, "sensitive": true, "write_only": true},
            },
            "live": {"1": {"a": "y"}},
        });
        let stage = Stage::new(json!({"protocol": protocol, "types": {"test_thing": of_type}}));
        assert_eq!(stage.look(json!({"id": "1", "a": "x", "a_wo": null})).await, r#"a: "x" -> "y""#, "version {protocol}");
    }
}

#[tokio::test]
async fn what_changes_while_the_plugin_runs_is_seen_at_the_next_look() {
    let stage = Stage::new(things(json!({"1": {}})));
    let recorded = json!({"id": "1", "name": "a", "size": 1});
    assert_eq!(stage.look(recorded.clone()).await, "in sync");
    stage.change(things(json!({"1": {"size": 2}})));
    assert_eq!(stage.look(recorded.clone()).await, "size: 1 -> 2");
    stage.change(things(json!({})));
    assert_eq!(stage.look(recorded).await, "missing");
    assert_eq!(stage.pids().len(), 1, "one process for all of it");
}

#[tokio::test]
async fn the_order_of_a_set_is_none_and_that_of_a_list_is_one() {
    check(attribute(json!({"type": ["set", "string"]}), json!(["b", "a"])), json!({"id": "1", "a": ["a", "b"]}), "in sync").await;
    let reordered = r#"a: ["a","b"] -> ["b","a"]"#;
    check(attribute(json!({"type": ["list", "string"]}), json!(["b", "a"])), json!({"id": "1", "a": ["a", "b"]}), reordered).await;
    check(block("set", json!([{"port": 2}, {"port": 1}])), json!({"id": "1", "b": [{"port": 1}, {"port": 2}]}), "in sync").await;
    let members = json!({"nested": {"nesting": "set", "attributes": {"n": {"type": "number", "optional": true}}}});
    check(attribute(members, json!([{"n": 2}, {"n": 1}])), json!({"id": "1", "a": [{"n": 1}, {"n": 2}]}), "in sync").await;
    let nested = json!({"type": ["map", ["list", ["set", "number"]]]});
    check(attribute(nested, json!({"k": [[2, 1], [3]]})), json!({"id": "1", "a": {"k": [[1, 2], [3]]}}), "in sync").await;
}

#[tokio::test]
async fn blocks_of_each_nesting_are_compared_inside() {
    check(block("single", json!({"port": 2})), json!({"id": "1", "b": {"port": 1}}), "b.port: 1 -> 2").await;
    check(block("group", json!({"port": 2})), json!({"id": "1", "b": {"port": 1}}), "b.port: 1 -> 2").await;
    check(block("list", json!([{"port": 2}])), json!({"id": "1", "b": [{"port": 1}]}), "b[0].port: 1 -> 2").await;
    check(block("set", json!([{"port": 2}])), json!({"id": "1", "b": [{"port": 1}]}), "b[0].port: 1 -> 2").await;
    check(block("map", json!({"k": {"port": 2}})), json!({"id": "1", "b": {"k": {"port": 1}}}), "b.k.port: 1 -> 2").await;
}

#[tokio::test]
async fn blocks_in_blocks_are_compared_too() {
    let inner = json!({"nesting": "set", "attributes": {"cidr": {"type": "string", "optional": true}}});
    let of_type = json!({
        "attributes": {"id": {"type": "string", "computed": true}},
        "blocks": {"rule": {"nesting": "list", "blocks": {"source": inner}}},
        "live": {"1": {"rule": [{"source": [{"cidr": "b"}, {"cidr": "a"}]}]}, "2": {"rule": [{"source": [{"cidr": "c"}]}]}},
    });
    let recorded = |id: &str, cidrs: &[&str]| {
        let sources: Vec<_> = cidrs.iter().map(|cidr| json!({"cidr": cidr})).collect();
        json!({"id": id, "rule": [{"source": sources}]})
    };
    check(of_type.clone(), recorded("1", &["a", "b"]), "in sync").await;
    check(of_type, recorded("2", &["a"]), r#"rule[0].source[0].cidr: "a" -> "c""#).await;
}

#[tokio::test]
async fn attributes_of_attributes_are_compared_by_their_nesting() {
    let nested = |nesting: &str| json!({"nested": {"nesting": nesting, "attributes": {"n": {"type": "number", "optional": true}}}});
    check(attribute(nested("single"), json!({"n": 2})), json!({"id": "1", "a": {"n": 1}}), "a.n: 1 -> 2").await;
    check(attribute(nested("list"), json!([{"n": 2}])), json!({"id": "1", "a": [{"n": 1}]}), "a[0].n: 1 -> 2").await;
    check(attribute(nested("map"), json!({"k": {"n": 2}})), json!({"id": "1", "a": {"k": {"n": 1}}}), "a.k.n: 1 -> 2").await;
    check(attribute(nested("single"), json!(null)), json!({"id": "1", "a": {"n": 1}}), r#"a: {"n":1} -> null"#).await;
}

#[tokio::test]
async fn no_blocks_are_no_blocks_whether_null_or_empty() {
    for (nesting, empty) in [("list", json!([])), ("set", json!([])), ("map", json!({}))] {
        check(block(nesting, json!(null)), json!({"id": "1", "b": empty}), "in sync").await;
        check(block(nesting, empty), json!({"id": "1", "b": null}), "in sync").await;
    }
    check(block("single", json!(null)), json!({"id": "1", "b": null}), "in sync").await;
    check(block("list", json!([])), json!({"id": "1", "b": [{"port": 1}]}), r#"b: [{"port":1}] -> []"#).await;
}

#[tokio::test]
async fn a_dynamic_value_is_compared_by_its_value() {
    let dynamic = |value: Value| json!({"type": ["object", {"n": "number"}], "value": {"n": value}});
    check(attribute(json!({"type": "dynamic"}), dynamic(json!(1))), json!({"id": "1", "a": dynamic(json!(1))}), "in sync").await;
    check(attribute(json!({"type": "dynamic"}), dynamic(json!(2))), json!({"id": "1", "a": dynamic(json!(1))}), "a.n: 1 -> 2").await;
    let text = json!({"type": "string", "value": "1"});
    let changed = r#"a: {"n":1} -> "1""#;
    check(attribute(json!({"type": "dynamic"}), text), json!({"id": "1", "a": dynamic(json!(1))}), changed).await;
}

#[tokio::test]
async fn a_number_is_the_same_however_it_is_written() {
    let number = |live: Value| attribute(json!({"type": "number"}), live);
    for live in [json!(5), json!({"$float": 5}), json!({"$number": "5"})] {
        check(number(live), json!({"id": "1", "a": 5}), "in sync").await;
    }
    check(number(json!(0.5)), json!({"id": "1", "a": 0.5}), "in sync").await;
    check(number(json!({"$float": 5.5})), json!({"id": "1", "a": 5}), "a: 5 -> 5.5").await;
    check(number(json!(i64::MIN)), json!({"id": "1", "a": i64::MIN}), "in sync").await;
    check(number(json!({"$number": "18446744073709551615"})), json!({"id": "1", "a": u64::MAX}), "in sync").await;
}

#[tokio::test]
async fn a_number_that_no_double_holds_differs_in_its_last_digit() {
    let stage = Stage::new(things(json!({
        "1": {"size": {"$number": "12345678901234567890123"}}, "2": {"size": {"$number": "12345678901234567890124"}},
    })));
    let recorded = |id: &str| {
        let mut thing = thing(json!({"id": id, "name": null, "size": 1.234_567_890_123_456_8e22}));
        thing.exact = Some(format!(r#"{{"id": "{id}", "name": null, "size": 12345678901234567890123}}"#));
        thing
    };
    assert_eq!(told(&stage.judge(&recorded("1")).await), "in sync");
    let verdict = told(&stage.judge(&recorded("2")).await);
    assert_eq!(verdict, r#"size: "12345678901234567890123" -> "12345678901234567890124""#);
}

#[tokio::test]
async fn what_is_not_known_neither_agrees_nor_differs() {
    for unknown in [json!({"$unknown": true}), json!({"$unknown": {"prefix": "x"}})] {
        let stage = Stage::new(things(json!({"1": {"name": unknown, "size": 2}})));
        assert_eq!(stage.look(json!({"id": "1", "name": "a", "size": 1})).await, "size: 1 -> 2");
    }
    check(block("list", json!([{"port": {"$unknown": true}}])), json!({"id": "1", "b": [{"port": 1}]}), "in sync").await;
}

#[tokio::test]
async fn what_the_schema_calls_sensitive_is_compared_and_never_shown() {
    let hidden = "a: \"(sensitive value)\" -> \"(sensitive value)\"";
    let secret = json!({"type": "string", "sensitive": true});
    check(attribute(secret.clone(), json!("hunter2-live")), json!({"id": "1", "a": "hunter2"}), hidden).await;
    check(attribute(secret, json!("hunter2")), json!({"id": "1", "a": "hunter2"}), "in sync").await;
    let inner = json!({"nested": {"nesting": "list", "attributes": {"pin": {"type": "string", "optional": true, "sensitive": true}}}});
    let stage = Stage::new(json!({"types": {"test_thing": attribute(inner, json!([{"pin": "hunter2-live"}]))}}));
    let verdict = stage.look(json!({"id": "1", "a": [{"pin": "hunter2"}]})).await;
    assert!(verdict.contains("(sensitive value)") && !verdict.contains("hunter2"), "{verdict}");
}

#[tokio::test]
async fn what_the_state_calls_sensitive_is_not_shown_either() {
    let stage = Stage::new(things(json!({"1": {"name": "hunter2-live"}})));
    let mut thing = thing(json!({"id": "1", "name": "hunter2", "size": null}));
    thing.sensitive.push(drift_model::AttributePath::attribute("name"));
    assert_eq!(told(&stage.judge(&thing).await), r#"name: "(sensitive value)" -> "(sensitive value)""#);
}

#[tokio::test]
async fn what_the_provider_alone_computes_is_told_apart_and_is_no_drift() {
    let of_type = json!({
        "attributes": {
            "id": {"type": "string", "computed": true},
            "modified": {"type": "string", "computed": true},
            "zone": {"type": "string", "computed": true, "optional": true},
        },
        "live": {"1": {"modified": "today"}, "2": {"modified": "today", "zone": "b"}},
    });
    let recorded = |id: &str| json!({"id": id, "modified": "yesterday", "zone": "a"});
    check(of_type.clone(), recorded("1"), r#"in sync; computed modified: "yesterday" -> "today""#).await;
    check(of_type, recorded("2"), r#"zone: "a" -> "b"; computed modified: "yesterday" -> "today""#).await;
}

#[tokio::test]
async fn an_attribute_that_the_recorded_state_does_not_have_is_no_difference() {
    let stage = Stage::new(things(json!({"1": {"size": 2}, "2": {"name": "b", "size": 2}})));
    assert_eq!(stage.look(json!({"id": "1", "name": "a"})).await, "in sync");
    assert_eq!(stage.look(json!({"id": "2", "name": "a"})).await, r#"name: "a" -> "b""#);
    // A null that is recorded is a value: somebody gave it one since.
    assert_eq!(stage.look(json!({"id": "1", "name": "a", "size": null})).await, "size: null -> 2");
}

#[tokio::test]
async fn what_the_recorded_state_has_beyond_the_schema_is_no_difference() {
    let stage = Stage::new(things(json!({"1": {}})));
    assert_eq!(stage.look(json!({"id": "1", "name": "a", "size": 1, "retired": "x"})).await, "in sync");
}

#[tokio::test]
async fn a_map_that_was_null_is_a_difference() {
    let map = |live: Value| attribute(json!({"type": ["map", "string"]}), live);
    check(map(json!({"new": "x"})), json!({"id": "1", "a": null}), r#"a: null -> {"new":"x"}"#).await;
}

#[tokio::test]
async fn a_key_that_a_map_has_lost_is_a_difference() {
    let map = |live: Value| attribute(json!({"type": ["map", "string"]}), live);
    check(map(json!({"k": "v"})), json!({"id": "1", "a": {"k": "v", "old": "x"}}), r#"a.old: "x" -> null"#).await;
}

#[tokio::test]
async fn an_element_that_a_set_has_live_alone_is_a_difference() {
    let live = json!([{"port": 1}, {"port": 2}]);
    check(block("set", live.clone()), json!({"id": "1", "b": [{"port": 1}]}), r#"b: [{"port":1}] -> [{"port":1},{"port":2}]"#).await;
    check(block("set", live), json!({"id": "1", "b": []}), r#"b: [] -> [{"port":1},{"port":2}]"#).await;
    let nulls = json!({"id": "1", "b": [{"port": null}]});
    check(block("set", json!([{"port": 2}])), nulls, "b[0].port: null -> 2").await;
}

#[tokio::test]
async fn tags_that_the_providers_configuration_adds_are_no_difference() {
    let tags = json!({"type": ["map", "string"], "optional": true});
    let of_type = json!({
        "attributes": {
            "id": {"type": "string", "computed": true}, "tags": tags, "tags_all": {"type": ["map", "string"], "computed": true, "optional": true},
        },
        "live": {
            "1": {"tags": {"a": "b", "team": "x"}, "tags_all": {"a": "b", "team": "x"}},
            "2": {"tags": {"a": "c", "team": "x"}, "tags_all": {"a": "c", "team": "x"}},
        },
    });
    let recorded = |id: &str| json!({"id": id, "tags": {"a": "b"}, "tags_all": {"a": "b", "team": "x"}});
    check(of_type.clone(), recorded("1"), "in sync").await;
    check(of_type, recorded("2"), r#"tags.a: "b" -> "c""#).await;
}

#[tokio::test]
async fn a_state_of_an_older_version_is_upgraded_by_the_plugin() {
    let world = but(things(json!({"1": {"name": "b"}})), "/types/test_thing/version", json!(2));
    let world = but(world, "/types/test_thing/renamed", json!({"0": {"label": "name"}}));
    let stage = Stage::new(world);
    assert_eq!(stage.look(json!({"id": "1", "label": "a"})).await, r#"name: "a" -> "b""#);
    assert_eq!(stage.calls("UpgradeResourceState")[0]["version"], 0);
}

#[tokio::test]
async fn a_state_of_a_newer_version_is_refused_before_a_plugin_could_misread_it() {
    // terraform-plugin-sdk takes it as it is, terraform-plugin-framework refuses it in words about the provider's developers.
    for takes_newer in [true, false] {
        let stage = Stage::new(but(things(json!({"1": {}})), "/types/test_thing/takes_newer", json!(takes_newer)));
        let mut newer = thing(json!({"id": "1", "name": "a", "size": 1}));
        newer.schema_version = 3;
        let verdict = told(&stage.judge(&newer).await);
        assert!(
            verdict.starts_with("unknown (recorded): its state was written by a newer version of the provider")
                && verdict.contains("test_thing is recorded under version 3 of its schema, and driftwire/test 1.0.0 knows up to 0")
                && verdict.ends_with("use the version that the state was written with, or a newer one"),
            "{verdict}"
        );
        assert_eq!(stage.calls("UpgradeResourceState").len(), 0);
    }
}

#[tokio::test]
async fn the_lowest_version_that_knows_the_state_reads_it() {
    let world = |version: u64| but(things(json!({"1": {"name": format!("by {version}")}})), "/types/test_thing/version", json!(version));
    let stage = Stage::of_versions([("1.0.0", world(1)), ("2.0.0", world(2)), ("3.0.0", world(3))], |settings| settings);
    for (schema_version, by) in [(0, 1), (1, 1), (2, 2), (3, 3)] {
        let mut thing = thing(json!({"id": "1", "name": "a", "size": null}));
        thing.schema_version = schema_version;
        assert_eq!(told(&stage.judge(&thing).await), format!("name: \"a\" -> \"by {by}\""));
    }
}

#[tokio::test]
async fn what_the_state_keeps_for_the_provider_is_handed_to_it() {
    let identity = json!({"version": 1, "attributes": {"region": "string"}});
    let stage = Stage::new(but(things(json!({"1": {}})), "/types/test_thing/identity", identity));
    let mut thing = thing(json!({"id": "1", "name": "a", "size": 1}));
    thing.private = Some("eyJhIjoxfQ==".to_owned());
    thing.identity = Some(json!({"region": "eu-west-1"}));
    thing.identity_schema_version = 1;
    assert_eq!(told(&stage.judge(&thing).await), "in sync");
    let (upgrade, read) = (stage.calls("UpgradeResourceIdentity"), stage.calls("ReadResource"));
    assert_eq!((&upgrade[0]["version"], &upgrade[0]["identity"]), (&json!(1), &json!({"region": "eu-west-1"})));
    assert_eq!((&read[0]["private"], &read[0]["identity"]), (&json!("eyJhIjoxfQ=="), &json!({"region": "eu-west-1"})));
}

#[tokio::test]
async fn an_identity_that_the_plugin_knows_nothing_of_is_left_out() {
    let stage = Stage::new(things(json!({"1": {}})));
    let mut thing = thing(json!({"id": "1", "name": "a", "size": 1}));
    thing.identity = Some(json!({"region": "eu-west-1"}));
    assert_eq!(told(&stage.judge(&thing).await), "in sync");
    assert_eq!(stage.calls("ReadResource")[0]["identity"], Value::Null);
}

#[tokio::test]
async fn a_type_that_the_plugin_does_not_have_is_unsupported() {
    let stage = Stage::new(things(json!({})));
    let other = instance(support::TEST, "test_other", support::attributes(json!({"id": "1"})));
    assert_eq!(told(&stage.judge(&other).await), "unknown (unsupported): driftwire/test 1.0.0 has no test_other");
}

#[tokio::test]
async fn a_block_that_a_map_of_blocks_has_live_alone_is_a_difference() {
    let live = json!({"k": {"port": 1}, "new": {"port": 2}});
    check(block("map", live), json!({"id": "1", "b": {"k": {"port": 1}}}), r#"b.new: null -> {"port":2}"#).await;
}

#[tokio::test]
async fn a_key_of_a_map_in_a_block_is_a_difference() {
    let of_type = json!({
        "attributes": {"id": {"type": "string", "computed": true}},
        "blocks": {"environment": {"nesting": "list", "attributes": {"variables": {"type": ["map", "string"], "optional": true}}}},
        "live": {"1": {"environment": [{"variables": {"k": "v", "new": "x"}}]}},
    });
    let recorded = json!({"id": "1", "environment": [{"variables": {"k": "v"}}]});
    check(of_type, recorded, r#"environment[0].variables.new: null -> "x""#).await;
}

#[tokio::test]
async fn a_key_of_a_map_in_a_list_is_a_difference() {
    let maps = |live: Value| attribute(json!({"type": ["list", ["map", "string"]]}), live);
    check(maps(json!([{"k": "v", "new": "x"}])), json!({"id": "1", "a": [{"k": "v"}]}), r#"a[0].new: null -> "x""#).await;
}

#[tokio::test]
async fn a_key_of_an_empty_map_is_a_difference() {
    let map = |live: Value| attribute(json!({"type": ["map", "string"]}), live);
    check(map(json!({"new": "x"})), json!({"id": "1", "a": {}}), r#"a.new: null -> "x""#).await;
}

#[tokio::test]
async fn a_key_that_a_map_has_live_alone_is_a_difference() {
    let map = |live: Value| attribute(json!({"type": ["map", "string"]}), live);
    check(map(json!({"k": "v", "new": "x"})), json!({"id": "1", "a": {"k": "v"}}), r#"a.new: null -> "x""#).await;
}

#[tokio::test]
async fn a_member_of_a_dynamic_value_that_was_null_is_a_difference() {
    let dynamic = |value: Value| json!({"type": ["object", {"n": "number"}], "value": {"n": value}});
    let of_type = attribute(json!({"type": "dynamic"}), dynamic(json!(5)));
    check(of_type, json!({"id": "1", "a": dynamic(json!(null))}), "a.n: null -> 5").await;
}

#[tokio::test]
async fn a_member_that_a_dynamic_value_has_live_alone_is_a_difference() {
    let dynamic = |of: Value, value: Value| json!({"type": of, "value": value});
    let map = json!(["map", "string"]);
    let of_type = attribute(json!({"type": "dynamic"}), dynamic(map.clone(), json!({"k": "v", "new": "x"})));
    check(of_type, json!({"id": "1", "a": dynamic(map, json!({"k": "v"}))}), r#"a.new: null -> "x""#).await;
}

#[tokio::test]
async fn a_tag_of_the_providers_configuration_that_changed_is_a_difference() {
    let tags = json!({"type": ["map", "string"], "optional": true});
    let of_type = json!({
        "attributes": {
            "id": {"type": "string", "computed": true}, "tags": tags, "tags_all": {"type": ["map", "string"], "computed": true, "optional": true},
        },
        "live": {
            "1": {"tags": {"a": "b", "team": "x"}, "tags_all": {"a": "b", "team": "x"}},
            "2": {"tags": {"a": "c", "team": "x"}, "tags_all": {"a": "c", "team": "x"}},
            "3": {"tags": {"a": "b", "team": "y"}, "tags_all": {"a": "b", "team": "y"}},
        },
    });
    let recorded = |id: &str| json!({"id": id, "tags": {"a": "b"}, "tags_all": {"a": "b", "team": "x"}});
    check(of_type.clone(), recorded("1"), "in sync").await;
    check(of_type.clone(), recorded("2"), r#"tags.a: "b" -> "c""#).await;
    check(of_type, recorded("3"), r#"tags.team: null -> "y""#).await;
}
