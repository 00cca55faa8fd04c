//! What states hold of an organisation: which instances belong to which repository, and which live things they are.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use drift_catalog::Catalog;
use drift_model::{Address, Attributes, Instance, InstanceKey, InstanceRef, StateId, lives_in_github};
use drift_state::{Found, Problem, Settings, State, StateError};
use serde_json::Value;

use crate::{
    owner::{self, Whose},
    unmanaged::key_of,
};

/// Every instance of GitHub in some states. Holds the states' bytes and no decoded attributes: those are made when they are looked at.
#[derive(Debug, Default)]
pub struct Managed {
    states: Vec<Held>,
    entries: Vec<Entry>,
    live: BTreeSet<LiveKey>,
    wanted: Wanted,
    elsewhere: BTreeMap<String, usize>,
    owners: owner::Configurations,
    unreadable: BTreeMap<StateId, String>,
}

#[derive(Debug)]
struct Held {
    id: StateId,
    bytes: Vec<u8>,
    found: Vec<Found>,
}

/// One instance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    state: usize,
    found: usize,
    /// The repository that it is, or is of.
    pub(crate) repository: Option<RepositoryName>,
}

/// A repository as an instance names it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum RepositoryName {
    /// By its number, which stays whatever it is called.
    Number(u64),
    /// By its global id.
    Node(String),
    /// By its name, in lower case and without its owner.
    Name(String),
}

/// A live thing, by what tells it from all others of its kind.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum LiveKey {
    /// By its number, or by its name in lower case.
    Repository(String),
    /// By its number, or by its slug in lower case.
    Team(String),
    /// By the login in lower case.
    Member(String),
    /// Of a repository, by its name in lower case: by the login in lower case.
    Collaborator(String, String),
    /// Of a repository, by its name in lower case: all of its collaborators.
    Collaborators(String),
    /// By its number, of a repository or of the organisation.
    Hook(String),
    /// By its number.
    DeployKey(String),
    /// Of a repository, by its name in lower case: by the key itself, without its comment.
    DeployKeyOf(String, String),
    /// By its number, of a repository or of the organisation.
    Ruleset(String),
}

/// Which parts of repositories somebody manages: what nobody does is not asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is one part of a query")]
pub(crate) struct Wanted {
    pub(crate) alerts: bool,
    pub(crate) branches: bool,
    pub(crate) environments: bool,
    pub(crate) labels: bool,
    pub(crate) protections: bool,
    pub(crate) security: bool,
    pub(crate) topics: bool,
    pub(crate) team_members: bool,
    pub(crate) team_repositories: bool,
}

/// Something that a scan could not take in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Oddity {
    /// The state.
    pub state: StateId,
    /// The instance.
    pub key: String,
    /// What is odd. Holds no value.
    pub why: String,
}

impl Managed {
    /// What these states hold of `owner`. What is odd in one instance costs only that one.
    ///
    /// # Errors
    /// With the state's name, where one is no state of version 4.
    pub fn of(
        catalog: &Catalog,
        owner: &str,
        states: impl IntoIterator<Item = (StateId, Vec<u8>)>,
    ) -> Result<(Self, Vec<Oddity>), (StateId, StateError)> {
        let mut managed = Self::default();
        let mut oddities = Vec::new();
        for (id, bytes) in states {
            managed.take((catalog, owner), id, bytes, &mut oddities)?;
        }
        Ok((managed, oddities))
    }

    /// As [`Self::of`], where a state that is none costs only itself: [`Self::unreadable`].
    #[must_use]
    pub fn of_readable(catalog: &Catalog, owner: &str, states: impl IntoIterator<Item = (StateId, Vec<u8>)>) -> (Self, Vec<Oddity>) {
        let mut managed = Self::default();
        let mut oddities = Vec::new();
        for (id, bytes) in states {
            if let Err((state, error)) = managed.take((catalog, owner), id, bytes, &mut oddities) {
                managed.unreadable.insert(state, error.to_string());
            }
        }
        (managed, oddities)
    }

    fn take(
        &mut self,
        (catalog, owner): (&Catalog, &str),
        id: StateId,
        bytes: Vec<u8>,
        oddities: &mut Vec<Oddity>,
    ) -> Result<(), (StateId, StateError)> {
        let settings = Settings { default_place: None, places: BTreeMap::new(), identifiers: &|_| Vec::new() };
        let State { mut found, problems, .. } = drift_state::read(&bytes, &settings).map_err(|error| (id.clone(), error))?;
        found.retain(|found| lives_in_github(&found.provider));
        let odd = |key: String, why: String| Oddity { state: id.clone(), key, why };
        oddities.extend(problems.into_iter().filter(is_of_github).map(|Problem { address, why }| odd(address, why)));
        let mut decoded = Vec::with_capacity(found.len());
        let mut votes = owner::Votes::default();
        found.retain(|found| match drift_state::instance(found.bytes(&bytes), found.outside()) {
            Ok(instance) => {
                let summary = Summary::of(catalog, &instance);
                if let Some(owner) = &summary.owner {
                    votes.count(&instance.provider_config, owner);
                }
                decoded.push(summary);
                true
            }
            Err(error) => {
                oddities.push(odd(found.key.to_string(), error.to_string()));
                false
            }
        });
        let state = self.states.len();
        self.owners.add(&votes);
        for (at, (found, summary)) in found.iter().zip(decoded).enumerate() {
            match votes.whose(&found.provider_config, summary.owner.as_deref(), owner) {
                Whose::Others(other) => *self.elsewhere.entry(other).or_default() += 1,
                Whose::Ours | Whose::Nobodys => {
                    self.live.extend(summary.live);
                    self.wanted.add(found.type_name(), summary.recorded);
                    self.entries.push(Entry { state, found: at, repository: summary.repository });
                }
            }
        }
        self.states.push(Held { id, bytes, found });
        Ok(())
    }

