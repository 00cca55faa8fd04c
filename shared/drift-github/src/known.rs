//! Calls that are made only where nothing tells their answer.

use std::{
    future::Future,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use drift_catalog::{AwsCall, CallError, CallErrorKind};
use drift_engine::ports::Clock;
use drift_model::Place;
use serde_json::Value;

use crate::{
    Validator,
    answers::{Answers, Known},
    kept::Kept,
    operation::Listed,
};

/// Calls that can be made on condition that something changed.
pub(crate) trait Conditional: AwsCall {
    /// As [`AwsCall::call`], for an answer that may be known already.
    fn call_unless(
        &self,
        operation: &str,
        input: &Value,
        validator: Option<&Validator>,
    ) -> impl Future<Output = Result<Fresh, CallError>> + Send;
}

/// What a conditional call brought.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Fresh {
    /// An answer, and what it will be known again by.
    New(Value, Option<Validator>),
    /// What is known is still so.
    Same,
}

/// Calls over what is known: an answer that something told already is not asked for, and one of a list's items brings the list.
pub(crate) struct KnownCalls<'a, C, K> {
    calls: &'a C,
    answers: &'a Answers,
    clock: &'a K,
    /// How old an answer may be that GraphQL vouches for, or that shows only what nobody manages.
    look_around: Duration,
    /// Whether what is asked for shows only that.
    glances: bool,
    derived: AtomicBool,
}

impl<'a, C: Conditional, K: Clock> KnownCalls<'a, C, K> {
    pub(crate) fn new(calls: &'a C, answers: &'a Answers, clock: &'a K, look_around: Duration) -> Self {
        Self { calls, answers, clock, look_around, glances: false, derived: AtomicBool::new(false) }
    }

    /// For what shows only what nobody manages: an earlier scan's answer does, while it is young enough.
    pub(crate) fn glancing(self) -> Self {
        Self { glances: true, ..self }
    }

    /// Whether some of what was answered was made of something else than the answer to that very request.
    pub(crate) fn has_derived(&self) -> bool {
        self.derived.load(Ordering::Relaxed)
    }

    fn known(&self, operation: &str, input: &Value) -> Option<Result<Value, CallError>> {
        let Known { answer, derived, .. } = self.answers.find(operation, input)?;
        if derived {
            self.derived.store(true, Ordering::Relaxed);
        }
        Some(answer.map(|body| (*body).clone()).map_err(|_| not_found(operation)))
    }

    /// Asks, unless an earlier scan's answer does, and keeps what was answered as far as it says something.
    async fn ask(&self, place: &Place, operation: &str, input: &Value) -> Result<Value, CallError> {
        let began = self.clock.now();
        if !operation.starts_with("GET ") {
            let answer = self.calls.call(place, SERVICE, operation, input).await;
            if let Ok(body) = &answer {
                self.answers.put(operation, input, Ok(body.clone()), began);
            }
            return answer;
        }
        let before = self.answers.before(operation, input);
        if let Some((kept, covered)) = &before
            && (*covered || self.glances)
            && kept.is_younger(self.look_around, began)
        {
            self.derived.store(true, Ordering::Relaxed);
            self.answers.derive(operation, input, Ok(Arc::clone(&kept.body)), began);
            self.answers.leave(operation, input, kept.clone());
            return Ok((*kept.body).clone());
        }
        let validator = before.as_ref().and_then(|(kept, _)| kept.validator.as_ref());
        match (self.calls.call_unless(operation, input, validator).await, before) {
            (Ok(Fresh::New(body, validator)), _) => {
                let body = Arc::new(slim(operation, body));
                self.answers.put(operation, input, Ok(Arc::clone(&body)), began);
                self.answers.leave(operation, input, Kept { body: Arc::clone(&body), validator, at: began, under: None });
                Ok((*body).clone())
            }
            (Ok(Fresh::Same), Some((kept, _))) => {
                self.answers.put(operation, input, Ok(Arc::clone(&kept.body)), began);
                self.answers.leave(operation, input, Kept { at: began, ..kept.clone() });
                Ok((*kept.body).clone())
            }
            (Ok(Fresh::Same), None) => self.calls.call(place, SERVICE, operation, input).await,
            (Err(error), _) => {
                if is_not_found(&error) {
                    self.answers.put(operation, input, Err::<Value, _>(404), began);
                }
                Err(error)
            }
        }
    }

