//! Fuzzed: ELF files with their debug information, cached names, `kallsyms`.

use std::sync::Arc;

pub use super::jit::fuzzing::{jitdump, perf_map};
use super::{
    cache, debug_files::Search, elf::ElfSymbols, image::Image, kernel, kernel_cache,
    locate::Located,
};
use crate::fuzzing::{SOME_ADDRESSES, scratch};

/// Reads the bytes as `/proc/kallsyms`.
pub fn kernel_symbols(bytes: &[u8]) {
    let symbols = kernel::KernelSymbols::read(bytes).expect("memory can be read");
    assert!(symbols.is_sorted());
}

/// Looks addresses up in an ELF file of these bytes.
pub fn elf_symbols(bytes: &[u8]) {
    let path = scratch(bytes);
    let Some(image) = Image::open(&path) else {
        return;
    };
    let located = Located {
        path,
        module_path: "/image".to_owned(),
        image: Arc::new(image),
        // Whatever the file refers to is not to be found.
        roots: vec!["/proc/self/fdinfo".into()],
    };
    let search = Search::of(&located);
    let symbols = ElfSymbols::new(located, search);
    let _ = (symbols.fingerprint(), symbols.has_symbols());
    let found = symbols.lookup(&SOME_ADDRESSES, 0);
    assert_eq!(found.len(), SOME_ADDRESSES.len());
    let _ = symbols.lacks_parts();
}

/// Reads a file of cached names whose head fits these bytes.
pub fn symbol_cache(bytes: &[u8]) {
    let _ = cache::unpack(bytes);
    let mut file = b"scrsyms1".to_vec();
    let packed = lz4_flex::block::compress(bytes);
    file.extend(crc32fast::hash(&packed).to_le_bytes());
    file.extend((bytes.len() as u64).to_le_bytes());
    file.extend(packed);
    let _ = cache::unpack(&file);
    let mut kernel = b"scrkern1".to_vec();
    kernel.extend(crc32fast::hash(bytes).to_le_bytes());
    kernel.extend(bytes);
    if let Some(mut symbols) = kernel_cache::unpack(&kernel) {
        assert!(symbols.is_sorted());
        symbols.is_whole = true;
        symbols.lookup(&SOME_ADDRESSES);
    }
}
