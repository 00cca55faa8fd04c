//! Requests: over TLS, or to this machine; through a proxy where one is set.

use std::{net::IpAddr, sync::Arc, time::Duration};

use serde::de::DeserializeOwned;
use ureq::{
    Agent, Body, Proxy,
    http::header::{ACCEPT, AUTHORIZATION, LOCATION},
    tls::{Certificate, RootCerts, TlsConfig},
};
use url::{Host, Url};

use crate::{RegistryError, Surroundings};

/// How many redirects are followed for one request.
const REDIRECTS: usize = 5;

/// How long a host may be silent.
const SILENCE: Duration = Duration::from_mins(1);

/// What makes requests.
pub(crate) struct Http {
    direct: Agent,
    proxied: Option<Agent>,
    no_proxy: Vec<String>,
}

/// An answer, with the URL that gave it after all redirects.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) url: Url,
    pub(crate) what: String,
    body: Body,
}

impl Http {
    /// With the proxy that the environment names. Certificates are trusted as the system trusts them.
    pub(crate) fn new(surroundings: &Surroundings<'_>) -> Result<Self, RegistryError> {
        let either = |upper: &str| surroundings.set(upper).or_else(|| surroundings.set(&upper.to_ascii_lowercase()));
        let named = ["HTTPS_PROXY", "ALL_PROXY"].into_iter().find_map(|name| Some((name, either(name)?)));
        let proxy =
            named.map(|(name, url)| Proxy::new(&url).map_err(|_| RegistryError::Proxy { variable: name.to_owned() })).transpose()?;
        let no_proxy = either("NO_PROXY").unwrap_or_default();
        // A machine without any certificate is told so by the first handshake.
        let roots = rustls_native_certs::load_native_certs().certs;
        let roots: Vec<_> = roots.iter().map(|certificate| Certificate::from_der(certificate).to_owned()).collect();
        let roots = RootCerts::from(roots.into_iter());
        Ok(Self {
            direct: agent(&roots, None),
            proxied: proxy.map(|proxy| agent(&roots, Some(proxy))),
            no_proxy: no_proxy.split(',').map(|host| host.trim().to_ascii_lowercase()).filter(|host| !host.is_empty()).collect(),
        })
    }

    /// Gets a URL. The token goes to its host alone, wherever that redirects.
    pub(crate) fn get(&self, url: &Url, token: Option<&str>, what: &str) -> Result<Answer, RegistryError> {
        let origin = url.origin();
        let mut url = url.clone();
        for _ in 0..=REDIRECTS {
            if !(url.scheme() == "https" || url.scheme() == "http" && is_loopback(&url)) {
                return Err(RegistryError::Insecure { what: what.to_owned(), host: host_of(&url) });
            }
            let mut request = self.agent_for(&url).get(url.as_str()).header(ACCEPT, "application/json, */*;q=0.5");
            if let Some(token) = token.filter(|_| url.origin() == origin) {
                request = request.header(AUTHORIZATION, format!("Bearer {token}"));
            }
            let response = request.call().map_err(|error| network(&url, what, error))?;
            let status = response.status().as_u16();
            let location = response.headers().get(LOCATION).and_then(|location| location.to_str().ok());
            match location.filter(|_| matches!(status, 301 | 302 | 303 | 307 | 308)).map(|location| url.join(location)) {
                Some(Ok(next)) => url = next,
                Some(Err(_)) => return Err(RegistryError::Status { host: host_of(&url), what: what.to_owned(), status }),
                None => return Ok(Answer { status, url, what: what.to_owned(), body: response.into_body() }),
            }
        }
        Err(RegistryError::Status { host: host_of(&url), what: what.to_owned(), status: 302 })
    }

    fn agent_for(&self, url: &Url) -> &Agent {
        let around = |host: &str| self.no_proxy.iter().any(|pattern| goes_around(host, pattern));
        match &self.proxied {
            Some(proxied) if !is_loopback(url) && !url.host_str().is_some_and(around) => proxied,
            _ => &self.direct,
        }
    }
}

