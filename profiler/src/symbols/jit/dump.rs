//! Jitdump files: code with names, files and lines, as runtimes write them while they compile.

use std::{
    fs::{File, Metadata},
    os::unix::fs::{FileExt as _, MetadataExt as _},
    path::PathBuf,
    sync::Arc,
};

use super::{code_map::CodeMap, open};
use crate::capture::model::Symbol;

/// `JiTD` in the byte order of the machine that wrote the file.
const MAGIC: u32 = 0x4a69_5444;
/// Bytes of the header's fields that are known.
const HEADER_BYTES: usize = 40;
/// Largest header, bytes.
const LARGEST_HEADER_BYTES: u32 = 4096;
/// Bytes before the fields of a record: kind, size and time.
const PREFIX_BYTES: usize = 16;
/// Largest record, bytes; its machine code is not read.
const LARGEST_RECORD_BYTES: u64 = 256 << 20;
/// Longest name that is read, bytes.
const LARGEST_NAME_BYTES: usize = 16 << 10;
/// Largest record of lines, bytes.
const LARGEST_LINES_BYTES: u64 = 32 << 20;
/// Names and lines of one file, at most, bytes; what comes later has no name.
const LARGEST_KEPT_BYTES: usize = 512 << 20;
/// Records that are read in one look, at most: the others are left to the next one.
const MOST_RECORDS: usize = 4_000_000;
/// What V8 adds to the addresses of lines: the size of the ELF header before the code, in the file
/// that `perf inject` would make.
const V8_SHIFT: u64 = 0x40;

const CODE_LOAD: u32 = 0;
const CODE_MOVE: u32 = 1;
const DEBUG_INFO: u32 = 2;
const CODE_CLOSE: u32 = 3;

