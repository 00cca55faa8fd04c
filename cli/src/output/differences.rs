use std::fmt::Write as _;

use drift_model::{Difference, Shown, Value};

use super::{Style, printable};

/// Longer values end in a count of what is left out; `--json` has all of it.
const LONGEST: usize = 600;

/// The differences, a line each, or a line for each element where lists differ. Untrusted values are made printable.
pub(crate) fn differences(differences: &[Difference], indent: &str) -> String {
    let mut text = String::new();
    for difference in differences {
        one(&mut text, difference, indent);
    }
    text
}

fn one(text: &mut String, difference: &Difference, indent: &str) {
    let path = Style::Strong.paint(&printable(&difference.path));
    // Writing to a `String` cannot fail.
    let _ = match (&difference.recorded, &difference.live) {
        (Shown::Value(Value::Array(recorded)), Shown::Value(Value::Array(live))) => {
            let _ = writeln!(text, "{indent}{} {path}", Style::Warn.paint("~"));
            elements(text, recorded, live, indent);
            Ok(())
        }
        (Shown::Value(Value::Null), live) => writeln!(text, "{indent}{} {path} = {}", Style::Good.paint("+"), shown(live)),
        (recorded, Shown::Value(Value::Null)) => writeln!(text, "{indent}{} {path} = {}", Style::Bad.paint("-"), shown(recorded)),
        (Shown::Hidden, Shown::Hidden) => writeln!(text, "{indent}{} {path}: {} changed", Style::Warn.paint("~"), Shown::MARK),
        (recorded, live) => writeln!(text, "{indent}{} {path}: {} -> {}", Style::Warn.paint("~"), shown(recorded), shown(live)),
    };
}

/// What one list has and the other has not, each as often as it does.
fn elements(text: &mut String, recorded: &[Value], live: &[Value], indent: &str) {
    let mut added: Vec<&Value> = live.iter().collect();
    let mut removed = Vec::new();
    for value in recorded {
        match added.iter().position(|other| *other == value) {
            Some(at) => drop(added.remove(at)),
            None => removed.push(value),
        }
    }
    if added.is_empty() && removed.is_empty() {
        let _ = writeln!(text, "{indent}    the same {} in another order", count(live.len(), "element"));
    }
    for value in removed {
        let _ = writeln!(text, "{indent}    {} {}", Style::Bad.paint("-"), value_text(value));
    }
    for value in added {
        let _ = writeln!(text, "{indent}    {} {}", Style::Good.paint("+"), value_text(value));
    }
}

fn shown(side: &Shown) -> String {
    match side {
        Shown::Value(value) => value_text(value),
        Shown::Hidden => Shown::MARK.to_owned(),
    }
}

fn value_text(value: &Value) -> String {
    let text = printable(&value.to_string());
    match text.char_indices().nth(LONGEST) {
        Some((at, _)) => format!("{}... ({} more)", &text[..at], count(text[at..].chars().count(), "character")),
        None => text,
    }
}

/// `1 character`, `2 characters`.
pub(crate) fn count(number: usize, word: &str) -> String {
    format!("{number} {word}{}", if number == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(recorded: Value, live: Value) -> String {
        let difference = Difference {
            attribute: "a".to_owned(),
            path: "a".to_owned(),
            recorded: Shown::Value(recorded),
            live: Shown::Value(live),
            sensitive: false,
        };
        anstream::adapter::strip_str(&differences(&[difference], "")).to_string()
    }

    #[test]
    fn each_kind_of_difference_reads_as_what_it_is() {
        insta::assert_snapshot!(check(json!("no"), json!("yes")), @r#"~ a: "no" -> "yes""#);
        insta::assert_snapshot!(check(json!(null), json!("yes")), @r#"+ a = "yes""#);
        insta::assert_snapshot!(check(json!("no"), json!(null)), @r#"- a = "no""#);
        insta::assert_snapshot!(check(json!([1, 2, 2, 3]), json!([3, 2, 4])), @r"
        ~ a
            - 1
            - 2
            + 4
        ");
        insta::assert_snapshot!(check(json!([1, 2]), json!([2, 1])), @r"
        ~ a
            the same 2 elements in another order
        ");
    }

    #[test]
    fn a_value_cannot_reach_the_terminal_as_anything_but_text() {
        insta::assert_snapshot!(check(json!("a"), json!("\u{9b}2Jb\n\u{1b}c\u{202e}")), @r#"~ a: "a" -> "\u{9b}2Jb\n\u001bc\u{202e}""#);
    }

    #[test]
    fn a_long_value_says_how_long_it_is() {
        let text = check(json!("a"), json!("x".repeat(1000)));
        assert!(text.ends_with("x... (402 characters more)\n"), "{text}");
    }

    #[test]
    fn a_hidden_value_only_changed() {
        let hidden = Difference {
            attribute: "password".to_owned(),
            path: "password".to_owned(),
            recorded: Shown::Hidden,
            live: Shown::Hidden,
            sensitive: true,
        };
        insta::assert_snapshot!(anstream::adapter::strip_str(&differences(&[hidden], "  ")), @"  ~ password: (sensitive value) changed");
    }
}
