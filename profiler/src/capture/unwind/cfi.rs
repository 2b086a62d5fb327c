//! Follows a single frame by its call frame information with every register known: what framehop
//! cannot follow because it tracks the instruction, stack and frame pointers alone.

use std::ops::Range;

use gimli::{
    CfaRule, DebugFrame, EhFrame, EhFrameHdr, EndianSlice, EvaluationResult, Expression,
    LittleEndian, Location, Register, RegisterRule, UnwindContext, UnwindExpression, UnwindSection,
    Value, X86_64,
};

use super::{Registers, image::Image};

type Slice<'a> = EndianSlice<'a, LittleEndian>;

/// Registers that a function preserves for its caller (System V ABI).
pub(super) const CALLEE_SAVED: [Register; 6] = [
    X86_64::RBX,
    X86_64::RBP,
    X86_64::R12,
    X86_64::R13,
    X86_64::R14,
    X86_64::R15,
];

/// How the frame at an address is to be followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FrameKind {
    /// framehop follows it.
    Plain,
    /// It needs registers or memory that framehop does not look at.
    Special,
    /// It is a signal's return trampoline: special, and the caller was interrupted, not calling.
    Signal,
    /// Its information says that it has no caller.
    Outermost,
}

/// Which registers are known, and their values.
#[derive(Clone, Copy, Debug)]
pub(crate) struct KnownRegisters {
    pub(super) values: Registers,
    known: u32,
}

impl KnownRegisters {
    /// All registers are known: the innermost frame.
    pub(super) fn all(values: Registers) -> Self {
        Self {
            values,
            known: u32::MAX,
        }
    }

    /// Only instruction, stack and frame pointer are known.
    pub(super) fn pointers(ip: u64, sp: u64, bp: u64) -> Self {
        let mut registers = Self {
            values: Registers::default(),
            known: 0,
        };
        registers.set(X86_64::RA, ip);
        registers.set(X86_64::RSP, sp);
        registers.set(X86_64::RBP, bp);
        registers
    }

    pub(super) fn get(&self, register: Register) -> Option<u64> {
        let index = usize::from(register.0);
        (index < Registers::COUNT && self.known & (1 << index) != 0).then(|| self.values.0[index])
    }

    /// The value of the register of a number, where it is known.
    pub(crate) fn value(&self, register: u16) -> Option<u64> {
        self.get(Register(register))
    }

    /// Where it ran, or returns to.
    pub(crate) fn instruction_pointer(&self) -> u64 {
        self.values.ip()
    }

    pub(super) fn forget(&mut self, register: Register) {
        self.known &= !(1 << register.0);
    }

    pub(super) fn set(&mut self, register: Register, value: u64) {
        let index = usize::from(register.0);
        if index < Registers::COUNT {
            self.values.0[index] = value;
            self.known |= 1 << index;
        }
    }
}

/// How the frame at a virtual address of `image` is to be followed.
pub(super) fn classify(
    image: &Image,
    address: u64,
    context: &mut UnwindContext<usize>,
) -> FrameKind {
    with_row(image, address, context, |row, is_signal, _| {
        let return_rule = row.register(X86_64::RA);
        if matches!(return_rule, None | Some(RegisterRule::Undefined)) {
            return Some(FrameKind::Outermost);
        }
        if is_signal {
            return Some(FrameKind::Signal);
        }
        let plain_cfa = matches!(
            row.cfa(),
            CfaRule::RegisterAndOffset {
                register: X86_64::RSP | X86_64::RBP,
                ..
            }
        );
        let plain_return = matches!(return_rule, Some(RegisterRule::Offset(-8)));
        let plain_bp = matches!(
            row.register(X86_64::RBP),
            None | Some(
                RegisterRule::Undefined | RegisterRule::SameValue | RegisterRule::Offset(_)
            )
        );
        let plain = plain_cfa && plain_return && plain_bp;
        Some(if plain {
            FrameKind::Plain
        } else {
            FrameKind::Special
        })
    })
    .unwrap_or(FrameKind::Plain)
}

