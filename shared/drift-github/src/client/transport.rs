//! One request over HTTP and its answer, whatever that is.

use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};

use drift_model::Timestamp;
use jiff::{SignedDuration, fmt::rfc2822::DateTimeParser};
use reqwest::{
    Client, Method, Request,
    header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, DATE, HeaderMap, HeaderName, HeaderValue, USER_AGENT},
    redirect,
};
use rustls::{ClientConfig, RootCertStore, crypto::ring};
use url::Url;

use super::{
    Settings, SettingsError,
    settings::{Addresses, is_loopback},
};

/// The version of the API that the provider asks for: with another, fields differ.
const API_VERSION: &str = "2022-11-28";

/// More than any answer of GitHub's has: what is longer is not read to its end.
const LONGEST: usize = 64 << 20;

/// What is asked, without as whom.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) url: Url,
    pub(crate) accept: HeaderValue,
    /// By which an answer would be known again.
    pub(crate) condition: Option<(HeaderName, HeaderValue)>,
    /// A `POST` where there is one.
    pub(crate) body: Option<Vec<u8>>,
}

/// An answer as it came.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Reply {
    /// A header's text; nothing if it is empty.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok().map(str::trim).filter(|text| !text.is_empty())
    }

    /// A header's whole number.
    pub(crate) fn number(&self, name: &str) -> Option<i64> {
        self.header(name)?.parse().ok()
    }
}

/// No answer came.
#[derive(Debug)]
pub(crate) enum Broken {
    /// Nothing was heard for too long.
    Silence,
    /// Anything else, in words that hold no URL.
    Line(String),
}

pub(crate) struct Transport {
    client: Client,
    user_agent: HeaderValue,
    /// How many seconds GitHub's clock is ahead of ours.
    ahead: AtomicI64,
}

impl Transport {
    /// Certificates are trusted as the system trusts them; proxies are the environment's, and none leads to this machine itself.
    pub(crate) fn new(settings: &Settings, addresses: &Addresses) -> Result<Self, SettingsError> {
        let failed = |why: String| SettingsError::Https { why };
        let mut builder = Client::builder()
            .tls_backend_preconfigured(tls().map_err(|error| failed(error.to_string()))?)
            // Followed by whoever knows which of them the token may go to.
            .redirect(redirect::Policy::none())
            .connect_timeout(settings.silence)
            .read_timeout(settings.silence);
        if is_loopback(&addresses.rest) {
            builder = builder.no_proxy();
        }
        Ok(Self {
            client: builder.build().map_err(|error| failed(error.without_url().to_string()))?,
            user_agent: HeaderValue::from_str(&settings.user_agent).map_err(|error| failed(error.to_string()))?,
            ahead: AtomicI64::new(0),
        })
    }

    /// Asks once. The authorization goes where `asked` leads, so that must be GitHub.
    pub(crate) async fn exchange(&self, asked: &Asked, authorization: &HeaderValue) -> Result<Reply, Broken> {
        let mut request = Request::new(if asked.body.is_some() { Method::POST } else { Method::GET }, asked.url.clone());
        let headers = request.headers_mut();
        headers.insert(ACCEPT, asked.accept.clone());
        headers.insert(AUTHORIZATION, authorization.clone());
        headers.insert(USER_AGENT, self.user_agent.clone());
        headers.insert("x-github-api-version", HeaderValue::from_static(API_VERSION));
        if let Some((name, value)) = &asked.condition {
            headers.insert(name, value.clone());
        }
        if let Some(body) = &asked.body {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
            *request.body_mut() = Some(body.clone().into());
        }
        let mut response = self.client.execute(request).await?;
        let mut reply = Reply { status: response.status().as_u16(), headers: response.headers().clone(), body: Vec::new() };
        self.set_clock(&reply);
        while let Some(chunk) = response.chunk().await? {
            if reply.body.len() + chunk.len() > LONGEST {
                return Err(Broken::Line(format!("the answer has more than {LONGEST} bytes")));
            }
            reply.body.extend_from_slice(&chunk);
        }
        Ok(reply)
    }

    /// What time it is for GitHub: what is signed, and when a limit ends, is told by its clock.
    pub(crate) fn now(&self) -> Timestamp {
        let now = local_now();
        now.checked_add(SignedDuration::from_secs(self.ahead())).unwrap_or(now)
    }

    /// How many seconds GitHub's clock is ahead, as far as is known.
    pub(crate) fn ahead(&self) -> i64 {
        self.ahead.load(Ordering::Relaxed)
    }

    fn set_clock(&self, reply: &Reply) {
        if let Some(theirs) = reply.header(DATE.as_str()).and_then(|date| DateTimeParser::new().parse_timestamp(date).ok()) {
            self.ahead.store(theirs.as_second() - local_now().as_second(), Ordering::Relaxed);
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "a client of HTTP is at the edge, and what it signs is of now")]
pub(crate) fn local_now() -> Timestamp {
    Timestamp::now()
}

impl From<reqwest::Error> for Broken {
    fn from(error: reqwest::Error) -> Self {
        if error.is_timeout() {
            return Self::Silence;
        }
        // The innermost cause is what went wrong; around it stand the URL and the layers.
        let error = error.without_url();
        let mut cause: &dyn std::error::Error = &error;
        while let Some(inner) = cause.source() {
            cause = inner;
        }
        Self::Line(if std::ptr::addr_eq(cause, &raw const error) { error.to_string() } else { cause.to_string() })
    }
}

fn tls() -> Result<ClientConfig, rustls::Error> {
    let mut roots = RootCertStore::empty();
    // A machine without any certificate is told so by the first handshake.
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider())).with_safe_default_protocol_versions()?;
    let mut config = builder.with_root_certificates(roots).with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}
