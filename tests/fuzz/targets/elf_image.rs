//! ELF images, and unwinding by what they say of their frames.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| scrutineer_profiler::fuzzing::elf_image(bytes));
