//! The queries that are built in: `queries/<Name>.graphql`, each one operation of that name.

use super::Query;

const FILES: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/queries.rs"));

impl Query {
    /// A query of `queries/`, by its name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        FILES.iter().find(|(known, _)| *known == name).map(|(_, text)| Self::new(*text))
    }

    /// The names of all of them, in order.
    pub fn names() -> impl Iterator<Item = &'static str> {
        FILES.iter().map(|(name, _)| *name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_file_holds_the_query_that_it_is_named_after() {
        assert!(Query::names().count() > 0);
        for name in Query::names() {
            assert_eq!(Query::named(name).expect("it is there").name(), name);
        }
        assert!(Query::named("Nothing").is_none());
    }
}
