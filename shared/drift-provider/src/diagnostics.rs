//! What a plugin complains of, as a reason.

use drift_model::{Reason, ReasonKind, Redaction};
use tonic::{Code, Status};

use crate::proto::Diagnostic;

/// A longer reason is cut here, in characters: nobody reads on.
const LONGEST: usize = 1_000;

/// What the severity of an error is in the protocol.
const ERROR: i32 = 1;

/// The errors among what a plugin says, as one reason; nothing where there are none. Warnings say nothing about an instance.
pub(crate) fn refused(plugin: &str, diagnostics: &[Diagnostic], redaction: &Redaction) -> Option<Reason> {
    let errors: Vec<String> = diagnostics.iter().filter(|diagnostic| diagnostic.severity == ERROR).map(sentence).collect();
    if errors.is_empty() {
        return None;
    }
    let text = errors.join("; ");
    let kind = kind_of(&text);
    let action = (kind == ReasonKind::AccessDenied).then(|| missing_action(&text)).flatten();
    let advice = action.map(|action| format!("{action} is not allowed: ")).unwrap_or_default();
    Some(Reason { kind, message: told(&format!("{advice}{plugin} says: {text}"), redaction) })
}

/// A call that came to no answer.
pub(crate) fn failed(plugin: &str, what: &str, status: &Status, redaction: &Redaction) -> Reason {
    let why = match status.code() {
        _ if is_broken(status) => "its connection broke".to_owned(),
        Code::OutOfRange | Code::ResourceExhausted => format!("its answer is too large: {}", status.message()),
        Code::Unimplemented => "it does not know that call: the plugin is too old".to_owned(),
        code if status.message().is_empty() => code.description().to_owned(),
        _ => status.message().to_owned(),
    };
    Reason { kind: ReasonKind::Error, message: told(&format!("{plugin}, {what}: {why}"), redaction) }
}

/// Whether a call failed with its connection. What the plugin itself answered has no source; what became of the connection has.
pub(crate) fn is_broken(status: &Status) -> bool {
    status.code() == Code::Unavailable || std::error::Error::source(status).is_some()
}

/// A text of the plugin's without what may not be shown, and no longer than anybody reads.
fn told(text: &str, redaction: &Redaction) -> String {
    let mut text = redaction.apply(text);
    if let Some((end, _)) = text.char_indices().nth(LONGEST) {
        text.truncate(end);
        text.push_str("...");
    }
    text
}

fn sentence(diagnostic: &Diagnostic) -> String {
    let Diagnostic { summary, detail, .. } = diagnostic;
    // The old SDK repeats its summary in its detail.
    if detail.is_empty() || summary.contains(detail.as_str()) {
        summary.clone()
    } else if detail.contains(summary.as_str()) {
        detail.clone()
    } else {
        format!("{summary}: {detail}")
    }
}

/// Error codes of AWS's services. Source: each service's "Common Errors", and the throttling codes that the SDKs try again.
fn kind_of(text: &str) -> ReasonKind {
    const DENIED: [&str; 7] = [
        "AccessDenied",
        "AuthorizationError",
        "NotAuthorized",
        "UnauthorizedOperation",
        "UnauthorizedAccess",
        "is not authorized to perform",
        "StatusCode: 403",
    ];
    const THROTTLED: [&str; 8] = [
        "LimitExceededException: Rate exceeded",
        "PriorRequestNotComplete",
        "RequestLimitExceeded",
        "RequestThrottled",
        "SlowDown",
        "Throttling",
        "TooManyRequests",
        "Rate exceeded",
    ];
    let holds = |words: &[&str]| words.iter().any(|word| text.contains(word));
    if text.contains("AWS account ID not allowed") || text.contains("AWS Account ID not allowed") {
        ReasonKind::WrongAccount
    } else if holds(&THROTTLED) {
        ReasonKind::Throttled
    } else if holds(&DENIED) {
        ReasonKind::AccessDenied
    } else {
        ReasonKind::Error
    }
}

/// `ec2:DescribeInstances` of "... is not authorized to perform: ec2:DescribeInstances on resource ..."; where a service does not
/// say, what the SDK was doing: "operation error EC2: `DescribeInstances`, https response error".
fn missing_action(text: &str) -> Option<String> {
    let ends = |letter: char| !letter.is_ascii_alphanumeric() && !matches!(letter, ':' | '-' | '*');
    let word = |text: &str| text.split(ends).next().map(|word| word.trim_end_matches(':').to_owned()).filter(|word| !word.is_empty());
    if let Some((_, rest)) = text.split_once("authorized to perform: ").or_else(|| text.split_once("authorized to perform ")) {
        return word(rest).filter(|word| word.contains(':'));
    }
    let (service, rest) = text.split_once("operation error ")?.1.split_once(": ")?;
    let service: String = service.chars().filter(char::is_ascii_alphanumeric).collect();
    Some(format!("{}:{}", service.to_ascii_lowercase(), word(rest)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reason(summary: &str, detail: &str) -> Reason {
        let diagnostic = Diagnostic { severity: 1, summary: summary.to_owned(), detail: detail.to_owned() };
        refused("hashicorp/aws 5.100.0", &[diagnostic], &Redaction::default()).expect("an error")
    }

    #[test]
    fn a_denied_read_names_the_action_that_is_missing() {
        let said = reason(
            "reading EC2 Instance (i-1): operation error EC2: DescribeInstances, https response error StatusCode: 403, RequestID: x, api error UnauthorizedOperation: You are not authorized to perform this operation. User: arn:aws:iam::1:user/a is not authorized to perform: ec2:DescribeInstances because no identity-based policy allows it",
            "",
        );
        assert_eq!(said.kind, ReasonKind::AccessDenied);
        assert!(
            said.message.starts_with("ec2:DescribeInstances is not allowed: hashicorp/aws 5.100.0 says: reading EC2"),
            "{}",
            said.message
        );
        let silent = reason(
            "reading",
            "operation error DynamoDB: DescribeTable, https response error StatusCode: 403, api error AccessDeniedException",
        );
        assert!(silent.message.starts_with("dynamodb:DescribeTable is not allowed: "), "{}", silent.message);
    }

    #[test]
    fn what_may_pass_by_itself_is_told_apart() {
        assert_eq!(reason("operation error EC2: DescribeVpcs, api error RequestLimitExceeded", "").kind, ReasonKind::Throttled);
        assert_eq!(reason("AWS account ID not allowed: 123456789012", "").kind, ReasonKind::WrongAccount);
        assert_eq!(reason("something else", "at length").message, "hashicorp/aws 5.100.0 says: something else: at length");
    }

    #[test]
    fn a_warning_is_no_refusal() {
        let warning = Diagnostic { severity: 2, summary: "deprecated".to_owned(), detail: String::new() };
        assert_eq!(refused("p", &[warning], &Redaction::default()), None);
    }
}
