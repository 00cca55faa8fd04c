//! What a service's error answer says, over all protocols.

use aws_smithy_types::{
    error::{ErrorMetadata, metadata::ProvideErrorMetadata},
    retry::{ErrorKind, ProvideErrorKind},
};
use drift_catalog::{
    CallErrorKind,
    shapes::{Protocol, Service},
};
use serde_json::Value;

use super::answer::{Response, xml::Element};

/// A service's error answer.
#[derive(Clone, Debug, thiserror::Error)]
#[error("HTTP {status} {}", meta.code().unwrap_or_default())]
pub(super) struct Refusal {
    pub(super) status: u16,
    /// The region that S3 says the bucket is in, where that is another one.
    pub(super) bucket_region: Option<String>,
    meta: ErrorMetadata,
}

/// What the SDK retries as throttling; besides, what some services say instead.
const THROTTLED: [&str; 4] = ["KMSThrottling", "Throttling.User", "RequestThrottledException", "ThrottlingError"];

/// The codes of a denied call, and of credentials that are not valid.
const DENIED: [&str; 20] = [
    "AccessDenied",
    "AccessDeniedException",
    "AccountProblem",
    "AllAccessDisabled",
    "AuthFailure",
    "AuthorizationError",
    "ExpiredToken",
    "ExpiredTokenException",
    "IncompleteSignature",
    "InvalidAccessKeyId",
    "InvalidClientTokenId",
    "InvalidSignatureException",
    "InvalidToken",
    "MissingAuthenticationToken",
    "NotAuthorized",
    "OptInRequired",
    "SignatureDoesNotMatch",
    "UnauthorizedAccess",
    "UnauthorizedOperation",
    "UnrecognizedClientException",
];

/// Longer than what a person reads; EC2 appends kilobytes of encoded policy to a denial.
const LONGEST_MESSAGE: usize = 400;

impl Refusal {
    /// Reads an error answer. One that cannot be decoded is an error all the same: its code is then the status.
    pub(super) fn read(service: &Service, response: &Response<'_>) -> Self {
        let (code, message) = match service.protocol {
            Protocol::Json | Protocol::RestJson => of_json(response),
            Protocol::Ec2 | Protocol::Query | Protocol::RestXml => of_xml(response),
        };
        let code = code.filter(|code| !code.is_empty()).unwrap_or_else(|| response.status.to_string());
        let region = response.header("x-amz-bucket-region").map(str::to_owned);
        let mut meta = ErrorMetadata::builder().code(code);
        if let Some(message) = message {
            meta = meta.message(readable(&message));
        }
        Self { status: response.status, bucket_region: region, meta: meta.build() }
    }

    pub(super) fn code(&self) -> &str {
        self.meta.code().unwrap_or_default()
    }

    /// What the service says to people.
    pub(super) fn message(&self) -> &str {
        self.meta.message().unwrap_or_default()
    }

    pub(super) fn kind(&self) -> CallErrorKind {
        let code = self.code();
        let throttled = aws_runtime::retries::classifiers::THROTTLING_ERRORS.contains(&code) || THROTTLED.contains(&code);
        if throttled || self.status == 429 {
            CallErrorKind::Throttled
        } else if DENIED.contains(&code) || matches!(self.status, 401 | 403) {
            CallErrorKind::AccessDenied
        } else if self.status >= 500 {
            CallErrorKind::Transport
        } else {
            CallErrorKind::Service
        }
    }
}

impl ProvideErrorMetadata for Refusal {
    fn meta(&self) -> &ErrorMetadata {
        &self.meta
    }
}

impl ProvideErrorKind for Refusal {
    fn retryable_error_kind(&self) -> Option<ErrorKind> {
        THROTTLED.contains(&self.code()).then_some(ErrorKind::ThrottlingError)
    }

    fn code(&self) -> Option<&str> {
        self.meta.code()
    }
}

/// `__type` or `code` in the body, or a header, each with or without a namespace before `#` and a URL after `:`.
fn of_json(response: &Response<'_>) -> (Option<String>, Option<String>) {
    let body: Value = serde_json::from_slice(response.body).unwrap_or_default();
    let text = |names: &[&str]| names.iter().find_map(|name| body.get(*name)?.as_str());
    let written = response.header("x-amzn-errortype").or_else(|| text(&["__type", "code", "Code"]));
    let code = written.map(|code| {
        let code = code.split(':').next().unwrap_or_default();
        code.rsplit('#').next().unwrap_or_default().to_owned()
    });
    // Where a service speaks JSON and used to speak `query`, this header holds the code of those days.
    let older = || response.header("x-amzn-query-error").and_then(|header| Some(header.split(';').next()?.to_owned()));
    (code.or_else(older), text(&["message", "Message", "errorMessage"]).map(str::to_owned))
}

/// `<ErrorResponse><Error><Code>`, `<Response><Errors><Error><Code>` (EC2), `<Error><Code>` (S3).
fn of_xml(response: &Response<'_>) -> (Option<String>, Option<String>) {
    let Ok(root) = Element::parse(response.body) else { return (None, None) };
    let error = if root.name == "Error" {
        Some(&root)
    } else {
        root.child("Error").or_else(|| root.child("Errors").and_then(|errors| errors.child("Error")))
    };
    let text = |name: &str| Some(error?.child(name)?.text.trim().to_owned());
    (text("Code"), text("Message"))
}

/// A message on one line, bounded, without what only machines read.
fn readable(message: &str) -> String {
    let message = message.split("Encoded authorization failure message").next().unwrap_or_default();
    let line: String =
        message.chars().map(|character| if character.is_control() { ' ' } else { character }).take(LONGEST_MESSAGE).collect();
    line.trim().to_owned()
}
