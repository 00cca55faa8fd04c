//! What GitHub answered, kept for as long as one part of a scan takes: a request whose answer is known is not made.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use drift_model::Timestamp;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::{
    kept::{Kept, KeptAnswers},
    operation::{Listed, key},
};

/// An answer, or what was answered instead of one.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Known {
    /// The answer's body; the status where there is none, 404 alone.
    pub(crate) answer: Result<Arc<Value>, u16>,
    /// When it was asked for.
    pub(crate) read: Timestamp,
    /// Whether it was made of something else than its own request's answer.
    pub(crate) derived: bool,
}

/// The answers that are known. Cheap to share; every method takes its lock for a moment.
#[derive(Debug, Default)]
pub(crate) struct Answers(Mutex<Inner>);

#[derive(Debug, Default)]
struct Inner {
    known: HashMap<String, Known>,
    /// Beginnings of keys: whatever begins so and is not known does not exist.
    complete: HashMap<String, Timestamp>,
    /// A team's slug in lower case -> its number.
    teams: HashMap<String, String>,
    /// A repository's global id -> its name.
    repositories: HashMap<String, String>,
    /// One lock a request that is under way, so that it is made once.
    under_way: HashMap<String, Arc<tokio::sync::Mutex<()>>>,
    /// What earlier scans were answered.
    before: KeptAnswers,
    /// What the next scan is to know.
    keeping: KeptAnswers,
    /// What GraphQL tells now of what a request would be answered, as a hash.
    covered: HashMap<String, String>,
}

impl Inner {
    fn key(&self, operation: &str, input: &Value) -> String {
        key(operation, input, |parameter, value| match parameter {
            "team_slug" | "team" => self.teams.get(value).cloned(),
            _ => None,
        })
    }
}

impl Answers {
    fn inner(&self) -> MutexGuard<'_, Inner> {
        // Nothing in here panics halfway through a change.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is known of a request, by itself or by a list that holds what it asks for.
    pub(crate) fn find(&self, operation: &str, input: &Value) -> Option<Known> {
        let inner = self.inner();
        let key = inner.key(operation, input);
        if let Some(known) = inner.known.get(&key) {
            return Some(known.clone());
        }
        let is_complete = |beginning: &String| key.strip_prefix(beginning.as_str()).is_some_and(|name| !name.contains('/'));
        if let Some((_, read)) = inner.complete.iter().find(|(beginning, _)| is_complete(beginning)) {
            return Some(Known { answer: Err(404), read: *read, derived: true });
        }
        let listed = Listed::of(operation)?;
        let known = inner.known.get(&inner.key(listed.list, &listed.input(input)))?;
        let list = known.answer.as_ref().ok()?;
        let answer = listed.item(list, input).map_or(Err(404), |item| Ok(Arc::new(item.clone())));
        Some(Known { answer, read: known.read, derived: true })
    }

    /// Keeps what a request was answered.
    pub(crate) fn put(&self, operation: &str, input: &Value, answer: Result<impl Into<Arc<Value>>, u16>, read: Timestamp) {
        self.keep(operation, input, Known { answer: answer.map(Into::into), read, derived: false });
    }

    /// Keeps what a request would be answered, as something else tells.
    pub(crate) fn derive(&self, operation: &str, input: &Value, answer: Result<impl Into<Arc<Value>>, u16>, read: Timestamp) {
        self.keep(operation, input, Known { answer: answer.map(Into::into), read, derived: true });
    }

    fn keep(&self, operation: &str, input: &Value, known: Known) {
        let mut inner = self.inner();
        let key = inner.key(operation, input);
        inner.known.insert(key, known);
    }

    /// Completes an answer that was made of something else; where that cannot be done, it is let go.
    pub(crate) fn amend(&self, operation: &str, input: &Value, complete: impl FnOnce(&mut Value) -> bool) {
        let mut inner = self.inner();
        let key = inner.key(operation, input);
        let is_whole = match inner.known.get_mut(&key) {
            Some(Known { answer: Ok(body), .. }) => complete(Arc::make_mut(body)),
            _ => true,
        };
        if !is_whole {
            inner.known.remove(&key);
        }
    }

