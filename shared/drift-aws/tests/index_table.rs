//! The index's table, on a served DynamoDB.

mod support;

use std::collections::BTreeSet;

use drift_aws::DynamoIndex;
use drift_engine::{
    index::{EntryKey, Head, HolderName, IndexStore, Page, PageKey, PageKind, Release},
    ports::Written,
};
use drift_model::{Address, InstanceKey, Scope, StateId, Strength};
use support::moto::Moto;

fn holder(state: &StateId, number: usize) -> HolderName {
    HolderName::new(state, &InstanceKey::from(Address::new(None, "aws_sqs_queue", "q", &format!("[{number}]"))))
}

#[tokio::test]
async fn entries_pages_and_heads_are_written_on_condition() {
    let Some(moto) = Moto::start() else { return };
    let store = DynamoIndex::new(&moto.config().await, "index");
    store.create_table().await.expect("creates");
    store.create_table().await.expect("leaves it as it is");
    let state = StateId::s3("b", "k.tfstate");

    // Heads: by generation.
    let first = Head { generation: 1, digests: [(3, 7)].into(), ..Head::new(state.clone()) };
    assert_eq!(store.put_head(&first, None).await, Ok(Written::Yes));
    assert_eq!(store.put_head(&first, None).await, Ok(Written::Conflict));
    let second = Head { generation: 2, dirty: true, ..first.clone() };
    assert_eq!(store.put_head(&second, Some(1)).await, Ok(Written::Yes));
    assert_eq!(store.put_head(&second, Some(1)).await, Ok(Written::Conflict));
    assert_eq!(store.head(&state).await, Ok(Some(second.clone())));
    assert_eq!(store.heads().await, Ok(vec![second]));

    // Pages: never an older generation over a newer one.
    let key = PageKey { state: state.clone(), kind: PageKind::Ranges, number: 9 };
    let page = |generation, body: &[u8]| Page { generation, body: body.to_vec() };
    assert_eq!(store.page(&key).await, Ok(None));
    assert_eq!(store.put_page(&key, &page(2, b"two")).await, Ok(Written::Yes));
    assert_eq!(store.put_page(&key, &page(1, b"one")).await, Ok(Written::Conflict));
    assert_eq!(store.put_page(&key, &page(2, b"")).await, Ok(Written::Yes));
    assert_eq!(store.page(&key).await, Ok(Some(page(2, b""))));

    // Entries: by single elements, up to a limit; more are a mark.
    let entry = EntryKey::of(&Scope::Nowhere, "vpc-1");
    let some: BTreeSet<_> = (0..20).map(|number| holder(&state, number)).collect();
    let more: BTreeSet<_> = (15..40).map(|number| holder(&state, number)).collect();
    store.hold(entry, Strength::Reference, &some).await.expect("adds");
    store.hold(entry, Strength::Reference, &some).await.expect("adds nothing");
    store.hold(entry, Strength::Reference, &more).await.expect("adds what fits");
    let (_, kept) = store.entries(&[entry]).await.expect("reads").pop().expect("is there");
    assert_eq!((kept.reference.len(), kept.overflow), (25, true));

    // Deletions: on condition of the head's generation; an entry that nobody holds goes.
    let all = kept.reference.into_iter().map(|holder| (Strength::Reference, holder)).collect();
    let release = [Release { key: entry, holders: all }];
    assert_eq!(store.release(&state, 1, &release).await, Ok(Written::Conflict));
    assert_eq!(store.release(&state, 2, &release).await, Ok(Written::Yes));
    assert_eq!(store.entries(&[entry]).await, Ok(vec![]));
}

#[tokio::test]
async fn more_identifiers_than_one_batch_takes_are_looked_up() {
    let Some(moto) = Moto::start() else { return };
    let store = DynamoIndex::new(&moto.config().await, "index");
    store.create_table().await.expect("creates");
    let one: BTreeSet<_> = [holder(&StateId::s3("b", "k"), 0)].into();
    let keys: Vec<_> = (0..230).map(|number| EntryKey::of(&Scope::Nowhere, &format!("sg-{number}"))).collect();
    for key in &keys[..120] {
        store.hold(*key, Strength::Own, &one).await.expect("adds");
    }
    let mut found: Vec<_> = store.entries(&keys).await.expect("reads").into_iter().map(|(key, _)| key).collect();
    found.sort_unstable();
    let mut wanted = keys[..120].to_vec();
    wanted.sort_unstable();
    assert_eq!(found, wanted);
}
