//! The ring buffers, one per role and CPU: how large they are, and mapping them.

use std::{io, os::fd::BorrowedFd};

use linux_perf_event_reader::RecordParseInfo;

use super::{
    attributes, cpus,
    opener::EventOpener,
    wish::{EventRole, EventWish},
};
use crate::{capture::model::CallGraph, sys::perf::Ring};

const SMALLEST_WANTED_BYTES: usize = 512 << 10;
/// Larger rings leave the processor's caches, and each sample then costs the target more.
const LARGEST_BYTES: usize = 16 << 20;
const LARGEST_TOTAL_BYTES: usize = 256 << 20;
/// Below this a ring holds less than a handful of samples.
const SMALLEST_BYTES: usize = 128 << 10;
/// Room for the part of a sample that is no stack.
const SAMPLE_HEAD_BYTES: usize = 512;
/// Waiters wake up when so much waits, however large the ring: what is read soon is still in the
/// processor's cache.
const LARGEST_WATERMARK_BYTES: usize = 4 << 20;

/// The ring of one CPU.
#[derive(Debug)]
pub(super) struct CpuRing {
    pub(super) cpu: u32,
    pub(super) ring: Ring,
    /// Position up to which records other than samples were looked at.
    pub(super) looked_at: u64,
}

/// The rings of one role, one per CPU.
#[derive(Debug)]
pub(super) struct RoleRings {
    pub(super) wish: EventWish,
    /// Whether its events are of the whole machine, whatever the subject: who wakes a thread up is
    /// mostly somebody else, or an interrupt while somebody else runs.
    pub(super) is_machine_wide: bool,
    pub(super) parse_info: RecordParseInfo,
    pub(super) rings: Vec<CpuRing>,
}

impl RoleRings {
    /// Maps a ring for each CPU. They hold up to half a second, because a busy machine may keep
    /// the recorder waiting; where so much memory may not be locked, they are halved until they
    /// fit, and once more, so that another role or a second recording finds room too.
    pub(super) fn map(wish: EventWish, opener: &mut dyn EventOpener) -> io::Result<Self> {
        let cpus = cpus::online()?;
        let mut bytes = wanted_bytes(&wish, cpus.len());
        let mut was_refused = false;
        let rings = loop {
            match map_each(&cpus, bytes, opener) {
                Ok(rings) if !was_refused || bytes <= SMALLEST_BYTES => break rings,
                Ok(rings) => {
                    drop(rings);
                    break map_each(&cpus, bytes / 2, opener)?;
                }
                Err(error) if is_quota(&error) && bytes > SMALLEST_BYTES => {
                    was_refused = true;
                    bytes /= 2;
                }
                Err(error) => return Err(error),
            }
        };
        Ok(Self {
            wish,
            parse_info: attributes::parse_info(&wish),
            is_machine_wide: false,
            rings,
        })
    }

    pub(super) fn descriptors(&self) -> impl Iterator<Item = BorrowedFd<'_>> {
        self.rings.iter().map(|cpu_ring| cpu_ring.ring.descriptor())
    }

    /// Position after the newest record of each CPU.
    pub(super) fn heads(&self) -> Vec<u64> {
        self.rings
            .iter()
            .map(|cpu_ring| cpu_ring.ring.head())
            .collect()
    }
}

fn wanted_bytes(wish: &EventWish, cpu_count: usize) -> usize {
    let stack_bytes = match wish.call_graph {
        CallGraph::Dwarf => wish.stack_dump_bytes as usize,
        CallGraph::FramePointers => 0,
    };
    let records_per_s = match wish.role {
        EventRole::Cpu | EventRole::PageFaults => wish.frequency_hz as usize,
        // A thread that leaves its CPU so often hardly works any more.
        EventRole::Switches => 1_000,
        EventRole::Wakeups { .. } => 10_000,
    };
    let half_a_second = records_per_s * (stack_bytes + SAMPLE_HEAD_BYTES) / 2;
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

fn map_each(cpus: &[u32], bytes: usize, opener: &mut dyn EventOpener) -> io::Result<Vec<CpuRing>> {
    let watermark_bytes = (bytes / 4).min(LARGEST_WATERMARK_BYTES) as u32;
    cpus.iter()
        .map(|cpu| {
            let leader = opener.open_leader(watermark_bytes, *cpu)?;
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
    use scrutineer_evidence::capture::Sampler as SamplerKind;

    use super::*;

    fn wish(frequency_hz: u32, stack_dump_bytes: u32) -> EventWish {
        EventWish {
            role: EventRole::Cpu,
            clock: SamplerKind::PerfCpuClock,
            kernel: false,
            frequency_hz,
            call_graph: CallGraph::Dwarf,
            stack_dump_bytes,
            follows_children: true,
            from_exec: false,
            held_back: false,
            wakes_each: false,
        }
    }

    #[test]
    fn a_ring_holds_half_a_second_and_stays_within_bounds() {
        let bytes = |hz, stack, cpus| wanted_bytes(&wish(hz, stack), cpus);
        assert_eq!(bytes(999, 32 << 10, 2), 16 << 20);
        assert_eq!(bytes(99, 4096, 2), 512 << 10);
        assert_eq!(bytes(999, 32 << 10, 64), 4 << 20);
        assert_eq!(bytes(9_999, 65_528, 4), 16 << 20);
        assert_eq!(bytes(9_999, 65_528, 128), 2 << 20);
        assert_eq!(bytes(9_999, 65_528, 1024), 512 << 10);
    }
}
