//! The messages that functions leave for each other: what is read is written back as it was.
#![no_main]

use drift_engine::work::Work;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Ok(work) = serde_json::from_str::<Work>(text) {
        let again = serde_json::to_string(&work).ok().and_then(|text| serde_json::from_str::<Work>(&text).ok());
        assert_eq!(again, Some(work));
    }
});
