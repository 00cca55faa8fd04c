use std::fmt::Write;

use drift_model::{Difference, Shown, Value};
use sha2::{Digest, Sha256};

/// At most so many differences of one drift are kept one by one.
const MAX_DIFFERENCES: usize = 150;
/// A value whose JSON is longer, in bytes, is cut.
const MAX_VALUE: usize = 6 * 1024;
/// All values together, in bytes of JSON. What comes after that is left out.
const MAX_TOGETHER: usize = 40 * 1024;
/// How many characters a cut value keeps.
const KEPT: usize = 1000;

/// The differences as the ledger keeps them: a DynamoDB item ends at 400 KB, an SNS message at 256 KB.
///
/// What is cut says so, with its length and a digest, so that another change of it is still a change. The digest is of
/// values that may be shown only; hidden ones hold nothing. Doing it twice is doing it once.
#[must_use]
pub fn bounded(mut differences: Vec<Difference>) -> Vec<Difference> {
    let rest = differences.split_off(MAX_DIFFERENCES.min(differences.len()));
    let mut left = MAX_TOGETHER;
    for difference in &mut differences {
        for side in [&mut difference.recorded, &mut difference.live] {
            let Shown::Value(value) = side else { continue };
            let text = value.to_string();
            if text.len() <= MAX_VALUE.min(left) {
                left -= text.len();
                continue;
            }
            let keep = if left > KEPT * 4 { KEPT } else { 0 };
            let cut = cut(&text, keep);
            left = left.saturating_sub(cut.len());
            *value = Value::from(cut);
        }
    }
    if !rest.is_empty() {
        let path = format!("({} more)", rest.len());
        let all = serde_json::to_string(&rest).unwrap_or_default();
        let differ = Shown::Value(Value::from(cut(&all, 0)));
        differences.push(Difference { attribute: path.clone(), path, recorded: Shown::Value(Value::Null), live: differ, sensitive: false });
    }
    differences
}

fn cut(text: &str, keep: usize) -> String {
    let start: String = text.chars().take(keep).collect();
    let gap = if start.is_empty() { "" } else { "... " };
    format!("{start}{gap}(left out: {} bytes in all, sha256 {})", text.len(), digest(&[text]))
}

/// The first 16 hexadecimal digits of the SHA-256 of the parts, each ended by a zero byte.
pub(super) fn digest(parts: &[&str]) -> String {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update(part.as_bytes());
        hasher.update([0]);
    }
    hasher.finalize().iter().take(8).fold(String::new(), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
