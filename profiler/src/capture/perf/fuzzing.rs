//! Fuzzed: the records of perf events' rings.

use scrutineer_evidence::capture::Sampler as SamplerKind;

use super::{
    attributes, happenings,
    records::{Reader, Taking},
    stack_copy::StackCopy,
    wish::{EventRole, EventWish},
};
use crate::{
    capture::{
        model::CallGraph,
        tables::Tables,
        unwind::{Mapping, Unwinder},
    },
    fuzzing::Numbers,
    sys::perf::Record,
};

/// Reads the bytes as records of one ring: kind, `misc` and length before each body.
pub fn perf_records(bytes: &[u8]) {
    let mut numbers = Numbers(bytes);
    let flags = numbers.u8();
    let role = match flags & 3 {
        0 => EventRole::Cpu,
        1 => EventRole::Switches,
        2 => EventRole::PageFaults,
        _ => EventRole::Wakeups { tracepoint: 300 },
    };
    let wish = EventWish {
        role,
        clock: SamplerKind::PerfCpuClock,
        kernel: flags & 4 != 0,
        frequency_hz: 999,
        call_graph: if flags & 8 == 0 {
            CallGraph::Dwarf
        } else {
            CallGraph::FramePointers
        },
        stack_dump_bytes: 256,
        follows_children: flags & 16 != 0,
        from_exec: flags & 32 != 0,
        held_back: false,
        wakes_each: false,
    };
    let parse_info = attributes::parse_info(&wish);
    let mut tables = Tables::new(0);
    let mut unwinder = Unwinder::new(0);
    // Process 0 never has a folder in /proc; given a mapping, its samples are unwound all the same.
    let mapping = Mapping {
        range: 0x1000..0x9000,
        file_offset: 0,
        device: (0, 0),
        inode: 0,
        path: String::new(),
    };
    unwinder.add_mapping(0, &mapping, &mut tables);
    let mut reader = Reader::default();
    let kernel_module = reader.kernel_module(&mut tables);
    let mut stack_copy = StackCopy::new(None, 0);
    let mut switch_events = Vec::new();
    let mut count = 0_u64;
    while !numbers.0.is_empty() {
        let kind = u32::from(numbers.u8());
        let misc = numbers.u16();
        let length = usize::from(numbers.u16()) & !7;
        let record = Record {
            kind,
            misc,
            body: numbers.take(length),
        };
        let _ = happenings::read(record, parse_info);
        let mut taking = Taking {
            wish: &wish,
            parse_info,
            kernel_module,
            unwinder: &mut unwinder,
            stack_copy: &mut stack_copy,
            switch_events: &mut switch_events,
            tables: &mut tables,
            frames: &mut reader.frames,
        };
        taking.take(record);
        count += 1;
    }
    assert!(tables.sample_count() <= count);
    tables.drain_chunks();
    let _ = stack_copy.decide(u64::MAX);
}
