//! What GitHub tells of many things at once, kept as the answers that each of them would have got.

use std::collections::BTreeSet;

use drift_catalog::AwsCall as _;
use drift_engine::ports::Clock;
use drift_model::Timestamp;
use serde_json::{Value, json};

use crate::{
    Data, Error, Get, GithubReader, Query,
    known::SERVICE,
    link::encoded,
    managed::{Names, Wanted},
    number::number_of,
    shapes,
};

/// How many repositories are asked for in one query: with all that hangs on them it is answered within seconds.
pub(crate) const PAGE: usize = 50;

/// How many of anything else.
const MANY: usize = 100;

/// A page of repositories.
#[derive(Debug, Default)]
pub(crate) struct Page {
    pub(crate) repositories: Vec<Live>,
    pub(crate) names: Names,
    /// Where the next page begins; nothing after the last.
    pub(crate) next: Option<String>,
    /// How many of the page were not told, and why.
    pub(crate) failed: Option<String>,
}

/// A repository, as far as a scan has to know it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Live {
    pub(crate) name: String,
    pub(crate) number: u64,
    pub(crate) node: String,
    /// Logins of the people that it was opened to by themselves; nothing where that is not told.
    pub(crate) collaborators: Option<Vec<String>>,
    /// The deploy keys; nothing where they are not told.
    pub(crate) keys: Option<Vec<LiveKeyOf>>,
    /// Number, name and time of the last change of each ruleset; nothing where that is not told.
    pub(crate) rulesets: Option<Vec<(u64, String, String)>>,
}

/// A deploy key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LiveKeyOf {
    pub(crate) key: String,
    pub(crate) title: String,
    /// As its global id has it: to be held against REST before it is believed.
    pub(crate) number: Option<u64>,
}

/// A team.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LiveTeam {
    pub(crate) number: u64,
    pub(crate) slug: String,
    pub(crate) name: String,
}

impl<K: Clock> GithubReader<K> {
    /// Reads a page of repositories from `after` on, with what is wanted of each. Where that is too much for GitHub, a smaller page.
    ///
    /// `members` are the logins of the organisation's members, in lower case, where they are known.
    pub(crate) async fn repositories(
        &self,
        wanted: Wanted,
        after: Option<&str>,
        members: Option<&BTreeSet<String>>,
    ) -> Result<Page, Error> {
        let (query, mut first) = (named("Repositories"), PAGE);
        loop {
            let began = self.clock.now();
            let mut variables = json!({
                "owner": self.github.owner(), "first": first, "cursor": after, "alerts": wanted.alerts, "branches": wanted.branches,
                "collaborators": true, "environments": wanted.environments, "keys": true, "labels": wanted.labels,
                "protections": wanted.protections, "rulesets": true, "topics": wanted.topics,
            });
            for part in self.hidden_parts() {
                variables[part] = false.into();
            }
            match self.github.graphql(&query, variables).await {
                // A part that is hidden takes the whole repository with it: asked for without it, the rest is told.
                Ok(data) if self.hides(&data) => {}
                Ok(mut data) => return self.take_repositories(&mut data, members, began),
                Err(error) if error.asks_for_less() && first > 1 => first /= 2,
                Err(error) => return Err(error),
            }
        }
    }

    /// Whether an answer hides parts of repositories that were not known to be hidden: they are not asked for again in this scan.
    fn hides(&self, data: &Data) -> bool {
        let hidden = data.errors.iter().filter(|problem| matches!(problem.kind.as_str(), "FORBIDDEN" | "INSUFFICIENT_SCOPES"));
        // Not what hangs on such a part: an actor of one rule may be hidden alone.
        let named = hidden.filter_map(|problem| part_of(problem.path.last()?));
        // Each has to be noted: no short cut.
        named.filter(|part| self.hide(part)).count() > 0
    }

    fn take_repositories(&self, data: &mut Data, members: Option<&BTreeSet<String>>, began: Timestamp) -> Result<Page, Error> {
        let mut connection = connection(data, "repositories")?;
        let mut page = Page { next: next(&connection), ..Page::default() };
        let failed = connection["nodes"].as_array().into_iter().flatten().filter(|node| node.is_null()).count();
        if failed > 0 {
            let why = data.errors.first().map_or("GitHub does not say why", |problem| problem.message.as_str());
            page.failed = Some(format!("GitHub did not tell {failed} of them: {why}; what is in no state of these is not listed"));
        }
        for node in connection["nodes"].as_array_mut().into_iter().flatten() {
            // Let go of one by one: a page of all that hangs on them is large.
            let node = &node.take();
            // One that could not be told stands as null: its instances are asked for by themselves.
            let (Some(name), Some(number)) = (node["name"].as_str(), node["databaseId"].as_u64()) else { continue };
            let id = node["id"].as_str().unwrap_or_default();
            page.names.add(page.repositories.len(), name, Some(number), Some(id));
            self.answers.repository(id, name);
            self.take_repository(node, name, members, began);
            page.repositories.push(live(node, name, number, id));
        }
        Ok(page)
    }