    /// How many instances belong to other owners, by owner: they are none of this scan's business.
    #[must_use]
    pub fn elsewhere(&self) -> &BTreeMap<String, usize> {
        &self.elsewhere
    }

    /// The states that cannot be read, and why: what they manage is not known to be managed.
    #[must_use]
    pub fn unreadable(&self) -> &BTreeMap<StateId, String> {
        &self.unreadable
    }

    pub(crate) fn cannot_be_read(&mut self, states: BTreeMap<StateId, String>) {
        self.unreadable.extend(states);
    }

    /// Every instance, by its name.
    pub fn names(&self) -> impl Iterator<Item = InstanceRef> {
        self.entries.iter().map(|entry| self.name_of(entry))
    }

    /// How many instances there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Whose instances each provider configuration makes, as far as the states tell.
    #[must_use]
    pub fn owners(&self) -> &owner::Configurations {
        &self.owners
    }

    pub(crate) fn wanted(&self) -> Wanted {
        self.wanted
    }

    pub(crate) fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter()
    }

    pub(crate) fn holds(&self, key: &LiveKey) -> bool {
        self.live.contains(key)
    }

    pub(crate) fn key_of(&self, entry: &Entry) -> &InstanceKey {
        &self.states[entry.state].found[entry.found].key
    }

    pub(crate) fn name_of(&self, entry: &Entry) -> InstanceRef {
        InstanceRef { state: self.states[entry.state].id.clone(), key: self.key_of(entry).clone() }
    }

    pub(crate) fn state_of(&self, entry: &Entry) -> &StateId {
        &self.states[entry.state].id
    }

    /// The instance, decoded. It could be decoded before.
    pub(crate) fn decode(&self, entry: &Entry) -> Option<Instance> {
        let held = &self.states[entry.state];
        let found = &held.found[entry.found];
        drift_state::instance(found.bytes(&held.bytes), found.outside()).ok()
    }
}

fn is_of_github(problem: &Problem) -> bool {
    problem.address.parse::<Address>().is_ok_and(|address| address.type_name().starts_with("github_"))
}

/// What is kept of an instance while all are gone through.
struct Summary {
    repository: Option<RepositoryName>,
    live: Vec<LiveKey>,
    owner: Option<String>,
    recorded: Recorded,
}

/// What of a repository is recorded that has to be asked for by itself.
#[derive(Clone, Copy, Debug, Default)]
struct Recorded {
    alerts: bool,
    security: bool,
}

impl Summary {
    fn of(catalog: &Catalog, instance: &Instance) -> Self {
        let attributes = &instance.attributes;
        let is_set = |name: &str| attributes.get(name).is_some_and(|value| !value.is_null() && *value != Value::Array(Vec::new()));
        Self {
            repository: repository_of(instance),
            live: live_keys(instance),
            owner: owner::hint(catalog, instance),
            recorded: Recorded {
                alerts: is_set("vulnerability_alerts"),
                security: ["security_and_analysis", "vulnerability_alerts", "pages"].into_iter().any(is_set),
            },
        }
    }
}

impl Wanted {
    fn add(&mut self, type_name: &str, recorded: Recorded) {
        match type_name {
            "github_repository" => {
                self.alerts |= recorded.alerts;
                self.security |= recorded.security;
                self.topics = true;
            }
            "github_repository_topics" => self.topics = true,
            "github_branch" => self.branches = true,
            "github_repository_environment" => self.environments = true,
            "github_issue_label" | "github_issue_labels" => self.labels = true,
            "github_branch_protection" | "github_branch_protection_v3" => self.protections = true,
            "github_team_membership" | "github_team_members" => self.team_members = true,
            "github_team_repository" => self.team_repositories = true,
            _ => {}
        }
    }
}