    /// Whatever key begins so and is not kept does not exist: `GET /orgs/{org}/memberships/`.
    pub(crate) fn complete(&self, beginning: &str, read: Timestamp) {
        self.inner().complete.insert(beginning.to_owned(), read);
    }

    /// A team has that number, whichever of the two it is named by.
    pub(crate) fn team(&self, slug: &str, number: &str) {
        self.inner().teams.insert(slug.to_lowercase(), number.to_owned());
    }

    /// A repository is called so.
    pub(crate) fn repository(&self, node: &str, name: &str) {
        self.inner().repositories.insert(node.to_owned(), name.to_owned());
    }

    /// The name of the repository that has a global id, if it was seen.
    pub(crate) fn name_of(&self, node: &str) -> Option<String> {
        self.inner().repositories.get(node).cloned()
    }

    /// Takes over what earlier scans left.
    pub(crate) fn remember(&self, before: KeptAnswers) {
        self.inner().before.extend(before);
    }

    /// What is to be left to the next scan, and lets go of it.
    pub(crate) fn left(&self) -> KeptAnswers {
        std::mem::take(&mut self.inner().keeping)
    }

    /// GraphQL tells something of what a request would be answered: as long as that stays, the answer is taken to stay, too.
    pub(crate) fn covers(&self, operation: &str, input: &Value, told: &str) {
        let hash = BASE64_URL_SAFE_NO_PAD.encode(&Sha256::digest(told.as_bytes())[..12]);
        let mut inner = self.inner();
        let key = inner.key(operation, input);
        inner.covered.insert(key, hash);
    }

    /// What an earlier scan was answered, and whether GraphQL says that it is still so.
    pub(crate) fn before(&self, operation: &str, input: &Value) -> Option<(Kept, bool)> {
        let inner = self.inner();
        let key = inner.key(operation, input);
        let kept = inner.before.get(&key)?.clone();
        let is_covered = kept.under.is_some() && kept.under.as_ref() == inner.covered.get(&key);
        Some((kept, is_covered))
    }

    /// Leaves an answer to the next scan. What GraphQL tells of it now goes with it.
    pub(crate) fn leave(&self, operation: &str, input: &Value, kept: Kept) {
        let mut inner = self.inner();
        let key = inner.key(operation, input);
        let under = inner.covered.get(&key).cloned();
        inner.keeping.insert(key, Kept { under, ..kept });
    }

    /// Waits for its turn to make a request; whoever had it before may have brought the answer.
    pub(crate) async fn turn(&self, operation: &str, input: &Value) -> tokio::sync::OwnedMutexGuard<()> {
        let lock = {
            let mut inner = self.inner();
            let key = inner.key(operation, input);
            Arc::clone(inner.under_way.entry(key).or_default())
        };
        lock.lock_owned().await
    }

    /// Lets go of what is about a repository: the next part of a scan is about others.
    pub(crate) fn forget_repositories(&self) {
        let mut inner = self.inner();
        let is_of_one = |key: &String| key.starts_with("GET /repos/") || key.starts_with("GRAPHQL BranchProtection");
        inner.known.retain(|key, _| !is_of_one(key));
        inner.covered.retain(|key, _| !is_of_one(key));
        inner.before.retain(|key, _| !is_of_one(key));
        inner.under_way.clear();
        inner.repositories.clear();
    }

    /// Lets go of everything.
    pub(crate) fn forget(&self) {
        *self.inner() = Inner::default();
    }

