use drift_model::{AttributePath, Facet, Instance, PathStep, Place, Reason, ReasonKind, Redaction, Sensitivity};
use futures::future::try_join_all;
use serde_json::{Map, Value};

use crate::{
    AttributeRule, AwsCall, CallError, CallErrorKind, Catalog, Expression, ExpressionError, Normaliser, Pages, Read, Resource, Root,
    TemplateError,
    normalise::{self, is_nothing},
};

/// What reading an instance brought.
#[derive(Clone, Debug, PartialEq)]
pub enum Reading {
    /// It is there: every attribute that is compared, normalised on both sides, in order of their names.
    Found {
        /// The two sides.
        facets: Vec<Facet>,
        /// Which of it may not be shown: what the state marks, and what the catalog does.
        sensitivity: Sensitivity,
    },
    /// A read that was allowed did not find it.
    Gone,
    /// Nothing could be concluded.
    Unknown(Reason),
}

/// A longer reason is cut here, in characters: nobody reads on.
const LONGEST_REASON: usize = 1_000;

/// More pages than any resource has: an answer that never ends is not believed.
const MOST_PAGES: usize = 500;

impl Catalog {
    /// Reads an instance in its place, by the reads that its type's description holds.
    ///
    /// Whatever goes wrong is [`Reading::Unknown`]: a read that was denied, throttled, or answered what nobody expects says
    /// nothing about the instance. The reason quotes nothing that may not be shown, whatever the service said.
    pub async fn read(&self, place: &Place, instance: &Instance, calls: &impl AwsCall) -> Reading {
        match self.resource(&instance.type_name) {
            Some(resource) if resource.is_read() => match resource.read(place, instance, calls).await {
                Reading::Unknown(reason) => Reading::Unknown(resource.told(instance, reason)),
                reading => reading,
            },
            _ => unknown(ReasonKind::Unsupported, format!("the catalog does not describe how to read {}", instance.type_name)),
        }
    }
}

impl Resource {
    async fn read(&self, place: &Place, instance: &Instance, calls: &impl AwsCall) -> Reading {
        if let Some(reason) = self.of_another_owner(place, instance) {
            return Reading::Unknown(reason);
        }
        let reader = Reader { resource: self, place, recorded: Value::Object(instance.attributes.clone()), calls };
        let facets = match reader.answers().await {
            Ok(answers) => self.facets(instance, &Root::new(answers)),
            Err(Stop::Gone) => return Reading::Gone,
            Err(Stop::Unknown(reason)) => return Reading::Unknown(reason),
        };
        match facets {
            Ok(facets) => Reading::Found { facets, sensitivity: self.sensitivity(instance) },
            Err(error) => unknown(ReasonKind::Error, format!("what was answered for {} is not what was expected: {error}", self.type_name)),
        }
    }

    /// What another organisation holds under the same name or number says nothing about this instance.
    fn of_another_owner(&self, place: &Place, instance: &Instance) -> Option<Reason> {
        let owner = self.owner_of(&instance.attributes).filter(|owner| !owner.eq_ignore_ascii_case(&place.account))?;
        let message = format!("the state says that it belongs to {owner:?}, and what is read here is {:?}", place.account);
        Some(Reason { kind: ReasonKind::WrongAccount, message })
    }

    /// A reason as it may leave: services quote in their errors what they were sent, and what they hold.
    fn told(&self, instance: &Instance, Reason { kind, message }: Reason) -> Reason {
        let mut message = Redaction::of(&instance.attributes, &self.sensitivity(instance)).apply(&message);
        if let Some((end, _)) = message.char_indices().nth(LONGEST_REASON) {
            message.truncate(end);
            message.push_str("...");
        }
        Reason { kind, message }
    }

    fn facets(&self, instance: &Instance, answers: &Root) -> Result<Vec<Facet>, ExpressionError> {
        let mut facets = Vec::new();
        for (attribute, rule) in &self.attributes {
            let Some(recorded) = instance.attributes.get(attribute) else { continue };
            if let Some(when) = &rule.when
                && !holds(when, answers)?
            {
                continue;
            }
            let (recorded, live) = rule.normalise(recorded.clone(), rule.from.evaluate(answers)?);
            facets.push(Facet { attribute: attribute.clone(), recorded, live });
        }
        Ok(facets)
    }

    fn sensitivity(&self, instance: &Instance) -> Sensitivity {
        let declared = self.attributes.iter().flat_map(|(name, rule)| rule.hidden(&AttributePath::attribute(name)));
        let marked = instance.sensitive.iter().map(|path| up_to_where_order_is_lost(path, instance));
        Sensitivity::new(declared.chain(marked))
    }
}

/// The part of a mark that normalising cannot move: an element of a set may stand elsewhere afterwards.
fn up_to_where_order_is_lost(path: &AttributePath, instance: &Instance) -> AttributePath {
    let mut kept = AttributePath::default();
    let mut value: Option<&Value> = None;
    for step in &path.0 {
        value = match (step, value) {
            (PathStep::Key(key), None) if kept.0.is_empty() => instance.attributes.get(key),
            (PathStep::Key(key), Some(Value::Object(members))) => members.get(key),
            (PathStep::Index(0), Some(Value::Array(items))) if items.len() == 1 => items.first(),
            _ => return kept,
        };
        kept.0.push(step.clone());
    }
    kept
}

impl AttributeRule {
    /// Whether its values may not be shown: the catalog says so, or they are compared as hashes of what may hold secrets. A
    /// hash of a guess is soon compared, and tells a reader nothing else.
    #[must_use]
    pub fn is_hidden(&self) -> bool {
        self.sensitive || self.normaliser == Normaliser::UserData
    }

    /// What of it may not be shown.
    fn hidden(&self, attribute: &AttributePath) -> Vec<AttributePath> {
        if self.is_hidden() {
            return vec![attribute.clone()];
        }
        let block = attribute.then(PathStep::Index(0));
        self.secrets.iter().map(|secret| block.then(PathStep::Key(secret.clone()))).collect()
    }

    /// Both sides in the form in which they are compared.
    pub(crate) fn normalise(&self, mut recorded: Value, mut live: Value) -> (Value, Value) {
        for side in [&mut recorded, &mut live] {
            if let Some(default) = self.default.as_ref().filter(|_| is_nothing(side)) {
                side.clone_from(default);
            }
            normalise::within(side, &self.nested);
        }
        self.structure.align(&mut recorded, &mut live, self.bare_blocks);
        (self.normaliser.normalise(recorded), self.normaliser.normalise(live))
    }
}

/// Why the reads ended before they were all made.
enum Stop {
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

struct Reader<'a, C> {
    resource: &'a Resource,
    place: &'a Place,
    recorded: Value,
    calls: &'a C,
}

impl<C: AwsCall> Reader<'_, C> {
    /// The answers of all reads as one root: the first one's members, the others' under their names, and what is recorded.
    async fn answers(&self) -> Result<Value, Stop> {
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
        if (kind == ReasonKind::AccessDenied || error.code == "404") && !is_named && !permissions.is_empty() {
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

fn name_of(read: &Read) -> String {
    read.into.clone().unwrap_or_else(|| read.operation.clone())
}

/// JMESPath's truth: not false, and not nothing.
fn holds(expression: &Expression, root: &Root) -> Result<bool, ExpressionError> {
    expression.evaluate(root).map(|found| !is_nothing(&found) && found != Value::Bool(false))
}

fn unknown(kind: ReasonKind, message: String) -> Reading {
    Reading::Unknown(Reason { kind, message })
}
