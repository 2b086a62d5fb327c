//! Code objects: read once, kept by address, and looked at again, because memory is used anew.

use std::ops::Range;

use super::{
    layout::{
        BYTES_CONTENTS, Bytecode, CODE_BYTES, Instruction, Layout, OBJECT_SIZE, OBJECT_TYPE,
        TEXT_LENGTH, TEXT_STATE,
    },
    lines,
    names::module_name,
};
use crate::capture::{interpreters::memory::TargetMemory, tables::IdMap};

/// How long a code object is believed in before its head is compared again.
const BELIEVED_NS: u64 = 100_000_000;
/// Longer texts are no names.
const LONGEST_TEXT: u64 = 4096;
/// Larger tables of lines are not read.
const LARGEST_TABLE: u64 = 4 << 20;
/// Code objects that are kept at most; then all are forgotten.
const MOST_KEPT: usize = 1 << 16;

/// What is kept of a code object.
#[derive(Debug)]
pub(super) struct Code {
    head: [u8; CODE_BYTES],
    checked_ns: u64,
    /// Addresses of its bytecode.
    pub(super) bytecode: Range<u64>,
    /// `module.function`.
    pub(super) name: String,
    /// Source file, as Python states it.
    pub(super) file: String,
    first_line: u32,
    lines: Vec<u8>,
    /// Frame ids that were given to instructions already.
    pub(super) frames: IdMap<u32, u32>,
}

impl Code {
    /// Offset in bytes of an instruction as a frame states it; 0 where it states none yet.
    pub(super) fn offset(&self, layout: &Layout, stated: u64) -> u32 {
        let index = i64::from(stated as i32).max(0) as u32;
        match layout.instruction {
            Instruction::Byte => index,
            Instruction::Unit => index.saturating_mul(2),
            Instruction::Address if self.bytecode.contains(&stated) => {
                (stated - self.bytecode.start) as u32
            }
            Instruction::Address => 0,
        }
    }

    /// Line of the instruction at an offset.
    pub(super) fn line(&self, layout: &Layout, offset: u32) -> u32 {
        lines::line_at(layout.line_format, &self.lines, self.first_line, offset)
    }
}

/// The code objects of one process.
#[derive(Debug, Default)]
pub(super) struct Codes {
    /// `None` for addresses at which none was found.
    kept: IdMap<u64, Option<Code>>,
    /// Start and end of the bytecode and the address of each code object, sorted.
    index: Vec<(u64, u64, u64)>,
    index_is_old: bool,
}

impl Codes {
    /// The code object at `address`; `None` where there is none now.
    pub(super) fn get(
        &mut self,
        address: u64,
        now_ns: u64,
        code_type: u64,
        layout: &Layout,
        memory: &mut TargetMemory,
    ) -> Option<&mut Code> {
        if address == 0 || !address.is_multiple_of(8) {
            return None;
        }
        let is_fresh = match self.kept.get(&address) {
            Some(Some(code)) => now_ns.saturating_sub(code.checked_ns) < BELIEVED_NS,
            _ => false,
        };
        if !is_fresh {
            self.check(address, now_ns, code_type, layout, memory);
        }
        self.kept.get_mut(&address)?.as_mut()
    }

    /// Compares what is kept with what lies there now, and reads it where it differs.
    fn check(
        &mut self,
        address: u64,
        now_ns: u64,
        code_type: u64,
        layout: &Layout,
        memory: &mut TargetMemory,
    ) {
        if self.kept.len() >= MOST_KEPT {
            self.kept.clear();
        }
        let head = memory.array::<CODE_BYTES>(address).map(|mut head| {
            // Reference counts change all the time.
            head[..OBJECT_TYPE].fill(0);
            blank_changing(&mut head, layout);
            head
        });
        match (self.kept.get_mut(&address), head) {
            (Some(Some(code)), Some(head)) if code.head == head => code.checked_ns = now_ns,
            (_, head) => {
                let code = head
                    .filter(|head| word(head, OBJECT_TYPE) == code_type)
                    .and_then(|head| read(address, head, now_ns, layout, memory));
                self.kept.insert(address, code);
                self.index_is_old = true;
            }
        }
    }

