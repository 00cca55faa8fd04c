//! What an App signs to say who it is.
//!
//! Source: docs.github.com, "Generating a JSON Web Token (JWT) for a GitHub App". Written here because `ring` already is: three parts in
//! base64, and the crates for it bring another implementation of RSA.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use drift_model::Timestamp;
use ring::{
    rand::SystemRandom,
    signature::{RSA_PKCS1_SHA256, RsaKeyPair},
};
use rustls::pki_types::{PrivateKeyDer, pem::PemObject};
use serde_json::json;

use super::{Secret, SettingsError};

/// GitHub's clock may be behind ours by so much.
const BEFORE: i64 = 60;

/// It takes no token that is good for more than ten minutes, counted from when it was made.
const GOOD_FOR: i64 = 540;

/// An App's key.
pub(crate) struct AppKey {
    issuer: String,
    pair: RsaKeyPair,
}

impl AppKey {
    pub(crate) fn new(app_id: &str, private_key: &Secret) -> Result<Self, SettingsError> {
        // In a variable or in JSON, line breaks are often written out.
        let pem = private_key.expose().replace("\\n", "\n");
        let key = PrivateKeyDer::from_pem_slice(pem.as_bytes()).map_err(|_| SettingsError::PrivateKey)?;
        let pair = match &key {
            PrivateKeyDer::Pkcs1(key) => RsaKeyPair::from_der(key.secret_pkcs1_der()),
            PrivateKeyDer::Pkcs8(key) => RsaKeyPair::from_pkcs8(key.secret_pkcs8_der()),
            _ => return Err(SettingsError::PrivateKey),
        };
        Ok(Self { issuer: app_id.trim().to_owned(), pair: pair.map_err(|_| SettingsError::PrivateKey)? })
    }

    /// A token that says so for the next nine minutes.
    pub(crate) fn sign(&self, now: Timestamp) -> Option<Secret> {
        let part = |value: serde_json::Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let claims = json!({"iss": self.issuer, "iat": now.as_second() - BEFORE, "exp": now.as_second() + GOOD_FOR});
        let signed = format!("{}.{}", part(json!({"alg": "RS256", "typ": "JWT"})), part(claims));
        let mut signature = vec![0; self.pair.public().modulus_len()];
        self.pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), signed.as_bytes(), &mut signature).ok()?;
        Some(Secret::new(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))))
    }
}
