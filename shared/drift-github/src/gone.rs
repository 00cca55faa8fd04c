//! When "not found" means that something is gone.
//!
//! GitHub answers 404 to whoever may not know that something exists. So a 404 is believed only of a credential that would see the thing:
//!
//! - what hangs on a repository, where the repository itself is visible (and its list was, which the catalog's reads see to);
//! - a repository and what belongs to the organisation, where the credential demonstrably sees all of the organisation: an App that was given all
//!   repositories, or a classic token of an owner;
//! - and nothing of which no state tells that it belongs to this organisation at all.

use drift_catalog::{AwsCall as _, CallErrorKind};
use drift_engine::ports::Clock;
use drift_model::{Instance, Reason, ReasonKind};
use serde_json::{Value, json};

use crate::{
    Error, Get, GithubReader,
    known::{SERVICE, is_not_found},
    managed::{RepositoryName, repository_of},
    owner::Whose,
};

impl<K: Clock> GithubReader<K> {
    /// Why it may not be gone although it was not found; nothing where it is.
    pub(crate) async fn doubt(&self, instance: &Instance, whose: &Whose) -> Option<Reason> {
        let owner = self.github.owner();
        if *whose != Whose::Ours {
            let message = format!(
                "{owner} has no such thing, and nothing in its state tells that it belongs there: is it another owner's? (a github_repository of the same provider configuration would tell)"
            );
            return Some(Reason { kind: ReasonKind::Place, message });
        }
        let is_repository = instance.type_name == "github_repository";
        match repository_of(instance) {
            Some(name) if !is_repository => match self.repository(&name).await {
                Ok(Some(found)) => no_admin(instance, &found),
                Ok(None) => self.partial_sight("the repository that it belongs to").await,
                Err(reason) => Some(reason),
            },
            Some(RepositoryName::Number(number)) => match self.by_number(number).await {
                Ok(true) => {
                    tracing::info!(number, "a repository has left the organisation, or has another name and no redirect");
                    None
                }
                Ok(false) => self.partial_sight("the repository").await,
                Err(reason) => Some(reason),
            },
            _ => self.partial_sight(if is_repository { "the repository" } else { "it" }).await,
        }
    }

    /// A repository as REST tells it; nothing where it is not found.
    async fn repository(&self, name: &RepositoryName) -> Result<Option<Value>, Reason> {
        let name = match name {
            RepositoryName::Name(name) => name.clone(),
            RepositoryName::Number(number) => return self.by_number(*number).await.map(|found| found.then_some(Value::Null)),
            // Only rules of protection name one so, and a rule that was not found says nothing of where it was.
            RepositoryName::Node(_) => return Ok(Some(Value::Null)),
        };
        match self.calls().call(&self.github.place(), SERVICE, "GET /repos/{owner}/{repo}", &json!({"repo": name})).await {
            Ok(found) => Ok(Some(found)),
            Err(error) if is_not_found(&error) => Ok(None),
            Err(error) if error.kind == CallErrorKind::Service => {
                Err(Reason { kind: ReasonKind::AccessDenied, message: error.message.clone() })
            }
            Err(error) => Err(error.reason()),
        }
    }

    async fn by_number(&self, number: u64) -> Result<bool, Reason> {
        // Not in the description; it is where GitHub's own redirects of renamed repositories lead.
        let get = Get::new("GET /repositories/{repository_id}", format!("/repositories/{number}"));
        match self.github.get(&get).await {
            Ok(_) => Ok(true),
            Err(Error::NotFound { .. }) => Ok(false),
            Err(error) => Err(reason(&error)),
        }
    }

    /// Why a credential that does not see it says nothing.
    async fn partial_sight(&self, what: &str) -> Option<Reason> {
        match self.short_sight().await {
            Ok(short) => {
                short.map(|why| Reason { kind: ReasonKind::AccessDenied, message: format!("GitHub does not show {what} to {why}") })
            }
            Err(error) => Some(reason(&error)),
        }
    }

    /// The credential and what would give it more, where it may not see all of the organisation.
    pub(crate) async fn short_sight(&self) -> Result<Option<String>, Error> {
        let owner = self.github.owner();
        Ok((!self.github.identity().await?.sees_all()).then(|| {
            format!(
                "this credential, which may not see all repositories of {owner}: install the App for all of them, or use a classic token with the scope `repo` of an owner"
            )
        }))
    }
}

/// To a user who is no administrator of the repository GitHub shows no rules, without a word.
fn no_admin(instance: &Instance, repository: &Value) -> Option<Reason> {
    let is_rule = instance.type_name.starts_with("github_branch_protection");
    (is_rule && repository["permissions"]["admin"] == false).then(|| Reason {
        kind: ReasonKind::AccessDenied,
        message: "GitHub shows the rules of protection to the repository's administrators alone: give the credential that right".to_owned(),
    })
}

/// Why nothing is known, as a reason.
pub(crate) fn reason(error: &Error) -> Reason {
    let kind = match error {
        Error::Denied { .. } | Error::Unauthorized { .. } => ReasonKind::AccessDenied,
        Error::Limited { .. } => ReasonKind::Throttled,
        _ => ReasonKind::Error,
    };
    Reason { kind, message: error.to_string() }
}
