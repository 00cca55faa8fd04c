use drift_model::{Difference, Shown, Value};

use super::neutral;

/// A value in a line of text is cut after so many characters.
const MAX_SHOWN: usize = 300;
/// Of a list, so many elements added and removed are shown.
const MAX_ELEMENTS: usize = 20;

/// The lines that show one difference, without indentation.
pub(super) fn lines(difference: &Difference) -> Vec<String> {
    let path = neutral(&difference.path);
    match (&difference.recorded, &difference.live) {
        (Shown::Value(Value::Array(recorded)), Shown::Value(Value::Array(live))) => {
            let added: Vec<_> = missing_in(live, recorded).map(|value| format!("  + {}", shown(value))).collect();
            let removed: Vec<_> = missing_in(recorded, live).map(|value| format!("  - {}", shown(value))).collect();
            let what = if added.is_empty() && removed.is_empty() { ": the order changed" } else { ":" };
            [format!("{path}{what}")].into_iter().chain(bounded(removed)).chain(bounded(added)).collect()
        }
        (Shown::Hidden, _) | (_, Shown::Hidden) => vec![format!("{path}: changed {}", Shown::MARK)],
        (Shown::Value(recorded), Shown::Value(live)) => vec![format!("{path}: {} -> {}", shown(recorded), shown(live))],
    }
}

/// The elements of one list that the other does not hold; as often as it holds fewer of them.
pub fn missing_in<'a>(list: &'a [Value], other: &[Value]) -> impl Iterator<Item = &'a Value> {
    let mut left: Vec<&Value> = other.iter().collect();
    list.iter().filter(move |value| match left.iter().position(|there| there == value) {
        Some(at) => {
            left.swap_remove(at);
            false
        }
        None => true,
    })
}

fn bounded(mut lines: Vec<String>) -> Vec<String> {
    if lines.len() > MAX_ELEMENTS {
        let more = lines.len() - MAX_ELEMENTS;
        lines.truncate(MAX_ELEMENTS);
        lines.push(format!("  ({more} more left out)"));
    }
    lines
}

fn shown(value: &Value) -> String {
    let text = match value {
        Value::Null => "(none)".to_owned(),
        value => neutral(&value.to_string()),
    };
    match text.char_indices().nth(MAX_SHOWN) {
        Some((at, _)) => format!("{}... ({} bytes in all)", &text[..at], text.len()),
        None => text,
    }
}
