//! Fuzzed: `/proc/PID/stat`.

use super::stat;
use crate::fuzzing::text;

/// Reads the bytes as `/proc/PID/stat`.
pub fn stat_file(bytes: &[u8]) {
    let _ = stat::parse(&text(bytes), 100);
}
