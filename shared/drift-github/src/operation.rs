//! Requests in a form by which an answer is known again, and lists that answer for their items.

use serde_json::{Map, Value};

/// A request that asks for one thing, and the list that holds it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Listed {
    item: &'static str,
    /// The request that lists them.
    pub(crate) list: &'static str,
    /// Where the list's answer holds the items; nothing where it is the list itself.
    within: Option<&'static str>,
    /// The parameter that names the item, and the item's member that has to be equal.
    parameter: &'static str,
    member: &'static str,
}

const fn listed(
    item: &'static str,
    list: &'static str,
    within: Option<&'static str>,
    parameter: &'static str,
    member: &'static str,
) -> Listed {
    Listed { item, list, within, parameter, member }
}

/// The lists whose items are what is answered for one, and that are complete: their pages are followed to the end.
///
/// Source: GitHub's `OpenAPI` description, in which both answers have the same schema. A ruleset's list holds no rules, so it is not here.
const LISTED: [Listed; 11] = [
    listed("GET /repos/{owner}/{repo}/hooks/{hook_id}", "GET /repos/{owner}/{repo}/hooks", None, "hook_id", "id"),
    listed("GET /repos/{owner}/{repo}/keys/{key_id}", "GET /repos/{owner}/{repo}/keys", None, "key_id", "id"),
    listed("GET /repos/{owner}/{repo}/labels/{name}", "GET /repos/{owner}/{repo}/labels", None, "name", "name"),
    listed(
        "GET /repos/{owner}/{repo}/environments/{environment_name}",
        "GET /repos/{owner}/{repo}/environments",
        Some("environments"),
        "environment_name",
        "name",
    ),
    listed(
        "GET /repos/{owner}/{repo}/actions/variables/{name}",
        "GET /repos/{owner}/{repo}/actions/variables",
        Some("variables"),
        "name",
        "name",
    ),
    listed(
        "GET /repos/{owner}/{repo}/actions/secrets/{secret_name}",
        "GET /repos/{owner}/{repo}/actions/secrets",
        Some("secrets"),
        "secret_name",
        "name",
    ),
    listed(
        "GET /repos/{owner}/{repo}/dependabot/secrets/{secret_name}",
        "GET /repos/{owner}/{repo}/dependabot/secrets",
        Some("secrets"),
        "secret_name",
        "name",
    ),
    listed("GET /orgs/{org}/hooks/{hook_id}", "GET /orgs/{org}/hooks", None, "hook_id", "id"),
    listed("GET /orgs/{org}/actions/variables/{name}", "GET /orgs/{org}/actions/variables", Some("variables"), "name", "name"),
    listed("GET /orgs/{org}/actions/secrets/{secret_name}", "GET /orgs/{org}/actions/secrets", Some("secrets"), "secret_name", "name"),
    listed("GET /orgs/{org}/teams/{team_slug}/repos/{owner}/{repo}", "GET /orgs/{org}/teams/{team_slug}/repos", None, "repo", "name"),
];

impl Listed {
    /// The list that answers for a request, where there is one.
    pub(crate) fn of(operation: &str) -> Option<&'static Self> {
        LISTED.iter().find(|listed| listed.item == operation)
    }

    /// What the list is asked with.
    pub(crate) fn input(&self, input: &Value) -> Value {
        let mut members = input.as_object().cloned().unwrap_or_default();
        members.remove(self.parameter);
        Value::Object(members)
    }

    /// The item that `input` asks for; nothing where the list does not hold it.
    pub(crate) fn item<'a>(&self, answer: &'a Value, input: &Value) -> Option<&'a Value> {
        let items = match self.within {
            Some(member) => answer.get(member),
            None => Some(answer),
        };
        let wanted = text(&input[self.parameter])?.to_lowercase();
        items?.as_array()?.iter().find(|item| text(&item[self.member]).is_some_and(|name| name.to_lowercase() == wanted))
    }
}

/// A request, its names as GitHub takes them for the same: `canonical` gives the number of a team (`team_slug`), which may be recorded by
/// its slug.
pub(crate) fn key(operation: &str, input: &Value, canonical: impl Fn(&str, &str) -> Option<String>) -> String {
    let nothing = Map::new();
    let members = input.as_object().unwrap_or(&nothing);
    let mut key = operation.to_owned();
    let mut query = Vec::new();
    for (name, value) in members {
        let Some(value) = text(value) else { continue };
        let value = if is_folded(name) { value.to_lowercase() } else { value };
        let value = canonical(name, &value).unwrap_or(value);
        let place = format!("{{{name}}}");
        if key.contains(&place) {
            key = key.replace(&place, &value);
        } else {
            query.push(format!("{name}={value}"));
        }
    }
    query.sort();
    for (at, part) in query.iter().enumerate() {
        key.push(if at == 0 { '?' } else { '&' });
        key.push_str(part);
    }
    key
}

/// What GitHub looks up without regard to case. A branch is not among it.
fn is_folded(parameter: &str) -> bool {
    matches!(parameter, "repo" | "team_slug" | "username" | "name" | "secret_name" | "environment_name" | "team")
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(truth) => Some(truth.to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn plain(operation: &str, input: &Value) -> String {
        key(operation, input, |_, _| None)
    }

    #[test]
    fn the_same_request_has_the_same_key_however_it_is_written() {
        let operation = "GET /repos/{owner}/{repo}/rulesets/{ruleset_id}";
        let a = plain(operation, &json!({"repo": "Shop", "ruleset_id": 7, "includes_parents": false}));
        assert_eq!(a, "GET /repos/{owner}/shop/rulesets/7?includes_parents=false");
        assert_eq!(a, plain(operation, &json!({"includes_parents": "false", "repo": "shop", "ruleset_id": "7", "nothing": null})));
    }

    #[test]
    fn branches_differ_by_case_and_logins_do_not() {
        let operation = "GET /repos/{owner}/{repo}/branches/{branch}/protection";
        let of = |branch: &str| plain(operation, &json!({"repo": "a", "branch": branch}));
        assert_ne!(of("Main"), of("main"));
        let operation = "GET /orgs/{org}/memberships/{username}";
        assert_eq!(plain(operation, &json!({"username": "Octo"})), plain(operation, &json!({"username": "octo"})));
    }

    #[test]
    fn what_has_two_names_is_asked_for_by_one() {
        let canonical = |parameter: &str, value: &str| (parameter == "team_slug" && value == "core").then(|| "42".to_owned());
        assert_eq!(key("GET /orgs/{org}/teams/{team_slug}", &json!({"team_slug": "Core"}), canonical), "GET /orgs/{org}/teams/42");
    }

    #[test]
    fn a_list_answers_for_its_items() {
        let listed = Listed::of("GET /repos/{owner}/{repo}/environments/{environment_name}").expect("there is a list");
        let input = json!({"repo": "a", "environment_name": "Production"});
        assert_eq!(listed.input(&input), json!({"repo": "a"}));
        let answer = json!({"total_count": 1, "environments": [{"name": "production", "id": 1}]});
        assert_eq!(listed.item(&answer, &input), Some(&json!({"name": "production", "id": 1})));
        assert_eq!(listed.item(&answer, &json!({"environment_name": "staging"})), None);
        assert_eq!(Listed::of("GET /repos/{owner}/{repo}/rulesets/{ruleset_id}"), None);
    }
}
