//! ELF files with their debug information.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| scrutineer_profiler::fuzzing::elf_symbols(bytes));
