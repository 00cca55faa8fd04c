//! Message bodies to records, records to changes: at most 1,000 names each, of bounded length.
#![no_main]

use drift_events::{Outcome, read, records};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|body: &[u8]| {
    for record in records(body).into_iter().flatten() {
        if let Outcome::Change(change) = read(&record).outcome {
            assert!(change.names.len() <= 1_000 && change.names.iter().all(|name| name.at.len() < 300));
        }
    }
});
