use std::{net::IpAddr, time::Duration};

use url::{Host, Url};

use super::{Pace, Secret};

/// What a client is told: whose GitHub, where, as whom, and how patiently.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The organisation, by its login.
    pub owner: String,
    /// Where GitHub is, as the provider's `base_url` says it: see [`Settings::DEFAULT_BASE_URL`] and [`Settings::new`].
    pub base_url: Url,
    /// As whom.
    pub credential: Credential,
    /// How many requests are under way at once. GitHub allows 100.
    pub parallel: usize,
    /// How long one request may wait, in all, until a limit lets it through. What would take longer is [`Error::Limited`](super::Error::Limited).
    pub patience: Duration,
    /// How fast.
    pub pace: Pace,
    /// How long GitHub may say nothing before an answer counts as lost.
    pub silence: Duration,
    /// What the client calls itself.
    pub user_agent: String,
}

/// As whom GitHub is asked. `Debug` shows no secret.
#[derive(Clone, Debug)]
pub enum Credential {
    /// A personal token, classic or fine-grained, or any other that GitHub takes as it is.
    Token(Secret),
    /// An installation of a GitHub App, whose tokens the client fetches for itself.
    App {
        /// The App's number or its client id.
        app_id: String,
        /// The installation's number.
        installation_id: String,
        /// The App's key in PEM; line breaks may be written `\n`.
        private_key: Secret,
    },
}

/// Settings that no client can work with. No message holds a secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SettingsError {
    /// No login of an organisation.
    #[error("the owner is no login of GitHub: letters, digits and hyphens")]
    Owner,
    /// Not the URL of a GitHub.
    #[error("the base URL is no https URL of a GitHub (http is taken for this machine only), or holds a user, a query or a fragment")]
    BaseUrl,
    /// A token that no header can hold.
    #[error("the token is empty or holds characters that no token has")]
    Token,
    /// Not the number of an installation.
    #[error("the App's id or its installation's is not one")]
    App,
    /// Not the key of an App.
    #[error("the App's private key is no RSA key in PEM (-----BEGIN RSA PRIVATE KEY----- or -----BEGIN PRIVATE KEY-----)")]
    PrivateKey,
    /// Neither the system's certificates nor its proxies could be made use of.
    #[error("no client of HTTPS could be made: {why}")]
    Https {
        /// What went wrong.
        why: String,
    },
}

impl Settings {
    /// GitHub's own, as the provider's default.
    pub const DEFAULT_BASE_URL: &str = "https://api.github.com/";

    /// With everything else as GitHub's documentation advises: 20 requests at once, a minute of patience.
    ///
    /// `base_url` is what the provider takes as `base_url` or `GITHUB_BASE_URL`: `https://api.github.com/`, `https://github.com/`,
    /// `https://acme.ghe.com/`, or where a GitHub Enterprise Server is, with or without `api/v3/`.
    ///
    /// # Errors
    ///
    /// Where the owner or the URL cannot be one.
    pub fn new(owner: impl Into<String>, base_url: &str, credential: Credential) -> Result<Self, SettingsError> {
        let base_url = Url::parse(base_url.trim()).map_err(|_| SettingsError::BaseUrl)?;
        let settings = Self {
            owner: owner.into(),
            base_url,
            credential,
            parallel: 20,
            patience: Duration::from_mins(1),
            pace: Pace::default(),
            silence: Duration::from_secs(30),
            user_agent: concat!("driftwire/", env!("CARGO_PKG_VERSION")).to_owned(),
        };
        settings.checked().map(|_| settings)
    }

    /// Where REST, GraphQL and the pages for people are.
    pub(crate) fn checked(&self) -> Result<Addresses, SettingsError> {
        let login = |character: char| character.is_ascii_alphanumeric() || matches!(character, '-' | '_');
        if self.owner.is_empty() || !self.owner.chars().all(login) {
            return Err(SettingsError::Owner);
        }
        Addresses::of(&self.base_url)
    }
}

/// Where a GitHub is reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Addresses {
    /// Ends with a slash; paths of the API's description follow.
    pub(crate) rest: Url,
    pub(crate) graphql: Url,
    /// Without a slash at its end.
    pub(crate) web: String,
}

impl Addresses {
    /// As the provider makes them of its `base_url` (integrations/terraform-provider-github, `getBaseURL` and `NewRESTClient`).
    fn of(base: &Url) -> Result<Self, SettingsError> {
        let plain = base.username().is_empty() && base.password().is_none() && base.query().is_none() && base.fragment().is_none();
        let safe = base.scheme() == "https" || base.scheme() == "http" && is_loopback(base);
        let Some(host) = base.host_str().filter(|_| plain && safe) else { return Err(SettingsError::BaseUrl) };
        let at = |url: &str| Url::parse(url).map_err(|_| SettingsError::BaseUrl);
        if let Some(web) = cloud(host) {
            let rest = at(&format!("https://api.{web}/"))?;
            return Ok(Self { graphql: at(&format!("https://api.{web}/graphql"))?, rest, web: format!("https://{web}") });
        }
        let mut root = base.as_str().trim_end_matches('/');
        root = root.strip_suffix("/api/v3").unwrap_or(root).trim_end_matches('/');
        Ok(Self { rest: at(&format!("{root}/api/v3/"))?, graphql: at(&format!("{root}/api/graphql"))?, web: root.to_owned() })
    }
}

