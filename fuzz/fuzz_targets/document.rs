//! Any bytes through `fuzzing::document`.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let _ = imports_gateway::fuzzing::document(data);
});
