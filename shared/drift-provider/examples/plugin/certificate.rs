//! TLS as go-plugin's `AutoMTLS` does it: each side makes a certificate for this one run and trusts the other's alone.
//!
//! go-plugin's certificates are of the curve P-521 and, though servers', certificate authorities' (its `mtls.go`), and so
//! are these.

use std::{error::Error, sync::Arc, time::Duration};

use p521::{
    ecdsa::{DerSignature, SigningKey, signature::Signer},
    elliptic_curve::Generate as _,
};
use rustls::{
    CertificateError, DigitallySignedStruct, DistinguishedName, ServerConfig, SignatureAlgorithm, SignatureScheme,
    client::danger::HandshakeSignatureValid,
    crypto::{WebPkiSupportedAlgorithms, ring, verify_tls12_signature, verify_tls13_signature},
    pki_types::{CertificateDer, UnixTime, pem::PemObject as _},
    server::danger::{ClientCertVerified, ClientCertVerifier},
    sign::{CertifiedKey, SingleCertAndKey},
};
use x509_cert::{
    Certificate, TbsCertificate,
    builder::{self, Builder as _, CertificateBuilder, profile::BuilderProfile},
    der::{
        Decode as _, Encode as _,
        asn1::Ia5String,
        flagset::FlagSet,
        oid::db::rfc5280::{ID_KP_CLIENT_AUTH, ID_KP_SERVER_AUTH},
    },
    ext::{
        Extension, ToExtension as _,
        pkix::{BasicConstraints, ExtendedKeyUsage, KeyUsage, KeyUsages, SubjectAltName, name::GeneralName},
    },
    name::Name,
    serial_number::SerialNumber,
    spki::{SubjectPublicKeyInfo, SubjectPublicKeyInfoRef},
    time::Validity,
};

/// A certificate and its key.
pub(crate) struct Own {
    pub(crate) certificate: CertificateDer<'static>,
    key: SigningKey,
}

impl Own {
    /// A new one, valid for a while from now.
    pub(crate) fn generate() -> Result<Self, Box<dyn Error>> {
        let key = SigningKey::generate();
        let serial: [u8; 8] = std::array::from_fn(|at| key.to_bytes()[at + 8] & 0x7f | 1);
        let public = SubjectPublicKeyInfo::from_key(key.verifying_key())?;
        let validity = Validity::from_now(Duration::from_hours(24))?;
        let builder =
            CertificateBuilder::new(GoPlugin("O=HashiCorp,CN=localhost".parse()?), SerialNumber::new(&serial)?, validity, public)?;
        let certificate = builder.build::<_, DerSignature>(&key)?;
        Ok(Self { certificate: certificate.to_der()?.into(), key })
    }

    /// A server that is this, and talks with the client of that certificate (PEM) alone.
    pub(crate) fn server(self, client: &str) -> Result<ServerConfig, Box<dyn Error>> {
        let client = CertificateDer::from_pem_slice(client.as_bytes())?;
        let provider = Arc::new(ring::default_provider());
        let verifier = OnlyThis { client, algorithms: provider.signature_verification_algorithms };
        let key = CertifiedKey::new(vec![self.certificate], Arc::new(Key(self.key)));
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_client_cert_verifier(Arc::new(verifier))
            .with_cert_resolver(Arc::new(SingleCertAndKey::from(key)));
        config.alpn_protocols = vec![b"h2".to_vec()];
        Ok(config)
    }
}

/// What go-plugin writes into a certificate.
struct GoPlugin(Name);

impl BuilderProfile for GoPlugin {
    fn get_issuer(&self, subject: &Name) -> Name {
        subject.clone()
    }

    fn get_subject(&self) -> Name {
        self.0.clone()
    }

    fn build_extensions(
        &self,
        _: SubjectPublicKeyInfoRef<'_>,
        _: SubjectPublicKeyInfoRef<'_>,
        certificate: &TbsCertificate,
    ) -> builder::Result<Vec<Extension>> {
        let usage: FlagSet<KeyUsages> =
            KeyUsages::DigitalSignature | KeyUsages::KeyEncipherment | KeyUsages::KeyAgreement | KeyUsages::KeyCertSign;
        let subject = certificate.subject();
        Ok(vec![
            KeyUsage(usage).to_extension(subject, &[])?,
            ExtendedKeyUsage(vec![ID_KP_CLIENT_AUTH, ID_KP_SERVER_AUTH]).to_extension(subject, &[])?,
            BasicConstraints { ca: true, path_len_constraint: None }.to_extension(subject, &[])?,
            SubjectAltName(vec![GeneralName::DnsName(Ia5String::new("localhost")?)]).to_extension(subject, &[])?,
        ])
    }
}

/// Signs a handshake with P-521, which ring cannot.
#[derive(Clone, Debug)]
struct Key(SigningKey);

impl rustls::sign::SigningKey for Key {
    fn choose_scheme(&self, offered: &[SignatureScheme]) -> Option<Box<dyn rustls::sign::Signer>> {
        offered.contains(&SignatureScheme::ECDSA_NISTP521_SHA512).then(|| Box::new(self.clone()) as _)
    }

    fn algorithm(&self) -> SignatureAlgorithm {
        SignatureAlgorithm::ECDSA
    }
}

impl rustls::sign::Signer for Key {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, rustls::Error> {
        let signature: DerSignature = self.0.sign(message);
        Ok(signature.to_bytes().into_vec())
    }

    fn scheme(&self) -> SignatureScheme {
        SignatureScheme::ECDSA_NISTP521_SHA512
    }
}

/// Takes one client's certificate and no other.
///
/// Go's verifier, with that certificate as its only root, asks besides that it is valid now and, where it says what it is
/// for, that this is one of it.
#[derive(Debug)]
struct OnlyThis {
    client: CertificateDer<'static>,
    algorithms: WebPkiSupportedAlgorithms,
}

impl ClientCertVerifier for OnlyThis {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, rustls::Error> {
        if *end_entity != self.client {
            return Err(CertificateError::UnknownIssuer.into());
        }
        let certificate = Certificate::from_der(end_entity).map_err(|_| CertificateError::BadEncoding)?;
        let validity = certificate.tbs_certificate().validity();
        let now = Duration::from_secs(now.as_secs());
        if now < validity.not_before.to_unix_duration() {
            return Err(CertificateError::NotValidYet.into());
        }
        if now > validity.not_after.to_unix_duration() {
            return Err(CertificateError::Expired.into());
        }
        let purposes = certificate.tbs_certificate().get_extension::<ExtendedKeyUsage>().map_err(|_| CertificateError::BadEncoding)?;
        if purposes.is_some_and(|(_, purposes)| !purposes.0.contains(&ID_KP_CLIENT_AUTH)) {
            return Err(CertificateError::InvalidPurpose.into());
        }
        Ok(ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, certificate, signed, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, certificate, signed, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}
