//! The ports of Driftwire on AWS, and the native reader.

mod alerts;
mod buckets;
mod client;
mod clock;
mod credentials;
mod failure;
mod heartbeat;
mod index;
mod ledger;
mod letters;
mod native;
mod notes;
mod objects;
mod queue;
mod secret;
mod states;
mod table;
mod told;

pub use alerts::SnsAlerts;
pub use buckets::{BucketRegions, BucketRegionsError, is_region};
pub use client::{ClientSettings, http_client, load};
pub use clock::SystemClock;
pub use credentials::{Accounts, AssumedRole};
pub use heartbeat::DynamoHeartbeat;
pub use index::DynamoIndex;
pub use ledger::DynamoLedger;
pub use letters::{SqsGraveyard, SqsQueue};
pub use native::{NativeReader, UntypedCalls};
pub use notes::DynamoNotes;
pub use objects::{ObjectError, Objects};
pub use queue::{SqsDeadLetters, SqsQueues};
pub use secret::{SecretArn, SecretArnError, Secrets};
pub use states::{StatePattern, StatePatternError, States};
pub use told::{Claim, Claimed, DynamoTold};
