//! A team's members and a repository's teams, as the state writes them.

use serde_json::{Value, json};

/// The members of a team as `{username, role}`, from the edges of GraphQL's connection.
///
/// GitHub shows an owner of the organisation as maintainer of every team that they are in, and somebody who has not accepted
/// yet not at all. Both are as recorded where `owners` and `pending` say so, each a list of things with a `login`.
pub(super) fn members(edges: &Value, recorded: &Value, owners: &Value, pending: &Value) -> Value {
    let recorded_of = |login: &str| list(recorded).find(|member| same(&member["username"], login));
    let mut members: Vec<Value> = Vec::new();
    for edge in list(edges) {
        let login = edge["node"]["login"].as_str().unwrap_or_default();
        let role = edge["role"].as_str().unwrap_or_default().to_ascii_lowercase();
        let is_owner = || list(owners).any(|owner| same(&owner["login"], login));
        let recorded_role = recorded_of(login).and_then(|member| member["role"].as_str());
        let role = if recorded_role == Some("member") && is_owner() { "member" } else { &role };
        members.push(json!({"username": login, "role": role}));
    }
    let there =
        |member: &Value| list(edges).any(|edge| edge["node"]["login"].as_str().is_some_and(|login| same(&member["username"], login)));
    let invited =
        |member: &Value| list(pending).any(|invited| invited["login"].as_str().is_some_and(|login| same(&member["username"], login)));
    members.extend(list(recorded).filter(|member| !there(member) && invited(member)).cloned());
    Value::Array(members)
}

/// The teams of a repository as `{team_id, permission}`: the number or the slug, whichever is recorded. Without those that
/// the configuration ignores, and without those that have access by the organisation's or the enterprise's will, which only
/// older providers recorded.
pub(super) fn of_repository(teams: &Value, recorded: &Value, ignored: &Value) -> Value {
    let mut found = Vec::new();
    for team in list(teams) {
        let number = team["id"].to_string();
        let names = |entry: &&Value| {
            let id = &entry["team_id"];
            let text = id.as_str().map_or_else(|| id.to_string(), ToOwned::to_owned);
            text == number || same(&team["slug"], &text)
        };
        if list(ignored).any(|entry| names(&entry)) {
            continue;
        }
        let before = found.len();
        found.extend(list(recorded).filter(names).map(|entry| json!({"team_id": entry["team_id"], "permission": team["permission"]})));
        let is_direct = team["access_source"].as_str().is_none_or(|source| source == "direct");
        if found.len() == before && is_direct {
            found.push(json!({"team_id": team["slug"], "permission": team["permission"]}));
        }
    }
    Value::Array(found)
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn same(name: &Value, other: &str) -> bool {
    name.as_str().is_some_and(|name| name.eq_ignore_ascii_case(other))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edge(login: &str, role: &str) -> Value {
        json!({"role": role, "node": {"login": login}})
    }

    #[test]
    fn an_owner_is_a_maintainer_whatever_was_asked_and_anybody_else_is_what_they_are() {
        let recorded = json!([{"username": "Olga", "role": "member"}, {"username": "max", "role": "member"}]);
        let edges = json!([edge("olga", "MAINTAINER"), edge("max", "MAINTAINER")]);
        assert_eq!(
            members(&edges, &recorded, &json!([{"login": "OLGA"}]), &Value::Null),
            json!([{"username": "olga", "role": "member"}, {"username": "max", "role": "maintainer"}])
        );
    }

    #[test]
    fn somebody_who_is_invited_is_as_recorded_and_nobody_else_is_added() {
        let recorded = json!([{"username": "Paula", "role": "maintainer"}, {"username": "gone", "role": "member"}]);
        let pending = json!([{"login": "paula"}, {"login": "stranger"}, {"login": null}]);
        assert_eq!(members(&json!([]), &recorded, &Value::Null, &pending), json!([{"username": "Paula", "role": "maintainer"}]));
    }

    #[test]
    fn a_team_is_named_by_its_number_or_its_slug_as_recorded() {
        let teams = json!([{"id": 7, "slug": "platform", "permission": "admin"}, {"id": 8, "slug": "web", "permission": "pull"}]);
        for form in [json!("7"), json!(7), json!("Platform")] {
            let found = of_repository(&teams, &json!([{"team_id": form}]), &json!([{"team_id": "8"}]));
            assert_eq!(found, json!([{"team_id": form, "permission": "admin"}]));
        }
    }

    #[test]
    fn access_that_the_organisation_gives_counts_only_where_it_is_recorded() {
        let teams = json!([{"id": 7, "slug": "all", "permission": "pull", "access_source": "organization"}]);
        assert_eq!(of_repository(&teams, &json!([]), &Value::Null), json!([]));
        let recorded = json!([{"team_id": "all"}]);
        assert_eq!(of_repository(&teams, &recorded, &Value::Null), json!([{"team_id": "all", "permission": "pull"}]));
    }
}
