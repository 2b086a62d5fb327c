//! What happens to the target beside samples: new mappings, names, processes and threads.

use linux_perf_event_reader::{
    EventRecord, Mmap2FileId, RawData, RawEventRecord, RecordParseInfo, RecordType,
};

use crate::{capture::unwind::Mapping, sys::perf::Record};

/// `PERF_RECORD_MISC_MMAP_BUILD_ID`: an `MMAP2` record that states a build id in place of a file.
const MISC_BUILD_ID: u16 = 1 << 14;

/// Something that happened, other than a sample.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Happening {
    Mapped {
        pid: u32,
        mapping: Mapping,
    },
    Named {
        pid: u32,
        tid: u32,
        name: String,
        by_exec: bool,
    },
    Born {
        pid: u32,
        tid: u32,
        parent_pid: u32,
        parent_tid: u32,
    },
    Ended {
        pid: u32,
        tid: u32,
    },
    Lost {
        count: u64,
    },
    Throttled,
}

/// Reads a record that is no sample: when it happened (`CLOCK_MONOTONIC`), and what. `None` for
/// samples and for records that say nothing of interest.
pub(super) fn read(record: Record<'_>, parse_info: RecordParseInfo) -> Option<(u64, Happening)> {
    let kind = RecordType(record.kind);
    if kind == RecordType::SAMPLE {
        return None;
    }
    if kind == RecordType::MMAP2 && record.misc & MISC_BUILD_ID != 0 {
        // Never asked for; the reader panics where such a record is damaged.
        return None;
    }
    let raw = RawEventRecord::new(kind, record.misc, RawData::Single(record.body), parse_info);
    let at_ns = raw.timestamp().unwrap_or(0);
    if kind == RecordType::LOST_SAMPLES {
        let count = u64::from_ne_bytes(record.body.get(..8)?.try_into().ok()?);
        return Some((at_ns, Happening::Lost { count }));
    }
    let happening = match raw.parse().ok()? {
        EventRecord::Mmap2(mapped) => {
            let (device, inode) = match mapped.file_id {
                Mmap2FileId::InodeAndVersion(id) => ((id.major, id.minor), id.inode),
                Mmap2FileId::BuildId(_) => ((0, 0), 0),
            };
            Happening::Mapped {
                pid: mapped.pid as u32,
                mapping: Mapping {
                    range: mapped.address..mapped.address.saturating_add(mapped.length),
                    file_offset: mapped.page_offset,
                    device,
                    inode,
                    path: text(mapped.path),
                },
            }
        }
        EventRecord::Comm(comm) => Happening::Named {
            pid: comm.pid as u32,
            tid: comm.tid as u32,
            name: text(comm.name),
            by_exec: comm.is_execve,
        },
        EventRecord::Fork(fork) => Happening::Born {
            pid: fork.pid as u32,
            tid: fork.tid as u32,
            parent_pid: fork.ppid as u32,
            parent_tid: fork.ptid as u32,
        },
        EventRecord::Exit(exit) => Happening::Ended {
            pid: exit.pid as u32,
            tid: exit.tid as u32,
        },
        EventRecord::Lost(lost) => Happening::Lost { count: lost.count },
        EventRecord::Throttle(_) => Happening::Throttled,
        _ => return None,
    };
    Some((at_ns, happening))
}

fn text(bytes: RawData<'_>) -> String {
    String::from_utf8_lossy(&bytes.as_slice()).into_owned()
}

#[cfg(test)]
mod tests {
    use scrutineer_evidence::capture::Sampler as SamplerKind;

    use super::*;
    use crate::capture::{
        model::CallGraph,
        perf::{
            attributes,
            wish::{EventRole, EventWish},
        },
    };

    #[test]
    fn a_mapping_that_states_a_damaged_build_id_is_left_out() {
        let parse_info = attributes::parse_info(&EventWish {
            role: EventRole::Cpu,
            clock: SamplerKind::PerfCpuClock,
            kernel: false,
            frequency_hz: 999,
            call_graph: CallGraph::Dwarf,
            stack_dump_bytes: 8,
            follows_children: true,
            from_exec: false,
            held_back: false,
            wakes_each: false,
        });
        let body = [0xff; 96];
        let read_with = |misc| {
            let kind = RecordType::MMAP2.0;
            read(
                Record {
                    kind,
                    misc,
                    body: &body,
                },
                parse_info,
            )
        };
        assert_eq!(read_with(MISC_BUILD_ID), None);
        assert!(read_with(0).is_some());
    }
}
