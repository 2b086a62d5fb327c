//! Answers of sock_diag, and /proc/PID/net.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| scrutineer_profiler::fuzzing::socket_answers(bytes));
