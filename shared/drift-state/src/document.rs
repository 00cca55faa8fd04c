//! The outer shape of a state's JSON: objects and lists down to the instances, of which it only says where they are.
//! Source: `stateV4` and `resourceStateV4` in Terraform's `internal/states/statefile/version4.go`.

use std::{borrow::Cow, fmt};

use serde::de::{Deserialize, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use crate::{
    StateError,
    lenient::{RawList, anything_else_is_odd, text},
};

/// A whole state, of which each resource is handed over as soon as it was read; what is no object by its position.
pub(crate) struct Document<F>(pub(crate) F);

/// What stands beside the resources.
#[derive(Default)]
pub(crate) struct Head {
    is_object: bool,
    version: Option<u64>,
    pub(crate) terraform_version: Option<String>,
    pub(crate) serial: u64,
    pub(crate) lineage: String,
    encrypted: bool,
    odd_resources: bool,
}

impl Head {
    /// Whether the document as a whole is a state of version 4.
    pub(crate) fn check(&self) -> Result<(), StateError> {
        let not = |why: &str| Err(StateError::NotAState { why: why.to_owned() });
        match self.version {
            _ if !self.is_object => not("it is not an object"),
            _ if self.encrypted => Err(StateError::Encrypted),
            None => not("it has no `version` that is a number"),
            Some(4) if self.odd_resources => not("its `resources` is not a list"),
            Some(4) => Ok(()),
            Some(version @ 1..4) => Err(StateError::OldVersion { version, terraform_version: self.terraform_version.clone() }),
            Some(0) => not("its `version` is 0"),
            Some(version) => Err(StateError::NewVersion { version }),
        }
    }
}

impl<'de, F: FnMut(Result<&Resource<'de>, usize>)> DeserializeSeed<'de> for Document<F> {
    type Value = Head;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Head, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de, F: FnMut(Result<&Resource<'de>, usize>)> Visitor<'de> for Document<F> {
    type Value = Head;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a state")
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<Head, A::Error> {
        let mut head = Head { is_object: true, ..Head::default() };
        while let Some(name) = map.next_key::<Cow<'de, str>>()? {
            match &*name {
                "version" => head.version = number(map.next_value()?),
                "serial" => head.serial = number(map.next_value()?).unwrap_or_default(),
                "terraform_version" => head.terraform_version = text(map.next_value()?),
                "lineage" => head.lineage = text(map.next_value()?).unwrap_or_default(),
                "resources" => head.odd_resources = !map.next_value_seed(Resources(&mut self.0))?,
                "encrypted_data" => {
                    map.next_value::<IgnoredAny>()?;
                    head.encrypted = true;
                }
                _ => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(head)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Head, A::Error> {
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Head::default())
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Head::default())
    }

    anything_else_is_odd!(visit_bool(bool), visit_i64(i64), visit_u64(u64), visit_f64(f64), visit_str(&str));
}

fn number(raw: &RawValue) -> Option<u64> {
    serde_json::from_str(raw.get()).ok()
}

/// The list of resources; whether it is one.
struct Resources<'f, F>(&'f mut F);

impl<'de, F: FnMut(Result<&Resource<'de>, usize>)> DeserializeSeed<'de> for Resources<'_, F> {
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<bool, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de, F: FnMut(Result<&Resource<'de>, usize>)> Visitor<'de> for Resources<'_, F> {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of resources")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<bool, A::Error> {
        let mut at = 0_usize;
        while let Some(resource) = list.next_element::<Resource<'de>>()? {
            (self.0)(if resource.is_object { Ok(&resource) } else { Err(at) });
            at += 1;
        }
        Ok(true)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<bool, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(false)
    }

    // Go writes an empty list as null.
    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(true)
    }

    anything_else_is_odd!(visit_bool(bool), visit_i64(i64), visit_u64(u64), visit_f64(f64), visit_str(&str));
}

/// An element of `resources`. Its members may stand in any order, so all are kept until the last was seen.
#[derive(Default)]
pub(crate) struct Resource<'a> {
    is_object: bool,
    pub(crate) module: Option<&'a RawValue>,
    pub(crate) mode: Option<&'a RawValue>,
    pub(crate) type_name: Option<&'a RawValue>,
    pub(crate) name: Option<&'a RawValue>,
    pub(crate) provider: Option<&'a RawValue>,
    pub(crate) instances: RawList<'a>,
}

impl<'de: 'a, 'a> Deserialize<'de> for Resource<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;

        impl<'de> Visitor<'de> for Members {
            type Value = Resource<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a resource")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut resource = Resource { is_object: true, ..Resource::default() };
                while let Some(name) = map.next_key::<Cow<'de, str>>()? {
                    match &*name {
                        "module" => resource.module = Some(map.next_value()?),
                        "mode" => resource.mode = Some(map.next_value()?),
                        "type" => resource.type_name = Some(map.next_value()?),
                        "name" => resource.name = Some(map.next_value()?),
                        "provider" => resource.provider = Some(map.next_value()?),
                        "instances" => resource.instances = map.next_value()?,
                        _ => {
                            map.next_value::<IgnoredAny>()?;
                        }
                    }
                }
                Ok(resource)
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
                while list.next_element::<IgnoredAny>()?.is_some() {}
                Ok(Resource::default())
            }

            fn visit_unit<E>(self) -> Result<Self::Value, E> {
                Ok(Resource::default())
            }

            anything_else_is_odd!(visit_bool(bool), visit_i64(i64), visit_u64(u64), visit_f64(f64), visit_str(&str));
        }

        deserializer.deserialize_any(Members)
    }
}
