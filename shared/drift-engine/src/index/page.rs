//! What stands in a page, as compact bytes: a page holds about 200 instances of a state of 50,000.

use std::collections::{BTreeMap, BTreeSet};

use drift_model::{ByteRange, Place, Strength};
use sha2::{Digest, Sha256};

use super::{
    EntryKey,
    key::{Slot, first},
};
use crate::ports::Location;

/// A page as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// Who wrote it.
    pub generation: u64,
    /// What it holds; empty where no instance belongs there.
    pub body: Vec<u8>,
}

/// The first byte of every page: another one would be of a format that is not known here.
const FORMAT: u8 = 1;

/// The entries that each instance of a page is in, by the instance's address and deposed key joined by U+001F.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Holdings(pub(crate) BTreeMap<String, BTreeSet<(EntryKey, Strength)>>);

impl Holdings {
    pub(crate) fn union(&self, other: &Self) -> Self {
        let mut all = self.clone();
        for (name, keys) in &other.0 {
            all.0.entry(name.clone()).or_default().extend(keys);
        }
        all
    }

    /// What is held here and not there, by instance.
    pub(crate) fn without<'a>(&'a self, other: &'a Self) -> impl Iterator<Item = (&'a str, EntryKey, Strength)> {
        self.0.iter().flat_map(|(name, keys)| {
            let there = other.0.get(name);
            let missing = keys.iter().filter(move |key| !there.is_some_and(|there| there.contains(key)));
            missing.map(|(key, strength)| (name.as_str(), *key, *strength))
        })
    }

    pub(crate) fn encode(&self) -> Vec<u8> {
        if self.0.is_empty() {
            return Vec::new();
        }
        let mut out = vec![FORMAT];
        put_number(&mut out, self.0.len() as u64);
        for (name, keys) in &self.0 {
            put_text(&mut out, name);
            put_number(&mut out, keys.len() as u64);
            for (key, strength) in keys {
                out.push(match strength {
                    Strength::Own => 0,
                    Strength::Catalog => 1,
                    Strength::Reference => 2,
                });
                out.extend(key.0);
            }
        }
        out
    }

    /// `None` where these are not the bytes of such a page.
    pub(crate) fn decode(body: &[u8]) -> Option<Self> {
        let mut rest = body;
        if rest.is_empty() {
            return Some(Self::default());
        }
        let mut holdings = BTreeMap::new();
        (byte(&mut rest)? == FORMAT).then_some(())?;
        for _ in 0..number(&mut rest)? {
            let name = text(&mut rest)?;
            let mut keys = BTreeSet::new();
            for _ in 0..number(&mut rest)? {
                let strength = match byte(&mut rest)? {
                    0 => Strength::Own,
                    1 => Strength::Catalog,
                    2 => Strength::Reference,
                    _ => return None,
                };
                keys.insert((EntryKey(array(&mut rest)?), strength));
            }
            holdings.insert(name.to_owned(), keys);
        }
        Some(Self(holdings))
    }
}

/// What tells whether the holdings of a page changed.
pub(crate) fn digest(body: &[u8]) -> u64 {
    u64::from_be_bytes(first(&Sha256::digest(body)))
}

/// What stands outside of an instance's bytes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Setting {
    pub(crate) provider: String,
    pub(crate) provider_config: String,
    pub(crate) place: Option<Place>,
}

/// Encodes the ranges of the instances of one page of a version. Each setting is written once.
pub(crate) fn encode_ranges(etag: &str, ranges: &BTreeMap<[u8; 8], (ByteRange, &Setting)>) -> Vec<u8> {
    if ranges.is_empty() {
        return Vec::new();
    }
    let settings: BTreeSet<&Setting> = ranges.values().map(|(_, setting)| *setting).collect();
    let numbers: BTreeMap<&Setting, u64> = settings.iter().copied().zip(0..).collect();
    let mut out = vec![FORMAT];
    put_text(&mut out, etag);
    put_number(&mut out, settings.len() as u64);
    for setting in settings {
        put_text(&mut out, &setting.provider);
        put_text(&mut out, &setting.provider_config);
        put_number(&mut out, u64::from(setting.place.is_some()));
        if let Some(place) = &setting.place {
            put_text(&mut out, &place.partition);
            put_text(&mut out, &place.account);
            put_text(&mut out, &place.region);
        }
    }
    for (hash, (range, setting)) in ranges {
        out.extend(hash);
        put_number(&mut out, range.start);
        put_number(&mut out, range.length);
        put_number(&mut out, numbers.get(setting).copied().unwrap_or_default());
    }
    out
}