impl Answer {
    /// The whole body as JSON.
    pub(crate) fn json<T: DeserializeOwned>(self, limit: u64) -> Result<T, RegistryError> {
        let (host, what) = (host_of(&self.url), self.what.clone());
        let bytes = self.bytes(limit)?;
        serde_json::from_slice(&bytes).map_err(|error| RegistryError::Answer { host, what, why: error.to_string() })
    }

    /// The whole body, which may have so many bytes.
    pub(crate) fn bytes(mut self, limit: u64) -> Result<Vec<u8>, RegistryError> {
        self.body.with_config().limit(limit).read_to_vec().map_err(|error| match error {
            ureq::Error::BodyExceedsLimit(_) => {
                RegistryError::Answer { host: host_of(&self.url), what: self.what, why: format!("more than {limit} bytes") }
            }
            error => network(&self.url, &self.what, error),
        })
    }

    /// The body as it comes, and how many bytes it says it has.
    pub(crate) fn stream(self) -> (impl std::io::Read, Option<u64>) {
        let length = self.body.content_length();
        (self.body.into_reader(), length)
    }

    /// An error for a status that was not expected.
    pub(crate) fn unexpected(self) -> RegistryError {
        RegistryError::Status { host: host_of(&self.url), what: self.what, status: self.status }
    }
}

fn agent(roots: &RootCerts, proxy: Option<Proxy>) -> Agent {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let tls = TlsConfig::builder().root_certs(roots.clone()).unversioned_rustls_crypto_provider(provider).build();
    Agent::config_builder()
        .tls_config(tls)
        .proxy(proxy)
        .user_agent(concat!("driftwire/", env!("CARGO_PKG_VERSION")))
        // Redirects are followed here, where each is held to TLS.
        .max_redirects(0)
        .max_redirects_will_error(false)
        .http_status_as_error(false)
        .timeout_connect(Some(SILENCE))
        .timeout_recv_response(Some(SILENCE))
        .timeout_per_read(Some(SILENCE))
        .build()
        .new_agent()
}

fn network(url: &Url, what: &str, error: ureq::Error) -> RegistryError {
    RegistryError::Network { host: host_of(url), what: what.to_owned(), source: error.into_io() }
}

/// The host and, where it is not the scheme's own, the port: all of a URL that is told. The rest may be signed.
pub(crate) fn host_of(url: &Url) -> String {
    let host = url.host_str().unwrap_or("a URL without a host");
    url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

/// `localhost`, `127.0.0.0/8`, `::1`.
pub(crate) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => IpAddr::V4(address).is_loopback(),
        Some(Host::Ipv6(address)) => IpAddr::V6(address).is_loopback(),
        None => false,
    }
}

/// Whether `NO_PROXY` sends a host past the proxy: `*`, the host itself, or a domain that it is in, with or without a
/// leading dot or star. Source: Go's golang.org/x/net/http/httpproxy, which Terraform uses.
fn goes_around(host: &str, pattern: &str) -> bool {
    let domain = pattern.trim_start_matches('*').trim_start_matches('.');
    pattern == "*" || !domain.is_empty() && host.strip_suffix(domain).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_proxy_names_hosts_and_domains() {
        for (host, pattern) in [("a.b.com", "a.b.com"), ("a.b.com", "b.com"), ("a.b.com", ".b.com"), ("a.b.com", "*.b.com"), ("x", "*")] {
            assert!(goes_around(host, pattern), "{host} {pattern}");
        }
        for (host, pattern) in [("ab.com", "b.com"), ("b.com", "a.b.com"), ("b.com", "."), ("b.com", "com.")] {
            assert!(!goes_around(host, pattern), "{host} {pattern}");
        }
    }

    #[test]
    fn only_this_machine_is_loopback() {
        let loopback = |url: &str| is_loopback(&Url::parse(url).expect("a URL"));
        for url in ["http://localhost:1/", "http://127.0.0.1/", "http://127.9.9.9/", "http://[::1]:1/"] {
            assert!(loopback(url), "{url}");
        }
        for url in ["http://localhost.example.com/", "http://128.0.0.1/", "http://127.0.0.1.nip.io/", "http://[::2]/", "http://0.0.0.0/"] {
            assert!(!loopback(url), "{url}");
        }
    }
}
