use drift_engine::{
    ports::Ledger,
    work::{Again, Function},
};
use drift_model::{Actor, ActorKind, Change, Place, RecordId};

use super::*;
use crate::world::{Script, World, repository, retryable, step};

/// A part of a scan that began a while ago.
fn asked(part: ScanPart, attempt: u32) -> Asked {
    Asked { part, scan: Timestamp::from_second(999_000).ok(), attempt }
}

fn scan() -> Option<Timestamp> {
    asked(ScanPart::Rest, 0).scan
}

fn page(number: u32) -> ScanPart {
    ScanPart::Repositories { page: number, after: Some(format!("cursor {number}")) }
}

async fn part(world: &World, script: &Script, asked: &Asked) -> Result<(), PortError> {
    world.scan(script).part(asked, None, &mut Metrics::default()).await
}

const DONE: Next = Next::Done { unmanaged: 7, gaps: 0 };

#[tokio::test]
async fn a_part_is_judged_then_followed_by_the_next_and_then_done() {
    let world = World::of(&["blog", "shop"]).await;
    world.live("shop", "public");
    let script = Script::of([Ok(step(&["blog", "shop"], Next::Part(page(1))))]);
    part(&world, &script, &asked(page(0), 4)).await.expect("it is done");
    assert_eq!(script.deeds(), ["look at repositories of 999000", "repositories is done"]);
    assert_eq!(world.told(), ["github_repository.shop"]);
    let next = Work::ScanGithub { part: page(1), scan: scan(), attempt: 0 };
    assert_eq!(world.left(), [(next, 0)], "the next part is of the same scan, and was not put off");
}

#[tokio::test]
async fn what_a_schedule_writes_begins_a_scan_unless_one_is_going_on() {
    let world = World::of(&[]).await;
    let begun = Asked { part: ScanPart::Begin, scan: None, attempt: 0 };
    assert_eq!(part(&world, &Script::default(), &begun).await, Err(retryable()));
    let at = scan().expect("it is a time");
    for (start, left) in [
        (Start::Scan(at), vec![(Work::ScanGithub { part: ScanPart::Organisation, scan: scan(), attempt: 0 }, 0)]),
        (Start::UnderWay(at), vec![]),
    ] {
        let script = Script { start: Some(start), ..Script::default() };
        part(&world, &script, &begun).await.expect("it is done");
        assert_eq!((world.left(), script.deeds().len()), (left, 0), "{start:?}");
    }
}

#[tokio::test]
async fn the_last_part_leaves_nothing_and_is_counted() {
    let world = World::of(&[]).await;
    let script = Script::of([Ok(step(&[], DONE)), Ok(step(&[], Next::NotDue))]);
    let mut metrics = Metrics::default();
    world.scan(&script).part(&asked(ScanPart::Rest, 0), None, &mut metrics).await.expect("it is done");
    let mut expected = Metrics::default();
    for name in
        ["looked_at", "told", "handed_over", "hidden", "left_out", "overflowed", "names_left_out", "unknown", "scanned", "dead_letters"]
    {
        expected.count(name, 0);
    }
    for (name, number) in [("scans", 1), ("unmanaged", 7), ("github_requests", 3), ("github_points_left", 4_000)] {
        expected.count(name, number);
    }
    assert_eq!(metrics, expected);
    part(&world, &script, &asked(ScanPart::Rest, 0)).await.expect("it is done");
    assert_eq!(world.left(), []);
    assert_eq!(script.deeds(), ["look at rest of 999000", "rest is done", "look at rest of 999000"], "what is not due is not done again");
}

#[tokio::test]
async fn where_githubs_limit_is_reached_the_part_comes_back_when_it_may_and_not_for_ever() {
    let world = World::of(&["shop"]).await;
    let later = |seconds: Option<u64>| Ok(step(&["shop"], Next::Later(seconds.map(Duration::from_secs))));
    let script = Script::of([later(Some(70)), later(Some(3_000)), later(None), later(Some(1))]);
    for (attempt, delay) in [(0, 70), (1, 900), (2, 120)] {
        part(&world, &script, &asked(page(1), attempt)).await.expect("it is done");
        let again = Work::ScanGithub { part: page(1), scan: scan(), attempt: attempt + 1 };
        assert_eq!(world.left(), [(again, delay)]);
    }
    let given_up = part(&world, &script, &asked(page(1), MOST_ATTEMPTS)).await;
    assert!(matches!(&given_up, Err(PortError::Permanent { why, .. }) if why.contains("limit")), "{given_up:?}");
    assert_eq!(world.left(), []);
    assert!(script.deeds().iter().all(|deed| deed.starts_with("look at")), "it is not done: {:?}", script.deeds());
}

#[tokio::test]
async fn what_fails_can_be_repeated_without_telling_twice() {
    let world = World::of(&["shop"]).await;
    world.live("shop", "public");
    let whole = || Ok(step(&["shop"], Next::Part(page(1))));
    let script = Script { unnoted: 1.into(), ..Script::of([Err(retryable()), whole(), whole()]) };
    for left in [0, 1] {
        assert_eq!(part(&world, &script, &asked(page(0), 0)).await, Err(retryable()));
        assert_eq!(world.left().len(), left);
    }
    part(&world, &script, &asked(page(0), 0)).await.expect("it is done");
    assert_eq!((world.left().len(), world.told()), (1, vec!["github_repository.shop".to_owned()]));
}