    /// What a list says of one of its items; nothing where the list is not to be had and the item may be.
    async fn of_list(&self, place: &Place, listed: &Listed, operation: &str, input: &Value) -> Option<Result<Value, CallError>> {
        let list_input = listed.input(input);
        let _turn = self.answers.turn(listed.list, &list_input).await;
        if let Some(known) = self.known(operation, input) {
            return Some(known);
        }
        if self.answers.find(listed.list, &list_input).is_some() {
            // It was not found: then it says nothing of its items.
            return None;
        }
        match self.ask(place, listed.list, &list_input).await {
            Ok(_) => self.known(operation, input),
            Err(error) if is_not_found(&error) => None,
            Err(error) => Some(Err(error)),
        }
    }
}

/// As the catalog calls GitHub.
pub(crate) const SERVICE: &str = "github";

impl<C: Conditional, K: Clock> AwsCall for KnownCalls<'_, C, K> {
    async fn call(&self, place: &Place, _: &str, operation: &str, input: &Value) -> Result<Value, CallError> {
        if let Some(known) = self.known(operation, input) {
            return known;
        }
        if let Some(listed) = Listed::of(operation)
            && let Some(answer) = self.of_list(place, listed, operation, input).await
        {
            return answer;
        }
        let _turn = self.answers.turn(operation, input).await;
        match self.known(operation, input) {
            Some(known) => known,
            None => self.ask(place, operation, input).await,
        }
    }
}

/// What of a list's items is read: a repository among a team's comes with fifty URLs, and there are thousands of them.
fn slim(operation: &str, mut body: Value) -> Value {
    if operation == "GET /orgs/{org}/teams/{team_slug}/repos" {
        for member in body.as_array_mut().into_iter().flatten().filter_map(Value::as_object_mut) {
            member.retain(|name, _| matches!(name.as_str(), "id" | "name" | "full_name" | "role_name" | "permissions"));
        }
    }
    body
}

pub(crate) fn is_not_found(error: &CallError) -> bool {
    error.is_any_of(&["404"])
}