    fn take_repository(&self, node: &Value, name: &str, members: Option<&BTreeSet<String>>, began: Timestamp) {
        let answers = &self.answers;
        let input = json!({"repo": name});
        answers.derive("GET /repos/{owner}/{repo}", &input, Ok(shapes::repository(node, self.github.owner())), began);
        if let Some(topics) = shapes::topics(node) {
            answers.derive("GET /repos/{owner}/{repo}/topics", &input, Ok(json!({"names": topics})), began);
        }
        if let Some(labels) = shapes::labels(node, self.github.api()) {
            answers.derive("GET /repos/{owner}/{repo}/labels", &input, Ok(labels), began);
        }
        if let Some(alerts) = node["hasVulnerabilityAlertsEnabled"].as_bool() {
            let answer = if alerts { Ok(json!({"status": 204})) } else { Err(404) };
            answers.derive("GET /repos/{owner}/{repo}/vulnerability-alerts", &input, answer, began);
        }
        if let Some(direct) = shapes::direct_collaborators(node) {
            let operation = "GET /repos/{owner}/{repo}/collaborators";
            if let Some(members) = members {
                let is_outside = |one: &&Value| one["login"].as_str().is_some_and(|login| !members.contains(&login.to_lowercase()));
                let outside: Vec<Value> = direct.as_array().into_iter().flatten().filter(is_outside).cloned().collect();
                answers.derive(operation, &json!({"repo": name, "affiliation": "outside"}), Ok(Value::from(outside)), began);
            }
            answers.derive(operation, &json!({"repo": name, "affiliation": "direct"}), Ok(direct), began);
        }
        if node["environments"]["totalCount"] == 0 {
            answers.derive("GET /repos/{owner}/{repo}/environments", &input, Ok(json!({"total_count": 0, "environments": []})), began);
        }
        for branch in shapes::whole(&node["refs"]).into_iter().flatten() {
            if let Some(called) = branch["name"].as_str() {
                let body = json!({"ref": format!("refs/heads/{called}"), "node_id": branch["id"], "object": {"sha": branch["target"]["oid"], "type": "commit"}});
                answers.derive(
                    "GET /repos/{owner}/{repo}/git/ref/{ref}",
                    &json!({"repo": name, "ref": format!("heads/{called}")}),
                    Ok(body),
                    began,
                );
            }
        }
        for ruleset in shapes::whole(&node["rulesets"]).into_iter().flatten() {
            // Its rules are REST's to tell; GraphQL tells when they changed last.
            if let (Some(id), Some(updated)) = (ruleset["databaseId"].as_u64(), ruleset["updatedAt"].as_str()) {
                let input = json!({"repo": name, "ruleset_id": id, "includes_parents": false});
                answers.covers("GET /repos/{owner}/{repo}/rulesets/{ruleset_id}", &input, updated);
            }
        }
        for key in shapes::whole(&node["deployKeys"]).into_iter().flatten() {
            // A number that is not the one a state records is never asked for.
            if let Some(number) = key["id"].as_str().and_then(number_of) {
                let body = json!({"id": number, "key": key["key"], "title": key["title"], "read_only": key["readOnly"]});
                answers.derive("GET /repos/{owner}/{repo}/keys/{key_id}", &json!({"repo": name, "key_id": number}), Ok(body), began);
            }
        }
        for rule in shapes::whole(&node["branchProtectionRules"]).into_iter().flatten() {
            self.take_rule(rule, name, began);
        }
    }

