/// An event's name without the date of the API's version that some services append: `UpdateFunctionCode` of
/// `UpdateFunctionCode20150331v2`, `PublishFunction` of `PublishFunction2020_05_31`.
pub(crate) fn undated(name: &str) -> &str {
    let versionless = match name.rsplit_once('v') {
        Some((before, version)) if !version.is_empty() && version.bytes().all(|byte| byte.is_ascii_digit()) => before,
        _ => name,
    };
    let stem = versionless.trim_end_matches(|letter: char| letter.is_ascii_digit() || letter == '_');
    let date: String = versionless[stem.len()..].chars().filter(char::is_ascii_digit).collect();
    let is_date = date.len() == 8 && (date.starts_with("20") || date.starts_with("19"));
    if is_date && !stem.is_empty() { stem } else { name }
}

/// Whether an event's name alone says that it reads.
pub(crate) fn reads_by_its_name(name: &str) -> bool {
    const VERBS: [&str; 6] = ["BatchGet", "Describe", "Get", "Head", "List", "Lookup"];
    VERBS.iter().any(|verb| name.strip_prefix(verb).is_some_and(|rest| rest.starts_with(|letter: char| letter.is_ascii_uppercase())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_taken_off() {
        for (name, expected) in [
            ("UpdateFunctionCode20150331v2", "UpdateFunctionCode"),
            ("PublishFunction2020_05_31", "PublishFunction"),
            ("CreateDistribution2020_05_31", "CreateDistribution"),
            ("CreateFunction20150331", "CreateFunction"),
            ("PutBucketAcl", "PutBucketAcl"),
            ("CreateServiceV2", "CreateServiceV2"),
            ("Encrypt256", "Encrypt256"),
            ("20150331", "20150331"),
            ("", ""),
            ("é20150331v2", "é"),
        ] {
            assert_eq!(undated(name), expected, "{name}");
        }
    }

    #[test]
    fn only_whole_verbs_read() {
        for (name, expected) in [("GetObject", true), ("DescribeVpcs", true), ("Getaway", false), ("ListenX", false), ("PutObject", false)]
        {
            assert_eq!(reads_by_its_name(name), expected, "{name}");
        }
    }
}