/// The host of the pages of a GitHub that GitHub runs: `github.com`, or `acme.ghe.com` with data residency.
fn cloud(host: &str) -> Option<&str> {
    let host = host.strip_prefix("api.").unwrap_or(host);
    let tenant = host.strip_suffix(".ghe.com").is_some_and(|tenant| !tenant.is_empty() && !tenant.contains('.'));
    (host == "github.com" || tenant).then_some(host)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Github;

    fn addresses(base: &str) -> Result<String, SettingsError> {
        let settings = Settings::new("acme", base, Credential::Token(Secret::new("ghp_x")))?;
        let Addresses { rest, graphql, web } = settings.checked()?;
        Ok(format!("{rest} {graphql} {web}"))
    }

    #[test]
    fn every_way_to_write_where_github_is_leads_to_its_apis() {
        let github = "https://api.github.com/ https://api.github.com/graphql https://github.com";
        let tenant = "https://api.acme.ghe.com/ https://api.acme.ghe.com/graphql https://acme.ghe.com";
        let server = "https://git.acme.org/api/v3/ https://git.acme.org/api/graphql https://git.acme.org";
        let below = "https://acme.org/git/api/v3/ https://acme.org/git/api/graphql https://acme.org/git";
        for (base, expected) in [
            ("https://api.github.com/", github),
            ("https://github.com", github),
            ("https://acme.ghe.com/", tenant),
            ("https://api.acme.ghe.com", tenant),
            ("https://git.acme.org", server),
            ("https://git.acme.org/", server),
            ("https://git.acme.org/api/v3/", server),
            ("https://git.acme.org/api/v3", server),
            ("https://acme.org/git/", below),
            ("http://127.0.0.1:8080/", "http://127.0.0.1:8080/api/v3/ http://127.0.0.1:8080/api/graphql http://127.0.0.1:8080"),
        ] {
            assert_eq!(addresses(base).as_deref(), Ok(expected), "{base}");
        }
    }

    #[test]
    fn a_token_is_sent_to_no_url_that_is_not_safe() {
        for base in [
            "http://api.github.com/",
            "http://git.acme.org/",
            "https://user:pass@git.acme.org/",
            "ftp://git.acme.org/",
            "github.com",
            "https://git.acme.org/?a=b",
        ] {
            assert_eq!(addresses(base), Err(SettingsError::BaseUrl), "{base}");
        }
    }

    #[test]
    fn an_owner_is_a_login() {
        for (owner, taken) in [("acme", true), ("Acme-2_x", true), ("", false), ("a/b", false), ("a b", false), ("..", false)] {
            let made = Settings::new(owner, Settings::DEFAULT_BASE_URL, Credential::Token(Secret::new("x")));
            assert_eq!(made.is_ok(), taken, "{owner}");
        }
    }

    #[test]
    fn a_credential_that_cannot_be_one_is_refused_before_it_is_sent() {
        let made = |credential| Github::new(Settings::new("acme", Settings::DEFAULT_BASE_URL, credential).expect("settings")).err();
        let token = |text: &str| made(Credential::Token(Secret::new(text)));
        for (text, expected) in [(" ghp_x\n", None), ("", Some(SettingsError::Token)), ("ghp_x\r\nX: y", Some(SettingsError::Token))] {
            assert_eq!(token(text), expected, "{text:?}");
        }
        let app = |app_id: &str, installation_id: &str, key: &str| {
            let (app_id, installation_id) = (app_id.to_owned(), installation_id.to_owned());
            made(Credential::App { app_id, installation_id, private_key: Secret::new(key) })
        };
        assert_eq!(app("1", "../user", "key"), Some(SettingsError::App));
        assert_eq!(app("", "2", "key"), Some(SettingsError::App));
        assert_eq!(app("1", "2", "key"), Some(SettingsError::PrivateKey));
        let of_another_kind = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIA==\n-----END PRIVATE KEY-----";
        assert_eq!(app("1", "2", of_another_kind), Some(SettingsError::PrivateKey));
    }

    #[test]
    fn settings_show_no_secret() {
        let token = Settings::new("acme", Settings::DEFAULT_BASE_URL, Credential::Token(Secret::new("ghp_hidden")));
        let app = Credential::App { app_id: "1".to_owned(), installation_id: "2".to_owned(), private_key: Secret::new("hidden key") };
        assert!(!format!("{token:?}{app:?}").contains("hidden"));
    }
}
