//! Which instances a change concerns: by value, not by a table of events.
//!
//! Every string of a change that may name a resource is looked up, in all its forms, among the identifiers of the
//! instances of its place, in one batch. What the index answers is narrowed by what the catalog knows:
//!
//! - **Own** identifiers are looked at: those that cannot be mistaken (an ARN, an id with a prefix) whatever the event,
//!   names only where the event's service can write a type of that name, since names repeat among services. A mere part
//!   of a string in the record counts while it leads to few, as a path (`/teams/`) is a part of many names.
//! - **Declared** references are looked at where the event's service can write the type.
//! - Other **references** count while at most [`FEW`] instances that the service can write hold them.
//!
//! A record leads to at most [`MOST_INSTANCES`] instances, strongest match first; the rest is counted, and logged.
//!
//! Looking is not blaming: a change is a *cause* only if its service can write the type and it names the instance by an
//! own identifier or a declared reference, and not in a tag or a description, which hold whatever anybody likes.

mod place_of_name;

use std::collections::{BTreeMap, BTreeSet};

use drift_catalog::Catalog;
use drift_model::{AttributePath, Change, Declared, Identifier, Instance, InstanceRef, Scope, Strength, identifier_forms, identifiers_of};
use serde::{Deserialize, Serialize};

use self::place_of_name::{PlaceOfName, is_unmistakable};
use crate::{
    detect::{Concerned, Concerning, Naming},
    ports::{Hit, PortError, ResourceIndex},
};

/// At most so many instances are looked at for one record.
pub const MOST_INSTANCES: usize = 20;

/// A reference that the catalog does not declare counts while it leads to at most so many instances.
pub const FEW: usize = 5;

/// How a change led to an instance.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Match {
    /// Which.
    pub instance: InstanceRef,
    /// By which identifier of it.
    pub identifier: String,
    /// Where in the record that stood: `requestParameters.groupId`; `eventName` for a setting that no string names.
    pub at: String,
    /// How strongly it says that the record is about the instance.
    pub strength: Strength,
    /// Whether the change can be the cause of a drift there.
    pub cause: bool,
}

/// The instances that a change leads to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Matches {
    /// Each instance once, with the strongest match, strongest first.
    pub found: Vec<Match>,
    /// How many more there are beyond [`MOST_INSTANCES`].
    pub left_out: usize,
    /// Whether some identifier leads to more instances than the index keeps.
    pub overflow: bool,
}

/// The identifiers under which an instance is kept in the index: its own, what the catalog declares for its type, and the
/// events that change every instance of the type, or some, though they name none. None is made of a value that the catalog
/// hides: the index keeps hashes, and of what may not be shown a hash says too much.
#[must_use]
pub fn identifiers(catalog: &Catalog, instance: &Instance) -> Vec<Identifier> {
    let Some(resource) = catalog.resource(&instance.type_name) else { return identifiers_of(instance, &Declared::default()) };
    let hidden = resource.attributes.iter().filter(|(name, rule)| rule.is_hidden() && instance.attributes.contains_key(*name));
    let hidden: Vec<AttributePath> = hidden.map(|(name, _)| AttributePath::attribute(name)).collect();
    let marked;
    let instance = if hidden.is_empty() {
        instance
    } else {
        marked = Instance { sensitive: [&instance.sensitive[..], &hidden].concat(), ..instance.clone() };
        &marked
    };
    let mut identifiers = identifiers_of(instance, &Declared { own: &resource.identifiers, references: &resource.references });
    for (events, strength) in [(&resource.exceptions, Strength::Catalog), (&resource.hints, Strength::Reference)] {
        identifiers.extend(events.iter().map(|event| Identifier { value: event.clone(), strength }));
    }
    identifiers.sort();
    identifiers
}

/// Finds the instances that a change concerns, in one lookup.
///
/// # Errors
/// Where the index cannot be asked.
pub async fn matches<I: ResourceIndex>(catalog: &Catalog, index: &I, change: &Change) -> Result<Matches, PortError> {
    let wanted = Wanted::of(change);
    if wanted.forms.is_empty() {
        return Ok(Matches::default());
    }
    let scopes: BTreeSet<Scope> = Scope::around(&change.place).into();
    let asked: Vec<(Scope, String)> =
        scopes.iter().flat_map(|scope| wanted.forms.keys().map(move |form| (scope.clone(), form.clone()))).collect();
    let hits = index.lookup(&asked).await?;
    Ok(choose(catalog, change, &wanted, &hits))
}

/// Whether what led to an instance still names it, now that it was read: the index may be older than the state.
#[must_use]
pub fn holds(catalog: &Catalog, instance: &Instance, found: &Match) -> bool {
    identifiers(catalog, instance).iter().any(|identifier| identifier.value == found.identifier && identifier.strength <= found.strength)
}

/// [`matches`], as detection asks for it.
#[derive(Clone, Copy, Debug)]
pub struct ByValue<'a, I> {
    /// What is known of each type.
    pub catalog: &'a Catalog,
    /// Which instances an identifier names.
    pub index: &'a I,
}

