use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, OnceLock, PoisonError},
    time::Duration,
};

use aws_smithy_http_client::{
    Connector,
    proxy::ProxyConfig,
    tls::{self, TlsContext, TrustStore, rustls_provider::CryptoMode},
};
use aws_smithy_runtime_api::client::{
    http::{HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient, SharedHttpConnector},
    orchestrator::HttpRequest,
    result::ConnectorError,
    runtime_components::RuntimeComponents,
};

/// The HTTP client that all clients of a process share. Its TLS half (rustls on ring, with the platform's certificates or, where
/// one is given, those of `ca_bundle` alone, through `HTTPS_PROXY` where that is set) is made at the first request that needs it: reading
/// the trust store takes tens of milliseconds, and neither a function that waits for its first event nor a test against
/// `http://127.0.0.1` has a use for it.
#[must_use]
pub fn http_client(ca_bundle: Option<PathBuf>) -> SharedHttpClient {
    SharedHttpClient::new(LazyTls { ca_bundle, connectors: Mutex::default() })
}

/// A connection pool belongs to a connector, and a connector to a pair of time limits (connect, read).
type Limits = (Option<Duration>, Option<Duration>);

#[derive(Debug)]
struct LazyTls {
    ca_bundle: Option<PathBuf>,
    connectors: Mutex<BTreeMap<Limits, SharedHttpConnector>>,
}

impl HttpClient for LazyTls {
    fn http_connector(&self, settings: &HttpConnectorSettings, components: &RuntimeComponents) -> SharedHttpConnector {
        let limits = (settings.connect_timeout(), settings.read_timeout());
        let mut connectors = self.connectors.lock().unwrap_or_else(PoisonError::into_inner);
        connectors
            .entry(limits)
            .or_insert_with(|| {
                let mut builder = Connector::builder().connector_settings(settings.clone());
                if let Some(sleep) = components.sleep_impl() {
                    builder = builder.sleep_impl(sleep);
                }
                SharedHttpConnector::new(ByScheme(Arc::new(Halves {
                    plain: builder.clone().build_http(),
                    builder,
                    ca_bundle: self.ca_bundle.clone(),
                    tls: OnceLock::new(),
                })))
            })
            .clone()
    }
}

/// Plain HTTP is for loopback, container and instance metadata; everything else is TLS.
#[derive(Debug)]
struct ByScheme(Arc<Halves>);

#[derive(Debug)]
struct Halves {
    plain: Connector,
    builder: aws_smithy_http_client::ConnectorBuilder,
    ca_bundle: Option<PathBuf>,
    tls: OnceLock<Result<Connector, String>>,
}

impl HttpConnector for ByScheme {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        if request.uri().starts_with("http://") {
            return self.0.plain.call(request);
        }
        match self.0.tls.get_or_init(|| tls_connector(&self.0)) {
            Ok(connector) => connector.call(request),
            Err(why) => HttpConnectorFuture::ready(Err(ConnectorError::user(why.clone().into()))),
        }
    }
}

fn tls_connector(halves: &Halves) -> Result<Connector, String> {
    let trust = match &halves.ca_bundle {
        None => TrustStore::default(),
        Some(path) => TrustStore::empty().with_pem_certificate(readable_bundle(path)?),
    };
    let context = TlsContext::builder().with_trust_store(trust).build().map_err(|error| error.to_string())?;
    Ok(halves
        .builder
        .clone()
        .tls_provider(tls::Provider::Rustls(CryptoMode::Ring))
        .tls_context(context)
        .proxy_config(ProxyConfig::from_env())
        .build())
}

/// The bundle's bytes once every certificate in it is known to parse: what comes next would panic on one that does not.
fn readable_bundle(path: &Path) -> Result<Vec<u8>, String> {
    use rustls::{
        RootCertStore,
        pki_types::{CertificateDer, pem::PemObject},
    };

    let said = |why: &dyn std::fmt::Display| format!("the certificates to trust, {}: {why}", path.display());
    let pem = std::fs::read(path).map_err(|error| said(&error))?;
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(&pem) {
        roots.add(certificate.map_err(|error| said(&error))?).map_err(|error| said(&error))?;
    }
    if roots.is_empty() {
        return Err(said(&"holds no certificate"));
    }
    Ok(pem)
}
