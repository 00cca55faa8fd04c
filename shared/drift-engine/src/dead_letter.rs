//! Dead letters: what they say of themselves, whose work they are, and how they are worked on once more.

use drift_model::Timestamp;
use serde_json::Value;

use crate::{
    ports::{Graveyard, Held, PortError},
    work::{Function, Work},
};

/// A message among the dead letters. A function that buried it says why; SQS's redrive moves a message as it is, without
/// a word. Untrusted text, all of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeadLetter {
    /// The queue's id of it.
    pub id: String,
    /// When it was sent: by the function that buried it, or first of all, where redrive moved it.
    pub sent: Option<Timestamp>,
    /// How often it was received, looks for people included.
    pub received: u32,
    /// Why it cannot succeed; nothing where redrive moved it.
    pub reason: Option<String>,
    /// The function that buried it.
    pub function: Option<String>,
    /// The id of its first record, where the function knew one.
    pub record: Option<String>,
    /// The message as it was.
    pub body: String,
}

impl DeadLetter {
    /// Whether the queue moved it, after a function had failed at it again and again without an answer.
    #[must_use]
    pub fn is_redriven(&self) -> bool {
        self.reason.is_none() && self.function.is_none()
    }

    /// The function that it is for: the one that buried it, else as its body tells. Nothing where a function buried it
    /// that has no queue to go back to.
    #[must_use]
    pub fn belongs_to(&self) -> Option<Function> {
        match &self.function {
            Some(name) => Function::ALL.into_iter().find(|function| function.name() == name),
            None => Some(function_of(&self.body)),
        }
    }
}

/// Work says whose it is, S3's events are for `state-indexer`, what SNS delivers (an alert of Driftwire's, an alarm of CloudWatch's) is for
/// `slack-notifier`, and anything else can only be meant as a record.
fn function_of(body: &str) -> Function {
    if let Ok(work) = serde_json::from_str::<Work>(body) {
        return work.function();
    }
    let event = serde_json::from_str(body).unwrap_or(Value::Null);
    let holds = |paths: &[&str]| paths.iter().all(|path| event.pointer(path).is_some_and(Value::is_string));
    if holds(&["/detail/bucket/name", "/detail/object/key"]) {
        Function::StateIndexer
    } else if holds(&["/Type", "/Message"]) || holds(&["/id", "/kind", "/severity", "/address"]) || holds(&["/AlarmName", "/NewStateValue"])
    {
        Function::SlackNotifier
    } else {
        Function::EventDetector
    }
}

/// What became of letters that were to be worked on once more.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Retried {
    /// Those that are in their function's queue again.
    pub sent: Vec<(DeadLetter, Function)>,
    /// Those that are not, or that may be in both queues, and why.
    pub failed: Vec<(DeadLetter, PortError)>,
    /// The ids that no letter in hand has.
    pub unknown: Vec<String>,
    /// Whether there may be more letters than were looked at.
    pub more: bool,
}

/// Sends letters back to the queues of their functions: those of these ids, or all of them.
///
/// Each is sent first and deleted then. Whatever dies between the two leaves it in both queues: it is handled again, which
/// changes nothing that was held and tells nothing that was told. The other order could lose it.
///
/// # Errors
///
/// Where the dead letters cannot be read. One that cannot be sent costs only itself.
pub async fn retry(graveyard: &impl Graveyard, ids: Option<&[String]>) -> Result<Retried, PortError> {
    let dug = graveyard.dig().await?;
    let is_asked_for = |held: &Held| ids.is_none_or(|ids| ids.contains(&held.letter.id));
    let (asked, others): (Vec<Held>, Vec<Held>) = dug.held.into_iter().partition(is_asked_for);
    let is_there = |id: &&String| asked.iter().any(|held| held.letter.id == **id);
    let mut retried =
        Retried { unknown: ids.into_iter().flatten().filter(|id| !is_there(id)).cloned().collect(), more: dug.more, ..Retried::default() };
    let mut kept = others;
    for held in asked {
        match sent(graveyard, &held).await {
            Ok(function) => retried.sent.push((held.letter, function)),
            Err(error) => {
                retried.failed.push((held.letter.clone(), error));
                kept.push(held);
            }
        }
    }
    if let Err(error) = graveyard.give_back(&kept).await {
        tracing::warn!(%error, "the other letters come back by themselves in a moment");
    }
    Ok(retried)
}

async fn sent(graveyard: &impl Graveyard, held: &Held) -> Result<Function, PortError> {
    let function = held.letter.belongs_to().ok_or_else(|| PortError::Permanent {
        what: format!("sending the dead letter {} back", held.letter.id),
        why: format!("no queue is known of the function {}", held.letter.function.as_deref().unwrap_or_default()),
    })?;
    graveyard.resend(&held.letter.body, function).await?;
    graveyard.delete(held).await?;
    Ok(function)
}

#[cfg(test)]
mod tests {
    use std::sync::{Mutex, PoisonError};

    use futures::FutureExt;

    use super::*;
    use crate::ports::Dug;

    /// Notes what is done, in order; the queue of `state-indexer` takes nothing.
    #[derive(Default)]
    struct Noted {
        letters: Vec<Held>,
        deeds: Mutex<Vec<String>>,
    }

