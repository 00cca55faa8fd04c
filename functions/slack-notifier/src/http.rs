//! One POST over the HTTP stack that the AWS clients of this process use anyway: its TLS, proxies, time limits and retries.

use std::{error::Error, fmt, time::Duration};

use aws_smithy_runtime::client::{
    orchestrator::operation::Operation,
    retries::classifiers::{HttpStatusCodeClassifier, TransientErrorClassifier},
};
use aws_smithy_runtime_api::{
    box_error::BoxError,
    client::{
        orchestrator::{HttpRequest, HttpResponse, OrchestratorError},
        result::SdkError,
    },
};
use aws_smithy_types::{body::SdkBody, retry::RetryConfig, timeout::TimeoutConfig};
use aws_types::SdkConfig;
use url::{Host, Url};

/// What is tried again at once: a server's error, a broken connection, no answer in time. Each wait is longer, and random.
const TRIES: u32 = 3;
const FIRST_WAIT: Duration = Duration::from_millis(500);
const LONGEST_WAIT: Duration = Duration::from_secs(3);
/// How long a connection, a try, and all tries may take.
const CONNECT: Duration = Duration::from_secs(3);
const TRY: Duration = Duration::from_secs(8);
const ALL: Duration = Duration::from_secs(25);

/// Posts JSON.
#[derive(Clone, Debug)]
pub(crate) struct Http {
    config: SdkConfig,
}

/// What came back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// How long to wait before the next request.
    pub(crate) retry_after: Option<Duration>,
    pub(crate) body: String,
}

/// No answer: why, without a word of where to. Its URL is a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NoAnswer(pub(crate) String);

/// A server's error, which the SDK is to try again.
#[derive(Debug, thiserror::Error)]
#[error("HTTP {}", .0.status)]
struct ServersError(Answer);

/// What is sent.
struct Request {
    path: String,
    /// A bot's token.
    bearer: Option<String>,
    body: String,
}

// Never where to, nor in whose name, nor what.
impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Request")
    }
}

/// Whether a URL may be sent anything: it is encrypted, or goes to this very machine.
pub(crate) fn is_safe(url: &Url) -> bool {
    let is_loopback = match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    };
    url.has_host() && (url.scheme() == "https" || url.scheme() == "http" && is_loopback)
}

impl Http {
    /// With the client that `config` has.
    pub(crate) fn new(config: SdkConfig) -> Self {
        Self { config }
    }

    /// Posts a JSON body. Redirects are not followed; an answer of any status is one.
    pub(crate) async fn post(&self, url: &Url, bearer: Option<&str>, body: String) -> Result<Answer, NoAnswer> {
        let limits = TimeoutConfig::builder().connect_timeout(CONNECT).operation_attempt_timeout(TRY).operation_timeout(ALL).build();
        let retries = RetryConfig::standard().with_max_attempts(TRIES).with_initial_backoff(FIRST_WAIT).with_max_backoff(LONGEST_WAIT);
        let mut builder = Operation::builder()
            .service_name("slack")
            .operation_name("post")
            .endpoint_url(&url[..url::Position::BeforePath])
            .no_auth()
            .standard_retry(&retries)
            .timeout_config(limits)
            .with_connection_poisoning()
            .retry_classifier(TransientErrorClassifier::<ServersError>::new())
            .retry_classifier(HttpStatusCodeClassifier::default());
        if let Some(version) = self.config.behavior_version() {
            builder = builder.behavior_version(version);
        }
        if let Some(http) = self.config.http_client() {
            builder = builder.http_client(http);
        }
        if let Some(sleep) = self.config.sleep_impl() {
            builder = builder.sleep_impl(sleep);
        }
        if let Some(time) = self.config.time_source() {
            builder = builder.time_source(time);
        }
        let operation = builder.serializer(|request: Request| built(&request)).deserializer(read).build();
        let path = url[url::Position::BeforePath..url::Position::AfterQuery].to_owned();
        let sent = operation.invoke(Request { path, bearer: bearer.map(str::to_owned), body }).await;
        sent.or_else(answered)
    }
}

fn built(request: &Request) -> Result<HttpRequest, BoxError> {
    let mut built = http::Request::builder()
        .method("POST")
        .uri(&request.path)
        .header("content-type", "application/json; charset=utf-8")
        .header("content-length", request.body.len())
        .header("user-agent", concat!("driftwire/", env!("CARGO_PKG_VERSION")));
    if let Some(token) = &request.bearer {
        built = built.header("authorization", format!("Bearer {token}"));
    }
    Ok(built.body(SdkBody::from(request.body.as_str()))?.try_into()?)
}

fn read(response: &HttpResponse) -> Result<Answer, OrchestratorError<ServersError>> {
    let answer = Answer {
        status: response.status().as_u16(),
        retry_after: response.headers().get("retry-after").and_then(|after| after.trim().parse().ok()).map(Duration::from_secs),
        body: String::from_utf8_lossy(response.body().bytes().unwrap_or_default()).into_owned(),
    };
    if answer.status >= 500 { Err(OrchestratorError::operation(ServersError(answer))) } else { Ok(answer) }
}

fn answered(error: SdkError<ServersError, HttpResponse>) -> Result<Answer, NoAnswer> {
    let why = match error {
        SdkError::ServiceError(error) => return Ok(error.into_err().0),
        SdkError::TimeoutError(_) => "no answer in time",
        SdkError::DispatchFailure(failure) if failure.is_timeout() => "no connection, or no answer, in time",
        // The chain ends in what the system said of the connection; whatever is before it may quote the request.
        SdkError::DispatchFailure(failure) => {
            let said =
                failure.as_connector_error().and_then(|error| system_error(error)).unwrap_or_else(|| "the connection broke".to_owned());
            return Err(NoAnswer(said));
        }
        SdkError::ConstructionFailure(_) => "the request could not be built: is the URL, or the token, one?",
        _ => "an answer that is no HTTP",
    };
    Err(NoAnswer(why.to_owned()))
}

/// What the operating system said, where it is behind an error: `Connection refused (os error 111)`.
fn system_error(error: &(dyn Error + 'static)) -> Option<String> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(error) = error.downcast_ref::<std::io::Error>().filter(|error| error.raw_os_error().is_some()) {
            return Some(error.to_string());
        }
        next = error.source();
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_encrypted_or_stays_on_this_machine_is_safe() {
        for (url, safe) in [
            ("https://hooks.slack.com/services/T/B/x", true),
            ("http://127.0.0.1:8080/x", true),
            ("http://[::1]/x", true),
            ("http://localhost:1/x", true),
            ("http://hooks.slack.com/services/T/B/x", false),
            ("http://localhost.evil.example/x", false),
            ("ftp://127.0.0.1/x", false),
            ("file:///etc/passwd", false),
        ] {
            assert_eq!(is_safe(&url.parse().expect("it is a URL")), safe, "{url}");
        }
    }
}
