//! What the SDK's errors come to: whether trying again can help, and what to do where it cannot.

use std::error::Error;

use aws_sdk_s3::{config::http::HttpResponse, error::ProvideErrorMetadata, error::SdkError};
use drift_engine::ports::PortError;

/// A call that is being made, as far as somebody has to know who reads that it failed.
pub(crate) struct Call<'a> {
    /// `reading s3://bucket/key`.
    pub(crate) what: &'a str,
    /// `s3:GetObject`.
    pub(crate) action: &'a str,
    /// The ARN that the action must be allowed on, or a pattern of it.
    pub(crate) resource: &'a str,
}

/// The codes that say "later", over all services that this crate calls.
const LATER: [&str; 14] = [
    "InternalError",
    "InternalFailure",
    "InternalServerError",
    "KMSThrottling",
    "LimitExceededException",
    "OverLimit",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "RequestThrottled",
    "ServiceUnavailable",
    "SlowDown",
    "Throttling",
    "ThrottlingException",
    "TooManyRequestsException",
];

/// The codes of a denied call.
const DENIED: [&str; 8] = [
    "AccessDenied",
    "AccessDeniedException",
    "AuthorizationError",
    "ExpiredToken",
    "ExpiredTokenException",
    "InvalidClientTokenId",
    "KMSAccessDenied",
    "UnrecognizedClientException",
];

impl Call<'_> {
    /// The failure as a port tells it. Holds what the service said, never what was sent.
    pub(crate) fn failed<E: ProvideErrorMetadata + Error + 'static>(&self, error: &SdkError<E, HttpResponse>) -> PortError {
        let what = self.what.to_owned();
        match error {
            SdkError::ServiceError(answer) => {
                let status = answer.raw().status().as_u16();
                let code = code(error).unwrap_or("no error code");
                let said = answer.err().message().unwrap_or("the service said no more");
                let why = format!("{code} (HTTP {status}): {said}");
                if status >= 500 || status == 429 || LATER.contains(&code) {
                    PortError::Retryable { what, why }
                } else if status == 403 || DENIED.contains(&code) {
                    let (action, resource) = (self.action, self.resource);
                    PortError::Permanent {
                        what,
                        why: format!("{why}; allow {action} on {resource} to the identity that Driftwire runs as"),
                    }
                } else {
                    PortError::Permanent { what, why }
                }
            }
            SdkError::ConstructionFailure(_) => {
                PortError::Permanent { what, why: format!("the request could not be built: {}", chain(error)) }
            }
            _ => PortError::Retryable { what, why: chain(error) },
        }
    }
}

/// The service's code of an error.
pub(crate) fn code<E: ProvideErrorMetadata>(error: &SdkError<E, HttpResponse>) -> Option<&str> {
    error.as_service_error().and_then(ProvideErrorMetadata::code)
}

/// Whether the condition of a write to DynamoDB did not hold: somebody else wrote first.
pub(crate) fn is_conflict<E: ProvideErrorMetadata>(error: &SdkError<E, HttpResponse>) -> bool {
    code(error) == Some("ConditionalCheckFailedException")
}

/// The status of the answer, where there was one.
pub(crate) fn status<E>(error: &SdkError<E, HttpResponse>) -> Option<u16> {
    error.raw_response().map(|response| response.status().as_u16())
}

/// An error and what is behind it, in one line.
fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(source) = next {
        let said = source.to_string();
        if !text.ends_with(&said) {
            text = format!("{text}: {said}");
        }
        next = source.source();
    }
    text
}