/// One jitdump file, of which only what is new is read.
#[derive(Debug, Default)]
pub(super) struct Dump {
    /// Device and inode of the file.
    seen: Option<(u64, u64)>,
    /// Where the next record begins.
    at: u64,
    is_ended: bool,
    kept_bytes: usize,
    functions: CodeMap<Function>,
    /// Lines that were stated for the code at this address, which comes next.
    pending: Option<(u64, Vec<Line>)>,
    /// Smallest distance of a first line from its code's start.
    least_shift: Option<u64>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Function {
    name: Arc<str>,
    /// Sorted by offset from the code's start, before [`V8_SHIFT`] is taken off.
    lines: Arc<[Line]>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Line {
    offset: u64,
    file: Arc<str>,
    number: u32,
}

/// The fields of a record, read one after the other.
struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    fn u32(&mut self) -> Option<u32> {
        let (bytes, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(u32::from_le_bytes(*bytes))
    }

    fn u64(&mut self) -> Option<u64> {
        let (bytes, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(u64::from_le_bytes(*bytes))
    }

    fn text(&mut self) -> Option<&'a [u8]> {
        let length = self.0.iter().position(|byte| *byte == 0)?;
        let text = &self.0[..length];
        self.0 = &self.0[length + 1..];
        Some(text)
    }
}

impl Dump {
    /// Reads the records that were added to the first file of `owner` among `places`.
    pub(super) fn refresh(&mut self, places: &[PathBuf], owner: u32) {
        if let Some((file, metadata)) = open(places, owner) {
            self.read(&file, &metadata);
        }
    }

    fn read(&mut self, file: &File, metadata: &Metadata) {
        let now = (metadata.dev(), metadata.ino());
        if self.seen != Some(now) || metadata.len() < self.at {
            *self = Self {
                seen: Some(now),
                ..Self::default()
            };
        }
        if self.is_ended {
            return;
        }
        if self.at == 0 {
            match header_bytes(file) {
                Some(Ok(bytes)) => self.at = bytes,
                // Not written yet.
                None => return,
                Some(Err(())) => {
                    self.is_ended = true;
                    return;
                }
            }
        }
        for _ in 0..MOST_RECORDS {
            if self.is_ended || self.record(file, metadata.len()).is_none() {
                break;
            }
        }
    }

    /// Reads a record; `None` where it is not whole yet, or not a record.
    fn record(&mut self, file: &File, length: u64) -> Option<()> {
        let mut prefix = [0; PREFIX_BYTES];
        if self.at + PREFIX_BYTES as u64 > length {
            return None;
        }
        file.read_exact_at(&mut prefix, self.at).ok()?;
        let mut fields = Fields(&prefix);
        let (kind, size) = (fields.u32()?, u64::from(fields.u32()?));
        if size < PREFIX_BYTES as u64 || size > LARGEST_RECORD_BYTES {
            // Space that was set aside and not written to yet reads as zeros.
            self.is_ended = prefix.iter().any(|byte| *byte != 0);
            return None;
        }
        if self.at + size > length {
            return None;
        }
        let body_at = self.at + PREFIX_BYTES as u64;
        let body_bytes = size - PREFIX_BYTES as u64;
        self.at += size;
        let most = match kind {
            CODE_LOAD => 40 + LARGEST_NAME_BYTES as u64,
            CODE_MOVE => 48,
            DEBUG_INFO if body_bytes <= LARGEST_LINES_BYTES => body_bytes,
            CODE_CLOSE => {
                self.is_ended = true;
                return Some(());
            }
            _ => return Some(()),
        };
        let mut body = vec![0; body_bytes.min(most) as usize];
        file.read_exact_at(&mut body, body_at).ok()?;
        // A record with damaged fields costs itself alone.
        match kind {
            CODE_LOAD => self.load(Fields(&body)),
            CODE_MOVE => self.move_code(Fields(&body)),
            _ => self.debug_info(Fields(&body)),
        };
        Some(())
    }

    fn load(&mut self, mut fields: Fields<'_>) -> Option<()> {
        // Process, thread, virtual address, where the code lies, its size, its number, name.
        let (_, _, _) = (fields.u32()?, fields.u32()?, fields.u64()?);
        let (start, size, _) = (fields.u64()?, fields.u64()?, fields.u64()?);
        let name = String::from_utf8_lossy(fields.text()?);
        self.kept_bytes += name.len();
        if self.kept_bytes > LARGEST_KEPT_BYTES {
            return None;
        }
        let pending = self.pending.take_if(|(address, _)| *address == start);
        let mut lines = pending.map(|(_, lines)| lines).unwrap_or_default();
        lines.sort_by_key(|line| line.offset);
        let function = Function {
            name: name.into(),
            lines: lines.into(),
        };
        self.functions.add(start, size, function)
    }

    fn move_code(&mut self, mut fields: Fields<'_>) -> Option<()> {
        let (_, _, _) = (fields.u32()?, fields.u32()?, fields.u64()?);
        let (old, new, size) = (fields.u64()?, fields.u64()?, fields.u64()?);
        let function = self.functions.remove(old)?;
        self.functions.add(new, size, function)
    }

    fn debug_info(&mut self, mut fields: Fields<'_>) -> Option<()> {
        let (start, count) = (fields.u64()?, fields.u64()?);
        let mut lines: Vec<Line> = Vec::new();
        for _ in 0..count {
            // Some versions of Node write names of which a part was overwritten: then no line of
            // the record can be believed.
            let (address, number, _) = (fields.u64()?, fields.u32()?, fields.u32()?);
            let name = fields.text()?;
            let last = lines.last().map(|line| Arc::clone(&line.file));
            let file = match last {
                // The same as before.
                Some(last) if name == b"\xff" || last.as_bytes() == name => last,
                _ => readable(name)?.into(),
            };
            let offset = address.checked_sub(start)?;
            lines.push(Line {
                offset,
                file,
                number,
            });
        }
        if fields.0.len() >= size_of::<u64>() {
            return None;
        }
        let first = lines.iter().map(|line| line.offset).min()?;
        self.kept_bytes += lines.len() * size_of::<Line>();
        if self.kept_bytes > LARGEST_KEPT_BYTES {
            return None;
        }
        self.least_shift = Some(self.least_shift.unwrap_or(first).min(first));
        self.pending = Some((start, lines));
        Some(())
    }

    /// Start and end of the code whose name begins so.
    #[cfg(test)]
    pub(super) fn code_named(&self, name: &str) -> Vec<(u64, u64)> {
        let code = self.functions.iter();
        code.filter(|(_, _, function)| function.name.starts_with(name))
            .map(|(start, end, _)| (start, end))
            .collect()
    }

    pub(super) fn name(&self, address: u64) -> Option<Symbol> {
        let (start, function) = self.functions.find(address)?;
        let shift = match self.least_shift {
            Some(least) if least >= V8_SHIFT => V8_SHIFT,
            _ => 0,
        };
        let offset = address - start + shift;
        let after = function.lines.partition_point(|line| line.offset <= offset);
        let line = after.checked_sub(1).map(|last| &function.lines[last]);
        Some(Symbol {
            name: function.name.to_string(),
            file: line.map_or_else(String::new, |line| line.file.to_string()),
            line: line.map_or(0, |line| line.number),
            inlined: false,
        })
    }
}

/// A path as text, where it is one.
fn readable(name: &[u8]) -> Option<&str> {
    let text = std::str::from_utf8(name).ok()?;
    (!text.chars().any(char::is_control)).then_some(text)
}

/// Length of the header; `None` while it is not whole, an error where it is of another kind.
fn header_bytes(file: &File) -> Option<Result<u64, ()>> {
    let mut header = [0; HEADER_BYTES];
    file.read_exact_at(&mut header, 0).ok()?;
    if header.iter().all(|byte| *byte == 0) {
        return None;
    }
    let mut fields = Fields(&header);
    let (magic, version, bytes) = (fields.u32()?, fields.u32()?, fields.u32()?);
    let fits = (HEADER_BYTES as u32..=LARGEST_HEADER_BYTES).contains(&bytes);
    let is_known = magic == MAGIC && version == 1 && fits;
    Some(is_known.then_some(u64::from(bytes)).ok_or(()))
}
