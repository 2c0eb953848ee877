//! Any bytes through `fuzzing::guard`.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let _ = imports_gateway::fuzzing::guard(data);
});
