//! Fuzzed: `statm`, and the lines of `status` and `smaps_rollup`.

use super::reader;

/// Reads the bytes as each of the files that tell of memory.
pub fn memory_files(bytes: &[u8]) {
    let _ = reader::parse_statm(bytes);
    for name in ["RssAnon:", "VmSwap:", "Pss:"] {
        let _ = reader::kilobytes(bytes, name);
    }
}
