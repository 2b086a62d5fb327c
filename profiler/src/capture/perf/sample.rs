//! Samples as the kernel lays them out for our events, read in place.

use super::{
    attributes,
    wish::{EventRole, EventWish},
};
use crate::capture::unwind::Registers;

/// `PERF_RECORD_SAMPLE`.
const SAMPLE: u32 = 9;

/// One sample: its fields in the order of `perf_event_open(2)`, as far as [`attributes`] asks for
/// them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sample<'a> {
    pub(super) ip: u64,
    pub(super) pid: u32,
    pub(super) tid: u32,
    /// `CLOCK_MONOTONIC`.
    pub(super) at_ns: u64,
    pub(super) chain: Chain<'a>,
    /// Fields of a tracepoint.
    pub(super) raw: &'a [u8],
    pub(super) user: UserRegisters,
    /// The copy of the stack, as far as there was a stack to copy.
    pub(super) stack: &'a [u8],
    /// Room that the copy had.
    pub(super) stack_room: usize,
}

/// Registers of user code.
#[derive(Clone, Copy, Debug)]
pub(super) enum UserRegisters {
    /// Not asked for, or the thread has no user code: a kernel thread, or one on its way out.
    Missing,
    /// Of 32-bit code, whose stacks are laid out differently.
    Foreign,
    /// Of 64-bit code.
    Known(Registers),
}

/// A call chain with its marks, innermost first.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Chain<'a>(&'a [u8]);

impl<'a> Chain<'a> {
    pub(super) fn entries(self) -> impl Iterator<Item = u64> + 'a {
        let words = self.0.as_chunks::<8>().0.iter();
        words.map(|word| u64::from_ne_bytes(*word))
    }
}

impl<'a> Sample<'a> {
    /// Reads a record of an event that is as `wish` asks; `None` for other records and such as end
    /// too early.
    pub(super) fn read(kind: u32, body: &'a [u8], wish: &EventWish) -> Option<Self> {
        if kind != SAMPLE {
            return None;
        }
        let mut fields = Fields(body);
        let (ip, ids, at_ns) = (fields.word()?, fields.take(8)?, fields.word()?);
        let mut sample = Self {
            ip,
            pid: u32_at(ids, 0)?,
            tid: u32_at(ids, 4)?,
            at_ns,
            chain: Chain::default(),
            raw: &[],
            user: UserRegisters::Missing,
            stack: &[],
            stack_room: 0,
        };
        if attributes::has_chain(wish) {
            let bytes = usize::try_from(fields.word()?).ok()?.checked_mul(8)?;
            sample.chain = Chain(fields.take(bytes)?);
        }
        if matches!(wish.role, EventRole::Wakeups { .. }) {
            let length = u32_at(fields.take(4)?, 0)?;
            sample.raw = fields.take(length as usize)?;
        }
        if attributes::copies_stack(wish) {
            sample.user = fields.registers()?;
            (sample.stack, sample.stack_room) = fields.stack()?;
        }
        Some(sample)
    }
}

/// What is left to be read.
struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    fn take(&mut self, bytes: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(bytes)?;
        self.0 = rest;
        Some(taken)
    }

    fn word(&mut self) -> Option<u64> {
        let (word, rest) = self.0.split_first_chunk::<8>()?;
        self.0 = rest;
        Some(u64::from_ne_bytes(*word))
    }

    fn registers(&mut self) -> Option<UserRegisters> {
        const ABI_NONE: u64 = 0;
        if self.word()? == ABI_NONE {
            return Some(UserRegisters::Missing);
        }
        let words = self.take(8 * attributes::REGISTERS_SAMPLED)?;
        Some(attributes::registers(words.as_chunks::<8>().0))
    }

    /// The copy, and the room that it had.
    fn stack(&mut self) -> Option<(&'a [u8], usize)> {
        let room = usize::try_from(self.word()?).ok()?;
        if room == 0 {
            return Some((&[], 0));
        }
        let all = self.take(room)?;
        let copied = usize::try_from(self.word()?).ok()?;
        Some((all.get(..copied).unwrap_or(all), room))
    }
}

