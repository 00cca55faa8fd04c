//! Lists and objects of raw JSON that take anything else for an oddity instead of an error, so that what is odd costs
//! only itself.

use std::fmt;

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

/// A list's elements as they stand in the input, or nothing where it is no list.
#[derive(Default)]
pub(crate) struct RawList<'a>(pub(crate) Option<Vec<&'a RawValue>>);

/// What a visitor makes of JSON of these other shapes: its value's default.
macro_rules! anything_else_is_odd {
    ($($visit:ident($of:ty)),*) => {
        $(fn $visit<E>(self, _: $of) -> Result<Self::Value, E> {
            Ok(Self::Value::default())
        })*
    };
}
pub(crate) use anything_else_is_odd;

impl<'de: 'a, 'a> Deserialize<'de> for RawList<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Elements;

        impl<'de> Visitor<'de> for Elements {
            type Value = RawList<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
                let mut elements = Vec::new();
                while let Some(element) = list.next_element::<&RawValue>()? {
                    elements.push(element);
                }
                Ok(RawList(Some(elements)))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                Ok(RawList(None))
            }

            fn visit_unit<E>(self) -> Result<Self::Value, E> {
                Ok(RawList(None))
            }

            anything_else_is_odd!(visit_bool(bool), visit_i64(i64), visit_u64(u64), visit_f64(f64), visit_str(&str));
        }

        deserializer.deserialize_any(Elements)
    }
}

/// A text's value, nothing for JSON of another kind.
pub(crate) fn text(raw: &RawValue) -> Option<String> {
    serde_json::from_str(raw.get()).ok()
}
