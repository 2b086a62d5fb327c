//! Cached names.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| scrutineer_profiler::fuzzing::symbol_cache(bytes));
