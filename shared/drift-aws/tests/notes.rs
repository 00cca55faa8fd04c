//! What a scan keeps, in the ledger's table on a served DynamoDB.

mod support;

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use drift_aws::{DynamoLedger, DynamoNotes};
use drift_engine::ports::{Ledger, Notes, Query, Written};
use drift_model::{Address, Drift, DriftStatus, InstanceRef, Severity, StateId, Timestamp};
use support::moto::Moto;
use tracing::{
    Event, Level, Metadata, Subscriber,
    span::{Attributes, Id, Record},
};

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + seconds).expect("a time")
}

/// So many bytes that nothing can compress, and of which no part is like another.
fn bytes(length: usize, seed: u64) -> Vec<u8> {
    let mut state = seed | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()
    };
    std::iter::repeat_with(&mut next).flatten().take(length).collect()
}

/// The table, with the ledger that it is.
async fn table(moto: &Moto) -> (DynamoNotes, DynamoLedger) {
    let config = moto.config().await;
    let ledger = DynamoLedger::new(&config, "ledger");
    ledger.create_table().await.expect("creates");
    (DynamoNotes::new(&config, "ledger"), ledger)
}

/// The keys of what the table holds, and how much time each has to live.
fn held(moto: &Moto) -> String {
    moto.python(
        r#"
items = client("dynamodb").get_paginator("scan").paginate(TableName="ledger").build_full_result()["Items"]
print(sorted((item["pk"]["S"], item.get("expires", {}).get("N")) for item in items if item["pk"]["S"].startswith("note#")))
"#,
    )
}

#[tokio::test]
async fn a_note_of_any_length_comes_back_as_it_was_kept() {
    let Some(moto) = Moto::start() else { return };
    let (notes, _) = table(&moto).await;
    assert_eq!(notes.note("github#acme").await, Ok(None));
    for length in [0, 1, 349_999, 350_000, 350_001, 1_500_000] {
        let note = bytes(length, length as u64 + 7);
        notes.keep("github#acme", &note, at(0)).await.expect("keeps");
        assert!(notes.note("github#acme").await == Ok(Some(note)), "{length}");
    }
    assert_eq!(notes.note("github").await, Ok(None), "another key is another note");
    let last = held(&moto);
    assert!(last.contains("('note#github##acme', '1800000000')") && last.contains("('note#github##acme#5', '1800000000')"), "{last}");
}

#[tokio::test]
async fn a_shorter_note_in_place_of_a_longer_one_is_not_mixed_up_with_its_rest() {
    let Some(moto) = Moto::start() else { return };
    let (notes, _) = table(&moto).await;
    let (long, short) = (bytes(1_200_000, 1), bytes(400_000, 2));
    notes.keep("a", &long, at(0)).await.expect("keeps");
    notes.keep("a", &short, at(0)).await.expect("keeps");
    assert!(notes.note("a").await == Ok(Some(short)));
}

#[tokio::test]
async fn a_note_of_which_a_part_is_gone_or_of_another_writer_is_not_there() {
    let Some(moto) = Moto::start() else { return };
    let (notes, _) = table(&moto).await;
    let (mine, others) = (bytes(800_000, 3), bytes(800_000, 4));
    notes.keep("mine", &mine, at(0)).await.expect("keeps");
    notes.keep("others", &others, at(0)).await.expect("keeps");
    moto.python(
        r#"
dynamodb = client("dynamodb")
part = dynamodb.get_item(TableName="ledger", Key={"pk": {"S": "note#others#2"}})["Item"]
dynamodb.put_item(TableName="ledger", Item=part | {"pk": {"S": "note#mine#2"}})
dynamodb.delete_item(TableName="ledger", Key={"pk": {"S": "note#others#3"}})
"#,
    );
    assert_eq!((notes.note("mine").await, notes.note("others").await), (Ok(None), Ok(None)));
    notes.keep("mine", &mine, at(0)).await.expect("keeps");
    assert!(notes.note("mine").await == Ok(Some(mine)), "it is mended by keeping it again");
}

#[tokio::test]
async fn a_note_that_is_forgotten_leaves_nothing_behind() {
    let Some(moto) = Moto::start() else { return };
    let (notes, _) = table(&moto).await;
    notes.keep("a", &bytes(800_000, 5), at(0)).await.expect("keeps");
    notes.forget("a").await.expect("forgets");
    notes.forget("a").await.expect("forgets what is not there");
    assert_eq!((notes.note("a").await, held(&moto).trim()), (Ok(None), "[]"));
}

/// Counts what is warned of.
#[derive(Default)]
struct Warnings(AtomicUsize);

impl Subscriber for Warnings {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        *metadata.level() == Level::WARN && metadata.target().starts_with("drift_aws")
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn event(&self, _: &Event<'_>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

#[tokio::test]
async fn the_ledger_does_not_see_the_notes_beside_it() {
    let Some(moto) = Moto::start() else { return };
    let (notes, ledger) = table(&moto).await;
    let drift = Drift {
        instance: InstanceRef {
            state: StateId::s3("states", "github.tfstate"),
            key: Address::new(None, "github_repository", "shop", "").into(),
        },
        type_name: "github_repository".to_owned(),
        id: Some("shop".to_owned()),
        place: None,
        url: Some("https://github.com/acme/shop".to_owned()),
        status: DriftStatus::Drifted,
        severity: Severity::Critical,
        differences: Vec::new(),
        unreadable: None,
        causes: Vec::new(),
        also_seen: Vec::new(),
        first_seen: at(0),
        last_judged: at(0),
        history: Vec::new(),
        transitions: 1,
    };
    assert_eq!(ledger.write(&drift, None, None).await, Ok(Written::Yes));
    let warnings = Arc::new(Warnings::default());
    let _guard = tracing::subscriber::set_default(Arc::clone(&warnings));
    for key in ["github#acme#scan", "github#acme#answers"] {
        notes.keep(key, &bytes(600_000, 6), at(0)).await.expect("keeps");
    }
    for closed_too in [false, true] {
        let listed = ledger.list(&Query { closed_too, ..Query::default() }).await;
        assert_eq!(listed, Ok(vec![drift.clone()]), "what GitHub's instances keep of themselves comes back, closed ones too: {closed_too}");
    }
    assert_eq!(ledger.owed(10).await, Ok(Vec::new()));
    assert_eq!(warnings.0.load(Ordering::Relaxed), 0, "a note is no odd drift");
}
