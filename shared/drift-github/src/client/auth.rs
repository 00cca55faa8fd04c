//! As whom GitHub is asked: a token as it is, or an App's, which lasts an hour and is renewed before it ends.

use std::{fmt, sync::Arc};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use drift_model::Timestamp;
use jiff::SignedDuration;
use reqwest::header::HeaderValue;
use serde::Deserialize;
use sha2::{Digest, Sha256};
use tokio::sync::Mutex;
use url::Url;

use super::{
    Credential, Secret, SettingsError,
    identity::{Permissions, TokenKind},
    jwt::AppKey,
    settings::Addresses,
    transport::Asked,
};

/// A token is renewed so long before it ends.
const EARLY: SignedDuration = SignedDuration::from_mins(5);

pub(crate) const JSON: &str = "application/vnd.github+json";

pub(crate) enum Auth {
    Token(Arc<Bearer>),
    App(Box<App>),
}

/// A token as it is sent.
pub(crate) struct Bearer {
    pub(crate) header: HeaderValue,
    /// The beginning of a hash: tells tokens apart and leads to none.
    pub(crate) mark: String,
    pub(crate) kind: TokenKind,
    /// What the token of an installation may do, where that was said.
    pub(crate) permissions: Option<Permissions>,
    ends: Option<Timestamp>,
}

impl fmt::Debug for Bearer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bearer").field("kind", &self.kind).field("mark", &self.mark).finish_non_exhaustive()
    }
}

/// An installation of an App, and its token of this hour. Whoever renews it holds the lock: the others get theirs.
pub(crate) struct App {
    key: AppKey,
    url: Url,
    pub(crate) token: Mutex<Option<Arc<Bearer>>>,
}

impl Auth {
    pub(crate) fn new(credential: &Credential, addresses: &Addresses) -> Result<Self, SettingsError> {
        match credential {
            Credential::Token(token) => Bearer::new(token, None, None).map(Arc::new).map(Self::Token).ok_or(SettingsError::Token),
            Credential::App { app_id, installation_id, private_key } => {
                let (app_id, installation) = (app_id.trim(), installation_id.trim());
                let number = !installation.is_empty() && installation.bytes().all(|each| each.is_ascii_digit());
                if !number || app_id.is_empty() || !app_id.bytes().all(|each| each.is_ascii_alphanumeric() || each == b'.') {
                    return Err(SettingsError::App);
                }
                let path = format!("app/installations/{installation}/access_tokens");
                let url = addresses.rest.join(&path).map_err(|_| SettingsError::BaseUrl)?;
                Ok(Self::App(Box::new(App { key: AppKey::new(app_id, private_key)?, url, token: Mutex::new(None) })))
            }
        }
    }
}

impl Bearer {
    fn new(token: &Secret, permissions: Option<Permissions>, ends: Option<Timestamp>) -> Option<Self> {
        let text = token.expose();
        // Of other characters, some would end the header.
        if text.is_empty() || !text.bytes().all(|each| each.is_ascii_graphic()) {
            return None;
        }
        let mark = URL_SAFE_NO_PAD.encode(&Sha256::digest(text.as_bytes())[..12]);
        Some(Self { header: bearer(text)?, mark, kind: TokenKind::of(text), permissions, ends })
    }

    /// Whether it can still be sent, by GitHub's clock.
    pub(crate) fn lasts(&self, now: Timestamp) -> bool {
        self.ends.is_none_or(|ends| ends.duration_since(now) > EARLY)
    }
}

impl App {
    /// How a new token is asked for, and with what.
    pub(crate) fn renewal(&self, now: Timestamp) -> Option<(Asked, HeaderValue)> {
        let accept = HeaderValue::from_static(JSON);
        let asked = Asked { url: self.url.clone(), accept, condition: None, body: Some(b"{}".to_vec()) };
        Some((asked, bearer(self.key.sign(now)?.expose())?))
    }
}

/// What GitHub answers to whoever asks for a token.
#[derive(Deserialize)]
struct Given {
    token: String,
    expires_at: Timestamp,
    #[serde(default)]
    permissions: Permissions,
}

/// The token in an answer; nothing if there is none.
pub(crate) fn given(body: &[u8]) -> Option<Bearer> {
    let Given { token, expires_at, permissions } = serde_json::from_slice(body).ok()?;
    Bearer::new(&Secret::new(token), Some(permissions), Some(expires_at))
}

fn bearer(token: &str) -> Option<HeaderValue> {
    let mut header = HeaderValue::from_str(&format!("Bearer {token}")).ok()?;
    header.set_sensitive(true);
    Some(header)
}
