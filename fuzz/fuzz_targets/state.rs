//! Whole states, and each instance again from its own bytes.
#![no_main]

use std::collections::BTreeMap;

use drift_model::{Declared, identifiers_of};
use drift_state::{Settings, instance, read};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let identifiers = |instance: &_| identifiers_of(instance, &Declared::default());
    let settings = Settings { default_place: None, places: BTreeMap::new(), identifiers: &identifiers };
    if let Ok(state) = read(bytes, &settings) {
        for found in &state.found {
            let _ = instance(found.bytes(bytes), found.outside());
        }
    }
});
