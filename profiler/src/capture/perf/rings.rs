//! The ring buffers, one per CPU: how large they are, and mapping them.

use std::io;

use super::{attributes::leader_attributes, cpus};
use crate::sys::{self, perf::Ring};

const SMALLEST_WANTED_BYTES: usize = 512 << 10;
const LARGEST_BYTES: usize = 16 << 20;
const LARGEST_TOTAL_BYTES: usize = 256 << 20;
/// Below this a ring holds less than a handful of samples.
const SMALLEST_BYTES: usize = 128 << 10;
/// Room for the part of a sample that is no stack.
const SAMPLE_HEAD_BYTES: usize = 512;

/// The ring of one CPU.
#[derive(Debug)]
pub(super) struct CpuRing {
    pub(super) cpu: u32,
    pub(super) ring: Ring,
    /// Position up to which records other than samples were looked at.
    pub(super) looked_at: u64,
}

/// Maps a ring for each CPU. They hold up to half a second, because a
/// busy machine may keep the recorder waiting; where so much memory
/// may not be locked, they are halved until they fit, and once more, so that a second recording
/// finds room too.
pub(super) fn map_all(frequency_hz: u32, stack_dump_bytes: u32) -> io::Result<Vec<CpuRing>> {
    let cpus = cpus::online()?;
    let mut bytes = wanted_bytes(frequency_hz, stack_dump_bytes, cpus.len());
    let mut was_refused = false;
    loop {
        match map_each(&cpus, bytes) {
            Ok(rings) if !was_refused || bytes <= SMALLEST_BYTES => return Ok(rings),
            Ok(rings) => {
                drop(rings);
                return map_each(&cpus, bytes / 2);
            }
            Err(error) if is_quota(&error) && bytes > SMALLEST_BYTES => {
                was_refused = true;
                bytes /= 2;
            }
            Err(error) => return Err(error),
        }
    }
}

fn wanted_bytes(frequency_hz: u32, stack_dump_bytes: u32, cpu_count: usize) -> usize {
    let sample_bytes = stack_dump_bytes as usize + SAMPLE_HEAD_BYTES;
    let half_a_second = frequency_hz as usize * sample_bytes / 2;
    let mut bytes = half_a_second
        .next_power_of_two()
        .clamp(SMALLEST_WANTED_BYTES, LARGEST_BYTES);
    while bytes > SMALLEST_WANTED_BYTES && bytes * cpu_count > LARGEST_TOTAL_BYTES {
        bytes /= 2;
    }
    bytes
}

fn is_quota(error: &io::Error) -> bool {
    matches!(error.raw_os_error(), Some(libc::EPERM | libc::ENOMEM))
}

fn map_each(cpus: &[u32], bytes: usize) -> io::Result<Vec<CpuRing>> {
    let attributes = leader_attributes(bytes);
    cpus.iter()
        .map(|cpu| {
            // The leader belongs to this thread, so that it never reports the end of another.
            let leader = sys::perf::open(&attributes, 0, *cpu)?;
            Ok(CpuRing {
                cpu: *cpu,
                ring: Ring::map(leader, bytes)?,
                looked_at: 0,
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ring_holds_half_a_second_and_stays_within_bounds() {
        assert_eq!(wanted_bytes(999, 32 << 10, 2), 16 << 20);
        assert_eq!(wanted_bytes(99, 4096, 2), 512 << 10);
        assert_eq!(wanted_bytes(999, 32 << 10, 64), 4 << 20);
        assert_eq!(wanted_bytes(9_999, 65_528, 4), 16 << 20);
        assert_eq!(wanted_bytes(9_999, 65_528, 128), 2 << 20);
        assert_eq!(wanted_bytes(9_999, 65_528, 1024), 512 << 10);
    }
}
