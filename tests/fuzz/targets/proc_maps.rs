//! Lines of /proc/PID/maps.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| scrutineer_profiler::fuzzing::proc_maps(bytes));
