//! Ignore files.
#![no_main]

use drift_engine::ignore::Ignore;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let _ = Ignore::parse(text, "fuzzed");
});
