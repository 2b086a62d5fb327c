//! The memory of a process that executes CPython.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| scrutineer_profiler::fuzzing::python_memory(bytes));
