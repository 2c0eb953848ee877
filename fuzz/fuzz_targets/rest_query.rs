//! Any bytes through `fuzzing::rest_query`.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let _ = imports_gateway::fuzzing::rest_query(data);
});