fn not_found(operation: &str) -> CallError {
    CallError {
        service: SERVICE.to_owned(),
        operation: operation.to_owned(),
        kind: CallErrorKind::Service,
        code: "404".to_owned(),
        status: 404,
        message: "not found".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use drift_engine::memory::ManualClock;
    use futures::{executor::block_on, future::join_all};
    use serde_json::json;

    use super::*;

    /// A GitHub with one repository, that has one webhook and whose keys may not be listed.
    #[derive(Default)]
    struct Fake(Mutex<Vec<String>>);

    impl AwsCall for Fake {
        async fn call(&self, _: &Place, service: &str, operation: &str, input: &Value) -> Result<Value, CallError> {
            self.0.lock().expect("no test panics with it").push(format!("{operation} {input}"));
            // So that others get their turn in the middle.
            tokio::task::yield_now().await;
            let denied = CallError {
                service: service.to_owned(),
                kind: CallErrorKind::AccessDenied,
                code: "403".to_owned(),
                ..not_found(operation)
            };
            match operation {
                "GET /repos/{owner}/{repo}/hooks" => Ok(json!([{"id": 1}])),
                "GET /repos/{owner}/{repo}/keys" => Err(denied),
                "GET /repos/{owner}/{repo}/topics" => Ok(json!({"names": []})),
                _ => Err(not_found(operation)),
            }
        }
    }

    impl Conditional for Fake {
        async fn call_unless(&self, operation: &str, input: &Value, validator: Option<&Validator>) -> Result<Fresh, CallError> {
            let body = self.call(&place(), SERVICE, operation, input).await?;
            let tag = Validator { text: body.to_string(), token: None };
            Ok(if validator == Some(&tag) { Fresh::Same } else { Fresh::New(body, Some(tag)) })
        }
    }

    struct World {
        fake: Fake,
        answers: Answers,
        clock: ManualClock,
    }

    impl World {
        fn new() -> Self {
            Self { fake: Fake::default(), answers: Answers::default(), clock: ManualClock::at(drift_model::Timestamp::UNIX_EPOCH) }
        }

        fn calls(&self) -> KnownCalls<'_, Fake, ManualClock> {
            KnownCalls::new(&self.fake, &self.answers, &self.clock, Duration::from_mins(1))
        }

        fn asked(&self) -> usize {
            self.fake.0.lock().expect("no test panics with it").len()
        }
    }

    fn place() -> Place {
        Place::new(SERVICE, "acme", Place::GLOBAL)
    }

    #[test]
    fn many_items_of_one_list_are_one_request() {
        let world = World::new();
        let calls = world.calls();
        let (place, operation) = (place(), "GET /repos/{owner}/{repo}/hooks/{hook_id}");
        let inputs: Vec<Value> = (1..20).map(|id| json!({"repo": "a", "hook_id": id})).collect();
        let answers = block_on(join_all(inputs.iter().map(|input| calls.call(&place, SERVICE, operation, input))));
        assert_eq!((answers[0].clone(), world.asked()), (Ok(json!({"id": 1})), 1));
        assert!(answers[1..].iter().all(|answer| answer.as_ref().is_err_and(is_not_found)));
        assert!(calls.has_derived());
    }

    #[test]
    fn a_refused_list_is_a_refusal_of_its_items_and_a_missing_one_is_not() {
        let world = World::new();
        let calls = world.calls();
        let key = block_on(calls.call(&place(), SERVICE, "GET /repos/{owner}/{repo}/keys/{key_id}", &json!({"repo": "a", "key_id": 1})));
        assert_eq!(key.expect_err("it is denied").kind, CallErrorKind::AccessDenied);
        assert_eq!(world.asked(), 1);
        let label = json!({"repo": "a", "name": "bug"});
        assert!(block_on(calls.call(&place(), SERVICE, "GET /repos/{owner}/{repo}/labels/{name}", &label)).is_err());
        assert_eq!(world.asked(), 3, "the list, then the label itself");
    }

    #[test]
    fn an_earlier_answer_is_asked_about_or_does_while_it_is_young() {
        let mut world = World::new();
        let hooks = "GET /repos/{owner}/{repo}/hooks";
        let ask = |calls: KnownCalls<'_, Fake, ManualClock>| block_on(calls.call(&place(), SERVICE, hooks, &json!({"repo": "a"})));
        let first = ask(world.calls());
        for (passed, glances, asked) in [(1, false, 2), (1, true, 2), (59, true, 3), (1, true, 3)] {
            let left = world.answers.left();
            world.answers = Answers::default();
            world.answers.remember(left);
            world.clock.pass(Duration::from_secs(passed));
            let calls = if glances { world.calls().glancing() } else { world.calls() };
            assert_eq!((ask(calls), world.asked()), (first.clone(), asked), "{passed} s later, {glances}");
        }
    }

    #[test]
    fn the_same_is_asked_once() {
        let world = World::new();
        let calls = world.calls();
        let (place, input) = (place(), json!({"repo": "a"}));
        let ask = || calls.call(&place, SERVICE, "GET /repos/{owner}/{repo}/topics", &input);
        let (a, b) = block_on(futures::future::join(ask(), ask()));
        assert_eq!((a, b, world.asked()), (Ok(json!({"names": []})), Ok(json!({"names": []})), 1));
        assert!(!calls.has_derived());
    }
}