    /// The code object whose bytecode holds `address`, among those that are kept.
    pub(super) fn holding(&mut self, address: u64) -> Option<u64> {
        if self.index_is_old {
            self.index_is_old = false;
            let ranges = self.kept.iter().filter_map(|(at, code)| {
                let range = &code.as_ref()?.bytecode;
                Some((range.start, range.end, *at))
            });
            self.index = ranges.collect();
            self.index.sort_unstable();
        }
        let after = self.index.partition_point(|(start, ..)| *start <= address);
        let (_, end, code) = self.index[after.checked_sub(1)?];
        (address < end).then_some(code)
    }
}

/// Fields that change while the code object stays what it is: caches, the counter of a function's
/// first calls (3.11), weak references.
fn blank_changing(head: &mut [u8; CODE_BYTES], layout: &Layout) {
    match layout.bytecode {
        Bytecode::Object(_) => head[128..].fill(0),
        Bytecode::Inline(_) => head[layout.code_counters.clone()].fill(0),
    }
}

fn word(bytes: &[u8], offset: usize) -> u64 {
    let bytes = bytes[offset..offset + 8]
        .try_into()
        .expect("it was cut to eight bytes");
    u64::from_le_bytes(bytes)
}

fn read(
    address: u64,
    head: [u8; CODE_BYTES],
    now_ns: u64,
    layout: &Layout,
    memory: &mut TargetMemory,
) -> Option<Code> {
    let file = text(word(&head, layout.code_file), layout, memory)?;
    let name = text(word(&head, layout.code_qualified_name), layout, memory)
        .or_else(|| text(word(&head, layout.code_name), layout, memory))?;
    let start = match layout.bytecode {
        Bytecode::Inline(offset) => address + offset as u64,
        Bytecode::Object(offset) => word(&head, offset) + BYTES_CONTENTS,
    };
    let length = match layout.bytecode {
        Bytecode::Inline(_) => word(&head, OBJECT_SIZE).checked_mul(2)?,
        Bytecode::Object(offset) => memory.word(word(&head, offset) + OBJECT_SIZE as u64)?,
    };
    let table = word(&head, layout.code_lines);
    let table_bytes = memory.word(table.checked_add(OBJECT_SIZE as u64)?)?;
    if table_bytes > LARGEST_TABLE {
        return None;
    }
    let lines = memory.read(table + BYTES_CONTENTS, table_bytes as usize)?;
    let first_line = word(&head, layout.code_first_line) as u32;
    Some(Code {
        head,
        checked_ns: now_ns,
        bytecode: start..start.checked_add(length)?,
        name: format!("{}.{name}", module_name(&file)),
        file,
        first_line,
        lines,
        frames: IdMap::default(),
    })
}

/// A `str` object that holds its own characters, as all that the compiler makes do.
fn text(address: u64, layout: &Layout, memory: &mut TargetMemory) -> Option<String> {
    if address == 0 || !address.is_multiple_of(8) {
        return None;
    }
    let head = memory.array::<40>(address)?;
    let length = word(&head, TEXT_LENGTH);
    let state = head[TEXT_STATE];
    let (kind, is_compact, is_ascii) = ((state >> 2) & 7, state & 0x20 != 0, state & 0x40 != 0);
    if length > LONGEST_TEXT || !is_compact || !matches!(kind, 1 | 2 | 4) {
        return None;
    }
    let contents = address
        + if is_ascii {
            layout.ascii_bytes
        } else {
            layout.compact_bytes
        };
    let bytes = memory.read(contents, length as usize * usize::from(kind))?;
    let characters = bytes.chunks_exact(usize::from(kind)).map(|character| {
        let number = character
            .iter()
            .rev()
            .fold(0_u32, |number, byte| number << 8 | u32::from(*byte));
        char::from_u32(number).unwrap_or(char::REPLACEMENT_CHARACTER)
    });
    Some(characters.collect())
}
