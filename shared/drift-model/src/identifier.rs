mod forms;
mod of_instance;

use serde::{Deserialize, Serialize};

pub use self::{
    forms::{identifier_forms, may_identify},
    of_instance::{Declared, identifiers_of},
};
use crate::{Instance, Place};

/// A string by which the cloud names an instance, or by which an instance names another resource.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Identifier {
    /// The string as a record may hold it: an id, an ARN, a name, a URL, a part of a composite id.
    pub value: String,
    /// How much it says.
    pub strength: Strength,
}

/// How strongly an identifier says that a record is about an instance. The strongest comes first in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Strength {
    /// The instance's own: `id`, ARN, name, URL, and what the catalog adds for the type.
    Own,
    /// What the instance hangs on: another resource's that the catalog declares for the type, or that stands before its
    /// own name in its ARN or composite id.
    Catalog,
    /// Another resource's, found in some attribute. Counts while it leads to few instances.
    Reference,
}

/// Among which instances an identifier is looked up: names repeat from account to account and from region to region.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Scope {
    /// The instances of one place; of an account as a whole where the place is global.
    In(Place),
    /// The instances of which nobody knows where they live.
    Nowhere,
}

impl Scope {
    /// The scope in which an instance's identifiers are kept.
    #[must_use]
    pub fn of(instance: &Instance) -> Self {
        instance.place.clone().map_or(Self::Nowhere, Self::In)
    }

    /// The scopes in which a record from `place` is looked up: its region, its account as a whole, and what has no place.
    #[must_use]
    pub fn around(place: &Place) -> [Self; 3] {
        [Self::In(place.clone()), Self::In(place.as_global()), Self::Nowhere]
    }
}
