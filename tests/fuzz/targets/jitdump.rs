//! Jitdump files.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| scrutineer_profiler::fuzzing::jitdump(bytes));
