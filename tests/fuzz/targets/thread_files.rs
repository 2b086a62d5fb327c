//! /proc/PID/task/TID/{io,status}, and pressure files.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| scrutineer_profiler::fuzzing::thread_files(bytes));
