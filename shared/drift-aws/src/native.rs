//! One untyped AWS call over six protocols, for every service that the catalog reads with.
//!
//! Credentials, signing, retries and time limits are the SDK's, as any typed client has them; what an operation is made of
//! comes from the table of shapes, so that one small binary calls every service.

mod answer;
mod endpoint;
mod invoke;
mod reader;
mod refusal;
mod request;

use std::{fmt, sync::Arc};

use aws_credential_types::Credentials as Keys;
use aws_types::SdkConfig;
use drift_catalog::{
    AwsCall, CallError, CallErrorKind,
    shapes::{self, Operation, Service},
};
use drift_engine::ports::Credentials;
use drift_model::{Place, ReasonKind};
use serde_json::Value;

pub use self::reader::NativeReader;
use self::{
    endpoint::{Wanted, endpoint},
    invoke::{Failure, invoke},
};

/// Calls AWS on behalf of the catalog, each call signed with credentials that are known to be of its account.
#[derive(Clone, Debug)]
pub struct UntypedCalls<C> {
    config: SdkConfig,
    credentials: Arc<C>,
}

impl<C: Credentials<Given = Keys>> UntypedCalls<C> {
    /// Calls with what `config` says of endpoints, retries, time limits and HTTP; its own credentials are not used.
    pub fn new(config: SdkConfig, credentials: Arc<C>) -> Self {
        Self { config, credentials }
    }
}

impl UntypedCalls<()> {
    /// What a call makes of an answer of this status with this body, without making it: [`AwsCall::call`]'s result.
    ///
    /// # Errors
    ///
    /// Where the call would end in one.
    pub fn decoded(service: &str, operation: &str, status: u16, body: &[u8]) -> Result<Value, CallError> {
        let call = Call::find(service, operation)?;
        let response = answer::Response { status, headers: Vec::new(), body };
        if !(200..300).contains(&status) {
            return Err(call.refused(&refusal::Refusal::read(call.service, &response)));
        }
        answer::decode(call.service, call.operation, &response).map_err(|error| call.error(CallErrorKind::Undecodable, error))
    }
}

impl<C: Credentials<Given = Keys>> AwsCall for UntypedCalls<C> {
    async fn call(&self, place: &Place, service: &str, operation: &str, input: &Value) -> Result<Value, CallError> {
        let call = Call::find(service, operation)?;
        let keys = self.credentials.of(place).await.map_err(|reason| {
            let kind = match reason.kind {
                ReasonKind::WrongAccount => CallErrorKind::WrongAccount,
                ReasonKind::AccessDenied => CallErrorKind::AccessDenied,
                ReasonKind::Throttled => CallErrorKind::Throttled,
                _ => CallErrorKind::Transport,
            };
            call.error(kind, reason.message)
        })?;
        call.make(&self.config, &keys, place, input).await
    }
}

/// A call of an operation that the table knows.
#[derive(Clone, Copy)]
pub(crate) struct Call {
    service_name: &'static str,
    name: &'static str,
    service: &'static Service,
    operation: &'static Operation,
}

impl Call {
    pub(crate) fn find(service: &str, operation: &str) -> Result<Self, CallError> {
        let found = shapes::services().find(|name| *name == service).and_then(|service_name| {
            let service = shapes::service(service_name)?;
            let (name, operation) = service.operations.get_key_value(operation)?;
            Some(Self { service_name, name, service, operation })
        });
        found.ok_or_else(|| CallError {
            service: service.to_owned(),
            operation: operation.to_owned(),
            kind: CallErrorKind::Input,
            code: String::new(),
            status: 0,
            message: "is not in the table of shapes: write it anew with generate/shapes.py".to_owned(),
        })
    }

    /// Makes the call with these credentials, whoever's they are.
    pub(crate) async fn make(self, config: &SdkConfig, keys: &Keys, place: &Place, input: &Value) -> Result<Value, CallError> {
        let input = self.adapted(input);
        let bucket = (self.service_name == "s3").then(|| input.get("Bucket")?.as_str()).flatten();
        let wanted = Wanted::of(config, self.service);
        let mut place = place.clone();
        let mut redirected = false;
        loop {
            let endpoint = endpoint(self.service, &wanted, &place, bucket).map_err(|error| self.error(CallErrorKind::Input, error))?;
            let path = if endpoint.bucket_in_host { without_bucket(&self.operation.path) } else { self.operation.path.clone() };
            let request = request::request(self.service, self.name, self.operation, &path, &input)
                .map_err(|error| self.error(CallErrorKind::Input, error))?;
            match invoke(config, self, &endpoint, keys, request).await {
                Ok(answer) => return answer.map_err(|error| self.error(CallErrorKind::Undecodable, error)),
                Err(Failure::Refused(refusal)) => match refusal.bucket_region.as_ref() {
                    // A bucket is in one region, and S3 says which when it is asked elsewhere.
                    Some(region) if !redirected && *region != endpoint.region && bucket.is_some() => {
                        place.region.clone_from(region);
                        redirected = true;
                    }
                    _ => return Err(self.refused(&refusal)),
                },
                Err(Failure::NoAnswer(why)) => return Err(self.error(CallErrorKind::Transport, why)),
            }
        }
    }

    /// What the services' own clients do to an input: Route 53 hands out ids as paths and takes them as last segments.
    fn adapted(self, input: &Value) -> Value {
        let mut input = input.clone();
        if self.service_name == "route53" {
            for value in input.as_object_mut().into_iter().flat_map(serde_json::Map::values_mut) {
                let id = value.as_str().and_then(|text| {
                    ["/hostedzone/", "/change/", "/delegationset/"].into_iter().find_map(|prefix| text.strip_prefix(prefix))
                });
                if let Some(id) = id.map(str::to_owned) {
                    *value = Value::String(id);
                }
            }
        }
        input
    }

    fn refused(self, refusal: &refusal::Refusal) -> CallError {
        let message = match (refusal.message(), refusal.code()) {
            ("", code) => format!("HTTP {}: {code}", refusal.status),
            (message, code) => format!("{code}: {message}"),
        };
        CallError { code: refusal.code().to_owned(), status: refusal.status, ..self.error(refusal.kind(), message) }
    }

    fn error(self, kind: CallErrorKind, message: impl fmt::Display) -> CallError {
        CallError {
            service: self.service_name.to_owned(),
            operation: self.name.to_owned(),
            kind,
            code: String::new(),
            status: 0,
            message: format!("{message}"),
        }
    }
}

fn without_bucket(path: &str) -> String {
    let rest = path.strip_prefix("/{Bucket}").unwrap_or(path);
    if rest.starts_with('/') { rest.to_owned() } else { format!("/{rest}") }
}

#[cfg(test)]
mod hostile;
#[cfg(test)]
mod tests;
