//! What a secret holds: a token, or the JSON of a GitHub App.

use drift_github::{Credential, Secret};
use serde::Deserialize;

/// A secret that is written as JSON.
#[derive(Deserialize)]
struct Written {
    app_id: Option<Id>,
    installation_id: Option<Id>,
    private_key: Option<String>,
    token: Option<String>,
}

/// People write a number as one, or as a text.
#[derive(Deserialize)]
#[serde(untagged)]
enum Id {
    Number(u64),
    Text(String),
}

impl Id {
    fn into_text(self) -> String {
        match self {
            Self::Number(number) => number.to_string(),
            Self::Text(text) => text,
        }
    }
}

/// A secret that is no credential. Holds nothing of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "it holds neither a token nor JSON with \"app_id\", \"installation_id\" and \"private_key\" of a GitHub App, or with \"token\" alone"
)]
pub(crate) struct NoCredential;

/// Reads a secret's text.
pub(crate) fn credential(secret: &str) -> Result<Credential, NoCredential> {
    let secret = secret.trim();
    if !secret.starts_with('{') {
        let is_token = !secret.is_empty() && secret.bytes().all(|byte| byte.is_ascii_graphic());
        return is_token.then(|| Credential::Token(Secret::new(secret))).ok_or(NoCredential);
    }
    match serde_json::from_str(secret).map_err(|_| NoCredential)? {
        Written { app_id: Some(app_id), installation_id: Some(installation_id), private_key: Some(private_key), token: None } => {
            let (app_id, installation_id) = (app_id.into_text(), installation_id.into_text());
            Ok(Credential::App { app_id, installation_id, private_key: Secret::new(private_key) })
        }
        Written { app_id: None, installation_id: None, private_key: None, token: Some(token) } => Ok(Credential::Token(Secret::new(token))),
        _ => Err(NoCredential),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_a_token_or_an_app() {
        for token in ["ghp_x", " github_pat_x\n", r#"{"token": "ghp_x"}"#] {
            assert!(matches!(credential(token), Ok(Credential::Token(_))), "{token}");
        }
        for ids in [r#""app_id": 7, "installation_id": 9"#, r#""app_id": "Iv1.a", "installation_id": "9""#] {
            let Ok(Credential::App { installation_id, .. }) = credential(&format!(r#"{{{ids}, "private_key": "-----BEGIN..."}}"#)) else {
                panic!("{ids} is an App's")
            };
            assert_eq!(installation_id, "9");
        }
    }

    #[test]
    fn what_is_no_credential_is_said_and_not_repeated() {
        for secret in [
            "",
            "two words",
            "-----BEGIN RSA PRIVATE KEY-----\ncanary\n",
            "{}",
            "{canary",
            r#"{"app_id": 7, "private_key": "canary"}"#,
            r#"{"token": "canary", "app_id": 7, "installation_id": 9, "private_key": "canary"}"#,
            r#"{"token": ["canary"]}"#,
        ] {
            let said = credential(secret).expect_err("it is none").to_string();
            assert!(!said.contains("canary") && said.contains("installation_id"), "{said}");
        }
    }
}
