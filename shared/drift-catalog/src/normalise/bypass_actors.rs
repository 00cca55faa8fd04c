use serde_json::Value;

/// Actors that are one for the whole organisation or repository. GitHub answers no id for them, the provider records 0, and
/// configurations say 1.
const WITHOUT_ID: [&str; 3] = ["DeployKey", "EnterpriseOwner", "OrganizationAdmin"];

/// Who may bypass a ruleset: without order, but as often as it is said: one actor may stand there for two modes.
pub(super) fn in_order(value: Value) -> Value {
    let Value::Array(mut actors) = value else { return value };
    for actor in actors.iter_mut().filter_map(Value::as_object_mut) {
        let has_none = actor.get("actor_type").and_then(Value::as_str).is_some_and(|kind| WITHOUT_ID.contains(&kind));
        if has_none && actor.get("actor_id").is_some_and(|id| id.is_null() || matches!(id.as_u64(), Some(0 | 1))) {
            actor.remove("actor_id");
        }
    }
    actors.sort_by_cached_key(Value::to_string);
    Value::Array(actors)
}
