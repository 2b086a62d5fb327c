//! Where CPython keeps what is read, by minor version: from its headers, checked against the debug
//! information of builds of each version.

/// How the instruction that a frame executes is stated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Instruction {
    /// Index of a byte of the bytecode, 32 bits, −1 before the first.
    Byte,
    /// Index of a two-byte code unit, 32 bits, −1 before the first.
    Unit,
    /// Address of a code unit.
    Address,
}

/// Where the bytecode lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Bytecode {
    /// In a `bytes` object that the code object points at from this offset.
    Object(usize),
    /// In the code object itself from this offset on.
    Inline(usize),
}

/// How lines are stated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LineFormat {
    /// Pairs of increments of address and line (`co_lnotab`, up to 3.9).
    Increments,
    /// Pairs of lengths and increments of the line (`co_linetable` of 3.10).
    Ranges,
    /// Entries of variable length (from 3.11 on).
    Locations,
}

/// How the frame that a native call of the interpreter's loop executes is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Entry {
    /// A `PyFrameObject`, one a native call, in a register or on the stack.
    Object,
    /// A `_PyCFrame` on the native stack points at the innermost of the frames of the call.
    CFrame {
        /// Offset of `current_frame` in it.
        current: u64,
        /// Offset of `previous` in it.
        previous: u64,
    },
    /// The innermost frame of the call, in a register or on the stack.
    Frame,
}

/// How the outermost frame of a native call is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outermost {
    /// Each call has one frame.
    Every,
    /// By a flag in the frame, at this offset.
    Flag(u64),
    /// It follows on a frame without code that lies on the native stack, and whose owner, a byte
    /// at this offset, is 3.
    Shim(u64),
}

/// Layout of one minor version; offsets in bytes.
#[derive(Clone, Debug)]
pub(super) struct Layout {
    pub(super) frame_code: u64,
    pub(super) frame_previous: u64,
    pub(super) frame_instruction: u64,
    pub(super) instruction: Instruction,
    pub(super) entry: Entry,
    pub(super) outermost: Outermost,
    pub(super) code_first_line: usize,
    pub(super) code_file: usize,
    pub(super) code_name: usize,
    /// `co_qualname`, else `co_name`.
    pub(super) code_qualified_name: usize,
    pub(super) code_lines: usize,
    /// Fields that count, in code objects that hold their bytecode.
    pub(super) code_counters: std::ops::Range<usize>,
    pub(super) bytecode: Bytecode,
    pub(super) line_format: LineFormat,
    /// Size of `PyASCIIObject`.
    pub(super) ascii_bytes: u64,
    /// Size of `PyCompactUnicodeObject`.
    pub(super) compact_bytes: u64,
}

/// Offset of the type in every object.
pub(super) const OBJECT_TYPE: usize = 8;
/// Offset of the count of items in every object that has one.
pub(super) const OBJECT_SIZE: usize = 16;
/// Offset of the contents in `bytes` objects.
pub(super) const BYTES_CONTENTS: u64 = 32;
/// Offset of the length in `str` objects.
pub(super) const TEXT_LENGTH: usize = 16;
/// Offset of the bits that say how a `str` object is stored.
pub(super) const TEXT_STATE: usize = 32;
/// Bytes of a code object that are read: all fields of every version.
pub(super) const CODE_BYTES: usize = 144;
/// Owner of a frame that only marks the entry into the interpreter's loop.
pub(super) const OWNED_BY_NATIVE_STACK: u8 = 3;

const UP_TO_3_9: Layout = Layout {
    frame_code: 32,
    frame_previous: 24,
    frame_instruction: 104,
    instruction: Instruction::Byte,
    entry: Entry::Object,
    outermost: Outermost::Every,
    code_first_line: 40,
    code_file: 104,
    code_name: 112,
    code_qualified_name: 112,
    code_lines: 120,
    code_counters: 0..0,
    bytecode: Bytecode::Object(48),
    line_format: LineFormat::Increments,
    ascii_bytes: 48,
    compact_bytes: 72,
};

const OF_3_10: Layout = Layout {
    frame_instruction: 96,
    instruction: Instruction::Unit,
    line_format: LineFormat::Ranges,
    ..UP_TO_3_9
};

const OF_3_11: Layout = Layout {
    frame_code: 32,
    frame_previous: 48,
    frame_instruction: 56,
    instruction: Instruction::Address,
    entry: Entry::CFrame {
        current: 8,
        previous: 16,
    },
    outermost: Outermost::Flag(68),
    code_first_line: 72,
    code_file: 112,
    code_name: 120,
    code_qualified_name: 128,
    code_lines: 136,
    code_counters: 52..56,
    bytecode: Bytecode::Inline(184),
    line_format: LineFormat::Locations,
    ascii_bytes: 48,
    compact_bytes: 72,
};

const OF_3_12: Layout = Layout {
    frame_code: 0,
    frame_previous: 8,
    entry: Entry::CFrame {
        current: 0,
        previous: 8,
    },
    outermost: Outermost::Shim(70),
    code_first_line: 68,
    code_counters: 0..0,
    bytecode: Bytecode::Inline(192),
    ascii_bytes: 40,
    compact_bytes: 56,
    ..OF_3_11
};

const OF_3_13: Layout = Layout {
    entry: Entry::Frame,
    bytecode: Bytecode::Inline(200),
    ..OF_3_12
};

/// The layout of CPython 3.`minor`; `None` for versions that are not read.
pub(super) fn layout(minor: u8) -> Option<&'static Layout> {
    Some(match minor {
        8 | 9 => &UP_TO_3_9,
        10 => &OF_3_10,
        11 => &OF_3_11,
        12 => &OF_3_12,
        13 => &OF_3_13,
        _ => return None,
    })
}
