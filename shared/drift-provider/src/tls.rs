//! TLS between the two ends of one socket, each with a certificate made for this one run: go-plugin's `AutoMTLS`.
//!
//! The plugin's certificate is known from its first line and is compared as it is, so no name, date or issuer matters. It is on the
//! curve P-521 (go-plugin's `mtls.go`), which rustls with `ring` does not verify, so that one algorithm is added here.

use std::sync::Arc;

use p521::ecdsa::{Signature, VerifyingKey, signature::Verifier as _};
use rcgen::{BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair, KeyUsagePurpose};
use rustls::{
    ClientConfig, DigitallySignedStruct, Error, SignatureScheme,
    client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    crypto::{CryptoProvider, WebPkiSupportedAlgorithms, ring, verify_tls12_signature, verify_tls13_signature},
    pki_types::{
        AlgorithmIdentifier, CertificateDer, InvalidSignature, PrivateKeyDer, ServerName, SignatureVerificationAlgorithm, UnixTime, alg_id,
    },
};

/// The certificate that this side shows.
pub(crate) struct Identity {
    certificate: rcgen::Certificate,
    key: KeyPair,
}

impl Identity {
    /// A new one.
    pub(crate) fn new() -> Result<Self, rcgen::Error> {
        let mut params = CertificateParams::new(vec!["localhost".to_owned()])?;
        // The plugin takes it for its own authority, so it has to be one; Go asks for both uses.
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature, KeyUsagePurpose::KeyEncipherment, KeyUsagePurpose::KeyCertSign];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth, ExtendedKeyUsagePurpose::ServerAuth];
        params.distinguished_name = DistinguishedName::new();
        params.distinguished_name.push(DnType::CommonName, "localhost");
        let key = KeyPair::generate()?;
        Ok(Self { certificate: params.self_signed(&key)?, key })
    }

    /// In the form that `PLUGIN_CLIENT_CERT` takes.
    pub(crate) fn pem(&self) -> String {
        self.certificate.pem()
    }

    /// TLS to the one who shows exactly `peer`.
    pub(crate) fn config(&self, peer: Vec<u8>) -> Result<ClientConfig, Error> {
        let provider = Arc::new(ring::default_provider());
        let key = PrivateKeyDer::try_from(self.key.serialize_der()).map_err(|why| Error::General(why.to_owned()))?;
        let verifier = Pinned { peer: CertificateDer::from(peer), provider: Arc::clone(&provider) };
        ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(verifier))
            .with_client_auth_cert(vec![self.certificate.der().clone()], key)
            .map(|mut config| {
                config.alpn_protocols = vec![b"h2".to_vec()];
                config
            })
    }
}

/// Believes one certificate and no other.
#[derive(Debug)]
struct Pinned {
    peer: CertificateDer<'static>,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Pinned {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        if *end_entity == self.peer {
            return Ok(ServerCertVerified::assertion());
        }
        Err(Error::General("the plugin shows another certificate than it announced".to_owned()))
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        match dss.scheme {
            SignatureScheme::ECDSA_NISTP521_SHA512 => verify_tls12_signature(message, cert, dss, &WITH_P521),
            _ => verify_tls12_signature(message, cert, dss, &self.provider.signature_verification_algorithms),
        }
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        match dss.scheme {
            SignatureScheme::ECDSA_NISTP521_SHA512 => verify_tls13_signature(message, cert, dss, &WITH_P521),
            _ => verify_tls13_signature(message, cert, dss, &self.provider.signature_verification_algorithms),
        }
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        let mut schemes = self.provider.signature_verification_algorithms.supported_schemes();
        schemes.push(SignatureScheme::ECDSA_NISTP521_SHA512);
        schemes
    }
}

static WITH_P521: WebPkiSupportedAlgorithms =
    WebPkiSupportedAlgorithms { all: &[&P521], mapping: &[(SignatureScheme::ECDSA_NISTP521_SHA512, &[&P521])] };

/// ECDSA over P-521 with SHA-512.
#[derive(Debug)]
struct P521;

impl SignatureVerificationAlgorithm for P521 {
    fn verify_signature(&self, public_key: &[u8], message: &[u8], signature: &[u8]) -> Result<(), InvalidSignature> {
        let key = VerifyingKey::from_sec1_bytes(public_key).map_err(|_| InvalidSignature)?;
        let signature = Signature::from_der(signature).map_err(|_| InvalidSignature)?;
        key.verify(message, &signature).map_err(|_| InvalidSignature)
    }

    fn public_key_alg_id(&self) -> AlgorithmIdentifier {
        alg_id::ECDSA_P521
    }

    fn signature_alg_id(&self) -> AlgorithmIdentifier {
        alg_id::ECDSA_SHA512
    }
}
