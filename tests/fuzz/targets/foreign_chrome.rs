//! A Chrome CPU profile, or a trace.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| scrutineer_profiler::fuzzing::foreign_chrome(bytes));
