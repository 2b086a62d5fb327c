//! Rows of call frame information in a form that is followed in no time: what keeps every
//! preserved register known down to the callers, where an interpreter keeps its state in them.

use gimli::{CfaRule, RegisterRule, UnwindContext, X86_64};

#[cfg(feature = "fuzzing")]
use super::Registers;
use super::{
    cfi::{self, CALLEE_SAVED, KnownRegisters},
    image::Image,
};

/// Slots of the cache; a power of two.
const SLOTS: usize = 1 << 13;

/// Where a caller's registers are found, relative to the canonical frame address; 0 for a register
/// that the function has not touched.
#[derive(Clone, Copy, Debug)]
struct Row {
    cfa_by_bp: bool,
    cfa_offset: i32,
    saved: [i32; CALLEE_SAVED.len()],
}

#[derive(Clone, Copy, Debug)]
struct CachedRow {
    epoch: u32,
    address: u64,
    /// `None` where the information says more than a row can hold.
    row: Option<Row>,
}

/// Rows by address.
#[derive(Debug)]
pub(super) struct Rows(Box<[CachedRow]>);

impl Rows {
    pub(super) fn new() -> Self {
        let empty = CachedRow {
            epoch: u32::MAX,
            address: 0,
            row: None,
        };
        Self(vec![empty; SLOTS].into_boxed_slice())
    }

    /// The caller's registers; `None` where the row is not simple or the stack does not reach so
    /// far. `stated` is the address as the image states it.
    pub(super) fn follow(
        &mut self,
        (epoch, address): (u32, u64),
        (image, stated): (&Image, u64),
        registers: &KnownRegisters,
        read_stack: &mut impl FnMut(u64) -> Result<u64, ()>,
        context: &mut UnwindContext<usize>,
    ) -> Option<KnownRegisters> {
        let hash = (address ^ u64::from(epoch).rotate_left(32)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let slot = &mut self.0[(hash >> (64 - SLOTS.trailing_zeros())) as usize];
        if slot.epoch != epoch || slot.address != address {
            *slot = CachedRow {
                epoch,
                address,
                row: compile(image, stated, context),
            };
        }
        slot.row?.follow(registers, read_stack)
    }
}

impl Row {
    fn follow(
        &self,
        registers: &KnownRegisters,
        read_stack: &mut impl FnMut(u64) -> Result<u64, ()>,
    ) -> Option<KnownRegisters> {
        let base = if self.cfa_by_bp {
            X86_64::RBP
        } else {
            X86_64::RSP
        };
        let cfa = registers
            .get(base)?
            .wrapping_add_signed(self.cfa_offset.into());
        let return_address = read_stack(cfa.wrapping_sub(8)).ok()?;
        let mut caller = KnownRegisters::pointers(return_address, cfa, 0);
        for (register, offset) in CALLEE_SAVED.into_iter().zip(self.saved) {
            let value = if offset == 0 {
                registers.get(register)
            } else {
                read_stack(cfa.wrapping_add_signed(offset.into())).ok()
            };
            match value {
                Some(value) => caller.set(register, value),
                None => caller.forget(register),
            }
        }
        Some(caller)
    }
}

fn compile(image: &Image, stated: u64, context: &mut UnwindContext<usize>) -> Option<Row> {
    cfi::with_row(image, stated, context, |row, is_signal, _| {
        let CfaRule::RegisterAndOffset { register, offset } = row.cfa() else {
            return None;
        };
        let is_plain = matches!(*register, X86_64::RSP | X86_64::RBP)
            && matches!(row.register(X86_64::RA), Some(RegisterRule::Offset(-8)))
            && !is_signal;
        if !is_plain {
            return None;
        }
        let mut saved = [0; CALLEE_SAVED.len()];
        for (place, register) in saved.iter_mut().zip(CALLEE_SAVED) {
            *place = match row.register(register) {
                None | Some(RegisterRule::SameValue | RegisterRule::Undefined) => 0,
                Some(RegisterRule::Offset(offset)) => offset.try_into().ok()?,
                Some(_) => return None,
            };
        }
        Some(Row {
            cfa_by_bp: *register == X86_64::RBP,
            cfa_offset: (*offset).try_into().ok()?,
            saved,
        })
    })
}

/// A native call of an interpreter's loop, as the unwinder came by it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LoopCall {
    /// Position of its frame in the stack, innermost first.
    pub(crate) position: usize,
    /// Whether it ran itself, rather than a function that it called.
    pub(crate) is_innermost: bool,
    /// Registers while it ran or called.
    pub(crate) registers: KnownRegisters,
    /// Stack pointer while it ran or called.
    pub(crate) sp: u64,
    /// Canonical frame address: where its part of the stack ends.
    pub(crate) cfa: u64,
    /// Whether code made at run time called it.
    pub(crate) by_run_time_code: bool,
}

#[cfg(feature = "fuzzing")]
impl LoopCall {
    /// A call whose frame stands at this position of the stack.
    pub(crate) fn fuzzed(position: usize, registers: &Registers, sp: u64, cfa: u64) -> Self {
        Self {
            position,
            is_innermost: position == 0,
            registers: KnownRegisters::all(*registers),
            sp,
            cfa,
            by_run_time_code: false,
        }
    }
}
