use drift_model::Named;

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
    /// The place that a name of a record stood in.
    pub(super) fn of(name: &Named) -> Self {
        if name.free_text {
            return Self::FreeText;
        }
        match name.at.split(['.', '[']).next().unwrap_or_default() {
            "resources" => Self::Resources,
            "responseElements" => Self::Response,
            _ => Self::Request,
        }
    }
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