fn u32_at(bytes: &[u8], offset: usize) -> Option<u32> {
    let bytes = bytes.get(offset..offset + 4)?;
    Some(u32::from_ne_bytes(bytes.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use linux_perf_event_reader::{EventRecord, RawData, RawEventRecord, RecordType, SampleRecord};
    use scrutineer_evidence::capture::Sampler as SamplerKind;

    use super::*;
    use crate::capture::model::CallGraph;

    fn wish(role: EventRole, kernel: bool) -> EventWish {
        EventWish {
            role,
            clock: SamplerKind::PerfCpuClock,
            kernel,
            frequency_hz: 999,
            call_graph: CallGraph::Dwarf,
            stack_dump_bytes: 16,
            follows_children: true,
            from_exec: false,
            held_back: false,
            wakes_each: false,
        }
    }

    fn words(words: &[u64]) -> Vec<u8> {
        words.iter().flat_map(|word| word.to_ne_bytes()).collect()
    }

    /// ip, pid 7 and tid 8, time, a chain of three, registers 100 to 117, a copy of 16 bytes.
    fn body() -> Vec<u8> {
        let mut body = words(&[0x4000, 8 << 32 | 7, 99, 3, -128_i64 as u64, 1, 2, 2]);
        body.extend(words(&(100..118).collect::<Vec<u64>>()));
        body.extend(words(&[16, 0xa, 0xb, 8]));
        body
    }

    fn by_library(body: &[u8], wish: &EventWish) -> SampleRecord<'static> {
        let body: &'static [u8] = Vec::leak(body.to_vec());
        let info = attributes::parse_info(wish);
        let raw = RawEventRecord::new(RecordType::SAMPLE, 0, RawData::Single(body), info);
        match raw.parse().unwrap() {
            EventRecord::Sample(sample) => sample,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_sample_is_read_as_the_library_of_the_format_reads_it() {
        let (wish, body) = (wish(EventRole::Cpu, true), body());
        let ours = Sample::read(SAMPLE, &body, &wish).unwrap();
        let theirs = by_library(&body, &wish);
        assert_eq!(Some(ours.ip), theirs.ip);
        assert_eq!(
            (Some(ours.pid as i32), Some(ours.tid as i32)),
            (theirs.pid, theirs.tid)
        );
        assert_eq!(Some(ours.at_ns), theirs.timestamp);
        let chain = theirs.callchain.unwrap();
        let chain: Vec<u64> = (0..chain.len()).filter_map(|at| chain.get(at)).collect();
        assert_eq!(ours.chain.entries().collect::<Vec<_>>(), chain);
        let regs = theirs.user_regs.unwrap();
        let UserRegisters::Known(registers) = ours.user else {
            panic!("{:?}", ours.user)
        };
        for (value, register) in registers.0.iter().zip(attributes::REGISTER_OF_DWARF) {
            assert_eq!(Some(*value), regs.get(register), "{register}");
        }
        let (RawData::Single(all), length) = theirs.user_stack.unwrap() else {
            panic!("it is in one piece")
        };
        assert_eq!(
            (ours.stack, ours.stack_room),
            (&all[..length as usize], all.len())
        );
    }

    #[test]
    fn records_that_end_too_early_are_no_samples() {
        let (wish, body) = (wish(EventRole::Cpu, true), body());
        for length in 0..body.len() {
            assert!(
                Sample::read(SAMPLE, &body[..length], &wish).is_none(),
                "{length}"
            );
        }
        assert!(Sample::read(2, &body, &wish).is_none());
    }

    #[test]
    fn threads_without_user_code_have_neither_registers_nor_stack() {
        let body = words(&[1, 2, 3, 0, 0]);
        let sample = Sample::read(SAMPLE, &body, &wish(EventRole::Cpu, false)).unwrap();
        assert!(matches!(sample.user, UserRegisters::Missing));
        assert!(sample.stack.is_empty());
    }

    #[test]
    fn registers_of_32_bit_code_are_not_taken_for_those_of_64_bit_code() {
        let mut body = body();
        // The tenth register asked for is the selector of the code segment.
        let selector = 8 * (8 + 9);
        body[selector..selector + 8].copy_from_slice(&0x23_u64.to_ne_bytes());
        let sample = Sample::read(SAMPLE, &body, &wish(EventRole::Cpu, true)).unwrap();
        assert!(matches!(sample.user, UserRegisters::Foreign));
    }

    #[test]
    fn tracepoints_come_with_their_fields() {
        let mut body = words(&[1, 2, 3]);
        body.extend(5_u32.to_ne_bytes());
        body.extend(*b"field\0\0\0");
        let wish = wish(EventRole::Wakeups { tracepoint: 300 }, false);
        assert_eq!(Sample::read(SAMPLE, &body, &wish).unwrap().raw, b"field");
    }
}
