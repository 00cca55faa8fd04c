//! The ledger's table, on a served DynamoDB.

mod support;

use drift_aws::DynamoLedger;
use drift_engine::ports::{Alert, Ledger, Owed, Query, Written};
use drift_model::{Address, Drift, DriftStatus, InstanceRef, Place, Severity, StateId, Timestamp, Transition, TransitionKind};
use support::moto::Moto;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + seconds).expect("a time")
}

fn instance(name: &str) -> InstanceRef {
    InstanceRef { state: StateId::s3("states", "prod.tfstate"), key: Address::new(None, "aws_sqs_queue", name, "").into() }
}

fn drift(name: &str, status: DriftStatus, severity: Severity, judged: i64) -> Drift {
    Drift {
        instance: instance(name),
        type_name: "aws_sqs_queue".to_owned(),
        id: Some(name.to_owned()),
        place: Some(Place::new("aws", "123456789012", "eu-west-1")),
        url: None,
        status,
        severity,
        differences: Vec::new(),
        unreadable: None,
        causes: Vec::new(),
        also_seen: Vec::new(),
        first_seen: at(judged),
        last_judged: at(judged),
        history: Vec::new(),
        transitions: 1,
    }
}

fn alert(id: &str, of: &Drift) -> Alert {
    let (status, severity) = (of.status, of.severity);
    let transition =
        Transition { id: id.to_owned(), kind: TransitionKind::Opened, at: of.last_judged, status, severity, during_a_run: false };
    Alert { transition, drift: of.clone(), was: Vec::new() }
}

async fn ledger(moto: &Moto) -> DynamoLedger {
    let ledger = DynamoLedger::new(&moto.config().await, "ledger");
    ledger.create_table().await.expect("creates");
    ledger.create_table().await.expect("leaves it as it is");
    ledger
}

#[tokio::test]
async fn a_write_counts_only_over_the_version_it_read_and_with_a_later_look() {
    let Some(moto) = Moto::start() else { return };
    let ledger = ledger(&moto).await;
    let first = drift("jobs", DriftStatus::Drifted, Severity::High, 10);
    assert_eq!(ledger.write(&first, None, None).await, Ok(Written::Yes));
    assert_eq!(ledger.write(&first, None, None).await, Ok(Written::Conflict), "somebody was first");

    let entry = ledger.entry(&first.instance).await.expect("reads").expect("is there");
    assert_eq!((&entry.drift, &entry.owed), (&first, &None));
    let older = drift("jobs", DriftStatus::Resolved, Severity::High, 5);
    assert_eq!(ledger.write(&older, None, Some(entry.version)).await, Ok(Written::Conflict), "an old look");
    let newer = drift("jobs", DriftStatus::Resolved, Severity::High, 20);
    assert_eq!(ledger.write(&newer, None, Some(entry.version)).await, Ok(Written::Yes));
    assert_eq!(
        ledger.write(&drift("jobs", DriftStatus::Drifted, Severity::High, 30), None, Some(entry.version)).await,
        Ok(Written::Conflict)
    );
}

#[tokio::test]
async fn an_alert_is_owed_until_that_very_transition_is_cleared() {
    let Some(moto) = Moto::start() else { return };
    let ledger = ledger(&moto).await;
    let (late, early) = (drift("late", DriftStatus::Drifted, Severity::High, 20), drift("early", DriftStatus::Resolved, Severity::Low, 10));
    for drift in [&late, &early] {
        let owed = alert(&format!("t-{}", drift.id.as_deref().unwrap_or_default()), drift);
        assert_eq!(ledger.write(drift, Some(&owed), None).await, Ok(Written::Yes));
    }
    let owed = |owed: Vec<Owed>| owed.into_iter().map(|owed| owed.alert.transition.id).collect::<Vec<_>>();
    assert_eq!(owed(ledger.owed(10).await.expect("lists")), ["t-early", "t-late"], "oldest first");
    assert_eq!(owed(ledger.owed(1).await.expect("lists")), ["t-early"]);

    let first = ledger.owed(1).await.expect("lists").remove(0);
    assert_eq!(first.claimed, early.last_judged);
    assert_eq!(ledger.claim(&first, at(30)).await, Ok(Written::Yes));
    assert_eq!(ledger.claim(&first, at(31)).await, Ok(Written::Conflict), "somebody was faster");
    assert_eq!(owed(ledger.owed(10).await.expect("lists")), ["t-late", "t-early"], "what was tried goes to the end");

    ledger.clear_owed(&late.instance, "another").await.expect("is no error");
    assert_eq!(ledger.owed(10).await.expect("lists").len(), 2);
    ledger.clear_owed(&late.instance, "t-late").await.expect("clears");
    ledger.clear_owed(&late.instance, "t-late").await.expect("is no error");
    let cleared = Owed { alert: alert("t-late", &late), claimed: late.last_judged };
    assert_eq!(ledger.claim(&cleared, at(32)).await, Ok(Written::Conflict), "it was published");
    assert_eq!(owed(ledger.owed(10).await.expect("lists")), ["t-early"]);
    assert_eq!(ledger.entry(&late.instance).await.expect("reads").expect("is there").owed, None);

    // What is closed is forgotten one day, although an alert was owed; what is open is not.
    let expires = moto.python(
        "for item in sorted(client('dynamodb').scan(TableName='ledger')['Items'], key=lambda item: item['address']['S']):\n    \
         print(item['address']['S'], item.get('expires', {}).get('N'))",
    );
    let closed = at(10).as_second() + 90 * 24 * 3600;
    assert_eq!(expires, format!("aws_sqs_queue.early {closed}\naws_sqs_queue.late None\n"));
}

