//! What is there and in no state: repositories, teams, members, outside collaborators, webhooks, deploy keys, rulesets.

use std::collections::BTreeSet;

use drift_catalog::{AwsCall as _, CallError, CallErrorKind};
use drift_engine::{ports::Clock, scan::Unmanaged};
use futures::{StreamExt as _, stream};
use serde_json::{Value, json};

use crate::{
    GithubReader,
    bulk::{Live, LiveKeyOf, LiveTeam},
    known::{SERVICE, is_not_found},
    link::{encoded, repository_page},
    managed::{LiveKey, Managed},
};

/// How many lists are asked for at once; the client itself asks for no more than it may.
const AT_ONCE: usize = 64;

/// What was found, and what could not be looked for.
#[derive(Debug, Default)]
pub(crate) struct Found {
    pub(crate) unmanaged: Vec<Unmanaged>,
    /// What could not be listed, and why.
    pub(crate) refused: Vec<(&'static str, CallError)>,
}

impl Found {
    fn add(&mut self, type_name: &str, id: impl Into<String>, name: impl Into<String>, url: String) {
        self.unmanaged.push(Unmanaged { type_name: type_name.to_owned(), id: id.into(), name: name.into(), url: Some(url) });
    }
}

impl<K: Clock> GithubReader<K> {
    /// What of the organisation itself nobody manages.
    pub(crate) async fn unmanaged_of_organisation(&self, managed: &Managed, teams: &[LiveTeam], members: &[String]) -> Found {
        let (web, owner) = (self.github.web(), self.github.owner());
        let mut found = Found::default();
        for team in teams {
            let keys = [LiveKey::Team(team.number.to_string()), LiveKey::Team(team.slug.to_lowercase())];
            if !keys.iter().any(|key| managed.holds(key)) {
                let url = format!("{web}/orgs/{}/teams/{}", encoded(owner), encoded(&team.slug));
                found.add("github_team", team.number.to_string(), &team.name, url);
            }
        }
        for login in members {
            if !managed.holds(&LiveKey::Member(login.to_lowercase())) {
                found.add("github_membership", format!("{owner}:{login}"), login, format!("{web}/{}", encoded(login)));
            }
        }
        let settings = |page: &str, id: u64| format!("{web}/organizations/{}/settings/{page}/{id}", encoded(owner));
        for hook in self.listed("the organisation's webhooks", "GET /orgs/{org}/hooks", &json!({}), &mut found).await {
            let Some(id) = hook["id"].as_u64() else { continue };
            if !managed.holds(&LiveKey::Hook(id.to_string())) {
                found.add("github_organization_webhook", id.to_string(), hook_name(&hook), settings("hooks", id));
            }
        }
        for ruleset in self.listed("the organisation's rulesets", "GET /orgs/{org}/rulesets", &json!({}), &mut found).await {
            let Some(id) = ruleset["id"].as_u64() else { continue };
            if !managed.holds(&LiveKey::Ruleset(id.to_string())) {
                let name = ruleset["name"].as_str().unwrap_or_default();
                found.add("github_organization_ruleset", id.to_string(), name, settings("rules", id));
            }
        }
        found
    }

    /// What of these repositories nobody manages.
    pub(crate) async fn unmanaged_of_repositories(&self, managed: &Managed, live: &[Live], members: Option<&BTreeSet<String>>) -> Found {
        // One by itself, so that what is refused of it is not asked of the others.
        let Some((first, others)) = live.split_first() else { return Found::default() };
        let first = self.unmanaged_of(managed, first, members).await;
        // Collected, so that what awaits them can go from thread to thread.
        let looks: Vec<_> = others.iter().map(|live| self.unmanaged_of(managed, live, members)).collect();
        stream::iter(looks)
            .buffered(AT_ONCE)
            .fold(first, |mut all, one| async move {
                all.unmanaged.extend(one.unmanaged);
                all.refused.extend(one.refused);
                all
            })
            .await
    }

    async fn unmanaged_of(&self, managed: &Managed, live: &Live, members: Option<&BTreeSet<String>>) -> Found {
        let (web, owner, name) = (self.github.web(), self.github.owner(), live.name.as_str());
        let page = |page: &str| repository_page(web, owner, name, page);
        let lower = name.to_lowercase();
        let mut found = Found::default();
        let keys = [LiveKey::Repository(live.number.to_string()), LiveKey::Repository(lower.clone())];
        if !keys.iter().any(|key| managed.holds(key)) {
            found.add("github_repository", name, name, page(""));
        }
        // Who belongs to the organisation is no outsider, and where members are not told, nobody is said to be one.
        if let (Some(collaborators), Some(members)) = (&live.collaborators, members)
            && !managed.holds(&LiveKey::Collaborators(lower.clone()))
        {
            for login in collaborators.iter().filter(|login| !members.contains(&login.to_lowercase())) {
                if !managed.holds(&LiveKey::Collaborator(lower.clone(), login.to_lowercase())) {
                    let named = format!("{name} {login}");
                    found.add("github_repository_collaborator", format!("{name}:{login}"), named, page("settings/access"));
                }
            }
        }
        for (id, called, _) in live.rulesets.iter().flatten() {
            if !managed.holds(&LiveKey::Ruleset(id.to_string())) {
                found.add(
                    "github_repository_ruleset",
                    format!("{name}:{id}"),
                    format!("{name} {called}"),
                    page(&format!("settings/rules/{id}")),
                );
            }
        }
        for (number, title) in self.unmanaged_keys(managed, live, &lower, &mut found).await {
            found.add("github_repository_deploy_key", format!("{name}:{number}"), format!("{name} {title}"), page("settings/keys"));
        }
        for hook in self.listed("webhooks", "GET /repos/{owner}/{repo}/hooks", &json!({"repo": name}), &mut found).await {
            let Some(id) = hook["id"].as_u64() else { continue };
            if !managed.holds(&LiveKey::Hook(id.to_string())) {
                let url = page(&format!("settings/hooks/{id}"));
                found.add("github_repository_webhook", format!("{name}/{id}"), format!("{name} {}", hook_name(&hook)), url);
            }
        }
        found
    }

