//! Addresses: what parses prints back, and its parts are parts of it.
#![no_main]

use drift_model::Address;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Ok(address) = text.parse::<Address>() {
        assert_eq!(address.to_string(), text);
        assert_eq!(Address::new(address.module(), address.type_name(), address.name(), address.key()), address);
    }
});
