//! What Terraform writes into a lock: `LockInfo` as JSON, the same in a `.tflock` object, in the `Info` of a lock
//! table's item and in a local `.lock.info` file.
//!
//! Source: `internal/states/statemgr/locker.go` of Terraform and OpenTofu.

use drift_engine::ports::Lock;
use drift_model::Timestamp;
use serde::Deserialize;

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct LockInfo {
    #[serde(rename = "ID")]
    id: String,
    operation: String,
    who: String,
    created: Option<String>,
}

/// The lock. One whose content nobody understands is held all the same.
pub(super) fn parse(bytes: &[u8]) -> Lock {
    let info: LockInfo = serde_json::from_slice(bytes).unwrap_or_default();
    // Go's zero time stands for "not set".
    let since = info.created.and_then(|text| text.parse().ok()).filter(|time: &Timestamp| time.as_second() > 0);
    Lock { id: info.id, who: info.who, operation: info.operation, since }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_tells_who_what_and_since_when() {
        let lock = parse(
            br#"{"ID":"9f0","Operation":"OperationTypeApply","Info":"","Who":"alice@laptop","Version":"1.12.0","Created":"2025-03-04T05:06:07.123456789Z","Path":"tf/a.tfstate"}"#,
        );
        assert_eq!((lock.id.as_str(), lock.who.as_str(), lock.operation.as_str()), ("9f0", "alice@laptop", "OperationTypeApply"));
        assert_eq!(lock.since.expect("a time").to_string(), "2025-03-04T05:06:07.123456789Z");
    }

    #[test]
    fn a_lock_that_cannot_be_understood_is_held() {
        for text in ["", "{", "[]", r#"{"Created":"yesterday"}"#, r#"{"Created":"0001-01-01T00:00:00Z"}"#] {
            assert_eq!(
                parse(text.as_bytes()),
                Lock { id: String::new(), who: String::new(), operation: String::new(), since: None },
                "{text}"
            );
        }
    }
}
