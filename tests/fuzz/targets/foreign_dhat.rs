//! DHAT's JSON.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| scrutineer_profiler::fuzzing::foreign_dhat(bytes));