    /// Adds what GraphQL does not tell of a page's repositories, from REST's list of them in the same order. A repository that is not on the same page there
    /// is asked for by itself.
    pub(crate) async fn security(&self, page: &Page, number: u32) {
        const TOLD_BY_REST: [&str; 2] = ["security_and_analysis", "has_pages"];
        let get = Get::new("GET /orgs/{org}/repos", format!("/orgs/{}/repos", encoded(self.github.owner())));
        let get = get.with("type", "all").with("sort", "created").with("direction", "asc");
        let get = get.with("per_page", PAGE.to_string()).with("page", (u64::from(number) + 1).to_string());
        let listed = self.github.get(&get).await.map(|answer| answer.body).unwrap_or_default();
        for live in &page.repositories {
            let of_it = listed.as_array().into_iter().flatten().find(|item| item["id"] == live.number);
            self.answers.amend("GET /repos/{owner}/{repo}", &json!({"repo": live.name}), |body| match of_it {
                Some(item) => {
                    // Whoever is no administrator is not told, and then it is not known.
                    for member in TOLD_BY_REST {
                        if let Some(told) = item.get(member) {
                            body[member] = told.clone();
                        }
                    }
                    true
                }
                None => false,
            });
        }
    }

    fn take_rule(&self, rule: &Value, repository: &str, began: Timestamp) {
        let answers = &self.answers;
        if let Some(id) = rule["id"].as_str() {
            answers.derive("GRAPHQL BranchProtection", &json!({"id": id}), Ok(json!({"node": rule})), began);
        }
        // A pattern without wildcards is a branch.
        let pattern = rule["pattern"].as_str().filter(|pattern| !pattern.contains(['*', '?', '[', '\\']));
        if let (Some(branch), Some(body)) = (pattern, shapes::protection(rule)) {
            let input = json!({"repo": repository, "branch": branch});
            let signatures = body["required_signatures"].clone();
            answers.derive("GET /repos/{owner}/{repo}/branches/{branch}/protection", &input, Ok(body), began);
            answers.derive("GET /repos/{owner}/{repo}/branches/{branch}/protection/required_signatures", &input, Ok(signatures), began);
        }
    }

    /// Reads all teams.
    pub(crate) async fn teams(&self, wanted: Wanted) -> Result<Vec<LiveTeam>, Error> {
        let (query, mut after, mut teams, mut first) = (named("Teams"), None::<String>, Vec::new(), MANY / 2);
        loop {
            let began = self.clock.now();
            let variables = json!({
                "owner": self.github.owner(), "first": first, "cursor": after, "members": wanted.team_members,
                "repositories": wanted.team_repositories,
            });
            let mut data = match self.github.graphql(&query, variables).await {
                Ok(data) => data,
                Err(error) if error.asks_for_less() && first > 1 => {
                    first /= 2;
                    continue;
                }
                Err(error) => return Err(error),
            };
            let connection = connection(&mut data, "teams")?;
            for node in connection["nodes"].as_array().into_iter().flatten() {
                let (Some(number), Some(slug)) = (node["databaseId"].as_u64(), node["slug"].as_str()) else { continue };
                self.take_team(node, number, slug, began);
                let name = node["name"].as_str().unwrap_or(slug).to_owned();
                teams.push(LiveTeam { number, slug: slug.to_owned(), name });
            }
            after = next(&connection);
            if after.is_none() {
                self.answers.complete("GET /orgs/{org}/teams/", began);
                return Ok(teams);
            }
        }
    }

    fn take_team(&self, node: &Value, number: u64, slug: &str, began: Timestamp) {
        let answers = &self.answers;
        answers.team(slug, &number.to_string());
        answers.derive("GET /orgs/{org}/teams/{team_slug}", &json!({"team_slug": number}), Ok(shapes::team(node)), began);
        answers.derive("GRAPHQL TeamSettings", &json!({"id": node["id"]}), Ok(json!({"node": node})), began);
        let members = &node["members"];
        if members["pageInfo"]["hasNextPage"] == false {
            answers.derive("GRAPHQL TeamMembers", &json!({"team": number}), Ok(json!({"node": node})), began);
            for edge in members["edges"].as_array().into_iter().flatten() {
                if let (Some(role), Some(login)) = (edge["role"].as_str(), edge["node"]["login"].as_str()) {
                    let input = json!({"team_slug": number, "username": login});
                    let body = json!({"role": role.to_lowercase(), "state": "active"});
                    answers.derive("GET /orgs/{org}/teams/{team_slug}/memberships/{username}", &input, Ok(body), began);
                }
            }
        }
        let repositories = &node["repositories"];
        if repositories["pageInfo"]["hasNextPage"] == false {
            let mut edges: Vec<String> = repositories["edges"]
                .as_array()
                .into_iter()
                .flatten()
                .map(|edge| {
                    format!("{}={}", edge["node"]["name"].as_str().unwrap_or_default(), edge["permission"].as_str().unwrap_or_default())
                })
                .collect();
            edges.sort();
            answers.covers("GET /orgs/{org}/teams/{team_slug}/repos", &json!({"team_slug": number}), &edges.join("\n"));
        }
    }

