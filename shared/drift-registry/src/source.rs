use std::{fmt, str::FromStr};

use semver::Version;

use crate::{Platform, RegistryError};

/// The source address of a provider, whole and in lower case: `registry.terraform.io/hashicorp/aws`.
///
/// Every part is safe as the name of a folder.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Source {
    host: String,
    namespace: String,
    name: String,
}

impl Source {
    /// The registry of an address that names none.
    pub const DEFAULT_HOST: &str = "registry.terraform.io";
    /// The namespace of an address that names none.
    pub const DEFAULT_NAMESPACE: &str = "hashicorp";

    /// An address of its parts.
    ///
    /// # Errors
    ///
    /// A part that Terraform does not accept: a host is of labels and maybe a port, a namespace and a name are of
    /// letters, digits, `-` and `_`.
    pub fn new(host: &str, namespace: &str, name: &str) -> Result<Self, RegistryError> {
        let wrong = |why| RegistryError::Source { text: format!("{host}/{namespace}/{name}"), why };
        if !is_host(host) {
            return Err(wrong("its registry is no host name"));
        }
        if !is_part(namespace) || !is_part(name) {
            return Err(wrong("a namespace and a name are of letters, digits, `-` and `_`"));
        }
        let lower = str::to_ascii_lowercase;
        Ok(Self { host: lower(host), namespace: lower(namespace), name: lower(name) })
    }

    /// The registry's host, with its port if it has one.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Who publishes it.
    #[must_use]
    pub fn namespace(&self) -> &str {
        &self.namespace
    }

    /// The provider's own name, which its executable's begins with: `terraform-provider-NAME`.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }
}

/// One version of a provider for one platform: what a package is of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Build {
    /// Whose.
    pub source: Source,
    /// Which version.
    pub version: Version,
    /// For what.
    pub platform: Platform,
}

impl fmt::Display for Build {
    /// Without the platform, which seldom matters to who reads it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.source, self.version)
    }
}

/// A label of letters, digits and `-`, joined by dots, and a port. Source: RFC 1123; Terraform's `svchost`.
pub(crate) fn is_host(text: &str) -> bool {
    let (name, port) = text.split_once(':').map_or((text, None), |(name, port)| (name, Some(port)));
    let label = |label: &str| {
        let inside = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
        !label.is_empty() && label.bytes().all(inside) && !label.starts_with('-') && !label.ends_with('-')
    };
    text.len() <= 255 && name.split('.').all(label) && port.is_none_or(|port| port.parse::<u16>().is_ok_and(|port| port > 0))
}

/// A namespace or a name.
pub(crate) fn is_part(text: &str) -> bool {
    let inside = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    !text.is_empty() && text.len() <= 128 && text.bytes().all(inside) && !text.starts_with(['-', '_']) && !text.ends_with(['-', '_'])
}

impl FromStr for Source {
    type Err = RegistryError;

    /// Reads `HOST/NAMESPACE/NAME`, `NAMESPACE/NAME`, `NAME`, and `provider["..."]` around any of them. The namespace
    /// `-` is what Terraform 0.13 wrote where it had not found one out yet, and stands for `hashicorp`.
    fn from_str(text: &str) -> Result<Self, RegistryError> {
        let inner = text.trim();
        let inner = inner.strip_prefix("provider[\"").and_then(|rest| rest.strip_suffix("\"]")).unwrap_or(inner);
        let (host, namespace, name) = match *inner.split('/').collect::<Vec<_>>() {
            [name] => (Self::DEFAULT_HOST, Self::DEFAULT_NAMESPACE, name),
            [namespace, name] => (Self::DEFAULT_HOST, namespace, name),
            [host, namespace, name] => (host, namespace, name),
            _ => return Err(RegistryError::Source { text: text.to_owned(), why: "it has more than three parts" }),
        };
        let namespace = if namespace == "-" { Self::DEFAULT_NAMESPACE } else { namespace };
        Self::new(host, namespace, name).map_err(|error| {
            if let RegistryError::Source { why, .. } = error { RegistryError::Source { text: text.to_owned(), why } } else { error }
        })
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.host, self.namespace, self.name)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        assert_eq!(text.parse::<Source>().map(|source| source.to_string()).as_deref().ok(), Some(expected), "{text}");
    }

    #[test]
    fn every_form_of_address_is_made_whole() {
        check("registry.terraform.io/hashicorp/aws", "registry.terraform.io/hashicorp/aws");
        check("hashicorp/aws", "registry.terraform.io/hashicorp/aws");
        check("aws", "registry.terraform.io/hashicorp/aws");
        check(r#"provider["registry.opentofu.org/hashicorp/aws"]"#, "registry.opentofu.org/hashicorp/aws");
        check("DataDog/datadog", "registry.terraform.io/datadog/datadog");
        check("registry.terraform.io/-/aws", "registry.terraform.io/hashicorp/aws");
        check("localhost:8443/acme/x", "localhost:8443/acme/x");
    }

    #[test]
    fn what_is_no_address_is_refused_with_a_reason() {
        for text in ["", "/", "a/b/c/d", "../x", "..", "a/../b", "host_/a/b", "h/a/b\\c", "h:0/a/b", "h:port/a/b", "a\n/b", "-h.x/a/b"] {
            let error = text.parse::<Source>().expect_err(text).to_string();
            assert!(error.contains("HOST/NAMESPACE/NAME"), "{error}");
        }
    }

    proptest! {
        #[test]
        fn what_is_read_prints_back_and_is_safe_as_a_path(text in "[a-zA-Z0-9./_:-]{0,30}") {
            if let Ok(source) = text.parse::<Source>() {
                prop_assert_eq!(source.to_string().parse::<Source>().expect("its own form"), source.clone());
                prop_assert!(!source.to_string().split('/').any(|part| part.is_empty() || part.starts_with('.')));
            }
        }
    }
}
