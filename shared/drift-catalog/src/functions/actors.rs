use serde_json::Value;

use super::node_id;

/// The actors of a branch protection rule as the state writes them: a team as `acme/platform`, a user as `/octocat`, an app
/// by its node id, and each of them by its node id where that is what is recorded.
///
/// GitHub answers each as GraphQL's `Team`, `User` or `App`. The provider records whatever form the configuration has, so an
/// actor is looked for among the recorded ones by who it is.
pub(super) fn as_recorded(actors: &Value, recorded: &Value) -> Value {
    let mut named = Vec::new();
    for actor in actors.as_array().into_iter().flatten() {
        let before = named.len();
        let texts = recorded.as_array().into_iter().flatten().filter_map(Value::as_str);
        named.extend(texts.filter(|text| names(actor, text)).map(Value::from));
        if named.len() == before {
            named.push(own_name(actor));
        }
    }
    Value::Array(named)
}

fn names(actor: &Value, text: &str) -> bool {
    let id = actor["id"].as_str().unwrap_or_default();
    let is_id = || match (node_id::parsed(text), node_id::parsed(id)) {
        (Some(recorded), Some(live)) => recorded == live,
        // The answer's own id may be of a form that nobody has described.
        (Some((name, number)), None) => actor["__typename"] == name && actor["databaseId"].as_u64() == Some(number),
        _ => false,
    };
    let is_login = |login: &str| text.strip_prefix('/').unwrap_or(text).eq_ignore_ascii_case(login);
    text == id
        || actor["combinedSlug"].as_str().is_some_and(|slug| slug.eq_ignore_ascii_case(text))
        || actor["login"].as_str().is_some_and(is_login)
        || is_id()
}

fn own_name(actor: &Value) -> Value {
    match (&actor["combinedSlug"], actor["login"].as_str()) {
        (Value::String(slug), _) => Value::from(slug.as_str()),
        (_, Some(login)) => Value::from(format!("/{login}")),
        _ => actor["id"].clone(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    #[expect(clippy::needless_pass_by_value, reason = "a case reads as one expression")]
    fn check(recorded: Value, expected: Value) {
        let actors = json!([
            {"__typename": "Team", "id": "T_kwDOAAAAAc4AAAAC", "databaseId": 2, "combinedSlug": "acme/platform"},
            {"__typename": "User", "id": "U_kgDOAAjmPw", "databaseId": 583_231, "login": "Octocat"},
            {"__typename": "App", "id": "A_kwDOAAAAAc4AAAAD", "databaseId": 3},
        ]);
        assert_eq!(as_recorded(&actors, &recorded), expected);
    }

    #[test]
    fn an_actor_is_itself_in_every_form_that_a_state_has_of_it() {
        for team in ["acme/platform", "ACME/Platform", "T_kwDOAAAAAc4AAAAC", "MDQ6VGVhbTI="] {
            for user in ["/octocat", "/Octocat", "octocat", "U_kgDOAAjmPw", "MDQ6VXNlcjU4MzIzMQ=="] {
                check(json!(["A_kwDOAAAAAc4AAAAD", user, team]), json!([team, user, "A_kwDOAAAAAc4AAAAD"]));
            }
        }
    }

    #[test]
    fn one_that_is_not_recorded_is_named_as_the_provider_would() {
        check(json!(["/hubot"]), json!(["acme/platform", "/Octocat", "A_kwDOAAAAAc4AAAAD"]));
    }

    #[test]
    fn one_that_is_recorded_twice_is_the_same_twice() {
        check(json!(["/octocat", "U_kgDOAAjmPw"]), json!(["acme/platform", "/octocat", "U_kgDOAAjmPw", "A_kwDOAAAAAc4AAAAD"]));
    }
}
