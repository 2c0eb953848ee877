//! Any bytes through `fuzzing::cursor`.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let _ = imports_gateway::fuzzing::cursor(data);
});
