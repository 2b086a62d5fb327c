//! From wishes to the kernel's attributes, and how the records of each role are to be read.

use linux_perf_event_reader::{
    BranchSampleFormat, Endianness, ReadFormat, RecordIdParseInfo, RecordParseInfo, SampleFormat,
};
use perf_event_open_sys::bindings::{
    PERF_COUNT_HW_CPU_CYCLES, PERF_COUNT_SW_CONTEXT_SWITCHES, PERF_COUNT_SW_CPU_CLOCK,
    PERF_COUNT_SW_DUMMY, PERF_COUNT_SW_PAGE_FAULTS, PERF_TYPE_HARDWARE, PERF_TYPE_SOFTWARE,
    PERF_TYPE_TRACEPOINT, perf_event_attr,
};
use scrutineer_evidence::capture::Sampler as SamplerKind;

use super::{
    sample::UserRegisters,
    wish::{EventRole, EventWish},
};
use crate::capture::{model::CallGraph, unwind::Registers};

/// Bit of the code segment's selector, which tells 32-bit code from 64-bit code.
const REGISTER_CS: u64 = 10;
/// `PERF_REG_X86_…` of each register, in DWARF's order.
pub(super) const REGISTER_OF_DWARF: [u64; Registers::COUNT] =
    [0, 3, 2, 1, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23, 8];
/// Registers of a sample: those, and the selector.
pub(super) const REGISTERS_SAMPLED: usize = Registers::COUNT + 1;
/// Where each of them stands in a sample, which has them in the order of the mask's bits.
const PLACE_OF_DWARF: [usize; Registers::COUNT] = places();
const PLACE_OF_CS: usize = place(REGISTER_CS);
/// Selector of 32-bit user code.
const USER_CS_32: u64 = 0x23;

/// Every so many page faults one is recorded, and stands for as many: 64 KiB of new memory. A fixed
/// number, because a frequency that adapts tells bursts to the wrong functions; and no period in
/// the sample, because with it the kernel records every fault.
pub(super) const PAGE_FAULT_PERIOD: u64 = 16;

/// The attributes of a wish.
pub(crate) fn of(wish: &EventWish) -> perf_event_attr {
    let mut attributes = perf_event_attr::default();
    set_event(wish, &mut attributes);
    attributes.sample_type = sample_format(wish).bits();
    if copies_stack(wish) {
        attributes.sample_regs_user = registers_mask();
        attributes.sample_stack_user = wish.stack_dump_bytes;
    }
    attributes.set_inherit(1);
    attributes.set_inherit_thread(u64::from(!wish.follows_children));
    attributes.set_sample_id_all(1);
    attributes.set_exclude_callchain_user(u64::from(wish.call_graph == CallGraph::Dwarf));
    attributes.set_exclude_callchain_kernel(u64::from(!wish.kernel));
    // A thread leaves its CPU, and is woken up, in the kernel alone.
    let kernel_only = matches!(wish.role, EventRole::Switches | EventRole::Wakeups { .. });
    attributes.set_exclude_kernel(u64::from(!wish.kernel && !kernel_only));
    attributes.set_exclude_hv(1);
    attributes.set_use_clockid(1);
    attributes.clockid = libc::CLOCK_MONOTONIC;
    if wish.from_exec {
        attributes.set_disabled(1);
        attributes.set_enable_on_exec(1);
    }
    if wish.wakes_each {
        attributes.wakeup_events = 1;
    }
    if wish.held_back {
        attributes.set_disabled(1);
    }
    attributes
}

fn set_event(wish: &EventWish, attributes: &mut perf_event_attr) {
    let software = |counter: u32| (PERF_TYPE_SOFTWARE, u64::from(counter));
    (attributes.type_, attributes.config) = match (wish.role, wish.clock) {
        (EventRole::Cpu, SamplerKind::PerfCycles) => {
            (PERF_TYPE_HARDWARE, u64::from(PERF_COUNT_HW_CPU_CYCLES))
        }
        (EventRole::Cpu, _) => software(PERF_COUNT_SW_CPU_CLOCK),
        (EventRole::Switches, _) => software(PERF_COUNT_SW_CONTEXT_SWITCHES),
        (EventRole::PageFaults, _) => software(PERF_COUNT_SW_PAGE_FAULTS),
        (EventRole::Wakeups { tracepoint }, _) => (PERF_TYPE_TRACEPOINT, tracepoint),
    };
    match wish.role {
        EventRole::Cpu => {
            attributes.set_mmap(1);
            attributes.set_mmap2(1);
            attributes.set_comm(1);
            attributes.set_comm_exec(1);
            attributes.set_task(1);
        }
        EventRole::Switches => attributes.set_context_switch(1),
        EventRole::PageFaults | EventRole::Wakeups { .. } => {}
    }
    match wish.role {
        EventRole::Cpu => {
            attributes.set_freq(1);
            attributes.sample_freq = u64::from(wish.frequency_hz);
        }
        EventRole::PageFaults => attributes.sample_period = PAGE_FAULT_PERIOD,
        EventRole::Switches | EventRole::Wakeups { .. } => attributes.sample_period = 1,
    }
}

/// Whether its samples have registers and a copy of the stack.
pub(super) fn copies_stack(wish: &EventWish) -> bool {
    wish.call_graph == CallGraph::Dwarf && !matches!(wish.role, EventRole::Wakeups { .. })
}

