use std::str::FromStr;

use drift_engine::fits;

/// Which keys of which bucket hold states: `bucket/prefix*`, `bucket/live/network.tfstate`, `bucket/*/state.json`, or
/// `bucket` alone.
///
/// `*` stands for any characters, `/` included. A pattern that ends in `*` or `/`, or has no key at all, takes only keys
/// that end in `.tfstate`; any other pattern takes the keys that it matches. Locks (`.tflock`) are never states.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct StatePattern {
    bucket: String,
    key: String,
}

/// Why a text is not a pattern of states.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` does not say where states are; write `bucket/prefix*`, `bucket/key` or `bucket`")]
pub struct StatePatternError(String);

impl StatePattern {
    /// The bucket.
    #[must_use]
    pub fn bucket(&self) -> &str {
        &self.bucket
    }

    /// What every key that the pattern takes begins with; empty where there is no such thing.
    #[must_use]
    pub fn prefix(&self) -> &str {
        self.key.split('*').next().unwrap_or_default()
    }

    /// Whether the object is a state by this pattern.
    #[must_use]
    pub fn takes(&self, bucket: &str, key: &str) -> bool {
        bucket == self.bucket
            && !key.ends_with(".tflock")
            && (!self.key.ends_with('*') || key.ends_with(".tfstate"))
            && fits(&self.key, key)
    }
}

impl FromStr for StatePattern {
    type Err = StatePatternError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let bare = text.trim();
        let bare = bare.strip_prefix("s3://").unwrap_or(bare);
        let (bucket, key) = bare.split_once('/').unwrap_or((bare, ""));
        if bucket.is_empty() || bucket.contains(['*', ' ', ':']) {
            return Err(StatePatternError(text.to_owned()));
        }
        let open = if key.is_empty() || key.ends_with('/') { "*" } else { "" };
        Ok(Self { bucket: bucket.to_owned(), key: format!("{key}{open}") })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(pattern: &str, key: &str, expected: bool) {
        let pattern: StatePattern = pattern.parse().expect("a pattern");
        assert_eq!(pattern.takes("bucket", key), expected, "{pattern:?} and {key}");
        assert!(!expected || key.starts_with(pattern.prefix()));
        assert!(!pattern.takes("other", key));
    }

    #[test]
    fn an_open_end_takes_what_looks_like_a_state() {
        check("bucket", "a/terraform.tfstate", true);
        check("bucket/live/*", "live/a.tfstate", true);
        check("s3://bucket/live/", "live/a/b.tfstate", true);
        check("bucket/live/*", "live/a.txt", false);
        check("bucket/live/*", "dev/a.tfstate", false);
        check("bucket/env:/*", "env:/prod/network.tfstate", true);
    }

    #[test]
    fn a_closed_end_takes_what_it_says() {
        check("bucket/network.json", "network.json", true);
        check("bucket/network.json", "network.json.bak", false);
        check("bucket/*/state.json", "a/b/state.json", true);
        check("bucket/*a*/state", "xaay/state", true);
        check("bucket/a*a", "a", false);
    }

    #[test]
    fn a_lock_is_no_state() {
        check("bucket/*.tflock", "a.tfstate.tflock", false);
        check("bucket", "a.tfstate.tflock", false);
    }

    #[test]
    fn what_names_no_bucket_is_refused() {
        for text in ["", "/key", "*/key", "arn:aws:s3:::bucket"] {
            assert!(text.parse::<StatePattern>().is_err(), "{text}");
        }
    }
}
