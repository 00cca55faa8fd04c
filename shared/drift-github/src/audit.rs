//! Who changed something, as an Enterprise organisation's audit log tells.
//!
//! Source: docs.github.com, "Get the audit log for an organization" and "Audit log events for your organization".

use std::time::Duration;

use drift_catalog::{Catalog, Resource};
use drift_engine::{ports::Clock, work::SeenChange};
use drift_model::{Actor, ActorKind, Change, Instance, InstanceRef, Place, RecordId, Timestamp};
use serde_json::Value;

use crate::{
    Error, Get, GithubReader,
    managed::{RepositoryName, repository_of},
};

/// Changes are looked for so far before the last scan: the log is a little behind.
const BEHIND: Duration = Duration::from_mins(15);

/// What one drift is told to be caused by is bounded; the newest count.
const MOST: usize = 20;

/// The log since the last scan.
#[derive(Clone, Debug, Default)]
pub(crate) struct AuditLog {
    entries: Vec<Entry>,
    /// Whether GitHub tells at all.
    pub(crate) is_told: bool,
}

#[derive(Clone, Debug)]
struct Entry {
    change: Change,
    repository: Option<String>,
    team: Option<String>,
    user: Option<String>,
}

impl<K: Clock> GithubReader<K> {
    /// The log since that time. An organisation that has none, or a credential that may not see it, is no error: then GitHub does not tell.
    pub(crate) async fn audit_log(&self, since: Timestamp) -> AuditLog {
        let since = since.checked_sub(jiff::SignedDuration::try_from(BEHIND).unwrap_or_default()).unwrap_or(since);
        let get = Get::new("GET /orgs/{org}/audit-log", format!("/orgs/{}/audit-log", crate::link::encoded(self.github.owner())))
            .with("phrase", format!("created:>={}", since.strftime("%Y-%m-%dT%H:%M:%SZ")))
            // Not what git does: it changes no setting, and is most of the log.
            .with("include", "web")
            .with("order", "asc")
            .with("per_page", "100");
        match self.github.list(&get).await {
            Ok(answer) => {
                let place = self.github.place();
                let entries = answer.body.as_array().into_iter().flatten().filter_map(|entry| Entry::of(entry, &place)).collect();
                AuditLog { entries, is_told: true }
            }
            Err(Error::NotFound { .. } | Error::Denied { .. }) => AuditLog::default(),
            Err(error) => {
                tracing::warn!(%error, "the organisation's audit log cannot be read now: who changed what is not told");
                AuditLog::default()
            }
        }
    }
}

impl Entry {
    fn of(entry: &Value, place: &Place) -> Option<Self> {
        let text = |name: &str| entry[name].as_str().filter(|text| !text.is_empty()).map(str::to_owned);
        let milliseconds = entry["@timestamp"].as_i64().or_else(|| entry["created_at"].as_i64())?;
        let actor = text("actor").or_else(|| text("programmatic_access_type"));
        let kind = if actor.is_some() { ActorKind::User } else { ActorKind::Unknown };
        let change = Change {
            id: RecordId(text("_document_id")?),
            source: "github".to_owned(),
            name: text("action")?,
            time: Timestamp::from_millisecond(milliseconds).ok()?,
            place: place.clone(),
            actor: Actor { kind, name: actor.unwrap_or_else(|| "not told".to_owned()), tool: None, console: false },
            source_address: text("actor_ip"),
            user_agent: text("user_agent"),
            names: Vec::new(),
            names_left_out: 0,
        };
        let last = |text: String| text.rsplit('/').next().unwrap_or_default().to_lowercase();
        Some(Self {
            change,
            repository: text("repo").map(last),
            team: text("team").map(last),
            user: text("user").map(|user| user.to_lowercase()),
        })
    }

    /// Whether it is about an instance: it names what the instance is of, and nothing else of that kind.
    fn is_about(&self, instance: &Instance) -> bool {
        let text = |name: &str| instance.attributes.get(name).and_then(Value::as_str).map(str::to_lowercase);
        let same = |told: &Option<String>, own: Option<String>| told.is_some() && *told == own;
        let repository = match repository_of(instance) {
            Some(RepositoryName::Name(name)) => Some(name),
            Some(RepositoryName::Number(_)) => text("name"),
            _ => text("repository"),
        };
        let user = text("username");
        match instance.type_name.as_str() {
            "github_team" => same(&self.team, text("slug")),
            "github_team_settings" | "github_team_members" => same(&self.team, text("team_slug")),
            "github_team_membership" | "github_membership" => same(&self.user, user),
            "github_repository_collaborator" => same(&self.repository, repository) && same(&self.user, user),
            _ if repository.is_some() => same(&self.repository, repository),
            // Of the organisation itself.
            _ => self.repository.is_none() && self.team.is_none() && self.user.is_none(),
        }
    }
}

impl AuditLog {
    /// The changes that can have made an instance what it is, oldest first.
    pub(crate) fn changes_of(&self, catalog: &Catalog, name: &InstanceRef, instance: &Instance) -> Vec<SeenChange> {
        let Some(resource) = catalog.resource(&instance.type_name) else { return Vec::new() };
        let fits = |entry: &&Entry| can_change(resource, &entry.change.name) && entry.is_about(instance);
        let mut found: Vec<&Entry> = self.entries.iter().filter(fits).collect();
        found.sort_by_key(|entry| entry.change.time);
        let newest = found.split_off(found.len().saturating_sub(MOST));
        newest.into_iter().map(|entry| SeenChange { change: entry.change.clone(), cause_of: vec![name.clone()] }).collect()
    }
}

fn can_change(resource: &Resource, action: &str) -> bool {
    resource.audit.iter().any(|prefix| action.starts_with(prefix.as_str()))
}
