//! One sample: where the thread was, how it got there, and its registers and stack.

use super::{
    attributes::{Event, sample_type as has},
    cursor::{Cursor, words},
};
use crate::capture::unwind::Registers;

/// Values at and above this in a call chain are marks (`PERF_CONTEXT_…`), not addresses.
const FIRST_CONTEXT_MARK: u64 = -4095_i64 as u64;
const CONTEXT_KERNEL: u64 = -128_i64 as u64;
const CONTEXT_USER: u64 = -512_i64 as u64;
/// Who ran, in a record's `misc`.
const MISC_CPU_MODE: u16 = 7;
const MISC_KERNEL: u16 = 1;
/// Registers of perf for x86-64 in DWARF's order, as `asm/perf_regs.h` numbers them.
const REGISTER_OF_DWARF: [u32; Registers::COUNT] =
    [0, 3, 2, 1, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23, 8];
const REGISTERS_ABI_64: u64 = 2;
/// Instruction and stack pointer.
const POINTERS: [u32; 2] = [8, 7];

/// A sample, its parts still in the file.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Sample<'a> {
    pub(super) ip: u64,
    pub(super) in_kernel: bool,
    pub(super) pid: u32,
    pub(super) tid: u32,
    pub(super) period: Option<u64>,
    chain: &'a [u8],
    branches: &'a [u8],
    pub(super) registers: Option<Registers>,
    /// The stack from its pointer on.
    pub(super) stack: &'a [u8],
    /// Whether the stack may go on behind what was copied.
    pub(super) is_full: bool,
}

impl<'a> Sample<'a> {
    /// Reads a sample; `None` where it ends too early.
    pub(super) fn parse(event: &Event, misc: u16, body: &'a [u8]) -> Option<Self> {
        let mut cursor = Cursor(body);
        let mut sample = Self {
            in_kernel: misc & MISC_CPU_MODE == MISC_KERNEL,
            ..Self::default()
        };
        // 0 where the event has none of it.
        let word = |bit: u64, cursor: &mut Cursor<'a>| {
            if event.has(bit) {
                cursor.u64()
            } else {
                Some(0)
            }
        };
        word(has::IDENTIFIER, &mut cursor)?;
        sample.ip = word(has::IP, &mut cursor)?;
        if event.has(has::TID) {
            (sample.pid, sample.tid) = (cursor.u32()?, cursor.u32()?);
        }
        for bit in [has::TIME, has::ADDR, has::ID, has::STREAM_ID, has::CPU] {
            word(bit, &mut cursor)?;
        }
        let period = word(has::PERIOD, &mut cursor)?;
        sample.period = Some(period).filter(|_| event.has(has::PERIOD));
        if event.has(has::READ) {
            event.skip_values(&mut cursor)?;
        }
        if event.has(has::CALLCHAIN) {
            let count = cursor.u64()?;
            sample.chain = cursor.words(count)?;
        }
        if event.has(has::RAW) {
            let length = cursor.u32()?;
            cursor.take(length as usize)?;
        }
        if event.has(has::BRANCH_STACK) {
            let count = cursor.u64()?;
            if event.branches_have_index() {
                cursor.u64()?;
            }
            sample.branches = cursor.words(count.checked_mul(3)?)?;
        }
        if event.has(has::REGS_USER) {
            sample.read_registers(event.registers, &mut cursor)?;
        }
        if event.has(has::STACK_USER) {
            sample.read_stack(&mut cursor)?;
        }
        Some(sample)
    }

    /// Registers of a 64-bit program; a thread that has none, or other ones, has no stack to follow.
    fn read_registers(&mut self, mask: u64, cursor: &mut Cursor<'_>) -> Option<()> {
        let abi = cursor.u64()?;
        if abi == 0 {
            return Some(());
        }
        let values = cursor.words(u64::from(mask.count_ones()))?;
        let mut registers = Registers::default();
        for (value, register) in registers.0.iter_mut().zip(REGISTER_OF_DWARF) {
            if mask & 1 << register != 0 {
                let before = mask & ((1 << register) - 1);
                let at = before.count_ones() as usize * 8;
                *value = Cursor(values.get(at..)?).u64()?;
            }
        }
        let has_pointers = POINTERS.iter().all(|register| mask & 1 << register != 0);
        self.registers = Some(registers).filter(|_| abi == REGISTERS_ABI_64 && has_pointers);
        Some(())
    }

    fn read_stack(&mut self, cursor: &mut Cursor<'a>) -> Option<()> {
        let room = cursor.u64()?;
        if room > 0 {
            let bytes = cursor.take(usize::try_from(room).ok()?)?;
            let copied = usize::try_from(cursor.u64()?).ok()?;
            self.stack = bytes.get(..copied).unwrap_or(bytes);
            self.is_full = self.stack.len() == bytes.len();
        }
        Some(())
    }

    /// Addresses of the kernel's part of the chain, innermost first.
    pub(super) fn kernel_chain(&self) -> impl Iterator<Item = u64> + 'a {
        self.part_of_chain(CONTEXT_KERNEL)
    }

    /// Addresses of the program's part of the chain, innermost first.
    pub(super) fn user_chain(&self) -> impl Iterator<Item = u64> + 'a {
        self.part_of_chain(CONTEXT_USER)
    }

    fn part_of_chain(&self, wanted: u64) -> impl Iterator<Item = u64> + 'a {
        // A chain without marks is the program's.
        let mut part = CONTEXT_USER;
        words(self.chain).filter(move |entry| {
            if *entry >= FIRST_CONTEXT_MARK {
                part = *entry;
                return false;
            }
            part == wanted
        })
    }

    /// The calls that led here as the processor kept them: as return addresses, innermost first.
    pub(super) fn calls(&self) -> impl Iterator<Item = u64> + 'a {
        let (branches, _) = self.branches.as_chunks::<24>();
        let froms = branches.iter().filter_map(|branch| Cursor(branch).u64());
        let are_places = froms.filter(|from| *from > 0 && *from < FIRST_CONTEXT_MARK);
        // The place of the call itself is stated.
        are_places.map(|from| from + 1)
    }
}