    impl Noted {
        fn of(letters: impl IntoIterator<Item = DeadLetter>) -> Self {
            let held = |letter: DeadLetter| Held { receipt: format!("receipt of {}", letter.id), letter };
            Self { letters: letters.into_iter().map(held).collect(), ..Self::default() }
        }

        fn note(&self, deed: String) {
            self.deeds.lock().unwrap_or_else(PoisonError::into_inner).push(deed);
        }

        fn deeds(&self) -> Vec<String> {
            self.deeds.lock().unwrap_or_else(PoisonError::into_inner).clone()
        }
    }

    impl Graveyard for Noted {
        async fn dig(&self) -> Result<Dug, PortError> {
            Ok(Dug { held: self.letters.clone(), more: false })
        }

        async fn give_back(&self, letters: &[Held]) -> Result<(), PortError> {
            for held in letters {
                self.note(format!("give back {}", held.letter.id));
            }
            Ok(())
        }

        async fn resend(&self, body: &str, to: Function) -> Result<(), PortError> {
            self.note(format!("send {body} to {}", to.name()));
            match to {
                Function::EventDetector | Function::ProviderJudge | Function::GithubScanner | Function::SlackNotifier => Ok(()),
                Function::StateIndexer => Err(PortError::Permanent { what: "sending".to_owned(), why: "denied".to_owned() }),
            }
        }

        async fn delete(&self, letter: &Held) -> Result<(), PortError> {
            self.note(format!("delete by {}", letter.receipt));
            Ok(())
        }
    }

    fn letter(id: &str, function: Option<&str>, body: &str) -> DeadLetter {
        DeadLetter { id: id.to_owned(), function: function.map(str::to_owned), body: body.to_owned(), ..DeadLetter::default() }
    }

    #[test]
    fn a_letter_that_redrive_moved_is_known_by_its_body() {
        let of_s3 = r#"{"detail-type": "Object Created", "detail": {"bucket": {"name": "b"}, "object": {"key": "k"}}}"#;
        for (body, function) in [
            (r#"{"driftwire": "sweep"}"#, Function::EventDetector),
            (r#"{"driftwire": "reconcile"}"#, Function::StateIndexer),
            (
                r#"{"driftwire": "judge", "by": "provider-judge", "instances": [], "changes": [], "why": "handed", "attempt": 0, "since": "2026-03-14T09:27:00Z"}"#,
                Function::ProviderJudge,
            ),
            (r#"{"driftwire": "scan_github"}"#, Function::GithubScanner),
            (r#"{"driftwire": "scan_github", "part": {"repositories": {"page": 1, "after": "c"}}}"#, Function::GithubScanner),
            (r#"{"driftwire": "nonsense"}"#, Function::EventDetector),
            (of_s3, Function::StateIndexer),
            (
                r#"{"Type": "Notification", "TopicArn": "arn:aws:sns:eu-west-1:123456789012:driftwire", "Message": "{}"}"#,
                Function::SlackNotifier,
            ),
            (r#"{"version": "1", "id": "1d", "kind": "opened", "severity": "low", "address": "aws_sqs_queue.q"}"#, Function::SlackNotifier),
            (r#"{"AlarmName": "driftwire-dead-letters", "NewStateValue": "ALARM"}"#, Function::SlackNotifier),
            (r#"{"source": "aws.s3", "detail": {"eventSource": "s3.amazonaws.com"}}"#, Function::EventDetector),
            ("{", Function::EventDetector),
        ] {
            assert_eq!(letter("1", None, body).belongs_to(), Some(function), "{body}");
        }
    }

    #[test]
    fn the_function_that_buried_a_letter_counts_over_its_body() {
        assert_eq!(letter("1", Some("state-indexer"), r#"{"driftwire": "sweep"}"#).belongs_to(), Some(Function::StateIndexer));
        assert_eq!(letter("1", Some("slack-notifier"), "{}").belongs_to(), Some(Function::SlackNotifier));
        assert_eq!(letter("1", Some("aws-scanner"), "{}").belongs_to(), None);
    }

    #[test]
    fn a_letter_is_sent_before_it_is_deleted_and_the_others_are_given_back() {
        let noted = Noted::of([letter("1", None, "a"), letter("2", None, "b")]);
        let retried =
            retry(&noted, Some(&["2".to_owned(), "3".to_owned()])).now_or_never().expect("nothing waits").expect("the letters can be read");
        assert_eq!(noted.deeds(), ["send b to event-detector", "delete by receipt of 2", "give back 1"]);
        assert_eq!(retried.unknown, ["3"]);
        assert_eq!(retried.sent.len(), 1);
    }

    #[test]
    fn a_letter_that_cannot_be_sent_costs_only_itself_and_stays() {
        let noted = Noted::of([letter("1", Some("state-indexer"), "a"), letter("2", Some("aws-scanner"), "b"), letter("3", None, "c")]);
        let retried = retry(&noted, None).now_or_never().expect("nothing waits").expect("the letters can be read");
        assert_eq!(retried.failed.iter().map(|(letter, _)| letter.id.as_str()).collect::<Vec<_>>(), ["1", "2"]);
        assert_eq!(
            noted.deeds(),
            ["send a to state-indexer", "send c to event-detector", "delete by receipt of 3", "give back 1", "give back 2"]
        );
    }
}
