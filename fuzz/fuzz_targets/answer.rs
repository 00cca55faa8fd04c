//! Answers of AWS, of every protocol and status: an object, or an error of bounded length.
#![no_main]

use drift_aws::UntypedCalls;
use drift_catalog::shapes;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (u8, u8, bool, &[u8])| {
    let (service, operation, well, body) = input;
    let services: Vec<&str> = shapes::services().collect();
    let name = services[usize::from(service) % services.len()];
    let Some(service) = shapes::service(name) else { return };
    let operations: Vec<&String> = service.operations.keys().collect();
    let Some(operation) = operations.get(usize::from(operation) % operations.len().max(1)) else { return };
    if let Ok(answer) = UntypedCalls::decoded(name, operation, if well { 200 } else { 400 }, body) {
        assert!(answer.is_object());
    }
});