/// Finds an instance in the ranges of its page. `None` where these are not the bytes of such a page.
#[expect(clippy::option_option, reason = "not decodable and not there are different answers")]
pub(crate) fn find_range(body: &[u8], slot: Slot) -> Option<Option<Location>> {
    let mut rest = body;
    if rest.is_empty() {
        return Some(None);
    }
    (byte(&mut rest)? == FORMAT).then_some(())?;
    let etag = text(&mut rest)?;
    let mut settings = Vec::new();
    for _ in 0..number(&mut rest)? {
        let (provider, provider_config) = (text(&mut rest)?, text(&mut rest)?);
        let place = match number(&mut rest)? {
            0 => None,
            _ => Some(Place::new(text(&mut rest)?, text(&mut rest)?, text(&mut rest)?)),
        };
        settings.push((provider, provider_config, place));
    }
    while !rest.is_empty() {
        let hash: [u8; 8] = array(&mut rest)?;
        let range = ByteRange { start: number(&mut rest)?, length: number(&mut rest)? };
        let setting = usize::try_from(number(&mut rest)?).ok()?;
        if hash == slot.hash {
            let (provider, provider_config, place) = settings.get(setting)?.clone();
            let (provider, provider_config) = (provider.to_owned(), provider_config.to_owned());
            return Some(Some(Location { etag: etag.to_owned(), range, provider, provider_config, place }));
        }
    }
    Some(None)
}

/// Seven bits a byte, the least first.
fn put_number(out: &mut Vec<u8>, mut number: u64) {
    loop {
        let low = u8::try_from(number & 0x7f).unwrap_or_default();
        number >>= 7;
        if number == 0 {
            return out.push(low);
        }
        out.push(low | 0x80);
    }
}

fn put_text(out: &mut Vec<u8>, text: &str) {
    put_number(out, text.len() as u64);
    out.extend(text.as_bytes());
}

fn byte(rest: &mut &[u8]) -> Option<u8> {
    let (byte, after) = rest.split_first()?;
    *rest = after;
    Some(*byte)
}

fn array<const N: usize>(rest: &mut &[u8]) -> Option<[u8; N]> {
    let (array, after) = rest.split_first_chunk()?;
    *rest = after;
    Some(*array)
}

fn number(rest: &mut &[u8]) -> Option<u64> {
    let mut number = 0;
    for shift in (0..64).step_by(7) {
        let byte = byte(rest)?;
        number |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}

fn text<'a>(rest: &mut &'a [u8]) -> Option<&'a str> {
    let length = usize::try_from(number(rest)?).ok()?;
    let (text, after) = rest.split_at_checked(length)?;
    *rest = after;
    str::from_utf8(text).ok()
}

#[cfg(test)]
mod tests {
    use drift_model::Address;
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn holdings_come_back_as_they_went_in(names in prop::collection::btree_map(".{0,12}", prop::collection::btree_set((any::<[u8; 16]>(), 0..3_u8), 0..5), 0..6)) {
            let strength = |number| [Strength::Own, Strength::Catalog, Strength::Reference][usize::from(number)];
            let keys = |keys: BTreeSet<([u8; 16], u8)>| keys.into_iter().map(|(key, number)| (EntryKey(key), strength(number))).collect();
            let holdings = Holdings(names.into_iter().map(|(name, held)| (name, keys(held))).collect());
            prop_assert_eq!(Holdings::decode(&holdings.encode()), Some(holdings));
        }

        #[test]
        fn ranges_come_back_as_they_went_in(starts in prop::collection::vec((any::<u64>(), any::<u64>(), any::<bool>()), 1..9)) {
            let place = Some(Place::new("aws", "123456789012", "eu-west-1"));
            let setting = |placed: bool| Setting { provider: "p".to_owned(), provider_config: "c".to_owned(), place: place.clone().filter(|_| placed) };
            let (with, without) = (setting(true), setting(false));
            let address = |at: usize| Address::new(None, "aws_instance", "a", &format!("[{at}]"));
            let range = |(start, length): (u64, u64)| ByteRange { start, length };
            let slots: BTreeMap<_, _> = starts
                .iter()
                .enumerate()
                .map(|(at, (start, length, placed))| (Slot::of(&address(at).into()).hash, (range((*start, *length)), if *placed { &with } else { &without })))
                .collect();
            let body = encode_ranges("\"e\"", &slots);
            for (at, (start, length, placed)) in starts.iter().enumerate() {
                let found = find_range(&body, Slot::of(&address(at).into())).flatten().expect("it is there");
                prop_assert_eq!((found.range, found.place.is_some(), found.etag.as_str()), (range((*start, *length)), *placed, "\"e\""));
            }
            prop_assert_eq!(find_range(&body, Slot::of(&address(99).into())), Some(None));
        }

        #[test]
        fn no_bytes_make_it_panic(body in prop::collection::vec(any::<u8>(), 0..80)) {
            let _ = Holdings::decode(&body);
            let _ = find_range(&body, Slot::of(&Address::new(None, "a", "b", "").into()));
        }
    }
}
