/// The longest string that is taken for an identifier, in bytes: S3's keys end here, and an ARN is shorter in practice.
const LONGEST: usize = 1_024;

/// The shortest part of a longer string that is taken for an identifier, in bytes.
const SHORTEST_PART: usize = 3;

/// At most so many parts of one string are taken.
const PARTS: usize = 8;

/// The forms in which a string can be an identifier: itself (always the first), an ARN's resource and its last segment,
/// a URL's last segment, the parts of a composite id. Never a partition, service, region, account id, availability zone
/// or a word of a type. Empty where the string cannot name anything: free text, JSON, a number, an address range.
#[must_use]
pub fn identifier_forms(text: &str) -> Vec<String> {
    let Some(whole) = whole(text) else { return Vec::new() };
    let mut forms = vec![whole];
    for part in parts(whole) {
        if !forms.contains(&part) {
            forms.push(part);
        }
    }
    forms.into_iter().map(str::to_owned).collect()
}

/// Whether a string can name anything at all: [`identifier_forms`] gives something for it.
#[must_use]
pub fn may_identify(text: &str) -> bool {
    whole(text).is_some()
}

/// The string without what different writers of it add or leave out, if it can name anything at all.
pub(super) fn whole(text: &str) -> Option<&str> {
    // CloudWatch Logs ends a log group's ARN in `:*` in some answers; Route 53 ends names in a dot.
    let text = text.trim().trim_end_matches(":*").trim_end_matches('.');
    let fits = text.len() <= LONGEST
        && text.bytes().any(|letter| letter.is_ascii_alphanumeric())
        && !text.contains(|letter: char| letter.is_control() || matches!(letter, '{' | '}' | '"' | '<' | '>'))
        && !is_number(text)
        && !is_address_range(text)
        && !is_known_word(text)
        && text.bytes().filter(|letter| *letter == b' ').count() < 4;
    fits.then_some(text)
}

/// What else names something within a string that [`whole`] gave: slices of it, in its order, bounded in number.
pub(super) fn parts(text: &str) -> impl Iterator<Item = &str> {
    let (from_arn, rest) = match arn_resource(text) {
        Some(resource) => (true, resource),
        None => (false, url_path(text).unwrap_or(text)),
    };
    let is_s3 = from_arn && text.split(':').nth(2) == Some("s3");
    // An ARN's resource begins with a word of its type, of which nothing is learnt.
    let typed = from_arn && !is_s3 && rest.contains(['/', ':']);
    let below_type = if typed { rest.trim_start_matches('/').split_once(['/', ':']).map(|(_, below)| below) } else { None };
    let single = below_type.unwrap_or(rest);
    let segments = single.split(['/', ':', ',', '|', '#', ';', ' ']);
    let taken = if is_s3 { 1 } else { PARTS };
    [rest, single].into_iter().filter(move |_| from_arn).chain(segments.take(taken)).filter(move |part| is_part(part, text))
}

/// `role/path/admin` of `arn:aws:iam::123456789012:role/path/admin`.
fn arn_resource(text: &str) -> Option<&str> {
    text.strip_prefix("arn:")?.splitn(5, ':').nth(4).filter(|resource| !resource.is_empty())
}

/// `123456789012/jobs` of `https://sqs.us-east-1.amazonaws.com/123456789012/jobs`.
fn url_path(text: &str) -> Option<&str> {
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"))?;
    rest.split_once('/').map(|(_, path)| path).filter(|path| !path.is_empty())
}

fn is_part(part: &str, of: &str) -> bool {
    part.len() >= SHORTEST_PART
        && part.len() < of.len()
        && !is_number(part)
        && !is_known_word(part)
        && !is_place(part)
        && whole(part).is_some()
}

fn is_number(text: &str) -> bool {
    text.bytes().all(|letter| letter.is_ascii_digit() || matches!(letter, b'.' | b'-' | b'+' | b':'))
}

/// `10.0.0.0/16`, `2001:db8::/32`, `::/0`.
fn is_address_range(text: &str) -> bool {
    let (address, prefix) = text.split_once('/').unwrap_or((text, "0"));
    prefix.parse::<u8>().is_ok() && address.parse::<std::net::IpAddr>().is_ok()
}

/// `eu-west-1`, `us-gov-east-1`, `us-east-1a`.
fn is_place(text: &str) -> bool {
    let region = text.strip_suffix(|letter: char| letter.is_ascii_lowercase()).unwrap_or(text);
    let mut words = region.split('-');
    let first = words.next().unwrap_or_default();
    let last = words.next_back().unwrap_or_default();
    first.len() == 2
        && first.bytes().all(|letter| letter.is_ascii_lowercase())
        && last.len() == 1
        && last.bytes().all(|letter| letter.is_ascii_digit())
        && words.clone().next().is_some()
        && words.all(|word| word.len() >= 3 && word.bytes().all(|letter| letter.is_ascii_lowercase()))
}

/// Words that stand in thousands of strings and name nothing. Sorted, in lower case.
const KNOWN_WORDS: &[&str] = &[
    "$default",
    "$latest",
    "active",
    "alias",
    "all",
    "allow",
    "amazonaws.com",
    "any",
    "app",
    "application",
    "aws",
    "cluster",
    "default",
    "deny",
    "disabled",
    "egress",
    "enabled",
    "false",
    "function",
    "get",
    "global",
    "group",
    "http",
    "https",
    "icmp",
    "inactive",
    "ingress",
    "key",
    "latest",
    "log-group",
    "none",
    "null",
    "options",
    "policy",
    "post",
    "put",
    "role",
    "rule",
    "service",
    "table",
    "task",
    "tcp",
    "true",
    "udp",
    "user",
];

fn is_known_word(text: &str) -> bool {
    KNOWN_WORDS.iter().any(|word| word.eq_ignore_ascii_case(text))
}
