//! How a type's reads are made: which, in what order, and what of their answers is believed.

use drift_model::{Place, Reason, ReasonKind};
use futures::future::try_join_all;
use serde_json::{Map, Value};

use crate::{
    AwsCall, CallError, CallErrorKind, Expression, ExpressionError, Pages, Read, Resource, Root, TemplateError, normalise::is_nothing,
};

/// More pages than any resource has: an answer that never ends is not believed.
const MOST_PAGES: usize = 500;

/// Why the reads ended before they were all made.
pub(crate) enum Stop {
    Gone,
    Unknown(Reason),
}

impl From<ExpressionError> for Stop {
    fn from(error: ExpressionError) -> Self {
        Self::Unknown(Reason { kind: ReasonKind::Error, message: format!("an answer is not what was expected: {error}") })
    }
}

impl From<TemplateError> for Stop {
    fn from(error: TemplateError) -> Self {
        Self::Unknown(Reason { kind: ReasonKind::Recorded, message: error.to_string() })
    }
}

/// The reads of one instance in its place.
pub(crate) struct Reader<'a, C> {
    pub(crate) resource: &'a Resource,
    pub(crate) place: &'a Place,
    pub(crate) recorded: Value,
    pub(crate) calls: &'a C,
}

impl<C: AwsCall> Reader<'_, C> {
    /// The answers of all reads as one root: the first one's members, the others' under their names, and what is recorded.
    pub(crate) async fn answers(&self) -> Result<Value, Stop> {
        let (first, others) = self.resource.reads.split_first().ok_or(Stop::Gone)?;
        // One after the other: where the resource is gone, the other reads are not made.
        let mut root = match self.answer(first, &self.recorded).await? {
            Value::Object(members) => members,
            Value::Null => return Err(self.gone(first, &self.recorded).await),
            other => Map::from_iter([("value".to_owned(), other)]),
        };
        root.insert("recorded".to_owned(), self.recorded.clone());
        let (one_by_one, at_once): (Vec<&Read>, Vec<&Read>) =
            others.iter().partition(|read| read.for_each.is_some() || read.only_if.is_some());
        let answers = try_join_all(at_once.iter().map(|read| self.answer(read, &self.recorded))).await?;
        root.extend(at_once.iter().zip(answers).map(|(read, answer)| (name_of(read), answer)));
        for read in one_by_one {
            let answer = self.answer_of_what_was_read(read, &Root::new(Value::Object(root.clone()))).await?;
            root.insert(name_of(read), answer);
        }
        Ok(Value::Object(root))
    }

    /// What a read finds that depends on what was read before it.
    async fn answer_of_what_was_read(&self, read: &Read, before: &Root) -> Result<Value, Stop> {
        if let Some(only_if) = &read.only_if
            && !holds(only_if, before)?
        {
            return Ok(Value::Null);
        }
        let Some(each) = &read.for_each else { return self.answer(read, &self.recorded).await };
        let each = each.evaluate(before)?;
        let mut known: Vec<Value> = Vec::new();
        for value in each.as_array().into_iter().flatten() {
            let mut recorded = self.recorded.clone();
            recorded["each"] = value.clone();
            known.push(recorded);
        }
        let answers = try_join_all(known.iter().map(|known| self.answer(read, known))).await?;
        Ok(answers.into_iter().filter(|answer| !answer.is_null()).collect())
    }

    /// What one read finds; null where what it asks for is not set.
    async fn answer(&self, read: &Read, known: &Value) -> Result<Value, Stop> {
        if let Some(when) = &read.when
            && !holds(when, &Root::new(Map::from_iter([("recorded".to_owned(), known.clone())]).into()))?
        {
            return Ok(Value::Null);
        }
        let input = read.input.fill(&Root::new(known.clone()))?;
        let mut answer = match self.pages(read, input).await {
            Err(error) if error.is_any_of(&read.unset) => {
                self.witnessed(read, known).await?;
                return Ok(Value::Null);
            }
            Err(error) if self.says_gone(read, &error) => return Err(self.gone(read, known).await),
            Err(error) if self.is_gone_with_what_holds_it(&read.operation, &read.input.fill(&Root::new(known.clone()))?, &error).await => {
                return Err(Stop::Gone);
            }
            Err(error) => return Err(Stop::Unknown(self.reason(read, &error))),
            Ok(answer) => answer,
        };
        if read.select.is_some() || read.denied_if.is_some() || read.foreign_if.is_some() {
            let root = Root::new(with_recorded(answer.clone(), known));
            self.may_be_told(read, &root)?;
            if let Some(select) = &read.select {
                answer = select.evaluate(&root)?;
            }
        }
        match &read.gone_if {
            Some(gone_if) if holds(gone_if, &Root::new(answer.clone()))? => Err(self.gone(read, known).await),
            _ => Ok(answer),
        }
    }

    /// Stops where an answer leaves out what only some may see, or is another owner's.
    fn may_be_told(&self, read: &Read, answer: &Root) -> Result<(), Stop> {
        let type_name = &self.resource.type_name;
        let stop = |kind: ReasonKind, message: String| Err(Stop::Unknown(Reason { kind, message }));
        if let Some(denied_if) = &read.denied_if
            && holds(denied_if, answer)?
        {
            let permission = read.permission.as_deref().unwrap_or("more than was granted");
            let message =
                format!("reading {type_name} needs {permission}: without it the answer to {} leaves out what matters", read.operation);
            return stop(ReasonKind::AccessDenied, message);
        }
        match &read.foreign_if {
            Some(foreign_if) if holds(foreign_if, answer)? => {
                let message = format!("the {type_name} that the state records is not the one of {:?}", self.place.account);
                stop(ReasonKind::WrongAccount, message)
            }
            _ => Ok(()),
        }
    }

    /// How the reads end where one did not find the resource: gone, if that can be believed.
    async fn gone(&self, read: &Read, known: &Value) -> Stop {
        self.witnessed(read, known).await.err().unwrap_or(Stop::Gone)
    }

    /// Whether what this read does not find is not there, rather than hidden.
    async fn witnessed(&self, read: &Read, known: &Value) -> Result<(), Stop> {
        let mut why = None;
        for witness in &read.witness.0 {
            let input = match &witness.input {
                Some(input) => input.fill(&Root::new(known.clone())),
                None => read.input.fill(&Root::new(known.clone())).map(|input| named_by(&witness.operation, input)),
            };
            let reason = match input {
                Err(error) => Reason { kind: ReasonKind::Recorded, message: error.to_string() },
                Ok(input) => match self.calls.call(self.place, self.service(read), &witness.operation, &input).await {
                    Ok(_) => return Ok(()),
                    Err(error) if self.is_gone_with_what_holds_it(&witness.operation, &input, &error).await => return Err(Stop::Gone),
                    Err(error) => self.reason(read, &error),
                },
            };
            // That a state does not hold what one of several needs is no reason while another says more.
            if why.is_none() || reason.kind != ReasonKind::Recorded {
                why = Some(reason);
            }
        }
        why.map_or(Ok(()), |Reason { kind, message }| {
            let message = format!("{} does not find it, which proves nothing: {message}", read.operation);
            Err(Stop::Unknown(Reason { kind, message }))
        })
    }

    /// What hangs on a repository of GitHub's is gone with it. Whether the repository is gone or only not shown is for the
    /// caller to judge, as it is of the repository itself.
    async fn is_gone_with_what_holds_it(&self, operation: &str, input: &Value, error: &CallError) -> bool {
        const REPOSITORIES: [&str; 2] = ["GET /repos/{owner}/{repo}", "GET /repositories/{repository_id}"];
        if !self.resource.is_github() || !is_404(error) {
            return false;
        }
        let holds = |repository: &&str| operation.strip_prefix(*repository).is_some_and(|rest| rest.starts_with('/'));
        let Some(repository) = REPOSITORIES.into_iter().find(holds) else { return false };
        let answer = self.calls.call(self.place, &self.resource.service, repository, &named_by(repository, input.clone())).await;
        answer.is_err_and(|error| is_404(&error))
    }

    fn service<'a>(&'a self, read: &'a Read) -> &'a str {
        read.service.as_deref().unwrap_or(&self.resource.service)
    }

    async fn pages(&self, read: &Read, mut input: Value) -> Result<Value, CallError> {
        let service = self.service(read);
        let mut answer = self.calls.call(self.place, service, &read.operation, &input).await?;
        let Some(pages) = &read.pages else { return Ok(answer) };
        let mut next = pages.next_of(&answer);
        for _ in 1..MOST_PAGES {
            let Some(members) = next.take() else { return Ok(answer) };
            for (member, value) in members {
                input[member] = value;
            }
            let mut page = self.calls.call(self.place, service, &read.operation, &input).await?;
            next = pages.next_of(&page);
            if let (Value::Array(items), Value::Array(more)) = (&mut answer[&pages.items], page[&pages.items].take()) {
                items.extend(more);
            }
        }
        Err(CallError {
            service: service.to_owned(),
            operation: read.operation.clone(),
            kind: CallErrorKind::Undecodable,
            code: String::new(),
            status: 0,
            message: format!("the answer did not end after {MOST_PAGES} pages"),
        })
    }

    /// A resource can go between two of its reads: what says so of the first says so of all. Not so of GitHub, which has one
    /// status for all that it does not show.
    fn says_gone(&self, read: &Read, error: &CallError) -> bool {
        error.is_any_of(&read.gone)
            || !self.resource.is_github() && self.resource.reads.first().is_some_and(|first| error.is_any_of(&first.gone))
    }

    fn reason(&self, read: &Read, error: &CallError) -> Reason {
        if self.resource.is_github() {
            return self.reason_of_github(error);
        }
        // Where no answer came, it is the credentials that were not to be had.
        if error.kind != CallErrorKind::AccessDenied || error.code.is_empty() {
            return error.reason();
        }
        let (action, type_name) = (read.iam_action(&self.resource.service), &self.resource.type_name);
        let message =
            format!("reading {type_name} needs {action}, which was denied in {}: allow it to what Driftwire reads with", self.place);
        Reason { kind: ReasonKind::AccessDenied, message }
    }

    /// REST says mostly which permission is missing, GraphQL never, and a 404 not even that one is.
    fn reason_of_github(&self, error: &CallError) -> Reason {
        let Reason { kind, mut message } = error.reason();
        let Resource { permissions, scopes, .. } = self.resource;
        let mut names = permissions.iter().filter_map(|permission| permission.split(':').next());
        let is_named = message.contains("scope") || names.any(|name| message.contains(name));
        if (kind == ReasonKind::AccessDenied || is_404(error)) && !is_named && !permissions.is_empty() {
            message = format!("{message} (reading it takes {}; with a classic token {})", permissions.join(", "), scopes.join(", "));
        }
        Reason { kind, message }
    }
}

