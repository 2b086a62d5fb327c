//! Messages between the program and its privileged helper.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| scrutineer_profiler::fuzzing::helper_messages(bytes));
