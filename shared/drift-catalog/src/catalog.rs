use std::collections::BTreeMap;

use serde::Deserialize;

use crate::{Resource, builtin};

/// What is known of each resource type.
#[derive(Clone, Debug, Default)]
pub struct Catalog {
    resources: BTreeMap<String, Resource>,
    /// Prefix of type names -> the event sources whose services can write such a type.
    prefixes: BTreeMap<String, Vec<String>>,
}

/// A file of the catalog that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CatalogError {
    /// It is not TOML, or not of the catalog's format.
    #[error("{file}: {why}")]
    Format {
        /// The file's path within the catalog.
        file: String,
        /// Where and why, as the parser says.
        why: String,
    },
    /// A type that an earlier file describes already.
    #[error("{file}: {type_name} is described twice: join the two blocks")]
    Twice {
        /// The file's path within the catalog.
        file: String,
        /// The type.
        type_name: String,
    },
}

/// One file: what one service's types have in common, and its types.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ServiceFile {
    /// The service's name as `aws` and botocore have it: `sqs`.
    service: String,
    /// CloudTrail's `eventSource`: `sqs.amazonaws.com`.
    source: String,
    /// How the names of types begin that this service writes, whether they are described or not: `aws_sqs_`.
    #[serde(default)]
    prefixes: Vec<String>,
    #[serde(default)]
    resource: Vec<Resource>,
}

/// The file of the types that no service's file describes.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PrefixFile {
    /// How the names of types begin -> the event sources of the services that write them.
    prefixes: BTreeMap<String, Vec<String>>,
}

impl Catalog {
    /// The catalog that is built into this binary.
    ///
    /// # Errors
    /// Where one of its files cannot be used, which the tests rule out.
    pub fn builtin() -> Result<Self, CatalogError> {
        let mut catalog = Self::load(builtin::FILES.iter().copied())?;
        catalog.add_prefixes("prefixes.toml", builtin::PREFIXES)?;
        Ok(catalog)
    }

    /// A catalog of these files, each a path to name it by and its text.
    ///
    /// # Errors
    /// At the first file that cannot be used.
    pub fn load<'a>(files: impl IntoIterator<Item = (&'a str, &'a str)>) -> Result<Self, CatalogError> {
        let mut catalog = Self::default();
        for (file, text) in files {
            let parsed: ServiceFile =
                toml::from_str(text).map_err(|error| CatalogError::Format { file: file.to_owned(), why: error.to_string() })?;
            for prefix in parsed.prefixes {
                catalog.prefixes.entry(prefix).or_default().push(parsed.source.clone());
            }
            for mut resource in parsed.resource {
                resource.belongs_to(&parsed.service, &parsed.source);
                let type_name = resource.type_name.clone();
                if catalog.resources.insert(type_name.clone(), resource).is_some() {
                    return Err(CatalogError::Twice { file: file.to_owned(), type_name });
                }
            }
        }
        Ok(catalog)
    }

    /// Adds what is known of types that no service's file describes; what such a file says goes before.
    ///
    /// # Errors
    /// Where the file cannot be used.
    pub fn add_prefixes(&mut self, file: &str, text: &str) -> Result<(), CatalogError> {
        let parsed: PrefixFile =
            toml::from_str(text).map_err(|error| CatalogError::Format { file: file.to_owned(), why: error.to_string() })?;
        for (prefix, sources) in parsed.prefixes {
            self.prefixes.entry(prefix).or_insert(sources);
        }
        Ok(())
    }

    /// What is known of a type.
    #[must_use]
    pub fn resource(&self, type_name: &str) -> Option<&Resource> {
        self.resources.get(type_name)
    }

    /// Every type that is described, in order of their names.
    pub fn resources(&self) -> impl Iterator<Item = &Resource> {
        self.resources.values()
    }

    /// The event sources whose services can write a type: what its description says, else what the longest prefix of
    /// its name says; none where nothing is known, which is not the same as "no service can".
    #[must_use]
    pub fn services(&self, type_name: &str) -> Option<&[String]> {
        if let Some(resource) = self.resource(type_name) {
            return Some(&resource.services);
        }
        let of_prefix = self.prefixes.iter().filter(|(prefix, _)| type_name.starts_with(prefix.as_str()));
        of_prefix.max_by_key(|(prefix, _)| prefix.len()).map(|(_, sources)| sources.as_slice())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_catalog_that_is_built_in_can_be_used() {
        if let Err(error) = Catalog::builtin() {
            panic!("{error}");
        }
    }
}
