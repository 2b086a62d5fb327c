//! What the kernel is asked to record, and how its records are to be read.

use std::io;

use linux_perf_event_reader::{
    BranchSampleFormat, Endianness, ReadFormat, RecordIdParseInfo, RecordParseInfo, SampleFormat,
};
use perf_event_open_sys::bindings::{
    PERF_COUNT_HW_CPU_CYCLES, PERF_COUNT_SW_CPU_CLOCK, PERF_COUNT_SW_DUMMY, PERF_TYPE_HARDWARE,
    PERF_TYPE_SOFTWARE, perf_event_attr,
};
use scrutineer_evidence::capture::Sampler as SamplerKind;

use crate::{capture::unwind::Registers, sys};

/// Bit of the code segment's selector, which tells 32-bit code from 64-bit code.
const REGISTER_CS: u64 = 10;
/// `PERF_REG_X86_…` of each register, in DWARF's order.
const REGISTER_OF_DWARF: [u64; Registers::COUNT] =
    [0, 3, 2, 1, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23, 8];
/// Selector of 32-bit user code.
const USER_CS_32: u64 = 0x23;

/// What is sampled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EventChoice {
    /// [`SamplerKind::PerfCycles`] or [`SamplerKind::PerfCpuClock`].
    pub kind: SamplerKind,
    /// Whether kernel code is sampled too.
    pub kernel: bool,
}

impl EventChoice {
    /// Every choice, the best first.
    const ALL: [Self; 4] = [
        Self {
            kind: SamplerKind::PerfCycles,
            kernel: true,
        },
        Self {
            kind: SamplerKind::PerfCycles,
            kernel: false,
        },
        Self {
            kind: SamplerKind::PerfCpuClock,
            kernel: true,
        },
        Self {
            kind: SamplerKind::PerfCpuClock,
            kernel: false,
        },
    ];

    /// The best choice that works for a thread (0: the calling one), as tried just now; the
    /// error of the most modest one where none works.
    pub fn best_for(tid: u32) -> io::Result<Self> {
        let cpu = super::cpus::online()?.first().copied().unwrap_or(0);
        let mut refusal = io::Error::from(io::ErrorKind::Unsupported);
        for choice in Self::ALL {
            match choice.try_open(tid, cpu) {
                Ok(()) => return Ok(choice),
                Err(error) => refusal = error,
            }
        }
        Err(refusal)
    }

    /// Opens such an event and closes it again.
    fn try_open(self, tid: u32, cpu: u32) -> io::Result<()> {
        let mut attributes = self.attributes(1, 8);
        attributes.set_disabled(1);
        sys::perf::open(&attributes, tid, cpu).map(drop)
    }

    /// Attributes of the sampling event: as perf's own `--call-graph dwarf`, but with a ring
    /// per CPU and `CLOCK_MONOTONIC`.
    pub(super) fn attributes(self, frequency_hz: u32, stack_dump_bytes: u32) -> perf_event_attr {
        let mut attributes = perf_event_attr::default();
        (attributes.type_, attributes.config) = match self.kind {
            SamplerKind::PerfCycles => (PERF_TYPE_HARDWARE, u64::from(PERF_COUNT_HW_CPU_CYCLES)),
            _ => (PERF_TYPE_SOFTWARE, u64::from(PERF_COUNT_SW_CPU_CLOCK)),
        };
        attributes.set_freq(1);
        attributes.sample_freq = u64::from(frequency_hz);
        attributes.sample_type = self.sample_format().bits();
        attributes.sample_regs_user = registers_mask();
        attributes.sample_stack_user = stack_dump_bytes;
        attributes.set_inherit(1);
        attributes.set_mmap(1);
        attributes.set_mmap2(1);
        attributes.set_comm(1);
        attributes.set_comm_exec(1);
        attributes.set_task(1);
        attributes.set_sample_id_all(1);
        attributes.set_exclude_callchain_user(1);
        attributes.set_exclude_kernel(u64::from(!self.kernel));
        attributes.set_exclude_hv(1);
        attributes.set_use_clockid(1);
        attributes.clockid = libc::CLOCK_MONOTONIC;
        attributes
    }

    fn sample_format(self) -> SampleFormat {
        let format = SampleFormat::IP
            | SampleFormat::TID
            | SampleFormat::TIME
            | SampleFormat::REGS_USER
            | SampleFormat::STACK_USER;
        if self.kernel {
            format | SampleFormat::CALLCHAIN
        } else {
            format
        }
    }

    /// How records of [`Self::attributes`] are to be read.
    pub(super) fn parse_info(self) -> RecordParseInfo {
        let registers = registers_mask();
        RecordParseInfo {
            endian: Endianness::LittleEndian,
            sample_format: self.sample_format(),
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
}

/// Attributes of the event that a ring belongs to: it counts nothing and wakes waiters up when a
/// quarter of the ring is full.
pub(super) fn leader_attributes(ring_bytes: usize) -> perf_event_attr {
    let mut attributes = perf_event_attr::default();
    attributes.type_ = PERF_TYPE_SOFTWARE;
    attributes.config = u64::from(PERF_COUNT_SW_DUMMY);
    attributes.sample_type = (SampleFormat::TID | SampleFormat::TIME).bits();
    attributes.set_exclude_kernel(1);
    attributes.set_exclude_hv(1);
    attributes.set_watermark(1);
    attributes.wakeup_watermark = (ring_bytes / 4) as u32;
    attributes.set_use_clockid(1);
    attributes.clockid = libc::CLOCK_MONOTONIC;
    attributes
}

fn registers_mask() -> u64 {
    REGISTER_OF_DWARF
        .iter()
        .fold(1 << REGISTER_CS, |mask, register| mask | 1 << register)
}

/// The registers of a sample; `None` for 32-bit code, whose stacks are laid out differently.
pub(super) fn registers(sampled: &linux_perf_event_reader::Regs<'_>) -> Option<Registers> {
    if sampled.get(REGISTER_CS)? == USER_CS_32 {
        return None;
    }
    let mut registers = Registers::default();
    for (value, register) in registers.0.iter_mut().zip(REGISTER_OF_DWARF) {
        *value = sampled.get(register)?;
    }
    Some(registers)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_register_is_asked_for_once() {
        assert_eq!(registers_mask().count_ones() as usize, Registers::COUNT + 1);
    }
}
