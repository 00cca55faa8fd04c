use std::{collections::BTreeMap, str::FromStr};

/// The buckets that are in another region than the configured one: `bucket=region`, separated by commas.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BucketRegions(BTreeMap<String, String>);

/// Why a text does not say where buckets are.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BucketRegionsError {
    /// A part of it is no bucket with its region.
    #[error("`{0}` does not say where a bucket is; write `bucket=region`, such as `acme-tf-states=eu-west-1`")]
    Part(String),
    /// A bucket has two.
    #[error("the bucket `{bucket}` cannot be both in `{one}` and in `{other}`")]
    Twice {
        /// Which.
        bucket: String,
        /// What was said first.
        one: String,
        /// What was said then.
        other: String,
    },
}

impl BucketRegions {
    /// The region of a bucket, where it is another one.
    #[must_use]
    pub fn of(&self, bucket: &str) -> Option<&str> {
        self.0.get(bucket).map(String::as_str)
    }

    /// Whether nothing was said.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Both.
    ///
    /// # Errors
    ///
    /// Where they say different things of one bucket.
    pub fn and(mut self, others: Self) -> Result<Self, BucketRegionsError> {
        others.0.into_iter().try_for_each(|(bucket, region)| self.add(bucket, region))?;
        Ok(self)
    }

    fn add(&mut self, bucket: String, region: String) -> Result<(), BucketRegionsError> {
        match self.0.get(&bucket) {
            Some(one) if *one != region => Err(BucketRegionsError::Twice { bucket, one: one.clone(), other: region }),
            _ => {
                self.0.insert(bucket, region);
                Ok(())
            }
        }
    }
}

impl FromStr for BucketRegions {
    type Err = BucketRegionsError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut regions = Self::default();
        for part in text.split(',').map(str::trim).filter(|part| !part.is_empty()) {
            let (bucket, region) = part.split_once('=').unwrap_or_default();
            let (bucket, region) = (bucket.trim(), region.trim());
            if !is_bucket(bucket) || !is_region(region) {
                return Err(BucketRegionsError::Part(part.to_owned()));
            }
            regions.add(bucket.to_owned(), region.to_owned())?;
        }
        Ok(regions)
    }
}

fn is_bucket(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte))
}

/// Whether it looks like the name of a region: `eu-west-1`, `us-gov-west-1`, `us-isob-east-1`.
#[must_use]
pub fn is_region(text: &str) -> bool {
    let Some((words, number)) = text.rsplit_once('-') else { return false };
    let is_word = |word: &str| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_lowercase());
    words.contains('-') && words.split('-').all(is_word) && !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Result<BucketRegions, BucketRegionsError> {
        text.parse()
    }

    #[test]
    fn a_bucket_has_one_region() {
        let regions = parsed("a=eu-west-1, b.c = us-gov-west-1,a=eu-west-1,").expect("two buckets");
        assert_eq!((regions.of("a"), regions.of("b.c"), regions.of("b")), (Some("eu-west-1"), Some("us-gov-west-1"), None));
        let twice = |text: &str| BucketRegionsError::Twice { bucket: "a".to_owned(), one: "eu-west-1".to_owned(), other: text.to_owned() };
        assert_eq!(parsed("a=eu-west-1,a=eu-west-2"), Err(twice("eu-west-2")));
        assert_eq!(regions.and(parsed("a=eu-west-3").expect("one bucket")), Err(twice("eu-west-3")));
        assert!(parsed("").expect("nothing").is_empty());
    }

    #[test]
    fn what_names_no_bucket_or_no_region_is_refused() {
        for text in ["a", "a=", "=eu-west-1", "a=Ireland", "a/b=eu-west-1", "a=eu-west", "a=west-1", "a=eu--1", "a=EU-west-1"] {
            assert_eq!(parsed(text), Err(BucketRegionsError::Part(text.to_owned())));
        }
    }
}
