//! Perf.data.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| scrutineer_profiler::fuzzing::foreign_perf_data(bytes));
