//! Who asks, and how much of the organisation they see.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Mutex,
    time::Duration,
};

use serde::Deserialize;
use serde_json::Value;
use tokio::{
    sync::{Mutex as AsyncMutex, OnceCell},
    time::Instant,
};

use super::{Error, Get, Github, denial, github::Wanted, pace::Api};

/// How long what is known of the credential is believed: rights can be taken away while it is in use.
const BELIEVED_FOR: Duration = Duration::from_mins(5);

/// Permission -> level: `administration` -> `read`.
pub(crate) type Permissions = BTreeMap<String, String>;

/// As whom GitHub is asked, and what that says about what is not seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// What kind of token it is.
    pub kind: TokenKind,
    /// Whose; none for an installation.
    pub login: Option<String>,
    /// The scopes of a classic token; none for any other.
    pub scopes: Option<BTreeSet<String>>,
    /// What an installation may do, by permission; none where that is not said.
    pub permissions: Option<BTreeMap<String, String>>,
    /// Which repositories an installation is for; none for any other.
    pub selection: Option<RepositorySelection>,
    /// The organisation's number.
    pub organization_id: u64,
    /// Whether it is a user who owns the organisation.
    pub is_owner: bool,
}

/// Kinds of token, as GitHub marks them (docs.github.com, "About authentication to GitHub").
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenKind {
    /// `ghp_...`, or 40 hexadecimal digits.
    Classic,
    /// `github_pat_...`.
    FineGrained,
    /// `gho_...`: what `gh auth login` makes. It has scopes as a classic one.
    OAuth,
    /// `ghu_...`: an App acts for a user.
    UserToServer,
    /// `ghs_...`: of an App's installation, or of a run of GitHub Actions.
    Installation,
}

/// For which repositories an App was installed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RepositorySelection {
    /// All of them, and those to come.
    All,
    /// Those that were chosen.
    Selected,
}

impl TokenKind {
    pub(crate) fn of(token: &str) -> Self {
        match token {
            _ if token.starts_with("github_pat_") => Self::FineGrained,
            _ if token.starts_with("gho_") => Self::OAuth,
            _ if token.starts_with("ghu_") => Self::UserToServer,
            _ if token.starts_with("ghs_") => Self::Installation,
            _ => Self::Classic,
        }
    }
}

impl Identity {
    /// Whether every repository of the organisation shows itself, so that one which does not may be gone: an installation for all
    /// repositories, or a token with the scope `repo` of an owner. What a fine-grained token was made for is not to be found out.
    #[must_use]
    pub fn sees_all(&self) -> bool {
        match self.kind {
            TokenKind::Installation => self.selection == Some(RepositorySelection::All),
            TokenKind::Classic | TokenKind::OAuth => self.is_owner && self.has_scope("repo"),
            TokenKind::FineGrained | TokenKind::UserToServer => false,
        }
    }

    /// Whether a classic token has a scope, by itself or by one that brings it along.
    #[must_use]
    pub fn has_scope(&self, scope: &str) -> bool {
        self.scopes.iter().flatten().any(|held| denial::covers(held, scope))
    }

    /// Whether an installation has a permission at this level (`read`, `write`, `admin`) or a higher one.
    #[must_use]
    pub fn permits(&self, permission: &str, level: &str) -> bool {
        let rank = |level: &str| ["read", "write", "admin"].iter().position(|known| *known == level);
        let held = self.permissions.as_ref().and_then(|permissions| permissions.get(permission));
        held.and_then(|held| rank(held)).is_some_and(|held| rank(level).is_some_and(|level| held >= level))
    }
}

/// What a client keeps of what it found out.
#[derive(Default)]
pub(crate) struct Known {
    identity: AsyncMutex<Option<(Instant, Identity)>>,
    organization_id: OnceCell<u64>,
    /// A team's number -> its node id. Neither ever changes.
    teams: Mutex<BTreeMap<u64, String>>,
}

impl Github {
    /// Who asks. Takes about three requests, and is believed for five minutes.
    ///
    /// # Errors
    ///
    /// [`Error::NoOrganization`] where it does not show itself.
    pub async fn identity(&self) -> Result<Identity, Error> {
        let mut known = self.known().identity.lock().await;
        if let Some((since, identity)) = known.as_ref()
            && since.elapsed() < BELIEVED_FOR
        {
            return Ok(identity.clone());
        }
        let identity = self.ask_identity().await?;
        *known = Some((Instant::now(), identity.clone()));
        Ok(identity)
    }

