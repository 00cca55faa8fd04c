use std::str::FromStr;

use semver::Version;

/// A provider plugin's zip in S3, as an entry of `DRIFTWIRE_PLUGINS` names it:
/// `hashicorp/aws 5.100.0 s3://bucket/key sha256:HEX`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PluginPackage {
    /// The provider's source address with its host, as states hold it: `registry.terraform.io/hashicorp/aws`.
    pub provider: String,
    /// The plugin's version.
    pub version: Version,
    /// The bucket.
    pub bucket: String,
    /// The key, without blanks and commas.
    pub key: String,
    /// The zip's SHA-256 in lower-case hexadecimal, as the registry's list of checksums and the lock file (`zh:`) have it.
    pub sha256: String,
}

/// Why an entry is none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PluginPackageError {
    /// It is not four words.
    #[error("write `hashicorp/aws 5.100.0 s3://bucket/key sha256:HEX`")]
    Words,
    /// The first is no provider.
    #[error("`{0}` is no provider: write `NAMESPACE/TYPE` or `HOST/NAMESPACE/TYPE`")]
    Provider(String),
    /// The second is no version.
    #[error("`{0}` is no version: write `5.100.0`")]
    Version(String),
    /// The third is no object.
    #[error("`{0}` is no object: write `s3://bucket/key`")]
    Object(String),
    /// The fourth is no digest.
    #[error("`{0}` is no SHA-256: write `sha256:` and 64 hexadecimal digits, as `sha256sum` prints them of the zip")]
    Digest(String),
}

impl FromStr for PluginPackage {
    type Err = PluginPackageError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let [provider, version, object, digest] = text.split_whitespace().collect::<Vec<_>>()[..] else {
            return Err(PluginPackageError::Words);
        };
        // Terraform writes them in lower case, however a person does.
        let provider = provider.to_lowercase();
        let parts: Vec<&str> = provider.split('/').collect();
        let provider = match parts[..] {
            _ if parts.contains(&"") => Err(PluginPackageError::Provider(provider.clone())),
            [namespace, type_name] => Ok(format!("registry.terraform.io/{namespace}/{type_name}")),
            [_, _, _] => Ok(provider.clone()),
            _ => Err(PluginPackageError::Provider(provider.clone())),
        }?;
        let version = version.parse().map_err(|_| PluginPackageError::Version(version.to_owned()))?;
        let parts = object.strip_prefix("s3://").and_then(|path| path.split_once('/'));
        let Some((bucket, key)) = parts.filter(|(bucket, key)| !bucket.is_empty() && !key.is_empty()) else {
            return Err(PluginPackageError::Object(object.to_owned()));
        };
        let is_hex = |hex: &&str| hex.len() == 64 && hex.bytes().all(|byte| byte.is_ascii_hexdigit());
        let Some(sha256) = digest.strip_prefix("sha256:").filter(is_hex) else {
            return Err(PluginPackageError::Digest(digest.to_owned()));
        };
        let (bucket, key, sha256) = (bucket.to_owned(), key.to_owned(), sha256.to_ascii_lowercase());
        Ok(Self { provider, version, bucket, key, sha256 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEX: &str = "0F2A000000000000000000000000000000000000000000000000000000000000";

    #[test]
    fn an_entry_names_a_provider_a_version_an_object_and_a_digest() {
        let package: PluginPackage = format!("HashiCorp/aws 5.100.0  s3://b/plugins/aws.zip sha256:{HEX}").parse().expect("it is one");
        assert_eq!(package.provider, "registry.terraform.io/hashicorp/aws");
        assert_eq!(
            (package.version.to_string().as_str(), package.bucket.as_str(), package.key.as_str()),
            ("5.100.0", "b", "plugins/aws.zip")
        );
        assert_eq!(package.sha256, HEX.to_lowercase());
        let other: PluginPackage = format!("registry.opentofu.org/hashicorp/aws 5.100.0 s3://b/k sha256:{HEX}").parse().expect("it is one");
        assert_eq!(other.provider, "registry.opentofu.org/hashicorp/aws");
    }

    #[test]
    fn what_is_wrong_with_an_entry_is_said_by_its_part() {
        for (entry, said) in [
            ("hashicorp/aws 5.100.0 s3://b/k", "write `hashicorp/aws 5.100.0 s3://bucket/key sha256:HEX`"),
            ("aws 5.100.0 s3://b/k sha256:0", "`aws` is no provider"),
            ("hashicorp/ 5.100.0 s3://b/k sha256:0", "`hashicorp/` is no provider"),
            ("hashicorp/aws 5.x s3://b/k sha256:0", "`5.x` is no version"),
            ("hashicorp/aws 5.100.0 s3://b sha256:0", "`s3://b` is no object"),
            ("hashicorp/aws 5.100.0 s3://b/k sha256:0", "`sha256:0` is no SHA-256"),
        ] {
            let error = entry.parse::<PluginPackage>().expect_err(entry).to_string();
            assert!(error.starts_with(said), "{entry}: {error}");
        }
    }
}