/// The repository that an instance is, or is of; nothing for what belongs to the organisation, as a team's repositories do.
pub(crate) fn repository_of(instance: &Instance) -> Option<RepositoryName> {
    let attributes = &instance.attributes;
    match instance.type_name.as_str() {
        "github_repository" => {
            let number = attributes.get("repo_id").and_then(Value::as_u64).filter(|number| *number > 0);
            number.map(RepositoryName::Number).or_else(|| named(text(attributes, "name").or_else(|| text(attributes, "id"))?))
        }
        "github_branch_protection" => {
            let told = text(attributes, "repository_id")?;
            if is_node_id(told) { Some(RepositoryName::Node(told.to_owned())) } else { named(told) }
        }
        "github_team_repository" | "github_app_installation_repository" => None,
        _ => match text(attributes, "repository") {
            Some(name) => named(name),
            None if of_repository(&instance.type_name) => named(text(attributes, "id")?.split(':').next()?),
            None => None,
        },
    }
}

/// The types whose id begins with their repository, where an import left no `repository`.
fn of_repository(type_name: &str) -> bool {
    matches!(
        type_name,
        "github_branch_default"
            | "github_branch"
            | "github_branch_protection_v3"
            | "github_repository_collaborator"
            | "github_repository_deploy_key"
            | "github_repository_environment"
            | "github_repository_topics"
            | "github_issue_label"
            | "github_issue_labels"
            | "github_actions_variable"
            | "github_actions_secret"
            | "github_dependabot_secret"
            | "github_actions_repository_permissions"
            | "github_repository_dependabot_security_updates"
    )
}

fn named(name: &str) -> Option<RepositoryName> {
    let name = name.rsplit('/').next()?.to_lowercase();
    (!name.is_empty()).then_some(RepositoryName::Name(name))
}

/// A repository's global id: `R_...`, or base64 of `010:Repository...` as it was before 2021. No name of a repository looks so: the former could, in
/// theory, and is then looked for by its id, found by nothing, and asked for by itself.
fn is_node_id(text: &str) -> bool {
    text.starts_with("R_") && text.len() > 8 || text.starts_with("MDEwOlJlcG9zaXRvcnk")
}

/// The live things that an instance manages.
fn live_keys(instance: &Instance) -> Vec<LiveKey> {
    let attributes = &instance.attributes;
    let id = text(attributes, "id").unwrap_or_default();
    let lower = |name: &str| text(attributes, name).map(str::to_lowercase);
    let number = |name: &str| attributes.get(name).and_then(Value::as_u64).filter(|number| *number > 0).map(|number| number.to_string());
    let repository = match repository_of(instance) {
        Some(RepositoryName::Name(name)) => Some(name),
        _ => None,
    };
    let tail = || id.split_once(':').map(|(_, tail)| tail.to_owned());
    match instance.type_name.as_str() {
        // Where its number is recorded, that alone says which it is: another one may have its name by now.
        "github_repository" => vec![LiveKey::Repository(number("repo_id").or_else(|| lower("name")).unwrap_or_else(|| id.to_lowercase()))],
        "github_team" => [Some(id.to_owned()), lower("slug")].into_iter().flatten().map(LiveKey::Team).collect(),
        "github_membership" => {
            let login = lower("username").or_else(|| tail().map(|login| login.to_lowercase()));
            login.map(LiveKey::Member).into_iter().collect()
        }
        "github_repository_collaborator" => {
            let login = lower("username").or_else(|| tail().map(|login| login.to_lowercase()));
            repository.zip(login).map(|(repository, login)| LiveKey::Collaborator(repository, login)).into_iter().collect()
        }
        "github_repository_collaborators" => repository.map(LiveKey::Collaborators).into_iter().collect(),
        "github_repository_webhook" | "github_organization_webhook" => vec![LiveKey::Hook(id.to_owned())],
        "github_repository_deploy_key" => {
            let key = text(attributes, "key").zip(repository).map(|(key, repository)| LiveKey::DeployKeyOf(repository, key_of(key)));
            tail().map(LiveKey::DeployKey).into_iter().chain(key).collect()
        }
        "github_repository_ruleset" | "github_organization_ruleset" => {
            vec![LiveKey::Ruleset(number("ruleset_id").unwrap_or_else(|| id.to_owned()))]
        }
        _ => Vec::new(),
    }
}

fn text<'a>(attributes: &'a Attributes, name: &str) -> Option<&'a str> {
    attributes.get(name).and_then(Value::as_str).filter(|text| !text.is_empty())
}

/// The repositories of a page, to find entries by.
#[derive(Debug, Default)]
pub(crate) struct Names {
    names: HashMap<RepositoryName, usize>,
}

impl Names {
    /// The repository at that position.
    pub(crate) fn add(&mut self, at: usize, name: &str, number: Option<u64>, node: Option<&str>) {
        self.names.insert(RepositoryName::Name(name.to_lowercase()), at);
        if let Some(number) = number {
            self.names.insert(RepositoryName::Number(number), at);
        }
        if let Some(node) = node {
            self.names.insert(RepositoryName::Node(node.to_owned()), at);
        }
    }

    pub(crate) fn position(&self, name: &RepositoryName) -> Option<usize> {
        self.names.get(name).copied()
    }
}