    /// Reads all members; their logins.
    pub(crate) async fn members(&self) -> Result<Vec<String>, Error> {
        let (query, mut after, mut logins) = (named("Members"), None::<String>, Vec::new());
        let operation = "GET /orgs/{org}/memberships/{username}";
        let began = self.clock.now();
        loop {
            let mut data = self.github.graphql(&query, json!({"owner": self.github.owner(), "first": MANY, "cursor": after})).await?;
            let connection = connection(&mut data, "membersWithRole")?;
            for edge in connection["edges"].as_array().into_iter().flatten() {
                let (Some(role), Some(login)) = (edge["role"].as_str(), edge["node"]["login"].as_str()) else { continue };
                let body = json!({"role": role.to_lowercase(), "state": "active", "user": {"login": login}});
                self.answers.derive(operation, &json!({"username": login}), Ok(body), began);
                logins.push(login.to_owned());
            }
            after = next(&connection);
            if after.is_none() {
                break;
            }
        }
        // Who was invited counts as a member to Terraform; only who may see the invitations knows who is none.
        if let Ok(invitations) = self.calls().call(&self.github.place(), SERVICE, "GET /orgs/{org}/invitations", &json!({})).await {
            for invitation in invitations.as_array().into_iter().flatten() {
                let role = match invitation["role"].as_str() {
                    Some("admin") => "admin",
                    Some("direct_member") => "member",
                    _ => continue,
                };
                if let Some(login) = invitation["login"].as_str() {
                    let body = json!({"role": role, "state": "pending", "user": {"login": login}});
                    self.answers.derive(operation, &json!({"username": login}), Ok(body), began);
                }
            }
            self.answers.complete("GET /orgs/{org}/memberships/", began);
        }
        Ok(logins)
    }
}

/// The part of the query that asks for a field of a repository.
fn part_of(field: &str) -> Option<&'static str> {
    Some(match field {
        "branchProtectionRules" => "protections",
        "collaborators" => "collaborators",
        "deployKeys" => "keys",
        "environments" => "environments",
        "hasVulnerabilityAlertsEnabled" => "alerts",
        "labels" => "labels",
        "refs" => "branches",
        "repositoryTopics" => "topics",
        "rulesets" => "rulesets",
        _ => return None,
    })
}

fn live(node: &Value, name: &str, number: u64, id: &str) -> Live {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let collaborators = (node["collaborators"]["pageInfo"]["hasNextPage"] == false).then(|| {
        let edges = node["collaborators"]["edges"].as_array().into_iter().flatten();
        edges.map(|edge| text(&edge["node"]["login"])).filter(|login| !login.is_empty()).collect()
    });
    // Whoever is no administrator is told of no key, without a word.
    let keys = shapes::whole(&node["deployKeys"]).filter(|_| node["viewerCanAdminister"] != false || id.is_empty());
    let rulesets = shapes::whole(&node["rulesets"]);
    Live {
        name: name.to_owned(),
        number,
        node: id.to_owned(),
        collaborators,
        keys: keys.map(|keys| keys.iter().map(live_key).collect()),
        rulesets: rulesets.map(|rulesets| {
            rulesets
                .iter()
                .filter_map(|ruleset| Some((ruleset["databaseId"].as_u64()?, text(&ruleset["name"]), text(&ruleset["updatedAt"]))))
                .collect()
        }),
    }
}

fn live_key(key: &Value) -> LiveKeyOf {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    LiveKeyOf { key: text(&key["key"]), title: text(&key["title"]), number: key["id"].as_str().and_then(number_of) }
}

/// A query of this crate's own, that a test finds each by its name.
fn named(name: &'static str) -> Query {
    Query::named(name).unwrap_or_else(|| Query::new(""))
}

/// A connection of the organisation, which is the one thing that may not be left out of an answer.
fn connection(data: &mut Data, name: &str) -> Result<Value, Error> {
    let found = data.data["organization"].get_mut(name).map(Value::take).unwrap_or_default();
    if found.is_object() {
        return Ok(found);
    }
    let missing = || Error::Undecodable { what: format!("GRAPHQL {name}"), why: "the organisation is not in it".to_owned() };
    Err(data.why(name).unwrap_or_else(missing))
}

fn next(connection: &Value) -> Option<String> {
    let more = connection["pageInfo"]["hasNextPage"] == true;
    more.then(|| connection["pageInfo"]["endCursor"].as_str().map(str::to_owned)).flatten()
}
