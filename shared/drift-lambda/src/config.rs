//! What a function is told by its environment.
//!
//! | variable | meaning | example |
//! | --- | --- | --- |
//! | `DRIFTWIRE_INDEX_TABLE` | DynamoDB table of the index | `driftwire-index` |
//! | `DRIFTWIRE_LEDGER_TABLE` | DynamoDB table of the ledger | `driftwire-ledger` |
//! | `DRIFTWIRE_TOPIC_ARN` | SNS topic that alerts are published to | `arn:aws:sns:eu-west-1:111122223333:driftwire` |
//! | `DRIFTWIRE_EVENTS_QUEUE_URL` | SQS queue that `event-detector` works from | `https://sqs.eu-west-1.amazonaws.com/111122223333/driftwire-events` |
//! | `DRIFTWIRE_STATES_QUEUE_URL` | SQS queue that `state-indexer` works from | |
//! | `DRIFTWIRE_DEAD_LETTER_QUEUE_URL` | SQS queue for what cannot succeed | |
//! | `DRIFTWIRE_STATES` | where states are: `bucket/prefix*`, `bucket/key` or `bucket`, separated by commas | `tf-states/live/*,tf-legacy` |
//!
//! Those are required. The others are not:
//!
//! | variable | meaning | default |
//! | --- | --- | --- |
//! | `DRIFTWIRE_LOCK_TABLES` | DynamoDB tables in which Terraform locks states, separated by commas | none: S3's own locks alone |
//! | `DRIFTWIRE_ASSUME_ROLE` | role to read other accounts with; `{partition}` and `{account}` stand for theirs | none |
//! | `DRIFTWIRE_EXTERNAL_ID` | external id that goes with that role | none |
//! | `DRIFTWIRE_DEFAULT_PLACE` | `partition/account/region` of instances whose state does not tell | none: they are not judged |
//! | `DRIFTWIRE_IGNORE` | what not to tell: the ignore file's text, or `s3://bucket/key` of it | nothing is ignored |
//! | `DRIFTWIRE_GRACE_SECONDS` | how long after a change that says it is Terraform's a drift is not believed | 120 |
//! | `DRIFTWIRE_DEFER_SECONDS` | the growing delays between looks meanwhile, each at most 900; the last one repeats | 30,60,120,300,900 |
//! | `DRIFTWIRE_DEFER_LIMIT_SECONDS` | how long a lock is waited for in all | 21600 |
//! | `DRIFTWIRE_RECHECK_WITHIN_SECONDS` | verdicts this close to the change are checked once more | 15 |
//! | `DRIFTWIRE_RECHECK_AFTER_SECONDS` | after this delay, at most 900 | 30 |
//! | `DRIFTWIRE_LOG` | levels of the log, as `tracing`'s `EnvFilter` takes them | `info` |
//!
//! What AWS's SDK reads (`AWS_REGION`, `AWS_ENDPOINT_URL`, ...) works as everywhere.