/// The range of the frame description at a virtual address of `image`, and how far above the
/// stack pointer the canonical frame address lies there; `None` where the stack pointer does not
/// tell it.
pub(super) fn part_at(image: &Image, address: u64) -> Option<(Range<u64>, i64)> {
    let section = image.eh_frame.as_ref()?;
    let mut eh_frame = EhFrame::new(&section.bytes, LittleEndian);
    eh_frame.set_address_size(8);
    let header = image.eh_frame_hdr.as_ref()?;
    let offset = offset_by_header(image, header, address)?;
    let bases = image.bases();
    let fde = eh_frame
        .fde_from_offset(&bases, offset.into(), EhFrame::cie_from_offset)
        .ok()?;
    let mut context = UnwindContext::new();
    let row = fde
        .unwind_info_for_address(&eh_frame, &bases, &mut context, address)
        .ok()?;
    match row.cfa() {
        CfaRule::RegisterAndOffset {
            register: X86_64::RSP,
            offset,
        } => Some((fde.initial_address()..fde.end_address(), *offset)),
        _ => None,
    }
}

/// Follows the frame at a virtual address of `image`: the caller's registers, or `None` where a
/// register or memory is missing.
pub(super) fn step(
    image: &Image,
    address: u64,
    registers: &KnownRegisters,
    read_memory: &mut impl FnMut(u64) -> Result<u64, ()>,
    context: &mut UnwindContext<usize>,
) -> Option<KnownRegisters> {
    with_row(image, address, context, |row, _, evaluator| {
        let cfa = match row.cfa() {
            CfaRule::RegisterAndOffset { register, offset } => {
                registers.get(*register)?.wrapping_add_signed(*offset)
            }
            CfaRule::Expression(expression) => {
                evaluator.evaluate(expression, registers, None, read_memory)?
            }
        };
        let mut caller = KnownRegisters {
            values: Registers::default(),
            known: 0,
        };
        for register in (0..Registers::COUNT as u16).map(Register) {
            let value = match row.register(register) {
                None if CALLEE_SAVED.contains(&register) => registers.get(register),
                Some(RegisterRule::SameValue) => registers.get(register),
                Some(RegisterRule::Offset(offset)) => {
                    read_memory(cfa.wrapping_add_signed(offset)).ok()
                }
                Some(RegisterRule::ValOffset(offset)) => Some(cfa.wrapping_add_signed(offset)),
                Some(RegisterRule::Register(other)) => registers.get(other),
                Some(RegisterRule::Expression(expression)) => evaluator
                    .evaluate(&expression, registers, Some(cfa), read_memory)
                    .and_then(|at| read_memory(at).ok()),
                Some(RegisterRule::ValExpression(expression)) => {
                    evaluator.evaluate(&expression, registers, Some(cfa), read_memory)
                }
                None | Some(_) => None,
            };
            if let Some(value) = value {
                caller.set(register, value);
            }
        }
        if caller.get(X86_64::RSP).is_none() {
            caller.set(X86_64::RSP, cfa);
        }
        caller.get(X86_64::RA).is_some().then_some(caller)
    })
}

/// Evaluates expressions of one section.
pub(super) struct Evaluator<'a> {
    section: Slice<'a>,
    encoding: gimli::Encoding,
}

