//! /proc/PID/{statm,status,smaps_rollup}.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| scrutineer_profiler::fuzzing::memory_files(bytes));