    /// The organisation's number.
    pub(crate) async fn organization_id(&self) -> Result<u64, Error> {
        let ask = || async {
            let get = Get::new("GET /orgs/{org}", format!("/orgs/{}", self.owner()));
            match self.get(&get).await {
                Ok(found) => found.body["id"].as_u64().ok_or_else(|| odd("GET /orgs/{org}", "it has no id")),
                Err(Error::NotFound { .. }) => Err(Error::NoOrganization { owner: self.owner().to_owned(), api: self.api().to_owned() }),
                Err(error) => Err(error),
            }
        };
        self.known().organization_id.get_or_try_init(ask).await.copied()
    }

    /// A team's node id, by its number or its slug.
    pub(crate) async fn team_node_id(&self, team: &str) -> Result<String, Error> {
        let number = team.parse::<u64>().ok();
        if let Some(known) = number.and_then(|number| self.teams().get(&number).cloned()) {
            return Ok(known);
        }
        let operation = "GET /orgs/{org}/teams/{team_slug}";
        let found = self.get(&self.fill(operation, &serde_json::json!({"team_slug": team})).await?).await?.body;
        let (Some(id), Some(node_id)) = (found["id"].as_u64(), found["node_id"].as_str()) else {
            return Err(odd(operation, "it has no id or no node_id"));
        };
        self.teams().insert(id, node_id.to_owned());
        Ok(node_id.to_owned())
    }

    fn teams(&self) -> std::sync::MutexGuard<'_, BTreeMap<u64, String>> {
        self.known().teams.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    async fn ask_identity(&self) -> Result<Identity, Error> {
        let bearer = self.bearer().await?;
        let organization_id = self.organization_id().await?;
        let mut identity = Identity {
            kind: bearer.kind,
            login: None,
            scopes: None,
            permissions: bearer.permissions.clone(),
            selection: None,
            organization_id,
            is_owner: false,
        };
        if bearer.kind == TokenKind::Installation {
            let operation = "GET /installation/repositories";
            // Asked each time, and not taken from the token: what an App is installed for may change within its hour.
            let found = self.get(&Get::new(operation, "/installation/repositories").with("per_page", "1")).await?.body;
            let selection = serde_json::from_value(found["repository_selection"].clone());
            identity.selection = Some(selection.map_err(|_| odd(operation, "it has no repository_selection"))?);
            return Ok(identity);
        }
        let url = self.url_of(&Get::new("GET /user", "/user"))?;
        let got = self.send(Wanted { operation: "GET /user", api: Api::Rest, url, accept: None, validator: None, body: None }).await?;
        let scopes = got.reply.headers.get("x-oauth-scopes").and_then(|scopes| scopes.to_str().ok());
        identity.scopes = scopes.map(|scopes| denial::words(scopes).map(str::to_owned).collect());
        identity.login = got.body["login"].as_str().map(str::to_owned);
        if let Some(login) = &identity.login {
            let get = self.fill("GET /orgs/{org}/memberships/{username}", &serde_json::json!({"username": login})).await?;
            identity.is_owner = match self.get(&get).await {
                Ok(membership) => membership.body["role"] == "admin" && membership.body["state"] == "active",
                // Whoever may not see their own membership is not known to be an owner.
                Err(Error::NotFound { .. } | Error::Denied { .. }) => false,
                Err(error) => return Err(error),
            };
        }
        Ok(identity)
    }
}

fn odd(what: &str, why: &str) -> Error {
    Error::Undecodable { what: what.to_owned(), why: why.to_owned() }
}

impl From<&Identity> for Value {
    fn from(identity: &Identity) -> Self {
        serde_json::json!({
            "kind": format!("{:?}", identity.kind),
            "login": identity.login,
            "scopes": identity.scopes,
            "permissions": identity.permissions,
            "selection": identity.selection.map(|selection| format!("{selection:?}")),
            "organization_id": identity.organization_id,
            "is_owner": identity.is_owner,
            "sees_all": identity.sees_all(),
        })
    }
}
