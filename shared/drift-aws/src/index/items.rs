//! Items of the index's table, and back.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use aws_sdk_dynamodb::{primitives::Blob, types::AttributeValue};
use drift_engine::index::{Entry, EntryKey, Head, HolderName, Page, PageKey, PageKind, state_key};
use drift_model::{StateId, Strength, Timestamp};

pub(super) type Item = HashMap<String, AttributeValue>;

pub(super) fn number(number: u64) -> AttributeValue {
    AttributeValue::N(number.to_string())
}

fn text(text: &str) -> AttributeValue {
    AttributeValue::S(text.to_owned())
}

fn key(pk: String, sk: &str) -> Item {
    [("pk".to_owned(), AttributeValue::S(pk)), ("sk".to_owned(), text(sk))].into()
}

pub(super) fn entry_key(entry: EntryKey) -> Item {
    key(format!("i#{entry}"), "i")
}

pub(super) fn page_key(page: &PageKey) -> Item {
    let kind = match page.kind {
        PageKind::Ranges => 'r',
        PageKind::Holdings => 'h',
    };
    key(format!("p#{}#{kind}{:02x}", state_key(&page.state), page.number), "p")
}

/// The key of the head of the state of that hash.
pub(super) fn head_key(state_key: &str) -> Item {
    key(format!("h#{}", state_key.get(..1).unwrap_or_default()), state_key)
}

/// The attribute that holds the holders of one strength.
pub(super) fn set_of(strength: Strength) -> &'static str {
    match strength {
        Strength::Own => "own",
        Strength::Catalog => "catalog",
        Strength::Reference => "reference",
    }
}

pub(super) fn entry(item: &Item) -> Option<(EntryKey, Entry)> {
    let hexadecimal = item.get("pk")?.as_s().ok()?.strip_prefix("i#")?;
    let mut key = [0; 16];
    for (at, byte) in key.iter_mut().enumerate() {
        *byte = u8::from_str_radix(hexadecimal.get(2 * at..2 * at + 2)?, 16).ok()?;
    }
    let holders = |strength: Strength| -> BTreeSet<HolderName> {
        let set = item.get(set_of(strength)).and_then(|value| value.as_ss().ok());
        set.into_iter().flatten().map(|holder| HolderName(holder.clone())).collect()
    };
    let entry = Entry {
        own: holders(Strength::Own),
        catalog: holders(Strength::Catalog),
        reference: holders(Strength::Reference),
        overflow: flag(item, "more"),
    };
    Some((EntryKey(key), entry))
}

pub(super) fn of_page(page_key: &PageKey, page: &Page, expires: Option<Timestamp>) -> Item {
    let mut item = self::page_key(page_key);
    item.insert("gen".to_owned(), number(page.generation));
    item.insert("body".to_owned(), AttributeValue::B(Blob::new(page.body.clone())));
    expire(&mut item, expires);
    item
}

pub(super) fn page(item: &Item) -> Option<Page> {
    Some(Page { generation: counted(item, "gen")?, body: bytes(item, "body")?.to_vec() })
}

pub(super) fn of_head(head: &Head, expires: Option<Timestamp>) -> Item {
    let mut item = head_key(&state_key(&head.state));
    let mut put = |name: &str, value: Option<AttributeValue>| item.extend(value.map(|value| (name.to_owned(), value)));
    put("state", Some(text(&head.state.0)));
    put("etag", head.etag.as_deref().map(text));
    put("unreadable", head.unreadable.as_deref().map(text));
    put("gen", Some(number(head.generation)));
    put("settled", Some(number(head.settled)));
    put("instances", Some(number(head.instances)));
    put("lease", head.lease.map(|until| AttributeValue::N(until.as_millisecond().to_string())));
    put("dirty", Some(AttributeValue::Bool(head.dirty)));
    let digests = head.digests.iter().flat_map(|(page, digest)| [*page].into_iter().chain(digest.to_be_bytes()));
    put("digests", Some(AttributeValue::B(Blob::new(digests.collect::<Vec<u8>>()))));
    expire(&mut item, expires);
    item
}

pub(super) fn head(item: &Item) -> Option<Head> {
    let string = |name: &str| item.get(name).and_then(|value| value.as_s().ok()).cloned();
    let lease = match item.get("lease") {
        Some(value) => Some(Timestamp::from_millisecond(value.as_n().ok()?.parse().ok()?).ok()?),
        None => None,
    };
    let (digests, rest) = bytes(item, "digests")?.as_chunks::<9>();
    rest.is_empty().then_some(())?;
    let digests: BTreeMap<u8, u64> =
        digests.iter().map(|[page, a, b, c, d, e, f, g, h]| (*page, u64::from_be_bytes([*a, *b, *c, *d, *e, *f, *g, *h]))).collect();
    Some(Head {
        state: StateId(string("state")?),
        generation: counted(item, "gen")?,
        settled: counted(item, "settled")?,
        dirty: flag(item, "dirty"),
        lease,
        etag: string("etag"),
        unreadable: string("unreadable"),
        instances: counted(item, "instances")?,
        digests,
    })
}

fn expire(item: &mut Item, expires: Option<Timestamp>) {
    item.extend(expires.map(|at| ("expires".to_owned(), AttributeValue::N(at.as_second().to_string()))));
}

fn counted(item: &Item, name: &str) -> Option<u64> {
    item.get(name)?.as_n().ok()?.parse().ok()
}

fn flag(item: &Item, name: &str) -> bool {
    item.get(name).and_then(|value| value.as_bool().ok()).copied().unwrap_or_default()
}

fn bytes<'a>(item: &'a Item, name: &str) -> Option<&'a [u8]> {
    item.get(name)?.as_b().ok().map(AsRef::as_ref)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_comes_back_as_it_went_in() {
        let mut head = Head::new(StateId::s3("b", "k.tfstate"));
        assert_eq!(super::head(&of_head(&head, None)).as_ref(), Some(&head));
        head.etag = Some("\"e\"".to_owned());
        head.unreadable = Some("\"f\"".to_owned());
        head.lease = Timestamp::from_millisecond(1_700_000_000_123).ok();
        (head.generation, head.settled, head.instances, head.dirty) = (7, 6, 5, true);
        head.digests = [(0, 1), (255, u64::MAX)].into();
        assert_eq!(super::head(&of_head(&head, head.lease)), Some(head));
    }

    #[test]
    fn no_item_of_another_shape_is_taken_for_one_of_ours() {
        assert_eq!(entry(&key("i#zz".to_owned(), "i")), None);
        assert_eq!(head(&head_key("abc")), None);
        assert_eq!(page(&Item::new()), None);
    }
}