#[tokio::test]
async fn a_drift_is_carried_to_a_name_that_holds_nothing_open() {
    let Some(moto) = Moto::start() else { return };
    let ledger = ledger(&moto).await;
    let (old, taken) = (drift("old", DriftStatus::Drifted, Severity::High, 10), drift("taken", DriftStatus::Missing, Severity::High, 10));
    let closed = drift("closed", DriftStatus::Resolved, Severity::High, 10);
    for drift in [&old, &taken, &closed] {
        assert_eq!(ledger.write(drift, None, None).await, Ok(Written::Yes));
    }
    let to = |name: &str| Drift { instance: instance(name), ..old.clone() };
    assert_eq!(ledger.carry(&old.instance, 1, &to("taken")).await, Ok(Written::Conflict), "something is open there");
    assert_eq!(ledger.carry(&old.instance, 7, &to("new")).await, Ok(Written::Conflict), "somebody wrote between");
    assert_eq!(ledger.carry(&old.instance, 1, &to("closed")).await, Ok(Written::Yes));
    assert_eq!(ledger.entry(&old.instance).await, Ok(None));
    let carried = ledger.entry(&instance("closed")).await.expect("reads").expect("is there");
    assert_eq!((carried.drift.status, carried.version), (DriftStatus::Drifted, 2));
}

#[tokio::test]
async fn lists_are_by_state_account_and_severity_and_an_odd_item_hides_no_other() {
    let Some(moto) = Moto::start() else { return };
    let ledger = ledger(&moto).await;
    let mut elsewhere = drift("elsewhere", DriftStatus::Drifted, Severity::Critical, 30);
    elsewhere.instance.state = StateId::s3("states", "other.tfstate");
    elsewhere.place = Some(Place::new("aws", "210987654321", "eu-west-1"));
    for drift in [
        &drift("low", DriftStatus::Touched, Severity::Low, 20),
        &drift("high", DriftStatus::Drifted, Severity::High, 10),
        &drift("closed", DriftStatus::Resolved, Severity::High, 10),
        &elsewhere,
    ] {
        assert_eq!(ledger.write(drift, None, None).await, Ok(Written::Yes));
    }
    moto.python(
        "client('dynamodb').put_item(TableName='ledger', Item={'pk': {'S': 'odd'}, 'drift': {'S': '{}'}, 'open_severity': {'S': 'high'}, 'rank': {'S': '0'}})",
    );
    let names = async |query: Query| -> Vec<String> {
        ledger.list(&query).await.expect("lists").into_iter().filter_map(|drift| drift.id).collect()
    };
    assert_eq!(names(Query::default()).await, ["elsewhere", "high", "low"]);
    assert_eq!(names(Query { state: Some(StateId::s3("states", "prod.tfstate")), ..Query::default() }).await, ["high", "low"]);
    assert_eq!(names(Query { account: Some("210987654321".to_owned()), ..Query::default() }).await, ["elsewhere"]);
    assert_eq!(names(Query { severity: Some(Severity::Low), ..Query::default() }).await, ["low"]);
    assert_eq!(names(Query { closed_too: true, ..Query::default() }).await, ["elsewhere", "high", "low", "closed"]);
}