impl Evaluator<'_> {
    fn evaluate(
        &self,
        expression: &UnwindExpression<usize>,
        registers: &KnownRegisters,
        initial: Option<u64>,
        read_memory: &mut impl FnMut(u64) -> Result<u64, ()>,
    ) -> Option<u64> {
        let end = expression.offset.checked_add(expression.length)?;
        let bytes = self.section.slice().get(expression.offset..end)?;
        let mut evaluation =
            Expression(EndianSlice::new(bytes, LittleEndian)).evaluation(self.encoding);
        if let Some(initial) = initial {
            evaluation.set_initial_value(initial);
        }
        evaluation.set_max_iterations(256);
        let mut result = evaluation.evaluate().ok()?;
        loop {
            result = match result {
                EvaluationResult::Complete => break,
                EvaluationResult::RequiresRegister { register, .. } => {
                    let value = Value::Generic(registers.get(register)?);
                    evaluation.resume_with_register(value).ok()?
                }
                EvaluationResult::RequiresMemory { address, size, .. } => {
                    let word = read_memory(address).ok()?;
                    let bits = u32::from(size.min(8)) * 8;
                    let value = if bits == 64 {
                        word
                    } else {
                        word & ((1 << bits) - 1)
                    };
                    evaluation.resume_with_memory(Value::Generic(value)).ok()?
                }
                _ => return None,
            };
        }
        match evaluation.as_result().last()?.location {
            Location::Address { address } => Some(address),
            _ => None,
        }
    }
}

/// Finds the row of the unwind table for `address` and gives it to `use_row`, with whether the
/// function is a signal trampoline.
pub(super) fn with_row<T>(
    image: &Image,
    address: u64,
    context: &mut UnwindContext<usize>,
    use_row: impl FnOnce(&gimli::UnwindTableRow<usize>, bool, &Evaluator<'_>) -> Option<T>,
) -> Option<T> {
    if let Some(section) = &image.eh_frame {
        let mut eh_frame = EhFrame::new(&section.bytes, LittleEndian);
        eh_frame.set_address_size(8);
        let offset = match &image.eh_frame_hdr {
            Some(header) => offset_by_header(image, header, address),
            None => offset_by_index(image, &eh_frame, address),
        }?;
        row_at(
            image,
            &eh_frame,
            &section.bytes,
            offset.into(),
            address,
            context,
            use_row,
        )
    } else {
        let section = image.debug_frame.as_ref()?;
        let mut debug_frame = DebugFrame::new(&section.bytes, LittleEndian);
        debug_frame.set_address_size(8);
        let offset = offset_by_index(image, &debug_frame, address)?;
        row_at(
            image,
            &debug_frame,
            &section.bytes,
            offset.into(),
            address,
            context,
            use_row,
        )
    }
}

fn offset_by_header(image: &Image, header: &super::image::Section, address: u64) -> Option<usize> {
    let bases = image.bases();
    let parsed = EhFrameHdr::new(&header.bytes, LittleEndian)
        .parse(&bases, 8)
        .ok()?;
    let table = parsed.table()?;
    let pointer = table.lookup(address, &bases).ok()?;
    Some(table.pointer_to_offset(pointer).ok()?.0)
}

fn offset_by_index<'a, S: UnwindSection<Slice<'a>>>(
    image: &'a Image,
    section: &S,
    address: u64,
) -> Option<usize> {
    let index = image.fde_index(section);
    let after = index.partition_point(|(start, _)| *start <= address);
    Some(index.get(after.checked_sub(1)?)?.1)
}

fn row_at<'a, S, T>(
    image: &Image,
    section: &S,
    bytes: &'a [u8],
    offset: S::Offset,
    address: u64,
    context: &mut UnwindContext<usize>,
    use_row: impl FnOnce(&gimli::UnwindTableRow<usize>, bool, &Evaluator<'_>) -> Option<T>,
) -> Option<T>
where
    S: UnwindSection<Slice<'a>>,
{
    let bases = image.bases();
    let fde = section
        .fde_from_offset(&bases, offset, S::cie_from_offset)
        .ok()?;
    let evaluator = Evaluator {
        section: EndianSlice::new(bytes, LittleEndian),
        encoding: fde.cie().encoding(),
    };
    let is_signal = fde.is_signal_trampoline();
    let row = fde
        .unwind_info_for_address(section, &bases, context, address)
        .ok()?;
    use_row(row, is_signal, &evaluator)
}
