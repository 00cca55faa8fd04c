//! What differs, as a diff: what is recorded with a minus, what is live with a plus.

use drift_engine::alert::missing_in;
use drift_model::{Difference, Shown, Value};

use super::text::{Keep, escaped, length};

/// A path, and a value, are cut after so much.
const LONGEST_PATH: usize = 160;
const LONGEST_VALUE: usize = 240;
/// Of a list, so many elements added and removed are shown.
const MOST_ELEMENTS: usize = 6;
/// Between the fences of a block of code.
const FENCES: usize = "```\n\n```".len() + 2;

/// The differences as a block of code of at most `most`, and how many were left out of it.
pub(super) fn diff(differences: &[Difference], most: usize) -> (String, usize) {
    let mut room = most.saturating_sub(FENCES);
    let mut shown: Vec<String> = Vec::new();
    let mut whole = 0;
    for difference in differences {
        let lines = lines(difference);
        let taken = lines.iter().map(|line| length(line) + length("\n")).sum::<usize>();
        if taken <= room {
            room -= taken;
            shown.extend(lines);
            whole += 1;
            continue;
        }
        if shown.is_empty() {
            shown.extend(lines.into_iter().take_while(|line| {
                let fits = length(line) + length("\n") <= room;
                room = room.saturating_sub(length(line) + length("\n"));
                fits
            }));
        }
        break;
    }
    (format!("```\n{}\n```", shown.join("\n")), differences.len() - whole)
}

fn lines(difference: &Difference) -> Vec<String> {
    let path = escaped(&difference.path, LONGEST_PATH, Keep::End);
    match (&difference.recorded, &difference.live) {
        (Shown::Hidden, _) | (_, Shown::Hidden) => vec![format!("  {path}: changed {}", Shown::MARK)],
        (Shown::Value(Value::Array(recorded)), Shown::Value(Value::Array(live))) => {
            let removed = elements('-', missing_in(recorded, live));
            let added = elements('+', missing_in(live, recorded));
            let what = if removed.is_empty() && added.is_empty() { ": the order changed" } else { ":" };
            [format!("  {path}{what}")].into_iter().chain(removed).chain(added).collect()
        }
        (Shown::Value(recorded), Shown::Value(live)) => {
            vec![format!("- {path} = {}", shown(recorded)), format!("+ {path} = {}", shown(live))]
        }
    }
}

fn elements<'a>(sign: char, values: impl Iterator<Item = &'a Value>) -> Vec<String> {
    let mut lines: Vec<String> = values.map(|value| format!("{sign}   {}", shown(value))).collect();
    if lines.len() > MOST_ELEMENTS {
        let more = lines.len() - MOST_ELEMENTS;
        lines.truncate(MOST_ELEMENTS);
        lines.push(format!("{sign}   ({more} more)"));
    }
    lines
}

fn shown(value: &Value) -> String {
    match value {
        Value::Null => "(none)".to_owned(),
        value => escaped(&value.to_string(), LONGEST_VALUE, Keep::Start),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn difference(path: &str, recorded: Value, live: Value) -> Difference {
        let (recorded, live) = (Shown::Value(recorded), Shown::Value(live));
        Difference { attribute: path.to_owned(), path: path.to_owned(), recorded, live, sensitive: false }
    }

    #[test]
    fn each_attribute_shows_what_is_recorded_and_what_is_live() {
        let rule = |port: u16| json!({"cidr": "0.0.0.0/0", "port": port});
        let hidden =
            Difference { recorded: Shown::Hidden, live: Shown::Hidden, sensitive: true, ..difference("password", json!(1), json!(2)) };
        let (diff, left_out) = diff(
            &[
                difference("description", json!("a ``` <!channel> & b"), Value::Null),
                difference("ingress", json!([rule(80), rule(443)]), json!([rule(443), rule(22)])),
                difference("names", json!(["a", "b"]), json!(["b", "a"])),
                difference("ports", json!([]), json!([1, 2, 3, 4, 5, 6, 7, 8])),
                hidden,
            ],
            2_000,
        );
        assert_eq!(left_out, 0);
        insta::assert_snapshot!(diff, @r#"
        ```
        - description = "a ˋˋˋ &lt;!channel&gt; &amp; b"
        + description = (none)
          ingress:
        -   {"cidr":"0.0.0.0/0","port":80}
        +   {"cidr":"0.0.0.0/0","port":22}
          names: the order changed
          ports:
        +   1
        +   2
        +   3
        +   4
        +   5
        +   6
        +   (2 more)
          password: changed (sensitive value)
        ```
        "#);
    }

    #[test]
    fn what_does_not_fit_is_counted() {
        let many: Vec<Difference> = (0..100).map(|at| difference(&format!("a{at}"), json!(at), json!("x".repeat(500)))).collect();
        let (diff, left_out) = diff(&many, 2_000);
        assert!(length(&diff) <= 2_000 && length(&diff) > 1_500, "{}", length(&diff));
        assert_eq!(diff.matches("\n- a").count() + left_out, 100);
    }

    #[test]
    fn of_one_that_is_too_long_alone_the_beginning_is_shown() {
        let values = |from: u32| (from..from + 6).map(|at| json!(format!("{at}{}", "x".repeat(300)))).collect::<Value>();
        let (diff, left_out) = diff(&[difference("a", values(0), values(6))], 800);
        assert!(length(&diff) <= 800 && diff.contains("-   \"0x"), "{diff}");
        assert_eq!(left_out, 1, "it is not all there");
    }
}
