/// Where in a record a name stood, by how much that says. The best comes first in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum PlaceOfName {
    /// What was asked for, or what a service event is about.
    Request,
    /// What CloudTrail says the record is about.
    Resources,
    /// What came back: with what is new, much that was there before.
    Response,
    /// Tags and descriptions, in which anybody writes what he likes.
    FreeText,
}

impl PlaceOfName {
    /// The place that a path within a record (`requestParameters.tagSet.items[0].value`) leads to.
    pub(super) fn of(at: &str) -> Self {
        let mut steps = at.split('.');
        let top = steps.next().unwrap_or_default();
        if steps.any(is_free_text) {
            return Self::FreeText;
        }
        match top.split('[').next().unwrap_or_default() {
            "resources" => Self::Resources,
            "responseElements" => Self::Response,
            _ => Self::Request,
        }
    }
}

fn is_free_text(step: &str) -> bool {
    let step = step.split('[').next().unwrap_or_default().to_ascii_lowercase();
    let is_tags =
        matches!(step.as_str(), "tags" | "tag" | "tagset" | "taglist" | "tagging" | "tagspecificationset" | "newtags" | "tagstoadd");
    is_tags || step.ends_with("tags") || step.ends_with("tagset") || step.contains("description") || step.contains("comment")
}

/// Whether an identifier can be nothing but one thing's: an ARN, a URL, an id with a prefix and hexadecimal digits.
pub(super) fn is_unmistakable(value: &str) -> bool {
    let is_id = || {
        value.rsplit_once('-').is_some_and(|(words, digits)| {
            digits.len() >= 8
                && digits.bytes().all(|byte| byte.is_ascii_hexdigit())
                && !words.is_empty()
                && words.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-')
        })
    };
    value.starts_with("arn:") || value.starts_with("https://") || is_id()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_and_descriptions_are_free_text_wherever_they_stand() {
        for (at, expected) in [
            ("requestParameters.groupId", PlaceOfName::Request),
            ("requestParameters.resourcesSet.items[0].resourceId", PlaceOfName::Request),
            ("requestParameters.tagSet.items[0].value", PlaceOfName::FreeText),
            ("requestParameters.tags.Owner", PlaceOfName::FreeText),
            ("requestParameters.description", PlaceOfName::FreeText),
            ("responseElements.vpc.tags.items[1].value", PlaceOfName::FreeText),
            ("responseElements.vpc.vpcId", PlaceOfName::Response),
            ("resources[0].ARN", PlaceOfName::Resources),
            ("requestParameters.stageName", PlaceOfName::Request),
            ("serviceEventDetails.snapshotId", PlaceOfName::Request),
            ("", PlaceOfName::Request),
        ] {
            assert_eq!(PlaceOfName::of(at), expected, "{at}");
        }
    }
}
