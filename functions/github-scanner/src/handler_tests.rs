use drift_engine::work::{JudgedBy, ScanPart, Work};
use drift_model::Timestamp;

use super::*;
use crate::{
    scan::Next,
    world::{Script, World, repository, step},
};

fn message(body: &str) -> Message {
    Message { body: body.to_owned(), ..Message::default() }
}

fn judge(by: JudgedBy, name: &str) -> String {
    let (instances, since) = (vec![repository(name)], Timestamp::UNIX_EPOCH);
    let work = Work::Judge { by, instances, changes: Vec::new(), why: drift_engine::work::Again::Handed, attempt: 0, since };
    serde_json::to_string(&work).expect("serialises")
}

fn part() -> String {
    r#"{"driftwire": "scan_github", "part": "organisation", "scan": "2026-03-14T09:27:00Z"}"#.to_owned()
}

async fn results(world: &World, script: &Script, bodies: &[String]) -> Vec<Result<(), PortError>> {
    let decoded = bodies.iter().map(|body| decode(&message(body))).collect();
    let done = worked(&world.detector, script, &world.buried, (decoded, None), &mut Metrics::default()).await;
    done.into_iter().map(|done| done.result).collect()
}

#[tokio::test]
async fn each_message_of_a_batch_is_answered_for_what_became_of_it() {
    let world = World::of(&["blog", "shop"]).await;
    world.live("blog", "public");
    world.live("shop", "public");
    let script = Script::of([Ok(step(&["shop"], Next::Part(ScanPart::Rest)))]);
    let bodies = [
        r#"{"detail": {"eventID": "e-1"}}"#.to_owned(),
        part(),
        judge(JudgedBy::GithubScanner, "blog"),
        judge(JudgedBy::ProviderJudge, "blog"),
    ];
    let results = results(&world, &script, &bodies).await;
    let permanent = |result: &Result<(), PortError>| matches!(result, Err(PortError::Permanent { .. }));
    assert!(permanent(&results[0]) && permanent(&results[3]), "{results:?}");
    assert_eq!((&results[1], &results[2]), (&Ok(()), &Ok(())));
    assert_eq!(world.told(), ["github_repository.blog", "github_repository.shop"]);
    assert_eq!(world.left().len(), 1, "what follows the part");
    assert_eq!(script.deeds().first().map(String::as_str), Some("turn to single looks"), "what was handed over is read anew");
}

#[tokio::test]
async fn a_part_that_panics_is_buried_and_costs_no_other_message() {
    let world = World::of(&["blog"]).await;
    world.live("blog", "public");
    let script = Script::of([]);
    let results = results(&world, &script, &[part(), judge(JudgedBy::GithubScanner, "blog")]).await;
    assert_eq!(results, [Err(panicked()), Ok(())]);
    assert_eq!(world.told(), ["github_repository.blog"]);
}