#[tokio::test]
async fn a_message_that_is_repeated_leads_to_the_same_and_tells_nothing_twice() {
    let world = World::of(&["shop"]).await;
    world.live("shop", "public");
    let script = Script::of([Ok(step(&["shop"], DONE)), Ok(step(&["shop"], DONE))]);
    for _ in 0..2 {
        part(&world, &script, &asked(ScanPart::Rest, 0)).await.expect("it is done");
    }
    assert_eq!(world.told(), ["github_repository.shop"]);
}

#[tokio::test(start_paused = true)]
async fn what_is_not_judged_when_the_time_is_over_is_left_as_work_of_its_own_and_the_scan_goes_on() {
    let names: Vec<String> = (0..12).map(|number| format!("r{number}")).chain(["hangs".to_owned()]).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let world = World::of(&names).await;
    for name in &names {
        world.live(name, "public");
    }
    let script = Script::of([Ok(step(&names, Next::Part(page(1))))]);
    let end = Some(Instant::now() + Duration::from_mins(1));
    world.scan(&script).part(&asked(page(0), 0), end, &mut Metrics::default()).await.expect("it is done");
    let left = world.left();
    assert_eq!(world.told().len(), 12);
    let [(Work::ScanGithub { part: next, .. }, 0), (Work::Judge { by, instances, why, .. }, 30)] = &left[..] else { panic!("{left:?}") };
    assert_eq!((next, by.function(), why), (&page(1), Function::GithubScanner, &Again::Scanned));
    assert!(instances.contains(&repository("hangs")) && instances.len() <= TOGETHER, "{instances:?}");
}

#[tokio::test(start_paused = true)]
async fn a_look_that_does_not_end_in_time_is_answered_in_time() {
    let world = World::of(&[]).await;
    let script = Script { hangs: true, ..Script::default() };
    let end = Some(Instant::now() + Duration::from_mins(1));
    let answer = world.scan(&script).part(&asked(ScanPart::Organisation, 0), end, &mut Metrics::default()).await;
    assert_eq!(answer, Err(out_of_time(&ScanPart::Organisation)));
    assert_eq!((world.left().len(), end.map(|end| end.elapsed())), (0, Some(Duration::ZERO)));
}

#[tokio::test]
async fn an_instance_that_can_never_be_judged_is_buried_alone_and_the_scan_goes_on() {
    let names = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "panics"];
    let world = World::of(&names).await;
    world.live("a", "public");
    let script = Script::of([Ok(step(&names, Next::Part(page(1))))]);
    let mut metrics = Metrics::default();
    world.scan(&script).part(&asked(page(0), 0), None, &mut metrics).await.expect("it is done");
    assert_eq!((world.told(), world.left().len()), (vec!["github_repository.a".to_owned()], 1));
    let [(body, reason, None, function)] = &world.buried.buried()[..] else { panic!("one message is buried") };
    assert!(body.contains("panics") && reason.contains("panicked") && function == "github-scanner", "{body}: {reason}");
    let work: Work = serde_json::from_str(body).expect("it can be sent back as it is");
    assert_eq!(work.function(), Function::GithubScanner);
}

fn change(id: &str, seconds: i64) -> Change {
    Change {
        id: RecordId(id.to_owned()),
        source: "github".to_owned(),
        name: "repo.access".to_owned(),
        time: Timestamp::from_second(seconds).expect("a time"),
        place: Place::new("github", "acme", Place::GLOBAL),
        actor: Actor { kind: ActorKind::User, name: "mallory".to_owned(), tool: None, console: false },
        source_address: None,
        user_agent: None,
        names: Vec::new(),
        names_left_out: 0,
    }
}

#[tokio::test]
async fn what_explains_one_instance_is_not_seen_around_another() {
    let world = World::of(&["blog", "shop"]).await;
    world.live("shop", "public");
    world.live("blog", "public");
    let mut step = step(&["blog", "shop"], DONE);
    let seen = SeenChange { change: change("audit-1", 999_000), cause_of: vec![repository("shop")] };
    step.instances.iter_mut().filter(|(instance, _)| *instance == repository("shop")).for_each(|(_, changes)| changes.push(seen.clone()));
    let script = Script::of([Ok(step)]);
    part(&world, &script, &asked(ScanPart::Rest, 0)).await.expect("it is done");
    for (name, causes) in [("shop", 1), ("blog", 0)] {
        let entry = world.detector.ports.ledger.entry(&repository(name)).await.expect("reads").expect("is there");
        assert_eq!((entry.drift.causes.len(), entry.drift.also_seen.len()), (causes, 0), "{name}");
    }
}

#[test]
fn of_too_many_changes_the_newest_are_carried() {
    let seen = |number: i64| SeenChange { change: change(&format!("audit-{number}"), number), cause_of: Vec::new() };
    let instances = vec![(repository("shop"), (0..500).rev().map(seen).collect())];
    let [Work::Judge { changes, .. }] = &groups(instances, Timestamp::UNIX_EPOCH)[..] else { panic!("one message") };
    let first = changes.first().map(|seen| seen.change.id.0.as_str());
    assert_eq!((changes.len(), first), (MOST_CHANGES, Some("audit-380")));
}
