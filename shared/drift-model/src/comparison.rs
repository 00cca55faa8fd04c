use serde_json::Value;

use crate::{AttributePath, Difference, PathStep, Sensitivity, Shown};

/// One attribute from both sides, normalised: equal in meaning is equal in value. Sets are sorted, JSON in strings is
/// parsed, and what neither side can tell apart is gone.
#[derive(Clone, Debug, PartialEq)]
pub struct Facet {
    /// Terraform's name of the top-level attribute.
    pub attribute: String,
    /// What the state says.
    pub recorded: Value,
    /// What the cloud says.
    pub live: Value,
}

/// The differences between the two sides of each facet, in order of the facets, hidden where they are sensitive.
///
/// Goes down through objects, and through lists of one element on both sides (Terraform's single blocks); any other
/// list or set that differs is one difference. Numbers are equal by value: `1` and `1.0` do not differ.
#[must_use]
pub fn compare(facets: &[Facet], sensitivity: &Sensitivity) -> Vec<Difference> {
    let mut found = Vec::new();
    for facet in facets {
        descend(&AttributePath::attribute(&facet.attribute), &facet.recorded, &facet.live, &mut |path, recorded, live| {
            let sensitive = sensitivity.hides(path, recorded) || sensitivity.hides(path, live);
            let shown = |value: &Value| if sensitive { Shown::Hidden } else { Shown::Value(value.clone()) };
            found.push(Difference {
                attribute: facet.attribute.clone(),
                path: path.to_string(),
                recorded: shown(recorded),
                live: shown(live),
                sensitive,
            });
        });
    }
    found
}

fn descend(path: &AttributePath, recorded: &Value, live: &Value, found: &mut impl FnMut(&AttributePath, &Value, &Value)) {
    match (recorded, live) {
        (Value::Object(before), Value::Object(after)) => {
            for key in before.keys().chain(after.keys().filter(|key| !before.contains_key(*key))) {
                let step = path.then(PathStep::Key(key.clone()));
                descend(&step, before.get(key).unwrap_or(&Value::Null), after.get(key).unwrap_or(&Value::Null), found);
            }
        }
        (Value::Array(before), Value::Array(after)) if before.len() == 1 && after.len() == 1 => {
            descend(&path.then(PathStep::Index(0)), &before[0], &after[0], found);
        }
        _ if same(recorded, live) => {}
        _ => found(path, recorded, live),
    }
}

fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => a == b || (a.is_f64() || b.is_f64()) && a.as_f64() == b.as_f64(),
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b)),
        (Value::Object(a), Value::Object(b)) => a.len() == b.len() && a.iter().all(|(key, a)| b.get(key).is_some_and(|b| same(a, b))),
        _ => a == b,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(recorded: Value, live: Value, expected: &[&str]) {
        let facet = Facet { attribute: "a".to_owned(), recorded, live };
        let found = compare(&[facet], &Sensitivity::default());
        let shown: Vec<String> = found
            .iter()
            .map(|difference| {
                let text = |side: &Shown| serde_json::to_string(side).expect("a value prints");
                format!("{}: {} -> {}", difference.path, text(&difference.recorded), text(&difference.live))
            })
            .collect();
        assert_eq!(shown, expected);
    }

    #[test]
    fn goes_down_to_what_differs() {
        check(
            json!([{"tokens": "required", "hops": 1}]),
            json!([{"tokens": "optional", "hops": 1.0}]),
            &[r#"a[0].tokens: "required" -> "optional""#],
        );
        check(json!({"x": 1}), json!({"y": 2}), &["a.x: 1 -> null", "a.y: null -> 2"]);
        check(json!([1, 2]), json!([1]), &["a: [1,2] -> [1]"]);
    }

    #[test]
    fn a_secret_says_that_it_changed_and_not_what_it_is() {
        check(json!({"password": "old"}), json!({"password": "new"}), &[r#"a.password: "(sensitive value)" -> "(sensitive value)""#]);
        check(json!([]), json!([{"db_password": "new"}]), &[r#"a: "(sensitive value)" -> "(sensitive value)""#]);
    }

    fn any_value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            ".{0,8}".prop_map(Value::from)
        ];
        leaf.prop_recursive(3, 24, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::btree_map("[a-c]{1,2}", inner, 0..4).prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }

    fn differences(recorded: &Value, live: &Value) -> Vec<Difference> {
        compare(&[Facet { attribute: "a".to_owned(), recorded: recorded.clone(), live: live.clone() }], &Sensitivity::default())
    }

    proptest! {
        #[test]
        fn a_thing_never_differs_from_itself(value in any_value()) {
            prop_assert!(differences(&value, &value).is_empty());
        }

        #[test]
        fn swapping_sides_swaps_recorded_and_live(a in any_value(), b in any_value()) {
            let swapped = |mut found: Vec<Difference>| {
                for difference in &mut found {
                    std::mem::swap(&mut difference.recorded, &mut difference.live);
                }
                found.sort_by(|a, b| a.path.cmp(&b.path));
                found
            };
            let mut there = differences(&a, &b);
            there.sort_by(|a, b| a.path.cmp(&b.path));
            prop_assert_eq!(there, swapped(differences(&b, &a)));
        }
    }
}
