//! `provider_installation`: which provider may come from where.
//! Source: Terraform's "CLI Configuration File", "Explicit Installation Method Configuration".

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::{
    Source, Surroundings,
    source::{is_host, is_part},
    syntax::each,
};

/// The `provider_installation` blocks of the CLI configuration.
#[derive(Debug, Default)]
pub(crate) struct Installation {
    /// The file that holds the first of them.
    path: PathBuf,
    pub(crate) overrides: Vec<(Source, PathBuf)>,
    pub(crate) mirrors: Vec<(PathBuf, Filter)>,
    direct: Vec<Filter>,
}

impl Installation {
    /// One that lets nothing yet.
    pub(crate) fn of(path: &Path) -> Self {
        Self { path: path.to_owned(), ..Self::default() }
    }

    /// Takes in one block. Tells what it cannot use; the method that holds it is left out, as Terraform leaves it out.
    pub(crate) fn add(&mut self, block: &Value, surroundings: &Surroundings<'_>) -> Vec<String> {
        let mut problems = Vec::new();
        for overrides in each(block, "dev_overrides").into_iter().filter_map(Value::as_object) {
            for (address, folder) in overrides {
                match (address.parse::<Source>(), folder.as_str()) {
                    (Ok(source), Some(folder)) => self.overrides.push((source, surroundings.here(surroundings.expand(folder)))),
                    (Err(error), _) => problems.push(format!("dev_overrides: {error}")),
                    (_, None) => problems.push(format!("dev_overrides: {address} is set to something else than a folder")),
                }
            }
        }
        for mirror in each(block, "filesystem_mirror") {
            match (mirror.get("path").and_then(Value::as_str), Filter::of(mirror)) {
                (Some(path), Ok(filter)) => self.mirrors.push((surroundings.here(path), filter)),
                (None, _) => problems.push("a filesystem_mirror has no `path`".to_owned()),
                (_, Err(pattern)) => problems.push(format!("filesystem_mirror: {}", no_pattern(&pattern))),
            }
        }
        for direct in each(block, "direct") {
            match Filter::of(direct) {
                Ok(filter) => self.direct.push(filter),
                Err(pattern) => problems.push(format!("direct: {}", no_pattern(&pattern))),
            }
        }
        problems
    }

    /// Whether a `direct` block lets the provider be fetched from its registry.
    pub(crate) fn allows_direct(&self, source: &Source) -> bool {
        self.direct.iter().any(|filter| filter.lets(source))
    }

    /// Where it was read.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

fn no_pattern(pattern: &str) -> String {
    format!("{pattern:?} is no pattern; it is written HOST/NAMESPACE/NAME or NAMESPACE/NAME, with * for the last parts")
}

/// `include` and `exclude` of one method.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Filter {
    include: Vec<Pattern>,
    exclude: Vec<Pattern>,
}

impl Filter {
    /// The filter of a method's block, or the first pattern that is none.
    fn of(method: &Value) -> Result<Self, String> {
        let patterns = |key| {
            let pattern = |pattern: &Value| {
                let text = pattern.as_str().ok_or_else(|| pattern.to_string())?;
                Pattern::of(text).ok_or_else(|| text.to_owned())
            };
            each(method, key).into_iter().map(pattern).collect::<Result<Vec<_>, _>>()
        };
        Ok(Self { include: patterns("include")?, exclude: patterns("exclude")? })
    }

    /// No `include` is all; `exclude` outweighs it.
    pub(crate) fn lets(&self, source: &Source) -> bool {
        let any = |patterns: &[Pattern]| patterns.iter().any(|pattern| pattern.matches(source));
        !any(&self.exclude) && (self.include.is_empty() || any(&self.include))
    }
}

/// A source address whose last parts may be `*`; `None` stands for one that is.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Pattern {
    host: Option<String>,
    namespace: Option<String>,
    name: Option<String>,
}

impl Pattern {
    fn of(text: &str) -> Option<Self> {
        let (host, namespace, name) = match *text.split('/').collect::<Vec<_>>() {
            [namespace, name] => (Source::DEFAULT_HOST, namespace, name),
            [host, namespace, name] => (host, namespace, name),
            _ => return None,
        };
        let part = |text: &str, is_valid: fn(&str) -> bool| match text {
            "*" => Some(None),
            text if is_valid(text) => Some(Some(text.to_ascii_lowercase())),
            _ => None,
        };
        let pattern = Self { host: part(host, is_host)?, namespace: part(namespace, is_part)?, name: part(name, is_part)? };
        let narrows_after_any =
            pattern.host.is_none() && pattern.namespace.is_some() || pattern.namespace.is_none() && pattern.name.is_some();
        (!narrows_after_any).then_some(pattern)
    }

    fn matches(&self, source: &Source) -> bool {
        let part = |pattern: &Option<String>, part: &str| pattern.as_ref().is_none_or(|pattern| pattern == part);
        part(&self.host, source.host()) && part(&self.namespace, source.namespace()) && part(&self.name, source.name())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn lets(method: &Value, source: &str) -> bool {
        Filter::of(method).expect("patterns").lets(&source.parse().expect("a source"))
    }

    #[test]
    fn a_method_lets_what_it_includes_and_does_not_exclude() {
        assert!(lets(&json!({}), "acme/x"));
        let method = json!({"include": ["hashicorp/*", "tf.example.com/*/*"], "exclude": ["HashiCorp/random"]});
        assert!(lets(&method, "hashicorp/aws"));
        assert!(lets(&method, "tf.example.com/a/b"));
        assert!(!lets(&method, "hashicorp/random"));
        assert!(!lets(&method, "acme/x"));
        assert!(!lets(&method, "registry.opentofu.org/hashicorp/aws"));
        assert!(!lets(&json!({"exclude": ["*/*/*"]}), "hashicorp/aws"));
    }

    #[test]
    fn a_pattern_that_narrows_after_a_star_is_none() {
        for pattern in ["*", "*/aws", "*/hashicorp/aws", "*/*/aws", "h.com/*/aws", "a/b/c/d", "a//b", ""] {
            assert_eq!(Filter::of(&json!({"include": [pattern]})), Err(pattern.to_owned()));
        }
    }
}
