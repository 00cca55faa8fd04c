//! An operation as GitHub's description writes it, with its input, as a request.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Map, Value};

use super::{Error, Get, Github};

/// What stands in a segment of a path as it is.
pub(crate) const IN_SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// A ref's slashes stand in the path as they are (`heads/feature/x`); a branch's, a label's or an environment's do not. So does the
/// provider's client, go-github.
const IN_REF: &AsciiSet = &IN_SEGMENT.remove(b'/');

/// With which a team's repository is answered, and not only that it has one.
const TEAMS_REPOSITORY: &str = "application/vnd.github.v3.repository+json";

const TEAM_BY_SLUG: &str = "/orgs/{org}/teams/{team_slug}";
const TEAM_BY_NUMBER: &str = "/organizations/{org_id}/team/{team_slug}";

impl Github {
    /// Fills an operation (`GET /repos/{owner}/{repo}/hooks/{hook_id}`) with its input. What the path does not name is the query;
    /// what is null is left out. `{owner}`, `{org}` and `{org_id}` are the client's own, unless the input names them.
    pub(crate) async fn fill(&self, operation: &str, input: &Value) -> Result<Get, Error> {
        let template = operation.strip_prefix("GET ").ok_or_else(|| wrong(operation, "it is no GET"))?;
        let empty = Map::new();
        let mut input = input.as_object().unwrap_or(&empty).clone();
        input.retain(|_, value| !value.is_null());
        let template = match template.strip_prefix(TEAM_BY_SLUG) {
            // A team's number is none of its names; the path that takes it is not in the description, and the provider uses it.
            Some(rest) if input.get("team_slug").and_then(text).is_some_and(|team| is_number(&team)) => format!("{TEAM_BY_NUMBER}{rest}"),
            _ => template.to_owned(),
        };
        // Some ids name a repository with its owner, whom its name cannot hold.
        if let Some((owner, repo)) = input.get("repo").and_then(text).as_deref().and_then(|repo| repo.split_once('/')) {
            input.entry("owner").or_insert_with(|| owner.into());
            input.insert("repo".to_owned(), repo.into());
        }
        for own in ["owner", "org"] {
            if template.contains(&format!("{{{own}}}")) {
                input.entry(own).or_insert_with(|| self.owner().into());
            }
        }
        if template.contains("{org_id}") && !input.contains_key("org_id") {
            input.insert("org_id".to_owned(), self.organization_id().await?.into());
        }
        let path = path(operation, &template, &mut input)?;
        let query = input.into_iter().map(|(name, value)| match text(&value) {
            Some(value) => Ok((name, value)),
            None => Err(wrong(operation, &format!("{name} is neither a text nor a number nor a list of them"))),
        });
        let accept = (template.contains("/team") && template.ends_with("/repos/{owner}/{repo}")).then(|| TEAMS_REPOSITORY.to_owned());
        Ok(Get { operation: operation.to_owned(), path, query: query.collect::<Result<_, _>>()?, accept, validator: None })
    }
}

/// The path with its names, which are taken out of the input.
fn path(operation: &str, template: &str, input: &mut Map<String, Value>) -> Result<String, Error> {
    let mut path = String::new();
    for segment in template.split('/').skip(1) {
        path.push('/');
        let Some(name) = segment.strip_prefix('{').and_then(|segment| segment.strip_suffix('}')) else {
            path.push_str(segment);
            continue;
        };
        let value = input.remove(name).as_ref().and_then(text).unwrap_or_default();
        // Without a name it would be another request: the list of all, perhaps.
        if value.is_empty() || value.split('/').any(|part| matches!(part, "." | "..")) {
            return Err(wrong(operation, &format!("{name} is not given, or is no name")));
        }
        path.extend(utf8_percent_encode(&value, if name == "ref" { IN_REF } else { IN_SEGMENT }));
    }
    Ok(path)
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        Value::Array(items) => items
            .iter()
            .map(|item| if item.is_array() { None } else { text(item) })
            .collect::<Option<Vec<_>>>()
            .map(|items| items.join(",")),
        Value::Null | Value::Object(_) => None,
    }
}

pub(crate) fn is_number(team: &str) -> bool {
    !team.is_empty() && team.bytes().all(|each| each.is_ascii_digit())
}

