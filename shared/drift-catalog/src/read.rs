use drift_model::{AttributePath, Facet, Instance, PathStep, Place, Reason, ReasonKind, Redaction, Sensitivity};
use serde_json::Value;

use crate::{
    AttributeRule, AwsCall, Catalog, ExpressionError, Normaliser, Resource, Root,
    normalise::{self, is_nothing},
    reader::{Reader, Stop, holds},
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

fn unknown(kind: ReasonKind, message: String) -> Reading {
    Reading::Unknown(Reason { kind, message })
}