impl<I: ResourceIndex> Naming for ByValue<'_, I> {
    async fn concerned(&self, change: &Change) -> Result<Concerning, PortError> {
        let Matches { found, left_out, overflow } = matches(self.catalog, self.index, change).await?;
        if left_out > 0 || overflow || change.names_left_out > 0 {
            let (record, names_left_out) = (&change.id.0, change.names_left_out);
            tracing::warn!(record, instances = found.len(), left_out, overflow, names_left_out, "a record names more than is looked at");
        }
        let instances = found.into_iter().map(|one| Concerned { instance: one.instance, cause: one.cause }).collect();
        Ok(Concerning { instances, left_out, overflow })
    }
}

/// What is looked up for a change: each form of each name, with where the best name that has it stood.
struct Wanted {
    forms: BTreeMap<String, Standing>,
}

/// Where a form came from. The best comes first in order.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Standing {
    place: PlaceOfName,
    /// Whether it is only a part of the string in the record.
    part: bool,
    /// The name's number in the record.
    order: usize,
    at: String,
}

impl Wanted {
    fn of(change: &Change) -> Self {
        let mut forms: BTreeMap<String, Standing> = BTreeMap::new();
        for (order, name) in change.names.iter().enumerate() {
            let place = PlaceOfName::of(name);
            for (number, form) in identifier_forms(&name.value).into_iter().enumerate() {
                let standing = Standing { place, part: number > 0, order, at: name.at.clone() };
                match forms.get_mut(&form) {
                    Some(known) if *known <= standing => {}
                    Some(known) => *known = standing,
                    None => drop(forms.insert(form, standing)),
                }
            }
        }
        let standing = Standing { place: PlaceOfName::Request, part: false, order: 0, at: "eventName".to_owned() };
        forms.insert(event(change), standing);
        Self { forms }
    }
}

/// `ec2:DisableEbsEncryptionByDefault`.
fn event(change: &Change) -> String {
    format!("{}:{}", change.source.split('.').next().unwrap_or_default(), change.name)
}

fn choose(catalog: &Catalog, change: &Change, wanted: &Wanted, hits: &[Hit]) -> Matches {
    let mut best: BTreeMap<&InstanceRef, (Strength, &Standing, &str, bool)> = BTreeMap::new();
    let mut overflow = false;
    let can_write = |instance: &InstanceRef| writes(catalog, change, instance.key.address.type_name());
    for hit in hits {
        let Some(standing) = wanted.forms.get(&hit.value) else { continue };
        overflow |= hit.overflow;
        let are_few = |strength| {
            !hit.overflow && hit.holders.iter().filter(|holder| holder.strength == strength && can_write(&holder.instance)).count() <= FEW
        };
        let few = [Strength::Own, Strength::Catalog, Strength::Reference].map(are_few);
        let unmistakable = is_unmistakable(&hit.value);
        for holder in &hit.holders {
            let writes = can_write(&holder.instance);
            let few = few[holder.strength as usize];
            // A path that many names share (`/teams/`, `prod/`) is a part of each and names none.
            let names = !standing.part || unmistakable || few;
            let looked_at = match holder.strength {
                Strength::Own => names && (writes || !standing.part && unmistakable),
                Strength::Catalog => names && writes,
                Strength::Reference => writes && few,
            };
            if !looked_at {
                continue;
            }
            let cause = writes && holder.strength != Strength::Reference && standing.place != PlaceOfName::FreeText;
            let new = (holder.strength, standing, hit.value.as_str(), cause);
            match best.get_mut(&holder.instance) {
                Some(known) if rank(known) <= rank(&new) => {}
                Some(known) => *known = new,
                None => drop(best.insert(&holder.instance, new)),
            }
        }
    }
    let mut found: Vec<_> = best.into_iter().collect();
    found.sort_by(|(a, one), (b, other)| (rank(one), a).cmp(&(rank(other), b)));
    let left_out = found.len().saturating_sub(MOST_INSTANCES);
    found.truncate(MOST_INSTANCES);
    let found = found
        .into_iter()
        .map(|(instance, (strength, standing, identifier, cause))| Match {
            instance: instance.clone(),
            identifier: identifier.to_owned(),
            at: standing.at.clone(),
            strength,
            cause,
        })
        .collect();
    Matches { found, left_out, overflow }
}

/// What explains a drift before what does not; then the stronger, the whole string, the earlier.
fn rank<'a>((strength, standing, value, cause): &(Strength, &'a Standing, &'a str, bool)) -> (bool, Strength, &'a Standing, &'a str) {
    (!*cause, *strength, standing, value)
}

/// Whether the service behind a change can write instances of a type. Not known is yes: it costs a look.
fn writes(catalog: &Catalog, change: &Change, type_name: &str) -> bool {
    /// Services that write resources of all others.
    const ANY: [&str; 2] = ["cloudcontrolapi.amazonaws.com", "tagging.amazonaws.com"];
    ANY.contains(&change.source.as_str()) || catalog.services(type_name).is_none_or(|services| services.contains(&change.source))
}