    /// The keys that are known, for tests.
    #[cfg(test)]
    pub(crate) fn keys(&self) -> std::collections::BTreeSet<String> {
        self.inner().known.keys().cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::json;

    use super::*;

    const HOOK: &str = "GET /repos/{owner}/{repo}/hooks/{hook_id}";
    const HOOKS: &str = "GET /repos/{owner}/{repo}/hooks";

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).expect("it is a time")
    }

    fn body(known: Option<Known>) -> Option<Result<Value, u16>> {
        known.map(|known| known.answer.map(|body| (*body).clone()))
    }

    #[test]
    fn a_list_says_of_each_item_that_it_is_there_or_not_and_when_that_was_read() {
        let answers = Answers::default();
        assert_eq!(answers.find(HOOK, &json!({"repo": "a", "hook_id": "1"})), None);
        answers.put(HOOKS, &json!({"repo": "A"}), Ok(json!([{"id": 1}])), at(5));
        assert_eq!(body(answers.find(HOOK, &json!({"repo": "a", "hook_id": "1"}))), Some(Ok(json!({"id": 1}))));
        let gone = answers.find(HOOK, &json!({"repo": "a", "hook_id": "2"})).expect("the list is complete");
        assert_eq!((gone.answer, gone.read, gone.derived), (Err(404), at(5), true));
        assert_eq!(answers.find(HOOK, &json!({"repo": "b", "hook_id": "2"})), None);
    }

    #[test]
    fn a_list_that_was_refused_answers_for_nothing() {
        let answers = Answers::default();
        answers.put(HOOKS, &json!({"repo": "a"}), Err::<Value, _>(404), at(5));
        assert_eq!(answers.find(HOOK, &json!({"repo": "a", "hook_id": "1"})), None);
    }

    #[test]
    fn a_team_is_known_by_its_slug_and_by_its_number() {
        let answers = Answers::default();
        answers.team("Core-Team", "42");
        answers.put("GET /orgs/{org}/teams/{team_slug}", &json!({"team_slug": "42"}), Ok(json!({"id": 42})), at(1));
        assert!(answers.find("GET /orgs/{org}/teams/{team_slug}", &json!({"team_slug": "core-team"})).is_some());
    }

    #[test]
    fn what_is_known_completely_is_gone_where_it_is_not_there() {
        let answers = Answers::default();
        let operation = "GET /orgs/{org}/memberships/{username}";
        answers.derive(operation, &json!({"username": "Octo"}), Ok(json!({"role": "admin"})), at(1));
        assert_eq!(answers.find(operation, &json!({"username": "nobody"})), None);
        answers.complete("GET /orgs/{org}/memberships/", at(1));
        assert_eq!(body(answers.find(operation, &json!({"username": "nobody"}))), Some(Err(404)));
        answers.complete("GET /orgs/{org}/teams/", at(1));
        assert_eq!(answers.find("GET /orgs/{org}/teams/{team_slug}/repos", &json!({"team_slug": 1})), None, "that is no team");
        assert_eq!(body(answers.find(operation, &json!({"username": "octo"}))), Some(Ok(json!({"role": "admin"}))));
    }

    #[test]
    fn what_graphql_tells_again_says_that_an_answer_still_holds() {
        let (operation, input) = ("GET /orgs/{org}/teams/{team_slug}/repos", json!({"team_slug": 1}));
        let first = Answers::default();
        first.covers(operation, &input, "a=READ");
        first.leave(operation, &input, Kept { body: json!([]).into(), validator: None, at: at(1), under: None });
        let left = first.left();
        for (told, holds) in [(Some("a=READ"), true), (Some("a=WRITE"), false), (None, false)] {
            let next = Answers::default();
            next.remember(left.clone());
            if let Some(told) = told {
                next.covers(operation, &input, told);
            }
            assert_eq!(next.before(operation, &input).map(|(_, covered)| covered), Some(holds), "{told:?}");
        }
        assert!(first.left().is_empty());
    }

    #[test]
    fn the_next_part_knows_what_belongs_to_no_repository() {
        let answers = Answers::default();
        answers.put(HOOKS, &json!({"repo": "a"}), Ok(json!([])), at(1));
        answers.put("GRAPHQL BranchProtection", &json!({"id": "BPR_x"}), Ok(json!({})), at(1));
        answers.put("GET /orgs/{org}/teams/{team_slug}/repos", &json!({"team_slug": "1"}), Ok(json!([])), at(1));
        answers.forget_repositories();
        assert_eq!(answers.keys(), BTreeSet::from(["GET /orgs/{org}/teams/1/repos".to_owned()]));
    }
}
