//! What one scan leaves to the next: answers with what they are known again by.
//!
//! | an answer is taken over | while |
//! | --- | --- |
//! | without asking | GraphQL says that what it is about did not change, or it only shows what nobody manages; and it is younger than the scan looks around |
//! | after asking whether it is still the same (304) | its validator is of this very token |

use std::{collections::BTreeMap, io::Read as _, sync::Arc, time::Duration};

use drift_model::Timestamp;
use flate2::{Compression, bufread::DeflateDecoder, write::DeflateEncoder};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::Validator;

/// An answer of an earlier scan.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Kept {
    pub(crate) body: Arc<Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) validator: Option<Validator>,
    /// When it was asked for.
    pub(crate) at: Timestamp,
    /// What GraphQL told of it then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) under: Option<String>,
}

impl Kept {
    /// Whether it is younger than that.
    pub(crate) fn is_younger(&self, than: Duration, now: Timestamp) -> bool {
        now.duration_since(self.at).unsigned_abs() < than
    }
}

/// Answers by their requests.
pub(crate) type KeptAnswers = BTreeMap<String, Kept>;

/// No note is larger once unpacked: one that is, is no note of ours.
const LARGEST: u64 = 256 << 20;

/// Packs a note.
pub(crate) fn packed(note: &impl Serialize) -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::fast());
    // Writing to memory does not fail, and everything that is noted can be written as JSON.
    if let Err(error) = serde_json::to_writer(&mut encoder, note) {
        tracing::warn!(%error, "a note of a scan cannot be written");
    }
    encoder.finish().unwrap_or_default()
}

/// Unpacks a note; nothing where it is of another version, or broken: what it held is then asked for again.
pub(crate) fn unpacked<T: for<'de> Deserialize<'de>>(note: &[u8]) -> Option<T> {
    let reader = std::io::BufReader::new(DeflateDecoder::new(note).take(LARGEST));
    serde_json::from_reader(reader).ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_note_reads_back_and_a_broken_one_is_none() {
        let kept = Kept { body: json!([{"id": 1}]).into(), validator: None, at: Timestamp::UNIX_EPOCH, under: Some("x".to_owned()) };
        let answers = KeptAnswers::from([("GET /x".to_owned(), kept)]);
        let note = packed(&answers);
        assert_eq!(unpacked::<KeptAnswers>(&note), Some(answers));
        assert_eq!(unpacked::<KeptAnswers>(&note[..note.len() - 3]), None);
        assert_eq!(unpacked::<KeptAnswers>(b"no note"), None);
    }

    #[test]
    fn an_answer_ages() {
        let at = |second| Timestamp::from_second(second).expect("a time");
        let kept = Kept { body: json!(null).into(), validator: None, at: at(100), under: None };
        assert!(kept.is_younger(Duration::from_secs(10), at(109)));
        assert!(!kept.is_younger(Duration::from_secs(10), at(110)));
        assert!(!kept.is_younger(Duration::from_secs(10), at(10)), "a clock that went back makes nothing young");
    }
}
