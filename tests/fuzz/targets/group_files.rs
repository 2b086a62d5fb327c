//! /proc/PID/{cgroup,mountinfo}, and the files of control groups.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| scrutineer_profiler::fuzzing::group_files(bytes));