impl Pages {
    /// What the next input takes from this answer; nothing where this is the last page.
    fn next_of(&self, answer: &Value) -> Option<Vec<(&str, Value)>> {
        let root = Root::new(answer.clone());
        let found = self.next.iter().filter_map(|(member, from)| Some((member.as_str(), from.evaluate(&root).ok()?)));
        Some(found.filter(|(_, value)| !is_nothing(value)).collect::<Vec<_>>()).filter(|next| !next.is_empty())
    }
}

/// An answer as expressions see it, with what is recorded. A list is found as `value`.
fn with_recorded(answer: Value, known: &Value) -> Value {
    let mut members = match answer {
        Value::Object(members) => members,
        other => Map::from_iter([("value".to_owned(), other)]),
    };
    members.insert("recorded".to_owned(), known.clone());
    Value::Object(members)
}

/// The members of an input that an operation's path names.
fn named_by(operation: &str, mut input: Value) -> Value {
    if let Value::Object(members) = &mut input {
        members.retain(|member, _| operation.contains(&format!("{{{member}}}")));
    }
    input
}

fn is_404(error: &CallError) -> bool {
    error.is_any_of(&["404"])
}

fn name_of(read: &Read) -> String {
    read.into.clone().unwrap_or_else(|| read.operation.clone())
}

/// JMESPath's truth: not false, and not nothing.
pub(crate) fn holds(expression: &Expression, root: &Root) -> Result<bool, ExpressionError> {
    expression.evaluate(root).map(|found| !is_nothing(&found) && found != Value::Bool(false))
}
