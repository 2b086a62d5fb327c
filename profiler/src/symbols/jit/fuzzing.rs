//! Fuzzed: perf maps and jitdump files that grow.

use std::os::unix::fs::MetadataExt as _;

use super::{dump::Dump, perf_map::PerfMap};
use crate::fuzzing::{Numbers, SOME_ADDRESSES, scratch};

fn own_user() -> u32 {
    std::fs::metadata("/proc/self").map_or(0, |metadata| metadata.uid())
}

/// A file in two steps, as one that is still written.
fn steps(bytes: &[u8]) -> [&[u8]; 2] {
    let mut numbers = Numbers(bytes);
    let first = usize::from(numbers.u16()).min(numbers.0.len());
    [&numbers.0[..first], numbers.0]
}

/// Reads the bytes as a perf map.
pub fn perf_map(bytes: &[u8]) {
    let mut map = PerfMap::default();
    for step in steps(bytes) {
        map.refresh(&[scratch(step)], own_user());
        for address in SOME_ADDRESSES {
            let _ = map.name(address);
        }
    }
}

/// Reads the bytes as a jitdump file.
pub fn jitdump(bytes: &[u8]) {
    let mut dump = Dump::default();
    for step in steps(bytes) {
        dump.refresh(&[scratch(step)], own_user());
        for address in SOME_ADDRESSES {
            let _ = dump.name(address);
        }
    }
}
