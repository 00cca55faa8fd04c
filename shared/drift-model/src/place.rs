use std::fmt;

use serde::{Deserialize, Serialize};

/// Where an instance lives, and where a read is made: partition (`aws`, `aws-cn`, `aws-us-gov`), the twelve digits of the
/// account, and the region. What belongs to an account as a whole (IAM, Route 53, CloudFront) has the region [`Place::GLOBAL`].
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Place {
    /// `aws`, `aws-cn`, `aws-us-gov`, ...
    pub partition: String,
    /// The account's twelve digits.
    pub account: String,
    /// `eu-west-1`, or [`Place::GLOBAL`].
    pub region: String,
}

impl Place {
    /// The region of resources that belong to an account and to no region.
    pub const GLOBAL: &str = "global";

    /// A place by its three parts.
    pub fn new(partition: impl Into<String>, account: impl Into<String>, region: impl Into<String>) -> Self {
        Self { partition: partition.into(), account: account.into(), region: region.into() }
    }

    /// The partition of a region, by its name, where that is another than `aws`.
    ///
    /// Source: botocore's `partitions.json`.
    #[must_use]
    pub fn partition_of(region: &str) -> Option<&'static str> {
        const PREFIXES: [(&str, &str); 8] = [
            ("cn-", "aws-cn"),
            ("eu-isoe-", "aws-iso-e"),
            ("eusc-", "aws-eusc"),
            ("us-gov-", "aws-us-gov"),
            ("us-iso-", "aws-iso"),
            ("us-isob-", "aws-iso-b"),
            ("us-isof-", "aws-iso-f"),
            ("eu-isof-", "aws-iso-f"),
        ];
        PREFIXES.iter().find(|(prefix, _)| region.starts_with(prefix)).map(|(_, partition)| *partition)
    }

    /// Whether this is an account as a whole.
    #[must_use]
    pub fn is_global(&self) -> bool {
        self.region == Self::GLOBAL
    }

    /// The same account as a whole.
    #[must_use]
    pub fn as_global(&self) -> Self {
        Self::new(&self.partition, &self.account, Self::GLOBAL)
    }
}

/// Whether instances of this provider live in an account of AWS: `hashicorp/aws` or `hashicorp/awscc`, whoever published it.
#[must_use]
pub fn lives_in_aws(provider: &str) -> bool {
    provider.ends_with("/aws") || provider.ends_with("/awscc")
}

/// Whether instances of this provider live in GitHub: `integrations/github`, or `hashicorp/github` as it was named before.
#[must_use]
pub fn lives_in_github(provider: &str) -> bool {
    provider.ends_with("/github")
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.partition, self.account, self.region)
    }
}