fn wrong(operation: &str, why: &str) -> Error {
    Error::Input { what: operation.to_owned(), why: why.to_owned() }
}

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use futures::FutureExt as _;
    use percent_encoding::percent_decode_str;
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::{Credential, Secret, Settings};

    static GITHUB: LazyLock<Github> = LazyLock::new(|| {
        let credential = Credential::Token(Secret::new("ghp_x"));
        let settings = Settings::new("acme", Settings::DEFAULT_BASE_URL, credential).expect("settings");
        Github::new(settings).expect("a client")
    });

    fn filled(operation: &str, input: &Value) -> String {
        let filled = GITHUB.fill(operation, input).now_or_never().expect("it asks nothing");
        match filled.and_then(|get| Ok((GITHUB.url_of(&get)?, get.accept))) {
            Ok((url, accept)) => format!(
                "{}{}",
                &url.as_str()["https://api.github.com".len()..],
                accept.map(|accept| format!(" as {accept}")).unwrap_or_default()
            ),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn an_operation_is_filled_with_what_the_client_and_the_input_know() {
        let hook = "GET /repos/{owner}/{repo}/hooks/{hook_id}";
        insta::assert_snapshot!(
            [
                filled(hook, &json!({"repo": "shop", "hook_id": 12})),
                filled(hook, &json!({"repo": "shop", "hook_id": "12", "owner": "other"})),
                filled(hook, &json!({"repo": "other/shop", "hook_id": 12})),
                filled("GET /orgs/{org}/repos", &json!({"type": "all", "per_page": 50, "page": null})),
                filled("GET /repos/{owner}/{repo}/collaborators", &json!({"repo": "shop", "affiliation": "out side&x"})),
                filled("GET /repos/{owner}/{repo}/git/ref/{ref}", &json!({"repo": "shop", "ref": "heads/feature/a b?"})),
                filled("GET /repos/{owner}/{repo}/branches/{branch}/protection", &json!({"repo": "shop", "branch": "feature/a#1"})),
                filled("GET /repos/{owner}/{repo}/labels/{name}", &json!({"repo": "shop", "name": "good first issue/ä%"})),
                filled("GET /orgs/{org}/teams/{team_slug}/memberships/{username}", &json!({"team_slug": "platform", "username": "ana"})),
                filled("GET /orgs/{org}/teams/{team_slug}/memberships/{username}", &json!({"team_slug": "77", "org_id": 5, "username": "ana"})),
                filled("GET /orgs/{org}/teams/{team_slug}/repos/{owner}/{repo}", &json!({"team_slug": 77, "org_id": 5, "repo": "shop"})),
            ]
            .join("\n"),
            @r"
            /repos/acme/shop/hooks/12
            /repos/other/shop/hooks/12
            /repos/other/shop/hooks/12
            /orgs/acme/repos?per_page=50&type=all
            /repos/acme/shop/collaborators?affiliation=out+side%26x
            /repos/acme/shop/git/ref/heads/feature/a%20b%3F
            /repos/acme/shop/branches/feature%2Fa%231/protection
            /repos/acme/shop/labels/good%20first%20issue%2F%C3%A4%25
            /orgs/acme/teams/platform/memberships/ana
            /organizations/5/team/77/memberships/ana
            /organizations/5/team/77/repos/acme/shop as application/vnd.github.v3.repository+json
            "
        );
    }

    #[test]
    fn what_would_be_another_request_is_none() {
        let hook = "GET /repos/{owner}/{repo}/hooks/{hook_id}";
        insta::assert_snapshot!(
            [
                filled(hook, &json!({"repo": "shop"})),
                filled(hook, &json!({"repo": "..", "hook_id": 1})),
                filled(hook, &json!({"repo": "../..", "hook_id": 1})),
                filled(hook, &json!({"repo": "/", "hook_id": 1})),
                filled(hook, &json!({"repo": "shop", "hook_id": ""})),
                filled("GET /repos/{owner}/{repo}/git/ref/{ref}", &json!({"repo": "shop", "ref": "heads/../../x"})),
                filled("GET /orgs/{org}/repos", &json!({"type": {"a": 1}})),
                filled("DELETE /repos/{owner}/{repo}", &json!({"repo": "shop"})),
                filled("GET repos", &json!({})),
            ]
            .join("\n"),
            @r"
            GET /repos/{owner}/{repo}/hooks/{hook_id}: cannot be asked: hook_id is not given, or is no name
            GET /repos/{owner}/{repo}/hooks/{hook_id}: cannot be asked: repo is not given, or is no name
            GET /repos/{owner}/{repo}/hooks/{hook_id}: cannot be asked: owner is not given, or is no name
            GET /repos/{owner}/{repo}/hooks/{hook_id}: cannot be asked: owner is not given, or is no name
            GET /repos/{owner}/{repo}/hooks/{hook_id}: cannot be asked: hook_id is not given, or is no name
            GET /repos/{owner}/{repo}/git/ref/{ref}: cannot be asked: ref is not given, or is no name
            GET /orgs/{org}/repos: cannot be asked: type is neither a text nor a number nor a list of them
            DELETE /repos/{owner}/{repo}: cannot be asked: it is no GET
            GET repos: cannot be asked: a path begins with a slash
            "
        );
    }

    proptest! {
        #[test]
        fn whatever_a_name_is_it_stays_one_part_of_the_path(name in "[^/]{1,20}|[./%?#\\\\ ]{1,4}") {
            let filled = filled("GET /repos/{owner}/{repo}/labels/{name}/x", &json!({"repo": "shop", "name": name}));
            match filled.strip_prefix("/repos/acme/shop/labels/").and_then(|rest| rest.strip_suffix("/x")) {
                Some(part) => {
                    prop_assert!(!part.contains(['/', '?', '#']));
                    prop_assert_eq!(percent_decode_str(part).decode_utf8_lossy(), name);
                }
                None => prop_assert!(filled.contains("is no name") && name.split('/').any(|part| matches!(part, "." | "..")), "{}", filled),
            }
        }
    }
}
