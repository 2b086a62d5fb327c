//! Fuzzed: `io`, `status` and the pressure files.

use super::{disk, pressure, threads};
use crate::fuzzing::text;

/// Reads the bytes as each of the files that tell of threads and pressure.
pub fn thread_files(bytes: &[u8]) {
    let text = text(bytes);
    let _ = disk::parse(&text);
    let _ = threads::parse_status(&text);
    let _ = pressure::totals(&text);
}