/// Whether its samples have a call chain.
pub(super) fn has_chain(wish: &EventWish) -> bool {
    let is_wanted = wish.kernel || wish.call_graph == CallGraph::FramePointers;
    is_wanted && !matches!(wish.role, EventRole::Wakeups { .. })
}

fn sample_format(wish: &EventWish) -> SampleFormat {
    let mut format = SampleFormat::IP | SampleFormat::TID | SampleFormat::TIME;
    if copies_stack(wish) {
        format |= SampleFormat::REGS_USER | SampleFormat::STACK_USER;
    }
    if has_chain(wish) {
        format |= SampleFormat::CALLCHAIN;
    }
    match wish.role {
        EventRole::Wakeups { .. } => format |= SampleFormat::RAW,
        EventRole::Cpu | EventRole::Switches | EventRole::PageFaults => {}
    }
    format
}

/// How records of a wish's events are to be read.
pub(super) fn parse_info(wish: &EventWish) -> RecordParseInfo {
    let registers = if copies_stack(wish) {
        registers_mask()
    } else {
        0
    };
    RecordParseInfo {
        endian: Endianness::LittleEndian,
        sample_format: sample_format(wish),
        branch_sample_format: BranchSampleFormat::empty(),
        read_format: ReadFormat::empty(),
        // TID and TIME, eight bytes each, end every record that is no sample.
        common_data_offset_from_end: Some(16),
        sample_regs_user: registers,
        user_regs_count: registers.count_ones() as u8,
        sample_regs_intr: 0,
        intr_regs_count: 0,
        id_parse_info: RecordIdParseInfo {
            nonsample_record_id_offset_from_end: None,
            sample_record_id_offset_from_start: None,
        },
        nonsample_record_time_offset_from_end: Some(8),
        sample_record_time_offset_from_start: Some(16),
    }
}

/// Attributes of the event that a ring belongs to: it counts nothing and wakes waiters up when so
/// many bytes wait.
pub(crate) fn leader(watermark_bytes: usize) -> perf_event_attr {
    let mut attributes = perf_event_attr::default();
    attributes.type_ = PERF_TYPE_SOFTWARE;
    attributes.config = u64::from(PERF_COUNT_SW_DUMMY);
    attributes.sample_type = (SampleFormat::TID | SampleFormat::TIME).bits();
    attributes.set_exclude_kernel(1);
    attributes.set_exclude_hv(1);
    attributes.set_watermark(1);
    attributes.wakeup_watermark = watermark_bytes as u32;
    attributes.set_use_clockid(1);
    attributes.clockid = libc::CLOCK_MONOTONIC;
    attributes
}

const fn registers_mask() -> u64 {
    let mut mask = 1 << REGISTER_CS;
    let mut index = 0;
    while index < REGISTER_OF_DWARF.len() {
        mask |= 1 << REGISTER_OF_DWARF[index];
        index += 1;
    }
    mask
}

const fn place(register: u64) -> usize {
    (registers_mask() & ((1 << register) - 1)).count_ones() as usize
}

const fn places() -> [usize; Registers::COUNT] {
    let mut places = [0; Registers::COUNT];
    let mut index = 0;
    while index < places.len() {
        places[index] = place(REGISTER_OF_DWARF[index]);
        index += 1;
    }
    places
}

/// The registers of a sample, which are [`REGISTERS_SAMPLED`].
pub(super) fn registers(sampled: &[[u8; 8]]) -> UserRegisters {
    let register = |place: usize| u64::from_ne_bytes(sampled[place]);
    if register(PLACE_OF_CS) == USER_CS_32 {
        return UserRegisters::Foreign;
    }
    UserRegisters::Known(Registers(PLACE_OF_DWARF.map(register)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wish(role: EventRole) -> EventWish {
        EventWish {
            role,
            clock: SamplerKind::PerfCpuClock,
            kernel: false,
            frequency_hz: 999,
            call_graph: CallGraph::Dwarf,
            stack_dump_bytes: 8 << 10,
            follows_children: true,
            from_exec: false,
            held_back: false,
            wakes_each: false,
        }
    }

    #[test]
    fn every_register_is_asked_for_once() {
        assert_eq!(registers_mask().count_ones() as usize, Registers::COUNT + 1);
    }

    #[test]
    fn switches_are_recorded_one_by_one_and_page_faults_are_thinned_out() {
        let switches = of(&wish(EventRole::Switches));
        assert_eq!((switches.freq(), switches.context_switch()), (0, 1));
        let faults = of(&wish(EventRole::PageFaults));
        assert_eq!((faults.freq(), faults.context_switch()), (0, 0));
        assert_eq!(faults.sample_type & SampleFormat::PERIOD.bits(), 0);
    }

    #[test]
    fn with_frame_pointers_no_stack_is_copied() {
        let wish = EventWish {
            call_graph: CallGraph::FramePointers,
            ..wish(EventRole::Cpu)
        };
        let attributes = of(&wish);
        assert_eq!(
            (attributes.sample_stack_user, attributes.sample_regs_user),
            (0, 0)
        );
        assert_eq!(attributes.exclude_callchain_user(), 0);
        assert_eq!(attributes.exclude_callchain_kernel(), 1);
    }
}