    /// Number and title of each deploy key in no state. GraphQL tells no number of a key: where it cannot be had of its global id, REST is asked.
    async fn unmanaged_keys(&self, managed: &Managed, live: &Live, repository: &str, found: &mut Found) -> Vec<(u64, String)> {
        let is_managed = |number: u64| managed.holds(&LiveKey::DeployKey(number.to_string()));
        let is_known = |key: &LiveKeyOf| {
            key.number.is_some_and(is_managed) || managed.holds(&LiveKey::DeployKeyOf(repository.to_owned(), key_of(&key.key)))
        };
        if let Some(keys) = &live.keys {
            let unknown: Vec<&LiveKeyOf> = keys.iter().filter(|key| !is_known(key)).collect();
            if unknown.is_empty() {
                return Vec::new();
            }
            if self.holds_numbers(live).await {
                return unknown.into_iter().filter_map(|key| Some((key.number?, key.title.clone()))).collect();
            }
        }
        let listed = self.listed("deploy keys", "GET /repos/{owner}/{repo}/keys", &json!({"repo": live.name}), found).await;
        let told = listed.iter().filter_map(|key| Some((key["id"].as_u64()?, key["title"].as_str().unwrap_or_default().to_owned())));
        told.filter(|(number, _)| !is_managed(*number)).collect()
    }

    /// Whether the numbers in global ids are those of REST: found out once for a process, on the keys of one repository.
    async fn holds_numbers(&self, live: &Live) -> bool {
        let Some(told) = live.keys.as_ref().and_then(|keys| keys.iter().map(|key| key.number).collect::<Option<BTreeSet<u64>>>()) else {
            return false;
        };
        let compare = async || {
            let input = json!({"repo": live.name});
            let listed = self.calls().call(&self.github.place(), SERVICE, "GET /repos/{owner}/{repo}/keys", &input).await?;
            let numbers = listed.as_array().into_iter().flatten().filter_map(|key| key["id"].as_u64());
            Ok::<bool, CallError>(numbers.collect::<BTreeSet<u64>>() == told)
        };
        self.numbers_hold.get_or_try_init(compare).await.is_ok_and(|holds| *holds)
    }

    /// A list, as an earlier scan had it where that is young enough; nothing where it is refused, which is noted.
    async fn listed(&self, what: &'static str, operation: &str, input: &Value, found: &mut Found) -> Vec<Value> {
        if let Some(error) = self.refused(operation) {
            found.refused.push((what, error));
            return Vec::new();
        }
        match self.calls().glancing().call(&self.github.place(), SERVICE, operation, input).await {
            Ok(Value::Array(items)) => items,
            Ok(_) => Vec::new(),
            // A repository that went a moment ago has no list any more; one whose list is hidden has none either, and that has to be said.
            Err(error) if is_not_found(&error) && self.is_gone(input).await => Vec::new(),
            Err(error) => {
                if is_of_the_credential(&error) {
                    self.refuse(operation, error.clone());
                }
                found.refused.push((what, error));
                Vec::new()
            }
        }
    }

    async fn is_gone(&self, input: &Value) -> bool {
        if input.get("repo").is_none() {
            return false;
        }
        let repository = self.github.call(&self.github.place(), SERVICE, "GET /repos/{owner}/{repo}", input).await;
        repository.is_err_and(|error| is_not_found(&error))
    }
}

/// Whether the same is refused of every repository: a permission that the credential lacks as a whole. Of a list that is public of some repositories
/// that would not be so, and none of those that are listed here is.
fn is_of_the_credential(error: &CallError) -> bool {
    let whole = ["Resource not accessible by", "it needs a token with the scope"];
    error.kind == CallErrorKind::AccessDenied && whole.iter().any(|words| error.message.contains(words))
}

/// What a webhook is called: by the host that it is sent to. Its path may be a secret.
fn hook_name(hook: &Value) -> String {
    let url = hook["config"]["url"].as_str().unwrap_or_default();
    url::Url::parse(url).ok().and_then(|url| url.host_str().map(str::to_owned)).unwrap_or_else(|| "webhook".to_owned())
}

/// A public key without its comment, which GitHub does not keep.
pub(crate) fn key_of(key: &str) -> String {
    key.split_ascii_whitespace().take(2).collect::<Vec<_>>().join(" ")
}
