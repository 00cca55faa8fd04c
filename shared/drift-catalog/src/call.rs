use std::future::Future;

use drift_model::{Place, Reason, ReasonKind};
use serde_json::Value;

/// One AWS operation, named and shaped as the service's official model has it.
pub trait AwsCall: Send + Sync {
    /// Makes one call in a place, with credentials that are known to be of its account.
    ///
    /// `service` is the name that `aws` and botocore use (`ec2`, `s3`, `route53`), `operation` the model's
    /// (`DescribeSecurityGroups`), `input` an object by the model's member names; members that are null are left out.
    ///
    /// The answer is an object by the model's member names, however the wire spells them. Lists are lists, be it of none or one;
    /// numbers are numbers, timestamps RFC 3339 in UTC, blobs base64. What the answer leaves out is left out; lists and maps
    /// that the wire holds empty are empty.
    fn call(&self, place: &Place, service: &str, operation: &str, input: &Value) -> impl Future<Output = Result<Value, CallError>> + Send;
}

/// A call that brought no answer. Its message is for people, and holds no value of a resource.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{service}:{operation}: {message}")]
pub struct CallError {
    /// `ec2`.
    pub service: String,
    /// `DescribeSecurityGroups`.
    pub operation: String,
    /// What kind of failure this is.
    pub kind: CallErrorKind,
    /// The service's error code as its documentation spells it: `NoSuchBucket`, `InvalidGroup.NotFound`. Where an answer has no
    /// body (`HEAD`), the status: `404`. Empty where no answer came.
    pub code: String,
    /// The HTTP status; 0 where no answer came.
    pub status: u16,
    /// What went wrong, and what to do about it where that is known.
    pub message: String,
}

/// Why a call brought no answer, as a closed list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CallErrorKind {
    /// The service answered with an error of its own; its code says which. Only such an answer may mean that something is gone.
    Service,
    /// The credentials at hand may not do this, or are none at all.
    AccessDenied,
    /// Throttled until the retries were used up.
    Throttled,
    /// No credentials of the place's account are at hand.
    WrongAccount,
    /// No answer came: the network, TLS, a time-out, a server's error that outlived its retries.
    Transport,
    /// An answer came that is not what the model says.
    Undecodable,
    /// The call could not be made as asked: an operation that is not in the table of shapes, or an input that it does not take.
    Input,
}

impl CallError {
    /// Whether the service said so itself, by one of these error codes.
    #[must_use]
    pub fn is_any_of<S: AsRef<str>>(&self, codes: &[S]) -> bool {
        self.kind == CallErrorKind::Service && codes.iter().any(|code| code.as_ref() == self.code)
    }

    /// Why nothing can be concluded from this.
    #[must_use]
    pub fn reason(&self) -> Reason {
        Reason { kind: self.kind.into(), message: self.to_string() }
    }
}

impl From<CallErrorKind> for ReasonKind {
    fn from(kind: CallErrorKind) -> Self {
        match kind {
            CallErrorKind::AccessDenied => Self::AccessDenied,
            CallErrorKind::Throttled => Self::Throttled,
            CallErrorKind::WrongAccount => Self::WrongAccount,
            CallErrorKind::Service | CallErrorKind::Transport | CallErrorKind::Undecodable => Self::Error,
            CallErrorKind::Input => Self::Recorded,
        }
    }
}
